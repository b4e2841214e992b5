//! Whole pipelines through `imt run`: order, outcomes, reasons, the workspace. On containers and on processes alike.

use std::collections::BTreeSet;

use imt_e2e::docker::containers_of;
use imt_e2e::imt::{Finished, Home};
use imt_e2e::project::Project;

const NONE: [&str; 0] = [];
const NOWHERE: [&std::path::Path; 0] = [];

/// A pipeline's end on one executor: everything about it that both must have in common.
fn run(executor: &str, pipeline: &str, arguments: &[&str]) -> Finished {
    let home = Home::new();
    let project = Project::new(pipeline);
    let finished = home.run_json(project.path(), ["--executor", executor].iter().chain(arguments)).finish();
    assert_eq!(project.workspaces_now(), NOWHERE, "a workspace is left behind");
    if executor == "docker" {
        assert_eq!(containers_of(finished.end().text("pipeline")), NONE, "a container is left behind");
    }
    finished
}

/// `job: status/reason` of every job that ended, in order.
fn ends(finished: &Finished) -> Vec<String> {
    let of = |event: &imt_e2e::event::Event| {
        let (job, status, reason) = (event.text("job"), event.text("status"), event.text("reason"));
        format!("{job}: {status}{}{reason}", if reason.is_empty() { "" } else { "/" })
    };
    finished.events.iter().filter(|event| event.kind() == "job_finished").map(of).collect()
}

const THREE_STAGES: &str = "
stages: [one, two, three]
image: IMAGE
jobs:
  c: { stage: two, script: cat first second && echo third > third }
  a: { stage: one, script: echo first > first }
  b: { stage: one, script: cat first && echo second > second }
  d: { stage: three, script: 'test \"$(cat first second third | wc -l)\" -eq 3' }
";

fn stages_in_order_and_jobs_in_file_order(executor: &str) {
    let finished = run(executor, THREE_STAGES, &[]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert_eq!(finished.all("job_started", "job"), ["a", "b", "c", "d"]);
    assert_eq!(finished.all("job_finished", "job"), ["a", "b", "c", "d"]);
    assert_eq!(finished.all("job_started", "stage"), ["one", "one", "two", "three"]);
    assert_eq!(finished.end().text("status"), "success");
    assert_eq!(finished.events[0].kind(), "pipeline_started");
    let starts: Vec<usize> =
        finished.events.iter().enumerate().filter(|(_, e)| e.kind() == "job_started").map(|(i, _)| i).collect();
    let stops: Vec<usize> =
        finished.events.iter().enumerate().filter(|(_, e)| e.kind() == "job_finished").map(|(i, _)| i).collect();
    for (stop, next_start) in stops.iter().zip(&starts[1..]) {
        assert!(stop < next_start, "a job began before the one before it had ended");
    }
}

#[test]
fn stages_in_order_on_docker() {
    stages_in_order_and_jobs_in_file_order("docker");
}

#[test]
fn stages_in_order_on_local() {
    stages_in_order_and_jobs_in_file_order("local");
}

const FAILS_IN_THE_MIDDLE: &str = "
stages: [one, two, three]
image: IMAGE
jobs:
  fine: { stage: one, script: 'true' }
  broken: { stage: two, script: [echo before, exit 7, echo never] }
  beside: { stage: two, script: echo beside }
  later: { stage: three, script: echo later }
";

fn the_first_failure_stops_later_stages(executor: &str) {
    let finished = run(executor, FAILS_IN_THE_MIDDLE, &[]);
    assert_eq!(finished.code, Some(10), "{}", finished.stderr);
    assert_eq!(
        ends(&finished),
        ["fine: success", "broken: failed/exit_code", "beside: success", "later: skipped/earlier_stage_failed"]
    );
    assert_eq!(finished.the("job_finished", "broken").number("exit_code"), Some(7));
    assert_eq!(String::from_utf8_lossy(&finished.stream("broken", "stdout")), "$ echo before\nbefore\n$ exit 7\n");
    assert_eq!(finished.end().text("status"), "failed");
    assert_eq!(finished.all("job_started", "job"), ["fine", "broken", "beside"]);
}

#[test]
fn a_failure_stops_later_stages_on_docker() {
    the_first_failure_stops_later_stages("docker");
}

#[test]
fn a_failure_stops_later_stages_on_local() {
    the_first_failure_stops_later_stages("local");
}

const MANY_ENDS: &str = "
stages: [one, two]
image: IMAGE
jobs:
  forgiven: { stage: one, script: exit 3, allow_failure: true }
  flaky: { stage: one, script: 'test -e seen || { touch seen; exit 1; }', retry: 1 }
  other-branch: { stage: one, script: 'true', when: { branch: no-such-branch } }
  slow: { stage: two, script: sleep 300, timeout: 1s, grace: 5s, allow_failure: true }
  last: { stage: two, script: 'true' }
";

fn every_end_has_its_reason(executor: &str) {
    let finished = run(executor, MANY_ENDS, &[]);
    assert_eq!(finished.code, Some(0), "{}\n{:?}", finished.stderr, ends(&finished));
    let seen: BTreeSet<String> = ends(&finished).into_iter().collect();
    for end in [
        "forgiven: failed/exit_code",
        "flaky: success",
        "other-branch: skipped/when",
        "slow: failed/timeout",
        "last: success",
    ] {
        assert!(seen.contains(end), "{end} is not among {seen:?}");
    }
    let attempts: Vec<Option<i64>> = finished
        .events
        .iter()
        .filter(|event| event.kind() == "job_started" && event.text("job") == "flaky")
        .map(|event| event.number("attempt"))
        .collect();
    assert_eq!(attempts, [Some(1), Some(2)]);
}

#[test]
fn every_end_has_its_reason_on_docker() {
    every_end_has_its_reason("docker");
}

#[test]
fn every_end_has_its_reason_on_local() {
    every_end_has_its_reason("local");
}

#[test]
fn a_job_that_eats_its_memory_is_told_apart() {
    let pipeline = "
image: IMAGE
jobs:
  eater:
    script: awk 'BEGIN { s = \"x\"; while (1) s = s s }'
    resources: { memory: 32MiB }
";
    let finished = run("docker", pipeline, &[]);
    assert_eq!(finished.code, Some(10), "{}", finished.stderr);
    assert_eq!(ends(&finished), ["eater: failed/out_of_memory"]);
}

#[test]
fn only_the_selected_job_runs() {
    let finished = run("local", THREE_STAGES, &["--job", "a"]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert_eq!(finished.all("job_started", "job"), ["a"]);
    assert!(ends(&finished).contains(&"d: skipped/not_selected".to_owned()), "{:?}", ends(&finished));
}

#[test]
fn variables_and_secrets_arrive_and_secrets_stay_hidden() {
    let pipeline = "
image: IMAGE
variables: { FROM_FILE: file, BOTH: file }
jobs:
  show:
    script:
      - echo \"$FROM_FILE $BOTH $IMT_JOB $IMT_STAGE $CI $IMT_EVENT\"
      - echo \"secret=$TOKEN length=${#TOKEN}\"
";
    for executor in ["docker", "local"] {
        let finished = run(executor, pipeline, &["--var", "BOTH=given", "--secret", "TOKEN=hunter2hunter2"]);
        assert_eq!(finished.code, Some(0), "{executor}: {}", finished.stderr);
        let shown = String::from_utf8(finished.stream("show", "stdout")).expect("plain text");
        assert!(shown.contains("\nfile given show default true manual\n"), "{executor}: {shown}");
        assert!(shown.contains("length=14"), "{executor}: {shown}");
        let everything = [finished.stdout, finished.stderr.into_bytes()].concat();
        let leaked = everything.windows(14).any(|bytes| bytes == b"hunter2hunter2");
        assert!(!leaked, "{executor}: the secret is in the output");
    }
}

#[test]
fn a_workspace_is_shared_named_and_unique() {
    let home = Home::new();
    let project = Project::new(
        "
image: IMAGE
jobs:
  hold: { script: [echo here, 'while ! test -e go-on; do sleep 0.05; done'] }
",
    );
    let commit = project.commit();
    let mut first = home.run_json(project.path(), ["--executor", "docker"]);
    first.await_line("here");
    let mut second = home.run_json(project.path(), ["--executor", "docker"]);
    second.await_line("here");
    let (one, two) = (first.pipeline(), second.pipeline());
    let there = project.workspaces_now();
    assert_eq!(there.len(), 2, "{there:?}");
    for id in [&one, &two] {
        let named = |path: &std::path::PathBuf| path.to_string_lossy().ends_with(&format!("-{id}"));
        assert!(there.iter().any(named), "no workspace of {id} in {there:?}");
    }
    for workspace in &there {
        assert!(workspace.to_string_lossy().contains(&commit[..7]), "{workspace:?} does not name the commit {commit}");
        std::fs::write(workspace.join("go-on"), "").expect("a file in the workspace");
    }
    assert_eq!((first.finish().code, second.finish().code), (Some(0), Some(0)));
    assert_eq!(project.workspaces_now(), NOWHERE);
}

#[test]
fn the_users_files_are_never_touched() {
    let project = Project::new("image: IMAGE\njobs: { wreck: { script: 'rm -rf ./* && touch mine' } }");
    project.write("precious", "keep me\n");
    for executor in ["docker", "local"] {
        let finished = Home::new().run_json(project.path(), ["--executor", executor]).finish();
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        assert_eq!(std::fs::read_to_string(project.path().join("precious")).expect("still there"), "keep me\n");
        assert!(!project.path().join("mine").exists(), "a job wrote into the project");
    }
}
