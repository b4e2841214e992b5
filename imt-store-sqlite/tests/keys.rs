//! Keys of a store: the wrong ones are refused, and rotating them disturbs nobody.

use std::path::Path;

use imt_core::id::{PipelineId, ProjectName};
use imt_core::pipeline;
use imt_core::plan::{self, Trigger};
use imt_core::ports::{Catalog, NewPipeline, Store, Variable};
use imt_core::secret::Secret;
use imt_core::time::Timestamp;
use imt_store_sql::{KeyRing, OpenError, SqlStore};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

async fn open(path: &Path, keys: Option<KeyRing>) -> SqlStore {
    imt_store_sqlite::open(path, keys).await.expect("the store opens")
}

fn shop() -> ProjectName {
    ProjectName::new("shop")
}

async fn set(store: &SqlStore, name: &str) {
    let variable = Variable { name: name.into(), value: Secret::new(format!("{name}-hunter2")), is_secret: true };
    store.set_variable(&shop(), variable).await.expect("set_variable");
}

#[tokio::test]
async fn a_wrong_key_ring_is_refused_at_opening() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let right = KeyRing::generate().expect("a key");
    set(&open(&path, Some(right.clone())).await, "TOKEN").await;
    let refused = imt_store_sqlite::open(&path, Some(KeyRing::generate().expect("a key"))).await;
    assert!(matches!(refused, Err(OpenError::Refused { .. })), "{refused:?}");
    let without = open(&path, None).await.variables(&shop()).await;
    assert!(
        without.is_err_and(|error| error.to_string().contains(right.sealing_key())),
        "it says which key is missing"
    );
    open(&path, Some(right.with_new_key().expect("a key")))
        .await
        .variables(&shop())
        .await
        .expect("one of its keys is right");
}

#[tokio::test(flavor = "multi_thread")]
async fn rotating_disturbs_no_reader() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let (path, file) = (dir.path().join("store.db"), dir.path().join("keys"));
    let first = KeyRing::load_or_generate(&file).expect("a ring");
    // The reader has its ring from before the rotation, and only the file to hear of it.
    let reader = open(&path, Some(first.clone())).await;
    for n in 0..500 {
        set(&reader, &format!("TOKEN_{n:04}")).await;
    }
    let coming = first.with_key_to_come().expect("a key");
    assert_eq!(coming.sealing_key(), first.sealing_key());
    coming.save(&file).expect("the file is written");
    let newest = coming.sealing_with_key_to_come().expect("there is one");
    newest.save(&file).expect("the file is written");
    let rotating = open(&path, Some(newest.clone())).await;
    let rotation = tokio::spawn(async move { rotating.reseal(50).await });
    while !rotation.is_finished() {
        let seen = reader.variables(&shop()).await.expect("every value opens all the time");
        assert!(seen.current.iter().all(|v| v.value.expose() == format!("{}-hunter2", v.name)));
    }
    let done = rotation.await.expect("no panic").expect("reseal");
    assert_eq!((done.count, done.left.len()), (500, 0));
    let only_new = open(&path, Some(newest.without_old_keys())).await;
    assert_eq!(only_new.variables(&shop()).await.expect("the old key is needed no more").current.len(), 500);
}

async fn hand_in(store: &SqlStore) {
    let spec = pipeline::read(b"jobs: { hello: { script: echo hello } }", "pipeline.yml").spec.expect("a good file");
    let plan = plan::build(&spec, &shop(), Trigger::manual()).expect("a plan");
    let at = Timestamp::from_micros(1);
    let new = NewPipeline { id: PipelineId::generate(), plan, at, idempotency_key: None };
    store.enqueue(new, None).await.expect("enqueue");
}

async fn change(store: &SqlStore, value: &str) {
    let variable = Variable { name: "TOKEN".into(), value: Secret::new(value), is_secret: true };
    store.set_variable(&shop(), variable).await.expect("set_variable");
}

async fn replaced(store: &SqlStore) -> Vec<String> {
    let told = store.variables(&shop()).await.expect("variables").replaced;
    told.iter().map(|secret| secret.expose().to_owned()).collect()
}

#[tokio::test]
async fn a_replaced_secret_is_sealed_in_its_own_place_and_rotated_too() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let ring = KeyRing::generate().expect("a key");
    let store = open(&path, Some(ring.clone())).await;
    hand_in(&store).await;
    change(&store, "first").await;
    let without = open(&path, None).await;
    let refused = without.unset_variable(&shop(), "TOKEN").await.expect_err("nobody could mask it");
    assert!(refused.to_string().contains(ring.sealing_key()) && refused.to_string().contains("masked"), "{refused}");
    change(&store, "second").await;
    assert_eq!(replaced(&store).await, ["first"]);
    let newest = ring.with_new_key().expect("a key");
    let done = open(&path, Some(newest.clone())).await.reseal(1).await.expect("reseal");
    assert_eq!((done.count, done.left.len()), (2, 0));
    let store = open(&path, Some(newest.without_old_keys())).await;
    assert_eq!(replaced(&store).await, ["first"]);

    let mut connection = SqliteConnectOptions::new().filename(&path).connect().await.expect("the file opens");
    let put_back = "UPDATE variables SET value = (SELECT value FROM replaced_secrets)";
    sqlx::query(put_back).execute(&mut connection).await.expect("a row is moved");
    assert!(store.variables(&shop()).await.is_err(), "it does not open in another place");
}

#[tokio::test]
async fn a_broken_replaced_secret_goes_when_its_variable_is_set_anew() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let store = open(&path, Some(KeyRing::generate().expect("a key"))).await;
    hand_in(&store).await;
    change(&store, "first").await;
    change(&store, "second").await;
    let mut connection = SqliteConnectOptions::new().filename(&path).connect().await.expect("the file opens");
    let spoil = "UPDATE replaced_secrets SET value = x'00'";
    sqlx::query(spoil).execute(&mut connection).await.expect("a row is spoiled");
    let refused = store.variables(&shop()).await.expect_err("what is to be masked is not known");
    assert!(refused.to_string().contains("TOKEN"), "{refused}");
    change(&store, "third").await;
    assert_eq!(replaced(&store).await, ["second"]);
}

#[tokio::test]
async fn what_does_not_open_is_left_and_named() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let ring = KeyRing::generate().expect("a key");
    let store = open(&path, Some(ring.clone())).await;
    for name in ["A", "B", "C"] {
        set(&store, name).await;
    }
    let mut connection = SqliteConnectOptions::new().filename(&path).connect().await.expect("the file opens");
    let spoil = "UPDATE variables SET value = x'00' WHERE name = 'B'";
    sqlx::query(spoil).execute(&mut connection).await.expect("a row is spoiled");
    let rotating = open(&path, Some(ring.with_new_key().expect("a key"))).await;
    let done = rotating.reseal(1).await.expect("reseal");
    assert_eq!(done.count, 2);
    assert!(done.left.len() == 1 && done.left[0].contains("variable B"), "{:?}", done.left);
}
