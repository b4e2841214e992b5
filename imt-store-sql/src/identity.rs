//! What tells one store from all others: a number, drawn when somebody first asks.

use imt_core::id::StoreId;
use imt_core::ports::{StoreError, StoreResult};

use crate::database::{Database, Purpose};

const READ: &str = "SELECT value FROM meta WHERE name = 'identity'";
const DRAW: &str = "INSERT INTO meta (name, value) VALUES ('identity', $1) ON CONFLICT (name) DO NOTHING";

pub(crate) async fn of(database: &dyn Database) -> StoreResult<StoreId> {
    if let Some(id) = read(database).await? {
        return Ok(id);
    }
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| StoreError::Internal {
        message: "the system gives no random number".to_owned(),
        source: Some(Box::new(error)),
    })?;
    // Whoever asks at the same time keeps what was drawn first.
    let mut tx = database.begin().await?;
    tx.run(DRAW, vec![i64::from_le_bytes(bytes).into()]).await?;
    tx.commit().await?;
    let drawn = read(database).await?;
    drawn.ok_or_else(|| StoreError::Internal { message: "the store keeps no identity".to_owned(), source: None })
}

async fn read(database: &dyn Database) -> StoreResult<Option<StoreId>> {
    let row = database.run(Purpose::Read, READ, Vec::new()).await?.into_iter().next();
    let value = row.map(|row| row.of("meta").int()).transpose()?;
    Ok(value.map(|value| StoreId::new(format!("{:016x}", value.cast_unsigned()))))
}
