//! The log of one attempt: appended by offset, read by offset, by line or from the end.
//!
//! Knows nothing of claims beyond a number below which a writer is refused. Takes and gives data under its owner's
//! lock; what a read needs from a file is fetched after the lock is let go.

use std::io;
use std::sync::Arc;

use super::segment::{Data, OpenSegment, Place, Run, SEGMENT_BYTES, Segment, newlines};
use super::spill::{Spill, SpillFile};
use crate::ports::{LogAppend, LogCursor, LogEnd, LogFrom, LogPage, LogPositions, StoreError, StoreResult, StreamKind};

/// Pieces at least this big become segments as they are, without being copied.
const KEEP_BYTES: usize = SEGMENT_BYTES / 2;
/// Small pieces of one stream are shown as one chunk when they came within this time.
const MERGE_MICROS: u64 = 1_000_000;

/// The log. Bytes, then index, then counters: each append first does what can fail.
#[derive(Debug)]
pub(super) struct Log {
    /// Writers with a lower fencing token are too late.
    fence: u64,
    spill: Option<Arc<Spill>>,
    file: Option<Arc<SpillFile>>,
    /// Its file cannot be written: what comes is kept in memory, this much so far.
    fallen_back: Option<u64>,
    closed: Vec<Segment>,
    open: Option<OpenSegment>,
    offset: u64,
    newlines: u64,
    ends_in_newline: bool,
    raw: LogPositions,
    dropped: u64,
    end: Option<LogEnd>,
    /// Over the closed segments; gone once the log is whole.
    hasher: Option<Box<blake3::Hasher>>,
}

impl Log {
    pub(super) fn new(fence: u64, spill: Option<Arc<Spill>>) -> Self {
        Self {
            fence,
            spill,
            file: None,
            fallen_back: None,
            closed: Vec::new(),
            open: None,
            offset: 0,
            newlines: 0,
            ends_in_newline: true,
            raw: LogPositions::default(),
            dropped: 0,
            end: None,
            hasher: Some(Box::default()),
        }
    }

    /// Refuses writers with a lower token from now on.
    pub(super) fn raise_fence(&mut self, token: u64) {
        self.fence = self.fence.max(token);
    }

    /// Whether a writer with this token may write.
    pub(super) fn admits(&self, token: u64) -> bool {
        token >= self.fence
    }

    pub(super) fn cursor(&self) -> LogCursor {
        let Self { offset, newlines, raw, dropped, end, .. } = *self;
        LogCursor { offset, newlines, raw, dropped, end }
    }

    /// Appends what of the pieces is new.
    pub(super) fn append_all(&mut self, pieces: &[LogAppend]) -> StoreResult<u64> {
        if self.end.is_some() {
            return Err(StoreError::Conflict("the log is whole, nothing can be appended".into()));
        }
        if pieces.is_empty() {
            return Err(StoreError::Conflict("no piece to append".into()));
        }
        // All is checked before anything is changed.
        let mut durable = self.offset;
        for piece in pieces {
            let len = piece.bytes.len();
            if len == 0 || len > SEGMENT_BYTES {
                return Err(StoreError::Conflict(format!("a piece of {len} bytes; it must have 1 to {SEGMENT_BYTES}")));
            }
            if piece.offset > durable {
                return Err(StoreError::Gap { offset: piece.offset, durable: self.offset });
            }
            durable = durable.max(piece.offset + len as u64);
        }
        for piece in pieces {
            self.append(piece)?;
        }
        Ok(self.offset)
    }

    fn append(&mut self, piece: &LogAppend) -> StoreResult<u64> {
        let Some(known) = self.offset.checked_sub(piece.offset) else {
            return Err(StoreError::Gap { offset: piece.offset, durable: self.offset });
        };
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        if known >= piece.bytes.len() {
            return Ok(self.offset);
        }
        let fresh = piece.bytes.slice(known..);
        let len = fresh.len();
        // The engine's own lines are few, and the one that says what was dropped must not be dropped.
        let need = if piece.stream == StreamKind::System { Need::Must } else { Need::IfRoom };
        if self.open.as_ref().is_some_and(|open| len >= KEEP_BYTES || !open.has_room(len, piece.at)) {
            self.close_open(need)?;
        }
        let place = Place { offset: self.offset, first_line: self.newlines, at: piece.at };
        let (lines, ends_in_newline) = (newlines(&fresh), fresh.ends_with(b"\n"));
        if len >= KEEP_BYTES {
            let file = self.write(self.offset, &fresh, need)?;
            self.hash(&fresh);
            // At most 64 KiB, checked above.
            let run = Run { len: u32::try_from(len).unwrap_or(u32::MAX), after_micros: 0, stream: piece.stream };
            let data = file.map_or(Data::Memory(fresh), Data::Spilled);
            self.closed.push(Segment { place, len, runs: Arc::new([run]), data });
        } else {
            let open = self.open.get_or_insert_with(|| OpenSegment::new(place));
            open.push(piece.stream, piece.at, &fresh, MERGE_MICROS);
        }
        self.offset += len as u64;
        self.newlines += lines;
        self.ends_in_newline = ends_in_newline;
        (self.raw, self.dropped) = (piece.raw, piece.dropped);
        Ok(self.offset)
    }

    /// Records the end, if it is that of what is stored.
    pub(super) fn finish(&mut self, end: LogEnd) -> StoreResult<()> {
        match self.end {
            Some(known) if known == end => return Ok(()),
            Some(_) => return Err(StoreError::Conflict("the log has another end already".into())),
            None => {}
        }
        if end.bytes > self.offset {
            return Err(StoreError::Gap { offset: end.bytes, durable: self.offset });
        }
        if end.bytes < self.offset {
            let stored = self.offset;
            return Err(StoreError::Conflict(format!("{stored} bytes are stored, the end says {}", end.bytes)));
        }
        if end.lines != self.lines() {
            let stored = self.lines();
            return Err(StoreError::Conflict(format!("{stored} lines are stored, the end says {}", end.lines)));
        }
        self.close_open(Need::Must)?;
        let stored = self.hasher.as_ref().map(|h| h.finalize());
        if stored.is_none_or(|hash| *hash.as_bytes() != end.checksum) {
            return Err(StoreError::Conflict("the checksum is not that of the bytes stored".into()));
        }
        self.closed.shrink_to_fit();
        self.hasher = None;
        self.end = Some(end);
        Ok(())
    }

    /// Chooses what a read needs; cheap, under the lock.
    pub(super) fn plan_read(&self, from: LogFrom, max_bytes: usize) -> ReadPlan {
        let (start, first) = match from {
            LogFrom::Offset(offset) => (Start::Offset(offset), self.closed.partition_point(|s| s.end() <= offset)),
            LogFrom::Line(line) => self.find_line(line),
            LogFrom::Tail(count) => self.find_line(self.lines().saturating_sub(count)),
        };
        // The first segment may be skipped in nearly all of its length, so it does not count.
        let wanted = max_bytes.saturating_add(SEGMENT_BYTES);
        let mut segments = Vec::new();
        let mut have = 0_usize;
        for segment in self.closed.iter().skip(first) {
            if have >= wanted {
                break;
            }
            have = have.saturating_add(segment.len);
            segments.push(segment.clone());
        }
        if have < wanted {
            segments.extend(self.open.as_ref().map(OpenSegment::snapshot));
        }
        ReadPlan { segments, start, durable: self.offset, end: self.end, max_bytes }
    }

    /// Lines in all; a last one without newline counts.
    fn lines(&self) -> u64 {
        self.newlines + u64::from(!self.ends_in_newline)
    }

    /// Where a line begins, and the first segment to look at.
    fn find_line(&self, line: u64) -> (Start, usize) {
        if line == 0 {
            return (Start::Offset(0), 0);
        }
        if line > self.newlines {
            return (Start::Offset(self.offset), self.closed.len());
        }
        // The newline before the line is in the last segment that begins before it.
        let after = self.closed.partition_point(|s| s.place.first_line < line);
        let in_open = self.open.as_ref().is_some_and(|open| open.place.first_line < line);
        (Start::Line(line), if in_open { self.closed.len() } else { after.saturating_sub(1) })
    }

    fn close_open(&mut self, need: Need) -> StoreResult<()> {
        let Some(open) = self.open.take() else { return Ok(()) };
        match self.write(open.place.offset, &open.bytes, need) {
            Ok(file) => {
                self.hash(&open.bytes);
                self.closed.push(open.close(file.as_ref()));
                Ok(())
            }
            Err(error) => {
                self.open = Some(open);
                Err(error)
            }
        }
    }

    fn hash(&mut self, bytes: &[u8]) {
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
    }

    /// Writes to the spill file, if logs are to be spilled. `None`: memory keeps the bytes, because it always does or
    /// because the file cannot be written; what is in the file already stays there.
    fn write(&mut self, offset: u64, bytes: &[u8], need: Need) -> StoreResult<Option<Arc<SpillFile>>> {
        let Some(spill) = self.spill.clone() else { return Ok(None) };
        if self.fallen_back.is_none() {
            match self.write_to_file(&spill, offset, bytes) {
                Ok(file) => return Ok(Some(file)),
                Err(error) => {
                    spill.tell(&error);
                    self.fallen_back = Some(0);
                }
            }
        }
        let len = bytes.len() as u64;
        if spill.take_room(len) {
            self.fallen_back = self.fallen_back.map(|taken| taken + len);
        } else if need == Need::IfRoom {
            let dir = spill.dir().display();
            return Err(StoreError::Full(format!("logs cannot be written to `{dir}`, and memory has taken its part")));
        }
        Ok(None)
    }

    fn write_to_file(&mut self, spill: &Spill, offset: u64, bytes: &[u8]) -> io::Result<Arc<SpillFile>> {
        let file = match &self.file {
            Some(file) => Arc::clone(file),
            None => Arc::new(SpillFile::create(spill.dir())?),
        };
        file.write(offset, bytes)?;
        self.file = Some(Arc::clone(&file));
        Ok(file)
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if let (Some(spill), Some(taken)) = (&self.spill, self.fallen_back) {
            spill.give_room(taken);
        }
    }
}

/// Whether memory may refuse to stand in for the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    IfRoom,
    Must,
}

/// Where a read begins.
#[derive(Debug)]
enum Start {
    Offset(u64),
    /// After this many newlines, the last of which is in the first segment.
    Line(u64),
}

/// A read that is decided but not yet done.
#[derive(Debug)]
pub(super) struct ReadPlan {
    segments: Vec<Segment>,
    start: Start,
    durable: u64,
    end: Option<LogEnd>,
    max_bytes: usize,
}

impl ReadPlan {
    /// Fetches the bytes; needs no lock.
    pub(super) fn read(self) -> StoreResult<LogPage> {
        let broken = |error: io::Error| StoreError::Internal {
            message: "cannot read the log back from its file".into(),
            source: Some(Box::new(error)),
        };
        let start = match self.start {
            Start::Offset(offset) => offset,
            Start::Line(line) => match self.segments.first() {
                Some(segment) => begin_of_line(segment, line).map_err(broken)?,
                None => self.durable,
            },
        };
        let mut page = LogPage { chunks: Vec::new(), next_offset: start, end: self.end };
        let mut have = 0_usize;
        'segments: for segment in self.segments.iter().filter(|s| s.end() > start) {
            if !page.chunks.is_empty() && have >= self.max_bytes {
                break;
            }
            for chunk in segment.chunks_from(start, self.max_bytes.saturating_sub(have)).map_err(broken)? {
                if !page.chunks.is_empty() && have.saturating_add(chunk.bytes.len()) > self.max_bytes {
                    break 'segments;
                }
                have = have.saturating_add(chunk.bytes.len());
                page.next_offset = chunk.offset + chunk.bytes.len() as u64;
                page.chunks.push(chunk);
            }
        }
        Ok(page)
    }
}

/// The offset after the newline before a line, which is in this segment.
fn begin_of_line(segment: &Segment, line: u64) -> io::Result<u64> {
    let bytes = segment.bytes()?;
    let nth = usize::try_from(line - segment.place.first_line).unwrap_or(usize::MAX).saturating_sub(1);
    let position = memchr::memchr_iter(b'\n', &bytes).nth(nth);
    Ok(position.map_or(segment.end(), |p| segment.place.offset + p as u64 + 1))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Mutex;

    use bytes::Bytes;

    use super::*;
    use crate::time::Timestamp;

    fn piece(offset: u64, bytes: impl Into<Bytes>) -> LogAppend {
        let (bytes, raw) = (bytes.into(), LogPositions::default());
        LogAppend { offset, stream: StreamKind::Stdout, bytes, at: Timestamp::from_micros(offset), raw, dropped: 0 }
    }

    fn numbered_lines(log: &mut Log, count: u64, lines_per_piece: u64) {
        for first in (0..count).step_by(usize::try_from(lines_per_piece).unwrap()) {
            let lines: Vec<_> = (first..first + lines_per_piece).map(|n| format!("line {n:010}\n")).collect();
            let text = lines.concat();
            log.append(&piece(log.offset, text)).unwrap();
        }
    }

    #[test]
    fn fifty_lines_far_in_touch_one_or_two_segments() {
        let mut log = Log::new(0, None);
        numbered_lines(&mut log, 1_001_000, 1_000);
        let plan = log.plan_read(LogFrom::Line(1_000_000), 50 * 16);
        assert!(plan.segments.len() <= 5, "{} segments chosen", plan.segments.len());
        let page = plan.read().unwrap();
        let chunk = &page.chunks[0];
        assert!(page.chunks.len() <= 2);
        assert_eq!((chunk.offset, chunk.first_line), (16_000_000, 1_000_000));
        assert!(chunk.bytes.starts_with(b"line 0001000000\n"));
    }

    #[test]
    fn small_pieces_are_kept_in_few_segments_and_large_ones_as_they_are() {
        let mut log = Log::new(0, None);
        numbered_lines(&mut log, 100_000, 1);
        let used = log.closed.iter().map(|s| s.runs.len()).sum::<usize>();
        assert!(log.closed.len() <= 100_000 * 16 / KEEP_BYTES, "{} segments", log.closed.len());
        assert!(used <= log.closed.len() * 2, "{used} runs");

        let mut log = Log::new(0, None);
        let large = Bytes::from(vec![b'x'; SEGMENT_BYTES]);
        log.append(&piece(0, large.clone())).unwrap();
        let Data::Memory(kept) = &log.closed[0].data else { panic!("there is no file") };
        assert_eq!(kept.as_ptr(), large.as_ptr(), "it was copied");
    }

    /// A spill into a directory, and what it has told.
    fn spill(dir: &Path, room: u64) -> (Arc<Spill>, Arc<Mutex<Vec<String>>>) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        let warn = Box::new(move |text: &str| heard.lock().unwrap().push(text.to_owned()));
        (Arc::new(Spill::new(dir.to_owned(), room, warn)), told)
    }

    #[test]
    fn a_disk_that_fills_up_loses_nothing_and_memory_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let (spill, told) = spill(dir.path(), 1 << 20);
        let mut log = Log::new(0, Some(Arc::clone(&spill)));
        let first = vec![b'x'; SEGMENT_BYTES];
        log.append(&piece(0, first.clone())).unwrap();
        assert!(matches!(log.closed[0].data, Data::Spilled(_)));
        log.file = Some(Arc::new(SpillFile::full()));
        for n in 1..4_u64 {
            log.append(&piece(n * SEGMENT_BYTES as u64, vec![b'y'; SEGMENT_BYTES])).unwrap();
        }
        let page = log.plan_read(LogFrom::Offset(0), usize::MAX).read().unwrap();
        assert_eq!(page.next_offset, 4 * SEGMENT_BYTES as u64);
        assert_eq!(page.chunks[0].bytes, first, "what was spilled before is still there");
        assert_eq!(page.chunks[3].bytes, vec![b'y'; SEGMENT_BYTES]);
        let told = told.lock().unwrap();
        assert_eq!(told.len(), 1, "it is told once: {told:?}");
        assert!(told[0].contains(&*dir.path().to_string_lossy()) && told[0].contains("make room"), "{told:?}");
        drop(log);
        assert!(spill.take_room(1 << 20), "a log that is gone gives its memory back");
    }

    #[test]
    fn a_missing_directory_is_no_reason_to_lose_a_log() {
        let dir = tempfile::tempdir().unwrap();
        let (spill, told) = spill(&dir.path().join("gone"), 1 << 20);
        let mut log = Log::new(0, Some(spill));
        log.append(&piece(0, "begin\n")).unwrap();
        log.append(&piece(6, vec![b'y'; SEGMENT_BYTES])).unwrap();
        let page = log.plan_read(LogFrom::Offset(0), usize::MAX).read().unwrap();
        assert_eq!(page.next_offset, 6 + SEGMENT_BYTES as u64);
        assert_eq!(told.lock().unwrap().len(), 1);
    }

    #[test]
    fn past_the_bound_output_is_refused_and_the_engines_own_lines_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let (spill, _) = spill(dir.path(), SEGMENT_BYTES as u64);
        let mut log = Log::new(0, Some(spill));
        log.file = Some(Arc::new(SpillFile::full()));
        log.append(&piece(0, vec![b'x'; SEGMENT_BYTES])).unwrap();
        let before = log.cursor();
        let more = piece(before.offset, vec![b'y'; SEGMENT_BYTES]);
        let refused = log.append(&more).unwrap_err();
        assert!(matches!(refused, StoreError::Full(_)) && !refused.is_retryable(), "{refused}");
        assert_eq!(log.cursor(), before, "nothing was half done");
        let marker = LogAppend { stream: StreamKind::System, ..piece(before.offset, "dropped\n") };
        let bytes = log.append(&marker).unwrap();
        let mut whole = vec![b'x'; SEGMENT_BYTES];
        whole.extend_from_slice(b"dropped\n");
        let end = LogEnd { bytes, lines: 1, dropped: SEGMENT_BYTES as u64, checksum: *blake3::hash(&whole).as_bytes() };
        log.finish(end).unwrap();
        assert_eq!(log.plan_read(LogFrom::Offset(0), usize::MAX).read().unwrap().next_offset, bytes);
    }

    #[test]
    fn a_late_writer_is_not_admitted() {
        let mut log = Log::new(3, None);
        log.raise_fence(2);
        assert!(!log.admits(2) && log.admits(3));
    }
}
