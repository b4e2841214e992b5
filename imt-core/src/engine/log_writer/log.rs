//! One log at its store: what a writer asks for, of an attempt and of a deployment alike.
//!
//! Knows no masking and no bytes held back.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::id::AttemptId;
use crate::ports::{
    Claim, DeploymentClaim, DeploymentStore, EventSink, LogAppend, LogCursor, LogEnd, LogFrom, LogPage, Notice, Store,
    StoreResult,
};

/// A log, as the holder of a claim writes it.
#[async_trait]
pub(in crate::engine) trait Log: Send + Sync {
    /// How long the claim lasts.
    fn lease(&self) -> Duration;
    /// Whose output it holds, for the marker of what was left out.
    fn whose(&self) -> &'static str;
    async fn cursor(&self) -> StoreResult<LogCursor>;
    async fn read(&self, from: LogFrom, max_bytes: usize) -> StoreResult<LogPage>;
    async fn append(&self, pieces: &[LogAppend]) -> StoreResult<u64>;
    async fn finish(&self, end: LogEnd) -> StoreResult<()>;
    /// Tells whoever listens how far it goes by now.
    fn has_grown(&self, next_offset: u64);
}

/// The log of an attempt.
pub(in crate::engine) struct OfAttempt {
    pub(in crate::engine) store: Arc<dyn Store>,
    pub(in crate::engine) sink: Arc<dyn EventSink>,
    pub(in crate::engine) claim: Claim,
    pub(in crate::engine) attempt: AttemptId,
}

#[async_trait]
impl Log for OfAttempt {
    fn lease(&self) -> Duration {
        self.claim.lease
    }

    fn whose(&self) -> &'static str {
        "the job's output"
    }

    async fn cursor(&self) -> StoreResult<LogCursor> {
        self.store.log_cursor(self.attempt).await
    }

    async fn read(&self, from: LogFrom, max_bytes: usize) -> StoreResult<LogPage> {
        self.store.read_log(self.attempt, from, max_bytes).await
    }

    async fn append(&self, pieces: &[LogAppend]) -> StoreResult<u64> {
        self.store.append_log(&self.claim, self.attempt, pieces).await
    }

    async fn finish(&self, end: LogEnd) -> StoreResult<()> {
        self.store.finish_log(&self.claim, self.attempt, end).await
    }

    fn has_grown(&self, next_offset: u64) {
        self.sink.notify(Notice::Log { attempt: self.attempt, next_offset });
    }
}

/// The log of a deployment. Its store's bell is what listeners have.
pub(in crate::engine) struct OfDeployment(
    pub(in crate::engine) Arc<dyn DeploymentStore>,
    pub(in crate::engine) DeploymentClaim,
);

#[async_trait]
impl Log for OfDeployment {
    fn lease(&self) -> Duration {
        self.1.lease
    }

    fn whose(&self) -> &'static str {
        "the steps' output"
    }

    async fn cursor(&self) -> StoreResult<LogCursor> {
        self.0.log_cursor(self.1.deployment).await
    }

    async fn read(&self, from: LogFrom, max_bytes: usize) -> StoreResult<LogPage> {
        self.0.read_log(self.1.deployment, from, max_bytes).await
    }

    async fn append(&self, pieces: &[LogAppend]) -> StoreResult<u64> {
        self.0.append_log(&self.1, pieces).await
    }

    async fn finish(&self, end: LogEnd) -> StoreResult<()> {
        self.0.finish_log(&self.1, end).await
    }

    fn has_grown(&self, _next_offset: u64) {}
}
