//! For programs. The fields are a promise; see `docs/cli.md`.

use std::num::NonZeroU64;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use imt_core::deploy::machine::{DeploymentKind, Path, ServiceSeen, Step, StepFault, StepResult, Watched};
use imt_core::id::{CommitId, DeploymentId, InstanceId, PipelineId, ProjectName, ReleaseId};
use imt_core::lines::{Line, line_text};
use imt_core::ports::{DeploymentSummary, StreamKind};
use imt_core::status::{DeploymentEnd, DeploymentReason, DeploymentStatus};
use imt_core::time::Timestamp;
use serde::Serialize;

use super::{Seen, StepRun};

/// A deployment.
#[derive(Debug, Serialize)]
pub(crate) struct Record<'a> {
    project: &'a ProjectName,
    number: u64,
    id: DeploymentId,
    environment: &'a str,
    host: &'a str,
    commit: &'a CommitId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline: Option<PipelineId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_number: Option<u64>,
    status: DeploymentStatus,
    #[serde(flatten)]
    why: Why<'a>,
    submitted_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<&'a InstanceId>,
    #[serde(flatten)]
    more: Option<More<'a>>,
}

/// Why something ended as it did.
#[derive(Debug, Default, Serialize)]
struct Why<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<DeploymentReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

/// What only the whole of a deployment tells.
#[derive(Debug, Serialize)]
struct More<'a> {
    /// The release that is put back by hand; absent of a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<ReleaseId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel: Option<DeploymentReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_for: Option<&'a str>,
    path: Path,
    #[serde(skip_serializing_if = "Option::is_none")]
    restore: Option<ReleaseId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FaultRecord<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    way_back_failure: Option<FaultRecord<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'a [String],
    steps: Vec<StepRecord<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    watched: Option<WatchedRecord<'a>>,
}

/// The services that a step watches, or has watched last.
#[derive(Debug, Serialize)]
struct WatchedRecord<'a> {
    step: Step,
    services: &'a [ServiceSeen],
}

#[derive(Debug, Serialize)]
struct FaultRecord<'a> {
    step: Step,
    reason: DeploymentReason,
    detail: &'a str,
}

#[derive(Debug, Serialize)]
struct StepRecord<'a> {
    step: Step,
    r#try: u32,
    status: &'static str,
    #[serde(flatten)]
    why: Why<'a>,
    started_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
}

impl<'a> Record<'a> {
    /// One of a list.
    pub(crate) fn listed(deployment: &'a DeploymentSummary) -> Self {
        let target = &deployment.target;
        Self {
            project: &target.project,
            number: deployment.number.get(),
            id: deployment.id,
            environment: &target.environment,
            host: &target.host,
            commit: &deployment.commit,
            pipeline: deployment.pipeline,
            pipeline_number: deployment.pipeline_number.map(NonZeroU64::get),
            status: deployment.status,
            why: Why::of(deployment.end.as_ref()),
            submitted_at: deployment.submitted_at,
            started_at: deployment.started_at,
            ended_at: deployment.ended_at,
            duration_ms: between(deployment.started_at, deployment.ended_at),
            holder: deployment.holder.as_ref(),
            more: None,
        }
    }

    /// One with all that is known of it.
    pub(crate) fn whole(seen: &'a Seen) -> Self {
        let (record, state) = (&seen.record, &seen.record.state);
        let release = match record.spec.kind {
            DeploymentKind::New => None,
            DeploymentKind::Earlier(release) => Some(release),
        };
        Self {
            project: &record.target.project,
            number: record.number.get(),
            id: state.id,
            environment: &record.target.environment,
            host: &record.target.host,
            commit: &record.commit,
            pipeline: record.pipeline,
            pipeline_number: seen.pipeline_number.map(NonZeroU64::get),
            status: state.status,
            why: Why::of(state.verdict.as_ref()),
            submitted_at: record.submitted_at,
            started_at: state.started_at,
            ended_at: state.ended_at,
            duration_ms: between(state.started_at, state.ended_at),
            holder: seen.holder.as_ref(),
            more: Some(More {
                release,
                cancel: state.cancel,
                waits_for: state.waits_for.as_deref(),
                path: state.path,
                restore: state.restore,
                failure: state.failure.as_ref().map(FaultRecord::of),
                way_back_failure: state.way_back_failure.as_ref().map(FaultRecord::of),
                warnings: &state.warnings,
                steps: seen.steps.iter().map(StepRecord::of).collect(),
                watched: state.watched.as_ref().map(WatchedRecord::of),
            }),
        }
    }
}

impl<'a> Why<'a> {
    fn of(end: Option<&'a DeploymentEnd>) -> Self {
        end.map_or_else(Self::default, |end| Self { reason: end.reason, detail: end.detail.as_deref() })
    }
}

impl<'a> WatchedRecord<'a> {
    fn of(Watched { step, services, .. }: &'a Watched) -> Self {
        Self { step: *step, services }
    }
}

impl<'a> FaultRecord<'a> {
    fn of(StepFault { step, fault }: &'a StepFault) -> Self {
        Self { step: *step, reason: fault.reason, detail: &fault.detail }
    }
}

impl<'a> StepRecord<'a> {
    fn of(run: &'a StepRun) -> Self {
        let result = run.end.as_ref().map(|(_, result)| result);
        let (status, why) = match result {
            None => ("under_way", Why::default()),
            Some(StepResult::Done(_)) => ("done", Why::default()),
            Some(StepResult::NotBegun) => ("not_begun", Why::default()),
            Some(StepResult::Failed(fault)) => {
                ("failed", Why { reason: Some(fault.reason), detail: Some(&fault.detail) })
            }
        };
        let ended_at = run.end.as_ref().map(|(at, _)| *at);
        let duration_ms = between(Some(run.began_at), ended_at);
        Self { step: run.step, r#try: run.number, status, why, started_at: run.began_at, ended_at, duration_ms }
    }
}

fn between(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<u64> {
    let span: Duration = to?.since(from?);
    Some(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
}

/// A line of a deployment's log.
#[derive(Serialize)]
struct LogRecord<'a> {
    event: &'static str,
    at: Timestamp,
    deployment: DeploymentId,
    stream: StreamKind,
    line: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line_base64: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    partial: bool,
}

pub(super) fn log_record(
    deployment: DeploymentId,
    stream: StreamKind,
    at: Timestamp,
    line: Line<'_>,
    text: &mut Vec<u8>,
) {
    let read = line_text(line.bytes);
    let record = LogRecord {
        event: "deployment_log",
        at,
        deployment,
        stream,
        line: &read.text,
        line_base64: (!read.exact).then(|| BASE64_STANDARD.encode(line.bytes)),
        partial: line.is_partial(),
    };
    serde_json::to_writer(&mut *text, &record).expect("it has no map and no number, and a vector takes all");
    text.push(b'\n');
}
