//! What a log's writer holds: the masked pieces that wait, and what of the written ones the end needs.
//!
//! Knows no store.

use crate::mask::{Masker, Needles};
use crate::ports::{LogAppend, LogEnd, LogPositions, StreamKind};
use crate::time::Timestamp;

/// What is remembered of the end of a log: enough for a marker.
const TAIL_BYTES: usize = 256;

/// One stream of the job.
pub(super) struct Side {
    pub(super) masker: Masker,
    /// Raw bytes taken from the executor.
    pub(super) taken: u64,
}

impl Side {
    pub(super) fn new(needles: &Needles, taken: u64) -> Self {
        Self { masker: Masker::new(needles.clone()), taken }
    }

    /// Raw bytes that are done with: a successor reads on from here with a fresh masker.
    pub(super) fn done(&self) -> u64 {
        self.taken - self.masker.held() as u64
    }
}

/// Bytes not yet appended, all of one stream.
pub(super) struct Piece {
    pub(super) stream: StreamKind,
    pub(super) at: Timestamp,
    pub(super) bytes: Vec<u8>,
    /// Where a successor reads on once this piece is stored; set when the next one begins.
    pub(super) raw: LogPositions,
    /// What of the output before there was left out.
    pub(super) dropped: u64,
}

/// What the store has, and what of it the end needs.
#[derive(Clone)]
pub(super) struct Written {
    pub(super) offset: u64,
    pub(super) job_bytes: u64,
    newlines: u64,
    pub(super) ends_in_newline: bool,
    /// Its last bytes, at most [`TAIL_BYTES`].
    pub(super) tail: Vec<u8>,
    hasher: blake3::Hasher,
}

impl Default for Written {
    fn default() -> Self {
        let (offset, job_bytes, newlines) = (0, 0, 0);
        Self { offset, job_bytes, newlines, ends_in_newline: true, tail: Vec::new(), hasher: blake3::Hasher::new() }
    }
}

impl Written {
    pub(super) fn count(&mut self, stream: StreamKind, bytes: &[u8]) {
        self.offset += bytes.len() as u64;
        if stream != StreamKind::System {
            self.job_bytes += bytes.len() as u64;
        }
        self.newlines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        self.ends_in_newline = bytes.last().map_or(self.ends_in_newline, |b| *b == b'\n');
        self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(TAIL_BYTES)..]);
        self.tail.drain(..self.tail.len().saturating_sub(TAIL_BYTES));
        self.hasher.update(bytes);
    }

    pub(super) fn end(&self, dropped: u64) -> LogEnd {
        let lines = self.newlines + u64::from(!self.ends_in_newline);
        LogEnd { bytes: self.offset, lines, dropped, checksum: *self.hasher.finalize().as_bytes() }
    }
}

/// Bytes of the job's own output in a piece.
pub(super) fn of_the_job(piece: &LogAppend) -> u64 {
    if piece.stream == StreamKind::System { 0 } else { piece.bytes.len() as u64 }
}
