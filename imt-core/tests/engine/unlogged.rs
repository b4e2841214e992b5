//! What a job did is told, whatever the store makes of its log.

use imt_core::engine::Outcome;
use tokio::time::Instant;

use super::*;

/// Runs one job over a store with these faults; answers the outcome, the warnings and how long it took.
async fn run(
    stand: &Stand,
    script: FakeScript,
    faults: &[(StoreCall, StoreFault, usize)],
) -> (Outcome, String, Duration) {
    stand.world.script("one", script);
    let store = Arc::new(FaultStore::new(stand.store.clone()));
    let warned = Arc::new(Mutex::new(String::new()));
    let heard = Arc::clone(&warned);
    let engine = Engine::builder(stand.executor.clone(), store.clone())
        .on_warning(move |text| heard.lock().unwrap().push_str(text))
        .build();
    let begun = Instant::now();
    let (outcome, ()) = tokio::join!(engine.run(plan(ONE)), async {
        // The job runs by then.
        tokio::time::sleep(SECOND).await;
        for (call, fault, times) in faults {
            for _ in 0..*times {
                store.fail_next(*call, *fault);
            }
        }
    });
    let outcome = outcome.unwrap();
    stand.clean(outcome.id);
    let warned = warned.lock().unwrap().clone();
    (outcome, warned, begun.elapsed())
}

fn says_hello(seconds: u32) -> FakeScript {
    FakeScript::runs_for(SECOND * seconds).prints_at(SECOND * 5, StreamKind::Stdout, "hello\n")
}

fn detail(outcome: &Outcome) -> &str {
    outcome.state.jobs[0].end.as_ref().unwrap().detail.as_deref().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_store_that_refuses_the_log_costs_the_log_and_not_the_outcome() {
    for code in [0, 3] {
        let stand = Stand::new();
        let script = FakeScript::runs_for(SECOND * 100)
            .prints_at(SECOND * 5, StreamKind::Stdout, "hello\n")
            .prints_at(SECOND * 50, StreamKind::Stdout, "more\n")
            .ending(imt_core::testkit::fake_executor::FakeEnd::Code(code));
        let faults = [(StoreCall::AppendLog, StoreFault::Refused, 1)];
        let (outcome, warned, took) = run(&stand, script, &faults).await;
        let wanted = if code == 0 { Status::Success } else { Status::Failed };
        let job = outcome.state.jobs[0].end.as_ref().unwrap();
        assert_eq!((job.status, job.exit_code), (wanted, Some(code)), "{outcome:?}");
        assert!(detail(&outcome).contains("refusal ordered by the test"), "{outcome:?}");
        assert!(warned.contains("refusal ordered by the test"), "{warned}");
        assert!(took >= SECOND * 100 && took <= SECOND * 102, "it was followed to its end: {took:?}");
        let (_, end) = stand.log(Stand::attempt(outcome.id)).await;
        assert_eq!(end.dropped, 11, "the log says what is missing");
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_refuses_the_end_of_a_log_does_not_cost_the_outcome() {
    // With what it leads to, and then alone.
    let stand = Stand::new();
    let faults = [(StoreCall::FinishLog, StoreFault::Refused, 2)];
    let (outcome, warned, _) = run(&stand, FakeScript::runs_for(SECOND * 9), &faults).await;
    assert_eq!(outcome.end.status, Status::Success);
    assert!(detail(&outcome).contains("refusal ordered by the test") && !warned.is_empty(), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn an_end_of_a_log_that_is_refused_only_with_what_it_leads_to_is_written_alone() {
    for fault in [StoreFault::Refused, StoreFault::NoRoom] {
        let stand = Stand::new();
        let (outcome, warned, _) = run(&stand, says_hello(9), &[(StoreCall::FinishLog, fault, 1)]).await;
        assert_eq!((outcome.end.status, detail(&outcome), warned.as_str()), (Status::Success, "", ""));
        let (pieces, end) = stand.log(Stand::attempt(outcome.id)).await;
        assert!(pieces.contains(&(StreamKind::Stdout, "hello\n".into())), "{pieces:?}");
        assert_eq!(end.dropped, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_for_the_log_is_waited_for_while_the_job_runs() {
    let stand = Stand::new();
    // With the backoff's pauses, some ten minutes: many leases.
    let faults = [(StoreCall::AppendLog, StoreFault::Before, 300)];
    let (outcome, warned, _) = run(&stand, says_hello(900), &faults).await;
    assert_eq!((outcome.end.status, detail(&outcome), warned.as_str()), (Status::Success, "", ""));
    let (pieces, _) = stand.log(Stand::attempt(outcome.id)).await;
    assert!(pieces.contains(&(StreamKind::Stdout, "hello\n".into())), "{pieces:?}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_stays_away_for_the_log_holds_an_outcome_up_only_for_so_long() {
    let stand = Stand::new();
    let faults = [(StoreCall::AppendLog, StoreFault::Before, 1_000)];
    let (outcome, warned, took) = run(&stand, says_hello(100), &faults).await;
    assert_eq!(outcome.end.status, Status::Success, "{outcome:?}");
    assert!(detail(&outcome).contains("not whole") && warned.contains("not whole"), "{outcome:?}");
    assert!(took <= SECOND * 200, "{took:?}");
}
