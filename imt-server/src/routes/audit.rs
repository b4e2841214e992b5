//! Who did what in a project.

use axum::Json;
use axum::extract::State;
use imt_core::directory::{AuditEntry, Position};
use imt_core::time::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Refusals;
use crate::access::{Administrator, In, Managing};
use crate::http::{Answer, InQuery, Listed, Paging, Problem};
use crate::state::Server;

/// An entry.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EntryView {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Who.
    #[schema(value_type = Object)]
    actor: Value,
    /// By which way.
    #[schema(value_type = Object)]
    via: Value,
    /// From where.
    #[serde(skip_serializing_if = "Option::is_none")]
    remote: Option<String>,
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    /// What, with its details.
    #[schema(value_type = Object)]
    action: Value,
}

fn shown(entry: AuditEntry) -> Result<EntryView, serde_json::Error> {
    Ok(EntryView {
        at: entry.deed.at,
        actor: serde_json::to_value(entry.deed.actor)?,
        via: serde_json::to_value(entry.deed.via)?,
        remote: entry.deed.remote,
        request: entry.deed.request,
        action: serde_json::to_value(entry.action)?,
    })
}

async fn listed(
    server: &Server,
    of: Option<imt_core::id::ProjectId>,
    paging: &Paging,
) -> Answer<Json<Listed<EntryView>>> {
    let before: Option<u64> = paging.cursor()?;
    let page = server.directory().audit(of, before.map(Position), paging.limit()).await?;
    let items = page.items.into_iter().map(shown).collect::<Result<Vec<_>, _>>();
    let items = items.map_err(|error| Problem::internal("an entry of the audit log cannot be shown", &error))?;
    Ok(Json(Listed::new(items, page.next.map(|position| position.0)).but_for(&page.set_aside)))
}

/// What was done in a project, newest first.
#[utoipa::path(get, path = "/projects/{project}/audit", tag = "audit", params(("project" = String, Path), Paging),
    extensions(("x-needs" = json!("manage"))), responses((status = 200, body = Listed<EntryView>), Refusals))]
pub(crate) async fn of_project(
    State(server): State<Server>,
    within: In<Managing>,
    InQuery(paging): InQuery<Paging>,
) -> Answer<Json<Listed<EntryView>>> {
    listed(&server, Some(within.project.id), &paging).await
}

/// What was done at all, newest first.
#[utoipa::path(get, path = "/audit", tag = "audit", params(Paging), extensions(("x-needs" = json!("admin"))),
    responses((status = 200, body = Listed<EntryView>), Refusals))]
pub(crate) async fn of_all(
    State(server): State<Server>,
    _administrator: Administrator,
    InQuery(paging): InQuery<Paging>,
) -> Answer<Json<Listed<EntryView>>> {
    listed(&server, None, &paging).await
}
