//! Whole pipelines through the real binary, on this machine's processes.

mod support;

use std::fs;

use serde_json::Value;
use support::World;

const MANY_ENDS: &str = "
stages: [one, two, three]
jobs:
  fine: { stage: one, script: echo fine }
  forgiven: { stage: one, script: exit 3, allow_failure: true }
  flaky: { stage: one, script: 'test -e seen || { touch seen; exit 1; }', retry: 1 }
  elsewhere: { stage: one, script: 'true', when: { event: tag } }
  broken: { stage: two, script: [echo before, exit 7, echo never] }
  slow: { stage: two, script: exec sleep 300, timeout: 1s, grace: 5s }
  later: { stage: three, script: echo later }
";

#[test]
fn every_job_ends_as_it_should() {
    let finished = World::new(MANY_ENDS).run_json(&[]);
    finished.assert_says(10, &[]);
    assert_eq!(
        finished.ends(),
        [
            "elsewhere skipped when",
            "fine success",
            "forgiven failed exit_code",
            "flaky success",
            "broken failed exit_code",
            "slow failed timeout",
            "later skipped earlier_stage_failed",
        ]
    );
}

#[test]
fn events_have_the_promised_fields() {
    let finished = World::new(MANY_ENDS).run_json(&[]);
    let events = finished.events();
    let keys = |event: &Value| event.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let the = |kind: &str, job: &str| {
        events.iter().find(|e| e["event"] == kind && (job.is_empty() || e["job"] == job)).unwrap().clone()
    };
    assert_eq!(events[0]["event"], "pipeline_started");
    assert_eq!(events.last().unwrap()["event"], "pipeline_finished");
    assert_eq!(finished.all("pipeline_finished").len(), 1);
    let pipeline = &events[0]["pipeline"];
    assert!(events.iter().all(|event| event["pipeline"] == *pipeline && event["at"].is_string()));
    let known = ["pipeline_started", "job_started", "job_log", "job_finished", "pipeline_finished"];
    assert!(events.iter().all(|event| known.contains(&event["event"].as_str().unwrap())));

    assert_eq!(keys(&the("job_started", "fine")), ["at", "attempt", "event", "job", "pipeline", "stage"]);
    let log = the("job_log", "fine");
    assert_eq!(keys(&log), ["at", "attempt", "event", "job", "line", "pipeline", "stage", "stream"]);
    assert_eq!((&log["stream"], &log["line"]), (&"stdout".into(), &"$ echo fine".into()));
    let broken = the("job_finished", "broken");
    assert_eq!((&broken["exit_code"], &broken["stage"]), (&7.into(), &"two".into()));
    assert!(broken["duration_ms"].is_u64());
    assert_eq!(the("job_finished", "forgiven")["allow_failure"], true);
    assert_eq!(the("job_finished", "flaky")["attempt"], 2);
    assert!(the("job_finished", "slow")["duration_ms"].as_u64().unwrap() >= 1000);
    let skipped = the("job_finished", "later");
    assert!(skipped.get("attempt").is_none() && skipped.get("duration_ms").is_none());
    assert_eq!((&the("pipeline_finished", "")["status"], finished.code), (&"failed".into(), Some(10)));
    // A job's log lies between its start and its end.
    let place = |kind: &str| events.iter().position(|e| e["event"] == kind && e["job"] == "broken").unwrap();
    assert!(place("job_started") < place("job_log") && place("job_log") < place("job_finished"));
}

#[test]
fn success_is_zero_and_so_is_nothing_to_do() {
    let finished = World::new("jobs: { x: { script: echo hi } }").run(&[]);
    finished.assert_says(0, &["x │ hi", "✓ x", "success"]);
    assert!(!finished.text().contains('\u{1b}'), "no control sequences in a pipe");
    let nothing = World::new("jobs: { x: { script: echo hi, when: { event: tag } } }").run_json(&[]);
    nothing.assert_says(0, &[]);
    assert_eq!(nothing.ends(), ["x skipped when"]);
    let no_job = World::new("deploy: { environment: production, when: { branch: main } }").run_json(&[]);
    no_job.assert_says(0, &["pipeline_finished", "success"]);
    assert_eq!(no_job.ends(), [""; 0]);
}

#[test]
fn a_person_sees_the_failing_line_and_the_last_lines() {
    let finished = World::new("jobs: { x: { script: [echo one, 'echo two >&2; false', echo three] } }").run(&[]);
    finished.assert_says(10, &["✗ x failed: exit code 1", "at $ echo two >&2; false", "│ two", "1 failed"]);
    assert!(!finished.text().contains("three"));
}

/// What the job is to print, and its echo before it.
fn print(bytes: &[u8]) -> (World, Vec<u8>) {
    let world = World::new("jobs: { x: { script: cat bytes } }");
    world.write("bytes", bytes);
    (world, [b"$ cat bytes\n", bytes].concat())
}

#[test]
fn plain_output_is_exact() {
    for bytes in [&b"\0\x01\xff\xfe no newline"[..], b"\n\n\n", b"\r\nwindows\r\n", b""] {
        let (world, expected) = print(bytes);
        let finished = world.run(&["--output", "plain"]);
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        assert_eq!(finished.stdout, expected);
    }
    let random = blob(1 << 20);
    let (world, expected) = print(&random);
    assert!(world.run(&["--output", "plain"]).stdout == expected, "1 MiB of everything");
}

/// Bytes of every kind, the same each time.
fn blob(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let next = |state: &mut u32| {
        *state ^= *state << 13;
        *state ^= *state >> 17;
        *state ^= *state << 5;
        state.to_le_bytes()[0]
    };
    (0..length).map(|_| next(&mut state)).collect()
}

#[test]
fn json_lines_put_together_are_the_log() {
    use base64::Engine as _;
    let mut random = blob(300_000);
    random.retain(|byte| *byte != b'\n' || *byte == 0);
    random.extend_from_slice(b"\nlast\n");
    let (world, expected) = print(&random);
    let mut bytes = Vec::new();
    for event in world.run_json(&[]).all("job_log") {
        match event.get("line_base64").and_then(Value::as_str) {
            Some(text) => bytes.extend(base64::prelude::BASE64_STANDARD.decode(text).unwrap()),
            None => bytes.extend(event["line"].as_str().unwrap().bytes()),
        }
        if event.get("partial") != Some(&Value::Bool(true)) {
            bytes.push(b'\n');
        }
    }
    assert!(bytes == expected);
}

#[test]
fn side_by_side_jobs_get_a_prefix_and_others_do_not() {
    let pipeline = "
concurrency: 2
stages: [both, alone]
jobs:
  a: { stage: both, script: 'touch a; until test -e b; do sleep 0.01; done; echo from-a' }
  b: { stage: both, script: 'touch b; until test -e a; do sleep 0.01; done; echo from-b' }
  c: { stage: alone, script: echo from-c }
";
    let finished = World::new(pipeline).run(&["--output", "plain"]);
    finished.assert_says(0, &["a | from-a\n", "b | from-b\n", "\nfrom-c\n"]);
    // The same side by side by the command line alone.
    let by_hand =
        World::new(&pipeline.replace("concurrency: 2\n", "")).run(&["--output", "plain", "--concurrency", "2"]);
    by_hand.assert_says(0, &["a | from-a\n"]);
}

#[test]
fn selected_jobs_alone_run() {
    let finished = World::new("jobs: { a: { script: echo a }, b: { script: echo b } }").run_json(&["--job", "b"]);
    assert_eq!(finished.ends(), ["a skipped not_selected", "b success"]);
    World::new("jobs: { alpha: { script: ls } }").run(&["--job", "alpah"]).assert_says(2, &["alpah", "alpha"]);
}

#[test]
fn variables_arrive_and_secrets_are_masked() {
    let world = World::new("variables: { A: file }\njobs: { x: { script: 'echo \"<$A> <$B> <$TOKEN> <$SHORT>\"' } }");
    let mut command =
        world.imt(&["run", "--executor", "local", "--output", "plain", "--var", "A=line", "--var", "B=1=2"]);
    command.args(["--secret", "TOKEN", "--secret", "SHORT=abc"]).env("TOKEN", "correct horse");
    let finished = support::Finished::of(command.output().unwrap());
    finished.assert_says(0, &["<line> <1=2> <***> <abc>", "`SHORT` is not masked"]);
    assert!(!format!("{}{}", finished.text(), finished.stderr).contains("correct horse"));
    world.run(&["--secret", "NOWHERE"]).assert_says(2, &["NOWHERE", "environment variable"]);
}

#[test]
fn jobs_work_on_a_copy() {
    let world = World::new("jobs: { x: { script: [test -e new, echo changed > tracked, rm -r sub, pwd] } }");
    world.git(&["init", "-q"]);
    fs::create_dir(world.project().join("sub")).unwrap();
    for (name, text) in [("tracked", "committed"), ("sub/file", "x"), (".gitignore", "ignored\n")] {
        world.write(name, text);
    }
    world.git(&["add", "."]);
    world.git(&["commit", "-qm", "first"]);
    world.write("tracked", "dirty");
    world.write("new", "untracked");
    let before = world.git(&["status", "--porcelain"]);
    let finished = world.run_json(&[]);
    finished.assert_says(0, &[]);
    assert_eq!(world.git(&["status", "--porcelain"]), before);
    assert_eq!(fs::read_to_string(world.project().join("tracked")).unwrap(), "dirty");
    let workspace = finished.log().pop().unwrap();
    assert!(workspace.starts_with("/tmp/cicd-workspaces"), "{workspace}");
    assert!(!std::path::Path::new(&workspace).exists(), "the workspace is gone at the end");
    assert_eq!(finished.events()[0]["commit"], world.git(&["rev-parse", "HEAD"]).as_str());
    assert_eq!(finished.events()[0]["dirty"], true, "what ran is not what the commit has");
    assert_eq!(finished.events()[0]["branch"], "main");
}

#[test]
fn a_commit_is_run_as_it_was() {
    let world = World::new("jobs: { x: { script: cat which } }");
    world.git(&["init", "-q"]);
    world.write("which", "old\n");
    world.git(&["add", "."]);
    world.git(&["commit", "-qm", "first"]);
    let old = world.git(&["rev-parse", "HEAD"]);
    world.write("which", "new\n");
    world.write("pipeline.yml", "jobs: { y: { script: cat which } }");
    world.git(&["commit", "-qam", "second"]);
    let finished = world.run_json(&["--commit", &old[..10]]);
    finished.assert_says(0, &[]);
    assert_eq!((finished.ends(), finished.log()), (vec!["x success".into()], vec!["$ cat which".into(), "old".into()]));
    assert_eq!(finished.events()[0]["commit"], old.as_str());
}

#[test]
fn a_commit_has_the_branch_that_it_is_named_by() {
    let world = World::new(
        "jobs: { on: { script: 'echo \"<$IMT_BRANCH>\"', when: { branch: release } }, off: { script: 'echo \"<$IMT_BRANCH>\"', when: { branch: main } }, always: { script: 'echo \"<$IMT_BRANCH>\"' } }",
    );
    world.git(&["init", "-q"]);
    world.git(&["add", "."]);
    world.git(&["commit", "-qm", "first"]);
    world.git(&["branch", "release"]);
    world.git(&["tag", "v1"]);
    let hash = world.git(&["rev-parse", "HEAD"]);
    // `main` is checked out all the time.
    for (revision, branch, ran) in [
        ("release", Some("release"), &["on", "always"][..]),
        ("main", Some("main"), &["off", "always"]),
        ("HEAD", Some("main"), &["off", "always"]),
        ("v1", None, &["always"]),
        (hash.as_str(), None, &["always"]),
    ] {
        let finished = world.run_json(&["--commit", revision]);
        finished.assert_says(0, &[]);
        let started = finished.events()[0].clone();
        assert_eq!(started.get("branch").and_then(Value::as_str), branch, "{revision}");
        let succeeded: Vec<_> = finished.ends().into_iter().filter(|end| end.ends_with(" success")).collect();
        assert_eq!(succeeded, ran.iter().map(|job| format!("{job} success")).collect::<Vec<_>>(), "{revision}");
        let said = format!("<{}>", branch.unwrap_or_default());
        assert_eq!(finished.log().iter().filter(|line| **line == said).count(), ran.len(), "{revision}");
    }
}

#[test]
fn the_project_is_named_after_its_remote() {
    let world = World::new("jobs: { x: { script: 'true' } }");
    assert_eq!(world.run_json(&[]).events()[0]["project"], "project");
    world.git(&["init", "-q"]);
    world.git(&["remote", "add", "origin", "https://user:pass@example.org/group/fine-app.git"]);
    let finished = world.run_json(&[]);
    assert_eq!(finished.events()[0]["project"], "fine-app");
    assert!(!finished.text().contains("pass"));
}

#[test]
fn a_kept_workspace_is_named() {
    let finished = World::new("jobs: { x: { script: touch made } }").run(&["--keep-workspace"]);
    let path = finished.stderr.split('`').nth(1).expect("a path in backticks").to_owned();
    assert!(fs::exists(format!("{path}/made")).unwrap(), "{}", finished.stderr);
    fs::remove_dir_all(path).unwrap();
}

#[test]
fn auto_says_what_it_chose() {
    let world = World::new("jobs: { x: { script: 'true' } }");
    let finished = support::Finished::of(world.imt(&["run"]).output().unwrap());
    finished.assert_says(0, &["on this machine", "/nonexistent/docker.sock"]);
}

#[test]
fn jobs_get_no_descriptor_of_ours() {
    let script = "for fd in /proc/self/fd/*; do echo \"open $(readlink $fd)\"; done";
    let world = World::new(&format!("jobs:\n  look:\n    script: '{script}'\n"));
    world.write("of-the-caller", "");
    let imt = world.imt(&["run", "--executor", "local", "--output", "json"]);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "exec \"$0\" \"$@\" 7<of-the-caller"]).arg(imt.get_program()).args(imt.get_args());
    shell.current_dir(world.project()).env_clear();
    shell.envs(imt.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let finished = support::Finished::of(shell.output().unwrap());
    finished.assert_says(0, &[]);
    let text = finished.text();
    assert!(text.contains("open pipe:") && !text.contains("of-the-caller\""), "{text}");
}
