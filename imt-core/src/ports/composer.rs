//! The port to what understands compose files: `docker compose config`, wherever that is run.

use std::path::Path;

use async_trait::async_trait;

use crate::compose::{Invocation, Resolved};
use crate::ports::error::Failure;

/// What broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ComposerErrorKind {
    /// There is no compose, or it is too old.
    Missing,
    /// It is elsewhere, and cannot be reached.
    Unreachable,
    /// It does not take the files: the user's mistake.
    Refused,
    /// Anything else.
    Internal,
}

/// Why there is no model.
pub type ComposerError = Failure<ComposerErrorKind>;

/// What understands compose files.
#[async_trait]
pub trait Composer: Send + Sync {
    /// Resolves the project in a directory, with nothing but its files and the invocation's deciding what it means.
    ///
    /// Files of the invocation are relative to the directory. Env files of services that are missing are no error here: what
    /// is there, is looked at by others. May be called concurrently. *Idempotent*: changes nothing. *Cancellation*: dropping the
    /// future ends what was started.
    ///
    /// # Errors
    /// `Refused` with compose's own words and the place, where it names one; `Missing`; `Unreachable`; `Internal`.
    async fn resolve(&self, directory: &Path, invocation: &Invocation) -> Result<Resolved, ComposerError>;
}
