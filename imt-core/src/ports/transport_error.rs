//! The error of a transport: what kept a host from being reached, or a command or file from getting there.

use std::error::Error as StdError;

/// What went wrong. Decisions are made by this, never by the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection came about: no such name, nobody listens, no route, or no answer in time.
    Unreachable,
    /// Nothing says which key the host has, so it cannot be told from an impostor.
    HostKeyUnknown,
    /// The host shows another key than the one that is pinned.
    HostKeyChanged,
    /// The host shows a key that is marked as revoked.
    HostKeyRevoked,
    /// The host does not take the user, or none of the keys offered.
    AuthenticationRefused,
    /// A key is encrypted and no passphrase was given.
    PassphraseMissing,
    /// The passphrase does not open the key.
    PassphraseWrong,
    /// A key cannot be read or is of a kind that is not supported; or the agent does not answer.
    BadIdentity,
    /// The connection is gone; this call has sent nothing.
    NotConnected,
    /// The connection went away in the middle: what was asked for may have happened or not.
    ConnectionLost,
    /// The deadline is over: what was asked for may have happened or not.
    Deadline,
    /// No such file or directory.
    NotFound,
    /// The user may not read or write that.
    PermissionDenied,
    /// A disk of the host has no room left.
    DiskFull,
    /// More bytes than the caller wants.
    TooLarge,
    /// What was asked for is impossible whatever the host: a NUL in an argument, a file where a directory is.
    Invalid,
    /// The host cannot do this: it gives the user no shell, or lacks a tool.
    Unsupported,
    /// Anything else: a fault of the adapter or a surprise from below.
    Internal,
}

/// An error of a transport.
///
/// `message` names the thing, `help` the remedy; neither holds a secret.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct TransportError {
    /// What went wrong.
    pub kind: TransportErrorKind,
    /// A lower-case fragment naming the thing.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The error below, for the log; never shown to users by itself.
    #[source]
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What the ports of a transport return.
pub type TransportResult<T> = Result<T, TransportError>;

impl TransportError {
    /// An error of a kind, with the message naming the thing.
    pub fn new(kind: TransportErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), help: None, source: None }
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

    /// Whether the same call, on a new connection where this one is gone, may succeed without anybody changing anything. Of a
    /// command it says nothing about whether it is *safe* to repeat: see [`outcome_is_unknown`](Self::outcome_is_unknown).
    pub fn is_retryable(&self) -> bool {
        use TransportErrorKind::{ConnectionLost, Deadline, NotConnected, Unreachable};
        matches!(self.kind, Unreachable | NotConnected | ConnectionLost | Deadline)
    }

    /// Whether what was asked for may have happened, wholly or in part.
    pub fn outcome_is_unknown(&self) -> bool {
        matches!(self.kind, TransportErrorKind::ConnectionLost | TransportErrorKind::Deadline)
    }

    /// Message and remedy as one sentence for people.
    pub fn explain(&self) -> String {
        match &self.help {
            Some(help) => format!("{}; {help}", self.message),
            None => self.message.clone(),
        }
    }
}
