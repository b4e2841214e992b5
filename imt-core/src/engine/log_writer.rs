//! Writes one log: masks, gathers, appends, remembers where a successor has to go on.
//!
//! What a job or a step does never depends on its log: once the store has refused a piece for good, the rest is taken and counted,
//! not written, and [`LogWriter::problem`] says why. A store that is merely away is waited for, as long as the claim holds;
//! whoever cannot wait that long ends the writing with [`LogWriter::give_up`].

mod log;
mod pieces;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use self::log::Log;
pub(super) use self::log::{OfAttempt, OfDeployment};
use self::pieces::{Piece, Side, Written, of_the_job};
use crate::engine::problem::chain;
use crate::engine::retry::{until_answered, until_available};
use crate::mask::{MAX_NEEDLE_BYTES, Masker, Needles};
use crate::ports::{
    LogAppend, LogChunk, LogCursor, LogEnd, LogFrom, LogPositions, MAX_PIECE_BYTES, StoreError, StoreResult, StreamKind,
};
use crate::time::Timestamp;

/// How much of its output a log keeps where nobody says otherwise.
pub(super) const LOG_CAP_BYTES: u64 = 256 << 20;
/// What has gathered is appended when it has this many bytes, or when nothing more is waiting.
const PIECE_BYTES: usize = 16 * 1024;
/// Input is masked in slices of this size, so that a piece and its restart point stay together.
const SLICE_BYTES: usize = 24 * 1024;
// What one slice adds to a piece that is not yet full never makes it larger than a store takes.
const _: () = assert!(PIECE_BYTES + SLICE_BYTES + MAX_NEEDLE_BYTES + 64 <= MAX_PIECE_BYTES);

/// What a writer needs to know.
#[derive(Clone)]
pub(super) struct LogTarget {
    log: Arc<dyn Log>,
    pub(super) needles: Needles,
    cap_bytes: u64,
}

impl LogTarget {
    pub(super) fn new(log: impl Log + 'static, needles: Needles, cap_bytes: u64) -> Self {
        Self { log: Arc::new(log), needles, cap_bytes }
    }

    /// How long the claim lasts that it is written under.
    pub(super) fn lease(&self) -> Duration {
        self.log.lease()
    }
}

/// What is still to be stored of a log, its end included.
#[derive(Clone)]
pub(super) struct Rest {
    pub(super) pieces: Vec<LogAppend>,
    pub(super) end: LogEnd,
}

/// The writer. Nothing is durable until [`flush`](Self::flush) returned.
pub(super) struct LogWriter {
    to: LogTarget,
    stdout: Side,
    stderr: Side,
    pending: Vec<Piece>,
    written: Written,
    dropped: u64,
    /// An earlier life has left output out: nothing that comes after it is written.
    has_gap: bool,
    /// The store has no room for more of the job's output.
    full: bool,
    /// Why the store does not have the rest, for people.
    refused: Option<String>,
    ended: Option<LogEnd>,
}

impl LogWriter {
    /// A log that nobody can have written to yet.
    pub(super) fn new(to: LogTarget) -> Self {
        Self::at(to, LogCursor::default(), Written::default())
    }

    /// Opens the log where the store has it: at its beginning, or where an earlier life left off.
    pub(super) async fn open(to: LogTarget) -> StoreResult<Self> {
        let cursor = until_available(to.lease(), || to.log.cursor()).await?;
        let mut written = Written::default();
        while written.offset < cursor.offset {
            let from = LogFrom::Offset(written.offset);
            let page = until_available(to.lease(), || to.log.read(from, 1 << 20)).await?;
            for chunk in &page.chunks {
                written.count(chunk.stream, &chunk.bytes);
            }
            if page.chunks.is_empty() {
                break;
            }
        }
        Ok(Self::at(to, cursor, written))
    }

    fn at(to: LogTarget, cursor: LogCursor, written: Written) -> Self {
        Self {
            stdout: Side::new(&to.needles, cursor.raw.stdout),
            stderr: Side::new(&to.needles, cursor.raw.stderr),
            pending: Vec::new(),
            written,
            dropped: cursor.dropped,
            has_gap: cursor.dropped > 0,
            full: false,
            refused: None,
            ended: cursor.end,
            to,
        }
    }

    /// Whether an earlier life has finished it.
    pub(super) const fn is_finished(&self) -> bool {
        self.ended.is_some()
    }

    /// Whether nothing was ever written.
    pub(super) const fn is_empty(&self) -> bool {
        self.written.offset == 0
    }

    /// What became of the log, if it is not all there or not whole.
    pub(super) fn problem(&self) -> Option<String> {
        let why = self.refused.as_ref()?;
        Some(format!("its log is not whole, because the store did not take it: {why}"))
    }

    /// Writes no more: what was not stored in time is left out.
    pub(super) fn give_up(&mut self) {
        self.refuse("it was unavailable for too long");
    }

    fn refuse(&mut self, why: &str) {
        self.pending.clear();
        self.refused.get_or_insert_with(|| Masker::text(&self.to.needles, why));
    }

    /// Raw bytes taken so far: where the executor has to go on.
    pub(super) const fn taken(&self) -> LogPositions {
        LogPositions { stdout: self.stdout.taken, stderr: self.stderr.taken }
    }

    /// Takes a chunk of the job's output. Appends when enough has gathered.
    pub(super) async fn push(&mut self, chunk: &LogChunk) {
        for slice in chunk.bytes.chunks(SLICE_BYTES) {
            self.turn_to(chunk.stream, chunk.at);
            let side = if chunk.stream == StreamKind::Stderr { &mut self.stderr } else { &mut self.stdout };
            let Some(piece) = self.pending.last_mut() else { continue };
            let before = piece.bytes.len();
            side.masker.feed(slice, &mut piece.bytes);
            side.taken += slice.len() as u64;
            self.cut_to_cap(before);
            if self.pending_bytes() >= PIECE_BYTES {
                self.flush().await;
            }
        }
    }

    /// Adds a line of the engine's own about an attempt that is over: waits no longer than a lease for a store that is away.
    pub(super) async fn say(&mut self, line: &str, at: Timestamp) {
        let lease = self.to.lease();
        if timeout(lease, self.note(line, at)).await.is_err() {
            self.give_up();
        }
    }

    /// Adds a line of the engine's own about an attempt that is still to run.
    pub(super) async fn note(&mut self, line: &str, at: Timestamp) {
        self.flush().await;
        self.put_line(line, at);
        self.flush().await;
    }

    /// Adds lines of the engine's own after all that was taken: what the maskers hold back comes before them, and goes with
    /// them to the store. For output that is not read again.
    pub(super) async fn conclude(&mut self, lines: &[String], at: Timestamp) {
        self.let_out(at);
        self.begin_anew();
        for line in lines {
            self.put_line(line, at);
        }
        self.flush().await;
    }

    /// Masks by these from here on. For output that is not read again.
    pub(super) fn mask_by(&mut self, needles: Needles, at: Timestamp) {
        self.let_out(at);
        self.to.needles = needles;
        self.begin_anew();
    }

    fn begin_anew(&mut self) {
        for side in [&mut self.stdout, &mut self.stderr] {
            *side = Side::new(&self.to.needles, side.taken);
        }
    }

    fn put_line(&mut self, line: &str, at: Timestamp) {
        let mut bytes = Vec::new();
        let before = self.pending.iter().rev().find_map(|piece| piece.bytes.last());
        if !before.map_or(self.written.ends_in_newline, |last| *last == b'\n') {
            bytes.push(b'\n');
        }
        let mut masker = Masker::new(self.to.needles.clone());
        let shown = line.get(..line.floor_char_boundary(SLICE_BYTES)).unwrap_or(line);
        masker.feed(shown.as_bytes(), &mut bytes);
        masker.finish(&mut bytes);
        bytes.push(b'\n');
        self.turn_to(StreamKind::System, at);
        // A piece of its own: what a store takes in one is bounded.
        if let Some(piece) = self.pending.last_mut().filter(|piece| piece.bytes.is_empty()) {
            piece.bytes = bytes;
        } else {
            let (raw, dropped) = (self.done(), self.dropped);
            self.pending.push(Piece { stream: StreamKind::System, at, bytes, raw, dropped });
        }
    }

    /// Makes all gathered bytes durable. *Cancellation*: what was being written counts as left out; give the log up then.
    pub(super) async fn flush(&mut self) {
        let pieces = self.gathered();
        self.write(pieces).await;
    }

    async fn write(&mut self, pieces: Vec<LogAppend>) {
        if pieces.is_empty() {
            return;
        }
        let of_the_job = pieces.iter().map(of_the_job).sum::<u64>();
        self.dropped += of_the_job;
        if self.refused.is_some() {
            return;
        }
        match self.append(&pieces).await {
            Ok(_) => self.stored(&pieces),
            // The first of them may be there, which makes them no-ops.
            Err(StoreError::Full(_)) => {
                self.dropped -= of_the_job;
                for piece in pieces {
                    self.append_if_room(piece).await;
                }
            }
            Err(error) => self.refuse(&chain(&error)),
        }
        self.to.log.has_grown(self.written.offset);
    }

    /// All that is pending, as pieces that follow each other and on what is written.
    fn gathered(&mut self) -> Vec<LogAppend> {
        let raw = self.done();
        if let Some(last) = self.pending.last_mut() {
            (last.raw, last.dropped) = (raw, self.dropped);
        }
        let mut offset = self.written.offset;
        let pieces = std::mem::take(&mut self.pending).into_iter().filter(|piece| !piece.bytes.is_empty());
        let append = |Piece { stream, at, bytes, raw, dropped }: Piece| {
            let piece = LogAppend { offset, stream, bytes: bytes.into(), at, raw, dropped };
            offset += piece.bytes.len() as u64;
            piece
        };
        pieces.map(append).collect()
    }

    async fn append(&self, pieces: &[LogAppend]) -> StoreResult<u64> {
        until_answered(|| self.to.log.append(pieces)).await
    }

    /// Pieces that were counted as left out are there.
    fn stored(&mut self, pieces: &[LogAppend]) {
        for piece in pieces {
            self.dropped -= of_the_job(piece);
            self.written.count(piece.stream, &piece.bytes);
        }
    }

    /// Appends one piece, or drops it because the store is full, as all of the job's output that comes after it.
    async fn append_if_room(&mut self, mut piece: LogAppend) {
        piece.offset = self.written.offset;
        self.dropped += of_the_job(&piece);
        if self.refused.is_some() || (self.full && piece.stream != StreamKind::System) {
            return;
        }
        match self.append(std::slice::from_ref(&piece)).await {
            Ok(_) => self.stored(&[piece]),
            Err(StoreError::Full(_)) if piece.stream != StreamKind::System => self.full = true,
            Err(error) => self.refuse(&chain(&error)),
        }
    }

    /// What is still to be stored of the log, its end included, for whoever records it together with what follows from it.
    /// `None` where there is more to be said about it first: then, as in all other cases, it is [finished](Self::finish).
    pub(super) fn rest(&mut self, at: Timestamp) -> Option<Rest> {
        if self.is_finished() || self.refused.is_some() {
            return None;
        }
        self.let_out(at);
        if self.dropped > 0 {
            return None;
        }
        let pieces = self.gathered();
        let mut whole = self.written.clone();
        for piece in &pieces {
            whole.count(piece.stream, &piece.bytes);
        }
        Some(Rest { pieces, end: whole.end(0) })
    }

    /// Writes and ends what was taken as the [rest](Self::rest) and not recorded.
    pub(super) async fn finish_rest(&mut self, rest: Rest, at: Timestamp) {
        if timeout(self.to.lease(), self.write(rest.pieces)).await.is_err() {
            self.give_up();
        }
        self.finish(at).await;
    }

    /// Ends the log: what the maskers held back, the marker of what the cap left out, totals and checksum. A store that is
    /// away is waited for, for a lease.
    pub(super) async fn finish(&mut self, at: Timestamp) {
        if self.is_finished() {
            return;
        }
        let lease = self.to.lease();
        if timeout(lease, self.write_rest(at)).await.is_err() {
            self.give_up();
        }
        let end = self.written.end(self.dropped);
        // A store that has refused a piece may still take the end, so that readers do not wait for more.
        let patience = if self.refused.is_some() { Duration::ZERO } else { lease };
        match until_available(patience, || self.to.log.finish(end)).await {
            Ok(()) => self.ended = Some(end),
            Err(error) => self.refuse(&chain(&error)),
        }
    }

    /// Adds what the maskers held back to what is pending.
    fn let_out(&mut self, at: Timestamp) {
        for stream in [StreamKind::Stdout, StreamKind::Stderr] {
            self.turn_to(stream, at);
            let side = if stream == StreamKind::Stderr { &mut self.stderr } else { &mut self.stdout };
            let Some(piece) = self.pending.last_mut() else { continue };
            let before = piece.bytes.len();
            side.masker.finish(&mut piece.bytes);
            self.cut_to_cap(before);
        }
    }

    async fn write_rest(&mut self, at: Timestamp) {
        self.let_out(at);
        self.flush().await;
        if self.dropped > 0 {
            let (dropped, why) = (self.dropped, if self.full { "the store is full" } else { "log limit reached" });
            let marker = format!("{why}: {dropped} further bytes of {} were dropped", self.to.log.whose());
            // An earlier life may have written it, and gone before the end was recorded.
            if !self.written.tail.ends_with(format!("{marker}\n").as_bytes()) {
                self.note(&marker, at).await;
            }
        }
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
                    (piece.raw, piece.dropped) = (raw, self.dropped);
                }
                self.pending.push(Piece { stream, at, bytes: Vec::new(), raw, dropped: self.dropped });
            }
        }
    }

    /// Drops what was just added to the last piece beyond the cap.
    fn cut_to_cap(&mut self, before: usize) {
        let cap = if self.full || self.has_gap { 0 } else { self.to.cap_bytes };
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
