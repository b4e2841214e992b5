//! One life of a process in the fake world.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream;
use tokio::time::{Instant, sleep_until};

use super::container::{Container, Phase};
use super::world::{Call, FakeWorld, Fault, Method, State};
use crate::id::{AttemptId, InstanceId, PipelineId};
use crate::ports::{
    Executor, ExecutorResult, Exit, Failure, FailureKind, Handle, JobSpec, LogChunk, LogPositions, LogStream, Note,
    Notes, OwnedPipeline, StreamKind,
};

/// An executor in a [`FakeWorld`]: one life of one process. See the [module](super).
#[derive(Debug)]
pub struct FakeExecutor {
    world: Arc<FakeWorld>,
    life: u32,
    instance: InstanceId,
}

impl FakeExecutor {
    /// A new life in a world, of the instance `fake`.
    pub fn new(world: &Arc<FakeWorld>) -> Self {
        Self::with_instance(world, InstanceId::new("fake"))
    }

    /// A new life in a world, of the given instance.
    pub fn with_instance(world: &Arc<FakeWorld>, instance: InstanceId) -> Self {
        let mut state = world.lock();
        state.lives += 1;
        let life = state.lives;
        drop(state);
        Self { world: Arc::clone(world), life, instance }
    }

    /// The process dies, even if something still holds this value: no call of this life has an effect or answers from
    /// now on. Dropping the value does the same.
    pub fn crash(&self) {
        self.world.end_life(self.life);
    }

    /// Whether a script of a pipeline runs that this life has started or found.
    pub fn runs(&self, pipeline: PipelineId) -> bool {
        let (now, state) = (Instant::now(), self.world.lock());
        let ours = |c: &Container| c.known_to.contains(&self.life) && c.is_running(now);
        state.containers.iter().any(|(id, c)| id.pipeline == pipeline && ours(c))
    }

    /// Records a call, and stays in it for ever if this life is over.
    async fn enter(
        &self,
        method: Method,
        pipeline: Option<PipelineId>,
        attempt: Option<AttemptId>,
    ) -> ExecutorResult<()> {
        let fault = {
            let mut state = self.world.lock();
            if state.dead.contains(&self.life) {
                None
            } else {
                state.calls.push(Call { life: self.life, at: self.world.elapsed(), method, pipeline, attempt });
                let fault = state.fault(method);
                if let (Some(_), Some(pipeline)) = (fault, pipeline) {
                    state.in_the_dark.insert((self.life, pipeline));
                }
                Some(fault)
            }
        };
        match fault {
            None => std::future::pending().await,
            Some(None) => Ok(()),
            Some(Some(Fault::Fails(kind))) => {
                Err(Failure::new(kind, format!("{method:?} failed by order of the test")).retryable())
            }
            Some(Some(Fault::Hangs)) => {
                self.until(|state| {
                    let gone =
                        |id| state.cleaned.contains(&(self.life, id)) || state.released.contains(&(self.life, id));
                    let cleaned = pipeline.is_some_and(gone);
                    if cleaned { Look::Answer(()) } else { Look::Again(None) }
                })
                .await;
                Err(Failure::new(FailureKind::Internal, format!("cleaned up while {method:?} hung")))
            }
        }
    }

    /// Asks the world again and again, whenever time or an event may have changed the answer, until there is one.
    async fn until<T>(&self, ask: impl FnMut(&mut State) -> Look<T> + Send) -> T
    where
        T: Send,
    {
        watch(&self.world, self.life, ask).await
    }

    fn check_spec(&self, state: &mut State, method: Method, job: &JobSpec) {
        let id = job.attempt;
        if state.specs.entry(id).or_insert_with(|| job.clone()) != job {
            state.violate(self.life, format!("{method:?} of {id} with another spec than before"));
        }
        if state.cleaned.contains(&(self.life, id.pipeline)) {
            state.violate(self.life, format!("{method:?} of {id} after the cleanup of its pipeline"));
        }
    }

    /// Begins a preparation unless one is there or under way.
    fn ensure_prepared(&self, state: &mut State, job: &JobSpec) {
        let now = Instant::now();
        // What waits for the go of another life waits for nothing that could still come.
        let usable = |c: &Container| match c.phase {
            Phase::Begun { .. } => true,
            Phase::Preparing { .. } | Phase::Gate => c.is_there(now) && c.life == self.life,
            Phase::DeadAtGate { .. } => false,
        };
        match state.containers.get(&job.attempt) {
            Some(container) if usable(container) => return,
            Some(container) => drop(state.taken.insert((container.life, job.attempt))),
            None => {}
        }
        let script = state.script_of(job);
        let tries = state.tries.entry(job.attempt).or_insert(0);
        let failure = script.prepare_failures.get(*tries).copied();
        *tries += 1;
        let container = Container {
            spec: job.clone(),
            phase: Phase::Preparing { until: Instant::now() + script.prepare_takes, failure },
            script,
            life: self.life,
            instance: self.instance.clone(),
            stop: None,
            lost_at: None,
            logs_broke: false,
            known_to: BTreeSet::new(),
        };
        state.containers.insert(job.attempt, container);
        state.taken.remove(&(self.life, job.attempt));
    }

    async fn prepared(&self, job: &JobSpec) -> ExecutorResult<()> {
        self.ensure_prepared(&mut self.world.lock(), job);
        self.until(|state| {
            let Some(container) = state.containers.get_mut(&job.attempt) else {
                return Look::Answer(Err(Failure::new(FailureKind::Internal, "cleaned up while being prepared")));
            };
            match container.phase {
                Phase::Preparing { until, .. } if until > Instant::now() => Look::Again(Some(until)),
                Phase::Preparing { failure: Some(kind), .. } => {
                    Look::Answer(Err(Failure::new(kind, format!("preparation of `{}` fails by its script", job.job))))
                }
                Phase::Preparing { failure: None, .. } => {
                    container.phase = Phase::Gate;
                    Look::Answer(Ok(()))
                }
                Phase::Gate | Phase::DeadAtGate { .. } | Phase::Begun { .. } => Look::Answer(Ok(())),
            }
        })
        .await
    }

    /// Finds what a handle stands for, and notes when the caller had no right to it.
    fn check_handle(&self, method: Method, handle: &Handle) -> ExecutorResult<()> {
        let mut state = self.world.lock();
        let id = handle.attempt;
        let Some(container) = state.containers.get(&id) else {
            if state.taken.contains(&(self.life, id)) {
                return Err(gone(id));
            }
            state.violate(self.life, format!("{method:?} of {id}, which is not there"));
            return Err(gone(id));
        };
        if !container.known_to.contains(&self.life) {
            state.violate(self.life, format!("{method:?} of {id} with a handle that was not given in this life"));
        }
        Ok(())
    }
}

impl Drop for FakeExecutor {
    fn drop(&mut self) {
        self.crash();
    }
}

fn gone(attempt: AttemptId) -> Failure {
    Failure::new(FailureKind::Internal, format!("attempt {attempt} is not there"))
}

/// What a look at the world says.
enum Look<T> {
    Answer(T),
    /// Look again when something happens, or at this time.
    Again(Option<Instant>),
}

async fn watch<T>(world: &Arc<FakeWorld>, life: u32, mut ask: impl FnMut(&mut State) -> Look<T>) -> T {
    loop {
        let mut changed = std::pin::pin!(world.changed.notified());
        changed.as_mut().enable();
        let next = {
            let mut state = world.lock();
            if state.dead.contains(&life) {
                None
            } else {
                match ask(&mut state) {
                    Look::Answer(answer) => return answer,
                    Look::Again(at) => at,
                }
            }
        };
        match next {
            None => changed.await,
            Some(at) => tokio::select! {
                biased;
                () = changed => {}
                () = sleep_until(at) => {}
            },
        }
    }
}

#[async_trait]
impl Executor for FakeExecutor {
    async fn prepare(&self, job: &JobSpec, notes: &Notes) -> ExecutorResult<()> {
        self.enter(Method::Prepare, Some(job.attempt.pipeline), Some(job.attempt)).await?;
        {
            let mut state = self.world.lock();
            self.check_spec(&mut state, Method::Prepare, job);
            let begun = state.containers.get(&job.attempt).is_some_and(|c| matches!(c.phase, Phase::Begun { .. }));
            if begun {
                state.violate(self.life, format!("Prepare of {} after its start", job.attempt));
            }
        }
        let before = Instant::now();
        notes.say(Note::Open(format!("prepare {}", job.job))).await;
        let outcome = self.prepared(job).await;
        notes.say(Note::Close(before.elapsed())).await;
        outcome
    }

    async fn start(&self, job: &JobSpec) -> ExecutorResult<Handle> {
        let id = job.attempt;
        self.enter(Method::Start, Some(id.pipeline), Some(id)).await?;
        {
            let mut state = self.world.lock();
            if state.taken.contains(&(self.life, id)) {
                return Err(gone(id));
            }
            if !state.specs.contains_key(&id) {
                state.violate(self.life, format!("Start of {id}, which was never prepared"));
            }
            self.check_spec(&mut state, Method::Start, job);
            let now = Instant::now();
            let same_job = |other: &AttemptId| other.pipeline == id.pipeline && other.job == id.job && *other != id;
            // What another instance runs is in a workspace of its own.
            let ours = |c: &Container| c.instance == self.instance;
            let twin = state.containers.iter().find(|(other, c)| same_job(other) && ours(c) && c.is_running(now));
            if let Some(twin) = twin.map(|(other, _)| *other) {
                state.violate(self.life, format!("Start of {id} while {twin} of the same job runs"));
            }
        }
        self.prepared(job).await?;
        let mut state = self.world.lock();
        let now = Instant::now();
        let State { containers, began, most_side_by_side, .. } = &mut *state;
        let others = containers.values().filter(|c| c.spec.attempt != id && c.is_running(now)).count();
        let Some(container) = containers.get_mut(&id) else { return Err(gone(id)) };
        container.known_to.insert(self.life);
        if !matches!(container.phase, Phase::Begun { .. }) {
            container.phase = Phase::Begun { at: now };
            *most_side_by_side = (others + 1).max(*most_side_by_side);
            *began.entry(id).or_insert(0) += 1;
        }
        Ok(container.handle())
    }

    async fn attach(&self, attempt: AttemptId) -> ExecutorResult<Option<Handle>> {
        self.enter(Method::Attach, Some(attempt.pipeline), Some(attempt)).await?;
        let mut state = self.world.lock();
        let found = state.containers.get_mut(&attempt);
        Ok(found.filter(|c| matches!(c.phase, Phase::Begun { .. } | Phase::DeadAtGate { .. })).map(|container| {
            container.known_to.insert(self.life);
            container.handle()
        }))
    }

    async fn logs(&self, handle: &Handle, from: LogPositions) -> ExecutorResult<LogStream> {
        self.enter(Method::Logs, Some(handle.attempt.pipeline), Some(handle.attempt)).await?;
        self.check_handle(Method::Logs, handle)?;
        let reader = LogReader {
            world: Arc::clone(&self.world),
            life: self.life,
            attempt: handle.attempt,
            skip: from,
            index: 0,
            delivered: from.stdout + from.stderr,
        };
        Ok(Box::pin(stream::unfold(Some(reader), |reader| async move {
            let mut reader = reader?;
            match reader.next().await? {
                Ok(chunk) => Some((Ok(chunk), Some(reader))),
                Err(failure) => Some((Err(failure), None)),
            }
        })))
    }

    async fn wait(&self, handle: &Handle) -> ExecutorResult<Exit> {
        self.enter(Method::Wait, Some(handle.attempt.pipeline), Some(handle.attempt)).await?;
        self.check_handle(Method::Wait, handle)?;
        self.until(|state| {
            let Some(container) = state.containers.get(&handle.attempt) else {
                return Look::Answer(Err(gone(handle.attempt)));
            };
            match container.exit(Instant::now()) {
                Some(exit) => Look::Answer(Ok(exit)),
                None => Look::Again(container.end().map(|(at, _)| at)),
            }
        })
        .await
    }

    async fn stop(&self, handle: &Handle, grace: Duration) -> ExecutorResult<()> {
        self.enter(Method::Stop, Some(handle.attempt.pipeline), Some(handle.attempt)).await?;
        self.check_handle(Method::Stop, handle)?;
        if let Some(container) = self.world.lock().containers.get_mut(&handle.attempt) {
            container.ask_to_stop(grace);
        }
        self.world.changed.notify_waiters();
        self.until(|state| match state.containers.get(&handle.attempt) {
            Some(container) if container.exit(Instant::now()).is_none() => {
                Look::Again(container.end().map(|(at, _)| at))
            }
            _ => Look::Answer(()),
        })
        .await;
        Ok(())
    }

    async fn cleanup(&self, pipeline: PipelineId, _workspace: Option<&Path>) -> ExecutorResult<()> {
        self.enter(Method::Cleanup, Some(pipeline), None).await?;
        {
            let now = Instant::now();
            let mut state = self.world.lock();
            let of_pipeline = state.containers.iter().filter(|(id, _)| id.pipeline == pipeline);
            let running = of_pipeline.filter(|(_, c)| c.known_to.contains(&self.life) && c.is_running(now));
            let running: Vec<_> = running.map(|(id, _)| *id).collect();
            let in_the_dark = state.in_the_dark.contains(&(self.life, pipeline));
            for id in running.into_iter().filter(|_| !in_the_dark) {
                state.violate(self.life, format!("Cleanup while {id} runs"));
            }
            state.cleaned.insert((self.life, pipeline));
        }
        self.until(|state| {
            let doomed: Vec<_> = state.containers.keys().filter(|id| id.pipeline == pipeline).copied().collect();
            for id in doomed {
                let known_to = state.containers.remove(&id).map(|container| container.known_to).unwrap_or_default();
                state.taken.extend(known_to.into_iter().filter(|life| *life != self.life).map(|life| (life, id)));
            }
            Look::Answer(())
        })
        .await;
        self.world.changed.notify_waiters();
        Ok(())
    }

    async fn release(&self, pipeline: PipelineId) -> ExecutorResult<()> {
        self.enter(Method::Release, Some(pipeline), None).await?;
        let mut state = self.world.lock();
        state.released.insert((self.life, pipeline));
        let life = self.life;
        state.containers.retain(|id, c| id.pipeline != pipeline || (c.life != life && !c.known_to.contains(&life)));
        drop(state);
        self.world.changed.notify_waiters();
        Ok(())
    }

    async fn list_owned(&self) -> ExecutorResult<Vec<OwnedPipeline>> {
        self.enter(Method::ListOwned, None, None).await?;
        let now = Instant::now();
        let state = self.world.lock();
        let mut owned = BTreeMap::new();
        for (id, container) in state.containers.iter().filter(|(_, c)| c.is_there(now)) {
            owned.entry(id.pipeline).or_insert_with(|| OwnedPipeline {
                pipeline: id.pipeline,
                instance: container.instance.clone(),
                workspace: container.spec.workspace.clone(),
            });
        }
        Ok(owned.into_values().collect())
    }
}

/// One reader of a fake container's output.
struct LogReader {
    world: Arc<FakeWorld>,
    life: u32,
    attempt: AttemptId,
    /// Bytes of each stream still to leave out.
    skip: LogPositions,
    index: usize,
    delivered: u64,
}

impl LogReader {
    async fn next(&mut self) -> Option<ExecutorResult<LogChunk>> {
        let world = Arc::clone(&self.world);
        let life = self.life;
        watch(&world, life, |state| self.look(state)).await
    }

    fn look(&mut self, state: &mut State) -> Look<Option<ExecutorResult<LogChunk>>> {
        let now = Instant::now();
        let Some(container) = state.containers.get_mut(&self.attempt) else { return Look::Answer(None) };
        loop {
            let Some((due, stream, bytes)) = container.piece(self.index) else {
                return match container.exit(now) {
                    Some(Exit::Lost { began: true }) => Look::Answer(Some(Err(gone(self.attempt)))),
                    Some(_) => Look::Answer(None),
                    None => Look::Again(container.end().map(|(at, _)| at)),
                };
            };
            if due > now {
                return Look::Again(Some(due));
            }
            let skip = if stream == StreamKind::Stderr { &mut self.skip.stderr } else { &mut self.skip.stdout };
            let skipped = usize::try_from(*skip).unwrap_or(usize::MAX).min(bytes.len());
            let bytes = bytes.slice(skipped..);
            let breaks = container.script.logs_break_after.is_some_and(|n| self.delivered + bytes.len() as u64 > n);
            if !bytes.is_empty() && breaks && !container.logs_broke {
                container.logs_broke = true;
                let failure = Failure::new(FailureKind::EngineUnavailable, "the log stream breaks by its script");
                return Look::Answer(Some(Err(failure.retryable())));
            }
            *skip -= skipped as u64;
            self.index += 1;
            self.delivered += bytes.len() as u64;
            if !bytes.is_empty() {
                return Look::Answer(Some(Ok(LogChunk { stream, bytes, at: self.world.timestamp(due) })));
            }
        }
    }
}
