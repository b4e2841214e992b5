//! Choosing and making what the engine stands on: instance, executor, store, source.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use imt_core::engine::{Engine, Instance, Instances, SweepReport};
use imt_core::feed::WakeSink;
use imt_core::id::StoreId;
use imt_core::plan::Variable;
use imt_core::ports::{EventSink, Executor, Failure, FailureKind, Source, Store};
use imt_core::store::MemoryStore;
use imt_exec_docker::{DockerExecutor, Ownership};
use imt_exec_local::LocalExecutor;
use imt_git::{GitSource, WorkingTree};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::args::{ExecutorChoice, RunArgs};
use crate::error::{CliError, Result};
use crate::output;
use crate::places;
use crate::planning::Planned;
use crate::terminal::clean;
use crate::view::{Facts, place};

/// How long an engine may take to answer before `auto` does without it.
const AUTO_PATIENCE: Duration = Duration::from_secs(3);
/// How long the end of a run waits for the removal of what earlier runs left.
const SWEEP_PATIENCE: Duration = Duration::from_secs(5);
/// Warnings under way to the view.
const WARNINGS: usize = 64;

/// An engine, ready to run one pipeline, and what it stands on.
pub(super) struct Assembled {
    pub(super) engine: Engine,
    pub(super) store: Arc<dyn Store>,
    /// `docker` or `local`.
    pub(super) executor_name: &'static str,
    /// The files are not those of the commit.
    pub(super) dirty: bool,
    /// What the engine has to say that belongs to no job.
    pub(super) warnings: mpsc::Receiver<String>,
    workspace_root: PathBuf,
    instance: Arc<Instance>,
    /// Removing what dead processes left goes on beside the pipeline: nobody has to wait for it.
    sweeping: JoinHandle<Result<SweepReport, imt_core::engine::EngineError>>,
}

/// Makes everything.
pub(super) async fn assemble(
    args: &RunArgs,
    planned: &Planned,
    secrets: Vec<Variable>,
    wake: Arc<WakeSink>,
) -> Result<Assembled> {
    let state = places::state_dir()?;
    if let Some(note) = &state.note {
        output::note(note);
    }
    let workspace_root = places::workspace_root()?;
    let instances = Instances::open(&state.path)?;
    let instance = Arc::new(instances.acquire()?);
    let (warn, warnings) = warnings();
    let (executor, executor_name) = executor(args.executor, &state.path, &instance, warn.clone()).await?;
    let mut store = MemoryStore::builder().log_spill(instance.dir()).on_warning(warn.clone());
    for secret in secrets {
        store = store.set_variable(planned.plan.project.clone(), secret);
    }
    let store: Arc<dyn Store> = Arc::new(store.build());
    let (source, dirty) = source(planned, &state.path, warn.clone()).await?;
    let engine = Engine::builder(executor, Arc::clone(&store))
        .source(source)
        .workspace_root(&workspace_root)
        .keep_workspaces(args.keep_workspace)
        .sink(wake as Arc<dyn EventSink>)
        .instance(Arc::clone(&instance))
        .labels(planned.plan.runs_on.iter().cloned())
        .on_warning(warn)
        .build();
    let sweeping = {
        let engine = engine.clone();
        tokio::spawn(async move { engine.sweep(&instances).await })
    };
    Ok(Assembled { engine, store, executor_name, dirty, warnings, workspace_root, instance, sweeping })
}

/// Where engine and store put their warnings, and where the view takes them.
fn warnings() -> (impl Fn(&str) + Clone + Send + Sync + 'static, mpsc::Receiver<String>) {
    let (sender, receiver) = mpsc::channel::<String>(WARNINGS);
    let warn = move |text: &str| {
        // Nobody shows it any more, or not fast enough: said at once is better than not at all.
        if sender.try_send(text.to_owned()).is_err() {
            output::warning(text);
        }
    };
    (warn, receiver)
}

impl Assembled {
    /// The directory that a pipeline's jobs work in.
    pub(super) fn workspace(&self, facts: &Facts) -> PathBuf {
        let (project, commit) = (&facts.plan.project, &facts.plan.trigger.commit);
        self.workspace_root.join(format!("{project}-{commit}-{}", facts.pipeline))
    }

    /// Ends the sweep and the instance. What cannot be done here is done by the next start, so nothing of it is an error.
    pub(super) async fn close(mut self) {
        match tokio::time::timeout(SWEEP_PATIENCE, &mut self.sweeping).await {
            Ok(Ok(Ok(report))) => tell(&report),
            Ok(Ok(Err(error))) => output::warning(&format!("what earlier runs left was not removed: {error}")),
            Ok(Err(error)) => output::warning(&format!("what earlier runs left was not removed: {error}")),
            Err(_) => {
                self.sweeping.abort();
                output::note("what earlier runs left takes longer to remove; the next run goes on with it");
            }
        }
        drop((self.engine, self.store));
        if let Some(instance) = Arc::into_inner(self.instance)
            && let Err(error) = instance.retire()
        {
            output::warning(&format!("this run's own records were not removed: {error}"));
        }
    }
}

fn tell(report: &SweepReport) {
    if !report.removed.is_empty() {
        let n = report.removed.len();
        let runs = if n == 1 { "an earlier run".to_owned() } else { format!("{n} earlier runs") };
        output::note(&format!("removed what {runs} had left behind"));
    }
    for (pipeline, why) in &report.failed {
        output::warning(&format!("what the earlier run {pipeline} left cannot be removed: {}", clean(why)));
    }
}

/// Where jobs run, as asked for; `auto` says what it chose when that is not the usual.
async fn executor(
    choice: ExecutorChoice,
    state: &Path,
    instance: &Instance,
    warn: impl Fn(&str) + Send + Sync + 'static,
) -> Result<(Arc<dyn Executor>, &'static str)> {
    match choice {
        ExecutorChoice::Local => Ok((local(state, instance, warn)?, "local")),
        ExecutorChoice::Docker => {
            let executor = docker(state, instance).await.map_err(|failure| {
                let remedy = "or run the jobs on this machine with --executor local";
                let help = failure
                    .help
                    .as_deref()
                    .map_or_else(|| format!("start the engine, {remedy}"), |help| format!("{help}, {remedy}"));
                CliError::from(failure).help(help)
            })?;
            Ok((executor, "docker"))
        }
        ExecutorChoice::Auto => match tokio::time::timeout(AUTO_PATIENCE, docker(state, instance)).await {
            Ok(Ok(executor)) => {
                output::note(&format!("running {} (--executor auto)", place("docker")));
                Ok((executor, "docker"))
            }
            Ok(Err(failure)) => auto_local(&failure.message, state, instance, warn),
            Err(_) => auto_local("the engine does not answer", state, instance, warn),
        },
    }
}

fn auto_local(
    why: &str,
    state: &Path,
    instance: &Instance,
    warn: impl Fn(&str) + Send + Sync + 'static,
) -> Result<(Arc<dyn Executor>, &'static str)> {
    let executor = local(state, instance, warn)?;
    output::note(&format!("running {}, without containers, because {} (--executor auto)", place("local"), clean(why)));
    Ok((executor, "local"))
}

fn local(state: &Path, instance: &Instance, warn: impl Fn(&str) + Send + Sync + 'static) -> Result<Arc<dyn Executor>> {
    let builder = LocalExecutor::builder(state.join("local")).instance(instance.id().clone());
    Ok(Arc::new(builder.on_warning(warn).build()?))
}

async fn docker(state: &Path, instance: &Instance) -> std::result::Result<Arc<dyn Executor>, Failure> {
    let owner = Ownership { store: store_id(state)?, instance: instance.id().clone() };
    Ok(Arc::new(DockerExecutor::builder().from_env()?.owner(owner).connect().await?))
}

/// The identity of this user's pipelines on engines that several share. Made once, so that a later run knows as its own what
/// an earlier one left.
fn store_id(state: &Path) -> std::result::Result<StoreId, Failure> {
    let path = state.join("store-id");
    let failed = |error: std::io::Error| {
        let message = format!("the file `{}` cannot be used", path.display());
        Failure::new(FailureKind::Internal, message).with_help("remove it").with_source(error)
    };
    let read = || std::fs::read_to_string(&path).map(|text| StoreId::new(text.trim()));
    match read() {
        Ok(id) if !id.as_str().is_empty() => return Ok(id),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    // Whole or not at all, and the first of two runs that start together wins.
    let mut fresh = tempfile::NamedTempFile::new_in(state).map_err(failed)?;
    std::io::Write::write_all(&mut fresh, uuid::Uuid::now_v7().to_string().as_bytes()).map_err(failed)?;
    match fresh.persist_noclobber(&path) {
        Ok(_) => {}
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(error.error)),
    }
    read().map_err(failed)
}

/// Where the workspace's files come from: one commit, or the directory as it is; and whether that differs from its commit.
async fn source(
    planned: &Planned,
    state: &Path,
    warn: impl Fn(&str) + Send + Sync + 'static,
) -> Result<(Arc<dyn Source>, bool)> {
    if planned.project.at_commit {
        return Ok((Arc::new(GitSource::builder(state.join("mirrors")).on_warning(warn).build()?), false));
    }
    let tree = WorkingTree::open(&planned.project.dir).await?;
    if let Some(depth) = tree.history_depth() {
        output::note(&format!(
            "the repository is large: jobs see its last {depth} commits and their tags (--commit gives them all of it)"
        ));
    }
    let dirty = tree.is_dirty();
    Ok((Arc::new(tree), dirty))
}
