//! One ordered stream of everything that is to be seen of a pipeline or a deployment: its events and its logs, merged.
//!
//! A [`Feed`], and for deployments a [`DeploymentFeed`], reads from the store alone, page by page, so a slow reader costs no memory and never stops a job, and a
//! reader that went away resumes from its [`Position`]. The store's bell or a [`WakeSink`] tells it when there is
//! something new; without either it looks again from time to time. Feeds of many readers share what they read
//! ([`SharedReads`]). Knows nothing of terminals or sockets.

mod deployment;
mod reader;
mod shared;
#[cfg(test)]
mod tests;
mod wake;

pub use deployment::{DeploymentFeed, DeploymentObservation, DeploymentPosition};
pub use reader::{Feed, Observation, Position};
pub use shared::SharedReads;
pub use wake::{WakeSink, Waker};
