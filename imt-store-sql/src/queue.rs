//! Accepting pipelines, and who may drive which.

use std::num::NonZeroU64;
use std::time::Duration;

use imt_core::id::{InstanceId, PipelineId};
use imt_core::ports::{Claim, Enqueued, NewPipeline, RunnerInfo, StoreError, StoreResult, bounds};
use imt_core::status::Status;

use crate::claimed::Claimed;
use crate::database::{Database, Purpose, Transaction};
use crate::dialect::{Dialect, placeholders};
use crate::guarded::{Guarded, Statement};
use crate::value::{Value, json, word};
use crate::{pipelines, rows};

const NEXT_NUMBER: &str = "UPDATE projects SET last_number = last_number + 1 WHERE name = $1 RETURNING last_number";
pub(crate) const ADD_PROJECT: &str =
    "INSERT INTO projects (name, last_number) VALUES ($1, 0) ON CONFLICT (name) DO NOTHING";
const BY_KEY: &str = "SELECT id, number FROM pipelines WHERE project = $1 AND idempotency_key = $2";
const ADD_LANE: &str = "INSERT INTO lanes (project, labels) VALUES ($1, $2) ON CONFLICT (project, labels) DO NOTHING";
const ADD_PIPELINE: &str = "
    INSERT INTO pipelines (id, project, number, idempotency_key, submitted_at, labels, plan, status, event, commit_id, branch)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING RETURNING position";

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
    let number = next_number(tx.as_mut(), project).await?;
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
    let labels = lane(&new.plan.runs_on);
    tx.run(ADD_LANE, vec![project.into(), labels.as_str().into()]).await?;
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
    ];
    if tx.run(ADD_PIPELINE, values).await?.is_empty() {
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

async fn next_number(tx: &mut dyn Transaction, project: &str) -> StoreResult<NonZeroU64> {
    loop {
        let rows = tx.run(NEXT_NUMBER, vec![project.into()]).await?;
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

/// The plus as in [`look_statement`].
const HELD: &str = "
    SELECT id FROM pipelines WHERE holder = $1 AND holder IS NOT NULL AND ended = 0 ORDER BY +position";

/// What an instance holds.
pub(crate) async fn held(database: &dyn Database, instance: &InstanceId) -> StoreResult<Vec<PipelineId>> {
    let rows = database.run(Purpose::Read, HELD, vec![instance.as_str().into()]).await?;
    rows.into_iter().map(|row| rows::pipeline_id(&mut row.of("pipeline"))).collect()
}

/// The first of a lane that nobody holds and that the runner does not leave out; the parameters of [`of_lane`] from `from` on.
fn head_statement(from: usize, driving: usize) -> String {
    let (labels, others) = (from + 1, others(from + 2, driving));
    format!(
        "SELECT id FROM pipelines WHERE project = ${from} AND labels = ${labels} AND holder IS NULL AND ended = 0 {others}
         ORDER BY position LIMIT 1 {{skip_locked}}"
    )
}

fn of_lane(runner: &RunnerInfo, project: String, labels: String) -> Vec<Value> {
    let driving = runner.driving.iter().map(|id| Value::from(id.to_string()));
    [project.into(), labels.into()].into_iter().chain(driving).collect()
}

/// Takes the first of a lane in one statement, if nobody has ever claimed it: then it has no log that would have to be closed
/// to anybody. `MATERIALIZED`, because a plan may look for the head more than once, and lock another one each time.
fn take_new_statement(driving: usize) -> String {
    format!(
        "WITH head AS MATERIALIZED ({})
         UPDATE pipelines SET token = 1, commits = 0, holder = $1, lease_until = {{now}} + $2
           FROM head WHERE pipelines.id = head.id AND pipelines.token = 0 RETURNING pipelines.id, {}",
        head_statement(3, driving),
        pipelines::columns()
    )
}

async fn take_new(
    database: &dyn Database,
    runner: &RunnerInfo,
    project: &str,
    labels: &str,
) -> StoreResult<Option<Claimed>> {
    let mut values = vec![runner.instance.as_str().into(), micros(runner)];
    values.extend(of_lane(runner, project.to_owned(), labels.to_owned()));
    let sql = database.dialect().sql(&take_new_statement(runner.driving.len()));
    let taken = database.change(Guarded::new(Statement::new(sql, values))).await?;
    let Some(row) = taken else { return Ok(None) };
    let mut row = row.of("pipeline");
    let pipeline = rows::pipeline_id(&mut row)?;
    Ok(Some(Claimed { claim: claim_of(runner, pipeline, 1), untouched: pipelines::untouched(row, pipeline) }))
}

fn claim_of(runner: &RunnerInfo, pipeline: PipelineId, token: u64) -> Claim {
    Claim { pipeline, instance: runner.instance.clone(), token, lease: runner.lease }
}

fn others(from: usize, driving: usize) -> String {
    if driving == 0 { String::new() } else { format!("AND id NOT IN ({})", placeholders(from, driving)) }
}

/// What a runner may claim, as one statement sees it.
struct Look {
    /// Left behind by somebody who no longer lives, or by an earlier life of the runner: position and id of the first few.
    left: Vec<(i64, String)>,
    /// Lanes in which something waits: how many pipelines of the project are under way, the first that waits, and the lane.
    waiting: Vec<(u64, i64, String, String)>,
}

/// Claims what has waited longest, what somebody left behind before all else.
pub(crate) async fn claim_any(database: &dyn Database, runner: &RunnerInfo) -> StoreResult<Option<Claimed>> {
    bounds::runner(runner)?;
    let Look { mut left, mut waiting } = look(database, runner).await?;
    left.sort_unstable();
    for (_, id) in left {
        if let Some(claim) = claim_left(database, runner, id).await? {
            return Ok(Some(claim.into()));
        }
    }
    waiting.sort_unstable();
    for (_, _, project, labels) in waiting {
        if let Some(claimed) = take_new(database, runner, &project, &labels).await? {
            return Ok(Some(claimed));
        }
        let mut tx = database.begin().await?;
        let head = database.dialect().sql(&head_statement(1, runner.driving.len()));
        let rows = tx.run(&head, of_lane(runner, project, labels)).await?;
        // None: others were faster, or are at it.
        if let Some(row) = rows.into_iter().next() {
            let id = rows::pipeline_id(&mut row.of("pipeline"))?;
            return take(tx, database.dialect(), runner, id).await.map(|claim| Some(claim.into()));
        }
    }
    Ok(None)
}

/// Looks without a transaction: a runner that has nothing to do asks this every second and nothing else.
async fn look(database: &dyn Database, runner: &RunnerInfo) -> StoreResult<Look> {
    let mut values: Vec<Value> = vec![runner.instance.as_str().into()];
    values.extend(runner.labels.iter().map(|label| Value::from(format!("\n{label}\n"))));
    values.extend(runner.driving.iter().map(|id| Value::from(id.to_string())));
    let sql = database.dialect().sql(&look_statement(runner.labels.len(), runner.driving.len()));
    let mut found = Look { left: Vec::new(), waiting: Vec::new() };
    for row in database.run(Purpose::Read, &sql, values).await? {
        let mut row = row.of("lane");
        let (left, project, labels) = (row.maybe_text()?, row.text()?, row.text()?);
        let (first, busy) = (row.maybe_int()?, row.count()?);
        match (left, first) {
            (Some(id), Some(position)) => found.left.push((position, id)),
            (None, Some(first)) => found.waiting.push((busy, first, project, labels)),
            (_, None) => {}
        }
    }
    Ok(found)
}

/// The plus keeps a plan from walking all pipelines in the order of their positions until one is held: those that are held
/// are few and have an index of their own.
fn look_statement(labels: usize, driving: usize) -> String {
    // Each label of the runner is taken out of the lane's: nothing may be left.
    let rest =
        (2..2 + labels).fold("'\n' || labels || '\n'".to_owned(), |rest, n| format!("REPLACE({rest}, ${n}, '\n')"));
    let suits = format!("(labels = '' OR {rest} = '\n')");
    let others = others(2 + labels, driving);
    format!(
        "SELECT CAST(NULL AS TEXT), lanes.project, lanes.labels,
            (SELECT MIN(position) FROM pipelines
              WHERE project = lanes.project AND labels = lanes.labels AND holder IS NULL AND ended = 0 {others}),
            (SELECT COUNT(*) FROM pipelines WHERE project = lanes.project AND holder IS NOT NULL AND ended = 0)
           FROM lanes WHERE {suits}
         UNION ALL
         SELECT * FROM (SELECT id, project, labels, position, CAST(0 AS BIGINT) FROM pipelines
          WHERE holder IS NOT NULL AND ended = 0 AND (holder = $1 OR lease_until <= {{now}}) AND {suits} {others}
          ORDER BY +position LIMIT 8) AS left_behind"
    )
}

const LEFT: &str = "
    SELECT id FROM pipelines WHERE id = $1 AND holder IS NOT NULL AND ended = 0
       AND (holder = $2 OR lease_until <= {now}) {skip_locked}";

/// Claims what was seen to be held by nobody who still lives, unless others were faster.
async fn claim_left(database: &dyn Database, runner: &RunnerInfo, id: String) -> StoreResult<Option<Claim>> {
    let mut tx = database.begin().await?;
    let values = vec![id.into(), runner.instance.as_str().into()];
    let rows = tx.run(&database.dialect().sql(LEFT), values).await?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let id = rows::pipeline_id(&mut row.of("pipeline"))?;
    take(tx, database.dialect(), runner, id).await.map(Some)
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

/// The statements by which a runner finds work, for the tests of their plans.
pub(crate) fn hot() -> Vec<(&'static str, String)> {
    vec![
        ("look", look_statement(1, 1)),
        ("head", head_statement(1, 1)),
        ("take_new", take_new_statement(1)),
        ("left", LEFT.to_owned()),
        ("held", HELD.to_owned()),
    ]
}

const TAKE: &str = "
    UPDATE pipelines SET token = token + 1, commits = 0, holder = $2, lease_until = {now} + $3 WHERE id = $1 RETURNING token";
const FENCE_LOGS: &str = "UPDATE job_logs SET token = $2 WHERE pipeline = $1 AND checksum IS NULL";

/// Takes a pipeline whose row is locked and free, and commits.
async fn take(
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

fn micros(runner: &RunnerInfo) -> Value {
    u64::try_from(runner.lease.as_micros()).unwrap_or(u64::MAX).min(1 << 60).into()
}

/// Leases as short as tests have must not leave a database no time at all.
const SHORTEST_TRY: Duration = Duration::from_millis(500);

const RENEW: &str = "
    UPDATE pipelines SET lease_until = {now} + $3 WHERE id = $1 AND token = $2 AND holder IS NOT NULL RETURNING token";

pub(crate) async fn renew(database: &dyn Database, claim: &Claim) -> StoreResult<()> {
    let lease = u64::try_from(claim.lease.as_micros()).unwrap_or(u64::MAX).min(1 << 60);
    let values = vec![claim.pipeline.to_string().into(), claim.token.into(), lease.into()];
    // So that a connection that has died in silence leaves time for further tries before the lease is over.
    let within = Purpose::Lease((claim.lease / 6).max(SHORTEST_TRY));
    let rows = database.run(within, &database.dialect().sql(RENEW), values).await?;
    if rows.is_empty() { Err(StoreError::ClaimLost(claim.pipeline)) } else { Ok(()) }
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
