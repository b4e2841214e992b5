//! Waking readers when the store holds something new.
//!
//! Carries no content: a wake-up means "look again", and several of them may melt into one.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::id::PipelineId;
use crate::ports::{EventSink, Notice};

/// An [`EventSink`] that wakes the readers of the pipeline in question. Give it to the engine, and a [`Waker`] from
/// [`subscribe`](Self::subscribe) to each [`Feed`](super::Feed).
#[derive(Debug, Default)]
pub struct WakeSink {
    readers: Mutex<BTreeMap<PipelineId, watch::Sender<()>>>,
}

impl WakeSink {
    /// A sink that nobody listens to yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A waker for one pipeline. Subscriptions that nobody holds any more are forgotten here.
    pub fn subscribe(&self, pipeline: PipelineId) -> Waker {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.retain(|_, sender| sender.receiver_count() > 0);
        let sender = readers.entry(pipeline).or_insert_with(|| watch::channel(()).0);
        Waker { receiver: Some(sender.subscribe()) }
    }
}

impl EventSink for WakeSink {
    fn notify(&self, notice: Notice) {
        let pipeline = match notice {
            Notice::Events { pipeline, .. } => pipeline,
            Notice::Log { attempt, .. } => attempt.pipeline,
        };
        let readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = readers.get(&pipeline) {
            sender.send_replace(());
        }
    }
}

/// What a [`Feed`](super::Feed) waits on.
#[derive(Debug, Clone)]
pub struct Waker {
    receiver: Option<watch::Receiver<()>>,
}

impl Waker {
    /// A waker that nobody rings: its feed only looks from time to time.
    pub const fn none() -> Self {
        Self { receiver: None }
    }

    /// Forgets the wake-ups so far. Called before looking, so that what is written meanwhile wakes again.
    pub(super) fn rearm(&mut self) {
        if let Some(receiver) = &mut self.receiver {
            receiver.borrow_and_update();
        }
    }

    /// Waits for a wake-up since the last [`rearm`](Self::rearm), at most this long.
    pub(super) async fn wait(&mut self, at_most: Duration) {
        let Some(receiver) = &mut self.receiver else {
            tokio::time::sleep(at_most).await;
            return;
        };
        if let Ok(Err(_)) = tokio::time::timeout(at_most, receiver.changed()).await {
            // The sink is gone: nobody will ring again.
            self.receiver = None;
            tokio::time::sleep(at_most).await;
        }
    }
}
