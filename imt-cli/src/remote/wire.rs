//! What a server says, as far as it is read here: a later one may say more.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use bytes::Bytes;
use imt_core::deploy::machine;
use imt_core::deploy::release::ReleaseVerdict;
use imt_core::id::{CommitId, DeploymentId, InstanceId, PipelineId, ProjectName, ReleaseId};
use imt_core::pipeline::TriggerEvent;
use imt_core::plan::CommitNote;
use imt_core::ports::{StreamKind, Waiting};
use imt_core::schedule::{self, AttemptPhase, CancelLevel};
use imt_core::status::{DeploymentReason, DeploymentStatus, Reason, Status};
use imt_core::time::Timestamp;
use serde::Deserialize;

/// A piece of a list.
#[derive(Debug, Deserialize)]
pub(crate) struct Listed<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<String>,
}

/// What is wrong.
#[derive(Debug, Deserialize)]
pub(super) struct Problem {
    pub(super) detail: String,
    pub(super) request_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Project {
    pub(super) name: ProjectName,
}

/// Why something ended as it did.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Why {
    pub(super) reason: Option<Reason>,
    pub(super) exit_code: Option<i32>,
    pub(super) detail: Option<String>,
}

/// A pipeline in a list.
#[derive(Debug, Deserialize)]
pub(crate) struct Line {
    pub(crate) id: PipelineId,
    pub(crate) number: NonZeroU64,
    pub(super) status: Status,
    #[serde(flatten)]
    pub(super) why: Why,
    pub(super) event: TriggerEvent,
    pub(super) commit: Option<CommitId>,
    pub(super) branch: Option<String>,
    #[serde(flatten)]
    pub(super) note: CommitNote,
    pub(super) submitted_at: Timestamp,
    pub(super) started_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) runner: Option<InstanceId>,
}

/// A pipeline with its jobs.
#[derive(Debug, Deserialize)]
pub(crate) struct Pipeline {
    #[serde(flatten)]
    pub(crate) line: Line,
    pub(super) repository: Option<String>,
    pub(super) labels: Vec<String>,
    pub(super) cancel: Option<CancelLevel>,
    pub(crate) waiting: Option<Waiting>,
    pub(super) jobs: Vec<Job>,
    pub(super) deployments: Vec<Deployment>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Job {
    pub(super) name: String,
    pub(super) stage: String,
    pub(super) status: Status,
    #[serde(flatten)]
    pub(super) why: Why,
    pub(super) allow_failure: bool,
    pub(super) image: Option<String>,
    pub(super) timeout_ms: u64,
    pub(super) attempts: Vec<Attempt>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Attempt {
    #[serde(rename = "attempt")]
    pub(super) number: u32,
    pub(super) phase: AttemptPhase,
    pub(super) created_at: Timestamp,
    pub(super) status: Option<Status>,
    #[serde(flatten)]
    pub(super) why: Why,
    pub(super) started_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
}

/// A deployment.
#[derive(Debug, Deserialize)]
pub(crate) struct Deployment {
    pub(crate) id: DeploymentId,
    pub(crate) number: NonZeroU64,
    pub(crate) environment: String,
    pub(crate) host: String,
    pub(crate) commit: CommitId,
    pub(super) pipeline: Option<PipelineId>,
    pub(super) pipeline_number: Option<NonZeroU64>,
    pub(super) status: DeploymentStatus,
    pub(super) reason: Option<DeploymentReason>,
    pub(super) detail: Option<String>,
    pub(super) submitted_at: Timestamp,
    pub(super) started_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
}

/// A release that a server can put back.
#[derive(Debug, Deserialize)]
pub(crate) struct Release {
    pub(super) id: ReleaseId,
    pub(super) commit: CommitId,
    pub(super) verdict: ReleaseVerdict,
    pub(super) created_at: Timestamp,
    pub(super) judged_at: Timestamp,
    pub(crate) images: BTreeMap<String, String>,
}

/// A piece of a log.
#[derive(Debug, Deserialize)]
pub(super) struct Piece {
    pub(super) offset: u64,
    pub(super) line: u64,
    pub(super) stream: StreamKind,
    pub(super) at: Timestamp,
    pub(super) text: Option<String>,
    pub(super) base64: Option<String>,
}

/// Some of a job's log.
#[derive(Debug, Deserialize)]
pub(super) struct LogPieces {
    pub(super) items: Vec<Piece>,
    pub(super) next_offset: u64,
}

/// What is told of a pipeline that is followed.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum PipelineMessage {
    Event {
        change: schedule::Change,
        position: imt_core::feed::Position,
    },
    Log {
        job: u32,
        attempt: u32,
        #[serde(flatten)]
        piece: Piece,
    },
}

/// What is told of a deployment that is followed.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum DeploymentMessage {
    Event {
        change: machine::Change,
        position: imt_core::feed::DeploymentPosition,
    },
    Log {
        #[serde(flatten)]
        piece: Piece,
    },
}

impl Piece {
    /// Its bytes; `None` where it has none that can be read.
    pub(super) fn bytes(&mut self) -> Option<Bytes> {
        use base64::Engine as _;
        match (self.text.take(), self.base64.take()) {
            (Some(text), _) => Some(text.into()),
            (None, Some(encoded)) => base64::engine::general_purpose::STANDARD.decode(encoded).ok().map(Bytes::from),
            (None, None) => None,
        }
    }
}
