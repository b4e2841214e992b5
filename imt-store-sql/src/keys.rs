//! The key ring of a store in use: read anew when a value needs a key that it lacks, and proved against the store.

use std::sync::{Arc, PoisonError, RwLock};

use imt_core::ports::{StoreError, StoreResult};

use crate::database::{Database, DatabaseError, DatabaseResult, Purpose, Transaction};
use crate::schema::MigrateError;
use crate::seal::{KeyRing, Place, SealError, Sealed};

/// A ring that other processes may have rotated since.
pub(crate) struct Keys(RwLock<Arc<KeyRing>>);

impl Keys {
    pub(crate) fn new(ring: KeyRing) -> Self {
        Self(RwLock::new(Arc::new(ring)))
    }

    pub(crate) fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The ring, read anew from its file when it lacks one of these keys.
    pub(crate) fn ring_with<'a>(&self, mut ids: impl Iterator<Item = &'a str>) -> Arc<KeyRing> {
        let ring = self.ring();
        if ids.all(|id| ring.has(id)) {
            return ring;
        }
        // A file that cannot be read leaves the ring as it is; what does not open then says which key is missing.
        let Some(newer) = ring.file().and_then(|file| KeyRing::load(file).ok()) else { return ring };
        let newer = Arc::new(newer);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&newer);
        newer
    }
}

/// Opens a value with a ring that may lack its key, or not be there at all.
pub(crate) fn open(ring: Option<&KeyRing>, place: Place<'_>, sealed: &Sealed) -> Result<Vec<u8>, SealError> {
    ring.ok_or_else(|| SealError::KeyMissing(sealed.key.clone()))?.open(place, sealed)
}

/// Opens one value, with the ring read anew if it lacks its key.
pub(crate) fn open_one(keys: Option<&Keys>, place: Place<'_>, sealed: &Sealed) -> Result<Vec<u8>, SealError> {
    let ring = keys.map(|keys| keys.ring_with(std::iter::once(sealed.key.as_str())));
    open(ring.as_deref(), place, sealed)
}

/// The ring to seal something with, proved. Before anything is locked: who proves a new key may have to wait for another who
/// does, and so for whatever that one waits for.
pub(crate) async fn sealing(tx: &mut dyn Transaction, keys: Option<&Keys>, what: &str) -> StoreResult<Arc<KeyRing>> {
    let keys = keys.ok_or_else(|| unusable(what, &"a secret needs a key ring, and the store has none"))?;
    let ring = keys.ring();
    prove(tx, &ring).await?;
    Ok(ring)
}

/// The error about something sealed, or to be sealed, that never tells its value.
pub(crate) fn unusable(what: &str, why: &dyn std::fmt::Display) -> StoreError {
    StoreError::Internal { message: format!("{what} cannot be used: {why}"), source: None }
}

const PROOF: &[u8] = b"imt";

const fn place<'a>(row: &'a [&'a str]) -> Place<'a> {
    Place { table: "seal_keys", column: "proof", row }
}

/// Leaves a value by which the sealing key is known again.
pub(crate) async fn prove(tx: &mut dyn Transaction, ring: &KeyRing) -> DatabaseResult<()> {
    let id = ring.sealing_key();
    let refused = |error: SealError| DatabaseError::Refused { message: error.to_string(), source: None };
    let proof = ring.seal(place(&[id]), PROOF).map_err(refused)?;
    let add = "INSERT INTO seal_keys (id, proof) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
    tx.run(add, vec![id.into(), proof.bytes.into()]).await?;
    Ok(())
}

/// Checks that a ring is one that has sealed what is in the store.
///
/// # Errors
/// [`MigrateError::WrongKeys`] when it is not, else as the database says.
pub async fn check_keys(database: &dyn Database, ring: Option<&KeyRing>) -> Result<(), MigrateError> {
    let Some(ring) = ring else { return Ok(()) };
    let unreadable = |error: StoreError| DatabaseError::Refused { message: error.to_string(), source: None };
    let (mut proofs, mut known) = (0, 0);
    for row in database.run(Purpose::Read, "SELECT id, proof FROM seal_keys", Vec::new()).await? {
        let mut row = row.of("key");
        let (id, bytes) = (row.text().map_err(unreadable)?, row.bytes().map_err(unreadable)?);
        proofs += 1;
        if ring.has(&id) {
            known += 1;
            let sealed = Sealed { key: id.clone(), bytes };
            ring.open(place(&[&id]), &sealed).map_err(|_| MigrateError::WrongKeys)?;
        }
    }
    if proofs > 0 && known == 0 { Err(MigrateError::WrongKeys) } else { Ok(()) }
}
