//! Driving a deployment to its end, in the name of an instance of this command, and showing it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use imt_core::deploy::machine::Step;
use imt_core::engine::{Deployer, DeploymentOutcome, EngineError, Instance, Instances, Performer, Tools};
use imt_core::id::DeploymentId;
use imt_core::ports::{
    Claimant, DeploymentStore, DeploymentSummary, NewDeployment, Publisher, Source, Target, Transport,
};
use imt_core::status::DeploymentReason;
use imt_exec_docker::DockerPublisher;
use imt_exec_docker::compose::Compose;

use super::show::{Shown, show};
use crate::args::RunOutput;
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::interrupts::Interrupts;
use crate::process::Leaves;
use crate::records::Records;
use crate::{clock, output, places};

/// How long a claim lasts that nobody renews.
const LEASE: Duration = Duration::from_secs(30);
/// How many of the target's last deployments are looked at for one that was interrupted.
const LOOKED_AT: usize = 100;

/// The first interrupt ends the deployment and undoes it, which has to be waited for.
pub(super) const fn leaves() -> Leaves {
    Leaves { after: 3, saying: Some("leaving at once; the next deployment to this target closes this one first") }
}

/// All that drives deployments to one target.
pub(super) struct Session {
    records: Records,
    tools: Tools,
    instances: Instances,
    instance: Instance,
}

impl Session {
    /// Makes everything ready.
    pub(super) async fn open(
        records: Records,
        state: &Path,
        transport: Arc<dyn Transport>,
        source: Arc<dyn Source>,
    ) -> Result<Self> {
        let home = places::home_of(&records.id().await?, state);
        let instances = Instances::open(&home)?;
        let instance = instances.acquire()?;
        let composer = Compose::find().await.map_err(|error| {
            let help = error.help();
            CliError::errored(error.to_string()).help(help).because(error)
        })?;
        let publisher = publisher(instance.dir()).await?;
        let scratch: PathBuf = instance.dir().join("checkouts");
        let tools = Tools { source, composer: Arc::new(composer), publisher, transport, scratch };
        Ok(Self { records, tools, instances, instance })
    }

    /// Drives a new deployment to its end.
    pub(super) async fn run(self, new: NewDeployment, how: RunOutput, interrupts: &Interrupts) -> Result<Exit> {
        self.close_interrupted(&new.target, how, interrupts).await?;
        let performer = Arc::new(Performer::new(&new.target, new.settings.clone(), self.tools.clone()));
        let (deployer, id) = (self.deployer(), new.id);
        let steps = Arc::clone(&performer);
        let driving = async move { deployer.deploy(new, steps).await };
        let outcome = self.attend(id, driving, how, interrupts).await;
        performer.close().await;
        let end = outcome?.end;
        if let Err(error) = self.instance.retire() {
            output::warning(&format!("this command's own records were not removed: {error}"));
        }
        Ok(Exit::of_deployment(&end))
    }

    /// Drives deployments of the target to their ends whose process is gone: one that has not begun to change what runs is
    /// called off, the others go on.
    async fn close_interrupted(&self, target: &Target, how: RunOutput, interrupts: &Interrupts) -> Result<()> {
        let store = self.store();
        let last = store.deployments(&target.project, None, LOOKED_AT).await;
        let last = last.map_err(CliError::store("look for interrupted deployments"))?.found;
        for found in last.iter().rev().filter(|found| found.target == *target && !found.status.is_terminal()) {
            if self.is_held(found)? {
                continue;
            }
            let number = found.number;
            output::note(&format!("deployment {number} was interrupted; it comes to its end first"));
            let record = store.load(found.id).await.map_err(CliError::store("read an interrupted deployment"))?;
            if !record.state.begun.contains(&Step::Up) {
                let asked = store.request_cancel(found.id, DeploymentReason::User, clock::now()).await;
                asked.map_err(CliError::store("call an interrupted deployment off"))?;
            }
            let settings = store.settings(found.id).await.map_err(CliError::store("read an interrupted deployment"))?;
            let performer = Arc::new(Performer::new(target, settings, self.tools.clone()));
            let (deployer, id, steps) = (self.deployer(), found.id, Arc::clone(&performer));
            let driving = async move { until_free(&deployer, id, steps).await };
            let outcome = self.attend(id, driving, how, interrupts).await;
            performer.close().await;
            outcome?;
        }
        Ok(())
    }

    /// Whether a living process drives it. One of this machine that is gone may have a claim that has not run out.
    fn is_held(&self, found: &DeploymentSummary) -> Result<bool> {
        match &found.holder {
            None => Ok(false),
            Some(holder) => Ok(self.instances.is_live(holder)? || !self.instances.is_known(holder)),
        }
    }

    async fn attend(
        &self,
        id: DeploymentId,
        driving: impl Future<Output = std::result::Result<DeploymentOutcome, EngineError>> + Send + 'static,
        how: RunOutput,
        interrupts: &Interrupts,
    ) -> Result<DeploymentOutcome> {
        let obeying = tokio::spawn(obey(interrupts.clone(), self.deployer(), id));
        let driving = tokio::spawn(driving);
        let shown = show(&Shown { store: self.store(), id, how }, driving).await;
        obeying.abort();
        shown
    }

    fn store(&self) -> Arc<dyn DeploymentStore> {
        self.records.deployments()
    }

    fn deployer(&self) -> Deployer {
        let claimant = Claimant { instance: self.instance.id().clone(), driving: Vec::new(), lease: LEASE };
        Deployer::new(self.store(), claimant)
    }
}

/// Drives a deployment as soon as the claim of whoever is gone has run out.
async fn until_free(
    deployer: &Deployer,
    id: DeploymentId,
    steps: Arc<Performer>,
) -> std::result::Result<DeploymentOutcome, EngineError> {
    let ends = tokio::time::Instant::now() + LEASE * 2;
    loop {
        match deployer.drive(id, Arc::clone(&steps) as _).await {
            Err(EngineError::ClaimLost(_)) if tokio::time::Instant::now() < ends => {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            over => return over,
        }
    }
}

async fn obey(interrupts: Interrupts, deployer: Deployer, id: DeploymentId) {
    interrupts.reached(1).await;
    if let Err(error) = deployer.cancel(id).await {
        // The driver meets the same store and reports it; here it must only not be silent.
        output::warning(&format!("the deployment could not be asked to end: {error}"));
    }
}

/// With the credentials of the docker command, and those of the environment before them.
async fn publisher(dir: &Path) -> Result<Arc<dyn Publisher>> {
    let _dir = dir;
    let publisher = DockerPublisher::from_env()
        .await
        .map_err(|error| CliError::errored(error.message.clone()).maybe_help(error.help.clone()).because(error))?;
    Ok(Arc::new(publisher))
}
