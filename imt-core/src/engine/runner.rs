//! A runner: one engine that works through a store's queue for as long as its process lives, says that it does, and clears
//! away what dead processes left.
//!
//! What it drove when it died is its own again when it comes back under the same [lasting
//! instance](crate::engine::Instances::acquire_lasting): the queue hands that out first of all. Knows nothing of signals: who
//! runs it says when to stop.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::engine::deployment::DeploymentOutcome;
use crate::engine::error::EngineError;
use crate::engine::handle::Engine;
use crate::engine::instance::Instances;
use crate::engine::problem::chain;
use crate::engine::shared::Outcome;
use crate::engine::sweep::SweepReport;
use crate::ports::{Catalog, RunnerBeat};

/// How often a runner says that it lives.
const BEAT_EVERY: Duration = Duration::from_secs(10);
/// How often what dead processes left is looked for.
const SWEEP_EVERY: Duration = Duration::from_mins(10);
/// How long the store may take to hear that a runner has ended.
const RETIRE_IN: Duration = Duration::from_secs(2);

/// What a runner tells of itself beside what its engine knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnerFacts {
    /// The host it is on.
    pub host: String,
    /// The version of its program.
    pub version: String,
    /// How many pipelines it drives side by side, at most; and how many deployments beside them.
    pub capacity: NonZeroU32,
}

/// Who hears what a sweep did.
type Tell = Box<dyn Fn(&SweepReport) + Send + Sync>;

/// Who hears how a deployment ended.
type Deployed = Box<dyn Fn(Result<DeploymentOutcome, EngineError>) + Send + Sync>;

/// An engine at work on a store's queue.
pub struct Runner {
    engine: Engine,
    catalog: Arc<dyn Catalog>,
    facts: RunnerFacts,
    swept: Option<(Instances, Tell)>,
    deployed: Option<Deployed>,
}

impl Runner {
    /// A runner over an engine, whose store is the one behind `catalog`.
    pub fn new(engine: Engine, catalog: Arc<dyn Catalog>, facts: RunnerFacts) -> Self {
        Self { engine, catalog, facts, swept: None, deployed: None }
    }

    /// Sweeps what dead instances left, at the start and every ten minutes, and reports what that did, unless it was nothing.
    #[must_use]
    pub fn sweep(mut self, instances: Instances, tell: impl Fn(&SweepReport) + Send + Sync + 'static) -> Self {
        self.swept = Some((instances, Box::new(tell)));
        self
    }

    /// Drives deployments too, those that [the engine was given](crate::engine::EngineBuilder::deployments): up to its capacity
    /// side by side, beside the pipelines, because a deployment mostly waits for others. Each end is handed to `ended`, as by
    /// [`Engine::work_on_deployments`].
    #[must_use]
    pub fn deploy(mut self, ended: impl Fn(Result<DeploymentOutcome, EngineError>) + Send + Sync + 'static) -> Self {
        self.deployed = Some(Box::new(ended));
        self
    }

    /// Works until `stop` resolves, then hands back what has not begun, finishes the rest and says farewell. Each end is handed
    /// to `ended`, as by [`Engine::work`].
    ///
    /// *Cancellation*: dropping the future leaves everything as a crash would, to the next runner of this instance.
    ///
    /// # Errors
    /// As [`Engine::work`].
    pub async fn run(
        &self,
        stop: impl Future<Output = ()>,
        ended: impl FnMut(Result<Outcome, EngineError>),
    ) -> Result<(), EngineError> {
        let draining = watch::Sender::new(false);
        let told = async {
            stop.await;
            draining.send_replace(true);
        };
        let result = tokio::select! {
            result = self.work(told, ended, &draining) => result,
            () = self.beat(draining.subscribe()) => Ok(()),
            () = self.sweep_now_and_then() => Ok(()),
        };
        self.retire().await;
        result
    }

    /// Pipelines and deployments, each until it is told to stop or the other one cannot go on.
    async fn work(
        &self,
        stop: impl Future<Output = ()>,
        ended: impl FnMut(Result<Outcome, EngineError>),
        draining: &watch::Sender<bool>,
    ) -> Result<(), EngineError> {
        let capacity = self.facts.capacity.try_into().unwrap_or(std::num::NonZeroUsize::MAX);
        let drains = async || {
            let mut draining = draining.subscribe();
            // The sender is ours: it is not gone.
            let _told = draining.wait_for(|drains| *drains).await;
        };
        let pipelines = async {
            let stopped = async {
                tokio::select! {
                    () = stop => {}
                    () = drains() => {}
                }
            };
            let worked = self.engine.work(capacity, stopped, ended).await;
            draining.send_replace(true);
            worked
        };
        let deployments = async {
            let Some(deployed) = &self.deployed else { return Ok(()) };
            let worked = self.engine.work_on_deployments(capacity, drains(), deployed).await;
            if worked.is_err() {
                draining.send_replace(true);
            }
            worked
        };
        let (pipelines, deployments) = tokio::join!(pipelines, deployments);
        pipelines.and(deployments)
    }

    /// Never ends.
    async fn beat(&self, mut draining: watch::Receiver<bool>) {
        let shared = &self.engine.shared;
        let mut due = interval(BEAT_EVERY);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut silent = false;
        loop {
            // That it drains is news.
            tokio::select! {
                _ = due.tick() => {}
                Ok(()) = draining.changed() => {}
            }
            let drains = *draining.borrow_and_update();
            let heard = self.catalog.beat(&self.sign_of_life(drains)).await;
            if let Err(error) = &heard
                && !silent
            {
                shared.warn(&format!("the store does not hear that this runner lives: {}", chain(error)));
            }
            silent = heard.is_err();
        }
    }

    fn sign_of_life(&self, draining: bool) -> RunnerBeat {
        let shared = &self.engine.shared;
        let RunnerFacts { host, version, capacity } = self.facts.clone();
        RunnerBeat {
            instance: shared.runner.instance.clone(),
            host,
            version,
            labels: shared.runner.labels.clone(),
            capacity,
            driving: u32::try_from(shared.driven.all().len()).unwrap_or(u32::MAX),
            draining,
        }
    }

    /// Never ends.
    async fn sweep_now_and_then(&self) {
        let Some((instances, tell)) = &self.swept else { return std::future::pending().await };
        let mut due = interval(SWEEP_EVERY);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            due.tick().await;
            match self.engine.sweep(instances).await {
                Ok(done) if done.removed.is_empty() && done.failed.is_empty() => {}
                Ok(done) => tell(&done),
                Err(error) => self.engine.shared.warn(&format!("nothing swept: {}", chain(&error))),
            }
        }
    }

    async fn retire(&self) {
        let instance = &self.engine.shared.runner.instance;
        let why = match timeout(RETIRE_IN, self.catalog.retire_runner(instance)).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => chain(&error),
            Err(_) => "it does not answer".into(),
        };
        self.engine.shared.warn(&format!("the store still lists this runner, as silent: {why}"));
    }
}
