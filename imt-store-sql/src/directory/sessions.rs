//! Sessions.

use imt_core::directory::{Action, Deed, NewSession, SecretHash, Session, SessionTimes, SignedIn};
use imt_core::id::{SessionId, UserId};
use imt_core::ports::{StoreError, StoreResult, directory_bounds as bounds};
use imt_core::time::Timestamp;

use super::audit;
use super::page::{at, parsed, time};
use super::users::{self, USER, user};
use crate::database::{Database, Purpose};
use crate::guarded::{Guarded, Statement};
use crate::leases::micros;
use crate::value::{Row, Value};

const SESSION: &str = "
    sessions.id, sessions.user_id, sessions.opened_at, sessions.seen_at, sessions.expires_at, sessions.idle,
    sessions.agent, sessions.remote";

fn session(row: &mut Row) -> StoreResult<Session> {
    let (id, user) = (parsed(row)?, parsed(row)?);
    let (opened_at, seen_at, expires_at) = (time(row)?, time(row)?, time(row)?);
    let idle = std::time::Duration::from_micros(row.count()?);
    let times = SessionTimes { opened_at, seen_at, expires_at, idle };
    Ok(Session { id, user, times, agent: row.maybe_text()?, remote: row.maybe_text()? })
}

/// All but those used last, with room for one more.
const MAKE_ROOM: &str = "
    DELETE FROM sessions WHERE user_id = $1 AND hash NOT IN (
        SELECT hash FROM sessions WHERE user_id = $1 ORDER BY seen_at DESC, id DESC LIMIT $2)";
const ADD: &str = "
    INSERT INTO sessions (hash, id, user_id, opened_at, seen_at, expires_at, idle, ends_at, agent, remote)
    VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING id";

pub(super) async fn open(database: &dyn Database, new: &NewSession, by: &Deed) -> StoreResult<()> {
    bounds::session(new)?;
    bounds::deed(by)?;
    let mut tx = database.begin().await?;
    // Whoever disables the user comes before or after.
    if users::locked(tx.as_mut(), database, new.user).await?.disabled_at.is_some() {
        return Err(StoreError::NotFound("user"));
    }
    let user = Value::from(new.user.to_string());
    tx.run(MAKE_ROOM, vec![user.clone(), (bounds::MAX_SESSIONS as u64 - 1).into()]).await?;
    let times = SessionTimes { opened_at: by.at, seen_at: by.at, expires_at: new.expires_at, idle: new.idle };
    let values = vec![
        new.hash.to_hex().into(),
        new.id.to_string().into(),
        user,
        at(by.at),
        at(new.expires_at),
        micros(new.idle),
        at(times.ends_at()),
        new.agent.clone().into(),
        by.remote.clone().into(),
    ];
    if tx.run(ADD, values).await?.is_empty() {
        return Err(StoreError::Conflict("there is such a session already".to_owned()));
    }
    audit::write_and_commit(tx, None, &Action::SessionOpened { user: new.user, session: new.id }, by).await
}

fn find_statement() -> String {
    format!(
        "SELECT {SESSION}, {USER} FROM sessions JOIN users ON users.id = sessions.user_id
          WHERE sessions.hash = $1 AND sessions.ends_at > $2 AND users.disabled_at IS NULL"
    )
}

/// The statement of each request that has a cookie.
pub(super) fn hot() -> Vec<(&'static str, String)> {
    vec![("session", find_statement())]
}

pub(super) async fn find(database: &dyn Database, hash: SecretHash, now: Timestamp) -> StoreResult<Option<SignedIn>> {
    let rows = database.run(Purpose::Read, &find_statement(), vec![hash.to_hex().into(), at(now)]).await?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let mut row = row.of("session");
    Ok(Some(SignedIn { session: session(&mut row)?, user: user(&mut row)? }))
}

pub(super) const SEE_USER: &str = "
    UPDATE users SET seen_at = CASE WHEN seen_at < $2 THEN $2 ELSE seen_at END WHERE id = $1 RETURNING id";
const SEE: &str = "UPDATE sessions SET seen_at = $2, ends_at = $3 WHERE hash = $1 AND seen_at < $2 AND {held}";

/// Records that a session was seen. The user comes first, as with whoever disables him.
pub(super) async fn see(
    database: &dyn Database,
    hash: SecretHash,
    user: UserId,
    times: SessionTimes,
) -> StoreResult<()> {
    let guard = Statement::new(SEE_USER, vec![user.to_string().into(), at(times.seen_at)]);
    let values = vec![hash.to_hex().into(), at(times.seen_at), at(times.ends_at())];
    database.change(Guarded::new(guard).then([Statement::new(SEE, values)])).await?;
    Ok(())
}

pub(super) async fn list(database: &dyn Database, user: UserId, now: Timestamp) -> StoreResult<Vec<Session>> {
    let sql =
        format!("SELECT {SESSION} FROM sessions WHERE user_id = $1 AND ends_at > $2 ORDER BY opened_at DESC, id DESC");
    let rows = database.run(Purpose::Read, &sql, vec![user.to_string().into(), at(now)]).await?;
    rows.into_iter().map(|row| session(&mut row.of("session"))).collect()
}

pub(super) async fn close(database: &dyn Database, user: UserId, id: SessionId, by: &Deed) -> StoreResult<bool> {
    bounds::deed(by)?;
    let mut tx = database.begin().await?;
    let close = "DELETE FROM sessions WHERE user_id = $1 AND id = $2 RETURNING id";
    if tx.run(close, vec![user.to_string().into(), id.to_string().into()]).await?.is_empty() {
        return Ok(false);
    }
    audit::write_and_commit(tx, None, &Action::SessionClosed { user, session: id }, by).await?;
    Ok(true)
}

pub(super) async fn close_all(
    database: &dyn Database,
    user: UserId,
    but: Option<SessionId>,
    by: &Deed,
) -> StoreResult<u64> {
    bounds::deed(by)?;
    let mut tx = database.begin().await?;
    let close = "DELETE FROM sessions WHERE user_id = $1 AND id <> $2 RETURNING id";
    let but = but.map_or(String::new(), |but| but.to_string());
    let count = tx.run(close, vec![user.to_string().into(), but.into()]).await?.len() as u64;
    if count > 0 {
        audit::write_and_commit(tx, None, &Action::SessionsClosed { user, count }, by).await?;
    }
    Ok(count)
}
