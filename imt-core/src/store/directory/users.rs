//! The port [`Users`] in memory.

use async_trait::async_trait;

use super::{DirectoryLedger, page_limit};
use crate::directory::{Action, Admission, Deed, Identity, Page, Profile, SignIn, User};
use crate::id::UserId;
use crate::ports::{StoreError, StoreResult, Users, directory_bounds as bounds};
use crate::store::MemoryStore;

impl DirectoryLedger {
    pub(super) fn user(&self, id: UserId) -> StoreResult<&User> {
        self.users.get(&id).ok_or(StoreError::NotFound("user"))
    }

    /// A user who may do anything at all.
    pub(super) fn enabled_user(&self, id: UserId) -> Option<&User> {
        self.users.get(&id).filter(|user| user.disabled_at.is_none())
    }

    fn administrators(&self) -> impl Iterator<Item = &User> {
        self.users.values().filter(|user| user.is_admin && user.disabled_at.is_none())
    }

    /// Refuses when this user is the last administrator who is not disabled.
    fn not_the_last(&self, id: UserId) -> StoreResult<()> {
        if self.administrators().any(|user| user.id == id) && self.administrators().nth(1).is_none() {
            return Err(StoreError::Conflict("this is the last administrator".to_owned()));
        }
        Ok(())
    }

    fn sign_in(&mut self, identity: &Identity, profile: &Profile, admission: Admission, by: &Deed) -> SignIn {
        if let Some(user) = self.users.values_mut().find(|user| user.identity == *identity) {
            if user.disabled_at.is_some() {
                return SignIn::Disabled(user.clone());
            }
            user.profile = profile.clone();
            user.seen_at = user.seen_at.max(by.at);
            return SignIn::Known(user.clone());
        }
        let is_admin = match admission {
            Admission::KnownOnly => return SignIn::Unknown,
            Admission::AsUser => false,
            Admission::AsAdministrator => true,
        };
        let user = User {
            id: UserId::generate(),
            identity: identity.clone(),
            profile: profile.clone(),
            is_admin,
            disabled_at: None,
            created_at: by.at,
            seen_at: by.at,
        };
        self.users.insert(user.id, user.clone());
        self.write(None, Action::UserMade { user: user.id, is_admin }, by);
        SignIn::Made(user)
    }

    fn change(&mut self, id: UserId, action: Action, by: &Deed, change: impl FnOnce(&mut User)) -> StoreResult<()> {
        let user = self.users.get_mut(&id).ok_or(StoreError::NotFound("user"))?;
        change(user);
        self.write(None, action, by);
        Ok(())
    }
}

#[async_trait]
impl Users for MemoryStore {
    async fn sign_in(
        &self,
        identity: &Identity,
        profile: &Profile,
        admission: Admission,
        by: &Deed,
    ) -> StoreResult<SignIn> {
        bounds::sign_in(identity, profile)?;
        bounds::deed(by)?;
        Ok(self.directory().sign_in(identity, profile, admission, by))
    }

    async fn user(&self, user: UserId) -> StoreResult<User> {
        self.directory().user(user).cloned()
    }

    async fn users(&self, after: Option<UserId>, limit: usize) -> StoreResult<Page<User, UserId>> {
        let limit = page_limit(limit);
        let directory = self.directory();
        let later = directory.users.values().filter(|user| after.is_none_or(|after| user.id > after));
        Ok(Page::of(later.take(limit + 1).cloned().collect(), limit, |user| user.id))
    }

    async fn users_with_email(&self, address: &str) -> StoreResult<Vec<User>> {
        let address = address.to_lowercase();
        let is_it = |user: &&User| {
            let email = user.profile.email.as_ref().filter(|email| email.is_verified);
            user.disabled_at.is_none() && email.is_some_and(|email| email.address.to_lowercase() == address)
        };
        Ok(self.directory().users.values().filter(is_it).take(10).cloned().collect())
    }

    async fn has_administrator(&self) -> StoreResult<bool> {
        Ok(self.directory().administrators().next().is_some())
    }

    async fn set_administrator(&self, user: UserId, is_admin: bool, by: &Deed) -> StoreResult<()> {
        bounds::deed(by)?;
        let mut directory = self.directory();
        if directory.user(user)?.is_admin == is_admin {
            return Ok(());
        }
        if !is_admin {
            directory.not_the_last(user)?;
        }
        directory.change(user, Action::AdministratorSet { user, is_admin }, by, |user| user.is_admin = is_admin)
    }

    async fn disable_user(&self, user: UserId, by: &Deed) -> StoreResult<()> {
        bounds::deed(by)?;
        let mut directory = self.directory();
        if directory.user(user)?.disabled_at.is_some() {
            return Ok(());
        }
        directory.not_the_last(user)?;
        directory.sessions.retain(|_, session| session.user != user);
        directory.tokens.retain(|_, token| token.user != user);
        directory.change(user, Action::UserDisabled { user }, by, |user| user.disabled_at = Some(by.at))
    }

    async fn enable_user(&self, user: UserId, by: &Deed) -> StoreResult<()> {
        bounds::deed(by)?;
        let mut directory = self.directory();
        if directory.user(user)?.disabled_at.is_none() {
            return Ok(());
        }
        directory.change(user, Action::UserEnabled { user }, by, |user| user.disabled_at = None)
    }
}
