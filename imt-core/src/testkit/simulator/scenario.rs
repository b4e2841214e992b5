//! From a seed to a scenario: what the pipeline is, what its jobs do, what goes wrong and when.

use std::num::NonZeroU32;
use std::time::Duration;

use bytes::Bytes;

use crate::id::{CommitId, JobIndex, ProjectName};
use crate::pipeline::{PullPolicy, Resources, RetryCause, RetryPolicy, TriggerEvent};
use crate::plan::{CommitNote, Plan, PlannedJob, PlannedStage, Selection, Trigger};
use crate::ports::{FailureKind, StreamKind};
use crate::schedule::CancelLevel;
use crate::status::Reason;
use crate::testkit::fake_executor::{FakeEnd, FakeScript, Method, OnTerm};
use crate::testkit::{FaultRates, Seed};

/// The secret that jobs print and no log may show.
pub(super) const SECRET: &str = "hunter2-hunter2";

/// Where the commits come from, if there is a repository.
pub(super) const REPOSITORY: &str = "simulated://repository";

/// The longest preparation is shorter than this.
pub(super) const LONGEST_PREPARATION: Duration = Duration::from_secs(3);

/// All that one seed decides.
#[derive(Debug, Clone)]
pub(super) struct Scenario {
    pub(super) plan: Plan,
    /// What attempts do, by job and number; more tries than these do what the last one does.
    pub(super) scripts: Vec<Vec<FakeScript>>,
    /// What each script prints, before masking, by job and number.
    pub(super) outputs: Vec<Vec<Output>>,
    /// What the executor refuses, once each.
    pub(super) executor_faults: Vec<(Method, FailureKind)>,
    /// What the executor does not answer, once each, until the pipeline is cleaned up.
    pub(super) executor_hangs: Vec<Method>,
    /// Whether running jobs survive a crash.
    pub(super) survives: bool,
    /// How each life ends but the last.
    pub(super) crashes: Vec<Crash>,
    /// Cancels, by time since the beginning.
    pub(super) cancels: Vec<(Duration, CancelLevel)>,
    /// How often calls to the store fail.
    pub(super) store_faults: FaultRates,
    pub(super) prepare_ahead: usize,
    /// How long nobody lives after each crash.
    pub(super) pauses: Vec<Duration>,
    /// What checkouts do, one after another; empty where there is no repository.
    pub(super) checkouts: Vec<CheckoutScript>,
    /// How much of a job's output a log takes, where that is less than usual.
    pub(super) log_cap: Option<u64>,
}

/// What a script prints on each stream, and how it ends if nobody ends it.
#[derive(Debug, Clone, Default)]
pub(super) struct Output {
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
    /// `None`: never.
    pub(super) end: Option<FakeEnd>,
}

/// What one checkout does.
#[derive(Debug, Clone, Copy)]
pub(super) struct CheckoutScript {
    pub(super) takes: Duration,
    pub(super) end: CheckoutEnd,
}

/// How a checkout ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CheckoutEnd {
    Done,
    Fails(FailureKind),
    /// Not before it is dropped.
    Hangs,
}

/// When a life ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Crash {
    /// Right after this many commits of that life, before their effects.
    AfterCommit(u64),
    /// This long after it began.
    At(Duration),
}

impl Scenario {
    pub(super) fn from_seed(seed: u64) -> Self {
        let mut draw = Seed::new(seed);
        let plan = plan(&mut draw);
        let mut scripts = Vec::new();
        let mut outputs = Vec::new();
        for _ in &plan.jobs {
            let tries: Vec<_> = (0..3).map(|_| script(&mut draw)).collect();
            scripts.push(tries.iter().map(|(script, _)| script.clone()).collect());
            outputs.push(tries.into_iter().map(|(_, output)| output).collect());
        }
        let methods = [Method::Prepare, Method::Start, Method::Logs, Method::Wait, Method::Stop, Method::Cleanup];
        let faults = if draw.per_mille(400) { draw.below(4) } else { 0 };
        let executor_faults =
            (0..faults).map(|_| (methods[draw.index(methods.len())], FailureKind::EngineUnavailable)).collect();
        let crashes =
            if draw.per_mille(700) { (0..draw.below(5)).map(|_| crash(&mut draw)).collect() } else { Vec::new() };
        let cancels = if draw.per_mille(300) { cancels(&mut draw) } else { Vec::new() };
        let mut scenario = Self {
            plan,
            scripts,
            outputs,
            executor_faults,
            executor_hangs: Vec::new(),
            survives: draw.per_mille(750),
            crashes,
            cancels,
            store_faults: if draw.per_mille(300) { store_faults(&mut draw) } else { FaultRates::default() },
            prepare_ahead: usize::try_from(draw.below(4)).unwrap_or(0),
            pauses: Vec::new(),
            checkouts: Vec::new(),
            log_cap: None,
        };
        // Drawn last, so that the seeds of old findings still make the scenarios they were found in.
        if draw.per_mille(150) {
            let methods = [Method::Start, Method::Attach];
            scenario.executor_hangs = (0..=draw.below(2)).map(|_| methods[draw.index(methods.len())]).collect();
        }
        scenario.pauses = scenario.crashes.iter().map(|_| pause(&mut draw)).collect();
        if draw.per_mille(500) {
            scenario.add_repository(&mut draw);
        }
        if draw.per_mille(250) {
            scenario.log_cap = Some(draw.below(100));
        }
        scenario
    }

    fn add_repository(&mut self, draw: &mut Seed) {
        self.plan.trigger.repository = Some(REPOSITORY.to_owned());
        self.plan.trigger.commit = commit();
        self.checkouts = (0..=self.crashes.len()).map(|_| checkout(draw)).collect();
        if draw.per_mille(150) {
            // One more life, which ends while it checks out.
            let cut_short = checkout(draw);
            self.crashes.insert(0, Crash::At(cut_short.takes / 2));
            self.pauses.insert(0, pause(draw));
            self.checkouts.insert(0, cut_short);
        }
        // A checkout has no timeout: what hangs is for somebody to cancel.
        let hangs = self.checkouts.iter().any(|c| c.end == CheckoutEnd::Hangs);
        if self.cancels.is_empty() && hangs {
            self.cancels = vec![(millis(draw, 10_000), CancelLevel::Graceful)];
        }
    }

    /// Whether nothing fails but the jobs themselves.
    pub(super) fn is_calm(&self) -> bool {
        self.crashes.is_empty()
            && self.executor_faults.is_empty()
            && self.executor_hangs.is_empty()
            && self.store_faults == FaultRates::default()
    }

    /// What an attempt prints.
    pub(super) fn output(&self, job: JobIndex, number: u32) -> &Output {
        output_of(&self.outputs, job, number)
    }
}

/// What an attempt prints: more tries than there are outputs print the last one.
pub(super) fn output_of(outputs: &[Vec<Output>], job: JobIndex, number: u32) -> &Output {
    let tries = &outputs[job.get()];
    let last = tries.len() - 1;
    &tries[usize::try_from(number - 1).unwrap_or(last).min(last)]
}

pub(super) fn store_faults(draw: &mut Seed) -> FaultRates {
    let mut rate = || u16::try_from(draw.below(80)).unwrap_or(0);
    FaultRates { before: rate(), after: rate(), delay: rate(), max_delay: Duration::from_secs(2) }
}

fn crash(draw: &mut Seed) -> Crash {
    if draw.per_mille(750) { Crash::AfterCommit(1 + draw.below(12)) } else { Crash::At(millis(draw, 40_000)) }
}

fn pause(draw: &mut Seed) -> Duration {
    if draw.per_mille(300) { millis(draw, 60_000) } else { Duration::ZERO }
}

/// The commit of the repository.
pub(super) fn commit() -> CommitId {
    CommitId::new("c0ffee".repeat(7).split_at(40).0)
}

fn checkout(draw: &mut Seed) -> CheckoutScript {
    let end = match draw.below(100) {
        0..=84 => CheckoutEnd::Done,
        85..=89 => CheckoutEnd::Fails(FailureKind::CheckoutFailed),
        90..=94 => CheckoutEnd::Fails(FailureKind::CommitNotFound),
        _ => CheckoutEnd::Hangs,
    };
    let takes = match draw.below(10) {
        0..=1 => Duration::ZERO,
        // Just when the engine looks for a cancel.
        2..=4 => Duration::from_secs(1 + draw.below(8)),
        _ => millis(draw, 8_000),
    };
    CheckoutScript { takes, end }
}

pub(super) fn cancels(draw: &mut Seed) -> Vec<(Duration, CancelLevel)> {
    let first = millis(draw, 60_000);
    let mut cancels = vec![(first, CancelLevel::Graceful)];
    if draw.per_mille(600) {
        cancels.push((first + millis(draw, 12_000), CancelLevel::Kill));
    }
    cancels
}

pub(super) fn millis(draw: &mut Seed, below: u64) -> Duration {
    Duration::from_millis(draw.below(below))
}

pub(super) fn plan(draw: &mut Seed) -> Plan {
    let mut stages = Vec::new();
    let mut jobs = Vec::new();
    for number in 0..=draw.below(3) {
        let name = format!("stage{number}");
        let here = (0..draw.below(4)).map(|_| {
            let index = JobIndex(u32::try_from(jobs.len()).expect("a handful"));
            jobs.push(job(draw, &name, index));
            index
        });
        let here = here.collect();
        stages.push(PlannedStage { name, jobs: here });
    }
    let trigger = Trigger {
        event: TriggerEvent::Api,
        repository: None,
        commit: CommitId::none(),
        branch: None,
        variables: Vec::new(),
        only_jobs: Vec::new(),
        note: CommitNote::default(),
    };
    let concurrency = NonZeroU32::MIN.saturating_add(u32::try_from(draw.below(3)).unwrap_or(0));
    Plan {
        project: ProjectName::new("simulated"),
        trigger,
        concurrency,
        runs_on: Vec::new(),
        variables: Vec::new(),
        stages,
        jobs,
        deployments: Vec::new(),
        deploys: false,
    }
}

fn job(draw: &mut Seed, stage: &str, index: JobIndex) -> PlannedJob {
    let causes = [RetryCause::Failed, RetryCause::Timeout, RetryCause::Lost];
    let on = causes.into_iter().filter(|_| draw.per_mille(600)).collect();
    PlannedJob {
        name: format!("job{}", index.0),
        stage: stage.to_owned(),
        selection: if draw.per_mille(100) { Selection::Skip(Reason::When) } else { Selection::Run },
        image: None,
        pull: PullPolicy::Missing,
        script: vec!["simulated".into()],
        variables: Vec::new(),
        timeout: Duration::from_secs(5 + draw.below(20)),
        grace: Duration::from_secs(draw.below(10)),
        retry: RetryPolicy { max: u32::try_from(draw.below(3)).unwrap_or(0), on },
        allow_failure: draw.per_mille(150),
        resources: Resources::default(),
    }
}

pub(super) fn script(draw: &mut Seed) -> (FakeScript, Output) {
    let end = match draw.below(100) {
        0..=69 => FakeEnd::Code(0),
        70..=84 => FakeEnd::Code(1),
        85..=89 => FakeEnd::Signal(9),
        90..=94 => FakeEnd::OutOfMemory,
        _ => FakeEnd::Lost,
    };
    let last = millis(draw, 15_000);
    let never = draw.below(20) == 0;
    let mut script = if never { FakeScript::never_ends() } else { FakeScript::runs_for(last) };
    let longest = u64::try_from(LONGEST_PREPARATION.as_millis()).unwrap_or(0);
    script = script.ending(end).on_term(on_term(draw)).prepare_takes(millis(draw, longest));
    if draw.per_mille(60) {
        script = script.prepare_fails(FailureKind::ImageNotFound);
    }
    if draw.per_mille(100) {
        script = script.logs_break_after(draw.below(60));
    }
    let (script, mut output) = print(draw, script, last);
    output.end = Some(end).filter(|_| !never);
    (script, output)
}

fn on_term(draw: &mut Seed) -> OnTerm {
    match draw.below(3) {
        0 => OnTerm::Dies,
        1 => OnTerm::Ignores,
        _ => OnTerm::CleansUp { takes: millis(draw, 15_000), says: Bytes::from_static(b"cleaning up\n"), code: 0 },
    }
}

/// Adds output: lines, pieces of lines, and now and then the secret in two pieces.
fn print(draw: &mut Seed, mut script: FakeScript, last: Duration) -> (FakeScript, Output) {
    let mut output = Output::default();
    let mut times: Vec<u64> =
        (0..draw.below(6)).map(|_| draw.below(u64::try_from(last.as_millis()).unwrap_or(0).max(1))).collect();
    times.sort_unstable();
    for at in times {
        let (stream, kept) = if draw.per_mille(700) {
            (StreamKind::Stdout, &mut output.stdout)
        } else {
            (StreamKind::Stderr, &mut output.stderr)
        };
        let (one, two) = SECRET.split_at(4);
        let pieces: &[&[u8]] = match draw.below(4) {
            0 => &[b"a line\n"],
            1 => &[b"no newline, ", b"\xff\x00 bytes"],
            2 => &[one.as_bytes(), two.as_bytes()],
            _ => &[b"\n\n"],
        };
        for piece in pieces {
            kept.extend_from_slice(piece);
            script = script.prints_at(Duration::from_millis(at), stream, Bytes::copy_from_slice(piece));
        }
    }
    (script, output)
}
