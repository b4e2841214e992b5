//! What a runner deploys with: keys, registry credentials, docker and compose of the user that it runs as, looked for when a
//! deployment is taken up, so that one that is put right later is found.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use imt_core::deploy::machine::Fault;
use imt_core::deploy::settings::{DeploymentSettings, Reach, TargetSettings};
use imt_core::engine::{Equipment, Instance, Performer, Steps};
use imt_core::ports::{Source, Target, Transport, TransportError, TransportErrorKind, TransportResult};
use imt_core::status::DeploymentReason;
use tokio::time::timeout;

use super::login;
use super::session::{CHECKOUTS, Engine, Means};
use super::target::registry;
use crate::error::CliError;
use crate::records::Records;
use crate::{output, reach};

/// How long the way to a target is tried before a deployment is taken up. One that does not answer in time may do so later.
const TRY_FOR: Duration = Duration::from_secs(10);

/// Why a runner on a shared store deploys to no `--local` target.
const WHOSE_MACHINE: &str =
    "`--local` is the machine of whoever deploys, and runners of several machines may use this store";
const NAME_IT: &str = "deploy to the target once with `--host`; it is remembered";

/// Refuses what runners would leave undone: a target that is not the same machine for all of them.
pub(crate) fn named_for_all<'t>(
    targets: impl IntoIterator<Item = &'t TargetSettings>,
    records: &Records,
) -> Result<(), CliError> {
    let is_local = targets.into_iter().any(|target| target.reach == Reach::Local);
    if is_local && records.is_shared() {
        return Err(CliError::usage(WHOSE_MACHINE).help(NAME_IT));
    }
    Ok(())
}

/// What a runner deploys with.
pub(crate) struct Outfit {
    source: Arc<dyn Source>,
    scratch: PathBuf,
    /// Whether "this host" may have been said on another one.
    is_shared: bool,
}

impl Outfit {
    /// That of the runner with this instance. What an earlier life of it has left in its checkouts goes.
    pub(crate) fn new(source: Arc<dyn Source>, instance: &Instance, records: &Records) -> Self {
        let scratch = instance.dir().join(CHECKOUTS);
        match std::fs::remove_dir_all(&scratch) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                output::warning(&format!("`{}` of killed deployments cannot be removed: {error}", scratch.display()));
            }
            _ => {}
        }
        Self { source, scratch, is_shared: records.is_shared() }
    }
}

#[async_trait]
impl Equipment for Outfit {
    fn transport(&self, reach: &Reach) -> TransportResult<Arc<dyn Transport>> {
        reach::unconnected(reach).map_err(|error| {
            let CliError { message, help, .. } = error;
            TransportError { help, ..TransportError::new(TransportErrorKind::Invalid, message) }
        })
    }

    async fn steps(&self, target: &Target, settings: DeploymentSettings) -> Result<Arc<dyn Steps>, Fault> {
        if self.is_shared && settings.target.reach == Reach::Local {
            return Err(Fault::new(DeploymentReason::TargetUnfit, format!("{WHOSE_MACHINE}: {NAME_IT}")));
        }
        let transport = self.transport(&settings.target.reach).map_err(unfit)?;
        enter(&*transport).await?;
        let registry = registry(&settings.target).map_err(lacking)?;
        let login = login::from_environment(registry.as_ref()).map_err(lacking)?;
        // One that puts an earlier release back needs neither engine nor compose here; any other is told by them.
        let means = Means::find(Engine::IfThere, login).await.map_err(lacking)?;
        let (tools, secrets) = means.tools(Arc::clone(&self.source), transport, self.scratch.clone());
        let performer = Performer::new(target, settings, tools);
        performer.hide(secrets);
        Ok(Arc::new(performer))
    }
}

/// A key that is missing or refused ends a deployment before anything is built. What may answer later is left to its steps.
async fn enter(transport: &dyn Transport) -> Result<(), Fault> {
    match timeout(TRY_FOR, transport.connect()).await {
        Ok(Ok(connection)) => connection.close().await,
        Ok(Err(error)) if !error.is_retryable() => return Err(unfit(error)),
        Ok(Err(_)) | Err(_) => {}
    }
    Ok(())
}

fn unfit(error: TransportError) -> Fault {
    let passphrase = error.kind == TransportErrorKind::PassphraseMissing;
    let help = format!("set {} for the runner", reach::PASSPHRASE);
    let error = if passphrase { error.with_help(help) } else { error };
    Fault::new(DeploymentReason::TargetUnfit, error.explain())
}

fn lacking(error: CliError) -> Fault {
    let help = error.help.map(|help| format!("; {help}")).unwrap_or_default();
    Fault::new(DeploymentReason::TargetUnfit, format!("{}{help}", error.message))
}
