//! Faults happen as ordered: before or after the call is done, late, by seed, and a crash at a commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use imt_core::id::{InstanceId, PipelineId, ProjectName};
use imt_core::pipeline;
use imt_core::plan::{self, Trigger};
use imt_core::ports::{Claim, EventId, NewPipeline, RunnerInfo, Store, StoreError};
use imt_core::schedule::{Change, ChangeKind};
use imt_core::store::MemoryStore;
use imt_core::testkit::{AfterCrash, FaultRates, FaultStore, StoreCall, StoreFault};
use imt_core::time::Timestamp;

const STARTED: Change = Change { at: Timestamp::from_micros(1), kind: ChangeKind::PipelineStarted };

/// The number of the next commit.
fn nth() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A good store with one claimed pipeline, and the same store with faults.
async fn stores() -> (Arc<dyn Store>, FaultStore, Claim) {
    let inner: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let spec = pipeline::read(b"jobs: { hello: { script: [\"true\"] } }", "pipeline.yml").spec.expect("a good store");
    let plan = plan::build(&spec, &ProjectName::new("demo"), Trigger::manual()).expect("a good store");
    let id = PipelineId::generate();
    inner
        .enqueue(NewPipeline { id, plan, at: Timestamp::from_micros(0), idempotency_key: None }, None)
        .await
        .expect("a good store");
    let lease = Duration::from_mins(1);
    let runner = RunnerInfo { instance: InstanceId::new("one"), labels: Vec::new(), driving: Vec::new(), lease };
    let claim = inner.claim(&runner, Some(id)).await.expect("a good store").expect("it is free");
    (Arc::clone(&inner), FaultStore::new(inner), claim)
}

async fn event_count(store: &dyn Store) -> usize {
    store.events_after(None, EventId(0), 1_000).await.expect("a good store").len()
}

#[tokio::test]
async fn a_call_fails_before_or_after_it_is_done() {
    let (inner, faulty, claim) = stores().await;
    faulty.fail_next(StoreCall::Commit, StoreFault::Before);
    faulty.fail_next(StoreCall::Commit, StoreFault::After);
    faulty.control(&claim).await.expect("only commits were ordered to fail");
    for events in [0, 1] {
        let answer = faulty.commit(&claim, nth(), &[STARTED]).await;
        assert!(matches!(&answer, Err(error @ StoreError::Unavailable { .. }) if error.is_retryable()), "{answer:?}");
        assert_eq!(event_count(&*inner).await, events);
    }
    faulty.fail_next(StoreCall::Commit, StoreFault::NoRoom);
    let answer = faulty.commit(&claim, nth(), &[STARTED]).await;
    assert!(matches!(&answer, Err(error @ StoreError::NoRoom { .. }) if error.is_retryable()), "{answer:?}");
    faulty.commit(&claim, nth(), &[STARTED]).await.expect("no more faults were ordered");
    assert_eq!((event_count(&*inner).await, faulty.commits()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_delay_takes_its_time() {
    let (_inner, faulty, claim) = stores().await;
    let begin = tokio::time::Instant::now();
    faulty.fail_next(StoreCall::Renew, StoreFault::Delay(Duration::from_secs(9)));
    faulty.renew(&claim).await.unwrap();
    assert_eq!(begin.elapsed(), Duration::from_secs(9));
}

#[tokio::test(start_paused = true)]
async fn a_crash_comes_right_after_its_commit() {
    for then in [AfterCrash::Fail, AfterCrash::Pend] {
        let (inner, faulty, claim) = stores().await;
        let called = Arc::new(AtomicBool::new(false));
        let hook = {
            let called = Arc::clone(&called);
            move || called.store(true, Ordering::Relaxed)
        };
        faulty.crash_after_commit(2, then, hook);
        faulty.commit(&claim, nth(), &[STARTED]).await.expect("the first commit is answered");
        assert!(!called.load(Ordering::Relaxed));
        for _ in 0..3 {
            let answer = tokio::time::timeout(Duration::from_mins(1), faulty.commit(&claim, nth(), &[STARTED])).await;
            match then {
                AfterCrash::Pend => assert!(answer.is_err(), "{answer:?}"),
                AfterCrash::Fail => assert!(matches!(answer, Ok(Err(StoreError::Unavailable { .. }))), "{answer:?}"),
            }
            assert!(called.load(Ordering::Relaxed));
            assert_eq!(event_count(&*inner).await, 2, "the second commit is recorded, nothing after it");
        }
        FaultStore::new(inner).commit(&claim, nth(), &[STARTED]).await.expect("the next life has no faults");
    }
}

#[tokio::test(start_paused = true)]
async fn a_seed_draws_the_same_faults_again() {
    let rates = FaultRates { before: 200, after: 200, delay: 200, max_delay: Duration::from_secs(1) };
    let mut runs = Vec::new();
    for seed in [1, 1, 2] {
        let (inner, faulty, claim) = stores().await;
        let faulty = faulty.with_rates(seed, rates);
        let mut outcomes = Vec::new();
        for _ in 0..200 {
            let before = (event_count(&*inner).await, tokio::time::Instant::now());
            let ok = faulty.commit(&claim, nth(), &[STARTED]).await.is_ok();
            outcomes.push((ok, event_count(&*inner).await - before.0, before.1.elapsed()));
        }
        for wanted in [(true, 1), (false, 0), (false, 1)] {
            let seen = outcomes.iter().filter(|(ok, events, _)| (*ok, *events) == wanted).count();
            assert!(seen >= 20, "{wanted:?} was drawn {seen} times");
        }
        assert!(outcomes.iter().any(|(.., took)| !took.is_zero()), "no delay was drawn");
        runs.push(outcomes);
    }
    assert!(runs[0] == runs[1] && runs[0] != runs[2]);
}
