//! What nobody planned: `kill -9`, two at once, the engine going away under a running job.

use std::fs;
use std::time::Duration;

use imt_e2e::docker::{Engine, containers_of, docker};
use imt_e2e::holding::HoldingEngine;
use imt_e2e::imt::{Finished, Home, Output, Running};
use imt_e2e::project::Project;
use imt_e2e::services;
use imt_e2e::stub::SlowRegistry;
use imt_e2e::wait::{SOON, until_holds};
use rustix::process::Signal;

const NONE: [&str; 0] = [];
const NOWHERE: [&std::path::Path; 0] = [];

const HOLDS: &str = "
image: IMAGE
jobs:
  hold: { script: [echo holding, 'while ! test -e go-on; do sleep 0.05; done', echo done], timeout: 5m }
  next: { script: echo next }
";

fn let_go(project: &Project) {
    for workspace in project.workspaces_now() {
        fs::write(workspace.join("go-on"), "").expect("a file in the workspace");
    }
}

fn run_something(home: &Home, executor: &str) -> Finished {
    let project = Project::new("image: IMAGE\njobs: { small: { script: 'true' } }");
    let finished = home.run_json(project.path(), ["--executor", executor]).finish();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    finished
}

#[test]
fn the_next_start_sweeps_what_a_killed_one_left_on_docker() {
    let (home, project) = (Home::new(), Project::new(HOLDS));
    let mut killed = home.run_json(project.path(), ["--executor", "docker"]);
    let pipeline = killed.pipeline();
    killed.await_line("holding");
    killed.signal(Signal::KILL);
    assert_eq!(killed.finish().code, None, "a killed process has no exit code");
    assert_ne!(containers_of(&pipeline), NONE, "a job that runs has a container");
    assert_ne!(containers_below(&project), NONE, "and is found by its workspace");
    assert_eq!(project.workspaces_now().len(), 1);

    run_something(&home, "docker");
    assert_eq!(containers_of(&pipeline), NONE, "containers of the killed one are left");
    assert_eq!(project.workspaces_now(), NOWHERE, "the workspace of the killed one is left");
}

#[test]
fn the_next_start_sweeps_what_was_killed_while_its_image_was_pulled() {
    let registry = SlowRegistry::start();
    let file = format!("image: {}\njobs: {{ never: {{ script: echo no }} }}", registry.image());
    let (home, project) = (Home::new(), Project::without_image(&file));
    let mut killed = home.run_json(project.path(), ["--executor", "docker"]);
    let pipeline = killed.pipeline();
    registry.await_pull();
    killed.signal(Signal::KILL);
    assert_eq!(killed.finish().code, None, "a killed process has no exit code");
    assert_eq!(project.workspaces_now().len(), 1);

    run_something(&home, "docker");
    assert_eq!(containers_of(&pipeline), NONE, "containers of the killed one are left");
    assert_eq!(project.workspaces_now(), NOWHERE, "the workspace of the killed one is left");
}

/// The engine goes on with what it was asked for, also when whoever asked is dead.
#[test]
fn the_next_start_sweeps_what_was_killed_while_its_container_was_started() {
    docker(&["pull", "--quiet", &services::image()]);
    let project = Project::new("image: IMAGE\njobs: { a: { script: sleep 300 } }");
    let (home, engine) = (Home::new(), HoldingEngine::start("/start"));
    let mut command = home.imt();
    command.env("DOCKER_HOST", engine.address());
    command.arg("run").arg(project.path()).args(["--executor", "docker", "--output", "json"]);
    let mut killed = Running::start(command, Output::Events);
    let pipeline = killed.pipeline();
    engine.await_held();
    killed.signal(Signal::KILL);
    assert_eq!(killed.finish().code, None, "a killed process has no exit code");
    assert_ne!(containers_of(&pipeline), NONE, "the engine has made it");
    engine.release();
    engine.await_answered();

    run_something(&home, "docker");
    assert_eq!(containers_of(&pipeline), NONE, "the container is left");
    assert_eq!(project.workspaces_now(), NOWHERE, "the workspace of the killed one is left");
}

#[test]
fn the_next_start_sweeps_what_a_killed_one_left_on_local() {
    let mark = format!("{}", 70_000 + std::process::id());
    let home = Home::new();
    let project = Project::without_image(&format!("jobs: {{ hold: {{ script: [echo holding, sleep {mark}] }} }}"));
    let mut killed = home.run_json(project.path(), ["--executor", "local"]);
    killed.await_line("holding");
    killed.signal(Signal::KILL);
    assert_eq!(killed.finish().code, None, "a killed process has no exit code");
    assert_eq!(project.workspaces_now().len(), 1);

    run_something(&home, "local");
    until_holds("the job's process is gone", SOON, || !runs(&mark));
    assert_eq!(project.workspaces_now(), NOWHERE, "the workspace of the killed one is left");
}

fn runs(mark: &str) -> bool {
    let processes = fs::read_dir("/proc").expect("a proc file system").flatten();
    let mut commands = processes.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    commands.any(|command| command.starts_with(b"sleep\0") && String::from_utf8_lossy(&command).contains(mark))
}

#[test]
fn two_side_by_side_leave_each_other_alone() {
    // The same user, and another one: neither start may sweep what a living one uses.
    for same_home in [true, false] {
        let (home, project) = (Home::new(), Project::new(HOLDS));
        let mut first = home.run_json(project.path(), ["--executor", "docker"]);
        let pipeline = first.pipeline();
        first.await_line("holding");
        let before = containers_of(&pipeline);
        let other = Home::new();
        run_something(if same_home { &home } else { &other }, "docker");
        let after = containers_of(&pipeline);
        assert!(before.iter().all(|id| after.contains(id)), "containers of a living run were removed");
        let_go(&project);
        let first = first.finish();
        assert_eq!(first.code, Some(0), "{}", first.stderr);
        assert_eq!(first.all("job_finished", "status"), ["success", "success"]);
        assert_eq!(containers_of(&pipeline), NONE);
    }
}

/// Prints 2000 numbered lines around a pause that a file ends.
const NUMBERS: &str = "
image: IMAGE
jobs:
  count:
    timeout: 5m
    script: sh count.sh
";
const COUNT: &str = "
i=0
while [ $i -lt 1000 ]; do echo $i; i=$((i + 1)); done
echo paused >&2
while ! test -e go-on; do sleep 0.05; done
while [ $i -lt 2000 ]; do echo $i; i=$((i + 1)); done
";

fn numbers(range: std::ops::Range<u32>) -> String {
    range.map(|i| i.to_string() + "\n").collect()
}

/// A job on an engine of its own, up to its pause.
fn paused_on(engine: &Engine, home: &Home, project: &Project) -> Running {
    project.write("count.sh", COUNT);
    let mut command = home.imt();
    command.env("DOCKER_HOST", engine.host()).arg("run").arg(project.path());
    command.args(["--executor", "docker", "--output", "json"]);
    let mut running = Running::start(command, Output::Events);
    running.await_line("paused");
    running.await_line("999");
    running
}

#[test]
fn an_engine_that_restarts_around_its_containers_changes_nothing() {
    let (home, project) = (Home::new(), Project::new(NUMBERS));
    let mut engine = Engine::start(true);
    let mut running = paused_on(&engine, &home, &project);
    let pipeline = running.pipeline();
    engine.down();
    engine.up();
    let_go(&project);
    let finished = running.finish();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let printed = String::from_utf8(finished.stream("count", "stdout")).expect("plain text");
    assert_eq!(printed, format!("$ sh count.sh\n{}", numbers(0..2000)));
    assert_eq!(engine.containers_of(&pipeline), NONE);
    assert_eq!(project.workspaces_now(), NOWHERE);
}

/// What a container prints while its engine is down and before it ends there, Docker itself does not keep (seen with
/// `docker logs` on 20.10); the outcome and all that was printed before must be right nevertheless.
#[test]
fn a_job_that_ends_while_its_engine_is_down_keeps_its_outcome() {
    let (home, project) = (Home::new(), Project::new(NUMBERS));
    let mut engine = Engine::start(true);
    let mut running = paused_on(&engine, &home, &project);
    let pipeline = running.pipeline();
    let id = engine.containers_of(&pipeline).pop().expect("a job that runs has a container");
    engine.down();
    let_go(&project);
    until_holds("the container has ended", SOON, || !runs_container(&id));
    engine.up();
    let finished = running.finish();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let printed = String::from_utf8(finished.stream("count", "stdout")).expect("plain text");
    assert!(printed.starts_with(&format!("$ sh count.sh\n{}", numbers(0..1000))), "{printed}");
    let told = String::from_utf8(finished.stream("count", "system")).expect("plain text");
    let whole = printed == format!("$ sh count.sh\n{}", numbers(0..2000));
    assert!(whole || told.contains("while the engine was away"), "what is lost is told: {told}");
    assert_eq!(engine.containers_of(&pipeline), NONE);
    assert_eq!(project.workspaces_now(), NOWHERE);
}

/// Whether a process of the container's control group lives. The engine is not asked: it is down.
fn runs_container(id: &str) -> bool {
    let processes = fs::read_dir("/proc").expect("a proc file system").flatten();
    let mut groups = processes.filter_map(|entry| fs::read_to_string(entry.path().join("cgroup")).ok());
    groups.any(|group| group.contains(id))
}

#[test]
fn an_engine_that_takes_its_containers_down_with_it_loses_the_job_and_says_so() {
    let (home, project) = (Home::new(), Project::new(NUMBERS));
    let mut engine = Engine::start(false);
    let mut running = paused_on(&engine, &home, &project);
    let pipeline = running.pipeline();
    engine.down();
    engine.up();
    let finished = running.finish();
    assert_eq!(finished.code, Some(11), "{}", finished.stderr);
    let end = finished.the("job_finished", "count");
    assert_eq!((end.text("status"), end.text("reason")), ("errored", "runner_lost"));
    let printed = String::from_utf8(finished.stream("count", "stdout")).expect("plain text");
    assert_eq!(printed, format!("$ sh count.sh\n{}", numbers(0..1000)));
    assert_eq!(engine.containers_of(&pipeline), NONE);
    assert_eq!(project.workspaces_now(), NOWHERE);
}

#[test]
fn files_written_as_root_go_with_the_workspace() {
    let project = Project::new(
        "image: IMAGE\njobs: { make: { script: 'mkdir -p deep/er && touch deep/er/file && chmod 000 deep/er && chmod 500 deep' } }",
    );
    let finished = Home::new().run_json(project.path(), ["--executor", "docker"]).finish();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert_eq!(project.workspaces_now(), NOWHERE);
}

#[test]
fn the_reader_going_away_is_a_cancel_that_cleans_up() {
    let (home, project) = (
        Home::new(),
        Project::new("image: IMAGE\njobs: { talk: { script: 'while :; do echo talk; sleep 0.01; done' } }"),
    );
    docker(&["pull", "--quiet", &services::image()]);
    let mut command = std::process::Command::new("sh");
    home.furnish(&mut command);
    let line = r#"{ "$0" run "$1" --executor docker --output plain; echo "code $?" >&2; } | head -n 5 >/dev/null"#;
    command.args(["-c", line]).arg(imt_e2e::imt::binary()).arg(project.path());
    let finished = Running::start(command, Output::Bytes).finish_within(Duration::from_mins(1));
    assert!(finished.stderr.contains("code 12\n"), "{}", finished.stderr);
    until_holds("nothing is left", SOON, || {
        project.workspaces_now().is_empty() && containers_below(&project).is_empty()
    });
}

/// Ids of all containers that were made for a workspace of a project.
fn containers_below(project: &Project) -> Vec<String> {
    let listing = docker(&["ps", "--all", "--format", "{{.ID}} {{.Label \"imt.workspace\"}}"]);
    let mark = format!("/{}-", project.name());
    listing.lines().filter(|line| line.contains(&mark)).map(str::to_owned).collect()
}
