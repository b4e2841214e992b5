//! Where jobs run: the executor that is asked for, or that this machine has.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use imt_core::id::{InstanceId, StoreId};
use imt_core::ports::{Executor, Failure};
use imt_exec_docker::{DockerExecutor, Ownership};
use imt_exec_local::LocalExecutor;

use crate::args::ExecutorChoice;
use crate::error::{CliError, Result};
use crate::output;
use crate::terminal::clean;
use crate::view::place;

/// How long an engine may take to answer before `auto` does without it.
const AUTO_PATIENCE: Duration = Duration::from_secs(3);

/// Who makes what is made.
pub(crate) struct MadeBy<'a> {
    /// Where those who work on this store keep their state.
    pub(crate) home: &'a Path,
    /// Whose pipelines they are.
    pub(crate) store: StoreId,
    /// For whom.
    pub(crate) instance: InstanceId,
}

/// Where jobs run, as asked for; `auto` says what it chose when that is not the usual.
pub(crate) async fn executor(
    choice: ExecutorChoice,
    made: &MadeBy<'_>,
    warn: impl Fn(&str) + Send + Sync + 'static,
) -> Result<(Arc<dyn Executor>, &'static str)> {
    match choice {
        ExecutorChoice::Local => Ok((local(made, warn)?, "local")),
        ExecutorChoice::Docker => {
            let executor = docker(made).await.map_err(|failure| {
                let remedy = "or run the jobs on this machine with --executor local";
                let help = failure
                    .help
                    .as_deref()
                    .map_or_else(|| format!("start the engine, {remedy}"), |help| format!("{help}, {remedy}"));
                CliError::from(failure).help(help)
            })?;
            Ok((executor, "docker"))
        }
        ExecutorChoice::Auto => match tokio::time::timeout(AUTO_PATIENCE, docker(made)).await {
            Ok(Ok(executor)) => {
                output::note(&format!("running {} (--executor auto)", place("docker")));
                Ok((executor, "docker"))
            }
            Ok(Err(failure)) => auto_local(&failure.message, made, warn),
            Err(_) => auto_local("the engine does not answer", made, warn),
        },
    }
}

fn auto_local(
    why: &str,
    made: &MadeBy<'_>,
    warn: impl Fn(&str) + Send + Sync + 'static,
) -> Result<(Arc<dyn Executor>, &'static str)> {
    let executor = local(made, warn)?;
    output::note(&format!("running {}, without containers, because {} (--executor auto)", place("local"), clean(why)));
    Ok((executor, "local"))
}

fn local(made: &MadeBy<'_>, warn: impl Fn(&str) + Send + Sync + 'static) -> Result<Arc<dyn Executor>> {
    let builder = LocalExecutor::builder(made.home.join("local")).instance(made.instance.clone());
    Ok(Arc::new(builder.on_warning(warn).build()?))
}

async fn docker(made: &MadeBy<'_>) -> std::result::Result<Arc<dyn Executor>, Failure> {
    let owner = Ownership { store: made.store.clone(), instance: made.instance.clone() };
    Ok(Arc::new(DockerExecutor::builder().from_env()?.owner(owner).connect().await?))
}
