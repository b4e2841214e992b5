//! The keys of a store's secrets: made for the first secret, rotated at once or in two halves.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;

use imt_store_sql::{KeyRing, Resealed};

use super::ALIVE;
use super::key_file::{existing_ring, lock, no_key, unusable};
use super::open::{Place, Records};
use crate::args::StoreArgs;
use crate::error::{CliError, Result};
use crate::places;

/// Secrets sealed anew in one transaction.
const BATCH: u64 = 200;

/// Opens the store that is meant with a ring that can seal; for the first secret of all one is made.
pub(crate) async fn open_to_seal(args: &StoreArgs) -> Result<Records> {
    let place = Place::of(args)?;
    if let Some(ring) = existing_ring(place.keys())? {
        return place.open(Some(ring)).await;
    }
    // Whatever else is wrong with the store is told first.
    place.open(None).await?;
    // A store that holds secrets knows whether a ring is one of theirs. A new one must not take the place of one that is lost.
    if place.open(Some(KeyRing::generate().map_err(no_key)?)).await.is_err() {
        let path = place.keys().display();
        return Err(CliError::errored(format!("the store holds secrets, and their key file `{path}` is not there"))
            .help("restore the file; if it is lost, so are the secrets, and only a new store takes new ones"));
    }
    let ring = KeyRing::load_or_generate(place.keys()).map_err(unusable)?;
    place.open(Some(ring)).await
}

/// A key that does not seal yet.
pub(crate) struct KeyToCome {
    pub(crate) key: String,
    pub(crate) file: PathBuf,
    /// It was not there before.
    pub(crate) is_new: bool,
}

/// Adds a key that opens and does not seal yet, unless there is one: the first half of a rotation.
pub(crate) async fn add_key(args: &StoreArgs) -> Result<KeyToCome> {
    let place = Place::of(args)?;
    let path = place.keys();
    let (_alone, ring) = ring_to_change(&place).await?;
    let is_new = ring.key_to_come().is_none();
    let ring = ring.with_key_to_come().map_err(no_key)?;
    if is_new {
        ring.save(path).map_err(unusable)?;
    }
    Ok(KeyToCome { key: ring.key_to_come().unwrap_or_default().to_owned(), file: path.to_owned(), is_new })
}

/// The ring, with the lock under which it may be changed.
async fn ring_to_change(place: &Place) -> Result<(File, KeyRing)> {
    let path = place.keys();
    let none = || {
        CliError::usage(format!("there are no keys to rotate in `{}`", path.display()))
            .help("the first `imt var set --secret` makes one")
    };
    // Two at once would each write a ring without the other one's key.
    let alone = lock(path)?;
    let ring = existing_ring(path)?.ok_or_else(none)?;
    // A store that these keys do not fit is refused before anything is changed.
    place.open(Some(ring.clone())).await?;
    Ok((alone, ring))
}

/// What a rotation has come to.
pub(crate) struct Rotation {
    /// The key that seals from now on.
    pub(crate) key: String,
    pub(crate) resealed: Resealed,
}

/// Seals with the key that was added for it, else with a new one, and the store's secrets anew. The older keys stay in the
/// file.
pub(crate) async fn rotate(args: &StoreArgs) -> Result<Rotation> {
    let place = Place::of(args)?;
    let path = place.keys();
    let (_alone, ring) = ring_to_change(&place).await?;
    let newest = if let Some(newest) = ring.sealing_with_key_to_come() {
        newest
    } else {
        refuse_with_others(&place, &ring).await?;
        ring.with_new_key().map_err(no_key)?
    };
    newest.save(path).map_err(unusable)?;
    let ring = KeyRing::load(path).map_err(unusable)?;
    let key = ring.sealing_key().to_owned();
    let records = place.open(Some(ring)).await?;
    let resealed = records.sql().reseal(BATCH).await.map_err(|error| {
        CliError::store("seal the secrets anew")(error)
            .help("nothing is lost: the older keys are still there; call it again")
    })?;
    Ok(Rotation { key, resealed })
}

/// A key that nobody else can have yet must not seal while others are there to meet it.
async fn refuse_with_others(place: &Place, ring: &KeyRing) -> Result<()> {
    let records = place.open(Some(ring.clone())).await?;
    let runners = records.catalog().runners().await.map_err(CliError::store("see who uses the store"))?;
    let here = places::host();
    let alive = runners.found.into_iter().filter(|runner| runner.silent_for <= ALIVE).map(|runner| runner.beat.host);
    // One that cannot be read may be anywhere.
    let others: BTreeSet<String> = alive.filter(|host| *host != here).chain(runners.set_aside).collect();
    if others.is_empty() {
        return Ok(());
    }
    let names = others.into_iter().collect::<Vec<_>>().join(", ");
    Err(CliError::usage(format!(
        "runners on other hosts use this store: {names}; they could not open what a new key seals"
    ))
    .help(format!(
        "`imt keys add`, copy `{}` to them in the place of theirs, then call this again",
        place.keys().display()
    )))
}
