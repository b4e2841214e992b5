//! Work that is finished whoever stops waiting for it, and however far back he steps.

use imt_core::ports::{StoreError, StoreResult};
use tokio::runtime::Handle;

/// The runtime in which a store was opened. What writes runs there: a writer keeps others waiting from when it has its turn until
/// it is scheduled to give it back, which is to take no longer where it was asked for by threads that step back.
#[derive(Clone)]
pub(crate) struct Home(Handle);

impl Home {
    /// The runtime that this is called in.
    pub(crate) fn here() -> Self {
        Self(Handle::current())
    }

    /// Runs what nobody waits for.
    pub(crate) fn leave(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(work);
    }

    /// Runs a write to its end in a task of its own.
    pub(crate) async fn finished<T: Send + 'static>(
        &self,
        work: impl Future<Output = StoreResult<T>> + Send + 'static,
    ) -> StoreResult<T> {
        self.0.spawn(work).await.unwrap_or_else(|error| {
            Err(StoreError::Unavailable {
                message: "the work on the database was torn down".to_owned(),
                source: Some(Box::new(error)),
            })
        })
    }
}
