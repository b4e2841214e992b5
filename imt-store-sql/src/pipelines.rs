//! Pipelines as they stand: loading, committing changes, cancels, events.

use imt_core::id::PipelineId;
use imt_core::ports::{Claim, Control, Event, EventId, PipelineRecord, StoreError, StoreResult};
use imt_core::schedule::{CancelLevel, Change, ChangeKind, PipelineState, cancel_changes};
use imt_core::status::Reason;
use imt_core::time::Timestamp;

use crate::database::{Database, Purpose, Transaction};
use crate::dialect::{Dialect, row_placeholders};
use crate::rows::{self, PIPELINE_COLUMNS};
use crate::value::{Row, Value, json};

/// Events that one statement writes.
const EVENTS_AT_ONCE: usize = 500;

pub(crate) async fn load(database: &dyn Database, id: PipelineId) -> StoreResult<PipelineRecord> {
    // One state throughout: a reader sees all of a commit or nothing of it.
    let mut tx = database.snapshot().await?;
    let record = read(tx.as_mut(), database.dialect(), id, "").await?.record;
    tx.commit().await?;
    Ok(record)
}

/// A pipeline's row and what only the store needs of it.
struct Found {
    record: PipelineRecord,
    token: u64,
    held: bool,
    /// Held, and the lease has not run out.
    alive: bool,
    last_event: u64,
    /// The number of the last commit under this token, 0 before the first, and its last event.
    commits: u64,
    commit_event: u64,
}

async fn read(tx: &mut dyn Transaction, dialect: &Dialect, id: PipelineId, lock: &str) -> StoreResult<Found> {
    let sql = dialect.sql(&format!(
        "SELECT number, submitted_at, token, CASE WHEN holder IS NULL THEN 0 ELSE 1 END,
            CASE WHEN holder IS NOT NULL AND lease_until > {{now}} THEN 1 ELSE 0 END, last_event,
            commits, commit_event, plan,
            {PIPELINE_COLUMNS} FROM pipelines WHERE id = $1 AND ended < 2 {lock}"
    ));
    let rows = tx.run(&sql, vec![id.to_string().into()]).await?;
    let mut row = rows.into_iter().next().ok_or(StoreError::NotFound("pipeline"))?.of("pipeline");
    let (number, submitted_at) = (rows::number(&mut row)?, Timestamp::from_micros(row.count()?));
    let (token, held, alive, last_event) = (row.count()?, row.flag()?, row.flag()?, row.count()?);
    let (commits, commit_event, plan) = (row.count()?, row.count()?, row.json()?);
    let mut state = rows::pipeline_state(&mut row, id, &plan)?;
    rows::add_jobs(tx, &mut state).await?;
    Ok(Found {
        record: PipelineRecord { number, submitted_at, plan, state },
        token,
        held,
        alive,
        last_event,
        commits,
        commit_event,
    })
}

const fn ends(change: &Change) -> bool {
    matches!(change.kind, ChangeKind::PipelineEnded { .. })
}

pub(crate) async fn commit(
    database: &dyn Database,
    claim: &Claim,
    nth: u64,
    changes: &[Change],
) -> StoreResult<EventId> {
    let id = claim.pipeline;
    let mut tx = database.begin().await?;
    let dialect = database.dialect();
    let found = match read(tx.as_mut(), dialect, id, dialect.for_update).await {
        Err(StoreError::NotFound(_)) => return Err(StoreError::ClaimLost(id)),
        found => found?,
    };
    if !found.held || found.token != claim.token {
        return Err(StoreError::ClaimLost(id));
    }
    if found.commits > 0 && nth == found.commits {
        return Ok(EventId(found.commit_event));
    }
    if nth < found.commits {
        return Err(StoreError::Conflict(format!("commit {nth} comes after commit {}", found.commits)));
    }
    if changes.is_empty() {
        return Ok(EventId(found.last_event));
    }
    let state = found.record.state;
    let before_last = changes.split_last().map_or(&[][..], |(_, before)| before);
    if state.status.is_terminal() || before_last.iter().any(ends) {
        return Err(StoreError::Conflict(format!("pipeline {id} is over, nothing can follow its end")));
    }
    let last = record(tx.as_mut(), dialect, &state, Some(nth), changes).await?;
    tx.commit().await?;
    Ok(last)
}

/// Folds changes into a pipeline whose row is locked, and adds them as events.
async fn record(
    tx: &mut dyn Transaction,
    dialect: &Dialect,
    before: &PipelineState,
    nth: Option<u64>,
    changes: &[Change],
) -> StoreResult<EventId> {
    let mut after = before.clone();
    for change in changes {
        after.apply(change);
    }
    let update = dialect.sql(rows::UPDATE_PIPELINE);
    let rows = tx.run(&update, rows::pipeline_values(&after, changes.len(), nth)).await?;
    let last = rows.into_iter().next().ok_or(StoreError::NotFound("pipeline"))?.of("pipeline").count()?;
    let first = last + 1 - changes.len() as u64;
    let events: Vec<Vec<Value>> = (first..)
        .zip(changes)
        .map(|(event, change)| vec![event.into(), before.id.to_string().into(), json(change)])
        .collect();
    for events in events.chunks(EVENTS_AT_ONCE) {
        let sql = format!("INSERT INTO events (id, pipeline, change) VALUES {}", row_placeholders(events.len(), 3));
        tx.run(&sql, events.concat()).await?;
    }
    rows::write_changes(tx, before, &after).await?;
    Ok(EventId(last))
}

/// Takes a pipeline away from a holder whose lease has run out.
const LET_GO: &str = "UPDATE pipelines SET holder = NULL, lease_until = NULL WHERE id = $1";

pub(crate) async fn request_cancel(
    database: &dyn Database,
    id: PipelineId,
    level: CancelLevel,
    reason: Reason,
    at: Timestamp,
) -> StoreResult<()> {
    let (mut tx, dialect) = (database.begin().await?, database.dialect());
    let found = read(tx.as_mut(), dialect, id, dialect.for_update).await?;
    let PipelineRecord { plan, state, .. } = &found.record;
    let changes = cancel_changes(plan, state, found.alive, (level, reason), at);
    if changes.is_empty() {
        return Ok(());
    }
    if found.held && !found.alive && changes.iter().any(ends) {
        tx.run(LET_GO, vec![id.to_string().into()]).await?;
    }
    record(tx.as_mut(), dialect, state, None, &changes).await?;
    tx.commit().await?;
    Ok(())
}

const CONTROL: &str = "
    SELECT cancel_level, cancel_reason FROM pipelines WHERE id = $1 AND token = $2 AND holder IS NOT NULL";

pub(crate) async fn control(database: &dyn Database, claim: &Claim) -> StoreResult<Control> {
    let values = vec![claim.pipeline.to_string().into(), claim.token.into()];
    let rows = database.run(Purpose::Read, CONTROL, values).await?;
    let mut row = rows.into_iter().next().ok_or(StoreError::ClaimLost(claim.pipeline))?.of("pipeline");
    Ok(Control { cancel: row.maybe_word()?.zip(row.maybe_word()?) })
}

/// What is being removed is gone for readers, however much of it is still there.
const EVENTS_OF: &str = "
    SELECT id, pipeline, change FROM events WHERE pipeline = $3 AND id > $1
       AND EXISTS (SELECT 1 FROM pipelines WHERE id = $3 AND ended < 2)
     ORDER BY id LIMIT $2";
const EVENTS: &str = "
    SELECT id, pipeline, change FROM events WHERE id > $1 {settled}
       AND pipeline NOT IN (SELECT id FROM pipelines WHERE ended = 2)
     ORDER BY id LIMIT $2";

/// The statements of readers, for the tests of their plans.
pub(crate) fn hot() -> Vec<(&'static str, String)> {
    vec![("events_of", EVENTS_OF.to_owned()), ("events", EVENTS.to_owned())]
}

pub(crate) async fn events_after(
    database: &dyn Database,
    of: Option<PipelineId>,
    after: EventId,
    limit: usize,
) -> StoreResult<Vec<Event>> {
    let limit = Value::from(limit as u64);
    if let Some(id) = of {
        // A pipeline's events come one commit after another: none can still come before one that is there.
        let values = vec![after.0.into(), limit, id.to_string().into()];
        let rows = database.run(Purpose::Read, EVENTS_OF, values).await?;
        return rows.into_iter().map(event).collect();
    }
    let (sql, mut after) = (database.dialect().sql(EVENTS), after.0);
    loop {
        let rows = database.run(Purpose::Read, &sql, vec![after.into(), limit.clone()]).await?;
        let Some(last) = rows.last() else { return Ok(Vec::new()) };
        after = last.clone().of("event").count()?;
        let events: Vec<_> = rows.into_iter().filter_map(|row| event(row).ok()).collect();
        // Nothing at all would mean that there is no more.
        if !events.is_empty() {
            return Ok(events);
        }
    }
}

fn event(row: Row) -> StoreResult<Event> {
    let mut row = row.of("event");
    Ok(Event { id: EventId(row.count()?), pipeline: rows::pipeline_id(&mut row)?, change: row.json()? })
}
