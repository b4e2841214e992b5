//! A project's variables; the values of secret ones are sealed.

use imt_core::id::ProjectName;
use imt_core::ports::{StoreError, StoreResult, Variable, bounds};
use imt_core::secret::Secret;

use crate::database::{Database, Purpose};
use crate::keys::{Keys, prove};
use crate::queue::ADD_PROJECT;
use crate::seal::{KeyRing, Place, SealError, Sealed};
use crate::value::{Row, Value};

const VARIABLES: &str = "SELECT name, value, key FROM variables WHERE project = $1 ORDER BY name";

pub(crate) async fn variables(
    database: &dyn Database,
    keys: Option<&Keys>,
    project: &ProjectName,
) -> StoreResult<Vec<Variable>> {
    let rows = database.run(Purpose::Read, VARIABLES, vec![project.as_str().into()]).await?;
    let rows = rows.into_iter().map(stored).collect::<StoreResult<Vec<_>>>()?;
    let ring = keys.map(|keys| keys.ring_with(rows.iter().filter_map(|(_, _, key)| key.as_deref())));
    rows.into_iter().map(|row| variable(row, ring.as_deref(), project)).collect()
}

/// A variable as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedVariable {
    /// Its name.
    pub name: String,
    /// Its value; absent for a secret.
    pub value: Option<String>,
}

/// What there is, without opening anything: it needs no key, and a secret that does not open hides no other variable.
pub(crate) async fn listed(database: &dyn Database, project: &ProjectName) -> StoreResult<Vec<ListedVariable>> {
    let rows = database.run(Purpose::Read, VARIABLES, vec![project.as_str().into()]).await?;
    let listed = |row: Row| {
        let (name, bytes, key) = stored(row)?;
        let value = key.is_none().then(|| String::from_utf8_lossy(&bytes).into_owned());
        Ok(ListedVariable { name, value })
    };
    rows.into_iter().map(listed).collect()
}

/// Name, bytes, and the key if they are sealed.
type Stored = (String, Vec<u8>, Option<String>);

fn stored(row: Row) -> StoreResult<Stored> {
    let mut row = row.of("variable");
    Ok((row.text()?, row.bytes()?, row.maybe_text()?))
}

fn variable((name, bytes, key): Stored, ring: Option<&KeyRing>, project: &ProjectName) -> StoreResult<Variable> {
    let is_secret = key.is_some();
    let bytes = match key {
        Some(key) => open(ring, project, &name, &Sealed { key, bytes })?,
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
    keys: Option<&Keys>,
    project: &ProjectName,
    variable: &Variable,
) -> StoreResult<()> {
    bounds::project(project)?;
    bounds::variable(variable)?;
    let (name, value) = (variable.name.as_str(), variable.value.expose().as_bytes());
    let mut ring = None;
    let (value, key) = if variable.is_secret {
        let keys = keys.ok_or_else(|| unusable(project, name, &"a secret needs a key ring, and the store has none"))?;
        ring = Some(keys.ring());
        let sealed = keys.ring().seal(place(&[project.as_str(), name]), value);
        let sealed = sealed.map_err(|error| unusable(project, name, &error))?;
        (sealed.bytes, Some(sealed.key))
    } else {
        (value.to_vec(), None)
    };
    let mut tx = database.begin().await?;
    if let Some(ring) = ring {
        prove(tx.as_mut(), &ring).await?;
    }
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

/// What sealing anew has come to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resealed {
    /// How many values were sealed anew.
    pub count: u64,
    /// What does not open and was left as it is: which, and why.
    pub left: Vec<String>,
}

const OTHERWISE_SEALED: &str = "
    SELECT project, name, value, key FROM variables WHERE key <> $1 AND (project, name) > ($2, $3)
    ORDER BY project, name LIMIT $4";
const RESEAL: &str = "
    UPDATE variables SET value = $3, key = $4 WHERE project = $1 AND name = $2 AND key = $5 AND value = $6";

/// Seals with the sealing key what another one sealed, a batch a transaction. Values may be read and set while it runs: one
/// that changes in between is left as it was set.
pub(crate) async fn reseal(database: &dyn Database, keys: &Keys, batch: u64) -> StoreResult<Resealed> {
    let ring = keys.ring();
    let (mut done, mut after) = (Resealed::default(), (String::new(), String::new()));
    loop {
        let values: Vec<Value> = vec![ring.sealing_key().into(), after.0.into(), after.1.into(), batch.into()];
        let rows = database.run(Purpose::Read, OTHERWISE_SEALED, values).await?;
        let mut tx = database.begin().await?;
        prove(tx.as_mut(), &ring).await?;
        let mut last = None;
        for row in rows {
            let mut row = row.of("variable");
            let (project, name) = (ProjectName::new(row.text()?), row.text()?);
            last = Some((project.as_str().to_owned(), name.clone()));
            let old = Sealed { bytes: row.bytes()?, key: row.text()? };
            match open(Some(&ring), &project, &name, &old) {
                Ok(value) => tx.run(RESEAL, resealed(&ring, &project, &name, old, &value)?).await?,
                Err(error) => {
                    done.left.push(error.to_string());
                    continue;
                }
            };
            done.count += 1;
        }
        tx.commit().await?;
        let Some(last) = last else { return Ok(done) };
        after = last;
    }
}

fn resealed(ring: &KeyRing, project: &ProjectName, name: &str, old: Sealed, value: &[u8]) -> StoreResult<Vec<Value>> {
    let new = ring.seal(place(&[project.as_str(), name]), value);
    let new = new.map_err(|error| unusable(project, name, &error))?;
    Ok(vec![project.as_str().into(), name.into(), new.bytes.into(), new.key.into(), old.key.into(), old.bytes.into()])
}
