//! Cases about stopping: SIGTERM, grace, SIGKILL.

use std::time::Duration;

use tokio::time::Instant;

use super::Act;
use super::bench::{Bench, assert_bytes};
use crate::ports::{Exit, LogPositions};

/// No test waits that long: whoever needs it does not heed SIGTERM.
const LONG: Duration = Duration::from_mins(1);
/// Three times what is promised for an end that needs no grace.
const SOON: Duration = Duration::from_secs(3);

fn assert_stopped(exit: Exit) {
    assert!(matches!(exit, Exit::Stopped(_)), "{exit:?} instead of Stopped");
}

/// A plain sleeper ends without using up the grace.
pub async fn stop_ends_a_sleeper(bench: &mut Bench<'_>) {
    let handle = bench.sleeper(Vec::new()).await;
    let took = bench.stop(&handle, LONG).await;
    assert!(took < SOON, "a plain sleep took {took:?} to stop");
    assert_stopped(bench.wait(&handle).await);
}

/// A script that traps SIGTERM gets to clean up, and its code and last words are kept.
pub async fn stop_lets_it_clean_up(bench: &mut Bench<'_>) {
    let handle = bench.sleeper(vec![Act::TrapTerm(7)]).await;
    let took = bench.stop(&handle, LONG).await;
    assert!(took < SOON, "a trap took {took:?}");
    assert_eq!(bench.wait(&handle).await, Exit::Stopped(Some(7)));
    let printed = bench.read(&handle, LogPositions::default()).await;
    assert_bytes(&printed.stdout, b"ready\nbye\n", "stdout");
}

/// Who ignores SIGTERM has the grace, and no more.
pub async fn stop_kills_after_the_grace(bench: &mut Bench<'_>) {
    let handle = bench.sleeper(vec![Act::IgnoreTerm]).await;
    let grace = Duration::from_secs(1);
    let took = bench.stop(&handle, grace).await;
    assert!(took >= grace, "killed after {took:?}, before the grace was over");
    assert!(took < grace + SOON, "took {took:?}");
    assert_stopped(bench.wait(&handle).await);
}

/// Zero grace does not ask.
pub async fn stop_without_grace_kills(bench: &mut Bench<'_>) {
    let handle = bench.sleeper(vec![Act::IgnoreTerm]).await;
    let took = bench.stop(&handle, Duration::ZERO).await;
    assert!(took < SOON, "took {took:?}");
    assert_stopped(bench.wait(&handle).await);
    let printed = bench.read(&handle, LogPositions::default()).await;
    assert_bytes(&printed.stdout, b"ready\n", "stdout");
}

/// A second stop with less grace does not wait for the first; one with more does not prolong it.
pub async fn shorter_grace_wins(bench: &mut Bench<'_>) {
    let handle = bench.sleeper(vec![Act::IgnoreTerm]).await;
    let before = Instant::now();
    let stops = futures_util::future::join(
        bench.executor.stop(&handle, LONG),
        futures_util::future::join(
            bench.executor.stop(&handle, Duration::from_millis(500)),
            bench.executor.stop(&handle, LONG),
        ),
    );
    let (first, (second, third)) = stops.await;
    first.and(second).and(third).expect("stop");
    let took = before.elapsed();
    assert!(took >= Duration::from_millis(500) && took < SOON, "took {took:?}");
    assert_stopped(bench.wait(&handle).await);
}

/// Stopping twice is stopping.
pub async fn stop_is_idempotent(bench: &mut Bench<'_>) {
    let handle = bench.sleeper(Vec::new()).await;
    bench.stop(&handle, LONG).await;
    let exit = bench.wait(&handle).await;
    let again = bench.stop(&handle, LONG).await;
    assert!(again < SOON, "stopping what is over took {again:?}");
    assert_eq!(bench.wait(&handle).await, exit);
}

/// What ended by itself stays so.
pub async fn stop_after_the_end_changes_nothing(bench: &mut Bench<'_>) {
    let handle = bench.begin(&bench.job(vec![Act::Exit(9)])).await;
    assert_eq!(bench.wait(&handle).await, Exit::Code(9));
    bench.stop(&handle, Duration::ZERO).await;
    assert_eq!(bench.wait(&handle).await, Exit::Code(9));
}

/// A stop that nobody waits for goes on to the kill.
pub async fn dropped_stop_goes_on(bench: &mut Bench<'_>) {
    let handle = bench.sleeper(vec![Act::IgnoreTerm]).await;
    let stop = bench.executor.stop(&handle, Duration::from_millis(500));
    let given_up = tokio::time::timeout(Duration::from_millis(50), stop).await;
    assert!(given_up.is_err(), "it ignores SIGTERM, so the stop takes its grace");
    let exit = tokio::time::timeout(SOON, bench.wait(&handle)).await.expect("the kill still comes");
    assert_stopped(exit);
}

/// Stopping one attempt does not touch another of the same pipeline.
pub async fn stop_of_one_leaves_others(bench: &mut Bench<'_>) {
    let (one, other) = (bench.sleeper(Vec::new()).await, bench.sleeper(Vec::new()).await);
    bench.stop(&one, Duration::ZERO).await;
    let wait = tokio::time::timeout(Duration::from_millis(100), bench.executor.wait(&other)).await;
    assert!(wait.is_err(), "the other still runs");
    bench.stop(&other, Duration::ZERO).await;
}
