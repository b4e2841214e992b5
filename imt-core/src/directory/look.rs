//! Looks at repositories: which heads their branches have, asked for now and then, so that a push that nobody told of is found.

use std::time::Duration;

use crate::directory::ProjectRecord;
use crate::time::Timestamp;

/// A project whose repository is to be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueLook {
    /// The project.
    pub project: ProjectRecord,
    /// How many looks in a row have failed.
    pub failures: u32,
}

/// How a look ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookEnd {
    /// The repository has answered, and what was new is recorded.
    Seen {
        /// Which repository.
        repo_url: String,
        /// When it was asked.
        at: Timestamp,
    },
    /// It has not.
    Failed {
        /// Why, for people.
        detail: String,
        /// For how long it is left alone, by the store's clock.
        rest: Duration,
    },
}

/// What is known of the looks at a project's repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LookRecord {
    /// The repository that answered last; absent before the first time, and after the project was in the archive.
    pub repo_url: Option<String>,
    /// When that repository was asked for the first time: what its branches had then was there before.
    pub since: Option<Timestamp>,
    /// When it was asked last and answered.
    pub seen_at: Option<Timestamp>,
    /// Why the newest look failed, for people; absent when it did not.
    pub failure: Option<String>,
}
