//! A record that is kept in another store while a pipeline runs.

use imt_core::engine::Recorder;
use imt_core::feed::Waker;
use imt_core::ports::{LogPage, StoreError};
use tokio::time::Instant;

use super::*;

/// Runs a plan with a record; answers the pipeline and how the recording went.
async fn recorded(
    stand: &Stand,
    to: Arc<dyn Store>,
    plan: Plan,
    meanwhile: impl AsyncFnOnce(PipelineId),
) -> (PipelineId, Result<(), EngineError>) {
    let engine = stand.engine();
    let (recorder, new) = Recorder::begin(&engine, to, plan).await.unwrap();
    let id = engine.submit_as(new).await.unwrap().id;
    let (outcome, result, ()) = tokio::join!(engine.drive(id), recorder.run(&engine, Waker::none()), meanwhile(id));
    outcome.unwrap();
    (id, result)
}

async fn log(store: &dyn Store, attempt: AttemptId) -> LogPage {
    store.read_log(attempt, LogFrom::Offset(0), usize::MAX).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_record_is_the_same_pipeline() {
    let (stand, to) = (Stand::new(), Arc::new(MemoryStore::new()));
    let script = FakeScript::runs_for(SECOND * 5)
        .prints("a line\n")
        .prints_at(Duration::from_millis(1), StreamKind::Stderr, "x".repeat(200_000))
        .prints_at(SECOND * 4, StreamKind::Stdout, "the end\n");
    stand.world.script("one", script);
    stand.world.script("two", FakeScript::exit(3));
    let (id, result) = recorded(&stand, to.clone(), plan(TWO), async |_| ()).await;
    result.unwrap();
    let (here, there) = (stand.store.load(id).await.unwrap(), to.load(id).await.unwrap());
    assert_eq!(here, there);
    let changes = async |store: &MemoryStore| {
        let events = store.events_after(Some(id), EventId::default(), usize::MAX).await.unwrap();
        events.into_iter().map(|event| event.change).collect::<Vec<_>>()
    };
    assert_eq!(changes(&stand.store).await, changes(&to).await);
    for attempt in here.state.jobs.iter().flat_map(|job| &job.attempts) {
        let bytes = |page: &LogPage| page.chunks.iter().flat_map(|c| c.bytes.clone()).collect::<Vec<u8>>();
        let (here, there) = (log(&*stand.store, attempt.id).await, log(&*to, attempt.id).await);
        assert!(bytes(&here) == bytes(&there) && here.end == there.end && here.end.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancel_asked_for_at_the_record_is_done_and_recorded_once() {
    let (stand, to) = (Stand::new(), Arc::new(MemoryStore::new()));
    stand.world.script("one", FakeScript::never_ends());
    let (id, result) = recorded(&stand, to.clone(), plan(ONE), async |id| {
        tokio::time::sleep(SECOND * 3).await;
        to.request_cancel(id, CancelLevel::Graceful, Reason::User, Timestamp::default()).await.unwrap();
    })
    .await;
    result.unwrap();
    let events = to.events_after(Some(id), EventId::default(), usize::MAX).await.unwrap();
    let cancels = events.iter().filter(|e| matches!(e.change.kind, ChangeKind::CancelRequested { .. })).count();
    assert_eq!((to.load(id).await.unwrap().state.status, cancels), (Status::Cancelled, 1));
    stand.clean(id);
}

#[tokio::test(start_paused = true)]
async fn what_becomes_of_the_record_is_nothing_to_the_pipeline() {
    let stand = Stand::new();
    stand.world.script("one", FakeScript::runs_for(SECOND * 90));
    let faulty = Arc::new(FaultStore::new(Arc::new(MemoryStore::new())));
    let (id, result) = recorded(&stand, faulty.clone(), plan(ONE), async |_| {
        tokio::time::sleep(SECOND).await;
        for _ in 0..10_000 {
            faulty.fail_next(StoreCall::Renew, StoreFault::Before);
        }
    })
    .await;
    assert!(matches!(result, Err(EngineError::Unrenewed { of, .. }) if of == id.into()), "{result:?}");
    assert_eq!(stand.store.load(id).await.unwrap().state.status, Status::Success);
}

#[tokio::test(start_paused = true)]
async fn a_record_without_room_ends_at_once() {
    let stand = Stand::new();
    stand.world.script("one", FakeScript::runs_for(SECOND * 5));
    let faulty = Arc::new(FaultStore::new(Arc::new(MemoryStore::new())));
    let begun = Instant::now();
    let (id, result) = recorded(&stand, faulty.clone(), plan(ONE), async |_| {
        tokio::time::sleep(SECOND).await;
        for _ in 0..100 {
            faulty.fail_next(StoreCall::Commit, StoreFault::NoRoom);
        }
    })
    .await;
    assert!(matches!(result, Err(EngineError::Store { source: StoreError::NoRoom { .. }, .. })), "{result:?}");
    assert!(begun.elapsed() < SECOND * 6, "{:?}", begun.elapsed());
    assert_eq!(stand.store.load(id).await.unwrap().state.status, Status::Success);
}
