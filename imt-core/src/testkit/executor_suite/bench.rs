//! What every case stands on: a subject, one life of its executor, one pipeline.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use tokio::time::Instant;

use super::behaviour::{Act, Behaviour, Printed};
use crate::id::{AttemptId, JobIndex, PipelineId, ProjectName};
use crate::pipeline::{PullPolicy, Resources};
use crate::ports::{Executor, Exit, Handle, JobSpec, LogPositions, Notes};

/// In what correct executors may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// What runs survives a crash of ours, and a new life finds it.
    SurvivesRestart,
    /// A signal that a job sends to its own shell comes out as `Exit::Signal`, not as code 128 + n.
    SeesSignals,
}

/// What the suite needs to know of an executor under test. Made afresh for each case.
#[async_trait]
pub trait Subject: Send + Sync {
    /// A new life of a process of ours. All lives of one subject share what survives a process.
    async fn executor(&self) -> Arc<dyn Executor>;

    /// Ends a life the way `kill -9` does, as nearly as that can be had within a test. Dropping it is the default.
    async fn crash(&self, executor: Arc<dyn Executor>) {
        drop(executor);
    }

    /// Whether it can do this.
    fn can(&self, what: Capability) -> bool;

    /// An existing, empty directory for the workspace of the case's jobs; needed by the shell cases.
    fn workspace(&self) -> Option<PathBuf> {
        None
    }

    /// The last word on a spec, for executors that need an image, or are no shell and must be told the behaviour
    /// (which is also in `items[0]`, as JSON).
    fn adapt(&self, spec: JobSpec, _behaviour: &Behaviour) -> JobSpec {
        spec
    }
}

/// A case's own pipeline on one life of an executor.
pub struct Bench<'a> {
    pub(super) subject: &'a dyn Subject,
    pub(super) executor: Arc<dyn Executor>,
    pub(super) pipeline: PipelineId,
    pub(super) workspace: Option<PathBuf>,
    next_job: AtomicU32,
}

/// A job that was run to its end.
pub(super) struct Ran {
    pub(super) exit: Exit,
    pub(super) printed: Printed,
}

impl<'a> Bench<'a> {
    pub(super) async fn new(subject: &'a dyn Subject) -> Self {
        Self {
            executor: subject.executor().await,
            pipeline: PipelineId::generate(),
            workspace: subject.workspace(),
            next_job: AtomicU32::new(0),
            subject,
        }
    }

    /// The next job of the pipeline, behaving so.
    pub(super) fn job(&self, acts: Vec<Act>) -> JobSpec {
        let behaviour = Behaviour(acts);
        let index = self.next_job.fetch_add(1, Ordering::Relaxed);
        let spec = JobSpec {
            attempt: AttemptId { pipeline: self.pipeline, job: JobIndex(index), number: 1 },
            project: ProjectName::new("executor-suite"),
            job: format!("job-{index}"),
            stage: "suite".to_owned(),
            image: None,
            pull: PullPolicy::Missing,
            items: vec![serde_json::to_string(&behaviour).expect("plain data always serialises")],
            script: behaviour.script(),
            env: Vec::new(),
            workspace: self.workspace.clone(),
            resources: Resources::default(),
        };
        self.subject.adapt(spec, &behaviour)
    }

    /// Prepares and starts it.
    pub(super) async fn begin(&self, job: &JobSpec) -> Handle {
        self.executor.prepare(job, &Notes::discard()).await.expect("prepare");
        self.executor.start(job).await.expect("start")
    }

    /// Runs a job to its end, reading along.
    pub(super) async fn run(&self, job: &JobSpec) -> Ran {
        let handle = self.begin(job).await;
        let (printed, exit) = tokio::join!(self.read(&handle, LogPositions::default()), self.wait(&handle));
        Ran { exit, printed }
    }

    pub(super) async fn wait(&self, handle: &Handle) -> Exit {
        self.executor.wait(handle).await.expect("wait")
    }

    /// All output from a position on, up to the end of the attempt.
    pub(super) async fn read(&self, handle: &Handle, from: LogPositions) -> Printed {
        let mut printed = Printed::default();
        let mut logs = self.executor.logs(handle, from).await.expect("logs");
        while let Some(chunk) = logs.next().await {
            let chunk = chunk.expect("a chunk of output");
            assert!(!chunk.bytes.is_empty(), "a chunk is never empty");
            printed.of(chunk.stream).extend_from_slice(&chunk.bytes);
        }
        printed
    }

    /// Waits until the job has printed this on stdout.
    pub(super) async fn until_printed(&self, handle: &Handle, wanted: &str) {
        let mut got = Vec::new();
        let mut logs = self.executor.logs(handle, LogPositions::default()).await.expect("logs");
        while let Some(chunk) = logs.next().await {
            got.extend_from_slice(&chunk.expect("a chunk of output").bytes);
            if String::from_utf8_lossy(&got).contains(wanted) {
                return;
            }
        }
        panic!("the job ended without printing {wanted:?}; it printed {:?}", String::from_utf8_lossy(&got));
    }

    /// Starts a job that prints `ready` and then sleeps, and waits for its word.
    pub(super) async fn sleeper(&self, before: Vec<Act>) -> Handle {
        let mut acts = before;
        acts.extend([super::behaviour::out(b"ready\n"), Act::Sleep]);
        let handle = self.begin(&self.job(acts)).await;
        self.until_printed(&handle, "ready").await;
        handle
    }

    /// Stops it and answers how long that took.
    pub(super) async fn stop(&self, handle: &Handle, grace: Duration) -> Duration {
        let before = Instant::now();
        self.executor.stop(handle, grace).await.expect("stop");
        before.elapsed()
    }

    /// Whether the executor holds anything of the case's pipeline.
    pub(super) async fn is_owned(&self) -> bool {
        let owned = self.executor.list_owned().await.expect("list_owned");
        owned.iter().any(|owned| owned.pipeline == self.pipeline)
    }

    pub(super) async fn cleanup(&self) {
        self.executor.cleanup(self.pipeline, self.workspace.as_deref()).await.expect("cleanup");
    }
}

/// Fails showing where two byte strings part, not all of them.
#[track_caller]
pub(super) fn assert_bytes(got: &[u8], wanted: &[u8], what: &str) {
    if got == wanted {
        return;
    }
    let at = got.iter().zip(wanted).take_while(|(a, b)| a == b).count();
    let around = |bytes: &[u8]| {
        let end = bytes.len().min(at + 40);
        bytes.get(at.saturating_sub(20)..end).unwrap_or_default().escape_ascii().to_string()
    };
    panic!(
        "{what}: {} bytes instead of {}, first difference at {at}: got …{}…, wanted …{}…",
        got.len(),
        wanted.len(),
        around(got),
        around(wanted)
    );
}
