//! Changes: the facts that a commit records, in the order they happened.

use serde::{Deserialize, Serialize};

use crate::id::{AttemptId, InstanceId, JobIndex};
use crate::status::{End, Reason};
use crate::time::Timestamp;

/// One fact about one pipeline. The rows of a store are the fold of its changes, and each change is also an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// When it was decided, by the deciding process's clock.
    pub at: Timestamp,
    /// What happened.
    pub kind: ChangeKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ChangeKind {
    /// A runner took the pipeline up.
    PipelineStarted,
    /// The commit is checked out in a workspace.
    WorkspaceReady {
        /// Who made it: what it holds is on that instance's host.
        instance: InstanceId,
    },
    /// The workspace is out of reach, with the host it is on, and every job that had begun may run again: everything begins
    /// anew, from the first stage.
    StartedOver,
    /// A job's turn has come; its attempt is being made ready (image, container).
    AttemptCreated {
        /// The new attempt.
        attempt: AttemptId,
    },
    /// The attempt is ready and its go follows this commit. Duration and timeout count from here.
    AttemptStarted {
        /// The attempt.
        attempt: AttemptId,
    },
    /// The attempt is to be stopped.
    StopRequested {
        /// The attempt.
        attempt: AttemptId,
        /// Why.
        cause: StopCause,
    },
    /// The attempt is over and its log is whole.
    AttemptEnded {
        /// The attempt.
        attempt: AttemptId,
        /// How it ended.
        end: End,
        /// Whether its script may have begun.
        began: bool,
    },
    /// The job is over, or never began.
    JobEnded {
        /// The job.
        job: JobIndex,
        /// How it ended.
        end: End,
    },
    /// Somebody asked for the end of the pipeline.
    CancelRequested {
        /// How hard.
        level: CancelLevel,
        /// Why (`user`, `superseded`, `shutdown`).
        reason: Reason,
    },
    /// Every job has ended and the verdict is known; cleaning up follows.
    Concluded {
        /// How the pipeline will end.
        end: End,
    },
    /// The pipeline is over and nothing of it is left on the machine.
    PipelineEnded {
        /// How it ended.
        end: End,
    },
}

/// How hard a cancel is. Ordered: a later request can only escalate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelLevel {
    /// SIGTERM, the job's grace, then SIGKILL.
    Graceful,
    /// SIGKILL at once.
    Kill,
}

/// Why an attempt is being stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopCause {
    /// It ran longer than its timeout.
    Timeout,
    /// The pipeline is being cancelled.
    Cancel,
}
