//! The port [`Users`].

use async_trait::async_trait;

use crate::directory::{Admission, Deed, Identity, Page, Profile, SignIn, User};
use crate::id::UserId;
use crate::ports::StoreResult;

/// Who may use the server. Part of [`Directory`](crate::ports::Directory).
#[async_trait]
pub trait Users: Send + Sync {
    /// Lets somebody in whose identity was proved, and takes over what the issuer says of him.
    ///
    /// Known is who has the same issuer and subject; the same e-mail address means nothing. Who is known stays what he is
    /// whatever the admission, and is refused unchanged when disabled. Who is not is made as the admission says. Two sign-ins
    /// of one identity at once make one user.
    ///
    /// *Audit*: `UserMade`.
    async fn sign_in(
        &self,
        identity: &Identity,
        profile: &Profile,
        admission: Admission,
        by: &Deed,
    ) -> StoreResult<SignIn>;

    /// A user, also a disabled one.
    ///
    /// # Errors
    /// `NotFound`.
    async fn user(&self, user: UserId) -> StoreResult<User>;

    /// All users in the order in which they were made, after a given one.
    async fn users(&self, after: Option<UserId>, limit: usize) -> StoreResult<Page<User, UserId>>;

    /// Enabled users whose verified e-mail address this is, in whatever case its letters are; ten at most.
    async fn users_with_email(&self, address: &str) -> StoreResult<Vec<User>>;

    /// Whether there is an administrator who is not disabled.
    async fn has_administrator(&self) -> StoreResult<bool>;

    /// Makes a user an administrator, or no administrator any more. *Idempotent*. *Audit*: `AdministratorSet`.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when no enabled administrator would be left, also when two are taken away at once.
    async fn set_administrator(&self, user: UserId, is_admin: bool, by: &Deed) -> StoreResult<()>;

    /// Disables a user, and closes all sessions and revokes all tokens in the same transaction. *Idempotent*.
    /// *Audit*: `UserDisabled`.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when no enabled administrator would be left.
    async fn disable_user(&self, user: UserId, by: &Deed) -> StoreResult<()>;

    /// Enables a user again, without any session or token. *Idempotent*. *Audit*: `UserEnabled`.
    ///
    /// # Errors
    /// `NotFound`.
    async fn enable_user(&self, user: UserId, by: &Deed) -> StoreResult<()>;
}
