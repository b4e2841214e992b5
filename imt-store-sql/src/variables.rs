//! A project's variables; the values of secret ones are sealed.

use imt_core::id::ProjectName;
use imt_core::ports::{StoreError, StoreResult, Variable};
use imt_core::secret::Secret;

use crate::database::{Database, Purpose};
use crate::queue::ADD_PROJECT;
use crate::seal::{KeyRing, Place, SealError, Sealed};
use crate::value::{Row, Value};

const VARIABLES: &str = "SELECT name, value, key FROM variables WHERE project = $1 ORDER BY name";

pub(crate) async fn variables(
    database: &dyn Database,
    keys: Option<&KeyRing>,
    project: &ProjectName,
) -> StoreResult<Vec<Variable>> {
    let rows = database.run(Purpose::Read, VARIABLES, vec![project.as_str().into()]).await?;
    rows.into_iter().map(|row| variable(row, keys, project)).collect()
}

fn variable(row: Row, keys: Option<&KeyRing>, project: &ProjectName) -> StoreResult<Variable> {
    let mut row = row.of("variable");
    let (name, bytes, key) = (row.text()?, row.bytes()?, row.maybe_text()?);
    let is_secret = key.is_some();
    let bytes = match key {
        Some(key) => open(keys, project, &name, &Sealed { key, bytes })?,
        None => bytes,
    };
    let value = String::from_utf8(bytes).map_err(|_| unusable(project, &name, &"it is not text"))?;
    Ok(Variable { name, value: Secret::new(value), is_secret })
}

fn open(keys: Option<&KeyRing>, project: &ProjectName, name: &str, sealed: &Sealed) -> StoreResult<Vec<u8>> {
    let missing = || SealError::KeyMissing(sealed.key.clone());
    let opened = keys.ok_or_else(missing).and_then(|keys| keys.open(place(&[project.as_str(), name]), sealed));
    opened.map_err(|error| unusable(project, name, &error))
}

const fn place<'a>(row: &'a [&'a str]) -> Place<'a> {
    Place { table: "variables", column: "value", row }
}

fn unusable(project: &ProjectName, name: &str, why: &dyn std::fmt::Display) -> StoreError {
    let message = format!("the variable {name} of project {project} cannot be used: {why}");
    StoreError::Internal { message, source: None }
}

const SET: &str = "
    INSERT INTO variables (project, name, value, key) VALUES ($1, $2, $3, $4)
    ON CONFLICT (project, name) DO UPDATE SET value = excluded.value, key = excluded.key";

pub(crate) async fn set(
    database: &dyn Database,
    keys: Option<&KeyRing>,
    project: &ProjectName,
    variable: &Variable,
) -> StoreResult<()> {
    let (name, value) = (variable.name.as_str(), variable.value.expose().as_bytes());
    let (value, key) = if variable.is_secret {
        let keys = keys.ok_or_else(|| unusable(project, name, &"a secret needs a key ring, and the store has none"))?;
        let sealed = keys.seal(place(&[project.as_str(), name]), value);
        let sealed = sealed.map_err(|error| unusable(project, name, &error))?;
        (sealed.bytes, Some(sealed.key))
    } else {
        (value.to_vec(), None)
    };
    let mut tx = database.begin().await?;
    tx.run(ADD_PROJECT, vec![project.as_str().into()]).await?;
    tx.run(SET, vec![project.as_str().into(), name.into(), value.into(), key.into()]).await?;
    tx.commit().await?;
    Ok(())
}

pub(crate) async fn unset(database: &dyn Database, project: &ProjectName, name: &str) -> StoreResult<bool> {
    let delete = "DELETE FROM variables WHERE project = $1 AND name = $2 RETURNING name";
    let mut tx = database.begin().await?;
    let gone = tx.run(delete, vec![project.as_str().into(), name.into()]).await?;
    tx.commit().await?;
    Ok(!gone.is_empty())
}

/// Seals with the newest key what an older one sealed, one batch; answers how many there were. Values may be read and set
/// while it runs: one that changes in between is left as it was set.
pub(crate) async fn reseal(database: &dyn Database, keys: &KeyRing, limit: u64) -> StoreResult<u64> {
    let select = "SELECT project, name, value, key FROM variables WHERE key <> $1 ORDER BY project, name LIMIT $2";
    let update = "
        UPDATE variables SET value = $3, key = $4 WHERE project = $1 AND name = $2 AND key = $5 AND value = $6";
    let rows = database.run(Purpose::Read, select, vec![keys.sealing_key().into(), limit.into()]).await?;
    let count = rows.len() as u64;
    let mut tx = database.begin().await?;
    for row in rows {
        let mut row = row.of("variable");
        let (project, name) = (ProjectName::new(row.text()?), row.text()?);
        let old = Sealed { bytes: row.bytes()?, key: row.text()? };
        let value = open(Some(keys), &project, &name, &old)?;
        let new = keys.seal(place(&[project.as_str(), &name]), &value);
        let new = new.map_err(|error| unusable(&project, &name, &error))?;
        let values: Vec<Value> = vec![
            project.as_str().into(),
            name.into(),
            new.bytes.into(),
            new.key.into(),
            old.key.into(),
            old.bytes.into(),
        ];
        tx.run(update, values).await?;
    }
    tx.commit().await?;
    Ok(count)
}
