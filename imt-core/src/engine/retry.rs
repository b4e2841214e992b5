//! Repeating what may succeed later: bounded exponential backoff, nothing more.

use std::time::Duration;

use tokio::time::Instant;

use crate::ports::{StoreError, StoreResult};

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

/// Repeats an idempotent call to the store for as long as the store is merely unavailable. For callers that are ended from
/// outside, as everything of a driver is when its claim is lost.
pub(super) async fn until_answered<T, F: Future<Output = StoreResult<T>>>(
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

/// The same for a caller whom a full disk is to end at once: nobody makes room while it waits, and what it does is no condition
/// for anything else.
pub(super) async fn until_answered_or_full<T, F: Future<Output = StoreResult<T>>>(
    mut call: impl FnMut() -> F,
) -> StoreResult<T> {
    let mut backoff = Backoff::new();
    loop {
        match call().await {
            Err(error) if error.is_retryable() && !matches!(error, StoreError::NoRoom { .. }) => backoff.pause().await,
            result => return result,
        }
    }
}

/// Repeats an idempotent call to the store while the store is merely unavailable, for at most `patience`. That is the
/// lease of the caller's claim: a store that is away for longer has lost the claim, and one that refuses only this call
/// will not take it later either.
pub(super) async fn until_available<T, F: Future<Output = StoreResult<T>>>(
    patience: Duration,
    mut call: impl FnMut() -> F,
) -> StoreResult<T> {
    let until = Instant::now() + patience;
    let mut backoff = Backoff::new();
    loop {
        match call().await {
            Err(error) if error.is_retryable() && Instant::now() < until => backoff.pause().await,
            result => return result,
        }
    }
}
