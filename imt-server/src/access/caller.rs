//! Who calls: whoever has a session's cookie or an API token.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use imt_core::directory::{Actor, Deed, Scope, Scopes, SecretHash, User, Via};
use imt_core::id::{ProjectId, SessionId};
use imt_core::time::Timestamp;

use super::cookie::Cookie;
use super::random::hash_of;
use crate::http::{Answer, Code, Peer, Problem, request_id};
use crate::state::{Server, now};

/// Whoever calls, and what he may do at most.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) user: User,
    via: Via,
    /// What he shows, to be looked at again while he stays.
    shown: SecretHash,
    scopes: Scopes,
    /// The only project that counts.
    only: Option<ProjectId>,
    /// When what he shows ends, if it is a token that does.
    ends_at: Option<Timestamp>,
    remote: String,
}

impl Caller {
    /// Who stands behind a change that is made now.
    pub(crate) fn deed(&self) -> Deed {
        Deed {
            actor: Actor::User(self.user.id),
            via: self.via,
            request: request_id(),
            remote: Some(self.remote.clone()),
            at: now(),
        }
    }

    /// The session, if he has one.
    pub(crate) const fn session(&self) -> Option<SessionId> {
        match self.via {
            Via::Session(session) => Some(session),
            _ => None,
        }
    }

    /// Whether he shows something that lets him do things of a kind; what a token may not be used for is no secret.
    pub(crate) fn must_have(&self, scope: Scope) -> Result<(), Problem> {
        if self.scopes.has(scope) {
            return Ok(());
        }
        let name = serde_json::to_string(&scope).unwrap_or_default();
        Err(Problem::new(Code::Forbidden, format!("this token may not be used for this: it lacks the scope {name}")))
    }

    /// When the token that he shows ends, if it does.
    pub(crate) const fn ends_at(&self) -> Option<Timestamp> {
        self.ends_at
    }

    /// Whether what he shows counts in a project.
    pub(crate) fn counts_in(&self, project: ProjectId) -> bool {
        self.only.is_none_or(|only| only == project)
    }

    /// Whether what he shows counts for one project only.
    pub(super) const fn is_bound(&self) -> bool {
        self.only.is_some()
    }

    /// Whether what he shows still counts: it may have been revoked since, or he disabled.
    pub(crate) async fn still_counts(&self, server: &Server) -> Answer<bool> {
        Ok(match self.via {
            Via::Token(_) => server.directory().token(self.shown, now()).await?.is_some(),
            _ => server.directory().session(self.shown, now()).await?.is_some(),
        })
    }

    /// Whoever shows what is in these headers.
    async fn of(headers: &HeaderMap, method: &Method, remote: String, server: &Server) -> Result<Self, Problem> {
        let nobody = || Problem::new(Code::Unauthenticated, "sign in, or send an API token");
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let token = value.to_str().ok().and_then(|value| value.split_once(' '));
            let token =
                token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
            let Some(token) = token else { return Err(nobody()) };
            let shown = hash_of(token);
            let found = server.directory().token(shown, now()).await?.ok_or_else(nobody)?;
            let token = found.token;
            let (via, only, ends_at) = (Via::Token(token.id), token.project, token.expires_at);
            return Ok(Self { user: found.user, via, shown, scopes: token.scopes, only, ends_at, remote });
        }
        let cookie = Cookie::session(server.settings().is_secure());
        let secret = cookie.read(headers).ok_or_else(nobody)?;
        let shown = hash_of(secret.expose());
        let found = server.directory().session(shown, now()).await?.ok_or_else(nobody)?;
        // A browser sends its cookies along whoever makes it call.
        if !method.is_safe() && !server.origins().allow(headers) {
            return Err(Problem::new(Code::Forbidden, "this does not come from a page of this server"));
        }
        let via = Via::Session(found.session.id);
        Ok(Self { user: found.user, via, shown, scopes: Scopes::all(), only: None, ends_at: None, remote })
    }
}

impl FromRequestParts<Server> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let Ok(Peer(peer)) = Peer::from_request_parts(parts, server).await;
        let remote = server.proxies().client(peer.ip(), &parts.headers).to_string();
        let caller = Self::of(&parts.headers, &parts.method, remote, server).await?;
        parts.extensions.insert(caller.clone());
        Ok(caller)
    }
}
