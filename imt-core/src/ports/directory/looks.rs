//! The port [`Looks`].

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;

use crate::directory::{DueLook, LookEnd, LookRecord, Push};
use crate::id::{CommitId, ProjectId};
use crate::ports::{Sifted, StoreResult};
use crate::time::Timestamp;

/// Looks at repositories, by which pushes are [found](crate::ports::Deliveries::found_push) that nobody told of. Part of
/// [`Directory`](crate::ports::Directory).
///
/// What the branches of a repository have at the first look was there before: whoever looks [notes](Self::note_heads) it, and
/// nothing is built for it. From then on what a branch has, and is not known, was pushed.
#[async_trait]
pub trait Looks: Send + Sync {
    /// Takes active projects of which nobody was given a look for as long as this by the store's clock, and that do not rest:
    /// those longest ago first, `limit` at most. Whoever is given one is taken to have looked.
    async fn take_looks(&self, age: Duration, limit: usize) -> StoreResult<Sifted<DueLook>>;

    /// Ends a look. That the repository has answered ends its rest, and begins the time [since](LookRecord::since) which pushes
    /// are found when it is another one than before. *Idempotent*.
    ///
    /// # Errors
    /// `NotFound` when there is no such project.
    async fn settle_look(&self, project: ProjectId, end: &LookEnd) -> StoreResult<()>;

    /// Makes a look at a project due at once, also while it rests. *Idempotent*.
    ///
    /// # Errors
    /// `NotFound` when there is no such project.
    async fn want_look(&self, project: ProjectId) -> StoreResult<()>;

    /// What is known of the looks at a project.
    ///
    /// # Errors
    /// `NotFound` when there is no such project.
    async fn look(&self, project: ProjectId) -> StoreResult<LookRecord>;

    /// The newest commit that each branch of a project is known to have had.
    async fn heads(&self, project: ProjectId) -> StoreResult<BTreeMap<String, CommitId>>;

    /// Notes what branches had at this time, without a delivery for it. What is known of a later time stays. *Idempotent*.
    ///
    /// # Errors
    /// `NotFound` when there is no such project; `Invalid` also for more than [`MAX_PAGE`](crate::directory::MAX_PAGE).
    async fn note_heads(&self, project: ProjectId, heads: &[Push], at: Timestamp) -> StoreResult<()>;
}
