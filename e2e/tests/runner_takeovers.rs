//! Runners of different hosts on one store: who takes over what when one of them is dead, or only seems to be.
//!
//! `IMT_TAKEOVER_ROUNDS` is how often a killed runner is taken over when its lease has run out.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use imt_core::id::PipelineId;
use imt_core::ports::PipelineRecord;
use imt_core::schedule::{AttemptState, ChangeKind};
use imt_core::status::{Reason, Status};
use imt_e2e::dice;
use imt_e2e::docker::Engine;
use imt_e2e::imt::{Home, Running};
use imt_e2e::project::workspaces_of;
use imt_e2e::records::Records;
use imt_e2e::runner::{Host, Watch, assert_success, kill, processes_of, stop};
use imt_e2e::services;
use imt_e2e::wait::{SOON, pass, until_holds, until_told};
use rustix::process::Signal;

/// The lease of 30 s and a margin.
const TAKEN_OVER_IN: Duration = Duration::from_secs(40);
const LOCAL: [&str; 2] = ["--executor", "local"];

/// A first stage that is over at once, then a job that prints all the time until it is let go.
fn file(lost: bool, go: &Path) -> String {
    let retry = if lost { "retry: { max: 3, on: [lost] }, " } else { "" };
    let go = go.display();
    format!(
        "stages: [first, then]\njobs:\n  one: {{ stage: first, {retry}script: [echo one] }}\n  two: {{ stage: then, {retry}script: [echo begun, 'while ! test -e {go}; do echo tick; sleep 0.02; done', echo done] }}\n"
    )
}

struct Scene {
    home: Home,
    records: Records,
    first: Host,
    second: Host,
    watch: Watch,
}

impl Scene {
    async fn on_postgres() -> Self {
        Self::new(Home::new(), Records::postgres().await).await
    }

    async fn on_sqlite() -> Self {
        let home = Home::new();
        let records = Records::Sqlite(home.path().join("store.db"));
        Self::new(home, records).await
    }

    async fn new(home: Home, records: Records) -> Self {
        let watch = Watch::new(&records).await;
        let (first, second) = (Host::new(&records), Host::new(&records));
        Self { home, records, first, second, watch }
    }

    async fn attempts(&self, pipeline: PipelineId, job: usize) -> Vec<AttemptState> {
        self.watch.record(pipeline).await.state.jobs[job].attempts.clone()
    }

    async fn over_and_again(&self, pipeline: PipelineId) -> usize {
        let events = self.watch.events(pipeline).await;
        events.iter().filter(|event| event.change.kind == ChangeKind::StartedOver).count()
    }
}

/// A pipeline that may start over, and one that may not, whose runner is killed and does not come back.
async fn killed_for_good(scene: &Scene, round: u64) {
    let go = scene.home.path().join(format!("go-{round}"));
    let again = scene.watch.hand_in(&file(true, &go)).await;
    let never = scene.watch.hand_in(&file(false, &go)).await;
    let runner = scene.first.runner(&[&LOCAL[..], &["--capacity", "2"]].concat());
    scene.watch.prints(again, "begun").await;
    scene.watch.prints(never, "begun").await;
    let other = scene.second.runner(&[&LOCAL[..], &["--capacity", "2"]].concat());
    let killed_at = Instant::now();
    kill(runner);
    fs::write(&go, "").expect("a file");

    let lost = scene.watch.ended(never, TAKEN_OVER_IN).await.state;
    assert_success(&scene.watch.ended(again, TAKEN_OVER_IN.saturating_sub(killed_at.elapsed())).await);
    let took = killed_at.elapsed();
    assert!(took <= TAKEN_OVER_IN, "taken over after {took:?}");
    report(round, took);
    let verdict = lost.verdict.expect("a verdict");
    assert_eq!((verdict.status, verdict.reason), (Status::Errored, Some(Reason::RunnerLost)));
    assert_eq!(scene.over_and_again(again).await, 1, "it starts over from the first stage");
    assert_eq!(scene.attempts(again, 0).await.len(), 2, "the first stage, too");
    for pipeline in [again, never] {
        scene.watch.assert_ended_once(pipeline).await;
    }
    // What is on the first host only it can remove.
    let back = scene.first.runner(&LOCAL);
    scene.watch.assert_nothing_left(&[again, never], false);
    stop(back);
    stop(other);
}

#[expect(clippy::print_stderr, reason = "a figure of a measurement")]
fn report(round: u64, took: Duration) {
    eprintln!("round {round}: the pipelines of a killed runner were over on another host {took:.1?} after the kill");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_runner_is_taken_over_when_its_lease_has_run_out() {
    let scene = Scene::on_postgres().await;
    for round in 0..dice::number("IMT_TAKEOVER_ROUNDS", 1) {
        killed_for_good(&scene, round).await;
    }
}

/// Longer than a lease of these.
const LEASE: [&str; 2] = ["--lease", "3s"];

/// Whether all threads of a process are stopped.
fn stands_still(pid: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("it is there");
    let mut states = threads.filter_map(|thread| {
        let stat = fs::read_to_string(thread.ok()?.path().join("stat")).ok()?;
        Some(stat.rsplit_once(") ")?.1.starts_with('T'))
    });
    states.all(|is_stopped| is_stopped)
}

/// One that is stopped in the middle of a write to a file keeps everybody from writing until it goes on or is gone.
async fn stop_between_writes(runner: &Running, records: &Records) {
    until_told("it stops where it does not write", SOON, async || {
        runner.signal(Signal::STOP);
        // Its threads stop one by one, and one that has not yet may begin to write.
        until_holds("all of it stands still", SOON, || stands_still(runner.pid()));
        if records.is_being_written().await {
            runner.signal(Signal::CONT);
            return None;
        }
        Some(())
    })
    .await;
}

/// A runner that is stopped for twice the lease and goes on then, not knowing.
async fn stopped_for_a_while(scene: &Scene) {
    let go = scene.home.path().join("go");
    let pipeline = scene.watch.hand_in(&file(true, &go)).await;
    let arguments = [&LOCAL[..], &LEASE[..]].concat();
    let sleeper = scene.first.runner(&arguments);
    scene.watch.prints(pipeline, "begun").await;
    stop_between_writes(&sleeper, &scene.records).await;
    let stopped_at = Instant::now();
    let other = scene.second.runner(&arguments);
    let held = scene.watch.claims().await;
    scene.watch.taken_on(&held, SOON).await;
    until_holds("what the first has running runs on", SOON, || !processes_of(&[pipeline]).is_empty());
    let first = scene.attempts(pipeline, 1).await[0].clone();
    let log = scene.watch.log(first.id).await;
    pass(Duration::from_secs(6).saturating_sub(stopped_at.elapsed())).await;

    sleeper.signal(Signal::CONT);
    let mark = first.id.to_string();
    until_holds("what the first has running is ended", SOON, || {
        !processes_of(&[pipeline]).iter().any(|process| process.ends_with(&format!("={mark}")))
    });
    fs::write(&go, "").expect("a file");
    assert_success(&scene.watch.ended(pipeline, SOON).await);
    // The first takes part again, and with nothing of the pipeline.
    let next = scene.watch.hand_in("jobs: { after: { script: 'true' } }").await;
    stop(other);
    assert_success(&scene.watch.ended(next, SOON).await);
    assert_eq!(scene.watch.log(first.id).await, log, "nothing is written without a claim");
    assert_eq!(scene.over_and_again(pipeline).await, 1);
    let attempts = scene.attempts(pipeline, 1).await;
    assert_eq!(attempts.len(), 2, "{attempts:#?}");
    let whole = scene.watch.log(attempts[1].id).await;
    assert!(whole.contains("\nbegun\n") && whole.ends_with("\ndone\n"), "{whole}");
    scene.watch.assert_ended_once(pipeline).await;
    stop(sleeper);
    let back = scene.first.runner(&LOCAL);
    scene.watch.assert_nothing_left(&[pipeline, next], false);
    stop(back);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_runner_that_goes_on_writes_nothing_on_sqlite() {
    stopped_for_a_while(&Scene::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_runner_that_goes_on_writes_nothing_on_postgres() {
    stopped_for_a_while(&Scene::on_postgres().await).await;
}

/// Two hosts with a container engine each.
struct Engines {
    first: Engine,
    second: Engine,
}

/// Runners whose jobs run in containers.
struct Containers {
    engines: Engines,
    scene: Scene,
}

const CAPACITY: [&str; 2] = ["--capacity", "2"];

impl Containers {
    fn new(mut scene: Scene) -> Self {
        let engines = Engines { first: Engine::start(false), second: Engine::start(false) };
        for engine in [&engines.first, &engines.second] {
            let pull = engine.command().args(["pull", "--quiet", &services::image()]).output();
            assert!(pull.expect("docker can be run").status.success(), "the image is in the registry");
        }
        scene.first = scene.first.with("DOCKER_HOST", engines.first.host());
        scene.second = scene.second.with("DOCKER_HOST", engines.second.host());
        Self { engines, scene }
    }

    /// The file of the pipelines: they look for `go` in their workspaces.
    fn file(lost: bool) -> String {
        format!("image: {}\n{}", services::image(), file(lost, Path::new("go")))
    }

    /// Lets a pipeline go on, and waits for its end.
    async fn ended(&self, pipeline: PipelineId) -> PipelineRecord {
        let watch = &self.scene.watch;
        until_told("the end of what goes on elsewhere", SOON, async || {
            for workspace in workspaces_of(&watch.project) {
                // One that is just going is let go already.
                let _gone = fs::write(workspace.join("go"), "");
            }
            Some(watch.record(pipeline).await).filter(|record| record.state.status.is_terminal())
        })
        .await
    }

    fn assert_nothing_left(&self, pipelines: &[PipelineId]) {
        let engines = [&self.engines.first, &self.engines.second];
        let is_left =
            |pipeline: &PipelineId| engines.iter().any(|e| !e.containers_of(&pipeline.to_string()).is_empty());
        until_holds("no container is left on either host", SOON, || !pipelines.iter().any(is_left));
        self.scene.watch.assert_nothing_left(pipelines, false);
    }
}

async fn containers_of_a_dead_host(there: &Containers) {
    let Containers { engines, scene } = there;
    let again = scene.watch.hand_in(&Containers::file(true)).await;
    let never = scene.watch.hand_in(&Containers::file(false)).await;
    let runner = scene.first.runner(&[&LEASE[..], &CAPACITY].concat());
    scene.watch.prints(again, "begun").await;
    scene.watch.prints(never, "begun").await;
    let other = scene.second.runner(&[&LEASE[..], &CAPACITY].concat());
    let lost = scene.attempts(again, 1).await[0].id;
    kill(runner);
    let verdict = scene.watch.ended(never, SOON).await.state.verdict.expect("a verdict");
    assert_eq!((verdict.status, verdict.reason), (Status::Errored, Some(Reason::RunnerLost)));
    let log = scene.watch.log(lost).await;
    assert_success(&there.ended(again).await);
    assert_eq!(scene.over_and_again(again).await, 1, "it starts over from the first stage");
    assert_eq!(scene.watch.log(lost).await, log, "nobody writes for the dead");
    for pipeline in [again, never] {
        scene.watch.assert_ended_once(pipeline).await;
        let left = engines.first.containers_of(&pipeline.to_string());
        assert!(!left.is_empty(), "what is on the dead host only it can remove");
    }
    let back = scene.first.runner(&[]);
    there.assert_nothing_left(&[again, never]);
    assert_eq!(scene.watch.record(again).await.state.status, Status::Success, "the other's result stands");
    stop(back);
    stop(other);
}

#[tokio::test(flavor = "multi_thread")]
async fn containers_of_a_dead_host_go_when_a_runner_starts_there() {
    containers_of_a_dead_host(&Containers::new(Scene::on_postgres().await)).await;
}

async fn containers_of_a_stopped_runner(there: &Containers) {
    let Containers { engines, scene } = there;
    let pipeline = scene.watch.hand_in(&Containers::file(true)).await;
    let sleeper = scene.first.runner(&LEASE);
    scene.watch.prints(pipeline, "begun").await;
    stop_between_writes(&sleeper, &scene.records).await;
    let other = scene.second.runner(&LEASE);
    let held = scene.watch.claims().await;
    scene.watch.taken_on(&held, SOON).await;
    until_told("the second has it running", SOON, async || scene.attempts(pipeline, 1).await.get(1)?.started_at).await;
    let first = scene.attempts(pipeline, 1).await[0].clone();
    let log = scene.watch.log(first.id).await;
    let id = pipeline.to_string();
    assert!(!engines.first.containers_of(&id).is_empty(), "what the first has running runs on");

    sleeper.signal(Signal::CONT);
    until_holds("the first removes its own containers", SOON, || engines.first.containers_of(&id).is_empty());
    assert!(!engines.second.containers_of(&id).is_empty(), "and not the other's");
    assert!(!scene.watch.record(pipeline).await.state.status.is_terminal());
    assert_success(&there.ended(pipeline).await);
    assert_eq!(scene.watch.log(first.id).await, log, "nothing is written without a claim");
    assert_eq!((scene.over_and_again(pipeline).await, scene.attempts(pipeline, 1).await.len()), (1, 2));
    scene.watch.assert_ended_once(pipeline).await;
    // The first takes part again.
    stop(other);
    let next =
        scene.watch.hand_in(&format!("image: {}\njobs: {{ after: {{ script: 'true' }} }}", services::image())).await;
    assert_success(&scene.watch.ended(next, SOON).await);
    stop(sleeper);
    let back = scene.first.runner(&[]);
    there.assert_nothing_left(&[pipeline, next]);
    stop(back);
}

#[tokio::test(flavor = "multi_thread")]
async fn containers_of_a_stopped_runner_that_goes_on_go_on_sqlite() {
    containers_of_a_stopped_runner(&Containers::new(Scene::on_sqlite().await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn containers_of_a_stopped_runner_that_goes_on_go_on_postgres() {
    containers_of_a_stopped_runner(&Containers::new(Scene::on_postgres().await)).await;
}
