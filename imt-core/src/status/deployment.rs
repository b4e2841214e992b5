//! How a deployment stands, and why it ended. Decides nothing; transitions live in `deploy`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a deployment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentStatus {
    /// Accepted, nothing done yet.
    Pending,
    /// At work: on its way to the new release, or on its way back.
    Deploying,
    /// The target runs the new release, and it is healthy.
    Success,
    /// The new release does not run, and no earlier one had to be put back: the target is as it was, or has no good release.
    Failed,
    /// The new release failed, and the last good one runs again.
    RolledBack,
    /// The new release failed, and so did putting back the last good one.
    RollbackFailed,
    /// Nobody can say what the target runs.
    Unknown,
    /// Ended because somebody asked for it, with the target as it was.
    Cancelled,
}

impl DeploymentStatus {
    /// Whether it never changes again.
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::Pending | Self::Deploying)
    }

    /// The word as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Deploying => "deploying",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
            Self::RollbackFailed => "rollback_failed",
            Self::Unknown => "unknown",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for DeploymentStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a deployment ended as it did. Of a rollback it is the reason of the failure that called for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentReason {
    /// A person asked for the end.
    User,
    /// A newer deployment to the same target took this one's place while it waited.
    Superseded,
    /// A step took longer than it may.
    Timeout,
    /// The compose files, or what they need, cannot be used.
    InvalidModel,
    /// An image could not be built.
    BuildFailed,
    /// An image could not be pushed.
    PushFailed,
    /// Another deployment holds the target.
    Locked,
    /// The target does not have what a deployment needs: versions, permissions.
    TargetUnfit,
    /// A disk of the target has no room left.
    DiskFull,
    /// A container name, or a port, belongs to a stranger.
    Conflict,
    /// Files could not be put on the target, or the merged model there is not what was meant.
    TransferFailed,
    /// An image could not be fetched by the target.
    PullFailed,
    /// A hook said no.
    HookFailed,
    /// `docker compose up` said no.
    UpFailed,
    /// A service did not become healthy.
    Unhealthy,
    /// What runs is not what was meant to run.
    Mismatch,
    /// The target did not answer until the deadline of a step.
    ContactLost,
    /// Another deployment took the target over while this one did not renew its lock.
    LockLost,
    /// The release to go back to is not on the target.
    ReleaseNotFound,
    /// A fault in IMT itself.
    Internal,
}

impl DeploymentReason {
    /// The word as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Superseded => "superseded",
            Self::Timeout => "timeout",
            Self::InvalidModel => "invalid_model",
            Self::BuildFailed => "build_failed",
            Self::PushFailed => "push_failed",
            Self::Locked => "locked",
            Self::TargetUnfit => "target_unfit",
            Self::DiskFull => "disk_full",
            Self::Conflict => "conflict",
            Self::TransferFailed => "transfer_failed",
            Self::PullFailed => "pull_failed",
            Self::HookFailed => "hook_failed",
            Self::UpFailed => "up_failed",
            Self::Unhealthy => "unhealthy",
            Self::Mismatch => "mismatch",
            Self::ContactLost => "contact_lost",
            Self::LockLost => "lock_lost",
            Self::ReleaseNotFound => "release_not_found",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for DeploymentReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The end of a deployment: a terminal status with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentEnd {
    /// A terminal status.
    pub status: DeploymentStatus,
    /// Why, absent for a plain success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<DeploymentReason>,
    /// A sentence for people: what it was and what to do about it. Nothing decides by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl DeploymentEnd {
    /// A plain success.
    pub const fn success() -> Self {
        Self { status: DeploymentStatus::Success, reason: None, detail: None }
    }

    /// An end with a reason and nothing more to say.
    pub const fn because(status: DeploymentStatus, reason: DeploymentReason) -> Self {
        Self { status, reason: Some(reason), detail: None }
    }

    /// The same end with a sentence for people; an empty one says nothing.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into()).filter(|text| !text.is_empty());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_serialised() {
        use DeploymentStatus as S;
        for status in [S::Pending, S::RolledBack, S::RollbackFailed, S::Unknown] {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        for reason in [DeploymentReason::ContactLost, DeploymentReason::UpFailed, DeploymentReason::InvalidModel] {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
    }

    #[test]
    fn only_what_has_begun_or_waits_may_change() {
        use DeploymentStatus as S;
        let over = [S::Success, S::Failed, S::RolledBack, S::RollbackFailed, S::Unknown, S::Cancelled];
        assert!(over.into_iter().all(S::is_terminal));
        assert!(![S::Pending, S::Deploying].into_iter().any(S::is_terminal));
    }
}
