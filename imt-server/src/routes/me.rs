//! The caller himself: who he is, his sessions, his tokens.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use imt_core::directory::{ApiToken, NewToken, Scope, Scopes, Session};
use imt_core::id::{ProjectId, SessionId, TokenId};
use imt_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Refusals;
use crate::access::{BearerSecret, Caller, Managing, Reading, Somebody};
use crate::handout::TOKEN_PREFIX;
use crate::http::{Answer, Body, Code, InPath, Listed, Problem};
use crate::state::{Server, now};

/// Who calls.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// The id.
    id: Uuid,
    /// What to call this one.
    name: String,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// Whether this one may do everything.
    is_admin: bool,
    /// Whether there is one user only.
    is_single_user: bool,
}

/// Who calls.
#[utoipa::path(get, path = "/me", tag = "me", extensions(("x-needs" = json!("read"))),
    responses((status = 200, body = Me), Refusals))]
pub(crate) async fn me(State(server): State<Server>, somebody: Somebody<Reading>) -> Json<Me> {
    let user = &somebody.caller.user;
    Json(Me {
        id: user.id.as_uuid(),
        name: user.label().to_owned(),
        email: user.profile.email.as_ref().map(|email| email.address.clone()),
        is_admin: user.is_admin,
        is_single_user: server.settings().is_single_user,
    })
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionView {
    /// The id.
    id: Uuid,
    /// Whether it is the one that asks.
    is_this: bool,
    /// When it was opened.
    #[schema(value_type = String, format = DateTime)]
    opened_at: Timestamp,
    /// When it was last used, to the minute.
    #[schema(value_type = String, format = DateTime)]
    seen_at: Timestamp,
    /// When it ends if it is not used any more.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    /// What the browser said it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<String>,
    /// Where it was opened from.
    #[serde(skip_serializing_if = "Option::is_none")]
    remote: Option<String>,
}

impl SessionView {
    fn of(session: Session, this: Option<SessionId>) -> Self {
        Self {
            id: session.id.as_uuid(),
            is_this: Some(session.id) == this,
            opened_at: session.times.opened_at,
            seen_at: session.times.seen_at,
            ends_at: session.times.ends_at(),
            agent: session.agent,
            remote: session.remote,
        }
    }
}

/// The caller's sessions.
#[utoipa::path(get, path = "/me/sessions", tag = "me", extensions(("x-needs" = json!("manage"))),
    responses((status = 200, body = Listed<SessionView>), Refusals))]
pub(crate) async fn sessions(
    State(server): State<Server>,
    somebody: Somebody<Managing>,
) -> Answer<Json<Listed<SessionView>>> {
    let (user, this) = (somebody.caller.user.id, somebody.caller.session());
    let found = server.directory().sessions(user, now()).await?;
    Ok(Json(Listed::whole(found.into_iter().map(|session| SessionView::of(session, this)).collect())))
}

/// Closes all of the caller's sessions but the one that asks.
#[utoipa::path(delete, path = "/me/sessions", tag = "me", extensions(("x-needs" = json!("manage"))),
    responses((status = 204, description = "Closed"), Refusals))]
pub(crate) async fn close_sessions(State(server): State<Server>, somebody: Somebody<Managing>) -> Answer<StatusCode> {
    let caller = somebody.caller;
    server.directory().close_sessions(caller.user.id, caller.session(), &caller.deed()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Closes a session of the caller.
#[utoipa::path(delete, path = "/me/sessions/{session}", tag = "me", params(("session" = Uuid, Path)),
    extensions(("x-needs" = json!("manage"))), responses((status = 204, description = "Closed"), Refusals))]
pub(crate) async fn close_session(
    State(server): State<Server>,
    somebody: Somebody<Managing>,
    InPath(session): InPath<Uuid>,
) -> Answer<StatusCode> {
    let caller = somebody.caller;
    let id = SessionId::from_uuid(session);
    let was_there = server.directory().close_session(caller.user.id, id, &caller.deed()).await?;
    if was_there { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found()) }
}

/// An API token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenView {
    /// The id.
    id: Uuid,
    /// What its user calls it.
    name: String,
    /// What it may be used for.
    #[schema(value_type = Vec<String>)]
    scopes: Scopes,
    /// The only project that it may be used for.
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<Uuid>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    used_at: Option<Timestamp>,
    /// The token itself: shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl TokenView {
    fn of(token: ApiToken, secret: Option<String>) -> Self {
        Self {
            id: token.id.as_uuid(),
            name: token.name,
            scopes: token.scopes,
            project: token.project.map(ProjectId::as_uuid),
            created_at: token.created_at,
            expires_at: token.expires_at,
            used_at: token.used_at,
            token: secret,
        }
    }
}

/// The caller's tokens.
#[utoipa::path(get, path = "/me/tokens", tag = "me", extensions(("x-needs" = json!("manage"))),
    responses((status = 200, body = Listed<TokenView>), Refusals))]
pub(crate) async fn tokens(
    State(server): State<Server>,
    somebody: Somebody<Managing>,
) -> Answer<Json<Listed<TokenView>>> {
    let found = server.directory().tokens(somebody.caller.user.id).await?;
    Ok(Json(Listed::whole(found.into_iter().map(|token| TokenView::of(token, None)).collect())))
}

/// A token to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenOrder {
    /// What to call it.
    #[schema(min_length = 1, max_length = 256)]
    name: String,
    /// What it may be used for: `read`, `trigger`, `deploy`, `manage`, `admin`; never more than whoever makes it.
    #[schema(value_type = Vec<String>)]
    scopes: Scopes,
    /// The only project that it may be used for.
    #[serde(default)]
    project: Option<Uuid>,
    /// After how many days it ends; absent: when it is revoked.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3650)]
    expires_in_days: Option<u16>,
}

/// Makes a token.
#[utoipa::path(post, path = "/me/tokens", tag = "me", request_body = TokenOrder,
    extensions(("x-needs" = json!("manage"))), responses((status = 201, body = TokenView), Refusals))]
pub(crate) async fn make_token(
    State(server): State<Server>,
    somebody: Somebody<Managing>,
    Body(order): Body<TokenOrder>,
) -> Answer<(StatusCode, Json<TokenView>)> {
    let caller = somebody.caller;
    may_hand_out(&caller, &order.scopes)?;
    let drawn = BearerSecret::draw(TOKEN_PREFIX).map_err(|error| Problem::internal("no randomness", &error))?;
    let expires_at = match order.expires_in_days {
        None => None,
        Some(days @ 1..=3650) => Some(now().after(std::time::Duration::from_hours(24 * u64::from(days)))),
        Some(_) => return Err(Problem::invalid("`expires_in_days` is from 1 to 3650")),
    };
    // One that was stolen is worth nothing for ever when its time has come.
    if caller.ends_at().is_some_and(|ends_at| expires_at.is_none_or(|expires_at| expires_at > ends_at)) {
        return Err(Problem::new(Code::Forbidden, "this token makes none that outlasts it: give an earlier end"));
    }
    let new = NewToken {
        id: TokenId::generate(),
        hash: drawn.hash,
        user: caller.user.id,
        name: order.name,
        scopes: order.scopes,
        project: order.project.map(ProjectId::from_uuid),
        expires_at,
    };
    if let Some(project) = new.project {
        // A project that the caller does not see is none.
        let access = server.directory().access(caller.user.id, &project.into()).await?;
        access.ok_or_else(Problem::not_found)?;
    }
    let made = server.directory().create_token(&new, &caller.deed()).await?;
    Ok((StatusCode::CREATED, Json(TokenView::of(made, Some(drawn.secret.expose().to_owned())))))
}

/// A token makes no token that may do more than itself.
fn may_hand_out(caller: &Caller, scopes: &Scopes) -> Answer<()> {
    scopes.0.iter().try_for_each(|scope: &Scope| caller.must_have(*scope))
}

/// Revokes a token of the caller.
#[utoipa::path(delete, path = "/me/tokens/{token}", tag = "me", params(("token" = Uuid, Path)),
    extensions(("x-needs" = json!("manage"))), responses((status = 204, description = "Revoked"), Refusals))]
pub(crate) async fn revoke_token(
    State(server): State<Server>,
    somebody: Somebody<Managing>,
    InPath(token): InPath<Uuid>,
) -> Answer<StatusCode> {
    let caller = somebody.caller;
    let was_there = server.directory().revoke_token(caller.user.id, TokenId::from_uuid(token), &caller.deed()).await?;
    if was_there { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found()) }
}
