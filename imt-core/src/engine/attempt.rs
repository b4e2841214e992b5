//! One attempt: a task that prepares it, waits for its turn and its go, follows it and reports its end.
//!
//! The task decides nothing. It takes its [`Orders`] from the driver and answers with the machine's inputs.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use crate::engine::clock::Clock;
use crate::engine::follow::Follower;
use crate::engine::log_writer::{LogTarget, LogWriter};
use crate::engine::orders::{Leave, Orders};
use crate::engine::problem::{chain, problem};
use crate::engine::retry::Backoff;
use crate::id::AttemptId;
use crate::mask::Masker;
use crate::ports::{
    Executor, ExecutorResult, Exit, Failure, FailureKind, Handle, JobSpec, Note, Notes, StoreError, StoreResult,
};
use crate::schedule::{AttemptOutcome, CancelLevel, Input, Problem};
use crate::status::Reason;

/// Lines of notes kept from before the attempt's turn; older ones give way.
const NOTES_KEPT: usize = 200;

/// How often an executor that does not answer is asked for a started attempt.
const ATTACH_TRIES: u32 = 60;

/// How long an executor may take for what should take no time, once an attempt is to end.
const A_MOMENT: Duration = Duration::from_secs(1);

/// All that the task needs.
pub(super) struct AttemptTask {
    pub(super) executor: Arc<dyn Executor>,
    pub(super) spec: JobSpec,
    pub(super) grace: Duration,
    pub(super) log: LogTarget,
    pub(super) clock: Clock,
    pub(super) inputs: mpsc::Sender<Input>,
    pub(super) orders: watch::Receiver<Orders>,
}

/// What the task starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Nothing has been done yet.
    New,
    /// An earlier life has started it.
    Started,
}

/// Why the task has nothing more to say.
enum Quit {
    /// The driver is gone or has the end already.
    Done,
    /// The store no longer takes our writes.
    Store(StoreError),
}

impl AttemptTask {
    /// Runs to the end. A panic below is an end too: it must not leave the pipeline waiting.
    pub(super) async fn run(self, origin: Origin) {
        let (attempt, inputs, needles) = (self.spec.attempt, self.inputs.clone(), self.log.needles.clone());
        let detail = match AssertUnwindSafe(self.steps(origin)).catch_unwind().await {
            Ok(Ok(()) | Err(Quit::Done)) => None,
            // With the claim lost the driver is gone already; else this is the only way in which it hears of it.
            Ok(Err(Quit::Store(error))) => {
                let why = Masker::text(&needles, &chain(&error));
                Some(format!("the store refused the job's log: {why}; look at the store and run the job again"))
            }
            Err(_) => {
                Some("the engine or its executor panicked; please report this with the process's standard error".into())
            }
        };
        if let Some(detail) = detail {
            let problem = Problem { reason: Reason::Internal, detail };
            // The machine takes the one that fits how far the attempt has come.
            let _gone = inputs.send(Input::Prepared(attempt, Err(problem.clone()))).await;
            let _gone = inputs.send(Input::Ended(attempt, AttemptOutcome::Broken(problem))).await;
        }
    }

    async fn steps(mut self, origin: Origin) -> Result<(), Quit> {
        match origin {
            Origin::New => self.run_new().await,
            Origin::Started => self.run_started().await,
        }
    }

    async fn run_new(&mut self) -> Result<(), Quit> {
        let Some(mut log) = self.prepare().await? else { return Ok(()) };
        self.until(Leave::Go).await?;
        let outcome = match self.unless_stopped(self.executor.start(&self.spec)).await {
            Some(Ok(handle)) => self.follow(&handle, &mut log).await?,
            Some(Err(failure)) => self.not_started(&failure, &mut log).await?,
            None => self.give_up(&mut log).await?,
        };
        self.end(outcome, log).await
    }

    async fn run_started(&mut self) -> Result<(), Quit> {
        let mut log = self.open_log().await?;
        let outcome = match self.unless_stopped(self.attach()).await {
            Some(Ok(Some(handle))) => self.follow(&handle, &mut log).await?,
            Some(Ok(None)) => AttemptOutcome::Lost { began: true },
            Some(Err(failure)) => AttemptOutcome::Broken(problem(&failure, &self.log.needles)),
            None => self.give_up(&mut log).await?,
        };
        self.end(outcome, log).await
    }

    /// Not being able to ask says nothing about the attempt, so the question is repeated for about two minutes.
    async fn attach(&self) -> ExecutorResult<Option<Handle>> {
        let mut backoff = Backoff::new();
        let mut tries = 0;
        loop {
            match self.executor.attach(self.attempt()).await {
                Err(failure) if failure.retryable && tries < ATTACH_TRIES => tries += 1,
                result => return result,
            }
            backoff.pause().await;
        }
    }

    /// Awaits the executor's word about a start. A stop order leaves it the job's grace to answer, a kill a moment;
    /// `None`: it has not.
    async fn unless_stopped<T>(&self, word: impl Future<Output = T>) -> Option<T> {
        let mut orders = self.orders.clone();
        let patience_ends = async {
            let stopped = orders.wait_for(|o| o.stop.is_some()).await.is_ok();
            if !stopped {
                // Nobody is left to give orders: the driver is being dropped, and this task with it.
                return std::future::pending().await;
            }
            tokio::select! {
                () = sleep(self.grace.max(A_MOMENT)) => {}
                () = killed(orders.clone()) => sleep(A_MOMENT).await,
            }
        };
        tokio::select! {
            biased;
            answer = word => Some(answer),
            () = patience_ends => None,
        }
    }

    /// Ends an attempt of which nobody can say whether it has begun. What this does not reach, the cleaning up of the
    /// pipeline ends.
    async fn give_up(&self, log: &mut LogWriter) -> Result<AttemptOutcome, Quit> {
        let end = async {
            if let Ok(Some(handle)) = self.executor.attach(self.attempt()).await {
                // Best effort in a moment: a failure leaves what the cleaning up removes.
                let _left = self.executor.stop(&handle, Duration::ZERO).await;
            }
        };
        let _left = timeout(A_MOMENT, end).await;
        let line = "stopped before the executor could say whether the job had begun";
        log.say(line, self.clock.now()).await.map_err(Quit::Store)?;
        Ok(AttemptOutcome::Stopped(None))
    }

    fn attempt(&self) -> AttemptId {
        self.spec.attempt
    }

    /// Prepares; from its turn on, notes go to the log as they come. Reports the result; answers the open log if the
    /// attempt can go on.
    async fn prepare(&mut self) -> Result<Option<LogWriter>, Quit> {
        let (notes, heard) = Notes::channel(64);
        let executor = Arc::clone(&self.executor);
        let spec = self.spec.clone();
        let mut work = Box::pin(async move { executor.prepare(&spec, &notes).await });
        let mut ears = Ears { heard, early: VecDeque::new(), left_out: 0 };

        let early = tokio::select! {
            biased;
            turn = self.until(Leave::Turn) => { turn?; None }
            result = ears.listen(&mut work) => Some(result),
        };
        if early.is_some() {
            self.until(Leave::Turn).await?;
        }
        let mut log = self.open_log().await?;
        if log.is_finished() {
            // An earlier life wrote it to its end and died before it could say so. A fresh attempt gets a fresh log.
            self.tell(Input::Ended(self.attempt(), AttemptOutcome::Lost { began: false })).await?;
            return Ok(None);
        }
        self.say_early(&mut ears, &mut log).await.map_err(Quit::Store)?;
        let result = match early {
            Some(result) => result,
            None => self.prepare_in_turn(&mut ears, &mut work, &mut log).await.map_err(Quit::Store)?,
        };
        self.report_prepared(result, log).await
    }

    async fn say_early(&self, ears: &mut Ears, log: &mut LogWriter) -> StoreResult<()> {
        if ears.left_out > 0 {
            log.say(&format!("({} earlier lines left out)", ears.left_out), self.clock.now()).await?;
        }
        for note in ears.early.drain(..) {
            log.say(&render(&note), self.clock.now()).await?;
        }
        Ok(())
    }

    async fn prepare_in_turn(
        &self,
        ears: &mut Ears,
        work: &mut (impl Future<Output = ExecutorResult<()>> + Unpin),
        log: &mut LogWriter,
    ) -> StoreResult<ExecutorResult<()>> {
        loop {
            tokio::select! {
                biased;
                Some(note) = ears.heard.recv() => log.say(&render(&note), self.clock.now()).await?,
                result = &mut *work => {
                    while let Ok(note) = ears.heard.try_recv() {
                        log.say(&render(&note), self.clock.now()).await?;
                    }
                    return Ok(result);
                }
            }
        }
    }

    async fn report_prepared(&self, result: ExecutorResult<()>, mut log: LogWriter) -> Result<Option<LogWriter>, Quit> {
        let Err(failure) = result else {
            self.tell(Input::Prepared(self.attempt(), Ok(()))).await?;
            return Ok(Some(log));
        };
        let now = self.clock.now();
        log.say(&failure.explain(), now).await.map_err(Quit::Store)?;
        log.finish(now).await.map_err(Quit::Store)?;
        self.tell(Input::Prepared(self.attempt(), Err(problem(&failure, &self.log.needles)))).await?;
        Ok(None)
    }

    async fn not_started(&self, failure: &Failure, log: &mut LogWriter) -> Result<AttemptOutcome, Quit> {
        log.say(&failure.explain(), self.clock.now()).await.map_err(Quit::Store)?;
        Ok(AttemptOutcome::NotStarted(problem(failure, &self.log.needles)))
    }

    async fn follow(&self, handle: &Handle, log: &mut LogWriter) -> Result<AttemptOutcome, Quit> {
        let Self { executor, grace, clock, .. } = self;
        let needles = &self.log.needles;
        let follower = Follower { executor, handle, grace: *grace, clock: *clock, needles };
        follower.run(log, self.orders.clone()).await.map_err(Quit::Store)
    }

    async fn end(&self, outcome: AttemptOutcome, mut log: LogWriter) -> Result<(), Quit> {
        log.finish(self.clock.now()).await.map_err(Quit::Store)?;
        self.tell(Input::Ended(self.attempt(), outcome)).await
    }

    async fn open_log(&self) -> Result<LogWriter, Quit> {
        LogWriter::open(self.log.clone()).await.map_err(Quit::Store)
    }

    async fn until(&mut self, leave: Leave) -> Result<(), Quit> {
        self.orders.wait_for(|o| o.leave >= leave).await.map(|_| ()).map_err(|_| Quit::Done)
    }

    async fn tell(&self, input: Input) -> Result<(), Quit> {
        self.inputs.send(input).await.map_err(|_| Quit::Done)
    }
}

/// Ends when a kill is ordered.
async fn killed(mut orders: watch::Receiver<Orders>) {
    let ordered = orders.wait_for(|o| o.stop == Some(CancelLevel::Kill)).await.is_ok();
    if !ordered {
        std::future::pending::<()>().await;
    }
}

/// Listens to the notes of a preparation whose turn has not come.
struct Ears {
    heard: mpsc::Receiver<Note>,
    early: VecDeque<Note>,
    left_out: usize,
}

impl Ears {
    async fn listen(&mut self, work: &mut (impl Future<Output = ExecutorResult<()>> + Unpin)) -> ExecutorResult<()> {
        loop {
            tokio::select! {
                biased;
                Some(note) = self.heard.recv() => self.keep(note),
                result = &mut *work => {
                    while let Ok(note) = self.heard.try_recv() {
                        self.keep(note);
                    }
                    return result;
                }
            }
        }
    }

    fn keep(&mut self, note: Note) {
        if self.early.len() == NOTES_KEPT {
            self.early.pop_front();
            self.left_out += 1;
        }
        self.early.push_back(note);
    }
}

fn render(note: &Note) -> String {
    match note {
        Note::Open(title) => format!("{title} …"),
        Note::Line(line) => format!("  {line}"),
        Note::Close(span) => format!("  done in {:.1} s", span.as_secs_f64()),
    }
}

impl From<Exit> for AttemptOutcome {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Code(code) => Self::Code(code),
            Exit::Signal(signal) => Self::Signal(signal),
            Exit::OutOfMemory => Self::OutOfMemory,
            Exit::Stopped(code) => Self::Stopped(code),
            Exit::Lost { began } => Self::Lost { began },
        }
    }
}

/// The failure of an engine that has no source but a plan that names a repository.
pub(super) fn no_source(repository: &str) -> Failure {
    Failure::new(FailureKind::Unsupported, format!("this engine has no source to check out `{repository}` with"))
        .with_help("give the engine a source, or a plan without a repository")
}
