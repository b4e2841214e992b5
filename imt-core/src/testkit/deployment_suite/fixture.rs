//! Deployments, changes and releases as the cases use them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::deploy::machine::{Change, ChangeKind, DeploymentSpec, Step, StepFacts, StepResult};
use crate::deploy::release::{ContentHash, ReleaseHead, ReleaseVerdict};
use crate::deploy::settings::{DeploymentSettings, Reach, SuppliedFile, TargetSettings};
use crate::id::{CommitId, DeploymentId, InstanceId, ProjectName, ReleaseId};
use crate::ports::{
    Claimant, DeploymentClaim, DeploymentStore, EventId, KeptRelease, NewDeployment, StoreError, Target,
};
use crate::secret::{Secret, SecretBytes};
use crate::status::DeploymentEnd;
use crate::testkit::store_suite::fixture::{at, end_of, out};

pub(super) type TestStore = Arc<dyn DeploymentStore>;

pub(super) const LEASE: Duration = Duration::from_secs(30);
/// Runs out while a test waits for it, and not before its first lines are done.
pub(super) const SHORT_LEASE: Duration = Duration::from_millis(300);

pub(super) fn target(environment: &str) -> Target {
    Target { project: ProjectName::new("shop"), environment: environment.to_owned(), host: "deploy@one:22".to_owned() }
}

pub(super) fn new(environment: &str) -> NewDeployment {
    NewDeployment {
        id: DeploymentId::generate(),
        target: target(environment),
        commit: CommitId::new("c".repeat(40)),
        spec: DeploymentSpec::new(),
        settings: settings(),
        pipeline: None,
        at: at(1),
        idempotency_key: None,
    }
}

/// With a secret in it.
pub(super) fn settings() -> DeploymentSettings {
    let reach = Reach::Ssh {
        host: "one".to_owned(),
        port: 22,
        user: Some("deploy".to_owned()),
        identity: None,
        host_key: Some("SHA256:abc".to_owned()),
        jump: None,
    };
    let file = SuppliedFile { path: "prod.env".to_owned(), content: Secret::new("TOKEN=hunter2-hunter2\n") };
    DeploymentSettings {
        supplied: vec![file],
        ..DeploymentSettings::new("/srv/shop.git".to_owned(), TargetSettings::new(reach))
    }
}

/// The copy of a release, judged so many microseconds after the epoch.
pub(super) fn copy(judged_at: u64) -> KeptRelease {
    let id = ReleaseId::made_by(DeploymentId::generate());
    let head = ReleaseHead {
        id,
        commit: CommitId::new("c".repeat(40)),
        created_at: at(1),
        content: ContentHash::of_nothing(),
        verdict: ReleaseVerdict::Good,
        judged_at: at(judged_at),
    };
    let bundle = SecretBytes::new(format!("\0\u{e9} of {id}").into_bytes());
    KeptRelease { head, record: format!("{{\"id\":\"{id}\"}}"), bundle }
}

pub(super) fn claimant(instance: &str) -> Claimant {
    Claimant { instance: InstanceId::new(instance), driving: Vec::new(), lease: LEASE }
}

pub(super) async fn accept(store: &TestStore, environment: &str) -> DeploymentId {
    store.accept(new(environment), None).await.expect("accept").id
}

pub(super) async fn claim(store: &TestStore, instance: &str, which: DeploymentId) -> DeploymentClaim {
    store.claim(&claimant(instance), Some(which)).await.expect("claim").expect("it is free")
}

pub(super) async fn claimed(store: &TestStore) -> DeploymentClaim {
    let id = accept(store, "production").await;
    claim(store, "one", id).await
}

pub(super) fn change(micros: u64, kind: ChangeKind) -> Change {
    Change { at: at(micros), kind }
}

pub(super) fn begun(step: Step) -> Change {
    change(3, ChangeKind::StepBegan { step, number: 1 })
}

pub(super) fn done(step: Step) -> Change {
    change(4, ChangeKind::StepEnded { step, result: StepResult::Done(StepFacts::default()) })
}

pub(super) fn ended() -> Change {
    change(9, ChangeKind::Ended { end: DeploymentEnd::success() })
}

pub(super) fn started() -> Change {
    change(2, ChangeKind::Started)
}

pub(super) async fn changes_of(store: &TestStore, id: DeploymentId) -> Vec<Change> {
    let events = store.events_after(id, EventId::default(), 1_000).await.expect("events_after");
    assert!(events.is_sorted_by_key(|event| event.id) && events.iter().all(|event| event.deployment == id));
    events.into_iter().map(|event| event.change).collect()
}

pub(super) fn assert_lost<T: std::fmt::Debug>(answer: Result<T, StoreError>, claim: &DeploymentClaim, call: &str) {
    match answer {
        Err(StoreError::ClaimLost(lost)) => assert_eq!(lost, claim.deployment.into(), "{call} names it"),
        other => panic!("{call} must answer ClaimLost, not {other:?}"),
    }
}

/// Nothing can be written under a claim that is not the newest, or was given back.
pub(super) async fn assert_writes_nothing(store: &TestStore, claim: &DeploymentClaim) {
    let (id, before) = (claim.deployment, store.load(claim.deployment).await.expect("load"));
    let log = store.log_cursor(id).await.expect("log_cursor");
    let kept = store.kept_releases(&before.target).await.expect("kept_releases");
    assert_lost(store.renew(claim).await, claim, "renew");
    assert_lost(store.control(claim).await, claim, "control");
    assert_lost(store.commit(claim, 77, &[begun(Step::Pull)]).await, claim, "commit");
    assert_lost(store.append_log(claim, &[out(log.offset, "late")]).await, claim, "append_log");
    assert_lost(store.finish_log(claim, end_of(b"")).await, claim, "finish_log");
    assert_lost(store.keep_release(claim, &copy(1), &BTreeSet::new()).await, claim, "keep_release");
    store.release(claim).await.expect("release is idempotent");
    assert_eq!(store.load(id).await.expect("load"), before);
    assert_eq!(store.log_cursor(id).await.expect("log_cursor"), log);
    assert_eq!(store.kept_releases(&before.target).await.expect("kept_releases"), kept);
}
