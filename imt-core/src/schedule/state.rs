//! The state of one pipeline, and `apply`: the only way it changes.

use serde::{Deserialize, Serialize};

use crate::id::{AttemptId, InstanceId, JobIndex, PipelineId};
use crate::plan::Plan;
use crate::schedule::change::{CancelLevel, Change, ChangeKind, StopCause};
use crate::status::{End, Reason, Status};
use crate::time::Timestamp;

/// A pipeline as its rows tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PipelineState {
    /// Which pipeline.
    pub id: PipelineId,
    /// Where it stands.
    pub status: Status,
    /// When a runner took it up.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Who made the workspace that the commit is checked out in; `None` while there is none.
    pub workspace: Option<InstanceId>,
    /// The strongest cancel asked for so far, and the first one's reason.
    pub cancel: Option<(CancelLevel, Reason)>,
    /// The verdict, known before the cleaning up.
    pub verdict: Option<End>,
    /// Jobs, in the plan's order.
    pub jobs: Vec<JobState>,
}

/// A job as its row tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobState {
    /// Where it stands.
    pub status: Status,
    /// How it ended.
    pub end: Option<End>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Its attempts, oldest first; number `n` is at position `n - 1`.
    pub attempts: Vec<AttemptState>,
}

/// An attempt as its row tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptState {
    /// Which attempt.
    pub id: AttemptId,
    /// How far it has come.
    pub phase: AttemptPhase,
    /// When its turn came.
    pub created_at: Timestamp,
    /// When its go was decided.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The first stop asked for, if any, and when.
    pub stop: Option<(StopCause, Timestamp)>,
    /// Whether its script may have begun; meaningful once it has ended.
    pub began: bool,
    /// How it ended.
    pub end: Option<End>,
}

/// How far an attempt has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptPhase {
    /// Image and container are being made ready.
    Preparing,
    /// The go has been decided.
    Running,
    /// Over.
    Ended,
}

impl AttemptState {
    /// Whether its script has begun, or may have.
    pub fn has_begun(&self) -> bool {
        self.began || self.phase == AttemptPhase::Running
    }
}

impl PipelineState {
    /// The state of a pipeline that was just accepted.
    pub fn new(id: PipelineId, plan: &Plan) -> Self {
        let job = JobState { status: Status::Pending, end: None, ended_at: None, attempts: Vec::new() };
        Self {
            id,
            status: Status::Pending,
            started_at: None,
            ended_at: None,
            workspace: None,
            cancel: None,
            verdict: None,
            jobs: vec![job; plan.jobs.len()],
        }
    }

    /// The job at a place, if there is one.
    pub fn job(&self, index: JobIndex) -> Option<&JobState> {
        self.jobs.get(index.get())
    }

    /// An attempt, if there is one.
    pub fn attempt(&self, id: AttemptId) -> Option<&AttemptState> {
        let position = usize::try_from(id.number.checked_sub(1)?).ok()?;
        self.job(id.job)?.attempts.get(position)
    }

    fn attempt_mut(&mut self, id: AttemptId) -> Option<&mut AttemptState> {
        let position = usize::try_from(id.number.checked_sub(1)?).ok()?;
        self.jobs.get_mut(id.job.get())?.attempts.get_mut(position)
    }

    /// Folds one committed change into the state. Total and idempotent in effect: a change that names what does not
    /// exist, or asks a terminal thing to move, changes nothing (the conformance suites check that none is committed).
    pub fn apply(&mut self, change: &Change) {
        let at = change.at;
        if self.status.is_terminal() {
            return;
        }
        match &change.kind {
            ChangeKind::PipelineStarted => {
                self.status = Status::Running;
                self.started_at.get_or_insert(at);
            }
            ChangeKind::WorkspaceReady { instance } => self.workspace = Some(instance.clone()),
            ChangeKind::StartedOver => self.start_over(),
            ChangeKind::AttemptCreated { attempt } => self.create_attempt(*attempt, at),
            ChangeKind::AttemptStarted { attempt } => {
                if let Some(a) = self.attempt_mut(*attempt)
                    && a.phase == AttemptPhase::Preparing
                {
                    a.phase = AttemptPhase::Running;
                    a.started_at = Some(at);
                }
            }
            ChangeKind::StopRequested { attempt, cause } => {
                if let Some(a) = self.attempt_mut(*attempt) {
                    a.stop.get_or_insert((*cause, at));
                }
            }
            ChangeKind::AttemptEnded { attempt, end, began } => {
                if let Some(a) = self.attempt_mut(*attempt)
                    && a.phase != AttemptPhase::Ended
                {
                    a.phase = AttemptPhase::Ended;
                    a.ended_at = Some(at);
                    a.began = *began;
                    a.end = Some(end.clone());
                }
            }
            ChangeKind::JobEnded { job, end } => {
                if let Some(j) = self.jobs.get_mut(job.get())
                    && !j.status.is_terminal()
                {
                    j.status = end.status;
                    j.ended_at = Some(at);
                    j.end = Some(end.clone());
                }
            }
            ChangeKind::CancelRequested { level, reason } => {
                let (level_now, reason_now) = self.cancel.unwrap_or((*level, *reason));
                self.cancel = Some((level_now.max(*level), reason_now));
            }
            ChangeKind::Concluded { end } => {
                self.verdict.get_or_insert_with(|| end.clone());
            }
            ChangeKind::PipelineEnded { end } => {
                self.status = end.status;
                self.ended_at = Some(at);
                self.verdict = Some(end.clone());
            }
        }
    }

    /// Attempts stay: their numbers go on, and what they were is history.
    fn start_over(&mut self) {
        if self.verdict.is_some() {
            return;
        }
        self.workspace = None;
        for job in &mut self.jobs {
            (job.status, job.end, job.ended_at) = (Status::Pending, None, None);
        }
    }

    fn create_attempt(&mut self, id: AttemptId, at: Timestamp) {
        let Some(job) = self.jobs.get_mut(id.job.get()) else { return };
        let next = job.attempts.len() + 1;
        if job.status.is_terminal() || usize::try_from(id.number).ok() != Some(next) {
            return;
        }
        job.status = Status::Running;
        job.attempts.push(AttemptState {
            id,
            phase: AttemptPhase::Preparing,
            created_at: at,
            started_at: None,
            ended_at: None,
            stop: None,
            began: false,
            end: None,
        });
    }
}
