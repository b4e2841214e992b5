//! A log as the body of an answer.

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use imt_core::ports::{LogFrom, LogPage, StoreError, StoreResult};

/// How much is read from the store at a time.
pub(super) const PIECE_BYTES: usize = 256 * 1024;

/// The bytes of a log from one to before another, read as they are sent: a reader who is slow costs no memory.
pub(super) fn log_body<F>(read: impl Fn(LogFrom, usize) -> F + Send + 'static, first: u64, end: u64) -> Body
where
    F: Future<Output = StoreResult<LogPage>> + Send,
{
    Body::from_stream(stream::try_unfold((read, first), move |(read, at)| async move {
        if at >= end {
            return Ok::<_, StoreError>(None);
        }
        let bytes = joined(&read(LogFrom::Offset(at), PIECE_BYTES).await?, end - at);
        let next = at + bytes.len() as u64;
        // What was there has been pruned meanwhile.
        if bytes.is_empty() { Ok(None) } else { Ok(Some((bytes, (read, next)))) }
    }))
}

fn joined(page: &LogPage, most: u64) -> Bytes {
    let mut all: Vec<u8> = Vec::with_capacity(PIECE_BYTES);
    for chunk in &page.chunks {
        all.extend_from_slice(&chunk.bytes);
    }
    all.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    all.into()
}
