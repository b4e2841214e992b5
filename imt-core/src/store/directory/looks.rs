//! The port [`Looks`] in memory.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;

use super::{DirectoryLedger, page_limit};
use crate::directory::{DueLook, LookEnd, LookRecord, Push};
use crate::id::{CommitId, ProjectId};
use crate::ports::{Looks, Sifted, StoreResult, directory_bounds as bounds};
use crate::store::MemoryStore;
use crate::time::Timestamp;

/// The looks at a project.
#[derive(Default)]
pub(super) struct Entry {
    record: LookRecord,
    failures: u32,
    /// When somebody was given the newest one.
    taken_at: Option<Timestamp>,
    rests_until: Option<Timestamp>,
}

impl DirectoryLedger {
    /// From now on it is as if nobody had looked yet.
    pub(super) fn forget_look(&mut self, project: ProjectId) {
        self.looks.remove(&project);
    }

    fn take_looks(&mut self, age: Duration, limit: usize, now: Timestamp) -> Vec<DueLook> {
        let Self { projects, looks, .. } = self;
        let mut due: Vec<_> = projects
            .values()
            .filter(|project| project.archived_at.is_none())
            .filter_map(|project| {
                let look = looks.entry(project.id).or_default();
                let is_due = look.taken_at.is_none_or(|at| now.since(at) >= age);
                (is_due && look.rests_until.is_none_or(|until| until <= now)).then_some((look.taken_at, project))
            })
            .collect();
        due.sort_by_key(|(taken_at, _)| *taken_at);
        let taken = due.into_iter().take(limit).map(|(_, project)| {
            let look = looks.entry(project.id).or_default();
            look.taken_at = Some(now);
            DueLook { project: project.clone(), failures: look.failures }
        });
        taken.collect()
    }

    fn settle_look(&mut self, project: ProjectId, end: &LookEnd, now: Timestamp) -> StoreResult<()> {
        self.project(project)?;
        let look = self.looks.entry(project).or_default();
        match end {
            LookEnd::Seen { repo_url, at } => {
                let is_same = look.record.repo_url.as_ref() == Some(repo_url);
                let since = if is_same { look.record.since } else { Some(*at) };
                look.record = LookRecord { repo_url: Some(repo_url.clone()), since, seen_at: Some(*at), failure: None };
                (look.failures, look.rests_until) = (0, None);
            }
            LookEnd::Failed { detail, rest } => {
                look.record.failure = Some(bounds::detail(detail));
                look.failures = look.failures.saturating_add(1);
                look.rests_until = Some(now.after(*rest));
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Looks for MemoryStore {
    async fn take_looks(&self, age: Duration, limit: usize) -> StoreResult<Sifted<DueLook>> {
        let found = self.directory().take_looks(age, page_limit(limit), self.time());
        Ok(Sifted { found, ..Sifted::default() })
    }

    async fn settle_look(&self, project: ProjectId, end: &LookEnd) -> StoreResult<()> {
        self.directory().settle_look(project, end, self.time())
    }

    async fn want_look(&self, project: ProjectId) -> StoreResult<()> {
        let mut directory = self.directory();
        directory.project(project)?;
        let look = directory.looks.entry(project).or_default();
        (look.taken_at, look.rests_until) = (None, None);
        Ok(())
    }

    async fn look(&self, project: ProjectId) -> StoreResult<LookRecord> {
        let directory = self.directory();
        directory.project(project)?;
        Ok(directory.looks.get(&project).map(|look| look.record.clone()).unwrap_or_default())
    }

    async fn heads(&self, project: ProjectId) -> StoreResult<BTreeMap<String, CommitId>> {
        let directory = self.directory();
        let heads = directory.heads.iter().filter(|((of, _), _)| *of == project);
        Ok(heads.map(|((_, branch), (commit, _))| (branch.clone(), commit.clone())).collect())
    }

    async fn note_heads(&self, project: ProjectId, heads: &[Push], at: Timestamp) -> StoreResult<()> {
        bounds::heads(heads)?;
        let mut directory = self.directory();
        directory.project(project)?;
        for head in heads {
            directory.note_head(project, head, at);
        }
        Ok(())
    }
}
