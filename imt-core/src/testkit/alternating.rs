//! [`Alternating`]: several processes' views of one store, used in turn.
//!
//! What one of them remembers of a log or a claim must never be trusted where another may have been there since.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use crate::id::{AttemptId, InstanceId, PipelineId, ProjectName};
use crate::ports::{
    Bell, Claim, Control, Enqueued, Event, EventId, LogAppend, LogCursor, LogEnd, LogFrom, LogPage, LogPart,
    NewPipeline, PipelineRecord, ProjectVariables, RunnerInfo, Store, StoreResult,
};
use crate::schedule::{CancelLevel, Change};
use crate::status::Reason;
use crate::time::Timestamp;

/// Stores over the same rows; each call goes to the next one.
pub struct Alternating<S: ?Sized = dyn Store> {
    stores: Vec<Arc<S>>,
    calls: AtomicUsize,
}

impl<S: ?Sized> Alternating<S> {
    /// Over these stores.
    ///
    /// # Panics
    /// Without any.
    pub fn new(stores: Vec<Arc<S>>) -> Self {
        assert!(!stores.is_empty(), "one store at least");
        Self { stores, calls: AtomicUsize::new(0) }
    }

    pub(super) fn next(&self) -> &S {
        let nth = self.calls.fetch_add(1, Ordering::Relaxed);
        self.stores[nth % self.stores.len()].as_ref()
    }
}

impl<S: ?Sized> std::fmt::Debug for Alternating<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Alternating").field("stores", &self.stores.len()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for Alternating {
    async fn enqueue(&self, new: NewPipeline, claimant: Option<&RunnerInfo>) -> StoreResult<Enqueued> {
        self.next().enqueue(new, claimant).await
    }

    async fn claim(&self, runner: &RunnerInfo, which: Option<PipelineId>) -> StoreResult<Option<Claim>> {
        self.next().claim(runner, which).await
    }

    async fn claim_several(&self, runner: &RunnerInfo, most: NonZeroUsize) -> StoreResult<Vec<Claim>> {
        self.next().claim_several(runner, most).await
    }

    async fn renew(&self, claim: &Claim) -> StoreResult<()> {
        self.next().renew(claim).await
    }

    async fn held(&self, instance: &InstanceId) -> StoreResult<Vec<PipelineId>> {
        self.next().held(instance).await
    }

    async fn release(&self, claim: &Claim) -> StoreResult<()> {
        self.next().release(claim).await
    }

    async fn load(&self, pipeline: PipelineId) -> StoreResult<PipelineRecord> {
        self.next().load(pipeline).await
    }

    async fn commit(&self, claim: &Claim, nth: u64, changes: &[Change]) -> StoreResult<EventId> {
        self.next().commit(claim, nth, changes).await
    }

    async fn request_cancel(
        &self,
        pipeline: PipelineId,
        level: CancelLevel,
        reason: Reason,
        at: Timestamp,
    ) -> StoreResult<()> {
        self.next().request_cancel(pipeline, level, reason, at).await
    }

    async fn control(&self, claim: &Claim) -> StoreResult<Control> {
        self.next().control(claim).await
    }

    async fn events_after(
        &self,
        pipeline: Option<PipelineId>,
        after: EventId,
        limit: usize,
    ) -> StoreResult<Vec<Event>> {
        self.next().events_after(pipeline, after, limit).await
    }

    async fn append_log(&self, claim: &Claim, attempt: AttemptId, pieces: &[LogAppend]) -> StoreResult<u64> {
        self.next().append_log(claim, attempt, pieces).await
    }

    async fn finish_log(&self, claim: &Claim, attempt: AttemptId, end: LogEnd) -> StoreResult<()> {
        self.next().finish_log(claim, attempt, end).await
    }

    async fn record(
        &self,
        claim: &Claim,
        nth: u64,
        logs: &[LogPart],
        changes: &[Change],
    ) -> StoreResult<Option<EventId>> {
        self.next().record(claim, nth, logs, changes).await
    }

    async fn log_cursor(&self, attempt: AttemptId) -> StoreResult<LogCursor> {
        self.next().log_cursor(attempt).await
    }

    async fn read_log(&self, attempt: AttemptId, from: LogFrom, max_bytes: usize) -> StoreResult<LogPage> {
        self.next().read_log(attempt, from, max_bytes).await
    }

    fn bell(&self) -> Option<&Bell> {
        self.next().bell()
    }

    async fn variables(&self, project: &ProjectName) -> StoreResult<ProjectVariables> {
        self.next().variables(project).await
    }
}
