//! Deployments by number and in lists, and their events.

use std::num::NonZeroU64;

use imt_core::id::{CommitId, DeploymentId, InstanceId, PipelineId, ProjectName};
use imt_core::ports::{DeploymentEvent, DeploymentSummary, EventId, Sifted, StoreError, StoreResult};
use imt_core::time::Timestamp;

use super::rows::{deployment_id, pipeline, target};
use crate::database::{Database, Purpose};
use crate::rows::number;
use crate::value::{Row, Value};

const EVENTS: &str = "
    SELECT id, change FROM deployment_events WHERE deployment = $1 AND id > $2
       AND EXISTS (SELECT 1 FROM deployments WHERE id = $1 AND ended < 2)
     ORDER BY id LIMIT $3";

pub(super) async fn events_after(
    database: &dyn Database,
    deployment: DeploymentId,
    after: EventId,
    limit: usize,
) -> StoreResult<Vec<DeploymentEvent>> {
    let values = vec![deployment.to_string().into(), after.0.into(), (limit as u64).into()];
    let event = |row: Row| {
        let mut row = row.of("deployment event");
        Ok(DeploymentEvent { id: EventId(row.count()?), deployment, change: row.json()? })
    };
    database.run(Purpose::Read, EVENTS, values).await?.into_iter().map(event).collect()
}

pub(super) async fn find(
    database: &dyn Database,
    project: &ProjectName,
    number: NonZeroU64,
) -> StoreResult<DeploymentId> {
    let sql = "SELECT id FROM deployments WHERE project = $1 AND number = $2 AND ended < 2";
    let rows = database.run(Purpose::Read, sql, vec![project.as_str().into(), number.get().into()]).await?;
    let row = rows.into_iter().next().ok_or(StoreError::NotFound("deployment"))?;
    deployment_id(&row.of("deployment").text()?)
}

const SUMMARIES: &str = "
    SELECT id, number, project, environment, host, commit_id, pipeline,
        (SELECT pipelines.number FROM pipelines WHERE pipelines.id = deployments.pipeline AND pipelines.ended < 2),
        status, verdict, submitted_at, started_at, ended_at, CASE WHEN lease_until > {now} THEN holder END
      FROM deployments WHERE";
const BELOW: &str = "project = $1 AND ended < 2 AND number < $2 ORDER BY deployments.number DESC LIMIT $3";
/// A project has so few that looking through them takes no time.
const LED_TO_BY: &str = "project = $1 AND ended < 2 AND pipeline = $2 ORDER BY deployments.number";
/// The plus keeps a plan from walking all deployments in the order of their positions.
const DRIVEN: &str = "ended = 0 AND holder IS NOT NULL AND lease_until > {now} ORDER BY +position LIMIT $1";

pub(super) async fn deployments(
    database: &dyn Database,
    project: &ProjectName,
    before: Option<NonZeroU64>,
    limit: usize,
) -> StoreResult<Sifted<DeploymentSummary>> {
    let before = before.map_or(u64::MAX, NonZeroU64::get);
    let values = vec![project.as_str().into(), before.into(), (limit as u64).into()];
    summaries(database, BELOW, values).await
}

pub(super) async fn led_to_by(
    database: &dyn Database,
    project: &ProjectName,
    pipeline: PipelineId,
) -> StoreResult<Sifted<DeploymentSummary>> {
    let values = vec![project.as_str().into(), pipeline.to_string().into()];
    summaries(database, LED_TO_BY, values).await
}

pub(super) async fn driven(database: &dyn Database, limit: usize) -> StoreResult<Sifted<DeploymentSummary>> {
    summaries(database, DRIVEN, vec![(limit as u64).into()]).await
}

async fn summaries(database: &dyn Database, which: &str, values: Vec<Value>) -> StoreResult<Sifted<DeploymentSummary>> {
    let statement = database.dialect().sql(&format!("{SUMMARIES} {which}"));
    let mut all = Sifted::default();
    for row in database.run(Purpose::Read, &statement, values).await? {
        match summary(row.clone()) {
            Ok(summary) => all.found.push(summary),
            Err(error) => all.set_aside.push(format!("{} cannot be read: {error}", name(row))),
        }
    }
    Ok(all)
}

/// What to call a deployment of which no more than this may be sound.
fn name(row: Row) -> String {
    let mut row = row.of("deployment");
    match (row.text(), number(&mut row), row.text()) {
        (_, Ok(number), Ok(project)) => format!("deployment #{number} of {project}"),
        (Ok(id), _, _) => format!("deployment {id}"),
        (Err(_), _, _) => "a deployment".to_owned(),
    }
}

fn summary(row: Row) -> StoreResult<DeploymentSummary> {
    let mut row = row.of("deployment");
    Ok(DeploymentSummary {
        id: deployment_id(&row.text()?)?,
        number: number(&mut row)?,
        target: target(&mut row)?,
        commit: CommitId::new(row.text()?),
        pipeline: pipeline(&mut row)?,
        pipeline_number: row.maybe_count()?.and_then(NonZeroU64::new),
        status: row.word()?,
        end: row.maybe_json()?,
        submitted_at: Timestamp::from_micros(row.count()?),
        started_at: row.maybe_count()?.map(Timestamp::from_micros),
        ended_at: row.maybe_count()?.map(Timestamp::from_micros),
        holder: row.maybe_text()?.map(InstanceId::new),
    })
}
