//! Commit statuses on their way to the host of a repository: an outbox in which each pipeline has one place.

use std::time::Duration;

use crate::id::{CommitId, PipelineId, ProjectId};
use crate::status::Status;
use crate::time::Timestamp;

/// A status to report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReport {
    /// Whose repository.
    pub project: ProjectId,
    /// Of which pipeline.
    pub pipeline: PipelineId,
    /// The commit.
    pub commit: CommitId,
    /// Where the pipeline stands.
    pub status: Status,
    /// Since when: a later status takes the place of an earlier one, whichever is queued first.
    pub at: Timestamp,
}

/// A status that is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What to report.
    pub what: NewReport,
    /// How often this status was taken, this time included.
    pub tries: u32,
}

/// What is known of a pipeline's newest report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRecord {
    /// The status.
    pub status: Status,
    /// How often it was taken.
    pub tries: u32,
    /// Where it stands.
    pub state: ReportState,
}

/// Where a report stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportState {
    /// It is still to be sent.
    Waits {
        /// What was wrong the last time.
        failure: Option<String>,
    },
    /// It was sent.
    Sent,
    /// It will never be.
    GivenUp {
        /// Why, for people.
        detail: String,
    },
}

/// The right to settle a report, until its lease has run out and somebody else has taken it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportClaim {
    /// Of which pipeline.
    pub pipeline: PipelineId,
    /// The fencing token: grows whenever it is taken or settled.
    pub token: u64,
}

/// A report that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenReport {
    /// The report.
    pub report: Report,
    /// The right to settle it.
    pub claim: ReportClaim,
}

/// How a try at a report ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportSettlement {
    /// It was sent.
    Sent,
    /// It will never be.
    GivenUp {
        /// Why, for people.
        detail: String,
    },
    /// It is to be tried again.
    Again {
        /// What was wrong, for people.
        detail: String,
        /// How long to wait, by the store's clock.
        after: Duration,
    },
}
