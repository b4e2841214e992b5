//! Users and what they show, with a rule broken.

use std::time::Duration;

use async_trait::async_trait;
use imt_core::directory::{
    Admission, ApiToken, CodeKind, Deed, Identity, NewCode, NewSession, NewToken, Page, Profile, Scopes, SecretHash,
    Session, SignIn, SignedIn, TokenHolder, User,
};
use imt_core::id::{SessionId, TokenId, UserId};
use imt_core::ports::{Credentials, StoreError, StoreResult, Users};
use imt_core::secret::SecretBytes;
use imt_core::time::Timestamp;

use super::{Flaw, Mutant};

/// A change that is refused because nobody would be left, or passes under a flaw.
fn forced(answer: StoreResult<()>, is_forced: bool) -> StoreResult<()> {
    match answer {
        Err(StoreError::Conflict(_)) if is_forced => Ok(()),
        answer => answer,
    }
}

#[async_trait]
impl Users for Mutant {
    async fn sign_in(
        &self,
        identity: &Identity,
        profile: &Profile,
        admission: Admission,
        by: &Deed,
    ) -> StoreResult<SignIn> {
        let (mut identity, mut profile, mut admission) = (identity.clone(), profile.clone(), admission);
        match self.flaw {
            Flaw::AdmissionIgnored => admission = Admission::AsUser,
            Flaw::IssuersIgnored => "https://id.example".clone_into(&mut identity.issuer),
            Flaw::EverySignInMakes => identity.subject = format!("{}-{}", identity.subject, self.count()),
            Flaw::FirstProfileStays => {
                let users = self.inner.users(None, 100).await?.items;
                let known = users.into_iter().find(|user| user.identity == identity);
                profile = known.map_or(profile, |user| user.profile);
            }
            _ => {}
        }
        match self.inner.sign_in(&identity, &profile, admission, by).await? {
            SignIn::Disabled(user) if self.is(Flaw::SignInEnables) => {
                self.inner.enable_user(user.id, by).await?;
                self.inner.sign_in(&identity, &profile, admission, by).await
            }
            answer => Ok(answer),
        }
    }

    async fn user(&self, user: UserId) -> StoreResult<User> {
        self.inner.user(user).await
    }

    async fn users(&self, after: Option<UserId>, limit: usize) -> StoreResult<Page<User, UserId>> {
        Ok(self.page(self.inner.users(after, limit).await?))
    }

    async fn users_with_email(&self, address: &str) -> StoreResult<Vec<User>> {
        if !self.is(Flaw::UnverifiedCounts) {
            return self.inner.users_with_email(address).await;
        }
        let has = |user: &User| {
            let email = user.profile.email.as_ref();
            email.is_some_and(|email| email.address.to_lowercase() == address.to_lowercase())
        };
        Ok(self.inner.users(None, 100).await?.items.into_iter().filter(has).collect())
    }

    async fn has_administrator(&self) -> StoreResult<bool> {
        self.inner.has_administrator().await
    }

    async fn set_administrator(&self, user: UserId, is_admin: bool, by: &Deed) -> StoreResult<()> {
        forced(self.inner.set_administrator(user, is_admin, by).await, self.is(Flaw::LastAdministratorGoes))
    }

    async fn disable_user(&self, user: UserId, by: &Deed) -> StoreResult<()> {
        if self.is(Flaw::DisablingDoesNothing) {
            return Ok(());
        }
        self.inner.disable_user(user, by).await
    }

    async fn enable_user(&self, user: UserId, by: &Deed) -> StoreResult<()> {
        self.inner.enable_user(user, by).await
    }
}

#[async_trait]
impl Credentials for Mutant {
    async fn put_code(&self, code: &NewCode) -> StoreResult<()> {
        let kind = if self.is(Flaw::KindsIgnored) { CodeKind::SetUp } else { code.kind };
        self.inner.put_code(&NewCode { kind, ..code.clone() }).await
    }

    async fn take_code(&self, kind: CodeKind, hash: SecretHash, now: Timestamp) -> StoreResult<Option<SecretBytes>> {
        let kind = if self.is(Flaw::KindsIgnored) { CodeKind::SetUp } else { kind };
        let now = if self.is(Flaw::ExpiryIgnored) { Timestamp::default() } else { now };
        let taken = self.inner.take_code(kind, hash, now).await?;
        if let (Some(payload), true) = (&taken, self.is(Flaw::CodesStay)) {
            let expires_at = now.after(Duration::from_mins(1));
            self.inner.put_code(&NewCode { kind, hash, payload: payload.clone(), expires_at }).await?;
        }
        Ok(taken)
    }

    async fn open_session(&self, new: &NewSession, by: &Deed) -> StoreResult<()> {
        let idle = if self.is(Flaw::IdleIgnored) { Duration::from_hours(1_000) } else { new.idle };
        self.inner.open_session(&NewSession { idle, ..new.clone() }, by).await
    }

    async fn session(&self, hash: SecretHash, now: Timestamp) -> StoreResult<Option<SignedIn>> {
        let at = if self.is(Flaw::SeenNever) { Timestamp::default() } else { now };
        let mut found = self.inner.session(hash, at).await?;
        if let (Some(signed_in), true) = (&mut found, self.is(Flaw::SeenAlways)) {
            signed_in.session.times.seen_at = now;
        }
        Ok(found)
    }

    async fn sessions(&self, user: UserId, now: Timestamp) -> StoreResult<Vec<Session>> {
        self.inner.sessions(user, now).await
    }

    async fn close_session(&self, user: UserId, session: SessionId, by: &Deed) -> StoreResult<bool> {
        if self.is(Flaw::CloseKeeps) {
            return Ok(true);
        }
        self.inner.close_session(user, session, by).await
    }

    async fn close_sessions(&self, user: UserId, but: Option<SessionId>, by: &Deed) -> StoreResult<u64> {
        self.inner.close_sessions(user, but, by).await
    }

    async fn create_token(&self, new: &NewToken, by: &Deed) -> StoreResult<ApiToken> {
        let expires_at = if self.is(Flaw::TokensLast) { None } else { new.expires_at };
        self.inner.create_token(&NewToken { expires_at, ..new.clone() }, by).await
    }

    async fn token(&self, hash: SecretHash, now: Timestamp) -> StoreResult<Option<TokenHolder>> {
        let mut found = self.inner.token(hash, now).await?;
        if let (Some(holder), true) = (&mut found, self.is(Flaw::ScopesWiden)) {
            holder.token.scopes = Scopes::all();
        }
        Ok(found)
    }

    async fn tokens(&self, user: UserId) -> StoreResult<Vec<ApiToken>> {
        self.inner.tokens(user).await
    }

    async fn revoke_token(&self, user: UserId, token: TokenId, by: &Deed) -> StoreResult<bool> {
        if self.is(Flaw::RevokedStays) {
            return Ok(self.inner.tokens(user).await?.iter().any(|its| its.id == token));
        }
        self.inner.revoke_token(user, token, by).await
    }

    async fn forget_expired(&self, now: Timestamp, limit: usize) -> StoreResult<u64> {
        if self.is(Flaw::NothingForgotten) {
            return Ok(0);
        }
        self.inner.forget_expired(now, limit).await
    }
}
