//! Stands between engine and executor and sees to it that nothing is done before it is committed.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use crate::id::{AttemptId, PipelineId};
use crate::ports::{
    Executor, ExecutorResult, Exit, Handle, JobSpec, LogPositions, LogStream, Notes, OwnedPipeline, Store,
};
use crate::schedule::{AttemptPhase, PipelineState};

/// What the witnesses of all lives have seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Testimony(Arc<Mutex<Vec<String>>>);

impl Testimony {
    pub(super) fn say(&self, what: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    pub(super) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// An executor whose every call is held against the store.
pub(super) struct Witness<E> {
    pub(super) inner: E,
    /// The store without faults: what is really recorded.
    pub(super) store: Arc<dyn Store>,
    pub(super) testimony: Testimony,
}

impl<E> Witness<E> {
    async fn expect(&self, pipeline: PipelineId, what: &str, holds: impl FnOnce(&PipelineState) -> bool) {
        match self.store.load(pipeline).await {
            Ok(record) if holds(&record.state) => {}
            Ok(record) => self.testimony.say(format!("{what} before it was committed: {:?}", record.state)),
            Err(error) => self.testimony.say(format!("{what} of a pipeline that cannot be loaded: {error}")),
        }
    }
}

#[async_trait]
impl<E: Executor> Executor for Witness<E> {
    async fn prepare(&self, job: &JobSpec, notes: &Notes) -> ExecutorResult<()> {
        self.inner.prepare(job, notes).await
    }

    async fn start(&self, job: &JobSpec) -> ExecutorResult<Handle> {
        let id = job.attempt;
        self.expect(id.pipeline, &format!("start of {id}"), |state| {
            state.workspace.is_some() && state.attempt(id).is_some_and(|a| a.phase == AttemptPhase::Running)
        })
        .await;
        self.inner.start(job).await
    }

    async fn attach(&self, attempt: AttemptId) -> ExecutorResult<Option<Handle>> {
        self.inner.attach(attempt).await
    }

    async fn logs(&self, handle: &Handle, from: LogPositions) -> ExecutorResult<LogStream> {
        self.inner.logs(handle, from).await
    }

    async fn wait(&self, handle: &Handle) -> ExecutorResult<Exit> {
        self.inner.wait(handle).await
    }

    async fn stop(&self, handle: &Handle, grace: Duration) -> ExecutorResult<()> {
        let id = handle.attempt;
        self.expect(id.pipeline, &format!("stop of {id}"), |state| state.attempt(id).is_some_and(|a| a.stop.is_some()))
            .await;
        self.inner.stop(handle, grace).await
    }

    async fn cleanup(&self, pipeline: PipelineId, workspace: Option<&Path>) -> ExecutorResult<()> {
        self.expect(pipeline, "cleaning up", |state| state.verdict.is_some()).await;
        self.inner.cleanup(pipeline, workspace).await
    }

    async fn release(&self, pipeline: PipelineId) -> ExecutorResult<()> {
        self.inner.release(pipeline).await
    }

    async fn list_owned(&self) -> ExecutorResult<Vec<OwnedPipeline>> {
        self.inner.list_owned().await
    }
}
