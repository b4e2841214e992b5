//! Rows to the model and back.

use std::num::NonZeroU64;

use imt_core::id::{AttemptId, InstanceId, JobIndex, PipelineId};
use imt_core::plan::Plan;
use imt_core::ports::{StoreError, StoreResult};
use imt_core::schedule::{AttemptState, JobState, PipelineState};
use imt_core::time::Timestamp;

use crate::beliefs::Belief;
use crate::database::Transaction;
use crate::dialect::row_placeholders;
use crate::guarded::Statement;
use crate::value::{Row, Value, maybe_json, maybe_word, word};

/// Rows that one statement writes; databases have limits to how many parameters a statement may have.
const ROWS_AT_ONCE: usize = 500;

pub(crate) fn pipeline_id(row: &mut Row) -> StoreResult<PipelineId> {
    let text = row.text()?;
    text.parse().map_err(|error| StoreError::Internal {
        message: format!("`{text}` is stored as the id of a pipeline"),
        source: Some(Box::new(error)),
    })
}

pub(crate) fn number(row: &mut Row) -> StoreResult<NonZeroU64> {
    NonZeroU64::new(row.count()?)
        .ok_or_else(|| StoreError::Internal { message: "0 is stored as a number".to_owned(), source: None })
}

fn small(row: &mut Row) -> StoreResult<u32> {
    let number = row.int()?;
    u32::try_from(number)
        .map_err(|_| StoreError::Internal { message: format!("{number} is stored as a small number"), source: None })
}

fn time(row: &mut Row) -> StoreResult<Timestamp> {
    row.count().map(Timestamp::from_micros)
}

fn maybe_time(row: &mut Row) -> StoreResult<Option<Timestamp>> {
    Ok(row.maybe_count()?.map(Timestamp::from_micros))
}

pub(crate) fn micros(time: Option<Timestamp>) -> Value {
    Value::Int(time.map(|t| i64::try_from(t.as_micros()).unwrap_or(i64::MAX)))
}

/// The columns of a pipeline's own state, in the order that [`pipeline_state`] reads and [`UPDATE_PIPELINE`] writes.
pub(crate) const PIPELINE_COLUMNS: &str =
    "status, started_at, ended_at, workspace, cancel_level, cancel_reason, verdict";

/// The state of a pipeline without its jobs' rows.
pub(crate) fn pipeline_state(row: &mut Row, id: PipelineId, plan: &Plan) -> StoreResult<PipelineState> {
    let fresh = PipelineState::new(id, plan);
    Ok(PipelineState {
        status: row.word()?,
        started_at: maybe_time(row)?,
        ended_at: maybe_time(row)?,
        workspace: row.maybe_text()?.map(InstanceId::new),
        cancel: row.maybe_word()?.zip(row.maybe_word()?),
        verdict: row.maybe_json()?,
        ..fresh
    })
}

const JOBS: &str = "SELECT job, status, ended_at, outcome FROM jobs WHERE pipeline = $1";
const ATTEMPTS: &str = "
    SELECT job, attempt, phase, created_at, started_at, ended_at, stop_cause, stop_at, began, outcome
      FROM attempts WHERE pipeline = $1 ORDER BY job, attempt";

/// Adds what the rows of its jobs and attempts tell. A job without a row has not begun.
pub(crate) async fn add_jobs(tx: &mut dyn Transaction, state: &mut PipelineState) -> StoreResult<()> {
    let id = state.id;
    for row in tx.run(JOBS, vec![id.to_string().into()]).await? {
        let mut row = row.of("job");
        let job = job_of(state, &mut row)?;
        (job.status, job.ended_at, job.end) = (row.word()?, maybe_time(&mut row)?, row.maybe_json()?);
    }
    for row in tx.run(ATTEMPTS, vec![id.to_string().into()]).await? {
        let row = &mut row.of("attempt");
        let index = JobIndex(small(row)?);
        let attempt = AttemptState {
            id: AttemptId { pipeline: id, job: index, number: small(row)? },
            phase: row.word()?,
            created_at: time(row)?,
            started_at: maybe_time(row)?,
            ended_at: maybe_time(row)?,
            stop: row.maybe_word()?.zip(maybe_time(row)?),
            began: row.flag()?,
            end: row.maybe_json()?,
        };
        let job = state.jobs.get_mut(index.get()).ok_or_else(|| beyond_the_plan(index))?;
        job.attempts.push(attempt);
    }
    Ok(())
}

fn job_of<'a>(state: &'a mut PipelineState, row: &mut Row) -> StoreResult<&'a mut JobState> {
    let index = JobIndex(small(row)?);
    state.jobs.get_mut(index.get()).ok_or_else(|| beyond_the_plan(index))
}

fn beyond_the_plan(index: JobIndex) -> StoreError {
    StoreError::Internal { message: format!("job {} is stored, but the plan has no such job", index.0), source: None }
}

/// Writes a pipeline's own columns if it stands where it is believed to (`$12` to `$14`); `{next_event} + $9` makes room for
/// that many events. `$11` is the number of a commit, if it is one. An end gives the claim back.
pub(crate) const UPDATE_PIPELINE: &str = "
    UPDATE pipelines SET status = $2, started_at = $3, ended_at = $4, workspace = $5, cancel_level = $6,
        cancel_reason = $7, verdict = $8, ended = $10,
        holder = CASE WHEN $10 = 1 THEN NULL ELSE holder END, lease_until = CASE WHEN $10 = 1 THEN NULL ELSE lease_until END,
        last_event = {next_event} + $9 - 1,
        commits = COALESCE($11, commits),
        commit_event = CASE WHEN $11 IS NULL THEN commit_event ELSE {next_event} + $9 - 1 END
    WHERE id = $1 AND token = $12 AND last_event = $13 AND commits = $14 AND ended = 0 {and_held} AND {after}
    RETURNING last_event";

pub(crate) fn pipeline_values(state: &PipelineState, events: usize, nth: Option<u64>, believed: &Belief) -> Vec<Value> {
    vec![
        state.id.to_string().into(),
        word(state.status),
        micros(state.started_at),
        micros(state.ended_at),
        Value::Text(state.workspace.as_ref().map(ToString::to_string)),
        maybe_word(state.cancel.map(|(level, _)| level)),
        maybe_word(state.cancel.map(|(_, reason)| reason)),
        maybe_json(state.verdict.as_ref()),
        (events as u64).into(),
        state.status.is_terminal().into(),
        nth.map_or(Value::Int(None), Value::from),
        believed.token.into(),
        believed.last_event.into(),
        believed.commits.into(),
    ]
}

/// The statements that write the jobs and attempts that differ.
pub(crate) fn changed(before: &PipelineState, after: &PipelineState) -> Vec<Statement> {
    let (mut jobs, mut attempts) = (Vec::new(), Vec::new());
    for (index, (old, new)) in (0_u32..).zip(before.jobs.iter().zip(&after.jobs)) {
        if (old.status, old.ended_at, &old.end) != (new.status, new.ended_at, &new.end) {
            jobs.push(job_values(after.id, index, new));
        }
        let changed = new.attempts.iter().enumerate().filter(|(n, attempt)| old.attempts.get(*n) != Some(*attempt));
        attempts.extend(changed.map(|(_, attempt)| attempt_values(attempt)));
    }
    let (job_columns, job_updates) = (
        "jobs (pipeline, job, status, ended_at, outcome)",
        "(pipeline, job) DO UPDATE SET status = excluded.status, ended_at = excluded.ended_at, outcome = excluded.outcome",
    );
    let mut statements = upserts(job_columns, job_updates, &jobs);
    let (attempt_columns, attempt_updates) = (
        "attempts (pipeline, job, attempt, phase, created_at, started_at, ended_at, stop_cause, stop_at, began, outcome)",
        "(pipeline, job, attempt) DO UPDATE SET phase = excluded.phase, started_at = excluded.started_at,
            ended_at = excluded.ended_at, stop_cause = excluded.stop_cause, stop_at = excluded.stop_at,
            began = excluded.began, outcome = excluded.outcome",
    );
    statements.extend(upserts(attempt_columns, attempt_updates, &attempts));
    statements
}

/// The statements that insert rows, or update those that are there, if what guards them holds.
pub(crate) fn upserts(columns: &str, updates: &str, rows: &[Vec<Value>]) -> Vec<Statement> {
    let some = |rows: &[Vec<Value>]| {
        let places = row_placeholders(rows.len(), rows.first().map_or(0, Vec::len));
        let source = format!("SELECT * FROM (VALUES {places}) AS new WHERE {{held}}");
        Statement::new(format!("INSERT INTO {columns} {source} ON CONFLICT {updates}"), rows.concat())
    };
    rows.chunks(ROWS_AT_ONCE).map(some).collect()
}

fn job_values(pipeline: PipelineId, index: u32, job: &JobState) -> Vec<Value> {
    vec![
        pipeline.to_string().into(),
        index.into(),
        word(job.status),
        micros(job.ended_at),
        maybe_json(job.end.as_ref()),
    ]
}

fn attempt_values(attempt: &AttemptState) -> Vec<Value> {
    vec![
        attempt.id.pipeline.to_string().into(),
        attempt.id.job.0.into(),
        attempt.id.number.into(),
        word(attempt.phase),
        attempt.created_at.as_micros().into(),
        micros(attempt.started_at),
        micros(attempt.ended_at),
        maybe_word(attempt.stop.map(|(cause, _)| cause)),
        micros(attempt.stop.map(|(_, at)| at)),
        attempt.began.into(),
        maybe_json(attempt.end.as_ref()),
    ]
}
