//! For programs. The fields are a promise; see `docs/cli.md`.

use std::time::Duration;

use imt_core::id::{CommitId, DeploymentId, InstanceId, PipelineId, ProjectName};
use imt_core::pipeline::TriggerEvent;
use imt_core::plan::{CommitNote, PlannedJob};
use imt_core::ports::{DeploymentSummary, PipelineSummary, Waiting};
use imt_core::schedule::{AttemptPhase, AttemptState, CancelLevel, JobState};
use imt_core::status::{DeploymentReason, DeploymentStatus, End, Reason, Status};
use imt_core::time::Timestamp;
use serde::Serialize;

use super::Seen;
use crate::view::board::Board;

/// A pipeline.
#[derive(Debug, Serialize)]
pub(crate) struct Record<'a> {
    project: &'a ProjectName,
    number: u64,
    id: PipelineId,
    status: Status,
    #[serde(flatten)]
    why: Why<'a>,
    event: TriggerEvent,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'a CommitId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<&'a str>,
    #[serde(flatten)]
    note: &'a CommitNote,
    submitted_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runner: Option<&'a InstanceId>,
    #[serde(flatten)]
    more: Option<More<'a>>,
}

/// What only the whole of a pipeline tells.
#[derive(Debug, Serialize)]
struct More<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    labels: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel: Option<CancelLevel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<&'a Waiting>,
    jobs: Vec<JobRecord<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deployments: Vec<DeploymentNamed<'a>>,
}

/// A deployment as far as the pipeline that led to it tells of it.
#[derive(Debug, Serialize)]
struct DeploymentNamed<'a> {
    number: u64,
    id: DeploymentId,
    environment: &'a str,
    host: &'a str,
    status: DeploymentStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<DeploymentReason>,
}

/// Why something ended as it did.
#[derive(Debug, Default, Serialize)]
struct Why<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct JobRecord<'a> {
    stage: &'a str,
    job: &'a str,
    status: Status,
    #[serde(flatten)]
    why: Why<'a>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    allow_failure: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    attempts: Vec<AttemptRecord<'a>>,
}

#[derive(Debug, Serialize)]
struct AttemptRecord<'a> {
    attempt: u32,
    phase: AttemptPhase,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(flatten)]
    why: Why<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
}

impl<'a> Record<'a> {
    /// One of a list.
    pub(crate) fn listed(project: &'a ProjectName, pipeline: &'a PipelineSummary) -> Self {
        Self {
            project,
            number: pipeline.number.get(),
            id: pipeline.id,
            status: pipeline.status,
            why: Why::of(pipeline.end.as_ref()),
            event: pipeline.event,
            commit: Some(&pipeline.commit).filter(|commit| **commit != CommitId::none()),
            branch: pipeline.branch.as_deref(),
            note: &pipeline.note,
            submitted_at: pipeline.submitted_at,
            started_at: pipeline.started_at,
            ended_at: pipeline.ended_at,
            duration_ms: between(pipeline.started_at, pipeline.ended_at),
            runner: pipeline.holder.as_ref(),
            more: None,
        }
    }

    /// One with all that is known of it.
    pub(crate) fn whole(seen: &'a Seen) -> Self {
        let (plan, state) = (&seen.record.plan, &seen.record.state);
        let trigger = &plan.trigger;
        Self {
            project: &plan.project,
            number: seen.record.number.get(),
            id: state.id,
            status: state.status,
            why: Why::of(state.verdict.as_ref()),
            event: trigger.event,
            commit: Some(&trigger.commit).filter(|commit| **commit != CommitId::none()),
            branch: trigger.branch.as_deref(),
            note: &trigger.note,
            submitted_at: seen.record.submitted_at,
            started_at: state.started_at,
            ended_at: state.ended_at,
            duration_ms: between(state.started_at, state.ended_at),
            runner: None,
            more: Some(More {
                repository: trigger.repository.as_deref(),
                labels: &plan.runs_on,
                cancel: state.cancel.map(|(level, _)| level),
                waiting: seen.waiting.as_ref(),
                jobs: plan.jobs.iter().zip(&state.jobs).map(|(job, state)| JobRecord::of(job, state)).collect(),
                deployments: seen.deployments.iter().map(DeploymentNamed::of).collect(),
            }),
        }
    }
}

impl<'a> Why<'a> {
    fn of(end: Option<&'a End>) -> Self {
        end.map_or_else(Self::default, |end| Self {
            reason: end.reason,
            exit_code: end.exit_code,
            detail: end.detail.as_deref(),
        })
    }
}

impl<'a> DeploymentNamed<'a> {
    fn of(deployment: &'a DeploymentSummary) -> Self {
        Self {
            number: deployment.number.get(),
            id: deployment.id,
            environment: &deployment.target.environment,
            host: &deployment.target.host,
            status: deployment.status,
            reason: deployment.end.as_ref().and_then(|end| end.reason),
        }
    }
}

impl<'a> JobRecord<'a> {
    fn of(job: &'a PlannedJob, state: &'a JobState) -> Self {
        Self {
            stage: &job.stage,
            job: &job.name,
            status: state.status,
            why: Why::of(state.end.as_ref()),
            allow_failure: job.allow_failure,
            duration_ms: state.attempts.last().and_then(Board::ran).map(millis),
            attempts: state.attempts.iter().map(AttemptRecord::of).collect(),
        }
    }
}

impl<'a> AttemptRecord<'a> {
    fn of(attempt: &'a AttemptState) -> Self {
        Self {
            attempt: attempt.id.number,
            phase: attempt.phase,
            status: attempt.end.as_ref().map(|end| end.status),
            why: Why::of(attempt.end.as_ref()),
            started_at: attempt.started_at,
            ended_at: attempt.ended_at,
            duration_ms: Board::ran(attempt).map(millis),
        }
    }
}

fn between(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<u64> {
    Some(millis(to?.since(from?)))
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
