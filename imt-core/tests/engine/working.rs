//! One engine, many callers: `drive` beside `work`, claims that come late, pipelines that cannot be driven, lost claims.

use imt_core::ports::{Claim, Enqueued, ProjectVariables, RunnerInfo, StoreError};
use tokio::time::Instant;

use super::*;

const FOUR: NonZeroUsize = NonZeroUsize::new(4).unwrap();

#[tokio::test(start_paused = true)]
async fn drive_beside_work_waits_for_the_same_outcome() {
    let stand = Stand::new();
    stand.world.script_others(FakeScript::runs_for(SECOND * 50));
    let engine = stand.engine();
    let (one, two) = (engine.submit(plan(ONE)).await.unwrap().id, engine.submit(plan(ONE)).await.unwrap().id);
    let mut ended = Vec::new();
    let work = engine.work(FOUR, tokio::time::sleep(SECOND * 60), |result| ended.push(result.unwrap().id));
    let early = engine.drive(one);
    let late = async {
        tokio::time::sleep(SECOND * 10).await;
        tokio::join!(engine.drive(two), engine.drive(two))
    };
    let (worked, early, (late, again)) = tokio::join!(work, early, late);
    worked.unwrap();
    for outcome in [early, late, again] {
        assert_eq!(outcome.unwrap().end.status, Status::Success);
    }
    assert!(!ended.contains(&one) || ended.contains(&two), "{ended:?}");
    for id in [one, two] {
        assert_eq!(stand.world.times_script_began(Stand::attempt(id)), 1);
        stand.clean(id);
    }
}

#[tokio::test(start_paused = true)]
async fn a_drive_that_was_dropped_leaves_nothing_registered() {
    let stand = Stand::new();
    stand.world.script("one", FakeScript::runs_for(SECOND * 50));
    let engine = stand.engine();
    let id = engine.submit(plan(ONE)).await.unwrap().id;
    let dropped = tokio::time::timeout(SECOND * 5, engine.drive(id)).await;
    assert!(dropped.is_err());
    assert_eq!(engine.drive(id).await.unwrap().end.status, Status::Success);
}

/// A store whose calls the test may bend; every other goes through.
struct Bent {
    inner: Arc<MemoryStore>,
    unreadable: Mutex<Option<PipelineId>>,
    panics: Mutex<u32>,
    loads: Mutex<u32>,
    claims_take: Duration,
    /// How much was asked for, each time.
    asked_for: Mutex<Vec<usize>>,
    releases: Mutex<Vec<PipelineId>>,
}

impl Bent {
    fn new(inner: &Arc<MemoryStore>) -> Self {
        Self {
            inner: Arc::clone(inner),
            unreadable: Mutex::default(),
            panics: Mutex::default(),
            loads: Mutex::default(),
            claims_take: Duration::ZERO,
            asked_for: Mutex::default(),
            releases: Mutex::default(),
        }
    }
}

#[async_trait]
impl Store for Bent {
    async fn enqueue(
        &self,
        new: imt_core::ports::NewPipeline,
        claimant: Option<&RunnerInfo>,
    ) -> Result<Enqueued, StoreError> {
        self.inner.enqueue(new, claimant).await
    }
    async fn held(&self, instance: &InstanceId) -> Result<Vec<PipelineId>, StoreError> {
        self.inner.held(instance).await
    }

    async fn claim(&self, runner: &RunnerInfo, which: Option<PipelineId>) -> Result<Option<Claim>, StoreError> {
        let claim = self.inner.claim(runner, which).await;
        tokio::time::sleep(self.claims_take).await;
        claim
    }
    async fn claim_several(&self, runner: &RunnerInfo, most: NonZeroUsize) -> Result<Vec<Claim>, StoreError> {
        self.asked_for.lock().unwrap().push(most.get());
        let claims = self.inner.claim_several(runner, most).await;
        tokio::time::sleep(self.claims_take).await;
        claims
    }
    async fn renew(&self, claim: &Claim) -> Result<(), StoreError> {
        self.inner.renew(claim).await
    }
    async fn release(&self, claim: &Claim) -> Result<(), StoreError> {
        self.releases.lock().unwrap().push(claim.pipeline);
        self.inner.release(claim).await
    }
    async fn load(&self, pipeline: PipelineId) -> Result<imt_core::ports::PipelineRecord, StoreError> {
        if *self.unreadable.lock().unwrap() == Some(pipeline) {
            *self.loads.lock().unwrap() += 1;
            let panics = { std::mem::take(&mut *self.panics.lock().unwrap()) };
            assert!(panics == 0, "ordered by the test");
            return Err(StoreError::Internal { message: "the row makes no sense".into(), source: None });
        }
        self.inner.load(pipeline).await
    }
    async fn commit(&self, claim: &Claim, nth: u64, changes: &[Change]) -> Result<EventId, StoreError> {
        self.inner.commit(claim, nth, changes).await
    }
    async fn request_cancel(
        &self,
        pipeline: PipelineId,
        level: CancelLevel,
        reason: Reason,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.inner.request_cancel(pipeline, level, reason, at).await
    }
    async fn control(&self, claim: &Claim) -> Result<imt_core::ports::Control, StoreError> {
        self.inner.control(claim).await
    }
    async fn events_after(
        &self,
        of: Option<PipelineId>,
        after: EventId,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        self.inner.events_after(of, after, limit).await
    }
    async fn append_log(
        &self,
        claim: &Claim,
        attempt: AttemptId,
        pieces: &[imt_core::ports::LogAppend],
    ) -> Result<u64, StoreError> {
        self.inner.append_log(claim, attempt, pieces).await
    }
    async fn finish_log(&self, claim: &Claim, attempt: AttemptId, end: LogEnd) -> Result<(), StoreError> {
        self.inner.finish_log(claim, attempt, end).await
    }
    async fn log_cursor(&self, attempt: AttemptId) -> Result<imt_core::ports::LogCursor, StoreError> {
        self.inner.log_cursor(attempt).await
    }
    async fn read_log(
        &self,
        attempt: AttemptId,
        from: LogFrom,
        max_bytes: usize,
    ) -> Result<imt_core::ports::LogPage, StoreError> {
        self.inner.read_log(attempt, from, max_bytes).await
    }
    async fn variables(&self, project: &ProjectName) -> Result<ProjectVariables, StoreError> {
        self.inner.variables(project).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_that_cannot_be_read_is_set_aside_and_does_not_starve_the_others() {
    for panics in [0, 1] {
        let stand = Stand::new();
        let store = Arc::new(Bent::new(&stand.store));
        let warned = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&warned);
        let engine = Engine::builder(stand.executor.clone(), store.clone())
            .on_warning(move |text| heard.lock().unwrap().push(text.to_owned()))
            .build();
        let corrupt = engine.submit(plan(ONE)).await.unwrap().id;
        let good = engine.submit(plan(ONE)).await.unwrap().id;
        *store.unreadable.lock().unwrap() = Some(corrupt);
        *store.panics.lock().unwrap() = panics;
        let (mut ended, mut errors) = (Vec::new(), 0);
        let one = NonZeroUsize::new(1).unwrap();
        let work = engine.work(one, tokio::time::sleep(SECOND * 600), |result| match result {
            Ok(outcome) => ended.push(outcome.id),
            Err(error) => {
                let fits = matches!(error, EngineError::Store { .. } | EngineError::Panicked(_));
                assert!(fits, "{error:?}");
                errors += 1;
            }
        });
        work.await.unwrap();
        assert_eq!(ended, [good]);
        let loads = *store.loads.lock().unwrap();
        assert!((4..=12).contains(&loads) && errors == loads, "{loads} loads, {errors} errors in ten minutes");
        assert!(store.releases.lock().unwrap().contains(&corrupt), "others may try");
        let warned = warned.lock().unwrap().clone();
        assert_eq!(warned.len(), 1, "{warned:?}");
        let stranger = RunnerInfo {
            instance: InstanceId::new("stranger"),
            labels: Vec::new(),
            driving: Vec::new(),
            lease: SECOND,
        };
        assert!(stand.store.claim(&stranger, Some(corrupt)).await.unwrap().is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_comes_after_the_stop_is_given_back_at_once() {
    let stand = Stand::new();
    let store = Arc::new(Bent { claims_take: SECOND * 5, ..Bent::new(&stand.store) });
    let engine = Engine::builder(stand.executor.clone(), store.clone()).build();
    let ids = [engine.submit(plan(ONE)).await.unwrap().id, engine.submit(plan(ONE)).await.unwrap().id];
    engine.work(FOUR, tokio::time::sleep(SECOND * 2), |_| panic!("nothing was taken up")).await.unwrap();
    assert_eq!(*store.releases.lock().unwrap(), ids);
}

#[tokio::test(start_paused = true)]
async fn the_queue_is_asked_for_all_that_there_is_room_for() {
    let stand = Stand::new();
    stand.world.script_others(FakeScript::runs_for(SECOND * 10));
    let store = Arc::new(Bent::new(&stand.store));
    let engine = Engine::builder(stand.executor.clone(), store.clone()).build();
    for _ in 0..6 {
        engine.submit(plan(ONE)).await.unwrap();
    }
    let mut ended = 0;
    engine.work(FOUR, tokio::time::sleep(SECOND * 25), |result| ended += usize::from(result.is_ok())).await.unwrap();
    assert_eq!(ended, 6);
    let asked_for = store.asked_for.lock().unwrap();
    assert_eq!(asked_for[0], 4, "{asked_for:?}");
    assert!(asked_for.iter().all(|most| (1..=4).contains(most)), "{asked_for:?}");
}

#[tokio::test(start_paused = true)]
async fn a_cancel_in_the_queue_survives_whatever_else_happens_meanwhile() {
    let stand = Stand::new();
    stand.world.script_others(FakeScript::runs_for(SECOND * 4));
    let store = Arc::new(Bent { claims_take: SECOND * 3, ..Bent::new(&stand.store) });
    let engine = Engine::builder(stand.executor.clone(), store.clone()).build();
    let running = engine.submit(plan(ONE)).await.unwrap().id;
    let mut ended = Vec::new();
    let one = NonZeroUsize::new(1).unwrap();
    let (worked, queued) = tokio::join!(
        engine.work(one, tokio::time::sleep(SECOND * 30), |result| ended.push(result.unwrap().id)),
        async {
            tokio::time::sleep(SECOND * 4).await;
            let queued = stand.submit_begun(&engine).await;
            tokio::time::sleep(SECOND * 2).await;
            // Its claim is under way while the running one ends.
            engine.cancel(queued, CancelLevel::Graceful, Reason::User).await.unwrap();
            queued
        }
    );
    worked.unwrap();
    assert_eq!(ended, [running, queued]);
    assert_eq!(stand.world.began(), [Stand::attempt(running)]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_claim_ends_what_is_ours_and_touches_nothing_of_the_next_holder() {
    for hangs in [false, true] {
        let stand = Stand::new();
        stand.world.script_others(FakeScript::never_ends());
        let faults = Arc::new(FaultStore::new(stand.store.clone()));
        let first = Engine::builder(stand.executor.clone(), faults.clone()).build();
        let id = first.submit(plan(ONE)).await.unwrap().id;
        for _ in 0..1_000 {
            faults.fail_next(StoreCall::Renew, StoreFault::Before);
        }
        if hangs {
            stand.world.hang_next(Method::Release);
        }
        let begun = Instant::now();
        assert!(matches!(first.drive(id).await, Err(EngineError::Unrenewed { .. })));
        assert!(begun.elapsed() <= SECOND * 33, "{:?}", begun.elapsed());
        let cleanups = stand.world.calls().iter().filter(|c| c.method == Method::Cleanup).count();
        assert_eq!((cleanups, stand.world.live().len()), (0, usize::from(hangs)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_finished_pipeline_is_told_though_its_claim_cannot_be_given_back() {
    let stand = Stand::new();
    let faults = Arc::new(FaultStore::new(stand.store.clone()));
    for fault in [StoreFault::Refused, StoreFault::Before, StoreFault::Delay(SECOND * 1_000)] {
        faults.fail_next(StoreCall::Release, fault);
        let engine = Engine::builder(stand.executor.clone(), faults.clone()).build();
        let begun = Instant::now();
        assert_eq!(engine.run(plan(ONE)).await.unwrap().end.status, Status::Success);
        assert!(begun.elapsed() <= SECOND * 5, "{:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_for_cancels_that_stalls_does_not_cost_the_claim() {
    let stand = Stand::new();
    stand.world.script("one", FakeScript::runs_for(SECOND * 200));
    let faults = Arc::new(FaultStore::new(stand.store.clone()));
    for _ in 0..3 {
        faults.fail_next(StoreCall::Control, StoreFault::Delay(SECOND * 60));
    }
    let engine = Engine::builder(stand.executor.clone(), faults).build();
    assert_eq!(engine.run(plan(ONE)).await.unwrap().end.status, Status::Success);
}

#[tokio::test(start_paused = true)]
async fn the_timeout_counts_from_the_go_and_not_from_a_commit_that_took_long() {
    let stand = Stand::new();
    stand.world.script("one", FakeScript::runs_for(SECOND * 10));
    let faults = Arc::new(FaultStore::new(stand.store.clone()));
    let engine = Engine::builder(stand.executor.clone(), faults.clone()).build();
    // Every commit takes that long: the one before the go, too.
    for _ in 0..20 {
        faults.fail_next(StoreCall::Commit, StoreFault::Delay(SECOND * 16));
    }
    let outcome = engine.run(plan("jobs: {one: {script: [x], timeout: 15s}}")).await.unwrap();
    assert_eq!(outcome.end.status, Status::Success, "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_kill_that_an_earlier_life_was_told_of_bounds_the_cleaning_up() {
    let stand = Stand::new();
    stand.world.script("one", FakeScript::never_ends());
    let first = stand.engine();
    let id = first.submit(plan(ONE)).await.unwrap().id;
    stand.world.hang_next(Method::Cleanup);
    let life = async {
        let cancel = async {
            tokio::time::sleep(SECOND * 2).await;
            first.cancel(id, CancelLevel::Kill, Reason::User).await.unwrap();
            tokio::time::sleep(SECOND * 3).await;
        };
        tokio::select! {
            outcome = first.drive(id) => panic!("{outcome:?}"),
            () = cancel => {}
        }
    };
    life.await;
    stand.executor.crash();
    stand.world.hang_next(Method::Cleanup);
    tokio::time::sleep(SECOND * 40).await;
    let second = Engine::builder(Arc::new(FakeExecutor::new(&stand.world)), stand.store.clone()).build();
    let outcome = tokio::time::timeout(SECOND * 20, second.drive(id)).await.expect("bounded").unwrap();
    assert_eq!(outcome.end.status, Status::Cancelled);
}

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
    engine.work(NonZeroUsize::MIN, tokio::time::sleep(SECOND * 20), |end| ends.push(end)).await.unwrap();
    assert!(matches!(&ends[0], Err(EngineError::Panicked(id)) if *id == first), "{ends:?}");
    let mut done: Vec<_> = ends[1..].iter().map(|end| end.as_ref().unwrap().id).collect();
    done.sort_unstable();
    assert_eq!(done, [first, second]);
    stand.clean(first);
}
