//! Where the hosts of repositories send what happens. Believes nothing before the signature is checked, and answers with
//! success only once what was said is kept.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use imt_core::directory::{NewDelivery, ProjectKey, ProjectRecord, Push, SecretName};
use imt_core::id::ProjectId;
use imt_core::ports::StoreError;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Refusals;
use crate::http::{Answer, Code, InPath, Problem, Raw};
use crate::state::{Server, now};
use crate::webhook::{Heard, is_signed, read};

/// What became of a delivery.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Taken {
    /// Its id here.
    id: Uuid,
    /// Whether it is news: not a repetition, and not of a push that was found before.
    is_new: bool,
}

/// Takes a delivery of GitHub, Gitea or Forgejo for the project that the path names.
#[utoipa::path(post, path = "/webhook/github/{project}", tag = "webhooks", params(("project" = Uuid, Path)),
    extensions(("x-needs" = json!("signature"))),
    responses((status = 202, description = "It is kept, and will be worked on", body = Taken), Refusals))]
pub(crate) async fn github(
    State(server): State<Server>,
    InPath(project): InPath<Uuid>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Answer<(StatusCode, Json<Taken>)> {
    let known = server.directory().project(&ProjectKey::Id(ProjectId::from_uuid(project))).await;
    let project = match known {
        Ok(project) => Some(project),
        Err(StoreError::NotFound(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let signed = match project {
        Some(project) if is_from_host_of(&server, &project, &headers, &body).await? => project,
        // No project and a wrong signature are the same to strangers.
        _ => {
            server.metrics().delivered("refused");
            return Err(Problem::new(
                Code::Unauthenticated,
                "the delivery is not signed with the project's webhook secret",
            ));
        }
    };
    take(&server, &signed, &headers, body).await
}

async fn is_from_host_of(server: &Server, project: &ProjectRecord, headers: &HeaderMap, body: &[u8]) -> Answer<bool> {
    let secret = server.directory().secret(project.id, &SecretName::WebhookSecret).await?;
    Ok(secret.is_some_and(|secret| is_signed(headers, body, &secret)))
}

/// Keeps a delivery whose signature is right.
async fn take(
    server: &Server,
    project: &ProjectRecord,
    headers: &HeaderMap,
    body: Bytes,
) -> Answer<(StatusCode, Json<Taken>)> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let missing = |name: &str| Problem::new(Code::Malformed, format!("the header {name} is missing"));
    let provider_id = header("x-github-delivery").ok_or_else(|| missing("X-GitHub-Delivery"))?;
    let event = header("x-github-event").ok_or_else(|| missing("X-GitHub-Event"))?;
    let heard = read(&event, &body).map_err(|error| Problem::invalid(error.to_string()))?;
    let push = match heard {
        Heard::Pushed(pushed) => pushed.branch.map(|branch| Push { branch, commit: pushed.commit }),
        Heard::Removed | Heard::Ping | Heard::Other => None,
    };
    let new = NewDelivery { project: project.id, provider_id, event, push, body, received_at: now() };
    let received = server.directory().receive(&new).await?;
    server.metrics().delivered(if received.is_new { "new" } else { "repeated" });
    server.deliveries().notify_one();
    Ok((StatusCode::ACCEPTED, Json(Taken { id: received.id.as_uuid(), is_new: received.is_new })))
}
