//! A deployment's log: as bytes, and in pieces.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;
use imt_core::directory::ProjectRecord;
use serde::Deserialize;
use utoipa::IntoParams;

use super::stored_log::{LogPieces, StoredLog, place};
use super::{Numbered, Refusals};
use crate::access::{In, Reading};
use crate::http::{Answer, InPath, InQuery};
use crate::state::Server;

pub(super) async fn log_of(server: &Server, project: &ProjectRecord, at: &Numbered) -> Answer<StoredLog> {
    let id = server.deployments().find(&project.name, at.number).await?;
    Ok(StoredLog::Deployment(Arc::clone(server.deployments()), id))
}

/// A deployment's log as it is now.
#[utoipa::path(get, path = "/projects/{project}/deployments/{number}/log", tag = "deployments",
    params(("project" = String, Path), ("number" = u64, Path)), extensions(("x-needs" = json!("read"))),
    responses((status = 200, description = "All there is", body = String, content_type = "text/plain"), Refusals))]
pub(crate) async fn show(
    State(server): State<Server>,
    within: In<Reading>,
    InPath(at): InPath<Numbered>,
) -> Answer<([(HeaderName, &'static str); 1], Body)> {
    let log = log_of(&server, &within.project, &at).await?;
    let end = log.cursor().await?.offset;
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], log.body(0, end)))
}

/// From where on.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Place {
    /// From this byte on.
    offset: Option<u64>,
    /// From the beginning of this line on, counted from 0, where no byte is said.
    line: Option<u64>,
    /// Only so many of its last lines, where neither is said.
    tail: Option<u64>,
}

/// A deployment's log with what its bytes do not tell: which stream each piece is of, and when it came. Some of it at a time.
#[utoipa::path(get, path = "/projects/{project}/deployments/{number}/log/pieces", tag = "deployments",
    params(("project" = String, Path), ("number" = u64, Path), Place),
    extensions(("x-needs" = json!("read"))), responses((status = 200, body = LogPieces), Refusals))]
pub(crate) async fn pieces(
    State(server): State<Server>,
    within: In<Reading>,
    InPath(at): InPath<Numbered>,
    InQuery(from): InQuery<Place>,
) -> Answer<Json<LogPieces>> {
    let log = log_of(&server, &within.project, &at).await?;
    let pieces = log.pieces(place(from.offset, from.line, from.tail)).await?;
    server.metrics().log_sent(pieces.len());
    Ok(Json(pieces))
}
