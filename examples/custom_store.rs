//! A store of one's own: it adds a journal to the store that comes with the crate. A database would implement the same
//! methods; `imt_core::testkit::store_suite` tells whether it keeps their promises.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use imt_core::engine::Engine;
use imt_core::executor::from_fn;
use imt_core::id::{AttemptId, InstanceId, PipelineId, ProjectName};
use imt_core::pipeline;
use imt_core::plan::{self, Trigger};
use imt_core::ports::{
    Claim, Control, Enqueued, Event, EventId, LogAppend, LogCursor, LogEnd, LogFrom, LogPage, NewPipeline,
    PipelineRecord, ProjectVariables, RunnerInfo, Store, StoreError, StoreResult,
};
use imt_core::schedule::{CancelLevel, Change};
use imt_core::status::Reason;
use imt_core::store::MemoryStore;
use imt_core::time::Timestamp;

/// Keeps a JSON line of every change that was committed.
struct JournalStore {
    inner: MemoryStore,
    journal: Mutex<Vec<String>>,
}

impl JournalStore {
    fn new() -> Self {
        Self { inner: MemoryStore::new(), journal: Mutex::default() }
    }

    fn lines(&self) -> Vec<String> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Store for JournalStore {
    async fn commit(&self, claim: &Claim, nth: u64, changes: &[Change]) -> StoreResult<EventId> {
        let as_line = |change: &Change| {
            serde_json::to_string(&change.kind)
                .map_err(|e| StoreError::Internal { message: "journal a change".to_owned(), source: Some(e.into()) })
        };
        let lines = changes.iter().map(as_line).collect::<StoreResult<Vec<_>>>()?;
        // Only what is committed belongs into a journal, so the order matters.
        let last = self.inner.commit(claim, nth, changes).await?;
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).extend(lines);
        Ok(last)
    }

    async fn enqueue(&self, new: NewPipeline, claimant: Option<&RunnerInfo>) -> StoreResult<Enqueued> {
        self.inner.enqueue(new, claimant).await
    }

    async fn claim(&self, runner: &RunnerInfo, which: Option<PipelineId>) -> StoreResult<Option<Claim>> {
        self.inner.claim(runner, which).await
    }

    async fn held(&self, instance: &InstanceId) -> StoreResult<Vec<PipelineId>> {
        self.inner.held(instance).await
    }

    async fn renew(&self, claim: &Claim) -> StoreResult<()> {
        self.inner.renew(claim).await
    }

    async fn release(&self, claim: &Claim) -> StoreResult<()> {
        self.inner.release(claim).await
    }

    async fn load(&self, pipeline: PipelineId) -> StoreResult<PipelineRecord> {
        self.inner.load(pipeline).await
    }

    async fn request_cancel(
        &self,
        pipeline: PipelineId,
        level: CancelLevel,
        reason: Reason,
        at: Timestamp,
    ) -> StoreResult<()> {
        self.inner.request_cancel(pipeline, level, reason, at).await
    }

    async fn control(&self, claim: &Claim) -> StoreResult<Control> {
        self.inner.control(claim).await
    }

    async fn events_after(&self, of: Option<PipelineId>, after: EventId, limit: usize) -> StoreResult<Vec<Event>> {
        self.inner.events_after(of, after, limit).await
    }

    async fn append_log(&self, claim: &Claim, attempt: AttemptId, pieces: &[LogAppend]) -> StoreResult<u64> {
        self.inner.append_log(claim, attempt, pieces).await
    }

    async fn finish_log(&self, claim: &Claim, attempt: AttemptId, end: LogEnd) -> StoreResult<()> {
        self.inner.finish_log(claim, attempt, end).await
    }

    async fn log_cursor(&self, attempt: AttemptId) -> StoreResult<LogCursor> {
        self.inner.log_cursor(attempt).await
    }

    async fn read_log(&self, attempt: AttemptId, from: LogFrom, max_bytes: usize) -> StoreResult<LogPage> {
        self.inner.read_log(attempt, from, max_bytes).await
    }

    async fn variables(&self, project: &ProjectName) -> StoreResult<ProjectVariables> {
        self.inner.variables(project).await
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let spec = pipeline::read(b"jobs: { hello: { script: echo hello } }", "pipeline.yml").spec.ok_or("bad file")?;
    let plan = plan::build(&spec, &ProjectName::new("demo"), Trigger::manual()).map_err(|p| format!("{p:?}"))?;
    let store = Arc::new(JournalStore::new());
    let executor = from_fn(|_job, _log| async { 0 });
    Engine::builder(Arc::new(executor), Arc::<JournalStore>::clone(&store)).build().run(plan).await?;
    for line in store.lines() {
        println!("{line}");
    }
    Ok(())
}
