//! The machine: one pipeline's decisions.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::id::{AttemptId, JobIndex};
use crate::pipeline::RetryCause;
use crate::plan::{Plan, PlannedJob, Selection};
use crate::schedule::change::{CancelLevel, Change, ChangeKind, StopCause};
use crate::schedule::order::{Next, Order};
use crate::schedule::outcome::{AttemptOutcome, Problem};
use crate::schedule::state::{AttemptPhase, AttemptState, PipelineState};
use crate::schedule::verdict::verdict;
use crate::status::{End, Reason, Status};
use crate::time::Timestamp;

/// How often a job that was lost before it began is started again for free, before that is taken for a fault.
const FREE_RESTARTS: usize = 5;

/// What can happen to a pipeline from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A runner holds the claim, for the first time or after a crash: nothing is in flight.
    Claimed,
    /// The checkout is done.
    CheckedOut(Result<(), Problem>),
    /// The attempt, whose turn it is, is ready for its go.
    Prepared(AttemptId, Result<(), Problem>),
    /// The attempt is over and its log is whole.
    Ended(AttemptId, AttemptOutcome),
    /// Nobody has taken the pipeline up, and a cancel is recorded: it ends without anything to clean up.
    CalledOff,
    /// The store has recorded a cancel (nothing to commit).
    CancelRecorded(CancelLevel, Reason),
    /// The time of [`Machine::deadline`] has come.
    Tick,
    /// Nothing of the pipeline is left on the machine, or what is left is named.
    CleanedUp(Result<(), Problem>),
}

/// What to do once the changes are committed. Each is idempotent by its attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Fill the workspace; answer with [`Input::CheckedOut`].
    Checkout,
    /// Make the attempt ready, it is its turn; answer with [`Input::Prepared`].
    Prepare(AttemptId),
    /// Give the go; answer with [`Input::Ended`] in the end.
    Start(AttemptId),
    /// Find the started attempt again; answer with [`Input::Ended`] in the end.
    Attach(AttemptId),
    /// Stop the attempt; its end arrives as [`Input::Ended`].
    Stop(AttemptId, CancelLevel),
    /// Forget the preparation of this attempt; nothing is answered.
    Abandon(AttemptId),
    /// Remove all that is left of the pipeline; answer with [`Input::CleanedUp`].
    Cleanup,
}

/// What the machine decided.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use = "a decision does nothing until it is committed and performed"]
pub struct Decision {
    /// To be committed in one transaction, in order, before any effect.
    pub changes: Vec<Change>,
    /// To be performed after the commit, in order.
    pub effects: Vec<Effect>,
}

/// The pure scheduler of one pipeline.
#[derive(Debug, Clone)]
pub struct Machine {
    plan: Arc<Plan>,
    state: PipelineState,
    order: Order,
    /// When attempts of this life were really given their go. Not in the rows: who re-attaches counts from the decision.
    went: BTreeMap<AttemptId, Timestamp>,
}

impl Machine {
    /// A machine for a pipeline as it was loaded. `limit` is the runner's own bound on jobs side by side.
    pub fn new(plan: Arc<Plan>, state: PipelineState, limit: usize) -> Self {
        let side_by_side = limit.min(usize::try_from(plan.concurrency.get()).unwrap_or(usize::MAX));
        let order = Order::new(&plan, &state, side_by_side);
        Self { plan, state, order, went: BTreeMap::new() }
    }

    /// The plan.
    pub const fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The state so far.
    pub const fn state(&self) -> &PipelineState {
        &self.state
    }

    /// When [`Input::Tick`] is due: the earliest timeout of a running attempt.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.running().filter_map(|(attempt, job)| self.timeout_at(attempt, job)).min()
    }

    /// The go of an attempt was given at this time: its timeout counts from there, however long the commit before it took.
    pub fn went(&mut self, attempt: AttemptId, at: Timestamp) {
        self.went.insert(attempt, at);
    }

    /// Attempts that will probably be created next, at most `depth`: worth preparing ahead.
    pub fn ahead(&self, depth: usize) -> Vec<AttemptId> {
        let idle = !self.state.workspace_ready || self.state.cancel.is_some() || self.state.verdict.is_some();
        let depth = if idle { 0 } else { depth };
        self.order.ahead(&self.plan, &self.state, depth).map(|job| self.next_attempt(job)).collect()
    }

    /// Takes an input and decides. The machine's state includes the decided changes at once: should their commit fail for
    /// good, the machine is to be thrown away and rebuilt from the store.
    pub fn handle(&mut self, input: Input, now: Timestamp) -> Decision {
        let mut turn = Turn { machine: self, now, decision: Decision::default() };
        if !turn.machine.state.status.is_terminal() {
            turn.take(input);
            turn.advance();
        }
        turn.decision
    }

    fn next_attempt(&self, job: JobIndex) -> AttemptId {
        let tries = self.state.job(job).map_or(0, |j| j.attempts.len());
        AttemptId { pipeline: self.state.id, job, number: u32::try_from(tries).unwrap_or(u32::MAX).saturating_add(1) }
    }

    /// The attempts that are not over, with their jobs.
    fn live(&self) -> impl Iterator<Item = (&AttemptState, &PlannedJob)> + '_ {
        self.order.open().filter_map(|job| {
            let attempt = self.state.job(job)?.attempts.last()?;
            (attempt.phase != AttemptPhase::Ended).then(|| (attempt, self.plan.job(job)))
        })
    }

    fn running(&self) -> impl Iterator<Item = (&AttemptState, &PlannedJob)> + '_ {
        self.live().filter(|(attempt, _)| attempt.phase == AttemptPhase::Running)
    }

    fn timeout_at(&self, attempt: &AttemptState, job: &PlannedJob) -> Option<Timestamp> {
        let started = attempt.started_at.filter(|_| attempt.stop.is_none())?;
        let went = self.went.get(&attempt.id).copied().unwrap_or(started);
        Some(started.max(went).after(job.timeout))
    }
}

/// One call of [`Machine::handle`]: gathers the decision while the machine's state follows.
struct Turn<'m> {
    machine: &'m mut Machine,
    now: Timestamp,
    decision: Decision,
}

impl Turn<'_> {
    fn record(&mut self, kind: ChangeKind) {
        let change = Change { at: self.now, kind };
        self.fold(&change);
        self.decision.changes.push(change);
    }

    /// Lets state and order follow a change.
    fn fold(&mut self, change: &Change) {
        let Machine { plan, state, order, .. } = &mut *self.machine;
        state.apply(change);
        match &change.kind {
            ChangeKind::AttemptCreated { attempt } => order.begun(attempt.job),
            ChangeKind::JobEnded { job, end } => order.ended(plan, *job, end),
            _ => return,
        }
        order.skip_ended(state);
    }

    fn effect(&mut self, effect: Effect) {
        self.decision.effects.push(effect);
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Claimed => self.claimed(),
            Input::CheckedOut(Ok(())) => {
                // A cancel may have been quicker: then it comes after the verdict, and nobody needs it.
                let state = &self.machine.state;
                if !state.workspace_ready && state.verdict.is_none() {
                    self.record(ChangeKind::WorkspaceReady);
                }
            }
            Input::CheckedOut(Err(problem)) => self.give_up(&problem),
            Input::Prepared(attempt, result) => self.prepared(attempt, result),
            Input::Ended(attempt, outcome) => self.ended(attempt, &outcome),
            Input::CalledOff => self.called_off(),
            Input::CancelRecorded(level, reason) => {
                self.fold(&Change { at: self.now, kind: ChangeKind::CancelRequested { level, reason } });
                self.cancel();
            }
            Input::Tick => self.tick(),
            Input::CleanedUp(result) => self.cleaned_up(result),
        }
    }

    /// First claim: begin. Later claim: put back in flight what the rows say should be.
    fn claimed(&mut self) {
        if self.machine.state.status == Status::Pending {
            self.record(ChangeKind::PipelineStarted);
            self.skip_unselected();
        }
        if self.machine.state.verdict.is_some() {
            return self.effect(Effect::Cleanup);
        }
        if self.machine.order.remaining() == 0 {
            return;
        }
        if !self.machine.state.workspace_ready && self.machine.state.cancel.is_none() {
            self.effect(Effect::Checkout);
        }
        let live: Vec<AttemptState> = self.machine.live().map(|(attempt, _)| attempt.clone()).collect();
        for attempt in live {
            self.resume(&attempt);
        }
        self.cancel();
    }

    fn called_off(&mut self) {
        let state = &self.machine.state;
        if state.status != Status::Pending || state.cancel.is_none() {
            return;
        }
        self.skip_unselected();
        self.cancel();
        let end = verdict(&self.machine.plan, &self.machine.state);
        self.record(ChangeKind::Concluded { end: end.clone() });
        self.record(ChangeKind::PipelineEnded { end });
    }

    fn resume(&mut self, attempt: &AttemptState) {
        if attempt.phase == AttemptPhase::Preparing {
            return self.effect(Effect::Prepare(attempt.id));
        }
        self.effect(Effect::Attach(attempt.id));
        if let Some((StopCause::Timeout, _)) = attempt.stop {
            self.effect(Effect::Stop(attempt.id, CancelLevel::Graceful));
        }
    }

    fn skip_unselected(&mut self) {
        let plan = Arc::clone(&self.machine.plan);
        for (job, planned) in (0u32..).map(JobIndex).zip(&plan.jobs) {
            if let Selection::Skip(reason) = planned.selection {
                self.record(ChangeKind::JobEnded { job, end: End::because(Status::Skipped, reason) });
            }
        }
    }

    /// The pipeline cannot begin: no job runs.
    fn give_up(&mut self, problem: &Problem) {
        if self.machine.state.verdict.is_some() {
            return;
        }
        self.end_pending(&End::because(Status::Skipped, problem.reason));
        self.conclude(problem.to_end());
    }

    fn end_pending(&mut self, end: &End) {
        let pending: Vec<JobIndex> = (0u32..)
            .map(JobIndex)
            .zip(&self.machine.state.jobs)
            .filter(|(_, job)| job.status == Status::Pending)
            .map(|(index, _)| index)
            .collect();
        for job in pending {
            self.record(ChangeKind::JobEnded { job, end: end.clone() });
        }
    }

    fn phase(&self, attempt: AttemptId) -> Option<AttemptPhase> {
        self.machine.state.attempt(attempt).map(|a| a.phase)
    }

    fn prepared(&mut self, attempt: AttemptId, result: Result<(), Problem>) {
        if self.phase(attempt) != Some(AttemptPhase::Preparing) {
            return;
        }
        match result {
            Ok(()) => {
                self.record(ChangeKind::AttemptStarted { attempt });
                self.effect(Effect::Start(attempt));
            }
            Err(problem) => self.close(attempt, &AttemptOutcome::NotStarted(problem)),
        }
    }

    fn ended(&mut self, attempt: AttemptId, outcome: &AttemptOutcome) {
        if self.phase(attempt).is_some_and(|phase| phase != AttemptPhase::Ended) {
            self.close(attempt, outcome);
        }
    }

    /// Ends an attempt, and with it the job unless the job is to be tried again.
    fn close(&mut self, attempt: AttemptId, outcome: &AttemptOutcome) {
        let Some(state) = self.machine.state.attempt(attempt) else { return };
        let stop = state.stop.map(|(cause, _)| cause);
        self.machine.went.remove(&attempt);
        let cancel_reason = self.machine.state.cancel.map_or(Reason::User, |(_, reason)| reason);
        let end = outcome.end(stop, cancel_reason);
        self.record(ChangeKind::AttemptEnded { attempt, end: end.clone(), began: outcome.began() });
        if let Some(problem) = outcome.left_behind() {
            self.record(ChangeKind::JobEnded { job: attempt.job, end });
            return self.break_off(problem);
        }
        if self.tries_again(attempt.job, outcome, &end) {
            self.create(attempt.job);
        } else {
            self.record(ChangeKind::JobEnded { job: attempt.job, end });
        }
    }

    /// A script may still run in the workspace: nothing may begin there any more, be it another try or the next job. Only
    /// the cleaning up ends that script for sure, and with it whatever else runs.
    fn break_off(&mut self, problem: &Problem) {
        let cancel_reason = self.machine.state.cancel.map_or(Reason::User, |(_, reason)| reason);
        let live: Vec<AttemptState> = self.machine.live().map(|(attempt, _)| attempt.clone()).collect();
        for AttemptState { id: attempt, phase, stop, .. } in live {
            let outcome = if phase == AttemptPhase::Preparing {
                AttemptOutcome::NotStarted(problem.clone())
            } else {
                AttemptOutcome::Broken(problem.clone())
            };
            let end = outcome.end(stop.map(|(cause, _)| cause), cancel_reason);
            self.record(ChangeKind::AttemptEnded { attempt, end: end.clone(), began: outcome.began() });
            self.record(ChangeKind::JobEnded { job: attempt.job, end });
        }
        self.end_pending(&End::because(Status::Skipped, problem.reason));
        let found = verdict(&self.machine.plan, &self.machine.state);
        let bad = !matches!(found.status, Status::Success | Status::Skipped);
        self.conclude(if bad { found } else { problem.to_end() });
    }

    fn tries_again(&self, job: JobIndex, outcome: &AttemptOutcome, end: &End) -> bool {
        if self.machine.state.cancel.is_some() {
            return false;
        }
        let attempts = self.machine.state.job(job).map_or(&[][..], |j| j.attempts.as_slice());
        let used = attempts.iter().filter(|a| a.began).count();
        if matches!(outcome, AttemptOutcome::Lost { began: false }) && end.reason == Some(Reason::RunnerLost) {
            return attempts.len() - used <= FREE_RESTARTS;
        }
        let retry = &self.machine.plan.job(job).retry;
        let cause = match (end.status, end.reason) {
            (Status::Failed, Some(Reason::Timeout)) => RetryCause::Timeout,
            (Status::Failed, _) => RetryCause::Failed,
            (Status::Errored, Some(Reason::RunnerLost)) => RetryCause::Lost,
            _ => return false,
        };
        retry.on.contains(&cause) && used <= usize::try_from(retry.max).unwrap_or(usize::MAX)
    }

    fn create(&mut self, job: JobIndex) {
        let attempt = self.machine.next_attempt(job);
        self.record(ChangeKind::AttemptCreated { attempt });
        self.effect(Effect::Prepare(attempt));
    }

    /// Ends what is to be ended if a cancel is recorded: by the strongest level so far, whatever came last.
    fn cancel(&mut self) {
        let Some((level, reason)) = self.machine.state.cancel else { return };
        if self.machine.state.verdict.is_some() {
            return;
        }
        let cancelled = End::because(Status::Cancelled, reason);
        let live: Vec<AttemptState> = self.machine.live().map(|(attempt, _)| attempt.clone()).collect();
        for AttemptState { id: attempt, phase, stop, .. } in live {
            if phase == AttemptPhase::Preparing {
                self.effect(Effect::Abandon(attempt));
                self.record(ChangeKind::AttemptEnded { attempt, end: cancelled.clone(), began: false });
                self.record(ChangeKind::JobEnded { job: attempt.job, end: cancelled.clone() });
                continue;
            }
            if stop.is_none() {
                self.record(ChangeKind::StopRequested { attempt, cause: StopCause::Cancel });
            }
            self.effect(Effect::Stop(attempt, level));
        }
        self.end_pending(&cancelled);
    }

    fn tick(&mut self) {
        let late: Vec<AttemptId> = self
            .machine
            .running()
            .filter(|(attempt, job)| self.machine.timeout_at(attempt, job).is_some_and(|at| at <= self.now))
            .map(|(attempt, _)| attempt.id)
            .collect();
        for attempt in late {
            self.record(ChangeKind::StopRequested { attempt, cause: StopCause::Timeout });
            self.effect(Effect::Stop(attempt, CancelLevel::Graceful));
        }
    }

    /// Starts and skips what has its turn; concludes when nothing is left.
    fn advance(&mut self) {
        let state = &self.machine.state;
        if state.verdict.is_some() || state.status != Status::Running {
            return;
        }
        if state.workspace_ready && state.cancel.is_none() {
            self.start_next();
        }
        if self.machine.order.remaining() == 0 {
            let end = verdict(&self.machine.plan, &self.machine.state);
            self.conclude(end);
        }
    }

    fn start_next(&mut self) {
        loop {
            match self.machine.order.next() {
                Next::Start(job) => self.create(job),
                Next::Skip(job) => {
                    let end = End::because(Status::Skipped, Reason::EarlierStageFailed);
                    self.record(ChangeKind::JobEnded { job, end });
                }
                Next::Wait | Next::None => return,
            }
        }
    }

    fn conclude(&mut self, end: End) {
        self.record(ChangeKind::Concluded { end });
        self.effect(Effect::Cleanup);
    }

    fn cleaned_up(&mut self, result: Result<(), Problem>) {
        let Some(mut end) = self.machine.state.verdict.clone() else { return };
        if let Err(left) = result {
            let said = end.detail.take().map(|d| d + "; ").unwrap_or_default();
            end.detail = Some(format!("{said}left behind: {}", left.detail));
        }
        self.record(ChangeKind::PipelineEnded { end });
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
