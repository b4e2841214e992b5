//! All that a list of projects shows, in one answer: how each one's pipelines went, and what is live where.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use imt_core::directory::ProjectAccess;
use imt_core::ports::{DeploymentSummary, PipelineFilter, PipelineSummary};
use imt_core::status::{DeploymentStatus, Status};
use imt_core::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Refusals;
use super::deployments::DeploymentView;
use super::pipeline_view::PipelineLine;
use super::projects::{ProjectView, Which, visible};
use crate::access::{Reading, Somebody};
use crate::http::{Answer, InQuery, Listed, tagged};
use crate::state::Server;

/// How many pipelines of a project are told of.
const PIPELINES: usize = 20;
/// How many deployments of a project are looked at.
const DEPLOYMENTS: usize = 50;
/// How many projects are looked at side by side.
const AT_ONCE: usize = 8;

/// A project, how its pipelines went, and what is live where.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OverviewLine {
    /// The project.
    project: ProjectView,
    /// Its newest pipeline.
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<PipelineLine>,
    /// How its last pipelines went, the newest first: 20 at most.
    recent: Vec<RecentPipeline>,
    /// Its environments by name: those that one of its last 50 deployments went to.
    environments: Vec<EnvironmentView>,
}

/// How a pipeline went.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecentPipeline {
    /// The number within its project.
    number: u64,
    /// As of a pipeline.
    #[schema(value_type = String)]
    status: Status,
    /// When a runner took it up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
}

/// What is live in an environment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnvironmentView {
    /// Its name.
    name: String,
    /// The deployment whose release runs; absent where none has succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<DeploymentView>,
    /// The newest deployment, where it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<DeploymentView>,
}

/// The projects that the caller sees, by name, each with its last pipelines and with what is live where. Asked with
/// `If-None-Match`, it answers 304 while nothing has changed.
#[utoipa::path(get, path = "/overview", tag = "projects", params(Which), extensions(("x-needs" = json!("read"))),
    responses((status = 200, body = Listed<OverviewLine>),
        (status = 304, description = "It is as `If-None-Match` knows it"), Refusals))]
pub(crate) async fn list(
    State(server): State<Server>,
    somebody: Somebody<Reading>,
    InQuery(which): InQuery<Which>,
    headers: HeaderMap,
) -> Answer<Response> {
    let (seen, next, mut set_aside) = visible(&server, &somebody.caller, which).await?;
    let looks = stream::iter(seen.into_iter().map(|access| line(server.clone(), access))).buffered(AT_ONCE);
    let found: Vec<(OverviewLine, Vec<String>)> = looks.try_collect().await?;
    let (items, broken): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    set_aside.extend(broken.into_iter().flatten());
    tagged(&headers, &Listed::new(items, next).but_for(&set_aside))
}

/// One project, and what of it cannot be understood.
async fn line(server: Server, access: ProjectAccess) -> Answer<(OverviewLine, Vec<String>)> {
    let name = access.project.name.clone();
    let pipelines = server.catalog().pipelines(&name, &PipelineFilter::default(), None, PIPELINES).await?;
    let deployments = server.deployments().deployments(&name, None, DEPLOYMENTS).await?;
    let recent = pipelines.found.iter().map(RecentPipeline::of).collect();
    let last = pipelines.found.into_iter().next().map(PipelineLine::from);
    let project = ProjectView::of(&server, access.project, access.role);
    let line = OverviewLine { project, last, recent, environments: environments(deployments.found) };
    Ok((line, [pipelines.set_aside, deployments.set_aside].concat()))
}

/// Of deployments that are listed newest first.
fn environments(deployments: Vec<DeploymentSummary>) -> Vec<EnvironmentView> {
    let mut by_name: BTreeMap<String, (Option<DeploymentSummary>, Option<DeploymentSummary>)> = BTreeMap::new();
    for deployment in deployments {
        let is_good = deployment.status == DeploymentStatus::Success;
        let name = deployment.target.environment.clone();
        match by_name.get_mut(&name) {
            None if is_good => drop(by_name.insert(name, (Some(deployment), None))),
            None => drop(by_name.insert(name, (None, Some(deployment)))),
            Some((live @ None, _)) if is_good => *live = Some(deployment),
            Some(_) => {}
        }
    }
    let view = |(name, (live, last)): (String, (Option<DeploymentSummary>, Option<DeploymentSummary>))| {
        EnvironmentView { name, live: live.map(DeploymentView::from), last: last.map(DeploymentView::from) }
    };
    by_name.into_iter().map(view).collect()
}

impl RecentPipeline {
    fn of(pipeline: &PipelineSummary) -> Self {
        let PipelineSummary { number, status, started_at, ended_at, .. } = pipeline;
        Self { number: number.get(), status: *status, started_at: *started_at, ended_at: *ended_at }
    }
}
