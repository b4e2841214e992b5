//! Deployments: listed, shown, ended.

use std::num::NonZeroU64;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use imt_core::deploy::health::{OutOf, Outlook, ServiceState};
use imt_core::deploy::machine::{ServiceSeen, Watched};
use imt_core::directory::Action;
use imt_core::id::DeploymentId;
use imt_core::ports::{DeploymentRecord, DeploymentSummary, StoreError};
use imt_core::status::{DeploymentEnd, DeploymentReason, DeploymentStatus};
use imt_core::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Numbered, Refusals};
use crate::access::{Deploying, In, Reading};
use crate::http::{Answer, InPath, InQuery, Listed, Paging};
use crate::state::{Server, now};

/// A deployment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeploymentView {
    /// The id.
    id: Uuid,
    /// The number within its project.
    number: u64,
    /// Which of the project's environments.
    environment: String,
    /// Where to.
    host: String,
    /// The commit.
    commit: String,
    /// The pipeline that led to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline: Option<Uuid>,
    /// That pipeline's number within its project, while it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_number: Option<u64>,
    /// `pending`, `deploying`, `success`, `failed`, `rolled_back`, `rollback_failed`, `unknown` or `cancelled`.
    #[schema(value_type = String)]
    status: DeploymentStatus,
    /// Why it ended as it did, or will: a word for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    reason: Option<DeploymentReason>,
    /// Why, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The step under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<String>,
    /// How the services stand that the step under way watches, or that was the last to watch them.
    #[serde(skip_serializing_if = "Option::is_none")]
    watched: Option<WatchedView>,
    /// What else there is to know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    /// When it was submitted.
    #[schema(value_type = String, format = DateTime)]
    submitted_at: Timestamp,
    /// When it was taken up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    /// When it was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
}

/// Services whose health is watched.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WatchedView {
    /// The step that watches them: `verify`, or `restore_verify` on the way back.
    step: String,
    /// Each as that step has seen it last, which is told every second at most.
    services: Vec<ServiceView>,
}

/// How a service stands; of several containers the one that is furthest from being well.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServiceView {
    /// The service.
    service: String,
    /// `absent`, `stale` (one of an earlier release), `created`, `starting`, `working` (a job), `running`, `healthy`, `unhealthy`,
    /// `restarting`, `exited`, `paused`, `dead` or `removing`.
    #[schema(value_type = String)]
    state: ServiceState,
    /// `well`, `pending` or `failed`.
    #[schema(value_type = String)]
    outlook: Outlook,
    /// Restarts since the deployment began.
    restarts: u64,
    /// The code of its last end, while it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    /// Health checks in a row that failed, and how many are too many.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_checks: Option<OutOfView>,
    /// Containers that are well, and how many there should be, where that is more than one.
    #[serde(skip_serializing_if = "Option::is_none")]
    replicas: Option<OutOfView>,
    /// All of it as a sentence for people.
    words: String,
    /// Since when it is known to stand so.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

/// So many out of so many.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OutOfView {
    /// How many it is.
    count: u64,
    /// How many it could be.
    of: u64,
}

impl From<Watched> for WatchedView {
    fn from(watched: Watched) -> Self {
        Self { step: watched.step.to_string(), services: watched.services.into_iter().map(ServiceView::from).collect() }
    }
}

impl From<ServiceSeen> for ServiceView {
    fn from(ServiceSeen { standing, since }: ServiceSeen) -> Self {
        let out_of = |OutOf { count, of }| OutOfView { count, of };
        Self {
            words: standing.in_words(),
            service: standing.service,
            state: standing.state,
            outlook: standing.outlook,
            restarts: standing.restarts,
            exit_code: standing.exit_code,
            failed_checks: standing.failed_checks.map(out_of),
            replicas: standing.replicas.map(out_of),
            since,
        }
    }
}

fn why(end: Option<&DeploymentEnd>) -> (Option<DeploymentReason>, Option<String>) {
    (end.and_then(|end| end.reason), end.and_then(|end| end.detail.clone()))
}

impl From<DeploymentSummary> for DeploymentView {
    fn from(deployment: DeploymentSummary) -> Self {
        let (reason, detail) = why(deployment.end.as_ref());
        Self {
            id: deployment.id.as_uuid(),
            number: deployment.number.get(),
            environment: deployment.target.environment,
            host: deployment.target.host,
            commit: deployment.commit.to_string(),
            pipeline: deployment.pipeline.map(imt_core::id::PipelineId::as_uuid),
            pipeline_number: deployment.pipeline_number.map(NonZeroU64::get),
            status: deployment.status,
            reason,
            detail,
            step: None,
            watched: None,
            warnings: Vec::new(),
            submitted_at: deployment.submitted_at,
            started_at: deployment.started_at,
            ended_at: deployment.ended_at,
        }
    }
}

impl DeploymentView {
    /// All that is known of a deployment, with the number of the pipeline that led to it.
    fn of(deployment: DeploymentRecord, pipeline_number: Option<NonZeroU64>) -> Self {
        let state = deployment.state;
        let (reason, detail) = why(state.verdict.as_ref());
        Self {
            id: state.id.as_uuid(),
            number: deployment.number.get(),
            environment: deployment.target.environment,
            host: deployment.target.host,
            commit: deployment.commit.to_string(),
            pipeline: deployment.pipeline.map(imt_core::id::PipelineId::as_uuid),
            pipeline_number: pipeline_number.map(NonZeroU64::get),
            status: state.status,
            reason,
            detail,
            step: state.step.map(|step| step.step.to_string()),
            watched: state.watched.map(WatchedView::from),
            warnings: state.warnings,
            submitted_at: deployment.submitted_at,
            started_at: state.started_at,
            ended_at: state.ended_at,
        }
    }
}

/// A deployment as it stands.
pub(super) async fn whole(server: &Server, id: DeploymentId) -> Answer<DeploymentView> {
    let deployment = server.deployments().load(id).await?;
    let number = match deployment.pipeline {
        Some(pipeline) => match server.store().load(pipeline).await {
            Ok(record) => Some(record.number),
            Err(StoreError::NotFound(_)) => None,
            Err(error) => return Err(error.into()),
        },
        None => None,
    };
    Ok(DeploymentView::of(deployment, number))
}

/// A project's deployments, newest first.
#[utoipa::path(get, path = "/projects/{project}/deployments", tag = "deployments",
    params(("project" = String, Path), Paging), extensions(("x-needs" = json!("read"))),
    responses((status = 200, body = Listed<DeploymentView>), Refusals))]
pub(crate) async fn list(
    State(server): State<Server>,
    within: In<Reading>,
    InQuery(paging): InQuery<Paging>,
) -> Answer<Json<Listed<DeploymentView>>> {
    let (before, limit) = (paging.cursor::<NonZeroU64>()?, paging.limit());
    let found = server.deployments().deployments(&within.project.name, before, limit).await?;
    let is_last = found.found.len() + found.set_aside.len() < limit;
    let next = found.found.last().map(|last| last.number).filter(|_| !is_last);
    Ok(Json(Listed::new(found.found.into_iter().map(DeploymentView::from).collect(), next).but_for(&found.set_aside)))
}

/// A deployment.
#[utoipa::path(get, path = "/projects/{project}/deployments/{number}", tag = "deployments",
    params(("project" = String, Path), ("number" = u64, Path)), extensions(("x-needs" = json!("read"))),
    responses((status = 200, body = DeploymentView), Refusals))]
pub(crate) async fn show(
    State(server): State<Server>,
    within: In<Reading>,
    InPath(at): InPath<Numbered>,
) -> Answer<Json<DeploymentView>> {
    let id = server.deployments().find(&within.project.name, at.number).await?;
    Ok(Json(whole(&server, id).await?))
}

/// Asks for the end of a deployment, which is undone as far as it has come. One that is over stays as it is.
#[utoipa::path(post, path = "/projects/{project}/deployments/{number}/cancel", tag = "deployments",
    params(("project" = String, Path), ("number" = u64, Path)), extensions(("x-needs" = json!("deploy"))),
    responses((status = 202, body = DeploymentView), Refusals))]
pub(crate) async fn cancel(
    State(server): State<Server>,
    within: In<Deploying>,
    InPath(at): InPath<Numbered>,
) -> Answer<(StatusCode, Json<DeploymentView>)> {
    let store = server.deployments();
    let id = store.find(&within.project.name, at.number).await?;
    store.request_cancel(id, DeploymentReason::User, now()).await?;
    let action = Action::DeploymentCancelled { deployment: id };
    server.note(within.project.id, &action, &within.caller.deed()).await;
    Ok((StatusCode::ACCEPTED, Json(whole(&server, id).await?)))
}
