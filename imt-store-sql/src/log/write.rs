//! Appending to logs and ending them.
//!
//! Who writes a log keeps where it stands in memory, so that an append is one short transaction: the log's row is moved on,
//! if it still stands there and the claim is the one it is open to, and the chunks are written. Anything unexpected throws
//! that knowledge away, and the next call reads it again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use imt_core::id::{AttemptId, DeploymentId};
use imt_core::ports::{Claim, LogAppend, LogEnd, MAX_PIECE_BYTES, StoreError, StoreResult, StreamKind};

use super::chunk::{Chunk, Position};
use super::of::{LogClaim, LogOf};
use super::read::{self, Stored};
use super::row;
use crate::database::{Database, DatabaseError, Purpose};
use crate::guarded::{Guarded, Statement};
use crate::rows;
use crate::task::Home;
use crate::value::Value;

/// Where each log stands that this process writes.
pub(crate) struct Writers {
    slots: Mutex<HashMap<LogOf, Slot>>,
    home: Home,
}

type Slot = Arc<tokio::sync::Mutex<Option<Open>>>;

/// A log open for writing.
pub(super) struct Open {
    pub(super) id: i64,
    pub(super) token: u64,
    pub(super) position: Position,
    /// Over all bytes; missing when this process has not written them all.
    pub(super) hasher: Option<blake3::Hasher>,
}

impl Open {
    /// A log with nothing in it.
    pub(super) fn new(id: i64, token: u64) -> Self {
        Self { id, token, position: Position::start(), hasher: Some(blake3::Hasher::new()) }
    }

    /// Whether this is the end of what this process has written.
    pub(super) fn ends_like(&self, end: LogEnd) -> bool {
        let checksum = self.hasher.as_ref().map(|hasher| *hasher.finalize().as_bytes());
        (self.position.offset, self.position.lines(), checksum) == (end.bytes, end.lines, Some(end.checksum))
    }
}

impl Writers {
    pub(crate) fn new(home: Home) -> Self {
        Self { slots: Mutex::default(), home }
    }

    pub(super) fn slot(&self, log: LogOf) -> Slot {
        Arc::clone(self.slots.lock().unwrap_or_else(PoisonError::into_inner).entry(log).or_default())
    }

    /// Whether this process has the log open.
    pub(crate) fn know(&self, attempt: AttemptId) -> bool {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&attempt.into())
    }

    pub(super) fn forget(&self, log: LogOf) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).remove(&log);
    }

    /// Forgets the logs of a pipeline: somebody else may write them from now on.
    pub(crate) fn forget_pipeline(&self, claim: &Claim) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|log, _| !matches!(log, LogOf::Attempt(attempt) if attempt.pipeline == claim.pipeline));
    }

    /// The same of a deployment's.
    pub(crate) fn forget_deployment(&self, deployment: DeploymentId) {
        self.forget(deployment.into());
    }

    /// Appends pieces that follow each other; answers the durable offset.
    pub(crate) async fn append(
        &self,
        database: Arc<dyn Database>,
        claim: LogClaim,
        pieces: Vec<LogAppend>,
    ) -> StoreResult<u64> {
        if pieces.is_empty() {
            return Err(StoreError::Conflict("no piece of log to append".to_owned()));
        }
        if let Some(piece) = pieces.iter().find(|p| p.bytes.is_empty() || p.bytes.len() > MAX_PIECE_BYTES) {
            let bytes = piece.bytes.len();
            return Err(StoreError::Conflict(format!("a piece of log has 1 to {MAX_PIECE_BYTES} bytes, not {bytes}")));
        }
        let slot = self.slot(claim.log);
        // The engine's own lines must not be dropped.
        let must = pieces.iter().any(|piece| piece.stream == StreamKind::System);
        let result = self
            .home
            .finished(async move {
                let mut slot = slot.lock_owned().await;
                let mut remembered = slot.take();
                loop {
                    let from_memory = remembered.is_some();
                    let mut open = open(database.as_ref(), claim, remembered.take()).await?;
                    match append_to(database.as_ref(), claim, &mut open, &pieces).await {
                        Ok(true) => {
                            let offset = open.position.offset;
                            *slot = Some(open);
                            return Ok(offset);
                        }
                        Ok(false) => {}
                        Err(StoreError::Gap { .. }) if from_memory => {}
                        Err(error) => return Err(error),
                    }
                    // It stands elsewhere than was remembered: an earlier call whose outcome was unknown has landed since, or
                    // another process has the claim, too. What is stored decides, once.
                    if !from_memory {
                        return Err(StoreError::Conflict("the log is being written by somebody else".to_owned()));
                    }
                }
            })
            .await;
        if matches!(result, Err(StoreError::ClaimLost(_))) {
            self.forget(claim.log);
        }
        match result {
            Err(StoreError::Full(message)) if must => Err(StoreError::NoRoom { message, source: None }),
            result => result,
        }
    }

    /// Ends a log.
    pub(crate) async fn finish(&self, database: Arc<dyn Database>, claim: LogClaim, end: LogEnd) -> StoreResult<()> {
        let slot = self.slot(claim.log);
        let result = self
            .home
            .finished(async move {
                let mut slot = slot.lock_owned().await;
                let database = database.as_ref();
                if slot.as_ref().is_none_or(|open| open.token != claim.token) {
                    *slot = add(database, claim).await?;
                }
                if let Some(open) = slot.as_ref().filter(|open| open.ends_like(end))
                    && close(database, claim, open, end).await?
                {
                    return Ok(());
                }
                if let Some(stored) = read::stored(database, claim.log).await?.filter(|stored| stored.end.is_some()) {
                    must_hold(database, claim).await?;
                    return if stored.end == Some(end) { Ok(()) } else { Err(conflict("it ended otherwise already")) };
                }
                let remembered = slot.take();
                let from_memory = remembered.is_some();
                let mut log = open(database, claim, remembered).await?;
                let mut result = end_it(database, claim, &log, end).await;
                if from_memory && matches!(result, Err(StoreError::Conflict(_) | StoreError::Gap { .. })) {
                    // What is stored decides.
                    log = open(database, claim, None).await?;
                    result = end_it(database, claim, &log, end).await;
                }
                if matches!(result, Err(StoreError::Conflict(_) | StoreError::Gap { .. })) {
                    *slot = Some(log);
                }
                result
            })
            .await;
        if matches!(result, Ok(()) | Err(StoreError::ClaimLost(_))) {
            self.forget(claim.log);
        }
        match result {
            // An end is no output that could be left out: it waits for room.
            Err(StoreError::Full(message)) => Err(StoreError::NoRoom { message, source: None }),
            result => result,
        }
    }
}

fn conflict(why: &str) -> StoreError {
    StoreError::Conflict(format!("the log does not end like this: {why}"))
}

const HOLDS: &str = "SELECT token FROM {owners} WHERE id = $1 AND token = $2 AND holder IS NOT NULL";

async fn must_hold(database: &dyn Database, claim: LogClaim) -> StoreResult<()> {
    let values = vec![claim.log.owner(), claim.token.into()];
    let rows = database.run(Purpose::Read, &claim.log.tables().sql(HOLDS), values).await?;
    if rows.is_empty() { Err(claim.lost()) } else { Ok(()) }
}

/// Nobody claims the pipeline while it is added: the new claim would not close this log to us.
const ADD_LOG: &str = "
    INSERT INTO {logs} ({key}, token)
    SELECT id{rest}, token FROM (SELECT id, token FROM {owners} WHERE id = $2 AND token = $1 AND holder IS NOT NULL {for_share}) AS held
     WHERE 1 = 1
    ON CONFLICT ({key}) DO NOTHING RETURNING id";

/// Where the log stands: as remembered, as stored, or at its beginning.
async fn open(database: &dyn Database, claim: LogClaim, remembered: Option<Open>) -> StoreResult<Open> {
    if let Some(open) = remembered.filter(|open| open.token == claim.token) {
        return Ok(open);
    }
    if let Some(new) = add(database, claim).await? {
        return Ok(new);
    }
    must_hold(database, claim).await?;
    let Stored { id, mut position, end, .. } =
        read::stored(database, claim.log).await?.ok_or(StoreError::NotFound("log"))?;
    if end.is_some() {
        return Err(StoreError::Conflict("the log has ended already".to_owned()));
    }
    position.last = read::last_chunk(database, claim.log, id, &position).await?;
    let hasher = (position.offset == 0).then(blake3::Hasher::new);
    Ok(Open { id, token: claim.token, position, hasher })
}

/// Adds a log; `None` when it is there, or the claim is not the newest.
async fn add(database: &dyn Database, claim: LogClaim) -> StoreResult<Option<Open>> {
    let values = [vec![claim.token.into()], claim.log.key()].concat();
    let add = database.dialect().sql(&claim.log.tables().sql(ADD_LOG));
    let add = Guarded::new(Statement::new(add, values));
    let row = database.change(add).await.map_err(no_room)?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Open::new(row.of("log").int()?, claim.token)))
}

/// A newer claim changes the log's token; one that was given back is seen only at the pipeline.
const MOVE_ON: &str = "
    UPDATE {logs} SET bytes = $4, newlines = $5, ends_in_newline = $6, raw_stdout = $7, raw_stderr = $8,
        left_out = $9
     WHERE id = $1 AND token = $2 AND bytes = $3 AND checksum IS NULL
       AND EXISTS (SELECT 1 FROM {owners} WHERE id = {logs}.{owner} AND token = $2 AND holder IS NOT NULL)
    RETURNING id";

/// Appends to a log that stands where `open` says; `false` when it stands elsewhere.
async fn append_to(
    database: &dyn Database,
    claim: LogClaim,
    open: &mut Open,
    pieces: &[LogAppend],
) -> StoreResult<bool> {
    let before = open.position.offset;
    let mut written = Vec::new();
    for piece in pieces {
        if !open.position.append(piece, &mut written) {
            return Err(StoreError::Gap { offset: piece.offset, durable: before });
        }
    }
    if written.is_empty() {
        must_hold(database, claim).await?;
        return Ok(true);
    }
    if !store(database, claim, open, before, &written).await? {
        return Ok(false);
    }
    if let Some(hasher) = &mut open.hasher {
        hash_new(hasher, before, &written);
    }
    open.position.wrote(written);
    Ok(true)
}

async fn store(
    database: &dyn Database,
    claim: LogClaim,
    open: &Open,
    before: u64,
    written: &[Chunk],
) -> StoreResult<bool> {
    let mut values = vec![open.id.into(), open.token.into(), before.into()];
    values.extend(row::standing(&open.position));
    let rows: Vec<Vec<Value>> = written.iter().map(|chunk| row::values(open.id, chunk)).collect();
    let tables = claim.log.tables();
    let columns = tables.sql(&format!("{{chunks}} ({})", row::COLUMNS));
    let append =
        Guarded::new(Statement::new(tables.sql(MOVE_ON), values)).then(rows::upserts(&columns, row::GROWS, &rows));
    if database.change(append).await.map_err(no_room)?.is_none() {
        must_hold(database, claim).await?;
        return Ok(false);
    }
    Ok(true)
}

/// What is said when output cannot be appended: a full disk is no reason to repeat it.
fn no_room(error: DatabaseError) -> StoreError {
    match error {
        DatabaseError::Full { message, .. } => StoreError::Full(message),
        other => other.into(),
    }
}

/// Adds what of the chunks lies past an offset.
pub(super) fn hash_new(hasher: &mut blake3::Hasher, from: u64, written: &[Chunk]) {
    for chunk in written {
        let known = usize::try_from(from.saturating_sub(chunk.start)).unwrap_or(usize::MAX);
        hasher.update(chunk.bytes.get(known..).unwrap_or_default());
    }
}

const END: &str = "
    UPDATE {logs} SET dropped = $4, checksum = $5
     WHERE id = $1 AND token = $2 AND bytes = $3 AND checksum IS NULL
       AND EXISTS (SELECT 1 FROM {owners} WHERE id = {logs}.{owner} AND token = $2 AND holder IS NOT NULL)
    RETURNING id";

async fn end_it(database: &dyn Database, claim: LogClaim, open: &Open, end: LogEnd) -> StoreResult<()> {
    must_hold(database, claim).await?;
    let position = &open.position;
    if end.bytes > position.offset {
        return Err(StoreError::Gap { offset: end.bytes, durable: position.offset });
    }
    if (end.bytes, end.lines) != (position.offset, position.lines()) {
        return Err(conflict("there are other numbers of bytes or lines"));
    }
    let checksum = match &open.hasher {
        Some(hasher) => *hasher.finalize().as_bytes(),
        None => read::checksum(database, claim.log).await?,
    };
    if checksum != end.checksum {
        return Err(conflict("the bytes are not those"));
    }
    if !close(database, claim, open, end).await? {
        must_hold(database, claim).await?;
        return Err(conflict("somebody else has written to it"));
    }
    Ok(())
}

/// Ends a log that stands where `open` says; `false` when it stands elsewhere.
async fn close(database: &dyn Database, claim: LogClaim, open: &Open, end: LogEnd) -> StoreResult<bool> {
    let values =
        vec![open.id.into(), open.token.into(), end.bytes.into(), end.dropped.into(), end.checksum.to_vec().into()];
    Ok(database.change(Guarded::new(Statement::new(claim.log.tables().sql(END), values))).await?.is_some())
}
