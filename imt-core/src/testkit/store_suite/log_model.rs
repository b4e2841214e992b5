//! Case: random appends and reads against the simplest possible log, a vector of bytes.

use bytes::Bytes;

use super::fixture::{
    TestStore, assert_refused, attempt, claimed, end_of, line_count, line_start, newlines, piece, read_from, whole_log,
};
use crate::id::AttemptId;
use crate::ports::{Claim, LogAppend, LogCursor, LogFrom, LogPositions, StoreError, StreamKind};
use crate::testkit::seed::Seed;

const SEEDS: u64 = 8;
const STEPS: usize = 150;

/// What a log must look like.
#[derive(Default)]
struct Model {
    bytes: Vec<u8>,
    newlines: u64,
    streams: Vec<StreamKind>,
    raw: LogPositions,
    dropped: u64,
}

/// For several seeds: the same random operations on the store and on a model give the same.
pub(super) async fn random_logs_are_like_the_model(store: TestStore) {
    for seed in 0..SEEDS {
        let held = claimed(&store).await;
        let log = attempt(held.pipeline, 0);
        let mut draws = Seed::new(seed);
        let mut model = Model::default();
        for step in 0..STEPS {
            let context = format!("seed {seed}, step {step}");
            if draws.per_mille(750) {
                write(&store, &held, log, &mut model, &mut draws, &context).await;
            } else {
                read(&store, log, &model, &mut draws, &context).await;
            }
        }
        assert!(whole_log(&store, log).await == model.bytes, "seed {seed}: the whole log");
        let end = end_of(&model.bytes);
        store.finish_log(&held, log, end).await.expect("the end of the model is the end of the log");
        let cursor = store.log_cursor(log).await.expect("log_cursor");
        assert_eq!((cursor.offset, cursor.end), (end.bytes, Some(end)), "seed {seed}");
        store.release(&held).await.expect("release");
    }
}

fn random_bytes(draws: &mut Seed) -> Vec<u8> {
    let len = match draws.below(10) {
        0..=3 => 1 + draws.index(3),
        4..=6 => 1 + draws.index(200),
        7..=8 => 1 + draws.index(20_000),
        _ => 65_536 - draws.index(40_000),
    };
    // From no newline but by chance to nothing else.
    let newlines = [0, 2, 50, 200, 256][draws.index(5)];
    let mut bytes = Vec::with_capacity(len + 3);
    while bytes.len() < len {
        for pair in draws.draw().to_le_bytes().chunks_exact(2) {
            bytes.push(if u16::from(pair[1]) < newlines { b'\n' } else { pair[0] });
        }
    }
    bytes.truncate(len);
    bytes
}

/// Appends a piece that follows on, repeats, overlaps or leaves a gap.
async fn write(store: &TestStore, held: &Claim, log: AttemptId, model: &mut Model, draws: &mut Seed, context: &str) {
    let durable = model.bytes.len();
    let fresh = random_bytes(draws);
    let stream = [StreamKind::Stdout, StreamKind::Stdout, StreamKind::Stderr, StreamKind::System][draws.index(4)];
    if draws.per_mille(80) {
        let offset = (durable + 1 + draws.index(100)) as u64;
        let answer = store.append_log(held, log, &[piece(offset, stream, fresh)]).await;
        assert_refused!(answer, StoreError::Gap { .. });
        return;
    }
    let back = if draws.per_mille(250) { draws.index(durable.min(60_000) + 1) } else { 0 };
    let start = durable - back;
    let mut bytes = [&model.bytes[start..], &fresh].concat();
    bytes.truncate(if draws.per_mille(300) { (back / 2).max(1) } else { 65_536 });
    let added = bytes.len().saturating_sub(back);
    let raw = LogPositions { stdout: draws.below(1 << 40), stderr: draws.below(1 << 40) };
    let dropped = draws.below(1 << 40);
    if added > 0 {
        model.newlines += newlines(&bytes[back..]);
        model.bytes.extend_from_slice(&bytes[back..]);
        model.streams.resize(model.bytes.len(), stream);
        (model.raw, model.dropped) = (raw, dropped);
    }
    let order = LogAppend { raw, dropped, ..piece(start as u64, stream, Bytes::from(bytes)) };
    let answer = store.append_log(held, log, &[order]).await.expect("append_log");
    assert_eq!(answer, model.bytes.len() as u64, "{context}: durable offset");
    let cursor = store.log_cursor(log).await.expect("log_cursor");
    let offset = model.bytes.len() as u64;
    let expected = LogCursor { offset, newlines: model.newlines, raw: model.raw, dropped: model.dropped, end: None };
    assert_eq!(cursor, expected, "{context}: cursor");
}

/// Reads from somewhere to the end and compares everything.
async fn read(store: &TestStore, log: AttemptId, model: &Model, draws: &mut Seed, context: &str) {
    let (len, lines) = (model.bytes.len(), line_count(&model.bytes));
    let (from, start) = match draws.below(3) {
        0 => {
            let offset = draws.index(len + 1);
            (LogFrom::Offset(offset as u64), offset)
        }
        1 => {
            let line = draws.below(lines + 2);
            (LogFrom::Line(line), line_start(&model.bytes, line))
        }
        _ => {
            let count = draws.below(lines + 2);
            let start = if count == 0 { len } else { line_start(&model.bytes, lines.saturating_sub(count)) };
            (LogFrom::Tail(count), start)
        }
    };
    let max_bytes = [1, 5_000, 100_000, usize::MAX][draws.index(4)];
    let (mut position, mut line) = (start, newlines(&model.bytes[..start]));
    for chunk in read_from(store, log, from, max_bytes).await {
        let end = position + chunk.bytes.len();
        assert_eq!(chunk.offset, position as u64, "{context}: {from:?} by {max_bytes}");
        assert!(end <= len && chunk.bytes == model.bytes[position..end], "{context}: bytes {position}..{end}");
        assert!(model.streams[position..end].iter().all(|s| *s == chunk.stream), "{context}: stream at {position}");
        assert_eq!(chunk.first_line, line, "{context}: line at {position}");
        line += newlines(&chunk.bytes);
        position = end;
    }
    assert_eq!(position, len, "{context}: {from:?} by {max_bytes} reaches the end");
}
