//! The machine: one pipeline's decisions.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::id::{AttemptId, InstanceId, JobIndex};
use crate::pipeline::RetryCause;
use crate::plan::{Plan, PlannedJob};
use crate::schedule::change::{CancelLevel, Change};
use crate::schedule::order::Order;
use crate::schedule::outcome::{AttemptOutcome, Problem};
use crate::schedule::state::{AttemptPhase, AttemptState, PipelineState};
use crate::schedule::turn::Turn;
use crate::status::Reason;
use crate::time::Timestamp;

/// How often a job that was lost before it began is started again for free, before that is taken for a fault.
const FREE_RESTARTS: usize = 5;

/// What can happen to a pipeline from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A runner holds the claim, for the first time or after a crash: nothing is in flight.
    Claimed(Whereabouts),
    /// A claim is held only to end what its runner, which is gone for good, has left: nobody goes on with it.
    Deserted,
    /// The checkout is done, by this instance.
    CheckedOut(Result<InstanceId, Problem>),
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

/// Where the workspace is that the rows tell of, seen from whoever holds the claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whereabouts {
    /// Within reach, or there is none to be reached.
    Here,
    /// On another host, or gone.
    Elsewhere,
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
    pub(super) plan: Arc<Plan>,
    pub(super) state: PipelineState,
    pub(super) order: Order,
    /// When attempts of this life were really given their go. Not in the rows: who re-attaches counts from the decision.
    pub(super) went: BTreeMap<AttemptId, Timestamp>,
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
        let idle = self.state.workspace.is_none() || self.state.cancel.is_some() || self.state.verdict.is_some();
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

    pub(super) fn next_attempt(&self, job: JobIndex) -> AttemptId {
        let tries = self.state.job(job).map_or(0, |j| j.attempts.len());
        AttemptId { pipeline: self.state.id, job, number: u32::try_from(tries).unwrap_or(u32::MAX).saturating_add(1) }
    }

    /// The attempts that are not over, with their jobs.
    pub(super) fn live(&self) -> impl Iterator<Item = (&AttemptState, &PlannedJob)> + '_ {
        self.order.open().filter_map(|job| {
            let attempt = self.state.job(job)?.attempts.last()?;
            (attempt.phase != AttemptPhase::Ended).then(|| (attempt, self.plan.job(job)))
        })
    }

    /// Whether a job whose attempts so far never began may be given another one.
    pub(super) fn restarts_for_free(&self, job: JobIndex) -> bool {
        let attempts = self.state.job(job).map_or(&[][..], |j| j.attempts.as_slice());
        attempts.iter().filter(|a| !a.has_begun()).count() <= FREE_RESTARTS
    }

    /// Whether the retry policy of a job gives it another try after such an end.
    pub(super) fn has_tries_left(&self, job: JobIndex, cause: RetryCause) -> bool {
        let attempts = self.state.job(job).map_or(&[][..], |j| j.attempts.as_slice());
        let used = attempts.iter().filter(|a| a.has_begun()).count();
        let retry = &self.plan.job(job).retry;
        retry.on.contains(&cause) && used <= usize::try_from(retry.max).unwrap_or(usize::MAX)
    }

    /// Whether all that has begun so far may run once more.
    pub(super) fn runs_again(&self) -> bool {
        (0u32..).map(JobIndex).zip(&self.state.jobs).all(|(index, job)| {
            if job.attempts.iter().any(AttemptState::has_begun) {
                self.has_tries_left(index, RetryCause::Lost)
            } else {
                self.restarts_for_free(index)
            }
        })
    }

    pub(super) fn running(&self) -> impl Iterator<Item = (&AttemptState, &PlannedJob)> + '_ {
        self.live().filter(|(attempt, _)| attempt.phase == AttemptPhase::Running)
    }

    pub(super) fn timeout_at(&self, attempt: &AttemptState, job: &PlannedJob) -> Option<Timestamp> {
        let started = attempt.started_at.filter(|_| attempt.stop.is_none())?;
        let went = self.went.get(&attempt.id).copied().unwrap_or(started);
        Some(started.max(went).after(job.timeout))
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
