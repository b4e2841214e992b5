//! An attempt's output on its way from the pipes to the readers: whole, in order, re-readable.
//!
//! Small output stays in memory, bigger output goes to a file, so a slow reader never stops the job and memory stays
//! small. Both streams are one sequence of records (stream, time, length, bytes). Knows nothing of processes.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::stream;
use imt_core::ports::{ExecutorResult, Failure, FailureKind, LogChunk, LogPositions, LogStream, StreamKind};
use imt_core::time::Timestamp;
use tokio::sync::Notify;

use crate::failure;

/// Output up to this size, headers included, needs no file.
const IN_MEMORY_BYTES: usize = 16 * 1024;
/// Length of a record's header: stream, length, time.
const HEADER_BYTES: usize = 1 + 4 + 8;
/// How much is read from the file at once.
const FETCH_BYTES: usize = 256 * 1024;
/// Largest chunk handed to a reader.
const CHUNK_BYTES: usize = 64 * 1024;

/// The output of one attempt.
#[derive(Debug)]
pub(crate) struct Spool {
    state: Mutex<State>,
    changed: Notify,
    path: PathBuf,
}

#[derive(Debug, Default)]
struct State {
    /// All records, while they are few.
    memory: BytesMut,
    /// Where they are once they are many; open while the attempt writes.
    file: Option<Arc<File>>,
    in_file: bool,
    /// Bytes of records so far.
    len: u64,
    ended: bool,
    /// Why output could not be kept, if so; what came before is whole.
    broken: Option<(FailureKind, String)>,
}

/// What a look at the spool gives.
enum Fetched {
    Bytes(Bytes),
    NothingYet,
    End,
}

impl Spool {
    /// An empty spool that uses this file if it must.
    pub(crate) fn new(path: PathBuf) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), changed: Notify::new(), path })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds output. Never waits for readers. When the disk is full, this and what follows is not kept, and the readers are
    /// told; the job goes on.
    pub(crate) fn append(&self, stream: StreamKind, bytes: &[u8], at: Timestamp) {
        let mut state = self.lock();
        if state.broken.is_none()
            && let Err(error) = state.append(&self.path, stream, bytes, at)
        {
            let failure = failure::on_path("keep the output in", &self.path, error);
            state.broken = Some((failure.kind, failure.explain()));
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Nothing more will come.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        // Readers have or open it themselves: an attempt that is over holds no file open.
        state.file = None;
        drop(state);
        self.changed.notify_waiters();
    }

    /// Reads from a position of each stream on, live, to the end.
    pub(crate) fn read(self: &Arc<Self>, from: LogPositions) -> LogStream {
        let reader = Reader { spool: Arc::clone(self), file: None, offset: 0, buffer: Bytes::new(), skip: from };
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
    fn append(&mut self, path: &PathBuf, stream: StreamKind, bytes: &[u8], at: Timestamp) -> io::Result<()> {
        let mut record = Vec::with_capacity(HEADER_BYTES + bytes.len());
        record.push(u8::from(stream == StreamKind::Stderr));
        record.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        record.extend_from_slice(&at.as_micros().to_be_bytes());
        record.extend_from_slice(bytes);
        if !self.in_file && self.memory.len() + record.len() > IN_MEMORY_BYTES {
            let mut file =
                OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(path)?;
            file.write_all(&self.memory)?;
            self.file = Some(Arc::new(file));
            self.in_file = true;
            self.memory = BytesMut::new();
        }
        match &self.file {
            // A part of a record that was written before an error lies past `len`, where nobody reads.
            Some(file) => file.write_all_at(&record, self.len)?,
            None => self.memory.extend_from_slice(&record),
        }
        self.len += record.len() as u64;
        Ok(())
    }
}

/// One reader's place.
struct Reader {
    spool: Arc<Spool>,
    file: Option<Arc<File>>,
    /// Where the bytes after the buffer begin.
    offset: u64,
    /// Records read but not handed out; begins with a record.
    buffer: Bytes,
    /// Bytes of each stream still to leave out.
    skip: LogPositions,
}

impl Reader {
    async fn next(&mut self) -> Option<ExecutorResult<LogChunk>> {
        let spool = Arc::clone(&self.spool);
        loop {
            if let Some(chunk) = self.take() {
                return Some(Ok(chunk));
            }
            let mut changed = std::pin::pin!(spool.changed.notified());
            changed.as_mut().enable();
            match self.fetch() {
                Ok(Fetched::Bytes(more)) => {
                    self.offset += more.len() as u64;
                    self.buffer = join(&self.buffer, more);
                }
                Ok(Fetched::NothingYet) => changed.await,
                Ok(Fetched::End) => return None,
                Err(failure) => return Some(Err(failure)),
            }
        }
    }

    fn fetch(&mut self) -> ExecutorResult<Fetched> {
        let state = self.spool.lock();
        if self.offset >= state.len {
            return match &state.broken {
                Some((kind, text)) => Err(Failure::new(*kind, text.clone())),
                None if state.ended => Ok(Fetched::End),
                None => Ok(Fetched::NothingYet),
            };
        }
        let wanted = usize::try_from(state.len - self.offset).unwrap_or(usize::MAX).min(FETCH_BYTES);
        if !state.in_file {
            let start = usize::try_from(self.offset).unwrap_or(usize::MAX);
            return Ok(Fetched::Bytes(Bytes::copy_from_slice(&state.memory[start..start + wanted])));
        }
        if self.file.is_none() {
            self.file.clone_from(&state.file);
        }
        drop(state);
        let path = &self.spool.path;
        let wrong = |error| failure::on_path("read the output in", path, error);
        let file = if let Some(file) = &self.file {
            file
        } else {
            self.file.insert(Arc::new(File::open(path).map_err(wrong)?))
        };
        let mut bytes = BytesMut::zeroed(wanted);
        file.read_exact_at(&mut bytes, self.offset).map_err(wrong)?;
        Ok(Fetched::Bytes(bytes.freeze()))
    }

    /// The next chunk out of the buffer, small records of one stream joined; `None` when the buffer holds no whole record.
    fn take(&mut self) -> Option<LogChunk> {
        let mut chunk: Option<LogChunk> = None;
        let mut joined = BytesMut::new();
        while let Some((stream, at, len)) = self.peek() {
            let skip = if stream == StreamKind::Stderr { &mut self.skip.stderr } else { &mut self.skip.stdout };
            let skipped = usize::try_from(*skip).unwrap_or(usize::MAX).min(len);
            let new = len - skipped;
            if let Some(chunk) = &chunk
                && (chunk.stream != stream || chunk.bytes.len().max(joined.len()) + new > CHUNK_BYTES)
            {
                break;
            }
            *skip -= skipped as u64;
            self.buffer.advance(HEADER_BYTES);
            let bytes = self.buffer.split_to(len).slice(skipped..);
            match &chunk {
                _ if bytes.is_empty() => {}
                None => chunk = Some(LogChunk { stream, bytes, at }),
                Some(first) => {
                    if joined.is_empty() {
                        joined.extend_from_slice(&first.bytes);
                    }
                    joined.extend_from_slice(&bytes);
                }
            }
        }
        if let Some(chunk) = &mut chunk
            && !joined.is_empty()
        {
            chunk.bytes = joined.freeze();
        }
        chunk
    }

    /// The header of the first record in the buffer, if the whole record is there.
    fn peek(&self) -> Option<(StreamKind, Timestamp, usize)> {
        let mut header = self.buffer.get(..HEADER_BYTES)?;
        let stream = if header.get_u8() == 1 { StreamKind::Stderr } else { StreamKind::Stdout };
        let len = usize::try_from(header.get_u32()).unwrap_or(usize::MAX);
        let at = Timestamp::from_micros(header.get_u64());
        (self.buffer.len() - HEADER_BYTES >= len).then_some((stream, at, len))
    }
}

fn join(rest: &Bytes, more: Bytes) -> Bytes {
    if rest.is_empty() {
        return more;
    }
    let mut all = BytesMut::with_capacity(rest.len() + more.len());
    all.extend_from_slice(rest);
    all.extend_from_slice(&more);
    all.freeze()
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;

    use super::*;

    async fn all(spool: &Arc<Spool>, from: LogPositions) -> (Vec<u8>, Vec<u8>) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut stream = spool.read(from);
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.unwrap();
            assert!(!chunk.bytes.is_empty() && chunk.bytes.len() <= CHUNK_BYTES);
            if chunk.stream == StreamKind::Stderr { &mut err } else { &mut out }.extend_from_slice(&chunk.bytes);
        }
        (out, err)
    }

    #[tokio::test]
    async fn small_and_big_output_read_the_same_from_any_position() {
        let dir = tempfile::tempdir().unwrap();
        for pieces in [10_usize, 5_000] {
            let spool = Spool::new(dir.path().join(format!("log{pieces}")));
            let (mut out, mut err) = (Vec::new(), Vec::new());
            for n in 0..pieces {
                let bytes = vec![u8::try_from(n % 251).unwrap(); n % 97 + 1];
                let stream = if n % 3 == 0 { StreamKind::Stderr } else { StreamKind::Stdout };
                spool.append(stream, &bytes, Timestamp::from_micros(n as u64));
                if n % 3 == 0 { &mut err } else { &mut out }.extend_from_slice(&bytes);
            }
            spool.end();
            assert_eq!(dir.path().join(format!("log{pieces}")).exists(), pieces > 1_000);
            for (a, b) in [(0, 0), (7, 0), (out.len(), 3), (out.len() / 2, err.len() / 3), (out.len(), err.len())] {
                let got = all(&spool, LogPositions { stdout: a as u64, stderr: b as u64 }).await;
                assert!(got == (out[a..].to_vec(), err[b..].to_vec()), "{pieces} pieces from {a}, {b}");
            }
        }
    }

    #[tokio::test]
    async fn a_reader_that_runs_along_gets_what_came_when_it_moved_to_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::new(dir.path().join("log"));
        let reader = tokio::spawn({
            let spool = Arc::clone(&spool);
            async move { all(&spool, LogPositions::default()).await }
        });
        let mut wanted = Vec::new();
        for n in 0..2_000_u32 {
            let line = format!("{n}\n");
            spool.append(StreamKind::Stdout, line.as_bytes(), Timestamp::default());
            wanted.extend_from_slice(line.as_bytes());
            tokio::task::yield_now().await;
        }
        spool.end();
        assert!(reader.await.unwrap() == (wanted, Vec::new()));
    }

    #[tokio::test]
    async fn a_disk_that_takes_no_more_is_told_to_the_reader_after_what_was_kept() {
        // Every write to this device fails for want of room.
        let spool = Spool::new(PathBuf::from("/dev/full"));
        spool.append(StreamKind::Stdout, b"kept", Timestamp::default());
        spool.append(StreamKind::Stdout, &[b'x'; IN_MEMORY_BYTES], Timestamp::default());
        spool.end();
        let mut stream = spool.read(LogPositions::default());
        assert_eq!(&stream.next().await.unwrap().unwrap().bytes[..], b"kept");
        let failure = stream.next().await.unwrap().unwrap_err();
        assert_eq!(failure.kind, FailureKind::DiskFull);
        assert!(stream.next().await.is_none());
    }
}
