//! Deployments in a SQLite file, beyond what every store promises: rows that make no sense, commits that are repeated by
//! another process, and what is sealed.

mod earlier;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use imt_core::deploy::machine::{Change, ChangeKind, DeploymentSpec};
use imt_core::deploy::release::{ContentHash, ReleaseHead, ReleaseVerdict};
use imt_core::deploy::settings::{DeploymentSettings, Reach, SuppliedFile, TargetSettings};
use imt_core::id::{CommitId, DeploymentId, InstanceId, ProjectName, ReleaseId};
use imt_core::ports::{
    Claimant, DeploymentClaim, DeploymentStore, EventId, KeptRelease, NewDeployment, StoreError, Target,
};
use imt_core::secret::{Secret, SecretBytes};
use imt_core::status::DeploymentStatus;
use imt_core::time::Timestamp;
use imt_store_sql::{KeyRing, SqlStore};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions};

use self::earlier::TAKEN_AWAY;

const AT: Timestamp = Timestamp::from_micros(1);

/// With the keys in the file beside it.
async fn open(path: &Path) -> SqlStore {
    let keys = KeyRing::load_or_generate(&path.with_file_name("keys")).expect("a ring");
    open_with(path, Some(keys)).await
}

async fn open_with(path: &Path, keys: Option<KeyRing>) -> SqlStore {
    imt_store_sqlite::open(path, keys).await.expect("the store opens")
}

async fn run(path: &Path, sql: &str) {
    let mut connection =
        SqliteConnectOptions::new().filename(path).foreign_keys(false).connect().await.expect("the file opens");
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.expect(sql);
}

fn project() -> ProjectName {
    ProjectName::new("shop")
}

const SECRET: &str = "hunter2-of-the-deployment";

fn settings() -> DeploymentSettings {
    let file = SuppliedFile { path: "prod.env".to_owned(), content: Secret::new(SECRET) };
    let target = TargetSettings::new(Reach::Local);
    DeploymentSettings { supplied: vec![file], ..DeploymentSettings::new(String::new(), target) }
}

fn new() -> NewDeployment {
    NewDeployment {
        id: DeploymentId::generate(),
        target: Target { project: project(), environment: "production".to_owned(), host: "one".to_owned() },
        commit: CommitId::new("c".repeat(40)),
        spec: DeploymentSpec::new(),
        settings: settings(),
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

async fn claimed(store: &SqlStore) -> DeploymentClaim {
    store.accept(new(), Some(&claimant())).await.expect("accept").claim.expect("it was made for us")
}

fn copy(of: DeploymentId) -> KeptRelease {
    let head = ReleaseHead {
        id: ReleaseId::made_by(of),
        commit: CommitId::new("c".repeat(40)),
        created_at: AT,
        content: ContentHash::of_nothing(),
        verdict: ReleaseVerdict::Good,
        judged_at: AT,
    };
    KeptRelease { head, record: format!("record {SECRET}"), bundle: SecretBytes::new(format!("bundle {SECRET}")) }
}

#[tokio::test]
async fn what_is_sealed_is_in_no_file_and_opens_in_its_place_only() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let store = open(&path).await;
    let (claim, release) = (claimed(&store).await, copy(DeploymentId::generate()));
    let target = new().target;
    store.keep_release(&claim, &release, &BTreeSet::new()).await.expect("keep_release");
    for file in std::fs::read_dir(dir.path()).expect("the directory").map(|entry| entry.expect("an entry").path()) {
        let bytes = std::fs::read(&file).expect("the file");
        assert!(!bytes.windows(SECRET.len()).any(|seen| seen == SECRET.as_bytes()), "{}", file.display());
    }
    let without = open_with(&path, None).await;
    let refused = without.settings(claim.deployment).await.expect_err("there is no key");
    assert!(refused.to_string().contains("key ring does not have"), "{refused}");
    assert!(without.kept_release(&target, release.head.id).await.is_err());
    assert_eq!(without.kept_releases(&target).await.expect("a list opens nothing").found.len(), 1);

    for swap in ["record = bundle, record_key = bundle_key", "bundle = record, bundle_key = record_key", "host = 'two'"]
    {
        let (store, claim) = (open(&path).await, claimed(&store).await);
        store.keep_release(&claim, &release, &BTreeSet::new()).await.expect("keep_release");
        run(&path, &format!("UPDATE releases SET {swap}")).await;
        let target =
            if swap.starts_with("host") { Target { host: "two".to_owned(), ..target.clone() } } else { target.clone() };
        assert!(store.kept_release(&target, release.head.id).await.is_err(), "{swap}");
    }
    let other = claimed(&store).await.deployment;
    run(
        &path,
        "UPDATE deployment_settings SET value = (SELECT value FROM deployment_settings ORDER BY deployment LIMIT 1)",
    )
    .await;
    assert!(store.settings(other).await.is_err(), "it does not open in another row");
}

#[tokio::test]
async fn nothing_is_accepted_or_kept_without_a_key() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let without = open_with(&path, None).await;
    let refused = without.accept(new(), None).await.expect_err("it holds secrets");
    assert!(refused.to_string().contains("needs a key ring"), "{refused}");
    let claim = claimed(&open(&path).await).await;
    let refused = without.keep_release(&claim, &copy(claim.deployment), &BTreeSet::new()).await.expect_err("no key");
    assert!(refused.to_string().contains("needs a key ring"), "{refused}");
}

#[tokio::test]
async fn a_deployment_of_schema_4_is_there_and_says_that_it_has_no_settings() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let claim = claimed(&open(&path).await).await;
    for sql in TAKEN_AWAY[3..].iter().rev() {
        run(&path, sql).await;
    }
    let store = open(&path).await;
    store.renew(&claim).await.expect("the claim still holds");
    let refused = store.settings(claim.deployment).await.expect_err("there are none");
    assert!(refused.to_string().contains("a version of IMT that kept none"), "{refused}");
    assert_eq!(store.target(&project(), "production").await.expect("target"), None);
    let release = copy(claim.deployment);
    store.keep_release(&claim, &release, &BTreeSet::new()).await.expect("keep_release");
    let newer = claimed(&store).await.deployment;
    assert_eq!(store.settings(newer).await.expect("settings"), settings());
}

#[tokio::test]
async fn rotating_seals_settings_and_releases_anew() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let ring = KeyRing::generate().expect("a key");
    let store = open_with(&path, Some(ring.clone())).await;
    let mut ids = Vec::new();
    let mut releases = Vec::new();
    for _ in 0..20 {
        let claim = claimed(&store).await;
        let release = copy(claim.deployment);
        let others: BTreeSet<ReleaseId> = releases.iter().map(|kept: &KeptRelease| kept.head.id).collect();
        store.keep_release(&claim, &release, &others).await.expect("keep_release");
        ids.push(claim.deployment);
        releases.push(release);
    }
    run(&path, "UPDATE releases SET bundle = x'00' WHERE id = (SELECT MIN(id) FROM releases)").await;
    let newest = ring.with_new_key().expect("a key");
    let done = open_with(&path, Some(newest.clone())).await.reseal(500).await.expect("reseal");
    assert_eq!(done.count, 59);
    let spoiled = releases.remove(0).head.id.to_string();
    assert!(
        done.left.len() == 1 && done.left[0].contains(&format!("the bundle of release {spoiled}")),
        "{:?}",
        done.left
    );
    let only_new = open_with(&path, Some(newest.without_old_keys())).await;
    for id in ids {
        assert_eq!(only_new.settings(id).await.expect("the old key is needed no more"), settings());
    }
    for release in releases {
        let kept = only_new.kept_release(&new().target, release.head.id).await.expect("kept_release");
        assert_eq!(kept, Some(release));
    }
}

#[tokio::test]
async fn a_broken_target_or_release_hides_no_other() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let store = open(&path).await;
    let claim = claimed(&store).await;
    let (good, bad) = (copy(claim.deployment), copy(DeploymentId::generate()));
    store.keep_release(&claim, &bad, &BTreeSet::new()).await.expect("keep_release");
    store
        .remember_target(&project(), "staging", &TargetSettings::new(Reach::Local), AT)
        .await
        .expect("remember_target");
    run(&path, "UPDATE targets SET settings = '{' WHERE environment = 'staging'").await;
    let listed = store.targets(&project()).await.expect("targets");
    assert_eq!((listed.found.len(), listed.set_aside.len()), (1, 1), "{:?}", listed.set_aside);
    assert!(listed.set_aside[0].contains("`staging`"), "{:?}", listed.set_aside);
    assert!(store.target(&project(), "staging").await.is_err());
    for spoil in ["head = '{'", "head = replace(head, id, '00000000-0000-0000-0000-000000000000')"] {
        run(&path, &format!("UPDATE releases SET {spoil}")).await;
        store.keep_release(&claim, &good, &BTreeSet::from([bad.head.id])).await.expect("keep_release");
        let listed = store.kept_releases(&new().target).await.expect("kept_releases");
        assert_eq!((listed.found, listed.set_aside.len()), (vec![good.head.clone()], 1), "{spoil}");
        assert!(listed.set_aside[0].contains(&bad.head.id.to_string()), "{:?}", listed.set_aside);
        store.keep_release(&claim, &bad, &BTreeSet::new()).await.expect("it is replaced");
    }
}
