//! What lets somebody in, for whoever works at the server's host: the link of the one user, and tokens.

use std::time::{Duration, SystemTime};

use imt_core::directory::{CodeKind, Deed, Identity, NewCode, NewToken, Profile, Scopes};
use imt_core::id::{TokenId, UserId};
use imt_core::ports::{Directory, StoreError};
use imt_core::secret::{Secret, SecretBytes};
use imt_core::time::Timestamp;

use crate::access::BearerSecret;
use crate::oidc::admission::needs_administrator;
use crate::state::Server;

/// How long a link lets somebody in.
const LINK_LASTS: Duration = Duration::from_mins(10);
/// How long a set-up code makes somebody an administrator.
const SET_UP_LASTS: Duration = Duration::from_hours(1);
/// What every token of ours begins with: for people, and for programs that look for leaked secrets.
pub(crate) const TOKEN_PREFIX: &str = "imt_";

/// Why nothing could be handed out.
#[derive(Debug, thiserror::Error)]
pub enum HandoutError {
    /// The system has no randomness.
    #[error("the system has no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who the one user is where there is no provider that says who somebody is.
pub fn local_user() -> (Identity, Profile) {
    let identity = Identity { issuer: "imt".to_owned(), subject: "local".to_owned() };
    (identity, Profile { email: None, name: Some("local user".to_owned()) })
}

/// What `/auth/link?token=` signs the one user in with, once, within ten minutes.
///
/// # Errors
/// When it cannot be kept.
pub async fn new_link(server: &Server) -> Result<Secret, HandoutError> {
    let drawn = BearerSecret::draw("")?;
    let expires_at = Timestamp::from_system(SystemTime::now()).after(LINK_LASTS);
    let payload = SecretBytes::new(Vec::new());
    server.directory().put_code(&NewCode { kind: CodeKind::SignInLink, hash: drawn.hash, payload, expires_at }).await?;
    Ok(drawn.secret)
}

/// The address by which whoever opens it and signs in becomes the administrator, once, within an hour. `None`: there is an
/// administrator who can sign in, or no provider to do it at. Each call makes another one; all of them are worth nothing once
/// there is an administrator.
///
/// # Errors
/// When it cannot be kept.
pub async fn new_set_up_link(server: &Server) -> Result<Option<Secret>, HandoutError> {
    let Some(provider) = server.providers().first() else { return Ok(None) };
    if !needs_administrator(server.directory()).await? {
        return Ok(None);
    }
    let drawn = BearerSecret::draw("")?;
    let expires_at = Timestamp::from_system(SystemTime::now()).after(SET_UP_LASTS);
    let payload = SecretBytes::new(Vec::new());
    server.directory().put_code(&NewCode { kind: CodeKind::SetUp, hash: drawn.hash, payload, expires_at }).await?;
    let (origin, name) = (server.settings().origin(), &provider.settings().name);
    Ok(Some(Secret::new(format!("{origin}/auth/{name}/login?setup={}", drawn.secret.expose()))))
}

/// A token of a user that does not end by itself.
///
/// # Errors
/// When it cannot be kept.
pub async fn new_token(
    directory: &dyn Directory,
    user: UserId,
    name: &str,
    scopes: Scopes,
    by: &Deed,
) -> Result<Secret, HandoutError> {
    let drawn = BearerSecret::draw(TOKEN_PREFIX)?;
    let (id, hash, name) = (TokenId::generate(), drawn.hash, name.to_owned());
    let new = NewToken { id, hash, user, name, scopes, project: None, expires_at: None };
    directory.create_token(&new, by).await?;
    Ok(drawn.secret)
}
