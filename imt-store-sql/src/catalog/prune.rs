//! Removing what nothing keeps.
//!
//! A pipeline first goes for every reader at once, in one small transaction; then its log, its events and its rows are
//! removed in pieces of bounded size, so that nobody waits for long. What a crash leaves half done is still invisible, and the
//! next call finishes it.

use imt_core::id::ProjectName;
use imt_core::ports::{Pruned, RUNNER_FORGOTTEN_AFTER, Retention, StoreResult};

use crate::database::Database;
use crate::dialect::placeholders;
use crate::rows;
use crate::value::{Row, Value};
use crate::{queue, replaced};

/// Pipelines that are over and that nothing keeps. By the end's own time, which a runner's clock gave: a store's clock that
/// differs from it only moves the age.
const PRUNABLE: &str = "
    SELECT id FROM pipelines
     WHERE ended = 1 AND ended_at < {now} - CAST($1 AS BIGINT)
       AND number <= (SELECT last_number FROM projects WHERE name = pipelines.project) - $2
       AND ($3 = 0 OR number <> (SELECT COALESCE(MAX(number), 0) FROM pipelines good
             WHERE good.project = pipelines.project AND good.status = 'success' AND good.ended < 2))
     ORDER BY ended_at LIMIT $4 {skip_locked}";
const GOING: &str = "
    SELECT id, project, number,
        (SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM job_logs WHERE job_logs.pipeline = pipelines.id)
      FROM pipelines WHERE ended = 2 ORDER BY ended_at LIMIT $1";
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

pub(crate) async fn prune(database: &dyn Database, keep: &Retention, limit: usize) -> StoreResult<Vec<Pruned>> {
    forget_runners(database).await?;
    drop_replaced(database).await?;
    let mut pipelines = going(database, limit).await?;
    if pipelines.len() < limit {
        hide(database, keep, limit - pipelines.len()).await?;
        pipelines = going(database, limit).await?;
    }
    let mut pruned = Vec::new();
    for (id, pipeline) in pipelines {
        // Another process may be at it, too: whoever removes the last of it has removed it.
        if remove(database, &id).await? {
            pruned.push(pipeline);
        }
    }
    queue::drop_empty_lanes(database).await?;
    Ok(pruned)
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
    ];
    statements.map(|(name, statement)| (name, statement.to_owned())).into()
}

/// Lets pipelines go for every reader.
async fn hide(database: &dyn Database, keep: &Retention, limit: usize) -> StoreResult<()> {
    let age = u64::try_from(keep.age.as_micros()).unwrap_or(u64::MAX).min(1 << 60);
    let values: Vec<Value> =
        vec![age.into(), keep.count.min(1 << 60).into(), keep.last_success.into(), (limit as u64).into()];
    let mut tx = database.begin().await?;
    let mut ids = Vec::<Value>::new();
    for row in tx.run(&database.dialect().sql(PRUNABLE), values).await? {
        ids.push(row.of("pipeline").text()?.into());
    }
    if !ids.is_empty() {
        let these = placeholders(1, ids.len());
        let hide = format!("UPDATE pipelines SET ended = 2, idempotency_key = NULL WHERE id IN ({these})");
        tx.run(&hide, ids).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Pipelines that are being removed, or whose removal was cut short.
async fn going(database: &dyn Database, limit: usize) -> StoreResult<Vec<(String, Pruned)>> {
    let read = |row: Row| {
        let mut row = row.of("pipeline");
        let (id, project) = (row.text()?, ProjectName::new(row.text()?));
        Ok((id, Pruned { project, number: rows::number(&mut row)?, log_bytes: row.count()? }))
    };
    alone(database, GOING, vec![(limit as u64).into()]).await?.into_iter().map(read).collect()
}

/// Removes all of a pipeline that is going; answers whether it was this call that ended it.
async fn remove(database: &dyn Database, id: &str) -> StoreResult<bool> {
    while let Some(row) = alone(database, A_LOG, vec![id.into()]).await?.into_iter().next() {
        let log = row.of("log").int()?;
        while !alone(database, CHUNKS, vec![log.into()]).await?.is_empty() {}
        alone(database, "DELETE FROM job_logs WHERE id = $1", vec![log.into()]).await?;
    }
    while !alone(database, EVENTS, vec![id.into()]).await?.is_empty() {}
    Ok(!alone(database, PIPELINE, vec![id.into()]).await?.is_empty())
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
