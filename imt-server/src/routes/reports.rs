//! What became of telling the host of a repository how a pipeline stands.

use axum::Json;
use axum::extract::State;
use imt_core::directory::{ReportRecord, ReportState};
use imt_core::status::Status;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Numbered, Refusals};
use crate::access::{In, Reading};
use crate::http::{Answer, InPath, Problem};
use crate::state::Server;

/// A commit status on its way.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReportView {
    /// The pipeline's status that it tells.
    #[schema(value_type = String)]
    status: Status,
    /// `waiting`, `sent`, or `given_up`.
    state: &'static str,
    /// How often it was tried.
    tries: u32,
    /// What was wrong the last time, or why it was given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl From<ReportRecord> for ReportView {
    fn from(ReportRecord { status, tries, state }: ReportRecord) -> Self {
        let (state, detail) = match state {
            ReportState::Waits { failure } => ("waiting", failure),
            ReportState::Sent => ("sent", None),
            ReportState::GivenUp { detail } => ("given_up", Some(detail)),
        };
        Self { status, state, tries, detail }
    }
}

/// What became of the newest commit status of a pipeline. There is none where the project has no `repository_token`, and none
/// any more after a month.
#[utoipa::path(get, path = "/projects/{project}/pipelines/{number}/commit-status", tag = "pipelines",
    params(("project" = String, Path), ("number" = u64, Path)), extensions(("x-needs" = json!("read"))),
    responses((status = 200, body = ReportView), Refusals))]
pub(crate) async fn show(
    State(server): State<Server>,
    within: In<Reading>,
    InPath(at): InPath<Numbered>,
) -> Answer<Json<ReportView>> {
    let id = server.catalog().find(&within.project.name, at.number).await?;
    let report = server.directory().report(id).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(report.into()))
}
