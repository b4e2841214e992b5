//! The ports: what the engine needs from the outside, as small object-safe traits.
//!
//! A port's doc comment is its contract; `testkit` holds the suites that prove it. Adapters know these traits and
//! the model, never each other.

pub mod bounds;
mod catalog;
mod composer;
mod deployments;
#[cfg(feature = "server")]
mod directory;
mod error;
mod event;
mod executor;
mod hint;
mod log;
mod publisher;
mod source;
mod store;
mod transport;
mod transport_error;
mod variables;
mod warn;

pub use catalog::{
    Catalog, Connections, Ended, PipelineFilter, PipelineSummary, Pruned, RUNNER_FORGOTTEN_AFTER, Retention,
    RunnerBeat, RunnerStatus, Sifted, Standing, Tally, Waiting,
};
pub use composer::{Composer, ComposerError, ComposerErrorKind};
pub use deployments::{
    Accepted, Claimant, DeploymentClaim, DeploymentEvent, DeploymentRecord, DeploymentStore, DeploymentSummary,
    KeptRelease, NewDeployment, RememberedTarget, Target,
};
#[cfg(feature = "server")]
pub use directory::{
    AuditLog, Credentials, Deliveries, Directory, Looks, ProjectSecrets, Projects, Reports, Users,
    bounds as directory_bounds,
};
pub use error::{Failure, FailureKind};
pub use event::{EventSink, Notice, NullSink};
pub use executor::{
    EnvValue, EnvVar, Executor, ExecutorResult, Exit, Handle, JobSpec, LogChunk, LogPositions, LogStream, Note, Notes,
    OwnedPipeline, StreamKind,
};
pub use hint::{Bell, Listener};
pub use log::{LogAppend, LogCursor, LogEnd, LogFrom, LogPage, LogPart, MAX_PIECE_BYTES, StoredChunk};
pub use publisher::{Destination, ImageBuild, Publication, PublishError, PublishErrorKind, Publisher};
pub use source::{Checkout, Source};
pub use store::{
    Claim, Control, Enqueued, Event, EventId, NewPipeline, PipelineRecord, RunnerInfo, Store, StoreError, StoreResult,
    Variable, record_in_turn,
};
pub use transport::{Connection, FileMode, RemoteCommand, RemoteExit, RunEvent, RunOutput, RunStream, Transport};
pub use transport_error::{TransportError, TransportErrorKind, TransportResult};
pub use variables::ProjectVariables;
pub use warn::Warn;
