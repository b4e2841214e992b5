//! The port [`Credentials`] in memory.

use std::cmp::Reverse;

use async_trait::async_trait;

use super::DirectoryLedger;
use crate::directory::{
    Action, ApiToken, CodeKind, Deed, NewCode, NewSession, NewToken, SecretHash, Session, SessionTimes, SignedIn,
    TokenHolder,
};
use crate::id::{SessionId, TokenId, UserId};
use crate::ports::{Credentials, StoreError, StoreResult, directory_bounds as bounds};
use crate::secret::SecretBytes;
use crate::store::MemoryStore;
use crate::time::Timestamp;

fn in_use(what: &str) -> StoreError {
    StoreError::Conflict(format!("there is such a {what} already"))
}

impl DirectoryLedger {
    fn open_session(&mut self, new: &NewSession, by: &Deed) -> StoreResult<()> {
        self.enabled_user(new.user).ok_or(StoreError::NotFound("user"))?;
        if self.sessions.contains_key(&new.hash) || self.sessions.values().any(|session| session.id == new.id) {
            return Err(in_use("session"));
        }
        let theirs = self.sessions.iter().filter(|(_, session)| session.user == new.user);
        if theirs.clone().count() >= bounds::MAX_SESSIONS {
            let longest_unused = theirs.min_by_key(|(_, session)| (session.times.seen_at, session.id));
            if let Some(hash) = longest_unused.map(|(hash, _)| *hash) {
                self.sessions.remove(&hash);
            }
        }
        let NewSession { id, hash, user, expires_at, idle, agent } = new.clone();
        let times = SessionTimes { opened_at: by.at, seen_at: by.at, expires_at, idle };
        self.sessions.insert(hash, Session { id, user, times, agent, remote: by.remote.clone() });
        self.write(None, Action::SessionOpened { user, session: id }, by);
        Ok(())
    }

    fn session(&mut self, hash: SecretHash, now: Timestamp) -> Option<SignedIn> {
        let session = self.sessions.get(&hash).filter(|session| !session.times.is_over(now))?.clone();
        self.enabled_user(session.user)?;
        if session.times.is_due(now) {
            if let Some(session) = self.sessions.get_mut(&hash) {
                session.times.seen_at = now;
            }
            self.seen(session.user, now);
        }
        let user = self.enabled_user(session.user)?.clone();
        Some(SignedIn { session: self.sessions.get(&hash)?.clone(), user })
    }

    fn seen(&mut self, user: UserId, now: Timestamp) {
        if let Some(user) = self.users.get_mut(&user) {
            user.seen_at = user.seen_at.max(now);
        }
    }

    fn create_token(&mut self, new: &NewToken, by: &Deed) -> StoreResult<ApiToken> {
        self.enabled_user(new.user).ok_or(StoreError::NotFound("user"))?;
        if new.project.is_some_and(|project| !self.projects.contains_key(&project)) {
            return Err(StoreError::NotFound("project"));
        }
        if self.tokens.contains_key(&new.hash) || self.tokens.values().any(|token| token.id == new.id) {
            return Err(in_use("token"));
        }
        if self.tokens.values().filter(|token| token.user == new.user).count() >= bounds::MAX_TOKENS {
            return Err(StoreError::Conflict(format!("this user has {} tokens already", bounds::MAX_TOKENS)));
        }
        let NewToken { id, hash, user, name, scopes, project, expires_at } = new.clone();
        let action = Action::TokenMade { user, token: id, scopes: scopes.clone(), only: project };
        let token = ApiToken { id, user, name, scopes, project, created_at: by.at, expires_at, used_at: None };
        self.tokens.insert(hash, token.clone());
        self.write(None, action, by);
        Ok(token)
    }

    fn token(&mut self, hash: SecretHash, now: Timestamp) -> Option<TokenHolder> {
        let token = self.tokens.get(&hash).filter(|token| !token.is_over(now))?.clone();
        self.enabled_user(token.user)?;
        if token.is_due(now) {
            if let Some(token) = self.tokens.get_mut(&hash) {
                token.used_at = Some(now);
            }
            self.seen(token.user, now);
        }
        let user = self.enabled_user(token.user)?.clone();
        Some(TokenHolder { token: self.tokens.get(&hash)?.clone(), user })
    }

    fn forget_expired(&mut self, now: Timestamp, limit: usize) -> u64 {
        fn remove<K: Ord, V>(all: &mut std::collections::BTreeMap<K, V>, over: &[K]) -> u64 {
            over.iter().filter(|key| all.remove(key).is_some()).count() as u64
        }
        let codes = self.codes.iter().filter(|(_, (_, expires_at))| *expires_at <= now).map(|(key, _)| *key);
        let codes = codes.take(limit).collect::<Vec<_>>();
        let sessions = self.sessions.iter().filter(|(_, session)| session.times.is_over(now)).map(|(key, _)| *key);
        let sessions = sessions.take(limit).collect::<Vec<_>>();
        let tokens = self.tokens.iter().filter(|(_, token)| token.is_over(now)).map(|(key, _)| *key);
        let tokens = tokens.take(limit).collect::<Vec<_>>();
        remove(&mut self.codes, &codes) + remove(&mut self.sessions, &sessions) + remove(&mut self.tokens, &tokens)
    }
}

#[async_trait]
impl Credentials for MemoryStore {
    async fn put_code(&self, code: &NewCode) -> StoreResult<()> {
        bounds::code(code)?;
        let mut directory = self.directory();
        let key = (code.kind, code.hash);
        if directory.codes.contains_key(&key) {
            return Err(in_use("code"));
        }
        directory.codes.insert(key, (code.payload.clone(), code.expires_at));
        Ok(())
    }

    async fn take_code(&self, kind: CodeKind, hash: SecretHash, now: Timestamp) -> StoreResult<Option<SecretBytes>> {
        let taken = self.directory().codes.remove(&(kind, hash));
        Ok(taken.filter(|(_, expires_at)| *expires_at > now).map(|(payload, _)| payload))
    }

    async fn open_session(&self, new: &NewSession, by: &Deed) -> StoreResult<()> {
        bounds::session(new)?;
        bounds::deed(by)?;
        self.directory().open_session(new, by)
    }

    async fn session(&self, hash: SecretHash, now: Timestamp) -> StoreResult<Option<SignedIn>> {
        Ok(self.directory().session(hash, now))
    }

    async fn sessions(&self, user: UserId, now: Timestamp) -> StoreResult<Vec<Session>> {
        let directory = self.directory();
        let theirs = directory.sessions.values().filter(|session| session.user == user && !session.times.is_over(now));
        let mut theirs: Vec<Session> = theirs.cloned().collect();
        theirs.sort_by_key(|session| Reverse((session.times.opened_at, session.id)));
        Ok(theirs)
    }

    async fn close_session(&self, user: UserId, session: SessionId, by: &Deed) -> StoreResult<bool> {
        bounds::deed(by)?;
        let mut directory = self.directory();
        let before = directory.sessions.len();
        directory.sessions.retain(|_, its| its.user != user || its.id != session);
        let is_closed = directory.sessions.len() < before;
        if is_closed {
            directory.write(None, Action::SessionClosed { user, session }, by);
        }
        Ok(is_closed)
    }

    async fn close_sessions(&self, user: UserId, but: Option<SessionId>, by: &Deed) -> StoreResult<u64> {
        bounds::deed(by)?;
        let mut directory = self.directory();
        let before = directory.sessions.len();
        directory.sessions.retain(|_, its| its.user != user || Some(its.id) == but);
        let count = (before - directory.sessions.len()) as u64;
        if count > 0 {
            directory.write(None, Action::SessionsClosed { user, count }, by);
        }
        Ok(count)
    }

    async fn create_token(&self, new: &NewToken, by: &Deed) -> StoreResult<ApiToken> {
        bounds::token(new)?;
        bounds::deed(by)?;
        self.directory().create_token(new, by)
    }

    async fn token(&self, hash: SecretHash, now: Timestamp) -> StoreResult<Option<TokenHolder>> {
        Ok(self.directory().token(hash, now))
    }

    async fn tokens(&self, user: UserId) -> StoreResult<Vec<ApiToken>> {
        let directory = self.directory();
        let mut theirs: Vec<ApiToken> = directory.tokens.values().filter(|token| token.user == user).cloned().collect();
        theirs.sort_by_key(|token| Reverse((token.created_at, token.id)));
        Ok(theirs)
    }

    async fn revoke_token(&self, user: UserId, token: TokenId, by: &Deed) -> StoreResult<bool> {
        bounds::deed(by)?;
        let mut directory = self.directory();
        let before = directory.tokens.len();
        directory.tokens.retain(|_, its| its.user != user || its.id != token);
        let is_revoked = directory.tokens.len() < before;
        if is_revoked {
            directory.write(None, Action::TokenRevoked { user, token }, by);
        }
        Ok(is_revoked)
    }

    async fn forget_expired(&self, now: Timestamp, limit: usize) -> StoreResult<u64> {
        Ok(self.directory().forget_expired(now, limit))
    }
}
