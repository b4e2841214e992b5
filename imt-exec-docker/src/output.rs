//! An attempt's output, live from the attached connection and, where that ends too early, from the engine's own copy.
//!
//! Nothing is lost and nothing doubled on the way from one to the other: that is `seam`'s business. Does not know what an
//! end means; asks the attempt whether there was one.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::query_parameters::LogsOptions;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use imt_core::ports::{ExecutorResult, Failure, FailureKind, LogChunk, LogPositions, LogStream, StreamKind};
use imt_core::time::Timestamp;
use tokio::time::Instant;

use crate::attempt::Running;
use crate::error;
use crate::frames::{Mend, Preamble, Trailer, without_timestamp};
use crate::seam::Seam;

/// How long an attached connection may stay unread before it is given up, so that the job is not held back; its reader
/// goes on from the engine's copy.
const UNREAD: Duration = Duration::from_secs(20);
/// How long after the connection's end the attempt's end may stay unknown before the engine's copy is read on.
const END_IS_NEAR: Duration = Duration::from_secs(5);
/// How long the engine's copy may go on after the attempt's end is known.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How long the engine may be silent in the middle of a log that is complete.
const STALLED: Duration = Duration::from_mins(1);
/// How many entries at the end of a copy may hold the wrapper's last line: what was left in the background may go on.
const LAST_ENTRIES: &str = "1000";

/// An attached connection: what was read of it already, then the rest.
pub(crate) struct Attached {
    /// Pieces that were read while the container was prepared.
    pub early: VecDeque<LogOutput>,
    /// What comes.
    pub stream: Pin<Box<dyn Stream<Item = Result<LogOutput, Error>> + Send>>,
}

impl Attached {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<LogOutput, Error>>> {
        match self.early.pop_front() {
            Some(piece) => Poll::Ready(Some(Ok(piece))),
            None => self.stream.poll_next_unpin(cx),
        }
    }
}

/// The attached connection of a running attempt, for at most one reader.
pub(crate) struct Live(Mutex<LiveState>);

enum LiveState {
    /// Nobody reads it yet.
    Unclaimed { attached: Attached, since: Instant },
    /// A reader has it.
    Claimed { attached: Attached, read: Instant, waiting: bool },
    /// It is no more.
    Gone,
}

/// What a reader gets from the connection.
enum LiveItem {
    Piece(LogOutput),
    /// It ended in order.
    End,
    /// It was cut, or given up.
    Broken,
}

impl Live {
    pub(crate) fn new(attached: Option<Attached>) -> Self {
        Self(Mutex::new(match attached {
            Some(attached) => LiveState::Unclaimed { attached, since: Instant::now() },
            None => LiveState::Gone,
        }))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LiveState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the caller its reader, if nobody was.
    fn claim(&self) -> bool {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, LiveState::Gone) {
            LiveState::Unclaimed { attached, .. } => {
                *state = LiveState::Claimed { attached, read: Instant::now(), waiting: false };
                true
            }
            other => {
                *state = other;
                false
            }
        }
    }

    /// Gives the connection up if nobody reads it, or its reader has stopped to.
    pub(crate) fn give_up_if_unread(&self) {
        let mut state = self.lock();
        let unread = match &*state {
            LiveState::Unclaimed { since, .. } => since.elapsed() > UNREAD,
            LiveState::Claimed { read, waiting, .. } => !waiting && read.elapsed() > UNREAD,
            LiveState::Gone => false,
        };
        if unread {
            *state = LiveState::Gone;
        }
    }

    /// Lets go of the connection; called by the reader.
    fn release(&self) {
        *self.lock() = LiveState::Gone;
    }

    async fn next(&self) -> LiveItem {
        std::future::poll_fn(|cx| {
            let mut state = self.lock();
            let LiveState::Claimed { attached, read, waiting } = &mut *state else {
                return Poll::Ready(LiveItem::Broken);
            };
            let polled = attached.poll(cx);
            *read = Instant::now();
            *waiting = polled.is_pending();
            polled.map(|item| match item {
                // Frames that are neither stdout nor stderr are the remains of a cut connection.
                Some(Ok(piece @ (LogOutput::StdOut { .. } | LogOutput::StdErr { .. }))) => LiveItem::Piece(piece),
                Some(Ok(_) | Err(_)) => LiveItem::Broken,
                None => LiveItem::End,
            })
        })
        .await
    }
}

/// A reader of an attempt's output.
struct Reader {
    docker: Docker,
    attempt: Arc<Running>,
    /// Of stdout and of stderr: what was delivered, or needs not be.
    seams: [Seam; 2],
    preamble: Preamble,
    mend: Mend,
    /// Of stdout and of stderr.
    trailers: [Trailer; 2],
    /// What is left to deliver once the source is over.
    last: VecDeque<ExecutorResult<LogChunk>>,
    source: Source,
    /// How long the engine may be away.
    patience: Duration,
}

enum Source {
    Live,
    /// The engine's copy, from its beginning.
    Copy {
        stream: LogStreamOfEngine,
        last: bool,
        away: Option<Instant>,
    },
    /// Between two connections.
    Between {
        pause: Duration,
        away: Option<Instant>,
    },
    Over,
}

type LogStreamOfEngine = Pin<Box<dyn Stream<Item = Result<LogOutput, Error>> + Send>>;

/// The output of an attempt from the given positions on.
pub(crate) fn read(docker: Docker, attempt: Arc<Running>, from: LogPositions, patience: Duration) -> LogStream {
    let live = from == LogPositions::default() && attempt.live.claim();
    let source = if live { Source::Live } else { Source::Between { pause: Duration::ZERO, away: None } };
    let preamble = Preamble::new(attempt.began_line());
    let reader = Reader {
        docker,
        seams: [Seam::new(from.stdout), Seam::new(from.stderr)],
        preamble,
        mend: Mend::default(),
        trailers: trailers(&attempt),
        last: VecDeque::new(),
        attempt,
        source,
        patience,
    };
    Box::pin(futures_util::stream::unfold(reader, |mut reader| async move {
        let item = reader.next().await?;
        Some((item, reader))
    }))
}

impl Drop for Reader {
    fn drop(&mut self) {
        if matches!(self.source, Source::Live) {
            self.attempt.live.release();
        }
    }
}

impl Reader {
    async fn next(&mut self) -> Option<Result<LogChunk, Failure>> {
        loop {
            match &mut self.source {
                Source::Over => return self.last.pop_front(),
                Source::Live => {
                    let item = self.attempt.live.next().await;
                    if let Some(chunk) = self.take_live(item).await {
                        return Some(Ok(chunk));
                    }
                }
                Source::Copy { .. } => {
                    if let Some(chunk) = self.take_copied().await {
                        return Some(chunk);
                    }
                }
                Source::Between { pause, away } => {
                    let (pause, away) = (*pause, *away);
                    if away.is_some_and(|since| since.elapsed() > self.patience) {
                        self.source = Source::Over;
                        return Some(Err(error::timed_out("read a log", self.patience)));
                    }
                    tokio::time::sleep(pause).await;
                    self.open_copy(away);
                }
            }
        }
    }

    async fn take_live(&mut self, item: LiveItem) -> Option<LogChunk> {
        match item {
            LiveItem::Piece(piece) => {
                let (stream, bytes) = split(piece)?;
                let bytes = self.strip(stream, bytes);
                let bytes = self.trailer(stream).strip(bytes);
                self.seam(stream).delivered(&bytes);
                chunk(stream, bytes)
            }
            LiveItem::End => {
                self.attempt.live.release();
                self.attempt.output_ended();
                // An end in order is the job's own end, if the engine says that it ended and was there all the time.
                let ended = tokio::time::timeout(END_IS_NEAR, self.attempt.ended()).await;
                self.source = match ended {
                    Ok(true) => self.finished(),
                    _ => self.parted(),
                };
                None
            }
            LiveItem::Broken => {
                self.attempt.live.release();
                self.attempt.output_ended();
                self.source = self.parted();
                None
            }
        }
    }

    /// The attached connection is gone, the attempt maybe not.
    fn parted(&mut self) -> Source {
        for (seam, trailer) in self.seams.iter_mut().zip(&mut self.trailers) {
            seam.reopen(trailer.give_up());
        }
        Source::Between { pause: Duration::ZERO, away: None }
    }

    fn open_copy(&mut self, away: Option<Instant>) {
        let last = self.attempt.is_over();
        let options = LogsOptions {
            follow: !last,
            stdout: true,
            stderr: true,
            timestamps: true,
            tail: "all".to_owned(),
            ..Default::default()
        };
        let stream = Box::pin(self.docker.logs(&self.attempt.container, Some(options)));
        self.preamble = Preamble::new(self.attempt.began_line());
        self.mend = Mend::default();
        self.trailers = trailers(&self.attempt);
        for seam in &mut self.seams {
            seam.reopen(Bytes::new());
        }
        self.source = Source::Copy { stream, last, away };
    }

    async fn take_copied(&mut self) -> Option<Result<LogChunk, Failure>> {
        let Source::Copy { stream, last, .. } = &mut self.source else { return None };
        let item = if *last {
            match tokio::time::timeout(STALLED, stream.next()).await {
                Ok(item) => item,
                Err(_elapsed) => Some(Err(Error::RequestTimeoutError)),
            }
        } else {
            tokio::select! {
                item = stream.next() => item,
                // Over, but the stream may hang: read what is left without following.
                () = last_words(&self.attempt) => None,
            }
        };
        match item {
            Some(Ok(piece @ (LogOutput::StdOut { .. } | LogOutput::StdErr { .. }))) => {
                let (kind, bytes) = split(piece)?;
                let entry = without_timestamp(bytes);
                let bytes = self.mend.mend(kind, entry.clone());
                let before = self.trailer(kind).holds() + bytes.len() - entry.len();
                self.seam(kind).entry(before);
                let bytes = self.strip(kind, bytes);
                if self.preamble.overdue() {
                    self.source = Source::Over;
                    return Some(Err(rotated(&self.attempt)));
                }
                if let Source::Copy { away, .. } = &mut self.source {
                    *away = None;
                }
                let bytes = self.trailer(kind).strip(bytes);
                let bytes = self.seam(kind).join(bytes);
                chunk(kind, bytes).map(Ok)
            }
            Some(Err(problem)) if error::is_not_found(&problem) => {
                self.source = Source::Over;
                Some(Err(Failure::new(
                    FailureKind::Internal,
                    format!("the container {} and its log were removed by somebody else", self.attempt.container),
                )))
            }
            Some(Ok(_) | Err(_)) => {
                self.reopen(true);
                None
            }
            None => {
                if matches!(&self.source, Source::Copy { last: true, .. }) {
                    self.source = self.finished();
                } else {
                    self.reopen(false);
                }
                None
            }
        }
    }

    /// The connection to the copy is gone: try again soon, for as long as patience lasts.
    fn reopen(&mut self, failed: bool) {
        let Source::Copy { away, .. } = &self.source else { return };
        let away = if failed { away.or_else(|| Some(Instant::now())) } else { None };
        self.source = Source::Between { pause: Duration::from_millis(200), away };
    }

    fn trailer(&mut self, stream: StreamKind) -> &mut Trailer {
        &mut self.trailers[usize::from(stream == StreamKind::Stderr)]
    }

    fn seam(&mut self, stream: StreamKind) -> &mut Seam {
        &mut self.seams[usize::from(stream == StreamKind::Stderr)]
    }

    fn finished(&mut self) -> Source {
        let from_copy = matches!(self.source, Source::Copy { .. });
        for stream in [StreamKind::Stdout, StreamKind::Stderr] {
            let mut bytes = self.trailer(stream).finish();
            if from_copy {
                let complete = self.trailer(stream).seen();
                let seam = self.seam(stream);
                bytes = Bytes::from([seam.join(bytes), seam.finish(complete)].concat());
            }
            self.last.extend(chunk(stream, bytes).map(Ok));
        }
        if self.seams.iter().any(Seam::is_torn) {
            self.last.push_back(Err(torn(&self.attempt)));
        } else if self.attempt.ended_by_itself() && !self.trailers.iter().all(Trailer::seen) {
            self.last.push_back(Err(cut_short(&self.attempt)));
        }
        self.attempt.log_delivered();
        Source::Over
    }

    fn strip(&mut self, stream: StreamKind, bytes: Bytes) -> Bytes {
        if stream != StreamKind::Stdout || self.preamble.passed() {
            return bytes;
        }
        let bytes = self.preamble.strip(bytes);
        if self.preamble.passed() {
            self.attempt.has_begun();
        }
        bytes
    }
}

fn chunk(stream: StreamKind, bytes: Bytes) -> Option<LogChunk> {
    let at = Timestamp::from_system(SystemTime::now());
    (!bytes.is_empty()).then_some(LogChunk { stream, bytes, at })
}

fn trailers(attempt: &Running) -> [Trailer; 2] {
    [Trailer::new(attempt.ended_line()), Trailer::new(attempt.ended_line())]
}

async fn last_words(attempt: &Running) {
    attempt.ended().await;
    tokio::time::sleep(LAST_WORDS).await;
}

fn split(piece: LogOutput) -> Option<(StreamKind, Bytes)> {
    match piece {
        LogOutput::StdOut { message } => Some((StreamKind::Stdout, message)),
        LogOutput::StdErr { message } => Some((StreamKind::Stderr, message)),
        LogOutput::StdIn { .. } | LogOutput::Console { .. } => None,
    }
}

/// What a job prints is lost when nobody reads its pipe before it ends: the engine was away, and its copy lacks the end.
fn cut_short(attempt: &Running) -> Failure {
    Failure::new(
        FailureKind::Internal,
        format!(
            "the job ended while the engine was away, which lost the last output of container {}",
            attempt.container
        ),
    )
}

/// The engine was restarted when its copy was far behind.
fn torn(attempt: &Running) -> Failure {
    Failure::new(
        FailureKind::Internal,
        format!(
            "the engine's copy of the log of container {} lacks more than can be bridged: some output may be missing",
            attempt.container
        ),
    )
}

fn rotated(attempt: &Running) -> Failure {
    Failure::new(
        FailureKind::Internal,
        format!("the engine no longer has the beginning of the log of container {}", attempt.container),
    )
    .with_help(
        "a log that was followed without a break has it all; only after a break is the engine's copy (1 GiB) needed",
    )
}

/// Whether the engine's copy of a container's output says that its script began.
pub(crate) async fn began(docker: &Docker, container: &str, began_line: Vec<u8>) -> Result<bool, Error> {
    let options = LogsOptions { stdout: true, tail: "all".to_owned(), ..Default::default() };
    let mut stream = std::pin::pin!(docker.logs(container, Some(options)));
    let mut preamble = Preamble::new(began_line);
    while let Some(piece) = stream.next().await {
        preamble.strip(piece?.into_bytes());
        // So much output, and the line long rotated away: only a script writes that much.
        if preamble.passed() || preamble.overdue() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the engine's copy of a container's output says that its wrapper came to its last line.
pub(crate) async fn ended(docker: &Docker, container: &str, ended_line: Vec<u8>) -> Result<bool, Error> {
    let options = LogsOptions { stdout: true, stderr: true, tail: LAST_ENTRIES.to_owned(), ..Default::default() };
    let mut stream = std::pin::pin!(docker.logs(container, Some(options)));
    // An entry that goes over several lines of the copy ends where the line ends; nothing but a newline may be lost.
    let line = ended_line.trim_ascii_end();
    while let Some(piece) = stream.next().await {
        if memchr::memmem::find(&piece?.into_bytes(), line).is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
