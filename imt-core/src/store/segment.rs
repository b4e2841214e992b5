//! Segments: the pieces of up to 64 KiB in which a log is kept, each with what is needed to find a line in it.
//!
//! A segment is contiguous in the log and may hold pieces of several streams and times, told apart by its runs.

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use super::spill::SpillFile;
use crate::ports::{StoredChunk, StreamKind};
use crate::time::Timestamp;

/// Size of a segment at most.
pub(super) const SEGMENT_BYTES: usize = 64 * 1024;

/// Bytes of one stream that came at about one time. Small: a log of tiny pieces of alternating streams has many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) len: u32,
    /// When its first byte came, in microseconds after that of the segment.
    pub(super) after_micros: u32,
    pub(super) stream: StreamKind,
}

/// Where a segment stands in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) offset: u64,
    /// Newlines in the log before it.
    pub(super) first_line: u64,
    pub(super) at: Timestamp,
}

/// A segment that no longer grows.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub(super) place: Place,
    pub(super) len: usize,
    pub(super) runs: Arc<[Run]>,
    pub(super) data: Data,
}

/// Where a segment's bytes are.
#[derive(Debug, Clone)]
pub(super) enum Data {
    Memory(Bytes),
    Spilled(Arc<SpillFile>),
}

impl Segment {
    pub(super) fn bytes(&self) -> io::Result<Bytes> {
        match &self.data {
            Data::Memory(bytes) => Ok(bytes.clone()),
            Data::Spilled(file) => file.read(self.place.offset, self.len),
        }
    }

    pub(super) fn end(&self) -> u64 {
        self.place.offset + self.len as u64
    }

    /// The segment's chunks from an offset within it on, until they have this many bytes (at least one, if there is one).
    pub(super) fn chunks_from(&self, start: u64, enough: usize) -> io::Result<Vec<StoredChunk>> {
        let bytes = self.bytes()?;
        let skip = usize::try_from(start.saturating_sub(self.place.offset)).unwrap_or(usize::MAX).min(self.len);
        let mut line = self.place.first_line + newlines(&bytes[..skip]);
        let (mut end, mut have) = (0, 0);
        let mut chunks = Vec::new();
        for run in self.runs.iter() {
            end += run.len as usize;
            if end <= skip {
                continue;
            }
            let begin = skip.max(end - run.len as usize);
            let bytes = bytes.slice(begin..end);
            have += bytes.len();
            let more = have < enough;
            let lines = if more { newlines(&bytes) } else { 0 };
            chunks.push(StoredChunk {
                offset: self.place.offset + begin as u64,
                first_line: line,
                stream: run.stream,
                bytes,
                at: Timestamp::from_micros(self.place.at.as_micros() + u64::from(run.after_micros)),
            });
            if !more {
                break;
            }
            line += lines;
        }
        Ok(chunks)
    }
}

/// The segment at the end of a log, which still grows.
#[derive(Debug)]
pub(super) struct OpenSegment {
    pub(super) place: Place,
    pub(super) runs: Vec<Run>,
    pub(super) bytes: Vec<u8>,
}

impl OpenSegment {
    pub(super) fn new(place: Place) -> Self {
        Self { place, runs: Vec::new(), bytes: Vec::new() }
    }

    /// Whether a piece can still be put into this segment.
    pub(super) fn has_room(&self, len: usize, at: Timestamp) -> bool {
        self.bytes.len() + len <= SEGMENT_BYTES && u32::try_from(self.after(at)).is_ok()
    }

    /// Adds a piece. It becomes part of the run before it when that is of the same stream and less than `merge_micros` older.
    pub(super) fn push(&mut self, stream: StreamKind, at: Timestamp, piece: &[u8], merge_micros: u64) {
        let after_micros = u32::try_from(self.after(at)).unwrap_or(u32::MAX);
        let len = u32::try_from(piece.len()).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(piece);
        match self.runs.last_mut() {
            Some(last)
                if last.stream == stream
                    && u64::from(after_micros.saturating_sub(last.after_micros)) < merge_micros =>
            {
                last.len += len;
            }
            _ => self.runs.push(Run { len, after_micros, stream }),
        }
    }

    /// This segment as it is now.
    pub(super) fn snapshot(&self) -> Segment {
        Segment {
            place: self.place,
            len: self.bytes.len(),
            runs: self.runs.as_slice().into(),
            data: Data::Memory(Bytes::copy_from_slice(&self.bytes)),
        }
    }

    /// This segment for good; its bytes stay in memory, or are in the file already.
    pub(super) fn close(self, file: Option<&Arc<SpillFile>>) -> Segment {
        let len = self.bytes.len();
        let data = match file {
            Some(file) => Data::Spilled(Arc::clone(file)),
            None => Data::Memory(self.bytes.into_boxed_slice().into()),
        };
        Segment { place: self.place, len, runs: self.runs.into(), data }
    }

    fn after(&self, at: Timestamp) -> u64 {
        at.as_micros().saturating_sub(self.place.at.as_micros())
    }
}

/// How many newlines there are.
pub(super) fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> OpenSegment {
        OpenSegment::new(Place { offset: 100, first_line: 7, at: Timestamp::from_micros(50) })
    }

    #[test]
    fn small_pieces_of_one_stream_become_one_run() {
        let mut segment = open();
        for micros in 50..1_000 {
            segment.push(StreamKind::Stdout, Timestamp::from_micros(micros), b"x", 1_000_000);
        }
        assert_eq!(segment.runs, [Run { len: 950, after_micros: 0, stream: StreamKind::Stdout }]);
        segment.push(StreamKind::Stderr, Timestamp::from_micros(1_000), b"y", 1_000_000);
        segment.push(StreamKind::Stdout, Timestamp::from_micros(2_000_000), b"z", 1_000_000);
        segment.push(StreamKind::Stdout, Timestamp::from_micros(3_000_000), b"late", 1_000_000);
        assert_eq!(segment.runs.iter().map(|r| r.len).collect::<Vec<_>>(), [950, 1, 1, 4]);
    }

    #[test]
    fn chunks_begin_in_the_middle_with_the_right_line_and_time() {
        let mut segment = open();
        segment.push(StreamKind::Stdout, Timestamp::from_micros(50), b"a\nb\n", 1);
        segment.push(StreamKind::Stderr, Timestamp::from_micros(60), b"c\nd", 1);
        let chunks = segment.snapshot().chunks_from(102, 100).unwrap();
        let seen: Vec<_> =
            chunks.iter().map(|c| (c.offset, c.first_line, c.stream, &c.bytes[..], c.at.as_micros())).collect();
        let expected = [(102, 8, StreamKind::Stdout, &b"b\n"[..], 50), (104, 9, StreamKind::Stderr, &b"c\nd"[..], 60)];
        assert_eq!(seen, expected);
        assert!(segment.snapshot().chunks_from(107, 100).unwrap().is_empty());
    }
}
