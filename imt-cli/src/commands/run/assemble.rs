//! Choosing and making what the engine stands on: instance, executor, store, source.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use imt_core::engine::{Engine, Instance, Instances, SweepReport};
use imt_core::feed::WakeSink;
use imt_core::plan::Variable;
use imt_core::ports::{EventSink, Source, Store};
use imt_core::store::MemoryStore;
use imt_git::{GitSource, WorkingTree};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::args::RunArgs;
use crate::error::{CliError, Result};
use crate::executors::{MadeBy, executor};
use crate::output;
use crate::places;
use crate::planning::Planned;
use crate::records;
use crate::terminal::clean;
use crate::view::Facts;

/// How long the end of a run waits for the removal of what earlier runs left.
const SWEEP_PATIENCE: Duration = Duration::from_secs(5);
/// Warnings under way to the view.
const WARNINGS: usize = 64;

/// An engine, ready to run one pipeline, and what it stands on.
pub(super) struct Assembled {
    pub(super) engine: Engine,
    /// Where it is driven.
    pub(super) store: Arc<dyn Store>,
    /// Where it is recorded.
    pub(super) record: Arc<dyn Store>,
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
    let (warn, warnings) = warnings();
    let opening = async {
        let records = records::open_to_attend(&state.path, &args.store).await?;
        let id = records.id().await?;
        Ok((records, id))
    };
    // One asks a database and the other git, and neither needs the other.
    let ((records, store_id), (source, dirty)) = tokio::try_join!(opening, source(planned, &state.path, warn.clone()))?;
    let home = places::home_of(&store_id, &state.path);
    let instances = Instances::open(&home)?;
    let instance = Arc::new(instances.acquire()?);
    let made = MadeBy { home: &home, store: store_id, instance: instance.id().clone() };
    let (executor, executor_name) = executor(args.executor, &made, warn.clone()).await?;
    // Driven in memory, so that nothing of it waits for the record, or ends with it.
    let mut store = MemoryStore::builder().log_spill(instance.dir()).on_warning(warn.clone());
    for variable in variables(records.store().as_ref(), planned, secrets).await? {
        store = store.set_variable(planned.plan.project.clone(), variable);
    }
    let store: Arc<dyn Store> = Arc::new(store.build());
    let janitor = Engine::builder(Arc::clone(&executor), records.store())
        .workspace_root(&workspace_root)
        .instance(Arc::clone(&instance))
        .on_warning(warn.clone())
        .build();
    let engine = Engine::builder(executor, Arc::clone(&store))
        .source(source)
        .workspace_root(&workspace_root)
        .keep_workspaces(args.keep_workspace)
        .sink(wake as Arc<dyn EventSink>)
        .instance(Arc::clone(&instance))
        .on_warning(warn)
        .build();
    let sweeping = tokio::spawn(async move {
        // What they were running ends first: it is over then, and may be removed.
        janitor.bury(&instances).await?;
        janitor.sweep(&instances).await
    });
    let record = records.store();
    Ok(Assembled { engine, store, record, executor_name, dirty, warnings, workspace_root, instance, sweeping })
}

/// The project's variables, as the store of the record has them, and the secrets of this run, which win.
async fn variables(record: &dyn Store, planned: &Planned, secrets: Vec<Variable>) -> Result<Vec<Variable>> {
    let stored = record.variables(&planned.plan.project).await;
    let mut all = stored.map_err(CliError::store("read the project's variables"))?.current;
    all.retain(|variable| secrets.iter().all(|secret| secret.name != variable.name));
    all.extend(secrets);
    Ok(all)
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

    /// Ends the sweep and the instance, unless something is `left` for the next start to end. What cannot be done here is done
    /// by that, so nothing of it is an error.
    pub(super) async fn close(mut self, left: bool) {
        match tokio::time::timeout(SWEEP_PATIENCE, &mut self.sweeping).await {
            Ok(Ok(Ok(report))) => tell(&report),
            Ok(Ok(Err(error))) => output::warning(&format!("what earlier runs left was not removed: {error}")),
            Ok(Err(error)) => output::warning(&format!("what earlier runs left was not removed: {error}")),
            Err(_) => {
                self.sweeping.abort();
                output::note("what earlier runs left takes longer to remove; the next run goes on with it");
            }
        }
        drop((self.engine, self.store, self.record));
        if left {
            return;
        }
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
