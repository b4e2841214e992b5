//! From a seed to a scenario with several runners: who works where, what there is to do, what goes wrong and when.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::id::{PipelineId, ProjectName};
use crate::pipeline::RetryCause;
use crate::plan::Plan;
use crate::ports::FailureKind;
use crate::schedule::CancelLevel;
use crate::testkit::fake_executor::{FakeScript, Method};
use crate::testkit::simulator::scenario::{Output, REPOSITORY, cancels, commit, millis, plan, script, store_faults};
use crate::testkit::{FaultRates, Seed};

/// The pipeline at a place in the scenario.
pub(super) fn id_of(seed: u64, place: usize) -> PipelineId {
    PipelineId::from_uuid(uuid::Uuid::from_u128((u128::from(seed) << 8) + place as u128 + 1))
}

/// All that one seed decides.
#[derive(Debug, Clone)]
pub(super) struct Fleet {
    pub(super) lease: Duration,
    pub(super) pipelines: Vec<Submitted>,
    pub(super) hosts: Vec<Host>,
    pub(super) runners: Vec<Runner>,
    /// How often calls to the store fail.
    pub(super) store_faults: FaultRates,
    pub(super) post: PostRates,
    /// How long an executor takes to let go of a pipeline.
    pub(super) lets_go_in: Duration,
}

/// A pipeline, and what becomes of it from outside.
#[derive(Debug, Clone)]
pub(super) struct Submitted {
    pub(super) at: Duration,
    pub(super) plan: Plan,
    /// What attempts do, by job and number; more tries than these do what the last one does.
    pub(super) scripts: Vec<Vec<FakeScript>>,
    /// What each script prints, before masking, by job and number.
    pub(super) outputs: Vec<Vec<Output>>,
    pub(super) cancels: Vec<(Duration, CancelLevel)>,
}

#[derive(Debug, Clone)]
pub(super) struct Host {
    /// Whether running jobs survive the crash of their engine.
    pub(super) survives: bool,
    /// When it goes down, and for how long.
    pub(super) goes_down: Option<(Duration, Duration)>,
    /// What its executor refuses, once each.
    pub(super) executor_faults: Vec<(Method, FailureKind)>,
}

/// One life after another of one runner.
#[derive(Debug, Clone)]
pub(super) struct Runner {
    pub(super) host: usize,
    pub(super) labels: Vec<String>,
    pub(super) capacity: NonZeroUsize,
    pub(super) prepare_ahead: usize,
    pub(super) lives: Vec<Life>,
}

#[derive(Debug, Clone)]
pub(super) struct Life {
    /// Whether it goes by another instance than the life before.
    pub(super) renamed: bool,
    pub(super) ends: LifeEnd,
    /// When its renewals do not reach the store, and for how long; times since it began.
    pub(super) cuts: Vec<(Duration, Duration)>,
    /// When it is stopped, and for how long.
    pub(super) stops: Vec<(Duration, Duration)>,
    /// How long nobody is there afterwards.
    pub(super) away: Duration,
}

/// How a life ends; times since it began.
#[derive(Debug, Clone, Copy)]
pub(super) enum LifeEnd {
    Crash(Duration),
    /// Right after this many commits, before their effects.
    AfterCommit(u64),
    /// It is told to take up no more.
    Drain(Duration),
    /// Not before everything is over.
    Stays,
}

/// What becomes of calls to the store on their way, in a thousand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct PostRates {
    /// It arrives twice, the second time late.
    pub(super) doubled: u16,
    /// It is given up by its sender and arrives late.
    pub(super) late: u16,
    pub(super) max_late: Duration,
}

const LABELS: [&str; 2] = ["big", "gpu"];

impl Fleet {
    pub(super) fn from_seed(seed: u64) -> Self {
        let mut draw = Seed::new(seed ^ 0xF1EE_7000_0000_0000);
        let lease = Duration::from_secs(if draw.per_mille(500) { 30 } else { 10 });
        let hosts: Vec<Host> = (0..=draw.below(3)).map(|_| host(&mut draw)).collect();
        let mut runners: Vec<Runner> = (0..2 + draw.below(3)).map(|_| runner(&mut draw, hosts.len(), lease)).collect();
        // So that somebody is left who can do it all.
        runners[0].labels = LABELS.map(str::to_owned).to_vec();
        runners[0].lives.push(Life { ends: LifeEnd::Stays, ..life(&mut draw, lease) });
        let pipelines = (0..=draw.below(6)).map(|number| submitted(&mut draw, number)).collect();
        let wild = draw.per_mille(600);
        let store_faults = if wild && draw.per_mille(600) { store_faults(&mut draw) } else { FaultRates::default() };
        let post = if wild { post(&mut draw) } else { PostRates::default() };
        let mut fleet = Self { lease, pipelines, hosts, runners, store_faults, post, lets_go_in: Duration::ZERO };
        // Drawn apart, so that the other seeds tell what they always told.
        if seed % 4 == 2 {
            fleet.cut(&mut Seed::new(seed ^ 0xC075_0000_0000_0000));
        }
        fleet
    }

    /// Takes renewals from some, for longer than a lease, while others and all else get through.
    fn cut(&mut self, draw: &mut Seed) {
        self.lets_go_in = Duration::from_secs(1);
        let longest = 2 * u64::try_from(self.lease.as_millis()).unwrap_or(0);
        for life in self.runners.iter_mut().flat_map(|runner| &mut runner.lives) {
            if draw.per_mille(600) {
                life.cuts = (0..=draw.below(2)).map(|_| (millis(draw, 60_000), millis(draw, longest))).collect();
            }
        }
    }

    /// Whether every call to the store arrives once and is answered.
    pub(super) fn store_is_calm(&self) -> bool {
        let lives = || self.runners.iter().flat_map(|runner| &runner.lives);
        self.store_faults == FaultRates::default()
            && self.post == PostRates::default()
            && lives().all(|life| life.cuts.is_empty())
    }
}

fn post(draw: &mut Seed) -> PostRates {
    let mut rate = || u16::try_from(draw.below(60)).unwrap_or(0);
    PostRates { doubled: rate(), late: rate(), max_late: Duration::from_secs(45) }
}

fn host(draw: &mut Seed) -> Host {
    let methods = [Method::Prepare, Method::Start, Method::Logs, Method::Wait, Method::Stop, Method::Cleanup];
    let faults = if draw.per_mille(200) { draw.below(3) } else { 0 };
    Host {
        survives: draw.per_mille(750),
        goes_down: draw.per_mille(250).then(|| (millis(draw, 60_000), millis(draw, 90_000))),
        executor_faults: (0..faults)
            .map(|_| (methods[draw.index(methods.len())], FailureKind::EngineUnavailable))
            .collect(),
    }
}

fn runner(draw: &mut Seed, hosts: usize, lease: Duration) -> Runner {
    let mut lives: Vec<Life> = (0..draw.below(4)).map(|_| life(draw, lease)).collect();
    // Some never come back.
    if draw.per_mille(800) || lives.is_empty() {
        lives.push(Life { ends: LifeEnd::Stays, ..life(draw, lease) });
    }
    Runner {
        host: draw.index(hosts),
        labels: LABELS.into_iter().filter(|_| draw.per_mille(500)).map(str::to_owned).collect(),
        capacity: NonZeroUsize::MIN.saturating_add(draw.index(3)),
        prepare_ahead: draw.index(3),
        lives,
    }
}

fn life(draw: &mut Seed, lease: Duration) -> Life {
    let ends = match draw.below(10) {
        0..=3 => LifeEnd::Crash(millis(draw, 60_000)),
        4..=6 => LifeEnd::AfterCommit(1 + draw.below(15)),
        _ => LifeEnd::Drain(millis(draw, 60_000)),
    };
    let longest = 2 * u64::try_from(lease.as_millis()).unwrap_or(0);
    let stops = if draw.per_mille(400) {
        (0..=draw.below(2)).map(|_| (millis(draw, 40_000), millis(draw, longest))).collect()
    } else {
        Vec::new()
    };
    let away = if draw.per_mille(500) { millis(draw, 60_000) } else { Duration::ZERO };
    Life { renamed: draw.per_mille(300), ends, cuts: Vec::new(), stops, away }
}

fn submitted(draw: &mut Seed, number: u64) -> Submitted {
    let mut plan = plan(draw);
    plan.project = ProjectName::new(format!("project{}", draw.below(3)));
    plan.runs_on = LABELS.into_iter().filter(|_| draw.per_mille(200)).map(str::to_owned).collect();
    let repeatable = draw.per_mille(500);
    for job in &mut plan.jobs {
        job.name = format!("{}-of-{number}", job.name);
        if repeatable {
            job.retry.max = job.retry.max.max(1);
            if !job.retry.on.contains(&RetryCause::Lost) {
                job.retry.on.push(RetryCause::Lost);
            }
        }
    }
    if draw.per_mille(500) {
        plan.trigger.repository = Some(REPOSITORY.to_owned());
        plan.trigger.commit = commit();
    }
    let mut scripts = Vec::new();
    let mut outputs = Vec::new();
    for _ in &plan.jobs {
        let tries: Vec<_> = (0..3).map(|_| script(draw)).collect();
        scripts.push(tries.iter().map(|(script, _)| script.clone()).collect());
        outputs.push(tries.into_iter().map(|(_, output)| output).collect());
    }
    let cancels = if draw.per_mille(150) { cancels(draw) } else { Vec::new() };
    Submitted { at: millis(draw, 30_000), plan, scripts, outputs, cancels }
}
