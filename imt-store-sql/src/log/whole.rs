//! Logs that are written at once, from their first byte to their end: what short jobs have.

use imt_core::id::AttemptId;
use imt_core::ports::{Claim, LogEnd, LogPart, MAX_PIECE_BYTES};

use super::chunk::{Chunk, Position};
use super::row;
use super::write::hash_new;
use crate::database::{DatabaseResult, Transaction};
use crate::dialect::row_placeholders;
use crate::value::Value;

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

/// Writes logs that are not there, in a transaction that knows the claim to be the newest. `false`: one of them is there, and
/// the transaction must not be committed.
pub(crate) async fn write(tx: &mut dyn Transaction, claim: &Claim, logs: &[Whole]) -> DatabaseResult<bool> {
    for logs in logs.chunks(ROWS_AT_ONCE) {
        let sql = format!(
            "INSERT INTO job_logs (pipeline, job, attempt, token, bytes, newlines, ends_in_newline, raw_stdout, raw_stderr,
                left_out, dropped, checksum) VALUES {} ON CONFLICT DO NOTHING RETURNING id, job, attempt",
            row_placeholders(logs.len(), 12)
        );
        let rows = tx.run(&sql, logs.iter().flat_map(|log| log.values(claim)).collect()).await?;
        let mut chunks = Vec::new();
        for found in rows {
            let mut found = found.of("log");
            let unreadable = |error| crate::schema::unreadable(&error);
            let id = found.int().map_err(unreadable)?;
            let of = (found.count().map_err(unreadable)?, found.count().map_err(unreadable)?);
            let log = logs.iter().find(|log| (log.attempt.job.0.into(), log.attempt.number.into()) == of);
            chunks.push((id, log));
        }
        if chunks.len() < logs.len() {
            return Ok(false);
        }
        let rows = chunks.into_iter().flat_map(|(id, log)| {
            log.into_iter().flat_map(move |log| log.chunks.iter().map(move |chunk| row::values(id, chunk)))
        });
        for rows in rows.collect::<Vec<_>>().chunks(ROWS_AT_ONCE) {
            let (columns, places) = (row::COLUMNS, row_placeholders(rows.len(), 7));
            tx.run(&format!("INSERT INTO job_log_chunks ({columns}) VALUES {places}"), rows.concat()).await?;
        }
    }
    Ok(true)
}
