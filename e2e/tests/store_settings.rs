//! The commands about a store itself: variables, keys, runners, what is kept; on SQLite and on PostgreSQL.

use std::fs;
use std::num::NonZeroU32;
use std::os::unix::fs::PermissionsExt as _;

use imt_core::id::{InstanceId, ProjectName};
use imt_core::ports::{Catalog as _, RunnerBeat, Store as _};
use imt_core::status::Status;
use imt_e2e::project::Project;
use imt_e2e::world::{FILE, World, both, given, key_file, objects, refused, run, text};
use imt_store_sql::KeyRing;
use serde_json::json;

async fn variables_come_and_go(world: &World) {
    let project = Project::without_image("jobs: { one: { script: ['echo \"$OPEN $HIDDEN\"'] } }");
    project.commit();
    let submitted = world.submit(project.path(), &[]);
    let set = given(world, &["var", "set", "OPEN", "--output", "json"], "a b\n\n");
    assert_eq!(set.code, Some(0), "{}", set.stderr);
    assert_eq!(objects(&set)[0], json!({ "project": project.name(), "name": "OPEN", "secret": false }));
    assert!(!key_file(world).exists(), "only a secret needs a key");
    let set = given(world, &["var", "set", "HIDDEN", "--secret"], "hunter22\n");
    assert_eq!(set.code, Some(0), "{}", set.stderr);
    assert_eq!(fs::metadata(key_file(world)).expect("a key file").permissions().mode() & 0o777, 0o600);
    let listed = world.json(&["var", "list"]);
    assert_eq!(listed[0], json!({ "project": project.name(), "name": "HIDDEN", "secret": true }));
    assert_eq!(listed[1], json!({ "project": project.name(), "name": "OPEN", "secret": false, "value": "a b\n" }));
    let shown = text(&world.imt(&["var", "list"]));
    assert!(shown.contains("(secret)") && !shown.contains("hunter22"), "{shown}");

    let keys = KeyRing::load(&key_file(world)).expect("a ring");
    let id = submitted["id"].as_str().expect("an id");
    assert_eq!(world.records.run(&world.home, Some(keys), id).await.status, Status::Success);
    let log = text(&world.imt(&["logs", "1"]));
    assert!(log.contains("a b\n ***") && !log.contains("hunter22"), "{log}");

    let unset = &world.json(&["var", "unset", "OPEN"])[0];
    assert_eq!(unset["removed"], true);
    refused(&world.imt(&["var", "unset", "OPEN"]), 2, &["no variable `OPEN`"]);
    assert_eq!(world.json(&["var", "list"]).len(), 1);
    refused(&given(world, &["var", "set", "IMT_X"], "v"), 2, &["IMT_X"]);
    refused(&given(world, &["var", "set", "A"], &"x".repeat(200_000)), 2, &["too long"]);
    let other = given(world, &["var", "set", "A", "--project", "new"], "v");
    assert_eq!(other.code, Some(0), "a project may be named before its first pipeline: {}", other.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_come_and_go_on_both() {
    for world in both().await {
        variables_come_and_go(&world).await;
    }
}

async fn keys_are_changed(world: &World) {
    refused(&world.imt(&["keys", "rotate"]), 2, &["no keys to rotate", "var set --secret"]);
    for name in ["A", "B"] {
        let set = given(world, &["var", "set", name, "--secret", "--project", "shop"], "hunter22");
        assert_eq!(set.code, Some(0), "{}", set.stderr);
    }
    let before = KeyRing::load(&key_file(world)).expect("a ring").sealing_key().to_owned();
    let rotated = &world.json(&["keys", "rotate"])[0];
    assert_eq!((&rotated["resealed"], &rotated["left"]), (&2.into(), &json!([])));
    assert_ne!(rotated["key"], before.as_str());
    assert_eq!(fs::read_to_string(key_file(world)).expect("the key file").lines().count(), 2, "the older key stays");
    // The new key alone opens them.
    let text = fs::read_to_string(key_file(world)).expect("the key file");
    fs::write(key_file(world), text.lines().next().expect("a line")).expect("the key file");
    let variables = world.records.open(Some(KeyRing::load(&key_file(world)).expect("a ring"))).await;
    let variables = variables.variables(&ProjectName::new("shop")).await.expect("they open");
    assert!(variables.current.iter().all(|variable| variable.value.expose() == "hunter22"));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_changed_on_both() {
    for world in both().await {
        keys_are_changed(&world).await;
    }
}

async fn old_pipelines_go(world: &World) {
    let project = Project::without_image(FILE);
    project.commit();
    for _ in 0..2 {
        let submitted = world.submit(project.path(), &[]);
        run(world, &submitted).await;
    }
    world.submit(project.path(), &[]);
    assert_eq!(
        world.json(&["gc"])[0],
        json!({ "pipelines": 0, "deployments": 0, "log_bytes": 0, "set_aside": [] }),
        "30 days, and 50 of them"
    );
    let removed = &world.json(&["gc", "--older-than", "0s", "--keep", "0"])[0];
    assert_eq!(removed["pipelines"], 2);
    assert!(removed["log_bytes"].as_u64().expect("a number") > 50, "{removed}");
    assert_eq!(text(&world.imt(&["gc", "--older-than", "0s", "--keep", "0"])), "Nothing to remove.\n");
    assert_eq!(world.json(&["pipelines"]).len(), 1, "what is not over stays");
    assert_eq!(world.submit(project.path(), &[])["number"], 4, "numbers are not used again");
    refused(&world.imt(&["gc", "--older-than", "soon"]), 2, &["30d"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_pipelines_go_on_both() {
    for world in both().await {
        old_pipelines_go(&world).await;
    }
}

async fn runners_are_told(world: &World) {
    assert_eq!(text(&world.imt(&["runners"])), "There are no runners.\n");
    let beat = RunnerBeat {
        instance: InstanceId::new("instance-1"),
        host: "builder".to_owned(),
        version: "0.1.0".to_owned(),
        labels: vec!["arm".to_owned()],
        capacity: NonZeroU32::new(2).expect("not 0"),
        driving: 1,
        draining: false,
    };
    world.records.open(None).await.beat(&beat).await.expect("a sign of life");
    let told = &world.json(&["runners"])[0];
    assert_eq!(
        (&told["runner"], &told["host"], &told["alive"]),
        (&"instance-1".into(), &"builder".into(), &true.into())
    );
    assert_eq!((&told["labels"], &told["driving"], &told["capacity"]), (&json!(["arm"]), &1.into(), &2.into()));
    // A label that no runner has is the reason for waiting, and told where the pipeline is handed in.
    let project = Project::without_image("runs_on: [gpu]\njobs: { one: { script: [\"true\"] } }");
    project.commit();
    let path = project.path().display().to_string();
    let submitted = world.imt(&["submit", &path, "--commit", "main"]);
    assert_eq!(submitted.code, Some(0), "{}", submitted.stderr);
    assert!(submitted.stderr.contains("`gpu`"), "{}", submitted.stderr);
    let waiting = &world.json(&["show", "1"])[0]["waiting"];
    assert_eq!(waiting, &json!({ "type": "no_such_runner", "labels": ["gpu"] }));
    assert!(text(&world.imt(&["show", "1"])).contains("`gpu`"));
}

#[tokio::test(flavor = "multi_thread")]
async fn runners_are_told_on_both() {
    for world in both().await {
        runners_are_told(&world).await;
    }
}
