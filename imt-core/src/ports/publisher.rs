//! The port to what builds and pushes images.

use std::path::PathBuf;

use async_trait::async_trait;

use crate::compose::{BuiltImage, Invocation, Override};
use crate::deploy::command::RegistryLogin;
use crate::image::ImageReference;
use crate::ports::error::{Failure, FailureKind};
use crate::ports::executor::Notes;

/// One image to build, and where it goes.
#[derive(Debug, Clone)]
pub struct ImageBuild {
    /// The project's directory: a checkout of exactly the commit that the image's tag names.
    pub directory: PathBuf,
    /// How compose is called for the project.
    pub invocation: Invocation,
    /// The build override, for all images of the project.
    pub changes: Override,
    /// The image.
    pub image: BuiltImage,
    /// Where it goes.
    pub destination: Destination,
}

/// Where an image goes once it is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// To the registry that its reference names.
    Registry,
    /// Nowhere: it stays on the engine that built it, which is the one that runs it.
    Engine,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Publication {
    /// The image is where it should be.
    Published {
        /// Its digest in the registry (`sha256:…`); on an engine there is none.
        digest: Option<String>,
        /// Whether it was there already, so that nothing was built.
        was_there: bool,
    },
    /// The build said no: the user's Dockerfile, or what it runs.
    BuildFailed {
        /// Compose's exit code; absent when a signal ended it.
        code: Option<i32>,
        /// The last lines of what it said.
        last_lines: Vec<String>,
    },
}

/// What broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PublishErrorKind {
    /// Compose cannot be run, or refuses the project.
    Compose,
    /// The engine cannot be used.
    Engine,
    /// The registry refused our credentials, or asked for some.
    PushDenied,
    /// The registry did not take the image.
    PushFailed,
    /// A disk has no room left.
    DiskFull,
    /// Anything else.
    Internal,
}

/// Broken machinery, as a publisher reports it.
pub type PublishError = Failure<PublishErrorKind>;

impl From<Failure> for PublishError {
    fn from(failure: Failure) -> Self {
        let kind = match failure.kind {
            FailureKind::DiskFull => PublishErrorKind::DiskFull,
            FailureKind::EngineUnavailable | FailureKind::EnginePermission | FailureKind::Unsupported => {
                PublishErrorKind::Engine
            }
            _ => PublishErrorKind::Internal,
        };
        Self {
            kind,
            message: failure.message,
            help: failure.help,
            retryable: failure.retryable,
            source: failure.source,
        }
    }
}

/// What builds and pushes images.
#[async_trait]
pub trait Publisher: Send + Sync {
    /// Makes sure that an image is where it should be, under exactly its reference.
    ///
    /// *Called* once for each image of a release, again after a crash; concurrently for different images. *Idempotent*: an
    /// image that is there already is left as it is, and nothing is built; its tag stands for its commit. *Cancellation*:
    /// dropping the future ends the build; what it leaves is cache, or the finished image. What the build says goes to `notes`.
    ///
    /// # Errors
    /// Whatever keeps the image from being built or pushed, the build's own failure apart. After an error the registry has the
    /// whole image or none.
    async fn publish(&self, build: &ImageBuild, notes: &Notes) -> Result<Publication, PublishError>;

    /// The credentials with which these images may be fetched, each registry once; none for a registry that we know none of.
    /// They are handed to a target for as long as it fetches.
    ///
    /// # Errors
    /// When credentials that should be there cannot be read.
    async fn logins(&self, images: &[ImageReference]) -> Result<Vec<RegistryLogin>, PublishError>;
}
