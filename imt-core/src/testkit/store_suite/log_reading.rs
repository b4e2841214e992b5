//! Cases: how a log is read.

use tokio::task::JoinSet;

use super::fixture::{
    Patience, TestStore, append, at, attempt, bytes_of, claimed, end_of, line_count, line_start, newlines, out, piece,
    read_from, whole_log,
};
use crate::id::AttemptId;
use crate::ports::{Claim, LogAppend, LogFrom, StreamKind};

/// What output can look like: no newline at the end, none at all, only newlines, NUL, invalid UTF-8, long lines.
fn nasty() -> Vec<Vec<u8>> {
    let long = [&vec![b'x'; 200_000][..], b"\n", &vec![b'y'; 100_000]].concat();
    vec![
        b"one\ntwo\nthree\n".to_vec(),
        b"one\ntwo\nno newline".to_vec(),
        b"no newline at all".to_vec(),
        b"\n".to_vec(),
        b"\n\n\n\nfour empty lines before\n\n".to_vec(),
        b"nul \0 here\n\0\0\n\xff\xfe\xc3(\n\xf0\x9f\r\n\xe2\x80\xa8\n".to_vec(),
        vec![b'\n'; 70_000],
        long,
    ]
}

/// Writes bytes in pieces of a size, streams taking turns.
async fn write(store: &TestStore, claim: &Claim, log: AttemptId, bytes: &[u8], size: usize) {
    let mut offset = 0;
    for (n, part) in bytes.chunks(size).enumerate() {
        let stream = if n % 3 == 2 { StreamKind::Stderr } else { StreamKind::Stdout };
        append(store, claim, log, LogAppend { at: at(n as u64), ..piece(offset, stream, part.to_vec()) }).await;
        offset += part.len() as u64;
    }
}

/// Reading at any line or any number of lines before the end begins exactly there, for every kind of output.
pub(super) async fn lines_begin_where_they_begin(store: TestStore) {
    let held = claimed(&store).await;
    for (n, bytes) in (0..).zip(nasty()) {
        for (job, size) in [(n * 2, 7_001), (n * 2 + 1, 65_536)] {
            let log = attempt(held.pipeline, job);
            write(&store, &held, log, &bytes, size).await;
            assert_eq!(whole_log(&store, log).await, bytes, "output {n}");
            let lines = line_count(&bytes);
            let some = (0..8.min(lines)).chain([lines / 2, lines.saturating_sub(1), lines, lines + 1, lines + 99]);
            for line in some {
                let start = line_start(&bytes, line);
                check_start(&store, log, LogFrom::Line(line), &bytes, start).await;
                let start = line_start(&bytes, lines.saturating_sub(line));
                check_start(&store, log, LogFrom::Tail(line), &bytes, start).await;
            }
            check_start(&store, log, LogFrom::Line(u64::MAX), &bytes, bytes.len()).await;
            check_start(&store, log, LogFrom::Tail(u64::MAX), &bytes, 0).await;
        }
    }
}

async fn check_start(store: &TestStore, log: AttemptId, from: LogFrom, bytes: &[u8], start: usize) {
    let page = store.read_log(log, from, 1_000).await.expect("read_log");
    match page.chunks.first() {
        Some(chunk) => {
            assert_eq!(chunk.offset, start as u64, "{from:?} begins exactly there");
            assert_eq!(chunk.first_line, newlines(&bytes[..start]), "{from:?} knows its line");
            let end = start + chunk.bytes.len();
            assert_eq!(chunk.bytes, bytes[start..end], "{from:?}");
        }
        None => assert_eq!((page.next_offset, start), (bytes.len() as u64, bytes.len()), "{from:?} is at the end"),
    }
}

/// Every byte of pieces that were stored together can be read from, with the right line and stream.
pub(super) async fn reading_may_begin_at_any_byte(store: TestStore) {
    let held = claimed(&store).await;
    let log = attempt(held.pipeline, 0);
    let bytes = b"a\n\nbb\nc\0\xff\n\n\nend";
    write(&store, &held, log, bytes, 2).await;
    for start in 0..=bytes.len() {
        check_start(&store, log, LogFrom::Offset(start as u64), bytes, start).await;
        let chunks = read_from(&store, log, LogFrom::Offset(start as u64), 3).await;
        assert_eq!(bytes_of(&chunks), bytes[start..], "from {start}");
        for chunk in &chunks {
            let offset = usize::try_from(chunk.offset).expect("a small log");
            assert_eq!(chunk.first_line, newlines(&bytes[..offset]));
            let stream = if (offset / 2) % 3 == 2 { StreamKind::Stderr } else { StreamKind::Stdout };
            assert_eq!(chunk.stream, stream, "at {offset}");
        }
    }
}

/// Past the end there is nothing yet, and reading goes on where it was asked to begin.
pub(super) async fn past_the_end_there_is_nothing(store: TestStore) {
    let held = claimed(&store).await;
    let log = attempt(held.pipeline, 0);
    append(&store, &held, log, out(0, "one\n")).await;
    for (from, next) in [
        (LogFrom::Offset(4), 4),
        (LogFrom::Offset(9), 9),
        (LogFrom::Offset(u64::MAX), u64::MAX),
        (LogFrom::Line(1), 4),
        (LogFrom::Line(2), 4),
        (LogFrom::Tail(0), 4),
    ] {
        let page = store.read_log(log, from, 100).await.expect("read_log");
        assert_eq!((page.chunks.len(), page.next_offset), (0, next), "{from:?}");
    }
}

/// A page has about the bytes asked for, and at least one chunk when there is more.
pub(super) async fn pages_are_bounded(store: TestStore) {
    let held = claimed(&store).await;
    let log = attempt(held.pipeline, 0);
    let bytes: Vec<u8> = (0..500_000_u32).flat_map(u32::to_le_bytes).take(500_000).collect();
    write(&store, &held, log, &bytes, 3_000).await;
    for max_bytes in [0, 1, 1_000, 100_000, usize::MAX] {
        let page = store.read_log(log, LogFrom::Offset(10), max_bytes).await.expect("read_log");
        let got: usize = page.chunks.iter().map(|chunk| chunk.bytes.len()).sum();
        assert!(got > 0, "{max_bytes} asked: there is more, so there must be a chunk");
        assert!(got <= max_bytes.max(65_536), "{max_bytes} asked, {got} given");
        assert!(got >= max_bytes.min(bytes.len() - 10).saturating_sub(65_536), "{max_bytes} asked, only {got} given");
        assert_eq!(page.next_offset, 10 + got as u64);
    }
    assert_eq!(bytes_of(&read_from(&store, log, LogFrom::Offset(0), 20_000).await), bytes);
}

/// A few lines far into a log of many are read without what is before them.
pub(super) async fn far_lines_are_read_alone(store: TestStore) {
    let held = claimed(&store).await;
    let log = attempt(held.pipeline, 0);
    let mut bytes = Vec::new();
    for n in 0..120_000 {
        bytes.extend_from_slice(format!("line {n:010}\n").as_bytes());
    }
    write(&store, &held, log, &bytes, 65_536).await;
    let page = store.read_log(log, LogFrom::Line(100_000), 50 * 16).await.expect("read_log");
    let got = bytes_of(&page.chunks);
    assert!(got.starts_with(b"line 0000100000\n") && got.len() >= 16);
    assert!(page.chunks.len() <= 2 && got.len() <= 65_536, "{} bytes in {} chunks", got.len(), page.chunks.len());
    let tail = read_from(&store, log, LogFrom::Tail(3), 1_000).await;
    assert_eq!(bytes_of(&tail), bytes[bytes.len() - 48..]);
}

/// Readers that follow a log while it is written get every byte once, in order.
pub(super) async fn followers_get_every_byte_once(store: TestStore) {
    let held = claimed(&store).await;
    let log = attempt(held.pipeline, 0);
    let bytes: Vec<u8> = (0..60_000_u32).flat_map(|n| format!("{n}\n").into_bytes()).collect();
    let end = end_of(&bytes);
    let mut readers = JoinSet::new();
    for max_bytes in [1, 10_000, 1 << 20] {
        let store = TestStore::clone(&store);
        readers.spawn(async move {
            let (mut seen, mut next) = (Vec::new(), 0);
            let patience = Patience::until("the log's end");
            loop {
                let page = store.read_log(log, LogFrom::Offset(next), max_bytes).await.expect("read_log");
                assert!(page.next_offset >= next, "reading never goes back");
                seen.extend(bytes_of(&page.chunks));
                next = page.next_offset;
                if page.end.is_some_and(|end| end.bytes == next) {
                    break;
                }
                if page.chunks.is_empty() {
                    patience.wait().await;
                }
            }
            seen
        });
    }
    write(&store, &held, log, &bytes, 2_999).await;
    store.finish_log(&held, log, end).await.expect("finish_log");
    for seen in readers.join_all().await {
        assert!(seen == bytes, "a reader got {} bytes of {}, or others", seen.len(), bytes.len());
    }
}
