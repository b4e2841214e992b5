//! Which pipelines this engine drives: one driver each, whoever asked for it.
//!
//! A store hands a pipeline to the instance that holds it already, so only the engine itself can keep two of its drivers
//! from taking it from each other.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

use crate::id::PipelineId;

/// The pipelines under way.
#[derive(Debug, Default)]
pub(super) struct Registry(Mutex<BTreeMap<PipelineId, Entry>>);

#[derive(Debug)]
struct Entry {
    poke: Arc<Notify>,
    over: watch::Receiver<()>,
}

/// The right to drive a pipeline here, given back when dropped, however that comes about.
#[derive(Debug)]
pub(super) struct Driven {
    registry: Arc<Registry>,
    pipeline: PipelineId,
    poke: Arc<Notify>,
    _over: watch::Sender<()>,
}

/// Ends when a pipeline that is driven here no longer is.
#[derive(Debug)]
pub(super) struct Busy(watch::Receiver<()>);

impl Registry {
    fn entries(&self) -> MutexGuard<'_, BTreeMap<PipelineId, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn enter(self: &Arc<Self>, pipeline: PipelineId) -> Result<Driven, Busy> {
        let mut entries = self.entries();
        if let Some(entry) = entries.get(&pipeline) {
            return Err(Busy(entry.over.clone()));
        }
        let (sender, over) = watch::channel(());
        let poke = Arc::<Notify>::default();
        entries.insert(pipeline, Entry { poke: Arc::clone(&poke), over });
        drop(entries);
        Ok(Driven { registry: Arc::clone(self), pipeline, poke, _over: sender })
    }

    pub(super) fn all(&self) -> Vec<PipelineId> {
        self.entries().keys().copied().collect()
    }

    pub(super) fn contains(&self, pipeline: PipelineId) -> bool {
        self.entries().contains_key(&pipeline)
    }

    /// Wakes a driver at once where others have to wait for their next look at the store; answers whether there is one.
    pub(super) fn poke(&self, pipeline: PipelineId) -> bool {
        let entries = self.entries();
        let Some(entry) = entries.get(&pipeline) else { return false };
        entry.poke.notify_one();
        true
    }
}

impl Driven {
    /// What wakes the driver.
    pub(super) fn poke(&self) -> Arc<Notify> {
        Arc::clone(&self.poke)
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        self.registry.entries().remove(&self.pipeline);
    }
}

impl Busy {
    pub(super) async fn over(mut self) {
        // Nothing is ever sent: it ends with its sender.
        while self.0.changed().await.is_ok() {}
    }
}
