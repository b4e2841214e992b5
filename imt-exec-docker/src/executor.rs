//! The executor: the port's methods, and what is kept per pipeline and attempt.
//!
//! Work that must not be cut in the middle runs in tasks of its own, so that dropping a caller's future is harmless.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bollard::models::ContainerSummaryStateEnum;
use bollard::query_parameters::ListContainersOptions;
use imt_core::id::{AttemptId, PipelineId};
use imt_core::ports::{
    Executor, ExecutorResult, Exit, Failure, FailureKind, Handle, JobSpec, LogPositions, LogStream, Note, Notes,
    OwnedPipeline,
};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::attempt::{Running, Watcher};
use crate::builder::DockerExecutorBuilder;
use crate::engine::Engine;
use crate::error;
use crate::labels;
use crate::output;
use crate::prepare::{self, Outcome, Prepared};
use crate::spec::WorkspaceMount;
use crate::sweep;
use crate::workspace::{self, Sight};

/// How long the container of an attempt that is over is kept: its end may not be committed yet, and if we die before it
/// is, the next life needs to find it. Cleanup does not wait for this. The last one is kept until then: by it the next life
/// finds the pipeline, its workspace, and an image to give back the files with.
const KEEP: Duration = Duration::from_secs(5);

/// Runs jobs in containers of a Docker engine.
///
/// Dropping it stops nothing that runs: containers go on, and another executor of the same store can
/// [`attach`](Executor::attach) to them. What waits at its gate ends.
pub struct DockerExecutor {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub engine: Engine,
    pub sight: Sight,
    pub stop: CancellationToken,
    pub pipelines: Mutex<HashMap<PipelineId, Arc<Pipeline>>>,
}

/// What is held of a pipeline.
pub(crate) struct Pipeline {
    /// No more preparations.
    pub closing: CancellationToken,
    /// Nothing is left to watch.
    pub closed: CancellationToken,
    /// Preparations, starts and removals in flight.
    pub tasks: TaskTracker,
    attempts: Mutex<HashMap<AttemptId, Arc<Attempt>>>,
    mount: OnceCell<WorkspaceMount>,
    /// The directory behind it.
    pub workspace: OnceLock<PathBuf>,
    /// The container that was used up last.
    used_up: Mutex<Option<String>>,
    /// Images that jobs run in.
    images: Mutex<BTreeSet<String>>,
}

impl Pipeline {
    fn new(stop: &CancellationToken) -> Self {
        Self {
            closing: stop.child_token(),
            closed: stop.child_token(),
            tasks: TaskTracker::new(),
            attempts: Mutex::default(),
            mount: OnceCell::new(),
            workspace: OnceLock::new(),
            used_up: Mutex::default(),
            images: Mutex::default(),
        }
    }

    /// A container is of no more use by itself; the one before it of none at all.
    fn use_up(&self, container: &str) -> Option<String> {
        self.used_up.lock().unwrap_or_else(PoisonError::into_inner).replace(container.to_owned())
    }

    /// Images that jobs were to run in; the engine has them unless somebody removed them.
    pub(crate) fn images(&self) -> Vec<String> {
        self.images.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn attempt(&self, id: AttemptId) -> Arc<Attempt> {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(attempts.entry(id).or_default())
    }

    /// All attempts that were started.
    pub(crate) fn started(&self) -> Vec<Arc<Running>> {
        let attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.values().filter_map(|a| a.running()).collect()
    }
}

/// What is held of an attempt.
#[derive(Default)]
struct Attempt {
    /// One at a time prepares or starts it.
    stage: tokio::sync::Mutex<Stage>,
    running: Mutex<Option<Arc<Running>>>,
}

#[derive(Default)]
enum Stage {
    #[default]
    Nothing,
    AtGate(Prepared),
    Started,
}

impl Attempt {
    fn running(&self) -> Option<Arc<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl DockerExecutor {
    /// Everything that can be set, with defaults.
    pub fn builder() -> DockerExecutorBuilder {
        DockerExecutorBuilder::default()
    }

    pub(crate) fn new(engine: Engine, sight: Sight, stop: CancellationToken) -> Self {
        Self { shared: Arc::new(Shared { engine, sight, stop, pipelines: Mutex::default() }) }
    }
}

impl Drop for DockerExecutor {
    fn drop(&mut self) {
        self.shared.stop.cancel();
        // Connections to what waits at its gate are closed here and not when the last task has noticed.
        self.shared.pipelines.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl std::fmt::Debug for DockerExecutor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DockerExecutor").field("owner", &self.shared.engine.owner).finish_non_exhaustive()
    }
}

impl Shared {
    fn pipeline(&self, id: PipelineId) -> Arc<Pipeline> {
        let mut pipelines = self.pipelines.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(pipelines.entry(id).or_insert_with(|| Arc::new(Pipeline::new(&self.stop))))
    }

    fn watcher(&self) -> Watcher<'_> {
        Watcher { docker: &self.engine.docker, events: &self.engine.events, deadline: self.engine.deadline }
    }

    fn started(&self, handle: &Handle) -> ExecutorResult<Arc<Running>> {
        self.pipeline(handle.attempt.pipeline).attempt(handle.attempt).running().ok_or_else(|| {
            Failure::new(
                FailureKind::Internal,
                format!("attempt {} was neither started nor attached here", handle.attempt),
            )
        })
    }

    /// Brings the attempt to its gate, if it is not there or further.
    async fn prepare(
        &self,
        pipeline: &Pipeline,
        stage: &mut Stage,
        job: &JobSpec,
        notes: &Notes,
    ) -> ExecutorResult<Option<String>> {
        match stage {
            Stage::Started => return Ok(None),
            Stage::AtGate(prepared) if prepared.is_alive() => return Ok(None),
            Stage::AtGate(_) => {
                // It died while it waited (the engine was restarted, say).
                if let Stage::AtGate(dead) = std::mem::take(stage) {
                    self.engine.events.forget(&dead.container);
                    self.engine.remove(&dead.container).await?;
                }
            }
            Stage::Nothing => {}
        }
        let closing = || prepare::closing(job.attempt.pipeline);
        let fitted = crate::spec::fit(job, self.engine.cpus);
        let job = fitted.as_ref().map_or(job, |(job, _)| job);
        if let Some((_, line)) = &fitted {
            notes.say(Note::Line(line.clone())).await;
        }
        crate::spec::attempt_container(job, &self.engine.owner, None)?;
        // Only a pull may be dropped: the engine makes what it was asked to make also when nobody waits for the answer, so
        // whatever makes a container goes on until it has removed it.
        let closing_token = &pipeline.closing;
        closing_token.run_until_cancelled(prepare::image(&self.engine, job, notes)).await.ok_or_else(closing)??;
        pipeline.images.lock().unwrap_or_else(PoisonError::into_inner).extend(job.image.clone());
        let mount = match (&job.workspace, &job.image) {
            (Some(dir), Some(image)) => {
                let id = job.attempt.pipeline;
                pipeline.workspace.get_or_init(|| dir.clone());
                let ready = || workspace::mount(&self.engine, &self.sight, image, id, dir, closing_token);
                Some(pipeline.mount.get_or_try_init(ready).await?)
            }
            _ => None,
        };
        if closing_token.is_cancelled() {
            return Err(closing());
        }
        let outcome = prepare::container(&self.engine, job, mount, closing_token).await?;
        match outcome {
            Outcome::Begun(container) => return Ok(Some(container)),
            Outcome::AtGate(prepared) if pipeline.closing.is_cancelled() => {
                self.engine.remove(&prepared.container).await?;
                return Err(closing());
            }
            Outcome::AtGate(prepared) => *stage = Stage::AtGate(prepared),
        }
        Ok(None)
    }

    /// Makes an attempt known as started, and watches it.
    fn run(self: &Arc<Self>, pipeline: &Arc<Pipeline>, attempt: &Attempt, running: Running, calm: u64) -> Arc<Running> {
        let running = Arc::new(running);
        *attempt.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&running));
        let (shared, pipeline, watched) = (Arc::clone(self), Arc::clone(pipeline), Arc::clone(&running));
        tokio::spawn(async move {
            let watched = &watched;
            let life = async {
                shared.watcher().watch(watched, calm).await;
                watched.done_with().await;
                tokio::time::sleep(KEEP).await;
            };
            if pipeline.closed.run_until_cancelled(life).await.is_none() {
                watched.abandon();
            } else if let Some(before) = pipeline.use_up(&watched.container) {
                // Should it fail, cleanup tries again and tells.
                let _cleanup_tells = shared.engine.remove(&before).await;
            }
            shared.engine.events.forget(&watched.container);
        });
        running
    }

    /// Kills what still runs; called when nobody needs its outcome.
    pub(crate) async fn stop_now(&self, running: &Running) -> ExecutorResult<()> {
        self.watcher().stop(running, Duration::ZERO).await
    }

    async fn start(self: &Arc<Self>, job: &JobSpec) -> ExecutorResult<Handle> {
        let pipeline = self.pipeline(job.attempt.pipeline);
        let attempt = pipeline.attempt(job.attempt);
        let mut stage = attempt.stage.lock().await;
        let mut again = true;
        loop {
            if let Some(running) = attempt.running() {
                return Ok(handle(&running));
            }
            if let Some(container) = self.prepare(&pipeline, &mut stage, job, &Notes::discard()).await? {
                let generation = *self.engine.events.generation().borrow();
                *stage = Stage::Started;
                let running = self.run(&pipeline, &attempt, Running::new(job.attempt, container, None), generation);
                return Ok(handle(&running));
            }
            let Stage::AtGate(mut prepared) = std::mem::replace(&mut *stage, Stage::Nothing) else {
                return Err(Failure::new(FailureKind::Internal, format!("attempt {} has no container", job.attempt)));
            };
            let went = prepared.go(self.engine.deadline).await;
            let Prepared { container, attached, generation, .. } = prepared;
            match went {
                Ok(()) => {
                    *stage = Stage::Started;
                    let running = Running::new(job.attempt, container, Some(attached));
                    return Ok(handle(&self.run(&pipeline, &attempt, running, generation)));
                }
                // Its connection was closed. Whether the go got through is sure only once it is dead.
                Err(problem) => {
                    drop(attached);
                    if prepare::kill_and_ask(&self.engine, job, &container).await? {
                        *stage = Stage::Started;
                        let running = Running::new(job.attempt, container, None);
                        running.lose();
                        return Ok(handle(&self.run(&pipeline, &attempt, running, generation)));
                    }
                    self.engine.events.forget(&container);
                    self.engine.remove(&container).await?;
                    if !std::mem::take(&mut again) {
                        return Err(Failure::new(
                            FailureKind::EngineUnavailable,
                            "the container engine cut the connection to a waiting container",
                        )
                        .with_source(problem)
                        .retryable());
                    }
                }
            }
        }
    }

    async fn attach(self: &Arc<Self>, id: AttemptId) -> ExecutorResult<Option<Handle>> {
        let pipeline = self.pipeline(id.pipeline);
        let attempt = pipeline.attempt(id);
        let mut stage = attempt.stage.lock().await;
        if let Some(running) = attempt.running() {
            return Ok(Some(handle(&running)));
        }
        // Ours and at its gate: it will not get its go any more, and ends when its connection is dropped.
        drop(std::mem::take(&mut *stage));
        let filters = self.engine.owner.filter_by(labels::ATTEMPT, &id.to_string());
        let options = ListContainersOptions { all: true, filters: Some(filters), ..Default::default() };
        let call = self.engine.docker.list_containers(Some(options));
        let found = error::within(self.engine.deadline, "list containers", call).await?;
        let Some(container) = found.into_iter().find(|c| c.state != Some(ContainerSummaryStateEnum::REMOVING)) else {
            return Ok(None);
        };
        let container = container.id.unwrap_or_default();
        let generation = *self.engine.events.generation().borrow();
        *stage = Stage::Started;
        let running = self.run(&pipeline, &attempt, Running::new(id, container, None), generation);
        // Heard of only from now on: look at once.
        running.output_ended();
        Ok(Some(handle(&running)))
    }
}

fn handle(running: &Running) -> Handle {
    Handle { attempt: running.attempt, external: running.container.chars().take(12).collect() }
}

fn cut(problem: tokio::task::JoinError) -> Failure {
    Failure::new(FailureKind::Internal, "a task of the executor ended early").with_source(problem)
}

#[async_trait]
impl Executor for DockerExecutor {
    async fn prepare(&self, job: &JobSpec, notes: &Notes) -> ExecutorResult<()> {
        let pipeline = self.shared.pipeline(job.attempt.pipeline);
        let (shared, own, job, notes) = (Arc::clone(&self.shared), Arc::clone(&pipeline), job.clone(), notes.clone());
        let task = pipeline.tasks.spawn(async move {
            let attempt = own.attempt(job.attempt);
            let mut stage = attempt.stage.lock().await;
            // An attempt that has begun in an earlier life needs no preparation; `start` finds it.
            shared.prepare(&own, &mut stage, &job, &notes).await.map(drop)
        });
        task.await.map_err(cut)?
    }

    async fn start(&self, job: &JobSpec) -> ExecutorResult<Handle> {
        let (shared, job) = (Arc::clone(&self.shared), job.clone());
        let pipeline = self.shared.pipeline(job.attempt.pipeline);
        pipeline.tasks.spawn(async move { shared.start(&job).await }).await.map_err(cut)?
    }

    async fn attach(&self, attempt: AttemptId) -> ExecutorResult<Option<Handle>> {
        self.shared.attach(attempt).await
    }

    async fn logs(&self, handle: &Handle, from: LogPositions) -> ExecutorResult<LogStream> {
        let running = self.shared.started(handle)?;
        Ok(output::read(self.shared.engine.docker.clone(), running, from, self.shared.engine.patience))
    }

    async fn wait(&self, handle: &Handle) -> ExecutorResult<Exit> {
        self.shared.started(handle)?.exit(self.shared.engine.patience).await
    }

    async fn stop(&self, handle: &Handle, grace: Duration) -> ExecutorResult<()> {
        let (shared, running) = (Arc::clone(&self.shared), self.shared.started(handle)?);
        // In a task of its own: a stop once asked for is not called back by dropping the caller.
        tokio::spawn(async move { shared.watcher().stop(&running, grace).await }).await.map_err(cut)?
    }

    async fn cleanup(&self, pipeline: PipelineId, workspace: Option<&Path>) -> ExecutorResult<()> {
        let (shared, workspace) = (Arc::clone(&self.shared), workspace.map(Path::to_owned));
        tokio::spawn(async move { sweep::cleanup(&shared, pipeline, workspace.as_deref()).await }).await.map_err(cut)?
    }

    async fn release(&self, pipeline: PipelineId) -> ExecutorResult<()> {
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move { sweep::release(&shared, pipeline).await }).await.map_err(cut)?
    }

    async fn list_owned(&self) -> ExecutorResult<Vec<OwnedPipeline>> {
        sweep::list_owned(&self.shared.engine).await
    }
}
