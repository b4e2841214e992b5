//! Ctrl-C in every phase: it ends in time, says so, and leaves nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use imt_e2e::docker::{containers_of, docker};
use imt_e2e::holding::HoldingEngine;
use imt_e2e::imt::{Finished, Home, Output, Running};
use imt_e2e::project::Project;
use imt_e2e::services;
use imt_e2e::stub::SlowRegistry;
use imt_e2e::wait::{SOON, until_holds, within};
use rustix::process::Signal;

const NONE: [&str; 0] = [];
const NOWHERE: [&std::path::Path; 0] = [];
/// What a cancel may take beyond the job's grace.
const BEYOND_GRACE: Duration = Duration::from_secs(2);
/// Bounds of over a second are asserted with three times their value: the machine may be busy.
const SLACK: u32 = 3;

/// Cancels, waits for the end and checks what every cancel has in common.
fn cancel(mut running: Running, project: &Project, grace: Duration) -> Finished {
    let pipeline = running.pipeline();
    let began = Instant::now();
    running.signal(Signal::INT);
    let finished = running.finish_within(SLACK * (grace + BEYOND_GRACE) + SOON);
    let took = began.elapsed();
    assert!(took <= SLACK * (grace + BEYOND_GRACE), "the cancel took {took:?}, grace is {grace:?}");
    assert_eq!(finished.code, Some(12), "{}", finished.stderr);
    assert_eq!(finished.end().text("status"), "cancelled");
    assert_eq!(finished.end().text("reason"), "user");
    assert_eq!(containers_of(&pipeline), NONE, "a container is left behind");
    assert_eq!(project.workspaces_now(), NOWHERE, "a workspace is left behind");
    finished
}

fn start(home: &Home, project: &Project) -> Running {
    home.run_json(project.path(), ["--executor", "docker"])
}

#[test]
fn while_the_image_is_pulled() {
    let registry = SlowRegistry::start();
    let project =
        Project::without_image(&format!("image: {}\njobs: {{ never: {{ script: echo no }} }}", registry.image()));
    let home = Home::new();
    let running = start(&home, &project);
    registry.await_pull();
    let finished = cancel(running, &project, Duration::ZERO);
    assert_eq!(finished.the("job_finished", "never").text("status"), "cancelled");
    assert_eq!(finished.stream("never", "stdout"), b"");
}

#[test]
fn while_containers_are_made_and_started() {
    docker(&["pull", "--quiet", &services::image()]);
    let project = Project::new("image: IMAGE\njobs: { a: { script: sleep 300 }, b: { script: sleep 300 } }");
    // From before the first call to the engine to after the start of the script.
    for delay in [0, 20, 60, 120, 200, 300, 500] {
        let home = Home::new();
        let mut running = start(&home, &project);
        running.pipeline();
        // Not to wait for anything: the signal is to hit a different moment each time.
        std::thread::sleep(Duration::from_millis(delay));
        cancel(running, &project, Duration::ZERO);
    }
}

/// The engine goes on with what it was asked for when nobody waits for the answer any more.
#[test]
fn while_the_engine_is_busy_with_a_request() {
    docker(&["pull", "--quiet", &services::image()]);
    let project = Project::new("image: IMAGE\njobs: { a: { script: sleep 300 } }");
    // A helper container of ours, then the job's: made, attached to, started.
    for request in ["/containers/create", "name=imt-", "/attach?", "/start"] {
        let engine = Arc::new(HoldingEngine::start(request));
        let home = Home::new();
        let mut command = home.imt();
        command.env("DOCKER_HOST", engine.address());
        command.arg("run").arg(project.path()).args(["--executor", "docker", "--output", "json"]);
        let mut running = Running::start(command, Output::Events);
        let pipeline = running.pipeline();
        engine.await_held();
        let slow = Arc::clone(&engine);
        let releasing = std::thread::spawn(move || {
            // Long enough that the cancel has come by then; the engine is slow, not dead.
            let _nothing: Option<()> = within(Duration::from_secs(1), || None);
            slow.release();
        });
        cancel(running, &project, Duration::ZERO);
        releasing.join().expect("the request is released");
        engine.await_answered();
        assert_eq!(containers_of(&pipeline), NONE, "{request}: a container is left behind");
    }
}

#[test]
fn while_a_plain_command_runs() {
    let project = Project::new("image: IMAGE\njobs: { long: { script: [echo begun, sleep 300], grace: 30s } }");
    let home = Home::new();
    let mut running = start(&home, &project);
    running.await_line("begun");
    let began = Instant::now();
    let finished = cancel(running, &project, Duration::from_secs(1));
    let took = began.elapsed();
    assert!(took < Duration::from_secs(3), "a plain `sleep` took {took:?} to end");
    let end = finished.the("job_finished", "long");
    assert_eq!((end.text("status"), end.text("reason")), ("cancelled", "user"));
}

#[test]
fn a_script_that_traps_term_cleans_up() {
    let project = Project::new(
        "
image: IMAGE
jobs:
  tidy:
    grace: 20s
    script: |
      trap 'echo cleaning; sleep 1; echo clean; exit 0' TERM
      echo begun
      while :; do sleep 0.1; done
",
    );
    let home = Home::new();
    let mut running = start(&home, &project);
    running.await_line("begun");
    let finished = cancel(running, &project, Duration::from_secs(1));
    let printed = String::from_utf8(finished.stream("tidy", "stdout")).expect("plain text");
    assert!(printed.ends_with("begun\ncleaning\nclean\n"), "{printed}");
}

#[test]
fn a_script_that_ignores_term_is_killed_after_its_grace() {
    let project = Project::new(
        "image: IMAGE\njobs: { deaf: { grace: 2s, script: [trap '' TERM, echo begun, 'while :; do sleep 1; done'] } }",
    );
    let home = Home::new();
    let mut running = start(&home, &project);
    running.await_line("begun");
    cancel(running, &project, Duration::from_secs(2));
}

#[test]
fn the_second_ctrl_c_does_not_wait_for_the_grace() {
    let project = Project::new(
        "image: IMAGE\njobs: { deaf: { grace: 10m, script: [trap '' TERM, echo begun, 'while :; do sleep 0.1; done'] } }",
    );
    let home = Home::new();
    let mut running = start(&home, &project);
    running.await_line("begun");
    let pipeline = running.pipeline();
    running.signal(Signal::INT);
    // Not to wait for anything: a job that the first one ends would be gone by then.
    std::thread::sleep(Duration::from_secs(2));
    assert_ne!(containers_of(&pipeline), NONE, "the first Ctrl-C ends no job that ignores SIGTERM");
    cancel(running, &project, Duration::ZERO);
}

#[test]
fn between_jobs() {
    use std::fmt::Write as _;
    let mut pipeline = "image: IMAGE\njobs:\n".to_owned();
    for i in 0..40 {
        writeln!(pipeline, "  job-{i}: {{ script: 'true' }}").expect("a string takes text");
    }
    let project = Project::new(&pipeline);
    let home = Home::new();
    let mut running = start(&home, &project);
    let mut ended = 0;
    running.await_event("three jobs have ended", |event| {
        ended += usize::from(event.kind() == "job_finished");
        ended == 3
    });
    let finished = cancel(running, &project, Duration::ZERO);
    let statuses = finished.all("job_finished", "status");
    assert_eq!(statuses.len(), 40, "every job has an end");
    assert_eq!(statuses.last(), Some(&"cancelled"));
}

#[test]
fn on_local_the_whole_process_tree_ends() {
    let mark = format!("{}", 90_000 + std::process::id());
    let project = Project::without_image(&format!(
        "jobs: {{ tree: {{ script: [sh -c 'sleep {mark} & sleep {mark}' &, setsid sleep {mark} &, echo begun, sleep {mark}] }} }}"
    ));
    let home = Home::new();
    let mut running = home.run_json(project.path(), ["--executor", "local"]);
    running.await_line("begun");
    until_holds("the job's processes run", SOON, || sleepers(&mark) == 4);
    cancel(running, &project, Duration::from_secs(1));
    assert_eq!(sleepers(&mark), 0, "processes of the job live on");
}

fn sleepers(mark: &str) -> usize {
    let processes = std::fs::read_dir("/proc").expect("a proc file system").flatten();
    let commands = processes.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    commands
        .filter(|command| command.starts_with(b"sleep\0") && String::from_utf8_lossy(command).contains(mark))
        .count()
}
