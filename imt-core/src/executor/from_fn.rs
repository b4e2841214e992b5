//! One async function as an executor.
//!
//! Knows nothing of what the function does; runs it as a task, keeps its output, brings it the wish to stop.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt as _;
use tokio::sync::watch;
use tokio::time::Instant;

use super::output::Output;
use crate::id::{AttemptId, InstanceId, PipelineId};
use crate::ports::{
    Executor, ExecutorResult, Exit, Failure, FailureKind, Handle, JobSpec, LogPositions, LogStream, Notes,
    OwnedPipeline, StreamKind,
};
use crate::time::Timestamp;

/// How much of an attempt's output is kept when nothing else is said: 16 MiB.
const KEEP_OUTPUT_BYTES: usize = 16 * 1024 * 1024;

type Run = Box<dyn Fn(Arc<JobSpec>, JobLog) -> Pin<Box<dyn Future<Output = i32> + Send>> + Send + Sync>;

/// Turns an async function into an executor: it is given the job and a place for its output, and answers the exit code.
///
/// ```
/// use imt_core::executor::from_fn;
///
/// let executor = from_fn(|job, log| async move {
///     for item in &job.items {
///         log.line(format!("would run: {item}")).await;
///     }
///     0
/// });
/// # drop(executor);
/// ```
///
/// Each attempt is one task of the tokio runtime. On `stop`, [`JobLog::cancelled`] answers; when the grace is over, the
/// function's future is dropped at its next `.await` (a function that blocks its thread cannot be stopped). Tasks that
/// the function spawned itself are its own to end. A panic ends the attempt as errored and harms nothing else.
/// The function does not outlive the executor: dropping that drops what runs.
pub fn from_fn<F, Fut>(run: F) -> FnExecutor
where
    F: Fn(Arc<JobSpec>, JobLog) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = i32> + Send + 'static,
{
    FnExecutor {
        run: Box::new(move |job, log| Box::pin(run(job, log))),
        attempts: Mutex::default(),
        instance: InstanceId::new("from_fn"),
        keep: KEEP_OUTPUT_BYTES,
    }
}

/// An executor made by [`from_fn`].
pub struct FnExecutor {
    run: Run,
    attempts: Mutex<BTreeMap<AttemptId, Arc<Attempt>>>,
    instance: InstanceId,
    keep: usize,
}

impl FnExecutor {
    /// Keeps about this many bytes of each attempt's output instead of 16 MiB.
    ///
    /// Within it, output can be read again from the start until `cleanup`. Beyond it, what all present readers have seen
    /// is forgotten; when they lag behind by as much, the function waits in its next write until they have read on.
    #[must_use]
    pub fn keep_output(mut self, bytes: usize) -> Self {
        self.keep = bytes;
        self
    }

    /// The name under which [`list_owned`](Executor::list_owned) lists its pipelines; `from_fn` if not set.
    #[must_use]
    pub fn instance(mut self, instance: InstanceId) -> Self {
        self.instance = instance;
        self
    }

    fn attempts(&self) -> MutexGuard<'_, BTreeMap<AttemptId, Arc<Attempt>>> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, handle: &Handle) -> ExecutorResult<Arc<Attempt>> {
        self.attempts().get(&handle.attempt).cloned().ok_or_else(|| {
            Failure::new(FailureKind::Internal, format!("attempt {} is not known to this executor", handle.attempt))
        })
    }
}

impl fmt::Debug for FnExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FnExecutor").field("instance", &self.instance).finish_non_exhaustive()
    }
}

impl Drop for FnExecutor {
    fn drop(&mut self) {
        for attempt in self.attempts().values() {
            attempt.ask_to_stop(Duration::ZERO);
        }
    }
}

/// Where a function puts its job's output, and learns that it should end. Cheap to clone.
#[derive(Debug, Clone)]
pub struct JobLog {
    output: Arc<Output>,
    stop: watch::Receiver<Option<Instant>>,
}

impl JobLog {
    /// Writes bytes to the job's standard output. Waits while readers lag too far behind.
    pub async fn stdout(&self, bytes: impl Into<Bytes>) {
        self.output.write(StreamKind::Stdout, bytes.into(), now).await;
    }

    /// Writes bytes to the job's standard error. Waits while readers lag too far behind.
    pub async fn stderr(&self, bytes: impl Into<Bytes>) {
        self.output.write(StreamKind::Stderr, bytes.into(), now).await;
    }

    /// Writes a line, its newline added, to the job's standard output.
    pub async fn line(&self, text: impl Into<String>) {
        let mut text = text.into();
        text.push('\n');
        self.stdout(text).await;
    }

    /// Answers when the job is asked to end (cancel, timeout). What is not done when the grace is over is dropped.
    pub async fn cancelled(&self) {
        let mut stop = self.stop.clone();
        if stop.wait_for(Option::is_some).await.is_err() {
            // The attempt's record is gone, hence nobody is left to ask; the future is dropped with it.
            std::future::pending::<()>().await;
        }
    }

    /// Whether the job was asked to end.
    pub fn is_cancelled(&self) -> bool {
        self.stop.borrow().is_some()
    }
}

/// Output is stamped with the time of day; tests of time use the fake executor instead.
fn now() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}

/// One run of the function.
struct Attempt {
    job: Arc<JobSpec>,
    output: Arc<Output>,
    /// When it must be gone, once somebody asked.
    stop: watch::Sender<Option<Instant>>,
    outcome: watch::Sender<Option<Outcome>>,
}

/// An end that can be told more than once.
#[derive(Debug, Clone)]
enum Outcome {
    Exit(Exit),
    Panicked(String),
}

impl Attempt {
    fn new(job: Arc<JobSpec>, keep: usize) -> Self {
        Self { job, output: Output::new(keep), stop: watch::Sender::new(None), outcome: watch::Sender::new(None) }
    }

    fn handle(&self) -> Handle {
        Handle { attempt: self.job.attempt, external: format!("task {}", self.job.attempt) }
    }

    fn ask_to_stop(&self, grace: Duration) {
        let deadline = Instant::now() + grace;
        self.stop.send_if_modified(|asked| {
            let sooner = asked.is_none_or(|before| deadline < before);
            if sooner {
                *asked = Some(deadline);
            }
            sooner
        });
    }

    /// Runs the function to its end, or to the end of the grace.
    async fn drive(&self, function: impl Future<Output = i32>) {
        let outcome = {
            // A panic leaves nothing of ours half-done: the function shares only the output, which guards itself.
            let mut function = std::pin::pin!(AssertUnwindSafe(function).catch_unwind());
            tokio::select! {
                biased;
                () = self.grace_is_over() => Outcome::Exit(Exit::Stopped(None)),
                ended = &mut function => match ended {
                    Ok(code) if self.stop.borrow().is_some() => Outcome::Exit(Exit::Stopped(Some(code))),
                    Ok(code) => Outcome::Exit(Exit::Code(code)),
                    Err(panic) => Outcome::Panicked(panic_text(panic.as_ref())),
                },
            }
            // The function's future is dropped here, before anybody learns that the attempt is over.
        };
        self.output.end();
        self.outcome.send_replace(Some(outcome));
    }

    async fn grace_is_over(&self) {
        let mut stop = self.stop.subscribe();
        loop {
            let asked = *stop.borrow_and_update();
            let changed = stop.changed();
            match asked {
                // The sender lives in `self`, so `changed` cannot fail while this runs.
                None => drop(changed.await),
                Some(deadline) => tokio::select! {
                    () = tokio::time::sleep_until(deadline) => return,
                    _ = changed => {}
                },
            }
        }
    }

    async fn ended(&self) -> Outcome {
        let mut outcome = self.outcome.subscribe();
        match outcome.wait_for(Option::is_some).await.map(|outcome| outcome.clone()) {
            Ok(Some(outcome)) => outcome,
            // The sender is ours, and `wait_for` answers only a value.
            Ok(None) | Err(_) => Outcome::Exit(Exit::Lost { began: true }),
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}

#[async_trait]
impl Executor for FnExecutor {
    async fn prepare(&self, _job: &JobSpec, _notes: &Notes) -> ExecutorResult<()> {
        Ok(())
    }

    async fn start(&self, job: &JobSpec) -> ExecutorResult<Handle> {
        let mut attempts = self.attempts();
        if let Some(attempt) = attempts.get(&job.attempt) {
            return Ok(attempt.handle());
        }
        let attempt = Arc::new(Attempt::new(Arc::new(job.clone()), self.keep));
        attempts.insert(job.attempt, Arc::clone(&attempt));
        drop(attempts);
        let log = JobLog { output: Arc::clone(&attempt.output), stop: attempt.stop.subscribe() };
        let handle = attempt.handle();
        // The function itself is called inside the guarded future: its synchronous part may panic, too.
        let called = std::panic::catch_unwind(AssertUnwindSafe(|| (self.run)(Arc::clone(&attempt.job), log)));
        tokio::spawn(async move {
            match called {
                Ok(function) => attempt.drive(function).await,
                Err(panic) => attempt.drive(async move { std::panic::resume_unwind(panic) }).await,
            }
        });
        Ok(handle)
    }

    async fn attach(&self, attempt: AttemptId) -> ExecutorResult<Option<Handle>> {
        Ok(self.attempts().get(&attempt).map(|attempt| attempt.handle()))
    }

    async fn logs(&self, handle: &Handle, from: LogPositions) -> ExecutorResult<LogStream> {
        Ok(self.find(handle)?.output.read(from))
    }

    async fn wait(&self, handle: &Handle) -> ExecutorResult<Exit> {
        let attempt = self.find(handle)?;
        match attempt.ended().await {
            Outcome::Exit(exit) => Ok(exit),
            Outcome::Panicked(text) => Err(Failure::new(
                FailureKind::Internal,
                format!("the executor's function panicked in job `{}`: {text}", attempt.job.job),
            )),
        }
    }

    async fn stop(&self, handle: &Handle, grace: Duration) -> ExecutorResult<()> {
        let attempt = self.find(handle)?;
        attempt.ask_to_stop(grace);
        attempt.ended().await;
        Ok(())
    }

    async fn cleanup(&self, pipeline: PipelineId, _workspace: Option<&Path>) -> ExecutorResult<()> {
        let doomed: Vec<_> =
            self.attempts().iter().filter(|(id, _)| id.pipeline == pipeline).map(|(_, a)| Arc::clone(a)).collect();
        for attempt in &doomed {
            attempt.ask_to_stop(Duration::ZERO);
        }
        for attempt in &doomed {
            attempt.ended().await;
        }
        let mut attempts = self.attempts();
        for attempt in doomed {
            attempts.remove(&attempt.job.attempt);
        }
        Ok(())
    }

    /// Everything there is, is of this process.
    async fn release(&self, pipeline: PipelineId) -> ExecutorResult<()> {
        self.cleanup(pipeline, None).await
    }

    async fn list_owned(&self) -> ExecutorResult<Vec<OwnedPipeline>> {
        let mut owned: BTreeMap<PipelineId, OwnedPipeline> = BTreeMap::new();
        for (id, attempt) in self.attempts().iter() {
            owned.entry(id.pipeline).or_insert_with(|| OwnedPipeline {
                pipeline: id.pipeline,
                instance: self.instance.clone(),
                workspace: attempt.job.workspace.clone(),
            });
        }
        Ok(owned.into_values().collect())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use uuid::Uuid;

    use super::*;
    use crate::id::{JobIndex, ProjectName};
    use crate::pipeline::{PullPolicy, Resources};

    fn job() -> JobSpec {
        JobSpec {
            attempt: AttemptId { pipeline: PipelineId::from_uuid(Uuid::from_u128(1)), job: JobIndex(0), number: 1 },
            project: ProjectName::new("p"),
            job: "unit".into(),
            stage: "test".into(),
            image: None,
            pull: PullPolicy::Missing,
            items: vec!["true".into()],
            script: "true".into(),
            env: Vec::new(),
            workspace: None,
            resources: Resources::default(),
        }
    }

    async fn text(executor: &FnExecutor, handle: &Handle) -> String {
        let logs = executor.logs(handle, LogPositions::default()).await.unwrap();
        let all: Vec<u8> = logs.map(|c| c.unwrap().bytes.to_vec()).concat().await;
        String::from_utf8(all).unwrap()
    }

    #[tokio::test]
    async fn a_function_gives_output_and_code() {
        let executor = from_fn(|job, log| async move {
            log.line(format!("{} of {}", job.job, job.stage)).await;
            7
        });
        let handle = executor.start(&job()).await.unwrap();
        assert_eq!(executor.wait(&handle).await.unwrap(), Exit::Code(7));
        assert_eq!(text(&executor, &handle).await, "unit of test\n");
    }

    #[tokio::test]
    async fn a_panic_is_a_failure_that_can_be_asked_for_again() {
        let after_await = from_fn(|_, log| async move {
            log.line("before").await;
            panic!("no such luck")
        });
        let at_once = from_fn(|_, _| -> std::future::Ready<i32> { panic!("no such luck") });
        for executor in [after_await, at_once] {
            let handle = executor.start(&job()).await.unwrap();
            for _ in 0..2 {
                let failure = executor.wait(&handle).await.unwrap_err();
                assert_eq!(failure.kind, FailureKind::Internal);
                assert!(failure.message.contains("`unit`: no such luck"), "{}", failure.message);
            }
            text(&executor, &handle).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_is_heard_and_the_deaf_are_dropped_after_the_grace() {
        let hears = from_fn(|_, log| async move {
            log.cancelled().await;
            log.line("bye").await;
            3
        });
        let handle = hears.start(&job()).await.unwrap();
        hears.stop(&handle, Duration::from_secs(10)).await.unwrap();
        assert_eq!(hears.wait(&handle).await.unwrap(), Exit::Stopped(Some(3)));
        assert_eq!(text(&hears, &handle).await, "bye\n");

        let deaf = from_fn(|_, _| std::future::pending());
        let handle = deaf.start(&job()).await.unwrap();
        let before = Instant::now();
        deaf.stop(&handle, Duration::from_secs(10)).await.unwrap();
        assert_eq!(before.elapsed().as_secs(), 10);
        assert_eq!(deaf.wait(&handle).await.unwrap(), Exit::Stopped(None));
    }

    #[tokio::test]
    async fn what_runs_ends_with_the_executor() {
        let (alive, dropped) = tokio::sync::oneshot::channel::<()>();
        let alive = Mutex::new(Some(alive));
        let executor = from_fn(move |_, _| {
            let alive = alive.lock().unwrap().take();
            async move {
                std::future::pending::<()>().await;
                drop(alive);
                0
            }
        });
        executor.start(&job()).await.unwrap();
        drop(executor);
        assert!(dropped.await.is_err());
    }
}
