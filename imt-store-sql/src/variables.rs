//! A project's variables; the values of secret ones are sealed.
//!
//! What becomes of a secret value that is set no more is the business of [`replaced`].

use imt_core::id::ProjectName;
use imt_core::ports::{ProjectVariables, StoreError, StoreResult, Variable, bounds};
use imt_core::secret::Secret;

use crate::database::{Database, Purpose};
use crate::keys::{self, Keys, open};
use crate::replaced;
use crate::seal::{KeyRing, Place, Sealed};
use crate::value::Row;

const LISTED: &str = "SELECT name, value, key FROM variables WHERE project = $1 ORDER BY name";

/// What is set, and with a number what was replaced.
fn all_statement() -> String {
    format!(
        "SELECT name, value, key, CAST(NULL AS BIGINT) FROM variables WHERE project = $1
         UNION ALL
         SELECT name, value, key, nth FROM replaced_secrets WHERE project = $1 AND {}
         ORDER BY name",
        replaced::NEEDED
    )
}

/// What a driver asks, for the tests of its plan.
pub(crate) fn hot() -> Vec<(&'static str, String)> {
    vec![("variables", all_statement())]
}

pub(crate) async fn variables(
    database: &dyn Database,
    keys: Option<&Keys>,
    project: &ProjectName,
) -> StoreResult<ProjectVariables> {
    let rows = database.run(Purpose::Read, &all_statement(), vec![project.as_str().into()]).await?;
    let numbered = |row: Row| {
        let mut row = row.of("variable");
        Ok((stored(&mut row)?, row.maybe_int()?))
    };
    let rows = rows.into_iter().map(numbered).collect::<StoreResult<Vec<_>>>()?;
    let ring = keys.map(|keys| keys.ring_with(rows.iter().filter_map(|((_, _, key), _)| key.as_deref())));
    let mut all = ProjectVariables::default();
    for (row, replaced) in rows {
        let variable = variable(row, replaced, ring.as_deref(), project)?;
        match replaced {
            Some(_) => all.replaced.push(variable.value),
            None => all.current.push(variable),
        }
    }
    Ok(all)
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
    let rows = database.run(Purpose::Read, LISTED, vec![project.as_str().into()]).await?;
    let listed = |row: Row| {
        let (name, bytes, key) = stored(&mut row.of("variable"))?;
        let value = key.is_none().then(|| String::from_utf8_lossy(&bytes).into_owned());
        Ok(ListedVariable { name, value })
    };
    rows.into_iter().map(listed).collect()
}

/// Name, bytes, and the key if they are sealed.
type Stored = (String, Vec<u8>, Option<String>);

fn stored(row: &mut Row) -> StoreResult<Stored> {
    Ok((row.text()?, row.bytes()?, row.maybe_text()?))
}

fn variable(
    (name, bytes, key): Stored,
    replaced: Option<i64>,
    ring: Option<&KeyRing>,
    project: &ProjectName,
) -> StoreResult<Variable> {
    let is_secret = key.is_some();
    let bytes = match key {
        Some(key) => {
            let sealed = Sealed { key, bytes };
            let opened = match replaced {
                Some(nth) => open(ring, replaced::place(&[project.as_str(), &name, &nth.to_string()]), &sealed),
                None => open(ring, place(&[project.as_str(), &name]), &sealed),
            };
            opened.map_err(|error| unusable(project, &name, &error))?
        }
        None => bytes,
    };
    let value = String::from_utf8(bytes).map_err(|_| unusable(project, &name, &"it is not text"))?;
    Ok(Variable { name, value: Secret::new(value), is_secret })
}

pub(crate) const fn place<'a>(row: &'a [&'a str]) -> Place<'a> {
    Place { table: "variables", column: "value", row }
}

pub(crate) fn unusable(project: &ProjectName, name: &str, why: &dyn std::fmt::Display) -> StoreError {
    keys::unusable(&called(project.as_str(), name), why)
}

/// What a variable is called in messages.
pub(crate) fn called(project: &str, name: &str) -> String {
    format!("the variable {name} of project {project}")
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
    let (name, plain) = (variable.name.as_str(), variable.value.expose().as_bytes());
    let mut tx = database.begin().await?;
    let (value, key) = if variable.is_secret {
        let ring = keys::sealing(tx.as_mut(), keys, &called(project.as_str(), name)).await?;
        let sealed = ring.seal(place(&[project.as_str(), name]), plain);
        let sealed = sealed.map_err(|error| unusable(project, name, &error))?;
        (sealed.bytes, Some(sealed.key))
    } else {
        (plain.to_vec(), None)
    };
    replaced::lock_project(tx.as_mut(), database, project).await?;
    let by = variable.is_secret.then_some(plain);
    replaced::keep(tx.as_mut(), keys, project, name, by).await?;
    replaced::drop_broken(tx.as_mut(), keys, project, name).await?;
    tx.run(SET, vec![project.as_str().into(), name.into(), value.into(), key.into()]).await?;
    replaced::drop_unneeded(tx.as_mut(), Some(project)).await?;
    tx.commit().await?;
    Ok(())
}

pub(crate) async fn unset(
    database: &dyn Database,
    keys: Option<&Keys>,
    project: &ProjectName,
    name: &str,
) -> StoreResult<bool> {
    let delete = "DELETE FROM variables WHERE project = $1 AND name = $2 RETURNING name";
    let there = "SELECT name FROM variables WHERE project = $1 AND name = $2";
    if database.run(Purpose::Read, there, vec![project.as_str().into(), name.into()]).await?.is_empty() {
        return Ok(false);
    }
    let mut tx = database.begin().await?;
    replaced::lock_project(tx.as_mut(), database, project).await?;
    replaced::keep(tx.as_mut(), keys, project, name, None).await?;
    let gone = tx.run(delete, vec![project.as_str().into(), name.into()]).await?;
    replaced::drop_unneeded(tx.as_mut(), Some(project)).await?;
    tx.commit().await?;
    Ok(!gone.is_empty())
}
