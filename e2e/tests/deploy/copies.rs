//! Releases that a target has lost, or that are damaged there, come back from the copies in the store.

use std::fs;
use std::path::PathBuf;

use imt_e2e::deploying::{By, Target, told};
use imt_e2e::docker::docker;
use imt_e2e::imt::{Finished, Home, Output, Running};
use imt_e2e::little::Little;

const UNHEALTHY: &str = "    healthcheck: { test: [CMD, \"false\"], interval: 1s, timeout: 1s, retries: 1 }\n";
const SAYS: &str = "its copy in the store is used";

fn version(target: &Target) -> String {
    docker(&["exec", &target.ids()["app"], "cat", "/version"])
}

/// Where the newest release of a commit is recorded on the target.
fn recorded(target: &Target, commit: &str) -> PathBuf {
    let of_it = |release: &serde_json::Value| release["commit"] == *commit;
    let release = target.releases().into_iter().rev().find(of_it).expect("it is recorded");
    target.dir().join(".imt/releases").join(release["id"].as_str().expect("an id"))
}

fn rollback(target: &Target, home: &Home, more: &[&str]) -> Finished {
    let mut imt = target.imt(home, &["rollback"]);
    imt.args(["--stable-for", "1s", "--wait-timeout", "1m", "--output", "plain"]).args(more);
    Running::start(imt, Output::Bytes).finish()
}

#[test]
fn the_automatic_way_back_leads_to_a_release_that_the_target_has_lost() {
    let (little, target) = (Little::new(), Target::new(By::Ssh));
    target.deploy(little.path(), &[], 0);
    let good = little.release("2");
    target.deploy(little.path(), &[], 0);
    little.release_with("3", UNHEALTHY);

    fs::remove_dir_all(target.dir().join(".imt/releases")).expect("the releases");
    let lost = target.deploy(little.path(), &[], 20);
    assert!(told(&lost).contains(SAYS), "{}", told(&lost));
    assert_eq!((version(&target), target.newest_good()), ("2".to_owned(), good.clone()), "{}", told(&lost));
    assert!(recorded(&target, &good).join("files/compose.yml").exists(), "it is there again, whole");

    for damage in ["files/compose.yml", "files/.imt/deploy.yml", "manifest", "release.json"] {
        fs::write(recorded(&target, &good).join(damage), "damaged").expect("the file");
        let damaged = target.deploy(little.path(), &[], 20);
        assert!(told(&damaged).contains(SAYS), "{damage}: {}", told(&damaged));
        assert_eq!((version(&target), target.newest_good()), ("2".to_owned(), good.clone()), "{damage}");
    }
    let whole = target.deploy(little.path(), &[], 20);
    assert!(!told(&whole).contains(SAYS), "what is whole needs no copy: {}", told(&whole));
}

#[test]
fn a_rollback_by_hand_takes_the_copy_where_the_store_has_one() {
    let (little, target) = (Little::new(), Target::new(By::Local));
    let first = little.release("1");
    target.deploy(little.path(), &[], 0);
    little.release("2");
    target.deploy(little.path(), &[], 0);
    fs::remove_dir_all(recorded(&target, &first)).expect("the release");

    let elsewhere = rollback(&target, &Home::new(), &["--to", &first]);
    assert_eq!(elsewhere.code, Some(2), "an empty store has no copy: {}", told(&elsewhere));
    let back = rollback(&target, &target.home, &["--to", &first]);
    assert_eq!(back.code, Some(0), "{}", told(&back));
    assert!(told(&back).contains(SAYS), "{}", told(&back));
    assert_eq!((version(&target), target.newest_good()), ("1".to_owned(), first.clone()));
    // The target has it again: another machine with an empty store needs nothing but the target.
    little.release("2");
    target.deploy(little.path(), &[], 0);
    let elsewhere = rollback(&target, &Home::new(), &[]);
    assert_eq!((elsewhere.code, version(&target)), (Some(0), "1".to_owned()), "{}", told(&elsewhere));
    target.assert_tidy();
}
