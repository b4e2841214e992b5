//! The deployments that the pipeline file has for what is run: found possible before, and for `imt run --deploy` made once it has
//! succeeded.

use std::path::PathBuf;
use std::sync::Arc;

use imt_core::deploy::settings::{DeploymentSettings, TargetSettings};
use imt_core::engine::following;
use imt_core::id::{DeploymentId, PipelineId};
use imt_core::pipeline::DeploymentDefinition;
use imt_core::plan::Plan;
use imt_core::ports::NewDeployment;

use super::login;
use super::origin::{Asked, Origin, origin};
use super::session::{Engine, Means, Session};
use super::target::registry;
use crate::args::{RunArgs, RunOutput, StoreArgs};
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::interrupts::Interrupts;
use crate::records::Records;
use crate::{clock, places, reach, records};

/// What follows, once it was found to be possible.
pub(crate) struct FollowUp {
    state: PathBuf,
    store: StoreArgs,
    plan: Plan,
    origin: Origin,
    wanted: Vec<(DeploymentDefinition, TargetSettings)>,
}

impl FollowUp {
    /// Finds out before the pipeline whether its deployments are possible: a commit to deploy, and a target for each.
    pub(crate) async fn prepare(args: &RunArgs, plan: &Plan) -> Result<Self> {
        let state = places::state_dir()?.path;
        let asked = Asked { dir: args.project.dir.clone(), commit: args.project.commit.clone(), dirty: false };
        let origin = origin(&asked, DeploymentId::generate(), &state).await?;
        let records = records::open_to_seal(&args.store).await?;
        let wanted = wanted(plan, &records).await?;
        Ok(Self { state, store: args.store.clone(), plan: plan.clone(), origin, wanted })
    }

    /// Deploys, one after the other; what follows one that does not succeed is left out.
    pub(crate) async fn run(self, pipeline: PipelineId, how: RunOutput, interrupts: &Interrupts) -> Result<Exit> {
        for (definition, remembered) in &self.wanted {
            let exit = Box::pin(self.deploy(definition, remembered, pipeline, how, interrupts)).await?;
            if exit != Exit::Success {
                return Ok(exit);
            }
        }
        Ok(Exit::Success)
    }

    async fn deploy(
        &self,
        definition: &DeploymentDefinition,
        remembered: &TargetSettings,
        pipeline: PipelineId,
        how: RunOutput,
        interrupts: &Interrupts,
    ) -> Result<Exit> {
        let settings = DeploymentSettings::of_file(definition, self.origin.repository.clone(), remembered.clone());
        let transport = reach::connected(&settings.target.reach).await?;
        let login = login::from_environment(registry(&settings.target)?.as_ref())?;
        let host = transport.host();
        let new = following(&self.plan, pipeline, definition, settings, host, clock::now());
        let new = NewDeployment { commit: self.origin.commit.clone(), ..new };
        let records = records::open_to_seal(&self.store).await?;
        let means = Means::find(Engine::Needed, login).await?;
        let session = Session::open(records, &self.state, transport, Arc::clone(&self.origin.source), means).await?;
        session.run(new, how, interrupts).await
    }
}

/// The deployments that follow a plan's success, each with its target, which has to be known.
pub(crate) async fn wanted(plan: &Plan, records: &Records) -> Result<Vec<(DeploymentDefinition, TargetSettings)>> {
    let (project, mut wanted) = (&plan.project, Vec::new());
    for definition in plan.deployments_to_run() {
        let environment = &definition.environment;
        let remembered = records.deployments().target(project, environment).await;
        let remembered = remembered.map_err(CliError::store("look for what is remembered of the target"))?;
        let remembered = remembered.ok_or_else(|| {
            CliError::usage(format!("nothing is known of a target for {project}/{environment}")).help(format!(
                "deploy to it once: imt deploy --project {project} --environment {environment} --host …; it is remembered"
            ))
        })?;
        wanted.push((definition.clone(), remembered));
    }
    if wanted.is_empty() {
        return Err(CliError::usage("the pipeline file has no deployment for what is run")
            .help("see its `deploy` section and the `when` in it, or leave --deploy out"));
    }
    Ok(wanted)
}
