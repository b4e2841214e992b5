//! Who may use the server.

use imt_core::directory::{Action, Admission, Deed, Email, Identity, Page, Profile, SignIn, User};
use imt_core::id::UserId;
use imt_core::ports::{StoreError, StoreResult, directory_bounds as bounds};

use super::audit;
use super::page::{and_one, at, maybe_at, maybe_time, page, page_limit, parsed, time};
use crate::database::{Database, DatabaseResult, Purpose, Transaction};
use crate::value::{Row, Value};

/// The columns of a user.
pub(super) const USER: &str = "
    users.id, users.issuer, users.subject, users.email, users.email_verified, users.name, users.is_admin,
    users.disabled_at, users.created_at, users.seen_at";

/// A user out of those columns.
pub(super) fn user(row: &mut Row) -> StoreResult<User> {
    let (id, issuer, subject) = (parsed(row)?, row.text()?, row.text()?);
    let (address, is_verified) = (row.maybe_text()?, row.flag()?);
    let profile = Profile { email: address.map(|address| Email { address, is_verified }), name: row.maybe_text()? };
    let is_admin = row.flag()?;
    let (disabled_at, created_at, seen_at) = (maybe_time(row)?, time(row)?, time(row)?);
    Ok(User { id, identity: Identity { issuer, subject }, profile, is_admin, disabled_at, created_at, seen_at })
}

fn first(rows: Vec<Row>) -> StoreResult<Option<User>> {
    rows.into_iter().next().map(|row| user(&mut row.of("user"))).transpose()
}

fn identity_values(identity: &Identity) -> Vec<Value> {
    vec![identity.issuer.as_str().into(), identity.subject.as_str().into()]
}

fn profile_values(profile: &Profile) -> [Value; 4] {
    let Profile { email, name } = profile;
    let address = email.as_ref().map(|email| email.address.clone());
    let key = address.as_ref().map(|address| address.to_lowercase());
    let is_verified = email.as_ref().is_some_and(|email| email.is_verified);
    [address.into(), key.into(), is_verified.into(), name.clone().into()]
}

fn known_statement() -> String {
    format!(
        "UPDATE users SET email = $3, email_key = $4, email_verified = $5, name = $6,
            seen_at = CASE WHEN seen_at < $7 THEN $7 ELSE seen_at END
          WHERE issuer = $1 AND subject = $2 AND disabled_at IS NULL RETURNING {USER}"
    )
}

/// Whoever makes the same user at the same moment is waited for.
fn add_statement() -> String {
    format!(
        "INSERT INTO users (issuer, subject, email, email_key, email_verified, name, created_at, seen_at, id, is_admin)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9) ON CONFLICT (issuer, subject) DO NOTHING RETURNING {USER}"
    )
}

pub(super) async fn sign_in(
    database: &dyn Database,
    identity: &Identity,
    profile: &Profile,
    admission: Admission,
    by: &Deed,
) -> StoreResult<SignIn> {
    bounds::sign_in(identity, profile)?;
    bounds::deed(by)?;
    let values = || -> Vec<Value> {
        identity_values(identity).into_iter().chain(profile_values(profile)).chain([at(by.at)]).collect()
    };
    let any = format!("SELECT {USER} FROM users WHERE issuer = $1 AND subject = $2");
    loop {
        let mut tx = database.begin().await?;
        if let Some(user) = first(tx.run(&known_statement(), values()).await?)? {
            tx.commit().await?;
            return Ok(SignIn::Known(user));
        }
        if let Some(user) = first(tx.run(&any, identity_values(identity)).await?)? {
            if user.disabled_at.is_some() {
                return Ok(SignIn::Disabled(user));
            }
            // Somebody made or enabled it in between.
            continue;
        }
        let is_admin = match admission {
            Admission::KnownOnly => return Ok(SignIn::Unknown),
            Admission::AsUser => false,
            Admission::AsAdministrator => true,
        };
        let id = UserId::generate();
        let added = values().into_iter().chain([id.to_string().into(), is_admin.into()]).collect();
        if let Some(user) = first(tx.run(&add_statement(), added).await?)? {
            audit::write_and_commit(tx, None, &Action::UserMade { user: id, is_admin }, by).await?;
            return Ok(SignIn::Made(user));
        }
    }
}

pub(super) async fn one(database: &dyn Database, id: UserId) -> StoreResult<User> {
    let sql = format!("SELECT {USER} FROM users WHERE id = $1");
    let rows = database.run(Purpose::Read, &sql, vec![id.to_string().into()]).await?;
    first(rows)?.ok_or(StoreError::NotFound("user"))
}

pub(super) async fn list(
    database: &dyn Database,
    after: Option<UserId>,
    limit: usize,
) -> StoreResult<Page<User, UserId>> {
    let (limit, after) = (page_limit(limit), after.map_or(String::new(), |after| after.to_string()));
    let sql = format!("SELECT {USER} FROM users WHERE id > $1 ORDER BY id LIMIT $2");
    let rows = database.run(Purpose::Read, &sql, vec![after.into(), and_one(limit)]).await?;
    page(rows, limit, "user", user, |user| user.id)
}

pub(super) async fn with_email(database: &dyn Database, address: &str) -> StoreResult<Vec<User>> {
    let sql = format!(
        "SELECT {USER} FROM users WHERE email_key = $1 AND email_verified = 1 AND disabled_at IS NULL ORDER BY id LIMIT 10"
    );
    let rows = database.run(Purpose::Read, &sql, vec![address.to_lowercase().into()]).await?;
    rows.into_iter().map(|row| user(&mut row.of("user"))).collect()
}

pub(super) async fn has_administrator(database: &dyn Database) -> StoreResult<bool> {
    let sql = "SELECT id FROM users WHERE is_admin = 1 AND disabled_at IS NULL LIMIT 1";
    Ok(!database.run(Purpose::Read, sql, Vec::new()).await?.is_empty())
}

/// Locks an existing user.
pub(super) async fn locked(tx: &mut dyn Transaction, database: &dyn Database, id: UserId) -> StoreResult<User> {
    let sql = database.dialect().sql(&format!("SELECT {USER} FROM users WHERE id = $1 {{for_update}}"));
    first(tx.run(&sql, vec![id.to_string().into()]).await?)?.ok_or(StoreError::NotFound("user"))
}

/// Locks all administrators who may do anything, always in the same order; answers their ids. Who waits for another here sees
/// what that one has changed.
async fn lock_administrators(tx: &mut dyn Transaction, database: &dyn Database) -> StoreResult<Vec<String>> {
    let sql = "SELECT id FROM users WHERE is_admin = 1 AND disabled_at IS NULL ORDER BY id {for_update}";
    let rows = tx.run(&database.dialect().sql(sql), Vec::new()).await?;
    rows.into_iter().map(|row| row.of("user").text()).collect()
}

fn not_the_last(administrators: &[String], id: UserId) -> StoreResult<()> {
    if administrators == [id.to_string()] {
        return Err(StoreError::Conflict("this is the last administrator".to_owned()));
    }
    Ok(())
}

pub(super) async fn set_administrator(
    database: &dyn Database,
    id: UserId,
    is_admin: bool,
    by: &Deed,
) -> StoreResult<()> {
    bounds::deed(by)?;
    let mut tx = database.begin().await?;
    let administrators = lock_administrators(tx.as_mut(), database).await?;
    if locked(tx.as_mut(), database, id).await?.is_admin == is_admin {
        return Ok(());
    }
    if !is_admin {
        not_the_last(&administrators, id)?;
    }
    let set = "UPDATE users SET is_admin = $2 WHERE id = $1";
    tx.run(set, vec![id.to_string().into(), is_admin.into()]).await?;
    audit::write_and_commit(tx, None, &Action::AdministratorSet { user: id, is_admin }, by).await
}

async fn set_disabled(tx: &mut dyn Transaction, id: UserId, value: Value) -> DatabaseResult<()> {
    tx.run("UPDATE users SET disabled_at = $2 WHERE id = $1", vec![id.to_string().into(), value]).await?;
    Ok(())
}

pub(super) async fn disable(database: &dyn Database, id: UserId, by: &Deed) -> StoreResult<()> {
    bounds::deed(by)?;
    let mut tx = database.begin().await?;
    let administrators = lock_administrators(tx.as_mut(), database).await?;
    if locked(tx.as_mut(), database, id).await?.disabled_at.is_some() {
        return Ok(());
    }
    not_the_last(&administrators, id)?;
    set_disabled(tx.as_mut(), id, at(by.at)).await?;
    for delete in ["DELETE FROM sessions WHERE user_id = $1", "DELETE FROM api_tokens WHERE user_id = $1"] {
        tx.run(delete, vec![id.to_string().into()]).await?;
    }
    audit::write_and_commit(tx, None, &Action::UserDisabled { user: id }, by).await
}

pub(super) async fn enable(database: &dyn Database, id: UserId, by: &Deed) -> StoreResult<()> {
    bounds::deed(by)?;
    let mut tx = database.begin().await?;
    if locked(tx.as_mut(), database, id).await?.disabled_at.is_none() {
        return Ok(());
    }
    set_disabled(tx.as_mut(), id, maybe_at(None)).await?;
    audit::write_and_commit(tx, None, &Action::UserEnabled { user: id }, by).await
}

/// A user, in a transaction.
pub(super) async fn one_in(tx: &mut dyn Transaction, id: UserId) -> StoreResult<User> {
    let sql = format!("SELECT {USER} FROM users WHERE id = $1");
    first(tx.run(&sql, vec![id.to_string().into()]).await?)?.ok_or(StoreError::NotFound("user"))
}
