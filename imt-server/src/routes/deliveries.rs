//! What the host of a project's repository has told, and what came of it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use imt_core::directory::{Delivery, DeliverySource, DeliveryState, Position};
use imt_core::id::DeliveryId;
use imt_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Refusals;
use crate::access::{In, Managing};
use crate::http::{Answer, InPath, InQuery, Listed, Paging, Problem};
use crate::state::Server;

/// A delivery.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryView {
    /// The id.
    id: Uuid,
    /// What its sender calls it; absent where it was made for a push that nobody told of.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_id: Option<String>,
    /// What its sender calls what happened.
    event: String,
    /// The branch that was pushed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    /// The commit that was pushed.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    /// When it came in.
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    /// Where it stands, and what came of it.
    #[schema(value_type = Object)]
    state: Value,
    /// How often it was worked on since it came in or was replayed last.
    tries: u32,
    /// How often it was replayed.
    replays: u32,
    /// Its body, where one is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

fn shown(delivery: Delivery, body: Option<String>) -> Answer<DeliveryView> {
    let state: &DeliveryState = &delivery.state;
    let state = serde_json::to_value(state).map_err(|error| Problem::internal("a delivery cannot be shown", &error))?;
    let provider_id = match delivery.source {
        DeliverySource::Webhook { provider_id } => Some(provider_id),
        DeliverySource::Found => None,
    };
    Ok(DeliveryView {
        id: delivery.id.as_uuid(),
        provider_id,
        event: delivery.event,
        branch: delivery.push.as_ref().map(|push| push.branch.clone()),
        commit: delivery.push.as_ref().map(|push| push.commit.to_string()),
        received_at: delivery.received_at,
        state,
        tries: delivery.tries,
        replays: delivery.replays,
        body,
    })
}

/// A project's deliveries, newest first.
#[utoipa::path(get, path = "/projects/{project}/deliveries", tag = "deliveries",
    params(("project" = String, Path), Paging), extensions(("x-needs" = json!("manage"))),
    responses((status = 200, body = Listed<DeliveryView>), Refusals))]
pub(crate) async fn list(
    State(server): State<Server>,
    within: In<Managing>,
    InQuery(paging): InQuery<Paging>,
) -> Answer<Json<Listed<DeliveryView>>> {
    let before: Option<u64> = paging.cursor()?;
    let page = server.directory().deliveries(within.project.id, before.map(Position), paging.limit()).await?;
    let items = page.items.into_iter().map(|delivery| shown(delivery, None)).collect::<Answer<Vec<_>>>()?;
    Ok(Json(Listed::new(items, page.next.map(|position| position.0)).but_for(&page.set_aside)))
}

/// Which delivery, in the path.
#[derive(Deserialize)]
pub(crate) struct OfDelivery {
    delivery: Uuid,
}

/// A delivery, with its body.
#[utoipa::path(get, path = "/projects/{project}/deliveries/{delivery}", tag = "deliveries",
    params(("project" = String, Path), ("delivery" = Uuid, Path)), extensions(("x-needs" = json!("manage"))),
    responses((status = 200, body = DeliveryView), Refusals))]
pub(crate) async fn show(
    State(server): State<Server>,
    within: In<Managing>,
    InPath(at): InPath<OfDelivery>,
) -> Answer<Json<DeliveryView>> {
    let id = DeliveryId::from_uuid(at.delivery);
    let (delivery, body) = server.directory().delivery(within.project.id, id).await?;
    Ok(Json(shown(delivery, Some(String::from_utf8_lossy(&body).into_owned()))?))
}

/// Works on a delivery once more, whatever came of it.
#[utoipa::path(post, path = "/projects/{project}/deliveries/{delivery}/replay", tag = "deliveries",
    params(("project" = String, Path), ("delivery" = Uuid, Path)), extensions(("x-needs" = json!("manage"))),
    responses((status = 202, description = "Opened again"), Refusals))]
pub(crate) async fn replay(
    State(server): State<Server>,
    within: In<Managing>,
    InPath(at): InPath<OfDelivery>,
) -> Answer<StatusCode> {
    let id = DeliveryId::from_uuid(at.delivery);
    server.directory().replay(within.project.id, id, &within.caller.deed()).await?;
    server.deliveries().notify_one();
    Ok(StatusCode::ACCEPTED)
}
