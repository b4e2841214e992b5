//! A spawned task that ends with its owner.

use tokio::task::JoinHandle;

/// Aborts the task when dropped, so that dropping a driver leaves nothing of it running.
#[derive(Debug)]
pub(super) struct Task(JoinHandle<()>);

/// Work that is to be spawned. A simulated process keeps hold of what it spawns.
#[cfg(feature = "testkit")]
pub(super) use crate::engine::process::inherited as of_this_process;

#[cfg(not(feature = "testkit"))]
pub(super) const fn of_this_process<W>(work: W) -> W {
    work
}

impl Task {
    pub(super) fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(of_this_process(work)))
    }

    /// Aborts it, and does not wait.
    pub(super) fn abort(&self) {
        self.0.abort();
    }

    /// Aborts it and waits until its future is dropped.
    pub(super) async fn end(mut self) {
        self.0.abort();
        // Cancelled is what was asked for; a panic in a task that is being thrown away concerns nobody.
        let _aborted = (&mut self.0).await;
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
