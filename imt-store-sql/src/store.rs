//! The port over the parts.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use imt_core::id::{AttemptId, PipelineId, ProjectName};
use imt_core::ports::{
    Claim, Control, Enqueued, Event, EventId, LogAppend, LogCursor, LogEnd, LogFrom, LogPage, NewPipeline,
    PipelineRecord, RunnerInfo, Store, StoreResult, Variable,
};
use imt_core::schedule::{CancelLevel, Change};
use imt_core::status::Reason;
use imt_core::time::Timestamp;

use crate::database::Database;
use crate::log::{self, Writers};
use crate::task::finished;
use crate::{pipelines, queue, variables};

/// A [`Store`] in a database.
pub struct SqlStore {
    database: Arc<dyn Database>,
    writers: Writers,
}

impl SqlStore {
    /// A store in a database whose schema is the newest (see [`migrate`](crate::migrate)).
    pub fn new(database: Arc<dyn Database>) -> Self {
        Self { database, writers: Writers::default() }
    }

    fn database(&self) -> Arc<dyn Database> {
        Arc::clone(&self.database)
    }
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStore").finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn enqueue(&self, new: NewPipeline) -> StoreResult<Enqueued> {
        let database = self.database();
        finished(async move { queue::enqueue(database.as_ref(), new).await }).await
    }

    async fn claim(&self, runner: &RunnerInfo, which: Option<PipelineId>) -> StoreResult<Option<Claim>> {
        let (database, runner) = (self.database(), runner.clone());
        finished(async move {
            match which {
                Some(id) => queue::claim_given(database.as_ref(), &runner, id).await,
                None => queue::claim_any(database.as_ref(), &runner).await,
            }
        })
        .await
    }

    async fn renew(&self, claim: &Claim) -> StoreResult<()> {
        let (database, claim) = (self.database(), claim.clone());
        finished(async move { queue::renew(database.as_ref(), &claim).await }).await
    }

    async fn release(&self, claim: &Claim) -> StoreResult<()> {
        self.writers.forget_pipeline(claim);
        let (database, claim) = (self.database(), claim.clone());
        finished(async move { queue::release(database.as_ref(), &claim).await }).await
    }

    async fn load(&self, pipeline: PipelineId) -> StoreResult<PipelineRecord> {
        let database = self.database();
        finished(async move { pipelines::load(database.as_ref(), pipeline).await }).await
    }

    async fn commit(&self, claim: &Claim, changes: &[Change]) -> StoreResult<EventId> {
        let (database, claim, changes) = (self.database(), claim.clone(), changes.to_vec());
        finished(async move { pipelines::commit(database.as_ref(), &claim, &changes).await }).await
    }

    async fn request_cancel(
        &self,
        pipeline: PipelineId,
        level: CancelLevel,
        reason: Reason,
        at: Timestamp,
    ) -> StoreResult<()> {
        let database = self.database();
        finished(async move { pipelines::request_cancel(database.as_ref(), pipeline, level, reason, at).await }).await
    }

    async fn control(&self, claim: &Claim) -> StoreResult<Control> {
        pipelines::control(self.database.as_ref(), claim).await
    }

    async fn events_after(
        &self,
        pipeline: Option<PipelineId>,
        after: EventId,
        limit: usize,
    ) -> StoreResult<Vec<Event>> {
        pipelines::events_after(self.database.as_ref(), pipeline, after, limit).await
    }

    async fn append_log(&self, claim: &Claim, attempt: AttemptId, piece: LogAppend) -> StoreResult<u64> {
        self.writers.append(self.database(), claim, attempt, vec![piece]).await
    }

    async fn finish_log(&self, claim: &Claim, attempt: AttemptId, end: LogEnd) -> StoreResult<()> {
        self.writers.finish(self.database(), claim, attempt, end).await
    }

    async fn log_cursor(&self, attempt: AttemptId) -> StoreResult<LogCursor> {
        log::cursor(self.database.as_ref(), attempt).await
    }

    async fn read_log(&self, attempt: AttemptId, from: LogFrom, max_bytes: usize) -> StoreResult<LogPage> {
        log::read(self.database.as_ref(), attempt, from, max_bytes).await
    }

    async fn variables(&self, project: &ProjectName) -> StoreResult<Vec<Variable>> {
        variables::variables(self.database.as_ref(), project).await
    }
}
