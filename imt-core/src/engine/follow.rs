//! Following a started attempt: its output into the log, its stop orders to the executor, its end to the caller.
//!
//! Every wait here ends. An executor that does not answer is given up some time after the attempt was told to stop; a store
//! that does not take the log, some time after the attempt's end. Neither costs an outcome that is known.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::engine::clock::Clock;
use crate::engine::log_writer::LogWriter;
use crate::engine::orders::{Orders, killed, stopped};
use crate::engine::retry::Backoff;
use crate::ports::{Executor, ExecutorResult, Failure, FailureKind, Handle, LogChunk, LogStream};
use crate::schedule::{AttemptOutcome, CancelLevel};

/// How long a log may stay silent after its attempt's end before we stop waiting for the rest.
const LAST_BYTES: Duration = Duration::from_secs(30);
/// How long an executor that does not answer is asked again: for the outcome, and for the output.
pub(super) const ASK_FOR: Duration = Duration::from_mins(2);
/// How long after the end of its grace an attempt may take to be over.
const AFTER_GRACE: Duration = Duration::from_secs(30);
/// How long after a kill.
const AFTER_KILL: Duration = Duration::from_secs(5);

pub(super) struct Follower<'a> {
    pub(super) executor: &'a Arc<dyn Executor>,
    pub(super) handle: &'a Handle,
    pub(super) grace: Duration,
    /// How long the log may take to be written once the attempt is over.
    pub(super) log_patience: Duration,
    pub(super) clock: Clock,
}

/// How following ended.
pub(super) enum Followed {
    /// The attempt is over.
    Over(AttemptOutcome),
    /// Nobody says how it ended, or whether it has.
    Unknown(Failure),
}

impl Follower<'_> {
    /// Ends when the attempt is over, or is not to be waited for any more, and its log is written (not yet finished).
    pub(super) async fn run(&self, log: &mut LogWriter, orders: watch::Receiver<Orders>) -> Followed {
        let known = Mutex::new(None);
        let (over, is_over) = watch::channel(false);
        let wait = async {
            let outcome = self.outcome().await;
            *known.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
            over.send_replace(true);
        };
        let both = async { tokio::join!(wait, self.pump(log, is_over)) };
        let stops = self.obey(orders.clone());
        let patience_ends = self.patience_ends(orders);
        tokio::pin!(both, stops, patience_ends);
        tokio::select! {
            biased;
            ((), ()) = &mut both => {}
            never = &mut stops => match never {},
            () = &mut patience_ends => {}
        }
        let known = known.lock().unwrap_or_else(PoisonError::into_inner).take();
        match known {
            Some(Ok(outcome)) => Followed::Over(outcome),
            Some(Err(failure)) => Followed::Unknown(failure),
            None => Followed::Unknown(
                Failure::new(
                    FailureKind::Internal,
                    "the executor did not say that the job was over after it was stopped",
                )
                .with_help("look at the executor; the pipeline ends, and its cleaning up ends what still runs"),
            ),
        }
    }

    async fn outcome(&self) -> ExecutorResult<AttemptOutcome> {
        let mut backoff = Backoff::new();
        let until = Instant::now() + ASK_FOR;
        loop {
            match self.executor.wait(self.handle).await {
                Ok(exit) => return Ok(exit.into()),
                Err(failure) if failure.retryable && Instant::now() < until => backoff.pause().await,
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Copies the output into the log until it ends, opening the stream again where it breaks.
    async fn pump(&self, log: &mut LogWriter, is_over: watch::Receiver<bool>) {
        let mut backoff = Backoff::new();
        let mut until = Instant::now() + ASK_FOR;
        while !log.is_finished() {
            let before = log.taken();
            let opened = tokio::select! {
                biased;
                opened = self.executor.logs(self.handle, before) => opened,
                () = after_end(is_over.clone(), LAST_BYTES) => return self.say_cut_off(log).await,
            };
            let failure = match opened {
                Ok(stream) => match self.copy(stream, log, &is_over).await {
                    Ok(()) => return,
                    Err(failure) => failure,
                },
                Err(failure) => failure,
            };
            if log.taken() != before {
                backoff = Backoff::new();
                until = Instant::now() + ASK_FOR;
            }
            if Instant::now() >= until || !failure.retryable {
                let line = format!("the rest of the output could not be read: {}", failure.explain());
                return log.say(&line, self.clock.now()).await;
            }
            backoff.pause().await;
        }
    }

    async fn copy(
        &self,
        stream: LogStream,
        log: &mut LogWriter,
        is_over: &watch::Receiver<bool>,
    ) -> Result<(), Failure> {
        // What is ready at once is taken together, so that a flood is written in large pieces and a drip at once.
        let mut batches = stream.ready_chunks(32);
        loop {
            let next = tokio::select! {
                biased;
                next = batches.next() => next,
                () = after_end(is_over.clone(), LAST_BYTES) => {
                    self.say_cut_off(log).await;
                    return Ok(());
                }
            };
            let Some(batch) = next else {
                self.put(log, None, is_over).await;
                return Ok(());
            };
            let mut broken = None;
            for item in batch {
                match item {
                    Ok(chunk) => self.put(log, Some(&chunk), is_over).await,
                    Err(failure) => broken = Some(failure),
                }
            }
            self.put(log, None, is_over).await;
            if let Some(failure) = broken {
                return Err(failure);
            }
        }
    }

    /// Writes a chunk, or what has gathered. While the attempt runs, a store that is away is waited for; after its end only
    /// for so long, because an outcome waits.
    async fn put(&self, log: &mut LogWriter, chunk: Option<&LogChunk>, is_over: &watch::Receiver<bool>) {
        let writing = async {
            match chunk {
                Some(chunk) => log.push(chunk).await,
                None => log.flush().await,
            }
        };
        let in_time = tokio::select! {
            biased;
            () = writing => true,
            () = after_end(is_over.clone(), self.log_patience) => false,
        };
        if !in_time {
            log.give_up();
        }
    }

    async fn say_cut_off(&self, log: &mut LogWriter) {
        log.say("the output did not end with its job; what may follow is left out", self.clock.now()).await;
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

    /// Ends when an attempt that was told to stop has had more than the time for it.
    async fn patience_ends(&self, orders: watch::Receiver<Orders>) {
        stopped(orders.clone()).await;
        tokio::select! {
            () = sleep(self.grace + AFTER_GRACE) => {}
            () = async { killed(orders).await; sleep(AFTER_KILL).await } => {}
        }
    }
}

/// Ends when the attempt has been over for this long; made anew for each wait, so that progress puts it off.
async fn after_end(mut is_over: watch::Receiver<bool>, span: Duration) {
    if is_over.wait_for(|over| *over).await.is_err() {
        // The waiting side is gone without an end: the whole follower is being dropped.
        std::future::pending::<()>().await;
    }
    sleep(span).await;
}
