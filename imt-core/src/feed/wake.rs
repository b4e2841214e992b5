//! Waking readers when the store holds something new.
//!
//! Carries no content: a wake-up means "look again", and several of them may melt into one.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::select_all;

use crate::id::{PipelineId, Subject};
use crate::ports::{Bell, EventSink, Listener, Notice};

/// An [`EventSink`] that wakes the readers of the pipeline in question, for stores without a
/// [`bell`](crate::ports::Store::bell). Give it to the engine, and a [`Waker`] from [`subscribe`](Self::subscribe) to each
/// [`Feed`](super::Feed).
#[derive(Debug, Default)]
pub struct WakeSink {
    bell: Bell,
}

impl WakeSink {
    /// A sink that nobody listens to yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A waker for one pipeline. Subscriptions that nobody holds any more are forgotten here.
    pub fn subscribe(&self, pipeline: PipelineId) -> Waker {
        Waker { listeners: vec![self.bell.listen(pipeline)] }
    }
}

impl EventSink for WakeSink {
    fn notify(&self, notice: Notice) {
        self.bell.ring(match notice {
            Notice::Events { pipeline, .. } => pipeline,
            Notice::Log { attempt, .. } => attempt.pipeline,
        });
    }
}

/// What a [`Feed`](super::Feed) waits on, beside the bell of its store.
#[derive(Debug, Clone)]
pub struct Waker {
    listeners: Vec<Listener>,
}

impl Waker {
    /// A waker that nobody rings: its feed hears the bell of its store, if that has one, and looks from time to time.
    pub const fn none() -> Self {
        Self { listeners: Vec::new() }
    }

    /// Hears the bell of a store as well.
    pub(crate) fn hear(&mut self, bell: Option<&Bell>, subject: impl Into<Subject>) {
        self.listeners.extend(bell.map(|bell| bell.listen(subject)));
    }

    /// Forgets the wake-ups so far, and says whether there were any that nobody has waited for. Called before looking, so that
    /// what is written meanwhile wakes again.
    pub(crate) fn rearm(&mut self) -> bool {
        let has_rung = self.listeners.iter().any(Listener::has_rung);
        self.listeners.iter_mut().for_each(Listener::rearm);
        has_rung
    }

    /// Waits for a wake-up since the last [`rearm`](Self::rearm), at most this long; whether there was one.
    pub(crate) async fn wait(&mut self, at_most: Duration) -> bool {
        let ring = async {
            if self.listeners.is_empty() {
                std::future::pending::<()>().await;
            }
            select_all(self.listeners.iter_mut().map(|listener| listener.heard().boxed())).await;
        };
        tokio::time::timeout(at_most, ring).await.is_ok()
    }
}
