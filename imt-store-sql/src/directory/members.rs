//! Who belongs to a project. Every change is made under the project's lock.

use imt_core::directory::{Action, Deed, Member, Page, Role};
use imt_core::id::{ProjectId, UserId};
use imt_core::ports::{StoreError, StoreResult, directory_bounds as bounds};
use imt_core::time::Timestamp;

use super::page::{and_one, at, page, page_limit, time};
use super::users::{self, USER, user};
use super::{audit, projects};
use crate::database::{Database, Purpose, Transaction};
use crate::value::{Row, Value, word};

fn member(row: &mut Row) -> StoreResult<Member> {
    Ok(Member { user: user(row)?, role: row.word()?, since: time(row)? })
}

pub(super) async fn list(
    database: &dyn Database,
    project: ProjectId,
    after: Option<UserId>,
    limit: usize,
) -> StoreResult<Page<Member, UserId>> {
    let (limit, after) = (page_limit(limit), after.map_or(String::new(), |after| after.to_string()));
    let sql = format!(
        "SELECT {USER}, project_members.role, project_members.since FROM project_members
           JOIN users ON users.id = project_members.user_id
          WHERE project_members.project = $1 AND project_members.user_id > $2
          ORDER BY project_members.user_id LIMIT $3"
    );
    let values = vec![project.to_string().into(), after.into(), and_one(limit)];
    let rows = database.run(Purpose::Read, &sql, values).await?;
    page(rows, limit, "member", member, |member| member.user.id)
}

const SET: &str = "
    INSERT INTO project_members (project, user_id, role, since, project_name) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (project, user_id) DO UPDATE SET role = excluded.role";

/// Makes a user what he is to be in a project; since when he belongs to it stays.
pub(super) async fn write(
    tx: &mut dyn Transaction,
    (project, name): (ProjectId, &str),
    user: UserId,
    role: Role,
    since: Timestamp,
) -> StoreResult<()> {
    let values = vec![project.to_string().into(), user.to_string().into(), word(role), at(since), name.into()];
    tx.run(SET, values).await?;
    Ok(())
}

fn key(project: ProjectId, user: UserId) -> Vec<Value> {
    vec![project.to_string().into(), user.to_string().into()]
}

async fn role_of(tx: &mut dyn Transaction, project: ProjectId, user: UserId) -> StoreResult<Option<Role>> {
    let sql = "SELECT role FROM project_members WHERE project = $1 AND user_id = $2";
    let row = tx.run(sql, key(project, user)).await?.into_iter().next();
    row.map(|row| row.of("member").word()).transpose()
}

/// Refuses when nobody but this user is an owner.
async fn another_owner(tx: &mut dyn Transaction, project: ProjectId, user: UserId) -> StoreResult<()> {
    let sql = "SELECT user_id FROM project_members WHERE project = $1 AND user_id <> $2 AND role = 'owner' LIMIT 1";
    if tx.run(sql, key(project, user)).await?.is_empty() {
        return Err(StoreError::Conflict("this is the last owner of the project".to_owned()));
    }
    Ok(())
}

pub(super) async fn set(
    database: &dyn Database,
    project: ProjectId,
    user: UserId,
    role: Role,
    by: &Deed,
) -> StoreResult<()> {
    bounds::deed(by)?;
    let mut tx = database.begin().await?;
    let name = projects::locked(tx.as_mut(), database, project).await?.name;
    users::one_in(tx.as_mut(), user).await?;
    let before = role_of(tx.as_mut(), project, user).await?;
    if before == Some(role) {
        return Ok(());
    }
    if before == Some(Role::Owner) {
        another_owner(tx.as_mut(), project, user).await?;
    }
    write(tx.as_mut(), (project, name.as_str()), user, role, by.at).await?;
    audit::write_and_commit(tx, Some(project), &Action::MemberSet { user, role, before }, by).await
}

pub(super) async fn remove(database: &dyn Database, project: ProjectId, user: UserId, by: &Deed) -> StoreResult<bool> {
    bounds::deed(by)?;
    let mut tx = database.begin().await?;
    projects::locked(tx.as_mut(), database, project).await?;
    let Some(role) = role_of(tx.as_mut(), project, user).await? else { return Ok(false) };
    if role == Role::Owner {
        another_owner(tx.as_mut(), project, user).await?;
    }
    tx.run("DELETE FROM project_members WHERE project = $1 AND user_id = $2", key(project, user)).await?;
    audit::write_and_commit(tx, Some(project), &Action::MemberRemoved { user, role }, by).await?;
    Ok(true)
}
