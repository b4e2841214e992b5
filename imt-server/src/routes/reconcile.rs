//! Asking a project's repository for pushes that nobody told of.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use imt_core::directory::LookRecord;
use imt_core::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Refusals;
use crate::access::{In, Managing};
use crate::http::{Answer, Code, Problem};
use crate::state::Server;

/// What is known of a project's repository.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LookView {
    /// Which repository has answered last.
    #[serde(skip_serializing_if = "Option::is_none")]
    repo_url: Option<String>,
    /// Since when pushes to it are found that nobody told of: what its branches had then was there before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// When it was asked last and answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    seen_at: Option<Timestamp>,
    /// Why it has not answered since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

/// Since when pushes are found that nobody told of, and what stands against it.
#[utoipa::path(get, path = "/projects/{project}/reconcile", tag = "deliveries", params(("project" = String, Path)),
    extensions(("x-needs" = json!("manage"))), responses((status = 200, body = LookView), Refusals))]
pub(crate) async fn show(State(server): State<Server>, within: In<Managing>) -> Answer<Json<LookView>> {
    let LookRecord { repo_url, since, seen_at, failure } = server.directory().look(within.project.id).await?;
    Ok(Json(LookView { repo_url, since, seen_at, failure }))
}

/// Asks the repository now for pushes that nobody told of. What is found is among the deliveries, soon.
#[utoipa::path(post, path = "/projects/{project}/reconcile", tag = "deliveries", params(("project" = String, Path)),
    extensions(("x-needs" = json!("manage"))),
    responses((status = 202, description = "It will be asked"), Refusals))]
pub(crate) async fn ask(State(server): State<Server>, within: In<Managing>) -> Answer<StatusCode> {
    if within.project.archived_at.is_some() {
        return Err(Problem::new(Code::Conflict, "the project is in the archive, where nothing is built"));
    }
    if within.project.settings.repo_url.is_none() {
        return Err(Problem::new(Code::Conflict, "the project has no repository"));
    }
    server.want_look(within.project.id).await?;
    Ok(StatusCode::ACCEPTED)
}
