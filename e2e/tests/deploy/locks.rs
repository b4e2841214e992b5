//! Several deployments to one target: one at a time, and no lock outlives its holder.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use imt_e2e::deploying::{By, Target, told};
use imt_e2e::docker::docker;
use imt_e2e::imt::{Home, Running};
use imt_e2e::little::{Little, let_be_healthy};
use rustix::process::Signal;

fn version(target: &Target) -> String {
    docker(&["exec", &target.ids()["app"], "cat", "/version"])
}

fn kill(running: Running) {
    running.signal(Signal::KILL);
    let killed = running.finish();
    assert_eq!(killed.code, None, "it ended by itself: {}", told(&killed));
}

#[test]
fn one_waits_or_is_told_who_holds_the_target() {
    let (little, target) = (Little::new(), Target::new(By::Ssh));
    target.deploy(little.path(), &[], 0);
    little.release_that_waits("2");
    let mut first = target.deploying(little.path(), &["--wait-timeout", "5m"]);
    first.await_text("verify …");
    let (impatient, patient) = (Home::new(), Home::new());
    let refused = target.deploying_from(&impatient, little.path(), &["--lock-timeout", "0s"]).finish();
    assert_eq!(refused.code, Some(11), "{}", told(&refused));
    let holder = format!("deployment 2 of {}/production", target.project());
    assert!(refused.stderr.contains(&holder) && refused.stderr.contains("holds the target"), "{}", told(&refused));

    little.release("3");
    let mut second = target.deploying_from(&patient, little.path(), &[]);
    second.await_text("waiting for the target");
    let_be_healthy(&target);
    let first = first.finish();
    assert_eq!(first.code, Some(0), "{}", told(&first));
    target.ended(second, 0);
    assert_eq!(version(&target), "3");
}

#[test]
fn a_newer_deployment_supersedes_one_that_waits() {
    let (little, target) = (Little::new(), Target::new(By::Local));
    little.release_that_waits("1");
    let mut first = target.deploying(little.path(), &["--wait-timeout", "5m"]);
    first.await_text("verify …");
    little.release("2");
    let mut second = target.deploying(little.path(), &[]);
    second.await_text("waiting for the target");
    little.release("3");
    let mut third = target.deploying(little.path(), &[]);
    let second = second.finish();
    assert_eq!(second.code, Some(12), "{}", told(&second));
    assert!(second.stderr.contains("superseded"), "{}", told(&second));
    third.await_text("waiting for the target");
    let_be_healthy(&target);
    let first = first.finish();
    assert_eq!(first.code, Some(0), "what has begun is not superseded: {}", told(&first));
    target.ended(third, 0);
    assert_eq!(version(&target), "3");
}

#[test]
fn the_lock_of_a_killed_process_is_taken_over_by_somebody_who_knows_nothing() {
    let (little, target) = (Little::new(), Target::new(By::Ssh));
    target.deploy(little.path(), &[], 0);
    little.release("2");
    let mut killed = target.deploying(little.path(), &["--stable-for", "30s"]);
    killed.await_text("verify …");
    kill(killed);
    let stranger = Home::new();
    let refused = target.deploying_from(&stranger, little.path(), &["--lock-timeout", "0s"]).finish();
    assert_eq!(refused.code, Some(11), "the lock is fresh: {}", told(&refused));

    little.release("3");
    let mut next = target.deploying_from(&Home::new(), little.path(), &[]);
    next.await_text("waiting for the target");
    next.await_text("which was interrupted");
    let next = target.ended(next, 0);
    assert!(next.took > Duration::from_secs(30), "it waited for the lock to be stale: {:?}", next.took);
    assert_eq!(version(&target), "3");
}

#[test]
fn the_same_command_again_closes_what_was_interrupted() {
    let (little, target) = (Little::new(), Target::new(By::Local));
    let good = little.release("1");
    target.deploy(little.path(), &[], 0);
    little.release("2");
    for step in ["transfer …", "verify …"] {
        let mut killed = target.deploying(little.path(), &["--stable-for", "3s"]);
        killed.await_text(step);
        kill(killed);
        let (began, mut again) = (Instant::now(), target.deploying(little.path(), &[]));
        again.await_text("going on, by");
        let waited = began.elapsed();
        let again = target.ended(again, 0);
        assert!(again.stderr.contains("was interrupted"), "{}", told(&again));
        // The claim of the dead would last for at least 20 s more.
        assert!(waited < Duration::from_secs(15), "{waited:?}: {}", told(&again));
        assert_eq!(version(&target), "2");
        assert_ne!(target.newest_good(), good);
        little.release("1");
        target.deploy(little.path(), &[], 0);
        little.release("2");
    }
}

/// The files below directories of this name.
fn files_in(name: &str, dir: &Path, is_in: bool, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            files_in(name, &entry.path(), is_in || entry.file_name() == name, found);
        } else if is_in {
            found.push(entry.path());
        }
    }
}

fn checkouts(target: &Target) -> Vec<PathBuf> {
    let mut found = Vec::new();
    files_in("checkouts", target.home.path(), false, &mut found);
    found
}

#[test]
fn an_interrupted_deployment_is_gone_on_with_from_its_own_commit_and_its_checkout_goes() {
    let (little, target) = (Little::new(), Target::new(By::Local));
    let commit = little.release("1");
    let mut killed = target.deploying(little.path(), &["--stable-for", "3s"]);
    killed.await_text("verify …");
    kill(killed);
    assert!(!checkouts(&target).is_empty(), "a killed command cannot tidy up");
    // What lies in the directory by now is no project at all.
    little.repository().write("compose.yml", "services: [\n");
    let next = target.deploy(little.path(), &["--dirty"], 2);
    let said = told(&next);
    assert!(said.contains("was interrupted") && said.contains("compose.yml"), "{said}");
    assert!(!said.contains("no copy of the release"), "{said}");
    assert_eq!(target.newest_good(), commit, "{said}");
    assert_eq!(version(&target), "1");
    assert_eq!(checkouts(&target), Vec::<PathBuf>::new(), "{said}");
}
