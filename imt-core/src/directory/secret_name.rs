//! What a project's secrets are for: each has a name of its own, so that none is used for another purpose.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::Timestamp;

/// Which secret of a project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretName {
    /// What the repository's host takes for a password, and commit statuses are reported with.
    RepositoryToken,
    /// The private key that the repository is read with.
    RepositoryKey,
    /// What the host of the repository signs its deliveries with.
    WebhookSecret,
    /// The password of a registry.
    RegistryPassword(String),
    /// The private SSH key of an environment's target.
    TargetKey(String),
    /// What that key is encrypted with.
    TargetKeyPassphrase(String),
}

/// Name and the argument that some have.
type Parts<'a> = (&'static str, Option<&'a str>);

impl SecretName {
    /// The word of its kind, and what it is for: a registry or an environment.
    pub fn parts(&self) -> Parts<'_> {
        match self {
            Self::RepositoryToken => ("repository_token", None),
            Self::RepositoryKey => ("repository_key", None),
            Self::WebhookSecret => ("webhook_secret", None),
            Self::RegistryPassword(registry) => ("registry_password", Some(registry)),
            Self::TargetKey(environment) => ("target_key", Some(environment)),
            Self::TargetKeyPassphrase(environment) => ("target_key_passphrase", Some(environment)),
        }
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            (kind, Some(of)) => write!(f, "{kind}/{of}"),
            (kind, None) => f.write_str(kind),
        }
    }
}

/// A text that names no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no name of a project's secret")]
pub struct SecretNameError(String);

impl FromStr for SecretName {
    type Err = SecretNameError;

    fn from_str(text: &str) -> Result<Self, SecretNameError> {
        let (kind, of) = text.split_once('/').map_or((text, None), |(kind, of)| (kind, Some(of.to_owned())));
        match (kind, of) {
            ("repository_token", None) => Ok(Self::RepositoryToken),
            ("repository_key", None) => Ok(Self::RepositoryKey),
            ("webhook_secret", None) => Ok(Self::WebhookSecret),
            ("registry_password", Some(registry)) => Ok(Self::RegistryPassword(registry)),
            ("target_key", Some(environment)) => Ok(Self::TargetKey(environment)),
            ("target_key_passphrase", Some(environment)) => Ok(Self::TargetKeyPassphrase(environment)),
            _ => Err(SecretNameError(text.to_owned())),
        }
    }
}

impl Serialize for SecretName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SecretName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A secret in a list: that it is set, and never what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedSecret {
    /// Which.
    pub name: SecretName,
    /// When it was set.
    pub set_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_their_text_form() {
        let registry = SecretName::RegistryPassword("ghcr.io/shop".to_owned());
        let target = SecretName::TargetKeyPassphrase("production".to_owned());
        for name in [SecretName::RepositoryToken, SecretName::WebhookSecret, registry, target] {
            assert_eq!(name.to_string().parse::<SecretName>(), Ok(name));
        }
        for text in ["", "target_key", "webhook_secret/x", "other"] {
            assert!(text.parse::<SecretName>().is_err(), "{text}");
        }
    }
}
