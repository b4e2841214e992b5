//! Whether the server is there and does its work, and what it counts. Needs no login: says nothing of anybody.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{Answer, Code, Problem};
use crate::state::Server;

/// How it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`: what is not does not answer so.
    status: &'static str,
    /// The program's version.
    version: &'static str,
}

const OK: Health = Health { status: "ok", version: env!("CARGO_PKG_VERSION") };

/// Whether the process answers.
#[utoipa::path(get, path = "/health", tag = "server", extensions(("x-needs" = json!("nothing"))),
    responses((status = 200, body = Health)))]
pub(crate) async fn health() -> axum::Json<Health> {
    axum::Json(OK)
}

/// Whether it can do its work: the store answers, and it is not about to end.
#[utoipa::path(get, path = "/ready", tag = "server", extensions(("x-needs" = json!("nothing"))),
    responses((status = 200, body = Health), super::Refusals))]
pub(crate) async fn ready(State(server): State<Server>) -> Answer<axum::Json<Health>> {
    if server.stop().is_cancelled() {
        return Err(Problem::new(Code::Unavailable, "the server is about to end"));
    }
    server.directory().users(None, 1).await?;
    Ok(axum::Json(OK))
}

/// What it counts, for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "server", extensions(("x-needs" = json!("admin"))),
    responses((status = 200, body = String, content_type = "application/openmetrics-text"), super::Refusals))]
pub(crate) async fn metrics(
    _administrator: crate::access::Administrator,
    State(server): State<Server>,
) -> Answer<impl IntoResponse> {
    server.metrics().work().ask(server.catalog()).await;
    let text = server.metrics().text().map_err(|error| Problem::internal("the metrics cannot be written", &error))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text))
}
