//! Reading logs: from a byte, from a line, from the end.

use bytes::Bytes;
use imt_core::ports::{
    LogCursor, LogEnd, LogFrom, LogPage, LogPositions, MAX_PIECE_BYTES, StoreError, StoreResult, StoredChunk,
};
use imt_core::time::Timestamp;

use super::chunk::{Chunk, Position};
use super::of::{LogOf, LogTables, OF_JOBS};
use super::row::{self, chunk, wrong};
use crate::database::{Database, Purpose};

/// A log's row.
pub(super) struct Stored {
    pub id: i64,
    pub position: Position,
    pub end: Option<LogEnd>,
}

const LOG: &str = "
    SELECT id, bytes, newlines, ends_in_newline, raw_stdout, raw_stderr, left_out, dropped, checksum
      FROM {logs} WHERE {is}
       AND EXISTS (SELECT 1 FROM {owners} WHERE id = $1 AND ended < 2)";

/// A log's row, its last chunk left out.
pub(super) async fn stored(database: &dyn Database, of: LogOf) -> StoreResult<Option<Stored>> {
    let rows = database.run(Purpose::Read, &of.tables().sql(LOG), of.key()).await?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let mut row = row.of("log");
    let id = row.int()?;
    let position = Position {
        offset: row.count()?,
        newlines: row.count()?,
        ends_in_newline: row.flag()?,
        raw: LogPositions { stdout: row.count()?, stderr: row.count()? },
        dropped: row.count()?,
        last: None,
    };
    let end = match (row.maybe_count()?, row.maybe_bytes()?) {
        (Some(dropped), Some(checksum)) => {
            let checksum = checksum.try_into().map_err(|_| wrong("a checksum that is not 32 bytes long"))?;
            Some(LogEnd { bytes: position.offset, lines: position.lines(), dropped, checksum })
        }
        _ => None,
    };
    Ok(Some(Stored { id, position, end }))
}

pub(crate) async fn cursor(database: &dyn Database, of: impl Into<LogOf>) -> StoreResult<LogCursor> {
    let stored = stored(database, of.into()).await?;
    Ok(stored.map_or(LogCursor::default(), |Stored { position, end, .. }| LogCursor {
        offset: position.offset,
        newlines: position.newlines,
        raw: position.raw,
        dropped: position.dropped,
        end,
    }))
}

pub(crate) async fn read(
    database: &dyn Database,
    of: impl Into<LogOf>,
    from: LogFrom,
    max_bytes: usize,
) -> StoreResult<LogPage> {
    let of = of.into();
    let next_offset = if let LogFrom::Offset(offset) = from { offset } else { 0 };
    let nothing = LogPage { chunks: Vec::new(), next_offset, end: None };
    let Some(log) = stored(database, of).await? else { return Ok(nothing) };
    match page(database, of.tables(), log, from, max_bytes).await {
        // It may have been removed since its row was read.
        Err(StoreError::Internal { .. }) if stored(database, of).await?.is_none() => Ok(nothing),
        page => page,
    }
}

async fn page(
    database: &dyn Database,
    tables: &LogTables,
    log: Stored,
    from: LogFrom,
    max_bytes: usize,
) -> StoreResult<LogPage> {
    let Stored { id, position, end } = log;
    let offset = match from {
        LogFrom::Offset(offset) => offset,
        LogFrom::Line(line) => line_start(database, tables, id, &position, line).await?,
        LogFrom::Tail(lines) => {
            line_start(database, tables, id, &position, position.lines().saturating_sub(lines)).await?
        }
    };
    let chunks =
        if offset < position.offset { chunks(database, tables, id, offset, max_bytes).await? } else { Vec::new() };
    if chunks.first().map_or(offset < position.offset, |first| first.offset != offset) {
        return Err(wrong("bytes that are missing"));
    }
    let next_offset = chunks.last().map_or(offset, |chunk| chunk.offset + chunk.bytes.len() as u64);
    Ok(LogPage { chunks, next_offset, end })
}

/// The statements of readers, for the tests of their plans.
pub(crate) fn hot() -> Vec<(&'static str, String)> {
    let statements =
        [("log", LOG), ("chunk_before_line", CHUNK_BEFORE_LINE), ("chunks", CHUNKS), ("last_chunk", LAST_CHUNK)];
    statements.map(|(name, statement)| (name, of_chunks(&OF_JOBS, statement))).into()
}

/// A statement that reads chunks, with their columns in it.
fn of_chunks(tables: &LogTables, statement: &str) -> String {
    tables.sql(statement).replace("{chunk}", row::READ)
}

/// The last chunk that begins before a line, which is the one that the newline before the line is in.
const CHUNK_BEFORE_LINE: &str = "
    SELECT {chunk} FROM {chunks} WHERE log = $1 AND first_line < $2
    ORDER BY first_line DESC, start DESC LIMIT 1";

/// Where a line begins; the end when there is no such line.
async fn line_start(
    database: &dyn Database,
    tables: &LogTables,
    log: i64,
    position: &Position,
    line: u64,
) -> StoreResult<u64> {
    if line == 0 {
        return Ok(0);
    }
    if line > position.newlines {
        return Ok(position.offset);
    }
    let rows =
        database.run(Purpose::Read, &of_chunks(tables, CHUNK_BEFORE_LINE), vec![log.into(), line.into()]).await?;
    let row = rows.into_iter().next().ok_or_else(|| wrong("fewer lines than its row says"))?;
    let chunk = chunk(row)?;
    let nth = usize::try_from(line - chunk.first_line - 1).unwrap_or(usize::MAX);
    let newline = memchr::memchr_iter(b'\n', &chunk.bytes).nth(nth);
    let newline = newline.ok_or_else(|| wrong("fewer lines than its index says"))?;
    Ok(chunk.start + newline as u64 + 1)
}

const CHUNKS: &str = "
    SELECT {chunk} FROM {chunks}
     WHERE log = $1 AND start < $3
       AND start >= (SELECT MAX(start) FROM {chunks} WHERE log = $1 AND start <= $2)
    ORDER BY start";

/// Chunks from an offset on, of about so many bytes, at least one.
async fn chunks(
    database: &dyn Database,
    tables: &LogTables,
    log: i64,
    offset: u64,
    max_bytes: usize,
) -> StoreResult<Vec<StoredChunk>> {
    // Pages are bounded also for those who ask for everything.
    let max_bytes = max_bytes.clamp(1, 8 << 20);
    let until = offset.saturating_add(max_bytes as u64);
    let rows =
        database.run(Purpose::Read, &of_chunks(tables, CHUNKS), vec![log.into(), offset.into(), until.into()]).await?;
    let (mut page, mut bytes) = (Vec::new(), 0);
    for row in rows {
        for chunk in from_offset(chunk(row)?, offset) {
            bytes += chunk.bytes.len();
            if !page.is_empty() && bytes > max_bytes {
                return Ok(page);
            }
            page.push(chunk);
        }
    }
    Ok(page)
}

/// What of a chunk lies at and past an offset, by stream.
fn from_offset(chunk: Chunk, offset: u64) -> Vec<StoredChunk> {
    let Chunk { start, first_line: mut line, at, runs, bytes } = chunk;
    let (bytes, mut begin, mut found) = (Bytes::from(bytes), 0, Vec::new());
    for run in runs {
        let end = begin + run.len;
        let cut = usize::try_from(offset.saturating_sub(start)).unwrap_or(usize::MAX).clamp(begin, end);
        line += newlines(&bytes[begin..cut]);
        if cut < end {
            let (bytes, at) = (bytes.slice(cut..end), Timestamp::from_micros(at.as_micros() + run.after));
            let lines = newlines(&bytes);
            let offset = start + cut as u64;
            found.push(StoredChunk { offset, first_line: line, stream: run.stream, bytes, at });
            line += lines;
        }
        begin = end;
    }
    found
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

const LAST_CHUNK: &str = "
    SELECT {chunk} FROM {chunks} WHERE log = $1 ORDER BY start DESC LIMIT 1";

/// The last chunk, for whoever goes on writing.
pub(super) async fn last_chunk(
    database: &dyn Database,
    of: LogOf,
    log: i64,
    position: &Position,
) -> StoreResult<Option<Chunk>> {
    if position.offset == 0 {
        return Ok(None);
    }
    let rows = database.run(Purpose::Read, &of_chunks(of.tables(), LAST_CHUNK), vec![log.into()]).await?;
    rows.into_iter().next().map(chunk).transpose()
}

/// BLAKE3 over a whole log as it is stored.
pub(super) async fn checksum(database: &dyn Database, of: LogOf) -> StoreResult<[u8; 32]> {
    let (mut hasher, mut offset) = (blake3::Hasher::new(), 0);
    loop {
        let page = read(database, of, LogFrom::Offset(offset), 16 * MAX_PIECE_BYTES).await?;
        if page.chunks.is_empty() {
            return Ok(*hasher.finalize().as_bytes());
        }
        for chunk in &page.chunks {
            hasher.update(&chunk.bytes);
        }
        offset = page.next_offset;
    }
}
