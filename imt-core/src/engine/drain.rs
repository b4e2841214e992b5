//! Telling drivers that no more is to be begun here.

use tokio::sync::watch;

/// What one driver hears; only ever raised.
#[derive(Debug, Clone)]
pub(super) struct Drain(Option<watch::Receiver<bool>>);

impl Drain {
    /// Of a driver that nobody asks to hand its pipeline back.
    pub(super) const fn never() -> Self {
        Self(None)
    }

    pub(super) fn of(told: &watch::Sender<bool>) -> Self {
        Self(Some(told.subscribe()))
    }

    /// Ends when no more is to be begun. *Cancellation*: dropping the future forgets nothing.
    pub(super) async fn begun(&mut self) {
        if let Some(told) = &mut self.0
            && told.wait_for(|drains| *drains).await.is_ok()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}
