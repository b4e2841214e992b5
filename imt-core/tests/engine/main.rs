//! The engine over fakes, in virtual time: what its users see of it.
#![cfg(feature = "testkit")]
#![expect(clippy::unwrap_used, clippy::clone_on_ref_ptr, reason = "tests")]

mod following;
#[path = "../deployments/late_store.rs"]
mod late_store;
mod left;
mod moving;
mod recording;
mod sweeping;
mod trouble;
mod unlogged;
mod working;

use std::fs;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use imt_core::engine::{Engine, EngineError, Instances};
use imt_core::id::{AttemptId, CommitId, InstanceId, JobIndex, PipelineId, ProjectName};
use imt_core::pipeline::read;
use imt_core::plan::{Plan, Trigger, build};
use imt_core::ports::{
    Checkout, Event, EventId, EventSink, Executor, Failure, FailureKind, LogEnd, LogFrom, Notice, RunnerInfo, Source,
    Store, StreamKind, Variable,
};
use imt_core::schedule::{CancelLevel, Change, ChangeKind};
use imt_core::secret::Secret;
use imt_core::status::{Reason, Status};
use imt_core::store::MemoryStore;
use imt_core::testkit::fake_executor::Method;
use imt_core::testkit::{FakeExecutor, FakeScript, FakeWorld, FaultStore, StoreCall, StoreFault};
use imt_core::time::Timestamp;
use tokio::sync::Notify;

const SECOND: Duration = Duration::from_secs(1);

fn plan(file: &str) -> Plan {
    plan_of(file, None)
}

fn plan_of(file: &str, repository: Option<&str>) -> Plan {
    let read = read(file.as_bytes(), "pipeline.yml");
    let spec = read.spec.unwrap_or_else(|| panic!("{:?}", read.diagnostics));
    let trigger = Trigger { repository: repository.map(Into::into), ..Trigger::manual() };
    build(&spec, &ProjectName::new("demo"), trigger).unwrap()
}

const ONE: &str = "jobs: {one: {script: [x]}}";
const TWO: &str = "stages: [a, b]\njobs: {one: {stage: a, script: [x]}, two: {stage: b, script: [x]}}";

#[derive(Clone)]
struct Stand {
    world: Arc<FakeWorld>,
    executor: Arc<FakeExecutor>,
    store: Arc<MemoryStore>,
}

impl Stand {
    fn new() -> Self {
        let world = FakeWorld::new();
        let executor = Arc::new(FakeExecutor::new(&world));
        Self { world, executor, store: Arc::new(MemoryStore::new()) }
    }

    fn engine(&self) -> Engine {
        Engine::builder(self.executor.clone(), self.store.clone()).build()
    }

    fn attempt(pipeline: PipelineId) -> AttemptId {
        AttemptId { pipeline, job: JobIndex(0), number: 1 }
    }

    async fn log(&self, attempt: AttemptId) -> (Vec<(StreamKind, String)>, LogEnd) {
        let page = self.store.read_log(attempt, LogFrom::Offset(0), usize::MAX).await.unwrap();
        let mut pieces: Vec<(StreamKind, String)> = Vec::new();
        for chunk in &page.chunks {
            let text = String::from_utf8_lossy(&chunk.bytes);
            match pieces.last_mut().filter(|(stream, _)| *stream == chunk.stream) {
                Some((_, so_far)) => so_far.push_str(&text),
                None => pieces.push((chunk.stream, text.into_owned())),
            }
        }
        (pieces, page.end.expect("the log is whole"))
    }

    async fn events(&self, pipeline: PipelineId) -> Vec<Event> {
        self.store.events_after(Some(pipeline), EventId::default(), usize::MAX).await.unwrap()
    }

    /// Submits a pipeline that somebody begins and gives back: it waits, and its cancel is for whoever has it next.
    async fn submit_begun(&self, engine: &Engine) -> PipelineId {
        let id = engine.submit(plan(ONE)).await.unwrap().id;
        let lease = SECOND * 600;
        let other = RunnerInfo { instance: InstanceId::new("other"), labels: Vec::new(), driving: Vec::new(), lease };
        let claim = self.store.claim(&other, Some(id)).await.unwrap().unwrap();
        let begun = Change { at: Timestamp::from_micros(1), kind: ChangeKind::PipelineStarted };
        self.store.commit(&claim, 1, &[begun]).await.unwrap();
        self.store.release(&claim).await.unwrap();
        id
    }

    fn clean(&self, pipeline: PipelineId) {
        assert_eq!(self.world.violations(), [""; 0]);
        assert_eq!(self.world.leftovers(pipeline), []);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_runs_to_its_end_and_its_log_is_masked_and_whole() {
    let stand = Stand::new();
    let script = FakeScript::runs_for(SECOND)
        .prints("$ x\nthe key is hunter2")
        .prints_at(Duration::from_millis(10), StreamKind::Stdout, "-hunter2.\n")
        .prints_at(Duration::from_millis(20), StreamKind::Stderr, "oops");
    stand.world.script("one", script);
    let value = Secret::new("hunter2-hunter2");
    stand.store.set_variable(ProjectName::new("demo"), Variable { name: "KEY".into(), value, is_secret: true });

    let outcome = stand.engine().run(plan(ONE)).await.unwrap();

    assert_eq!((outcome.end.status, outcome.number.get()), (Status::Success, 1));
    let (pieces, end) = stand.log(Stand::attempt(outcome.id)).await;
    let said = (StreamKind::System, "prepare one …\n  done in 0.0 s\n".into());
    let whole = [said, (StreamKind::Stdout, "$ x\nthe key is ***.\n".into()), (StreamKind::Stderr, "oops".into())];
    assert_eq!(pieces, whole);
    assert_eq!((end.lines, end.dropped), (5, 0));
    stand.clean(outcome.id);
}

#[tokio::test(start_paused = true)]
async fn chunks_of_any_size_and_a_secret_that_breaks_off_are_stored_whole() {
    let stand = Stand::new();
    let secret: String = (0..10_000u64).map(|n| (n * n * n).to_string()).collect();
    let variable = Variable { name: "KEY".into(), value: Secret::new(secret.as_str()), is_secret: true };
    stand.store.set_variable(ProjectName::new("demo"), variable);
    let broken_off = format!("{}!\n", &secret[..2_000]).repeat(300);
    stand.world.script("one", FakeScript::runs_for(SECOND).prints(broken_off.clone()));
    let outcome = stand.engine().run(plan(ONE)).await.unwrap();
    assert_eq!(outcome.end.status, Status::Success, "{outcome:?}");
    let (pieces, _) = stand.log(Stand::attempt(outcome.id)).await;
    assert!(pieces[1].1 == broken_off, "{} bytes of {}", pieces[1].1.len(), broken_off.len());
}

#[tokio::test(start_paused = true)]
async fn output_past_the_cap_is_counted_and_marked_and_the_job_goes_on() {
    let stand = Stand::new();
    let mut script = FakeScript::runs_for(SECOND);
    for line in 0..100u64 {
        script = script.prints_at(Duration::from_millis(line), StreamKind::Stdout, format!("line {line:03}\n"));
    }
    stand.world.script("one", script);
    let engine = Engine::builder(stand.executor.clone(), stand.store.clone()).log_cap_bytes(20).build();
    let outcome = engine.run(plan(ONE)).await.unwrap();
    assert_eq!(outcome.end.status, Status::Success);
    let (pieces, end) = stand.log(Stand::attempt(outcome.id)).await;
    assert_eq!(pieces[1], (StreamKind::Stdout, "line 000\nline 001\nli".into()));
    assert_eq!(pieces[2].0, StreamKind::System);
    assert!(pieces[2].1.contains("880 further bytes"), "{pieces:?}");
    assert_eq!(end.dropped, 880);
}

#[tokio::test(start_paused = true)]
async fn a_failed_preparation_is_told_when_its_turn_comes_and_is_in_the_log() {
    let stand = Stand::new();
    stand.world.script("one", FakeScript::runs_for(SECOND * 30));
    stand.world.script("two", FakeScript::exit(0).prepare_fails(FailureKind::ImageNotFound));
    let outcome = stand.engine().run(plan(TWO)).await.unwrap();
    assert_eq!((outcome.end.status, outcome.end.reason), (Status::Errored, Some(Reason::ImageNotFound)));
    assert_eq!(outcome.state.jobs[0].status, Status::Success);
    let two = AttemptId { job: JobIndex(1), ..Stand::attempt(outcome.id) };
    let (pieces, _) = stand.log(two).await;
    assert_eq!(pieces[0].0, StreamKind::System);
    let prepared = stand.world.calls().iter().filter(|c| c.method == Method::Prepare && c.attempt == Some(two)).count();
    assert_eq!(prepared, 1, "it was prepared ahead, once");
}

#[tokio::test(start_paused = true)]
async fn the_next_jobs_are_prepared_while_one_runs() {
    let stand = Stand::new();
    stand.world.script("one", FakeScript::runs_for(SECOND * 10));
    stand.world.script("two", FakeScript::exit(0).prepare_takes(SECOND * 5));
    let started = tokio::time::Instant::now();
    let outcome = stand.engine().run(plan(TWO)).await.unwrap();
    assert_eq!(outcome.end.status, Status::Success);
    assert!(started.elapsed() < SECOND * 11, "{:?}", started.elapsed());
    stand.clean(outcome.id);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_stops_what_runs_and_is_over_when_nothing_is_left() {
    let stand = Stand::new();
    stand.world.script("one", FakeScript::never_ends());
    let engine = stand.engine();
    let id = engine.submit(plan(TWO)).await.unwrap().id;
    let (outcome, ()) = tokio::join!(engine.drive(id), async {
        tokio::time::sleep(SECOND * 3).await;
        engine.cancel(id, CancelLevel::Graceful, Reason::User).await.unwrap();
    });
    let outcome = outcome.unwrap();
    assert_eq!((outcome.end.status, outcome.end.reason), (Status::Cancelled, Some(Reason::User)));
    stand.clean(id);
    assert_eq!(engine.drive(id).await.unwrap(), outcome, "driving what is over answers its end");
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_cannot_renew_stops_its_attempts_and_another_goes_on() {
    let stand = Stand::new();
    stand.world.script("one", FakeScript::never_ends());
    let faults = Arc::new(FaultStore::new(stand.store.clone()));
    let first = Engine::builder(stand.executor.clone(), faults.clone()).build();
    let id = first.submit(plan(ONE)).await.unwrap().id;
    for _ in 0..1_000 {
        faults.fail_next(StoreCall::Renew, StoreFault::Before);
    }
    let started = tokio::time::Instant::now();
    let error = first.drive(id).await.unwrap_err();
    assert!(matches!(error, EngineError::Unrenewed { of, .. } if of == id.into()), "{error:?}");
    assert!(started.elapsed() < SECOND * 30, "it let go before its lease ran out: {:?}", started.elapsed());
    assert_eq!(stand.world.live(), [], "nothing of it runs on");

    tokio::time::sleep(SECOND * 31).await;
    let second = Engine::builder(Arc::new(FakeExecutor::new(&stand.world)), stand.store.clone()).build();
    let outcome = second.drive(id).await.unwrap();
    assert_eq!((outcome.end.status, outcome.end.reason), (Status::Errored, Some(Reason::RunnerLost)));
}

#[tokio::test(start_paused = true)]
async fn a_claim_is_relied_on_no_longer_than_its_lease_less_the_margin() {
    let stand = Stand::new();
    stand.world.script("one", FakeScript::never_ends());
    let faults = Arc::new(FaultStore::new(stand.store.clone()));
    // Its renewals are due each second from 3.5 s on, and it is good until 8.4 s.
    let lease = Duration::from_millis(10_500);
    let engine = Engine::builder(stand.executor.clone(), faults.clone()).lease(lease).build();
    let id = engine.submit(plan(ONE)).await.unwrap().id;
    for _ in 0..1_000 {
        faults.fail_next(StoreCall::Renew, StoreFault::Before);
    }
    let claimed = tokio::time::Instant::now();
    let error = engine.drive(id).await.unwrap_err();
    assert!(matches!(error, EngineError::Unrenewed { .. }), "{error:?}");
    assert!(claimed.elapsed() <= lease.mul_f64(0.8), "{:?}", claimed.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_of_a_living_runner_is_not_to_be_had() {
    let stand = Stand::new();
    stand.world.script("one", FakeScript::runs_for(SECOND * 100));
    let (engine, other) = (stand.engine(), stand.engine());
    let id = engine.submit(plan(ONE)).await.unwrap().id;
    let (outcome, refused) = tokio::join!(engine.drive(id), async {
        tokio::time::sleep(SECOND * 60).await;
        other.drive(id).await
    });
    assert_eq!(outcome.unwrap().end.status, Status::Success);
    assert!(matches!(refused, Err(EngineError::ClaimLost(_))), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_panicking_executor_ends_the_job_not_the_engine() {
    let executor = imt_core::executor::from_fn(|_, _| async { panic!("boom") });
    let engine = Engine::builder(Arc::new(executor), Arc::new(MemoryStore::new())).build();
    let outcome = engine.run(plan(ONE)).await.unwrap();
    assert_eq!((outcome.end.status, outcome.end.reason), (Status::Errored, Some(Reason::Internal)));
}

mockall::mock! {
    Ear {}
    impl EventSink for Ear {
        fn notify(&self, notice: Notice);
    }
}

#[tokio::test(start_paused = true)]
async fn listeners_hear_of_every_commit_and_every_durable_byte() {
    let stand = Stand::new();
    stand.world.script("one", FakeScript::exit(0).prints("hello\n"));
    let heard = Arc::new(Mutex::new(Vec::new()));
    let mut ear = MockEar::new();
    let kept = Arc::clone(&heard);
    ear.expect_notify().times(2..).returning(move |notice| kept.lock().unwrap().push(notice));
    let engine = Engine::builder(stand.executor.clone(), stand.store.clone()).sink(Arc::new(ear)).build();
    let id = engine.run(plan(ONE)).await.unwrap().id;
    let heard = heard.lock().unwrap().clone();
    let last = stand.events(id).await.last().unwrap().id;
    assert_eq!(heard.last(), Some(&Notice::Events { pipeline: id, last }));
    let bytes = stand.log(Stand::attempt(id)).await.1.bytes;
    assert!(heard.contains(&Notice::Log { attempt: Stand::attempt(id), next_offset: bytes }), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn a_queue_is_worked_through_side_by_side_and_drained_at_the_end() {
    let stand = Stand::new();
    stand.world.script_others(FakeScript::runs_for(SECOND * 10));
    let engine = stand.engine();
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(engine.submit(plan(ONE)).await.unwrap().id);
    }
    let started = tokio::time::Instant::now();
    let mut ended = Vec::new();
    let capacity = NonZeroUsize::new(3).unwrap();
    engine.work(capacity, tokio::time::sleep(SECOND * 15), |result| ended.push(result.unwrap())).await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 20, "two shifts; the second began before the stop and was finished");
    assert!(ended.iter().all(|o| o.end.status == Status::Success));
    let mut done: Vec<_> = ended.iter().map(|o| o.id).collect();
    done.sort_unstable();
    assert_eq!(done, ids);
    assert_eq!(stand.world.max_running_side_by_side(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_runner_bounds_what_the_file_allows() {
    let file = "concurrency: 8\njobs: {a: {script: [x]}, b: {script: [x]}, c: {script: [x]}, d: {script: [x]}}";
    for (limit, most) in [(2, 2), (100, 4)] {
        let stand = Stand::new();
        stand.world.script_others(FakeScript::runs_for(SECOND));
        let engine = Engine::builder(stand.executor.clone(), stand.store.clone())
            .job_limit(NonZeroU32::new(limit).unwrap())
            .build();
        engine.run(plan(file)).await.unwrap();
        assert_eq!(stand.world.max_running_side_by_side(), most);
    }
}

/// A repository whose checkout is what the test says.
struct Repository<F>(F);

#[async_trait]
impl<F: Fn(Checkout<'_>) -> Result<(), Failure> + Send + Sync> Source for Repository<F> {
    async fn checkout(&self, order: Checkout<'_>) -> Result<(), Failure> {
        (self.0)(order)
    }

    async fn resolve(&self, _repository: &str, _reference: &str) -> Result<CommitId, Failure> {
        Ok(CommitId::none())
    }
}

#[tokio::test]
async fn a_workspace_is_made_filled_shared_and_removed() {
    let root = tempfile::tempdir().unwrap();
    let stand = Stand::new();
    let source = Repository(|order: Checkout<'_>| {
        assert!(order.into.is_dir() && order.into.read_dir().unwrap().next().is_none(), "it is there and empty");
        fs::write(order.into.join("file"), order.repository).unwrap();
        Ok(())
    });
    let engine = Engine::builder(stand.executor.clone(), stand.store.clone())
        .source(Arc::new(source))
        .workspace_root(root.path().join("deep/er"))
        .build();
    let outcome = engine.run(plan_of(TWO, Some("/repo"))).await.unwrap();
    assert_eq!(outcome.end.status, Status::Success, "{outcome:?}");
    assert_eq!(fs::read_dir(root.path().join("deep/er")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_kept_workspace_stays_and_is_named_after_project_commit_and_pipeline() {
    let root = tempfile::tempdir().unwrap();
    let stand = Stand::new();
    let engine = Engine::builder(stand.executor.clone(), stand.store.clone())
        .workspace_root(root.path())
        .keep_workspaces(true)
        .build();
    let outcome = engine.run(plan(ONE)).await.unwrap();
    let kept = root.path().join(format!("demo-{}-{}", CommitId::none(), outcome.id));
    assert!(kept.is_dir(), "{}", kept.display());
}

#[tokio::test]
async fn a_failed_checkout_and_an_unusable_root_end_the_pipeline_with_their_reasons() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "not a directory").unwrap();
    let table = [(file.as_path(), Reason::WorkspaceFailed), (root.path(), Reason::CommitNotFound)];
    for (root, reason) in table {
        let stand = Stand::new();
        let source = Repository(|_: Checkout<'_>| Err(Failure::new(FailureKind::CommitNotFound, "no such commit")));
        let engine = Engine::builder(stand.executor.clone(), stand.store.clone())
            .source(Arc::new(source))
            .workspace_root(root)
            .build();
        let outcome = engine.run(plan_of(ONE, Some("/repo"))).await.unwrap();
        assert_eq!((outcome.end.status, outcome.end.reason), (Status::Errored, Some(reason)), "{outcome:?}");
        assert_eq!(outcome.state.jobs[0].status, Status::Skipped);
    }
}

#[tokio::test]
async fn a_cancel_ends_a_checkout_that_hangs() {
    struct Hangs(Notify);
    #[async_trait]
    impl Source for Hangs {
        async fn checkout(&self, _: Checkout<'_>) -> Result<(), Failure> {
            self.0.notify_one();
            std::future::pending().await
        }
        async fn resolve(&self, _: &str, _: &str) -> Result<CommitId, Failure> {
            Ok(CommitId::none())
        }
    }
    let root = tempfile::tempdir().unwrap();
    let stand = Stand::new();
    let source = Arc::new(Hangs(Notify::new()));
    let engine = Engine::builder(stand.executor.clone(), stand.store.clone())
        .source(source.clone())
        .workspace_root(root.path())
        .build();
    let id = engine.submit(plan_of(ONE, Some("/repo"))).await.unwrap().id;
    let (outcome, ()) = tokio::join!(engine.drive(id), async {
        source.0.notified().await;
        engine.cancel(id, CancelLevel::Graceful, Reason::User).await.unwrap();
    });
    assert_eq!(outcome.unwrap().end.status, Status::Cancelled);
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
}
