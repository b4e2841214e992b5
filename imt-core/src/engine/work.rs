//! Working through the queue: claims what waits and drives several pipelines side by side.

use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::engine::error::EngineError;
use crate::engine::handle::Engine;
use crate::engine::problem::chain;
use crate::engine::retry::Backoff;
use crate::engine::shared::Outcome;
use crate::id::PipelineId;
use crate::ports::Claim;

/// How often the store is asked for work that nobody told us of.
const POLL_EVERY: Duration = Duration::from_secs(1);

impl Engine {
    /// Drives pipelines from the queue, up to `capacity` at a time, until `stop` resolves; then takes up no more and
    /// finishes those it has. Each end is handed to `ended`.
    ///
    /// # Errors
    /// The first [`EngineError::Store`] of a claim; pipelines under way are finished first.
    pub async fn work(
        &self,
        capacity: NonZeroUsize,
        stop: impl Future<Output = ()>,
        mut ended: impl FnMut(Result<Outcome, EngineError>),
    ) -> Result<(), EngineError> {
        let mut crew = Crew { engine: self.clone(), jobs: JoinSet::new(), driving: Vec::new() };
        let mut failed = Ok(());
        tokio::pin!(stop);
        loop {
            let full = crew.driving.len() >= capacity.get();
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(done) = crew.jobs.join_next() => crew.done(done, &mut ended),
                called_off = claim_called_off(&crew.engine, &crew.driving) => crew.take_up(called_off.0, called_off.1),
                claimed = claim(&crew.engine, &crew.driving), if !full => match claimed {
                    Ok((claim, at)) => crew.take_up(claim, at),
                    Err(error) => { failed = Err(error); break }
                },
            }
        }
        while let Some(done) = crew.jobs.join_next().await {
            crew.done(done, &mut ended);
        }
        failed
    }
}

/// Claims what waits; waits until there is something.
async fn claim(engine: &Engine, driving: &[PipelineId]) -> Result<(Claim, Instant), EngineError> {
    let shared = &engine.shared;
    let mut runner = shared.runner.clone();
    runner.driving = driving.to_vec();
    let mut backoff = Backoff::new();
    loop {
        let asked_at = Instant::now();
        match shared.store.claim(&runner, None).await {
            Ok(Some(claim)) => return Ok((claim, asked_at)),
            Ok(None) => backoff = Backoff::new(),
            // A worker outlives its store's restarts, however long they take; `stop` ends it meanwhile.
            Err(error) if error.is_retryable() => {
                shared.warn(&format!("cannot claim a pipeline: {}", chain(&error)));
                backoff.pause().await;
                continue;
            }
            Err(error) => return Err(EngineError::store("claim a pipeline")(error)),
        }
        tokio::select! {
            biased;
            () = shared.queued.notified() => {}
            () = sleep(POLL_EVERY) => {}
        }
    }
}

/// Claims what was cancelled before anybody drove it: ending it takes no place, because nothing of it runs.
async fn claim_called_off(engine: &Engine, driving: &[PipelineId]) -> (Claim, Instant) {
    let shared = &engine.shared;
    loop {
        let pipeline = shared.called_off.next().await;
        if driving.contains(&pipeline) {
            continue;
        }
        let asked_at = Instant::now();
        match shared.store.claim(&shared.runner, Some(pipeline)).await {
            Ok(Some(claim)) => return (claim, asked_at),
            // Somebody drives it, or it is over: both know of the cancel.
            Ok(None) => {}
            // It is still cancelled, and ends when its turn comes.
            Err(error) => shared.warn(&format!("pipeline {pipeline} stays in the queue: {}", chain(&error))),
        }
    }
}

type Done = (PipelineId, Result<Outcome, EngineError>);

struct Crew {
    engine: Engine,
    jobs: JoinSet<Done>,
    driving: Vec<PipelineId>,
}

impl Crew {
    fn take_up(&mut self, claim: Claim, at: Instant) {
        let engine = self.engine.clone();
        self.driving.push(claim.pipeline);
        self.jobs.spawn(async move { (claim.pipeline, engine.drive_claimed(claim, at).await) });
    }

    fn done(
        &mut self,
        done: Result<Done, tokio::task::JoinError>,
        ended: &mut impl FnMut(Result<Outcome, EngineError>),
    ) {
        match done {
            Ok((pipeline, result)) => {
                self.driving.retain(|p| *p != pipeline);
                ended(result);
            }
            // Its lease runs out, and whoever claims it next goes on.
            Err(error) => self.engine.shared.warn(&format!("driving a pipeline panicked: {error}")),
        }
    }
}
