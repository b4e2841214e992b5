//! The port [`AuditLog`].

use async_trait::async_trait;

use crate::directory::{Action, AuditEntry, Deed, Page, Position};
use crate::id::ProjectId;
use crate::ports::StoreResult;

/// Who did what. Part of [`Directory`](crate::ports::Directory); it only ever grows.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Writes an entry about what was done through another port: the methods of this one write their own.
    async fn note(&self, project: Option<ProjectId>, action: &Action, by: &Deed) -> StoreResult<()>;

    /// Entries of one project, or of all and the server itself, newest first, before a given place.
    async fn audit(
        &self,
        project: Option<ProjectId>,
        before: Option<Position>,
        limit: usize,
    ) -> StoreResult<Page<AuditEntry, Position>>;
}
