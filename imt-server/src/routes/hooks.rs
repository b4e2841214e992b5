//! Where the hosts of repositories send what happens. Believes nothing before the signature is checked, and answers with
//! success only once what was said is kept.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use imt_core::directory::{NewDelivery, ProjectKey, ProjectRecord, Push, SecretName};
use imt_core::id::ProjectId;
use imt_core::ports::StoreError;
use imt_core::secret::Secret;
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Refusals;
use crate::http::{Answer, Code, InPath, Problem, Raw};
use crate::state::{Server, now};
use crate::webhook::{Heard, claimed, event, has_signature, is_signed, provider_id, read};

/// How many projects of one repository are looked at for one whose secret a delivery is signed with.
const CANDIDATES: usize = 20;
/// How long a delivery waits for room.
const ROOM_WITHIN: Duration = Duration::from_secs(10);

/// Something that may be a signature, without which no body is read, and room for a body that nobody has vouched for yet.
pub(crate) struct MaybeSigned(#[expect(dead_code, reason = "it is held")] OwnedSemaphorePermit);

impl FromRequestParts<Server> for MaybeSigned {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        if !has_signature(&parts.headers) {
            return Err(refused(server));
        }
        // Hosts do not send again by themselves, so a burst waits for its turn.
        let room = Arc::clone(server.room_for_deliveries()).acquire_owned();
        match tokio::time::timeout(ROOM_WITHIN, room).await {
            Ok(room) => Ok(Self(room.expect("nobody closes it"))),
            Err(_) => Err(Problem::new(Code::Unavailable, "too many deliveries are coming in: send it again")),
        }
    }
}

/// What became of a delivery.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Taken {
    /// Its id here.
    id: Uuid,
    /// Whether it is news: not a repetition, and not of a push that was found before.
    is_new: bool,
}

/// What became of a delivery in a project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TakenBy {
    /// The project.
    project: Uuid,
    #[serde(flatten)]
    taken: Taken,
}

/// What became of a delivery in all projects that it is for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TakenByAll {
    /// One for each project that the delivery is signed for.
    items: Vec<TakenBy>,
}

/// Takes a delivery of GitHub, Gitea or Forgejo for the project that the path names.
#[utoipa::path(post, path = "/webhook/github/{project}", tag = "webhooks", params(("project" = Uuid, Path)),
    extensions(("x-needs" = json!("signature"))),
    responses((status = 202, description = "It is kept, and will be worked on", body = Taken), Refusals))]
pub(crate) async fn github(
    State(server): State<Server>,
    InPath(project): InPath<Uuid>,
    headers: HeaderMap,
    _may_be: MaybeSigned,
    Raw(body): Raw,
) -> Answer<(StatusCode, Json<Taken>)> {
    let known = server.directory().project(&ProjectKey::Id(ProjectId::from_uuid(project))).await;
    let project = match known {
        Ok(project) => vec![project],
        Err(StoreError::NotFound(_)) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let signed = signed_for(&server, project, &headers, &body).await?;
    let project = signed.first().ok_or_else(|| refused(&server))?;
    Ok((StatusCode::ACCEPTED, Json(take(&server, project, &headers, body).await?)))
}

/// Takes a delivery of GitHub, Gitea or Forgejo for the projects that have the repository it is about, of those whose webhook
/// secret it is signed with.
#[utoipa::path(post, path = "/webhook/github", tag = "webhooks", extensions(("x-needs" = json!("signature"))),
    responses((status = 202, description = "It is kept, and will be worked on", body = TakenByAll), Refusals))]
pub(crate) async fn github_by_repository(
    State(server): State<Server>,
    headers: HeaderMap,
    _may_be: MaybeSigned,
    Raw(body): Raw,
) -> Answer<(StatusCode, Json<TakenByAll>)> {
    let mut candidates: Vec<ProjectRecord> = Vec::new();
    for key in claimed(&body) {
        let found = server.directory().projects_of(&key, CANDIDATES).await?.found;
        let news = found.into_iter().filter(|project| candidates.iter().all(|known| known.id != project.id));
        let news: Vec<ProjectRecord> = news.collect();
        candidates.extend(news);
    }
    let signed = signed_for(&server, candidates, &headers, &body).await?;
    if signed.is_empty() {
        return Err(refused(&server));
    }
    let mut items = Vec::new();
    for project in signed {
        let taken = take(&server, &project, &headers, body.clone()).await?;
        items.push(TakenBy { project: project.id.as_uuid(), taken });
    }
    Ok((StatusCode::ACCEPTED, Json(TakenByAll { items })))
}

/// No project, one without a secret and a wrong signature are the same to strangers.
fn refused(server: &Server) -> Problem {
    server.metrics().delivered("refused");
    Problem::new(Code::Unauthenticated, "the delivery is not signed with the project's webhook secret")
}

/// Those of the projects whose host has signed a delivery. Where there is nothing to compare with, it takes as long.
async fn signed_for(
    server: &Server,
    projects: Vec<ProjectRecord>,
    headers: &HeaderMap,
    body: &[u8],
) -> Answer<Vec<ProjectRecord>> {
    let mut signed = Vec::new();
    let mut is_compared = false;
    for project in projects {
        let Some(secret) = server.directory().secret(project.id, &SecretName::WebhookSecret).await? else { continue };
        is_compared = true;
        if is_signed(headers, body, &secret) {
            signed.push(project);
        }
    }
    if !is_compared {
        let _nobodys = is_signed(headers, body, &Secret::new("nobody's"));
    }
    Ok(signed)
}

/// Keeps a delivery whose signature is right.
async fn take(server: &Server, project: &ProjectRecord, headers: &HeaderMap, body: Bytes) -> Answer<Taken> {
    let missing = |name: &str| Problem::new(Code::Malformed, format!("the header {name} is missing"));
    let provider_id = provider_id(headers).ok_or_else(|| missing("X-GitHub-Delivery"))?.to_owned();
    let event = event(headers).ok_or_else(|| missing("X-GitHub-Event"))?.to_owned();
    let heard = read(&event, &body).map_err(|error| Problem::invalid(error.to_string()))?;
    let push = match heard {
        Heard::Pushed(pushed) => pushed.branch.map(|branch| Push { branch, commit: pushed.commit }),
        Heard::Removed | Heard::Ping | Heard::Other => None,
    };
    let new = NewDelivery { project: project.id, provider_id, event, push, body, received_at: now() };
    let received = server.directory().receive(&new).await?;
    server.metrics().delivered(if received.is_new { "new" } else { "repeated" });
    server.deliveries().notify_one();
    Ok(Taken { id: received.id.as_uuid(), is_new: received.is_new })
}
