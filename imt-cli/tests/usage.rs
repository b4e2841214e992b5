//! What users get wrong, and the commands that run nothing.

mod support;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use serde_json::Value;
use support::{Finished, World};

const GOOD: &str = "jobs: { x: { script: 'true', image: busybox } }";
const BAD: &str = "stages: [a]\nimage: busybox\njobs:\n  x:\n    stage: b\n    skript: ls\n    script: []\n";

fn imt(world: &World, arguments: &[&str]) -> Finished {
    Finished::of(world.imt(arguments).output().expect("imt can be started"))
}

#[test]
fn an_invalid_file_is_refused_with_all_its_problems() {
    let world = World::new(BAD);
    for command in [&["run", "--executor", "local"][..], &["plan"]] {
        let finished = imt(&world, command);
        finished.assert_says(2, &["unknown-stage", "unknown-key", "empty-script", "pipeline.yml:5:12", "3 errors"]);
        assert!(finished.stdout.is_empty());
    }
    let lint = imt(&world, &["lint", "--output", "json"]);
    assert_eq!(lint.code, Some(2));
    for problem in lint.events() {
        let keys: Vec<_> = problem.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["code", "column", "file", "help", "line", "message", "severity"]);
    }
    assert_eq!(lint.events()[0]["line"], 5);
}

#[test]
fn lint_reads_several_files_and_standard_input() {
    let world = World::new(GOOD);
    world.write("bad.yml", BAD);
    imt(&world, &["lint"]).assert_says(0, &["pipeline.yml: no problems"]);
    imt(&world, &["lint", "pipeline.yml", "bad.yml"]).assert_says(2, &["bad.yml:5:12", "3 errors, 0 warnings"]);
    imt(&world, &["lint", "nowhere.yml", "bad.yml"]).assert_says(2, &["nowhere.yml", "bad.yml:5:12"]);
    let mut child =
        world.imt(&["lint", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(BAD.as_bytes()).unwrap();
    Finished::of(child.wait_with_output().unwrap()).assert_says(2, &["<stdin>:5:12"]);
    fs::remove_file(world.project().join("pipeline.yml")).unwrap();
    imt(&world, &["lint"]).assert_says(2, &["pipeline.yml", "imt init"]);
}

#[test]
fn missing_things_are_named() {
    let world = World::new(GOOD);
    imt(&world, &["run", "/nonexistent/dir"]).assert_says(2, &["/nonexistent/dir"]);
    imt(&world, &["run", "pipeline.yml"]).assert_says(2, &["pipeline.yml", "Not a directory"]);
    imt(&world, &["run", "--file", "other.yml"]).assert_says(2, &["other.yml"]);
    imt(&world, &["run", "--commit", "main"]).assert_says(2, &["not in a git repository", "--commit"]);
    world.git(&["init", "-q"]);
    for revision in ["no-such-branch", "--help", "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef"] {
        imt(&world, &["run", &format!("--commit={revision}")]).assert_says(2, &["unknown commit", revision]);
    }
    world.git(&["add", "."]);
    world.git(&["commit", "-qm", "first"]);
    imt(&world, &["run", "--commit", "main", "--file", "../x"]).assert_says(2, &["../x", "without `..`"]);
    fs::remove_file(world.project().join("pipeline.yml")).unwrap();
    imt(&world, &["run"]).assert_says(2, &["no pipeline.yml", "imt init", "--file"]);
}

#[test]
fn what_cannot_be_read_comes_with_its_remedy() {
    let world = World::new(GOOD);
    imt(&world, &["run", "/nonexistent/dir"]).assert_says(2, &["/nonexistent/dir", "see that its name is right"]);
    imt(&world, &["run", "pipeline.yml"]).assert_says(2, &["pipeline.yml", "name a directory", "--file"]);
    imt(&world, &["run", "--file", "nope.yml"]).assert_says(2, &["nope.yml", "see that its name is right"]);
    imt(&world, &["run", "--file", "."]).assert_says(2, &["it is a directory", "/pipeline.yml`"]);
    imt(&world, &["lint", "."]).assert_says(2, &["cannot read `.`", "name the file in it, `./pipeline.yml`"]);
    world.git(&["init", "-q"]);
    world.git(&["add", "."]);
    world.git(&["commit", "-qm", "first"]);
    imt(&world, &["run", "--commit", "main", "--file", "nope.yml"])
        .assert_says(2, &["no file `nope.yml` in commit", "see that it was committed"]);
}

#[test]
fn lint_has_an_object_for_a_file_that_it_cannot_read_too() {
    let finished = imt(&World::new(BAD), &["lint", "--output", "json", "/nope", "pipeline.yml"]);
    finished.assert_says(2, &[]);
    let problem = &finished.events()[0];
    let keys: Vec<_> = problem.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["code", "file", "help", "message", "severity"]);
    assert_eq!((&problem["code"], &problem["severity"]), (&"unreadable".into(), &"error".into()));
    assert_eq!(problem["file"], "/nope");
    assert!(finished.events().len() > 1, "the other file is checked");
}

#[test]
fn a_repository_of_another_user_comes_with_its_remedy() {
    // Only root can give a directory away.
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let world = World::new(GOOD);
    world.git(&["init", "-q"]);
    let given = Command::new("chown").args(["-R", "65534:65534"]).arg(world.project()).status().unwrap();
    assert!(given.success());
    let path = world.project();
    let path = path.to_str().unwrap();
    imt(&world, &["run"]).assert_says(11, &[&format!("git config --global --add safe.directory {path}")]);
}

#[test]
fn a_pipeline_file_further_up_is_pointed_at() {
    let world = World::new(GOOD);
    fs::create_dir_all(world.project().join("a/b")).unwrap();
    let below = |dir: &str, arguments: &[&str]| {
        Finished::of(world.imt(arguments).current_dir(world.project().join(dir)).output().unwrap())
    };
    // What is above is another project's when there is no repository around both.
    below("a/b", &["run"]).assert_says(2, &["no pipeline.yml", "imt init"]);
    world.git(&["init", "-q"]);
    below("a/b", &["run"]).assert_says(2, &["no pipeline.yml", "there is one in ../..: imt run ../.."]);
    below("a", &["plan", "b"]).assert_says(2, &["there is one in b/../..: imt run b/../.."]);
    below("a/b", &["plan", "../.."]).assert_says(0, &[]);
}

#[test]
fn a_selected_job_that_will_not_run_is_warned_of() {
    let world = World::new("jobs: { w: { script: ls, image: i, when: { event: tag } }, x: { script: ls, image: i } }");
    let warning = "job `w` was selected, but its `when` does not match";
    imt(&world, &["plan", "--job", "w"]).assert_says(0, &[warning]);
    imt(&world, &["run", "--executor", "local", "--job", "w"]).assert_says(0, &[warning]);
    assert!(!imt(&world, &["plan"]).stderr.contains("selected"));
    imt(&world, &["run", "--help"]).assert_says(0, &["whose `when` does not match is skipped"]);
}

#[test]
fn plan_takes_secrets_and_checks_their_names() {
    let world = World::new(GOOD);
    imt(&world, &["plan", "--secret", "NOWHERE", "--secret", "K=v"]).assert_says(0, &["1 of 1 jobs"]);
    imt(&world, &["plan", "--secret", "IMT_X"]).assert_says(2, &["IMT_X"]);
}

#[test]
fn the_other_ending_of_the_file_name_is_found_too() {
    let world = World::new(GOOD);
    fs::rename(world.project().join("pipeline.yml"), world.project().join("pipeline.yaml")).unwrap();
    imt(&world, &["plan"]).assert_says(0, &["pipeline.yaml"]);
}

#[test]
fn reserved_and_impossible_variables_are_refused() {
    let world = World::new(GOOD);
    for (flag, value, word) in [
        ("--var", "CI=no", "CI"),
        ("--var", "IMT_JOB=x", "IMT_JOB"),
        ("--secret", "IMT_COMMIT=1234567", "IMT_COMMIT"),
        ("--var", "1A=x", "1A"),
        ("--var", "A", "--secret A"),
    ] {
        imt(&world, &["run", flag, value]).assert_says(2, &[word]);
    }
}

#[test]
fn no_engine_says_what_else_there_is() {
    let finished = imt(&World::new(GOOD), &["run", "--executor", "docker"]);
    finished.assert_says(11, &["/nonexistent/docker.sock", "--executor local"]);
}

#[test]
fn an_unreadable_directory_is_named() {
    let world = World::new(GOOD);
    // Root reads everything, so another user must try, with a binary and a home that it can reach.
    let open = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o777)).tempdir().unwrap();
    let program = open.path().join("imt");
    // By another process: a file that this one has open for writing is busy in every child that another test starts now.
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_imt")).arg(&program).status().unwrap();
    assert!(copied.success());
    fs::set_permissions(world.project(), fs::Permissions::from_mode(0o700)).unwrap();
    let root = rustix::process::geteuid().is_root();
    let mut command = if root { Command::new("setpriv") } else { Command::new(&program) };
    if root {
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
    } else {
        fs::set_permissions(world.project(), fs::Permissions::from_mode(0o000)).unwrap();
    }
    command.arg("run").arg(world.project()).args(["--executor", "local"]).env("HOME", open.path());
    let finished = Finished::of(command.output().unwrap());
    fs::set_permissions(world.project(), fs::Permissions::from_mode(0o700)).unwrap();
    finished.assert_says(2, &[world.project().to_str().unwrap(), "Permission denied", "chmod u+rX"]);
}

#[test]
fn without_a_home_the_state_goes_elsewhere_and_says_so() {
    let world = World::new("jobs: { x: { script: 'true' } }");
    let temp = tempfile::tempdir().unwrap();
    let mut command = world.imt(&["run", "--executor", "local"]);
    command.env_remove("HOME").env_remove("XDG_STATE_HOME").env("TMPDIR", temp.path());
    Finished::of(command.output().unwrap()).assert_says(0, &["neither XDG_STATE_HOME nor HOME", "imt-state-"]);
    // A home that cannot be written to: /proc, for root and everybody.
    let mut command = world.imt(&["run", "--executor", "local"]);
    command.env("XDG_STATE_HOME", "/proc/nowhere").env("TMPDIR", temp.path());
    Finished::of(command.output().unwrap()).assert_says(0, &["/proc/nowhere", "imt-state-"]);
}

#[test]
fn init_writes_once_what_lint_and_plan_accept() {
    let world = World::new("");
    fs::remove_file(world.project().join("pipeline.yml")).unwrap();
    world.write("Cargo.toml", "");
    imt(&world, &["init"]).assert_says(0, &["Rust (Cargo.toml)", "pipeline.yml", "imt run"]);
    imt(&world, &["lint"]).assert_says(0, &["no problems"]);
    imt(&world, &["plan"]).assert_says(0, &["build", "test"]);
    world.write("pipeline.yml", "mine");
    imt(&world, &["init"]).assert_says(2, &["there already", "--force"]);
    assert_eq!(fs::read_to_string(world.project().join("pipeline.yml")).unwrap(), "mine");
    imt(&world, &["init", "--force"]).assert_says(0, &[]);
    imt(&world, &["lint"]).assert_says(0, &["no problems"]);
}

#[test]
fn plans_are_shown_in_three_ways() {
    let world =
        World::new("stages: [a, b]\nimage: i\njobs: { x: { stage: a, script: ls }, y: { stage: b, script: ls } }");
    imt(&world, &["plan", "--job", "y"]).assert_says(0, &["- x  skipped: not selected", "1 of 2 jobs would run"]);
    let json = imt(&world, &["plan", "--output", "json"]);
    assert_eq!(json.text().lines().count(), 1);
    assert_eq!(json.events()[0]["jobs"][1]["name"], "y");
    imt(&world, &["plan", "--output", "mermaid"]).assert_says(0, &["flowchart", "-->"]);
}

#[test]
fn schema_completions_and_doctor_answer() {
    let world = World::new(GOOD);
    let schema: Value = serde_json::from_str(&imt(&world, &["schema"]).text()).unwrap();
    assert!(schema["$schema"].as_str().unwrap().contains("2020-12"));
    for shell in ["bash", "zsh", "fish"] {
        imt(&world, &["completions", shell]).assert_says(0, &["keep-workspace"]);
    }
    let doctor = imt(&world, &["doctor", "--output", "json"]);
    assert_eq!(doctor.code, Some(0), "{}", doctor.text());
    let checks: Vec<_> = doctor.events().iter().map(|check| check["check"].as_str().unwrap().to_owned()).collect();
    for check in ["sh", "git", "engine", "compose", "state", "workspace"] {
        assert!(checks.contains(&check.to_owned()), "{checks:?}");
    }
    let engine = doctor.events().into_iter().find(|check| check["check"] == "engine").unwrap();
    assert_eq!((&engine["status"], &engine["required"]), (&"missing".into(), &false.into()));
    let nothing = world.imt(&["doctor"]).env("PATH", "/nonexistent").output().unwrap();
    Finished::of(nothing).assert_says(11, &["✗ git", "install git"]);
}

#[test]
fn the_command_line_itself_is_checked() {
    let world = World::new(GOOD);
    imt(&world, &["run", "--no-such-flag"]).assert_says(2, &["--no-such-flag"]);
    for outside in ["0", "1025"] {
        imt(&world, &["run", "--concurrency", outside]).assert_says(2, &["--concurrency", "1..=1024"]);
    }
    imt(&world, &["--help"]).assert_says(0, &["Exit codes", "12  cancelled"]);
    imt(&world, &["--version"]).assert_says(0, &["imt 0.1"]);
}

#[test]
fn what_only_is_called_git_is_no_repository() {
    let world = World::new("jobs:\n  a: { script: echo hi }\n");
    fs::create_dir(world.project().join(".git")).unwrap();
    world.run(&[]).assert_says(0, &[]);
    let plan = Finished::of(world.imt(&["plan", "--commit", "main"]).output().unwrap());
    plan.assert_says(2, &["is not in a git repository"]);
}

#[test]
fn who_is_asked_may_stand_before_the_command() {
    let world = World::new(GOOD);
    let asked = ["--server", "http://127.0.0.1:1", "--token", "t"];
    let (first, last) = ([&asked[..], &["pipelines"]].concat(), [&["pipelines"], &asked[..]].concat());
    let (first, last) = (imt(&world, &first), imt(&world, &last));
    first.assert_says(11, &["http://127.0.0.1:1"]);
    assert_eq!((first.code, first.stderr), (last.code, last.stderr));
    imt(&world, &["--server", "http://127.0.0.1:1", "lint"]).assert_says(2, &["--server", "imt lint"]);
}
