//! A runner that is asked to end: what it finishes, what it hands back, what it leaves, and what others see of it.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use imt_core::id::{CommitId, PipelineId};
use imt_core::ports::{NewPipeline, Store as _};
use imt_core::status::Status;
use imt_e2e::docker::docker;
use imt_e2e::imt::{Home, Running};
use imt_e2e::records::Records;
use imt_e2e::runner::{Host, Watch, assert_success, kill, now, stop};
use imt_e2e::services;
use imt_e2e::wait::{SOON, until};
use imt_e2e::world::objects;
use rustix::process::Signal;
use serde_json::Value;

const LOCAL: [&str; 2] = ["--executor", "local"];

fn holding(header: &str, go: &str) -> String {
    format!(
        "{header}jobs: {{ hold: {{ script: [echo begun, 'while ! test -e {go}; do sleep 0.05; done', echo done] }} }}"
    )
}

/// A repository whose server takes connections and never says a word.
struct SilentServer {
    address: SocketAddr,
    repository: String,
    connected: Receiver<()>,
}

impl SilentServer {
    fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let repository = format!("https://{address}/x.git");
        let (sender, connected) = channel();
        thread::spawn(move || {
            let mut open = Vec::new();
            while let Ok((connection, _)) = listener.accept() {
                open.push(connection);
                if sender.send(()).is_err() {
                    break;
                }
            }
        });
        Self { address, repository, connected }
    }

    fn await_connection(&self) {
        self.connected.recv_timeout(SOON).expect("somebody connects");
    }
}

/// Hands in a pipeline whose checkout does not end.
async fn stuck_in_checkout(watch: &Watch, server: &SilentServer) -> PipelineId {
    let mut plan = watch.plan("jobs: { never: { script: 'true' } }");
    plan.trigger.repository = Some(server.repository.clone());
    plan.trigger.commit = CommitId::new("0123456789012345678901234567890123456789");
    let new = NewPipeline { id: PipelineId::generate(), plan, at: now(), idempotency_key: None };
    watch.store.enqueue(new, None).await.expect("the store takes it").id
}

fn runners(host: &Host) -> Vec<Value> {
    let listed = host.answer(&["runners", "--output", "json"]);
    assert_eq!(listed.code, Some(0), "{}", listed.stderr);
    objects(&listed)
}

fn await_runner(host: &Host, what: &str, is: impl Fn(&Value) -> bool) {
    until(what, SOON, || runners(host).iter().any(&is).then_some(()));
}

async fn drains(records: &Records, go: &Path) {
    let (host, watch, server) = (Host::new(records), Watch::new(records).await, SilentServer::start());
    let runs = watch.hand_in(&holding("", &go.display().to_string())).await;
    let runner = host.runner(&[&LOCAL[..], &["--capacity", "2", "--label", "gpu"]].concat());
    watch.prints(runs, "begun").await;
    let stuck = stuck_in_checkout(&watch, &server).await;
    server.await_connection();
    runner.signal(Signal::TERM);
    await_runner(&host, "it drains", |seen| {
        seen["draining"] == true && seen["capacity"] == 2 && seen["labels"][0] == "gpu" && seen["alive"] == true
    });
    // What has not begun is another's, and nothing is taken up.
    until_waits(&watch, stuck).await;
    let late = watch.hand_in("jobs: { late: { script: 'true' } }").await;
    fs::write(go, "").expect("a file");
    let stopped = runner.finish();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("handed back"), "{}", stopped.stderr);
    let told = objects(&stopped);
    assert_eq!(told.last().expect("it speaks")["event"], "runner_stopped");
    assert_success(&watch.record(runs).await);
    for waits in [stuck, late] {
        assert_eq!(watch.record(waits).await.state.status, waiting_status(waits, stuck));
        assert!(!watch.claims().await.contains_key(&waits));
    }
    assert!(runners(&host).is_empty(), "it has said farewell");
    shown_as_waiting(&host, &watch.project, stuck);
    watch.assert_nothing_left(&[runs, stuck, late], false);

    let next = host.runner(&LOCAL);
    assert_success(&watch.ended(late, SOON).await);
    stop(next);
}

/// One that was in checkout has been taken up before; the other never.
fn waiting_status(pipeline: PipelineId, stuck: PipelineId) -> Status {
    if pipeline == stuck { Status::Running } else { Status::Pending }
}

/// Whatever its status says, nobody has it.
fn shown_as_waiting(host: &Host, project: &str, pipeline: PipelineId) {
    let listed = objects(&host.answer(&["pipelines", "--project", project, "--output", "json"]));
    let seen = listed.iter().find(|seen| seen["id"] == pipeline.to_string()).expect("it is listed");
    assert_eq!((&seen["status"], &seen["runner"]), (&"running".into(), &Value::Null));
    let table = host.answer(&["pipelines", "--project", project]);
    assert!(String::from_utf8_lossy(&table.stdout).contains("running (waits)"), "{}", table.stderr);
    let number = seen["number"].to_string();
    let whole = &objects(&host.answer(&["show", &number, "--project", project, "--output", "json"]))[0];
    assert_eq!(whole["waiting"]["type"], "no_runner");
}

async fn until_waits(watch: &Watch, pipeline: PipelineId) {
    imt_e2e::wait::until_told("it is handed back", SOON, async || {
        (!watch.claims().await.contains_key(&pipeline)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_finishes_what_runs_and_hands_back_the_rest_on_sqlite() {
    let home = Home::new();
    drains(&Records::Sqlite(home.path().join("store.db")), &home.path().join("go")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_finishes_what_runs_and_hands_back_the_rest_on_postgres() {
    let home = Home::new();
    drains(&Records::postgres().await, &home.path().join("go")).await;
}

/// Two signals that come before the first is heard are one.
fn leave_at_once(host: &Host, runner: Running) {
    runner.signal(Signal::TERM);
    await_runner(host, "it drains", |seen| seen["draining"] == true);
    runner.signal(Signal::TERM);
    let left = runner.finish_within(Duration::from_secs(5));
    assert_eq!(left.code, Some(12), "{}", left.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_sigterm_leaves_at_once_and_the_next_runner_goes_on() {
    docker(&["pull", "--quiet", &services::image()]);
    let home = Home::new();
    let records = Records::Sqlite(home.path().join("store.db"));
    let (host, watch) = (Host::new(&records), Watch::new(&records).await);
    let header = format!("image: {}\n", services::image());
    let pipeline = watch.hand_in(&holding(&header, "go-on")).await;
    let runner = host.runner(&["--capacity", "1"]);
    watch.prints(pipeline, "begun").await;
    leave_at_once(&host, runner);
    assert!(!watch.record(pipeline).await.state.status.is_terminal());
    let next = host.runner(&["--capacity", "1"]);
    for workspace in imt_e2e::project::workspaces_of(&watch.project) {
        fs::write(workspace.join("go-on"), "").expect("a file in the workspace");
    }
    let record = watch.ended(pipeline, SOON).await;
    assert_success(&record);
    let attempts = &record.state.jobs[0].attempts;
    assert_eq!(attempts.len(), 1, "the same attempt goes on: {attempts:#?}");
    assert!(watch.log(attempts[0].id).await.ends_with("\ndone\n"));
    stop(next);
    watch.assert_nothing_left(&[pipeline], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_that_is_no_longer_heard_of_is_shown_as_silent() {
    let home = Home::new();
    let records = Records::Sqlite(home.path().join("store.db"));
    let (host, other, watch) = (Host::new(&records), Host::new(&records), Watch::new(&records).await);
    let go = home.path().join("go");
    let pipeline = watch.hand_in(&holding("", &go.display().to_string())).await;
    let silent = host.runner(&LOCAL);
    watch.prints(pipeline, "begun").await;
    await_runner(&host, "the first is heard of", |seen| seen["alive"] == true);
    kill(silent);
    // As if that had been two minutes ago.
    records.tamper("UPDATE runners SET seen_at = seen_at - 120000000").await;
    let alive = other.runner(&LOCAL);
    await_runner(&host, "the second is heard of", |seen| seen["alive"] == true);
    let seen = runners(&host);
    assert_eq!(seen.len(), 2, "{seen:?}");
    let quiet = seen.iter().find(|seen| seen["alive"] == false).expect("one is silent");
    assert!(quiet["silent_ms"].as_u64().is_some_and(|ms| ms >= 120_000), "{quiet}");
    let shown = host.answer(&["runners"]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("silent"), "{}", shown.stderr);
    fs::write(&go, "").expect("a file");
    stop(alive);
    let back = host.runner(&LOCAL);
    watch.ended(pipeline, SOON).await;
    stop(back);
    watch.assert_nothing_left(&[pipeline], false);
}

#[test]
fn a_runner_that_still_waits_for_its_store_ends_when_it_is_asked_to() {
    let server = SilentServer::start();
    let records = Records::Server(format!("postgres://imt@{}/imt", server.address));
    let runner = Host::new(&records).start_runner(&LOCAL);
    server.await_connection();
    runner.await_handler(Signal::TERM);
    runner.signal(Signal::TERM);
    let stopped = runner.finish_within(Duration::from_secs(6));
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    assert!(stopped.stdout.is_empty() && stopped.stderr.contains("before it took anything up"), "{}", stopped.stderr);
}
