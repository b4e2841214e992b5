//! Projects: their names, their settings, and who sees them.

use imt_core::directory::{
    Action, Deed, Existing, NewProject, Page, ProjectAccess, ProjectKey, ProjectRecord, ProjectSettings, ProjectState,
    RepositoryKey, Role, SecretName,
};
use imt_core::id::{ProjectId, ProjectName, UserId};
use imt_core::ports::{StoreError, StoreResult, directory_bounds as bounds};
use imt_core::time::Timestamp;

use super::page::{and_one, at, maybe_at, maybe_time, page, page_limit, parsed, time};
use super::{audit, members, secrets, users};
use crate::database::{Database, Purpose, Transaction};
use crate::keys::Keys;
use crate::value::{Row, Value, json};

/// The columns of a project.
pub(super) const PROJECT: &str = "
    directory_projects.id, directory_projects.name, directory_projects.settings, directory_projects.version,
    directory_projects.created_at, directory_projects.archived_at";

pub(super) fn record(row: &mut Row) -> StoreResult<ProjectRecord> {
    let (id, name, settings, version) = (parsed(row)?, ProjectName::new(row.text()?), row.json()?, row.count()?);
    Ok(ProjectRecord { id, name, settings, version, created_at: time(row)?, archived_at: maybe_time(row)? })
}

fn first(rows: Vec<Row>) -> StoreResult<ProjectRecord> {
    let row = rows.into_iter().next().ok_or(StoreError::NotFound("project"))?;
    record(&mut row.of("project"))
}

/// The condition that a key, parameter `nth`, is met, and its value.
pub(super) fn key(key: &ProjectKey, nth: usize) -> (String, Value) {
    match key {
        ProjectKey::Id(id) => (format!("directory_projects.id = ${nth}"), id.to_string().into()),
        ProjectKey::Name(name) => (format!("directory_projects.name = ${nth}"), name.as_str().into()),
    }
}

const ADD_NAME: &str =
    "INSERT INTO projects (name, last_number) VALUES ($1, 0) ON CONFLICT (name) DO NOTHING RETURNING name";
const ADD: &str = "
    INSERT INTO directory_projects (id, name, settings, version, created_at, repository) VALUES ($1, $2, $3, 1, $4, $5)
    ON CONFLICT DO NOTHING RETURNING id";
const ADD_LOOK: &str = "INSERT INTO repository_looks (project) VALUES ($1)";

/// The key of a project's repository; empty where it has none that others could name.
fn repository(settings: &ProjectSettings) -> Value {
    let key = settings.repo_url.as_deref().and_then(RepositoryKey::of);
    key.as_ref().map_or("", RepositoryKey::as_str).into()
}

pub(super) async fn create(
    database: &dyn Database,
    keys: Option<&Keys>,
    new: &NewProject,
    by: &Deed,
) -> StoreResult<ProjectRecord> {
    bounds::new_project(new)?;
    bounds::deed(by)?;
    let (mut tx, name) = (database.begin().await?, new.name.as_str());
    let ring = match new.secrets.first() {
        Some((first, _)) => Some(secrets::ring_for(tx.as_mut(), keys, new.id, first).await?),
        None => None,
    };
    // Whoever adds the same name at the same moment is waited for.
    let is_new = !tx.run(ADD_NAME, vec![name.into()]).await?.is_empty();
    users::one_in(tx.as_mut(), new.owner).await?;
    let taken = || StoreError::Conflict(format!("the name {name} or the id is taken"));
    if !is_new && new.existing == Existing::Refuse {
        return Err(taken());
    }
    let repository = repository(&new.settings);
    let values = vec![new.id.to_string().into(), name.into(), json(&new.settings), at(by.at), repository];
    if tx.run(ADD, values).await?.is_empty() {
        return Err(taken());
    }
    tx.run(ADD_LOOK, vec![new.id.to_string().into()]).await?;
    members::write(tx.as_mut(), (new.id, name), new.owner, Role::Owner, by.at).await?;
    let action = Action::ProjectMade { name: new.name.clone(), owner: new.owner };
    audit::write(tx.as_mut(), Some(new.id), &action, by).await?;
    for ((name, value), ring) in new.secrets.iter().zip(ring.iter().cycle()) {
        secrets::write(tx.as_mut(), ring, new.id, name, value, by).await?;
    }
    tx.commit().await?;
    let NewProject { id, name, settings, .. } = new.clone();
    Ok(ProjectRecord { id, name, settings, version: 1, created_at: by.at, archived_at: None })
}

pub(super) async fn one(database: &dyn Database, project: &ProjectKey) -> StoreResult<ProjectRecord> {
    let (is_it, value) = key(project, 1);
    let sql = format!("SELECT {PROJECT} FROM directory_projects WHERE {is_it}");
    first(database.run(Purpose::Read, &sql, vec![value]).await?)
}

/// Rows that were made before there was such a key have none: they are looked at one by one, in their turn.
fn of_repository_statement() -> String {
    let half = |is_it, name| {
        format!(
            "SELECT * FROM (SELECT {PROJECT} FROM directory_projects
              WHERE {is_it} AND directory_projects.id > $2 AND directory_projects.archived_at IS NULL
                AND EXISTS (SELECT 1 FROM project_secrets WHERE project_secrets.project = directory_projects.id
                     AND project_secrets.name = '{}')
              ORDER BY directory_projects.id LIMIT $3) AS {name}",
            SecretName::WebhookSecret
        )
    };
    let with_key = half("directory_projects.repository = $1", "enough_with_key");
    format!("{with_key} UNION ALL {} ORDER BY 1", half("directory_projects.repository IS NULL", "enough_without"))
}

pub(super) async fn of_repository(
    database: &dyn Database,
    repository: &RepositoryKey,
    after: Option<ProjectId>,
    limit: usize,
) -> StoreResult<Page<ProjectRecord, ProjectId>> {
    let limit = page_limit(limit);
    let after = after.map(|after| after.to_string()).unwrap_or_default();
    let values = vec![repository.as_str().into(), after.into(), and_one(limit)];
    let rows = database.run(Purpose::Read, &of_repository_statement(), values).await?;
    let mut all = page(rows, limit, "project", record, |project| project.id)?;
    let is_of = |project: &ProjectRecord| {
        project.settings.repo_url.as_deref().and_then(RepositoryKey::of).as_ref() == Some(repository)
    };
    all.items.retain(is_of);
    Ok(all)
}

/// Sees to it that there is a project.
pub(super) async fn exists(tx: &mut dyn Transaction, project: ProjectId) -> StoreResult<()> {
    let sql = "SELECT id FROM directory_projects WHERE id = $1";
    let rows = tx.run(sql, vec![project.to_string().into()]).await?;
    if rows.is_empty() { Err(StoreError::NotFound("project")) } else { Ok(()) }
}

/// Locks an existing project against everybody else who locks it.
pub(super) async fn locked(
    tx: &mut dyn Transaction,
    database: &dyn Database,
    project: ProjectId,
) -> StoreResult<ProjectRecord> {
    let sql = format!("SELECT {PROJECT} FROM directory_projects WHERE id = $1 {{for_update}}");
    first(tx.run(&database.dialect().sql(&sql), vec![project.to_string().into()]).await?)
}

fn access_statement(is_it: &str) -> String {
    format!(
        "SELECT {PROJECT}, CASE WHEN users.is_admin = 1 THEN 'owner' ELSE project_members.role END
           FROM directory_projects JOIN users ON users.id = $1
           LEFT JOIN project_members
             ON project_members.project = directory_projects.id AND project_members.user_id = users.id
          WHERE {is_it} AND users.disabled_at IS NULL AND (users.is_admin = 1 OR project_members.role IS NOT NULL)"
    )
}

fn access_of(row: &mut Row) -> StoreResult<ProjectAccess> {
    Ok(ProjectAccess { project: record(row)?, role: row.word()? })
}

pub(super) async fn access(
    database: &dyn Database,
    user: UserId,
    project: &ProjectKey,
) -> StoreResult<Option<ProjectAccess>> {
    let (is_it, value) = key(project, 2);
    let values = vec![user.to_string().into(), value];
    let rows = database.run(Purpose::Read, &access_statement(&is_it), values).await?;
    rows.into_iter().next().map(|row| access_of(&mut row.of("project"))).transpose()
}

/// An administrator's by the names of all projects, a user's by the names of his own: the half that is not meant begins at no
/// name, and ends there.
fn visible_statement() -> String {
    let wanted = "CASE WHEN directory_projects.archived_at IS NULL THEN 0 ELSE 1 END = $3";
    let after = |is_admin| {
        format!("(SELECT CAST($2 AS TEXT) FROM users WHERE id = $1 AND is_admin = {is_admin} AND disabled_at IS NULL)")
    };
    format!(
        "SELECT * FROM (SELECT {PROJECT}, 'owner' AS role FROM directory_projects
          WHERE directory_projects.name > {} AND {wanted} ORDER BY directory_projects.name LIMIT $4) AS enough_of_all
         UNION ALL
         SELECT * FROM (SELECT {PROJECT}, project_members.role FROM project_members
           JOIN directory_projects ON directory_projects.id = project_members.project
          WHERE project_members.user_id = $1 AND project_members.project_name > {} AND {wanted}
          ORDER BY project_members.project_name LIMIT $4) AS enough_of_own
         ORDER BY 2",
        after(1),
        after(0)
    )
}

/// The statements that stand before most requests.
pub(super) fn hot() -> Vec<(&'static str, String)> {
    vec![
        ("access", access_statement("directory_projects.id = $2")),
        ("access_by_name", access_statement("directory_projects.name = $2")),
        ("visible_projects", visible_statement()),
        ("projects_of_repository", of_repository_statement()),
    ]
}

pub(super) async fn visible(
    database: &dyn Database,
    user: UserId,
    state: ProjectState,
    after: Option<&ProjectName>,
    limit: usize,
) -> StoreResult<Page<ProjectAccess, ProjectName>> {
    let limit = page_limit(limit);
    let is_archived = state == ProjectState::Archived;
    let after = after.map_or("", ProjectName::as_str);
    let values = vec![user.to_string().into(), after.into(), is_archived.into(), and_one(limit)];
    let rows = database.run(Purpose::Read, &visible_statement(), values).await?;
    page(rows, limit, "project", access_of, |access| access.project.name.clone())
}

pub(super) async fn update_settings(
    database: &dyn Database,
    id: ProjectId,
    version: u64,
    settings: &ProjectSettings,
    without: &[SecretName],
    by: &Deed,
) -> StoreResult<ProjectRecord> {
    bounds::settings(settings)?;
    bounds::deed(by)?;
    let mut tx = database.begin().await?;
    let found = locked(tx.as_mut(), database, id).await?;
    if found.version != version {
        let is = found.version;
        return Err(StoreError::Conflict(format!("the settings have version {is}, not {version}")));
    }
    let fields = found.settings.differences(settings);
    if fields.is_empty() {
        return Ok(found);
    }
    let set = "UPDATE directory_projects SET settings = $2, version = $3, repository = $4 WHERE id = $1";
    let version = version + 1;
    tx.run(set, vec![id.to_string().into(), json(settings), version.into(), repository(settings)]).await?;
    audit::write(tx.as_mut(), Some(id), &Action::SettingsChanged { version, fields }, by).await?;
    for name in without {
        secrets::take_away(tx.as_mut(), id, name, by).await?;
    }
    tx.commit().await?;
    Ok(ProjectRecord { settings: settings.clone(), version, ..found })
}

/// What was pushed while a project is in the archive is not made up for.
const FORGET_LOOK: &str = "
    UPDATE repository_looks SET taken_at = 0, rests_until = 0, repo_url = NULL, since = NULL, seen_at = NULL, failures = 0,
        failure = NULL
     WHERE project = $1";

/// Puts a project into the archive at a time, or takes it out.
pub(super) async fn set_archived(
    database: &dyn Database,
    id: ProjectId,
    archived_at: Option<Timestamp>,
    by: &Deed,
) -> StoreResult<()> {
    bounds::deed(by)?;
    let mut tx = database.begin().await?;
    if locked(tx.as_mut(), database, id).await?.archived_at.is_some() == archived_at.is_some() {
        return Ok(());
    }
    let set = "UPDATE directory_projects SET archived_at = $2 WHERE id = $1";
    tx.run(set, vec![id.to_string().into(), maybe_at(archived_at)]).await?;
    tx.run(FORGET_LOOK, vec![id.to_string().into()]).await?;
    let action = if archived_at.is_some() { Action::ProjectArchived } else { Action::ProjectRestored };
    audit::write_and_commit(tx, Some(id), &action, by).await
}
