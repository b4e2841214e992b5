//! What the engine does when its executor hangs, its store refuses, its disk is full, or a failure names a secret.

use imt_core::schedule::ChangeKind;
use tokio::time::Instant;

use super::*;

/// Drives a plan, cancelling it at these times; answers the outcome and how long after the first cancel it came.
async fn cancelled(
    stand: &Stand,
    engine: &Engine,
    file: &str,
    cancels: &[(Duration, CancelLevel)],
) -> (imt_core::engine::Outcome, Duration) {
    let id = engine.submit(plan(file)).await.unwrap().id;
    let begun = Instant::now();
    let (outcome, ()) = tokio::join!(engine.drive(id), async {
        for (at, level) in cancels {
            tokio::time::sleep_until(begun + *at).await;
            engine.cancel(id, *level, Reason::User).await.unwrap();
        }
    });
    let after = begun.elapsed().saturating_sub(cancels[0].0);
    assert_eq!(stand.world.violations(), [""; 0]);
    (outcome.unwrap(), after)
}

const PATIENT: &str = "jobs: {one: {script: [x], grace: 20s}}";

#[tokio::test(start_paused = true)]
async fn a_cancel_ends_a_start_that_hangs_after_the_grace_and_a_kill_at_once() {
    let graceful = (SECOND, CancelLevel::Graceful);
    let table = [
        (Vec::from([graceful]), SECOND * 20, SECOND * 22),
        (Vec::from([graceful, (SECOND * 4, CancelLevel::Kill)]), SECOND * 3, SECOND * 6),
        (Vec::from([(SECOND, CancelLevel::Kill)]), Duration::ZERO, SECOND * 3),
    ];
    for (cancels, at_least, at_most) in table {
        let stand = Stand::new();
        stand.world.hang_next(Method::Start);
        let (outcome, after) = cancelled(&stand, &stand.engine(), PATIENT, &cancels).await;
        assert_eq!((outcome.end.status, outcome.end.reason), (Status::Cancelled, Some(Reason::User)));
        assert!(after >= at_least && after <= at_most, "{after:?} after {cancels:?}");
        assert_eq!(stand.world.leftovers(outcome.id), []);
        let (pieces, _) = stand.log(Stand::attempt(outcome.id)).await;
        assert!(pieces[0].1.contains("before the executor could say"), "{pieces:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_ends_a_start_that_hangs() {
    let stand = Stand::new();
    stand.world.hang_next(Method::Start);
    let begun = Instant::now();
    let outcome = stand.engine().run(plan("jobs: {one: {script: [x], timeout: 30s, grace: 5s}}")).await.unwrap();
    assert_eq!((outcome.end.status, outcome.end.reason), (Status::Failed, Some(Reason::Timeout)));
    assert!(begun.elapsed() <= SECOND * 38, "{:?}", begun.elapsed());
    stand.clean(outcome.id);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_ends_an_attach_that_hangs() {
    let stand = Stand::new();
    stand.world.script("one", FakeScript::never_ends());
    let first = stand.engine();
    let id = first.submit(plan(PATIENT)).await.unwrap().id;
    tokio::select! {
        _ = first.drive(id) => panic!("it never ends"),
        () = tokio::time::sleep(SECOND * 3) => {}
    }
    stand.executor.crash();
    stand.world.hang_next(Method::Attach);
    tokio::time::sleep(SECOND * 40).await;
    let second = Engine::builder(Arc::new(FakeExecutor::new(&stand.world)), stand.store.clone()).build();
    let begun = Instant::now();
    let (outcome, ()) = tokio::join!(second.drive(id), async {
        second.cancel(id, CancelLevel::Kill, Reason::User).await.unwrap();
    });
    assert_eq!(outcome.unwrap().end.status, Status::Cancelled);
    assert!(begun.elapsed() <= SECOND * 4, "{:?}", begun.elapsed());
    stand.clean(id);
}

#[tokio::test(start_paused = true)]
async fn a_kill_bounds_a_cleaning_up_that_hangs() {
    let stand = Stand::new();
    stand.world.hang_next(Method::Cleanup);
    let cancels = [(SECOND * 60, CancelLevel::Kill)];
    let (outcome, after) = cancelled(&stand, &stand.engine(), ONE, &cancels).await;
    assert_eq!(outcome.end.status, Status::Success, "the verdict was known before the kill");
    assert!(outcome.end.detail.as_deref().unwrap_or_default().contains("left behind"), "{outcome:?}");
    assert!(after <= SECOND * 12, "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_cancelled_before_anybody_drives_it_runs_nothing() {
    let stand = Stand::new();
    let engine = stand.engine();
    let id = engine.submit(plan(TWO)).await.unwrap().id;
    engine.cancel(id, CancelLevel::Graceful, Reason::Superseded).await.unwrap();
    let outcome = engine.drive(id).await.unwrap();
    assert_eq!((outcome.end.status, outcome.end.reason), (Status::Cancelled, Some(Reason::Superseded)));
    assert_eq!(stand.world.began(), []);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_of_what_nobody_has_begun_needs_no_worker() {
    let stand = Stand::new();
    let engine = stand.engine();
    let queued = engine.submit(plan(ONE)).await.unwrap().id;
    engine.cancel(queued, CancelLevel::Graceful, Reason::User).await.unwrap();
    let outcome = engine.outcome(queued).await.unwrap().expect("it is over");
    assert_eq!((outcome.end.status, outcome.end.reason), (Status::Cancelled, Some(Reason::User)));
    assert_eq!(engine.drive(queued).await.unwrap(), outcome);
    assert_eq!(stand.world.began(), []);
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_that_waits_for_capacity_is_cancelled_at_once() {
    let stand = Stand::new();
    stand.world.script_others(FakeScript::runs_for(SECOND * 3_000));
    let engine = stand.engine();
    let running = engine.submit(plan(ONE)).await.unwrap().id;
    let queued = stand.submit_begun(&engine).await;
    let begun = Instant::now();
    let mut ended = Vec::new();
    let one = NonZeroUsize::new(1).unwrap();
    let stop = tokio::time::sleep(SECOND * 100);
    let work = engine.work(one, stop, |result| ended.push((result.unwrap(), begun.elapsed())));
    let (worked, ()) = tokio::join!(work, async {
        tokio::time::sleep(SECOND * 10).await;
        engine.cancel(queued, CancelLevel::Graceful, Reason::User).await.unwrap();
    });
    worked.unwrap();
    let ends: Vec<_> = ended.iter().map(|(o, _)| (o.id, o.end.status)).collect();
    assert_eq!(ends, [(queued, Status::Cancelled), (running, Status::Success)]);
    assert!(ended[0].1 <= SECOND * 13, "{:?}", ended[0].1);
    assert_eq!(stand.world.began(), [Stand::attempt(running)]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_takes_no_commit_ends_the_driving() {
    let stand = Stand::new();
    let faults = Arc::new(FaultStore::new(stand.store.clone()));
    let engine = Engine::builder(stand.executor.clone(), faults.clone()).build();
    let id = engine.submit(plan(ONE)).await.unwrap().id;
    for _ in 0..10_000 {
        faults.fail_next(StoreCall::Commit, StoreFault::Before);
    }
    let begun = Instant::now();
    let error = engine.drive(id).await.unwrap_err();
    assert!(matches!(error, EngineError::Store { .. }), "{error:?}");
    assert!(begun.elapsed() <= SECOND * 40, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_costs_only_what_memory_cannot_hold_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let warned = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&warned);
    let store = MemoryStore::builder()
        .log_spill(dir.path().join("gone"))
        .fallback_bytes(1 << 20)
        .on_warning(move |text| heard.lock().unwrap().push(text.to_owned()))
        .build();
    let stand = Stand { store: Arc::new(store), ..Stand::new() };
    let mut script = FakeScript::runs_for(SECOND * 100);
    let piece = bytes::Bytes::from(vec![b'x'; 1 << 16]);
    for at in 0..40 {
        script = script.prints_at(SECOND * at, StreamKind::Stdout, piece.clone());
    }
    stand.world.script("one", script);
    let outcome = stand.engine().run(plan(ONE)).await.unwrap();
    assert_eq!(outcome.end.status, Status::Success, "{outcome:?}");
    let (pieces, end) = stand.log(Stand::attempt(outcome.id)).await;
    assert!(end.bytes > 900 << 10 && end.dropped > 1 << 20, "{end:?}");
    let kept = pieces.iter().filter(|(stream, _)| *stream == StreamKind::Stdout).map(|(_, text)| text.len() as u64);
    assert_eq!(kept.sum::<u64>() + end.dropped, 40 << 16);
    let (stream, marker) = pieces.last().unwrap();
    assert_eq!(*stream, StreamKind::System);
    assert!(marker.contains(&format!("the store is full: {} further bytes", end.dropped)), "{marker}");
    assert_eq!(warned.lock().unwrap().len(), 1, "{warned:?}");
}

#[tokio::test(start_paused = true)]
async fn a_secret_in_a_failure_is_masked_in_event_row_and_log() {
    const SECRET: &str = "hunter2-hunter2";
    struct Refuses(Arc<FakeExecutor>);
    #[async_trait]
    impl Executor for Refuses {
        async fn prepare(&self, job: &imt_core::ports::JobSpec, _: &imt_core::ports::Notes) -> Result<(), Failure> {
            let message = format!("image `{SECRET}/{}` is not in the registry", job.job);
            Err(Failure::new(FailureKind::ImageNotFound, message).with_help(format!("log in as {SECRET}")))
        }
        async fn start(&self, job: &imt_core::ports::JobSpec) -> Result<imt_core::ports::Handle, Failure> {
            self.0.start(job).await
        }
        async fn attach(&self, attempt: AttemptId) -> Result<Option<imt_core::ports::Handle>, Failure> {
            self.0.attach(attempt).await
        }
        async fn logs(
            &self,
            handle: &imt_core::ports::Handle,
            from: imt_core::ports::LogPositions,
        ) -> Result<imt_core::ports::LogStream, Failure> {
            self.0.logs(handle, from).await
        }
        async fn wait(&self, handle: &imt_core::ports::Handle) -> Result<imt_core::ports::Exit, Failure> {
            self.0.wait(handle).await
        }
        async fn stop(&self, handle: &imt_core::ports::Handle, grace: Duration) -> Result<(), Failure> {
            self.0.stop(handle, grace).await
        }
        async fn cleanup(&self, _: PipelineId, _: Option<&Path>) -> Result<(), Failure> {
            Err(Failure::new(FailureKind::Internal, format!("container of {SECRET} is stuck")))
        }
        async fn release(&self, pipeline: PipelineId) -> Result<(), Failure> {
            self.0.release(pipeline).await
        }
        async fn list_owned(&self) -> Result<Vec<imt_core::ports::OwnedPipeline>, Failure> {
            self.0.list_owned().await
        }
    }
    let stand = Stand::new();
    let variable = Variable { name: "KEY".into(), value: Secret::new(SECRET), is_secret: true };
    stand.store.set_variable(ProjectName::new("demo"), variable);
    let executor = Arc::new(Refuses(stand.executor.clone()));
    let outcome = Engine::builder(executor, stand.store.clone()).build().run(plan(ONE)).await.unwrap();

    let detail = outcome.end.detail.clone().unwrap();
    assert!(detail.contains("image `***/one`") && detail.contains("log in as ***"), "{detail}");
    assert!(detail.contains("container of *** is stuck"), "{detail}");
    let row = stand.store.load(outcome.id).await.unwrap();
    let events = stand.events(outcome.id).await;
    let (log, _) = stand.log(Stand::attempt(outcome.id)).await;
    assert!(
        events.iter().any(|e| matches!(&e.change.kind, ChangeKind::AttemptEnded { end, .. } if end.detail.is_some()))
    );
    for shown in [format!("{outcome:?}"), format!("{row:?}"), format!("{events:?}"), format!("{log:?}")] {
        assert!(!shown.contains(SECRET), "{shown}");
    }
}
