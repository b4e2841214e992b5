//! What the host of a project's repository has told, and what came of it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use imt_core::directory::{Delivery, DeliveryOutcome, DeliverySource, DeliveryState, Position, SkipReason};
use imt_core::id::DeliveryId;
use imt_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Refusals;
use crate::access::{In, Managing};
use crate::http::{Answer, InPath, InQuery, Listed, Paging};
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
    state: StateView,
    /// How often it was worked on since it came in or was replayed last.
    tries: u32,
    /// How often it was replayed.
    replays: u32,
    /// Its body, where one is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

/// Where a delivery stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum StateView {
    /// Something is still to come of it.
    Open {
        /// What was wrong the last time it was tried.
        failure: Option<String>,
    },
    /// It is done with.
    Settled {
        /// What came of it.
        outcome: OutcomeView,
        /// When.
        #[schema(value_type = String, format = DateTime)]
        at: Timestamp,
    },
}

/// What came of a delivery.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum OutcomeView {
    /// A pipeline.
    Pipeline {
        /// Its id.
        id: Uuid,
        /// Its number within its project.
        number: u64,
    },
    /// Nothing, as it should be.
    Skipped {
        /// Why: `found_before`, `event`, `branch`, `pushes_off`, `archived`, `asked`, `branch_removed` or `no_pipeline_file`.
        reason: String,
        /// The delivery that was made for the push when it was found, with `found_before`.
        #[serde(skip_serializing_if = "Option::is_none")]
        delivery: Option<Uuid>,
    },
    /// Nothing, because something is wrong.
    Failed {
        /// What, for people.
        detail: String,
    },
}

impl From<DeliveryState> for StateView {
    fn from(state: DeliveryState) -> Self {
        match state {
            DeliveryState::Open { failure } => Self::Open { failure },
            DeliveryState::Settled { outcome, at } => Self::Settled { outcome: outcome.into(), at },
        }
    }
}

impl From<DeliveryOutcome> for OutcomeView {
    fn from(outcome: DeliveryOutcome) -> Self {
        match outcome {
            DeliveryOutcome::Pipeline { id, number } => Self::Pipeline { id: id.as_uuid(), number: number.get() },
            DeliveryOutcome::Skipped(reason) => skipped(&reason),
            DeliveryOutcome::Failed { detail } => Self::Failed { detail },
        }
    }
}

fn skipped(reason: &SkipReason) -> OutcomeView {
    let delivery = match reason {
        SkipReason::FoundBefore { delivery } => Some(delivery.as_uuid()),
        _ => None,
    };
    let told = serde_json::to_value(reason).expect("it is a word, and perhaps an id");
    OutcomeView::Skipped { reason: told["reason"].as_str().unwrap_or_default().to_owned(), delivery }
}

fn shown(delivery: Delivery, body: Option<String>) -> DeliveryView {
    let provider_id = match delivery.source {
        DeliverySource::Webhook { provider_id } => Some(provider_id),
        DeliverySource::Found => None,
    };
    DeliveryView {
        id: delivery.id.as_uuid(),
        provider_id,
        event: delivery.event,
        branch: delivery.push.as_ref().map(|push| push.branch.clone()),
        commit: delivery.push.as_ref().map(|push| push.commit.to_string()),
        received_at: delivery.received_at,
        state: delivery.state.into(),
        tries: delivery.tries,
        replays: delivery.replays,
        body,
    }
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
    let items = page.items.into_iter().map(|delivery| shown(delivery, None)).collect();
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
    Ok(Json(shown(delivery, Some(String::from_utf8_lossy(&body).into_owned()))))
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
