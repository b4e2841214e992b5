//! The port [`Credentials`].

use async_trait::async_trait;

use crate::directory::{
    ApiToken, CodeKind, Deed, NewCode, NewSession, NewToken, SecretHash, Session, SignedIn, TokenHolder,
};
use crate::id::{SessionId, TokenId, UserId};
use crate::ports::StoreResult;
use crate::secret::SecretBytes;
use crate::time::Timestamp;

/// What is shown in order to be let in, known by its hash. Part of [`Directory`](crate::ports::Directory).
#[async_trait]
pub trait Credentials: Send + Sync {
    /// Keeps a code for one use.
    ///
    /// # Errors
    /// `Conflict` when there is one with this kind and hash; `Internal` where payloads are sealed and there is no key.
    async fn put_code(&self, code: &NewCode) -> StoreResult<()>;

    /// Takes a code's payload: given out once at most, also to two that ask at once. `None`: there is none of this kind, it
    /// was taken, or it has expired. When this fails the code may be gone.
    async fn take_code(&self, kind: CodeKind, hash: SecretHash, now: Timestamp) -> StoreResult<Option<SecretBytes>>;

    /// Opens a session. A user who has [`MAX_SESSIONS`](crate::ports::directory_bounds::MAX_SESSIONS) loses the one that lay
    /// unused longest. *Audit*: `SessionOpened`.
    ///
    /// # Errors
    /// `NotFound` when there is no such user, or he is disabled; `Conflict` when the id or the hash is in use.
    async fn open_session(&self, new: &NewSession, by: &Deed) -> StoreResult<()>;

    /// The session with a hash, and its user. `None`: there is none, it is over, or its user is disabled.
    ///
    /// Records that it and its user were seen, a minute apart at least; where that cannot be recorded the answer is given all
    /// the same.
    async fn session(&self, hash: SecretHash, now: Timestamp) -> StoreResult<Option<SignedIn>>;

    /// The sessions of a user that are not over, the one opened last first.
    async fn sessions(&self, user: UserId, now: Timestamp) -> StoreResult<Vec<Session>>;

    /// Closes a session of a user; answers whether there was one. *Audit*: `SessionClosed`.
    async fn close_session(&self, user: UserId, session: SessionId, by: &Deed) -> StoreResult<bool>;

    /// Closes all sessions of a user but perhaps one; answers how many. *Audit*: `SessionsClosed`.
    async fn close_sessions(&self, user: UserId, but: Option<SessionId>, by: &Deed) -> StoreResult<u64>;

    /// Makes an API token. *Audit*: `TokenMade`.
    ///
    /// # Errors
    /// `NotFound` when there is no such user or project, or the user is disabled; `Conflict` when the id or the hash is in use,
    /// or he has [`MAX_TOKENS`](crate::ports::directory_bounds::MAX_TOKENS) already.
    async fn create_token(&self, new: &NewToken, by: &Deed) -> StoreResult<ApiToken>;

    /// The token with a hash, and its user. `None`: there is none, it is over, or its user is disabled. Records its use as
    /// [`session`](Self::session) does.
    async fn token(&self, hash: SecretHash, now: Timestamp) -> StoreResult<Option<TokenHolder>>;

    /// The tokens of a user, the one made last first; those that are over until they are
    /// [forgotten](Self::forget_expired).
    async fn tokens(&self, user: UserId) -> StoreResult<Vec<ApiToken>>;

    /// Revokes a token of a user; answers whether there was one. *Audit*: `TokenRevoked`.
    async fn revoke_token(&self, user: UserId, token: TokenId, by: &Deed) -> StoreResult<bool>;

    /// Forgets codes, sessions and tokens that are over, at most so many of each; answers how many. Fewer than `limit`: there
    /// are no more.
    async fn forget_expired(&self, now: Timestamp, limit: usize) -> StoreResult<u64>;
}
