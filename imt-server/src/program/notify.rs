//! What whoever supervises the process is told: that it serves, that it lives, that it ends. By the protocol of systemd, where
//! `NOTIFY_SOCKET` says to whom; else nobody is told anything.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Says that the server serves, and from then on what else there is to say. That it ends is among the tasks that the end waits for:
/// a server that has nothing to finish would be gone before.
pub(super) fn serving(stop: CancellationToken, tasks: &TaskTracker) {
    tell(&[NotifyState::Ready]);
    if let Some(within) = sd_notify::watchdog_enabled() {
        // Twice as often as it has to be; through the end as well, which may take long.
        tokio::spawn(live(within / 2));
    }
    tasks.spawn(async move {
        stop.cancelled().await;
        tell(&[NotifyState::Stopping, NotifyState::Status("finishing what is under way")]);
    });
}

/// Lives, and says so: whoever hears nothing starts the process anew.
async fn live(every: Duration) {
    loop {
        tell(&[NotifyState::Watchdog]);
        tokio::time::sleep(every).await;
    }
}

fn tell(what: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(what) {
        tracing::warn!(%error, "whoever supervises this process cannot be told of it");
    }
}
