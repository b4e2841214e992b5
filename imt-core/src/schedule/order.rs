//! The order of jobs: a cursor over the plan, kept up to date change by change so that deciding costs the same
//! whether ten jobs came before or a hundred thousand.

use std::collections::BTreeSet;

use crate::id::JobIndex;
use crate::plan::{Plan, Selection};
use crate::schedule::state::PipelineState;
use crate::status::{End, Status};

/// What the next job in order has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Begin.
    Start(JobIndex),
    /// Be skipped, because an earlier stage failed.
    Skip(JobIndex),
    /// Wait for a place or for the stage before to finish.
    Wait,
    /// There is none left.
    None,
}

/// Derived from plan and state; rebuilt at recovery, never stored.
#[derive(Debug, Clone)]
pub(super) struct Order {
    /// Stage number of each job.
    stage_of: Vec<u32>,
    /// First job, in execution order, that is still pending.
    cursor: usize,
    /// Jobs that have begun and not ended.
    open: BTreeSet<JobIndex>,
    /// Jobs that have not ended.
    remaining: usize,
    /// Earliest stage with a failure that counts.
    broken_stage: Option<u32>,
    limit: usize,
}

impl Order {
    pub(super) fn new(plan: &Plan, state: &PipelineState, limit: usize) -> Self {
        let mut stage_of = vec![0; plan.jobs.len()];
        for (number, stage) in plan.stages.iter().enumerate() {
            for job in &stage.jobs {
                stage_of[job.get()] = u32::try_from(number).unwrap_or(u32::MAX);
            }
        }
        let mut order = Self {
            stage_of,
            cursor: 0,
            open: BTreeSet::new(),
            remaining: plan.jobs.len(),
            broken_stage: None,
            limit: limit.max(1),
        };
        for (index, job) in (0u32..).map(JobIndex).zip(&state.jobs) {
            if job.status == Status::Running {
                order.begun(index);
            }
            if let Some(end) = &job.end {
                order.ended(plan, index, end);
            }
        }
        order.skip_ended(state);
        order
    }

    /// Every job is pending again.
    pub(super) fn start_over(&mut self, plan: &Plan, state: &PipelineState) {
        *self = Self::new(plan, state, self.limit);
    }

    pub(super) fn begun(&mut self, job: JobIndex) {
        self.open.insert(job);
    }

    pub(super) fn ended(&mut self, plan: &Plan, job: JobIndex, end: &End) {
        self.open.remove(&job);
        self.remaining = self.remaining.saturating_sub(1);
        let counts = matches!(end.status, Status::Failed | Status::Errored | Status::Cancelled);
        if counts && !plan.job(job).allow_failure {
            let stage = self.stage_of[job.get()];
            self.broken_stage = Some(self.broken_stage.map_or(stage, |s| s.min(stage)));
        }
    }

    /// Moves the cursor past jobs that are no longer pending.
    pub(super) fn skip_ended(&mut self, state: &PipelineState) {
        while state.jobs.get(self.cursor).is_some_and(|j| j.status != Status::Pending) {
            self.cursor += 1;
        }
    }

    pub(super) const fn remaining(&self) -> usize {
        self.remaining
    }

    pub(super) fn open(&self) -> impl Iterator<Item = JobIndex> + '_ {
        self.open.iter().copied()
    }

    /// What the job at the cursor has to do now.
    pub(super) fn next(&self) -> Next {
        let Some(&stage) = self.stage_of.get(self.cursor) else { return Next::None };
        let job = JobIndex(u32::try_from(self.cursor).unwrap_or(u32::MAX));
        let stage_open = self.open.first().map(|j| self.stage_of[j.get()]);
        if stage_open.is_some_and(|open| open != stage) || self.open.len() >= self.limit {
            return Next::Wait;
        }
        if self.broken_stage.is_some_and(|broken| broken < stage) { Next::Skip(job) } else { Next::Start(job) }
    }

    /// The jobs that will probably start next, at most `depth`.
    pub(super) fn ahead<'a>(
        &'a self,
        plan: &'a Plan,
        state: &'a PipelineState,
        depth: usize,
    ) -> impl Iterator<Item = JobIndex> + 'a {
        (self.cursor..plan.jobs.len())
            .take_while(|&i| self.broken_stage.is_none_or(|broken| self.stage_of[i] <= broken))
            .filter(|&i| state.jobs[i].status == Status::Pending && plan.jobs[i].selection == Selection::Run)
            .map(|i| JobIndex(u32::try_from(i).unwrap_or(u32::MAX)))
            .take(depth)
    }
}
