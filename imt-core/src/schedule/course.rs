//! Where one pipeline stands on its way: its plan, its state and what that leaves to be done. Answers questions, decides nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::id::{AttemptId, JobIndex};
use crate::pipeline::RetryCause;
use crate::plan::{Plan, PlannedJob};
use crate::schedule::order::Order;
use crate::schedule::outcome::Problem;
use crate::schedule::state::{AttemptPhase, AttemptState, PipelineState};
use crate::time::Timestamp;

/// How often a job that was lost before it began is started again for free, before that is taken for a fault.
pub(super) const FREE_RESTARTS: usize = 5;

/// A pipeline under way.
#[derive(Debug, Clone)]
pub(super) struct Course {
    pub(super) plan: Arc<Plan>,
    pub(super) state: PipelineState,
    pub(super) order: Order,
    /// When attempts of this life were really given their go. Not in the rows: who re-attaches counts from the decision.
    pub(super) went: BTreeMap<AttemptId, Timestamp>,
    /// Why nothing follows the success, where something should.
    pub(super) not_followed: Option<Problem>,
}

impl Course {
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
