//! An attempt of which nobody can say that it is over: nothing begins beside it, and the cleaning up ends it.

use imt_core::engine::Outcome;
use tokio::time::Instant;

use super::*;

const RETRIED: &str = "stages: [a, b]\njobs:\n  one: {stage: a, script: [x], timeout: 30s, grace: 5s, retry: {max: 3, on: [failed, timeout, lost]}}\n  two: {stage: b, script: [x]}";

/// How often a method was called for the first job, whatever the number of the attempt.
fn calls(stand: &Stand, method: Method) -> usize {
    let first = |attempt: &AttemptId| attempt.job == JobIndex(0);
    stand.world.calls().iter().filter(|c| c.method == method && c.attempt.as_ref().is_some_and(first)).count()
}

fn skipped(outcome: &Outcome, job: usize) -> bool {
    outcome.state.jobs[job].status == Status::Skipped
}

#[tokio::test(start_paused = true)]
async fn a_start_that_hangs_past_the_timeout_is_not_tried_again_beside_itself() {
    let stand = Stand::new();
    stand.world.hang_next(Method::Start);
    let begun = Instant::now();
    let outcome = stand.engine().run(plan(RETRIED)).await.unwrap();
    assert_eq!((outcome.end.status, outcome.end.reason), (Status::Failed, Some(Reason::Timeout)));
    assert!(skipped(&outcome, 1), "{outcome:?}");
    assert!(outcome.end.detail.as_ref().unwrap().contains("whether the job had begun"), "{outcome:?}");
    assert_eq!((calls(&stand, Method::Start), stand.world.began()), (1, vec![]));
    assert!(begun.elapsed() <= SECOND * 40, "{:?}", begun.elapsed());
    stand.clean(outcome.id);
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_cannot_be_had_ends_the_pipeline_unless_the_kill_is_confirmed() {
    for hangs in [false, true] {
        let stand = Stand::new();
        stand.world.script("one", FakeScript::never_ends());
        for _ in 0..1_000 {
            stand.world.fail_next(Method::Wait, FailureKind::EngineUnavailable);
        }
        if hangs {
            stand.world.hang_next(Method::Stop);
        }
        let file = RETRIED.replace("timeout: 30s", "timeout: 1h, allow_failure: true");
        let begun = Instant::now();
        let outcome = stand.engine().run(plan(&file)).await;
        let outcome = outcome.unwrap();
        assert!(begun.elapsed() <= SECOND * 300, "{:?}", begun.elapsed());
        assert_eq!(outcome.state.jobs[0].end.as_ref().unwrap().reason, Some(Reason::EngineUnavailable));
        assert_eq!(skipped(&outcome, 1), hangs, "{outcome:?}");
        assert_eq!(calls(&stand, Method::Start), 1);
        stand.clean(outcome.id);
    }
}

#[tokio::test(start_paused = true)]
async fn not_being_able_to_ask_concludes_nothing_about_a_started_attempt() {
    let stand = Stand::new();
    stand.world.script("one", FakeScript::never_ends());
    let first = stand.engine();
    let id = first.submit(plan(RETRIED)).await.unwrap().id;
    tokio::select! {
        _ = first.drive(id) => panic!("it never ends"),
        () = tokio::time::sleep(SECOND * 3) => {}
    }
    stand.executor.crash();
    tokio::time::sleep(SECOND * 40).await;
    for _ in 0..1_000 {
        stand.world.fail_next(Method::Attach, FailureKind::EngineUnavailable);
    }
    let second = Engine::builder(Arc::new(FakeExecutor::new(&stand.world)), stand.store.clone()).build();
    let outcome = second.drive(id).await.unwrap();
    assert!(skipped(&outcome, 1), "{outcome:?}");
    assert_eq!((outcome.state.jobs[0].attempts.len(), stand.world.began().len()), (1, 1));
    stand.clean(id);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_ends_what_hangs_while_the_job_is_followed() {
    let table = [
        (Method::Logs, CancelLevel::Kill, SECOND * 8),
        (Method::Wait, CancelLevel::Kill, SECOND * 16),
        (Method::Stop, CancelLevel::Kill, SECOND * 16),
        (Method::Stop, CancelLevel::Graceful, SECOND * 55),
    ];
    for (method, level, at_most) in table {
        let stand = Stand::new();
        stand.world.script("one", FakeScript::never_ends());
        stand.world.hang_next(method);
        let engine = stand.engine();
        let id = engine.submit(plan("jobs: {one: {script: [x], grace: 10s}}")).await.unwrap().id;
        let begun = Instant::now();
        let (outcome, ()) = tokio::join!(engine.drive(id), async {
            tokio::time::sleep(SECOND * 3).await;
            engine.cancel(id, level, Reason::User).await.unwrap();
        });
        assert_eq!(outcome.unwrap().end.status, Status::Cancelled);
        assert!(begun.elapsed() <= SECOND * 3 + at_most, "{method:?}: {:?}", begun.elapsed());
        stand.clean(id);
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_log_is_asked_for_as_long_as_the_outcome() {
    let stand = Stand::new();
    stand.world.script("one", FakeScript::runs_for(SECOND * 200).prints("hello\n"));
    // With the backoff's pauses, for about a minute and a half.
    for _ in 0..45 {
        stand.world.fail_next(Method::Logs, FailureKind::EngineUnavailable);
    }
    let outcome = stand.engine().run(plan(ONE)).await.unwrap();
    let (pieces, _) = stand.log(Stand::attempt(outcome.id)).await;
    assert!(pieces.contains(&(StreamKind::Stdout, "hello\n".into())), "{pieces:?}");
    stand.clean(outcome.id);
}

#[tokio::test(start_paused = true)]
async fn the_log_of_a_preparation_that_was_cancelled_ends_with_its_pipeline() {
    let stand = Stand::new();
    stand.world.script("one", FakeScript::exit(0).prepare_takes(SECOND * 60));
    let engine = stand.engine();
    let id = engine.submit(plan(ONE)).await.unwrap().id;
    let (outcome, ()) = tokio::join!(engine.drive(id), async {
        tokio::time::sleep(SECOND * 3).await;
        engine.cancel(id, CancelLevel::Graceful, Reason::User).await.unwrap();
    });
    assert_eq!(outcome.unwrap().end.status, Status::Cancelled);
    let (pieces, end) = stand.log(Stand::attempt(id)).await;
    assert_eq!((pieces.len(), end.lines), (1, 1), "what was said of the preparation, and its end");
}
