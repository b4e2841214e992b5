//! Driving one pipeline: decide → commit → act, until it is over or the claim is lost.

mod effects;
mod errands;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, timeout};

use crate::engine::clock::{Clock, reached};
use crate::engine::drain::Drain;
use crate::engine::error::EngineError;
use crate::engine::lease::{self, LeaseState, Lost, OfPipeline};
use crate::engine::orders::Orders;
use crate::engine::report::{LogRest, Report};
use crate::engine::retry::until_available;
use crate::engine::shared::{Outcome, Shared};
use crate::engine::task::Task;
use crate::id::AttemptId;
use crate::mask::Needles;
use crate::ports::{Claim, LogPart, Notice, ProjectVariables, StoreError, Variable};
use crate::schedule::invariants::broken_by;
use crate::schedule::{CancelLevel, Decision, Input, Machine};
use crate::status::Reason;

/// How long our own tasks may take to end once the claim is lost.
const STAND_DOWN_IN: Duration = Duration::from_secs(5);

/// One pipeline being driven.
pub(super) struct Driver {
    shared: Arc<Shared>,
    claim: Claim,
    clock: Clock,
    machine: Machine,
    number: std::num::NonZeroU64,
    variables: Vec<Variable>,
    needles: Needles,
    workspace: Option<PathBuf>,
    attempts: BTreeMap<AttemptId, Attempt>,
    /// Attempts that there were before this life.
    inherited: BTreeSet<AttemptId>,
    /// Tasks that were told to end and may not have noticed yet.
    abandoned: Vec<Task>,
    /// The checkout, then the cleaning up.
    errand: Option<Task>,
    keeper: Task,
    /// Somebody asked for a kill.
    hurry: watch::Sender<bool>,
    inputs: mpsc::Receiver<Report>,
    answer: mpsc::Sender<Report>,
    lease: watch::Receiver<LeaseState>,
    drain: Drain,
    /// How many commits were decided under the claim.
    commits: u64,
}

/// What a driver does next.
enum Next {
    Report(Report),
    /// It hands the pipeline back.
    Drain,
}

/// The driver's end of an attempt's task.
struct Attempt {
    orders: watch::Sender<Orders>,
    task: Task,
}

impl Driver {
    /// Loads a claimed pipeline.
    pub(super) async fn load(
        shared: Arc<Shared>,
        claim: Claim,
        claimed_at: Instant,
        poke: Arc<Notify>,
        drain: Drain,
    ) -> Result<Self, EngineError> {
        let store = &shared.store;
        let record = match store.as_claimed(&claim) {
            Some(record) => record,
            None => until_available(claim.lease, || store.load(claim.pipeline))
                .await
                .map_err(EngineError::store("load the pipeline"))?,
        };
        let plan = Arc::new(record.plan);
        let variables = until_available(claim.lease, || store.variables(&plan.project))
            .await
            .map_err(EngineError::store("read the project's variables"))?;
        // What an earlier life has started, or left in the workspace, may hold values that were replaced since.
        let needles = Needles::new(variables.secrets());
        let ProjectVariables { current: variables, .. } = variables;
        let workspace = shared.workspaces.as_ref().map(|w| w.path(&plan, claim.pipeline));
        let (answer, inputs) = mpsc::channel(64);
        let (state, lease) = watch::channel(LeaseState::default());
        let keeper = Task::spawn(lease::keep(OfPipeline(Arc::clone(store), claim.clone()), claimed_at, poke, state));
        // A kill that an earlier life was told of holds for this one, too.
        let killed = record.state.cancel.is_some_and(|(level, _)| level == CancelLevel::Kill);
        let inherited = record.state.jobs.iter().flat_map(|job| &job.attempts).map(|attempt| attempt.id).collect();
        Ok(Self {
            machine: Machine::new(plan, record.state, shared.job_limit),
            number: record.number,
            clock: shared.clock(),
            attempts: BTreeMap::new(),
            inherited,
            abandoned: Vec::new(),
            errand: None,
            hurry: watch::Sender::new(killed),
            keeper,
            shared,
            claim,
            variables,
            needles,
            workspace,
            inputs,
            answer,
            lease,
            drain,
            commits: 0,
        })
    }

    /// Drives to the end.
    pub(super) async fn run(self) -> Result<Outcome, EngineError> {
        let first = Input::Claimed(self.whereabouts().await);
        self.run_from(first).await
    }

    /// Ends what its runner has left, and removes it.
    pub(super) async fn bury(self) -> Result<Outcome, EngineError> {
        self.run_from(Input::Deserted).await
    }

    async fn run_from(mut self, first: Input) -> Result<Outcome, EngineError> {
        let mut report = Report::from(first);
        loop {
            if let Some(decision) = self.decide(report).await? {
                for effect in decision.effects {
                    self.perform(effect);
                }
                self.prepare_ahead();
            }
            let state = self.machine.state();
            if let Some(end) = state.verdict.clone().filter(|_| state.status.is_terminal()) {
                let project = self.machine.plan().project.clone();
                let outcome = Outcome { id: state.id, project, number: self.number, end, state: state.clone() };
                // The last commit has given the claim back.
                self.keeper.end().await;
                return Ok(outcome);
            }
            report = match self.next().await? {
                Next::Report(report) => report,
                Next::Drain => return Err(self.hand_back().await),
            };
        }
    }

    /// Decides and commits, with the rest of a log in one go. `None`: the store does not take that log as it is, so nothing is
    /// decided until its writer reports anew.
    async fn decide(&mut self, Report { input, log }: Report) -> Result<Option<Decision>, EngineError> {
        let before = log.is_some().then(|| self.machine.clone());
        let decision = self.handle(input);
        let Some((LogRest { part, recorded }, before)) = log.zip(before).filter(|_| !decision.changes.is_empty())
        else {
            self.commit(&decision, &[]).await?;
            return Ok(Some(decision));
        };
        let notice = Notice::Log { attempt: part.attempt, next_offset: part.end.map_or(0, |end| end.bytes) };
        if !self.commit(&decision, &[part]).await? {
            self.machine = before;
            return Ok(None);
        }
        self.shared.sink.notify(notice);
        // A writer that is gone needs no word.
        let _gone = recorded.send(());
        Ok(Some(decision))
    }

    fn handle(&mut self, input: Input) -> Decision {
        let before = cfg!(debug_assertions).then(|| self.machine.state().clone());
        let decision = self.machine.handle(input, self.clock.now());
        if let Some(before) = before {
            let broken = broken_by(self.machine.plan(), &before, &decision.changes);
            debug_assert_eq!(broken, None, "of {before:?} by {:?}", decision.changes);
        }
        decision
    }

    async fn next(&mut self) -> Result<Next, EngineError> {
        loop {
            let deadline = self.machine.deadline().map(|at| self.clock.instant(at));
            let drains = self.has_begun_nothing();
            tokio::select! {
                biased;
                changed = self.lease.changed() => {
                    let LeaseState { lost, control } = self.lease.borrow_and_update().clone();
                    if lost.is_some() || changed.is_err() {
                        return Err(self.stand_down().await);
                    }
                    if let Some((level, reason)) = control.cancel.filter(|c| self.adds(*c)) {
                        self.hurry.send_replace(level == CancelLevel::Kill);
                        return Ok(Next::Report(Input::CancelRecorded(level, reason).into()));
                    }
                }
                Some(report) = self.inputs.recv() => return Ok(Next::Report(report)),
                () = self.drain.begun(), if drains => return Ok(Next::Drain),
                () = reached(deadline) => return Ok(Next::Report(Input::Tick.into())),
            }
        }
    }

    /// Whether another runner could have it as it is: no job has had its turn, and none is to be ended.
    fn has_begun_nothing(&self) -> bool {
        let state = self.machine.state();
        state.verdict.is_none() && state.cancel.is_none() && state.jobs.iter().all(|job| job.attempts.is_empty())
    }

    fn adds(&self, (level, _): (CancelLevel, Reason)) -> bool {
        self.machine.state().cancel.is_none_or(|(known, _)| level > known)
    }

    /// Commits a decision, with logs in one go. A commit whose outcome is unknown is repeated under its number, for at most a
    /// lease. `false`: nothing is committed, because a log is not taken like this.
    async fn commit(&mut self, decision: &Decision, logs: &[LogPart]) -> Result<bool, EngineError> {
        if decision.changes.is_empty() {
            return Ok(true);
        }
        self.commits += 1;
        let (store, claim, nth) = (&self.shared.store, &self.claim, self.commits);
        let mut lease = self.lease.clone();
        // The last commit ends the claim, so that its keeper may see the loss before we see the answer: the commit itself
        // finds out then.
        let last = self.machine.state().status.is_terminal();
        let record = || async {
            if logs.is_empty() {
                return store.commit(claim, nth, &decision.changes).await.map(Some);
            }
            let refused = |error: StoreError| if is_refused(&error) { Ok(None) } else { Err(error) };
            store.record(claim, nth, logs, &decision.changes).await.or_else(refused)
        };
        let committed = tokio::select! {
            biased;
            _ = lease.wait_for(|l| l.lost.is_some()), if !last => None,
            committed = until_available(claim.lease, record) => Some(committed),
        };
        match committed {
            None => Err(self.stand_down().await),
            Some(Ok(Some(last))) => {
                self.shared.sink.notify(Notice::Events { pipeline: self.claim.pipeline, last });
                Ok(true)
            }
            Some(Ok(None)) => Ok(false),
            Some(Err(error)) => {
                let error = EngineError::store("commit what was decided")(error);
                self.stand_down().await;
                Err(error)
            }
        }
    }

    /// The claim is lost, or our writes are refused: nothing of ours may go on. Others decide what becomes of the pipeline,
    /// and may be at it already, so only what is ours is ended.
    async fn stand_down(&mut self) -> EngineError {
        let mut work: Vec<Task> = std::mem::take(&mut self.attempts).into_values().map(|a| a.task).collect();
        work.append(&mut self.abandoned);
        work.extend(self.errand.take());
        // All are told before the first is waited for.
        work.iter().for_each(Task::abort);
        let ended = async {
            for task in work {
                task.end().await;
            }
        };
        let (_late, ()) = tokio::join!(timeout(STAND_DOWN_IN, ended), self.shared.let_go(&self.claim));
        let pipeline = self.claim.pipeline;
        match &self.lease.borrow().lost {
            Some(Lost::Unrenewed(why)) => EngineError::Unrenewed { of: pipeline.into(), why: why.clone() },
            Some(Lost::Taken) | None => EngineError::ClaimLost(pipeline.into()),
        }
    }

    /// What is over needs no claim: its end is told, whatever the store says to this.
    async fn let_go(self) {
        self.keeper.end().await;
        self.shared.give_back(&self.claim).await;
    }
}

/// Whether waiting does not make a store take it like this: the log's writer knows what to do. What is wrong with the rest
/// comes out when that is committed without the log.
fn is_refused(error: &StoreError) -> bool {
    match error {
        StoreError::ClaimLost(_) => false,
        StoreError::NoRoom { .. } => true,
        other => !other.is_retryable(),
    }
}
