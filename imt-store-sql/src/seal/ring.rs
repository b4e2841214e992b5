//! Sealing and opening.

use std::fmt;
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// Keys, of which the first one seals and all open. Never empty.
#[derive(Clone)]
pub struct KeyRing {
    keys: Vec<Key>,
    /// Where it was read from, and can be read anew.
    file: Option<PathBuf>,
}

/// A key. Its id is random, not made from it.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) id: String,
    pub(super) bytes: [u8; KEY_BYTES],
    /// It is to seal one day and has never sealed yet.
    pub(super) to_come: bool,
}

/// A value as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sealed {
    /// Which key opens it.
    pub key: String,
    /// Nonce, ciphertext, tag.
    pub bytes: Vec<u8>,
}

/// Where a sealed value is stored: it opens nowhere else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub table: &'a str,
    pub column: &'a str,
    /// What identifies the row.
    pub row: &'a [&'a str],
}

/// Why a value does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The ring does not have the key it was sealed with.
    #[error("it is sealed with key {0}, which the key ring does not have")]
    KeyMissing(String),
    /// It was changed, was moved from elsewhere, or the ring has another key under the same id.
    #[error("it does not open: it was changed, or the key is not the one it was sealed with")]
    Refused,
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    NoRandomness(String),
}

impl KeyRing {
    /// A ring with one new key.
    ///
    /// # Errors
    /// [`SealError::NoRandomness`].
    pub fn generate() -> Result<Self, SealError> {
        Ok(Self { keys: vec![Key::generate()?], file: None })
    }

    /// `None` without a key that seals.
    pub(super) fn from_file(mut keys: Vec<Key>, file: PathBuf) -> Option<Self> {
        // In a stable order: the first one that seals stays the first of those.
        keys.sort_by_key(|key| key.to_come);
        keys.first().is_some_and(|key| !key.to_come).then_some(Self { keys, file: Some(file) })
    }

    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.keys.iter().any(|key| key.id == id)
    }

    pub(super) fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The same ring with a new key that seals from now on; the others still open.
    ///
    /// # Errors
    /// [`SealError::NoRandomness`].
    pub fn with_new_key(&self) -> Result<Self, SealError> {
        let mut keys = vec![Key::generate()?];
        keys.extend(self.keys.iter().cloned());
        Ok(Self { keys, file: self.file.clone() })
    }

    /// The same ring with a new key that opens but does not seal yet: the first half of a rotation, for rings that processes
    /// on several hosts have. When all have it, [`sealing_with_key_to_come`](Self::sealing_with_key_to_come) is the second
    /// half. A ring that has such a key is answered as it is.
    ///
    /// # Errors
    /// [`SealError::NoRandomness`].
    pub fn with_key_to_come(&self) -> Result<Self, SealError> {
        let mut keys = self.keys.clone();
        if self.key_to_come().is_none() {
            keys.push(Key { to_come: true, ..Key::generate()? });
        }
        Ok(Self { keys, file: self.file.clone() })
    }

    /// The id of the key that opens and does not seal yet, if there is one.
    pub fn key_to_come(&self) -> Option<&str> {
        self.keys.iter().find(|key| key.to_come).map(|key| key.id.as_str())
    }

    /// The same ring with that key sealing from now on; `None` without one.
    pub fn sealing_with_key_to_come(&self) -> Option<Self> {
        let mut keys = self.keys.clone();
        let place = keys.iter().position(|key| key.to_come)?;
        let key = keys.remove(place);
        keys.insert(0, Key { to_come: false, ..key });
        Some(Self { keys, file: self.file.clone() })
    }

    /// The same ring with nothing but the key that seals. What others sealed can then not be opened any more.
    #[must_use]
    pub fn without_old_keys(&self) -> Self {
        Self { keys: self.keys.first().cloned().into_iter().collect(), file: self.file.clone() }
    }

    /// The id of the key that seals.
    pub fn sealing_key(&self) -> &str {
        self.keys.first().map_or("", |key| &key.id)
    }

    pub(crate) fn seal(&self, place: Place<'_>, value: &[u8]) -> Result<Sealed, SealError> {
        let key = self.keys.first().ok_or_else(|| SealError::KeyMissing("(none)".to_owned()))?;
        let nonce = random::<NONCE_BYTES>()?;
        let payload = Payload { msg: value, aad: &place.bytes() };
        let sealed = key.cipher().encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::Refused)?;
        Ok(Sealed { key: key.id.clone(), bytes: [&nonce[..], &sealed].concat() })
    }

    pub(crate) fn open(&self, place: Place<'_>, sealed: &Sealed) -> Result<Vec<u8>, SealError> {
        let key = self.keys.iter().find(|key| key.id == sealed.key);
        let key = key.ok_or_else(|| SealError::KeyMissing(sealed.key.clone()))?;
        let (nonce, text) = sealed.bytes.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Refused)?;
        let payload = Payload { msg: text, aad: &place.bytes() };
        key.cipher().decrypt(&XNonce::from(*nonce), payload).map_err(|_| SealError::Refused)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.id)).finish()
    }
}

impl Key {
    fn generate() -> Result<Self, SealError> {
        let id = random_name()?;
        Ok(Self { id, bytes: random()?, to_come: false })
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.bytes.into())
    }
}

impl Place<'_> {
    /// Each part with its length before it, so that no two places have the same bytes.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in [self.table, self.column].iter().chain(self.row) {
            bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

/// A name that nobody else has.
pub(super) fn random_name() -> Result<String, SealError> {
    Ok(format!("{:016x}", u64::from_le_bytes(random()?)))
}

fn random<const N: usize>() -> Result<[u8; N], SealError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| SealError::NoRandomness(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place<'_> = Place { table: "variables", column: "value", row: &["shop", "TOKEN"] };

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        let ring = KeyRing::generate().unwrap();
        let sealed = ring.seal(HERE, b"hunter2").unwrap();
        assert_eq!(ring.open(HERE, &sealed).unwrap(), b"hunter2");
        let elsewhere = [
            Place { row: &["shop", "OTHER"], ..HERE },
            Place { row: &["shopT", "OKEN"], ..HERE },
            Place { row: &["shop", "TOKEN", ""], ..HERE },
            Place { column: "name", ..HERE },
            Place { table: "releases", ..HERE },
        ];
        for place in elsewhere {
            assert_eq!(ring.open(place, &sealed), Err(SealError::Refused), "{place:?}");
        }
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        let ring = KeyRing::generate().unwrap();
        let sealed = ring.seal(HERE, b"hunter2").unwrap();
        for byte in 0..sealed.bytes.len() {
            let mut changed = sealed.clone();
            changed.bytes[byte] ^= 1;
            assert_eq!(ring.open(HERE, &changed), Err(SealError::Refused), "byte {byte}");
            changed.bytes.truncate(byte);
            assert_eq!(ring.open(HERE, &changed), Err(SealError::Refused), "cut to {byte}");
        }
    }

    #[test]
    fn the_same_value_is_never_sealed_the_same() {
        let ring = KeyRing::generate().unwrap();
        assert_ne!(ring.seal(HERE, b"hunter2").unwrap(), ring.seal(HERE, b"hunter2").unwrap());
    }

    #[test]
    fn old_keys_open_until_they_are_dropped() {
        let old = KeyRing::generate().unwrap();
        let sealed = old.seal(HERE, b"hunter2").unwrap();
        let both = old.with_new_key().unwrap();
        assert_ne!(both.sealing_key(), old.sealing_key());
        assert_eq!(both.open(HERE, &sealed).unwrap(), b"hunter2");
        assert_eq!(both.seal(HERE, b"x").unwrap().key, both.sealing_key());
        let new = both.without_old_keys();
        assert_eq!(new.open(HERE, &sealed), Err(SealError::KeyMissing(old.sealing_key().to_owned())));
    }

    #[test]
    fn a_key_to_come_opens_and_seals_only_when_it_is_told_to() {
        let old = KeyRing::generate().unwrap();
        assert!(old.sealing_with_key_to_come().is_none());
        let coming = old.with_key_to_come().unwrap();
        let key = coming.key_to_come().unwrap().to_owned();
        assert_eq!(coming.with_key_to_come().unwrap().key_to_come(), Some(key.as_str()), "one at a time");
        assert_eq!(coming.seal(HERE, b"x").unwrap().key, old.sealing_key());
        let new = coming.sealing_with_key_to_come().unwrap();
        assert_eq!((new.sealing_key(), new.key_to_come()), (key.as_str(), None));
        assert_eq!(coming.open(HERE, &new.seal(HERE, b"x").unwrap()).unwrap(), b"x");
    }

    #[test]
    fn a_ring_shows_no_key() {
        let ring = KeyRing::generate().unwrap();
        assert_eq!(format!("{ring:?}"), format!("[{:?}]", ring.sealing_key()));
    }
}
