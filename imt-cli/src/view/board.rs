//! What every view knows of the pipeline: its plan, and its state so far.

use std::time::Duration;

use imt_core::feed::Observation;
use imt_core::id::{AttemptId, JobIndex};
use imt_core::plan::{Plan, PlannedJob, Selection};
use imt_core::schedule::{AttemptState, JobState, PipelineState};
use imt_core::status::{End, Status};

use super::Facts;

/// A pipeline as far as it has been observed.
#[derive(Debug)]
pub(super) struct Board {
    pub(super) plan: Plan,
    pub(super) state: PipelineState,
}

impl Board {
    pub(super) fn new(facts: &Facts) -> Self {
        Self { state: PipelineState::new(facts.pipeline, &facts.plan), plan: facts.plan.clone() }
    }

    /// Folds an event into the state; a log changes nothing here.
    pub(super) fn observe(&mut self, seen: &Observation) {
        if let Observation::Event(event) = seen {
            self.state.apply(&event.change);
        }
    }

    pub(super) fn job(&self, index: JobIndex) -> &PlannedJob {
        self.plan.job(index)
    }

    pub(super) fn job_of(&self, attempt: AttemptId) -> &PlannedJob {
        self.job(attempt.job)
    }

    /// The place of a job's stage.
    pub(super) fn stage_of(&self, index: JobIndex) -> Option<usize> {
        self.plan.stages.iter().position(|stage| stage.jobs.contains(&index))
    }

    pub(super) fn job_state(&self, index: JobIndex) -> Option<&JobState> {
        self.state.job(index)
    }

    pub(super) fn last_attempt(&self, index: JobIndex) -> Option<&AttemptState> {
        self.job_state(index)?.attempts.last()
    }

    /// How long an attempt ran, from its go; `None` if it never got one or is not over.
    pub(super) fn ran(attempt: &AttemptState) -> Option<Duration> {
        Some(attempt.ended_at?.since(attempt.started_at?))
    }

    /// How long the pipeline took; `None` if it is not over.
    pub(super) fn took(&self) -> Option<Duration> {
        Some(self.state.ended_at?.since(self.state.started_at?))
    }

    /// Whether a job's own end says already why the pipeline ended as it did.
    pub(super) fn blames_a_job(&self) -> bool {
        let bad = |status| matches!(status, Status::Failed | Status::Errored);
        let blamed = |(place, job): (usize, &JobState)| bad(job.status) && !self.plan.jobs[place].allow_failure;
        self.state.jobs.iter().enumerate().any(blamed)
    }

    /// Whether the pipeline goes on although this job ended so.
    pub(super) fn is_allowed(&self, index: JobIndex, end: &End) -> bool {
        self.job(index).allow_failure && matches!(end.status, Status::Failed | Status::Errored)
    }

    /// Whether this job may run beside another one of its stage.
    pub(super) fn runs_beside_others(&self, index: JobIndex) -> bool {
        let stage = self.plan.stages.iter().find(|stage| stage.jobs.contains(&index));
        let runs = |job: &&JobIndex| self.job(**job).selection == Selection::Run;
        self.plan.concurrency.get() > 1 && stage.is_some_and(|stage| stage.jobs.iter().filter(runs).count() > 1)
    }
}
