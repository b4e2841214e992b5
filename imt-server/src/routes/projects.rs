//! Projects: made, listed, changed, put away.

use axum::Json;
use axum::extract::State;
use axum::http::header::{ETAG, IF_MATCH, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use imt_core::directory::{
    CommitStatuses, Existing, NewProject, ProjectAccess, ProjectRecord, ProjectSettings, ProjectState, Role, SecretName,
};
use imt_core::id::{ProjectId, ProjectName};
use imt_core::pipeline::BranchPattern;
use imt_core::ports::directory_bounds;
use imt_core::secret::Secret;
use imt_core::time::Timestamp;
use imt_git::Repository;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Refusals;
use crate::access::{BearerSecret, Caller, In, Managing, Reading, Somebody};
use crate::http::{Answer, Body, Code, InQuery, Listed, Paging, Problem};
use crate::policy;
use crate::state::Server;

/// A project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProjectView {
    /// The id.
    id: Uuid,
    /// The name, which is its key in paths as well.
    name: String,
    /// What the caller is in it.
    #[schema(value_type = String)]
    role: Role,
    /// Where its repository is.
    #[serde(skip_serializing_if = "Option::is_none")]
    repo_url: Option<String>,
    /// The branch that is meant when none is named.
    default_branch: String,
    /// The path of its pipeline file in the repository.
    pipeline_file: String,
    /// The branches whose pushes count, as patterns; none: all.
    branches: Vec<String>,
    /// Whether a newer push to a branch takes the place of its pipelines that still wait.
    supersedes_queued: bool,
    /// Whether pushes trigger pipelines at all.
    triggers_on_push: bool,
    /// Whether everybody may see, by its badge, how its last pipeline ended.
    has_public_badge: bool,
    /// Where the badge is, while there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    badge_url: Option<String>,
    /// How the host of its repository is told how pipelines stand: `auto`, `github`, `gitea` or `off`.
    #[schema(value_type = String)]
    commit_statuses: CommitStatuses,
    /// How often its settings were set.
    version: u64,
    /// Where its repository's host sends what happens.
    webhook_url: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Since when nothing is to happen in it any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    archived_at: Option<Timestamp>,
    /// What deliveries have to be signed with: shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_secret: Option<String>,
}

impl ProjectView {
    pub(super) fn of(server: &Server, project: ProjectRecord, role: Role) -> Self {
        let base = server.settings().origins.first().map(String::as_str).unwrap_or_default();
        let ProjectSettings {
            repo_url,
            default_branch,
            pipeline_file,
            branches,
            supersedes_queued,
            triggers_on_push,
            has_public_badge,
            commit_statuses,
        } = project.settings;
        Self {
            id: project.id.as_uuid(),
            role,
            repo_url,
            default_branch,
            pipeline_file,
            branches: branches.into_iter().map(|pattern| pattern.0).collect(),
            supersedes_queued,
            triggers_on_push,
            has_public_badge,
            badge_url: has_public_badge.then(|| format!("{base}/badge/{}", project.id)),
            commit_statuses,
            version: project.version,
            webhook_url: format!("{base}/webhook/github/{}", project.id),
            created_at: project.created_at,
            archived_at: project.archived_at,
            webhook_secret: None,
            name: project.name.to_string(),
        }
    }
}

/// A project to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProjectOrder {
    /// Lower-case letters, digits, `-`, `_` and `.`, beginning with a letter or digit.
    #[schema(min_length = 1, max_length = 63, pattern = "^[a-z0-9][a-z0-9._-]*$")]
    name: String,
    /// Where its repository is.
    repo_url: String,
    /// What the host of the repository takes for a password. Shown nowhere again.
    #[schema(write_only)]
    repo_token: Option<String>,
    /// What deliveries have to be signed with; drawn if none is given.
    #[schema(write_only)]
    webhook_secret: Option<String>,
    /// As in a change.
    default_branch: Option<String>,
    /// As in a change.
    pipeline_file: Option<String>,
    /// As in a change.
    branches: Option<Vec<String>>,
    /// As in a change.
    supersedes_queued: Option<bool>,
    /// As in a change.
    triggers_on_push: Option<bool>,
    /// As in a change.
    has_public_badge: Option<bool>,
    #[schema(value_type = Option<String>)]
    commit_statuses: Option<CommitStatuses>,
}

impl ProjectOrder {
    fn settings(&self) -> ProjectSettings {
        let order = ProjectChange {
            repo_url: Some(self.repo_url.clone()),
            default_branch: self.default_branch.clone(),
            pipeline_file: self.pipeline_file.clone(),
            branches: self.branches.clone(),
            supersedes_queued: self.supersedes_queued,
            triggers_on_push: self.triggers_on_push,
            has_public_badge: self.has_public_badge,
            commit_statuses: self.commit_statuses,
        };
        order.applied_to(ProjectSettings::default())
    }
}

/// Changes to a project: what is not there stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProjectChange {
    /// Where its repository is.
    repo_url: Option<String>,
    /// The branch that is meant when none is named.
    default_branch: Option<String>,
    /// The path of its pipeline file in the repository.
    pipeline_file: Option<String>,
    /// The branches whose pushes count, as patterns; none: all.
    branches: Option<Vec<String>>,
    /// Whether a newer push to a branch takes the place of its pipelines that still wait.
    supersedes_queued: Option<bool>,
    /// Whether pushes trigger pipelines at all.
    triggers_on_push: Option<bool>,
    /// Whether everybody may see, by a badge, how the last pipeline of a branch ended.
    has_public_badge: Option<bool>,
    /// How the host of the repository is told how pipelines stand: `auto` (GitHub for github.com, Gitea or Forgejo for others),
    /// `github` (GitHub Enterprise as well), `gitea`, or `off`. It is told where there is a secret `repository_token`.
    #[schema(value_type = Option<String>)]
    commit_statuses: Option<CommitStatuses>,
}

impl ProjectChange {
    fn applied_to(self, settings: ProjectSettings) -> ProjectSettings {
        let branches = self.branches.map(|branches| branches.into_iter().map(BranchPattern).collect());
        ProjectSettings {
            repo_url: self.repo_url.or(settings.repo_url),
            default_branch: self.default_branch.unwrap_or(settings.default_branch),
            pipeline_file: self.pipeline_file.unwrap_or(settings.pipeline_file),
            branches: branches.unwrap_or(settings.branches),
            supersedes_queued: self.supersedes_queued.unwrap_or(settings.supersedes_queued),
            triggers_on_push: self.triggers_on_push.unwrap_or(settings.triggers_on_push),
            has_public_badge: self.has_public_badge.unwrap_or(settings.has_public_badge),
            commit_statuses: self.commit_statuses.unwrap_or(settings.commit_statuses),
        }
    }
}

/// Which projects.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Those in the archive, and not those in use.
    #[serde(default)]
    archived: bool,
    /// The `next` of the piece before; absent for the first.
    cursor: Option<String>,
    /// How many at most, 1 to 100; 50 when it is not said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
}

/// The projects that the caller sees, by name.
#[utoipa::path(get, path = "/projects", tag = "projects", params(Which), extensions(("x-needs" = json!("read"))),
    responses((status = 200, body = Listed<ProjectView>), Refusals))]
pub(crate) async fn list(
    State(server): State<Server>,
    somebody: Somebody<Reading>,
    InQuery(which): InQuery<Which>,
) -> Answer<Json<Listed<ProjectView>>> {
    let (seen, next, set_aside) = visible(&server, &somebody.caller, which).await?;
    let items = seen.into_iter().map(|access| ProjectView::of(&server, access.project, access.role)).collect();
    Ok(Json(Listed::new(items, next).but_for(&set_aside)))
}

/// A piece of what a caller sees: the projects, where it goes on, and what cannot be understood.
type Seen = (Vec<ProjectAccess>, Option<ProjectName>, Vec<String>);

/// The projects that are wanted of those that a caller sees.
pub(super) async fn visible(server: &Server, caller: &Caller, which: Which) -> Answer<Seen> {
    let state = if which.archived { ProjectState::Archived } else { ProjectState::Active };
    let paging = Paging { cursor: which.cursor, limit: which.limit };
    let after: Option<ProjectName> = paging.cursor()?;
    let page = server.directory().visible_projects(caller.user.id, state, after.as_ref(), paging.limit()).await?;
    let seen = page.items.into_iter().filter(|access| caller.counts_in(access.project.id)).collect();
    Ok((seen, page.next, page.set_aside))
}

/// Made: the project, where it is, and the version of its settings.
type Made = (StatusCode, [(HeaderName, HeaderValue); 2], Json<ProjectView>);

/// Makes a project, whose owner is the caller.
#[utoipa::path(post, path = "/projects", tag = "projects", request_body = ProjectOrder,
    extensions(("x-needs" = json!("manage"))), responses((status = 201, body = ProjectView), Refusals))]
pub(crate) async fn create(
    State(server): State<Server>,
    somebody: Somebody<Managing>,
    Body(order): Body<ProjectOrder>,
) -> Answer<Made> {
    let caller = somebody.caller;
    let name = ProjectName::from_any(&order.name);
    if name.as_str() != order.name {
        return Err(Problem::invalid(format!(
            "{:?} is no name of a project: use lower-case letters, digits, `-`, `_` and `.`, such as {:?}",
            order.name,
            name.as_str()
        )));
    }
    policy::repository(&order.repo_url, server.settings()).await?;
    // Before anything is made: a project whose secrets are refused is none.
    check_secret(&SecretName::WebhookSecret, order.webhook_secret.as_ref())?;
    check_secret(&SecretName::RepositoryToken, order.repo_token.as_ref())?;
    let settings = order.settings();
    // What the command line has left under a name is an administrator's to take over.
    let existing = if caller.user.is_admin { Existing::Adopt } else { Existing::Refuse };
    let webhook_secret = match order.webhook_secret {
        Some(given) => Secret::new(given),
        None => BearerSecret::draw("").map_err(|error| Problem::internal("no randomness", &error))?.secret,
    };
    let mut secrets = vec![(SecretName::WebhookSecret, webhook_secret.clone())];
    secrets.extend(order.repo_token.map(|token| (SecretName::RepositoryToken, token.into())));
    let new = NewProject { id: ProjectId::generate(), name, settings, owner: caller.user.id, existing, secrets };
    let project = server.directory().create_project(&new, &caller.deed()).await?;
    // What the branches have by now is soon known, so that what is pushed from then on is found.
    server.looks().notify_one();
    let mut view = ProjectView::of(&server, project, Role::Owner);
    view.webhook_secret = Some(webhook_secret.expose().to_owned());
    let location = header(&format!("/api/v1/projects/{}", view.id));
    Ok((StatusCode::CREATED, [(LOCATION, location), (ETAG, etag(view.version))], Json(view)))
}

pub(super) fn check_secret(name: &SecretName, given: Option<&String>) -> Answer<()> {
    let Some(given) = given else { return Ok(()) };
    Ok(directory_bounds::secret(name, &Secret::new(given))?)
}

fn header(text: &str) -> HeaderValue {
    HeaderValue::try_from(text).expect("ids and numbers can be in headers")
}

fn etag(version: u64) -> HeaderValue {
    header(&format!("\"{version}\""))
}

/// A project.
#[utoipa::path(get, path = "/projects/{project}", tag = "projects", params(("project" = String, Path)),
    extensions(("x-needs" = json!("read"))), responses((status = 200, body = ProjectView), Refusals))]
pub(crate) async fn show(
    State(server): State<Server>,
    within: In<Reading>,
) -> ([(HeaderName, HeaderValue); 1], Json<ProjectView>) {
    let view = ProjectView::of(&server, within.project, within.role);
    ([(ETAG, etag(view.version))], Json(view))
}

/// Changes a project's settings. With `If-Match`, only if nobody else has changed them since. A repository at another host takes
/// the secret `repository_token` away: it was given for the former one.
#[utoipa::path(patch, path = "/projects/{project}", tag = "projects", params(("project" = String, Path)),
    request_body = ProjectChange, extensions(("x-needs" = json!("manage"))),
    responses((status = 200, body = ProjectView), Refusals))]
pub(crate) async fn change(
    State(server): State<Server>,
    within: In<Managing>,
    headers: HeaderMap,
    Body(change): Body<ProjectChange>,
) -> Answer<([(HeaderName, HeaderValue); 1], Json<ProjectView>)> {
    let ProjectRecord { id, version, settings, .. } = within.project;
    let stale =
        || Problem::new(Code::PreconditionFailed, "somebody else has changed the project meanwhile: look again");
    if headers.get(IF_MATCH).is_some_and(|given| *given != etag(version)) {
        return Err(stale());
    }
    let mut without = Vec::new();
    if let Some(url) = &change.repo_url {
        policy::repository(url, server.settings()).await?;
        // It was given for that host and no other, and whoever may change settings may not read it.
        if origin_of(Some(url)) != origin_of(settings.repo_url.as_deref()) {
            without.push(SecretName::RepositoryToken);
        }
    }
    let has_moved = change.repo_url.is_some() && change.repo_url != settings.repo_url;
    let settings = change.applied_to(settings);
    let changed = server.directory().update_settings(id, version, &settings, &without, &within.caller.deed()).await;
    let project = changed.map_err(|error| match error {
        imt_core::ports::StoreError::Conflict(_) => stale(),
        other => other.into(),
    })?;
    if has_moved {
        server.want_look(id).await?;
    }
    let view = ProjectView::of(&server, project, within.role);
    Ok(([(ETAG, etag(view.version))], Json(view)))
}

/// The host that a repository is at, as its credentials are bound to it.
fn origin_of(url: Option<&str>) -> Option<String> {
    match Repository::parse(url?) {
        Ok(Repository::Remote(url)) => Some(url.origin().to_string()),
        Ok(Repository::Local(_)) | Err(_) => None,
    }
}

/// Puts a project into the archive: nothing happens in it any more, and all of it can be seen.
#[utoipa::path(post, path = "/projects/{project}/archive", tag = "projects", params(("project" = String, Path)),
    extensions(("x-needs" = json!("manage"))), responses((status = 204, description = "Archived"), Refusals))]
pub(crate) async fn archive(State(server): State<Server>, within: In<Managing>) -> Answer<StatusCode> {
    server.directory().archive_project(within.project.id, &within.caller.deed()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a project out of the archive.
#[utoipa::path(post, path = "/projects/{project}/restore", tag = "projects", params(("project" = String, Path)),
    extensions(("x-needs" = json!("manage"))), responses((status = 204, description = "Restored"), Refusals))]
pub(crate) async fn restore(State(server): State<Server>, within: In<Managing>) -> Answer<StatusCode> {
    server.directory().restore_project(within.project.id, &within.caller.deed()).await?;
    Ok(StatusCode::NO_CONTENT)
}
