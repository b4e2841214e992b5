//! What can go wrong with driving a pipeline, apart from the pipeline itself.

use crate::id::{DeploymentId, PipelineId, Subject};
use crate::ports::StoreError;

/// The engine could not do its part. What became of the pipeline is in the store; driving it again goes on from there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The store failed in a way that no repetition helps.
    #[error("could not {doing}")]
    Store {
        /// What was being done.
        doing: &'static str,
        /// The store's error.
        #[source]
        source: StoreError,
    },
    /// Somebody else holds the pipeline or deployment, or took it over while we drove it. What we had running of it was stopped.
    #[error("{0} is held by another runner")]
    ClaimLost(Subject),
    /// The store did not renew the claim in time, so that others may have it. What we had running was stopped.
    #[error("the claim on {of} could not be renewed: {why}")]
    Unrenewed {
        /// On what.
        of: Subject,
        /// What the store said last.
        why: String,
    },
    /// The engine panicked while it drove the pipeline; what ran of it here was stopped. A fault: please report it.
    #[error("the engine panicked while it drove pipeline {0}; please report this with the process's standard error")]
    Panicked(PipelineId),
    /// The same of a deployment.
    #[error("the engine panicked while it drove deployment {0}; please report this with the process's standard error")]
    DeploymentPanicked(DeploymentId),
    /// This host has not what it takes to go on with a deployment that has begun on its target: another one may.
    #[error("deployment {deployment} has begun and cannot be gone on with on this host: {why}")]
    Unequipped {
        /// Which deployment.
        deployment: DeploymentId,
        /// What is missing, and what to do about it.
        why: String,
    },
    /// Nothing of the pipeline had begun when this engine was to take up no more: another runner may have it.
    #[error("pipeline {0} was handed back before its first job began")]
    HandedBack(PipelineId),
    /// The files that say which processes live could not be used.
    #[error("could not use the state directory `{path}`")]
    State {
        /// The directory or file.
        path: std::path::PathBuf,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
}

impl EngineError {
    pub(super) fn store(doing: &'static str) -> impl FnOnce(StoreError) -> Self {
        move |source| match source {
            StoreError::ClaimLost(of) => Self::ClaimLost(of),
            source => Self::Store { doing, source },
        }
    }
}
