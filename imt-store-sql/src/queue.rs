//! Accepting pipelines, and the lanes in which they wait.
//!
//! Who may drive one is the business of [`claims`].

use std::num::NonZeroU64;

use imt_core::ports::{Enqueued, NewPipeline, RunnerInfo, StoreError, StoreResult, bounds};
use imt_core::status::Status;

use crate::claims::{claim_given, take};
use crate::database::{Database, Purpose, Transaction};
use crate::guarded::Statement;
use crate::leases::Which;
use crate::rows;
use crate::value::{Row, json, word};

const NEXT_NUMBER: &str = "UPDATE projects SET last_number = last_number + 1 WHERE name = $1 RETURNING last_number";
pub(crate) const ADD_PROJECT: &str =
    "INSERT INTO projects (name, last_number) VALUES ($1, 0) ON CONFLICT (name) DO NOTHING";
const BY_KEY: &str = "SELECT id, number FROM pipelines WHERE project = $1 AND idempotency_key = $2";
const BY_ID: &str = "SELECT 1 FROM pipelines WHERE id = $1";
const ADD_LANE: &str = "INSERT INTO lanes (project, labels) VALUES ($1, $2) ON CONFLICT (project, labels) DO NOTHING";
const ADD_PIPELINE: &str = "
    INSERT INTO pipelines (id, project, number, idempotency_key, submitted_at, labels, plan, status, event, commit_id, branch,
        subject, author)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

pub(crate) async fn enqueue(
    database: &dyn Database,
    new: NewPipeline,
    claimant: Option<&RunnerInfo>,
) -> StoreResult<Enqueued> {
    bounds::new_pipeline(&new)?;
    claimant.map_or(Ok(()), bounds::runner)?;
    let mut tx = database.begin().await?;
    let project = new.plan.project.as_str();
    // The project's row is locked from here on: its numbers have no gap and its keys are looked at one after another.
    let mut looks = vec![Statement::new(BY_ID, vec![new.id.to_string().into()])];
    looks.extend(of_key(BY_KEY, project, new.idempotency_key.as_deref()));
    let (number, known) = draw_and_look(tx.as_mut(), project, NEXT_NUMBER, looks).await?;
    let mut known = known.into_iter().map(|rows| rows.into_iter().next());
    let (of_its_id, of_its_key) = (known.next().flatten(), known.next().flatten());
    if let Some(row) = of_its_key {
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
    if of_its_id.is_some() {
        return Err(StoreError::Conflict(format!("pipeline {} was accepted already, under another key", new.id)));
    }
    let labels = lane(&new.plan.runs_on);
    let add_lane = Statement::new(ADD_LANE, vec![project.into(), labels.as_str().into()]);
    let values = vec![
        new.id.to_string().into(),
        project.into(),
        number.get().into(),
        new.idempotency_key.clone().into(),
        new.at.as_micros().into(),
        labels.into(),
        json(&new.plan),
        word(Status::Pending),
        word(new.plan.trigger.event),
        new.plan.trigger.commit.as_str().into(),
        new.plan.trigger.branch.clone().into(),
        new.plan.trigger.note.subject.clone().into(),
        new.plan.trigger.note.author.clone().into(),
    ];
    let add = vec![add_lane, Statement::new(ADD_PIPELINE, values)];
    let claim = if let Some(runner) = claimant {
        tx.run_all(add).await?;
        Some(take(tx, database.dialect(), runner, new.id).await?)
    } else {
        tx.commit_with(add).await?;
        None
    };
    Ok(Enqueued { id: new.id, number, created: true, claim })
}

/// The look for what a project has under a key, if there is one.
pub(crate) fn of_key(by_key: &str, project: &str, key: Option<&str>) -> Option<Statement> {
    key.map(|key| Statement::new(by_key, vec![project.into(), key.into()]))
}

/// Draws a project's next number by a statement that answers it; the project's row, which is added if need be, stays locked. What
/// is to be looked at after that is, and answered.
pub(crate) async fn draw_and_look(
    tx: &mut dyn Transaction,
    project: &str,
    draw: &str,
    looks: Vec<Statement>,
) -> StoreResult<(NonZeroU64, Vec<Vec<Row>>)> {
    loop {
        let draw = Statement::new(draw, vec![project.into()]);
        let mut answers = tx.run_all([&[draw], &looks[..]].concat()).await?.into_iter();
        if let Some(row) = answers.next().unwrap_or_default().into_iter().next() {
            return Ok((rows::number(&mut row.of("project"))?, answers.collect()));
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
