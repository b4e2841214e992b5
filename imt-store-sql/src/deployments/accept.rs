//! Accepting deployments, which take the place of what waits for the same target.

use imt_core::deploy::machine::DeploymentState;
use imt_core::id::DeploymentId;
use imt_core::ports::{Accepted, Claimant, NewDeployment, StoreError, StoreResult, Target, bounds};
use imt_core::status::DeploymentReason;
use imt_core::time::Timestamp;

use super::claims::{claim_given, take};
use super::commit::cancel;
use super::rows::deployment_id;
use super::{settings, targets};
use crate::database::{Database, Transaction};
use crate::dialect::Dialect;
use crate::keys::{Keys, sealing};
use crate::leases::Which;
use crate::queue::{draw_and_look, of_key};
use crate::rows::number;
use crate::value::{Value, json, word};

const NEXT_NUMBER: &str =
    "UPDATE projects SET last_deployment = last_deployment + 1 WHERE name = $1 RETURNING last_deployment";
const BY_KEY: &str = "SELECT id, number FROM deployments WHERE project = $1 AND idempotency_key = $2";
const ADD: &str = "
    INSERT INTO deployments (id, project, number, idempotency_key, submitted_at, environment, host, commit_id, pipeline, spec,
        state, status)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO NOTHING RETURNING position";

/// Answers beside it which others were asked to make way.
pub(super) async fn accept(
    database: &dyn Database,
    keys: Option<&Keys>,
    new: NewDeployment,
    claimant: Option<&Claimant>,
) -> StoreResult<(Accepted, Vec<DeploymentId>)> {
    bounds::new_deployment(&new)?;
    let (mut tx, dialect) = (database.begin().await?, database.dialect());
    let ring = sealing(tx.as_mut(), keys, &settings::called(&new.id.to_string())).await?;
    let project = new.target.project.as_str();
    // The project's row is locked from here on: one acceptance after the other.
    let looks: Vec<_> = of_key(BY_KEY, project, new.idempotency_key.as_deref()).into_iter().collect();
    let (number_drawn, known) = draw_and_look(tx.as_mut(), project, NEXT_NUMBER, looks).await?;
    if let Some(row) = known.into_iter().flatten().next() {
        let mut row = row.of("deployment");
        let (id, number) = (deployment_id(&row.text()?)?, number(&mut row)?);
        // The number that was drawn is not used up.
        drop(tx);
        let claim = match claimant {
            Some(claimant) => claim_given(database, claimant, id, Which::Own).await?,
            None => None,
        };
        return Ok((Accepted { id, number, created: false, claim }, Vec::new()));
    }
    let asked = supersede(tx.as_mut(), dialect, &new.target, new.at).await?;
    let id = new.id;
    if tx.run(ADD, values(&new, number_drawn.get())).await?.is_empty() {
        return Err(StoreError::Conflict(format!("deployment {id} was accepted already, under another key")));
    }
    settings::add(tx.as_mut(), &ring, id, &new.settings).await?;
    targets::write(tx.as_mut(), &new.target.project, &new.target.environment, &new.settings.target, new.at).await?;
    let claim = if let Some(claimant) = claimant {
        Some(take(tx, dialect, claimant, id).await?)
    } else {
        tx.commit().await?;
        None
    };
    Ok((Accepted { id, number: number_drawn, created: true, claim }, asked))
}

fn values(new: &NewDeployment, number: u64) -> Vec<Value> {
    let state = DeploymentState::new(new.id);
    vec![
        new.id.to_string().into(),
        new.target.project.as_str().into(),
        number.into(),
        new.idempotency_key.clone().into(),
        new.at.as_micros().into(),
        new.target.environment.as_str().into(),
        new.target.host.as_str().into(),
        new.commit.as_str().into(),
        Value::Text(new.pipeline.map(|pipeline| pipeline.to_string())),
        json(&new.spec),
        json(&state),
        word(state.status),
    ]
}

/// The plus keeps a plan from walking all deployments in the order of their positions.
const OPEN: &str = "
    SELECT id FROM deployments WHERE project = $1 AND environment = $2 AND host = $3 AND ended = 0 ORDER BY +position";

/// What still waits for the target makes way, one after the other under its lock.
async fn supersede(
    tx: &mut dyn Transaction,
    dialect: &Dialect,
    target: &Target,
    at: Timestamp,
) -> StoreResult<Vec<DeploymentId>> {
    let values = vec![target.project.as_str().into(), target.environment.as_str().into(), target.host.as_str().into()];
    let (mut last, mut all) = (0, Vec::new());
    for row in tx.run(OPEN, values).await? {
        let asked = match deployment_id(&row.of("deployment").text()?) {
            Ok(id) => {
                all.push(id);
                cancel(tx, dialect, id, (DeploymentReason::Superseded, at), last).await
            }
            Err(error) => Err(error),
        };
        match asked {
            Ok(event) => last = event.unwrap_or(last),
            // What cannot be understood keeps no newer one out; the lists and whoever claims it tell of it.
            Err(StoreError::Internal { .. } | StoreError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}
