//! Work that is finished whoever stops waiting for it.

use imt_core::ports::{StoreError, StoreResult};

/// Runs a write to its end in a task of its own.
pub(crate) async fn finished<T: Send + 'static>(
    work: impl Future<Output = StoreResult<T>> + Send + 'static,
) -> StoreResult<T> {
    tokio::spawn(work).await.unwrap_or_else(|error| {
        Err(StoreError::Unavailable {
            message: "the work on the database was torn down".to_owned(),
            source: Some(Box::new(error)),
        })
    })
}
