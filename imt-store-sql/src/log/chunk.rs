//! Chunks, and what appending makes of them.
//!
//! Output that comes in small pieces is gathered in the last chunk, whose row is written anew each time while it is small;
//! so a log of short lines is not one row per line, and a byte is not written over and over. A chunk holds what came one after
//! the other, of whatever stream: its runs tell the streams apart, so that alternating ones do not make a row a line either.

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
    /// When its first byte came.
    pub at: Timestamp,
    pub runs: Vec<Run>,
    pub bytes: Vec<u8>,
}

/// Bytes of one stream that came at about one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub stream: StreamKind,
    pub len: usize,
    /// When its first byte came, in microseconds after that of the chunk.
    pub after: u64,
}

/// What of a stream came within this time is one run.
const RUN_MICROS: u64 = 1_000_000;
/// About what a run takes in a row, so that a chunk of many tiny runs is not larger than one of few.
const RUN_BYTES: usize = 8;

impl Chunk {
    fn new(start: u64, first_line: u64, at: Timestamp) -> Self {
        Self { start, first_line, at, runs: Vec::new(), bytes: Vec::new() }
    }

    /// What it takes in a row.
    fn size(&self) -> usize {
        self.bytes.len() + self.runs.len() * RUN_BYTES
    }

    fn push(&mut self, stream: StreamKind, at: Timestamp, new: &[u8]) {
        let after = at.as_micros().saturating_sub(self.at.as_micros());
        self.bytes.extend_from_slice(new);
        match self.runs.last_mut() {
            Some(run) if run.stream == stream && after.saturating_sub(run.after) < RUN_MICROS => run.len += new.len(),
            _ => self.runs.push(Run { stream, len: new.len(), after }),
        }
    }

    /// The runs as they are stored: `o12+0 e5+40` are 12 bytes of stdout, then 5 of stderr that began 40 µs later.
    pub(super) fn runs_text(&self) -> String {
        let run = |run: &Run| {
            let letter = match run.stream {
                StreamKind::Stdout => 'o',
                StreamKind::Stderr => 'e',
                StreamKind::System => 's',
            };
            format!("{letter}{}+{}", run.len, run.after)
        };
        self.runs.iter().map(run).collect::<Vec<_>>().join(" ")
    }
}

/// Runs as they were stored.
pub(super) fn runs_of(text: &str) -> Option<Vec<Run>> {
    let run = |text: &str| {
        let (len, after) = text.get(1..)?.split_once('+')?;
        let stream = match text.as_bytes().first()? {
            b'o' => StreamKind::Stdout,
            b'e' => StreamKind::Stderr,
            b's' => StreamKind::System,
            _ => return None,
        };
        Some(Run { stream, len: len.parse().ok()?, after: after.parse().ok()? })
    };
    text.split(' ').map(run).collect()
}

/// Where a log stands.
#[derive(Debug, Clone)]
pub(super) struct Position {
    pub offset: u64,
    pub newlines: u64,
    pub ends_in_newline: bool,
    pub raw: LogPositions,
    /// What of the output before there was left out.
    pub dropped: u64,
    /// The last chunk, if it may still grow.
    pub last: Option<Chunk>,
}

impl Position {
    /// Of a log with nothing in it.
    pub(super) const fn start() -> Self {
        let raw = LogPositions { stdout: 0, stderr: 0 };
        Self { offset: 0, newlines: 0, ends_in_newline: true, raw, dropped: 0, last: None }
    }

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
        (self.raw, self.dropped) = (piece.raw, piece.dropped);
        true
    }

    fn add(&mut self, stream: StreamKind, at: Timestamp, new: &[u8], written: &mut Vec<Chunk>) {
        let room = |chunk: &Chunk, most: usize| chunk.size() + new.len() + RUN_BYTES <= most;
        if written.is_empty()
            && let Some(last) = self.last.take_if(|last| room(last, GROWS_TO))
        {
            written.push(last);
        }
        if written.last().is_none_or(|open| !room(open, MAX_PIECE_BYTES + 2 * RUN_BYTES)) {
            written.push(Chunk::new(self.offset, self.newlines, at));
        }
        if let Some(open) = written.last_mut() {
            open.push(stream, at, new);
        }
    }

    /// Remembers the last of the chunks that were written.
    pub(super) fn wrote(&mut self, written: Vec<Chunk>) {
        if let Some(last) = written.into_iter().next_back() {
            self.last = Some(last).filter(|chunk| chunk.size() < GROWS_TO);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn piece(offset: u64, stream: StreamKind, bytes: &[u8]) -> LogAppend {
        let raw = LogPositions { stdout: offset + bytes.len() as u64, stderr: 0 };
        let (bytes, at) = (Bytes::copy_from_slice(bytes), Timestamp::from_micros(offset));
        LogAppend { offset, stream, bytes, at, raw, dropped: 0 }
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
        let mut position = Position::start();
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
        let mut position = Position::start();
        let pieces: Vec<_> = (0..100).map(|n| piece(n * 4_096, StreamKind::Stdout, &[b'x'; 4_096])).collect();
        let rows = append(&mut position, &pieces);
        assert_eq!(rows.iter().map(|chunk| chunk.bytes.len()).max(), Some(65_536));
        assert_eq!(rows.len(), 7);
        assert_eq!((position.offset, position.lines()), (409_600, 1));
    }

    #[test]
    fn a_row_tells_its_streams_apart() {
        let mut position = Position::start();
        let pieces = [
            piece(0, StreamKind::Stdout, b"a\n"),
            piece(2, StreamKind::Stderr, b"b\n"),
            piece(4, StreamKind::Stdout, b"c"),
        ];
        let rows = append(&mut position, &pieces);
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].runs_text(), "o2+0 e2+2 o1+4");
        assert_eq!(runs_of("o2+0 e2+2 o1+4").unwrap(), rows[0].runs);
        for text in ["", "o", "x1+0", "o1", "o1+x", "o1+1  o1+1", "\u{fc}1+1"] {
            assert_eq!(runs_of(text), None, "{text:?}");
        }
    }

    #[test]
    fn alternating_lines_make_few_rows() {
        let line = |n: u64| {
            let stream = if n.is_multiple_of(2) { StreamKind::Stdout } else { StreamKind::Stderr };
            piece(n * 10, stream, b"123456789\n")
        };
        let lines: Vec<_> = (0..10_000).map(line).collect();
        assert!(append(&mut Position::start(), &lines).len() <= 3, "180 KB with its runs");
        let (mut position, mut rows) = (Position::start(), std::collections::BTreeMap::new());
        for line in &lines[..1_000] {
            for chunk in append(&mut position, std::slice::from_ref(line)) {
                rows.insert(chunk.start, chunk);
            }
        }
        assert!(rows.len() <= 11, "{} rows", rows.len());
        assert!(rows.values().all(|chunk| chunk.runs.iter().map(|run| run.len).sum::<usize>() == chunk.bytes.len()));
    }

    #[test]
    fn only_what_is_new_is_added() {
        let mut position = Position::start();
        append(&mut position, &[piece(0, StreamKind::Stdout, b"one\n")]);
        assert!(append(&mut position, &[piece(0, StreamKind::Stdout, b"one\n")]).is_empty());
        assert_eq!(append(&mut position, &[piece(2, StreamKind::Stdout, b"e\ntwo")])[0].bytes, b"one\ntwo");
        let mut written = Vec::new();
        assert!(!position.append(&piece(9, StreamKind::Stdout, b"late"), &mut written));
        assert!(written.is_empty());
        assert_eq!((position.offset, position.newlines, position.lines()), (7, 1, 2));
    }
}
