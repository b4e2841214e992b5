//! Appending to logs and ending them.
//!
//! Who writes a log keeps where it stands in memory, so that an append is one short transaction: the log's row is moved on,
//! if it still stands there and the claim is the one it is open to, and the chunks are written. Anything unexpected throws
//! that knowledge away, and the next call reads it again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use imt_core::id::AttemptId;
use imt_core::ports::{Claim, LogAppend, LogEnd, MAX_PIECE_BYTES, StoreError, StoreResult, StreamKind};

use super::chunk::{Chunk, Position};
use super::read::{self, Stored};
use crate::database::{Database, DatabaseError, Transaction};
use crate::rows;
use crate::task::finished;
use crate::value::Value;

/// Where each log stands that this process writes.
#[derive(Default)]
pub(crate) struct Writers(Mutex<HashMap<AttemptId, Slot>>);

type Slot = Arc<tokio::sync::Mutex<Option<Open>>>;

/// A log open for writing.
struct Open {
    id: i64,
    token: u64,
    position: Position,
    /// Over all bytes; missing when this process has not written them all.
    hasher: Option<blake3::Hasher>,
}

impl Writers {
    fn slot(&self, attempt: AttemptId) -> Slot {
        Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(attempt).or_default())
    }

    fn forget(&self, attempt: AttemptId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&attempt);
    }

    /// Forgets the logs of a pipeline: somebody else may write them from now on.
    pub(crate) fn forget_pipeline(&self, claim: &Claim) {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|attempt, _| attempt.pipeline != claim.pipeline);
    }

    /// Appends pieces that follow each other; answers the durable offset.
    pub(crate) async fn append(
        &self,
        database: Arc<dyn Database>,
        claim: &Claim,
        attempt: AttemptId,
        pieces: Vec<LogAppend>,
    ) -> StoreResult<u64> {
        of_its_pipeline(claim, attempt)?;
        if pieces.is_empty() {
            return Err(StoreError::Conflict("no piece of log to append".to_owned()));
        }
        if let Some(piece) = pieces.iter().find(|p| p.bytes.is_empty() || p.bytes.len() > MAX_PIECE_BYTES) {
            let bytes = piece.bytes.len();
            return Err(StoreError::Conflict(format!("a piece of log has 1 to {MAX_PIECE_BYTES} bytes, not {bytes}")));
        }
        let (slot, owned) = (self.slot(attempt), claim.clone());
        // The engine's own lines must not be dropped.
        let must = pieces.iter().any(|piece| piece.stream == StreamKind::System);
        let result = finished(async move {
            let claim = owned;
            let mut slot = slot.lock_owned().await;
            let mut remembered = slot.take();
            loop {
                let from_memory = remembered.is_some();
                let mut open = open(database.as_ref(), &claim, attempt, remembered.take()).await?;
                match append_to(database.as_ref(), &claim, &mut open, &pieces).await {
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
            self.forget(attempt);
        }
        match result {
            Err(StoreError::Full(message)) if must => Err(StoreError::NoRoom { message, source: None }),
            result => result,
        }
    }

    /// Ends a log.
    pub(crate) async fn finish(
        &self,
        database: Arc<dyn Database>,
        claim: &Claim,
        attempt: AttemptId,
        end: LogEnd,
    ) -> StoreResult<()> {
        of_its_pipeline(claim, attempt)?;
        let (slot, owned) = (self.slot(attempt), claim.clone());
        let result = finished(async move {
            let mut slot = slot.lock_owned().await;
            let database = database.as_ref();
            if let Some(stored) = read::stored(database, attempt).await?.filter(|stored| stored.end.is_some()) {
                must_hold(database, &owned).await?;
                return if stored.end == Some(end) { Ok(()) } else { Err(conflict("it ended otherwise already")) };
            }
            let remembered = slot.take();
            let from_memory = remembered.is_some();
            let mut log = open(database, &owned, attempt, remembered).await?;
            let mut result = end_it(database, &owned, attempt, &log, end).await;
            if from_memory && matches!(result, Err(StoreError::Conflict(_) | StoreError::Gap { .. })) {
                // What is stored decides.
                log = open(database, &owned, attempt, None).await?;
                result = end_it(database, &owned, attempt, &log, end).await;
            }
            if matches!(result, Err(StoreError::Conflict(_) | StoreError::Gap { .. })) {
                *slot = Some(log);
            }
            result
        })
        .await;
        if matches!(result, Ok(()) | Err(StoreError::ClaimLost(_))) {
            self.forget(attempt);
        }
        result
    }
}

fn conflict(why: &str) -> StoreError {
    StoreError::Conflict(format!("the log does not end like this: {why}"))
}

fn of_its_pipeline(claim: &Claim, attempt: AttemptId) -> StoreResult<()> {
    if attempt.pipeline == claim.pipeline {
        return Ok(());
    }
    Err(StoreError::Conflict(format!("attempt {attempt} is not of pipeline {}", claim.pipeline)))
}

const HOLDS: &str = "SELECT token FROM pipelines WHERE id = $1 AND token = $2 AND holder IS NOT NULL";

async fn must_hold(database: &dyn Database, claim: &Claim) -> StoreResult<()> {
    let values = vec![claim.pipeline.to_string().into(), claim.token.into()];
    let rows = database.run(crate::database::Purpose::Read, HOLDS, values).await?;
    if rows.is_empty() { Err(StoreError::ClaimLost(claim.pipeline)) } else { Ok(()) }
}

const ADD_LOG: &str = "
    INSERT INTO job_logs (pipeline, job, attempt, token) VALUES ($1, $2, $3, $4)
    ON CONFLICT (pipeline, job, attempt) DO NOTHING";

/// Where the log stands: as remembered, as stored, or at its beginning.
async fn open(
    database: &dyn Database,
    claim: &Claim,
    attempt: AttemptId,
    remembered: Option<Open>,
) -> StoreResult<Open> {
    if let Some(open) = remembered.filter(|open| open.token == claim.token) {
        return Ok(open);
    }
    let mut stored = read::stored(database, attempt).await?;
    let new = stored.is_none();
    if new {
        let mut tx = database.begin().await?;
        hold(tx.as_mut(), database.dialect().for_share, claim).await?;
        let (pipeline, job) = (attempt.pipeline.to_string(), attempt.job.0);
        tx.run(ADD_LOG, vec![pipeline.into(), job.into(), attempt.number.into(), claim.token.into()])
            .await
            .map_err(no_room)?;
        tx.commit().await.map_err(no_room)?;
        stored = read::stored(database, attempt).await?;
    } else {
        must_hold(database, claim).await?;
    }
    let Stored { id, mut position, end, .. } = stored.ok_or(StoreError::NotFound("log"))?;
    if end.is_some() {
        return Err(StoreError::Conflict("the log has ended already".to_owned()));
    }
    position.last = read::last_chunk(database, id, &position).await?;
    let hasher = (position.offset == 0).then(blake3::Hasher::new);
    Ok(Open { id, token: claim.token, position, hasher })
}

/// Checks a claim, and that nobody claims until the end of the transaction.
async fn hold(tx: &mut dyn Transaction, lock: &str, claim: &Claim) -> StoreResult<()> {
    let rows = tx.run(&format!("{HOLDS} {lock}"), vec![claim.pipeline.to_string().into(), claim.token.into()]).await?;
    if rows.is_empty() { Err(StoreError::ClaimLost(claim.pipeline)) } else { Ok(()) }
}

const MOVE_ON: &str = "
    UPDATE job_logs SET bytes = $4, newlines = $5, ends_in_newline = $6, raw_stdout = $7, raw_stderr = $8,
        left_out = $9
     WHERE id = $1 AND token = $2 AND bytes = $3 AND checksum IS NULL RETURNING id";

/// Appends to a log that stands where `open` says; `false` when it stands elsewhere.
async fn append_to(database: &dyn Database, claim: &Claim, open: &mut Open, pieces: &[LogAppend]) -> StoreResult<bool> {
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
    claim: &Claim,
    open: &Open,
    before: u64,
    written: &[Chunk],
) -> StoreResult<bool> {
    let mut tx = database.begin().await.map_err(no_room)?;
    let position = &open.position;
    let values = vec![
        open.id.into(),
        open.token.into(),
        before.into(),
        position.offset.into(),
        position.newlines.into(),
        position.ends_in_newline.into(),
        position.raw.stdout.into(),
        position.raw.stderr.into(),
        position.dropped.into(),
    ];
    if tx.run(MOVE_ON, values).await.map_err(no_room)?.is_empty() {
        drop(tx);
        must_hold(database, claim).await?;
        return Ok(false);
    }
    let rows: Vec<Vec<Value>> = written.iter().map(|chunk| chunk_values(open.id, chunk)).collect();
    let columns = "job_log_chunks (log, start, first_line, runs, at, bytes)";
    let updates = "(log, start) DO UPDATE SET runs = excluded.runs, bytes = excluded.bytes";
    rows::upsert(tx.as_mut(), columns, updates, &rows).await.map_err(no_room)?;
    tx.commit().await.map_err(no_room)?;
    Ok(true)
}

/// What is said when output cannot be appended: a full disk is no reason to repeat it.
fn no_room(error: DatabaseError) -> StoreError {
    match error {
        DatabaseError::Full { message, .. } => StoreError::Full(message),
        other => other.into(),
    }
}

fn chunk_values(log: i64, chunk: &Chunk) -> Vec<Value> {
    vec![
        log.into(),
        chunk.start.into(),
        chunk.first_line.into(),
        chunk.runs_text().into(),
        chunk.at.as_micros().into(),
        chunk.bytes.clone().into(),
    ]
}

/// Adds what of the chunks lies past an offset.
fn hash_new(hasher: &mut blake3::Hasher, from: u64, written: &[Chunk]) {
    for chunk in written {
        let known = usize::try_from(from.saturating_sub(chunk.start)).unwrap_or(usize::MAX);
        hasher.update(chunk.bytes.get(known..).unwrap_or_default());
    }
}

const END: &str = "
    UPDATE job_logs SET dropped = $4, checksum = $5
     WHERE id = $1 AND token = $2 AND bytes = $3 AND checksum IS NULL RETURNING id";

async fn end_it(
    database: &dyn Database,
    claim: &Claim,
    attempt: AttemptId,
    open: &Open,
    end: LogEnd,
) -> StoreResult<()> {
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
        None => read::checksum(database, attempt).await?,
    };
    if checksum != end.checksum {
        return Err(conflict("the bytes are not those"));
    }
    let values =
        vec![open.id.into(), open.token.into(), end.bytes.into(), end.dropped.into(), checksum.to_vec().into()];
    let mut tx = database.begin().await?;
    if tx.run(END, values).await?.is_empty() {
        drop(tx);
        must_hold(database, claim).await?;
        return Err(conflict("somebody else has written to it"));
    }
    tx.commit().await?;
    Ok(())
}
