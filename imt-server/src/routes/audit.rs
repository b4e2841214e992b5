//! Who did what in a project.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use imt_core::directory::{Actor, AuditEntry, Position, Via};
use imt_core::id::{ProjectId, UserId};
use imt_core::ports::StoreError;
use imt_core::time::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

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
    actor: ActorView,
    /// By which way.
    via: ViaView,
    /// From where.
    #[serde(skip_serializing_if = "Option::is_none")]
    remote: Option<String>,
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    /// What, with its details.
    action: ActionView,
    /// What the project is called now that it was done in, in the log of the whole server.
    #[serde(skip_serializing_if = "Option::is_none")]
    project_name: Option<String>,
    /// What the user is called now that it was done to, where it was done to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
}

/// Who did something.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActorView {
    /// `user`, `system` or `visitor`.
    r#type: &'static str,
    /// Which user.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
    /// What that user is called now: by name, or else by e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// By which way something was done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ViaView {
    /// `sign_in`, `session`, `token`, `command_line` or `server`.
    r#type: &'static str,
    /// Which session or token.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
}

/// What was done: a word, and what tells it from others of its kind.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActionView {
    /// The word, such as `pipeline_triggered`.
    r#type: String,
    /// The details, by name.
    #[serde(flatten)]
    #[schema(additional_properties)]
    details: Map<String, Value>,
}

impl From<Via> for ViaView {
    fn from(via: Via) -> Self {
        let (r#type, id) = match via {
            Via::SignIn => ("sign_in", None),
            Via::Session(session) => ("session", Some(session.as_uuid())),
            Via::Token(token) => ("token", Some(token.as_uuid())),
            Via::CommandLine => ("command_line", None),
            Via::Server => ("server", None),
        };
        Self { r#type, id }
    }
}

/// What users are called, by their ids.
type Names = BTreeMap<UserId, String>;

impl ActorView {
    fn of(actor: Actor, names: &Names) -> Self {
        let (r#type, user) = match actor {
            Actor::User(user) => ("user", Some(user)),
            Actor::System => ("system", None),
            Actor::Visitor => ("visitor", None),
        };
        let name = user.and_then(|user| names.get(&user).cloned());
        Self { r#type, id: user.map(UserId::as_uuid), name }
    }
}

impl ActionView {
    fn of(action: Value) -> Self {
        let Value::Object(mut details) = action else { return Self { r#type: String::new(), details: Map::new() } };
        let word = details.remove("type").and_then(|word| word.as_str().map(str::to_owned));
        Self { r#type: word.unwrap_or_default(), details }
    }

    /// The user that it was done to.
    fn user(&self) -> Option<UserId> {
        Some(UserId::from_uuid(self.details.get("user")?.as_str()?.parse().ok()?))
    }
}

/// What the users of some entries are called. One that is not there any more has no name.
async fn names(server: &Server, entries: &[(AuditEntry, ActionView)]) -> Answer<Names> {
    let actors = entries.iter().filter_map(|(entry, _)| match entry.deed.actor {
        Actor::User(user) => Some(user),
        Actor::System | Actor::Visitor => None,
    });
    let wanted: BTreeSet<UserId> = actors.chain(entries.iter().filter_map(|(_, action)| action.user())).collect();
    let mut names = Names::new();
    for user in wanted {
        match server.directory().user(user).await {
            Ok(found) => drop(names.insert(user, found.label().to_owned())),
            Err(StoreError::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(names)
}

/// What projects are called, by their ids.
type Projects = BTreeMap<ProjectId, String>;

/// What the projects of some entries are called.
async fn projects(server: &Server, entries: &[(AuditEntry, ActionView)]) -> Answer<Projects> {
    let wanted: BTreeSet<ProjectId> = entries.iter().filter_map(|(entry, _)| entry.project).collect();
    let mut names = Projects::new();
    for project in wanted {
        match server.directory().project(&project.into()).await {
            Ok(found) => drop(names.insert(project, found.name.to_string())),
            Err(StoreError::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(names)
}

fn shown((entry, action): (AuditEntry, ActionView), names: &Names, projects: &Projects) -> EntryView {
    EntryView {
        project_name: entry.project.and_then(|project| projects.get(&project).cloned()),
        at: entry.deed.at,
        actor: ActorView::of(entry.deed.actor, names),
        via: entry.deed.via.into(),
        remote: entry.deed.remote,
        request: entry.deed.request,
        user_name: action.user().and_then(|user| names.get(&user).cloned()),
        action,
    }
}

async fn listed(server: &Server, of: Option<ProjectId>, paging: &Paging) -> Answer<Json<Listed<EntryView>>> {
    let before: Option<u64> = paging.cursor()?;
    let page = server.directory().audit(of, before.map(Position), paging.limit()).await?;
    let with_action = page.items.into_iter().map(|entry| {
        let action = serde_json::to_value(&entry.action)?;
        Ok((entry, ActionView::of(action)))
    });
    let entries = with_action.collect::<Result<Vec<_>, serde_json::Error>>();
    let entries = entries.map_err(|error| Problem::internal("an entry of the audit log cannot be shown", &error))?;
    let names = names(server, &entries).await?;
    let projects = if of.is_none() { projects(server, &entries).await? } else { Projects::new() };
    let items = entries.into_iter().map(|entry| shown(entry, &names, &projects)).collect();
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
