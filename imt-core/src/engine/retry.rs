//! Repeating what may succeed later: bounded exponential backoff, nothing more.

use std::time::Duration;

use crate::ports::StoreResult;

/// Doubling pauses from a first to a longest one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    pub(super) const fn new() -> Self {
        Self { next: Duration::from_millis(20), longest: Duration::from_secs(2) }
    }

    pub(super) async fn pause(&mut self) {
        tokio::time::sleep(self.next).await;
        self.next = (self.next * 2).min(self.longest);
    }
}

/// Repeats an idempotent call to the store for as long as the store is merely unavailable. It is the caller's lease that
/// bounds this: whoever awaits it gives up when the claim is lost.
pub(super) async fn until_available<T, F: Future<Output = StoreResult<T>>>(
    mut call: impl FnMut() -> F,
) -> StoreResult<T> {
    let mut backoff = Backoff::new();
    loop {
        match call().await {
            Err(error) if error.is_retryable() => backoff.pause().await,
            result => return result,
        }
    }
}
