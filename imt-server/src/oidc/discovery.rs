//! What a provider tells of itself, and whether it can be that.

use openidconnect::core::CoreJsonWebKeySet;
use openidconnect::url::Url;
use openidconnect::{AuthUrl, TokenUrl};
use serde::Deserialize;

/// Where it tells it, below the issuer's address.
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// Where an issuer tells of itself.
pub(super) fn address(issuer: &str) -> String {
    format!("{}{WELL_KNOWN}", issuer.trim_end_matches('/'))
}

/// The document as it comes; of its many fields, those that count here.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    jwks_uri: Url,
    #[serde(default)]
    userinfo_endpoint: Option<Url>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// What is known of a provider.
#[derive(Clone)]
pub(super) struct Discovered {
    /// Where browsers are sent.
    pub(super) authorization: AuthUrl,
    /// Where codes are exchanged.
    pub(super) token: TokenUrl,
    /// Where its keys are.
    pub(super) keys: String,
    /// Where it says more of somebody.
    pub(super) user_info: Option<String>,
    /// Whether it takes the secret in the body of a request only.
    pub(super) takes_secret_in_body: bool,
    /// Whether it says who it is whenever it sends a browser back (RFC 9207).
    pub(super) names_itself: bool,
}

/// Why a provider's answer is none. The names of its fields, and nothing that is in them.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Nonsense {
    /// It is no such document.
    #[error("what is at {0} is not what a provider tells of itself")]
    NoDocument(String),
    /// It is somebody else's.
    #[error("it calls itself `{0}`: the issuer has to be written exactly so")]
    OtherIssuer(String),
    /// An address in it has no encryption, though the issuer's has.
    #[error("its `{0}` begins with http://")]
    Plain(&'static str),
    /// What should be keys is none.
    #[error("its `jwks_uri` leads to no keys")]
    NoKeys,
}

/// Understands a provider's document.
pub(super) fn discovered(issuer: &str, body: &[u8]) -> Result<Discovered, Nonsense> {
    let document: Document = serde_json::from_slice(body).map_err(|_| Nonsense::NoDocument(address(issuer)))?;
    if document.issuer != issuer {
        let shown = document.issuer.chars().filter(|c| !c.is_control()).take(200).collect();
        return Err(Nonsense::OtherIssuer(shown));
    }
    let allowed: &[&str] = if issuer.starts_with("https://") { &["https"] } else { &["https", "http"] };
    let checked = |name, url: Url| match url {
        url if allowed.contains(&url.scheme()) => Ok(url),
        _ => Err(Nonsense::Plain(name)),
    };
    let user_info = document.userinfo_endpoint.map(|url| checked("userinfo_endpoint", url)).transpose()?;
    // Nothing said means `client_secret_basic`.
    let methods = document.token_endpoint_auth_methods_supported.unwrap_or_default();
    let takes = |method: &str| methods.iter().any(|each| each == method);
    Ok(Discovered {
        authorization: AuthUrl::from_url(checked("authorization_endpoint", document.authorization_endpoint)?),
        token: TokenUrl::from_url(checked("token_endpoint", document.token_endpoint)?),
        keys: checked("jwks_uri", document.jwks_uri)?.into(),
        user_info: user_info.map(Into::into),
        takes_secret_in_body: takes("client_secret_post") && !takes("client_secret_basic"),
        names_itself: document.authorization_response_iss_parameter_supported,
    })
}

/// Understands a provider's keys.
pub(super) fn keys(body: &[u8]) -> Result<CoreJsonWebKeySet, Nonsense> {
    let keys: CoreJsonWebKeySet = serde_json::from_slice(body).map_err(|_| Nonsense::NoKeys)?;
    if keys.keys().is_empty() { Err(Nonsense::NoKeys) } else { Ok(keys) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ISSUER: &str = "https://id.example.org";

    fn read(issuer: &str, change: &Value) -> Result<Discovered, Nonsense> {
        let mut document = json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://id.example.org/auth",
            "token_endpoint": "https://id.example.org/token",
            "jwks_uri": "https://id.example.org/keys",
        });
        for (name, value) in change.as_object().unwrap() {
            document[name] = value.clone();
        }
        discovered(issuer, document.to_string().as_bytes())
    }

    #[test]
    fn a_provider_is_who_it_should_be_and_speaks_over_tls() {
        let found = read(ISSUER, &json!({"more": 1})).ok().unwrap();
        assert_eq!(found.keys, "https://id.example.org/keys");
        assert!(!found.takes_secret_in_body && !found.names_itself && found.user_info.is_none());
        let fault = |issuer: &str, change: Value| read(issuer, &change).err();
        let other = |name: &str| Some(Nonsense::OtherIssuer(name.to_owned()));
        assert_eq!(fault(ISSUER, json!({"issuer": "https://evil.test"})), other("https://evil.test"));
        assert_eq!(fault("https://id.example.org/", json!({})), other(ISSUER));
        for name in ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"] {
            for bad in ["http://id.example.org/x", "javascript:alert(1)"] {
                assert!(matches!(fault(ISSUER, json!({name: bad})), Some(Nonsense::Plain(field)) if field == name));
            }
            assert!(matches!(fault(ISSUER, json!({name: 7})), Some(Nonsense::NoDocument(_))), "{name}");
        }
        let plain = "http://127.0.0.1:9";
        assert!(read(plain, &json!({"issuer": plain, "token_endpoint": "http://127.0.0.1:9/t"})).is_ok());
    }

    #[test]
    fn how_the_secret_is_sent_is_the_providers_choice() {
        for (methods, in_body) in [
            (json!(null), false),
            (json!([]), false),
            (json!(["client_secret_basic", "client_secret_post"]), false),
            (json!(["client_secret_post"]), true),
        ] {
            let found = read(ISSUER, &json!({"token_endpoint_auth_methods_supported": methods})).ok().unwrap();
            assert_eq!(found.takes_secret_in_body, in_body, "{methods}");
        }
    }

    #[test]
    fn what_is_no_keys_is_told() {
        for bad in ["", "{}", "[]", "<html>", r#"{"keys": []}"#, r#"{"keys": [{"kty": "nonsense"}]}"#] {
            assert_eq!(keys(bad.as_bytes()), Err(Nonsense::NoKeys), "{bad}");
        }
    }
}
