//! The port [`Composer`], by the compose of this machine.

use std::path::Path;

use async_trait::async_trait;
use imt_core::compose::{Invocation, Resolved};
use imt_core::ports::{Composer, ComposerError, ComposerErrorKind};

use super::error::ComposeError;
use super::program::Compose;

#[async_trait]
impl Composer for Compose {
    async fn resolve(&self, directory: &Path, invocation: &Invocation) -> Result<Resolved, ComposerError> {
        Self::resolve(self, directory, invocation).await.map_err(ComposerError::from)
    }
}

impl From<ComposeError> for ComposerError {
    fn from(error: ComposeError) -> Self {
        let kind = match &error {
            ComposeError::NoDocker
            | ComposeError::NoCompose { .. }
            | ComposeError::TooOld { .. }
            | ComposeError::HidesEnvFiles { .. } => ComposerErrorKind::Missing,
            ComposeError::NoContact(_) => ComposerErrorKind::Unreachable,
            _ if error.is_users() => ComposerErrorKind::Refused,
            _ => ComposerErrorKind::Internal,
        };
        let message = match &error {
            ComposeError::Refused { syntax: Some(place), .. } => {
                format!("{}:{}:{}: {}", place.file, place.line, place.column, place.message)
            }
            ComposeError::Refused { said, .. } => format!("compose refuses the project: {said}"),
            _ => error.in_words(),
        };
        Self::new(kind, message).with_help(error.help()).with_source(error)
    }
}
