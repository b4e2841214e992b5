//! Rotating the keys of a store that several hosts use, each with its own copy of the key file.

use std::fs;
use std::num::NonZeroU32;
use std::os::unix::fs::PermissionsExt as _;

use imt_core::id::InstanceId;
use imt_core::ports::{Catalog as _, RunnerBeat};
use imt_e2e::imt::Home;
use imt_e2e::records::Records;
use imt_e2e::runner::{Host, Watch, assert_success, stop};
use imt_e2e::wait::SOON;
use imt_e2e::world::{objects, refused};
use serde_json::Value;

fn copy_keys(from: &Host, to: &Host) {
    let file = to.key_file();
    fs::create_dir_all(file.parent().expect("a directory")).expect("a state directory");
    fs::copy(from.key_file(), &file).expect("the keys are copied");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("a mode");
}

fn json(host: &Host, arguments: &[&str]) -> Value {
    let answer = host.answer(&[arguments, &["--output", "json"]].concat());
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    objects(&answer)[0].clone()
}

/// A key seals only when every host has it, so that a runner that goes on all the time opens every secret.
async fn rotated_in_two_halves(records: &Records) {
    let (one, two, watch) = (Host::new(records), Host::new(records), Watch::new(records).await);
    refused(&one.answer(&["keys", "add"]), 2, &["no keys to rotate", "var set --secret"]);
    one.set_secret(&watch.project, "TOKEN", "hunter2-hunter2");
    copy_keys(&one, &two);
    let elsewhere = RunnerBeat {
        instance: InstanceId::new("instance-2"),
        host: "elsewhere".to_owned(),
        version: "0.1.0".to_owned(),
        labels: Vec::new(),
        capacity: NonZeroU32::MIN,
        driving: 0,
        draining: false,
    };
    watch.store.beat(&elsewhere).await.expect("a sign of life");
    let runner = two.runner(&["--executor", "local"]);
    let runs = async || {
        let file = "jobs: { one: { script: ['test \"$TOKEN\" = hunter2-hunter2'] } }";
        let pipeline = watch.hand_in(file).await;
        assert_success(&watch.ended(pipeline, SOON).await);
    };
    runs().await;
    refused(&one.answer(&["keys", "rotate"]), 2, &["elsewhere", "imt keys add", "keys"]);

    let added = json(&one, &["keys", "add"]);
    assert_eq!(added["file"], one.key_file().to_string_lossy().as_ref());
    let again = json(&one, &["keys", "add"]);
    assert_eq!((&again["key"], &again["added"]), (&added["key"], &false.into()), "one at a time");
    copy_keys(&one, &two);
    let rotated = json(&one, &["keys", "rotate"]);
    assert_eq!((&rotated["key"], &rotated["resealed"]), (&added["key"], &1.into()));
    // The runner of the other host read its keys before any of this.
    runs().await;
    let there = json(&two, &["keys", "rotate"]);
    assert_eq!((&there["key"], &there["resealed"]), (&added["key"], &0.into()), "it seals with the same one");
    two.set_secret(&watch.project, "OTHER", "hunter2-hunter2");
    assert_eq!(json(&one, &["var", "list", "--project", &watch.project])["name"], "OTHER");
    refused(&one.answer(&["keys", "rotate"]), 2, &["elsewhere"]);
    stop(runner);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_host_meets_a_key_that_it_lacks_on_sqlite() {
    let home = Home::new();
    rotated_in_two_halves(&Records::Sqlite(home.path().join("store.db"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_host_meets_a_key_that_it_lacks_on_postgres() {
    rotated_in_two_halves(&Records::postgres().await).await;
}
