//! Cases: how a log is written.

use super::fixture::{
    TestStore, append, assert_refused, at, attempt, bytes_of, claim, claimed, end_of, enqueued, out, piece, read_from,
    runner, whole_log,
};
use crate::id::{AttemptId, JobIndex};
use crate::ports::{LogAppend, LogCursor, LogEnd, LogFrom, LogPage, LogPositions, StoreError, StreamKind};

/// A log that does not exist is empty, wherever it is read.
pub(super) async fn an_unknown_log_is_empty(store: TestStore) {
    let unknown = attempt(enqueued(&store).await, 0);
    assert_eq!(store.log_cursor(unknown).await.expect("log_cursor"), LogCursor::default());
    for from in [LogFrom::Offset(0), LogFrom::Line(0), LogFrom::Line(7), LogFrom::Tail(7)] {
        assert_eq!(store.read_log(unknown, from, 100).await.expect("read_log"), LogPage::default(), "{from:?}");
    }
}

/// Each piece answers the durable offset and is read back at once, with its stream and time.
pub(super) async fn what_is_appended_is_read_at_once(store: TestStore) {
    let held = claimed(&store).await;
    let log = attempt(held.pipeline, 0);
    let pieces = [
        (StreamKind::Stdout, &b"$ make\n"[..]),
        (StreamKind::Stderr, b"warn"),
        (StreamKind::Stdout, b"ok\n\n"),
        (StreamKind::System, b"2 bytes were dropped\n"),
        (StreamKind::Stderr, b"ing\n"),
    ];
    let (mut all, mut newlines) = (Vec::new(), 0);
    for (n, (stream, bytes)) in pieces.into_iter().enumerate() {
        let offset = all.len() as u64;
        let raw = LogPositions { stdout: n as u64 * 10, stderr: n as u64 };
        let dropped = n as u64 * 100;
        append(&store, &held, log, LogAppend { raw, dropped, ..piece(offset, stream, bytes) }).await;
        let page = store.read_log(log, LogFrom::Offset(offset), 1_000).await.expect("read_log");
        let [chunk] = &page.chunks[..] else { panic!("one piece, not {:?}", page.chunks) };
        assert_eq!((chunk.stream, &chunk.bytes[..], chunk.at), (stream, bytes, at(offset)));
        assert_eq!((chunk.offset, chunk.first_line), (offset, newlines));
        all.extend_from_slice(bytes);
        newlines += super::fixture::newlines(bytes);
        let expected = LogCursor { offset: all.len() as u64, newlines, raw, dropped, end: None };
        assert_eq!(store.log_cursor(log).await.expect("log_cursor"), expected);
        assert_eq!((page.next_offset, page.end), (expected.offset, None));
    }
    assert_eq!(whole_log(&store, log).await, all);
    let tail = store.read_log(log, LogFrom::Offset(all.len() as u64), 10).await.expect("read_log");
    assert_eq!((tail.chunks.len(), tail.next_offset), (0, all.len() as u64));
}

/// A chunk carries the time of its first byte, also when pieces were stored together.
pub(super) async fn a_chunk_has_the_time_of_its_first_byte(store: TestStore) {
    let held = claimed(&store).await;
    let log = attempt(held.pipeline, 0);
    for n in 0..100 {
        append(&store, &held, log, LogAppend { at: at(n), ..out(n, "x") }).await;
    }
    let first = &read_from(&store, log, LogFrom::Offset(0), 1_000).await[0];
    assert_eq!((first.offset, first.at), (0, at(0)));
}

/// The same piece again changes nothing; one that overlaps adds only what is new; one that leaves a gap is refused.
pub(super) async fn offsets_decide_what_is_new(store: TestStore) {
    let held = claimed(&store).await;
    let log = attempt(held.pipeline, 0);
    append(
        &store,
        &held,
        log,
        LogAppend { raw: LogPositions { stdout: 6, stderr: 1 }, dropped: 3, ..out(0, "one\ntw") },
    )
    .await;
    let cursor = store.log_cursor(log).await.expect("log_cursor");
    for old in [out(0, "one\ntw"), out(0, "one\n"), out(4, "tw"), out(2, "e\n")] {
        let answer = store.append_log(&held, log, std::slice::from_ref(&old)).await.expect("append_log");
        assert_eq!(answer, 6, "{old:?} adds nothing");
        assert_eq!(store.log_cursor(log).await.expect("log_cursor"), cursor, "{old:?} changes nothing");
    }
    let overlap = LogAppend { raw: LogPositions { stdout: 9, stderr: 2 }, dropped: 4, ..out(3, "\ntwo\nth") };
    assert_eq!(store.append_log(&held, log, &[overlap]).await.expect("append_log"), 10);
    let cursor = store.log_cursor(log).await.expect("log_cursor");
    let raw = LogPositions { stdout: 9, stderr: 2 };
    assert_eq!(cursor, LogCursor { offset: 10, newlines: 2, raw, dropped: 4, end: None });
    match store.append_log(&held, log, &[out(11, "late")]).await {
        Err(StoreError::Gap { offset: 11, durable: 10 }) => {}
        other => panic!("expected a gap of one byte, got {other:?}"),
    }
    assert_refused!(
        store.append_log(&held, attempt(held.pipeline, 1), &[out(1, "x")]).await,
        StoreError::Gap { offset: 1, durable: 0 }
    );
    assert_eq!(store.log_cursor(log).await.expect("log_cursor"), cursor);
    assert_eq!(whole_log(&store, log).await, b"one\ntwo\nth");
}

/// A piece has 1 byte to 64 KiB and is for an attempt of the claim's pipeline.
pub(super) async fn a_piece_has_bounds(store: TestStore) {
    let held = claimed(&store).await;
    let log = attempt(held.pipeline, 0);
    let foreign = attempt(enqueued(&store).await, 0);
    assert_refused!(store.append_log(&held, log, &[out(0, "")]).await, StoreError::Conflict(_));
    assert_refused!(store.append_log(&held, log, &[out(0, vec![b'x'; 65_537])]).await, StoreError::Conflict(_));
    assert_refused!(store.append_log(&held, foreign, &[out(0, "x")]).await, StoreError::Conflict(_));
    assert_refused!(store.finish_log(&held, foreign, end_of(b"")).await, StoreError::Conflict(_));
    append(&store, &held, log, out(0, vec![b'x'; 65_536])).await;
    assert_eq!(whole_log(&store, log).await, vec![b'x'; 65_536]);
    assert_eq!(store.log_cursor(foreign).await.expect("log_cursor"), LogCursor::default());
}

/// Logs of other attempts, jobs and pipelines are other logs.
pub(super) async fn logs_are_kept_apart(store: TestStore) {
    let (one, two) = (claimed(&store).await, enqueued(&store).await);
    let two = claim(&store, &runner("two"), two).await;
    let first = attempt(one.pipeline, 0);
    let ids = [
        (&one, first),
        (&one, AttemptId { number: 2, ..first }),
        (&one, AttemptId { job: JobIndex(1), ..first }),
        (&two, AttemptId { pipeline: two.pipeline, ..first }),
    ];
    for (n, (claim, id)) in ids.iter().enumerate() {
        append(&store, claim, *id, out(0, format!("log {n}\n"))).await;
    }
    for (n, (_, id)) in ids.iter().enumerate() {
        assert_eq!(whole_log(&store, *id).await, format!("log {n}\n").into_bytes());
    }
}

/// The end is accepted when it is that of what is stored, once; nothing comes after it.
pub(super) async fn the_end_must_fit(store: TestStore) {
    let held = claimed(&store).await;
    let log = attempt(held.pipeline, 0);
    let bytes = b"one\ntwo\nno newline";
    append(&store, &held, log, out(0, &bytes[..])).await;
    let end = LogEnd { dropped: 12, ..end_of(bytes) };
    let more = LogEnd { bytes: end.bytes + 1, ..end };
    assert_refused!(store.finish_log(&held, log, more).await, StoreError::Gap { offset: 19, durable: 18 });
    let wrong = [
        LogEnd { checksum: [0; 32], ..end },
        LogEnd { lines: 2, ..end },
        LogEnd { bytes: end.bytes - 1, ..end },
        LogEnd { dropped: 12, ..end_of(&bytes[..8]) },
    ];
    for wrong in wrong {
        assert_refused!(store.finish_log(&held, log, wrong).await, StoreError::Conflict(_));
        assert_eq!(store.log_cursor(log).await.expect("log_cursor").end, None, "{wrong:?}");
    }
    store.finish_log(&held, log, end).await.expect("finish_log");
    store.finish_log(&held, log, end).await.expect("finish_log is idempotent");
    assert_refused!(store.finish_log(&held, log, LogEnd { dropped: 0, ..end }).await, StoreError::Conflict(_));
    for late in [out(18, "late"), out(0, "one\n")] {
        assert_refused!(store.append_log(&held, log, &[late]).await, StoreError::Conflict(_));
    }
    assert_eq!(store.log_cursor(log).await.expect("log_cursor").end, Some(end));
    for (from, rest) in [(LogFrom::Offset(0), 18), (LogFrom::Offset(18), 0), (LogFrom::Tail(1), 10)] {
        let page = store.read_log(log, from, 100).await.expect("read_log");
        assert_eq!((page.end, page.next_offset), (Some(end), 18));
        assert_eq!(bytes_of(&page.chunks).len(), rest, "{from:?}");
    }
}

/// A refused end leaves the log open: the rest can follow.
pub(super) async fn a_refused_end_leaves_the_log_open(store: TestStore) {
    let held = claimed(&store).await;
    let log = attempt(held.pipeline, 0);
    append(&store, &held, log, out(0, "begin ")).await;
    let wrong = LogEnd { checksum: [7; 32], ..end_of(b"begin ") };
    assert_refused!(store.finish_log(&held, log, wrong).await, StoreError::Conflict(_));
    append(&store, &held, log, out(6, "end")).await;
    store.finish_log(&held, log, end_of(b"begin end")).await.expect("finish_log");
    assert_eq!(whole_log(&store, log).await, b"begin end");
}

/// A job that said nothing has a whole, empty log.
pub(super) async fn an_empty_log_can_be_whole(store: TestStore) {
    let held = claimed(&store).await;
    let log = attempt(held.pipeline, 0);
    store.finish_log(&held, log, end_of(b"")).await.expect("finish_log");
    let page = store.read_log(log, LogFrom::Tail(10), 100).await.expect("read_log");
    assert_eq!(page, LogPage { chunks: Vec::new(), next_offset: 0, end: Some(end_of(b"")) });
    assert_refused!(store.append_log(&held, log, &[out(0, "late")]).await, StoreError::Conflict(_));
}

/// Pieces of one call are there together or not at all, and what of them is there already is left as it is.
pub(super) async fn pieces_are_appended_together(store: TestStore) {
    let held = claimed(&store).await;
    let log = attempt(held.pipeline, 0);
    let raw = |stdout, stderr| LogPositions { stdout, stderr };
    let pieces = [
        LogAppend { raw: raw(4, 0), ..out(0, "one\n") },
        LogAppend { raw: raw(4, 4), ..piece(4, StreamKind::Stderr, "two\n") },
        LogAppend { raw: raw(9, 4), ..out(8, "three") },
    ];
    assert_eq!(store.append_log(&held, log, &pieces).await.expect("append_log"), 13);
    assert_eq!(store.append_log(&held, log, &pieces).await.expect("append_log again"), 13);
    assert_eq!(whole_log(&store, log).await, b"one\ntwo\nthree");
    assert_eq!(store.log_cursor(log).await.expect("log_cursor").raw, raw(9, 4));
    let gap = [out(13, "more"), out(18, "late")];
    assert_refused!(store.append_log(&held, log, &gap).await, StoreError::Gap { .. });
    let empty = [out(13, "more"), out(17, "")];
    assert_refused!(store.append_log(&held, log, &empty).await, StoreError::Conflict(_));
    assert_refused!(store.append_log(&held, log, &[]).await, StoreError::Conflict(_));
    assert_eq!(store.log_cursor(log).await.expect("log_cursor").offset, 13, "nothing of those is there");
}

/// Lines of alternating streams, in one call or one by one, come back each in its stream, in order and with its line.
pub(super) async fn alternating_streams_stay_apart(store: TestStore) {
    let held = claimed(&store).await;
    let line = |n: u64| {
        let stream = if n.is_multiple_of(2) { StreamKind::Stdout } else { StreamKind::Stderr };
        piece(n * 8, stream, format!("{n:07}\n"))
    };
    for (job, batch) in [(0, 1), (1, 100)] {
        let log = attempt(held.pipeline, job);
        let lines: Vec<_> = (0..300).map(line).collect();
        for pieces in lines.chunks(batch) {
            store.append_log(&held, log, pieces).await.expect("append_log");
        }
        for from in [0, 8 * 123, 8 * 250 + 4] {
            for chunk in read_from(&store, log, LogFrom::Offset(from), 1_000).await {
                let first = chunk.offset / 8;
                assert_eq!(chunk.first_line, first, "at {}", chunk.offset);
                let expected = if first.is_multiple_of(2) { StreamKind::Stdout } else { StreamKind::Stderr };
                assert_eq!((chunk.stream, chunk.bytes.len() as u64), (expected, 8 - chunk.offset % 8));
            }
        }
        assert_eq!(whole_log(&store, log).await, bytes_of_pieces(&lines));
    }
}

fn bytes_of_pieces(pieces: &[LogAppend]) -> Vec<u8> {
    pieces.iter().map(|piece| &piece.bytes[..]).collect::<Vec<_>>().concat()
}
