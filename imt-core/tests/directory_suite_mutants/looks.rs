//! Looks, with a rule broken.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use imt_core::directory::{DueLook, LookEnd, LookRecord, Push};
use imt_core::id::{CommitId, ProjectId};
use imt_core::ports::{Looks, Sifted, StoreResult};
use imt_core::time::Timestamp;

use super::{Flaw, Mutant};

#[async_trait]
impl Looks for Mutant {
    async fn take_looks(&self, age: Duration, limit: usize) -> StoreResult<Sifted<DueLook>> {
        let age = if self.is(Flaw::LooksRepeat) { Duration::ZERO } else { age };
        self.inner.take_looks(age, limit).await
    }

    async fn settle_look(&self, project: ProjectId, end: &LookEnd) -> StoreResult<()> {
        let mut end = end.clone();
        if let (LookEnd::Failed { rest, .. }, true) = (&mut end, self.is(Flaw::AgainAtOnce)) {
            *rest = Duration::ZERO;
        }
        self.inner.settle_look(project, &end).await
    }

    async fn want_look(&self, project: ProjectId) -> StoreResult<()> {
        self.inner.want_look(project).await
    }

    async fn look(&self, project: ProjectId) -> StoreResult<LookRecord> {
        let mut look = self.inner.look(project).await?;
        if self.is(Flaw::SinceMoves) {
            look.since = look.seen_at;
        }
        Ok(look)
    }

    async fn heads(&self, project: ProjectId) -> StoreResult<BTreeMap<String, CommitId>> {
        self.inner.heads(project).await
    }

    async fn note_heads(&self, project: ProjectId, heads: &[Push], at: Timestamp) -> StoreResult<()> {
        if self.is(Flaw::HeadsUnnoted) {
            return Ok(());
        }
        self.inner.note_heads(project, heads, at).await
    }
}
