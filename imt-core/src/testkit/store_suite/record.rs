//! Cases: logs and changes recorded together.

use super::fixture::{
    TestStore, assert_lost, assert_refused, attempt, change, changes_of, claimed, end_of, events_of, job_changes, nth,
    out, piece, superseded, whole_log,
};
use crate::id::AttemptId;
use crate::ports::{Claim, LogAppend, LogPart, StoreError, StreamKind};
use crate::schedule::{Change, ChangeKind};

/// A log from its beginning to its end.
fn whole(attempt: AttemptId, text: &str) -> LogPart {
    let (first, second) = text.split_at(text.len() / 2);
    let pieces = vec![out(0, first.to_owned()), piece(first.len() as u64, StreamKind::Stderr, second.to_owned())];
    LogPart { attempt, pieces, end: Some(end_of(text.as_bytes())) }
}

fn part(attempt: AttemptId, pieces: Vec<LogAppend>) -> LogPart {
    LogPart { attempt, pieces, end: None }
}

fn two_jobs(held: &Claim) -> Vec<Change> {
    [job_changes(held.pipeline, 0), job_changes(held.pipeline, 1)].concat()
}

/// Whole logs, parts of logs and changes: all of it is there afterwards, and what follows goes on from it.
pub(super) async fn what_is_recorded_together_is_there(store: TestStore) {
    let held = claimed(&store).await;
    let log = |job| attempt(held.pipeline, job);
    let mut changes = two_jobs(&held);
    let first = [whole(log(0), "one\ntwo\n"), whole(log(1), "three"), part(log(2), vec![out(0, "fo")])];
    store.record(&held, nth(), &first, &changes).await.expect("record");
    let empty = LogPart { attempt: AttemptId { number: 2, ..log(1) }, pieces: Vec::new(), end: Some(end_of(b"")) };
    let rest = LogPart { attempt: log(2), pieces: vec![out(2, "ur\n")], end: Some(end_of(b"four\n")) };
    let more = job_changes(held.pipeline, 2);
    store.record(&held, nth(), &[empty.clone(), rest], &more).await.expect("record what follows");
    changes.extend(more);
    for (job, text) in [(0, "one\ntwo\n"), (1, "three"), (2, "four\n")] {
        assert_eq!(whole_log(&store, log(job)).await, text.as_bytes(), "log {job}");
        let cursor = store.log_cursor(log(job)).await.expect("log_cursor");
        assert_eq!(cursor.end, Some(end_of(text.as_bytes())), "the end of log {job}");
    }
    assert_eq!(store.log_cursor(empty.attempt).await.expect("log_cursor").end, empty.end);
    assert_eq!(changes_of(&events_of(&store, held.pipeline).await), changes);
}

/// A part without changes is appended, and nothing else happens.
pub(super) async fn logs_are_recorded_without_changes(store: TestStore) {
    let held = claimed(&store).await;
    let log = attempt(held.pipeline, 0);
    for (offset, text) in [(0, "a\n"), (2, "b\n")] {
        store.record(&held, nth(), &[part(log, vec![out(offset, text)])], &[]).await.expect("record");
    }
    assert_eq!(whole_log(&store, log).await, b"a\nb\n");
    assert_eq!(events_of(&store, held.pipeline).await, []);
}

/// One log and what follows from it, as a driver records them: one that is new, one that is open, one that stays open, an
/// empty one; in one go or not, all of it is there once.
pub(super) async fn a_log_is_recorded_with_what_follows_from_it(store: TestStore) {
    let held = claimed(&store).await;
    let log = |job| attempt(held.pipeline, job);
    store.commit(&held, nth(), &[change(0, ChangeKind::PipelineStarted)]).await.expect("commit");
    store.append_log(&held, log(1), &[out(0, "open")]).await.expect("append");
    let flood = "a line that is there many times\n".repeat(5_000);
    let pieces = (0_u64..).zip(flood.as_bytes().chunks(60_000)).map(|(n, bytes)| out(n * 60_000, bytes.to_vec()));
    let pieces = pieces.collect();
    let parts = [
        (whole(log(0), "one\ntwo\n"), "one\ntwo\n"),
        (LogPart { attempt: log(1), pieces: vec![out(4, "ed\n")], end: Some(end_of(b"opened\n")) }, "opened\n"),
        (part(log(2), vec![out(0, "to be go")]), "to be go"),
        (part(log(2), vec![out(8, "ne on w")]), "to be gone on w"),
        (
            LogPart { attempt: log(2), pieces: vec![out(15, "ith")], end: Some(end_of(b"to be gone on with")) },
            "to be gone on with",
        ),
        (LogPart { attempt: log(3), pieces: Vec::new(), end: Some(end_of(b"")) }, ""),
        (LogPart { attempt: log(4), pieces, end: Some(end_of(flood.as_bytes())) }, &flood),
    ];
    for (job, (part, text)) in (0..).zip(&parts) {
        let (number, changes) = (nth(), job_changes(held.pipeline, job));
        let last = store.record(&held, number, std::slice::from_ref(part), &changes).await.expect("record");
        let events = events_of(&store, held.pipeline).await;
        assert_eq!(last, events.last().map(|event| event.id), "of {:?}", part.attempt);
        assert_eq!(changes_of(&events)[events.len() - changes.len()..], changes);
        assert!(whole_log(&store, part.attempt).await == text.as_bytes(), "the log of {:?}", part.attempt);
        assert_eq!(store.log_cursor(part.attempt).await.expect("log_cursor").end, part.end);
        let again = store.record(&held, number, std::slice::from_ref(part), &changes).await.expect("the same again");
        assert_eq!((again, events_of(&store, held.pipeline).await.len()), (last, events.len()));
    }
}

/// A log that is not as its writer takes it to be is refused, and what follows from it is not recorded; both can go on.
pub(super) async fn a_log_that_does_not_fit_keeps_the_changes_out(store: TestStore) {
    let held = claimed(&store).await;
    let log = attempt(held.pipeline, 0);
    store.append_log(&held, log, &[out(0, "one\n")]).await.expect("append");
    let (started, changes) = ([change(0, ChangeKind::PipelineStarted)], job_changes(held.pipeline, 0));
    store.commit(&held, nth(), &started).await.expect("commit");
    let wrong = LogPart { attempt: log, pieces: vec![out(4, "two\n")], end: Some(end_of(b"one\nTWO\n")) };
    assert_refused!(store.record(&held, nth(), &[wrong], &changes).await, StoreError::Conflict(_));
    let gap = part(log, vec![out(40, "late")]);
    assert_refused!(store.record(&held, nth(), &[gap], &changes).await, StoreError::Gap { .. });
    assert_eq!(changes_of(&events_of(&store, held.pipeline).await), started);
    let offset = store.log_cursor(log).await.expect("log_cursor").offset;
    let text = whole_log(&store, log).await;
    let right = LogPart {
        attempt: log,
        pieces: vec![out(offset, "end\n")],
        end: Some(end_of(&[&text[..], b"end\n"].concat())),
    };
    store.record(&held, nth(), &[right], &changes).await.expect("record");
    store.commit(&held, nth(), &[super::fixture::pipeline_ended()]).await.expect("commit");
}

/// The same call again records nothing more, whatever of it had landed.
pub(super) async fn a_record_is_not_repeated(store: TestStore) {
    let held = claimed(&store).await;
    let log = |job| attempt(held.pipeline, job);
    store.record(&held, nth(), &[], &[change(0, ChangeKind::PipelineStarted)]).await.expect("record");
    let before = events_of(&store, held.pipeline).await.len();
    let (number, changes) = (nth(), two_jobs(&held));
    let parts = [whole(log(0), "one\n"), whole(log(1), "two\n"), part(log(2), vec![out(0, "three\n")])];
    // What a first try may leave: some of the logs.
    store.record(&held, nth(), &parts[..1], &[]).await.expect("the first log");
    for _ in 0..3 {
        store.record(&held, number, &parts, &changes).await.expect("the same again");
    }
    for (job, text) in [(0, "one\n"), (1, "two\n"), (2, "three\n")] {
        assert_eq!(whole_log(&store, log(job)).await, text.as_bytes(), "log {job}");
    }
    assert_eq!(changes_of(&events_of(&store, held.pipeline).await[before..]), changes);
}

/// Under a claim that is lost nothing is recorded.
pub(super) async fn a_stale_claim_records_nothing(store: TestStore) {
    let (old, new) = superseded(&store).await;
    let log = attempt(old.pipeline, 0);
    let refused = store.record(&old, nth(), &[whole(log, "late\n")], &job_changes(old.pipeline, 0)).await;
    assert_lost(refused, old.pipeline, "record");
    assert_eq!(whole_log(&store, log).await, b"");
    assert_eq!(events_of(&store, old.pipeline).await, []);
    store.record(&new, nth(), &[whole(log, "first\n")], &job_changes(new.pipeline, 0)).await.expect("the new claim's");
    assert_eq!(whole_log(&store, log).await, b"first\n");
}

/// A log that is refused keeps the changes out, too: whoever reads the end of an attempt finds its log whole.
pub(super) async fn no_change_is_recorded_without_its_log(store: TestStore) {
    let (held, other) = (claimed(&store).await, claimed(&store).await);
    // A store may know where it stands from here on, and record in another way.
    store.load(held.pipeline).await.expect("load");
    let log = |job| attempt(held.pipeline, job);
    let foreign = whole(attempt(other.pipeline, 0), "foreign\n");
    let refused = store.record(&held, nth(), std::slice::from_ref(&foreign), &two_jobs(&held)).await;
    assert_refused!(refused, StoreError::Conflict(_));
    assert_eq!(whole_log(&store, foreign.attempt).await, b"", "a log of another pipeline");
    let mut wrong = whole(log(1), "two\n");
    wrong.end = Some(end_of(b"TWO\n"));
    let parts = [whole(log(0), "one\n"), wrong];
    let refused = store.record(&held, nth(), &parts, &two_jobs(&held)).await;
    assert_refused!(refused, StoreError::Conflict(_));
    let gap = part(log(2), vec![out(1, "late")]);
    let refused = store.record(&held, nth(), &[gap], &two_jobs(&held)).await;
    assert_refused!(refused, StoreError::Gap { .. });
    assert_eq!(events_of(&store, held.pipeline).await, []);
}
