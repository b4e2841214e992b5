//! Logs as a store takes and gives them: pieces at offsets, an end, and pages to read.
//!
//! Knows nothing of masking or of who prints.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::id::AttemptId;
use crate::ports::executor::{LogPositions, StreamKind};
use crate::time::Timestamp;

/// The most bytes that one piece of a log may have.
pub const MAX_PIECE_BYTES: usize = 64 * 1024;

/// A piece of log to append. Masked already; one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogAppend {
    /// Where it begins in the attempt's log.
    pub offset: u64,
    /// Of which stream.
    pub stream: StreamKind,
    /// The bytes; never empty, at most [`MAX_PIECE_BYTES`].
    pub bytes: Bytes,
    /// When they came.
    pub at: Timestamp,
    /// Raw bytes of each stream that are done with once this piece is stored: where recovery reads on.
    pub raw: LogPositions,
    /// Bytes of the job's output, of those that are done with by then, that were left out: what recovery counts on from.
    pub dropped: u64,
}

/// What is new of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPart {
    /// Of which attempt.
    pub attempt: AttemptId,
    /// Pieces that follow each other and what is stored.
    pub pieces: Vec<LogAppend>,
    /// Its end, when it is whole with them.
    pub end: Option<LogEnd>,
}

/// The end of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEnd {
    /// Bytes in all.
    pub bytes: u64,
    /// Lines in all; a last line without newline counts.
    pub lines: u64,
    /// Bytes of the job's output that the cap left out.
    pub dropped: u64,
    /// BLAKE3 over all bytes.
    pub checksum: [u8; 32],
}

/// Where a log stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogCursor {
    /// The durable offset.
    pub offset: u64,
    /// Newlines so far.
    pub newlines: u64,
    /// Raw bytes of each stream that are done with.
    pub raw: LogPositions,
    /// Bytes of the job's output, of those that are done with, that were left out.
    pub dropped: u64,
    /// Its end, when it is whole.
    pub end: Option<LogEnd>,
}

/// Where to begin reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFrom {
    /// At this byte. Past the end there is nothing yet, and reading goes on at this byte.
    Offset(u64),
    /// At the beginning of this line, counted from 0; at the end when there is no such line yet.
    Line(u64),
    /// This many lines before the end; a last line without newline counts.
    Tail(u64),
}

/// A stored piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredChunk {
    /// Where it begins.
    pub offset: u64,
    /// Number of newlines before it: the line its first byte is in, counted from 0.
    pub first_line: u64,
    /// Of which stream.
    pub stream: StreamKind,
    /// The bytes.
    pub bytes: Bytes,
    /// When they came.
    pub at: Timestamp,
}

/// What a read gives.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogPage {
    /// Pieces in order, without a gap; the first one begins exactly where the read was to begin.
    pub chunks: Vec<StoredChunk>,
    /// Where to read on.
    pub next_offset: u64,
    /// The log's end, when it is whole. The reader has all of it when `next_offset` equals its bytes.
    pub end: Option<LogEnd>,
}
