//! Who may run what: labels, and the pipelines of `imt run`, which are its own.

use imt_core::status::{Reason, Status};
use imt_e2e::docker::containers_of;
use imt_e2e::imt::{Home, Output, Running};
use imt_e2e::project::Project;
use imt_e2e::records::Records;
use imt_e2e::runner::{Host, Watch, assert_success, kill, stop};
use imt_e2e::wait::{SOON, until_holds};
use imt_e2e::world::{objects, text};

const LOCAL: [&str; 2] = ["--executor", "local"];

fn in_file(home: &Home) -> Records {
    Records::Sqlite(home.path().join("store.db"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_waits_for_a_runner_that_has_it() {
    let home = Home::new();
    for records in [in_file(&home), Records::postgres().await] {
        let (host, watch) = (Host::new(&records), Watch::new(&records).await);
        let picky = watch.hand_in("runs_on: [gpu]\njobs: { a: { script: 'true' } }").await;
        let plain = host.runner(&[&LOCAL[..], &["--label", "cpu"]].concat());
        // The runner has been heard of when it has done something.
        let easy = watch.hand_in("jobs: { a: { script: 'true' } }").await;
        assert_success(&watch.ended(easy, SOON).await);
        let project = ["--project", watch.project.as_str()];
        until_holds("the reason is shown", SOON, || {
            let shown = host.answer(&[&["show", "1", "--output", "json"], &project[..]].concat());
            let waiting = objects(&shown)[0]["waiting"].clone();
            waiting["type"] == "no_such_runner" && waiting["labels"][0] == "gpu"
        });
        let shown = text(&host.answer(&[&["show", "1"], &project[..]].concat()));
        assert!(shown.contains("gpu"), "{shown}");
        assert_eq!(watch.record(picky).await.state.status, Status::Pending);
        let able = host.runner(&[&LOCAL[..], &["--label", "gpu", "--label", "big"]].concat());
        assert_success(&watch.ended(picky, SOON).await);
        stop(plain);
        stop(able);
    }
}

/// A pipeline of `imt run` that holds, whose process is killed while a runner is at work on the same store.
struct Orphan {
    project: Project,
    pipeline: imt_core::id::PipelineId,
}

const HOLDS: &str =
    "image: IMAGE\njobs: { hold: { script: [echo holding, 'while ! test -e go-on; do sleep 0.05; done'] } }";

async fn orphan(host: &Host, watch: &Watch, executor: &str) -> Orphan {
    let project = Project::new(HOLDS);
    let path = project.path().display().to_string();
    let command = host.imt(&["run", &path, "--output", "json", "--executor", executor]);
    let mut run = Running::start(command, Output::Events);
    let pipeline = run.pipeline().parse().expect("an id");
    run.await_line("holding");
    // A runner of the same store lets it be, alive or dead.
    let runner = host.runner(&LOCAL);
    kill(run);
    let other = watch.hand_in("jobs: { a: { script: 'true' } }").await;
    assert_success(&watch.ended(other, SOON).await);
    stop(runner);
    Orphan { project, pipeline }
}

async fn assert_buried(orphan: &Orphan, watch: &Watch) {
    let record = watch.ended(orphan.pipeline, SOON).await;
    let verdict = record.state.verdict.expect("a verdict");
    assert_eq!((verdict.status, verdict.reason), (Status::Errored, Some(Reason::RunnerLost)));
    watch.assert_ended_once(orphan.pipeline).await;
    until_holds("no container is left", SOON, || containers_of(&orphan.pipeline.to_string()).is_empty());
    until_holds("no workspace is left", SOON, || orphan.project.workspaces_now().is_empty());
    watch.assert_nothing_left(&[orphan.pipeline], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_imt_run_is_ended_by_the_next_imt_run() {
    let home = Home::new();
    for executor in ["docker", "local"] {
        let records = in_file(&home);
        let (host, watch) = (Host::new(&records), Watch::new(&records).await);
        let orphan = orphan(&host, &watch, executor).await;
        let small = Project::new("image: IMAGE\njobs: { small: { script: 'true' } }");
        let path = small.path().display().to_string();
        let next = host.answer(&["run", &path, "--executor", executor]);
        assert_eq!(next.code, Some(0), "{}", next.stderr);
        assert_buried(&orphan, &watch).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_imt_run_is_ended_by_the_next_runner() {
    let home = Home::new();
    for executor in ["docker", "local"] {
        let records = in_file(&home);
        let (host, watch) = (Host::new(&records), Watch::new(&records).await);
        let orphan = orphan(&host, &watch, executor).await;
        let next = host.runner(&["--executor", executor]);
        assert_buried(&orphan, &watch).await;
        stop(next);
    }
}
