//! What is new of one log as a change that a commit can follow on: its last pieces and its end go over with the end of the
//! attempt, in one turn.
//!
//! Only for logs that stand where this process remembers, or are not there at all. Everything else is for [`Writers`], who can
//! ask and say what is wrong.

use imt_core::id::AttemptId;
use imt_core::ports::{Claim, LogPart, MAX_PIECE_BYTES};
use tokio::sync::OwnedMutexGuard;

use super::chunk::Chunk;
use super::row;
use super::write::{Open, Writers, hash_new};
use crate::dialect::placed_after;
use crate::guarded::{Guarded, Statement};
use crate::rows;
use crate::value::Value;

/// Chunks that one statement writes.
const ROWS_AT_ONCE: usize = 100;

/// A part of a log, ready to be written. Nobody else here writes to the log meanwhile.
pub(crate) struct Part {
    attempt: AttemptId,
    slot: OwnedMutexGuard<Option<Open>>,
    /// Where the log stands afterwards, unless it is at its end.
    open: Option<Open>,
}

impl Writers {
    /// Prepares what is new of a log; the change must come after one that makes sure of the claim. `None`: it does not follow
    /// on what is remembered.
    pub(crate) async fn part(&self, claim: &Claim, part: &LogPart) -> Option<(Part, Guarded)> {
        if part.attempt.pipeline != claim.pipeline || part.pieces.iter().any(|p| p.bytes.len() > MAX_PIECE_BYTES) {
            return None;
        }
        let mut slot = self.slot(part.attempt.into()).lock_owned().await;
        // Taken out: where the outcome stays unknown, nothing is remembered.
        let remembered = slot.take().filter(|open| open.token == claim.token);
        let is_new = remembered.is_none();
        let mut open = remembered.unwrap_or_else(|| Open::new(0, claim.token));
        let before = open.position.offset;
        let mut written = Vec::new();
        let follows = part.pieces.iter().all(|piece| open.position.append(piece, &mut written));
        if !follows || (is_new && part.end.is_none()) || (written.is_empty() && part.end.is_none()) {
            return None;
        }
        if let Some(hasher) = &mut open.hasher {
            hash_new(hasher, before, &written);
        }
        if part.end.is_some_and(|end| !open.ends_like(end)) {
            return None;
        }
        let change = if is_new { added(claim, part, &open, &written) } else { moved(part, &open, before, &written) };
        open.position.wrote(written);
        let open = part.end.is_none().then_some(open);
        Some((Part { attempt: part.attempt, slot, open }, change))
    }

    /// The change was done.
    pub(crate) fn wrote(&self, part: Part) {
        let Part { attempt, mut slot, open } = part;
        let is_over = open.is_none();
        *slot = open;
        if is_over {
            self.forget(attempt.into());
        }
    }
}

/// The end of a log as its row has it; none yet leaves the columns as they are.
fn end_of(part: &LogPart) -> [Value; 2] {
    match part.end {
        Some(end) => [end.dropped.into(), end.checksum.to_vec().into()],
        None => [Value::Int(None), Value::Bytes(None)],
    }
}

const MOVE_ON: &str = "
    UPDATE job_logs SET bytes = $4, newlines = $5, ends_in_newline = $6, raw_stdout = $7, raw_stderr = $8,
        left_out = $9, dropped = $10, checksum = $11
     WHERE id = $1 AND token = $2 AND bytes = $3 AND checksum IS NULL AND {after} RETURNING id";

fn moved(part: &LogPart, open: &Open, before: u64, written: &[Chunk]) -> Guarded {
    let mut values = vec![open.id.into(), open.token.into(), before.into()];
    values.extend(row::standing(&open.position));
    values.extend(end_of(part));
    let rows: Vec<Vec<Value>> = written.iter().map(|chunk| row::values(open.id, chunk)).collect();
    let columns = format!("job_log_chunks ({})", row::COLUMNS);
    Guarded::new(Statement::new(MOVE_ON, values)).then(rows::upserts(&columns, row::GROWS, &rows))
}

const ADD: &str = "
    INSERT INTO job_logs (pipeline, job, attempt, token, bytes, newlines, ends_in_newline, raw_stdout, raw_stderr,
        left_out, dropped, checksum)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 WHERE {after}
    ON CONFLICT DO NOTHING RETURNING id";
const ADDED: &str = "SELECT id FROM job_logs WHERE pipeline = $1 AND job = $2 AND attempt = $3";

fn added(claim: &Claim, part: &LogPart, open: &Open, written: &[Chunk]) -> Guarded {
    let AttemptId { pipeline, job, number } = part.attempt;
    let key = [pipeline.to_string().into(), job.0.into(), number.into()];
    let mut values = key.to_vec();
    values.push(claim.token.into());
    values.extend(row::standing(&open.position));
    values.extend(end_of(part));
    let some = |chunks: &[Chunk]| {
        // The log's id comes from the guard.
        let rows: Vec<Vec<Value>> = chunks.iter().map(|chunk| row::values(0, chunk).split_off(1)).collect();
        let (columns, places) = (row::COLUMNS, placed_after(key.len(), rows.len(), 6));
        let sql = format!(
            "INSERT INTO job_log_chunks ({columns})
             SELECT guard.id, new.* FROM {{guard}}, (VALUES {places}) AS new WHERE {{held}}"
        );
        Statement::new(sql, [key.to_vec(), rows.concat()].concat())
    };
    let chunks = written.chunks(ROWS_AT_ONCE).map(some).collect::<Vec<_>>();
    Guarded::with_row(Statement::new(ADD, values), ADDED).then(chunks)
}
