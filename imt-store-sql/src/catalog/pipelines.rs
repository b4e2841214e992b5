//! Projects, pipelines by number, and why one waits.

use std::num::NonZeroU64;
use std::time::Duration;

use imt_core::id::{CommitId, InstanceId, PipelineId, ProjectName};
use imt_core::plan::CommitNote;
use imt_core::ports::{PipelineFilter, PipelineSummary, Sifted, StoreError, StoreResult, Waiting};
use imt_core::time::Timestamp;

use super::runners::runners;
use crate::database::{Database, Purpose};
use crate::queue::{has_labels, labels_of};
use crate::rows;
use crate::value::{Row, Value};

pub(crate) async fn projects(database: &dyn Database) -> StoreResult<Vec<ProjectName>> {
    let rows = database.run(Purpose::Read, "SELECT name FROM projects ORDER BY name", Vec::new()).await?;
    rows.into_iter().map(|row| row.of("project").text().map(ProjectName::new)).collect()
}

pub(crate) async fn find(
    database: &dyn Database,
    project: &ProjectName,
    number: NonZeroU64,
) -> StoreResult<PipelineId> {
    let sql = "SELECT id FROM pipelines WHERE project = $1 AND number = $2 AND ended < 2";
    let rows = database.run(Purpose::Read, sql, vec![project.as_str().into(), number.get().into()]).await?;
    rows::pipeline_id(&mut rows.into_iter().next().ok_or(StoreError::NotFound("pipeline"))?.of("pipeline"))
}

const PIPELINES: &str = "
    SELECT id, number, status, verdict, event, commit_id, branch, subject, author, submitted_at, started_at, ended_at,
        CASE WHEN lease_until > {now} THEN holder END FROM pipelines
     WHERE project = $1 AND number < $2 AND ended < 2{wanted} ORDER BY number DESC LIMIT $3";

pub(crate) async fn pipelines(
    database: &dyn Database,
    project: &ProjectName,
    wanted: &PipelineFilter,
    before: Option<NonZeroU64>,
    limit: usize,
) -> StoreResult<Sifted<PipelineSummary>> {
    let before = before.map_or(u64::MAX, NonZeroU64::get);
    let mut values: Vec<Value> = vec![project.as_str().into(), before.into(), (limit as u64).into()];
    let sql = PIPELINES.replace("{wanted}", &conditions(wanted, &mut values));
    let mut all = Sifted::default();
    for row in database.run(Purpose::Read, &database.dialect().sql(&sql), values).await? {
        match summary(row.clone()) {
            Ok(summary) => all.found.push(summary),
            Err(error) => all.set_aside.push(format!("{} cannot be read: {error}", name(row, project))),
        }
    }
    Ok(all)
}

/// What is wanted as more of a condition, with its values after those that are there.
fn conditions(wanted: &PipelineFilter, values: &mut Vec<Value>) -> String {
    let PipelineFilter { branch, status, event } = wanted;
    let said = [
        ("branch", branch.as_deref().map(Value::from)),
        ("status", status.map(|status| Value::from(status.to_string()))),
        ("event", event.map(|event| Value::from(event.as_str()))),
    ];
    let wanted = said.into_iter().filter_map(|(column, value)| {
        values.push(value?);
        Some(format!(" AND {column} = ${}", values.len()))
    });
    wanted.collect::<Vec<_>>().concat()
}

/// What to call a pipeline of which no more than this may be sound.
fn name(row: Row, project: &ProjectName) -> String {
    let mut row = row.of("pipeline");
    let (id, number) = (row.text(), rows::number(&mut row));
    match (number, id) {
        (Ok(number), _) => format!("pipeline #{number} of {project}"),
        (Err(_), Ok(id)) => format!("pipeline {id} of {project}"),
        (Err(_), Err(_)) => format!("a pipeline of {project}"),
    }
}

fn summary(row: Row) -> StoreResult<PipelineSummary> {
    let mut row = row.of("pipeline");
    let (id, number, status, end) =
        (rows::pipeline_id(&mut row)?, rows::number(&mut row)?, row.word()?, row.maybe_json()?);
    Ok(PipelineSummary {
        id,
        number,
        status,
        end,
        event: row.word()?,
        commit: CommitId::new(row.text()?),
        branch: row.maybe_text()?,
        note: CommitNote { subject: row.maybe_text()?, author: row.maybe_text()? },
        submitted_at: Timestamp::from_micros(row.count()?),
        started_at: row.maybe_count()?.map(Timestamp::from_micros),
        ended_at: row.maybe_count()?.map(Timestamp::from_micros),
        holder: row.maybe_text()?.map(InstanceId::new),
    })
}

const WAITS: &str = "
    SELECT labels, CASE WHEN (holder IS NULL OR lease_until <= {now}) AND ended = 0 THEN 1 ELSE 0 END,
        (SELECT COUNT(*) FROM pipelines before
          WHERE before.project = pipelines.project AND before.labels = pipelines.labels
            AND before.holder IS NULL AND before.ended = 0 AND before.position < pipelines.position)
      FROM pipelines WHERE id = $1 AND ended < 2";

pub(crate) async fn waiting(database: &dyn Database, id: PipelineId, alive: Duration) -> StoreResult<Option<Waiting>> {
    let rows = database.run(Purpose::Read, &database.dialect().sql(WAITS), vec![id.to_string().into()]).await?;
    let mut row = rows.into_iter().next().ok_or(StoreError::NotFound("pipeline"))?.of("pipeline");
    let (lane, waits, ahead) = (row.text()?, row.flag()?, row.count()?);
    if !waits {
        return Ok(None);
    }
    let alive: Vec<_> =
        runners(database).await?.found.into_iter().filter(|runner| runner.silent_for <= alive).collect();
    Ok(Some(if alive.is_empty() {
        Waiting::NoRunner
    } else if !alive.iter().any(|runner| has_labels(&lane, &runner.beat.labels)) {
        Waiting::NoSuchRunner { labels: labels_of(&lane) }
    } else {
        Waiting::Turn { ahead }
    }))
}
