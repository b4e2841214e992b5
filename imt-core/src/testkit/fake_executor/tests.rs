use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::Instant;
use uuid::Uuid;

use super::*;
use crate::id::{AttemptId, JobIndex, PipelineId, ProjectName};
use crate::pipeline::{PullPolicy, Resources};
use crate::ports::{Executor, Exit, FailureKind, Handle, JobSpec, LogPositions, Notes, StreamKind};

const SECOND: Duration = Duration::from_secs(1);

fn job(index: u32, number: u32) -> JobSpec {
    let pipeline = PipelineId::from_uuid(Uuid::from_u128(1));
    JobSpec {
        attempt: AttemptId { pipeline, job: JobIndex(index), number },
        project: ProjectName::new("p"),
        job: format!("job{index}"),
        stage: "test".into(),
        image: None,
        pull: PullPolicy::Missing,
        items: vec!["true".into()],
        script: "true".into(),
        env: Vec::new(),
        workspace: None,
        resources: Resources::default(),
    }
}

async fn go(executor: &FakeExecutor, job: &JobSpec) -> Handle {
    executor.prepare(job, &Notes::discard()).await.unwrap();
    executor.start(job).await.unwrap()
}

async fn read(executor: &FakeExecutor, handle: &Handle, from: LogPositions) -> Vec<u8> {
    let logs = executor.logs(handle, from).await.unwrap();
    logs.map(|chunk| chunk.unwrap().bytes.to_vec()).concat().await
}

#[tokio::test(start_paused = true)]
async fn a_script_is_played_in_virtual_time() {
    let world = FakeWorld::new();
    let script = FakeScript::runs_for(SECOND * 60).prints("a\n").prints_at(SECOND * 9, StreamKind::Stderr, "b\n");
    world.script("job0", script.prepare_takes(SECOND * 5).ending(FakeEnd::Code(3)));
    let executor = FakeExecutor::new(&world);
    let before = Instant::now();
    let handle = go(&executor, &job(0, 1)).await;
    assert_eq!(before.elapsed(), SECOND * 5);
    assert_eq!(executor.wait(&handle).await.unwrap(), Exit::Code(3));
    assert_eq!(before.elapsed(), SECOND * 65);
    assert_eq!(read(&executor, &handle, LogPositions { stdout: 1, stderr: 0 }).await, b"\nb\n");
    assert_eq!(world.times_script_began(job(0, 1).attempt), 1);
    assert!(world.violations().is_empty(), "{:?}", world.violations());
}

#[tokio::test(start_paused = true)]
async fn a_crash_leaves_what_runs_and_ends_what_waits() {
    let world = FakeWorld::new();
    world.script_others(FakeScript::runs_for(SECOND * 60).prints("a\n"));
    let first = FakeExecutor::new(&world);
    go(&first, &job(0, 1)).await;
    first.prepare(&job(1, 1), &Notes::discard()).await.unwrap();
    drop(first);
    assert_eq!(world.live(), [job(0, 1).attempt]);

    let second = FakeExecutor::new(&world);
    let handle = second.attach(job(0, 1).attempt).await.unwrap().unwrap();
    assert_eq!(second.start(&job(0, 1)).await.unwrap(), handle, "a start again is the same attempt");
    assert_eq!(second.wait(&handle).await.unwrap(), Exit::Code(0));
    assert_eq!(read(&second, &handle, LogPositions::default()).await, b"a\n");
    let waited = second.attach(job(1, 1).attempt).await.unwrap().unwrap();
    assert_eq!(second.wait(&waited).await.unwrap(), Exit::Lost { began: false });
    go(&second, &job(1, 1)).await;
    assert_eq!(world.times_script_began(job(0, 1).attempt), 1);
    assert_eq!(world.times_script_began(job(1, 1).attempt), 1);
    assert_eq!(second.attach(job(2, 1).attempt).await.unwrap(), None);
    assert!(world.violations().is_empty(), "{:?}", world.violations());
}

#[tokio::test(start_paused = true)]
async fn a_stop_obeys_the_script_and_the_shorter_grace() {
    let world = FakeWorld::new();
    let cleans = OnTerm::CleansUp { takes: SECOND * 4, says: "bye\n".into(), code: 9 };
    world.script("job0", FakeScript::never_ends().on_term(cleans));
    world.script("job1", FakeScript::never_ends().on_term(OnTerm::Ignores));
    let executor = FakeExecutor::new(&world);
    let (polite, deaf) = (go(&executor, &job(0, 1)).await, go(&executor, &job(1, 1)).await);
    let before = Instant::now();
    executor.stop(&polite, SECOND * 10).await.unwrap();
    assert_eq!(before.elapsed(), SECOND * 4);
    assert_eq!(executor.wait(&polite).await.unwrap(), Exit::Stopped(Some(9)));
    assert_eq!(read(&executor, &polite, LogPositions::default()).await, b"bye\n");

    let before = Instant::now();
    let shorter = async {
        tokio::time::sleep(SECOND * 2).await;
        executor.stop(&deaf, SECOND).await
    };
    let (long, short) = tokio::join!(executor.stop(&deaf, SECOND * 10), shorter);
    long.and(short).unwrap();
    assert_eq!(before.elapsed(), SECOND * 3);
    assert_eq!(executor.wait(&deaf).await.unwrap(), Exit::Stopped(None));
    assert_eq!(world.max_running_side_by_side(), 2);
}

#[tokio::test(start_paused = true)]
async fn faults_come_as_ordered() {
    let world = FakeWorld::new();
    let script = FakeScript::exit(0).prepare_takes(SECOND).prepare_fails(FailureKind::ImageNotFound);
    world.script("job0", script.prints("abc").prints("def").logs_break_after(3));
    let executor = FakeExecutor::new(&world);
    let (spec, notes) = (job(0, 1), Notes::discard());
    let both = tokio::join!(executor.prepare(&spec, &notes), executor.prepare(&spec, &notes));
    for outcome in [both.0, both.1] {
        assert_eq!(outcome.unwrap_err().kind, FailureKind::ImageNotFound);
    }
    assert!(world.leftovers(spec.attempt.pipeline).is_empty());
    world.fail_next(Method::Start, FailureKind::EngineUnavailable);
    executor.prepare(&spec, &notes).await.unwrap();
    assert!(executor.start(&spec).await.unwrap_err().retryable);
    assert_eq!(world.times_script_began(spec.attempt), 0);
    let handle = executor.start(&spec).await.unwrap();
    let mut logs = executor.logs(&handle, LogPositions::default()).await.unwrap();
    assert_eq!(&logs.next().await.unwrap().unwrap().bytes[..], b"abc");
    assert!(logs.next().await.unwrap().is_err());
    assert!(logs.next().await.is_none());
    assert_eq!(read(&executor, &handle, LogPositions { stdout: 3, stderr: 0 }).await, b"def");
    assert!(world.violations().is_empty(), "{:?}", world.violations());
}

#[tokio::test(start_paused = true)]
async fn broken_rules_are_kept() {
    let world = FakeWorld::new();
    world.script_others(FakeScript::never_ends());
    let executor = FakeExecutor::new(&world);
    let handle = executor.start(&job(0, 1)).await.unwrap();
    go(&executor, &job(0, 2)).await;
    executor.prepare(&job(0, 1), &Notes::discard()).await.unwrap();
    let mut other = job(0, 2);
    other.script = "false".into();
    executor.start(&other).await.unwrap();
    executor.cleanup(handle.attempt.pipeline, None).await.unwrap();
    assert!(executor.wait(&handle).await.is_err());
    executor.start(&job(0, 1)).await.unwrap();
    let expected = [
        "never prepared",
        "while 00000000-0000-0000-0000-000000000001.0.1 of the same job runs",
        "after its start",
        "another spec",
        "Cleanup while",
        "Cleanup while",
        "not there",
        "after the cleanup",
    ];
    let violations = world.violations();
    for part in expected {
        assert!(violations.iter().any(|v| v.contains(part)), "{part} in {violations:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_life_has_no_effect_and_no_answer() {
    let world = FakeWorld::new();
    world.script_others(FakeScript::never_ends());
    let zombie = Arc::new(FakeExecutor::new(&world));
    let handle = go(&zombie, &job(0, 1)).await;
    zombie.crash();
    let wait = tokio::time::timeout(SECOND, zombie.stop(&handle, Duration::ZERO)).await;
    assert!(wait.is_err(), "a dead process gets no answer");
    assert_eq!(world.live(), [job(0, 1).attempt]);
}
