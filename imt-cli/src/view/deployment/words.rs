//! Ends of deployments in words for people.

use imt_core::status::{DeploymentEnd, DeploymentReason, DeploymentStatus};

/// `rolled back: a service is not healthy`, `cancelled`, `success`.
pub(crate) fn verdict(end: &DeploymentEnd) -> String {
    let status = status(end.status);
    match end.reason {
        None => status,
        Some(DeploymentReason::User) if end.status == DeploymentStatus::Cancelled => status,
        Some(reason) => format!("{status}: {}", why(reason)),
    }
}

/// `rolled back`, `deploying`.
pub(super) fn status(status: DeploymentStatus) -> String {
    status.as_str().replace('_', " ")
}

/// A reason in a few words.
pub(super) const fn why(reason: DeploymentReason) -> &'static str {
    match reason {
        DeploymentReason::User => "cancelled",
        DeploymentReason::Superseded => "a newer deployment took its place",
        DeploymentReason::Timeout => "a step took too long",
        DeploymentReason::InvalidModel => "the compose files cannot be used",
        DeploymentReason::BuildFailed => "an image could not be built",
        DeploymentReason::PushFailed => "an image could not be pushed",
        DeploymentReason::Locked => "another deployment holds the target",
        DeploymentReason::TargetUnfit => "the target lacks what it needs",
        DeploymentReason::DiskFull => "the target's disk is full",
        DeploymentReason::Conflict => "a name or port belongs to a stranger",
        DeploymentReason::TransferFailed => "files could not be put on the target",
        DeploymentReason::PullFailed => "the target could not fetch an image",
        DeploymentReason::HookFailed => "a hook said no",
        DeploymentReason::UpFailed => "docker compose up said no",
        DeploymentReason::Unhealthy => "a service is not healthy",
        DeploymentReason::Mismatch => "what runs is not what was meant",
        DeploymentReason::ContactLost => "the target did not answer",
        DeploymentReason::LockLost => "another deployment took the target over",
        DeploymentReason::ReleaseNotFound => "the release is not on the target",
        DeploymentReason::Internal => "a fault in imt",
    }
}
