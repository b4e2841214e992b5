//! The port to where commits come from.

use std::path::Path;

use async_trait::async_trait;

use crate::id::{CommitId, PipelineId, ProjectName};
use crate::ports::error::Failure;

/// One order to fill a workspace.
#[derive(Debug, Clone, Copy)]
pub struct Checkout<'a> {
    /// For which pipeline (a source that takes snapshots keys them by it).
    pub pipeline: PipelineId,
    /// For which project, where there is one: a source may have credentials for it that are nobody else's.
    pub project: Option<&'a ProjectName>,
    /// Where from: a URL or an absolute path, as the plan's trigger has it.
    pub repository: &'a str,
    /// The exact commit.
    pub commit: &'a CommitId,
    /// An existing, empty directory that becomes the work tree.
    pub into: &'a Path,
}

/// Where commits come from.
///
/// All methods may be called concurrently, also for the same repository.
#[async_trait]
pub trait Source: Send + Sync {
    /// Fills a directory with exactly one commit.
    ///
    /// *Called* once per pipeline before its first job, again after a crash on a fresh directory. *Idempotent*: yes, on an
    /// empty directory. *Cancellation*: dropping the future ends every child process; the directory is then garbage that
    /// the caller removes. The result holds no credential and nothing that points outside the directory.
    ///
    /// # Errors
    /// [`FailureKind::CommitNotFound`](crate::ports::FailureKind::CommitNotFound) when the repository has no such commit,
    /// `CheckoutFailed` when it cannot be read, `DiskFull` when there is no room.
    async fn checkout(&self, order: Checkout<'_>) -> Result<(), Failure>;

    /// Finds the commit that a branch, tag or (abbreviated) hash stands for now.
    ///
    /// *Cancellation*: safe. The reference is data: whatever it looks like, it is never taken for an option.
    ///
    /// # Errors
    /// As [`checkout`](Self::checkout).
    async fn resolve(&self, repository: &str, reference: &str) -> Result<CommitId, Failure>;
}
