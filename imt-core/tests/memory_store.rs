//! What the in-memory store offers beyond the port: variables, a clock of one's own, forgetting, logs in files.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use imt_core::id::{AttemptId, InstanceId, JobIndex, PipelineId, ProjectName};
use imt_core::pipeline;
use imt_core::plan::{self, Trigger};
use imt_core::ports::{
    Claim, EventId, LogAppend, LogFrom, LogPage, LogPositions, NewPipeline, RunnerInfo, Store, StoreError, StreamKind,
    Variable,
};
use imt_core::schedule::{Change, ChangeKind};
use imt_core::secret::Secret;
use imt_core::status::End;
use imt_core::store::MemoryStore;
use imt_core::time::Timestamp;
use tokio::time::Instant;

fn new_pipeline() -> NewPipeline {
    let spec = pipeline::read(b"jobs: { hello: { script: [\"true\"] } }", "pipeline.yml").spec.expect("a valid file");
    let plan = plan::build(&spec, &ProjectName::new("demo"), Trigger::manual()).expect("a plan");
    NewPipeline { id: PipelineId::generate(), plan, at: Timestamp::from_micros(0), idempotency_key: Some("k".into()) }
}

fn runner(name: &str) -> RunnerInfo {
    let lease = Duration::from_secs(30);
    RunnerInfo { instance: InstanceId::new(name), labels: Vec::new(), driving: Vec::new(), lease }
}

fn attempt(pipeline: PipelineId) -> AttemptId {
    AttemptId { pipeline, job: JobIndex(0), number: 1 }
}

async fn append(store: &MemoryStore, claim: &Claim, offset: u64, bytes: Bytes) -> Result<u64, StoreError> {
    let (stream, at, raw) = (StreamKind::Stdout, Timestamp::from_micros(0), LogPositions::default());
    store.append_log(claim, attempt(claim.pipeline), &[LogAppend { offset, stream, bytes, at, raw, dropped: 0 }]).await
}

#[tokio::test]
async fn variables_are_set_and_replaced() {
    let project = ProjectName::new("demo");
    let variable =
        |name: &str, value: &str| Variable { name: name.into(), value: Secret::new(value), is_secret: name == "TOKEN" };
    let store = MemoryStore::builder().set_variable(project.clone(), variable("TOKEN", "old")).build();
    store.set_variable(project.clone(), variable("PORT", "80"));
    store.set_variable(project.clone(), variable("TOKEN", "new"));
    let expected = [variable("PORT", "80"), variable("TOKEN", "new")];
    assert_eq!(store.variables(&project).await.unwrap().current, expected);
    assert_eq!(store.variables(&ProjectName::new("other")).await.unwrap().current, []);
}

#[tokio::test]
async fn leases_go_by_the_clock_given() {
    let now = Arc::new(Mutex::new(Instant::now()));
    let clock = {
        let now = Arc::clone(&now);
        move || *now.lock().unwrap()
    };
    let store = MemoryStore::builder().clock(clock).build();
    let id = store.enqueue(new_pipeline(), None).await.unwrap().id;
    store.claim(&runner("one"), Some(id)).await.unwrap().unwrap();
    for (seconds, free) in [(29, false), (1, true)] {
        *now.lock().unwrap() += Duration::from_secs(seconds);
        assert_eq!(store.claim(&runner("two"), Some(id)).await.unwrap().is_some(), free);
    }
}

#[tokio::test]
async fn what_is_over_can_be_forgotten() {
    let store = MemoryStore::new();
    let kept = store.enqueue(NewPipeline { idempotency_key: None, ..new_pipeline() }, None).await.unwrap();
    let id = store.enqueue(new_pipeline(), None).await.unwrap().id;
    let claim = store.claim(&runner("one"), Some(id)).await.unwrap().unwrap();
    let kept_claim = store.claim(&runner("one"), Some(kept.id)).await.unwrap().unwrap();
    append(&store, &claim, 0, Bytes::from_static(b"x")).await.unwrap();
    assert!(matches!(store.forget(id), Err(StoreError::Conflict(_))), "it is not over");

    let at = Timestamp::from_micros(1);
    store.commit(&kept_claim, 1, &[Change { at, kind: ChangeKind::PipelineStarted }]).await.unwrap();
    store.commit(&claim, 2, &[Change { at, kind: ChangeKind::PipelineEnded { end: End::success() } }]).await.unwrap();
    store.forget(id).unwrap();

    assert!(matches!(store.forget(id), Err(StoreError::NotFound(_))));
    assert!(matches!(store.load(id).await, Err(StoreError::NotFound(_))));
    let events = store.events_after(None, EventId(0), 10).await.unwrap();
    assert_eq!(events.iter().map(|e| e.pipeline).collect::<Vec<_>>(), [kept.id]);
    let page = store.read_log(attempt(id), LogFrom::Offset(0), 10).await.unwrap();
    assert_eq!(page, LogPage::default());
    assert!(matches!(append(&store, &claim, 1, Bytes::from_static(b"y")).await, Err(StoreError::ClaimLost(_))));
    store.release(&claim).await.expect("a lost claim is fine");
    let again = store.enqueue(new_pipeline(), None).await.unwrap();
    assert_eq!((again.number.get(), again.created), (3, true), "the key is free, the number is not used again");
}

#[tokio::test]
async fn a_log_that_cannot_be_spilled_stays_in_memory_up_to_its_bound() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    let store = MemoryStore::builder().log_spill(&missing).fallback_bytes(100_000).build();
    let id = store.enqueue(new_pipeline(), None).await.unwrap().id;
    let claim = store.claim(&runner("one"), Some(id)).await.unwrap().unwrap();
    let large = Bytes::from(vec![b'x'; 65_536]);
    assert_eq!(append(&store, &claim, 0, large.clone()).await.unwrap(), 65_536);
    let error = append(&store, &claim, 65_536, large.clone()).await.unwrap_err();
    assert!(matches!(error, StoreError::Full(_)), "{error}");
    assert!(error.to_string().contains(&missing.display().to_string()), "{error}");
    let page = store.read_log(attempt(id), LogFrom::Offset(1), 1).await.unwrap();
    assert_eq!(page.chunks[0].bytes, large[1..]);
}
