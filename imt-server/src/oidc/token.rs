//! Whether an ID token is true, new and for us. Pure: time, keys and what is expected are given.

use std::time::{Duration, SystemTime};

use imt_core::directory::Email;
use imt_core::secret::Secret;
use imt_core::time::Timestamp;
use openidconnect::core::{
    CoreIdToken, CoreIdTokenClaims, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm as Algorithm,
};
use openidconnect::{
    ClaimsVerificationError, ClientId, IssuerUrl, Nonce, SignatureVerificationError as SignatureError,
};

/// How far clocks may be apart.
const CLOCKS_APART: Duration = Duration::from_mins(1);
/// The most characters of a name that are kept.
const NAME_CHARS: usize = 100;

/// With keys that only the provider has. Neither `none`, nor a secret that we know as well.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RsaSsaPkcs1V15Sha256,
    Algorithm::RsaSsaPkcs1V15Sha384,
    Algorithm::RsaSsaPkcs1V15Sha512,
    Algorithm::RsaSsaPssSha256,
    Algorithm::RsaSsaPssSha384,
    Algorithm::RsaSsaPssSha512,
    Algorithm::EcdsaP256Sha256,
    Algorithm::EcdsaP384Sha384,
    Algorithm::EdDsa,
];

/// What a provider says of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claims {
    /// The name that it gives to this one, and never to another.
    pub(crate) subject: String,
    /// The e-mail address.
    pub(crate) email: Option<Email>,
    /// What this one is called.
    pub(crate) name: Option<String>,
}

impl Claims {
    /// With what people write themselves made fit to be kept and shown.
    pub(super) fn new(subject: String, email: Option<Email>, name: Option<&str>) -> Self {
        let clean = |name: &str| name.chars().filter(|c| is_shown(*c)).take(NAME_CHARS).collect::<String>();
        let name = name.map(clean).filter(|name| !name.trim().is_empty());
        // An address that was cut would be somebody else's.
        let email = email.filter(|email| email.address.len() <= 254 && !email.address.contains(char::is_control));
        Self { subject, email, name }
    }
}

/// Whether a character is what it looks like: neither one that does something, nor one that turns others around.
fn is_shown(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// What a token has to be.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a IssuerUrl,
    pub(super) client_id: &'a ClientId,
    pub(super) nonce: &'a Secret,
    pub(super) now: Timestamp,
}

/// Why a token does not count. For the server's log; it holds nothing of what must not be there.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unacceptable {
    /// It is signed with a key that we do not know. The provider may have a new one.
    #[error("it is signed with none of the provider's keys that are known here")]
    UnknownKey,
    /// It is not what it has to be.
    #[error("{0}")]
    Untrue(String),
}

/// What a token says, if it counts.
pub(super) fn verified(
    token: &CoreIdToken,
    keys: &CoreJsonWebKeySet,
    expected: &Expected<'_>,
) -> Result<Claims, Unacceptable> {
    let (earliest, latest) = (before(expected.now), expected.now.after(CLOCKS_APART).to_system());
    let verifier =
        CoreIdTokenVerifier::new_public_client(expected.client_id.clone(), expected.issuer.clone(), keys.clone())
            .set_allowed_algs(ALGORITHMS)
            .set_time_fn(move || earliest.into())
            .set_issue_time_verifier_fn(move |issued| match SystemTime::from(issued) {
                issued if issued > latest => Err("it was issued in the future".to_owned()),
                _ => Ok(()),
            })
            // Whether it is for us among others is for `is_for` to say.
            .set_other_audience_verifier_fn(|_| true);
    let nonce = Nonce::new(expected.nonce.expose().to_owned());
    let claims = token.claims(&verifier, &nonce).map_err(|error| match error {
        ClaimsVerificationError::SignatureVerification(SignatureError::NoMatchingKey) => Unacceptable::UnknownKey,
        ClaimsVerificationError::SignatureVerification(why) => Unacceptable::Untrue(format!("its signature: {why}")),
        other => Unacceptable::Untrue(other.to_string()),
    })?;
    if !is_for(claims, expected.client_id) {
        return Err(Unacceptable::Untrue("it was made for somebody else, who may show it to us".to_owned()));
    }
    if claims.subject().as_str().is_empty() {
        return Err(Unacceptable::Untrue("it is of nobody".to_owned()));
    }
    Ok(said(claims))
}

fn before(now: Timestamp) -> SystemTime {
    let now = now.to_system();
    now.checked_sub(CLOCKS_APART).unwrap_or(now)
}

/// Whether it was made for us: alone, or as the one among its audiences who asked for it.
fn is_for(claims: &CoreIdTokenClaims, us: &ClientId) -> bool {
    match claims.authorized_party() {
        Some(party) => party == us,
        None => claims.audiences().len() == 1,
    }
}

fn said(claims: &CoreIdTokenClaims) -> Claims {
    let email = claims.email().map(|email| Email {
        address: email.as_str().to_owned(),
        is_verified: claims.email_verified().unwrap_or(false),
    });
    let name = claims.name().and_then(|name| name.get(None)).map(|name| name.as_str());
    Claims::new(claims.subject().as_str().to_owned(), email, name)
}
