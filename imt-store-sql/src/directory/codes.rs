//! Codes for one use, their payloads sealed; and forgetting what is over.

use imt_core::directory::{CodeKind, NewCode, SecretHash};
use imt_core::ports::{StoreError, StoreResult, directory_bounds as bounds};
use imt_core::secret::SecretBytes;
use imt_core::time::Timestamp;

use super::page::at;
use crate::database::Database;
use crate::keys::{Keys, open_one, sealing, unusable};
use crate::seal::{Place, Sealed};
use crate::value::{Value, word};

const CALLED: &str = "the code";

const fn place<'a>(row: &'a [&'a str]) -> Place<'a> {
    Place { table: "codes", column: "payload", row }
}

/// The word of a kind, as it stands in its column.
const fn kind_word(kind: CodeKind) -> &'static str {
    match kind {
        CodeKind::SignInLink => "sign_in_link",
        CodeKind::SetUp => "set_up",
        CodeKind::OpenIdState => "open_id_state",
    }
}

const ADD: &str = "
    INSERT INTO codes (kind, hash, payload, key, expires_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (kind, hash) DO NOTHING RETURNING kind";

pub(super) async fn put(database: &dyn Database, keys: Option<&Keys>, code: &NewCode) -> StoreResult<()> {
    bounds::code(code)?;
    let mut tx = database.begin().await?;
    let ring = sealing(tx.as_mut(), keys, CALLED).await?;
    let hash = code.hash.to_hex();
    let sealed = ring.seal(place(&[kind_word(code.kind), &hash]), code.payload.expose());
    let sealed = sealed.map_err(|error| unusable(CALLED, &error))?;
    let values: Vec<Value> =
        vec![word(code.kind), hash.into(), sealed.bytes.into(), sealed.key.into(), at(code.expires_at)];
    if tx.run(ADD, values).await?.is_empty() {
        return Err(StoreError::Conflict("there is such a code already".to_owned()));
    }
    Ok(tx.commit().await?)
}

pub(super) async fn take(
    database: &dyn Database,
    keys: Option<&Keys>,
    kind: CodeKind,
    hash: SecretHash,
    now: Timestamp,
) -> StoreResult<Option<SecretBytes>> {
    let take = "DELETE FROM codes WHERE kind = $1 AND hash = $2 RETURNING payload, key, expires_at";
    let (mut tx, hash) = (database.begin().await?, hash.to_hex());
    let rows = tx.run(take, vec![word(kind), hash.as_str().into()]).await?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let mut row = row.of("code");
    let sealed = Sealed { bytes: row.bytes()?, key: row.text()? };
    let is_over = row.count()? <= now.as_micros();
    let payload = open_one(keys, place(&[kind_word(kind), &hash]), &sealed);
    // Nobody gets anything before it is gone for good.
    tx.commit().await?;
    if is_over {
        return Ok(None);
    }
    payload.map(|payload| Some(SecretBytes::new(payload))).map_err(|error| unusable(CALLED, &error))
}

/// What is over and nobody else is forgetting.
const FORGET: [&str; 3] = [
    "WITH head AS MATERIALIZED (
        SELECT kind, hash FROM codes WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 {skip_locked})
     DELETE FROM codes WHERE (kind, hash) IN (SELECT kind, hash FROM head) RETURNING kind",
    "WITH head AS MATERIALIZED (
        SELECT hash FROM sessions WHERE ends_at <= $1 ORDER BY ends_at LIMIT $2 {skip_locked})
     DELETE FROM sessions WHERE hash IN (SELECT hash FROM head) RETURNING hash",
    "WITH head AS MATERIALIZED (
        SELECT hash FROM api_tokens WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 {skip_locked})
     DELETE FROM api_tokens WHERE hash IN (SELECT hash FROM head) RETURNING hash",
];

pub(super) async fn forget_expired(database: &dyn Database, now: Timestamp, limit: usize) -> StoreResult<u64> {
    let mut count = 0;
    for forget in FORGET {
        let mut tx = database.begin().await?;
        let values = vec![at(now), (limit as u64).into()];
        count += tx.run(&database.dialect().sql(forget), values).await?.len() as u64;
        tx.commit().await?;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_one_word() {
        for kind in [CodeKind::SignInLink, CodeKind::SetUp, CodeKind::OpenIdState] {
            assert_eq!(word(kind), Value::from(kind_word(kind)));
        }
    }
}
