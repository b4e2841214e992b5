//! How a pipeline, a job or a deployment stands, and why it ended: the words everyone shares.
//!
//! Decides nothing; transitions live in `schedule` and `deploy`.

mod deployment;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use deployment::{DeploymentEnd, DeploymentReason, DeploymentStatus};

/// Where a pipeline or a job stands.
///
/// *failed* = the user's job said no; *errored* = our machinery did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Accepted, nothing done yet.
    Pending,
    /// At work.
    Running,
    /// Ended well.
    Success,
    /// Ended by the user's own job.
    Failed,
    /// Ended because the machinery could not do its part.
    Errored,
    /// Ended because somebody asked for it.
    Cancelled,
    /// Never begun, and it never will be.
    Skipped,
}

impl Status {
    /// Whether it never changes again.
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }

    /// The word as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Errored => "errored",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a pipeline, job or attempt ended as it did. Typed, so that nobody has to parse a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The script ended with a code other than 0.
    ExitCode,
    /// A signal that we did not send ended the script.
    Signal,
    /// The script used more memory than it was given.
    OutOfMemory,
    /// The script ran longer than its `timeout`.
    Timeout,
    /// A person asked for the end.
    User,
    /// A newer pipeline took this one's place.
    Superseded,
    /// The process that drove the pipeline was told to stop.
    Shutdown,
    /// Whoever drove the attempt is gone and so is its outcome.
    RunnerLost,
    /// The image has no `sh`.
    NoShell,
    /// The registry or the engine knows no such image.
    ImageNotFound,
    /// The registry refused our credentials for the image, or asked for some.
    ImagePullDenied,
    /// The image could not be fetched for another reason.
    ImagePullFailed,
    /// No container engine answered.
    EngineUnavailable,
    /// The container engine refused us.
    EnginePermission,
    /// A disk has no room left.
    DiskFull,
    /// The commit is not in the repository.
    CommitNotFound,
    /// The repository could not be read.
    CheckoutFailed,
    /// The workspace could not be made or used.
    WorkspaceFailed,
    /// The job asks for something this executor cannot do.
    Unsupported,
    /// A job of an earlier stage did not succeed.
    EarlierStageFailed,
    /// The job's `when` did not match.
    When,
    /// The user selected other jobs.
    NotSelected,
    /// Its jobs have succeeded, but the deployment that was to follow could not be accepted.
    NotDeployed,
    /// A fault in IMT itself.
    Internal,
}

impl Reason {
    /// The word as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ExitCode => "exit_code",
            Self::Signal => "signal",
            Self::OutOfMemory => "out_of_memory",
            Self::Timeout => "timeout",
            Self::User => "user",
            Self::Superseded => "superseded",
            Self::Shutdown => "shutdown",
            Self::RunnerLost => "runner_lost",
            Self::NoShell => "no_shell",
            Self::ImageNotFound => "image_not_found",
            Self::ImagePullDenied => "image_pull_denied",
            Self::ImagePullFailed => "image_pull_failed",
            Self::EngineUnavailable => "engine_unavailable",
            Self::EnginePermission => "engine_permission",
            Self::DiskFull => "disk_full",
            Self::CommitNotFound => "commit_not_found",
            Self::CheckoutFailed => "checkout_failed",
            Self::WorkspaceFailed => "workspace_failed",
            Self::Unsupported => "unsupported",
            Self::EarlierStageFailed => "earlier_stage_failed",
            Self::When => "when",
            Self::NotSelected => "not_selected",
            Self::NotDeployed => "not_deployed",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The end of a pipeline, job or attempt: a terminal status with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// A terminal status.
    pub status: Status,
    /// Why, absent for a plain success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The script's exit code, where it got as far as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// A sentence for people: what it was and what to do about it. Nothing decides by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl End {
    /// A plain success.
    pub const fn success() -> Self {
        Self { status: Status::Success, reason: None, exit_code: None, detail: None }
    }

    /// An end with a reason and nothing more to say.
    pub const fn because(status: Status, reason: Reason) -> Self {
        Self { status, reason: Some(reason), exit_code: None, detail: None }
    }

    /// The same end with a sentence for people.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The same end with the script's exit code.
    #[must_use]
    pub const fn with_exit_code(mut self, code: i32) -> Self {
        self.exit_code = Some(code);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_serialised() {
        for status in [Status::Pending, Status::Errored, Status::Skipped] {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        for reason in [Reason::OutOfMemory, Reason::RunnerLost, Reason::When, Reason::NoShell] {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
    }
}
