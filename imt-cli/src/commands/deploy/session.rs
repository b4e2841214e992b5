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
use imt_core::id::{DeploymentId, InstanceId};
use imt_core::ports::{Claimant, Composer, DeploymentStore, NewDeployment, Publisher, Source, Target, Transport};
use imt_core::secret::Secret;
use imt_core::status::{DeploymentReason, DeploymentStatus};
use imt_exec_docker::DockerPublisher;
use imt_exec_docker::compose::{Compose, ComposeError, TargetCompose};

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
    /// The compose of this machine, where it has one.
    compose: Option<Compose>,
    publisher: Arc<dyn Publisher>,
    /// What is shown to the registry, over what the docker command knows.
    login: Option<RegistryLogin>,
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

impl Means {
    /// Looks for them.
    pub(super) async fn find(engine: Engine, login: Option<RegistryLogin>) -> Result<Self> {
        let compose = Compose::find().await;
        let no_compose = compose.as_ref().err().map(builds_nothing);
        let reads = compose.as_ref().ok().cloned();
        let publisher = match (publisher(compose, login.clone()).await, no_compose) {
            (Ok(found), _) => found,
            // Where nothing can be built, it may be that nothing has to.
            (Err(_), Some(missing)) => Arc::new(NotHere::because(&missing, login.clone())),
            (Err(missing), None) if engine == Engine::IfThere => Arc::new(NotHere::because(&missing, login.clone())),
            (Err(missing), None) => return Err(missing),
        };
        Ok(Self { compose: reads, publisher, login })
    }

    /// Them as what a deployment to this target is done with, and what is not to be seen in its log.
    pub(super) fn tools(
        self,
        source: Arc<dyn Source>,
        transport: Arc<dyn Transport>,
        scratch: PathBuf,
    ) -> (Tools, Vec<Secret>) {
        let Self { compose, publisher, login } = self;
        let composer = composer(compose, &transport);
        let secrets = login.iter().map(|login| login.secret().clone()).collect();
        (Tools { source, composer, publisher, transport, scratch }, secrets)
    }
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
        let home = places::home_of(&records.id().await?, state);
        let instances = Instances::open(&home)?;
        let instance = instances.acquire()?;
        remove_checkouts_of_the_dead(&instances)?;
        let scratch: PathBuf = instance.dir().join(CHECKOUTS);
        let commits: Arc<dyn Source> = Arc::new(Sources::new(state, output::warning));
        let outfit = Outfit::new(Arc::clone(&commits), &instance, &records);
        let deployments = Deployments::new(records.deployments(), Arc::new(outfit));
        let (tools, secrets) = means.tools(source, transport, scratch);
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
            // Who drove it, locked by us, where that is a process of this machine that is gone.
            let predecessor = match &found.holder {
                None => None,
                Some(holder) => match self.instances.succeed(holder)? {
                    None => continue,
                    gone => gone,
                },
            };
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
            // Of one that is provably gone the claim is ours at once, whatever is left of its lease.
            let instance = predecessor.as_ref().unwrap_or(&self.instance).id();
            let (deployer, id, steps) = (self.deployer_as(instance), found.id, Arc::clone(&performer));
            let driving = async move { until_free(&deployer, id, steps).await };
            let seen = self.attend(&shown, driving, interrupts).await;
            performer.close().await;
            let seen = seen?;
            tell_end(how, &seen, self.left(&record.spec, &seen.outcome).await.as_ref())?;
            if let Some(Err(error)) = predecessor.map(Instance::retire) {
                output::warning(&format!("the records of a killed command were not removed: {error}"));
            }
        }
        Ok(())
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
        self.deployer_as(self.instance.id())
    }

    fn deployer_as(&self, instance: &InstanceId) -> Deployer {
        let claimant = Claimant { instance: instance.clone(), driving: Vec::new(), lease: LEASE };
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

/// What builds and pushes, with the credentials of the docker command and those given.
async fn publisher(
    compose: std::result::Result<Compose, ComposeError>,
    login: Option<RegistryLogin>,
) -> Result<Arc<dyn Publisher>> {
    let publisher = DockerPublisher::with_compose(compose)
        .await
        .map_err(|error| CliError::errored(error.message.clone()).maybe_help(error.help.clone()).because(error))?;
    let publisher = if let Some(login) = login { publisher.with_login(login) } else { publisher };
    Ok(Arc::new(publisher))
}

/// What understands the project: the compose of this machine, or else that of the target.
pub(super) fn composer(here: Option<Compose>, transport: &Arc<dyn Transport>) -> Arc<dyn Composer> {
    match here {
        Some(compose) => Arc::new(compose),
        None => Arc::new(TargetCompose::new(Arc::clone(transport))),
    }
}

/// Why nothing can be built here.
fn builds_nothing(error: &ComposeError) -> CliError {
    CliError::errored(format!("images are built on this machine, and {}", error.in_words())).help(error.help())
}
