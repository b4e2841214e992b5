//! Who may drive a deployment: leases, fencing tokens, and which one is chosen.

use std::time::Duration;

use imt_core::id::DeploymentId;
use imt_core::ports::{Claimant, DeploymentClaim, StoreError, StoreResult};

use super::commit::lost;
use super::rows::deployment_id;
use crate::claims::lease_purpose;
use crate::database::{Database, Purpose, Transaction};
use crate::dialect::{Dialect, placeholders};
use crate::guarded::{Guarded, Statement};
use crate::value::Value;

const LOOK: &str = "
    SELECT ended, holder, CASE WHEN lease_until > {now} THEN 1 ELSE 0 END FROM deployments
     WHERE id = $1 AND ended < 2 {for_update}";

/// Under which condition a given deployment is claimed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// Nobody else holds it.
    Free,
    /// The claimant's instance holds it.
    Own,
}

pub(super) async fn claim_given(
    database: &dyn Database,
    claimant: &Claimant,
    id: DeploymentId,
    which: Which,
) -> StoreResult<Option<DeploymentClaim>> {
    let mut tx = database.begin().await?;
    let rows = tx.run(&database.dialect().sql(LOOK), vec![id.to_string().into()]).await?;
    let mut row = rows.into_iter().next().ok_or(StoreError::NotFound("deployment"))?.of("deployment");
    let (ended, holder, runs) = (row.flag()?, row.maybe_text()?, row.flag()?);
    let own = holder.as_deref() == Some(claimant.instance.as_str());
    let may = own || (which == Which::Free && (holder.is_none() || !runs));
    if ended || !may {
        return Ok(None);
    }
    take(tx, database.dialect(), claimant, id).await.map(Some)
}

const TAKE: &str = "
    UPDATE deployments SET token = token + 1, commits = 0, holder = $2, lease_until = {now} + $3 WHERE id = $1 RETURNING token";
const FENCE_LOG: &str = "UPDATE deployment_logs SET token = $2 WHERE deployment = $1 AND checksum IS NULL";

/// Takes a deployment whose row is locked and free, and commits.
pub(super) async fn take(
    mut tx: Box<dyn Transaction>,
    dialect: &Dialect,
    claimant: &Claimant,
    deployment: DeploymentId,
) -> StoreResult<DeploymentClaim> {
    let id = deployment.to_string();
    let values = vec![id.as_str().into(), claimant.instance.as_str().into(), micros(claimant.lease)];
    let rows = tx.run(&dialect.sql(TAKE), values).await?;
    let token = rows.into_iter().next().ok_or(StoreError::NotFound("deployment"))?.of("deployment").count()?;
    // Whoever held it can write to its log no more.
    tx.run(FENCE_LOG, vec![id.into(), token.into()]).await?;
    tx.commit().await?;
    Ok(DeploymentClaim { deployment, instance: claimant.instance.clone(), token, lease: claimant.lease })
}

fn micros(lease: Duration) -> Value {
    u64::try_from(lease.as_micros()).unwrap_or(u64::MAX).min(1 << 60).into()
}

/// What a claimant, `$1`, may choose. What is set aside (see [`SET_ASIDE`]) is at work on nothing.
const CHOICE: &str = "
    ended = 0 AND (holder IS NULL OR holder = $1 OR lease_until <= {now})
    AND (holder IS NOT NULL OR started_at IS NOT NULL OR NOT EXISTS (SELECT 1 FROM deployments busy
        WHERE busy.project = deployments.project AND busy.environment = deployments.environment
          AND busy.host = deployments.host AND busy.ended = 0 AND busy.holder <> ''))";

/// The plus keeps a plan from walking all deployments in the order of their positions.
fn choice_statement(driving: usize) -> String {
    let others = if driving == 0 { String::new() } else { format!("AND id NOT IN ({})", placeholders(2, driving)) };
    format!("SELECT id, project FROM deployments WHERE {CHOICE} {others} ORDER BY +position LIMIT 16")
}

/// Claims what was accepted first of what can be had. Looks without a lock: mostly there is nothing.
pub(super) async fn claim_any(database: &dyn Database, claimant: &Claimant) -> StoreResult<Option<DeploymentClaim>> {
    let instance = Value::from(claimant.instance.as_str());
    let driving = claimant.driving.iter().map(|id| Value::from(id.to_string()));
    let values: Vec<Value> = [instance].into_iter().chain(driving).collect();
    let look = database.dialect().sql(&choice_statement(claimant.driving.len()));
    loop {
        let mut is_set_aside = false;
        for row in database.run(Purpose::Read, &look, values.clone()).await? {
            let mut row = row.of("deployment");
            let (id, project) = (row.text()?, row.text()?);
            let Ok(deployment) = deployment_id(&id) else {
                database.change(Guarded::new(Statement::new(SET_ASIDE, vec![id.into()]))).await?;
                is_set_aside = true;
                continue;
            };
            if let Some(claim) = claim_chosen(database, claimant, deployment, project).await? {
                return Ok(Some(claim));
            }
        }
        // What was set aside may have been all that kept another from its target.
        if !is_set_aside {
            return Ok(None);
        }
    }
}

/// A deployment whose id is none is held by nobody, for ever: it stays for people to look at, in the lists, and keeps nobody
/// waiting.
const SET_ASIDE: &str = "
    UPDATE deployments SET holder = '', lease_until = 9223372036854775807 WHERE id = $1 RETURNING position";
const LOCK_PROJECT: &str = "SELECT name FROM projects WHERE name = $1 {for_update}";

/// Claims what was seen to be there to choose, if it still is. One after the other within a project, or two would be sent to
/// one target.
async fn claim_chosen(
    database: &dyn Database,
    claimant: &Claimant,
    id: DeploymentId,
    project: String,
) -> StoreResult<Option<DeploymentClaim>> {
    let (mut tx, dialect) = (database.begin().await?, database.dialect());
    tx.run(&dialect.sql(LOCK_PROJECT), vec![project.into()]).await?;
    let still = dialect.sql(&format!("SELECT id FROM deployments WHERE id = $2 AND {CHOICE} {{for_update}}"));
    let values = vec![claimant.instance.as_str().into(), id.to_string().into()];
    if tx.run(&still, values).await?.is_empty() {
        return Ok(None);
    }
    take(tx, dialect, claimant, id).await.map(Some)
}

const RENEW: &str = "
    UPDATE deployments SET lease_until = {now} + $3 WHERE id = $1 AND token = $2 AND holder IS NOT NULL RETURNING token";

pub(super) async fn renew(database: &dyn Database, claim: &DeploymentClaim) -> StoreResult<()> {
    let values = vec![claim.deployment.to_string().into(), claim.token.into(), micros(claim.lease)];
    let rows = database.run(lease_purpose(claim.lease), &database.dialect().sql(RENEW), values).await?;
    if rows.is_empty() { Err(lost(claim)) } else { Ok(()) }
}

const RELEASE: &str = "
    UPDATE deployments SET holder = NULL, lease_until = NULL
     WHERE id = $1 AND token = $2 AND holder IS NOT NULL RETURNING token";
/// No token is ever that of a claim that was given back.
const CLOSE_LOG: &str = "UPDATE deployment_logs SET token = -1 WHERE deployment = $1 AND checksum IS NULL AND {held}";

pub(super) async fn release(database: &dyn Database, claim: &DeploymentClaim) -> StoreResult<()> {
    let id = claim.deployment.to_string();
    let release = Statement::new(RELEASE, vec![id.as_str().into(), claim.token.into()]);
    let close = Statement::new(CLOSE_LOG, vec![id.into()]);
    database.change(Guarded::new(release).then([close])).await?;
    Ok(())
}

/// The statements by which a runner finds work, for the tests of their plans.
pub(crate) fn hot() -> Vec<(&'static str, String)> {
    vec![("choose_deployment", choice_statement(1))]
}
