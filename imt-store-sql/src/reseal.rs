//! Sealing anew what another key than the sealing one has sealed, while the store is in use.

use imt_core::id::ProjectName;
use imt_core::ports::StoreResult;

use crate::database::{Database, Purpose, Transaction};
use crate::keys::{Keys, prove};
use crate::seal::{KeyRing, Place, Sealed};
use crate::value::{Row, Value};
use crate::variables::{open, unusable};
use crate::{replaced, variables};

/// What sealing anew has come to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resealed {
    /// How many values were sealed anew.
    pub count: u64,
    /// What does not open and was left as it is: which, and why.
    pub left: Vec<String>,
}

/// A column of sealed values. `$2`, `$3` and `$4` are the row after which to go on.
struct Column {
    find: &'static str,
    update: &'static str,
    place: for<'a> fn(&'a [&'a str]) -> Place<'a>,
    /// How many of project, name and number are the row's key.
    key_parts: usize,
}

const COLUMNS: [Column; 2] = [
    Column {
        find: "
            SELECT project, name, CAST(0 AS BIGINT), value, key FROM variables
             WHERE key <> $1 AND (project, name) > ($2, $3) AND CAST($4 AS BIGINT) = 0 ORDER BY project, name LIMIT $5",
        update: "
            UPDATE variables SET value = $4, key = $5
             WHERE project = $1 AND name = $2 AND CAST($3 AS BIGINT) = 0 AND key = $6 AND value = $7",
        place: variables::place,
        key_parts: 2,
    },
    Column {
        find: "
            SELECT project, name, nth, value, key FROM replaced_secrets
             WHERE key <> $1 AND (project, name, nth) > ($2, $3, $4) ORDER BY project, name, nth LIMIT $5",
        update: "
            UPDATE replaced_secrets SET value = $4, key = $5
             WHERE project = $1 AND name = $2 AND nth = $3 AND key = $6 AND value = $7",
        place: replaced::place,
        key_parts: 3,
    },
];

/// A sealed value and the row it is in.
struct Found {
    project: ProjectName,
    name: String,
    nth: i64,
    sealed: Sealed,
}

/// Seals with the sealing key what another one sealed, a batch a transaction. Values may be read and set while it runs: one
/// that changes in between is left as it was set.
pub(crate) async fn reseal(database: &dyn Database, keys: &Keys, batch: u64) -> StoreResult<Resealed> {
    let ring = keys.ring();
    let mut done = Resealed::default();
    for column in &COLUMNS {
        let mut after: (String, String, i64) = Default::default();
        loop {
            let (project, name, nth) = after;
            let values: Vec<Value> =
                vec![ring.sealing_key().into(), project.into(), name.into(), nth.into(), batch.into()];
            let rows = database.run(Purpose::Read, column.find, values).await?;
            let found = rows.into_iter().map(Found::read).collect::<StoreResult<Vec<_>>>()?;
            let Some(last) = found.last() else { break };
            after = (last.project.to_string(), last.name.clone(), last.nth);
            let mut tx = database.begin().await?;
            prove(tx.as_mut(), &ring).await?;
            for found in found {
                match anew(tx.as_mut(), &ring, column, &found).await? {
                    Ok(()) => done.count += 1,
                    Err(left) => done.left.push(left),
                }
            }
            tx.commit().await?;
        }
    }
    Ok(done)
}

/// Seals one value anew; the inner error says why it is left as it is.
async fn anew(
    tx: &mut dyn Transaction,
    ring: &KeyRing,
    column: &Column,
    Found { project, name, nth, sealed }: &Found,
) -> StoreResult<Result<(), String>> {
    let number = nth.to_string();
    let row = &[project.as_str(), name, &number][..column.key_parts];
    let place = (column.place)(row);
    let value = match open(Some(ring), place, sealed) {
        Ok(value) => value,
        Err(error) => return Ok(Err(unusable(project, name, &error).to_string())),
    };
    let new = ring.seal(place, &value).map_err(|error| unusable(project, name, &error))?;
    let values: Vec<Value> = vec![
        project.as_str().into(),
        name.as_str().into(),
        (*nth).into(),
        new.bytes.into(),
        new.key.into(),
        sealed.key.as_str().into(),
        sealed.bytes.clone().into(),
    ];
    tx.run(column.update, values).await?;
    Ok(Ok(()))
}

impl Found {
    fn read(row: Row) -> StoreResult<Self> {
        let mut row = row.of("variable");
        let (project, name, nth) = (ProjectName::new(row.text()?), row.text()?, row.int()?);
        Ok(Self { project, name, nth, sealed: Sealed { bytes: row.bytes()?, key: row.text()? } })
    }
}
