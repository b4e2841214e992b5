//! What all parts of one engine share: its ports, its settings and who is to be woken.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::engine::clock::Clock;
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
    pub(super) called_off: CalledOff,
    /// The clock of a world of its own; without it each use starts one of this world.
    pub(super) clock: Option<Clock>,
    pub(super) warn: Box<dyn Fn(&str) + Send + Sync>,
}

impl Shared {
    pub(super) fn clock(&self) -> Clock {
        self.clock.unwrap_or_else(Clock::start)
    }

    pub(super) fn warn(&self, message: &str) {
        (self.warn)(message);
    }
}

/// Pipelines that were cancelled here while nobody here drove them: a worker ends them without waiting for a free place.
#[derive(Default)]
pub(super) struct CalledOff {
    pipelines: Mutex<BTreeSet<PipelineId>>,
    added: Notify,
}

impl CalledOff {
    pub(super) fn add(&self, pipeline: PipelineId) {
        self.pipelines.lock().unwrap_or_else(PoisonError::into_inner).insert(pipeline);
        self.added.notify_one();
    }

    /// The next one. *Cancellation*: dropping the future takes none.
    pub(super) async fn next(&self) -> PipelineId {
        loop {
            if let Some(next) = self.pipelines.lock().unwrap_or_else(PoisonError::into_inner).pop_first() {
                return next;
            }
            self.added.notified().await;
        }
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

    /// Answers whether there is one to wake.
    pub(super) fn poke(&self, pipeline: PipelineId) -> bool {
        let pokes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(driver) = pokes.get(&pipeline) else { return false };
        driver.notify_one();
        true
    }
}
