//! A deployment's row to the model and back.

use imt_core::deploy::machine::{Change, ChangeKind, DeploymentState};
use imt_core::id::{CommitId, DeploymentId, PipelineId, ProjectName};
use imt_core::ports::{DeploymentRecord, StoreError, StoreResult, Target};
use imt_core::time::Timestamp;

use crate::database::{Database, Purpose, Transaction};
use crate::dialect::{Dialect, row_placeholders};
use crate::rows::{micros, number};
use crate::value::{Row, Value, json, maybe_json, maybe_word, word};

/// Events that one statement writes.
const EVENTS_AT_ONCE: usize = 500;

/// A deployment's row and what only the store needs of it.
pub(super) struct Found {
    pub record: DeploymentRecord,
    pub token: u64,
    pub held: bool,
    /// Held, and the lease has not run out.
    pub alive: bool,
    pub last_event: u64,
    /// The number of the last commit under this token, 0 before the first, and its last event.
    pub commits: u64,
    pub commit_event: u64,
}

const LOOK: &str = "
    SELECT number, submitted_at, project, environment, host, commit_id, spec, pipeline, state, token,
        CASE WHEN holder IS NULL THEN 0 ELSE 1 END, CASE WHEN holder IS NOT NULL AND lease_until > {now} THEN 1 ELSE 0 END,
        last_event, commits, commit_event
      FROM deployments WHERE id = $1 AND ended < 2";

/// Reads a deployment as it stands.
pub(super) async fn load(database: &dyn Database, id: DeploymentId) -> StoreResult<DeploymentRecord> {
    let look = database.dialect().sql(LOOK);
    let rows = database.run(Purpose::Read, &look, vec![id.to_string().into()]).await?;
    found(rows, id).map(|found| found.record)
}

/// Reads a deployment and locks its row.
pub(super) async fn locked(tx: &mut dyn Transaction, dialect: &Dialect, id: DeploymentId) -> StoreResult<Found> {
    let look = dialect.sql(&format!("{LOOK} {{for_update}}"));
    found(tx.run(&look, vec![id.to_string().into()]).await?, id)
}

fn found(rows: Vec<Row>, id: DeploymentId) -> StoreResult<Found> {
    let mut row = rows.into_iter().next().ok_or(StoreError::NotFound("deployment"))?.of("deployment");
    let record = DeploymentRecord {
        number: number(&mut row)?,
        submitted_at: Timestamp::from_micros(row.count()?),
        target: target(&mut row)?,
        commit: CommitId::new(row.text()?),
        spec: row.json()?,
        pipeline: pipeline(&mut row)?,
        state: row.json::<DeploymentState>()?,
    };
    if record.state.id != id {
        let message = format!("deployment {id} has the state of {}", record.state.id);
        return Err(StoreError::Internal { message, source: None });
    }
    Ok(Found {
        record,
        token: row.count()?,
        held: row.flag()?,
        alive: row.flag()?,
        last_event: row.count()?,
        commits: row.count()?,
        commit_event: row.count()?,
    })
}

pub(super) fn target(row: &mut Row) -> StoreResult<Target> {
    Ok(Target { project: ProjectName::new(row.text()?), environment: row.text()?, host: row.text()? })
}

pub(super) fn pipeline(row: &mut Row) -> StoreResult<Option<PipelineId>> {
    let Some(text) = row.maybe_text()? else { return Ok(None) };
    text.parse().map(Some).map_err(|error| StoreError::Internal {
        message: format!("`{text}` is stored as the id of a deployment's pipeline"),
        source: Some(Box::new(error)),
    })
}

pub(super) fn deployment_id(text: &str) -> StoreResult<DeploymentId> {
    text.parse().map_err(|error| StoreError::Internal {
        message: format!("`{text}` is stored as the id of a deployment"),
        source: Some(Box::new(error)),
    })
}

pub(super) const fn ends(change: &Change) -> bool {
    matches!(change.kind, ChangeKind::Ended { .. })
}

/// `$11` is an event that the first one must come after: several deployments may change in one transaction, in which
/// `{next_event}` alone would give them the same ids. `$10` is the number of a commit, if it is one. An end gives the claim back.
const UPDATE: &str = "
    UPDATE deployments SET status = $2, started_at = $3, ended_at = $4, cancel = $5, verdict = $6, state = $7, ended = $8,
        holder = CASE WHEN $8 = 1 THEN NULL ELSE holder END, lease_until = CASE WHEN $8 = 1 THEN NULL ELSE lease_until END,
        last_event = {first} + $9 - 1,
        commits = COALESCE($10, commits),
        commit_event = CASE WHEN $10 IS NULL THEN commit_event ELSE {first} + $9 - 1 END
     WHERE id = $1 RETURNING last_event";
const FIRST: &str = "(CASE WHEN {next_event} > $11 THEN {next_event} ELSE $11 + 1 END)";

/// Writes what changes, at least one, make of a deployment whose row is locked, each also as an event after `after`. Answers
/// the last event's id.
pub(super) async fn write(
    tx: &mut dyn Transaction,
    dialect: &Dialect,
    found: Found,
    (nth, after): (Option<u64>, u64),
    changes: &[Change],
) -> StoreResult<u64> {
    let mut state = found.record.state;
    for change in changes {
        state.apply(change);
    }
    let id = state.id.to_string();
    let values = vec![
        id.as_str().into(),
        word(state.status),
        micros(state.started_at),
        micros(state.ended_at),
        maybe_word(state.cancel),
        maybe_json(state.verdict.as_ref()),
        json(&state),
        state.status.is_terminal().into(),
        (changes.len() as u64).into(),
        nth.map_or(Value::Int(None), Value::from),
        after.into(),
    ];
    let rows = tx.run(&dialect.sql(&UPDATE.replace("{first}", FIRST)), values).await?;
    let last = rows.into_iter().next().ok_or(StoreError::NotFound("deployment"))?.of("deployment").count()?;
    let first = (last + 1).saturating_sub(changes.len() as u64);
    let events: Vec<Vec<Value>> =
        (first..).zip(changes).map(|(n, change)| vec![n.into(), id.as_str().into(), json(change)]).collect();
    for events in events.chunks(EVENTS_AT_ONCE) {
        let places = row_placeholders(events.len(), 3);
        let add = format!("INSERT INTO deployment_events (id, deployment, change) VALUES {places}");
        tx.run(&add, events.concat()).await?;
    }
    Ok(last)
}
