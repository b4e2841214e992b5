//! Who may drive a pipeline.
//!
//! Which one a runner gets that asks for any is the business of [`choice`](crate::choice), how a claim is held of
//! [`leases`](crate::leases).

use imt_core::id::{InstanceId, PipelineId};
use imt_core::ports::{Claim, RunnerInfo, StoreResult, bounds};

use crate::database::{Database, Purpose, Transaction};
use crate::dialect::Dialect;
use crate::leases::{self, Holder, Which};
use crate::rows;

const fn holder(runner: &RunnerInfo) -> Holder<'_> {
    Holder { instance: &runner.instance, lease: runner.lease }
}

/// Claims a given pipeline.
pub(crate) async fn claim_given(
    database: &dyn Database,
    runner: &RunnerInfo,
    id: PipelineId,
    which: Which,
) -> StoreResult<Option<Claim>> {
    bounds::runner(runner)?;
    let token = leases::claim(database, id.into(), holder(runner), which).await?;
    Ok(token.map(|token| claim_of(runner, id, token)))
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

/// Takes a pipeline whose row is locked and free, and commits.
pub(crate) async fn take(
    tx: Box<dyn Transaction>,
    dialect: &Dialect,
    runner: &RunnerInfo,
    id: PipelineId,
) -> StoreResult<Claim> {
    let token = leases::take(tx, dialect, id.into(), holder(runner)).await?;
    Ok(claim_of(runner, id, token))
}

pub(crate) async fn renew(database: &dyn Database, claim: &Claim) -> StoreResult<()> {
    leases::renew(database, claim.pipeline.into(), claim.token, claim.lease).await
}

pub(crate) async fn release(database: &dyn Database, claim: &Claim) -> StoreResult<()> {
    leases::release(database, claim.pipeline.into(), claim.token).await
}

/// The statements of claims, for the tests of their plans.
pub(crate) fn hot() -> Vec<(&'static str, String)> {
    vec![("held", HELD.to_owned())]
}
