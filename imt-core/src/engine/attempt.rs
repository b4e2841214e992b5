//! One attempt: a task that prepares it, waits for its turn and its go, follows it and reports its end.
//!
//! The task decides nothing. It takes its [`Orders`] from the driver and answers with the machine's inputs.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, timeout};

use crate::engine::clock::Clock;
use crate::engine::follow::{ASK_FOR, Followed, Follower};
use crate::engine::log_writer::{LogTarget, LogWriter};
use crate::engine::notes::{Ears, render};
use crate::engine::orders::{Leave, Orders, killed, stopped};
use crate::engine::problem::{chain, problem};
use crate::engine::report::{LogRest, Report};
use crate::engine::retry::Backoff;
use crate::engine::shared::Shared;
use crate::id::AttemptId;
use crate::mask::Masker;
use crate::ports::{ExecutorResult, Exit, Failure, FailureKind, Handle, JobSpec, LogPart, Notes, StoreError};
use crate::schedule::{AttemptOutcome, Input, Problem};
use crate::status::Reason;

/// How long an executor may take for what should take no time, once an attempt is to end.
const A_MOMENT: Duration = Duration::from_secs(1);

/// How long it may take to kill what nobody can follow any more.
const END_IN: Duration = Duration::from_secs(5);

/// All that the task needs.
pub(super) struct AttemptTask {
    pub(super) shared: Arc<Shared>,
    pub(super) spec: JobSpec,
    pub(super) grace: Duration,
    pub(super) log: LogTarget,
    pub(super) clock: Clock,
    pub(super) inputs: mpsc::Sender<Report>,
    pub(super) orders: watch::Receiver<Orders>,
}

/// What the task starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// No earlier life knew of it: it has no log.
    New,
    /// An earlier life may have prepared it.
    Created,
    /// An earlier life has started it.
    Started,
}

/// Why the task has nothing more to say.
enum Quit {
    /// The driver is gone or has the end already.
    Done,
    /// The store does not say where the log stands.
    Store(StoreError),
}

impl AttemptTask {
    /// Runs to the end. A panic below is an end too: it must not leave the pipeline waiting.
    pub(super) async fn run(mut self, origin: Origin) {
        let detail = match AssertUnwindSafe(self.steps(origin)).catch_unwind().await {
            Ok(Ok(()) | Err(Quit::Done)) => return,
            // With the claim lost the driver is gone already; else this is the only way in which it hears of it.
            Ok(Err(Quit::Store(error))) => {
                let why = Masker::text(&self.log.needles, &chain(&error));
                format!("the store refused the job's log: {why}; look at the store and run the job again")
            }
            Err(_) => {
                "the engine or its executor panicked; please report this with the process's standard error".into()
            }
        };
        let problem = Problem { reason: Reason::Internal, detail };
        // The machine takes the one that fits how far the attempt has come. Before its go only the first does.
        let had_its_go = self.orders.borrow().leave >= Leave::Go;
        let outcome = if had_its_go {
            self.broken(problem.clone(), origin != Origin::Started).await
        } else {
            AttemptOutcome::Broken(problem.clone())
        };
        let _gone = self.tell(Input::Prepared(self.attempt(), Err(problem))).await;
        let _gone = self.tell(Input::Ended(self.attempt(), outcome)).await;
    }

    async fn steps(&mut self, origin: Origin) -> Result<(), Quit> {
        match origin {
            Origin::New | Origin::Created => self.run_new(origin).await,
            Origin::Started => self.run_started().await,
        }
    }

    async fn run_new(&mut self, origin: Origin) -> Result<(), Quit> {
        let Some(mut log) = self.prepare(origin).await? else { return Ok(()) };
        self.until(Leave::Go).await?;
        let outcome = match self.unless_stopped(self.shared.executor.start(&self.spec)).await {
            Some(Ok(handle)) => self.follow(&handle, &mut log).await,
            Some(Err(failure)) => self.not_started(&failure, &mut log).await,
            None => self.give_up(&mut log).await,
        };
        self.end(outcome, log).await
    }

    /// Asks for the attempt first: a log may be long, and has to be read before it can be written on.
    async fn run_started(&mut self) -> Result<(), Quit> {
        let attached = self.unless_stopped(self.attach()).await;
        let mut log = self.open_log().await?;
        let outcome = match attached {
            Some(Ok(Some(handle))) => self.follow(&handle, &mut log).await,
            Some(Ok(None)) => AttemptOutcome::Lost { began: true },
            // Not being able to ask says nothing about the attempt.
            Some(Err(failure)) => self.broken(problem(&failure, &self.log.needles), false).await,
            None => self.give_up(&mut log).await,
        };
        self.end(outcome, log).await
    }

    /// Not being able to ask says nothing about the attempt, so the question is repeated for a while.
    async fn attach(&self) -> ExecutorResult<Option<Handle>> {
        let mut backoff = Backoff::new();
        let until = Instant::now() + ASK_FOR;
        loop {
            match self.shared.executor.attach(self.attempt()).await {
                Err(failure) if failure.retryable && Instant::now() < until => backoff.pause().await,
                result => return result,
            }
        }
    }

    /// Awaits the executor's word about a start. A stop order leaves it the job's grace to answer, a kill a moment;
    /// `None`: it has not.
    async fn unless_stopped<T>(&self, word: impl Future<Output = T>) -> Option<T> {
        let orders = self.orders.clone();
        let patience_ends = async {
            stopped(orders.clone()).await;
            tokio::select! {
                () = sleep(self.grace.max(A_MOMENT)) => {}
                () = async { killed(orders).await; sleep(A_MOMENT).await } => {}
            }
        };
        tokio::select! {
            biased;
            answer = word => Some(answer),
            () = patience_ends => None,
        }
    }

    /// Ends an attempt of which nobody can say whether it has begun, or ever will: a start that was given up may still be
    /// under way where nobody sees it, whatever `attach` finds.
    async fn give_up(&self, log: &mut LogWriter) -> AttemptOutcome {
        const LINE: &str = "stopped before the executor could say whether the job had begun";
        let ended = timeout(A_MOMENT, self.kill()).await == Ok(Some(true));
        log.say(LINE, self.clock.now()).await;
        if ended {
            return AttemptOutcome::Stopped(None);
        }
        let detail = format!("{LINE}; the pipeline ends, and its cleaning up ends the job");
        AttemptOutcome::LeftBehind(Problem { reason: Reason::Internal, detail })
    }

    /// The end of a started attempt that cannot be followed any more. It is killed; where nobody confirms that, it is left
    /// behind, and so it is where nothing is found of it and its start may still be under way.
    async fn broken(&self, problem: Problem, starting: bool) -> AttemptOutcome {
        let killing = AssertUnwindSafe(timeout(END_IN, self.kill())).catch_unwind();
        match killing.await {
            Ok(Ok(Some(found))) if found || !starting => AttemptOutcome::Broken(problem),
            Ok(_) | Err(_) => AttemptOutcome::LeftBehind(problem),
        }
    }

    /// Kills the attempt. `Some`: it is over for sure, and whether there was anything; `None`: nobody says so.
    async fn kill(&self) -> Option<bool> {
        let executor = &self.shared.executor;
        match executor.attach(self.attempt()).await {
            Ok(Some(handle)) => executor.stop(&handle, Duration::ZERO).await.ok().map(|()| true),
            Ok(None) => Some(false),
            Err(_) => None,
        }
    }

    fn attempt(&self) -> AttemptId {
        self.spec.attempt
    }

    /// Prepares; from its turn on, notes go to the log as they come. Reports the result; answers the open log if the
    /// attempt can go on.
    async fn prepare(&mut self, origin: Origin) -> Result<Option<LogWriter>, Quit> {
        let (notes, heard) = Notes::channel(64);
        let executor = Arc::clone(&self.shared.executor);
        let spec = self.spec.clone();
        let mut work = Box::pin(async move { executor.prepare(&spec, &notes).await });
        let mut ears = Ears::new(heard);

        let early = tokio::select! {
            biased;
            turn = self.until(Leave::Turn) => { turn?; None }
            result = ears.listen(&mut work) => Some(result),
        };
        if early.is_some() {
            self.until(Leave::Turn).await?;
        }
        let mut log = match origin {
            Origin::New => LogWriter::new(self.log.clone()),
            Origin::Created | Origin::Started => self.open_log().await?,
        };
        if log.is_finished() {
            // An earlier life wrote it to its end and died before it could say so. A fresh attempt gets a fresh log.
            self.tell(Input::Ended(self.attempt(), AttemptOutcome::Lost { began: false })).await?;
            return Ok(None);
        }
        self.say_early(&mut ears, &mut log).await;
        let result = match early {
            Some(result) => result,
            None => self.prepare_in_turn(&mut ears, &mut work, &mut log).await,
        };
        self.report_prepared(result, log).await
    }

    async fn say_early(&self, ears: &mut Ears, log: &mut LogWriter) {
        if ears.left_out > 0 {
            log.note(&format!("({} earlier lines left out)", ears.left_out), self.clock.now()).await;
        }
        for note in ears.early.drain(..) {
            log.note(&render(&note), self.clock.now()).await;
        }
    }

    async fn prepare_in_turn(
        &self,
        ears: &mut Ears,
        work: &mut (impl Future<Output = ExecutorResult<()>> + Unpin),
        log: &mut LogWriter,
    ) -> ExecutorResult<()> {
        loop {
            tokio::select! {
                biased;
                Some(note) = ears.heard.recv() => log.note(&render(&note), self.clock.now()).await,
                result = &mut *work => {
                    while let Ok(note) = ears.heard.try_recv() {
                        log.note(&render(&note), self.clock.now()).await;
                    }
                    return result;
                }
            }
        }
    }

    async fn report_prepared(&self, result: ExecutorResult<()>, mut log: LogWriter) -> Result<Option<LogWriter>, Quit> {
        let Err(failure) = result else {
            self.tell(Input::Prepared(self.attempt(), Ok(()))).await?;
            return Ok(Some(log));
        };
        log.say(&failure.explain(), self.clock.now()).await;
        self.finish(&mut log).await;
        self.tell(Input::Prepared(self.attempt(), Err(problem(&failure, &self.log.needles)))).await?;
        Ok(None)
    }

    async fn not_started(&self, failure: &Failure, log: &mut LogWriter) -> AttemptOutcome {
        log.say(&failure.explain(), self.clock.now()).await;
        AttemptOutcome::NotStarted(problem(failure, &self.log.needles))
    }

    async fn follow(&self, handle: &Handle, log: &mut LogWriter) -> AttemptOutcome {
        let executor = &self.shared.executor;
        let log_patience = self.log.lease();
        let follower = Follower { executor, handle, grace: self.grace, log_patience, clock: self.clock };
        match follower.run(log, self.orders.clone()).await {
            Followed::Over(outcome) => outcome,
            Followed::Unknown(failure) => {
                log.say(&failure.explain(), self.clock.now()).await;
                self.broken(problem(&failure, &self.log.needles), false).await
            }
        }
    }

    /// Reports the end together with what is left of the log; where that is not taken, after it.
    async fn end(&self, outcome: AttemptOutcome, mut log: LogWriter) -> Result<(), Quit> {
        match log.rest(self.clock.now()) {
            Some(rest) => {
                let (recorded, is_recorded) = oneshot::channel();
                let part = LogPart { attempt: self.attempt(), pieces: rest.pieces.clone(), end: Some(rest.end) };
                let log_rest = Some(LogRest { part, recorded });
                self.report(Report { input: Input::Ended(self.attempt(), outcome.clone()), log: log_rest }).await?;
                if is_recorded.await.is_ok() {
                    return Ok(());
                }
                log.finish_rest(rest, self.clock.now()).await;
                self.warn_of(&log);
            }
            None => self.finish(&mut log).await,
        }
        let outcome = match log.problem() {
            // Of a try that never was, nobody misses the log.
            Some(log) if !matches!(outcome, AttemptOutcome::Lost { began: false }) => {
                AttemptOutcome::Unlogged { outcome: Box::new(outcome), log }
            }
            _ => outcome,
        };
        self.tell(Input::Ended(self.attempt(), outcome)).await
    }

    async fn finish(&self, log: &mut LogWriter) {
        log.finish(self.clock.now()).await;
        self.warn_of(log);
    }

    fn warn_of(&self, log: &LogWriter) {
        if let Some(problem) = log.problem() {
            self.shared.warn(&format!("job `{}`, attempt {}: {problem}", self.spec.job, self.attempt()));
        }
    }

    async fn open_log(&self) -> Result<LogWriter, Quit> {
        LogWriter::open(self.log.clone()).await.map_err(Quit::Store)
    }

    async fn until(&mut self, leave: Leave) -> Result<(), Quit> {
        self.orders.wait_for(|o| o.leave >= leave).await.map(|_| ()).map_err(|_| Quit::Done)
    }

    async fn tell(&self, input: Input) -> Result<(), Quit> {
        self.report(input.into()).await
    }

    async fn report(&self, report: Report) -> Result<(), Quit> {
        self.inputs.send(report).await.map_err(|_| Quit::Done)
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
