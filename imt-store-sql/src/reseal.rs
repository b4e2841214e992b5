//! Sealing anew what another key than the sealing one has sealed, while the store is in use.

use imt_core::ports::{StoreError, StoreResult};

use crate::database::{Database, Purpose, Transaction};
use crate::deployments::{release_called, settings_called};
use crate::dialect::placeholders;
use crate::keys::{Keys, open, prove, unusable};
use crate::seal::{KeyRing, Place, Sealed};
use crate::value::{Row, Value};
use crate::variables;

/// What sealing anew has come to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resealed {
    /// How many values were sealed anew.
    pub count: u64,
    /// What does not open and was left as it is: which, and why.
    pub left: Vec<String>,
}

/// A column of sealed values.
struct Column {
    table: &'static str,
    /// What identifies a row: columns of text or whole numbers.
    row: &'static [&'static str],
    value: &'static str,
    key: &'static str,
    /// What the value in a row is called in messages.
    called: fn(&[String]) -> String,
    /// How many are taken at once, at most: some are large.
    most: u64,
}

/// Every sealed column but the proofs of the keys themselves.
const COLUMNS: [Column; 7] = [
    Column {
        table: "variables",
        row: &["project", "name"],
        value: "value",
        key: "key",
        called: |row| variables::called(&row[0], &row[1]),
        most: u64::MAX,
    },
    Column {
        table: "replaced_secrets",
        row: &["project", "name", "nth"],
        value: "value",
        key: "key",
        called: |row| variables::called(&row[0], &row[1]),
        most: u64::MAX,
    },
    Column {
        table: "deployment_settings",
        row: &["deployment"],
        value: "value",
        key: "key",
        called: |row| settings_called(&row[0]),
        most: 16,
    },
    Column {
        table: "releases",
        row: &["project", "environment", "host", "id"],
        value: "record",
        key: "record_key",
        called: |row| release_called("record", &row[3]),
        most: 1,
    },
    Column {
        table: "releases",
        row: &["project", "environment", "host", "id"],
        value: "bundle",
        key: "bundle_key",
        called: |row| release_called("bundle", &row[3]),
        most: 1,
    },
    Column {
        table: "project_secrets",
        row: &["project", "name"],
        value: "value",
        key: "key",
        called: |row| format!("the secret {} of project {}", row[1], row[0]),
        most: u64::MAX,
    },
    Column {
        table: "codes",
        row: &["kind", "hash"],
        value: "payload",
        key: "key",
        called: |row| format!("a code of kind {}", row[0]),
        most: u64::MAX,
    },
];

impl Column {
    /// The first rows after a given one, or of all, whose value another key than `$1` has sealed.
    fn find(&self, is_first: bool) -> String {
        let Self { table, value, key, .. } = self;
        let row = self.row.join(", ");
        let after = format!("AND ({row}) > ({})", placeholders(3, self.row.len()));
        let after = if is_first { "" } else { &after };
        format!("SELECT {row}, {value}, {key} FROM {table} WHERE {key} <> $1 {after} ORDER BY {row} LIMIT $2")
    }

    /// Changes a value if it is as it was found.
    fn update(&self) -> String {
        let Self { table, value, key, .. } = self;
        let row = self.row.iter().zip(5..).map(|(column, n)| format!("AND {column} = ${n}")).collect::<Vec<_>>();
        let row = row.join(" ");
        format!("UPDATE {table} SET {value} = $1, {key} = $2 WHERE {key} = $3 AND {value} = $4 {row}")
    }

    fn read(&self, row: Row) -> StoreResult<Found> {
        let mut row = row.of(self.table);
        let values = self.row.iter().map(|_| row.value()).collect::<StoreResult<Vec<_>>>()?;
        let texts = values.iter().map(|value| self.text(value)).collect::<StoreResult<Vec<_>>>()?;
        Ok(Found { values, texts, sealed: Sealed { bytes: row.bytes()?, key: row.text()? } })
    }

    /// As it is part of the place.
    fn text(&self, value: &Value) -> StoreResult<String> {
        match value {
            Value::Text(Some(text)) => Ok(text.clone()),
            Value::Int(Some(number)) => Ok(number.to_string()),
            _ => {
                let message = format!("a key of {} is neither text nor a number", self.table);
                Err(StoreError::Internal { message, source: None })
            }
        }
    }
}

/// A sealed value and what identifies its row.
struct Found {
    values: Vec<Value>,
    texts: Vec<String>,
    sealed: Sealed,
}

/// Seals with the sealing key what another one sealed, a batch a transaction. Values may be read and set while it runs: one
/// that changes in between is left as it was set.
pub(crate) async fn reseal(database: &dyn Database, keys: &Keys, batch: u64) -> StoreResult<Resealed> {
    let ring = keys.ring();
    let mut done = Resealed::default();
    for column in &COLUMNS {
        let mut after: Option<Vec<Value>> = None;
        loop {
            let mut values: Vec<Value> = vec![ring.sealing_key().into(), batch.min(column.most).into()];
            let find = column.find(after.is_none());
            values.extend(after.into_iter().flatten());
            let rows = database.run(Purpose::Read, &find, values).await?;
            let found = rows.into_iter().map(|row| column.read(row)).collect::<StoreResult<Vec<_>>>()?;
            let Some(last) = found.last() else { break };
            after = Some(last.values.clone());
            let mut tx = database.begin().await?;
            prove(tx.as_mut(), &ring).await?;
            for found in found {
                match anew(tx.as_mut(), &ring, column, found).await? {
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
    Found { values, texts, sealed }: Found,
) -> StoreResult<Result<(), String>> {
    let row: Vec<&str> = texts.iter().map(String::as_str).collect();
    let place = Place { table: column.table, column: column.value, row: &row };
    let value = match open(Some(ring), place, &sealed) {
        Ok(value) => value,
        Err(error) => return Ok(Err(unusable(&(column.called)(&texts), &error).to_string())),
    };
    let new = ring.seal(place, &value).map_err(|error| unusable(&(column.called)(&texts), &error))?;
    let mut parameters: Vec<Value> = vec![new.bytes.into(), new.key.into(), sealed.key.into(), sealed.bytes.into()];
    parameters.extend(values);
    tx.run(&column.update(), parameters).await?;
    Ok(Ok(()))
}
