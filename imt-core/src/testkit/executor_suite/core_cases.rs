//! Cases about the life of an attempt: prepare, start, wait, attach, cleanup.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;

use super::behaviour::{Behaviour, out};
use super::bench::{Bench, assert_bytes};
use super::{Act, Capability};
use crate::id::{AttemptId, JobIndex, PipelineId};
use crate::ports::{Exit, LogPositions, Notes};

/// Three times what is promised of a cleanup.
const SOON: Duration = Duration::from_secs(6);

/// Codes come out as they went in.
pub async fn exit_codes_are_kept(bench: &mut Bench<'_>) {
    for code in [0, 1, 42, 126, 127, 255] {
        assert_eq!(bench.run(&bench.job(vec![Act::Exit(code)])).await.exit, Exit::Code(code));
    }
}

/// Any number of preparations, at once and one after another, are one.
pub async fn prepare_is_idempotent(bench: &mut Bench<'_>) {
    let job = bench.job(vec![out(b"once\n")]);
    let notes = Notes::discard();
    let prepare = || bench.executor.prepare(&job, &notes);
    let (a, b, c) = tokio::join!(prepare(), prepare(), prepare());
    a.and(b).and(c).expect("prepare");
    prepare().await.expect("prepare again");
    let ran = bench.run(&job).await;
    assert_bytes(&ran.printed.stdout, b"once\n", "stdout");
}

/// A start without preparation works.
pub async fn start_prepares_if_nobody_has(bench: &mut Bench<'_>) {
    let handle = bench.executor.start(&bench.job(vec![out(b"x")])).await.expect("start");
    assert_eq!(bench.wait(&handle).await, Exit::Code(0));
    assert_bytes(&bench.read(&handle, LogPositions::default()).await.stdout, b"x", "stdout");
}

/// Any number of starts, at once and after the end, are one: the script runs once.
pub async fn start_is_idempotent(bench: &mut Bench<'_>) {
    let job = bench.job(vec![out(b"once\n"), Act::Exit(3)]);
    bench.executor.prepare(&job, &Notes::discard()).await.expect("prepare");
    let start = || bench.executor.start(&job);
    let (a, b, c) = tokio::join!(start(), start(), start());
    let handle = a.expect("start");
    assert_eq!(b.expect("start"), handle);
    assert_eq!(c.expect("start"), handle);
    assert_eq!(bench.wait(&handle).await, Exit::Code(3));
    assert_eq!(start().await.expect("start after the end"), handle);
    assert_eq!(bench.wait(&handle).await, Exit::Code(3));
    assert_bytes(&bench.read(&handle, LogPositions::default()).await.stdout, b"once\n", "stdout");
}

/// Waiting may be given up, doubled and repeated; the answer is one.
pub async fn wait_is_repeatable(bench: &mut Bench<'_>) {
    let handle = bench.sleeper(vec![Act::TrapTerm(6)]).await;
    let given_up = tokio::time::timeout(Duration::from_millis(20), bench.executor.wait(&handle)).await;
    assert!(given_up.is_err());
    let stop = bench.executor.stop(&handle, Duration::from_secs(30));
    let (a, b, stopped) = tokio::join!(bench.wait(&handle), bench.wait(&handle), stop);
    stopped.expect("stop");
    assert_eq!(a, Exit::Stopped(Some(6)));
    assert_eq!(b, a);
    assert_eq!(bench.wait(&handle).await, a);
}

/// Attempts run at the same time and keep their output apart.
pub async fn attempts_run_side_by_side(bench: &mut Bench<'_>) {
    let one = bench.sleeper(vec![out(b"one ")]).await;
    let two = bench.sleeper(vec![out(b"two ")]).await;
    let (stop_one, stop_two) =
        tokio::join!(bench.executor.stop(&one, Duration::ZERO), bench.executor.stop(&two, Duration::ZERO));
    stop_one.and(stop_two).expect("stop");
    assert_bytes(&bench.read(&one, LogPositions::default()).await.stdout, b"one ready\n", "the first's stdout");
    assert_bytes(&bench.read(&two, LogPositions::default()).await.stdout, b"two ready\n", "the second's stdout");
}

/// What was never started cannot be attached to.
pub async fn attach_of_unknown_is_none(bench: &mut Bench<'_>) {
    let unknown = AttemptId { pipeline: PipelineId::generate(), job: JobIndex(0), number: 1 };
    assert_eq!(bench.executor.attach(unknown).await.expect("attach"), None);
}

/// After a crash of ours, a running attempt is found with its whole output, or honestly not found; either way the new
/// life can remove all of it.
pub async fn restart_finds_what_survives(bench: &mut Bench<'_>) {
    let handle = bench.sleeper(Vec::new()).await;
    crash(bench).await;
    let found = bench.executor.attach(handle.attempt).await.expect("attach");
    if bench.subject.can(Capability::SurvivesRestart) {
        let handle = found.expect("the attempt survives a crash of ours");
        bench.until_printed(&handle, "ready").await;
        bench.stop(&handle, Duration::ZERO).await;
        assert!(matches!(bench.wait(&handle).await, Exit::Stopped(_)));
        assert_bytes(&bench.read(&handle, LogPositions::default()).await.stdout, b"ready\n", "stdout");
    } else {
        assert_eq!(found, None, "what cannot be followed any more is not to be found");
    }
    bench.cleanup().await;
    assert!(!bench.is_owned().await);
}

/// An attempt that ended before the crash is found with its code and its output, or honestly not found.
pub async fn restart_finds_what_ended(bench: &mut Bench<'_>) {
    let job = bench.job(vec![out(b"words\n"), Act::Exit(5)]);
    let handle = bench.begin(&job).await;
    bench.wait(&handle).await;
    crash(bench).await;
    let found = bench.executor.attach(handle.attempt).await.expect("attach");
    if bench.subject.can(Capability::SurvivesRestart) {
        let handle = found.expect("the attempt survives a crash of ours");
        assert_eq!(bench.wait(&handle).await, Exit::Code(5));
        assert_bytes(&bench.read(&handle, LogPositions::default()).await.stdout, b"words\n", "stdout");
    } else {
        assert_eq!(found, None, "what cannot be followed any more is not to be found");
    }
}

/// Ends the bench's life of the executor and begins the next.
async fn crash(bench: &mut Bench<'_>) {
    let next = bench.subject.executor().await;
    let old = std::mem::replace(&mut bench.executor, next);
    assert_eq!(Arc::strong_count(&old), 1, "nothing of the case holds the old life");
    bench.subject.crash(old).await;
}

/// Cleaning up what is over, again, and what never was.
pub async fn cleanup_is_idempotent(bench: &mut Bench<'_>) {
    bench.cleanup().await;
    bench.run(&bench.job(vec![out(b"x")])).await;
    bench.cleanup().await;
    bench.cleanup().await;
    assert!(!bench.is_owned().await);
}

/// A cleanup needs no stop before it; while something runs, its pipeline is listed.
pub async fn cleanup_kills_what_runs(bench: &mut Bench<'_>) {
    bench.sleeper(vec![Act::IgnoreTerm]).await;
    assert!(bench.is_owned().await, "a running attempt is owned");
    bench.cleanup().await;
    assert!(!bench.is_owned().await);
}

/// What waits for a go that never comes is removed, and does not run.
pub async fn cleanup_removes_what_is_prepared(bench: &mut Bench<'_>) {
    let job = bench.job(vec![out(b"x")]);
    bench.executor.prepare(&job, &Notes::discard()).await.expect("prepare");
    bench.cleanup().await;
    assert!(!bench.is_owned().await);
    assert_eq!(bench.executor.attach(job.attempt).await.expect("attach"), None);
}

/// A start that a cleanup meets, wherever it has come to, answers soon; afterwards nothing of it runs or is left.
pub async fn cleanup_ends_starts_in_flight(bench: &mut Bench<'_>) {
    for millis in [0, 1, 30, 150, 500] {
        // Each with a pipeline of its own: what was cleaned up is not started again.
        bench.pipeline = PipelineId::generate();
        let job = bench.job(vec![Act::IgnoreTerm, Act::Sleep]);
        let mut start = Box::pin(bench.executor.start(&job));
        let head_start = Duration::from_millis(millis);
        let early = tokio::time::timeout(head_start, &mut start).await.ok();
        let both = async {
            if let Some(answer) = early {
                (bench.cleanup().await, answer)
            } else {
                tokio::join!(bench.cleanup(), start)
            }
        };
        let ended = tokio::time::timeout(SOON, both).await;
        let ((), answer) =
            ended.unwrap_or_else(|_| panic!("start and cleanup take over {SOON:?} after {head_start:?}"));
        if let Err(failure) = answer {
            assert!(!failure.message.is_empty(), "a start that was cleaned up says so");
        }
        assert!(!bench.is_owned().await, "something is left of a start cleaned up after {head_start:?}");
        assert_eq!(bench.executor.attach(job.attempt).await.expect("attach"), None);
    }
}

/// A start that nobody waits for any more is ended by a cleanup all the same.
pub async fn cleanup_ends_dropped_starts(bench: &mut Bench<'_>) {
    for millis in [0, 1, 30, 150] {
        bench.pipeline = PipelineId::generate();
        let job = bench.job(vec![Act::IgnoreTerm, Act::Sleep]);
        drop(tokio::time::timeout(Duration::from_millis(millis), bench.executor.start(&job)).await);
        tokio::time::timeout(SOON, bench.cleanup()).await.expect("a cleanup is soon done");
        assert!(!bench.is_owned().await, "something is left of a start dropped after {millis} ms");
    }
}

/// A preparation in flight, also one that nobody waits for any more, is not left behind by a cleanup.
pub async fn cleanup_ends_preparations(bench: &mut Bench<'_>) {
    let acts = Behaviour(vec![out(b"x")]);
    let (kept, given_up) = (bench.job(acts.0.clone()), bench.job(acts.0));
    let notes = Notes::discard();
    // Each is asked once, so that it is under way.
    let mut kept_on = Box::pin(bench.executor.prepare(&kept, &notes));
    let first_look = (&mut kept_on).now_or_never();
    drop(Box::pin(bench.executor.prepare(&given_up, &notes)).now_or_never());
    if first_look.is_none() {
        let ((), outcome) = tokio::join!(bench.cleanup(), kept_on);
        if let Err(failure) = outcome {
            assert!(!failure.message.is_empty(), "a preparation that was cleaned up says so");
        }
    } else {
        bench.cleanup().await;
    }
    assert!(!bench.is_owned().await, "nothing is left of preparations");
}

/// Letting go ends what this life runs and prepares, twice is once, and the pipeline can be taken up again.
pub async fn release_ends_what_is_held(bench: &mut Bench<'_>) {
    let prepared = bench.job(vec![Act::Exit(4)]);
    bench.executor.prepare(&prepared, &Notes::discard()).await.expect("prepare");
    let handle = bench.sleeper(vec![Act::IgnoreTerm]).await;
    for _ in 0..2 {
        bench.executor.release(bench.pipeline).await.expect("release");
    }
    let fresh = bench.subject.executor().await;
    if let Some(found) = fresh.attach(handle.attempt).await.expect("attach") {
        let exit = tokio::time::timeout(SOON, fresh.wait(&found)).await.expect("it was killed");
        drop(exit);
    }
    assert_eq!(bench.run(&bench.job(vec![Act::Exit(3)])).await.exit, Exit::Code(3));
}
