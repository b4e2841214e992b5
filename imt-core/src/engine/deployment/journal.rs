//! The log of a deployment: one task that owns its writer, and takes what the driver and the steps have to say in turn.
//!
//! What a step says goes by the cap and by the maskers, as the output of a job does; lines about the steps are the engine's own.
//! Decides nothing, and nothing depends on it: a log that the store does not take is said so in a warning.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::steps::Steps;
use crate::engine::clock::Clock;
use crate::engine::log_writer::{LogTarget, LogWriter};
use crate::engine::notes::render;
use crate::engine::task::Task;
use crate::mask::Needles;
use crate::ports::{LogChunk, Note, StoreResult, StreamKind, Warn};
use crate::secret::Secret;

/// How many entries wait at most, and are written together.
const QUEUE: usize = 64;

/// A deployment's log, open for writing.
pub(super) struct Journal {
    entries: mpsc::Sender<Entry>,
    task: Task,
}

enum Entry {
    /// A step says something.
    Note(Note),
    /// About the steps.
    Lines(Vec<String>),
    /// What is to be masked from here on.
    Needles(Needles),
    /// Answered once all before it is stored, or left out for good.
    Written(oneshot::Sender<()>),
    /// The same, and nothing comes after it.
    Finish(oneshot::Sender<()>),
}

impl Journal {
    /// Opens the log where it stands. One that an earlier life has finished stays as it is.
    ///
    /// # Errors
    /// Those of the store that reads it.
    pub(super) async fn open(to: LogTarget, going_on: String, clock: Clock, warn: Warn) -> StoreResult<Self> {
        let lease = to.lease();
        let log = LogWriter::open(to).await?;
        let (entries, queue) = mpsc::channel(QUEUE);
        let is_new = log.is_empty();
        let journal = Self { entries, task: Task::spawn(Scribe { log, lease, clock, warn }.run(queue)) };
        if !is_new {
            journal.send(Entry::Lines(vec![going_on])).await;
        }
        Ok(journal)
    }

    /// Lines about the steps. Does not wait for them to be stored.
    pub(super) async fn tell(&self, lines: Vec<String>) {
        if !lines.is_empty() {
            self.send(Entry::Lines(lines)).await;
        }
    }

    pub(super) async fn mask_by(&self, needles: Needles) {
        self.send(Entry::Needles(needles)).await;
    }

    /// Answers once all that was said is stored, or left out for good.
    pub(super) async fn written(&self) {
        let (written, is_written) = oneshot::channel();
        self.send(Entry::Written(written)).await;
        // Dropped without a word with the task, of which nothing more is to be expected either.
        let _gone = is_written.await;
    }

    /// Ends the log.
    pub(super) async fn finish(&self) {
        let (finished, is_finished) = oneshot::channel();
        self.send(Entry::Finish(finished)).await;
        let _gone = is_finished.await;
    }

    /// Writes no more: what is not stored by now is another's to say.
    pub(super) fn abort(&self) {
        self.task.abort();
    }

    /// For a step to say something by, where these secrets are masked so far.
    pub(super) fn pen(&self, steps: Arc<dyn Steps>, known: Arc<[Secret]>) -> Pen {
        Pen { entries: self.entries.clone(), steps, known }
    }

    async fn send(&self, entry: Entry) {
        // Its task ends before it only by a fault, which is told where tasks' panics are.
        let _gone = self.entries.send(entry).await;
    }
}

/// What the notes of one step go through.
pub(super) struct Pen {
    entries: mpsc::Sender<Entry>,
    steps: Arc<dyn Steps>,
    /// What is masked by now.
    known: Arc<[Secret]>,
}

impl Pen {
    /// Awaits a step, and writes meanwhile what it says. Ends once all of it is handed on; what is said afterwards goes unheard.
    pub(super) async fn listen<T>(mut self, work: impl Future<Output = T>, mut heard: mpsc::Receiver<Note>) -> T {
        let (over, mut is_over) = oneshot::channel::<()>();
        let working = async {
            let result = work.await;
            drop(over);
            result
        };
        let passing_on = async {
            let mut is_closed = false;
            loop {
                tokio::select! {
                    biased;
                    note = heard.recv() => match note {
                        // A log that is gone needs no note.
                        Some(note) => _ = self.write(note).await,
                        None => return,
                    },
                    _ = &mut is_over, if !is_closed => {
                        heard.close();
                        is_closed = true;
                    }
                }
            }
        };
        tokio::join!(working, passing_on).0
    }

    /// What the step has learned before it says something is not seen in that.
    async fn write(&mut self, note: Note) -> Result<(), mpsc::error::SendError<Entry>> {
        let secrets = self.steps.secrets();
        if !Arc::ptr_eq(&secrets, &self.known) && secrets != self.known {
            self.entries.send(Entry::Needles(Needles::new(&*secrets))).await?;
            self.known = secrets;
        }
        self.entries.send(Entry::Note(note)).await
    }
}

/// The owner of the writer.
struct Scribe {
    log: LogWriter,
    lease: Duration,
    clock: Clock,
    warn: Warn,
}

impl Scribe {
    async fn run(mut self, mut queue: mpsc::Receiver<Entry>) {
        let mut batch = Vec::new();
        while queue.recv_many(&mut batch, QUEUE).await > 0 {
            for entry in batch.drain(..) {
                self.take(entry).await;
            }
            self.flush().await;
        }
    }

    async fn take(&mut self, entry: Entry) {
        let at = self.clock.now();
        let ended = self.log.is_finished();
        match entry {
            Entry::Note(_) | Entry::Lines(_) | Entry::Needles(_) if ended => {}
            Entry::Note(note) => {
                let chunk = LogChunk { stream: StreamKind::Stdout, bytes: text(&note).into(), at };
                if timeout(self.lease, self.log.push(&chunk)).await.is_err() {
                    self.log.give_up();
                }
            }
            Entry::Lines(lines) => {
                if timeout(self.lease, self.log.conclude(&lines, at)).await.is_err() {
                    self.log.give_up();
                }
            }
            Entry::Needles(needles) => self.log.mask_by(needles, at),
            // Whoever waits no more needs no word.
            Entry::Written(written) => {
                self.flush().await;
                let _gone = written.send(());
            }
            Entry::Finish(finished) => {
                self.log.finish(at).await;
                if let Some(problem) = self.log.problem() {
                    self.warn.say(&format!("the deployment goes on, but {problem}"));
                }
                let _gone = finished.send(());
            }
        }
    }

    /// A store that is away is waited for, for a lease.
    async fn flush(&mut self) {
        if timeout(self.lease, self.log.flush()).await.is_err() {
            self.log.give_up();
        }
    }
}

/// A note as it goes through the masker: a line stands as it came, so that a secret of several lines is found.
fn text(note: &Note) -> String {
    let line = match note {
        Note::Line(line) => line.strip_suffix('\n').unwrap_or(line).to_owned(),
        Note::Open(_) | Note::Close(_) => render(note),
    };
    line + "\n"
}
