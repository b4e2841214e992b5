//! Writes one attempt's log: masks, gathers, appends, remembers where a successor has to go on.

use std::sync::Arc;

use crate::engine::retry::until_available;
use crate::id::AttemptId;
use crate::mask::{MAX_NEEDLE_BYTES, Masker, Needles};
use crate::ports::{
    Claim, EventSink, LogAppend, LogChunk, LogEnd, LogFrom, LogPositions, MAX_PIECE_BYTES, Notice, Store, StoreError,
    StoreResult, StreamKind,
};
use crate::time::Timestamp;

/// What has gathered is appended when it has this many bytes, or when nothing more is waiting.
const PIECE_BYTES: usize = 16 * 1024;
/// Input is masked in slices of this size, so that a piece and its restart point stay together.
const SLICE_BYTES: usize = 24 * 1024;
// What one slice adds to a piece that is not yet full never makes it larger than a store takes.
const _: () = assert!(PIECE_BYTES + SLICE_BYTES + MAX_NEEDLE_BYTES + 64 <= MAX_PIECE_BYTES);

/// What a writer needs to know.
#[derive(Clone)]
pub(super) struct LogTarget {
    pub(super) store: Arc<dyn Store>,
    pub(super) sink: Arc<dyn EventSink>,
    pub(super) claim: Claim,
    pub(super) attempt: AttemptId,
    pub(super) needles: Needles,
    pub(super) cap_bytes: u64,
}

/// The writer. Nothing is durable until [`flush`](Self::flush) returned.
pub(super) struct LogWriter {
    to: LogTarget,
    stdout: Side,
    stderr: Side,
    pending: Vec<Piece>,
    written: Written,
    dropped: u64,
    /// The store has no room for more of the job's output.
    full: bool,
    ended: Option<LogEnd>,
}

/// One stream of the job.
struct Side {
    masker: Masker,
    /// Raw bytes taken from the executor.
    taken: u64,
}

impl Side {
    fn new(needles: &Needles, taken: u64) -> Self {
        Self { masker: Masker::new(needles.clone()), taken }
    }

    /// Raw bytes that are done with: a successor reads on from here with a fresh masker.
    fn done(&self) -> u64 {
        self.taken - self.masker.held() as u64
    }
}

/// Bytes not yet appended, all of one stream.
struct Piece {
    stream: StreamKind,
    at: Timestamp,
    bytes: Vec<u8>,
    /// Where a successor reads on once this piece is stored; set when the next one begins.
    raw: LogPositions,
}

/// What the store has, and what of it the end needs.
struct Written {
    offset: u64,
    job_bytes: u64,
    newlines: u64,
    ends_in_newline: bool,
    hasher: blake3::Hasher,
}

impl Written {
    fn count(&mut self, stream: StreamKind, bytes: &[u8]) {
        self.offset += bytes.len() as u64;
        if stream != StreamKind::System {
            self.job_bytes += bytes.len() as u64;
        }
        self.newlines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        self.ends_in_newline = bytes.last().map_or(self.ends_in_newline, |b| *b == b'\n');
        self.hasher.update(bytes);
    }
}

impl LogWriter {
    /// Opens the log where the store has it: at its beginning, or where an earlier life left off.
    pub(super) async fn open(to: LogTarget) -> StoreResult<Self> {
        let cursor = until_available(to.claim.lease, || to.store.log_cursor(to.attempt)).await?;
        let mut written =
            Written { offset: 0, job_bytes: 0, newlines: 0, ends_in_newline: true, hasher: blake3::Hasher::new() };
        while written.offset < cursor.offset {
            let from = LogFrom::Offset(written.offset);
            let page = until_available(to.claim.lease, || to.store.read_log(to.attempt, from, 1 << 20)).await?;
            for chunk in &page.chunks {
                written.count(chunk.stream, &chunk.bytes);
            }
            if page.chunks.is_empty() {
                break;
            }
        }
        Ok(Self {
            stdout: Side::new(&to.needles, cursor.raw.stdout),
            stderr: Side::new(&to.needles, cursor.raw.stderr),
            pending: Vec::new(),
            written,
            dropped: 0,
            full: false,
            ended: cursor.end,
            to,
        })
    }

    /// Whether an earlier life has finished it.
    pub(super) const fn is_finished(&self) -> bool {
        self.ended.is_some()
    }

    /// Raw bytes taken so far: where the executor has to go on.
    pub(super) const fn taken(&self) -> LogPositions {
        LogPositions { stdout: self.stdout.taken, stderr: self.stderr.taken }
    }

    /// Takes a chunk of the job's output. Appends when enough has gathered.
    pub(super) async fn push(&mut self, chunk: &LogChunk) -> StoreResult<()> {
        for slice in chunk.bytes.chunks(SLICE_BYTES) {
            self.turn_to(chunk.stream, chunk.at);
            let side = if chunk.stream == StreamKind::Stderr { &mut self.stderr } else { &mut self.stdout };
            let Some(piece) = self.pending.last_mut() else { continue };
            let before = piece.bytes.len();
            side.masker.feed(slice, &mut piece.bytes);
            side.taken += slice.len() as u64;
            self.cut_to_cap(before);
            if self.pending_bytes() >= PIECE_BYTES {
                self.flush().await?;
            }
        }
        Ok(())
    }

    /// Adds a line of the engine's own.
    pub(super) async fn say(&mut self, line: &str, at: Timestamp) -> StoreResult<()> {
        self.flush().await?;
        let mut bytes = Vec::new();
        if !self.written.ends_in_newline {
            bytes.push(b'\n');
        }
        let mut masker = Masker::new(self.to.needles.clone());
        let shown = line.get(..line.floor_char_boundary(SLICE_BYTES)).unwrap_or(line);
        masker.feed(shown.as_bytes(), &mut bytes);
        masker.finish(&mut bytes);
        bytes.push(b'\n');
        self.pending.push(Piece { stream: StreamKind::System, at, bytes, raw: self.done() });
        self.flush().await
    }

    /// Makes all gathered bytes durable.
    pub(super) async fn flush(&mut self) -> StoreResult<()> {
        let raw = self.done();
        if let Some(last) = self.pending.last_mut() {
            last.raw = raw;
        }
        let mut offset = self.written.offset;
        let pieces = std::mem::take(&mut self.pending).into_iter().filter(|piece| !piece.bytes.is_empty());
        let pieces: Vec<LogAppend> = pieces
            .map(|Piece { stream, at, bytes, raw }| {
                let piece = LogAppend { offset, stream, bytes: bytes.into(), at, raw };
                offset += piece.bytes.len() as u64;
                piece
            })
            .collect();
        if pieces.is_empty() {
            return Ok(());
        }
        match self.append(&pieces).await {
            // The first of them may be there, which makes them no-ops.
            Err(StoreError::Full(_)) => {
                for piece in pieces {
                    self.append_if_room(piece).await?;
                }
            }
            result => {
                result?;
                for piece in &pieces {
                    self.written.count(piece.stream, &piece.bytes);
                }
            }
        }
        self.to.sink.notify(Notice::Log { attempt: self.to.attempt, next_offset: self.written.offset });
        Ok(())
    }

    async fn append(&self, pieces: &[LogAppend]) -> StoreResult<u64> {
        let LogTarget { store, claim, attempt, .. } = &self.to;
        until_available(claim.lease, || store.append_log(claim, *attempt, pieces)).await
    }

    /// Appends one piece, or drops it because the store is full, as all output that comes after it.
    async fn append_if_room(&mut self, mut piece: LogAppend) -> StoreResult<()> {
        piece.offset = self.written.offset;
        let appended =
            if self.full { Err(StoreError::Full(String::new())) } else { self.append(&[piece.clone()]).await };
        match appended {
            Err(StoreError::Full(_)) if piece.stream != StreamKind::System => {
                self.full = true;
                self.dropped += piece.bytes.len() as u64;
            }
            result => {
                result?;
                self.written.count(piece.stream, &piece.bytes);
            }
        }
        Ok(())
    }

    /// Ends the log: what the maskers held back, the marker of what the cap left out, totals and checksum.
    pub(super) async fn finish(&mut self, at: Timestamp) -> StoreResult<()> {
        if self.is_finished() {
            return Ok(());
        }
        for stream in [StreamKind::Stdout, StreamKind::Stderr] {
            self.turn_to(stream, at);
            let side = if stream == StreamKind::Stderr { &mut self.stderr } else { &mut self.stdout };
            let Some(piece) = self.pending.last_mut() else { continue };
            let before = piece.bytes.len();
            side.masker.finish(&mut piece.bytes);
            self.cut_to_cap(before);
        }
        self.flush().await?;
        if self.dropped > 0 {
            let (dropped, why) = (self.dropped, if self.full { "the store is full" } else { "log limit reached" });
            self.say(&format!("{why}: {dropped} further bytes of the job's output were dropped"), at).await?;
        }
        let end = LogEnd {
            bytes: self.written.offset,
            lines: self.written.newlines + u64::from(!self.written.ends_in_newline),
            dropped: self.dropped,
            checksum: *self.written.hasher.finalize().as_bytes(),
        };
        let LogTarget { store, claim, attempt, .. } = &self.to;
        until_available(claim.lease, || store.finish_log(claim, *attempt, end)).await?;
        self.ended = Some(end);
        Ok(())
    }

    /// Raw bytes that are done with once all that is pending is stored.
    fn done(&self) -> LogPositions {
        LogPositions { stdout: self.stdout.done(), stderr: self.stderr.done() }
    }

    fn pending_bytes(&self) -> usize {
        self.pending.iter().map(|piece| piece.bytes.len()).sum()
    }

    /// A piece is of one stream; another one's bytes begin the next.
    fn turn_to(&mut self, stream: StreamKind, at: Timestamp) {
        let raw = self.done();
        match self.pending.last_mut() {
            Some(piece) if piece.bytes.is_empty() => (piece.stream, piece.at) = (stream, at),
            Some(piece) if piece.stream == stream => {}
            last => {
                if let Some(piece) = last {
                    piece.raw = raw;
                }
                self.pending.push(Piece { stream, at, bytes: Vec::new(), raw });
            }
        }
    }

    /// Drops what was just added to the last piece beyond the cap.
    fn cut_to_cap(&mut self, before: usize) {
        let cap = if self.full { 0 } else { self.to.cap_bytes };
        let pending = self.pending_bytes();
        let Some(piece) = self.pending.last_mut() else { return };
        let known = pending - (piece.bytes.len() - before);
        let room = cap.saturating_sub(self.written.job_bytes + known as u64);
        let keep = before.saturating_add(usize::try_from(room).unwrap_or(usize::MAX));
        if piece.bytes.len() > keep {
            self.dropped += (piece.bytes.len() - keep) as u64;
            piece.bytes.truncate(keep);
        }
    }
}
