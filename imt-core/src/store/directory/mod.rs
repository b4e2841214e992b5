//! The port [`Directory`](crate::ports::Directory) in memory: one ledger behind one lock.
//!
//! Split as the port is; everything here checks first and then only does what cannot fail. Order of locks: the ledger of
//! pipelines before this one.

mod credentials;
mod deliveries;
mod looks;
mod projects;
mod reports;
mod users;

use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

use async_trait::async_trait;

use super::MemoryStore;
use crate::directory::{
    Action, ApiToken, AuditEntry, CodeKind, Deed, MAX_PAGE, Page, Position, ProjectRecord, Role, SecretHash,
    SecretName, Session, User,
};
use crate::id::{CommitId, PipelineId, ProjectId, UserId};
use crate::ports::{AuditLog, EventId, StoreResult, directory_bounds as bounds};
use crate::secret::{Secret, SecretBytes};
use crate::time::Timestamp;

/// All that a directory holds.
#[derive(Default)]
pub(super) struct DirectoryLedger {
    users: BTreeMap<UserId, User>,
    codes: BTreeMap<(CodeKind, SecretHash), (SecretBytes, Timestamp)>,
    sessions: BTreeMap<SecretHash, Session>,
    tokens: BTreeMap<SecretHash, ApiToken>,
    projects: BTreeMap<ProjectId, ProjectRecord>,
    members: BTreeMap<(ProjectId, UserId), (Role, Timestamp)>,
    secrets: BTreeMap<(ProjectId, SecretName), (Secret, Timestamp)>,
    deliveries: BTreeMap<Position, deliveries::Entry>,
    last_delivery: u64,
    /// The newest commit that each branch is known to have had.
    heads: BTreeMap<(ProjectId, String), (CommitId, Timestamp)>,
    looks: BTreeMap<ProjectId, looks::Entry>,
    reports: BTreeMap<PipelineId, reports::Entry>,
    /// Up to which event reports are queued.
    reported: EventId,
    audit: Vec<AuditEntry>,
}

impl DirectoryLedger {
    fn write(&mut self, project: Option<ProjectId>, action: Action, by: &Deed) {
        let position = Position(self.audit.len() as u64 + 1);
        self.audit.push(AuditEntry { position, project, deed: by.clone(), action });
    }
}

/// How many a page may hold.
fn page_limit(limit: usize) -> usize {
    limit.clamp(1, MAX_PAGE)
}

impl MemoryStore {
    fn directory(&self) -> MutexGuard<'_, DirectoryLedger> {
        self.directory_ledger().lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl AuditLog for MemoryStore {
    async fn note(&self, project: Option<ProjectId>, action: &Action, by: &Deed) -> StoreResult<()> {
        bounds::deed(by)?;
        self.directory().write(project, action.clone(), by);
        Ok(())
    }

    async fn audit(
        &self,
        project: Option<ProjectId>,
        before: Option<Position>,
        limit: usize,
    ) -> StoreResult<Page<AuditEntry, Position>> {
        let limit = page_limit(limit);
        let directory = self.directory();
        let wanted = |entry: &&AuditEntry| {
            (project.is_none() || entry.project == project) && before.is_none_or(|before| entry.position < before)
        };
        let found = directory.audit.iter().rev().filter(wanted).take(limit + 1).cloned().collect();
        Ok(Page::of(found, limit, |entry| entry.position))
    }
}
