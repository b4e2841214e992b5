//! What users get wrong and machines refuse: the message names the thing, help names the remedy, code and reason are right.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use imt_e2e::disk::SmallDisk;
use imt_e2e::docker::push_image_without_shell;
use imt_e2e::event::Event;
use imt_e2e::imt::{Finished, Home, Output, Running, binary};
use imt_e2e::nobody::{self, Nobody};
use imt_e2e::project::{Project, WORKSPACE_ROOT};
use imt_e2e::services;
use imt_e2e::users::NOBODY;

fn run(pipeline: &str, arguments: &[&str]) -> Finished {
    let project = Project::new(pipeline);
    Home::new().run_json(project.path(), arguments).finish()
}

/// The message of whatever ended it: the pipeline's or a job's detail, else what stands on stderr.
fn said(finished: &Finished) -> String {
    let details =
        finished.events.iter().flat_map(|event| [event.text("detail"), event.text("message"), event.text("line")]);
    details.collect::<Vec<_>>().join("\n") + &finished.stderr
}

fn assert_errored(finished: &Finished, reason: &str, names: &[&str]) {
    assert_eq!(finished.code, Some(11), "{}", said(finished));
    let end = finished.end();
    assert_eq!((end.text("status"), end.text("reason")), ("errored", reason), "{end}");
    for name in names {
        assert!(said(finished).contains(name), "`{name}` is not named in:\n{}", said(finished));
    }
}

fn assert_usage(finished: &Finished, names: &[&str]) {
    assert_eq!(finished.code, Some(2), "{}", said(finished));
    for name in names {
        assert!(finished.stderr.contains(name), "`{name}` is not named in:\n{}", finished.stderr);
    }
}

#[test]
fn an_invalid_file() {
    let finished = run("stages: [a]\nimage: IMAGE\njobs: { x: { stage: b, skript: echo } }", &[]);
    assert_usage(&finished, &["unknown-stage", "unknown-key", "script", "pipeline.yml", "3"]);
    assert!(finished.events.is_empty(), "nothing was started");
}

#[test]
fn a_reserved_variable() {
    assert_usage(&run("image: IMAGE\nvariables: { IMT_JOB: x }\njobs: { x: { script: 'true' } }", &[]), &["IMT_JOB"]);
    assert_usage(&run("image: IMAGE\njobs: { x: { script: 'true' } }", &["--var", "CI=no"]), &["CI"]);
    assert_usage(
        &run("image: IMAGE\njobs: { x: { script: 'true' } }", &["--secret", "IMT_COMMIT=1234567"]),
        &["IMT_COMMIT"],
    );
}

#[test]
fn an_image_nobody_knows() {
    let image = format!("{}/imt/no-such:1", services::registry());
    let finished = run(&format!("image: {image}\njobs: {{ x: {{ script: 'true' }} }}"), &["--executor", "docker"]);
    assert_errored(&finished, "image_not_found", &[&image]);
    assert_eq!(finished.the("job_finished", "x").text("reason"), "image_not_found");
}

#[test]
fn an_image_without_a_shell() {
    let image = format!("{}/imt/shell-less:1", services::registry());
    push_image_without_shell(&image);
    let finished = run(&format!("image: {image}\njobs: {{ x: {{ script: 'true' }} }}"), &["--executor", "docker"]);
    assert_errored(&finished, "no_shell", &[&image, "sh"]);
}

fn run_with_engine_at(home: &Home, host: &str) -> Finished {
    let project = Project::new("image: IMAGE\njobs: { x: { script: 'true' } }");
    let mut command = home.imt();
    command.env("DOCKER_HOST", host).arg("run").arg(project.path());
    command.args(["--executor", "docker", "--output", "json"]);
    Running::start(command, Output::Events).finish()
}

#[test]
fn no_engine() {
    let finished = run_with_engine_at(&Home::new(), "unix:///nonexistent/docker.sock");
    assert_errored(&finished, "engine_unavailable", &["/nonexistent/docker.sock", "--executor local"]);
    assert_eq!(finished.events.len(), 1, "it ended and never began");
}

/// Runs `imt` as a user without rights.
fn as_nobody(project: &Project, arguments: &[&str], docker_host: &str) -> Finished {
    let user = Nobody::new();
    let finished = user.run_json(project, docker_host, arguments).finish();
    // The user may come again with other rights.
    drop(fs::remove_dir_all(format!("/tmp/imt-state-{NOBODY}")));
    finished
}

#[test]
fn an_engine_that_refuses_us() {
    let scratch = tempfile::tempdir().expect("a directory");
    fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
    let socket = scratch.path().join("docker.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o600)).expect("a mode");
    let project = Project::new("image: IMAGE\njobs: { x: { script: 'true' } }");
    nobody::may_read(&project);
    let host = format!("unix://{}", socket.display());
    let finished = as_nobody(&project, &["--executor", "docker"], &host);
    let socket = socket.to_str().expect("plain text");
    assert_errored(&finished, "engine_permission", &[socket, "permission", "--executor local"]);
}

#[test]
fn an_unknown_commit() {
    let project = Project::new("image: IMAGE\njobs: { x: { script: 'true' } }");
    project.commit();
    let finished = Home::new().run_json(project.path(), ["--commit", "no-such-branch"]).finish();
    assert_usage(&finished, &["no-such-branch"]);
    let missing = "deadbeef".repeat(5);
    let finished = Home::new().run_json(project.path(), ["--commit", &missing]).finish();
    assert_usage(&finished, &[&missing]);
}

#[test]
fn a_directory_that_is_not_there_or_not_readable() {
    let finished = Home::new().run_json(Path::new("/nonexistent/project"), ["--executor", "local"]).finish();
    assert_usage(&finished, &["/nonexistent/project"]);

    let project = Project::new("jobs: { x: { script: 'true' } }");
    nobody::may_read(&project);
    fs::set_permissions(project.path(), fs::Permissions::from_mode(0o700)).expect("a mode");
    let finished = as_nobody(&project, &["--executor", "local"], "unix:///nonexistent");
    assert_usage(&finished, &[project.path().to_str().expect("plain text")]);
}

#[test]
fn a_project_that_may_not_be_written_to() {
    let project = Project::new("jobs: { x: { script: [echo made > made, cat made] } }");
    nobody::may_read(&project);
    fs::set_permissions(project.path(), fs::Permissions::from_mode(0o555)).expect("a mode");
    let finished = as_nobody(&project, &["--executor", "local"], "unix:///nonexistent");
    assert_eq!(finished.code, Some(0), "{}", said(&finished));
}

/// `imt` in a mount namespace where the directory of the workspaces is this file system.
fn with_workspaces_on(options: &str, project: &Project) -> Finished {
    let home = Home::new();
    fs::create_dir_all(WORKSPACE_ROOT).expect("the directory of the workspaces");
    let mut command = Command::new("unshare");
    home.furnish(&mut command);
    let mount = format!("mount -t tmpfs -o {options} none {WORKSPACE_ROOT} && exec \"$@\"");
    command.args(["--mount", "sh", "-c", &mount, "sh"]).arg(binary());
    command.arg("run").arg(project.path()).args(["--executor", "local", "--output", "json"]);
    Running::start(command, Output::Events).finish()
}

#[test]
fn a_full_disk() {
    let project = Project::new("jobs: { x: { script: 'true' } }");
    fs::write(project.path().join("large"), vec![7; 4 << 20]).expect("a large file");
    let finished = with_workspaces_on("size=1m,mode=1777", &project);
    assert_errored(&finished, "disk_full", &[WORKSPACE_ROOT]);
}

#[test]
fn workspaces_that_may_not_be_written_to() {
    let project = Project::new("jobs: { x: { script: 'true' } }");
    let finished = with_workspaces_on("ro,mode=1777", &project);
    assert_eq!(finished.code, Some(11), "{}", said(&finished));
    assert!(said(&finished).contains(WORKSPACE_ROOT), "{}", said(&finished));
}

fn outcome(finished: &Finished, job: &str) -> (String, String, Option<i64>) {
    let end: &Event = finished.the("job_finished", job);
    (end.text("status").to_owned(), end.text("reason").to_owned(), end.number("exit_code"))
}

#[test]
fn a_script_that_daemonises_does_not_hold_the_pipeline() {
    let pipeline = "
image: IMAGE
jobs:
  daemon: { script: ['setsid sleep 300 </dev/null &', '(sleep 300 &)', echo gone], timeout: 2m }
  next: { script: echo next }
";
    for executor in ["docker", "local"] {
        let finished = run(pipeline, &["--executor", executor]);
        assert_eq!(finished.code, Some(0), "{executor}: {}", said(&finished));
        assert!(finished.took.as_secs() < 60, "{executor}: took {:?}", finished.took);
        assert_eq!(outcome(&finished, "daemon").0, "success");
    }
}

#[test]
fn a_job_that_kills_its_own_shell() {
    let pipeline = "image: IMAGE\njobs: { x: { script: [echo before, 'kill -9 $$', echo never] } }";
    for executor in ["docker", "local"] {
        let finished = run(pipeline, &["--executor", executor]);
        assert_eq!(finished.code, Some(10), "{executor}: {}", said(&finished));
        let (status, reason, code) = outcome(&finished, "x");
        assert_eq!(status, "failed", "{executor}");
        assert!(reason == "signal" || (reason == "exit_code" && code == Some(137)), "{executor}: {reason} {code:?}");
        let printed = String::from_utf8(finished.stream("x", "stdout")).expect("plain text");
        assert_eq!(printed, "$ echo before\nbefore\n$ kill -9 $$\n", "{executor}");
    }
}

#[test]
fn a_full_disk_under_the_state_directory() {
    let home = Home::new();
    let _disk = SmallDisk::mount(home.path().join("state"), "1m");
    let project = Project::new("image: IMAGE\njobs: { x: { script: [seq 1 120000, echo the end] } }");
    let finished = home.run_json(project.path(), ["--executor", "docker"]).finish();
    assert_eq!(finished.code, Some(0), "{}", said(&finished));
    let printed = String::from_utf8(finished.stream("x", "stdout")).expect("plain text");
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!((lines.len(), lines[1], lines[120_000]), (120_003, "1", "120000"), "nothing of it was lost");
    assert!(
        finished.stderr.contains("No space left on device") && finished.stderr.contains("make room"),
        "{}",
        finished.stderr
    );
}
