//! Pipelines as they stand: loading, committing changes, cancels, events.

use imt_core::id::PipelineId;
use imt_core::ports::{Claim, Control, Event, EventId, PipelineRecord, StoreError, StoreResult};
use imt_core::schedule::{CancelLevel, Change, ChangeKind, PipelineState, cancel_changes};
use imt_core::status::Reason;
use imt_core::time::Timestamp;

use crate::beliefs::{Belief, Beliefs};
use crate::database::{Database, Purpose, Transaction};
use crate::dialect::{Dialect, placed_after};
use crate::guarded::{Guarded, Statement};
use crate::log::{self, Whole};
use crate::rows::{self, PIPELINE_COLUMNS};
use crate::value::{Row, Value, json};

/// Events that one statement writes.
const EVENTS_AT_ONCE: usize = 500;

pub(crate) async fn load(database: &dyn Database, beliefs: &Beliefs, id: PipelineId) -> StoreResult<PipelineRecord> {
    let rows = database.run(Purpose::Read, &look(database.dialect(), ""), vec![id.to_string().into()]).await?;
    let mut found = row_of(rows, id)?;
    // Of what nothing has happened to there is no more than its row.
    if found.last_event > 0 {
        // One state throughout: a reader sees all of a commit or nothing of it.
        let mut tx = database.snapshot().await?;
        found = read(tx.as_mut(), database.dialect(), id, "").await?;
        tx.commit().await?;
    }
    beliefs.seen(id, || found.belief());
    Ok(found.record)
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

impl Found {
    fn belief(&self) -> Belief {
        let Self { token, commits, last_event, .. } = *self;
        Belief { token, commits, last_event, state: self.record.state.clone() }
    }
}

/// The columns that [`row_of`] reads, with `{now}` in them.
pub(crate) fn columns() -> String {
    format!(
        "number, submitted_at, token, CASE WHEN holder IS NULL THEN 0 ELSE 1 END,
            CASE WHEN holder IS NOT NULL AND lease_until > {{now}} THEN 1 ELSE 0 END, last_event,
            commits, commit_event, plan, {PIPELINE_COLUMNS}"
    )
}

fn look(dialect: &Dialect, lock: &str) -> String {
    dialect.sql(&format!("SELECT {} FROM pipelines WHERE id = $1 AND ended < 2 {lock}", columns()))
}

/// A pipeline by its row alone, as the statement that claimed it answers it: of what nothing has happened to there is no more.
/// `None` also for what cannot be read, of which [`load`] says what is wrong.
pub(crate) fn untouched(row: Row, id: PipelineId) -> Option<(PipelineRecord, Belief)> {
    let found = row_of(vec![row], id).ok().filter(|found| found.last_event == 0)?;
    let belief = found.belief();
    Some((found.record, belief))
}

async fn read(tx: &mut dyn Transaction, dialect: &Dialect, id: PipelineId, lock: &str) -> StoreResult<Found> {
    let rows = tx.run(&look(dialect, lock), vec![id.to_string().into()]).await?;
    let mut found = row_of(rows, id)?;
    rows::add_jobs(tx, &mut found.record.state).await?;
    Ok(found)
}

/// What the row of a pipeline tells.
fn row_of(rows: Vec<Row>, id: PipelineId) -> StoreResult<Found> {
    let mut row = rows.into_iter().next().ok_or(StoreError::NotFound("pipeline"))?.of("pipeline");
    let (number, submitted_at) = (rows::number(&mut row)?, Timestamp::from_micros(row.count()?));
    let (token, held, alive, last_event) = (row.count()?, row.flag()?, row.flag()?, row.count()?);
    let (commits, commit_event, plan) = (row.count()?, row.count()?, row.json()?);
    let state = rows::pipeline_state(&mut row, id, &plan)?;
    let record = PipelineRecord { number, submitted_at, plan, state };
    Ok(Found { record, token, held, alive, last_event, commits, commit_event })
}

pub(crate) const fn ends(change: &Change) -> bool {
    matches!(change.kind, ChangeKind::PipelineEnded { .. })
}

/// Whether changes may follow on a state: nothing follows an end.
fn may_follow(state: &PipelineState, changes: &[Change]) -> bool {
    let before_last = changes.split_last().map_or(&[][..], |(_, before)| before);
    !state.status.is_terminal() && !before_last.iter().any(ends)
}

/// Commits by what is believed, or else by what is read.
pub(crate) async fn commit(
    database: &dyn Database,
    beliefs: &Beliefs,
    claim: &Claim,
    nth: u64,
    changes: &[Change],
) -> StoreResult<EventId> {
    if let Some(believed) = believed(beliefs, claim, nth, changes) {
        let next = Next::new(believed, Some(nth), changes);
        if let Some(row) = database.change(next.write(database.dialect(), AND_HELD, changes)).await? {
            return next.committed(beliefs, claim, row);
        }
    }
    commit_what_is_read(database, beliefs, claim, nth, changes).await
}

/// Commits by what is believed, with logs from their beginning to their end. `None`: it is not known, or not so, and nothing
/// was done.
pub(crate) async fn commit_with(
    database: &dyn Database,
    beliefs: &Beliefs,
    claim: &Claim,
    nth: u64,
    changes: &[Change],
    logs: &[Whole],
) -> StoreResult<Option<EventId>> {
    let Some(believed) = believed(beliefs, claim, nth, changes) else { return Ok(None) };
    let next = Next::new(believed, Some(nth), changes);
    let mut tx = database.begin().await?;
    let write = next.write(database.dialect(), AND_HELD, changes);
    let Some((row, rest)) = write.in_turn(tx.as_mut()).await? else { return Ok(None) };
    let Some(rest) = log::write_whole(tx.as_mut(), claim, logs, rest).await? else { return Ok(None) };
    tx.commit_with(rest).await?;
    next.committed(beliefs, claim, row).map(Some)
}

/// A claim, and the pipeline as it is believed to stand: whoever changes a log and the pipeline locks them in the order in which
/// a newer claim does.
const STANDS: &str = "
    SELECT id FROM pipelines
     WHERE id = $1 AND token = $2 AND last_event = $3 AND commits = $4 AND holder IS NOT NULL {for_update}";

/// Commits by what is believed, if `log`, a change that is to be done before, could be done. `None`: it is not known, or not
/// so; then the changes are not recorded, and the log may be.
pub(crate) async fn commit_after(
    database: &dyn Database,
    beliefs: &Beliefs,
    claim: &Claim,
    nth: u64,
    changes: &[Change],
    log: Guarded,
) -> StoreResult<Option<EventId>> {
    let Some(believed) = believed(beliefs, claim, nth, changes) else { return Ok(None) };
    let Belief { token, last_event, commits, .. } = believed;
    let values = vec![claim.pipeline.to_string().into(), token.into(), last_event.into(), commits.into()];
    let stands = Guarded::new(Statement::new(database.dialect().sql(STANDS), values));
    let next = Next::new(believed, Some(nth), changes);
    let write = next.write(database.dialect(), AND_HELD, changes);
    match database.change(stands.and_if_so(log).and_if_so(write)).await? {
        Some(row) => next.committed(beliefs, claim, row).map(Some),
        None => Ok(None),
    }
}

/// What is believed of a pipeline, where a commit by it may be tried.
fn believed(beliefs: &Beliefs, claim: &Claim, nth: u64, changes: &[Change]) -> Option<Belief> {
    if changes.is_empty() {
        return None;
    }
    beliefs.take(claim).filter(|believed| nth > believed.commits && may_follow(&believed.state, changes))
}

async fn commit_what_is_read(
    database: &dyn Database,
    beliefs: &Beliefs,
    claim: &Claim,
    nth: u64,
    changes: &[Change],
) -> StoreResult<EventId> {
    let id = claim.pipeline;
    let mut tx = database.begin().await?;
    let dialect = database.dialect();
    let found = match read(tx.as_mut(), dialect, id, dialect.for_update).await {
        Err(StoreError::NotFound(_)) => return Err(StoreError::ClaimLost(id.into())),
        found => found?,
    };
    // The commit that ended it has given the claim back.
    let (is_over, is_repeat) = (found.record.state.status.is_terminal(), found.commits > 0 && nth == found.commits);
    if found.token != claim.token || !(found.held || is_over && is_repeat) {
        return Err(StoreError::ClaimLost(id.into()));
    }
    if is_repeat {
        return Ok(EventId(found.commit_event));
    }
    if nth < found.commits {
        return Err(StoreError::Conflict(format!("commit {nth} comes after commit {}", found.commits)));
    }
    if changes.is_empty() {
        return Ok(EventId(found.last_event));
    }
    if !may_follow(&found.record.state, changes) {
        return Err(StoreError::Conflict(format!("pipeline {id} is over, nothing can follow its end")));
    }
    let next = Next::new(found.belief(), Some(nth), changes);
    let row = next.write(dialect, AND_HELD, changes).in_transaction(tx).await?;
    let row = row.ok_or(StoreError::ClaimLost(id.into()))?;
    next.committed(beliefs, claim, row)
}

/// For whoever writes under a claim: it has not been given back.
const AND_HELD: &str = "AND holder IS NOT NULL";

/// A pipeline before and after changes.
struct Next {
    before: Belief,
    after: PipelineState,
    nth: Option<u64>,
}

impl Next {
    fn new(before: Belief, nth: Option<u64>, changes: &[Change]) -> Self {
        let mut after = before.state.clone();
        for change in changes {
            after.apply(change);
        }
        Self { before, after, nth }
    }

    /// Writes it, if the pipeline stands where it is believed to, each change also as an event. The guard's row has the last
    /// event's id.
    fn write(&self, dialect: &Dialect, and_held: &str, changes: &[Change]) -> Guarded {
        let update = dialect.sql(rows::UPDATE_PIPELINE).replace("{and_held}", and_held);
        let values = rows::pipeline_values(&self.after, changes.len(), self.nth, &self.before);
        let id = self.after.id.to_string();
        Guarded::with_row(Statement::new(update, values), "SELECT last_event FROM pipelines WHERE id = $1")
            .then(events(&id, changes))
            .then(rows::changed(&self.before.state, &self.after))
    }

    fn committed(self, beliefs: &Beliefs, claim: &Claim, row: Row) -> StoreResult<EventId> {
        let last_event = row.of("pipeline").count()?;
        let Self { before: Belief { token, .. }, after: state, nth } = self;
        if state.status.is_terminal() {
            beliefs.forget(claim);
        } else if let Some(commits) = nth {
            beliefs.seen(state.id, || Belief { token, commits, last_event, state });
        }
        Ok(EventId(last_event))
    }
}

/// The statements that add events, numbered up to the pipeline's new last one.
fn events(id: &str, changes: &[Change]) -> Vec<Statement> {
    let count = changes.len();
    let before_last = |n: usize| Value::from((count - 1 - n) as u64);
    let rows: Vec<Vec<Value>> =
        changes.iter().enumerate().map(|(n, change)| vec![before_last(n), json(change)]).collect();
    let some = |rows: &[Vec<Value>]| {
        let places = placed_after(1, rows.len(), 2);
        let sql = format!(
            "INSERT INTO events (id, pipeline, change)
             SELECT guard.last_event - new.column1, $1, new.column2 FROM {{guard}}, (VALUES {places}) AS new WHERE {{held}}"
        );
        let mut values = vec![Value::from(id)];
        values.extend(rows.concat());
        Statement::new(sql, values)
    };
    rows.chunks(EVENTS_AT_ONCE).map(some).collect()
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
    let write = Next::new(found.belief(), None, &changes).write(dialect, "", &changes);
    write.in_transaction(tx).await?.ok_or(StoreError::NotFound("pipeline"))?;
    Ok(())
}

const CONTROL: &str = "
    SELECT cancel_level, cancel_reason FROM pipelines WHERE id = $1 AND token = $2 AND holder IS NOT NULL";

pub(crate) async fn control(database: &dyn Database, claim: &Claim) -> StoreResult<Control> {
    let values = vec![claim.pipeline.to_string().into(), claim.token.into()];
    let rows = database.run(Purpose::Read, CONTROL, values).await?;
    let mut row = rows.into_iter().next().ok_or(StoreError::ClaimLost(claim.pipeline.into()))?.of("pipeline");
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
