//! Chunks, and what appending makes of them.
//!
//! Output that comes in small pieces is gathered in the last chunk, whose row is written anew each time while it is small;
//! so a log of short lines is not one row per line, and a byte is not written over and over.

use imt_core::ports::{LogAppend, LogPositions, MAX_PIECE_BYTES, StreamKind};
use imt_core::time::Timestamp;

/// A chunk that is stored already grows until here. Below the size from which PostgreSQL stores a value out of line.
const GROWS_TO: usize = 1_900;

/// A row of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunk {
    /// Where it begins.
    pub start: u64,
    /// Newlines before it.
    pub first_line: u64,
    pub stream: StreamKind,
    /// When its first byte came.
    pub at: Timestamp,
    pub bytes: Vec<u8>,
}

/// Where a log stands.
#[derive(Debug, Clone)]
pub(super) struct Position {
    pub offset: u64,
    pub newlines: u64,
    pub ends_in_newline: bool,
    pub raw: LogPositions,
    /// The last chunk, if it may still grow.
    pub last: Option<Chunk>,
}

impl Position {
    /// Lines so far; a last line without newline counts.
    pub(super) const fn lines(&self) -> u64 {
        self.newlines + if self.ends_in_newline { 0 } else { 1 }
    }

    /// Adds a piece, of which only what lies past the present offset is new, to the chunks to be written. Answers whether
    /// it follows on what is there; one that leaves a gap adds nothing.
    pub(super) fn append(&mut self, piece: &LogAppend, written: &mut Vec<Chunk>) -> bool {
        let Some(known) = self.offset.checked_sub(piece.offset) else { return false };
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        let Some(new) = piece.bytes.get(known..).filter(|new| !new.is_empty()) else { return true };
        self.add(piece.stream, piece.at, new, written);
        self.offset += new.len() as u64;
        self.newlines += memchr::memchr_iter(b'\n', new).count() as u64;
        self.ends_in_newline = new.last() == Some(&b'\n');
        self.raw = piece.raw;
        true
    }

    fn add(&mut self, stream: StreamKind, at: Timestamp, new: &[u8], written: &mut Vec<Chunk>) {
        if let Some(open) = written.last_mut() {
            if open.stream == stream && open.bytes.len() + new.len() <= MAX_PIECE_BYTES {
                open.bytes.extend_from_slice(new);
                return;
            }
        } else if let Some(mut last) = self.last.take()
            && last.stream == stream
            && last.bytes.len() + new.len() <= GROWS_TO
        {
            last.bytes.extend_from_slice(new);
            written.push(last);
            return;
        }
        written.push(Chunk { start: self.offset, first_line: self.newlines, stream, at, bytes: new.to_vec() });
    }

    /// Remembers the last of the chunks that were written.
    pub(super) fn wrote(&mut self, written: Vec<Chunk>) {
        if let Some(last) = written.into_iter().next_back() {
            self.last = Some(last).filter(|chunk| chunk.bytes.len() < GROWS_TO);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn start() -> Position {
        let raw = LogPositions { stdout: 0, stderr: 0 };
        Position { offset: 0, newlines: 0, ends_in_newline: true, raw, last: None }
    }

    fn piece(offset: u64, stream: StreamKind, bytes: &[u8]) -> LogAppend {
        let raw = LogPositions { stdout: offset + bytes.len() as u64, stderr: 0 };
        LogAppend { offset, stream, bytes: Bytes::copy_from_slice(bytes), at: Timestamp::from_micros(offset), raw }
    }

    fn append(position: &mut Position, pieces: &[LogAppend]) -> Vec<Chunk> {
        let mut written = Vec::new();
        for piece in pieces {
            assert!(position.append(piece, &mut written), "{piece:?} leaves a gap");
        }
        position.wrote(written.clone());
        written
    }

    #[test]
    fn small_pieces_gather_in_one_row() {
        let mut position = start();
        let mut rows = std::collections::BTreeMap::new();
        for n in 0..1_000 {
            for chunk in append(&mut position, &[piece(n * 10, StreamKind::Stdout, b"123456789\n")]) {
                rows.insert(chunk.start, chunk);
            }
        }
        assert_eq!(rows.len(), 6, "1,900 bytes a row");
        let bytes: Vec<u8> = rows.values().flat_map(|chunk| chunk.bytes.clone()).collect();
        assert_eq!(bytes, b"123456789\n".repeat(1_000));
        assert!(rows.values().all(|chunk| chunk.first_line * 10 == chunk.start));
    }

    #[test]
    fn pieces_that_come_together_make_large_rows() {
        let mut position = start();
        let pieces: Vec<_> = (0..100).map(|n| piece(n * 4_096, StreamKind::Stdout, &[b'x'; 4_096])).collect();
        let rows = append(&mut position, &pieces);
        assert_eq!(rows.iter().map(|chunk| chunk.bytes.len()).max(), Some(65_536));
        assert_eq!(rows.len(), 7);
        assert_eq!((position.offset, position.lines()), (409_600, 1));
    }

    #[test]
    fn streams_are_never_mixed() {
        let mut position = start();
        let pieces = [
            piece(0, StreamKind::Stdout, b"a\n"),
            piece(2, StreamKind::Stderr, b"b\n"),
            piece(4, StreamKind::Stdout, b"c"),
        ];
        let rows = append(&mut position, &pieces);
        let shape: Vec<_> = rows.iter().map(|c| (c.start, c.first_line, c.stream)).collect();
        let expected = [(0, 0, StreamKind::Stdout), (2, 1, StreamKind::Stderr), (4, 2, StreamKind::Stdout)];
        assert_eq!(shape, expected);
    }

    #[test]
    fn only_what_is_new_is_added() {
        let mut position = start();
        append(&mut position, &[piece(0, StreamKind::Stdout, b"one\n")]);
        assert!(append(&mut position, &[piece(0, StreamKind::Stdout, b"one\n")]).is_empty());
        assert_eq!(append(&mut position, &[piece(2, StreamKind::Stdout, b"e\ntwo")])[0].bytes, b"one\ntwo");
        let mut written = Vec::new();
        assert!(!position.append(&piece(9, StreamKind::Stdout, b"late"), &mut written));
        assert!(written.is_empty());
        assert_eq!((position.offset, position.newlines, position.lines()), (7, 1, 2));
    }
}
