//! What outlives our processes: containers, scripts, and the record of all that was asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::container::{Container, Phase};
use super::script::FakeScript;
use crate::id::{AttemptId, PipelineId};
use crate::ports::{FailureKind, JobSpec};
use crate::time::Timestamp;

/// The methods of an executor, for records and faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the method of its name")]
pub enum Method {
    Prepare,
    Start,
    Attach,
    Logs,
    Wait,
    Stop,
    Cleanup,
    Release,
    ListOwned,
}

/// What a call does instead of its work.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    Fails(FailureKind),
    Hangs,
}

/// One call, recorded when it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// In which life, counted from 1.
    pub life: u32,
    /// How long after the world began.
    pub at: Duration,
    /// Which method.
    pub method: Method,
    /// Of which pipeline; only `ListOwned` has none.
    pub pipeline: Option<PipelineId>,
    /// Of which attempt; `Cleanup`, `Release` and `ListOwned` have none.
    pub attempt: Option<AttemptId>,
}

/// The world that executors live in. See the [module](super).
#[derive(Debug)]
pub struct FakeWorld {
    pub(super) state: Mutex<State>,
    /// Something happened that time alone does not tell: a stop, a crash, a loss, a removal.
    pub(super) changed: Notify,
    origin: Instant,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) containers: BTreeMap<AttemptId, Container>,
    /// Scripts by job name and attempt number; no number means any.
    scripts: BTreeMap<(String, Option<u32>), FakeScript>,
    other: FakeScript,
    /// Preparations tried so far.
    pub(super) tries: BTreeMap<AttemptId, usize>,
    pub(super) began: BTreeMap<AttemptId, u32>,
    /// The spec each attempt came with first.
    pub(super) specs: BTreeMap<AttemptId, JobSpec>,
    /// How many scripts ran at the same instant, at most.
    pub(super) most_side_by_side: usize,
    pub(super) calls: Vec<Call>,
    pub(super) violations: Vec<String>,
    faults: Vec<(Method, Fault)>,
    pub(super) lives: u32,
    pub(super) dead: BTreeSet<u32>,
    /// What each life has cleaned up.
    pub(super) cleaned: BTreeSet<(u32, PipelineId)>,
    /// What each life has let go of.
    pub(super) released: BTreeSet<(u32, PipelineId)>,
    /// What a life was refused or not told of: it may clean up over what still runs there.
    pub(super) in_the_dark: BTreeSet<(u32, PipelineId)>,
    /// What each life knew of when another life removed it.
    pub(super) taken: BTreeSet<(u32, AttemptId)>,
    survives: bool,
}

impl FakeWorld {
    /// An empty world. Must be called within a tokio runtime, whose clock it uses.
    pub fn new() -> Arc<Self> {
        let state = State {
            containers: BTreeMap::new(),
            scripts: BTreeMap::new(),
            other: FakeScript::default(),
            tries: BTreeMap::new(),
            began: BTreeMap::new(),
            specs: BTreeMap::new(),
            most_side_by_side: 0,
            calls: Vec::new(),
            violations: Vec::new(),
            faults: Vec::new(),
            lives: 0,
            dead: BTreeSet::new(),
            cleaned: BTreeSet::new(),
            released: BTreeSet::new(),
            in_the_dark: BTreeSet::new(),
            taken: BTreeSet::new(),
            survives: true,
        };
        Arc::new(Self { state: Mutex::new(state), changed: Notify::new(), origin: Instant::now() })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time of day in this world: the virtual clock, counted from 2026-01-01T00:00:00Z.
    pub fn timestamp(&self, at: Instant) -> Timestamp {
        Timestamp::from_micros(1_767_225_600_000_000).after(at.saturating_duration_since(self.origin))
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.origin.elapsed()
    }

    /// What attempts of a job do; a script for their number wins.
    pub fn script(&self, job: &str, script: FakeScript) {
        self.lock().scripts.insert((job.to_owned(), None), script);
    }

    /// What the attempt of a job with this number does.
    pub fn script_attempt(&self, job: &str, number: u32, script: FakeScript) {
        self.lock().scripts.insert((job.to_owned(), Some(number)), script);
    }

    /// What attempts do that nothing else is said of; succeeding at once if not set.
    pub fn script_others(&self, script: FakeScript) {
        self.lock().other = script;
    }

    /// Whether what runs survives a crash of ours (as containers do), or dies unfindable with it (as processes may).
    pub fn set_survives(&self, survives: bool) {
        self.lock().survives = survives;
    }

    /// Makes the next call of a method fail, retryable, before it has any effect. Faults of a method queue up.
    pub fn fail_next(&self, method: Method, kind: FailureKind) {
        self.lock().faults.push((method, Fault::Fails(kind)));
    }

    /// Makes the next call of a method hang before it has any effect: until its pipeline is cleaned up, then it fails. A
    /// cleanup that hangs never answers.
    pub fn hang_next(&self, method: Method) {
        self.lock().faults.push((method, Fault::Hangs));
    }

    /// Loses what runs of an attempt: nobody can say any more how it ends. `false` when nothing runs.
    pub fn lose(&self, attempt: AttemptId) -> bool {
        let now = Instant::now();
        let found = self.lock().containers.get_mut(&attempt).is_some_and(|container| {
            let running = container.is_running(now);
            if running {
                container.lost_at = Some(now);
            }
            running
        });
        self.changed.notify_waiters();
        found
    }

    /// All calls so far, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// Broken rules of the contract so far, in order.
    pub fn violations(&self) -> Vec<String> {
        self.lock().violations.clone()
    }

    /// Attempts whose script runs now.
    pub fn live(&self) -> Vec<AttemptId> {
        let now = Instant::now();
        let state = self.lock();
        state.containers.iter().filter(|(_, c)| c.is_running(now)).map(|(id, _)| *id).collect()
    }

    /// Attempts of a pipeline that something is left of: made, waiting, running or over, but not removed.
    pub fn leftovers(&self, pipeline: PipelineId) -> Vec<AttemptId> {
        let now = Instant::now();
        let state = self.lock();
        let there = state.containers.iter().filter(|(id, c)| id.pipeline == pipeline && c.is_there(now));
        there.map(|(id, _)| *id).collect()
    }

    /// How many scripts ran at the same instant, at most.
    pub fn max_running_side_by_side(&self) -> usize {
        self.lock().most_side_by_side
    }

    /// How often the script of an attempt began: more than once is a broken promise.
    pub fn times_script_began(&self, attempt: AttemptId) -> u32 {
        self.lock().began.get(&attempt).copied().unwrap_or(0)
    }

    /// Every attempt whose script ever began.
    pub fn began(&self) -> Vec<AttemptId> {
        self.lock().began.keys().copied().collect()
    }

    /// The host goes down: every life is over, no script runs on, and what was made is there when it is up again.
    pub fn power_off(&self) {
        let mut state = self.lock();
        let lives = 1..=state.lives;
        state.dead.extend(lives);
        let now = Instant::now();
        for container in state.containers.values_mut() {
            match container.phase {
                Phase::Preparing { .. } | Phase::Gate => container.phase = Phase::DeadAtGate { at: now },
                Phase::DeadAtGate { .. } => {}
                Phase::Begun { .. } => {
                    container.lost_at.get_or_insert(now);
                }
            }
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Attempts that a life which is not over has made or knows of, and that are not removed.
    pub fn held_by_the_living(&self) -> Vec<AttemptId> {
        let now = Instant::now();
        let state = self.lock();
        let lives = |c: &Container| c.known_to.iter().chain([&c.life]).any(|life| !state.dead.contains(life));
        let held = state.containers.iter().filter(|(_, c)| c.is_there(now) && lives(c));
        held.map(|(id, _)| *id).collect()
    }

    /// A process of ours is gone.
    pub(super) fn end_life(&self, life: u32) {
        let mut state = self.lock();
        if !state.dead.insert(life) {
            return;
        }
        let now = Instant::now();
        let survives = state.survives;
        let mut gone = Vec::new();
        for (id, container) in state.containers.iter_mut().filter(|(_, c)| c.life == life) {
            match container.phase {
                Phase::Preparing { .. } | Phase::Gate => container.phase = Phase::DeadAtGate { at: now },
                Phase::DeadAtGate { .. } => {}
                Phase::Begun { .. } if survives => {}
                Phase::Begun { .. } => gone.push(*id),
            }
        }
        for id in gone {
            state.containers.remove(&id);
        }
        drop(state);
        self.changed.notify_waiters();
    }
}

impl State {
    pub(super) fn script_of(&self, spec: &JobSpec) -> FakeScript {
        let by_number = self.scripts.get(&(spec.job.clone(), Some(spec.attempt.number)));
        let by_job = self.scripts.get(&(spec.job.clone(), None));
        by_number.or(by_job).unwrap_or(&self.other).clone()
    }

    pub(super) fn fault(&mut self, method: Method) -> Option<Fault> {
        let index = self.faults.iter().position(|(of, _)| *of == method)?;
        Some(self.faults.remove(index).1)
    }

    pub(super) fn violate(&mut self, life: u32, text: impl AsRef<str>) {
        self.violations.push(format!("life {life}: {}", text.as_ref()));
    }
}
