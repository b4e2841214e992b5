//! What one process writes to the file another one's reader sees without waiting for its next look.

use std::sync::Arc;
use std::time::Duration;

use imt_core::deploy::machine::{self, DeploymentSpec};
use imt_core::deploy::settings::{DeploymentSettings, Reach, TargetSettings};
use imt_core::feed::{DeploymentFeed, DeploymentObservation, Feed, Observation, Waker};
use imt_core::id::{CommitId, DeploymentId, InstanceId, PipelineId, ProjectName};
use imt_core::pipeline;
use imt_core::plan::{self, Trigger};
use imt_core::ports::{Claimant, NewDeployment, NewPipeline, RunnerInfo, Store, Target};
use imt_core::schedule::{Change, ChangeKind};
use imt_core::time::Timestamp;
use imt_store_sql::KeyRing;

#[tokio::test(flavor = "multi_thread")]
async fn readers_of_other_processes_are_woken() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let writer = imt_store_sqlite::open(&path, None).await.expect("a new store");
    let reader = imt_store_sqlite::open(&path, None).await.expect("the store opens");
    let spec = pipeline::read(b"jobs: { hello: { script: echo hello } }", "pipeline.yml").spec.expect("a good file");
    let plan = plan::build(&spec, &ProjectName::new("demo"), Trigger::manual()).expect("a plan");
    let at = Timestamp::from_micros(1);
    let runner = RunnerInfo {
        instance: InstanceId::new("one"),
        labels: Vec::new(),
        driving: Vec::new(),
        lease: Duration::from_mins(10),
    };
    let new = NewPipeline { id: PipelineId::generate(), plan, at, idempotency_key: None };
    let made = writer.enqueue(new, Some(&runner)).await.expect("enqueue");
    let claim = made.claim.expect("it was made for us");
    // Its own next look would come when the test is long over.
    let feed = Feed::new(Arc::new(reader), made.id, Waker::none());
    let mut feed = feed.with_poll_interval(Duration::from_hours(1));
    for nth in 1..20 {
        let waits = tokio::time::timeout(Duration::from_millis(30), feed.next()).await;
        assert!(waits.is_err(), "there is nothing to see yet: {waits:?}");
        writer.commit(&claim, nth, &[Change { at, kind: ChangeKind::PipelineStarted }]).await.expect("commit");
        let seen = tokio::time::timeout(Duration::from_secs(30), feed.next()).await.expect("it is woken");
        assert!(matches!(seen, Ok(Some(Observation::Event(_)))), "{seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_follows_a_deployment_elsewhere_is_woken() {
    use imt_core::ports::DeploymentStore;

    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let keys = Some(KeyRing::generate().expect("a key"));
    let writer = imt_store_sqlite::open(&path, keys.clone()).await.expect("a new store");
    let reader = imt_store_sqlite::open(&path, keys).await.expect("the store opens");
    let at = Timestamp::from_micros(1);
    let new = NewDeployment {
        id: DeploymentId::generate(),
        target: Target { project: ProjectName::new("demo"), environment: "production".into(), host: "one".into() },
        commit: CommitId::new("c".repeat(40)),
        spec: DeploymentSpec::new(),
        settings: DeploymentSettings::new(String::new(), TargetSettings::new(Reach::Local)),
        pipeline: None,
        at,
        idempotency_key: None,
    };
    let lease = Duration::from_mins(10);
    let claimant = Claimant { instance: InstanceId::new("one"), driving: Vec::new(), lease };
    let made = writer.accept(new, Some(&claimant)).await.expect("accept");
    let claim = made.claim.expect("it was made for us");
    // Its own next look would come when the test is long over.
    let mut feed = DeploymentFeed::new(Arc::new(reader), made.id).with_poll_interval(Duration::from_hours(1));
    for nth in 1..20 {
        let waits = tokio::time::timeout(Duration::from_millis(30), feed.next()).await;
        assert!(waits.is_err(), "there is nothing to see yet: {waits:?}");
        let started = machine::Change { at, kind: machine::ChangeKind::Started };
        DeploymentStore::commit(&writer, &claim, nth, &[started]).await.expect("commit");
        let seen = tokio::time::timeout(Duration::from_secs(30), feed.next()).await.expect("it is woken");
        assert!(matches!(seen, Ok(Some(DeploymentObservation::Event(_)))), "{seen:?}");
    }
}
