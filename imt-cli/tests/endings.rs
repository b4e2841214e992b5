//! Cancels, crashes and readers that go away.

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use support::pty::Terminal;
use support::{Finished, World, lives, until, within_deadline};

fn end_of(events: &[Value]) -> (&Value, &Value) {
    let last = events.last().expect("events");
    assert_eq!(last["event"], "pipeline_finished");
    (&last["status"], &last["reason"])
}

#[test]
fn one_interrupt_lets_the_job_clean_up() {
    for signal in [Signal::INT, Signal::TERM] {
        let world = World::new(
            "jobs:\n  x: { script: \"trap 'echo cleaned; exit 0' TERM; echo ready; while :; do sleep 0.01; done\" }\n  y: { script: echo never }\n",
        );
        let mut running = world.start();
        running.until_line("ready");
        running.signal(signal);
        let (code, events) = running.finish();
        assert_eq!(code, Some(12));
        assert_eq!(end_of(&events), (&"cancelled".into(), &"user".into()));
        assert!(events.iter().any(|event| event["line"] == "cleaned"), "{events:#?}");
        assert!(!events.iter().any(|event| event["line"] == "never"));
    }
}

#[test]
fn a_second_interrupt_kills() {
    // Deaf, and with more grace than the test has patience: only the kill can end it.
    let world =
        World::new("jobs: { x: { grace: 1h, script: \"trap '' TERM; echo $$; while :; do sleep 0.01; done\" } }");
    let mut running = world.start();
    running.until_line("$ trap '' TERM; echo $$; while :; do sleep 0.01; done");
    let pid = running.until(|event| event["event"] == "job_log")["line"].as_str().unwrap().to_owned();
    running.signal(Signal::INT);
    // Not to wait for anything: a job that the first interrupt ends would be gone by then.
    std::thread::sleep(Duration::from_secs(1));
    assert!(lives(&pid), "the first interrupt ends no job that ignores SIGTERM");
    assert!(running.child.try_wait().unwrap().is_none());
    running.signal(Signal::INT);
    let (code, events) = running.finish();
    assert_eq!(code, Some(12));
    assert_eq!(end_of(&events).0, "cancelled");
    assert!(!lives(&pid));
}

#[test]
fn an_interrupt_right_at_the_start_still_ends_in_order() {
    let world = World::new("jobs: { x: { script: exec sleep 300 } }");
    let mut running = world.start();
    running.until(|event| event["event"] == "pipeline_started");
    running.signal(Signal::INT);
    let (code, events) = running.finish();
    assert_eq!((code, end_of(&events).0), (Some(12), &"cancelled".into()));
}

#[test]
fn a_reader_that_goes_away_cancels_quietly() {
    let world = World::new("jobs: { x: { script: 'echo $$ > pid; pwd; while :; do echo y; done' } }");
    let mut command = world.imt(&["run", "--executor", "local", "--output", "plain"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let workspace = PathBuf::from(lines.nth(1).unwrap().unwrap());
    let pid = fs::read_to_string(workspace.join("pid")).unwrap();
    drop(lines);
    let finished = Finished::of(child.wait_with_output().unwrap());
    finished.assert_says(12, &["cancelling"]);
    assert!(!finished.stderr.contains("error"), "{}", finished.stderr);
    assert!(!lives(pid.trim()) && !workspace.exists());
}

#[test]
fn a_terminal_that_is_closed_cancels() {
    let world = World::new("jobs: { x: { script: 'while :; do echo y; sleep 0.01; done' } }");
    for output in ["human", "plain"] {
        let mut terminal = Terminal::open();
        let child = terminal.start(&mut world.imt(&["run", "--executor", "local", "--output", output]));
        terminal.until("y");
        terminal.close();
        assert_eq!(within_deadline(child).code, Some(12), "{output}");
    }
}

#[test]
fn what_a_killed_run_left_is_removed_by_the_next() {
    let world = World::new("jobs: { x: { script: 'pwd; echo $$; exec sleep 300' } }");
    let mut running = world.start();
    let script = "$ pwd; echo $$; exec sleep 300";
    running.until_line(script);
    let workspace = running.until(|event| event["event"] == "job_log")["line"].as_str().unwrap().to_owned();
    let pid = running.until(|event| event["event"] == "job_log")["line"].as_str().unwrap().to_owned();
    assert!(lives(&pid) && fs::exists(&workspace).unwrap());
    running.child.kill().unwrap();
    running.child.wait().unwrap();

    world.write("pipeline.yml", "jobs: { x: { script: 'true' } }");
    world.run(&[]).assert_says(0, &["removed what an earlier run had left behind"]);
    until("the workspace is gone", || !fs::exists(&workspace).unwrap());
    until("the process is gone", || !lives(&pid));
    let stores: Vec<_> =
        fs::read_dir(world.state().join("stores")).unwrap().map(|store| store.unwrap().path()).collect();
    assert_eq!(stores.len(), 1);
    assert_eq!(fs::read_dir(stores[0].join("instances")).unwrap().count(), 0, "no instance is left on record");
}

#[test]
fn two_runs_side_by_side_leave_each_other_alone() {
    let world = World::new("jobs: { x: { script: 'echo ready; until test -e go; do sleep 0.01; done; echo went' } }");
    let mut first = world.start();
    first.until_line("ready");
    let other = World::new("jobs: { x: { script: 'true' } }");
    // The same home, so the same store: it sweeps beside the living.
    let mut command = other.imt(&["run", "--executor", "local"]);
    command.env("XDG_STATE_HOME", world.state().parent().unwrap());
    Finished::of(command.output().unwrap()).assert_says(0, &[]);
    first.signal(Signal::INT);
    let (code, events) = first.finish();
    assert_eq!((code, end_of(&events).0), (Some(12), &"cancelled".into()));
}

#[test]
fn a_daemon_does_not_hold_the_pipeline_and_does_not_outlive_it() {
    let world =
        World::new("jobs: { x: { script: ['setsid sleep 300 </dev/null & echo $!', echo gone], timeout: 1m } }");
    let finished = world.run_json(&[]);
    finished.assert_says(0, &[]);
    let pid = finished.log()[1].clone();
    until("the daemon is gone", || !lives(&pid));
}

#[test]
fn a_job_that_kills_its_own_shell_has_failed() {
    let finished = World::new("jobs: { x: { script: [echo before, kill -9 $$, echo never] } }").run_json(&[]);
    finished.assert_says(10, &[]);
    assert_eq!(finished.ends(), ["x failed signal"]);
    assert!(finished.log().contains(&"before".to_owned()) && !finished.log().contains(&"never".to_owned()));
}

#[test]
fn programs_are_told_why_a_pipeline_could_not_begin() {
    let world = World::new("jobs: { x: { script: 'true' } }");
    world.git(&["init", "-q"]);
    let run = |key: &str, value: &str| {
        let mut command = world.imt(&["run", "--executor", "local", "--output", "json"]);
        Finished::of(command.env(key, value).output().unwrap())
    };
    let without_git = run("PATH", "/nonexistent");
    without_git.assert_says(11, &["install git"]);
    let events = without_git.events();
    assert_eq!(events.len(), 1, "{events:?}");
    let [event, status, reason] = ["event", "status", "reason"].map(|key| events[0][key].as_str().unwrap().to_owned());
    assert_eq!((&*event, &*status, &*reason), ("pipeline_finished", "errored", "checkout_failed"));
    assert!(events[0].get("pipeline").is_none() && events[0]["detail"].as_str().unwrap().contains("install git"));

    let file = world.project().join("pipeline.yml");
    fs::create_dir_all(world.state().parent().unwrap()).unwrap();
    let mut command = world.imt(&["run", "--executor", "local", "--output", "json"]);
    command.env("XDG_STATE_HOME", &file).env("TMPDIR", &file);
    let without_state = Finished::of(command.output().unwrap());
    without_state.assert_says(11, &["XDG_STATE_HOME"]);
    assert_eq!(without_state.text(), "", "there is nowhere to begin");
}
