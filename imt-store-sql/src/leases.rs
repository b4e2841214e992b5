//! Leases and fencing tokens: the statements of claims, the same for pipelines and deployments.
//!
//! In a statement `{owners}` is the table of what is claimed, `{logs}` that of its logs and `{owner}` the column there that names
//! it. Who may claim what is left to whoever chooses.

use std::time::Duration;

use imt_core::id::{InstanceId, Subject};
use imt_core::ports::{StoreError, StoreResult};

use crate::database::{Database, Purpose, Transaction};
use crate::dialect::Dialect;
use crate::guarded::{Guarded, Statement};
use crate::value::Value;

/// Under which condition something is claimed that is named.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Nobody else holds it.
    Free,
    /// The claimant's instance holds it.
    Own,
}

/// Who holds a claim, and for how long without renewal.
#[derive(Clone, Copy)]
pub(crate) struct Holder<'a> {
    pub instance: &'a InstanceId,
    pub lease: Duration,
}

/// A statement about a subject.
fn sql(dialect: &Dialect, of: Subject, statement: &str) -> String {
    let (owners, logs, owner) = match of {
        Subject::Pipeline(_) => ("pipelines", "job_logs", "pipeline"),
        Subject::Deployment(_) => ("deployments", "deployment_logs", "deployment"),
    };
    let statement = statement.replace("{owners}", owners).replace("{logs}", logs).replace("{owner}", owner);
    dialect.sql(&statement)
}

const fn kind(of: Subject) -> &'static str {
    match of {
        Subject::Pipeline(_) => "pipeline",
        Subject::Deployment(_) => "deployment",
    }
}

fn id(of: Subject) -> Value {
    match of {
        Subject::Pipeline(id) => id.to_string().into(),
        Subject::Deployment(id) => id.to_string().into(),
    }
}

/// A length of time as statements take it.
pub(crate) fn micros(lease: Duration) -> Value {
    u64::try_from(lease.as_micros()).unwrap_or(u64::MAX).min(1 << 60).into()
}

const LOOK: &str = "
    SELECT ended, holder, CASE WHEN lease_until > {now} THEN 1 ELSE 0 END FROM {owners}
     WHERE id = $1 AND ended < 2 {for_update}";

/// Claims what is named, if it can be had; answers the token.
pub(crate) async fn claim(
    database: &dyn Database,
    of: Subject,
    holder: Holder<'_>,
    which: Which,
) -> StoreResult<Option<u64>> {
    let (mut tx, dialect) = (database.begin().await?, database.dialect());
    let rows = tx.run(&sql(dialect, of, LOOK), vec![id(of)]).await?;
    let mut row = rows.into_iter().next().ok_or(StoreError::NotFound(kind(of)))?.of(kind(of));
    let (ended, held_by, runs) = (row.flag()?, row.maybe_text()?, row.flag()?);
    let own = held_by.as_deref() == Some(holder.instance.as_str());
    let may = own || (which == Which::Free && (held_by.is_none() || !runs));
    if ended || !may {
        return Ok(None);
    }
    take(tx, dialect, of, holder).await.map(Some)
}

const TAKE: &str = "
    UPDATE {owners} SET token = token + 1, commits = 0, holder = $2, lease_until = {now} + $3 WHERE id = $1 RETURNING token";
const FENCE_LOGS: &str = "UPDATE {logs} SET token = $2 WHERE {owner} = $1 AND checksum IS NULL";

/// Takes what is locked and free, and commits; answers the token.
pub(crate) async fn take(
    mut tx: Box<dyn Transaction>,
    dialect: &Dialect,
    of: Subject,
    holder: Holder<'_>,
) -> StoreResult<u64> {
    let values = vec![id(of), holder.instance.as_str().into(), micros(holder.lease)];
    let rows = tx.run(&sql(dialect, of, TAKE), values).await?;
    let token = rows.into_iter().next().ok_or(StoreError::NotFound(kind(of)))?.of(kind(of)).count()?;
    if token > 1 {
        // Whoever held it can write to its logs no more.
        tx.run(&sql(dialect, of, FENCE_LOGS), vec![id(of), token.into()]).await?;
    }
    tx.commit().await?;
    Ok(token)
}

/// Leases as short as tests have must not leave a database no time at all.
const SHORTEST_TRY: Duration = Duration::from_millis(500);

/// So that a connection that has died in silence leaves time for further tries before the lease is over.
fn lease_purpose(lease: Duration) -> Purpose {
    Purpose::Lease((lease / 6).max(SHORTEST_TRY))
}

const RENEW: &str = "
    UPDATE {owners} SET lease_until = {now} + $3 WHERE id = $1 AND token = $2 AND holder IS NOT NULL RETURNING token";

/// Prolongs a claim by its token to a full lease from now.
pub(crate) async fn renew(database: &dyn Database, of: Subject, token: u64, lease: Duration) -> StoreResult<()> {
    let renew = sql(database.dialect(), of, RENEW);
    let rows = database.run(lease_purpose(lease), &renew, vec![id(of), token.into(), micros(lease)]).await?;
    if rows.is_empty() { Err(StoreError::ClaimLost(of)) } else { Ok(()) }
}

const RELEASE: &str = "
    UPDATE {owners} SET holder = NULL, lease_until = NULL
     WHERE id = $1 AND token = $2 AND holder IS NOT NULL RETURNING token";

/// No token is ever that of a claim that was given back.
const CLOSE_LOGS: &str = "UPDATE {logs} SET token = -1 WHERE {owner} = $1 AND checksum IS NULL AND {held}";

/// Gives a claim back, if its token is the newest.
pub(crate) async fn release(database: &dyn Database, of: Subject, token: u64) -> StoreResult<()> {
    let dialect = database.dialect();
    let release = Statement::new(sql(dialect, of, RELEASE), vec![id(of), token.into()]);
    let close = Statement::new(sql(dialect, of, CLOSE_LOGS), vec![id(of)]);
    // A log that is being added at this moment may stay open to the token; who writes to one looks at the claim as well.
    database.change(Guarded::new(release).then([close])).await?;
    Ok(())
}
