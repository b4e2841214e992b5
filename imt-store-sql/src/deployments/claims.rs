//! Who may drive a deployment, and which one is chosen. How a claim is held is the business of [`leases`](crate::leases).

use imt_core::id::DeploymentId;
use imt_core::ports::{Claimant, DeploymentClaim, StoreResult};

use super::rows::deployment_id;
use crate::database::{Database, Purpose, Transaction};
use crate::dialect::{Dialect, placeholders};
use crate::guarded::{Guarded, Statement};
use crate::leases::{self, Holder, Which};
use crate::value::Value;

const fn holder(claimant: &Claimant) -> Holder<'_> {
    Holder { instance: &claimant.instance, lease: claimant.lease }
}

fn claim_of(claimant: &Claimant, deployment: DeploymentId, token: u64) -> DeploymentClaim {
    DeploymentClaim { deployment, instance: claimant.instance.clone(), token, lease: claimant.lease }
}

pub(super) async fn claim_given(
    database: &dyn Database,
    claimant: &Claimant,
    id: DeploymentId,
    which: Which,
) -> StoreResult<Option<DeploymentClaim>> {
    let token = leases::claim(database, id.into(), holder(claimant), which).await?;
    Ok(token.map(|token| claim_of(claimant, id, token)))
}

/// Takes a deployment whose row is locked and free, and commits.
pub(super) async fn take(
    tx: Box<dyn Transaction>,
    dialect: &Dialect,
    claimant: &Claimant,
    id: DeploymentId,
) -> StoreResult<DeploymentClaim> {
    let token = leases::take(tx, dialect, id.into(), holder(claimant)).await?;
    Ok(claim_of(claimant, id, token))
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

pub(super) async fn renew(database: &dyn Database, claim: &DeploymentClaim) -> StoreResult<()> {
    leases::renew(database, claim.deployment.into(), claim.token, claim.lease).await
}

pub(super) async fn release(database: &dyn Database, claim: &DeploymentClaim) -> StoreResult<()> {
    leases::release(database, claim.deployment.into(), claim.token).await
}

/// The statements by which a runner finds work, for the tests of their plans.
pub(crate) fn hot() -> Vec<(&'static str, String)> {
    vec![("choose_deployment", choice_statement(1))]
}
