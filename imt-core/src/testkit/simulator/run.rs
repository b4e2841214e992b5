//! Lives a scenario: one engine after another until the pipeline is over.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::engine::Engine;
use crate::id::{InstanceId, PipelineId};
use crate::ports::{NewPipeline, Store, Variable};
use crate::schedule::CancelLevel;
use crate::secret::Secret;
use crate::status::{Reason, Status};
use crate::store::MemoryStore;
use crate::testkit::simulator::check::check;
use crate::testkit::simulator::evidence::{Evidence, Violation};
use crate::testkit::simulator::scenario::{Crash, SECRET, Scenario};
use crate::testkit::simulator::source::{Checkouts, SimulatedSource, WORKSPACES};
use crate::testkit::simulator::witness::{Testimony, Witness};
use crate::testkit::{AfterCrash, FakeExecutor, FakeWorld, FaultStore};
use crate::time::Timestamp;

/// A pipeline that is not over after this much virtual time hangs.
const PATIENCE: Duration = Duration::from_hours(1);

/// When the simulated world began.
pub(super) const BEGINNING: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

/// What a simulation was, for those who count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// How the pipeline ended.
    pub status: Status,
    /// Engines that lived, the last one included.
    pub lives: u32,
    /// Events recorded.
    pub events: usize,
    /// Scripts that began.
    pub began: usize,
    /// Checkouts that were begun.
    pub checkouts: Checkouts,
    /// How long it all took, in virtual time.
    pub took: Duration,
}

/// Lives the scenario of a seed and checks all promises.
///
/// Brings its own runtime (one thread, paused clock): call it outside of one.
///
/// # Errors
/// The first broken promise, with the scenario it broke in.
///
/// # Panics
/// If the runtime cannot be made.
pub fn simulate(seed: u64) -> Result<Summary, Violation> {
    // Made inside: outside of the runtime even its clock is the real one.
    in_virtual_time(async { Simulation::new(seed).run().await })
}

/// Runs on one thread, by a clock that is ahead of nobody.
pub(super) fn in_virtual_time<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O needs nothing from the system");
    runtime.block_on(work)
}

struct Simulation {
    seed: u64,
    scenario: Scenario,
    pipeline: PipelineId,
    store: Arc<MemoryStore>,
    world: Arc<FakeWorld>,
    source: Arc<SimulatedSource>,
    testimony: Testimony,
    origin: Instant,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let scenario = Scenario::from_seed(seed);
        let project = scenario.plan.project.clone();
        let store = MemoryStore::new();
        let value = Secret::new(SECRET);
        store.set_variable(project, Variable { name: "SECRET".into(), value, is_secret: true });
        let world = FakeWorld::new();
        world.set_survives(scenario.survives);
        for (method, kind) in &scenario.executor_faults {
            world.fail_next(*method, *kind);
        }
        for method in &scenario.executor_hangs {
            world.hang_next(*method);
        }
        for (job, scripts) in scenario.plan.jobs.iter().zip(&scenario.scripts) {
            for (number, script) in (1..).zip(scripts) {
                world.script_attempt(&job.name, number, script.clone());
            }
            if let Some(last) = scripts.last() {
                world.script(&job.name, last.clone());
            }
        }
        let pipeline = PipelineId::from_uuid(uuid::Uuid::from_u128(u128::from(seed) + 1));
        let (store, testimony) = (Arc::new(store), Testimony::default());
        let really = Arc::clone(&store) as _;
        let source = SimulatedSource::new(scenario.checkouts.clone(), pipeline, really, testimony.clone());
        Self { seed, scenario, pipeline, store, world, source: Arc::new(source), testimony, origin: Instant::now() }
    }

    async fn run(self) -> Result<Summary, Violation> {
        let broken = |what: String| Violation { seed: self.seed, what, scenario: format!("{:#?}", self.scenario) };
        let new =
            NewPipeline { id: self.pipeline, plan: self.scenario.plan.clone(), at: self.now(), idempotency_key: None };
        self.store.enqueue(new, None).await.map_err(|e| broken(format!("enqueue: {e}")))?;
        let (ended, ()) = timeout(PATIENCE, async { tokio::join!(self.live(), self.cancel()) })
            .await
            .map_err(|_| broken(format!("not over after {PATIENCE:?}")))?;
        let (lives, over_after) = ended.map_err(broken)?;
        let evidence = Evidence {
            scenario: &self.scenario,
            pipeline: self.pipeline,
            store: &*self.store,
            world: &self.world,
            source: &self.source,
            testimony: self.testimony.all(),
            over_after,
        };
        let (status, events) = check(&evidence).await.map_err(broken)?;
        let began = self.world.began().len();
        Ok(Summary { status, lives, events, began, checkouts: self.source.checkouts(), took: over_after })
    }

    /// The time of the simulated world.
    fn now(&self) -> Timestamp {
        BEGINNING.after(self.origin.elapsed())
    }

    /// One engine after another; answers how many there were and after how long the last one was done.
    async fn live(&self) -> Result<(u32, Duration), String> {
        let mut lives = 0;
        for (crash, pause) in self.scenario.crashes.iter().zip(&self.scenario.pauses) {
            lives += 1;
            if self.one_life(lives, Some(*crash)).await? {
                return Ok((lives, self.origin.elapsed()));
            }
            sleep(*pause).await;
        }
        lives += 1;
        if self.one_life(lives, None).await? {
            Ok((lives, self.origin.elapsed()))
        } else {
            Err("the last life did not end the pipeline".into())
        }
    }

    /// Answers whether the pipeline is over; `false` after a crash.
    async fn one_life(&self, life: u32, crash: Option<Crash>) -> Result<bool, String> {
        let fault_seed = self.seed ^ (u64::from(life) << 32);
        let store = FaultStore::new(self.inner()).with_rates(fault_seed, self.scenario.store_faults);
        let crashed = Arc::new(Notify::new());
        if let Some(Crash::AfterCommit(nth)) = crash {
            let crashed = Arc::clone(&crashed);
            store.crash_after_commit(nth, AfterCrash::Pend, move || crashed.notify_one());
        }
        let inner = FakeExecutor::new(&self.world);
        let witness = Arc::new(Witness { inner, store: self.inner(), testimony: self.testimony.clone() });
        let mut engine = Engine::builder(Arc::clone(&witness) as _, Arc::new(store))
            .instance_id(InstanceId::new("simulated"))
            .prepare_ahead(self.scenario.prepare_ahead)
            .clock(BEGINNING, self.origin);
        if !self.scenario.checkouts.is_empty() {
            engine = engine.workspace_root(WORKSPACES).imagine_workspaces().source(Arc::clone(&self.source) as _);
        }
        if let Some(cap) = self.scenario.log_cap {
            engine = engine.log_cap_bytes(cap);
        }
        let engine = engine.build();
        let pipeline = self.pipeline;
        let mut driving = tokio::spawn(async move { engine.drive(pipeline).await });
        let outcome = tokio::select! {
            biased;
            () = crashed.notified() => None,
            () = doom(crash) => None,
            done = &mut driving => Some(done),
        };
        let Some(done) = outcome else {
            witness.inner.crash();
            driving.abort();
            // Aborted is what it was to be.
            let _aborted = driving.await;
            return Ok(false);
        };
        match done {
            Ok(Ok(_)) => Ok(true),
            Ok(Err(error)) => Err(format!("life {life} gave up: {error:?}")),
            Err(panic) => Err(format!("life {life} panicked: {panic}")),
        }
    }

    fn inner(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store) as _
    }

    /// Cancels as the scenario says.
    async fn cancel(&self) {
        for (at, level) in &self.scenario.cancels {
            sleep_until(self.origin + *at).await;
            self.request_cancel(*level).await;
        }
    }

    async fn request_cancel(&self, level: CancelLevel) {
        if let Err(error) = self.store.request_cancel(self.pipeline, level, Reason::User, self.now()).await {
            self.testimony.say(format!("cancel refused: {error}"));
        }
    }
}

/// Ends at the time of a crash that has one.
async fn doom(crash: Option<Crash>) {
    match crash {
        Some(Crash::At(span)) => sleep(span).await,
        Some(Crash::AfterCommit(_)) | None => std::future::pending().await,
    }
}
