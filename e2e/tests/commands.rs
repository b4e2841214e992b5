//! What people type first: the examples, `init`, and the three kinds of output. On processes, so that only `imt` is judged.

use std::fs;
use std::path::{Path, PathBuf};

use imt_e2e::imt::{Finished, Home, Output, Running};
use imt_e2e::project::Project;

fn hello() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").join("examples/hello")
}

fn imt(arguments: &[&str]) -> Finished {
    let home = Home::new();
    let mut command = home.imt();
    command.args(arguments);
    Running::start(command, Output::Bytes).finish()
}

/// `imt run` of a directory on the local executor.
fn run(dir: &Path, arguments: &[&str]) -> Finished {
    let home = Home::new();
    let mut command = home.imt();
    command.arg("run").arg(dir).args(["--executor", "local"]).args(arguments);
    Running::start(command, Output::Bytes).finish()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn hello_runs_and_its_failing_variant_fails() {
    let fine = run(&hello(), &["--output", "plain"]);
    assert_eq!(fine.code, Some(0), "{}", fine.stderr);
    assert!(text(&fine.stdout).contains("\nhello, world\n"), "{}", text(&fine.stdout));

    let failing = run(&hello(), &["--file", "pipeline.failing.yml"]);
    assert_eq!(failing.code, Some(10), "{}", failing.stderr);
    let shown = text(&failing.stdout) + &failing.stderr;
    for part in ["greets", "grep -qx 'hello, world' out/greeting.txt", "goodbye, world", "archive", "skipped"] {
        assert!(shown.contains(part), "`{part}` is not in the summary:\n{shown}");
    }
}

#[test]
fn output_into_a_pipe_has_no_colours_and_no_cursor() {
    let finished = run(&hello(), &[]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert!(!finished.stdout.contains(&0x1b) && !finished.stderr.contains('\u{1b}'), "escape codes in a pipe");
}

#[test]
fn plain_output_is_prefixed_only_side_by_side() {
    let project =
        Project::without_image("jobs: { one: { script: [echo first] }, two: { script: [echo second, sleep 0.2] } }");
    let in_turn = run(project.path(), &["--output", "plain"]);
    assert_eq!(text(&in_turn.stdout), "$ echo first\nfirst\n$ echo second\nsecond\n$ sleep 0.2\n");
    let side_by_side = run(project.path(), &["--output", "plain", "--concurrency", "2"]);
    let mut lines: Vec<String> = text(&side_by_side.stdout).lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(
        lines,
        ["one | $ echo first", "one | first", "two | $ echo second", "two | $ sleep 0.2", "two | second"]
    );
}

#[test]
fn json_events_say_what_they_promise() {
    let project = Project::without_image("jobs: { one: { script: [echo first, echo second >&2, exit 4] } }");
    let finished = Home::new().run_json(project.path(), ["--executor", "local"]).finish();
    assert_eq!(finished.code, Some(10), "{}", finished.stderr);
    for event in &finished.events {
        assert!(!event.text("at").is_empty(), "an event without a time: {event}");
        assert!(!event.text("pipeline").is_empty(), "an event without a pipeline: {event}");
    }
    assert_eq!(finished.all("job_log", "job"), ["one"; 5]);
    assert_eq!(finished.all("job_log", "stage"), ["default"; 5]);
    assert_eq!(finished.stream("one", "stderr"), b"second\n");
    let end = finished.the("job_finished", "one");
    assert_eq!((end.number("attempt"), end.number("exit_code")), (Some(1), Some(4)), "{end}");
    assert!(end.number("duration_ms").is_some(), "{end}");
    assert_eq!(finished.end().text("status"), "failed");
}

#[test]
fn a_directory_that_is_no_repository_and_one_that_is() {
    let project = Project::without_image("jobs: { one: { script: 'ls; echo \"<$IMT_COMMIT>\"' } }");
    project.write(".gitignore", "ignored\n");
    project.write("ignored", "");
    let shown = text(&run(project.path(), &["--output", "plain"]).stdout);
    assert!(shown.contains("\n<>\n"), "there is no commit to name: {shown}");
    let commit = project.commit();
    project.write("untracked", "");
    let shown = text(&run(project.path(), &["--output", "plain"]).stdout);
    assert!(shown.contains(&commit) && shown.contains("\nuntracked\n") && !shown.contains("\nignored\n"), "{shown}");
    let shown = text(&run(project.path(), &["--output", "plain", "--commit", "main"]).stdout);
    assert!(shown.contains(&commit) && !shown.contains("\nuntracked\n"), "{shown}");
}

#[test]
fn what_init_writes_is_valid_and_is_not_overwritten() {
    let project = Project::without_image("");
    fs::remove_file(project.path().join("pipeline.yml")).expect("the file was there");
    project.write("Cargo.toml", "[package]\nname = \"x\"\nversion = \"0.1.0\"\n");
    let dir = project.path().to_str().expect("plain text");
    assert_eq!(imt(&["init", dir]).code, Some(0));
    let file = project.path().join("pipeline.yml");
    let written = fs::read_to_string(&file).expect("a pipeline file");
    assert!(written.contains("cargo"), "{written}");
    let lint = imt(&["lint", file.to_str().expect("plain text")]);
    assert_eq!(lint.code, Some(0), "{}", text(&lint.stdout) + &lint.stderr);
    assert_eq!(imt(&["init", dir]).code, Some(2), "a second init overwrites");
    assert_eq!(fs::read_to_string(&file).expect("a pipeline file"), written);
}

#[test]
fn lint_as_json_places_every_problem() {
    let project = Project::without_image("stages: [a]\nimage: x\njobs: { x: { stage: b, skript: echo } }\n");
    let file = project.path().join("pipeline.yml");
    let lint = imt(&["lint", "--output", "json", file.to_str().expect("plain text")]);
    assert_eq!(lint.code, Some(2), "{}", lint.stderr);
    let problems: Vec<serde_json::Value> =
        text(&lint.stdout).lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
    let codes: Vec<_> = problems.iter().filter_map(|problem| problem["code"].as_str()).collect();
    assert!(codes.contains(&"unknown-stage") && codes.contains(&"unknown-key"), "{problems:?}");
    for problem in &problems {
        for field in ["severity", "message", "file", "help"] {
            assert!(problem[field].is_string(), "{field} is missing: {problem}");
        }
        assert!(problem["line"].is_u64() && problem["column"].is_u64(), "{problem}");
    }
}

#[test]
fn the_schema_and_the_completions_are_there() {
    let schema = imt(&["schema"]);
    let schema: serde_json::Value = serde_json::from_slice(&schema.stdout).expect("the schema is JSON");
    assert!(schema["properties"]["jobs"].is_object(), "{schema}");
    for shell in ["bash", "zsh", "fish"] {
        let script = imt(&["completions", shell]);
        assert!(script.code == Some(0) && text(&script.stdout).contains("imt"), "{shell}");
    }
}

#[test]
fn the_keys_of_a_host_are_shown() {
    let host = imt_e2e::ssh::Server::OpenSsh;
    let (address, fingerprint) = (host.address().to_string(), host.fingerprint().to_string());
    let shown = imt(&["ssh-host-key", &address]);
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    assert!(text(&shown.stdout).contains(&fingerprint), "{}", text(&shown.stdout));
    let told = text(&imt(&["ssh-host-key", &address, "--output", "json"]).stdout);
    let first: serde_json::Value = serde_json::from_str(told.lines().next().expect("a line")).expect("JSON");
    assert_eq!(
        (first["fingerprint"].as_str(), first["algorithm"].as_str()),
        (Some(&*fingerprint), Some("ssh-ed25519"))
    );
    assert!(first["known_hosts"].as_str().is_some_and(|line| line.contains(" ssh-ed25519 AAAA")), "{first}");
    let nobody = imt(&["ssh-host-key", "127.0.0.1:1"]);
    assert_eq!((nobody.code, nobody.stdout.len()), (Some(11), 0), "{}", nobody.stderr);
    assert_eq!(imt(&["ssh-host-key", "a b"]).code, Some(2));
}
