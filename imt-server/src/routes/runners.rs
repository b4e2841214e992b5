//! The runners and what each has in hand, for administrators.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use imt_core::id::InstanceId;
use imt_core::ports::{DeploymentSummary, PipelineRecord, RunnerStatus, StoreError, StoreResult};
use imt_core::status::Status;
use imt_core::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Refusals;
use crate::access::Administrator;
use crate::http::{Answer, Listed};
use crate::state::{ALIVE, Server, now};

/// How many pipelines of one runner are told of.
const MOST_PIPELINES: usize = 20;
/// How many deployments of all runners are told of.
const MOST_DEPLOYMENTS: usize = 200;

/// A runner, as it has last told of itself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunnerView {
    /// Its name, which pipelines tell as their `runner`.
    instance: String,
    /// The host it is on.
    host: String,
    /// The version of its program.
    version: String,
    /// What it offers to pipelines that ask for labels.
    labels: Vec<String>,
    /// How many pipelines it drives side by side at most, and as many deployments.
    slots: u32,
    /// How many pipelines and deployments it drove when it last told of itself.
    driving: u32,
    /// Whether it takes up no more, and ends when it has finished those it has.
    is_draining: bool,
    /// Whether it was heard of within a minute. One that was not holds up nothing: others take over what it had.
    is_alive: bool,
    /// When it was last heard of.
    #[schema(value_type = String, format = DateTime)]
    seen_at: Timestamp,
    /// The pipelines that it drives now, the oldest first, 20 at most.
    pipelines: Vec<PipelineInHand>,
    /// The deployments that it drives now, the oldest first.
    deployments: Vec<DeploymentInHand>,
}

/// A pipeline that a runner drives.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PipelineInHand {
    /// Its project.
    project: String,
    /// The number within its project.
    number: u64,
    /// The names of the jobs that run now.
    jobs: Vec<String>,
    /// Since when it is driven.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
}

/// A deployment that a runner drives.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeploymentInHand {
    /// Its project.
    project: String,
    /// The number within its project.
    number: u64,
    /// Where to.
    environment: String,
    /// Since when it is driven.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
}

/// All runners that were heard of in the last week and have not ended of their own will.
#[utoipa::path(get, path = "/runners", tag = "runners", extensions(("x-needs" = json!("admin"))),
    responses((status = 200, body = Listed<RunnerView>), Refusals))]
pub(crate) async fn list(State(server): State<Server>, _: Administrator) -> Answer<Json<Listed<RunnerView>>> {
    let runners = server.catalog().runners().await?;
    let driven = server.deployments().driven(MOST_DEPLOYMENTS).await?;
    let mut set_aside = runners.set_aside;
    set_aside.extend(driven.set_aside);
    let mut deployments: BTreeMap<InstanceId, Vec<DeploymentInHand>> = BTreeMap::new();
    for mut deployment in driven.found {
        let Some(holder) = deployment.holder.take() else { continue };
        deployments.entry(holder).or_default().push(deployment.into());
    }
    let mut items = Vec::with_capacity(runners.found.len());
    for runner in runners.found {
        let pipelines = pipelines_of(&server, &runner, &mut set_aside).await?;
        let of_it = deployments.remove(&runner.beat.instance).unwrap_or_default();
        items.push(RunnerView::of(runner, pipelines, of_it));
    }
    Ok(Json(Listed::whole(items).but_for(&set_aside)))
}

/// What a runner that lives drives. What one that is silent had is anybody's.
async fn pipelines_of(
    server: &Server,
    runner: &RunnerStatus,
    set_aside: &mut Vec<String>,
) -> StoreResult<Vec<PipelineInHand>> {
    let mut pipelines = Vec::new();
    if runner.silent_for > ALIVE {
        return Ok(pipelines);
    }
    for id in server.store().held(&runner.beat.instance).await?.into_iter().take(MOST_PIPELINES) {
        match server.store().load(id).await {
            Ok(record) => pipelines.push(PipelineInHand::of(&record)),
            // Over and removed meanwhile.
            Err(StoreError::NotFound(_)) => {}
            Err(error) if error.is_retryable() => return Err(error),
            Err(error) => set_aside.push(format!("pipeline {id}: {error}")),
        }
    }
    Ok(pipelines)
}

impl RunnerView {
    fn of(runner: RunnerStatus, pipelines: Vec<PipelineInHand>, deployments: Vec<DeploymentInHand>) -> Self {
        let RunnerStatus { beat, silent_for } = runner;
        Self {
            instance: beat.instance.to_string(),
            host: beat.host,
            version: beat.version,
            labels: beat.labels,
            slots: beat.capacity.get(),
            driving: beat.driving,
            is_draining: beat.draining,
            is_alive: silent_for <= ALIVE,
            seen_at: now().before(silent_for),
            pipelines,
            deployments,
        }
    }
}

impl PipelineInHand {
    fn of(record: &PipelineRecord) -> Self {
        let jobs = record.plan.jobs.iter().zip(&record.state.jobs);
        let running = jobs.filter(|(_, state)| state.status == Status::Running);
        Self {
            project: record.plan.project.to_string(),
            number: record.number.get(),
            jobs: running.map(|(job, _)| job.name.clone()).collect(),
            started_at: record.state.started_at,
        }
    }
}

impl From<DeploymentSummary> for DeploymentInHand {
    fn from(deployment: DeploymentSummary) -> Self {
        Self {
            project: deployment.target.project.to_string(),
            number: deployment.number.get(),
            environment: deployment.target.environment,
            started_at: deployment.started_at,
        }
    }
}
