//! The runner in the same process.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use imt_core::engine::{Deployments, Engine, Instance, Instances, Runner, RunnerFacts, ready_workspace_root};
use imt_core::id::{InstanceId, StoreId};
use imt_core::ports::{Executor, Failure};
use imt_exec_docker::{DockerExecutor, Ownership};
use imt_exec_local::LocalExecutor;
use imt_server::{Repositories, Stores};
use tokio_util::sync::CancellationToken;

use super::config::{Config, ExecutorChoice};
use super::equipment::ProjectsEquipment;
use super::error::ProgramError;

/// How long an engine may take to answer before `auto` does without it.
const AUTO_PATIENCE: Duration = Duration::from_secs(3);

/// The same where nothing can be done without it, and it may be about to start as well.
const SHARED_PATIENCE: Duration = Duration::from_secs(30);

/// How far jobs on this machine step back behind the server: who calls it waits for an answer.
const NICENESS: u8 = 10;

/// A runner that is ready, and who it is.
pub(super) struct Ready {
    runner: Runner,
    instance: Arc<Instance>,
}

impl Ready {
    /// Who it is: also who works on deliveries.
    pub(super) fn instance(&self) -> &InstanceId {
        self.instance.id()
    }

    /// Works until it is told to stop, and finishes what it has begun.
    pub(super) async fn work(self, stop: CancellationToken) -> Result<(), ProgramError> {
        let ended = |result: Result<imt_core::engine::Outcome, _>| match result {
            Ok(outcome) => {
                tracing::info!(project = %outcome.project, number = outcome.number, status = %outcome.end.status, "a pipeline ended");
            }
            Err(error) => tracing::warn!(%error, "a pipeline could not be driven"),
        };
        self.runner.run(stop.cancelled(), ended).await?;
        drop(self.runner);
        if let Some(instance) = Arc::into_inner(self.instance) {
            instance.retire()?;
        }
        Ok(())
    }
}

/// Makes it ready: nothing is taken up yet.
pub(super) async fn ready(
    config: &Config,
    store_id: StoreId,
    stores: &Stores,
    repositories: &Arc<Repositories>,
) -> Result<Ready, ProgramError> {
    let home = config.data_dir.join("runner");
    let instances = Instances::open(&home)?;
    let instance = Arc::new(instances.acquire_lasting("server")?);
    let executor = executor(config, store_id, instance.id()).await?;
    let root = config.data_dir.join("workspaces");
    ready_workspace_root(&root, rustix::process::geteuid().as_raw())?;
    let equipment = ProjectsEquipment {
        directory: Arc::clone(&stores.directory),
        source: Arc::clone(repositories) as _,
        scratch: instance.dir().join("checkouts"),
        home: config.is_single_user().then(|| config.data_dir.clone()),
    };
    let engine = Engine::builder(executor, Arc::clone(&stores.store))
        .source(Arc::clone(repositories) as _)
        .deployments(Deployments::new(Arc::clone(&stores.deployments), Arc::new(equipment)))
        .workspace_root(root)
        .instance(Arc::clone(&instance))
        .lease(config.lease)
        .on_warning(|text| tracing::warn!("{text}"))
        .build();
    engine.bury(&instances).await?;
    let runner = Runner::new(engine, Arc::clone(&stores.catalog), facts(config))
        .sweep(instances, |report| tracing::info!(removed = report.removed.len(), "swept what the dead had left"))
        .deploy(|result| match result {
            Ok(outcome) => {
                tracing::info!(project = %outcome.target.project, number = outcome.number, status = %outcome.end.status, "a deployment ended");
            }
            Err(error) => tracing::warn!(%error, "a deployment could not be driven"),
        });
    Ok(Ready { runner, instance })
}

fn facts(config: &Config) -> RunnerFacts {
    let processors = || std::thread::available_parallelism().ok().and_then(|n| u32::try_from(n.get()).ok());
    let capacity = config.runners.or_else(processors).and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    RunnerFacts { host, version: env!("CARGO_PKG_VERSION").to_owned(), capacity }
}

async fn executor(config: &Config, store: StoreId, instance: &InstanceId) -> Result<Arc<dyn Executor>, ProgramError> {
    let without = |why: &str| tracing::warn!("jobs run on this machine, without containers: {why}");
    match config.executor {
        ExecutorChoice::Docker => Ok(docker(store, instance).await?),
        ExecutorChoice::Local => {
            without("so it was said");
            Ok(local(config, instance)?)
        }
        // Whoever may push would be given this machine: nobody decides that but its operator, in words.
        ExecutorChoice::Auto if !config.is_single_user() => {
            let answered = tokio::time::timeout(SHARED_PATIENCE, docker(store, instance)).await;
            let failure = match answered {
                Ok(Ok(executor)) => return Ok(executor),
                Ok(Err(failure)) => failure.message,
                Err(_) => "the engine does not answer".to_owned(),
            };
            let error = ProgramError::new(format!("jobs need containers, and there are none to be had: {failure}"));
            Err(error.help(
                "start the engine, or say `runners = 0`; or `executor = \"local\"`, if whoever may push may do everything here",
            ))
        }
        ExecutorChoice::Auto => match tokio::time::timeout(AUTO_PATIENCE, docker(store, instance)).await {
            Ok(Ok(executor)) => Ok(executor),
            Ok(Err(failure)) => {
                without(&failure.message);
                Ok(local(config, instance)?)
            }
            Err(_) => {
                without("the engine does not answer");
                Ok(local(config, instance)?)
            }
        },
    }
}

async fn docker(store: StoreId, instance: &InstanceId) -> Result<Arc<dyn Executor>, Failure> {
    let owner = Ownership { store, instance: instance.clone() };
    Ok(Arc::new(DockerExecutor::builder().from_env()?.owner(owner).connect().await?))
}

fn local(config: &Config, instance: &InstanceId) -> Result<Arc<dyn Executor>, Failure> {
    let builder = LocalExecutor::builder(config.data_dir.join("local")).instance(instance.clone()).niceness(NICENESS);
    Ok(Arc::new(builder.on_warning(|text| tracing::warn!("{text}")).build()?))
}
