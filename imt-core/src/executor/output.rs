//! An attempt's output kept in memory: written by one job, read by any number of readers from any kept position.
//!
//! Bounded: what every reader has seen is dropped first; when that is not enough, the writer waits for the readers.
//! Knows nothing of how a job runs.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use tokio::sync::Notify;

use crate::ports::{ExecutorResult, Failure, FailureKind, LogChunk, LogPositions, LogStream, StreamKind};
use crate::time::Timestamp;

/// Largest piece handed to a reader.
const CHUNK_BYTES: usize = 64 * 1024;
/// What keeping one piece costs beside its bytes, about.
const PIECE_OVERHEAD: usize = 96;

/// The output of one attempt.
#[derive(Debug)]
pub(super) struct Output {
    state: Mutex<State>,
    /// Something was written, or the output ended.
    grew: Notify,
    /// A reader went on, came or left.
    moved: Notify,
    limit: usize,
}

#[derive(Debug, Default)]
struct State {
    pieces: VecDeque<Piece>,
    /// Sequence number of the first kept piece.
    first: u64,
    /// Cost of the kept pieces.
    kept: usize,
    written: LogPositions,
    ended: bool,
    /// The next piece each reader wants.
    readers: BTreeMap<u64, u64>,
    next_reader: u64,
}

#[derive(Debug)]
struct Piece {
    stream: StreamKind,
    /// Position of its first byte in its stream.
    begins: u64,
    bytes: Bytes,
    at: Timestamp,
}

impl Output {
    /// An empty output that keeps about `limit` bytes.
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), grew: Notify::new(), moved: Notify::new(), limit })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is consistent between statements, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends bytes to a stream, waiting for readers while there is no room. After the end nothing is taken.
    pub(super) async fn write(&self, stream: StreamKind, mut bytes: Bytes, now: impl Fn() -> Timestamp) {
        while !bytes.is_empty() {
            let piece = bytes.split_to(bytes.len().min(CHUNK_BYTES));
            let mut moved = std::pin::pin!(self.moved.notified());
            loop {
                // Registered before looking, so that no movement between the look and the wait is missed.
                moved.as_mut().enable();
                if self.lock().push(stream, &piece, self.limit, &now) {
                    break;
                }
                moved.as_mut().await;
                moved.set(self.moved.notified());
            }
            self.grew.notify_waiters();
        }
    }

    /// Nothing more will come.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.grew.notify_waiters();
        self.moved.notify_waiters();
    }

    /// Reads from a position of each stream on, live, to the end.
    pub(super) fn read(self: &Arc<Self>, from: LogPositions) -> LogStream {
        let reader = Reader::register(Arc::clone(self), from);
        Box::pin(stream::unfold(Some(reader), |reader| async move {
            let mut reader = reader?;
            match reader.next().await? {
                Ok(chunk) => Some((Ok(chunk), Some(reader))),
                Err(failure) => Some((Err(failure), None)),
            }
        }))
    }
}

impl State {
    /// Takes a piece; `false` when there is no room.
    fn push(&mut self, stream: StreamKind, bytes: &Bytes, limit: usize, now: impl Fn() -> Timestamp) -> bool {
        if self.ended {
            return true;
        }
        let cost = bytes.len() + PIECE_OVERHEAD;
        let seen = self.readers.values().min().copied().unwrap_or(0);
        while self.kept + cost > limit && self.first < seen {
            let Some(gone) = self.pieces.pop_front() else { break };
            self.kept -= gone.bytes.len() + PIECE_OVERHEAD;
            self.first += 1;
        }
        // An output with nothing kept takes a piece of any size: no limit may be too small to make progress.
        if self.kept + cost > limit && !self.pieces.is_empty() {
            return false;
        }
        let written = match stream {
            StreamKind::Stderr => &mut self.written.stderr,
            StreamKind::Stdout | StreamKind::System => &mut self.written.stdout,
        };
        let begins = *written;
        *written += bytes.len() as u64;
        self.kept += cost;
        self.pieces.push_back(Piece { stream, begins, bytes: bytes.clone(), at: now() });
        true
    }

    /// Where each stream's kept bytes begin.
    fn kept_from(&self, stream: StreamKind) -> u64 {
        let end = if stream == StreamKind::Stderr { self.written.stderr } else { self.written.stdout };
        self.pieces.iter().find(|p| p.stream == stream).map_or(end, |p| p.begins)
    }
}

/// One reader: its place in the sequence and what of each stream it has already.
struct Reader {
    output: Arc<Output>,
    id: u64,
    from: LogPositions,
    missing: bool,
}

impl Reader {
    fn register(output: Arc<Output>, from: LogPositions) -> Self {
        let mut state = output.lock();
        let id = state.next_reader;
        state.next_reader += 1;
        let begins = state.first;
        state.readers.insert(id, begins);
        let missing =
            from.stdout < state.kept_from(StreamKind::Stdout) || from.stderr < state.kept_from(StreamKind::Stderr);
        drop(state);
        output.moved.notify_waiters();
        Self { output, id, from, missing }
    }

    async fn next(&mut self) -> Option<ExecutorResult<LogChunk>> {
        if self.missing {
            return Some(Err(Failure::new(FailureKind::Internal, "this part of the output is not kept any more")
                .with_help("read from a later position, or let the executor keep more")));
        }
        let output = Arc::clone(&self.output);
        loop {
            let mut grew = std::pin::pin!(output.grew.notified());
            grew.as_mut().enable();
            let (chunk, ended) = self.take();
            if let Some(chunk) = chunk {
                return Some(Ok(chunk));
            }
            if ended {
                return None;
            }
            grew.await;
        }
    }

    /// What is there now, pieces of the same stream joined; and whether nothing more will come.
    fn take(&mut self) -> (Option<LogChunk>, bool) {
        let mut state = self.output.lock();
        let mut wants = state.readers.get(&self.id).copied().unwrap_or(state.first);
        let mut chunk: Option<(StreamKind, Timestamp, Vec<Bytes>, usize)> = None;
        while let Some(piece) = usize::try_from(wants - state.first).ok().and_then(|i| state.pieces.get(i)) {
            let from = if piece.stream == StreamKind::Stderr { self.from.stderr } else { self.from.stdout };
            let skip = usize::try_from(from.saturating_sub(piece.begins)).unwrap_or(usize::MAX);
            if skip >= piece.bytes.len() {
                wants += 1;
                continue;
            }
            let new = piece.bytes.slice(skip..);
            match &mut chunk {
                None => chunk = Some((piece.stream, piece.at, vec![new.clone()], new.len())),
                Some((stream, _, parts, len)) if *stream == piece.stream && *len + new.len() <= CHUNK_BYTES => {
                    *len += new.len();
                    parts.push(new);
                }
                Some(_) => break,
            }
            wants += 1;
        }
        state.readers.insert(self.id, wants);
        let ended = state.ended;
        drop(state);
        self.output.moved.notify_waiters();
        (chunk.map(|(stream, at, parts, _)| LogChunk { stream, bytes: join(parts), at }), ended)
    }
}

fn join(mut parts: Vec<Bytes>) -> Bytes {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    let mut all = BytesMut::with_capacity(parts.iter().map(Bytes::len).sum());
    for part in parts {
        all.extend_from_slice(&part);
    }
    all.freeze()
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.output.lock().readers.remove(&self.id);
        self.output.moved.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;

    use super::*;

    fn at() -> Timestamp {
        Timestamp::from_micros(1)
    }

    async fn all(mut stream: LogStream) -> Vec<u8> {
        let mut got = Vec::new();
        while let Some(chunk) = stream.next().await {
            got.extend_from_slice(&chunk.unwrap().bytes);
        }
        got
    }

    #[tokio::test(start_paused = true)]
    async fn the_writer_waits_for_the_slowest_reader_and_loses_nothing() {
        let output = Output::new(300_000);
        let (slow, fast) = (output.read(LogPositions::default()), output.read(LogPositions::default()));
        let writer = tokio::spawn({
            let output = Arc::clone(&output);
            async move {
                for n in 0..100_u8 {
                    output.write(StreamKind::Stdout, Bytes::from(vec![n; 10_000]), at).await;
                }
                output.end();
            }
        });
        let fast = tokio::spawn(all(fast));
        let wait = std::time::Duration::from_secs(5);
        tokio::time::sleep(wait).await;
        assert!(!writer.is_finished(), "a megabyte does not fit before the slow reader has read");
        let expected: Vec<u8> = (0..100_u8).flat_map(|n| vec![n; 10_000]).collect();
        assert!(tokio::time::timeout(wait, all(slow)).await.unwrap() == expected);
        assert!(fast.await.unwrap() == expected);
        writer.await.unwrap();
        let mut late = output.read(LogPositions::default());
        assert_eq!(late.next().await.unwrap().unwrap_err().kind, FailureKind::Internal, "the beginning is gone");
        assert!(late.next().await.is_none());
        let tail = output.read(LogPositions { stdout: 990_000, stderr: 0 });
        assert!(all(tail).await == vec![99_u8; 10_000]);
    }

    #[tokio::test]
    async fn each_stream_is_read_from_its_own_position() {
        let output = Output::new(1 << 20);
        output.write(StreamKind::Stdout, Bytes::from_static(b"abc"), at).await;
        output.write(StreamKind::Stderr, Bytes::from_static(b"XYZ"), at).await;
        output.write(StreamKind::Stdout, Bytes::from_static(b"def"), at).await;
        output.end();
        let got: Vec<_> = output.read(LogPositions { stdout: 4, stderr: 1 }).map(|c| c.unwrap()).collect().await;
        let got: Vec<_> = got.iter().map(|c| (c.stream, &c.bytes[..])).collect();
        assert_eq!(got, [(StreamKind::Stderr, &b"YZ"[..]), (StreamKind::Stdout, &b"ef"[..])]);
    }
}
