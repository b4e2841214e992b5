//! Driving a deployment to its end, in the name of an instance of this command, and showing it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use imt_core::deploy::command::{ComposeProject, RegistryLogin};
use imt_core::deploy::machine::{DeploymentKind, DeploymentSpec, DeploymentState, Step, steps_left};
use imt_core::deploy::plan::by_hand;
use imt_core::deploy::settings::DeploymentSettings;
use imt_core::engine::{
    Deployer, DeploymentOutcome, Deployments, EngineError, Instance, Instances, Performer, Site, SiteError, Tools,
};
use imt_core::id::DeploymentId;
use imt_core::ports::{
    Claimant, Composer, DeploymentStore, DeploymentSummary, NewDeployment, Publisher, Source, Target, Transport,
};
use imt_core::secret::Secret;
use imt_core::status::{DeploymentReason, DeploymentStatus};
use imt_exec_docker::DockerPublisher;
use imt_exec_docker::compose::Compose;

use super::late::NotHere;
use super::outfit::Outfit;
use super::show::{Left, Seen, Shown, show, tell_end};
use crate::args::RunOutput;
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::interrupts::Interrupts;
use crate::process::Leaves;
use crate::records::Records;
use crate::sources::Sources;
use crate::{clock, output, places};

/// How long a claim lasts that nobody renews.
const LEASE: Duration = Duration::from_secs(30);
/// Where an instance's checkouts lie.
pub(super) const CHECKOUTS: &str = "checkouts";
/// How many of the target's last deployments are looked at for one that was interrupted.
const LOOKED_AT: usize = 100;

/// The first interrupt ends the deployment and undoes it, which has to be waited for.
pub(super) const fn leaves() -> Leaves {
    Leaves { after: 3, saying: Some("leaving at once; the next deployment to this target closes this one first") }
}

/// What a session works with on this machine.
pub(super) struct Means {
    pub(super) engine: Engine,
    /// What is shown to the registry, over what the docker command knows.
    pub(super) login: Option<RegistryLogin>,
}

/// Whether what builds images has to be on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    /// Without it nothing is begun.
    Needed,
    /// It is needed only for another deployment that was interrupted.
    IfThere,
}

/// All that drives deployments to one target.
pub(super) struct Session {
    records: Records,
    tools: Tools,
    instances: Instances,
    instance: Instance,
    /// Not to be seen in any log.
    secrets: Vec<Secret>,
    /// Where commits come from, whatever this command deploys: a deployment that was interrupted is of a commit of its own.
    commits: Arc<dyn Source>,
    /// What a deployment of a runner's pipeline is handed on to, should it end well here.
    deployments: Deployments,
}

impl Session {
    /// Makes everything ready.
    pub(super) async fn open(
        records: Records,
        state: &Path,
        transport: Arc<dyn Transport>,
        source: Arc<dyn Source>,
        means: Means,
    ) -> Result<Self> {
        let Means { engine, login } = means;
        let secrets = login.iter().map(|login| login.secret().clone()).collect();
        let home = places::home_of(&records.id().await?, state);
        let instances = Instances::open(&home)?;
        let instance = instances.acquire()?;
        remove_checkouts_of_the_dead(&instances)?;
        let (composer, publisher) = match builder(login.clone()).await {
            Ok(found) => found,
            Err(missing) if engine == Engine::IfThere => {
                let missing = Arc::new(NotHere::because(&missing, login));
                (Arc::clone(&missing) as Arc<dyn Composer>, missing as Arc<dyn Publisher>)
            }
            Err(missing) => return Err(missing),
        };
        let scratch: PathBuf = instance.dir().join(CHECKOUTS);
        let commits: Arc<dyn Source> = Arc::new(Sources::new(state, output::warning));
        let outfit = Outfit::new(Arc::clone(&commits), &instance);
        let deployments = Deployments::new(records.deployments(), Arc::new(outfit));
        let tools = Tools { source, composer, publisher, transport, scratch };
        Ok(Self { records, tools, instances, instance, secrets, commits, deployments })
    }

    /// Drives a new deployment to its end.
    pub(super) async fn run(self, new: NewDeployment, how: RunOutput, interrupts: &Interrupts) -> Result<Exit> {
        self.close_interrupted(&new.target, how, interrupts).await?;
        let performer = self.performer(&new.target, new.settings.clone(), self.tools.clone());
        let shown = Shown { store: self.store(), id: new.id, how, title: title(&new), goes_on: false };
        let (deployer, spec, steps) = (self.deployer(), new.spec.clone(), Arc::clone(&performer));
        let driving = async move { deployer.deploy(new, steps).await };
        let seen = self.attend(&shown, driving, interrupts).await;
        performer.close().await;
        let seen = seen?;
        tell_end(how, &seen, self.left(&spec, &seen.outcome).await.as_ref())?;
        let end = seen.outcome.end;
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
            let tools = Tools { source: Arc::clone(&self.commits), ..self.tools.clone() };
            let performer = self.performer(target, settings, tools);
            let title = format!("going on with deployment {number}");
            let shown = Shown { store: Arc::clone(&store), id: found.id, how, title, goes_on: true };
            let (deployer, id, steps) = (self.deployer(), found.id, Arc::clone(&performer));
            let driving = async move { until_free(&deployer, id, steps).await };
            let seen = self.attend(&shown, driving, interrupts).await;
            performer.close().await;
            let seen = seen?;
            tell_end(how, &seen, self.left(&record.spec, &seen.outcome).await.as_ref())?;
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
        shown: &Shown,
        driving: impl Future<Output = std::result::Result<DeploymentOutcome, EngineError>> + Send + 'static,
        interrupts: &Interrupts,
    ) -> Result<Seen> {
        let obeying = tokio::spawn(obey(interrupts.clone(), self.deployer(), shown.id));
        let seen = show(shown, tokio::spawn(driving)).await;
        obeying.abort();
        seen
    }

    /// What is left to do by hand, where the way back has failed.
    async fn left(&self, spec: &DeploymentSpec, outcome: &DeploymentOutcome) -> Option<Left> {
        if outcome.end.status != DeploymentStatus::RollbackFailed {
            return None;
        }
        let (state, target) = (&outcome.state, &outcome.target);
        let steps = steps_left(spec, state);
        let site = Site::new(Arc::clone(&self.tools.transport), target.project.clone(), &target.environment);
        // Where the target does not say what the commands are made of, the steps have to do.
        let commands = commands_left(&site, &steps, state).await.unwrap_or_default();
        site.close().await;
        Some(Left { steps, commands })
    }

    fn performer(&self, target: &Target, settings: DeploymentSettings, tools: Tools) -> Arc<Performer> {
        let performer = Performer::new(target, settings, tools);
        performer.hide(self.secrets.iter().cloned());
        Arc::new(performer)
    }

    fn store(&self) -> Arc<dyn DeploymentStore> {
        self.records.deployments()
    }

    fn deployer(&self) -> Deployer {
        let claimant = Claimant { instance: self.instance.id().clone(), driving: Vec::new(), lease: LEASE };
        Deployer::new(self.store(), claimant).go_on_with(self.records.store(), self.deployments.clone())
    }
}

/// A command that was killed leaves its checkout, and the variables that were supplied beside it.
fn remove_checkouts_of_the_dead(instances: &Instances) -> Result<()> {
    // One that cannot be told is taken for alive.
    for dead in instances.dead(|_| {})? {
        let left = dead.dir().join(CHECKOUTS);
        match std::fs::remove_dir_all(&left) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                output::warning(&format!("`{}` of a killed deployment cannot be removed: {error}", left.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

async fn commands_left(
    site: &Site,
    steps: &[Step],
    state: &DeploymentState,
) -> std::result::Result<Vec<String>, SiteError> {
    let Some(restore) = state.restore else { return Ok(Vec::new()) };
    let (dir, release) = (site.directory().await?, site.release(restore).await?);
    Ok(by_hand(steps, &dir, &release, &ComposeProject::of_release(&dir, &release), state))
}

/// What a deployment does, for people.
fn title(new: &NewDeployment) -> String {
    let Target { project, environment, host } = &new.target;
    let (commit, where_to) = (new.commit.short(), format!("{project}/{environment} on {host}"));
    match new.spec.kind {
        DeploymentKind::New => format!("deploying {commit} to {where_to}"),
        DeploymentKind::Earlier(_) => format!("putting {commit} back on {where_to}"),
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

/// What understands the project, and what builds and pushes, with the credentials of the docker command and those given.
pub(super) async fn builder(login: Option<RegistryLogin>) -> Result<(Arc<dyn Composer>, Arc<dyn Publisher>)> {
    let composer = composer().await?;
    let publisher = DockerPublisher::from_env()
        .await
        .map_err(|error| CliError::errored(error.message.clone()).maybe_help(error.help.clone()).because(error))?;
    let publisher = if let Some(login) = login { publisher.with_login(login) } else { publisher };
    Ok((Arc::new(composer), Arc::new(publisher)))
}

/// What understands the project.
pub(super) async fn composer() -> Result<Compose> {
    Compose::find().await.map_err(|error| {
        let help = error.help();
        CliError::errored(format!("the project is read on this machine, and {error}")).help(help).because(error)
    })
}
