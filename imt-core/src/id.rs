//! Names of things: one newtype per kind of identity, so that they cannot be mixed up.
//!
//! Knows nothing of where an identity is stored or shown beyond its one text form.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$meta:meta])* $name:ident, $what:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps an id made elsewhere (a row, a label, a test's seed).
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// The id as stored.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::parse_str(text).map(Self).map_err(|_| IdError::new($what, text))
            }
        }
    };
}

uuid_id! {
    /// One execution of a plan. A `UUIDv7`, so ids sort by time of creation.
    PipelineId, "pipeline id"
}
uuid_id! {
    /// One try to put a release on a target. A `UUIDv7`, so ids sort by time of creation.
    DeploymentId, "deployment id"
}
uuid_id! {
    /// One release. Derived from the deployment that first put it on its target, so that recording it twice names it once.
    ReleaseId, "release id"
}

#[cfg(feature = "server")]
uuid_id! {
    /// A user of a server. A `UUIDv7`, so ids sort by time of creation.
    UserId, "user id"
}
#[cfg(feature = "server")]
uuid_id! {
    /// A project of a server, by an id that tells nothing. A `UUIDv7`.
    ProjectId, "project id"
}
#[cfg(feature = "server")]
uuid_id! {
    /// A session, by an id that lets nobody in. A `UUIDv7`.
    SessionId, "session id"
}
#[cfg(feature = "server")]
uuid_id! {
    /// An API token, by an id that lets nobody in. A `UUIDv7`.
    TokenId, "token id"
}
#[cfg(feature = "server")]
uuid_id! {
    /// A delivery. A `UUIDv7`.
    DeliveryId, "delivery id"
}

/// What a claim is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A pipeline.
    Pipeline(PipelineId),
    /// A deployment.
    Deployment(DeploymentId),
}

impl From<PipelineId> for Subject {
    fn from(id: PipelineId) -> Self {
        Self::Pipeline(id)
    }
}

impl From<DeploymentId> for Subject {
    fn from(id: DeploymentId) -> Self {
        Self::Deployment(id)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pipeline(id) => write!(f, "pipeline {id}"),
            Self::Deployment(id) => write!(f, "deployment {id}"),
        }
    }
}

impl PipelineId {
    /// A fresh id. Reads the clock and the random source, so only the imperative shell calls it.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

impl DeploymentId {
    /// A fresh id. Reads the clock and the random source, so only the imperative shell calls it.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

#[cfg(feature = "server")]
macro_rules! drawn_id {
    ($($name:ident)*) => {
        $(impl $name {
            /// A fresh id. Reads the clock and the random source, so only the imperative shell calls it.
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }
        })*
    };
}

#[cfg(feature = "server")]
drawn_id! { UserId ProjectId SessionId TokenId DeliveryId }

impl ReleaseId {
    /// The release that a deployment makes.
    pub const fn made_by(deployment: DeploymentId) -> Self {
        Self(deployment.0)
    }
}

/// Position of a job in its plan, counted from 0 in execution order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobIndex(pub u32);

impl JobIndex {
    /// The position as an index into the plan's jobs.
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

/// One try of a job. Derived, not drawn: the same state always names the same next attempt, which is
/// what makes starting it idempotent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttemptId {
    /// The pipeline the job belongs to.
    pub pipeline: PipelineId,
    /// The job's place in the plan.
    pub job: JobIndex,
    /// Which try, counted from 1.
    pub number: u32,
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.pipeline, self.job.0, self.number)
    }
}

impl FromStr for AttemptId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = || IdError::new("attempt id", text);
        let mut parts = text.split('.');
        let (Some(pipeline), Some(job), Some(number), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        Ok(Self {
            pipeline: pipeline.parse().map_err(|_| wrong())?,
            job: JobIndex(job.parse().map_err(|_| wrong())?),
            number: number.parse().map_err(|_| wrong())?,
        })
    }
}

/// A text that is not the id it was taken for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a valid {what}")]
pub struct IdError {
    what: &'static str,
    text: String,
}

impl IdError {
    fn new(what: &'static str, text: &str) -> Self {
        Self { what, text: text.to_owned() }
    }
}

macro_rules! text_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps a text; the maker vouches for its form.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// Which store a thing belongs to. Two stores that share a Docker engine never touch each other's containers.
    StoreId
}
text_id! {
    /// Which living process (and its successors on the same state directory) made a thing. Backed by a file lock.
    InstanceId
}
text_id! {
    /// A project's name: lower-case letters, digits, `-`, `_` and `.`, at most 63 bytes.
    ProjectName
}
text_id! {
    /// A commit: 40 or 64 lower-case hexadecimal digits; all zeros where there is no repository.
    CommitId
}

impl ProjectName {
    /// Makes a valid project name out of any text (a directory name, a remote URL's last part).
    pub fn from_any(text: &str) -> Self {
        let mut name = String::new();
        for c in text.chars() {
            let c = c.to_ascii_lowercase();
            let ok = c.is_ascii_alphanumeric() || (!name.is_empty() && matches!(c, '-' | '_' | '.'));
            if ok {
                name.push(c);
            } else if !name.is_empty() && !name.ends_with('-') {
                name.push('-');
            }
            if name.len() == 63 {
                break;
            }
        }
        let name = name.trim_end_matches(['-', '.', '_']);
        Self::new(if name.is_empty() { "project" } else { name })
    }
}

impl CommitId {
    /// The commit of a directory that is no repository.
    pub fn none() -> Self {
        Self::new("0".repeat(40))
    }

    /// Reads a full commit hash (SHA-1 or SHA-256).
    ///
    /// # Errors
    /// If the text is not 40 or 64 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let hex = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if hex && matches!(text.len(), 40 | 64) { Ok(Self::new(text)) } else { Err(IdError::new("commit hash", text)) }
    }

    /// The first 12 digits, as people quote it.
    pub fn short(&self) -> &str {
        self.as_str().get(..12).unwrap_or(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempt_id_survives_its_text_form() {
        let id = AttemptId { pipeline: PipelineId::from_uuid(Uuid::from_u128(7)), job: JobIndex(3), number: 2 };
        assert_eq!(id.to_string().parse::<AttemptId>().unwrap(), id);
        assert!("nonsense".parse::<AttemptId>().is_err());
        assert!(format!("{id}.9").parse::<AttemptId>().is_err());
    }

    #[test]
    fn project_names_are_made_of_anything() {
        for (text, name) in [("My App", "my-app"), ("..", "project"), ("ünï", "n"), ("a/b.git", "a-b.git")] {
            assert_eq!(ProjectName::from_any(text).as_str(), name, "{text}");
        }
        assert!(ProjectName::from_any(&"x".repeat(200)).as_str().len() <= 63);
    }
}
