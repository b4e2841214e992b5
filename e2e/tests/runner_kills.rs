//! `kill -9` of a runner at a random moment, again and again, and its successor on the same host: nothing is stuck, lost,
//! doubled or left behind.
//!
//! `IMT_KILL_ROUNDS` is the number of rounds, `IMT_FAULT_SEED` the seed of the moments.

use std::collections::BTreeMap;
use std::time::Duration;

use imt_core::id::PipelineId;
use imt_core::schedule::AttemptState;
use imt_e2e::dice::{self, Dice};
use imt_e2e::docker::docker;
use imt_e2e::imt::{Home, Running};
use imt_e2e::records::Records;
use imt_e2e::runner::{Host, Watch, assert_success, kill, numbered, percentile, stop};
use imt_e2e::services;
use imt_e2e::wait::{SOON, pass};

/// What is promised is 2 s; a busy machine is given three times as long.
const RECOVERY: Duration = Duration::from_secs(6);
/// How long a life lasts, at most, from when it drives: about what a pipeline takes.
const LIFE: Duration = Duration::from_millis(1200);
const LIFE_WITH_CONTAINERS: Duration = Duration::from_secs(4);
/// After so many kills a runner may finish what there is: a job may be lost ten times and no more.
const IN_A_ROW: u64 = 8;
const LINES: u32 = 30;

/// Two jobs, one after the other, that each print who they are and numbers, for about half a second.
fn file(header: &str) -> String {
    let script = format!(
        "i=0; while test $i -lt {LINES}; do echo \"$IMT_PIPELINE_ID $IMT_JOB $i\"; i=$((i + 1)); sleep 0.01; done"
    );
    let job = |stage: &str| format!("{{ stage: {stage}, retry: {{ max: 10, on: [lost] }}, script: ['{script}'] }}");
    format!("{header}stages: [s1, s2]\njobs:\n  one: {}\n  two: {}\n", job("s1"), job("s2"))
}

/// What a job itself printed, without the echo of its script.
fn own(log: &str) -> &str {
    if log.is_empty() {
        return log;
    }
    let (echo, own) = log.split_once('\n').unwrap_or((log, ""));
    let known = "$ i=0; while test";
    assert!(known.starts_with(echo) || echo.starts_with(known), "{log}");
    own
}

struct Rounds {
    host: Host,
    watch: Watch,
    executor: &'static str,
    file: String,
    handed_in: Vec<PipelineId>,
    /// How many of them are known to be over.
    over: usize,
    recoveries: Vec<Duration>,
}

impl Rounds {
    async fn new(records: &Records, executor: &'static str) -> Self {
        let header = if executor == "docker" { format!("image: {}\n", services::image()) } else { String::new() };
        Self {
            host: Host::new(records),
            watch: Watch::new(records).await,
            executor,
            file: file(&header),
            handed_in: Vec::new(),
            over: 0,
            recoveries: Vec::new(),
        }
    }

    fn start(&self) -> Running {
        self.host.start_runner(&["--executor", self.executor, "--capacity", "2"])
    }

    async fn go(&mut self) {
        let mut dice = Dice::new(dice::seed());
        let life = if self.executor == "docker" { LIFE_WITH_CONTAINERS } else { LIFE };
        let mut runner = self.start();
        for round in 0..dice::number("IMT_KILL_ROUNDS", 12) {
            if round.is_multiple_of(IN_A_ROW) {
                self.all_over().await;
            }
            for _ in self.watch.unfinished().await..3 {
                self.handed_in.push(self.watch.hand_in(&self.file).await);
            }
            pass(dice.below(life)).await;
            kill(runner);
            let left = self.watch.claims().await;
            runner = self.start();
            self.recover(&left).await;
        }
        self.all_over().await;
        stop(runner);
    }

    async fn all_over(&mut self) {
        for pipeline in &self.handed_in[self.over..] {
            self.watch.ended(*pipeline, SOON).await;
        }
        self.over = self.handed_in.len();
    }

    /// Where nothing was left there is nothing to measure.
    async fn recover(&mut self, left: &BTreeMap<PipelineId, i64>) {
        let took = self.watch.taken_on(left, SOON).await;
        if !left.is_empty() {
            self.recoveries.push(took);
        }
    }

    #[expect(clippy::print_stderr, reason = "figures of a measurement")]
    fn report(&mut self) {
        let n = self.recoveries.len();
        assert!(n > 0, "no runner was killed while it drove");
        let [median, p99, longest] = [50, 99, 100].map(|part| percentile(&mut self.recoveries, part));
        let pipelines = self.handed_in.len();
        eprintln!(
            "{}: {pipelines} pipelines, {n} recoveries: median {median:.2?}, p99 {p99:.2?}, longest {longest:.2?}",
            self.executor
        );
        assert!(p99 <= RECOVERY, "p99 of the recoveries is {p99:?}");
    }

    /// Nothing lost, doubled or foreign: lost attempts have the beginning, the last one all of it. `survive`: what runs
    /// outlives its runner.
    async fn check(&self, survive: bool) {
        for pipeline in self.handed_in.clone() {
            let record = self.watch.record(pipeline).await;
            assert_success(&record);
            self.watch.assert_ended_once(pipeline).await;
            for (name, job) in ["one", "two"].into_iter().zip(&record.state.jobs) {
                let expected = numbered(&format!("{pipeline} {name}"), LINES);
                let begun = job.attempts.iter().filter(|attempt| attempt.has_begun()).count();
                assert!(!survive || begun == 1, "{pipeline} {name}: {:#?}", job.attempts);
                let (accepted, lost) = job.attempts.split_last().expect("it was tried");
                assert_eq!(own(&self.watch.log(accepted.id).await), expected, "{pipeline} {name}");
                for AttemptState { id, .. } in lost {
                    let log = self.watch.log(*id).await;
                    assert!(expected.starts_with(own(&log)), "{id}: {log}");
                }
            }
        }
        self.watch.assert_nothing_left(&self.handed_in, self.executor == "docker");
    }
}

async fn killed_again_and_again(records: &Records, executor: &'static str) {
    let mut rounds = Rounds::new(records, executor).await;
    rounds.go().await;
    rounds.check(executor == "docker").await;
    rounds.report();
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_in_containers_go_on_on_sqlite() {
    docker(&["pull", "--quiet", &services::image()]);
    let home = Home::new();
    killed_again_and_again(&in_file(&home), "docker").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_in_containers_go_on_on_postgres() {
    docker(&["pull", "--quiet", &services::image()]);
    killed_again_and_again(&Records::postgres().await, "docker").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_jobs_are_tried_again_on_sqlite() {
    let home = Home::new();
    killed_again_and_again(&in_file(&home), "local").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_jobs_are_tried_again_on_postgres() {
    killed_again_and_again(&Records::postgres().await, "local").await;
}

fn in_file(home: &Home) -> Records {
    Records::Sqlite(home.path().join("store.db"))
}
