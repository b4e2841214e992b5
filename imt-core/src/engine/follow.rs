//! Following a started attempt: its output into the log, its stop orders to the executor, its end to the caller.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::watch;

use crate::engine::clock::Clock;
use crate::engine::log_writer::LogWriter;
use crate::engine::orders::Orders;
use crate::engine::problem::problem;
use crate::engine::retry::Backoff;
use crate::mask::Needles;
use crate::ports::{Executor, Failure, Handle, StoreResult};
use crate::schedule::{AttemptOutcome, CancelLevel};

/// How long a log may stay silent after its attempt's end before we stop waiting for the rest.
const LAST_BYTES: Duration = Duration::from_secs(30);
/// How often a broken log stream is opened again without a byte having come.
const REOPENINGS: u32 = 8;
/// How often an unanswered question for the outcome is repeated: with the backoff's pauses, about two minutes.
const WAIT_TRIES: u32 = 60;

pub(super) struct Follower<'a> {
    pub(super) executor: &'a Arc<dyn Executor>,
    pub(super) handle: &'a Handle,
    pub(super) grace: Duration,
    pub(super) clock: Clock,
    pub(super) needles: &'a Needles,
}

impl Follower<'_> {
    /// Ends when the attempt is over and its log is written (not yet finished).
    pub(super) async fn run(
        &self,
        log: &mut LogWriter,
        orders: watch::Receiver<Orders>,
    ) -> StoreResult<AttemptOutcome> {
        let (over, is_over) = watch::channel(false);
        let wait = async {
            let outcome = self.outcome().await;
            over.send_replace(true);
            outcome
        };
        let both = async { tokio::join!(wait, self.pump(log, is_over)) };
        let stops = self.obey(orders);
        tokio::pin!(both, stops);
        tokio::select! {
            biased;
            (outcome, pumped) = &mut both => pumped.map(|()| outcome),
            never = &mut stops => match never {},
        }
    }

    async fn outcome(&self) -> AttemptOutcome {
        let mut backoff = Backoff::new();
        let mut tries = 0;
        loop {
            tries += 1;
            match self.executor.wait(self.handle).await {
                Ok(exit) => return exit.into(),
                Err(failure) if tries < WAIT_TRIES && failure.retryable => backoff.pause().await,
                Err(failure) => return AttemptOutcome::Broken(problem(&failure, self.needles)),
            }
        }
    }

    /// Copies the output into the log until it ends, opening the stream again where it breaks.
    async fn pump(&self, log: &mut LogWriter, mut is_over: watch::Receiver<bool>) -> StoreResult<()> {
        let mut backoff = Backoff::new();
        let mut broken = 0;
        while !log.is_finished() {
            let before = log.taken();
            let failure = match self.executor.logs(self.handle, before).await {
                Ok(stream) => match self.copy(stream, log, &mut is_over).await? {
                    Copied::All => return Ok(()),
                    Copied::Broken(failure) => failure,
                },
                Err(failure) => failure,
            };
            broken = if log.taken() == before { broken + 1 } else { 0 };
            if broken >= REOPENINGS || !failure.retryable {
                let line = format!("the rest of the output could not be read: {}", failure.explain());
                return log.say(&line, self.clock.now()).await;
            }
            backoff.pause().await;
        }
        Ok(())
    }

    async fn copy(
        &self,
        stream: crate::ports::LogStream,
        log: &mut LogWriter,
        is_over: &mut watch::Receiver<bool>,
    ) -> StoreResult<Copied> {
        // What is ready at once is taken together, so that a flood is written in large pieces and a drip at once.
        let mut batches = stream.ready_chunks(32);
        loop {
            let next = tokio::select! {
                biased;
                next = batches.next() => next,
                () = silence_after(is_over.clone()) => {
                    let line = "the output did not end with its job; what may follow is left out";
                    log.say(line, self.clock.now()).await?;
                    return Ok(Copied::All);
                }
            };
            let Some(batch) = next else { return log.flush().await.map(|()| Copied::All) };
            for item in batch {
                match item {
                    Ok(chunk) => log.push(&chunk).await?,
                    Err(failure) => {
                        log.flush().await?;
                        return Ok(Copied::Broken(failure));
                    }
                }
            }
            log.flush().await?;
        }
    }

    /// Passes stop orders on, each escalation beside the stop that is under way, for ever.
    async fn obey(&self, mut orders: watch::Receiver<Orders>) -> std::convert::Infallible {
        let mut stops = FuturesUnordered::new();
        let mut level = None;
        loop {
            let wanted = orders.borrow_and_update().stop;
            if wanted > level {
                level = wanted;
                let grace = if wanted == Some(CancelLevel::Kill) { Duration::ZERO } else { self.grace };
                stops.push(self.stop(grace));
            }
            tokio::select! {
                biased;
                changed = orders.changed() => if changed.is_err() {
                    // Nobody is left to give orders; what was ordered still holds.
                    while stops.next().await.is_some() {}
                    std::future::pending::<()>().await;
                },
                Some(()) = stops.next() => {}
            }
        }
    }

    /// Stops the attempt, repeating what fails: giving up would leave it running. The attempt's end ends this too.
    async fn stop(&self, grace: Duration) {
        let mut backoff = Backoff::new();
        while self.executor.stop(self.handle, grace).await.is_err() {
            backoff.pause().await;
        }
    }
}

enum Copied {
    All,
    Broken(Failure),
}

/// Ends when the attempt has been over for [`LAST_BYTES`]; made anew for each wait, so that output puts it off.
async fn silence_after(mut is_over: watch::Receiver<bool>) {
    if is_over.wait_for(|over| *over).await.is_err() {
        // The waiting side is gone without an end: the whole follower is being dropped.
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(LAST_BYTES).await;
}
