//! Keys of a store: the wrong ones are refused, and rotating them disturbs nobody.

use std::path::Path;

use imt_core::id::ProjectName;
use imt_core::ports::{Catalog, Store, Variable};
use imt_core::secret::Secret;
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
