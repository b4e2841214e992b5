//! Lives a scenario with several runners until every pipeline is over, and looks on.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::check::check;
use super::life::{Counts, Stage};
use super::observer::{LifeFacts, Observer};
use super::scenario::{Fleet, Submitted, id_of};
use crate::engine::Engine;
use crate::id::InstanceId;
use crate::ports::{NewPipeline, Store, Variable};
use crate::secret::Secret;
use crate::status::{Reason, Status};
use crate::store::MemoryStore;
use crate::testkit::simulator::evidence::Violation;
use crate::testkit::simulator::run::{BEGINNING, in_virtual_time};
use crate::testkit::simulator::scenario::SECRET;
use crate::testkit::simulator::source::WORKSPACES;
use crate::testkit::simulator::witness::Testimony;
use crate::testkit::{FakeExecutor, FakeWorld};

/// A fleet that is not done after this much virtual time hangs.
const PATIENCE: Duration = Duration::from_hours(24);

/// How often somebody looks on.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How long a pipeline may wait while a runner that could have it has nothing else to do, in looks. A runner sets aside what
/// it could not drive for up to five minutes.
const PATIENT_LOOKS: u32 = 72;

/// How often what was left is swept: more often than any executor refuses to.
const SWEEPS: usize = 4;

/// What a simulation with several runners was, for those who count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetSummary {
    /// How the pipelines ended.
    pub ends: Vec<Status>,
    /// What became of the runners.
    pub counts: Counts,
    /// Events recorded.
    pub events: usize,
    /// Times that a pipeline started over.
    pub started_over: usize,
    /// How long a pipeline waited at most although somebody could have had it, as far as anybody looked.
    pub longest_wait: Duration,
    /// How long it all took, in virtual time.
    pub took: Duration,
}

/// Lives the scenario with several runners of a seed and checks all promises.
///
/// Brings its own runtime (one thread, paused clock): call it outside of one.
///
/// # Errors
/// The first broken promise, with the scenario it broke in.
///
/// # Panics
/// If the runtime cannot be made.
pub fn simulate_fleet(seed: u64) -> Result<FleetSummary, Violation> {
    in_virtual_time(async {
        let stage = stage(seed);
        let lived = live(&stage).await;
        lived.map_err(|what| Violation { seed, what, scenario: format!("{:#?}", stage.fleet) })
    })
}

fn stage(seed: u64) -> Stage {
    let fleet = Fleet::from_seed(seed);
    let store = MemoryStore::new();
    for project in fleet.pipelines.iter().map(|p| p.plan.project.clone()) {
        let value = Secret::new(SECRET);
        store.set_variable(project, Variable { name: "SECRET".into(), value, is_secret: true });
    }
    let worlds = fleet.hosts.iter().map(|host| {
        let world = FakeWorld::new();
        world.set_survives(host.survives);
        for (method, kind) in &host.executor_faults {
            world.fail_next(*method, *kind);
        }
        fleet.pipelines.iter().for_each(|pipeline| teach(&world, pipeline));
        world
    });
    let worlds = worlds.collect();
    let living = Mutex::new(vec![None; fleet.runners.len()]);
    let observer = Arc::new(Observer::new(Arc::new(store), Testimony::default()));
    let (over, counts) = (watch::Sender::new(false), Arc::default());
    Stage { seed, fleet, worlds, observer, origin: Instant::now(), over, living, counts }
}

fn teach(world: &FakeWorld, pipeline: &Submitted) {
    for (job, scripts) in pipeline.plan.jobs.iter().zip(&pipeline.scripts) {
        for (number, script) in (1..).zip(scripts) {
            world.script_attempt(&job.name, number, script.clone());
        }
        if let Some(last) = scripts.last() {
            world.script(&job.name, last.clone());
        }
    }
}

async fn live(stage: &Stage) -> Result<FleetSummary, String> {
    let runners = try_join_all((0..stage.fleet.runners.len()).map(|runner| stage.live_all(runner)));
    let outside = try_join_all((0..stage.fleet.pipelines.len()).map(|place| submit(stage, place)));
    let all = async { tokio::try_join!(runners, outside, look_on(stage)) };
    let (_, _, longest_wait) = match timeout(PATIENCE, all).await {
        Ok(lived) => lived?,
        Err(_) => return Err(format!("not over after {PATIENCE:?}; {:?}", stage.observer.testimony.all())),
    };
    let took = stage.origin.elapsed();
    let (ends, events, started_over) = check(stage, || sweep(stage)).await?;
    let counts = *stage.counts.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(FleetSummary { ends, counts, events, started_over, longest_wait, took })
}

async fn submit(stage: &Stage, place: usize) -> Result<(), String> {
    let Submitted { at, plan, cancels, .. } = &stage.fleet.pipelines[place];
    let (store, id) = (&stage.observer.store, id_of(stage.seed, place));
    let now = || BEGINNING.after(stage.origin.elapsed());
    sleep_until(stage.origin + *at).await;
    let new = NewPipeline { id, plan: plan.clone(), at: now(), idempotency_key: None };
    store.enqueue(new, None).await.map_err(|error| format!("enqueue: {error}"))?;
    for (after, level) in cancels {
        sleep_until(stage.origin + *at + *after).await;
        store.request_cancel(id, *level, Reason::User, now()).await.map_err(|error| format!("cancel: {error}"))?;
    }
    Ok(())
}

/// Looks whether everything is over, and whether something waits for nobody; answers the longest such wait.
async fn look_on(stage: &Stage) -> Result<Duration, String> {
    let mut waits: BTreeMap<usize, u32> = BTreeMap::new();
    let mut longest = 0;
    let mut going: Vec<usize> = (0..stage.fleet.pipelines.len()).collect();
    while !going.is_empty() {
        sleep(LOOK_EVERY).await;
        let mut still = Vec::new();
        for place in going {
            let id = id_of(stage.seed, place);
            match stage.observer.store.load(id).await {
                Ok(record) if record.state.status.is_terminal() => continue,
                Ok(_) if stage.observer.is_free(id) && someone_is_idle(stage, place) => {
                    let wait = waits.entry(place).or_default();
                    *wait += 1;
                    longest = longest.max(*wait);
                    if *wait > PATIENT_LOOKS {
                        return Err(format!("pipeline {place} waits while a runner that could have it is idle"));
                    }
                }
                // It is not submitted yet, or somebody has it.
                Ok(_) | Err(_) => drop(waits.remove(&place)),
            }
            still.push(place);
        }
        going = still;
    }
    stage.over.send_replace(true);
    Ok(LOOK_EVERY * longest)
}

fn someone_is_idle(stage: &Stage, place: usize) -> bool {
    let wanted = &stage.fleet.pipelines[place].plan.runs_on;
    let living = stage.living.lock().unwrap_or_else(PoisonError::into_inner);
    let is_idle = |facts: &LifeFacts| {
        let runner = &stage.fleet.runners[facts.id.0];
        let ready = !facts.is_dead() && !facts.process.is_stopped() && !facts.draining.load(Ordering::Relaxed);
        let suits = wanted.iter().all(|label| runner.labels.contains(label));
        ready && suits && stage.observer.load_of(facts) < runner.capacity.get()
    };
    living.iter().flatten().any(|facts| is_idle(facts))
}

/// What the next start on each host does with what is left there.
async fn sweep(stage: &Stage) -> Result<(), String> {
    for world in &stage.worlds {
        let store = Arc::clone(&stage.observer.store) as Arc<dyn Store>;
        let engine = Engine::builder(Arc::new(FakeExecutor::new(world)), store)
            .instance_id(InstanceId::new("sweeper"))
            .workspace_root(WORKSPACES)
            .imagine_workspaces()
            .build();
        // What an executor refuses once, a later sweep tries again.
        let mut report = engine.sweep_imagined().await;
        for _ in 0..SWEEPS {
            report = engine.sweep_imagined().await;
        }
        if !report.failed.is_empty() {
            return Err(format!("not swept: {report:?}"));
        }
    }
    Ok(())
}
