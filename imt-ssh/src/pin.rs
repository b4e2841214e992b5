//! How a host is recognised, and the verdict on a key that it shows.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use russh::keys::{Algorithm, EcdsaCurve, HashAlg, PublicKey};

use crate::known_hosts::Known;

/// The SHA-256 of a host's public key, `SHA256:…` as OpenSSH shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(String);

/// A text that is no fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no fingerprint of the form `SHA256:…` (43 characters after the colon)")]
pub struct FingerprintError(String);

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let wrong = || FingerprintError(text.escape_debug().to_string());
        let parsed =
            russh::keys::ssh_key::Fingerprint::from_str(text.trim().trim_end_matches('=')).map_err(|_| wrong())?;
        if !parsed.is_sha256() {
            return Err(wrong());
        }
        Ok(Self(parsed.to_string()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Fingerprint {
    pub(crate) fn of(key: &PublicKey) -> Self {
        Self(key.fingerprint(HashAlg::Sha256).to_string())
    }
}

/// What a host is recognised by. There is no way to accept any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostPin {
    /// By the fingerprint of one of its keys.
    Fingerprint(Fingerprint),
    /// By its lines in these files, as OpenSSH writes them; a file that is missing is an empty one.
    KnownHosts(Vec<PathBuf>),
}

/// What is known about one host, at the time of one connection.
#[derive(Debug, Clone)]
pub(crate) enum Trust {
    Fingerprint(Fingerprint),
    Known(Known),
}

/// What a key that a host has shown, and proved to hold, is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Trusted,
    Revoked,
    Other,
}

impl Trust {
    pub(crate) fn judge(&self, key: &PublicKey) -> Verdict {
        match self {
            Self::Fingerprint(wanted) if Fingerprint::of(key) == *wanted => Verdict::Trusted,
            Self::Fingerprint(_) => Verdict::Other,
            Self::Known(known) => known.judge(key),
        }
    }

    /// The kinds of key to ask for, best first: those that can be judged well.
    pub(crate) fn algorithms(&self) -> Vec<Algorithm> {
        match self {
            Self::Fingerprint(_) => all_algorithms(),
            Self::Known(known) => all_algorithms().into_iter().filter(|algorithm| known.has(algorithm)).collect(),
        }
    }

    /// The fingerprints that would do.
    pub(crate) fn wanted(&self) -> Vec<Fingerprint> {
        match self {
            Self::Fingerprint(wanted) => vec![wanted.clone()],
            Self::Known(known) => known.keys.iter().map(Fingerprint::of).collect(),
        }
    }
}

/// All kinds of host key that are taken, best first. Signatures over SHA-1 (`ssh-rsa`) and DSA are not.
pub(crate) fn all_algorithms() -> Vec<Algorithm> {
    vec![
        Algorithm::Ed25519,
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
        Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
        Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
    ]
}

/// Whether keys of these two kinds are the same kind of key: the hash of an RSA signature is no part of the key.
pub(crate) fn is_same_kind(a: &Algorithm, b: &Algorithm) -> bool {
    a == b || matches!((a, b), (Algorithm::Rsa { .. }, Algorithm::Rsa { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_read_as_openssh_shows_them() {
        let text = "SHA256:uNiVztksCsDhcc0u9e8BrHQPEPcYVOmOVPGZZc1AmOs";
        assert_eq!(text.parse::<Fingerprint>().unwrap().to_string(), text);
        assert_eq!(format!("{text}=").parse::<Fingerprint>().unwrap().to_string(), text);
        for wrong in
            ["", "SHA256:", "SHA256:abc", "MD5:00:11", "uNiVztksCsDhcc0u9e8BrHQPEPcYVOmOVPGZZc1AmOs", "any", "*"]
        {
            assert!(wrong.parse::<Fingerprint>().is_err(), "{wrong:?}");
        }
    }
}
