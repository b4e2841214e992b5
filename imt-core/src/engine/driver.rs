//! Driving one pipeline: decide → commit → act, until it is over or the claim is lost.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::engine::attempt::{AttemptTask, Origin, no_source};
use crate::engine::clock::Clock;
use crate::engine::drain::Drain;
use crate::engine::error::EngineError;
use crate::engine::lease::{self, LeaseState, Lost};
use crate::engine::log_writer::{LogTarget, LogWriter};
use crate::engine::orders::{Leave, Orders};
use crate::engine::problem::problem;
use crate::engine::retry::{Backoff, until_available};
use crate::engine::shared::{Outcome, Shared};
use crate::engine::task::Task;
use crate::id::AttemptId;
use crate::mask::Needles;
use crate::plan::job_spec;
use crate::ports::{Checkout, Claim, Failure, FailureKind, Notice, Variable};
use crate::schedule::{CancelLevel, Decision, Effect, Input, Machine, Whereabouts};
use crate::status::Reason;
use crate::time::Timestamp;

/// How often cleaning up is tried before what is left is reported: with the pauses, for some three seconds.
const CLEANUP_TRIES: u32 = 8;

/// How long cleaning up may take once a kill was asked for.
const CLEANUP_AFTER_KILL: Duration = Duration::from_secs(10);

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
    /// Tasks that were told to end and may not have noticed yet.
    abandoned: Vec<Task>,
    /// The checkout, then the cleaning up.
    errand: Option<Task>,
    keeper: Task,
    /// Somebody asked for a kill.
    hurry: watch::Sender<bool>,
    inputs: mpsc::Receiver<Input>,
    answer: mpsc::Sender<Input>,
    lease: watch::Receiver<LeaseState>,
    drain: Drain,
    /// How many commits were decided under the claim.
    commits: u64,
}

/// What a driver does next.
enum Next {
    Input(Input),
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
        let record = until_available(claim.lease, || store.load(claim.pipeline))
            .await
            .map_err(EngineError::store("load the pipeline"))?;
        let plan = Arc::new(record.plan);
        let variables = until_available(claim.lease, || store.variables(&plan.project))
            .await
            .map_err(EngineError::store("read the project's variables"))?;
        let needles = Needles::new(variables.iter().filter(|v| v.is_secret).map(|v| &v.value));
        let workspace = shared.workspaces.as_ref().map(|w| w.path(&plan, claim.pipeline));
        let (answer, inputs) = mpsc::channel(64);
        let (state, lease) = watch::channel(LeaseState::default());
        let keeper = Task::spawn(lease::keep(Arc::clone(store), claim.clone(), claimed_at, poke, state));
        // A kill that an earlier life was told of holds for this one, too.
        let killed = record.state.cancel.is_some_and(|(level, _)| level == CancelLevel::Kill);
        Ok(Self {
            machine: Machine::new(plan, record.state, shared.job_limit),
            number: record.number,
            clock: shared.clock(),
            attempts: BTreeMap::new(),
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
        let mut input = first;
        loop {
            let decision = self.machine.handle(input, self.clock.now());
            self.commit(&decision).await?;
            for effect in decision.effects {
                self.perform(effect);
            }
            self.prepare_ahead();
            let state = self.machine.state();
            if let Some(end) = state.verdict.clone().filter(|_| state.status.is_terminal()) {
                let project = self.machine.plan().project.clone();
                let outcome = Outcome { id: state.id, project, number: self.number, end, state: state.clone() };
                self.let_go().await;
                return Ok(outcome);
            }
            input = match self.next_input().await? {
                Next::Input(input) => input,
                Next::Drain => return Err(self.hand_back().await),
            };
        }
    }

    /// Where the workspace is that an earlier life made, if one did.
    async fn whereabouts(&self) -> Whereabouts {
        let (Some(workspaces), Some(path)) = (&self.shared.workspaces, &self.workspace) else {
            return Whereabouts::Here;
        };
        let Some(maker) = &self.machine.state().workspace else { return Whereabouts::Here };
        let ours = *maker == self.shared.runner.instance;
        let here = workspaces.holds(path.clone(), self.claim.pipeline, maker.clone(), ours).await;
        if here { Whereabouts::Here } else { Whereabouts::Elsewhere }
    }

    async fn next_input(&mut self) -> Result<Next, EngineError> {
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
                        return Ok(Next::Input(Input::CancelRecorded(level, reason)));
                    }
                }
                Some(input) = self.inputs.recv() => return Ok(Next::Input(input)),
                () = self.drain.begun(), if drains => return Ok(Next::Drain),
                () = at(deadline) => return Ok(Next::Input(Input::Tick)),
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

    /// Commits a decision. A commit whose outcome is unknown is repeated under its number, for at most a lease.
    async fn commit(&mut self, decision: &Decision) -> Result<(), EngineError> {
        if decision.changes.is_empty() {
            return Ok(());
        }
        self.commits += 1;
        let (store, claim, nth) = (&self.shared.store, &self.claim, self.commits);
        let mut lease = self.lease.clone();
        // The last commit ends the claim, so that its keeper may see the loss before we see the answer: the commit itself
        // finds out then.
        let last = self.machine.state().status.is_terminal();
        let committed = tokio::select! {
            biased;
            _ = lease.wait_for(|l| l.lost.is_some()), if !last => None,
            committed = until_available(claim.lease, || store.commit(claim, nth, &decision.changes)) => Some(committed),
        };
        match committed {
            None => Err(self.stand_down().await),
            Some(Ok(last)) => {
                self.shared.sink.notify(Notice::Events { pipeline: self.claim.pipeline, last });
                Ok(())
            }
            Some(Err(error)) => {
                let error = EngineError::store("commit what was decided")(error);
                self.stand_down().await;
                Err(error)
            }
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Checkout => self.check_out(),
            Effect::Prepare(attempt) => self.raise(attempt, Leave::Turn),
            Effect::Start(attempt) => {
                // Its commit may have taken a while, which is not the job's time.
                self.machine.went(attempt, self.clock.now());
                self.raise(attempt, Leave::Go);
            }
            Effect::Attach(attempt) => self.spawn_attempt(attempt, Leave::Go, Origin::Started),
            Effect::Stop(attempt, level) => self.stop(attempt, level),
            Effect::Abandon(attempt) => {
                // Aborted now; its end is awaited, and its log closed, before the cleaning up removes what it was making.
                if let Some(Attempt { task, .. }) = self.attempts.remove(&attempt) {
                    task.abort();
                    self.abandoned.push(task);
                }
            }
            Effect::Cleanup => self.clean_up(),
        }
    }

    fn prepare_ahead(&mut self) {
        for attempt in self.machine.ahead(self.shared.prepare_ahead) {
            if !self.attempts.contains_key(&attempt) {
                self.spawn_attempt(attempt, Leave::Ahead, Origin::New);
            }
        }
    }

    fn raise(&mut self, attempt: AttemptId, leave: Leave) {
        match self.attempts.get(&attempt) {
            Some(task) => task.orders.send_modify(|o| o.leave = o.leave.max(leave)),
            None => self.spawn_attempt(attempt, leave, Origin::New),
        }
    }

    fn stop(&mut self, attempt: AttemptId, level: CancelLevel) {
        if let Some(task) = self.attempts.get(&attempt) {
            task.orders.send_modify(|o| o.stop = o.stop.max(Some(level)));
        }
    }

    fn spawn_attempt(&mut self, attempt: AttemptId, leave: Leave, origin: Origin) {
        let plan = Arc::clone(self.machine.plan());
        let (orders, receiver) = watch::channel(Orders { leave, stop: None });
        let task = AttemptTask {
            shared: Arc::clone(&self.shared),
            spec: job_spec(&plan, attempt, &self.variables, self.workspace.clone()),
            grace: plan.job(attempt.job).grace,
            log: self.log_target(attempt),
            clock: self.clock,
            inputs: self.answer.clone(),
            orders: receiver,
        };
        self.attempts.insert(attempt, Attempt { orders, task: Task::spawn(task.run(origin)) });
    }

    fn check_out(&mut self) {
        let (shared, answer) = (Arc::clone(&self.shared), self.answer.clone());
        let (plan, pipeline, path) = (Arc::clone(self.machine.plan()), self.claim.pipeline, self.workspace.clone());
        let (needles, again) = (self.needles.clone(), self.machine.state().jobs.iter().any(|j| !j.attempts.is_empty()));
        let work = async move {
            let filled = async {
                if again {
                    // What an earlier life of ours left running in a workspace that was given up must not work in the new one.
                    shared.executor.release(pipeline).await?;
                }
                fill(&shared, &plan, pipeline, path).await
            };
            let result = filled.await.map(|()| shared.runner.instance.clone()).map_err(|f| problem(&f, &needles));
            // A driver that is gone wants no answer.
            let _gone = answer.send(Input::CheckedOut(result)).await;
        };
        self.errand = Some(Task::spawn(work));
    }

    /// Ends what still works for this pipeline on our side, then removes all of it.
    fn clean_up(&mut self) {
        let (shared, answer) = (Arc::clone(&self.shared), self.answer.clone());
        let (pipeline, path) = (self.claim.pipeline, self.workspace.clone());
        let (needles, hurry, clock) = (self.needles.clone(), self.hurry.subscribe(), self.clock);
        let mut work: Vec<Task> = std::mem::take(&mut self.attempts).into_values().map(|a| a.task).collect();
        work.append(&mut self.abandoned);
        work.extend(self.errand.take());
        let cut_off: Vec<LogTarget> = self.cut_off().map(|attempt| self.log_target(attempt)).collect();
        self.errand = Some(Task::spawn(async move {
            let removed = async {
                for task in work {
                    task.end().await;
                }
                // Not before: nothing may grow after its end.
                for log in cut_off {
                    close(log, clock.now()).await;
                }
                shared.remove(pipeline, path).await
            };
            let result = tokio::select! {
                biased;
                result = removed => result,
                () = cut_short(hurry) => Err(interrupted()),
            };
            let result = result.map_err(|f| problem(&f, &needles));
            let _gone = answer.send(Input::CleanedUp(result)).await;
        }));
    }

    /// Attempts that were ended from here and not by their task, in this life or an earlier one: it may have left their logs
    /// open. Such an end has no code.
    fn cut_off(&self) -> impl Iterator<Item = AttemptId> + '_ {
        let attempts = self.machine.state().jobs.iter().flat_map(|job| &job.attempts);
        attempts.filter(|a| a.end.as_ref().is_some_and(|end| end.exit_code.is_none())).map(|a| a.id)
    }

    fn log_target(&self, attempt: AttemptId) -> LogTarget {
        LogTarget {
            store: Arc::clone(&self.shared.store),
            sink: Arc::clone(&self.shared.sink),
            claim: self.claim.clone(),
            attempt,
            needles: self.needles.clone(),
            cap_bytes: self.shared.log_cap_bytes,
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
            Some(Lost::Unrenewed(why)) => EngineError::Unrenewed { pipeline, why: why.clone() },
            Some(Lost::Taken) | None => EngineError::ClaimLost(pipeline),
        }
    }

    /// Leaves the pipeline to another runner, with nothing of it left here.
    async fn hand_back(mut self) -> EngineError {
        let pipeline = self.claim.pipeline;
        if let Some(errand) = self.errand.take() {
            errand.end().await;
        }
        if let (Some(workspaces), Some(path)) = (&self.shared.workspaces, self.workspace.take())
            && let Err(failure) = workspaces.remove(path, pipeline).await
        {
            // It stays on record, so that a later sweep finds it.
            self.shared.warn(&format!("the workspace of pipeline {pipeline} is left behind: {}", failure.explain()));
        }
        self.let_go().await;
        EngineError::HandedBack(pipeline)
    }

    /// What is over needs no claim: its end is told, whatever the store says to this.
    async fn let_go(self) {
        self.keeper.end().await;
        self.shared.give_back(&self.claim).await;
    }
}

async fn fill(
    shared: &Shared,
    plan: &crate::plan::Plan,
    pipeline: crate::id::PipelineId,
    path: Option<PathBuf>,
) -> Result<(), Failure> {
    let (Some(workspaces), Some(path)) = (&shared.workspaces, path) else {
        return plan.trigger.repository.as_deref().map_or(Ok(()), |r| Err(no_source(r)));
    };
    workspaces.make(path.clone(), pipeline).await?;
    let Some(repository) = plan.trigger.repository.as_deref() else { return Ok(()) };
    let source = shared.source.as_ref().ok_or_else(|| no_source(repository))?;
    source.checkout(Checkout { pipeline, repository, commit: &plan.trigger.commit, into: &path }).await
}

impl Shared {
    /// Removes all of a pipeline: what the executor holds, then the workspace.
    async fn remove(&self, pipeline: crate::id::PipelineId, path: Option<PathBuf>) -> Result<(), Failure> {
        let workspace = path.as_deref().filter(|_| !self.keep_workspaces);
        let mut backoff = Backoff::new();
        let mut tries = 1;
        loop {
            match self.executor.cleanup(pipeline, workspace).await {
                Ok(()) => break,
                Err(failure) if tries == CLEANUP_TRIES => return Err(failure),
                Err(_) => tries += 1,
            }
            backoff.pause().await;
        }
        match (&self.workspaces, path) {
            (Some(workspaces), Some(_)) if self.keep_workspaces => workspaces.keep(pipeline).await,
            (Some(workspaces), Some(path)) => workspaces.remove(path, pipeline).await,
            _ => Ok(()),
        }
    }
}

/// Ends the log of an attempt whose task is gone, if it has one. A store that does not take that has said so elsewhere, and
/// nobody's outcome depends on it.
async fn close(to: LogTarget, at: Timestamp) {
    let Ok(mut log) = LogWriter::open(to).await else { return };
    if !log.is_empty() {
        log.finish(at).await;
    }
}

/// Ends some time after a kill was asked for, or never.
async fn cut_short(mut hurry: watch::Receiver<bool>) {
    if hurry.wait_for(|killed| *killed).await.is_err() {
        // The driver is gone, and the errand with it.
        std::future::pending::<()>().await;
    }
    sleep(CLEANUP_AFTER_KILL).await;
}

fn interrupted() -> Failure {
    let span = CLEANUP_AFTER_KILL.as_secs();
    Failure::new(FailureKind::Internal, format!("cleaning up took more than {span} s after the kill"))
        .with_help("the next start removes what is left")
}

/// The given moment, or never.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
