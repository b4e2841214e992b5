//! Who may drive a pipeline: leases and fencing tokens.
//!
//! Which one a runner gets that asks for any is the business of [`choice`](crate::choice).

use std::time::Duration;

use imt_core::id::{InstanceId, PipelineId};
use imt_core::ports::{Claim, RunnerInfo, StoreError, StoreResult, bounds};

use crate::database::{Database, Purpose, Transaction};
use crate::dialect::Dialect;
use crate::guarded::{Guarded, Statement};
use crate::rows;
use crate::value::Value;

const LOOK: &str = "
    SELECT ended, holder, CASE WHEN lease_until > {now} THEN 1 ELSE 0 END FROM pipelines
     WHERE id = $1 AND ended < 2 {for_update}";

/// Under which condition a given pipeline is claimed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Nobody else holds it.
    Free,
    /// The runner's instance holds it.
    Own,
}

/// Claims a given pipeline.
pub(crate) async fn claim_given(
    database: &dyn Database,
    runner: &RunnerInfo,
    id: PipelineId,
    which: Which,
) -> StoreResult<Option<Claim>> {
    bounds::runner(runner)?;
    let mut tx = database.begin().await?;
    let rows = tx.run(&database.dialect().sql(LOOK), vec![id.to_string().into()]).await?;
    let mut row = rows.into_iter().next().ok_or(StoreError::NotFound("pipeline"))?.of("pipeline");
    let (ended, holder, runs) = (row.flag()?, row.maybe_text()?, row.flag()?);
    let own = holder.as_deref() == Some(runner.instance.as_str());
    let may = match which {
        Which::Free => own || holder.is_none() || !runs,
        Which::Own => own,
    };
    if ended || !may {
        return Ok(None);
    }
    take(tx, database.dialect(), runner, id).await.map(Some)
}

/// The plus keeps a plan from walking all pipelines in the order of their positions.
const HELD: &str = "
    SELECT id FROM pipelines WHERE holder = $1 AND holder IS NOT NULL AND ended = 0 ORDER BY +position";

/// What an instance holds.
pub(crate) async fn held(database: &dyn Database, instance: &InstanceId) -> StoreResult<Vec<PipelineId>> {
    let rows = database.run(Purpose::Read, HELD, vec![instance.as_str().into()]).await?;
    // What has no id cannot be asked for, and must not keep the others from their end.
    Ok(rows.into_iter().filter_map(|row| rows::pipeline_id(&mut row.of("pipeline")).ok()).collect())
}

pub(crate) fn claim_of(runner: &RunnerInfo, pipeline: PipelineId, token: u64) -> Claim {
    Claim { pipeline, instance: runner.instance.clone(), token, lease: runner.lease }
}

const TAKE: &str = "
    UPDATE pipelines SET token = token + 1, commits = 0, holder = $2, lease_until = {now} + $3 WHERE id = $1 RETURNING token";
const FENCE_LOGS: &str = "UPDATE job_logs SET token = $2 WHERE pipeline = $1 AND checksum IS NULL";

/// Takes a pipeline whose row is locked and free, and commits.
pub(crate) async fn take(
    mut tx: Box<dyn Transaction>,
    dialect: &Dialect,
    runner: &RunnerInfo,
    id: PipelineId,
) -> StoreResult<Claim> {
    let values = vec![id.to_string().into(), runner.instance.as_str().into(), micros(runner)];
    let rows = tx.run(&dialect.sql(TAKE), values).await?;
    let token = rows.into_iter().next().ok_or(StoreError::NotFound("pipeline"))?.of("pipeline").count()?;
    if token > 1 {
        // Whoever held it can write to its logs no more.
        tx.run(FENCE_LOGS, vec![id.to_string().into(), token.into()]).await?;
    }
    tx.commit().await?;
    Ok(claim_of(runner, id, token))
}

pub(crate) fn micros(runner: &RunnerInfo) -> Value {
    u64::try_from(runner.lease.as_micros()).unwrap_or(u64::MAX).min(1 << 60).into()
}

/// Leases as short as tests have must not leave a database no time at all.
const SHORTEST_TRY: Duration = Duration::from_millis(500);

/// So that a connection that has died in silence leaves time for further tries before the lease is over.
pub(crate) fn lease_purpose(lease: Duration) -> Purpose {
    Purpose::Lease((lease / 6).max(SHORTEST_TRY))
}

const RENEW: &str = "
    UPDATE pipelines SET lease_until = {now} + $3 WHERE id = $1 AND token = $2 AND holder IS NOT NULL RETURNING token";

pub(crate) async fn renew(database: &dyn Database, claim: &Claim) -> StoreResult<()> {
    let lease = u64::try_from(claim.lease.as_micros()).unwrap_or(u64::MAX).min(1 << 60);
    let values = vec![claim.pipeline.to_string().into(), claim.token.into(), lease.into()];
    let rows = database.run(lease_purpose(claim.lease), &database.dialect().sql(RENEW), values).await?;
    if rows.is_empty() { Err(StoreError::ClaimLost(claim.pipeline.into())) } else { Ok(()) }
}

const RELEASE: &str = "
    UPDATE pipelines SET holder = NULL, lease_until = NULL
     WHERE id = $1 AND token = $2 AND holder IS NOT NULL RETURNING token";

/// No token is ever that of a claim that was given back.
const CLOSE_LOGS: &str = "UPDATE job_logs SET token = -1 WHERE pipeline = $1 AND checksum IS NULL AND {held}";

pub(crate) async fn release(database: &dyn Database, claim: &Claim) -> StoreResult<()> {
    let id = claim.pipeline.to_string();
    let release = Statement::new(RELEASE, vec![id.as_str().into(), claim.token.into()]);
    let close = Statement::new(CLOSE_LOGS, vec![id.into()]);
    // A log that is being added at this moment may stay open to the token; who writes to one looks at the claim as well.
    database.change(Guarded::new(release).then([close])).await?;
    Ok(())
}

/// The statements of claims, for the tests of their plans.
pub(crate) fn hot() -> Vec<(&'static str, String)> {
    vec![("held", HELD.to_owned())]
}
