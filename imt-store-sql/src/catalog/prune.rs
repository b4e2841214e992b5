//! Removing what nothing keeps: pipelines and deployments, by the same steps.
//!
//! One first goes for every reader at once, in one small transaction; then its log, its events and its rows are
//! removed in pieces of bounded size, so that nobody waits for long. What a crash leaves half done is still invisible, and the
//! next call finishes it.

use std::collections::BTreeSet;

use imt_core::id::ProjectName;
use imt_core::ports::{Pruned, RUNNER_FORGOTTEN_AFTER, Retention, Sifted, StoreError, StoreResult};

use crate::database::Database;
use crate::dialect::placeholders;
use crate::rows;
use crate::value::{Row, Value};
use crate::{queue, replaced};

/// What is removed, and by which statements.
pub(crate) struct Kind {
    /// In words.
    what: &'static str,
    /// Those that are over and that nothing keeps.
    prunable: &'static str,
    /// Lets some go, those whose ids follow.
    hide: &'static str,
    going: &'static str,
    a_log: &'static str,
    chunks: &'static str,
    log: &'static str,
    events: &'static str,
    /// The rest of it.
    row: &'static str,
}

pub(crate) const PIPELINES: Kind = Kind {
    what: "pipeline",
    prunable: PRUNABLE,
    hide: "UPDATE pipelines SET ended = 2, idempotency_key = NULL WHERE id IN",
    going: GOING,
    a_log: A_LOG,
    chunks: CHUNKS,
    log: "DELETE FROM job_logs WHERE id = $1",
    events: EVENTS,
    row: PIPELINE,
};

pub(crate) const DEPLOYMENTS: Kind = Kind {
    what: "deployment",
    prunable: PRUNABLE_DEPLOYMENTS,
    hide: "UPDATE deployments SET ended = 2, idempotency_key = NULL WHERE id IN",
    going: GOING_DEPLOYMENTS,
    a_log: "SELECT id FROM deployment_logs WHERE deployment = $1 LIMIT 1",
    chunks: "
    DELETE FROM deployment_log_chunks WHERE log = $1 AND start <= (SELECT MAX(start) FROM (
        SELECT start FROM deployment_log_chunks WHERE log = $1 ORDER BY start LIMIT 64) AS first) RETURNING start",
    log: "DELETE FROM deployment_logs WHERE id = $1",
    events: "
    DELETE FROM deployment_events WHERE deployment = $1 AND id <= (SELECT MAX(id) FROM (
        SELECT id FROM deployment_events WHERE deployment = $1 ORDER BY id LIMIT 1000) AS first) RETURNING id",
    row: "DELETE FROM deployments WHERE id = $1 AND ended = 2 RETURNING id",
};

/// As [`PRUNABLE`], of each target.
const PRUNABLE_DEPLOYMENTS: &str = "
    SELECT id, ended_at, project, number,
        (SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM deployment_logs
          WHERE deployment_logs.deployment = deployments.id)
      FROM deployments
     WHERE ended = 1 AND (ended_at, id) > ($5, $6) AND ended_at < {now} - CAST($1 AS BIGINT)
       AND (SELECT COUNT(*) FROM (SELECT 1 FROM deployments newer
             WHERE newer.project = deployments.project AND newer.environment = deployments.environment
               AND newer.host = deployments.host AND newer.number > deployments.number LIMIT $2) AS enough) >= $2
       AND ($3 = 0 OR number <> (SELECT COALESCE(MAX(number), 0) FROM deployments good
             WHERE good.project = deployments.project AND good.environment = deployments.environment
               AND good.host = deployments.host AND good.status = 'success' AND good.ended < 2))
     ORDER BY ended_at, id LIMIT $4 {skip_locked}";
const GOING_DEPLOYMENTS: &str = "
    SELECT id, ended_at, project, number,
        (SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM deployment_logs
          WHERE deployment_logs.deployment = deployments.id)
      FROM deployments WHERE ended = 2 AND (ended_at, id) > ($2, $3) ORDER BY ended_at, id LIMIT $1";

/// Pipelines that are over and that nothing keeps. By the end's own time, which a runner's clock gave: a store's clock that
/// differs from it only moves the age.
const PRUNABLE: &str = "
    SELECT id, ended_at, project, number,
        (SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM job_logs WHERE job_logs.pipeline = pipelines.id)
      FROM pipelines
     WHERE ended = 1 AND (ended_at, id) > ($5, $6) AND ended_at < {now} - CAST($1 AS BIGINT)
       AND number <= (SELECT last_number FROM projects WHERE name = pipelines.project) - $2
       AND ($3 = 0 OR number <> (SELECT COALESCE(MAX(number), 0) FROM pipelines good
             WHERE good.project = pipelines.project AND good.status = 'success' AND good.ended < 2))
     ORDER BY ended_at, id LIMIT $4 {skip_locked}";
const GOING: &str = "
    SELECT id, ended_at, project, number,
        (SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM job_logs WHERE job_logs.pipeline = pipelines.id)
      FROM pipelines WHERE ended = 2 AND (ended_at, id) > ($2, $3) ORDER BY ended_at, id LIMIT $1";
const A_LOG: &str = "SELECT id FROM job_logs WHERE pipeline = $1 LIMIT 1";
/// About 4 MiB.
const CHUNKS: &str = "
    DELETE FROM job_log_chunks WHERE log = $1 AND start <= (SELECT MAX(start) FROM (
        SELECT start FROM job_log_chunks WHERE log = $1 ORDER BY start LIMIT 64) AS first) RETURNING start";
const EVENTS: &str = "
    DELETE FROM events WHERE pipeline = $1 AND id <= (SELECT MAX(id) FROM (
        SELECT id FROM events WHERE pipeline = $1 ORDER BY id LIMIT 1000) AS first) RETURNING id";
/// Jobs and attempts, which the plan bounds, go with it.
const PIPELINE: &str = "DELETE FROM pipelines WHERE id = $1 AND ended = 2 RETURNING id";

pub(crate) async fn prune(database: &dyn Database, keep: &Retention, limit: usize) -> StoreResult<Sifted<Pruned>> {
    forget_runners(database).await?;
    drop_replaced(database).await?;
    let removed = prune_all(database, &PIPELINES, keep, limit).await?;
    queue::drop_empty_lanes(database).await?;
    Ok(removed)
}

/// Removes a batch of what is over and kept by nothing.
pub(crate) async fn prune_all(
    database: &dyn Database,
    kind: &Kind,
    keep: &Retention,
    limit: usize,
) -> StoreResult<Sifted<Pruned>> {
    let mut sieve = Sieve { what: kind.what, removed: Vec::new(), set_aside: BTreeSet::new() };
    remove_going(database, kind, limit, &mut sieve).await?;
    if sieve.removed.len() < limit {
        hide(database, kind, keep, limit - sieve.removed.len(), &mut sieve).await?;
        remove_going(database, kind, limit, &mut sieve).await?;
    }
    Ok(Sifted { found: sieve.removed, set_aside: sieve.set_aside.into_iter().collect() })
}

struct Sieve {
    what: &'static str,
    removed: Vec<Pruned>,
    /// The same one may be met more than once.
    set_aside: BTreeSet<String>,
}

impl Sieve {
    fn set_aside(&mut self, id: &str, error: &StoreError) {
        self.set_aside.insert(format!("{} {id} is not removed: {error}", self.what));
    }
}

/// The row to go on after.
type After = (i64, String);

/// Before the first.
const START: After = (i64::MIN, String::new());

/// The id of a pipeline or deployment with where to go on after it, and what is told of it.
fn read(row: Row, what: &'static str) -> StoreResult<(After, StoreResult<Pruned>)> {
    let mut row = row.of(what);
    let id = row.text()?;
    let ended_at = row.int()?;
    let mut pruned = || {
        let project = ProjectName::new(row.text()?);
        Ok(Pruned { project, number: rows::number(&mut row)?, log_bytes: row.count()? })
    };
    let pruned = pruned();
    Ok(((ended_at, id), pruned))
}

/// The statements that must not walk whole tables, for the tests of their plans.
pub(crate) fn hot() -> Vec<(&'static str, String)> {
    let statements = [
        ("prunable", PRUNABLE),
        ("going", GOING),
        ("prune_log", A_LOG),
        ("prune_chunks", CHUNKS),
        ("prune_events", EVENTS),
        ("prune_pipeline", PIPELINE),
        ("prunable_deployments", DEPLOYMENTS.prunable),
        ("going_deployments", DEPLOYMENTS.going),
        ("prune_deployment_log", DEPLOYMENTS.a_log),
        ("prune_deployment_chunks", DEPLOYMENTS.chunks),
        ("prune_deployment_events", DEPLOYMENTS.events),
        ("prune_deployment", DEPLOYMENTS.row),
    ];
    statements.map(|(name, statement)| (name, statement.to_owned())).into()
}

/// Lets some go for every reader. What cannot be understood stays as it is, to be looked at.
async fn hide(
    database: &dyn Database,
    kind: &Kind,
    keep: &Retention,
    limit: usize,
    sieve: &mut Sieve,
) -> StoreResult<()> {
    let age = u64::try_from(keep.age.as_micros()).unwrap_or(u64::MAX).min(1 << 60);
    let prunable = database.dialect().sql(kind.prunable);
    let (mut after, mut ids) = (START, Vec::<Value>::new());
    let mut tx = database.begin().await?;
    while ids.len() < limit {
        let values: Vec<Value> = vec![
            age.into(),
            keep.count.min(1 << 60).into(),
            keep.last_success.into(),
            ((limit - ids.len()) as u64).into(),
            after.0.into(),
            after.1.as_str().into(),
        ];
        let rows = tx.run(&prunable, values).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let pruned;
            (after, pruned) = read(row, kind.what)?;
            match pruned {
                Ok(_) => ids.push(after.1.as_str().into()),
                Err(error) => sieve.set_aside(&after.1, &error),
            }
        }
    }
    if !ids.is_empty() {
        let these = placeholders(1, ids.len());
        tx.run(&format!("{} ({these})", kind.hide), ids).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Removes those that were let go, also by a call that was cut short. One that does not go keeps no other from going.
async fn remove_going(database: &dyn Database, kind: &Kind, limit: usize, sieve: &mut Sieve) -> StoreResult<()> {
    let mut after = START;
    while sieve.removed.len() < limit {
        let count = (limit - sieve.removed.len()) as u64;
        let rows = alone(database, kind.going, vec![count.into(), after.0.into(), after.1.as_str().into()]).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let pruned;
            (after, pruned) = read(row, kind.what)?;
            let gone = match pruned {
                Ok(pruned) => remove(database, kind, &after.1).await.map(|gone| gone.then_some(pruned)),
                Err(error) => Err(error),
            };
            match gone {
                // Another process may be at it, too: whoever removes the last of it has removed it.
                Ok(gone) => sieve.removed.extend(gone),
                Err(error) if error.is_retryable() => return Err(error),
                Err(error) => sieve.set_aside(&after.1, &error),
            }
        }
    }
    Ok(())
}

/// Removes all of one that is going; answers whether it was this call that ended it.
async fn remove(database: &dyn Database, kind: &Kind, id: &str) -> StoreResult<bool> {
    while let Some(row) = alone(database, kind.a_log, vec![id.into()]).await?.into_iter().next() {
        let log = row.of("log").int()?;
        while !alone(database, kind.chunks, vec![log.into()]).await?.is_empty() {}
        alone(database, kind.log, vec![log.into()]).await?;
    }
    while !alone(database, kind.events, vec![id.into()]).await?.is_empty() {}
    Ok(!alone(database, kind.row, vec![id.into()]).await?.is_empty())
}

async fn forget_runners(database: &dyn Database) -> StoreResult<()> {
    let silent = u64::try_from(RUNNER_FORGOTTEN_AFTER.as_micros()).unwrap_or(u64::MAX).min(1 << 60);
    let forget = database.dialect().sql("DELETE FROM runners WHERE seen_at < {now} - CAST($1 AS BIGINT)");
    alone(database, &forget, vec![silent.into()]).await?;
    Ok(())
}

/// Drops secret values that no pipeline needs any more.
async fn drop_replaced(database: &dyn Database) -> StoreResult<()> {
    let mut tx = database.begin().await?;
    replaced::drop_unneeded(tx.as_mut(), None).await?;
    Ok(tx.commit().await?)
}

/// Runs one statement in a transaction of its own.
async fn alone(database: &dyn Database, sql: &str, values: Vec<Value>) -> StoreResult<Vec<Row>> {
    let mut tx = database.begin().await?;
    let rows = tx.run(sql, values).await?;
    tx.commit().await?;
    Ok(rows)
}
