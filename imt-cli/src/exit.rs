//! How `imt` ends, as a number: the one place that knows.

use std::process::ExitCode;

use imt_core::status::{DeploymentEnd, DeploymentReason, DeploymentStatus, Status};

/// The exit codes, as documented in `imt --help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// What was asked for is done; a pipeline succeeded, or all of it was skipped.
    Success = 0,
    /// A fault in `imt` itself.
    Internal = 1,
    /// Wrong usage: an argument, the pipeline file, a directory or commit that is not there.
    Usage = 2,
    /// A job said no.
    Failed = 10,
    /// The machinery could not do its part: no engine, no image, no disk space.
    Errored = 11,
    /// Somebody asked for the end.
    Cancelled = 12,
    /// A deployment failed, and the last good release is back.
    RolledBack = 20,
    /// A deployment failed, and so did the way back.
    RollbackFailed = 21,
    /// Nobody can say what became of a deployment.
    Unknown = 22,
}

impl Exit {
    /// The code for a pipeline that ended with this status.
    pub(crate) const fn of(status: Status) -> Self {
        match status {
            Status::Success | Status::Skipped => Self::Success,
            Status::Failed => Self::Failed,
            Status::Errored => Self::Errored,
            Status::Cancelled => Self::Cancelled,
            // Not terminal: nobody may be told that it went well.
            Status::Pending | Status::Running => Self::Internal,
        }
    }
}

impl Exit {
    /// The code for a deployment that ended so.
    pub(crate) fn of_deployment(end: &DeploymentEnd) -> Self {
        match end.status {
            DeploymentStatus::Success => Self::Success,
            DeploymentStatus::RolledBack => Self::RolledBack,
            DeploymentStatus::RollbackFailed => Self::RollbackFailed,
            DeploymentStatus::Unknown => Self::Unknown,
            DeploymentStatus::Cancelled => Self::Cancelled,
            DeploymentStatus::Failed => Self::of_failure(end.reason),
            // Not terminal: nobody may be told that it went well.
            DeploymentStatus::Pending | DeploymentStatus::Deploying => Self::Internal,
        }
    }

    /// The code for a deployment that failed for this reason and left its target as it was.
    pub(crate) const fn of_failure(reason: Option<DeploymentReason>) -> Self {
        use DeploymentReason as R;
        match reason {
            Some(R::InvalidModel) => Self::Usage,
            Some(R::BuildFailed | R::HookFailed | R::UpFailed | R::Unhealthy | R::Mismatch | R::Conflict) | None => {
                Self::Failed
            }
            Some(R::User | R::Superseded) => Self::Cancelled,
            Some(R::Internal) => Self::Internal,
            Some(_) => Self::Errored,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_documented_ones() {
        let codes = [Exit::Success, Exit::Internal, Exit::Usage, Exit::Failed, Exit::Errored, Exit::Cancelled];
        assert_eq!(codes.map(|exit| exit as u8), [0, 1, 2, 10, 11, 12]);
        let codes = [Exit::RolledBack, Exit::RollbackFailed, Exit::Unknown];
        assert_eq!(codes.map(|exit| exit as u8), [20, 21, 22]);
        assert_eq!(Exit::of(Status::Skipped), Exit::Success);
        assert_eq!(Exit::of(Status::Running), Exit::Internal);
    }
}
