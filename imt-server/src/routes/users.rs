//! Who may use the server, for its administrators.

use axum::Json;
use axum::extract::State;
use imt_core::directory::User;
use imt_core::id::UserId;
use imt_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Refusals;
use crate::access::Administrator;
use crate::http::{Answer, Body, InPath, InQuery, Listed, Paging, Problem};
use crate::state::Server;

/// A user, as administrators see him.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserView {
    /// The id.
    id: Uuid,
    /// What to call this one.
    name: String,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// Whether whoever vouches for this one has verified that address.
    is_email_verified: bool,
    /// Who vouches for this one.
    issuer: String,
    /// How this one is called there.
    subject: String,
    /// Whether this one may do everything.
    is_admin: bool,
    /// Whether this one may do nothing any more.
    is_disabled: bool,
    /// The first sign-in.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When anything was last heard, to the minute.
    #[schema(value_type = String, format = DateTime)]
    seen_at: Timestamp,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        let name = user.label().to_owned();
        let is_email_verified = user.profile.email.as_ref().is_some_and(|email| email.is_verified);
        Self {
            id: user.id.as_uuid(),
            name,
            is_email_verified,
            email: user.profile.email.map(|email| email.address),
            issuer: user.identity.issuer,
            subject: user.identity.subject,
            is_admin: user.is_admin,
            is_disabled: user.disabled_at.is_some(),
            created_at: user.created_at,
            seen_at: user.seen_at,
        }
    }
}

/// All users.
#[utoipa::path(get, path = "/users", tag = "users", params(Paging), extensions(("x-needs" = json!("admin"))),
    responses((status = 200, body = Listed<UserView>), Refusals))]
pub(crate) async fn list(
    State(server): State<Server>,
    _: Administrator,
    InQuery(paging): InQuery<Paging>,
) -> Answer<Json<Listed<UserView>>> {
    let after: Option<Uuid> = paging.cursor()?;
    let page = server.directory().users(after.map(UserId::from_uuid), paging.limit()).await?;
    Ok(Json(Listed::new(page.items.into_iter().map(UserView::from).collect(), page.next).but_for(&page.set_aside)))
}

/// A user.
#[utoipa::path(get, path = "/users/{user}", tag = "users", params(("user" = Uuid, Path)),
    extensions(("x-needs" = json!("admin"))), responses((status = 200, body = UserView), Refusals))]
pub(crate) async fn show(
    State(server): State<Server>,
    _: Administrator,
    InPath(user): InPath<Uuid>,
) -> Answer<Json<UserView>> {
    Ok(Json(server.directory().user(UserId::from_uuid(user)).await?.into()))
}

/// What is to become of a user: one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserOrder {
    /// Whether he may do everything.
    #[serde(default)]
    is_admin: Option<bool>,
    /// Whether he may do nothing any more; all his sessions and tokens end with it.
    #[serde(default)]
    is_disabled: Option<bool>,
}

/// Makes a user an administrator or none, disables or enables him. The last administrator stays one (409).
#[utoipa::path(patch, path = "/users/{user}", tag = "users", params(("user" = Uuid, Path)), request_body = UserOrder,
    extensions(("x-needs" = json!("admin"))), responses((status = 200, body = UserView), Refusals))]
pub(crate) async fn change(
    State(server): State<Server>,
    administrator: Administrator,
    InPath(user): InPath<Uuid>,
    Body(order): Body<UserOrder>,
) -> Answer<Json<UserView>> {
    let (user, by) = (UserId::from_uuid(user), administrator.caller.deed());
    let directory = server.directory();
    match (order.is_admin, order.is_disabled) {
        (Some(is_admin), None) => directory.set_administrator(user, is_admin, &by).await?,
        (None, Some(true)) => directory.disable_user(user, &by).await?,
        (None, Some(false)) => directory.enable_user(user, &by).await?,
        _ => return Err(Problem::invalid("say one of `is_admin` and `is_disabled`: each is a change of its own")),
    }
    Ok(Json(directory.user(user).await?.into()))
}
