//! Pipelines as programs see them. The fields are a promise.

use imt_core::id::CommitId;
use imt_core::pipeline::TriggerEvent;
use imt_core::plan::PlannedJob;
use imt_core::ports::{DeploymentSummary, PipelineRecord, PipelineSummary, Sifted, Waiting};
use imt_core::schedule::{AttemptPhase, AttemptState, CancelLevel, JobState};
use imt_core::status::{End, Reason, Status};
use imt_core::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::deployments::DeploymentView;

/// A pipeline in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PipelineLine {
    /// The id.
    id: Uuid,
    /// The number within its project.
    number: u64,
    /// `pending`, `running`, `success`, `failed`, `errored`, `cancelled` or `skipped`.
    #[schema(value_type = String)]
    status: Status,
    #[serde(flatten)]
    why: Why,
    /// What it was made for: `push`, `tag`, `manual` or `api`.
    #[schema(value_type = String)]
    event: TriggerEvent,
    /// The commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    /// The branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    /// The first line of the commit's message, 200 characters at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// The name of the commit's author, as the commit has it: nobody vouches for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    /// When it was submitted.
    #[schema(value_type = String, format = DateTime)]
    submitted_at: Timestamp,
    /// When a runner took it up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// Which runner is at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    runner: Option<String>,
}

/// Why something ended as it did.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Why {
    /// A word for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    reason: Option<Reason>,
    /// The exit code.
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    /// A sentence for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl Why {
    fn of(end: Option<&End>) -> Self {
        end.map_or_else(Self::default, |end| Self {
            reason: end.reason,
            exit_code: end.exit_code,
            detail: end.detail.clone(),
        })
    }
}

/// A pipeline, with all that is known of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PipelineView {
    #[serde(flatten)]
    line: PipelineLine,
    /// Where the commit comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<String>,
    /// The labels that a runner must have.
    labels: Vec<String>,
    /// The strongest cancel that was asked for: `graceful` or `kill`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    cancel: Option<CancelLevel>,
    /// Whether deployments follow.
    deploys: bool,
    /// Why it waits, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<WaitingView>,
    /// The jobs, in the order of their stages.
    jobs: Vec<JobView>,
    /// The deployments that it has led to.
    deployments: Vec<DeploymentView>,
}

/// Why a pipeline waits.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum WaitingView {
    /// No runner is there at all.
    NoRunner,
    /// There are runners, but none has all of these labels.
    NoSuchRunner {
        /// What its file asks for.
        labels: Vec<String>,
    },
    /// It waits its turn.
    Turn {
        /// Pipelines of its project with the same labels that have waited longer.
        ahead: u64,
    },
}

impl From<Waiting> for WaitingView {
    fn from(waiting: Waiting) -> Self {
        match waiting {
            Waiting::NoRunner => Self::NoRunner,
            Waiting::NoSuchRunner { labels } => Self::NoSuchRunner { labels },
            Waiting::Turn { ahead } => Self::Turn { ahead },
        }
    }
}

/// A job of a pipeline.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobView {
    /// Its place in the pipeline, counted from 0: its key in paths.
    job: u32,
    /// Its name.
    name: String,
    /// Its stage.
    stage: String,
    /// As of a pipeline.
    #[schema(value_type = String)]
    status: Status,
    #[serde(flatten)]
    why: Why,
    /// Whether its failure is none of the pipeline.
    allow_failure: bool,
    /// The image that its container is made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    /// How long it may run, in milliseconds.
    timeout_ms: u64,
    /// Its tries.
    attempts: Vec<AttemptView>,
}

/// A try of a job.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AttemptView {
    /// Which, counted from 1.
    attempt: u32,
    /// `preparing`, `running` or `ended`.
    #[schema(value_type = String)]
    phase: AttemptPhase,
    /// When its turn came.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// How it ended, if it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    status: Option<Status>,
    #[serde(flatten)]
    why: Why,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
}

fn shown(commit: &CommitId) -> Option<String> {
    (*commit != CommitId::none()).then(|| commit.to_string())
}

impl From<PipelineSummary> for PipelineLine {
    fn from(pipeline: PipelineSummary) -> Self {
        Self {
            id: pipeline.id.as_uuid(),
            number: pipeline.number.get(),
            status: pipeline.status,
            why: Why::of(pipeline.end.as_ref()),
            event: pipeline.event,
            commit: shown(&pipeline.commit),
            branch: pipeline.branch,
            subject: pipeline.note.subject,
            author: pipeline.note.author,
            submitted_at: pipeline.submitted_at,
            started_at: pipeline.started_at,
            ended_at: pipeline.ended_at,
            runner: pipeline.holder.map(|holder| holder.to_string()),
        }
    }
}

impl PipelineView {
    /// A pipeline as it stands.
    pub(crate) fn of(record: &PipelineRecord, waiting: Option<Waiting>) -> Self {
        let (plan, state) = (&record.plan, &record.state);
        let line = PipelineLine {
            id: state.id.as_uuid(),
            number: record.number.get(),
            status: state.status,
            why: Why::of(state.verdict.as_ref()),
            event: plan.trigger.event,
            commit: shown(&plan.trigger.commit),
            branch: plan.trigger.branch.clone(),
            subject: plan.trigger.note.subject.clone(),
            author: plan.trigger.note.author.clone(),
            submitted_at: record.submitted_at,
            started_at: state.started_at,
            ended_at: state.ended_at,
            runner: None,
        };
        let jobs = (0..).zip(plan.jobs.iter().zip(&state.jobs));
        Self {
            line,
            repository: plan.trigger.repository.clone(),
            labels: plan.runs_on.clone(),
            cancel: state.cancel.map(|(level, _)| level),
            deploys: plan.deploys,
            waiting: waiting.map(WaitingView::from),
            jobs: jobs.map(|(place, (job, state))| JobView::of(place, job, state)).collect(),
            deployments: Vec::new(),
        }
    }

    /// The same with the deployments that it has led to.
    pub(crate) fn with_deployments(self, deployments: Sifted<DeploymentSummary>) -> Self {
        for broken in &deployments.set_aside {
            tracing::error!("left out of a pipeline: {broken}");
        }
        Self { deployments: deployments.found.into_iter().map(DeploymentView::from).collect(), ..self }
    }
}

impl JobView {
    fn of(place: u32, job: &PlannedJob, state: &JobState) -> Self {
        Self {
            job: place,
            name: job.name.clone(),
            stage: job.stage.clone(),
            status: state.status,
            why: Why::of(state.end.as_ref()),
            allow_failure: job.allow_failure,
            image: job.image.clone(),
            timeout_ms: u64::try_from(job.timeout.as_millis()).unwrap_or(u64::MAX),
            attempts: state.attempts.iter().map(AttemptView::of).collect(),
        }
    }
}

impl AttemptView {
    fn of(attempt: &AttemptState) -> Self {
        Self {
            attempt: attempt.id.number,
            phase: attempt.phase,
            created_at: attempt.created_at,
            status: attempt.end.as_ref().map(|end| end.status),
            why: Why::of(attempt.end.as_ref()),
            started_at: attempt.started_at,
            ended_at: attempt.ended_at,
        }
    }
}
