//! Where the hosts of repositories send what happens. Believes nothing before the signature is checked, and answers with
//! success only once what was said is kept.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use imt_core::directory::{NewDelivery, ProjectKey, ProjectRecord, Push, RepositoryKey, SecretName};
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

/// How many projects of one repository are compared with at most, for each kind of address that a delivery names: enough that
/// nobody has made so many before the project that a delivery is for. Those that were made later come later, however many.
const CANDIDATES: usize = 1_000;
/// The most bytes that are hashed in order to compare, for each kind of address: some tenths of a second. For the body of a push,
/// of a few kilobytes, it is no bound at all; strangers who send the largest ones to many projects find one here.
const HASHED: usize = 256 << 20;
/// How many of them are read at a time.
const PIECE: usize = 100;
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
    let key = ProjectKey::Id(ProjectId::from_uuid(project));
    let known = server.directory().project_and_secret(&key, &SecretName::WebhookSecret).await;
    let mut signed = Signed::default();
    match known {
        Ok((project, secret)) => signed.compare(project, secret.as_ref(), &headers, &body),
        Err(StoreError::NotFound(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let projects = signed.or_refused(&server, &headers, &body)?;
    let project = projects.first().ok_or_else(|| refused(&server))?;
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
    let mut signed = Signed::default();
    for key in claimed(&body) {
        signed.compare_all(&server, &key, &headers, &body).await?;
    }
    let signed = signed.or_refused(&server, &headers, &body)?;
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

/// The projects whose host has signed a delivery.
#[derive(Default)]
struct Signed {
    projects: Vec<ProjectRecord>,
    /// Whether there was anything to compare with.
    is_compared: bool,
}

impl Signed {
    fn compare(&mut self, project: ProjectRecord, secret: Option<&Secret>, headers: &HeaderMap, body: &[u8]) {
        let Some(secret) = secret else { return };
        self.is_compared = true;
        if is_signed(headers, body, secret) {
            self.projects.push(project);
        }
    }

    /// With all that have a repository, the oldest first.
    async fn compare_all(
        &mut self,
        server: &Server,
        key: &RepositoryKey,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Answer<()> {
        let (mut left, mut after) = (most_candidates(body.len()), None);
        loop {
            let page = server.directory().projects_of(key, after, PIECE.min(left)).await?;
            for odd in &page.set_aside {
                tracing::error!("{odd}");
            }
            left = left.saturating_sub(page.items.len());
            for project in page.items {
                let secret = server.directory().secret(project.id, &SecretName::WebhookSecret).await?;
                self.compare(project, secret.as_ref(), headers, body);
            }
            let Some(next) = page.next else { return Ok(()) };
            if left == 0 {
                tracing::warn!(repository = %key, "more projects have this repository than a delivery is compared with");
                return Ok(());
            }
            after = Some(next);
        }
    }

    /// All of them; refused where there is none. Where there was nothing to compare with, that takes as long.
    fn or_refused(self, server: &Server, headers: &HeaderMap, body: &[u8]) -> Answer<Vec<ProjectRecord>> {
        if !self.is_compared {
            let _nobodys = is_signed(headers, body, &Secret::new("nobody's"));
        }
        if self.projects.is_empty() { Err(refused(server)) } else { Ok(self.projects) }
    }
}

/// How many projects of one repository a body of so many bytes is compared with.
fn most_candidates(bytes: usize) -> usize {
    (HASHED / bytes.max(1)).clamp(1, CANDIDATES)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_bodies_are_compared_with_many_and_large_ones_with_fewer() {
        let most: Vec<usize> = [0, 20_000, 1 << 20, 5 << 20, usize::MAX].map(most_candidates).into();
        assert_eq!(most, [1_000, 1_000, 256, 51, 1]);
    }
}
