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
use crate::testkit::simulator::check::{Evidence, Violation, check};
use crate::testkit::simulator::scenario::{Crash, SECRET, Scenario};
use crate::testkit::simulator::witness::{Testimony, Witness};
use crate::testkit::{AfterCrash, FakeExecutor, FakeWorld, FaultStore};
use crate::time::Timestamp;

/// A pipeline that is not over after this much virtual time hangs.
const PATIENCE: Duration = Duration::from_hours(1);

/// How long after a kill a pipeline may take where nothing crashes or fails: one look at the store, and some room.
const KILL_BOUND: Duration = Duration::from_secs(3);

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
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O needs nothing from the system");
    runtime.block_on(Simulation::new(seed).run())
}

struct Simulation {
    seed: u64,
    scenario: Scenario,
    pipeline: PipelineId,
    store: Arc<MemoryStore>,
    world: Arc<FakeWorld>,
    testimony: Testimony,
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
        Self { seed, scenario, pipeline, store: Arc::new(store), world, testimony: Testimony::default() }
    }

    async fn run(self) -> Result<Summary, Violation> {
        let broken = |what: String| Violation { seed: self.seed, what, scenario: format!("{:#?}", self.scenario) };
        let new = NewPipeline {
            id: self.pipeline,
            plan: self.scenario.plan.clone(),
            at: Timestamp::default(),
            idempotency_key: None,
        };
        self.store.enqueue(new).await.map_err(|e| broken(format!("enqueue: {e}")))?;
        let (ended, killed_at) = timeout(PATIENCE, async { tokio::join!(self.live(), self.cancel()) })
            .await
            .map_err(|_| broken(format!("not over after {PATIENCE:?}")))?;
        let (lives, over_at) = ended.map_err(broken)?;
        if let Some(late) = killed_at.map(|at| over_at.saturating_duration_since(at)).filter(|late| *late > KILL_BOUND)
            && self.scenario.is_calm()
        {
            return Err(broken(format!("over only {late:?} after it was killed")));
        }
        let evidence = Evidence {
            scenario: &self.scenario,
            pipeline: self.pipeline,
            store: &*self.store,
            world: &self.world,
            testimony: self.testimony.all(),
        };
        let (status, events) = check(&evidence).await.map_err(broken)?;
        Ok(Summary { status, lives, events, began: self.world.began().len() })
    }

    /// One engine after another; answers how many there were and when the last one was done.
    async fn live(&self) -> Result<(u32, Instant), String> {
        let mut lives = 0;
        for crash in &self.scenario.crashes {
            lives += 1;
            if self.one_life(lives, Some(*crash)).await? {
                return Ok((lives, Instant::now()));
            }
        }
        lives += 1;
        if self.one_life(lives, None).await? {
            Ok((lives, Instant::now()))
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
        let engine = Engine::builder(Arc::clone(&witness) as _, Arc::new(store))
            .instance_id(InstanceId::new("simulated"))
            .prepare_ahead(self.scenario.prepare_ahead)
            .build();
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

    /// Cancels as the scenario says; answers when it was killed, if it was.
    async fn cancel(&self) -> Option<Instant> {
        let origin = Instant::now();
        let mut killed_at = None;
        for (at, level) in &self.scenario.cancels {
            sleep_until(origin + *at).await;
            self.request_cancel(*level).await;
            killed_at = Some(Instant::now()).filter(|_| *level == CancelLevel::Kill);
        }
        killed_at
    }

    async fn request_cancel(&self, level: CancelLevel) {
        if let Err(error) = self.store.request_cancel(self.pipeline, level, Reason::User, Timestamp::default()).await {
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
