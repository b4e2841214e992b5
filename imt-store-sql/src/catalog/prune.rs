//! Removing what nothing keeps.

use imt_core::id::ProjectName;
use imt_core::ports::{Pruned, Retention, StoreResult};

use crate::database::Database;
use crate::dialect::placeholders;
use crate::rows;
use crate::value::Value;

/// Pipelines that are over and that nothing keeps. By the end's own time, which a runner's clock gave: a store's clock that
/// differs from it only moves the age.
const PRUNABLE: &str = "
    SELECT id, project, number,
        (SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM job_logs WHERE job_logs.pipeline = pipelines.id)
      FROM pipelines
     WHERE ended = 1 AND ended_at < {now} - CAST($1 AS BIGINT)
       AND number <= (SELECT last_number FROM projects WHERE name = pipelines.project) - $2
       AND ($3 = 0 OR number <> (SELECT COALESCE(MAX(number), 0) FROM pipelines good
             WHERE good.project = pipelines.project AND good.status = 'success'))
     ORDER BY ended_at LIMIT $4 {skip_locked}";

pub(crate) async fn prune(database: &dyn Database, keep: &Retention, limit: usize) -> StoreResult<Vec<Pruned>> {
    let age = u64::try_from(keep.age.as_micros()).unwrap_or(u64::MAX).min(1 << 60);
    let values: Vec<Value> =
        vec![age.into(), keep.count.min(1 << 60).into(), keep.last_success.into(), (limit as u64).into()];
    let mut tx = database.begin().await?;
    let (mut pruned, mut ids) = (Vec::new(), Vec::<Value>::new());
    for row in tx.run(&database.dialect().sql(PRUNABLE), values).await? {
        let mut row = row.of("pipeline");
        ids.push(rows::pipeline_id(&mut row)?.to_string().into());
        let project = ProjectName::new(row.text()?);
        pruned.push(Pruned { project, number: rows::number(&mut row)?, log_bytes: row.count()? });
    }
    if !ids.is_empty() {
        // Jobs, attempts, events and logs go with their pipeline.
        let delete = format!("DELETE FROM pipelines WHERE id IN ({})", placeholders(1, ids.len()));
        tx.run(&delete, ids).await?;
        tx.commit().await?;
    }
    Ok(pruned)
}
