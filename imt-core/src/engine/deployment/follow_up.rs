//! Going on from a pipeline that has succeeded to its deployments, one after the other.
//!
//! The next deployment is accepted before the end of what it follows is committed, under a key made of the pipeline and the
//! environment: whoever comes again after a crash accepts the same one. Drives nothing.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::equipment::Equipment;
use crate::deploy::machine::DeploymentSpec;
use crate::deploy::settings::{DeploymentSettings, TargetSettings};
use crate::engine::problem::chain;
use crate::engine::retry::until_available;
use crate::id::{DeploymentId, PipelineId};
use crate::pipeline::DeploymentDefinition;
use crate::plan::Plan;
use crate::ports::{DeploymentRecord, DeploymentStore, NewDeployment, Store, StoreError, Target};
use crate::schedule::Problem;
use crate::status::Reason;
use crate::time::Timestamp;

/// How long a deployment that nobody sits in front of waits for another one of the same target.
pub const LOCK_WAIT: Duration = Duration::from_mins(10);

/// A store's deployments, and what this host has to drive them: what an engine hands successful pipelines on to.
#[derive(Clone)]
pub struct Deployments {
    pub(super) store: Arc<dyn DeploymentStore>,
    pub(super) equipment: Arc<dyn Equipment>,
    /// Told when one was accepted here.
    pub(super) accepted: Arc<Notify>,
}

impl fmt::Debug for Deployments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Deployments")
    }
}

/// Why what was to follow does not.
#[derive(Debug, thiserror::Error)]
pub(in crate::engine) enum NotFollowed {
    #[error(
        "nothing is known of a target for {project}/{environment}; deploy to it once with `imt deploy --environment \
         {environment}`, which is remembered, then retry the pipeline",
        project = .0.project, environment = .1
    )]
    NoTarget(Box<Plan>, String),
    #[error("the plan does not say which repository is to be deployed")]
    NoRepository,
    #[error("the target of {0} cannot be reached as it is remembered")]
    Unreachable(String, #[source] crate::ports::TransportError),
    #[error("could not {0}")]
    Store(&'static str, #[source] StoreError),
}

impl From<NotFollowed> for Problem {
    fn from(error: NotFollowed) -> Self {
        Self { reason: Reason::NotDeployed, detail: format!("not deployed: {}", chain(&error)) }
    }
}

impl Deployments {
    /// Those of a store, on a host that has this.
    pub fn new(store: Arc<dyn DeploymentStore>, equipment: Arc<dyn Equipment>) -> Self {
        Self { store, equipment, accepted: Arc::default() }
    }

    /// Hands a pipeline that has succeeded on to the first of its deployments, if there is one. *Idempotent*. Nothing is
    /// deployed unless there is a target for each of them.
    pub(in crate::engine) async fn follow_pipeline(
        &self,
        plan: &Plan,
        pipeline: PipelineId,
        patience: Duration,
        at: Timestamp,
    ) -> Result<(), NotFollowed> {
        let Some(first) = plan.next_deployment(None) else { return Ok(()) };
        for definition in plan.deployments_to_run() {
            self.remembered(plan, definition, patience).await?;
        }
        self.accept(plan, pipeline, first, patience, at).await
    }

    /// Hands a deployment that has succeeded on to the one that follows it, if there is one. *Idempotent*.
    pub(in crate::engine) async fn follow_deployment(
        &self,
        pipelines: &dyn Store,
        done: &DeploymentRecord,
        patience: Duration,
        at: Timestamp,
    ) -> Result<(), NotFollowed> {
        let Some(pipeline) = done.pipeline else { return Ok(()) };
        let plan = match until_available(patience, || pipelines.load(pipeline)).await {
            Ok(record) => record.plan,
            // Pruned meanwhile: by then nobody waits for what it was to lead to.
            Err(StoreError::NotFound(_)) => return Ok(()),
            Err(error) => return Err(NotFollowed::Store("load the pipeline of the deployment", error)),
        };
        let Some(next) = plan.next_deployment(Some(&done.target.environment)) else { return Ok(()) };
        self.accept(&plan, pipeline, next, patience, at).await
    }

    async fn accept(
        &self,
        plan: &Plan,
        pipeline: PipelineId,
        definition: &DeploymentDefinition,
        patience: Duration,
        at: Timestamp,
    ) -> Result<(), NotFollowed> {
        let remembered = self.remembered(plan, definition, patience).await?;
        let repository = plan.trigger.repository.clone().ok_or(NotFollowed::NoRepository)?;
        let transport = self.equipment.transport(&remembered.reach);
        let transport = transport.map_err(|error| NotFollowed::Unreachable(definition.environment.clone(), error))?;
        let settings = DeploymentSettings::of_file(definition, repository, remembered);
        let new = following(plan, pipeline, definition, settings, transport.host(), at);
        until_available(patience, || self.store.accept(new.clone(), None))
            .await
            .map_err(|error| NotFollowed::Store("accept the deployment", error))?;
        self.accepted.notify_one();
        Ok(())
    }

    async fn remembered(
        &self,
        plan: &Plan,
        definition: &DeploymentDefinition,
        patience: Duration,
    ) -> Result<TargetSettings, NotFollowed> {
        let environment = &definition.environment;
        until_available(patience, || self.store.target(&plan.project, environment))
            .await
            .map_err(|error| NotFollowed::Store("look for what is remembered of the target", error))?
            .ok_or_else(|| NotFollowed::NoTarget(Box::new(plan.clone()), environment.clone()))
    }
}

/// The deployment that follows a pipeline to one of its environments, as a deployment to accept. However often it is made, it is
/// one, by its key.
pub fn following(
    plan: &Plan,
    pipeline: PipelineId,
    definition: &DeploymentDefinition,
    settings: DeploymentSettings,
    host: String,
    at: Timestamp,
) -> NewDeployment {
    let environment = definition.environment.clone();
    NewDeployment {
        id: DeploymentId::generate(),
        idempotency_key: Some(format!("{pipeline}/{environment}")),
        target: Target { project: plan.project.clone(), environment, host },
        commit: plan.trigger.commit.clone(),
        spec: DeploymentSpec {
            has_registry: settings.target.registry.is_some(),
            lock_wait: Some(LOCK_WAIT),
            ..DeploymentSpec::new().with_hooks(&definition.hooks)
        },
        settings,
        pipeline: Some(pipeline),
        at,
    }
}
