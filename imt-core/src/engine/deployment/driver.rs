//! Driving one deployment: decide → commit → act, until it is over or the claim is lost.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep};

use super::deployer::Deployer;
use super::follow_up::Deployments;
use super::journal::Journal;
use super::steps::{Beat, Order, Shelf, Steps};
use super::telling;
use crate::deploy::command::BEAT_PAUSE;
use crate::deploy::health::ServiceStanding;
use crate::deploy::machine::invariants::broken_by;
use crate::deploy::machine::{
    Answer, Decision, DeploymentSpec, DeploymentState, Effect, Fault, Input, Machine, Step, StepState, Ticket,
};
use crate::engine::clock::{Clock, reached};
use crate::engine::error::EngineError;
use crate::engine::lease::{self, LeaseState, Lost, OfDeployment};
use crate::engine::log_writer::{self, LogTarget};
use crate::engine::problem::chain;
use crate::engine::retry::until_available;
use crate::engine::task::Task;
use crate::mask::Needles;
use crate::ports::{DeploymentClaim, DeploymentRecord, DeploymentStore, Notes, Store, Warn};
use crate::secret::Secret;
use crate::status::{DeploymentReason, DeploymentStatus};

type Control = Option<DeploymentReason>;

/// Notes of a step that wait to be written.
const NOTES: usize = 64;

/// One deployment being driven.
pub(super) struct Driver {
    store: Arc<dyn DeploymentStore>,
    steps: Arc<dyn Steps>,
    claim: DeploymentClaim,
    clock: Clock,
    machine: Machine,
    /// As it was loaded; its state is the machine's business.
    record: DeploymentRecord,
    /// The step under way.
    work: Option<Work>,
    /// Renews the lock of the target.
    heart: Option<Task>,
    keeper: Task,
    journal: Journal,
    /// What is masked, and by what.
    secrets: Arc<[Secret]>,
    needles: Needles,
    inputs: mpsc::Receiver<Input>,
    /// An answer that what the step has seen last goes before.
    held_back: Option<Input>,
    answer: mpsc::Sender<Input>,
    lease: watch::Receiver<LeaseState<Control>>,
    follow_up: Option<(Arc<dyn Store>, Deployments)>,
    warn: Warn,
    /// How many commits were decided under the claim.
    commits: u64,
}

/// A step that is being done or looked for here.
struct Work {
    ticket: Ticket,
    stop: watch::Sender<bool>,
    /// How the services stand that it watches.
    sight: watch::Receiver<Vec<ServiceStanding>>,
    task: Task,
}

impl Work {
    /// What it has seen last, where it is this work's answer and nobody knows yet.
    fn seen_before(&mut self, answer: &Input) -> Option<Input> {
        if !matches!(answer, Input::Answered(ticket, _) if *ticket == self.ticket) {
            return None;
        }
        let seen = self.sight.borrow_and_update();
        seen.has_changed().then(|| Input::Seen(self.ticket, seen.clone()))
    }
}

/// Waits until a step shows something new.
async fn next_sight(work: Option<&mut Work>) -> Input {
    if let Some(work) = work
        && work.sight.changed().await.is_ok()
    {
        return Input::Seen(work.ticket, work.sight.borrow_and_update().clone());
    }
    // It shows nothing more.
    std::future::pending().await
}

impl Driver {
    /// Loads a claimed deployment.
    pub(super) async fn load(
        deployer: &Deployer,
        steps: Arc<dyn Steps>,
        claim: DeploymentClaim,
        claimed_at: Instant,
        poke: Arc<Notify>,
    ) -> Result<Self, EngineError> {
        let (store, clock) = (Arc::clone(&deployer.store), Clock::start());
        let record = until_available(claim.lease, || store.load(claim.deployment))
            .await
            .map_err(EngineError::store("load the deployment"))?;
        let (answer, inputs) = mpsc::channel(16);
        let (state, lease) = watch::channel(LeaseState::default());
        let of = OfDeployment(Arc::clone(&store), claim.clone());
        let keeper = Task::spawn(lease::keep(of, claimed_at, poke, state));
        let machine = Machine::new(Arc::new(record.spec.clone()), record.state.clone());
        let secrets = steps.secrets();
        let needles = Needles::new(&*secrets);
        let log = log_writer::OfDeployment(Arc::clone(&store), claim.clone());
        let to = LogTarget::new(log, needles.clone(), deployer.log_cap_bytes);
        let going_on = format!("going on, by {}", claim.instance);
        let journal = Journal::open(to, going_on, clock, deployer.warn.clone())
            .await
            .map_err(EngineError::store("read the deployment's log"))?;
        let (work, heart, held_back, commits) = (None, None, None, 0);
        let (follow_up, warn) = (deployer.follow_up.clone(), deployer.warn.clone());
        #[rustfmt::skip]
        let driver = Self {
            store, steps, claim, clock, machine, record, work, heart, keeper, journal, secrets, needles, inputs, held_back, answer,
            lease, follow_up, warn, commits,
        };
        Ok(driver)
    }

    /// Drives to the end; answers the state at it.
    pub(super) async fn run(mut self) -> Result<(DeploymentRecord, DeploymentState), EngineError> {
        let mut input = Input::Claimed;
        loop {
            let under_way = self.machine.state().step;
            let decision = self.decide(input);
            self.hand_on().await?;
            self.write(&decision, under_way).await?;
            self.commit(&decision).await?;
            let is_over = self.machine.state().status.is_terminal();
            if !is_over {
                let begun: Vec<String> = decision.changes.iter().filter_map(telling::begin).collect();
                self.unless_lost(async move |journal| journal.tell(begun).await).await?;
                self.learn_secrets().await?;
            }
            for effect in decision.effects {
                self.perform(effect);
            }
            self.beat_while_locked();
            if is_over {
                // The last commit has given the claim back: that it is gone is no loss.
                self.keeper.end().await;
                return Ok((self.record, self.machine.state().clone()));
            }
            let next = self.next().await?;
            input = self.masked(next).await?;
        }
    }

    fn decide(&mut self, input: Input) -> Decision {
        let before = cfg!(debug_assertions).then(|| self.machine.state().clone());
        let looked = matches!(input, Input::Answered(_, Answer::NotBegun));
        let decision = self.machine.handle(input, self.clock.now());
        if let Some(before) = before {
            let spec: &DeploymentSpec = self.machine.spec();
            let broken = broken_by(spec, &before, &decision.changes, looked);
            debug_assert_eq!(broken, None, "of {before:?} by {:?}", decision.changes);
        }
        decision
    }

    /// Before a success is committed, what follows it is in the store: a crash in between loses it not, and the next life accepts
    /// the same one. The success was concluded before, so that no other life comes to another end.
    async fn hand_on(&mut self) -> Result<(), EngineError> {
        let Some((pipelines, deployments)) = &self.follow_up else { return Ok(()) };
        if self.machine.state().status != DeploymentStatus::Success {
            return Ok(());
        }
        let mut lease = self.lease.clone();
        let (patience, at) = (self.claim.lease, self.clock.now());
        let handed = tokio::select! {
            biased;
            _ = lease.wait_for(|l| l.lost.is_some()) => None,
            handed = deployments.follow_deployment(&**pipelines, &self.record, patience, at) => Some(handed),
        };
        match handed {
            None => Err(self.stand_down().await),
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => {
                let told = format!("warning: the next deployment of the pipeline does not follow: {}", chain(&error));
                self.warn.say(&format!("after deployment {}: {told}", self.claim.deployment));
                self.unless_lost(async move |journal| journal.tell(vec![told]).await).await
            }
        }
    }

    /// Has what was decided in the log before it is committed, so that no commit is without its lines. The log is over before the
    /// commit that ends the claim on it.
    async fn write(&mut self, decision: &Decision, under_way: Option<StepState>) -> Result<(), EngineError> {
        let lines = decision.changes.iter().flat_map(|change| telling::lines(change, under_way.as_ref()));
        let lines: Vec<String> = lines.collect();
        if lines.is_empty() {
            return Ok(());
        }
        let is_last = self.machine.state().status.is_terminal();
        self.unless_lost(async move |journal| {
            journal.tell(lines).await;
            if is_last { journal.finish().await } else { journal.written().await }
        })
        .await
    }

    /// Does something with the log for as long as the claim holds.
    async fn unless_lost(&mut self, work: impl AsyncFnOnce(&Journal)) -> Result<(), EngineError> {
        let mut lease = self.lease.clone();
        let is_lost = tokio::select! {
            biased;
            _ = lease.wait_for(|l| l.lost.is_some()) => true,
            () = work(&self.journal) => false,
        };
        if is_lost { Err(self.stand_down().await) } else { Ok(()) }
    }

    /// An input without secrets: what a step answers is shown and stored like its log.
    async fn masked(&mut self, input: Input) -> Result<Input, EngineError> {
        if matches!(input, Input::Answered(..) | Input::Seen(..)) {
            self.learn_secrets().await?;
        }
        Ok(match input {
            Input::Answered(ticket, answer) => Input::Answered(ticket, telling::masked(answer, &self.needles)),
            Input::Seen(ticket, services) => Input::Seen(ticket, telling::masked_sight(services, &self.needles)),
            other => other,
        })
    }

    /// Asks the steps what is to be masked from here on.
    async fn learn_secrets(&mut self) -> Result<(), EngineError> {
        let secrets = self.steps.secrets();
        if secrets == self.secrets {
            return Ok(());
        }
        let needles = Needles::new(&*secrets);
        (self.secrets, self.needles) = (secrets, needles.clone());
        self.unless_lost(async move |journal| journal.mask_by(needles).await).await
    }

    /// Commits a decision. A commit whose outcome is unknown is repeated under its number, for at most a lease.
    async fn commit(&mut self, decision: &Decision) -> Result<(), EngineError> {
        if decision.changes.is_empty() {
            return Ok(());
        }
        self.commits += 1;
        let (store, claim, nth) = (&self.store, &self.claim, self.commits);
        let mut lease = self.lease.clone();
        // The last commit ends the claim, which its keeper may see before we see the answer.
        let last = self.machine.state().status.is_terminal();
        let committed = tokio::select! {
            biased;
            _ = lease.wait_for(|l| l.lost.is_some()), if !last => None,
            committed = until_available(claim.lease, || store.commit(claim, nth, &decision.changes)) => Some(committed),
        };
        match committed {
            Some(Ok(_)) => Ok(()),
            None => Err(self.stand_down().await),
            Some(Err(error)) => {
                let error = EngineError::store("commit what was decided")(error);
                self.stand_down().await;
                Err(error)
            }
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Perform(ticket) => self.set_to_work(ticket, false),
            Effect::Look(ticket) => self.set_to_work(ticket, true),
            Effect::Stop(ticket) => {
                if let Some(work) = self.work.as_ref().filter(|work| work.ticket == ticket) {
                    work.stop.send_replace(true);
                }
            }
        }
    }

    /// Begins with a step. One that was under way is over, or nobody waits for it any more.
    fn set_to_work(&mut self, ticket: Ticket, look: bool) {
        let (stop, stopped) = watch::channel(false);
        let record = DeploymentRecord { state: self.machine.state().clone(), ..self.record.clone() };
        let (notes, heard) = Notes::channel(NOTES);
        let copies = Shelf(Some((Arc::clone(&self.store), self.claim.clone())));
        let (show, sight) = watch::channel(Vec::new());
        let order = Order { ticket, record, notes, shelf: copies, sight: show, stop: stopped };
        let (steps, inputs, pen) = (
            Arc::clone(&self.steps),
            self.answer.clone(),
            self.journal.pen(Arc::clone(&self.steps), Arc::clone(&self.secrets)),
        );
        let task = Task::spawn(async move {
            let doing = async { if look { steps.look(&order).await } else { steps.perform(&order).await } };
            let doing = AssertUnwindSafe(doing).catch_unwind();
            let answer = pen.listen(doing, heard).await.unwrap_or_else(|_| panicked(ticket));
            // A driver that is gone wants no answer.
            let _gone = inputs.send(Input::Answered(ticket, answer)).await;
        });
        self.work = Some(Work { ticket, stop, sight, task });
    }

    /// The lock is renewed from the moment it is ours until it is surely not. As long as it is asked for, it may be another's, which
    /// is no loss; asking again renews it as well.
    fn beat_while_locked(&mut self) {
        let state = self.machine.state();
        if !state.may_hold_lock || !state.done.contains(&Step::Lock) {
            self.heart = None;
        } else if self.heart.is_none() {
            let (steps, record, inputs) = (Arc::clone(&self.steps), self.record.clone(), self.answer.clone());
            self.heart = Some(Task::spawn(async move {
                loop {
                    sleep(BEAT_PAUSE).await;
                    // Not knowing is no reason to give up: whoever takes the lock over has to wait for it to be stale.
                    if steps.beat(&record).await == Beat::Lost {
                        let _gone = inputs.send(Input::LockLost).await;
                        return;
                    }
                }
            }));
        }
    }

    async fn next(&mut self) -> Result<Input, EngineError> {
        if let Some(input) = self.held_back.take() {
            return Ok(input);
        }
        loop {
            let deadline = self.machine.deadline().map(|at| self.clock.instant(at));
            tokio::select! {
                biased;
                changed = self.lease.changed() => {
                    let LeaseState { lost, control } = self.lease.borrow_and_update().clone();
                    if lost.is_some() || changed.is_err() {
                        return Err(self.stand_down().await);
                    }
                    if let Some(reason) = control.filter(|reason| self.machine.state().cancel != Some(*reason)) {
                        return Ok(Input::CancelRecorded(reason));
                    }
                }
                Some(input) = self.inputs.recv() => {
                    let seen = self.work.as_mut().and_then(|work| work.seen_before(&input));
                    let Some(seen) = seen else { return Ok(input) };
                    self.held_back = Some(input);
                    return Ok(seen);
                }
                seen = next_sight(self.work.as_mut()) => return Ok(seen),
                () = reached(deadline) => return Ok(Input::Tick),
            }
        }
    }

    /// The claim is lost, or our writes are refused: nothing of ours may go on here. What is detached on the target goes on, and
    /// whoever drives the deployment next finds it.
    async fn stand_down(&mut self) -> EngineError {
        for task in self.work.take().map(|work| work.task).into_iter().chain(self.heart.take()) {
            task.end().await;
        }
        self.journal.abort();
        let of = self.claim.deployment.into();
        match &self.lease.borrow().lost {
            Some(Lost::Unrenewed(why)) => EngineError::Unrenewed { of, why: why.clone() },
            Some(Lost::Taken) | None => EngineError::ClaimLost(of),
        }
    }
}

fn panicked(ticket: Ticket) -> Answer {
    let detail = format!(
        "the engine panicked in the step {}; please report this with the process's standard error",
        ticket.step
    );
    Answer::Failed(Fault::new(DeploymentReason::Internal, detail))
}

// A beat has to come several times before the lock is taken for stale.
const _: () = assert!(BEAT_PAUSE.as_secs() * 4 <= Duration::from_mins(1).as_secs());
