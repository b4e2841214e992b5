//! The error of the ports that touch the machine: broken machinery, typed.

use std::error::Error as StdError;

use crate::status::Reason;

/// What broke. Decisions are made by this, never by the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// The image has no `sh`.
    NoShell,
    /// The registry or the engine knows no such image, or the reference is no image reference.
    ImageNotFound,
    /// The registry refused our credentials, or asked for some.
    ImagePullDenied,
    /// The image could not be fetched.
    ImagePullFailed,
    /// No container engine answered.
    EngineUnavailable,
    /// The container engine refused us.
    EnginePermission,
    /// A disk has no room left.
    DiskFull,
    /// The commit is not in the repository.
    CommitNotFound,
    /// The repository could not be read.
    CheckoutFailed,
    /// The workspace could not be made or used.
    WorkspaceFailed,
    /// The job asks for something this adapter cannot do.
    Unsupported,
    /// Anything else: a fault in the adapter or a surprise from below.
    Internal,
}

impl FailureKind {
    /// The reason an attempt or a pipeline ends with when this ends it.
    pub const fn reason(self) -> Reason {
        match self {
            Self::NoShell => Reason::NoShell,
            Self::ImageNotFound => Reason::ImageNotFound,
            Self::ImagePullDenied => Reason::ImagePullDenied,
            Self::ImagePullFailed => Reason::ImagePullFailed,
            Self::EngineUnavailable => Reason::EngineUnavailable,
            Self::EnginePermission => Reason::EnginePermission,
            Self::DiskFull => Reason::DiskFull,
            Self::CommitNotFound => Reason::CommitNotFound,
            Self::CheckoutFailed => Reason::CheckoutFailed,
            Self::WorkspaceFailed => Reason::WorkspaceFailed,
            Self::Unsupported => Reason::Unsupported,
            Self::Internal => Reason::Internal,
        }
    }
}

/// Broken machinery, as an executor or a source reports it; a port with other things that break has kinds of its own.
///
/// `message` names the thing (`image "busybox:9" is not in the registry`), `help` the remedy; neither holds a secret.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure<K = FailureKind> {
    /// What broke.
    pub kind: K,
    /// A lower-case fragment naming the thing.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Whether the same call may succeed later without anybody changing anything.
    pub retryable: bool,
    /// The error below, for the log; never shown to users by itself.
    #[source]
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

impl<K> Failure<K> {
    /// A failure of a kind, with the message naming the thing. Not retryable.
    pub fn new(kind: K, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), help: None, retryable: false, source: None }
    }

    /// The same with a remedy.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with the error below.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same, marked as worth repeating.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.retryable = true;
        self
    }

    /// Message and remedy as one sentence for people.
    pub fn explain(&self) -> String {
        match &self.help {
            Some(help) => format!("{}; {help}", self.message),
            None => self.message.clone(),
        }
    }
}
