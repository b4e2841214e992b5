//! Hints: that a store holds something new, and nothing else.
//!
//! A hint carries no content, and may be late, lost or false: looking again from time to time is the truth, hints only make
//! it quicker.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::id::Subject;

/// Where it rings when a store has something new, for those who listen.
#[derive(Debug, Default)]
pub struct Bell {
    subjects: Mutex<BTreeMap<Subject, watch::Sender<()>>>,
    queue: watch::Sender<()>,
}

/// One who listens. Several rings may melt into one.
#[derive(Debug, Clone)]
pub struct Listener(watch::Receiver<()>);

impl Bell {
    /// A bell that nobody listens to yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens for events and logs of a pipeline or deployment. Those that nobody listens for any more are forgotten here.
    pub fn listen(&self, subject: impl Into<Subject>) -> Listener {
        let mut subjects = self.subjects();
        subjects.retain(|_, sender| sender.receiver_count() > 0);
        let sender = subjects.entry(subject.into()).or_insert_with(|| watch::channel(()).0);
        Listener(sender.subscribe())
    }

    /// Listens for something to claim.
    pub fn listen_to_queue(&self) -> Listener {
        Listener(self.queue.subscribe())
    }

    /// Whether anybody listens for a pipeline or deployment.
    pub fn is_followed(&self) -> bool {
        self.subjects().values().any(|sender| sender.receiver_count() > 0)
    }

    /// A pipeline or deployment has new events, or more of a log.
    pub fn ring(&self, subject: impl Into<Subject>) {
        if let Some(sender) = self.subjects().get(&subject.into()) {
            sender.send_replace(());
        }
    }

    /// There may be something to claim.
    pub fn ring_queue(&self) {
        self.queue.send_replace(());
    }

    /// Anything may be new.
    pub fn ring_all(&self) {
        for sender in self.subjects().values() {
            sender.send_replace(());
        }
        self.ring_queue();
    }

    fn subjects(&self) -> MutexGuard<'_, BTreeMap<Subject, watch::Sender<()>>> {
        self.subjects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    /// Forgets the rings so far. To be called before looking, so that what is written meanwhile rings again.
    pub fn rearm(&mut self) {
        self.0.borrow_and_update();
    }

    /// Whether it has rung since, and nobody has [heard](Self::heard) it.
    pub fn has_rung(&self) -> bool {
        self.0.has_changed().unwrap_or(false)
    }

    /// Waits for a ring since the last [`rearm`](Self::rearm), for ever if there is none. *Cancellation*: loses nothing.
    pub async fn heard(&mut self) {
        if self.0.changed().await.is_err() {
            // The bell is gone.
            pending::<()>().await;
        }
    }
}
