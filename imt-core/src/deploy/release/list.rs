//! The releases of one target as a list: which is gone back to, which are kept.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use super::content::ContentHash;
use super::record::ReleaseVerdict;
use crate::id::{CommitId, ReleaseId};
use crate::time::Timestamp;

/// A release in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseHead {
    /// Which release.
    pub id: ReleaseId,
    /// The commit it was made of.
    pub commit: CommitId,
    /// When it was made.
    pub created_at: Timestamp,
    /// What it is made of.
    pub content: ContentHash,
    /// What became of it.
    pub verdict: ReleaseVerdict,
    /// When that was last found.
    pub judged_at: Timestamp,
}

impl ReleaseHead {
    /// Whether it was healthy when it was last put on its target.
    pub fn is_good(&self) -> bool {
        self.verdict == ReleaseVerdict::Good
    }

    /// Later found good is newer; the id settles a draw.
    pub fn age(&self) -> (Timestamp, ReleaseId) {
        (self.judged_at, self.id)
    }
}

/// What to go back to when a release with this content has failed: the newest good one with other content.
///
/// *Newest* is by when it was last found good, not by when it was made: after going back by hand from a release that was
/// healthy and still wrong, that one is not what an automatic rollback returns to.
pub fn restore_target<'r>(releases: &'r [ReleaseHead], failing: &ContentHash) -> Option<&'r ReleaseHead> {
    releases.iter().filter(|release| release.is_good() && release.content != *failing).max_by_key(|r| r.age())
}

/// What stays and what goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Retention {
    /// To be kept, with their images.
    pub kept: BTreeSet<ReleaseId>,
    /// To be removed.
    pub removed: BTreeSet<ReleaseId>,
}

/// Which releases of a target are kept: the current one, the newest `good` good ones, and as many of the others, for whoever
/// looks into why they failed.
pub fn retention(releases: &[ReleaseHead], current: Option<ReleaseId>, good: NonZeroUsize) -> Retention {
    let mut by_age: Vec<&ReleaseHead> = releases.iter().collect();
    by_age.sort_by_key(|release| std::cmp::Reverse(release.age()));
    let newest = |is_good: bool| by_age.iter().filter(move |r| r.is_good() == is_good).take(good.get()).map(|r| r.id);
    let all: BTreeSet<ReleaseId> = releases.iter().map(|release| release.id).collect();
    let kept: BTreeSet<ReleaseId> =
        newest(true).chain(newest(false)).chain(current.filter(|current| all.contains(current))).collect();
    let removed = all.difference(&kept).copied().collect();
    Retention { kept, removed }
}
