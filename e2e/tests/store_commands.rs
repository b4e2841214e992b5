//! The commands over a store: pipelines from being handed in to being done again, on SQLite and on PostgreSQL.

use std::fs;
use std::process::Command;

use imt_core::status::Status;
use imt_e2e::imt::{Home, Output, Running};
use imt_e2e::project::Project;
use imt_e2e::world::{FILE, World, both, objects, refused, run, text};

fn submits_lists_and_shows(world: &World) {
    let project = Project::without_image(FILE);
    let commit = project.commit();
    let first = world.submit(project.path(), &[]);
    assert_eq!((&first["number"], &first["created"]), (&1.into(), &true.into()));
    assert_eq!((&first["project"], &first["commit"]), (&project.name().into(), &commit.as_str().into()));
    let second = world.submit(project.path(), &["--var", "K=V", "--job", "one"]);
    assert_eq!(second["number"], 2, "each call is a new pipeline");

    let listed = world.json(&["pipelines"]);
    let numbers: Vec<_> = listed.iter().map(|pipeline| pipeline["number"].as_u64().expect("a number")).collect();
    assert_eq!(numbers, [2, 1], "newest first");
    assert_eq!((&listed[1]["status"], &listed[1]["id"]), (&"pending".into(), &first["id"]));
    assert_eq!((&listed[1]["branch"], &listed[1]["event"]), (&"main".into(), &"manual".into()));
    assert_eq!(world.json(&["pipelines", "--limit", "1"]).len(), 1);
    assert_eq!(world.json(&["pipelines", "--before", "2"])[0]["number"], 1);
    assert!(text(&world.imt(&["pipelines"])).contains("#2"));

    let shown = &world.json(&["show", "2"])[0];
    assert_eq!((&shown["id"], &shown["commit"]), (&second["id"], &commit.as_str().into()));
    assert_eq!(shown["waiting"]["type"], "no_runner");
    assert_eq!((&shown["jobs"][0]["job"], &shown["jobs"][0]["status"]), (&"one".into(), &"pending".into()));
    assert!(text(&world.imt(&["show", "#2"])).contains("none is there"));
}

#[test]
fn submits_lists_and_shows_on_sqlite() {
    submits_lists_and_shows(&World::sqlite());
}

#[tokio::test(flavor = "multi_thread")]
async fn submits_lists_and_shows_on_postgres() {
    submits_lists_and_shows(&World::postgres().await);
}

fn a_key_is_one_pipeline(world: &World) {
    let project = Project::without_image(FILE);
    project.commit();
    let first = world.submit(project.path(), &["--idempotency-key", "k"]);
    let again = world.submit(project.path(), &["--idempotency-key", "k"]);
    assert_eq!((&again["id"], &again["number"]), (&first["id"], &first["number"]));
    assert_eq!((&first["created"], &again["created"]), (&true.into(), &false.into()));
    let other = world.submit(project.path(), &["--idempotency-key", "k", "--project", "other"]);
    assert_eq!((&other["number"], &other["created"]), (&1.into(), &true.into()), "a key is its project's");
}

#[test]
fn a_key_is_one_pipeline_on_sqlite() {
    a_key_is_one_pipeline(&World::sqlite());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_one_pipeline_on_postgres() {
    a_key_is_one_pipeline(&World::postgres().await);
}

#[test]
fn submit_takes_bare_repositories_and_branches_that_are_only_there() {
    let world = World::sqlite();
    let project = Project::without_image(FILE);
    let commit = project.commit();
    let bare = world.home.path().join("shop.git");
    let cloned = Command::new("git").args(["clone", "--quiet", "--bare"]).arg(project.path()).arg(&bare).status();
    assert!(cloned.expect("git can be run").success());
    let submitted = world.submit(&bare, &[]);
    assert_eq!((&submitted["project"], &submitted["commit"]), (&"shop".into(), &commit.as_str().into()));
    let shown = &world.json(&["show", "1"])[0];
    assert_eq!((&shown["branch"], &shown["repository"]), (&"main".into(), &bare.display().to_string().into()));
    let by_hash = bare.display().to_string();
    world.json(&["submit", &by_hash, "--commit", &commit[..10], "--branch", "release/1"]);
    assert_eq!(world.json(&["show", "2"])[0]["branch"], "release/1");
}

#[test]
fn submit_refuses_what_cannot_run_and_records_nothing() {
    let world = World::sqlite();
    let project = Project::without_image("jobs:\n  a: { scirpt: x }\n  b: { script: y, stage: nowhere }\n");
    project.commit();
    let path = project.path().display().to_string();
    refused(&world.imt(&["submit", &path, "--commit", "main"]), 2, &["scirpt", "nowhere", "3 errors"]);
    refused(&world.imt(&["submit", &path, "--commit", "nothing"]), 2, &["unknown commit `nothing`"]);
    let missing = world.home.path().join("missing").display().to_string();
    refused(&world.imt(&["submit", &missing, "--commit", "main"]), 2, &["missing"]);
    let password = "https://me:hunter2@127.0.0.1:1/x.git";
    refused(&world.imt(&["submit", password, "--commit", "main"]), 2, &["contains credentials"]);
    refused(&world.imt(&["submit", "nowhere/at-all", "--commit", "main"]), 2, &["nowhere/at-all"]);
    refused(
        &world.imt(&["submit", "ssh://git@127.0.0.1:1/x.git", "--commit", "main"]),
        11,
        &["no ssh key", "ssh-keygen"],
    );
    let good = Project::without_image(FILE);
    good.commit();
    let path = good.path().display().to_string();
    refused(&world.imt(&["submit", &path, "--commit", "main", "--job", "three"]), 2, &["no job `three`"]);
    refused(&world.imt(&["submit", &path, "--commit", "main", "--file", "other.yml"]), 2, &["other.yml"]);
    assert!(world.json(&["pipelines"]).is_empty(), "nothing was recorded");
}

#[test]
fn a_number_is_one_of_a_project() {
    let world = World::sqlite();
    let (one, two) = (Project::without_image(FILE), Project::without_image(FILE));
    one.commit();
    two.commit();
    world.submit(one.path(), &["--project", "one"]);
    refused(&world.imt(&["show", "2"]), 2, &["`one` has no pipeline #2"]);
    refused(&world.imt(&["show", "0"]), 2, &["1 or more"]);
    world.submit(two.path(), &["--project", "two"]);
    refused(&world.imt(&["show", "1"]), 2, &["2 projects", "`one`, `two`"]);
    refused(&world.imt(&["show", "1", "--project", "three"]), 2, &["no project `three`", "`one`, `two`"]);
    assert_eq!(world.json(&["show", "1", "--project", "two"])[0]["project"], "two");
    // Where the directory is one of them, it is that one.
    world.submit(one.path(), &[]);
    let mut command = world.command(&["show", "1", "--output", "json"]);
    command.current_dir(one.path());
    let shown = Running::start(command, Output::Bytes).finish();
    assert_eq!(objects(&shown)[0]["project"], one.name(), "{}", shown.stderr);
}

#[test]
fn help_shows_no_address_of_the_environment() {
    let mut command = Home::new().imt();
    command.args(["pipelines", "--help"]).env("IMT_STORE", "postgres://imt:hunter2@h/db");
    let help = Running::start(command, Output::Bytes).finish();
    assert!(text(&help).contains("IMT_STORE") && !text(&help).contains("hunter2"), "{}", text(&help));
}

async fn prints_logs(world: &World) {
    let project = Project::without_image(FILE);
    project.commit();
    let submitted = world.submit(project.path(), &[]);
    let nothing = world.imt(&["logs", "1"]);
    assert_eq!((nothing.code, text(&nothing).as_str()), (Some(0), ""));
    assert!(nothing.stderr.contains("has begun"), "{}", nothing.stderr);
    assert_eq!(run(world, &submitted).await.status, Status::Failed);

    let all = world.imt(&["logs", "1"]);
    let first = "$ echo first\nfirst\n$ echo beside\nbeside\n";
    let second = "$ echo second\nsecond\n$ exit 3\n";
    assert_eq!(text(&all), format!("{first}{second}"), "{}", all.stderr);
    assert_eq!(all.stderr, "imt: build: one\nimt: test: two\n");
    assert_eq!(text(&world.imt(&["logs", "1", "one", "--raw"])), first);
    assert_eq!(text(&world.imt(&["logs", "1", "--raw"])), format!("{first}{second}"));
    assert_eq!(text(&world.imt(&["logs", "1", "two", "--attempt", "1"])), second);
    for (lines, expected) in
        [("2-3", "first\n$ echo beside\n"), ("4-", "beside\n"), ("-1", "$ echo first\n"), ("9-", "")]
    {
        assert_eq!(text(&world.imt(&["logs", "1", "one", "--lines", lines])), expected, "{lines}");
        assert_eq!(text(&world.imt(&["logs", "1", "one", "--raw", "--lines", lines])), expected, "raw {lines}");
    }
    let objects = world.json(&["logs", "1", "one"]);
    assert_eq!(objects.len(), 4);
    assert_eq!((&objects[3]["event"], &objects[3]["line"]), (&"job_log".into(), &"beside".into()));
    assert_eq!((&objects[3]["job"], &objects[3]["pipeline"]), (&"one".into(), &submitted["id"]));
    refused(&world.imt(&["logs", "1", "three"]), 2, &["no job `three`", "`one`, `two`"]);
    refused(&world.imt(&["logs", "1", "two", "--attempt", "2"]), 2, &["`two` has no attempt 2", "1 so far"]);
    refused(&world.imt(&["logs", "1", "--lines", "5-3"]), 2, &["line 5 comes after line 3"]);
    // What is over is followed to its end.
    let followed = world.imt(&["logs", "1", "--follow"]);
    assert_eq!(text(&followed), format!("{first}{second}"), "{}", followed.stderr);
    assert!(followed.stderr.ends_with("imt: pipeline failed: exit code 3\n"), "{}", followed.stderr);

    let shown = &world.json(&["show", "1"])[0];
    assert_eq!(
        (&shown["status"], &shown["reason"], &shown["exit_code"]),
        (&"failed".into(), &"exit_code".into(), &3.into())
    );
    assert_eq!(
        (&shown["jobs"][1]["attempts"][0]["attempt"], &shown["jobs"][0]["status"]),
        (&1.into(), &"success".into())
    );
    assert!(shown["waiting"].is_null() && shown["duration_ms"].is_u64(), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn prints_logs_on_sqlite() {
    prints_logs(&World::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prints_logs_on_postgres() {
    prints_logs(&World::postgres().await).await;
}

async fn follows_what_comes(world: &World) {
    let project = Project::without_image(
        "jobs:\n  one: { script: [echo here, 'until test -e \"$GO\"; do sleep 0.05; done', echo there] }\n  two: { script: [echo last] }\n",
    );
    project.commit();
    let go = world.home.path().join("go");
    let submitted = world.submit(project.path(), &["--var", &format!("GO={}", go.display())]);
    let mut whole = Running::start(world.command(&["logs", "1", "--follow", "--output", "json"]), Output::Events);
    let job = Running::start(world.command(&["logs", "1", "one", "--follow"]), Output::Bytes);
    let driving = run(world, &submitted);
    let released = async {
        // Seen while the job still runs: it ends only when it is told to.
        let whole = tokio::task::spawn_blocking(move || {
            whole.await_line("here");
            fs::write(&go, "").expect("a file");
            whole
        });
        whole.await.expect("the line comes")
    };
    let (end, whole) = tokio::join!(driving, released);
    assert_eq!(end.status, Status::Success);
    let (whole, job) = (whole.finish(), job.finish());
    assert_eq!((whole.code, job.code), (Some(0), Some(0)), "{}{}", whole.stderr, job.stderr);
    assert!(String::from_utf8_lossy(&whole.stream("two", "stdout")).ends_with("last\n"));
    assert!(text(&job).starts_with("$ echo here\nhere\n") && text(&job).ends_with("\nthere\n"), "{}", text(&job));
    assert!(job.stderr.ends_with("imt: one: success\n"), "{}", job.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn follows_what_comes_on_sqlite() {
    follows_what_comes(&World::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn follows_what_comes_on_postgres() {
    follows_what_comes(&World::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_have_both_streams() {
    let world = World::sqlite();
    let project = Project::without_image("jobs: { one: { script: [echo out, echo err >&2] } }");
    project.commit();
    let submitted = world.submit(project.path(), &[]);
    assert_eq!(run(&world, &submitted).await.status, Status::Success);
    // Between the streams there is no order.
    let raw = text(&world.imt(&["logs", "1", "--raw"]));
    let mut lines: Vec<&str> = raw.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["$ echo err >&2", "$ echo out", "err", "out"]);
    let objects = world.json(&["logs", "1"]);
    let stream = |line: &str| objects.iter().find(|object| object["line"] == line).map(|object| &object["stream"]);
    assert_eq!((stream("out"), stream("err")), (Some(&"stdout".into()), Some(&"stderr".into())));
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_do_nothing_to_a_terminal_unless_raw() {
    let world = World::sqlite();
    let project =
        Project::without_image("jobs: { one: { script: [\"printf 'a\\\\033]0;title\\\\007b\\\\n\\\\033[2Jc'\"] } }");
    project.commit();
    let submitted = world.submit(project.path(), &[]);
    assert_eq!(run(&world, &submitted).await.status, Status::Success);
    let shown = world.imt(&["logs", "1"]);
    assert!(!shown.stdout.contains(&0x1b) && text(&shown).ends_with("\nab\nc\n"), "{:?}", text(&shown));
    let raw = world.imt(&["logs", "1", "--raw"]);
    assert!(text(&raw).ends_with("a\u{1b}]0;title\u{7}b\n\u{1b}[2Jc"), "{:?}", text(&raw));
}

fn cancels(world: &World) {
    let project = Project::without_image(FILE);
    project.commit();
    world.submit(project.path(), &[]);
    let cancelled = &world.json(&["cancel", "1"])[0];
    assert_eq!((&cancelled["status"], &cancelled["reason"]), (&"cancelled".into(), &"user".into()));
    assert_eq!((&cancelled["cancel"], &cancelled["was_over"]), (&"graceful".into(), &false.into()));
    let shown = &world.json(&["show", "1"])[0];
    assert_eq!((&shown["status"], &shown["jobs"][0]["status"]), (&"cancelled".into(), &"cancelled".into()));
    // Once more changes nothing, which is no error.
    let again = world.imt(&["cancel", "1", "--kill"]);
    assert_eq!((again.code, text(&again).contains("is over: cancelled")), (Some(0), true), "{}", text(&again));
    assert_eq!(world.json(&["cancel", "1"])[0]["was_over"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn cancels_what_waits() {
    for world in both().await {
        cancels(&world);
    }
}

async fn cancels_what_runs(world: &World) {
    let project = Project::without_image("jobs: { one: { script: [echo here, sleep 300] } }");
    project.commit();
    let submitted = world.submit(project.path(), &[]);
    let mut follower = Running::start(world.command(&["logs", "1", "--follow", "--output", "json"]), Output::Events);
    let cancelled = async {
        let follower = tokio::task::spawn_blocking(move || {
            follower.await_line("here");
            follower
        });
        let follower = follower.await.expect("the line comes");
        (world.imt(&["cancel", "1"]), world.imt(&["cancel", "1"]), follower)
    };
    let (end, (first, second, follower)) = tokio::join!(run(world, &submitted), cancelled);
    assert_eq!(end.status, Status::Cancelled);
    assert_eq!((first.code, second.code), (Some(0), Some(0)), "{}{}", first.stderr, second.stderr);
    assert!(text(&first).contains("is asked to end"), "{}", text(&first));
    assert_eq!(follower.finish().code, Some(0));
    assert_eq!(world.json(&["show", "1"])[0]["status"], "cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn cancels_what_runs_elsewhere() {
    for world in both().await {
        cancels_what_runs(&world).await;
    }
}

async fn retries(world: &World) {
    let project = Project::without_image(FILE);
    let commit = project.commit();
    let submitted = world.submit(project.path(), &["--var", "K=V"]);
    refused(&world.imt(&["retry", "1"]), 2, &["is not over", "imt cancel 1"]);
    assert_eq!(run(world, &submitted).await.status, Status::Failed);
    let whole = &world.json(&["retry", "1"])[0];
    assert_eq!((&whole["number"], &whole["commit"]), (&2.into(), &commit.as_str().into()));
    let rest = &world.json(&["retry", "1", "--failed"])[0];
    assert_eq!((&rest["number"], &rest["created"]), (&3.into(), &true.into()));
    assert_eq!(run(world, rest).await.status, Status::Failed);
    let shown = &world.json(&["show", "3"])[0];
    let jobs: Vec<_> =
        shown["jobs"].as_array().expect("jobs").iter().map(|job| (&job["status"], &job["reason"])).collect();
    assert_eq!(jobs, [(&"skipped".into(), &"not_selected".into()), (&"failed".into(), &"exit_code".into())]);
    let good = world.submit(project.path(), &["--job", "one"]);
    assert_eq!(run(world, &good).await.status, Status::Success);
    refused(&world.imt(&["retry", "4", "--failed"]), 2, &["did not succeed", "leave --failed out"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_what_is_over() {
    for world in both().await {
        retries(&world).await;
    }
}
