//! Working through the queue: claims what waits and drives several pipelines side by side.
//!
//! Claims are made in tasks that nothing cuts short, so that no answer of the store is lost; one that comes too late is
//! given back.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use crate::engine::drain::Drain;
use crate::engine::error::EngineError;
use crate::engine::handle::Engine;
use crate::engine::problem::chain;
use crate::engine::registry::Driven;
use crate::engine::retry::until_available;
use crate::engine::shared::{Outcome, Shared};
use crate::engine::task::of_this_process;
use crate::id::PipelineId;
use crate::ports::{Bell, Claim, Listener, StoreError, StoreResult};

/// How often the store is asked for work that nobody told us of: with the signs of life beside it, an idle runner is to ask
/// about once a second.
const POLL_EVERY: Duration = Duration::from_millis(1500);

/// How long a pipeline that could not be driven is left alone at first; each time twice as long.
const ASIDE_FIRST: Duration = Duration::from_secs(2);
const ASIDE_LONGEST: Duration = Duration::from_mins(5);

impl Engine {
    /// Drives pipelines from the queue, up to `capacity` at a time, until `stop` resolves; then takes up no more, hands back
    /// those of which no job has begun, for other runners, and finishes the others. Each end is handed to `ended`. One that cannot be driven (its rows cannot be read, say) is
    /// handed to `ended` as an error, set aside and tried again later, at growing intervals.
    ///
    /// # Errors
    /// The first [`EngineError::Store`] of a claim; pipelines under way are finished first.
    pub async fn work(
        &self,
        capacity: NonZeroUsize,
        stop: impl Future<Output = ()>,
        mut ended: impl FnMut(Result<Outcome, EngineError>),
    ) -> Result<(), EngineError> {
        let shared = &self.shared;
        let mut crew = Crew::new(self.clone());
        let mut queue = shared.store.bell().map(Bell::listen_to_queue);
        let mut failed = Ok(());
        tokio::pin!(stop);
        loop {
            let room = NonZeroUsize::new(capacity.get().saturating_sub(crew.jobs.len())).filter(|_| !crew.asking);
            let (ask_at, told) = (crew.ask_at, crew.failures == 0);
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(done) = crew.jobs.join_next() => crew.done(done, &mut ended),
                Some(found) = crew.claims.join_next() => if let Err(error) = crew.found(found) {
                    failed = Err(error);
                    break;
                },
                pipeline = shared.called_off.next() => crew.claim_called_off(pipeline),
                room = time_to_ask(shared, ask_at, told, queue.as_mut(), room) => {
                    queue.iter_mut().for_each(Listener::rearm);
                    crew.ask(room);
                }
            }
        }
        crew.drain.send_replace(true);
        while let Some(found) = crew.claims.join_next().await {
            // It came too late: somebody else may have it at once.
            if let Ok(Found { claimed: Ok(taken), .. }) = found {
                for taken in taken {
                    shared.give_back(&taken.claim).await;
                }
            }
        }
        while let Some(done) = crew.jobs.join_next().await {
            crew.done(done, &mut ended);
        }
        failed
    }
}

/// Ends when the queue is to be asked (again) for what there is room for: after a while, or, where the last question was
/// answered, as soon as somebody tells us of work. Never without room.
async fn time_to_ask(
    shared: &Shared,
    ask_at: Instant,
    told: bool,
    queue: Option<&mut Listener>,
    room: Option<NonZeroUsize>,
) -> NonZeroUsize {
    let Some(room) = room else { return std::future::pending().await };
    let rings = async {
        match queue {
            Some(queue) => queue.heard().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = sleep_until(ask_at) => {}
        () = shared.queued.notified(), if told => {}
        () = rings, if told => {}
    }
    room
}

/// A pipeline claimed and entered.
struct Taken {
    claim: Claim,
    at: Instant,
    driven: Driven,
}

/// The answer to a claim.
struct Found {
    /// The pipeline that was asked for, or else any.
    which: Option<PipelineId>,
    claimed: StoreResult<Vec<Taken>>,
}

/// Claims what waits the longest, as much as there is room for, but nothing that this engine drives already or has set aside.
async fn from_queue(shared: Arc<Shared>, aside: Vec<PipelineId>, room: NonZeroUsize) -> Found {
    let claimed = async {
        let _choosing = shared.choosing.lock().await;
        let mut runner = shared.runner.clone();
        runner.driving = shared.driven.all();
        runner.driving.extend(aside);
        let at = Instant::now();
        let claims = shared.store.claim_several(&runner, room).await?;
        let entered = |claim: Claim| {
            let driven = shared.driven.enter(claim.pipeline).ok()?;
            Some(Taken { claim, at, driven })
        };
        Ok(claims.into_iter().filter_map(entered).collect())
    };
    Found { which: None, claimed: claimed.await }
}

/// Claims what was cancelled before anybody drove it.
async fn called_off(shared: Arc<Shared>, pipeline: PipelineId) -> Found {
    let claimed = async {
        // Who drives it here knows of the cancel.
        let Ok(driven) = shared.driven.enter(pipeline) else { return Ok(Vec::new()) };
        let at = Instant::now();
        let claim = until_available(shared.runner.lease, || shared.store.claim(&shared.runner, Some(pipeline))).await?;
        // Somebody drives it, or it is over: both know of the cancel.
        Ok(claim.map(|claim| Taken { claim, at, driven }).into_iter().collect())
    };
    Found { which: Some(pipeline), claimed: claimed.await }
}

type Done = (PipelineId, Result<Outcome, EngineError>);

/// A pipeline that could not be driven.
struct Aside {
    until: Instant,
    pause: Duration,
}

struct Crew {
    engine: Engine,
    jobs: JoinSet<Done>,
    claims: JoinSet<Found>,
    /// The queue is being asked.
    asking: bool,
    ask_at: Instant,
    /// The last question failed this often in a row.
    failures: u32,
    aside: BTreeMap<PipelineId, Aside>,
    /// Tells the drivers that no more is to be begun.
    drain: watch::Sender<bool>,
}

impl Crew {
    fn new(engine: Engine) -> Self {
        Self {
            engine,
            jobs: JoinSet::new(),
            claims: JoinSet::new(),
            asking: false,
            ask_at: Instant::now(),
            failures: 0,
            aside: BTreeMap::new(),
            drain: watch::Sender::new(false),
        }
    }

    fn ask(&mut self, room: NonZeroUsize) {
        self.asking = true;
        let now = Instant::now();
        let aside = self.aside.iter().filter(|(_, a)| a.until > now).map(|(pipeline, _)| *pipeline).collect();
        self.claims.spawn(of_this_process(from_queue(Arc::clone(&self.engine.shared), aside, room)));
    }

    /// Ending what was cancelled takes no place, because nothing of it runs.
    fn claim_called_off(&mut self, pipeline: PipelineId) {
        self.claims.spawn(of_this_process(called_off(Arc::clone(&self.engine.shared), pipeline)));
    }

    fn found(&mut self, found: Result<Found, JoinError>) -> Result<(), EngineError> {
        let panicked = |error: JoinError| Found {
            which: None,
            claimed: Err(StoreError::Internal { message: "the claim panicked".into(), source: Some(Box::new(error)) }),
        };
        let Found { which, claimed } = found.unwrap_or_else(panicked);
        let shared = &self.engine.shared;
        if let (Some(pipeline), Err(error)) = (which, &claimed) {
            // It is still cancelled, and ends when its turn comes.
            shared.warn(&format!("pipeline {pipeline} stays in the queue: {}", chain(error)));
            return Ok(());
        }
        if which.is_none() {
            self.asking = false;
            self.ask_at = Instant::now();
        }
        match claimed {
            Ok(taken) => {
                self.failures = 0;
                if taken.is_empty() {
                    self.ask_at += POLL_EVERY;
                }
                for taken in taken {
                    self.take_up(taken);
                }
                Ok(())
            }
            // A worker outlives its store's restarts, however long they take; `stop` ends it meanwhile.
            Err(error) if error.is_retryable() => {
                shared.warn(&format!("cannot claim a pipeline: {}", chain(&error)));
                self.ask_at += Duration::from_millis(20 << self.failures.min(6));
                self.failures += 1;
                Ok(())
            }
            Err(error) => Err(EngineError::store("claim a pipeline")(error)),
        }
    }

    fn take_up(&mut self, taken: Taken) {
        let engine = self.engine.clone();
        let (Taken { claim, at, driven }, drain) = (taken, Drain::of(&self.drain));
        self.jobs.spawn(of_this_process(async move {
            let pipeline = claim.pipeline;
            let driving = engine.drive_claimed(claim.clone(), at, &driven, drain);
            let result = if let Ok(result) = AssertUnwindSafe(driving).catch_unwind().await {
                result
            } else {
                engine.shared.let_go(&claim).await;
                engine.shared.give_back(&claim).await;
                Err(EngineError::Panicked(pipeline))
            };
            // Only now may another driver of ours have it.
            drop(driven);
            (pipeline, result)
        }));
    }

    fn done(&mut self, done: Result<Done, JoinError>, ended: &mut impl FnMut(Result<Outcome, EngineError>)) {
        let shared = &self.engine.shared;
        match done {
            Ok((pipeline, result)) => {
                match &result {
                    Ok(_) | Err(EngineError::HandedBack(_)) => {
                        self.aside.remove(&pipeline);
                    }
                    Err(error) => self.set_aside(pipeline, error),
                }
                ended(result);
            }
            // Panics of a driver are caught below it.
            Err(error) => shared.warn(&format!("a task that drives a pipeline was torn down: {error}")),
        }
        // There is a place now.
        self.ask_at = self.ask_at.min(Instant::now());
    }

    /// Leaves a pipeline that cannot be driven alone for a while, so that it does not keep the others waiting.
    fn set_aside(&mut self, pipeline: PipelineId, error: &EngineError) {
        let now = Instant::now();
        // Those that somebody else has ended are forgotten.
        self.aside.retain(|_, aside| aside.until + ASIDE_LONGEST > now);
        let known = self.aside.get(&pipeline).map(|aside| aside.pause);
        if known.is_none() {
            let why = chain(error);
            self.engine.shared.warn(&format!("pipeline {pipeline} is set aside and tried again later: {why}"));
        }
        let pause = known.map_or(ASIDE_FIRST, |pause| (pause * 2).min(ASIDE_LONGEST));
        self.aside.insert(pipeline, Aside { until: now + pause, pause });
    }
}
