//! `imt` as a user who is not root, with jobs that are: what they leave belongs to the user, and goes.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use imt_e2e::docker::{Engine, REMAPPED_ROOT};
use imt_e2e::executor::{BUSYBOX, import};
use imt_e2e::nobody::{self, Nobody};
use imt_e2e::project::Project;
use imt_e2e::stub::SlowRegistry;
use imt_e2e::users::NOBODY;
use imt_e2e::wait::within;
use rustix::process::Signal;

const NONE: [&str; 0] = [];
const NOWHERE: [&Path; 0] = [];
const DOCKER: [&str; 2] = ["--executor", "docker"];

/// Files that only root may remove, and a link to nothing.
const DEEP: &str = "mkdir -p deep/er && touch deep/er/file && ln -s /nowhere deep/link && chmod 000 deep/er/file && chmod 700 deep deep/er && chmod +t deep";

fn engine() -> Engine {
    let engine = Engine::start(false);
    import(&mut engine.command(), BUSYBOX, &[]);
    engine.give_to(NOBODY);
    engine
}

fn project(jobs: &str) -> Project {
    let project = Project::without_image(&format!("image: {BUSYBOX}\njobs:\n{jobs}"));
    nobody::may_read(&project);
    project
}

fn tree(path: &Path) -> Vec<PathBuf> {
    let mut all = vec![path.to_owned()];
    if path.symlink_metadata().expect("it is there").is_dir() {
        let entries = fs::read_dir(path).expect("a directory").map(|entry| entry.expect("an entry").path());
        all.extend(entries.flat_map(|entry| tree(&entry)));
    }
    all
}

#[test]
fn roots_files_go_with_the_workspace() {
    let (engine, user) = (engine(), Nobody::new());
    let project = project(&format!("  make: {{ script: '{DEEP}' }}"));
    let mut running = user.run_json(&project, &engine.host(), &DOCKER);
    let pipeline = running.pipeline();
    let finished = running.finish();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert_eq!(project.workspaces_now(), NOWHERE, "{}", finished.stderr);
    assert_eq!(engine.containers_of(&pipeline), NONE);
}

/// By then the container that wrote them has long been of no use.
#[test]
fn roots_files_go_with_the_workspace_when_a_later_image_cannot_be_had() {
    let (engine, user, registry) = (engine(), Nobody::new(), SlowRegistry::start());
    let project = project(&format!(
        "  make: {{ script: '{DEEP}' }}\n  never: {{ image: '{}', script: echo no }}",
        registry.image()
    ));
    let mut running = user.run_json(&project, &engine.host(), &DOCKER);
    let pipeline = running.pipeline();
    running.await_event("the first job's end", |event| event.kind() == "job_finished");
    registry.await_pull();
    // Longer than an ended container is kept for its own sake.
    let _nothing: Option<()> = within(Duration::from_secs(8), || None);
    drop(registry);
    let finished = running.finish();
    assert_eq!(finished.code, Some(11), "{}", finished.stderr);
    assert_eq!(finished.the("job_finished", "never").text("reason"), "image_pull_failed");
    assert_eq!(project.workspaces_now(), NOWHERE, "{}", finished.stderr);
    assert_eq!(engine.containers_of(&pipeline), NONE);
}

#[test]
fn roots_files_go_with_the_workspace_when_a_job_still_writes_after_a_kill() {
    let (engine, user) = (engine(), Nobody::new());
    let writes = "for n in 1 2 3 4; do (while :; do d=$(mktemp -d -p .); chmod 700 $d; touch $d/file; done) & done; echo writing; wait";
    let project = project(&format!("  make: {{ script: '{writes}' }}"));
    let mut running = user.run_json(&project, &engine.host(), &DOCKER);
    let pipeline = running.pipeline();
    running.await_line("writing");
    running.signal(Signal::KILL);
    assert_eq!(running.finish().code, None, "a killed process has no exit code");
    assert_eq!(project.workspaces_now().len(), 1);

    let other = self::project("  small: { script: 'true' }");
    let finished = user.run_json(&other, &engine.host(), &DOCKER).finish();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert_eq!(engine.containers_of(&pipeline), NONE, "{}", finished.stderr);
    assert_eq!(project.workspaces_now(), NOWHERE, "{}", finished.stderr);
}

#[test]
fn a_workspace_that_is_kept_belongs_to_its_user() {
    let (engine, user) = (engine(), Nobody::new());
    let project = project(&format!("  make: {{ script: '{DEEP}' }}"));
    let arguments = [&DOCKER[..], &["--keep-workspace"]].concat();
    let finished = user.run_json(&project, &engine.host(), &arguments).finish();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let kept = project.workspaces_now();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(kept[0].join("deep/er/file").exists(), "{kept:?}");
    for path in tree(&kept[0]) {
        assert_eq!(path.symlink_metadata().expect("it is there").uid(), NOBODY, "{}", path.display());
    }
    fs::remove_dir_all(&kept[0]).expect("root may remove it");
}

/// Nobody in a container is anybody outside, and root of one may not give files away.
#[test]
fn files_of_a_user_namespace_go_with_the_workspace_and_are_removable_in_a_kept_one() {
    let (engine, user) = (Engine::in_user_namespace(), Nobody::new());
    import(&mut engine.command(), BUSYBOX, &[]);
    engine.give_to(NOBODY);
    let project = project(&format!("  make: {{ script: '{DEEP}' }}"));
    let mut running = user.run_json(&project, &engine.host(), &DOCKER);
    let pipeline = running.pipeline();
    let finished = running.finish();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert_eq!(project.workspaces_now(), NOWHERE, "{}", finished.stderr);
    assert_eq!(engine.containers_of(&pipeline), NONE);

    let arguments = [&DOCKER[..], &["--keep-workspace"]].concat();
    let finished = user.run_json(&project, &engine.host(), &arguments).finish();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let kept = project.workspaces_now();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(kept[0].join("deep").metadata().expect("it is there").uid(), REMAPPED_ROOT);
    let id = NOBODY.to_string();
    let removed = Command::new("setpriv")
        .args(["--reuid", &id, "--regid", &id, "--clear-groups", "rm", "-rf"])
        .arg(&kept[0])
        .status();
    assert!(removed.expect("setpriv can be run").success() && !kept[0].exists(), "its user may remove it");
}
