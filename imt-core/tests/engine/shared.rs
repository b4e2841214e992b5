//! Several who drive with one engine, and pipelines that cannot be driven.

use super::*;

const PLACE: NonZeroUsize = NonZeroUsize::MIN;

#[tokio::test(start_paused = true)]
async fn driving_beside_a_worker_takes_nothing_from_it() {
    let stand = Stand::new();
    stand.world.script_others(FakeScript::runs_for(SECOND * 5));
    let engine = stand.engine();
    let (worker, stop) = (engine.clone(), Arc::new(Notify::new()));
    let stopped = stop.clone();
    let working = tokio::spawn(async move {
        let mut ends = Vec::new();
        let capacity = NonZeroUsize::new(2).unwrap();
        worker.work(capacity, stopped.notified(), |end| ends.push(end)).await.unwrap();
        ends
    });
    let (a, b, c) = tokio::join!(engine.run(plan(ONE)), engine.run(plan(ONE)), engine.run(plan(ONE)));
    let ids: Vec<_> = [a, b, c].into_iter().map(|outcome| outcome.unwrap()).collect();
    assert!(ids.iter().all(|outcome| outcome.end.status == Status::Success), "{ids:?}");
    // Two that want the same one get the same end.
    let id = engine.submit(plan(ONE)).await.unwrap().id;
    let (one, two) = tokio::join!(engine.drive(id), engine.drive(id));
    assert_eq!(one.unwrap(), two.unwrap());
    stop.notify_one();
    let ends = working.await.unwrap();
    assert!(ends.iter().all(Result::is_ok), "{ends:?}");
    for id in ids.iter().map(|outcome| outcome.id).chain([id]) {
        assert_eq!(stand.world.times_script_began(Stand::attempt(id)), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_that_cannot_be_loaded_does_not_keep_the_others_waiting() {
    let stand = Stand::new();
    let store = Arc::new(FaultStore::new(stand.store.clone()));
    let warnings = Arc::new(Mutex::new(Vec::new()));
    let heard = warnings.clone();
    let engine = Engine::builder(stand.executor.clone(), store.clone())
        .on_warning(move |text| heard.lock().unwrap().push(text.to_owned()))
        .build();
    let bad = engine.submit(plan(ONE)).await.unwrap().id;
    let good = engine.submit(plan(ONE)).await.unwrap().id;
    store.fail_next(StoreCall::Load, StoreFault::Refused);
    let mut ends = Vec::new();
    engine.work(PLACE, tokio::time::sleep(SECOND * 20), |end| ends.push(end)).await.unwrap();
    assert!(matches!(&ends[0], Err(EngineError::Store { .. })), "{ends:?}");
    let done: Vec<_> = ends[1..].iter().map(|end| end.as_ref().unwrap().id).collect();
    assert_eq!(done, [good, bad], "the other one goes first, and it is tried again");
    let warnings = warnings.lock().unwrap();
    assert_eq!(warnings.iter().filter(|text| text.contains("set aside")).count(), 1, "{warnings:?}");
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_panics_gives_its_place_back() {
    struct Panics(Mutex<bool>);
    impl EventSink for Panics {
        fn notify(&self, _: Notice) {
            let first = std::mem::replace(&mut *self.0.lock().unwrap(), false);
            assert!(!first, "as the test wants it");
        }
    }
    let stand = Stand::new();
    let engine =
        Engine::builder(stand.executor.clone(), stand.store.clone()).sink(Arc::new(Panics(Mutex::new(true)))).build();
    let first = engine.submit(plan(ONE)).await.unwrap().id;
    let second = engine.submit(plan(ONE)).await.unwrap().id;
    let mut ends = Vec::new();
    engine.work(PLACE, tokio::time::sleep(SECOND * 20), |end| ends.push(end)).await.unwrap();
    assert!(matches!(&ends[0], Err(EngineError::Panicked(id)) if *id == first), "{ends:?}");
    let mut done: Vec<_> = ends[1..].iter().map(|end| end.as_ref().unwrap().id).collect();
    done.sort_unstable();
    assert_eq!(done, [first, second]);
    stand.clean(first);
}

#[tokio::test(start_paused = true)]
async fn what_is_over_is_told_although_its_claim_cannot_be_given_back() {
    let stand = Stand::new();
    let store = Arc::new(FaultStore::new(stand.store.clone()));
    for _ in 0..1_000 {
        store.fail_next(StoreCall::Release, StoreFault::Before);
    }
    let engine = Engine::builder(stand.executor.clone(), store).build();
    assert_eq!(engine.run(plan(ONE)).await.unwrap().end.status, Status::Success);
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_takes_its_time_does_not_take_the_jobs() {
    let stand = Stand::new();
    stand.world.script("one", FakeScript::runs_for(SECOND));
    let store = Arc::new(FaultStore::new(stand.store.clone()));
    for _ in 0..4 {
        store.fail_next(StoreCall::Commit, StoreFault::Delay(SECOND * 8));
    }
    let engine = Engine::builder(stand.executor.clone(), store).build();
    let outcome = engine.run(plan("jobs: {one: {script: [x], timeout: 5s}}")).await.unwrap();
    assert_eq!(outcome.end.status, Status::Success, "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_question_that_stalls_does_not_cost_the_claim() {
    let stand = Stand::new();
    stand.world.script("one", FakeScript::runs_for(SECOND * 90));
    let store = Arc::new(FaultStore::new(stand.store.clone()));
    store.fail_next(StoreCall::Control, StoreFault::Delay(SECOND * 600));
    let engine = Engine::builder(stand.executor.clone(), store).build();
    assert_eq!(engine.run(plan(ONE)).await.unwrap().end.status, Status::Success);
}
