//! Stands between an engine and its executor: what is done is committed, and done by whoever holds the pipeline.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, sleep};

use super::observer::{LifeFacts, Observer};
use crate::id::{AttemptId, PipelineId};
use crate::ports::{
    Executor, ExecutorResult, Exit, Handle, JobSpec, LogPositions, LogStream, Notes, OwnedPipeline, Store,
};
use crate::schedule::{AttemptPhase, PipelineState};

/// The executor of one life.
pub(super) struct Witness {
    pub(super) life: Arc<LifeFacts>,
    pub(super) observer: Arc<Observer>,
    pub(super) lets_go_in: Duration,
}

impl Witness {
    async fn expect(&self, pipeline: PipelineId, what: &str, holds: impl FnOnce(&PipelineState) -> bool) {
        let say = |text: String| self.observer.testimony.say(format!("{}: {text}", self.life.instance));
        match self.observer.store.load(pipeline).await {
            Ok(record) if holds(&record.state) => {}
            Ok(record) => say(format!("{what} before it was committed: {:?}", record.state)),
            Err(error) => say(format!("{what} of a pipeline that cannot be loaded: {error}")),
        }
    }

    /// Only who has been stopped can be mistaken about what he holds, and for no longer than it takes to look.
    fn expect_to_drive(&self, pipeline: PipelineId, what: &str) -> bool {
        let drives = self.observer.drives(self.life.id, pipeline);
        let just_went_on = self.life.process.went_on_at() == Some(Instant::now());
        if !drives && !just_went_on {
            self.observer.testimony.say(format!("{}: {what} of a pipeline that others hold", self.life.instance));
        }
        drives
    }
}

#[async_trait]
impl Executor for Witness {
    async fn prepare(&self, job: &JobSpec, notes: &Notes) -> ExecutorResult<()> {
        self.life.executor.prepare(job, notes).await
    }

    async fn start(&self, job: &JobSpec) -> ExecutorResult<Handle> {
        let id = job.attempt;
        if self.expect_to_drive(id.pipeline, &format!("start of {id}")) {
            self.expect(id.pipeline, &format!("start of {id}"), |state| {
                let runs = state.attempt(id).is_some_and(|a| a.phase == AttemptPhase::Running);
                runs && state.workspace.as_ref() == Some(&self.life.instance)
            })
            .await;
        }
        self.life.executor.start(job).await
    }

    async fn attach(&self, attempt: AttemptId) -> ExecutorResult<Option<Handle>> {
        self.life.executor.attach(attempt).await
    }

    async fn logs(&self, handle: &Handle, from: LogPositions) -> ExecutorResult<LogStream> {
        self.life.executor.logs(handle, from).await
    }

    async fn wait(&self, handle: &Handle) -> ExecutorResult<Exit> {
        self.life.executor.wait(handle).await
    }

    async fn stop(&self, handle: &Handle, grace: Duration) -> ExecutorResult<()> {
        let id = handle.attempt;
        if self.observer.drives(self.life.id, id.pipeline) {
            self.expect(id.pipeline, &format!("stop of {id}"), |state| {
                // What was lost may run yet, and is ended before anything else begins.
                state.attempt(id).is_some_and(|a| a.stop.is_some() || a.phase == AttemptPhase::Ended)
            })
            .await;
        }
        self.life.executor.stop(handle, grace).await
    }

    async fn cleanup(&self, pipeline: PipelineId, workspace: Option<&Path>) -> ExecutorResult<()> {
        self.expect(pipeline, "cleaning up", |state| state.verdict.is_some()).await;
        self.life.executor.cleanup(pipeline, workspace).await
    }

    async fn release(&self, pipeline: PipelineId) -> ExecutorResult<()> {
        if !self.lets_go_in.is_zero() {
            sleep(self.lets_go_in).await;
        }
        self.life.executor.release(pipeline).await
    }

    async fn list_owned(&self) -> ExecutorResult<Vec<OwnedPipeline>> {
        self.life.executor.list_owned().await
    }
}
