//! Who did what.

use imt_core::directory::{Action, AuditEntry, Deed, Page, Position};
use imt_core::id::ProjectId;
use imt_core::ports::{StoreResult, directory_bounds as bounds};

use super::page::{and_one, at, maybe_id, maybe_parsed, page, page_limit, time};
use crate::database::{Database, Purpose, Transaction};
use crate::value::{Row, Value, json};

const ADD: &str = "
    INSERT INTO audit_log (at, project, actor, via, request, remote, action) VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// Writes an entry in the transaction of the deed.
pub(super) async fn write(
    tx: &mut dyn Transaction,
    project: Option<ProjectId>,
    action: &Action,
    by: &Deed,
) -> StoreResult<()> {
    let values: Vec<Value> = vec![
        at(by.at),
        maybe_id(project),
        json(&by.actor),
        json(&by.via),
        by.request.clone().into(),
        by.remote.clone().into(),
        json(action),
    ];
    tx.run(ADD, values).await?;
    Ok(())
}

/// Writes an entry, and ends the transaction of the deed.
pub(super) async fn write_and_commit(
    mut tx: Box<dyn Transaction>,
    project: Option<ProjectId>,
    action: &Action,
    by: &Deed,
) -> StoreResult<()> {
    write(tx.as_mut(), project, action, by).await?;
    Ok(tx.commit().await?)
}

pub(super) async fn note(
    database: &dyn Database,
    project: Option<ProjectId>,
    action: &Action,
    by: &Deed,
) -> StoreResult<()> {
    bounds::deed(by)?;
    write_and_commit(database.begin().await?, project, action, by).await
}

const ALL: &str = "
    SELECT id, at, project, actor, via, request, remote, action FROM audit_log WHERE id < $1 ORDER BY id DESC LIMIT $2";
const OF_PROJECT: &str = "
    SELECT id, at, project, actor, via, request, remote, action FROM audit_log
     WHERE project = $3 AND id < $1 ORDER BY id DESC LIMIT $2";

pub(super) fn hot() -> Vec<(&'static str, String)> {
    vec![("audit", ALL.to_owned()), ("audit_of_project", OF_PROJECT.to_owned())]
}

pub(super) async fn list(
    database: &dyn Database,
    project: Option<ProjectId>,
    before: Option<Position>,
    limit: usize,
) -> StoreResult<Page<AuditEntry, Position>> {
    let limit = page_limit(limit);
    let mut values: Vec<Value> = vec![before.map_or(u64::MAX, |before| before.0).into(), and_one(limit)];
    values.extend(project.map(|project| Value::from(project.to_string())));
    let sql = if project.is_some() { OF_PROJECT } else { ALL };
    let rows = database.run(Purpose::Read, sql, values).await?;
    page(rows, limit, "entry of the audit log", entry, |entry| entry.position)
}

fn entry(row: &mut Row) -> StoreResult<AuditEntry> {
    let position = Position(row.count()?);
    let (at, project) = (time(row)?, maybe_parsed(row)?);
    let (actor, via) = (row.json()?, row.json()?);
    let deed = Deed { actor, via, request: row.maybe_text()?, remote: row.maybe_text()?, at };
    Ok(AuditEntry { position, project, deed, action: row.json()? })
}
