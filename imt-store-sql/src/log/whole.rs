//! Logs that are written at once, from their first byte to their end: what short jobs have.

use imt_core::id::AttemptId;
use imt_core::ports::{Claim, LogEnd, LogPart, MAX_PIECE_BYTES};

use super::chunk::{Chunk, Position};
use super::row;
use super::write::hash_new;
use crate::database::{DatabaseResult, Transaction};
use crate::dialect::row_placeholders;
use crate::guarded::Statement;
use crate::value::{Row, Value};

/// Logs, or chunks of them, that one statement writes.
const ROWS_AT_ONCE: usize = 100;

/// A log from its beginning to its end.
pub(crate) struct Whole {
    attempt: AttemptId,
    position: Position,
    chunks: Vec<Chunk>,
    end: LogEnd,
}

impl Whole {
    /// `None` for what is only a part of a log, or does not fit its end or the claim: that is for who can say why.
    pub(crate) fn of(claim: &Claim, part: &LogPart) -> Option<Self> {
        let end = part.end.filter(|_| part.attempt.pipeline == claim.pipeline)?;
        let (mut position, mut chunks) = (Position::start(), Vec::new());
        for piece in &part.pieces {
            let (follows, len) = (piece.offset == position.offset, piece.bytes.len());
            if !follows || len == 0 || len > MAX_PIECE_BYTES {
                return None;
            }
            position.append(piece, &mut chunks);
        }
        let mut hasher = blake3::Hasher::new();
        hash_new(&mut hasher, 0, &chunks);
        let there = (position.offset, position.lines(), *hasher.finalize().as_bytes());
        (there == (end.bytes, end.lines, end.checksum)).then_some(Self { attempt: part.attempt, position, chunks, end })
    }

    pub(crate) const fn attempt(&self) -> AttemptId {
        self.attempt
    }

    fn values(&self, claim: &Claim) -> Vec<Value> {
        let (Self { attempt, position, .. }, LogEnd { dropped, checksum, .. }) = (self, self.end);
        let mut values =
            vec![attempt.pipeline.to_string().into(), attempt.job.0.into(), attempt.number.into(), claim.token.into()];
        values.extend(row::standing(position));
        values.extend([dropped.into(), checksum.to_vec().into()]);
        values
    }
}

/// Writes logs that are not there, in a transaction that knows the claim to be the newest, after what else there is to do.
/// Answers what is left to be done before the commit. `None`: one of them is there, and the transaction must not be committed.
pub(crate) async fn write(
    tx: &mut dyn Transaction,
    claim: &Claim,
    logs: &[Whole],
    mut to_do: Vec<Statement>,
) -> DatabaseResult<Option<Vec<Statement>>> {
    for logs in logs.chunks(ROWS_AT_ONCE) {
        to_do.push(add_statement(claim, logs));
        let added = tx.run_all(std::mem::take(&mut to_do)).await?.pop().unwrap_or_default();
        if added.len() < logs.len() {
            return Ok(None);
        }
        let mut rows = Vec::new();
        for added in added {
            let (id, log) = of_added(added, logs)?;
            rows.extend(log.into_iter().flat_map(|log| log.chunks.iter().map(move |chunk| row::values(id, chunk))));
        }
        to_do.extend(rows.chunks(ROWS_AT_ONCE).map(|rows| {
            let (columns, places) = (row::COLUMNS, row_placeholders(rows.len(), 7));
            Statement::new(format!("INSERT INTO job_log_chunks ({columns}) VALUES {places}"), rows.concat())
        }));
    }
    Ok(Some(to_do))
}

fn add_statement(claim: &Claim, logs: &[Whole]) -> Statement {
    let sql = format!(
        "INSERT INTO job_logs (pipeline, job, attempt, token, bytes, newlines, ends_in_newline, raw_stdout, raw_stderr,
            left_out, dropped, checksum) VALUES {} ON CONFLICT DO NOTHING RETURNING id, job, attempt",
        row_placeholders(logs.len(), 12)
    );
    Statement::new(sql, logs.iter().flat_map(|log| log.values(claim)).collect())
}

/// The id of a log that was added, and which of them it is.
fn of_added(added: Row, logs: &[Whole]) -> DatabaseResult<(i64, Option<&Whole>)> {
    let unreadable = |error| crate::schema::unreadable(&error);
    let mut added = added.of("log");
    let id = added.int().map_err(unreadable)?;
    let of = (added.count().map_err(unreadable)?, added.count().map_err(unreadable)?);
    Ok((id, logs.iter().find(|log| (log.attempt.job.0.into(), log.attempt.number.into()) == of)))
}
