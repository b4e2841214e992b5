//! Many who open one file, and what becomes of what was asked for by somebody who is gone.

use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Barrier};
use std::task::Poll;
use std::time::Duration;

use imt_core::id::{InstanceId, PipelineId, ProjectName};
use imt_core::pipeline;
use imt_core::plan::{self, Trigger};
use imt_core::ports::{NewPipeline, RunnerInfo, Store, StoreError};
use imt_core::time::Timestamp;

#[test]
fn many_first_openings_of_one_file_succeed() {
    for _ in 0..10 {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
        let path = dir.path().join("store.db");
        let together = Arc::new(Barrier::new(8));
        let openers: Vec<_> = (0..8)
            .map(|_| {
                let (path, together) = (path.clone(), Arc::clone(&together));
                std::thread::spawn(move || {
                    let runtime =
                        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                    together.wait();
                    runtime.block_on(async { imt_store_sqlite::open(&path, None).await.map(drop) })
                })
            })
            .collect();
        for opener in openers {
            opener.join().expect("no panic").expect("the store opens");
        }
        let mode = std::fs::metadata(&path).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "secrets and logs are its owner's");
    }
}

fn runner(name: &str) -> RunnerInfo {
    let lease = Duration::from_mins(10);
    RunnerInfo { instance: InstanceId::new(name), labels: Vec::new(), driving: Vec::new(), lease }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_nobody_waited_for_is_given_back() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let store = imt_store_sqlite::open(&dir.path().join("store.db"), None).await.expect("a new store");
    let spec = pipeline::read(b"jobs: { hello: { script: echo hello } }", "pipeline.yml").spec.expect("a good file");
    for round in 0..20 {
        let plan = plan::build(&spec, &ProjectName::new("demo"), Trigger::manual()).expect("a plan");
        let id = PipelineId::generate();
        let new = NewPipeline { id, plan, at: Timestamp::from_micros(1), idempotency_key: None };
        store.enqueue(new, None).await.expect("enqueue");
        let one = runner("one");
        let mut dropped = Box::pin(store.claim(&one, Some(id)));
        let claimed = std::future::poll_fn(|cx| Poll::Ready(dropped.as_mut().poll(cx).is_ready())).await;
        assert!(!claimed, "it has only just been asked for");
        drop(dropped);
        let two = runner("two");
        let free = async {
            // Until the dropped call has been there and gone; it may also come second and find it held.
            loop {
                if let Some(claim) = store.claim(&two, Some(id)).await.expect("claim") {
                    return claim;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let claim = tokio::time::timeout(Duration::from_secs(30), free).await;
        let claim = claim.unwrap_or_else(|_| panic!("round {round}: held by nobody who knows of it"));
        store.release(&claim).await.expect("release");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_begun_is_written_though_the_runtime_of_who_asked_is_gone() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let store = Arc::new(imt_store_sqlite::open(&dir.path().join("store.db"), None).await.expect("a new store"));
    let spec = pipeline::read(b"jobs: { hello: { script: echo hello } }", "pipeline.yml").spec.expect("a good file");
    let plan = plan::build(&spec, &ProjectName::new("demo"), Trigger::manual()).expect("a plan");
    let id = PipelineId::generate();
    let new = NewPipeline { id, plan, at: Timestamp::from_micros(1), idempotency_key: None };
    let its = Arc::clone(&store);
    let elsewhere = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let mut asked = its.enqueue(new, None);
        // On a runtime of one thread nothing else has run when this is over.
        runtime.block_on(std::future::poll_fn(|cx| Poll::Ready(asked.as_mut().poll(cx).is_pending())))
    });
    assert!(elsewhere.join().expect("it does not panic"), "it has only just been asked for");
    let written = async {
        while let Err(error) = store.load(id).await {
            assert!(matches!(error, StoreError::NotFound(_)), "{error}");
        }
    };
    tokio::time::timeout(Duration::from_secs(10), written).await.expect("it is there");
}
