//! What a project must not show anybody, sealed.

use std::sync::Arc;

use imt_core::directory::{Action, Deed, ListedSecret, ProjectKey, ProjectRecord, SecretName};
use imt_core::id::ProjectId;
use imt_core::ports::{StoreError, StoreResult, directory_bounds as bounds};
use imt_core::secret::Secret;

use super::page::{at, parsed, time};
use super::{audit, projects};
use crate::database::{Database, Purpose, Transaction};
use crate::keys::{Keys, open_one, sealing, unusable};
use crate::seal::{KeyRing, Place, Sealed};
use crate::value::{Row, Value};

const fn place<'a>(row: &'a [&'a str]) -> Place<'a> {
    Place { table: "project_secrets", column: "value", row }
}

fn called(project: &str, name: &str) -> String {
    format!("the secret {name} of project {project}")
}

const SET: &str = "
    INSERT INTO project_secrets (project, name, value, key, set_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (project, name) DO UPDATE SET value = excluded.value, key = excluded.key, set_at = excluded.set_at";

pub(super) async fn set(
    database: &dyn Database,
    keys: Option<&Keys>,
    project: ProjectId,
    name: &SecretName,
    value: &Secret,
    by: &Deed,
) -> StoreResult<()> {
    bounds::secret(name, value)?;
    bounds::deed(by)?;
    let mut tx = database.begin().await?;
    let ring = ring_for(tx.as_mut(), keys, project, name).await?;
    projects::exists(tx.as_mut(), project).await?;
    write(tx.as_mut(), &ring, project, name, value, by).await?;
    Ok(tx.commit().await?)
}

/// The ring to seal a secret with. Before anything is locked.
pub(super) async fn ring_for(
    tx: &mut dyn Transaction,
    keys: Option<&Keys>,
    project: ProjectId,
    name: &SecretName,
) -> StoreResult<Arc<KeyRing>> {
    sealing(tx, keys, &called(&project.to_string(), &name.to_string())).await
}

/// Sets a secret of a project that is there, with its entry in the audit log.
pub(super) async fn write(
    tx: &mut dyn Transaction,
    ring: &KeyRing,
    project: ProjectId,
    name: &SecretName,
    value: &Secret,
    by: &Deed,
) -> StoreResult<()> {
    let (id, text) = (project.to_string(), name.to_string());
    let sealed = ring.seal(place(&[&id, &text]), value.expose().as_bytes());
    let sealed = sealed.map_err(|error| unusable(&called(&id, &text), &error))?;
    let values: Vec<Value> = vec![id.into(), text.into(), sealed.bytes.into(), sealed.key.into(), at(by.at)];
    tx.run(SET, values).await?;
    audit::write(tx, Some(project), &Action::SecretSet { secret: name.clone() }, by).await
}

pub(super) async fn remove(
    database: &dyn Database,
    project: ProjectId,
    name: &SecretName,
    by: &Deed,
) -> StoreResult<bool> {
    bounds::deed(by)?;
    let mut tx = database.begin().await?;
    let was_there = take_away(tx.as_mut(), project, name, by).await?;
    tx.commit().await?;
    Ok(was_there)
}

/// Removes a secret, if it is there, with its entry in the audit log.
pub(super) async fn take_away(
    tx: &mut dyn Transaction,
    project: ProjectId,
    name: &SecretName,
    by: &Deed,
) -> StoreResult<bool> {
    let remove = "DELETE FROM project_secrets WHERE project = $1 AND name = $2 RETURNING name";
    if tx.run(remove, vec![project.to_string().into(), name.to_string().into()]).await?.is_empty() {
        return Ok(false);
    }
    audit::write(tx, Some(project), &Action::SecretRemoved { secret: name.clone() }, by).await?;
    Ok(true)
}

pub(super) async fn read(
    database: &dyn Database,
    keys: Option<&Keys>,
    project: ProjectId,
    name: &SecretName,
) -> StoreResult<Option<Secret>> {
    let (id, text) = (project.to_string(), name.to_string());
    let sql = "SELECT value, key FROM project_secrets WHERE project = $1 AND name = $2";
    let rows = database.run(Purpose::Read, sql, vec![id.as_str().into(), text.as_str().into()]).await?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let mut row = row.of("secret");
    let sealed = Sealed { bytes: row.bytes()?, key: row.text()? };
    opened(keys, &id, &text, &sealed).map(Some)
}

/// A secret of a project, and the project, in one statement.
pub(super) async fn read_with_project(
    database: &dyn Database,
    keys: Option<&Keys>,
    project: &ProjectKey,
    name: &SecretName,
) -> StoreResult<(ProjectRecord, Option<Secret>)> {
    let (is_it, key) = projects::key(project, 1);
    let name = name.to_string();
    let sql = format!(
        "SELECT {}, project_secrets.value, project_secrets.key FROM directory_projects
           LEFT JOIN project_secrets ON project_secrets.project = directory_projects.id AND project_secrets.name = $2
          WHERE {is_it}",
        projects::PROJECT
    );
    let rows = database.run(Purpose::Read, &sql, vec![key, name.as_str().into()]).await?;
    let row = rows.into_iter().next().ok_or(StoreError::NotFound("project"))?;
    let mut row = row.of("project");
    let project = projects::record(&mut row)?;
    let (bytes, key) = (row.maybe_bytes()?, row.maybe_text()?);
    let secret = match bytes.zip(key) {
        Some((bytes, key)) => Some(opened(keys, &project.id.to_string(), &name, &Sealed { key, bytes })?),
        None => None,
    };
    Ok((project, secret))
}

fn opened(keys: Option<&Keys>, project: &str, name: &str, sealed: &Sealed) -> StoreResult<Secret> {
    let what = called(project, name);
    let opened = open_one(keys, place(&[project, name]), sealed).map_err(|error| unusable(&what, &error))?;
    String::from_utf8(opened).map(Secret::new).map_err(|_| unusable(&what, &"it is not text"))
}

pub(super) async fn list(database: &dyn Database, project: ProjectId) -> StoreResult<Vec<ListedSecret>> {
    let sql = "SELECT name, set_at FROM project_secrets WHERE project = $1 ORDER BY name";
    let rows = database.run(Purpose::Read, sql, vec![project.to_string().into()]).await?;
    let listed = |row: Row| {
        let mut row = row.of("secret");
        Ok(ListedSecret { name: parsed(&mut row)?, set_at: time(&mut row)? })
    };
    rows.into_iter().map(listed).collect()
}
