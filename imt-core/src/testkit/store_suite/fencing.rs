//! Cases: leases and fencing tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::fixture::{
    LONG_LEASE, Patience, TestStore, append, assert_lost, attempt, change, claim, claim_when_free, claimed, end_of,
    enqueued, events_of, fold, job_changes, nth, out, pipeline_ended, runner, superseded, whole_log,
};
use crate::ports::{Claim, LogCursor, LogPart};
use crate::schedule::ChangeKind;

/// Tokens grow with each claim, whoever makes it.
pub(super) async fn tokens_grow(store: TestStore) {
    let pipeline = enqueued(&store).await;
    let mut newest = 0;
    for instance in ["one", "one", "two", "one", "two"] {
        let claim = claim(&store, &runner(instance), pipeline).await;
        assert!(claim.token > newest, "token {} after {newest}", claim.token);
        newest = claim.token;
        if instance == "two" || newest % 2 == 0 {
            store.release(&claim).await.expect("release");
        }
    }
}

/// A held pipeline is nobody else's, by whatever way it is asked for.
pub(super) async fn a_held_pipeline_is_nobody_elses(store: TestStore) {
    let held = claimed(&store).await;
    for which in [Some(held.pipeline), None] {
        assert_eq!(store.claim(&runner("two"), which).await.expect("claim"), None, "{which:?}");
    }
    store.renew(&held).await.expect("the holder did not notice");
}

/// The same instance takes its claim over at once, and the old one is lost.
pub(super) async fn the_same_instance_takes_over_at_once(store: TestStore) {
    let first = claimed(&store).await;
    let second = claim(&store, &runner("one"), first.pipeline).await;
    assert!(second.token > first.token);
    assert_lost(store.renew(&first).await, first.pipeline, "renew");
    let third = store.claim(&runner("one"), None).await.expect("claim").expect("its own");
    assert_eq!(third.pipeline, first.pipeline);
    assert!(third.token > second.token);
    assert_lost(store.control(&second).await, first.pipeline, "control");
    store.commit(&third, nth(), &job_changes(first.pipeline, 0)).await.expect("the newest may write");
}

/// A lease that ran out can be taken by anybody, and not before.
pub(super) async fn an_expired_lease_can_be_taken(store: TestStore) {
    let pipeline = enqueued(&store).await;
    for which in [Some(pipeline), None] {
        let mut short = runner("short");
        short.lease = Duration::from_millis(150);
        let asked = Instant::now();
        let old = claim(&store, &short, pipeline).await;
        let new = claim_when_free(&store, &runner("two"), which).await;
        assert!(asked.elapsed() >= short.lease, "taken {:?} after it was claimed", asked.elapsed());
        assert!(new.pipeline == pipeline && new.token > old.token);
        assert_lost(store.renew(&old).await, pipeline, "renew");
        store.release(&new).await.expect("release");
    }
}

/// Renewing prolongs to a full lease from then on.
pub(super) async fn renewal_prolongs(store: TestStore) {
    let mut short = runner("one");
    short.lease = Duration::from_secs(1);
    let pipeline = enqueued(&store).await;
    let begin = Instant::now();
    let held = claim(&store, &short, pipeline).await;
    while begin.elapsed() < short.lease * 3 / 2 {
        let renewed = Instant::now();
        store.renew(&held).await.expect("renew");
        let other = store.claim(&runner("two"), Some(pipeline)).await.expect("claim");
        let took = renewed.elapsed();
        assert!(other.is_none() || took >= short.lease, "taken {took:?} after a renewal of {:?}", short.lease);
        assert!(other.is_none(), "the store took {took:?} for two calls: nothing can be said about leases");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let other = claim_when_free(&store, &runner("two"), Some(pipeline)).await;
    assert!(other.token > held.token);
}

/// A lease that ran out but was not taken still writes, and can be renewed: the token is the newest.
pub(super) async fn an_expired_claim_that_nobody_took_still_writes(store: TestStore) {
    let mut short = runner("one");
    short.lease = Duration::from_millis(1);
    let pipeline = enqueued(&store).await;
    let held = claim(&store, &short, pipeline).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    store.commit(&held, nth(), &job_changes(pipeline, 0)).await.expect("commit");
    store.control(&held).await.expect("control");
    store.renew(&held).await.expect("renew");
}

/// Release gives the pipeline to others at once, may be repeated, and a late one takes nothing from the next holder.
pub(super) async fn release_gives_back_once(store: TestStore) {
    let (old, new) = superseded(&store).await;
    for late in [&old, &Claim { token: new.token + 1, ..new.clone() }] {
        store.release(late).await.expect("release is idempotent");
        assert_eq!(store.claim(&runner("three"), Some(old.pipeline)).await.expect("claim"), None, "{late:?}");
    }
    store.renew(&new).await.expect("the new holder did not notice");
    store.release(&new).await.expect("release");
    store.release(&new).await.expect("release again");
    let third = store.claim(&runner("three"), None).await.expect("claim").expect("it waits again");
    assert_eq!((third.pipeline, third.token > new.token), (old.pipeline, true));
}

/// Every write of a claim that is not the newest is refused, and nothing of it is recorded.
async fn refuses_all_writes(store: &TestStore, stale: &Claim) {
    let pipeline = stale.pipeline;
    let (log, before) = (attempt(pipeline, 0), events_of(store, pipeline).await);
    let (record, cursor) = (store.load(pipeline).await.expect("load"), store.log_cursor(log).await.expect("cursor"));
    assert_lost(store.commit(stale, nth(), &job_changes(pipeline, 0)).await, pipeline, "commit");
    let next = out(cursor.offset, "stale");
    assert_lost(store.append_log(stale, log, &[next]).await, pipeline, "append_log");
    assert_lost(store.append_log(stale, attempt(pipeline, 2), &[out(0, "stale")]).await, pipeline, "append_log (new)");
    let end = end_of(&whole_log(store, log).await);
    assert_lost(store.finish_log(stale, log, end).await, pipeline, "finish_log");
    assert_lost(store.renew(stale).await, pipeline, "renew");
    assert_lost(store.control(stale).await, pipeline, "control");
    assert_eq!(store.load(pipeline).await.expect("load"), record, "the state is untouched");
    assert_eq!(events_of(store, pipeline).await, before, "no event was recorded");
    assert_eq!(store.log_cursor(log).await.expect("cursor"), cursor, "the log is untouched");
    assert_eq!(store.log_cursor(attempt(pipeline, 2)).await.expect("cursor"), LogCursor::default());
}

/// A claim that another one has replaced writes nothing, and one that was never given neither.
pub(super) async fn a_stale_token_writes_nothing(store: TestStore) {
    let (old, new) = superseded(&store).await;
    append(&store, &new, attempt(new.pipeline, 0), out(0, "begin\n")).await;
    refuses_all_writes(&store, &old).await;
    refuses_all_writes(&store, &Claim { token: new.token + 1, ..new.clone() }).await;
    refuses_all_writes(&store, &Claim { token: 0, ..new.clone() }).await;
    store.commit(&new, nth(), &job_changes(new.pipeline, 0)).await.expect("the newest may write");
    append(&store, &new, attempt(new.pipeline, 0), out(6, "end\n")).await;
}

/// The commit that ends a pipeline gives the claim back. What was recorded with it can still be repeated, because its outcome
/// may have been unknown.
pub(super) async fn the_end_gives_the_claim_back(store: TestStore) {
    let held = claimed(&store).await;
    let log = attempt(held.pipeline, 0);
    let open = LogPart { attempt: attempt(held.pipeline, 1), pieces: vec![out(0, "never ended")], end: None };
    let whole = LogPart { attempt: log, pieces: vec![out(0, "last\n")], end: Some(end_of(b"last\n")) };
    let (number, ends) = (nth(), [pipeline_ended()]);
    let ended = store.record(&held, number, &[whole.clone(), open.clone()], &ends).await.expect("record the end");
    assert_lost(store.renew(&held).await, held.pipeline, "renew");
    assert_lost(store.control(&held).await, held.pipeline, "control");
    let late = [out(0, "late")];
    assert_lost(store.append_log(&held, attempt(held.pipeline, 2), &late).await, held.pipeline, "append to a new log");
    assert_lost(store.append_log(&held, open.attempt, &[out(11, "late")]).await, held.pipeline, "append");
    assert_lost(store.finish_log(&held, open.attempt, end_of(b"never ended")).await, held.pipeline, "finish");
    let again = store.record(&held, number, &[whole, open], &ends).await.expect("the same again");
    assert_eq!(again, ended);
    store.release(&held).await.expect("release is idempotent");
    assert_eq!(store.held(&held.instance).await.expect("held"), []);
    assert_eq!(whole_log(&store, log).await, b"last\n");
}

/// What a store tells of a claimed pipeline without being asked is what it would answer, and told once.
pub(super) async fn as_claimed_is_what_load_answers(store: TestStore) {
    let id = enqueued(&store).await;
    let held = store.claim(&runner("one"), None).await.expect("claim").expect("there is one");
    assert_eq!(held.pipeline, id);
    if let Some(record) = store.as_claimed(&held) {
        assert_eq!(record, store.load(id).await.expect("load"));
        assert_eq!(store.as_claimed(&held), None, "once");
    }
    store.commit(&held, nth(), &[change(0, ChangeKind::PipelineStarted)]).await.expect("commit");
    store.release(&held).await.expect("release");
    let next = store.claim(&runner("two"), None).await.expect("claim").expect("it is there again");
    assert_eq!(store.as_claimed(&held), None, "a claim that is over");
    if let Some(record) = store.as_claimed(&next) {
        assert_eq!(record, store.load(id).await.expect("load"), "one that has begun");
    }
}

/// A claim that was given back writes nothing.
pub(super) async fn a_released_claim_writes_nothing(store: TestStore) {
    let held = claimed(&store).await;
    append(&store, &held, attempt(held.pipeline, 0), out(0, "begin\n")).await;
    store.release(&held).await.expect("release");
    refuses_all_writes(&store, &held).await;
}

/// A claim on one pipeline is none on another.
pub(super) async fn a_claim_is_on_one_pipeline(store: TestStore) {
    let held = claimed(&store).await;
    let other = enqueued(&store).await;
    let forged = Claim { pipeline: other, ..held };
    assert_lost(store.commit(&forged, nth(), &job_changes(other, 0)).await, other, "commit");
    assert_lost(store.renew(&forged).await, other, "renew");
    assert_eq!(events_of(&store, other).await, []);
}

/// While one holder writes as fast as it can, another takes over: nothing of the first gets in after that.
pub(super) async fn a_takeover_cuts_the_old_writer_off(store: TestStore) {
    for round in 0..8 {
        let old = claimed(&store).await;
        let (pipeline, log) = (old.pipeline, attempt(old.pipeline, 0));
        // Only a store that does not cut it off needs to stop the writer; then the bytes tell.
        let stop = Arc::new(AtomicBool::new(false));
        let writer = tokio::spawn({
            let (store, stopped) = (TestStore::clone(&store), Arc::clone(&stop));
            async move {
                let mut offset = 0;
                while let Ok(durable) = store.append_log(&old, log, &[out(offset, "old writer\n")]).await {
                    offset = durable;
                    if stopped.load(Ordering::Relaxed) {
                        break;
                    }
                    let done = store.commit(&old, nth(), &job_changes(pipeline, 0)[..1]).await;
                    if done.is_err() {
                        break;
                    }
                    tokio::task::yield_now().await;
                }
            }
        });
        let mut patience = Patience::until("the first write");
        while store.log_cursor(log).await.expect("log_cursor").offset == 0 {
            patience.peek().await;
        }
        let mut new = runner("one");
        new.lease = LONG_LEASE;
        let new = claim(&store, &new, pipeline).await;
        let cursor = store.log_cursor(log).await.expect("cursor");
        let events = events_of(&store, pipeline).await;
        let mut offset = cursor.offset;
        for _ in 0..20 {
            append(&store, &new, log, out(offset, "NEW\n")).await;
            offset += 4;
        }
        stop.store(true, Ordering::Relaxed);
        writer.await.expect("the old writer");
        let bytes = whole_log(&store, log).await;
        let cut = usize::try_from(cursor.offset).expect("a small log");
        assert!(
            bytes[..cut].chunks(11).all(|line| line == b"old writer\n"),
            "round {round}: the beginning is the old one's"
        );
        assert_eq!(bytes[cut..], b"NEW\n".repeat(20), "round {round}: the rest is the new one's");
        assert_eq!(
            events_of(&store, pipeline).await,
            events,
            "round {round}: no event of the old one after the takeover"
        );
        let record = store.load(pipeline).await.expect("load");
        let state = fold(pipeline, &record.plan, &events);
        assert_eq!(record.state, state);
        store.release(&new).await.expect("release");
    }
}
