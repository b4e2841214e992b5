//! A log as it is stored, a job's or a deployment's: some of it, with what its bytes do not tell.

use std::sync::Arc;

use axum::body::Body;
use imt_core::id::{AttemptId, DeploymentId};
use imt_core::ports::{DeploymentStore, LogCursor, LogFrom, LogPage, Store, StoreResult, StoredChunk};
use serde::Serialize;
use utoipa::ToSchema;

use super::log_body::{PIECE_BYTES, log_body};
use crate::piece::Piece;

/// Whose log.
#[derive(Clone)]
pub(super) enum StoredLog {
    Attempt(Arc<dyn Store>, AttemptId),
    Deployment(Arc<dyn DeploymentStore>, DeploymentId),
}

/// Some of a log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogPieces {
    /// The pieces, in order and without a gap. None: there is no more, now or ever.
    items: Vec<Piece>,
    /// The `offset` to go on from.
    next_offset: u64,
    /// Whether the log is whole.
    is_whole: bool,
    /// How many lines the log has so far, whichever were asked for; a last one without newline counts.
    lines: u64,
    /// How many bytes it has so far.
    bytes: u64,
}

impl LogPieces {
    /// How many bytes of the log it holds.
    pub(super) fn len(&self) -> usize {
        self.items.iter().map(Piece::len).sum()
    }
}

impl StoredLog {
    pub(super) async fn cursor(&self) -> StoreResult<LogCursor> {
        match self {
            Self::Attempt(store, attempt) => store.log_cursor(*attempt).await,
            Self::Deployment(store, deployment) => store.log_cursor(*deployment).await,
        }
    }

    pub(super) async fn read(&self, from: LogFrom, most: usize) -> StoreResult<LogPage> {
        match self {
            Self::Attempt(store, attempt) => store.read_log(*attempt, from, most).await,
            Self::Deployment(store, deployment) => store.read_log(*deployment, from, most).await,
        }
    }

    /// Its bytes from one to before another, as the body of an answer.
    pub(super) fn body(self, first: u64, end: u64) -> Body {
        let read = move |from, most| {
            let log = self.clone();
            async move { log.read(from, most).await }
        };
        log_body(read, first, end)
    }

    /// Some of its pieces.
    pub(super) async fn pieces(&self, from: LogFrom) -> StoreResult<LogPieces> {
        // Before its pieces, which then reach at least as far where they are the last.
        let cursor = self.cursor().await?;
        let page = self.read(from, PIECE_BYTES).await?;
        let (bytes, lines) = self.length(&cursor, &page).await?;
        let items = page.chunks.into_iter().map(Piece::from).collect();
        Ok(LogPieces { items, next_offset: page.next_offset, is_whole: page.end.is_some(), lines, bytes })
    }

    /// How many bytes and lines there are so far. Whether the last line has ended is known to the last byte alone, which is read
    /// where it is not here.
    async fn length(&self, cursor: &LogCursor, page: &LogPage) -> StoreResult<(u64, u64)> {
        if let Some(end) = page.end.or(cursor.end) {
            return Ok((end.bytes, end.lines));
        }
        if let Some(last) = page.chunks.last().filter(|_| page.next_offset >= cursor.offset) {
            return Ok((page.next_offset, lines_with(last)));
        }
        let Some(last) = cursor.offset.checked_sub(1) else { return Ok((0, 0)) };
        let rest = self.read(LogFrom::Offset(last), 1).await?;
        let is_ended = rest.chunks.first().is_none_or(|chunk| chunk.bytes.starts_with(b"\n"));
        Ok((cursor.offset, cursor.newlines + u64::from(!is_ended)))
    }
}

/// How many lines there are up to the end of a piece.
fn lines_with(piece: &StoredChunk) -> u64 {
    piece.first_line + newlines(&piece.bytes) + u64::from(!piece.bytes.ends_with(b"\n"))
}

pub(super) fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// From where on, as callers say it: from a byte, a line, or so many lines before the end; the first of them that is said.
pub(super) fn place(offset: Option<u64>, line: Option<u64>, tail: Option<u64>) -> LogFrom {
    match (offset, line, tail) {
        (Some(offset), ..) => LogFrom::Offset(offset),
        (None, Some(line), _) => LogFrom::Line(line),
        (None, None, Some(lines)) => LogFrom::Tail(lines),
        (None, None, None) => LogFrom::Offset(0),
    }
}
