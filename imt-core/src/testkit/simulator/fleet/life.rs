//! One life of one runner: an engine at work until it crashes, is drained, its host goes down or everything is over.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::observer::{LETS_GO_IN, LifeFacts, LifeId, ObservedStore, Observer};
use super::post::Post;
use super::scenario::{Fleet, Life, LifeEnd, Runner};
use super::witness::Witness;
use crate::engine::{Engine, EngineError, Process};
use crate::id::{CommitId, InstanceId};
use crate::ports::{Checkout, Executor, Failure, FailureKind, Source, Store};
use crate::testkit::simulator::run::BEGINNING;
use crate::testkit::simulator::source::WORKSPACES;
use crate::testkit::{AfterCrash, FakeExecutor, FakeWorld, FaultStore, Seed};

/// How long after the end of everything a runner has for what it may have left to do.
const SETTLES_IN: Duration = Duration::from_secs(15);

/// What all lives share.
pub(super) struct Stage {
    pub(super) seed: u64,
    pub(super) fleet: Fleet,
    pub(super) worlds: Vec<Arc<FakeWorld>>,
    pub(super) observer: Arc<Observer>,
    pub(super) origin: Instant,
    /// Every pipeline is over.
    pub(super) over: watch::Sender<bool>,
    /// Who lives, by runner.
    pub(super) living: Mutex<Vec<Option<Arc<LifeFacts>>>>,
    pub(super) counts: Arc<Mutex<Counts>>,
}

/// What happened, for those who count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Engines that lived.
    pub lives: u32,
    /// Times that one was stopped and went on.
    pub stops: u32,
    /// Pipelines that were handed back.
    pub handed_back: u32,
    /// Drivers that lost their claim.
    pub lost: u32,
}

impl Stage {
    fn runner(&self, id: LifeId) -> &Runner {
        &self.fleet.runners[id.0]
    }

    fn life(&self, id: LifeId) -> &Life {
        &self.runner(id).lives[id.1]
    }

    fn world(&self, id: LifeId) -> &Arc<FakeWorld> {
        &self.worlds[self.runner(id).host]
    }

    pub(super) fn count(&self, what: impl FnOnce(&mut Counts)) {
        what(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn show(&self, runner: usize, facts: Option<Arc<LifeFacts>>) {
        self.living.lock().unwrap_or_else(PoisonError::into_inner)[runner] = facts;
    }

    pub(super) fn is_over(&self) -> bool {
        *self.over.borrow()
    }

    async fn until_over(&self) {
        // It is ours, so it does not go away.
        let mut over = self.over.subscribe();
        let _there = over.wait_for(|over| *over).await;
    }

    /// All lives of a runner, one after another.
    pub(super) async fn live_all(&self, runner: usize) -> Result<(), String> {
        let mut instance = 0;
        for (number, life) in self.fleet.runners[runner].lives.iter().enumerate() {
            if life.renamed {
                instance = number;
            }
            if self.is_over() {
                break;
            }
            let name = InstanceId::new(format!("runner {runner}.{instance}"));
            while self.live((runner, number), name.clone()).await? {
                // The one that was to stay comes back with its host.
                self.leave(runner, self.down_for(runner)).await;
                if !matches!(life.ends, LifeEnd::Stays) || self.is_over() {
                    break;
                }
            }
            self.leave(runner, life.away).await;
        }
        Ok(())
    }

    /// Nobody lives for a while.
    async fn leave(&self, runner: usize, span: Duration) {
        self.show(runner, None);
        tokio::select! {
            biased;
            () = self.until_over() => {}
            () = sleep(span) => {}
        }
    }

    fn down_for(&self, runner: usize) -> Duration {
        let down = self.fleet.hosts[self.fleet.runners[runner].host].goes_down.map(|(_, down)| down);
        // Never back at the moment when it went.
        down.unwrap_or_default().max(Duration::from_millis(1))
    }

    /// Answers whether its host went down.
    async fn live(&self, id: LifeId, instance: InstanceId) -> Result<bool, String> {
        let facts = Arc::new(LifeFacts {
            id,
            executor: FakeExecutor::with_instance(self.world(id), instance.clone()),
            instance,
            process: Process::default(),
            draining: AtomicBool::new(false),
            dead: AtomicBool::new(false),
        });
        self.count(|counts| counts.lives += 1);
        let (crashed, stop) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let engine = self.engine(&facts, &crashed);
        let mut working = tokio::spawn(facts.process.run(self.work(engine, &facts, Arc::clone(&stop))));
        self.show(id.0, Some(Arc::clone(&facts)));
        let done = tokio::select! {
            biased;
            done = &mut working => Ok(done),
            () = self.host_goes_down(id) => Err(true),
            () = self.doom(id, &crashed) => Err(false),
            () = self.drain(&facts, &stop) => Err(false),
            () = self.stops(&facts) => Err(false),
        };
        facts.dead.store(true, Ordering::Relaxed);
        match done {
            Ok(Ok(problems)) if problems.is_empty() => Ok(false),
            Ok(Ok(problems)) => Err(problems.join("\n")),
            Ok(Err(panic)) => Err(format!("{} panicked: {panic}", facts.instance)),
            Err(went_down) => {
                facts.process.stop();
                if went_down {
                    self.world(id).power_off();
                }
                facts.executor.crash();
                working.abort();
                // Aborted is what it was to be.
                let _aborted = working.await;
                Ok(went_down)
            }
        }
    }

    fn engine(&self, facts: &Arc<LifeFacts>, crashed: &Arc<Notify>) -> Engine {
        let fate = self.seed ^ ((facts.id.0 as u64) << 40) ^ ((facts.id.1 as u64) << 32);
        let observed = ObservedStore { observer: Arc::clone(&self.observer), life: Arc::clone(facts) };
        let draw = Mutex::new(Seed::new(!fate));
        let begun = Instant::now();
        let cuts =
            self.life(facts.id).cuts.iter().map(|(after, span)| (begun + *after, begun + *after + *span)).collect();
        let post = Post { inner: Arc::new(observed), rates: self.fleet.post, draw, cuts };
        let faults = FaultStore::new(Arc::new(post)).with_rates(fate, self.fleet.store_faults);
        if let LifeEnd::AfterCommit(nth) = self.life(facts.id).ends {
            let crashed = Arc::clone(crashed);
            faults.crash_after_commit(nth, AfterCrash::Pend, move || crashed.notify_one());
        }
        let witness = Witness {
            life: Arc::clone(facts),
            observer: Arc::clone(&self.observer),
            lets_go_in: self.fleet.lets_go_in,
        };
        let runner = self.runner(facts.id);
        Engine::builder(Arc::new(witness) as Arc<dyn Executor>, Arc::new(faults) as Arc<dyn Store>)
            .instance_id(facts.instance.clone())
            .labels(runner.labels.iter().cloned())
            .lease(self.fleet.lease)
            .prepare_ahead(runner.prepare_ahead)
            .workspace_root(WORKSPACES)
            .imagine_workspaces()
            .source(Arc::new(SlowSource))
            .clock(BEGINNING, self.origin)
            .build()
    }

    /// Answers what should never be.
    fn work(
        &self,
        engine: Engine,
        facts: &LifeFacts,
        stop: Arc<Notify>,
    ) -> impl Future<Output = Vec<String>> + Send + use<> {
        let (name, capacity) = (facts.instance.clone(), self.runner(facts.id).capacity);
        let (counts, observer, id) = (Arc::clone(&self.counts), Arc::clone(&self.observer), facts.id);
        let is_calm = self.fleet.store_is_calm();
        async move {
            let mut problems = Vec::new();
            let ended = |result: Result<_, EngineError>| {
                let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
                match result {
                    Ok(_) | Err(EngineError::Store { .. }) => {}
                    Err(EngineError::ClaimLost(_) | EngineError::Unrenewed { .. }) => counts.lost += 1,
                    Err(EngineError::HandedBack(pipeline)) => {
                        counts.handed_back += 1;
                        if is_calm && observer.drives(id, pipeline) {
                            problems.push(format!("{name} has handed {pipeline} back and keeps its claim"));
                        }
                    }
                    Err(error) => problems.push(format!("{name}: {error}")),
                }
            };
            let (worked, _swept) = tokio::join!(engine.work(capacity, stop.notified(), ended), engine.sweep_imagined());
            if let Err(error) = worked {
                problems.push(format!("{name} gave up working: {error:?}"));
            }
            problems
        }
    }

    async fn host_goes_down(&self, id: LifeId) {
        match self.fleet.hosts[self.runner(id).host].goes_down {
            // Who begins at that very moment is on it, too.
            Some((at, _)) if self.origin + at >= Instant::now() && !self.is_over() => {
                sleep_until(self.origin + at).await;
                self.unless_over().await;
            }
            _ => std::future::pending().await,
        }
    }

    async fn doom(&self, id: LifeId, crashed: &Notify) {
        match self.life(id).ends {
            LifeEnd::Crash(at) => sleep(at).await,
            LifeEnd::AfterCommit(_) => return crashed.notified().await,
            LifeEnd::Drain(_) | LifeEnd::Stays => std::future::pending().await,
        }
        self.unless_over().await;
    }

    /// Nothing goes wrong any more once everything is over.
    async fn unless_over(&self) {
        if self.is_over() {
            std::future::pending::<()>().await;
        }
    }

    /// Tells it to take up no more, at its time or when everything is over.
    async fn drain(&self, facts: &LifeFacts, stop: &Notify) {
        let told = async {
            match self.life(facts.id).ends {
                LifeEnd::Drain(at) => sleep(at).await,
                _ => std::future::pending().await,
            }
        };
        let settled = async {
            self.until_over().await;
            facts.process.go_on();
            sleep(SETTLES_IN).await;
        };
        tokio::select! {
            biased;
            () = told => {}
            () = settled => {}
        }
        facts.draining.store(true, Ordering::Relaxed);
        stop.notify_one();
        self.until_over().await;
        facts.process.go_on();
        std::future::pending::<()>().await;
    }

    /// Stops the process for a while, and looks whether it has let go of what others took over meanwhile.
    async fn stops(&self, facts: &LifeFacts) {
        for (after, span) in &self.life(facts.id).stops {
            sleep(*after).await;
            if !self.is_over() {
                facts.process.stop();
            }
            tokio::select! {
                biased;
                () = self.until_over() => {}
                () = sleep(*span) => {}
            }
            facts.process.go_on();
            self.count(|counts| counts.stops += 1);
            sleep(LETS_GO_IN).await;
            self.observer.expect_let_go(facts);
        }
        std::future::pending::<()>().await;
    }
}

/// A source whose checkouts take their time.
struct SlowSource;

#[async_trait]
impl Source for SlowSource {
    async fn checkout(&self, order: Checkout<'_>) -> Result<(), Failure> {
        let drawn = Seed::new(u64::try_from(order.pipeline.as_uuid().as_u128()).unwrap_or(u64::MAX)).below(8_000);
        sleep(Duration::from_millis(drawn)).await;
        Ok(())
    }

    async fn resolve(&self, repository: &str, _reference: &str) -> Result<CommitId, Failure> {
        Err(Failure::new(FailureKind::CommitNotFound, format!("nothing to resolve in {repository}")))
    }
}
