//! How a browser gets its session, and gives it back.

use axum::extract::State;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use imt_core::directory::{Actor, Admission, CodeKind, Deed, NewSession, SignIn, User, Via};
use imt_core::id::SessionId;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Refusals;
use crate::access::{BearerSecret, Caller, Cookie, hash_of};
use crate::handout::local_user;
use crate::http::{Answer, Code, InQuery, Peer, Problem, request_id, to_the_end};
use crate::state::{Server, now};

/// The most of what a browser says it is that is kept.
const AGENT_BYTES: usize = 200;

/// A link to sign in with.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Link {
    /// What was printed.
    token: String,
}

/// Signs the one user of this machine in, once, by the link that was printed at the start.
#[utoipa::path(get, path = "/auth/link", tag = "sign-in", params(Link), extensions(("x-needs" = json!("nothing"))),
    responses((status = 303, description = "Signed in"), Refusals))]
pub(crate) async fn by_link(
    State(server): State<Server>,
    Peer(peer): Peer,
    headers: HeaderMap,
    InQuery(link): InQuery<Link>,
) -> Answer<(StatusCode, [(HeaderName, HeaderValue); 2])> {
    let remote = server.proxies().client(peer.ip(), &headers).to_string();
    // The link is spent in it.
    to_the_end(async move { signed_in_by_link(&server, &link, &headers, remote).await }).await
}

async fn signed_in_by_link(
    server: &Server,
    link: &Link,
    headers: &HeaderMap,
    remote: String,
) -> Answer<(StatusCode, [(HeaderName, HeaderValue); 2])> {
    let gone =
        || Problem::new(Code::Unauthenticated, "this link was used already, or is too old: start the server anew");
    if !server.settings().is_single_user {
        return Err(Problem::not_found());
    }
    let payload = server.directory().take_code(CodeKind::SignInLink, hash_of(&link.token), now()).await?;
    payload.ok_or_else(gone)?;
    let deed = visit(remote);
    let (identity, profile) = local_user();
    let signed_in = server.directory().sign_in(&identity, &profile, Admission::AsAdministrator, &deed).await?;
    let user = match signed_in {
        SignIn::Known(user) | SignIn::Made(user) => user,
        SignIn::Disabled(_) | SignIn::Unknown => {
            return Err(Problem::new(Code::Forbidden, "this user may not sign in any more"));
        }
    };
    let cookie = open_session(server, &user, headers, deed).await?;
    Ok((StatusCode::SEE_OTHER, [(SET_COOKIE, cookie), (LOCATION, HeaderValue::from_static("/"))]))
}

/// What stands behind a sign-in from somewhere.
pub(super) fn visit(remote: String) -> Deed {
    Deed { actor: Actor::Visitor, via: Via::SignIn, request: request_id(), remote: Some(remote), at: now() }
}

/// A new session for somebody who has shown who he is: never one that was there before, and one that the browser brings along is
/// closed. Answers its cookie.
pub(super) async fn open_session(server: &Server, user: &User, headers: &HeaderMap, deed: Deed) -> Answer<HeaderValue> {
    let drawn = BearerSecret::draw("").map_err(|error| Problem::internal("no randomness", &error))?;
    let limits = server.settings().sessions;
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let new = NewSession {
        id: SessionId::generate(),
        hash: drawn.hash,
        user: user.id,
        expires_at: now().after(limits.absolute),
        idle: limits.idle,
        agent: agent.map(|agent| agent.chars().take(AGENT_BYTES).collect()),
    };
    let by = Deed { actor: Actor::User(user.id), ..deed };
    server.directory().open_session(&new, &by).await?;
    if let Some(old) = cookie(server).read(headers) {
        let old = server.directory().session(hash_of(old.expose()), now()).await?;
        if let Some(old) = old {
            server.directory().close_session(old.user.id, old.session.id, &by).await?;
        }
    }
    Ok(cookie(server).keep(&drawn.secret))
}

fn cookie(server: &Server) -> Cookie {
    Cookie::session(server.settings().is_secure())
}

/// Ends the session.
#[utoipa::path(post, path = "/auth/logout", tag = "sign-in", extensions(("x-needs" = json!("somebody"))),
    responses((status = 204, description = "Signed out"), Refusals))]
pub(crate) async fn out(
    State(server): State<Server>,
    caller: Caller,
) -> Answer<(StatusCode, [(HeaderName, HeaderValue); 1])> {
    if let Some(session) = caller.session() {
        server.directory().close_session(caller.user.id, session, &caller.deed()).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie(&server).forget())]))
}
