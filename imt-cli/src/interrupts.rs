//! Counting what asks for the end: SIGINT, SIGTERM, SIGHUP, and a reader of our output that has gone away.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::error::{CliError, Result};

/// How often the end has been asked for.
#[derive(Debug, Clone)]
pub(crate) struct Interrupts {
    count: watch::Receiver<u32>,
    counter: Counter,
}

/// The end of [`Interrupts`] that counts.
#[derive(Debug, Clone)]
pub(crate) struct Counter(watch::Sender<u32>);

impl Counter {
    /// Asks for the end.
    pub(crate) fn add(&self) {
        self.0.send_modify(|count| *count += 1);
    }

    /// Asks for the end unless somebody has: a terminal that is closed says so in more than one way, and that is no
    /// reason to hurry.
    pub(crate) fn ask(&self) {
        self.0.send_modify(|count| *count = (*count).max(1));
    }
}

impl Interrupts {
    /// Begins to listen. From here on the signals no longer end the process by themselves.
    pub(crate) fn listen() -> Result<Self> {
        let (sender, count) = watch::channel(0);
        let counter = Counter(sender);
        let hear = |kind| signal(kind).map_err(|error| CliError::internal("cannot listen to signals").because(error));
        for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
            let counter = counter.clone();
            tokio::spawn(each(hear(kind)?, move || counter.add()));
        }
        let hung_up = counter.clone();
        tokio::spawn(each(hear(SignalKind::hangup())?, move || hung_up.ask()));
        Ok(Self { count, counter })
    }

    pub(crate) fn counter(&self) -> Counter {
        self.counter.clone()
    }

    /// Waits until the end has been asked for so often.
    pub(crate) async fn reached(&self, times: u32) {
        let mut count = self.count.clone();
        if count.wait_for(|count| *count >= times).await.is_err() {
            // We hold a counter ourselves, so this is never reached; if it were, nobody could ask any more.
            std::future::pending::<()>().await;
        }
    }
}

async fn each(mut signal: Signal, act: impl Fn()) {
    while signal.recv().await.is_some() {
        act();
    }
}
