//! Credentials of registries, as the docker command line reads them.

use std::collections::BTreeMap;

use serde_json::json;

use crate::image::DEFAULT_DOMAIN;
use crate::secret::Secret;

/// What the docker command line calls the default registry.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// Who we are at a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryLogin {
    /// The registry as images name it: host, perhaps with a port.
    pub registry: String,
    /// What is shown to it.
    pub credential: Credential,
}

/// What is shown to a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A user and the password or token that goes with the name.
    Password {
        /// The user.
        user: String,
        /// The password or token.
        password: Secret,
    },
    /// A token that the registry exchanges for others: what helpers of cloud registries answer for the user `<token>`.
    IdentityToken(Secret),
    /// A token that is shown as it is.
    RegistryToken(Secret),
}

impl RegistryLogin {
    /// With a password.
    pub fn password(registry: impl Into<String>, user: impl Into<String>, password: Secret) -> Self {
        Self { registry: registry.into(), credential: Credential::Password { user: user.into(), password } }
    }

    /// What nobody may see of it.
    pub const fn secret(&self) -> &Secret {
        match &self.credential {
            Credential::Password { password, .. } => password,
            Credential::IdentityToken(token) | Credential::RegistryToken(token) => token,
        }
    }
}

/// The content of a docker configuration with these credentials and nothing else.
pub fn docker_config(logins: &[RegistryLogin]) -> Secret {
    let auths: BTreeMap<&str, _> = logins
        .iter()
        .map(|login| {
            let name = if login.registry == DEFAULT_DOMAIN { DOCKER_HUB } else { login.registry.as_str() };
            let entry = match &login.credential {
                Credential::Password { user, password } => {
                    json!({ "auth": base64(format!("{user}:{}", password.expose()).as_bytes()) })
                }
                Credential::IdentityToken(token) => json!({ "identitytoken": token.expose() }),
                Credential::RegistryToken(token) => json!({ "registrytoken": token.expose() }),
            };
            (name, entry)
        })
        .collect();
    Secret::new(json!({ "auths": auths }).to_string())
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = (bits >> (18 - 6 * place)) & 63;
            let is_padding = place > group.len();
            text.push(if is_padding { '=' } else { char::from(DIGITS[digit as usize]) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        // RFC 4648, section 10.
        let table =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")];
        for (text, wanted) in table {
            assert_eq!(base64(text.as_bytes()), wanted, "{text}");
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfb]), "//77");
    }

    #[test]
    fn each_registry_has_its_own_credentials() {
        let login = |registry: &str| RegistryLogin::password(registry, "ann", Secret::new("s:\"cret"));
        let config = docker_config(&[login("docker.io"), login("registry.example.org:5000")]);
        let auth = base64(b"ann:s:\"cret");
        let wanted = json!({"auths": {
            "https://index.docker.io/v1/": {"auth": auth}, "registry.example.org:5000": {"auth": auth},
        }});
        assert_eq!(config.expose(), wanted.to_string());
        let token = |credential| docker_config(&[RegistryLogin { registry: "r".to_owned(), credential }]);
        let config = token(Credential::IdentityToken(Secret::new("t1")));
        assert_eq!(config.expose(), r#"{"auths":{"r":{"identitytoken":"t1"}}}"#);
        let config = token(Credential::RegistryToken(Secret::new("t2")));
        assert_eq!(config.expose(), r#"{"auths":{"r":{"registrytoken":"t2"}}}"#);
        assert_eq!(docker_config(&[]).expose(), r#"{"auths":{}}"#);
    }
}
