//! Accepting pipelines, and the lanes in which they wait.
//!
//! Who may drive one is the business of [`claims`].

use std::num::NonZeroU64;

use imt_core::ports::{Enqueued, NewPipeline, RunnerInfo, StoreError, StoreResult, bounds};
use imt_core::status::Status;

use crate::claims::{claim_given, take};
use crate::database::{Database, Purpose, Transaction};
use crate::guarded::{Guarded, Statement};
use crate::leases::Which;
use crate::rows;
use crate::value::{Value, json, word};

const NEXT_NUMBER: &str = "UPDATE projects SET last_number = last_number + 1 WHERE name = $1 RETURNING last_number";
pub(crate) const ADD_PROJECT: &str =
    "INSERT INTO projects (name, last_number) VALUES ($1, 0) ON CONFLICT (name) DO NOTHING";
const BY_KEY: &str = "SELECT id, number FROM pipelines WHERE project = $1 AND idempotency_key = $2";
/// The same if neither the pipeline nor its key is known.
const NEXT_NUMBER_IF_NEW: &str = "
    UPDATE projects SET last_number = last_number + 1
     WHERE name = $1 AND NOT EXISTS (SELECT 1 FROM pipelines WHERE id = $2)
       AND NOT EXISTS (SELECT 1 FROM pipelines WHERE project = $1 AND idempotency_key = $3)
    RETURNING last_number";
const LAST_NUMBER: &str = "SELECT last_number FROM projects WHERE name = $1";
const ADD_LANE: &str =
    "INSERT INTO lanes (project, labels) SELECT $1, $2 WHERE {held} ON CONFLICT (project, labels) DO NOTHING";
/// `{number}` is where its number comes from.
const ADD_PIPELINE: &str = "
    INSERT INTO pipelines (project, id, idempotency_key, submitted_at, labels, plan, status, event, commit_id, branch,
        subject, author, number)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, {number}";
const NUMBER_GIVEN: &str = "$13 WHERE 1 = 1 ON CONFLICT (id) DO NOTHING RETURNING position";
const NUMBER_DRAWN: &str = "guard.last_number FROM {guard} WHERE {held}";

pub(crate) async fn enqueue(
    database: &dyn Database,
    new: NewPipeline,
    claimant: Option<&RunnerInfo>,
) -> StoreResult<Enqueued> {
    bounds::new_pipeline(&new)?;
    claimant.map_or(Ok(()), bounds::runner)?;
    // A transaction begins on another connection where one has died, which a guarded change cannot: who knows what it has done.
    if claimant.is_none()
        && !database.dialect().changes_in_queries
        && let Some(enqueued) = enqueue_new(database, &new).await?
    {
        return Ok(enqueued);
    }
    let mut tx = database.begin().await?;
    let project = new.plan.project.as_str();
    // The project's row is locked from here on: its numbers have no gap and its keys are looked at one after another.
    let number = next_number(tx.as_mut(), project, NEXT_NUMBER).await?;
    if let Some(key) = &new.idempotency_key {
        let known = tx.run(BY_KEY, vec![project.into(), key.as_str().into()]).await?;
        if let Some(row) = known.into_iter().next() {
            let mut row = row.of("pipeline");
            let (id, number) = (rows::pipeline_id(&mut row)?, rows::number(&mut row)?);
            // The number that was drawn is not used up.
            drop(tx);
            let claim = match claimant {
                Some(runner) => claim_given(database, runner, id, Which::Own).await?,
                None => None,
            };
            return Ok(Enqueued { id, number, created: false, claim });
        }
    }
    tx.run(&ADD_LANE.replace("{held}", "1 = 1"), lane_values(&new)).await?;
    let values = pipeline_values(&new).into_iter().chain([number.get().into()]).collect();
    if tx.run(&ADD_PIPELINE.replace("{number}", NUMBER_GIVEN), values).await?.is_empty() {
        return Err(StoreError::Conflict(format!("pipeline {} was accepted already, under another key", new.id)));
    }
    let claim = if let Some(runner) = claimant {
        Some(take(tx, database.dialect(), runner, new.id).await?)
    } else {
        tx.commit().await?;
        None
    };
    Ok(Enqueued { id: new.id, number, created: true, claim })
}

/// Accepts a pipeline of a known project if nothing of it is known, as nearly always. `None`: nothing was done.
async fn enqueue_new(database: &dyn Database, new: &NewPipeline) -> StoreResult<Option<Enqueued>> {
    let guard = vec![new.plan.project.as_str().into(), new.id.to_string().into(), new.idempotency_key.clone().into()];
    let add = ADD_PIPELINE.replace("{number}", NUMBER_DRAWN);
    let accept = Guarded::with_row(Statement::new(NEXT_NUMBER_IF_NEW, guard), LAST_NUMBER)
        .then([Statement::new(ADD_LANE, lane_values(new)), Statement::new(add, pipeline_values(new))]);
    let Some(row) = database.change(accept).await? else { return Ok(None) };
    let number = rows::number(&mut row.of("project"))?;
    Ok(Some(Enqueued { id: new.id, number, created: true, claim: None }))
}

fn lane_values(new: &NewPipeline) -> Vec<Value> {
    vec![new.plan.project.as_str().into(), lane(&new.plan.runs_on).into()]
}

/// The columns of a new pipeline, but for its number.
fn pipeline_values(new: &NewPipeline) -> Vec<Value> {
    let trigger = &new.plan.trigger;
    vec![
        new.plan.project.as_str().into(),
        new.id.to_string().into(),
        new.idempotency_key.clone().into(),
        new.at.as_micros().into(),
        lane(&new.plan.runs_on).into(),
        json(&new.plan),
        word(Status::Pending),
        word(trigger.event),
        trigger.commit.as_str().into(),
        trigger.branch.clone().into(),
        trigger.note.subject.clone().into(),
        trigger.note.author.clone().into(),
    ]
}

/// Draws a project's next number by a statement that answers it; the project's row, which is added if need be, stays locked.
pub(crate) async fn next_number(tx: &mut dyn Transaction, project: &str, draw: &str) -> StoreResult<NonZeroU64> {
    loop {
        let rows = tx.run(draw, vec![project.into()]).await?;
        if let Some(row) = rows.into_iter().next() {
            return rows::number(&mut row.of("project"));
        }
        tx.run(ADD_PROJECT, vec![project.into()]).await?;
    }
}

/// The labels that a pipeline wants, as the one text that stands for the set.
fn lane(runs_on: &[String]) -> String {
    let mut labels: Vec<_> = runs_on.iter().map(String::as_str).collect();
    labels.sort_unstable();
    labels.dedup();
    // Labels hold no line break: the bounds of what a store takes see to it.
    labels.join("\n")
}

/// The labels of a lane.
pub(crate) fn labels_of(lane: &str) -> Vec<String> {
    lane.split('\n').filter(|label| !label.is_empty()).map(str::to_owned).collect()
}

/// Whether these are all the labels of a lane, or more.
pub(crate) fn has_labels(lane: &str, labels: &[String]) -> bool {
    labels_of(lane).iter().all(|label| labels.contains(label))
}

const NOTHING_IN_IT: &str = "
    NOT EXISTS (SELECT 1 FROM pipelines WHERE project = lanes.project AND labels = lanes.labels
        AND holder IS NULL AND ended = 0)
    AND NOT EXISTS (SELECT 1 FROM pipelines WHERE project = lanes.project AND labels = lanes.labels
        AND holder IS NOT NULL AND ended = 0)";

/// Drops lanes in which nothing waits or will wait again: each makes every look for work longer.
pub(crate) async fn drop_empty_lanes(database: &dyn Database) -> StoreResult<()> {
    let find = format!("SELECT project, labels FROM lanes WHERE {NOTHING_IN_IT} LIMIT 100");
    for row in database.run(Purpose::Read, &find, Vec::new()).await? {
        let mut row = row.of("lane");
        let (project, labels) = (row.text()?, row.text()?);
        let mut tx = database.begin().await?;
        // Whoever accepts a pipeline of this project has locked its row, and the pipeline is seen after him.
        let lock = database.dialect().sql("SELECT name FROM projects WHERE name = $1 {for_update}");
        tx.run(&lock, vec![project.as_str().into()]).await?;
        let drop = format!("DELETE FROM lanes WHERE project = $1 AND labels = $2 AND {NOTHING_IN_IT}");
        tx.run(&drop, vec![project.into(), labels.into()]).await?;
        tx.commit().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_is_a_set() {
        let lane = lane(&["linux".into(), "gpu".into(), "linux".into()]);
        assert_eq!(lane, "gpu\nlinux");
        let mut labels = vec!["linux".to_owned()];
        assert!(has_labels("", &labels) && has_labels("linux", &labels) && !has_labels(&lane, &labels));
        labels.push("gpu".into());
        assert!(has_labels(&lane, &labels));
        assert_eq!(labels_of(&lane), ["gpu", "linux"]);
    }
}
