//! What all parts of one engine share: its ports, its settings and who is to be woken.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::engine::workspace::Workspaces;
use crate::id::PipelineId;
use crate::ports::{EventSink, Executor, RunnerInfo, Source, Store};
use crate::schedule::PipelineState;
use crate::status::End;

/// How a pipeline ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Which pipeline.
    pub id: PipelineId,
    /// Its number within its project.
    pub number: NonZeroU64,
    /// Status and reason.
    pub end: End,
    /// Everything about its jobs and attempts.
    pub state: PipelineState,
}

/// What all parts of one engine share.
pub(super) struct Shared {
    pub(super) executor: Arc<dyn Executor>,
    pub(super) store: Arc<dyn Store>,
    pub(super) source: Option<Arc<dyn Source>>,
    pub(super) sink: Arc<dyn EventSink>,
    pub(super) workspaces: Option<Workspaces>,
    pub(super) keep_workspaces: bool,
    pub(super) runner: RunnerInfo,
    pub(super) job_limit: usize,
    pub(super) prepare_ahead: usize,
    pub(super) log_cap_bytes: u64,
    pub(super) pokes: Pokes,
    pub(super) queued: Notify,
    pub(super) warn: Box<dyn Fn(&str) + Send + Sync>,
}

impl Shared {
    pub(super) fn warn(&self, message: &str) {
        (self.warn)(message);
    }
}

/// Wakes the drivers of this process at once where others have to wait for their next look at the store.
#[derive(Default)]
pub(super) struct Pokes(Mutex<BTreeMap<PipelineId, Arc<Notify>>>);

impl Pokes {
    pub(super) fn register(&self, pipeline: PipelineId) -> Arc<Notify> {
        Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(pipeline).or_default())
    }

    pub(super) fn forget(&self, pipeline: PipelineId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&pipeline);
    }

    pub(super) fn poke(&self, pipeline: PipelineId) {
        if let Some(notify) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&pipeline) {
            notify.notify_one();
        }
    }
}
