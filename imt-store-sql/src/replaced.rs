//! Secret values that were replaced or removed, kept sealed while a job may still print them.
//!
//! One that a pipeline may have been given is needed until that pipeline is over. Which may have been is told by positions:
//! whoever replaces a value has locked the project, so that every pipeline is accepted before or after it.

use imt_core::id::ProjectName;
use imt_core::ports::StoreResult;

use crate::database::{Database, Transaction};
use crate::keys::{Keys, open, open_one};
use crate::queue::ADD_PROJECT;
use crate::seal::{Place, SealError, Sealed};
use crate::value::Value;
use crate::variables::unusable;

/// Whether a row of `replaced_secrets` is needed: by a pipeline that is held, or by one that waits in a lane.
pub(crate) const NEEDED: &str = "(
    COALESCE((SELECT MIN(position) FROM pipelines
        WHERE project = replaced_secrets.project AND holder IS NOT NULL AND ended = 0),
        replaced_secrets.last_position + 1) <= replaced_secrets.last_position
    OR EXISTS (SELECT 1 FROM lanes WHERE lanes.project = replaced_secrets.project
        AND (SELECT MIN(position) FROM pipelines WHERE project = lanes.project AND labels = lanes.labels
            AND holder IS NULL AND ended = 0) <= replaced_secrets.last_position))";

/// The last position of a pipeline that is not over; null when all are.
const LAST_POSITION: &str = "
    SELECT MAX(position) FROM (
        SELECT MAX(position) AS position FROM pipelines WHERE project = $1 AND holder IS NOT NULL AND ended = 0
        UNION ALL
        SELECT (SELECT MAX(position) FROM pipelines WHERE project = lanes.project AND labels = lanes.labels
            AND holder IS NULL AND ended = 0) FROM lanes WHERE project = $1) AS not_over";
const CURRENT: &str = "
    SELECT value, key, (SELECT CAST(COALESCE(MAX(nth), 0) + 1 AS BIGINT) FROM replaced_secrets WHERE project = $1 AND name = $2)
      FROM variables WHERE project = $1 AND name = $2 AND key IS NOT NULL";
const KEEP: &str = "
    INSERT INTO replaced_secrets (project, name, nth, last_position, value, key) VALUES ($1, $2, $3, $4, $5, $6)";

/// Locks a project, made if it is not there: no pipeline of it is accepted until the end of the transaction.
pub(crate) async fn lock_project(
    tx: &mut dyn Transaction,
    database: &dyn Database,
    project: &ProjectName,
) -> StoreResult<()> {
    tx.run(ADD_PROJECT, vec![project.as_str().into()]).await?;
    let lock = database.dialect().sql("SELECT name FROM projects WHERE name = $1 {for_update}");
    tx.run(&lock, vec![project.as_str().into()]).await?;
    Ok(())
}

/// Keeps the value of a variable that is about to be replaced by another secret, or by none, if it is a secret that a job may
/// still print. Under the project's lock.
///
/// # Errors
/// When it is to be kept and the ring lacks its key. What nobody can open any more is not kept: nobody could mask it.
pub(crate) async fn keep(
    tx: &mut dyn Transaction,
    keys: Option<&Keys>,
    project: &ProjectName,
    name: &str,
    by: Option<&[u8]>,
) -> StoreResult<()> {
    let last = tx.run(LAST_POSITION, vec![project.as_str().into()]).await?.into_iter().next();
    let Some(last) = last.map(|row| row.of("pipeline").maybe_int()).transpose()?.flatten() else { return Ok(()) };
    let rows = tx.run(CURRENT, vec![project.as_str().into(), name.into()]).await?;
    let Some(row) = rows.into_iter().next() else { return Ok(()) };
    let mut row = row.of("variable");
    let old = Sealed { bytes: row.bytes()?, key: row.text()? };
    let nth = row.int()?;
    let ring = keys.map(|keys| keys.ring_with(std::iter::once(old.key.as_str())));
    let value = match open(ring.as_deref(), crate::variables::place(&[project.as_str(), name]), &old) {
        Ok(value) => value,
        Err(error @ SealError::KeyMissing(_)) => {
            let why = format!("{error}; a pipeline that is not over may print its value, which has to be masked");
            return Err(unusable(project, name, &why));
        }
        Err(_) => return Ok(()),
    };
    let Some(ring) = ring.filter(|_| by != Some(value.as_slice())) else { return Ok(()) };
    let row = [project.as_str(), name, &nth.to_string()];
    let sealed = ring.seal(place(&row), &value).map_err(|error| unusable(project, name, &error))?;
    let values: Vec<Value> =
        vec![project.as_str().into(), name.into(), nth.into(), last.into(), sealed.bytes.into(), sealed.key.into()];
    tx.run(KEEP, values).await?;
    Ok(())
}

const KEPT: &str = "SELECT nth, value, key FROM replaced_secrets WHERE project = $1 AND name = $2";

/// Drops values of a variable that nobody can open any more: they would stop the project's pipelines for ever.
pub(crate) async fn drop_broken(
    tx: &mut dyn Transaction,
    keys: Option<&Keys>,
    project: &ProjectName,
    name: &str,
) -> StoreResult<()> {
    for row in tx.run(KEPT, vec![project.as_str().into(), name.into()]).await? {
        let mut row = row.of("variable");
        let nth = row.int()?;
        let kept = Sealed { bytes: row.bytes()?, key: row.text()? };
        let opened = open_one(keys, place(&[project.as_str(), name, &nth.to_string()]), &kept);
        if matches!(opened, Err(SealError::Refused)) {
            let drop = "DELETE FROM replaced_secrets WHERE project = $1 AND name = $2 AND nth = $3";
            tx.run(drop, vec![project.as_str().into(), name.into(), nth.into()]).await?;
        }
    }
    Ok(())
}

/// Drops what no job can print any more: of one project, or of all.
pub(crate) async fn drop_unneeded(tx: &mut dyn Transaction, project: Option<&ProjectName>) -> StoreResult<()> {
    let of = project.map_or("", |_| "project = $1 AND");
    let drop = format!("DELETE FROM replaced_secrets WHERE {of} NOT {NEEDED}");
    tx.run(&drop, project.map(|project| project.as_str().into()).into_iter().collect()).await?;
    Ok(())
}

pub(crate) const fn place<'a>(row: &'a [&'a str]) -> Place<'a> {
    Place { table: "replaced_secrets", column: "value", row }
}
