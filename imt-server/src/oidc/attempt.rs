//! What is kept of a browser that has gone to a provider to sign in, until it comes back.

use imt_core::directory::SecretHash;
use imt_core::secret::{Secret, SecretBytes};
use serde::{Deserialize, Serialize};

use crate::access::hash_of;

/// A sign-in under way. Kept sealed, under the hash of its state.
#[derive(Serialize, Deserialize)]
pub(crate) struct Attempt {
    /// At which provider.
    pub(crate) provider: String,
    /// The hash of the cookie of the browser that went there: no other one may come back.
    browser: String,
    /// What the provider has to write into its token.
    nonce: String,
    /// What shows the provider that it was us who sent the browser (PKCE).
    verifier: String,
    /// Where the browser goes afterwards.
    pub(crate) return_to: String,
    /// The set-up code that came along.
    set_up: Option<String>,
}

impl Attempt {
    /// Of a browser, at a provider.
    pub(crate) fn new(provider: &str, browser: &Secret, nonce: &Secret, verifier: &Secret) -> Self {
        Self {
            provider: provider.to_owned(),
            browser: hash_of(browser.expose()).to_hex(),
            nonce: nonce.expose().to_owned(),
            verifier: verifier.expose().to_owned(),
            return_to: "/".to_owned(),
            set_up: None,
        }
    }

    /// Going on there afterwards.
    pub(crate) fn returning_to(self, return_to: String) -> Self {
        Self { return_to, ..self }
    }

    /// With this set-up code.
    pub(crate) fn with_set_up(self, code: Option<&str>) -> Self {
        Self { set_up: code.map(str::to_owned), ..self }
    }

    /// As it is kept.
    pub(crate) fn to_bytes(&self) -> SecretBytes {
        SecretBytes::new(serde_json::to_vec(self).expect("it is made of texts"))
    }

    /// What was kept, if it was that.
    pub(crate) fn from_bytes(bytes: &SecretBytes) -> Option<Self> {
        serde_json::from_slice(bytes.expose()).ok()
    }

    /// Whether it was this browser that went.
    pub(crate) fn is_of(&self, browser: &Secret) -> bool {
        // Hashes: how long the comparison takes tells nothing of what is compared.
        self.browser == hash_of(browser.expose()).to_hex()
    }

    /// What the provider has to write into its token.
    pub(crate) fn nonce(&self) -> Secret {
        Secret::new(self.nonce.as_str())
    }

    /// What shows the provider that it was us.
    pub(crate) fn verifier(&self) -> Secret {
        Secret::new(self.verifier.as_str())
    }

    /// The hash of the set-up code that came along.
    pub(crate) fn set_up(&self) -> Option<SecretHash> {
        self.set_up.as_deref().map(hash_of)
    }
}
