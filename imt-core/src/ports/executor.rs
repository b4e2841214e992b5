//! The port to where jobs run.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;
use tokio::sync::mpsc;

use crate::id::{AttemptId, InstanceId, PipelineId};
pub use crate::plan::{EnvValue, EnvVar, JobSpec};
use crate::ports::error::Failure;
use crate::time::Timestamp;

/// What an executor's methods answer.
pub type ExecutorResult<T> = Result<T, Failure>;

/// Where jobs run.
///
/// Everything is keyed by [`AttemptId`]. Order of calls for one attempt: `prepare` (any number of times, maybe never)
/// → `start` (or, after a restart of ours, `attach`) → `logs` and `wait` side by side → maybe `stop` → … → `cleanup` of the
/// whole pipeline. Methods may be called concurrently for different attempts. Implementations are proved by
/// `testkit::executor_suite`.
#[async_trait]
pub trait Executor: Send + Sync {
    /// A hint that this job will probably start soon: fetch the image, make the container, start it up to its gate.
    ///
    /// *Called* ahead of the job's turn (its outcome is then kept back), and always when its turn comes, before the go
    /// is committed; concurrently for several attempts. *Idempotent*: a second call joins the first and gives its result;
    /// a failed preparation is tried afresh. *Nothing of the script runs before* [`start`](Self::start).
    /// *Cancellation*: dropping the future is allowed at any point and leaves at most what [`cleanup`](Self::cleanup)
    /// removes; a `cleanup` ends it with an error, soon, whatever it is waiting for. What it has to say to people (pull progress) goes to `notes`.
    ///
    /// # Errors
    /// Whatever keeps the job from being started: `ImageNotFound`, `NoShell`, `EngineUnavailable`, `Unsupported`, …
    async fn prepare(&self, job: &JobSpec, notes: &Notes) -> ExecutorResult<()>;

    /// Gives the go: the script begins. Prepares first if nobody has.
    ///
    /// *Called* once the attempt's start is committed; again after a crash between commit and go. *Idempotent*: a second
    /// call answers the same attempt, running or over, and never runs the script twice.
    /// *Cancellation*: dropping the future is as a crash of ours: the script has begun or not, [`attach`](Self::attach)
    /// tells, and `cleanup` ends it either way. [`stop`](Self::stop) needs a handle and so says nothing about a start that
    /// has not answered; a `cleanup` ends that one soon, whatever it is waiting for: with an error, or with the handle of an
    /// attempt that is over.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare). After an error the script has not begun.
    async fn start(&self, job: &JobSpec) -> ExecutorResult<Handle>;

    /// Finds an attempt that an earlier life of this process, or another one, has started.
    ///
    /// *Called* at recovery, for attempts whose start is committed. `None` means that nothing of it can be found: the
    /// caller treats it as lost. An attempt that waited at its gate when its starter died answers with a handle whose
    /// [`wait`](Self::wait) gives `Lost { began: false }`.
    ///
    /// # Errors
    /// Only when the executor itself cannot be asked; then nothing is concluded about the attempt.
    async fn attach(&self, attempt: AttemptId) -> ExecutorResult<Option<Handle>>;

    /// The attempt's output, byte for byte, live, from the given position of each stream on.
    ///
    /// The stream ends when the attempt is over and everything was delivered; it survives a restart of the engine below
    /// (resuming by position, no byte lost or doubled). *Concurrent* with `wait` and `stop`. A slow reader never stops the
    /// job for good and never loses a byte. *Cancellation*: dropping the stream changes nothing for the job.
    ///
    /// # Errors
    /// An item is `Err` at most once, last, when what follows cannot be had.
    async fn logs(&self, handle: &Handle, from: LogPositions) -> ExecutorResult<LogStream>;

    /// Waits for the end.
    ///
    /// *Idempotent*: may be called again after it answered, and gives the same. *Cancellation*: dropping it stops nothing.
    ///
    /// # Errors
    /// Only when the outcome cannot be asked for; a lost attempt is `Ok(Exit::Lost { .. })`.
    async fn wait(&self, handle: &Handle) -> ExecutorResult<Exit>;

    /// Ends the attempt: SIGTERM to all its processes, after `grace` SIGKILL. Zero grace kills at once.
    ///
    /// Answers when the whole process tree is gone. *Concurrent* with a running `stop` of longer grace: the shorter one
    /// wins. *Idempotent*: stopping what is over is fine. *Cancellation*: dropping it does not call the stop back.
    ///
    /// # Errors
    /// When the end cannot be brought about or confirmed.
    async fn stop(&self, handle: &Handle, grace: Duration) -> ExecutorResult<()>;

    /// Removes everything of a pipeline: containers (also prepared, also being prepared), volumes, and in `workspace` those
    /// files that only the executor may remove (written by a job as another user). The directory itself is the caller's.
    /// Without `workspace` it is kept: an executor whose jobs worked on a copy of it first puts into it what they left.
    ///
    /// *Called* when the pipeline is to end, and for what a dead process left. *Idempotent*. *Concurrent* with `prepare`,
    /// `start` and `attach` of the same pipeline, waited for or dropped: it ends them within a second or two, where they
    /// wait for an image, a disk or an engine that does not answer too, and no script begins once it has answered. Kills
    /// without grace what still runs.
    ///
    /// # Errors
    /// When something may be left; what could be removed is.
    async fn cleanup(&self, pipeline: PipelineId, workspace: Option<&Path>) -> ExecutorResult<()>;

    /// Lets go of what this process holds of a pipeline: ends its preparations and starts in flight, kills the attempts that
    /// it has started or attached to. Touches nothing that other processes made: no volume, no workspace, no record of theirs.
    ///
    /// *Called* when the claim on the pipeline is lost and somebody else may be driving it already. *Idempotent*, fine for a
    /// pipeline that nothing is held of. The pipeline may be taken up again afterwards.
    ///
    /// # Errors
    /// When something of ours may still run; the rest is ended.
    async fn release(&self, pipeline: PipelineId) -> ExecutorResult<()>;

    /// Pipelines of our store that something is there for, whoever made it. What a sweep looks through.
    ///
    /// # Errors
    /// When the executor cannot be asked.
    async fn list_owned(&self) -> ExecutorResult<Vec<OwnedPipeline>>;
}

/// A started attempt.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Handle {
    /// Which attempt.
    pub attempt: AttemptId,
    /// The executor's own name for it (container id, process group), for messages.
    pub external: String,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The script ended by itself with this code.
    Code(i32),
    /// A signal that was not ours ended it.
    Signal(i32),
    /// It used more memory than it had.
    OutOfMemory,
    /// Our [`stop`](Executor::stop) ended it; the code, where it still gave one.
    Stopped(Option<i32>),
    /// Nobody can say how it ended.
    Lost {
        /// Whether its script may have begun. `false` only when it surely has not.
        began: bool,
    },
}

/// Which of a job's streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamKind {
    /// The script's standard output, the echo of its items included.
    Stdout,
    /// The script's standard error.
    Stderr,
    /// What the engine itself has to say (pull progress, markers). Never part of the job's bytes.
    System,
}

impl StreamKind {
    /// The word as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::System => "system",
        }
    }
}

/// A piece of output, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogChunk {
    /// Of which stream. Executors send `Stdout` and `Stderr` only.
    pub stream: StreamKind,
    /// The bytes; never empty, any content, cut anywhere.
    pub bytes: Bytes,
    /// When the executor received it.
    pub at: Timestamp,
}

/// Output of an attempt.
pub type LogStream = Pin<Box<dyn Stream<Item = ExecutorResult<LogChunk>> + Send>>;

/// How many raw bytes of each stream are done with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct LogPositions {
    /// Of standard output.
    pub stdout: u64,
    /// Of standard error.
    pub stderr: u64,
}

/// Something an executor says about an attempt before it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A timed group begins, `pull busybox:1.36`.
    Open(String),
    /// A line within it.
    Line(String),
    /// It ends, this long after it began.
    Close(Duration),
}

/// Where an executor puts its notes. Bounded; whoever holds the other end always reads.
#[derive(Debug, Clone)]
pub struct Notes(mpsc::Sender<Note>);

impl Notes {
    /// A sender and its receiving end.
    pub fn channel(capacity: usize) -> (Self, mpsc::Receiver<Note>) {
        let (sender, receiver) = mpsc::channel(capacity);
        (Self(sender), receiver)
    }

    /// A place where notes go unread.
    pub fn discard() -> Self {
        Self(mpsc::channel(1).0)
    }

    /// Says something. Waits while the queue is full; a reader that has gone away is no error.
    pub async fn say(&self, note: Note) {
        if self.0.send(note).await.is_err() {
            // Nobody listens any more (the pipeline was cancelled); the note has no other use.
        }
    }
}

/// A pipeline that an executor holds something of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedPipeline {
    /// Which pipeline.
    pub pipeline: PipelineId,
    /// Whose it is.
    pub instance: InstanceId,
    /// The workspace its jobs were given.
    pub workspace: Option<PathBuf>,
}
