//! What a driver wants of one attempt: orders that are only ever raised.

use tokio::sync::watch;

use crate::schedule::CancelLevel;

/// How far the attempt may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Leave {
    /// Prepare, but say nothing: its turn has not come.
    #[default]
    Ahead,
    /// Its turn has come: report when prepared.
    Turn,
    /// Its start is committed.
    Go,
}

/// What the driver wants of the attempt; only ever raised.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Orders {
    pub(super) leave: Leave,
    pub(super) stop: Option<CancelLevel>,
}

/// Ends when a stop is ordered.
pub(super) async fn stopped(orders: watch::Receiver<Orders>) {
    ordered(orders, |o| o.stop.is_some()).await;
}

/// Ends when a kill is ordered.
pub(super) async fn killed(orders: watch::Receiver<Orders>) {
    ordered(orders, |o| o.stop == Some(CancelLevel::Kill)).await;
}

async fn ordered(mut orders: watch::Receiver<Orders>, what: impl FnMut(&Orders) -> bool) {
    if orders.wait_for(what).await.is_err() {
        // Nobody is left to give orders: the driver is being dropped, and this task with it.
        std::future::pending::<()>().await;
    }
}
