//! Committing changes, and asking for the end.

use imt_core::deploy::machine::{Change, cancel_changes};
use imt_core::id::DeploymentId;
use imt_core::ports::{DeploymentClaim, DeploymentRecord, EventId, StoreError, StoreResult};
use imt_core::status::DeploymentReason;
use imt_core::time::Timestamp;

use super::rows::{self, ends};
use crate::database::{Database, Purpose, Transaction};
use crate::dialect::Dialect;

pub(super) fn lost(claim: &DeploymentClaim) -> StoreError {
    StoreError::ClaimLost(claim.deployment.into())
}

pub(super) async fn commit(
    database: &dyn Database,
    claim: &DeploymentClaim,
    nth: u64,
    changes: &[Change],
) -> StoreResult<EventId> {
    let (mut tx, dialect, id) = (database.begin().await?, database.dialect(), claim.deployment);
    let found = match rows::locked(tx.as_mut(), dialect, id).await {
        Err(StoreError::NotFound(_)) => return Err(lost(claim)),
        found => found?,
    };
    // The commit that ended it has given the claim back.
    let (is_over, is_repeat) = (found.record.state.status.is_terminal(), found.commits > 0 && nth == found.commits);
    if found.token != claim.token || !(found.held || is_over && is_repeat) {
        return Err(lost(claim));
    }
    if is_repeat {
        return Ok(EventId(found.commit_event));
    }
    if nth < found.commits {
        return Err(StoreError::Conflict(format!("commit {nth} comes after commit {}", found.commits)));
    }
    let Some((_, before_last)) = changes.split_last() else { return Ok(EventId(found.last_event)) };
    if is_over || before_last.iter().any(ends) {
        return Err(StoreError::Conflict(format!("deployment {id} is over, nothing can follow its end")));
    }
    let last = rows::write(tx.as_mut(), dialect, found, (Some(nth), 0), changes).await?;
    tx.commit().await?;
    Ok(EventId(last))
}

pub(super) async fn request_cancel(
    database: &dyn Database,
    id: DeploymentId,
    reason: DeploymentReason,
    at: Timestamp,
) -> StoreResult<()> {
    let mut tx = database.begin().await?;
    if cancel(tx.as_mut(), database.dialect(), id, (reason, at), 0).await?.is_some() {
        tx.commit().await?;
    }
    Ok(())
}

/// Asks for the end of one deployment in a transaction; answers its last event, all of them after `after`, if there is one.
pub(super) async fn cancel(
    tx: &mut dyn Transaction,
    dialect: &Dialect,
    id: DeploymentId,
    (reason, at): (DeploymentReason, Timestamp),
    after: u64,
) -> StoreResult<Option<u64>> {
    let found = rows::locked(tx, dialect, id).await?;
    let DeploymentRecord { spec, state, .. } = &found.record;
    let changes = cancel_changes(spec, state, found.alive, reason, at);
    if changes.is_empty() {
        return Ok(None);
    }
    rows::write(tx, dialect, found, (None, after), &changes).await.map(Some)
}

const CONTROL: &str = "SELECT cancel FROM deployments WHERE id = $1 AND token = $2 AND holder IS NOT NULL";

pub(super) async fn control(database: &dyn Database, claim: &DeploymentClaim) -> StoreResult<Option<DeploymentReason>> {
    let values = vec![claim.deployment.to_string().into(), claim.token.into()];
    let rows = database.run(Purpose::Read, CONTROL, values).await?;
    rows.into_iter().next().ok_or_else(|| lost(claim))?.of("deployment").maybe_word()
}
