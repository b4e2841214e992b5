//! Secrets that let their bearer in: 256 bits that nobody can guess, of which only the hash is kept.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use imt_core::directory::SecretHash;
use imt_core::secret::Secret;
use sha2::{Digest as _, Sha256};

/// A new secret, and its hash.
pub(crate) struct BearerSecret {
    pub(crate) secret: Secret,
    pub(crate) hash: SecretHash,
}

impl BearerSecret {
    /// Draws one. What it begins with tells people, and programs that look for leaked secrets, what it is.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub(crate) fn draw(prefix: &str) -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        let text = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes));
        Ok(Self { hash: hash_of(&text), secret: Secret::new(text) })
    }
}

/// The hash by which a secret is known.
pub(crate) fn hash_of(secret: &str) -> SecretHash {
    SecretHash::new(Sha256::digest(secret.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_alike_and_each_is_known_by_its_hash() {
        let (one, other) = (BearerSecret::draw("imt_").unwrap(), BearerSecret::draw("imt_").unwrap());
        assert_ne!(one.secret, other.secret);
        assert_eq!(one.hash, hash_of(one.secret.expose()));
        assert!(one.secret.expose().starts_with("imt_") && one.secret.expose().len() == 4 + 43);
    }
}
