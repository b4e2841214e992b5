//! One file of a commit, and its message, without a checkout: what somebody has to know before there is a workspace.

use std::path::{Component, Path};

use imt_core::id::CommitId;
use imt_core::plan::CommitNote;
use imt_core::ports::{Failure, FailureKind};
use tokio::time::Instant;

use crate::calls::parse_commit;
use crate::command::deadline_in;
use crate::mirror::{Found, Mirror};
use crate::source::GitSource;
use crate::url::Repository;

/// A file as it is in a commit.
#[derive(Debug)]
pub struct OneFile {
    /// What is in it; `None` where the commit has no such file.
    pub content: Option<Vec<u8>>,
    /// What the commit says of itself.
    pub note: CommitNote,
}

impl GitSource {
    /// What is in a regular file of a commit, by its path in the repository, and what the commit says of itself. The commit is
    /// fetched into the mirror if it is not there. *Cancellation*: as [`Source`](imt_core::ports::Source).
    ///
    /// # Errors
    /// As [`Source::checkout`](imt_core::ports::Source::checkout), and `CheckoutFailed` for a file of more than `most` bytes.
    pub async fn file(&self, repository: &str, commit: &CommitId, path: &str, most: usize) -> Result<OneFile, Failure> {
        let deadline = deadline_in(self.deadline);
        let (repository, commit) = (self.allowed(repository).await?, parse_commit(commit)?);
        let mirror = self.mirror_without_network(&repository, &commit, deadline).await?;
        loop {
            let found = self.brought(&mirror, &repository, &commit, deadline).await?;
            match self.content(&mirror, &commit, path, most).await {
                Err(_) if self.was_mistaken(&found, &mirror, &commit).await? => {}
                content => return Ok(OneFile { content: content?, note: found.note }),
            }
        }
    }

    /// The message of a commit, its beginning where it is long. The commit is fetched into the mirror if it is not there.
    /// *Cancellation*: as [`Source`](imt_core::ports::Source).
    ///
    /// # Errors
    /// As [`Source::checkout`](imt_core::ports::Source::checkout).
    pub async fn message(&self, repository: &str, commit: &CommitId) -> Result<String, Failure> {
        let deadline = deadline_in(self.deadline);
        let (repository, commit) = (self.allowed(repository).await?, parse_commit(commit)?);
        let mirror = self.mirror_without_network(&repository, &commit, deadline).await?;
        loop {
            let found = self.brought(&mirror, &repository, &commit, deadline).await?;
            match mirror.message(&commit).await {
                Err(_) if self.was_mistaken(&found, &mirror, &commit).await? => {}
                message => return message,
            }
        }
    }

    /// Whether a commit that was only remembered is in the mirror no longer. It is remembered no more.
    async fn was_mistaken(&self, found: &Found, mirror: &Mirror<'_>, commit: &CommitId) -> Result<bool, Failure> {
        Ok(found.is_remembered && self.noted.forget(commit) && mirror.found(commit).await?.is_none())
    }

    /// The mirror of a repository, to be read only.
    async fn mirror_without_network<'a>(
        &'a self,
        repository: &'a Repository,
        commit: &CommitId,
        deadline: Instant,
    ) -> Result<Mirror<'a>, Failure> {
        let session = self.session_without_network(deadline).await?;
        Ok(Mirror::new(&self.git, session, &self.noted, &self.cache, repository, commit.as_str().len(), deadline))
    }

    /// The commit in its mirror, where it is fetched to if it is not there: only that takes a session of its own.
    async fn brought(
        &self,
        mirror: &Mirror<'_>,
        repository: &Repository,
        commit: &CommitId,
        deadline: Instant,
    ) -> Result<Found, Failure> {
        if let Some(found) = mirror.found(commit).await? {
            return Ok(found);
        }
        let session = self.session(repository, deadline).await?;
        let mirror =
            Mirror::new(&self.git, &session, &self.noted, &self.cache, repository, commit.as_str().len(), deadline);
        mirror.with_commit(commit, None).await
    }

    /// What is in a file of a commit that is there.
    async fn content(
        &self,
        mirror: &Mirror<'_>,
        commit: &CommitId,
        path: &str,
        most: usize,
    ) -> Result<Option<Vec<u8>>, Failure> {
        // What leads out of the commit is not in it.
        if Path::new(path).components().any(|part| !matches!(part, Component::Normal(_))) {
            return Ok(None);
        }
        let Some((object, size)) = mirror.file(commit, path).await? else { return Ok(None) };
        let size = usize::try_from(size).ok().filter(|size| *size <= most).ok_or_else(|| {
            let message = format!("`{path}` has {size} bytes, and {most} are the most");
            Failure::new(FailureKind::CheckoutFailed, message).with_help("make it smaller")
        })?;
        if let Some(content) = self.small_files.get(&object) {
            return Ok(Some(content));
        }
        let content = mirror.content(&object, size).await?;
        self.small_files.note(object, &content);
        Ok(Some(content))
    }
}
