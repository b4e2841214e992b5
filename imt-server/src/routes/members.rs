//! Who belongs to a project.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use imt_core::directory::{Member, Role};
use imt_core::id::UserId;
use imt_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Refusals, named, shown::Person};
use crate::access::{In, Managing, Reading};
use crate::http::{Answer, Body, InPath, InQuery, Listed, Paging, Problem};
use crate::state::Server;

/// Who belongs to a project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberView {
    /// The user.
    user: Person,
    /// What this one is.
    #[schema(value_type = String)]
    role: Role,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

impl From<Member> for MemberView {
    fn from(member: Member) -> Self {
        Self { user: named(&member.user), role: member.role, since: member.since }
    }
}

/// Who belongs to a project.
#[utoipa::path(get, path = "/projects/{project}/members", tag = "members",
    params(("project" = String, Path), Paging), extensions(("x-needs" = json!("read"))),
    responses((status = 200, body = Listed<MemberView>), Refusals))]
pub(crate) async fn list(
    State(server): State<Server>,
    within: In<Reading>,
    InQuery(paging): InQuery<Paging>,
) -> Answer<Json<Listed<MemberView>>> {
    let after: Option<Uuid> = paging.cursor()?;
    let page = server.directory().members(within.project.id, after.map(UserId::from_uuid), paging.limit()).await?;
    Ok(Json(Listed::new(page.items.into_iter().map(MemberView::from).collect(), page.next).but_for(&page.set_aside)))
}

/// What somebody is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberOrder {
    /// `member` or `owner`.
    #[schema(value_type = String)]
    role: Role,
}

/// Which user, in the path.
#[derive(Deserialize)]
pub(crate) struct OfUser {
    user: Uuid,
}

/// Makes somebody a member or an owner.
#[utoipa::path(put, path = "/projects/{project}/members/{user}", tag = "members",
    params(("project" = String, Path), ("user" = Uuid, Path)), request_body = MemberOrder,
    extensions(("x-needs" = json!("manage"))), responses((status = 204, description = "Set"), Refusals))]
pub(crate) async fn set(
    State(server): State<Server>,
    within: In<Managing>,
    InPath(at): InPath<OfUser>,
    Body(order): Body<MemberOrder>,
) -> Answer<StatusCode> {
    let (project, user) = (within.project.id, UserId::from_uuid(at.user));
    server.directory().set_member(project, user, order.role, &within.caller.deed()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who is to be what, by the address that he is known by.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberByEmail {
    /// The e-mail address, which whoever vouches for him has verified.
    email: String,
    /// `member` or `owner`.
    #[schema(value_type = String)]
    role: Role,
}

/// The longest address that there is.
const LONGEST_EMAIL: usize = 254;

/// Makes somebody a member or an owner who has signed in here before. That nobody with this address has is told (422): an owner
/// may know it, and each address that somebody has makes him a member, which he sees and the audit log says. Asked once a second.
#[utoipa::path(post, path = "/projects/{project}/members-by-email", tag = "members",
    params(("project" = String, Path)), request_body = MemberByEmail,
    extensions(("x-needs" = json!("manage"))), responses((status = 204, description = "Set"), Refusals))]
pub(crate) async fn set_by_email(
    State(server): State<Server>,
    within: In<Managing>,
    Body(order): Body<MemberByEmail>,
) -> Answer<StatusCode> {
    let email = order.email.trim();
    if email.len() > LONGEST_EMAIL || !email.contains('@') || email.contains(char::is_control) {
        return Err(Problem::invalid("`email` is no e-mail address"));
    }
    let found = server.directory().users_with_email(email).await?;
    let user = match found.as_slice() {
        [user] => user.id,
        [] => {
            let detail = "`email`: nobody who has signed in here has this address, verified by who vouches for him; \
                          once he has, try again";
            return Err(Problem::invalid(detail));
        }
        _ => return Err(Problem::invalid("`email`: several users have this address; name one by his id")),
    };
    server.directory().set_member(within.project.id, user, order.role, &within.caller.deed()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes somebody out of a project.
#[utoipa::path(delete, path = "/projects/{project}/members/{user}", tag = "members",
    params(("project" = String, Path), ("user" = Uuid, Path)), extensions(("x-needs" = json!("manage"))),
    responses((status = 204, description = "Removed"), Refusals))]
pub(crate) async fn remove(
    State(server): State<Server>,
    within: In<Managing>,
    InPath(at): InPath<OfUser>,
) -> Answer<StatusCode> {
    let (project, user) = (within.project.id, UserId::from_uuid(at.user));
    let was_there = server.directory().remove_member(project, user, &within.caller.deed()).await?;
    if was_there { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found()) }
}
