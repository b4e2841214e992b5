//! Functions against their budgets: the scheduler, the masker, the reader of pipeline files.
//!
//! `cargo bench -p imt-benches`. Figures and what they mean are in `docs/benchmarks.md`.

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use imt_core::id::{CommitId, InstanceId, PipelineId, ProjectName};
use imt_core::mask::{Masker, Needles};
use imt_core::pipeline::{TriggerEvent, read};
use imt_core::plan::{CommitNote, Plan, Trigger, build};
use imt_core::schedule::{AttemptOutcome, Decision, Effect, Input, Machine, PipelineState, Whereabouts};
use imt_core::secret::Secret;
use imt_core::time::Timestamp;

fn trigger() -> Trigger {
    Trigger {
        event: TriggerEvent::Api,
        repository: None,
        commit: CommitId::none(),
        branch: None,
        variables: Vec::new(),
        only_jobs: Vec::new(),
        note: CommitNote::default(),
    }
}

/// A plan of many jobs: one read job repeated, because a file of that many would be over its size limit.
fn plan(stages: usize, jobs: usize) -> Plan {
    let mut file = String::from("stages: [");
    for stage in 0..stages {
        let _infallible = write!(file, "{}s{stage}", if stage == 0 { "" } else { ", " });
    }
    file.push_str("]\nconcurrency: 8\njobs:\n  one: {stage: s0, script: [\"true\"]}\n");
    let mut spec = read(file.as_bytes(), "pipeline.yml").spec.expect("a valid file");
    let one = spec.jobs[0].clone();
    spec.jobs = (0..jobs)
        .map(|n| {
            let mut job = one.clone();
            job.name = format!("job{n}");
            job.stage = format!("s{}", n * stages / jobs);
            job
        })
        .collect();
    build(&spec, &ProjectName::new("bench"), trigger()).expect("a valid plan")
}

/// Plays a pipeline through, every effect answered at once; answers how many decisions that took.
fn play(plan: &Arc<Plan>) -> usize {
    let id = PipelineId::from_uuid(PipelineId::generate().as_uuid());
    let mut machine = Machine::new(Arc::clone(plan), PipelineState::new(id, plan), usize::MAX);
    let mut inbox = std::collections::VecDeque::from([Input::Claimed(Whereabouts::Here)]);
    let mut decisions = 0;
    while let Some(input) = inbox.pop_front() {
        let Decision { changes, effects } = machine.handle(input, Timestamp::from_micros(1));
        black_box(changes);
        black_box(machine.ahead(2));
        decisions += 1;
        for effect in effects {
            match effect {
                Effect::Checkout => inbox.push_back(Input::CheckedOut(Ok(InstanceId::new("bench")))),
                Effect::Prepare(attempt) => inbox.push_back(Input::Prepared(attempt, Ok(()))),
                Effect::Start(attempt) => inbox.push_back(Input::Ended(attempt, AttemptOutcome::Code(0))),
                Effect::Cleanup => inbox.push_back(Input::CleanedUp(Ok(()))),
                Effect::Attach(_) | Effect::Stop(..) | Effect::Abandon(_) => unreachable!("nothing crashes here"),
            }
        }
    }
    assert!(machine.state().status.is_terminal());
    decisions
}

fn scheduler(c: &mut Criterion) {
    let mut group = c.benchmark_group("scheduler");
    group.sample_size(10).measurement_time(Duration::from_secs(8));
    group.bench_function("100,000 jobs in 100 stages: planned and decided", |b| {
        b.iter_batched(|| plan(100, 1), |_| play(&Arc::new(plan(100, 100_000))), BatchSize::PerIteration);
    });
    let small = Arc::new(plan(10, 1_000));
    group.bench_function("1,000 jobs: decided", |b| b.iter(|| play(&small)));
    group.finish();
}

fn masker(c: &mut Criterion) {
    let text: Vec<u8> =
        (0..200_000).flat_map(|n| format!("{n:07} compiling module and linking things\n").into_bytes()).collect();
    let mut group = c.benchmark_group("masker");
    group.throughput(Throughput::Bytes(text.len() as u64)).sample_size(10);
    for secrets in [0, 1, 50, 1_000] {
        let secrets: Vec<Secret> = (0..secrets).map(|n| Secret::new(format!("s3cr3t-value-{n:05}"))).collect();
        let needles = Needles::new(&secrets);
        group.bench_function(format!("{} secrets, 32 KiB slices", secrets.len()), |b| {
            let mut out = Vec::with_capacity(64 << 10);
            b.iter(|| {
                let mut masker = Masker::new(needles.clone());
                for slice in text.chunks(32 << 10) {
                    out.clear();
                    masker.feed(slice, &mut out);
                    black_box(&out);
                }
            });
        });
    }
    group.finish();
}

fn reader(c: &mut Criterion) {
    let mut file = String::from("jobs:\n");
    for n in 0..1_000 {
        let _infallible =
            write!(file, "  job{n}:\n    image: busybox\n    script:\n      - echo {n}\n      - make test\n");
    }
    let mut group = c.benchmark_group("reader");
    group.throughput(Throughput::Bytes(file.len() as u64)).sample_size(10);
    group.bench_function("a pipeline file of 1,000 jobs", |b| {
        b.iter(|| read(black_box(file.as_bytes()), "pipeline.yml"));
    });
    group.finish();
}

criterion_group!(benches, scheduler, masker, reader);
criterion_main!(benches);
