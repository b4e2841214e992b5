//! The executor itself: who runs, who is known, what is left.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use imt_core::id::{AttemptId, InstanceId, PipelineId};
use imt_core::pipeline::Resources;
use imt_core::ports::{
    Executor, ExecutorResult, Exit, Failure, FailureKind, Handle, JobSpec, LogPositions, LogStream, Note, Notes,
    OwnedPipeline, Warn,
};

use crate::attempt::Attempt;
use crate::launch::{self, Surroundings};
use crate::records::Records;
use crate::spool::Spool;
use crate::tree::{self, Prey};
use crate::unlock::unlock;

/// Runs jobs as processes of this host. See the [crate](crate).
///
/// Dropping it kills what runs, as long as the tokio runtime lives.
#[derive(Debug)]
pub struct LocalExecutor {
    surroundings: Surroundings,
    records: Records,
    attempts: Mutex<BTreeMap<AttemptId, Arc<Attempt>>>,
    /// Pipelines recorded in this life.
    owned: Mutex<BTreeSet<PipelineId>>,
    /// Pipelines that were told what is not enforced.
    told: Mutex<BTreeSet<PipelineId>>,
    warn: Warn,
}

/// How a [`LocalExecutor`] is made.
#[derive(Debug, Clone)]
pub struct LocalExecutorBuilder {
    state: PathBuf,
    instance: InstanceId,
    path: Option<String>,
    home: Option<PathBuf>,
    niceness: u8,
    warn: Warn,
}

impl LocalExecutor {
    /// An executor that keeps its records (what runs, output that is too big for memory) in this directory, which is made
    /// if need be. Executors that share it find and clean up what dead ones left.
    pub fn builder(state: impl Into<PathBuf>) -> LocalExecutorBuilder {
        LocalExecutorBuilder {
            state: state.into(),
            instance: InstanceId::new("local"),
            path: None,
            home: None,
            niceness: 0,
            warn: Warn::default(),
        }
    }

    fn attempts(&self) -> MutexGuard<'_, BTreeMap<AttemptId, Arc<Attempt>>> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The attempts of a pipeline, told to end at once.
    fn doom(&self, pipeline: PipelineId) -> Vec<(AttemptId, Arc<Attempt>)> {
        let attempts = self.attempts();
        let doomed = attempts.iter().filter(|(id, _)| id.pipeline == pipeline);
        doomed.inspect(|(_, attempt)| attempt.ask_to_stop(Duration::ZERO)).map(|(id, a)| (*id, Arc::clone(a))).collect()
    }

    fn find(&self, handle: &Handle) -> ExecutorResult<Arc<Attempt>> {
        self.attempts().get(&handle.attempt).cloned().ok_or_else(|| {
            let text = format!("attempt {} is not known to this local executor", handle.attempt);
            Failure::new(FailureKind::Internal, text)
        })
    }

    /// Checks the job and records its pipeline.
    fn ready(&self, job: &JobSpec) -> ExecutorResult<()> {
        launch::check(job, &self.surroundings)?;
        let mut owned = self.owned.lock().unwrap_or_else(PoisonError::into_inner);
        if !owned.contains(&job.attempt.pipeline) {
            self.records.own(job.attempt.pipeline, job.workspace.as_deref())?;
            owned.insert(job.attempt.pipeline);
        }
        Ok(())
    }
}

impl LocalExecutorBuilder {
    /// Whose records these are; `local` if not set.
    #[must_use]
    pub fn instance(mut self, instance: InstanceId) -> Self {
        self.instance = instance;
        self
    }

    /// `PATH` of the jobs; that of this process if not set.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// `HOME` of the jobs; a private directory per pipeline, removed with it, if not set.
    #[must_use]
    pub fn home(mut self, home: impl Into<PathBuf>) -> Self {
        self.home = Some(home.into());
        self
    }

    /// By how much jobs are nicer than this process, as `nice` counts; 0 if not set. A process that answers callers wants to go
    /// before its jobs.
    #[must_use]
    pub fn niceness(mut self, niceness: u8) -> Self {
        self.niceness = niceness;
        self
    }

    /// Who is told of processes that a job left and that cannot be ended; nobody if not set. Such a job ends as its shell did.
    #[must_use]
    pub fn on_warning(mut self, warn: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.warn = Warn::new(warn);
        self
    }

    /// Makes the executor.
    ///
    /// # Errors
    /// When the directory of records cannot be made.
    pub fn build(self) -> Result<LocalExecutor, Failure> {
        let own = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let path = self.path.or_else(|| own("PATH"));
        let path = path.unwrap_or_else(|| "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned());
        // With a terminal of ours, a job in the background of its session would hang on its first word to it.
        let has_terminal = OpenOptions::new().read(true).open("/dev/tty").is_ok();
        let own_session = has_terminal && which::which_in("setsid", Some(&path), "/").is_ok();
        let lang = own("LANG").unwrap_or_else(|| "C.UTF-8".to_owned());
        Ok(LocalExecutor {
            surroundings: Surroundings { path, lang, home: self.home, own_session, niceness: self.niceness },
            records: Records::open(self.state, self.instance)?,
            attempts: Mutex::default(),
            owned: Mutex::default(),
            told: Mutex::default(),
            warn: self.warn,
        })
    }
}

impl Drop for LocalExecutor {
    fn drop(&mut self) {
        for attempt in self.attempts().values() {
            attempt.ask_to_stop(Duration::ZERO);
        }
    }
}

#[async_trait]
impl Executor for LocalExecutor {
    async fn prepare(&self, job: &JobSpec, notes: &Notes) -> ExecutorResult<()> {
        self.ready(job)?;
        let first = self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(job.attempt.pipeline);
        if first && job.resources != Resources::default() {
            let text = "the local executor does not enforce limits of memory, processor and processes";
            notes.say(Note::Line(text.to_owned())).await;
        }
        Ok(())
    }

    async fn start(&self, job: &JobSpec) -> ExecutorResult<Handle> {
        // Held to the end: two starts of an attempt at once are one. Nothing in here waits for anybody.
        let mut attempts = self.attempts();
        if let Some(attempt) = attempts.get(&job.attempt) {
            return Ok(attempt.handle());
        }
        self.ready(job)?;
        let launched = launch::launch(job, &self.surroundings, &self.records)?;
        let leader = launched.leader;
        let attempt = Attempt::new(job.attempt, leader.pid, Spool::new(self.records.file(job.attempt, "log")));
        attempts.insert(job.attempt, Arc::clone(&attempt));
        let handle = attempt.handle();
        // The script runs, whatever comes of the record: without it, a later life still finds the processes by their mark.
        // Written before the attempt is followed, because its end removes it.
        drop(self.records.running(job.attempt, leader, self.surroundings.session_of(leader.pid)));
        let (records, warn, id, name) = (self.records.clone(), self.warn.clone(), job.attempt, job.job.clone());
        tokio::spawn(attempt.drive(launched, move |left| match left {
            Some(left) => warn.say(&format!("job `{name}`: {left}")),
            None => records.over(id),
        }));
        Ok(handle)
    }

    /// Only an attempt of this life can be followed. What a dead life left of it is ended, so that it does not run beside
    /// its next try.
    async fn attach(&self, attempt: AttemptId) -> ExecutorResult<Option<Handle>> {
        if let Some(attempt) = self.attempts().get(&attempt) {
            return Ok(Some(attempt.handle()));
        }
        if self.records.pipeline_dir(attempt.pipeline).exists() {
            let groups = self.records.group_of(attempt).into_iter().collect();
            tree::kill(Prey::dead_attempt(attempt, groups)).await?;
        }
        Ok(None)
    }

    async fn logs(&self, handle: &Handle, from: LogPositions) -> ExecutorResult<LogStream> {
        Ok(self.find(handle)?.spool.read(from))
    }

    async fn wait(&self, handle: &Handle) -> ExecutorResult<Exit> {
        self.find(handle)?.ended().await
    }

    async fn stop(&self, handle: &Handle, grace: Duration) -> ExecutorResult<()> {
        let attempt = self.find(handle)?;
        attempt.ask_to_stop(grace);
        attempt.gone().await
    }

    async fn cleanup(&self, pipeline: PipelineId, workspace: Option<&Path>) -> ExecutorResult<()> {
        let doomed = self.doom(pipeline);
        let mut outcome = Ok(());
        for (_, attempt) in &doomed {
            outcome = outcome.and(attempt.gone().await);
        }
        if self.records.pipeline_dir(pipeline).exists() {
            let groups = self.records.groups(pipeline);
            outcome = outcome.and(tree::kill(Prey::pipeline(pipeline, groups)).await);
        }
        outcome?;
        let (records, workspace) = (self.records.clone(), workspace.map(Path::to_owned));
        let removal = tokio::task::spawn_blocking(move || {
            if let Some(workspace) = workspace.filter(|_| !rustix::process::geteuid().is_root()) {
                unlock(&workspace);
            }
            records.forget(pipeline)
        });
        removal.await.map_err(|error| {
            Failure::new(FailureKind::Internal, "removing what a pipeline left failed").with_source(error)
        })??;
        let mut attempts = self.attempts();
        for (id, _) in doomed {
            attempts.remove(&id);
        }
        self.owned.lock().unwrap_or_else(PoisonError::into_inner).remove(&pipeline);
        self.told.lock().unwrap_or_else(PoisonError::into_inner).remove(&pipeline);
        Ok(())
    }

    /// Records and homes stay: they are of the pipeline, and whoever drives it now may use them.
    async fn release(&self, pipeline: PipelineId) -> ExecutorResult<()> {
        let doomed = self.doom(pipeline);
        let mut outcome = Ok(());
        for (id, attempt) in doomed {
            match attempt.ended().await {
                Ok(_) => drop(self.attempts().remove(&id)),
                Err(failure) => outcome = Err(failure),
            }
        }
        // Should we take it up again, it is recorded again: it may have been cleaned up meanwhile.
        self.owned.lock().unwrap_or_else(PoisonError::into_inner).remove(&pipeline);
        outcome
    }

    async fn list_owned(&self) -> ExecutorResult<Vec<OwnedPipeline>> {
        self.records.list()
    }
}
