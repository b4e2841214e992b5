//! Deployments in a SQLite file, beyond what every store promises: rows that make no sense, and commits that are repeated by
//! another process.

use std::path::Path;
use std::time::Duration;

use imt_core::deploy::machine::{Change, ChangeKind, DeploymentSpec};
use imt_core::id::{CommitId, DeploymentId, InstanceId, ProjectName};
use imt_core::ports::{Claimant, DeploymentStore, EventId, NewDeployment, StoreError, Target};
use imt_core::status::DeploymentStatus;
use imt_core::time::Timestamp;
use imt_store_sql::SqlStore;
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

const AT: Timestamp = Timestamp::from_micros(1);

async fn open(path: &Path) -> SqlStore {
    imt_store_sqlite::open(path, None).await.expect("the store opens")
}

async fn run(path: &Path, sql: &'static str) {
    let mut connection = SqliteConnectOptions::new().filename(path).connect().await.expect("the file opens");
    sqlx::raw_sql(sql).execute(&mut connection).await.expect(sql);
}

fn project() -> ProjectName {
    ProjectName::new("shop")
}

fn new() -> NewDeployment {
    NewDeployment {
        id: DeploymentId::generate(),
        target: Target { project: project(), environment: "production".to_owned(), host: "one".to_owned() },
        commit: CommitId::new("c".repeat(40)),
        spec: DeploymentSpec::new(),
        pipeline: None,
        at: AT,
        idempotency_key: None,
    }
}

fn claimant() -> Claimant {
    Claimant { instance: InstanceId::new("one"), driving: Vec::new(), lease: Duration::from_mins(10) }
}

#[tokio::test]
async fn a_commit_whose_outcome_is_unknown_is_repeated_without_being_done_twice() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let store = open(&path).await;
    let accepted = store.accept(new(), Some(&claimant())).await.expect("accept");
    let (id, claim) = (accepted.id, accepted.claim.expect("it was made for us"));
    let started = [Change { at: AT, kind: ChangeKind::Started }];
    // Whoever waited for it is gone; the commit is finished, or was never begun.
    let mut commit = Box::pin(store.commit(&claim, 1, &started));
    assert!(begun(&mut commit).await);
    drop(commit);
    let last = open(&path).await.commit(&claim, 1, &started).await.expect("it is repeated");
    assert_eq!(store.commit(&claim, 1, &started).await.expect("and again"), last);
    let events = store.events_after(id, EventId::default(), 10).await.expect("events_after");
    assert_eq!(events.iter().map(|event| event.id).collect::<Vec<_>>(), [last]);
    assert_eq!(store.load(id).await.expect("load").state.status, DeploymentStatus::Deploying);
}

/// Polls once; answers whether it was begun.
async fn begun<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|context| {
        let _outcome_unknown = std::pin::Pin::new(&mut *future).poll(context);
        std::task::Poll::Ready(true)
    })
    .await
}

#[tokio::test]
async fn a_row_that_makes_no_sense_is_set_aside_and_keeps_nobody_waiting() {
    for spoil in [
        "UPDATE deployments SET id = 'nonsense' WHERE number = 1",
        "UPDATE deployments SET id = 'nonsense', token = 1, holder = 'nobody', lease_until = 1 WHERE number = 1",
    ] {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
        let path = dir.path().join("store.db");
        let store = open(&path).await;
        store.accept(new(), None).await.expect("accept");
        run(&path, spoil).await;
        let good = store.accept(new(), None).await.expect("a newer one is taken").id;
        let claim = store.claim(&claimant(), None).await.expect("claim").expect("the good one is reached");
        assert_eq!(claim.deployment, good, "{spoil}");
        let listed = store.deployments(&project(), None, 10).await.expect("deployments");
        assert_eq!((listed.found.len(), listed.set_aside.len()), (1, 1), "{:?}", listed.set_aside);
        assert!(listed.set_aside[0].contains("#1"), "{:?}", listed.set_aside);
    }
}

#[tokio::test]
async fn a_state_that_makes_no_sense_is_told_and_keeps_no_newer_one_out() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let store = open(&path).await;
    let bad = store.accept(new(), None).await.expect("accept").id;
    run(&path, "UPDATE deployments SET state = '{', status = 'nonsense' WHERE number = 1").await;
    let good = store.accept(new(), None).await.expect("a newer one is taken").id;
    assert!(matches!(store.load(bad).await, Err(StoreError::Internal { .. })));
    let claimant = Claimant { driving: vec![bad], ..claimant() };
    let claim = store.claim(&claimant, None).await.expect("claim").expect("the good one is reached");
    assert_eq!(claim.deployment, good);
    let listed = store.deployments(&project(), None, 10).await.expect("deployments");
    assert_eq!((listed.found.len(), listed.set_aside.len()), (1, 1), "{:?}", listed.set_aside);
}
