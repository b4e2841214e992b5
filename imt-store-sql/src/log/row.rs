//! Chunks as rows: their columns, and the compression of what is large enough for it to pay.
//!
//! Knows no statement and no log.

use imt_core::ports::{MAX_PIECE_BYTES, StoreError, StoreResult};
use imt_core::time::Timestamp;

use super::chunk::{Chunk, Position, runs_of};
use crate::value::{Row, Value};

/// The columns that [`values`] fills.
pub(super) const COLUMNS: &str = "log, start, first_line, runs, at, packed, bytes";
/// The columns that [`chunk`] reads.
pub(super) const READ: &str = "start, first_line, runs, at, packed, bytes";
/// What of a row is written anew when a chunk grows.
pub(super) const GROWS: &str =
    "(log, start) DO UPDATE SET runs = excluded.runs, packed = excluded.packed, bytes = excluded.bytes";

/// Smaller chunks stay as they are: they may still grow, and there is little to save.
const PACKED_FROM: usize = 2_048;
/// More than a chunk ever has, so that a damaged row cannot ask for all of the memory.
const MOST_BYTES: usize = 2 * MAX_PIECE_BYTES;

pub(super) fn values(log: i64, chunk: &Chunk) -> Vec<Value> {
    let packed = packed(&chunk.bytes);
    vec![
        log.into(),
        chunk.start.into(),
        chunk.first_line.into(),
        chunk.runs_text().into(),
        chunk.at.as_micros().into(),
        packed.is_some().into(),
        packed.unwrap_or_else(|| chunk.bytes.clone()).into(),
    ]
}

/// Where a log stands, as its own row has it: bytes, newlines, whether it ends in one, raw bytes of either stream, bytes left
/// out.
pub(super) fn standing(position: &Position) -> [Value; 6] {
    let Position { offset, newlines, ends_in_newline, raw, dropped, .. } = *position;
    [offset.into(), newlines.into(), ends_in_newline.into(), raw.stdout.into(), raw.stderr.into(), dropped.into()]
}

/// The bytes as an LZ4 block, if an eighth is saved at least.
fn packed(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.len() < PACKED_FROM {
        return None;
    }
    let packed = lz4_flex::block::compress(bytes);
    (packed.len() <= bytes.len() / 8 * 7).then_some(packed)
}

pub(super) fn chunk(row: Row) -> StoreResult<Chunk> {
    let mut row = row.of("log chunk");
    let (start, first_line, runs) = (row.count()?, row.count()?, row.text()?);
    let (at, is_packed, stored) = (Timestamp::from_micros(row.count()?), row.flag()?, row.bytes()?);
    let runs = runs_of(&runs).ok_or_else(|| wrong("a chunk whose runs cannot be understood"))?;
    let len = runs.iter().map(|run| run.len).fold(0, usize::saturating_add);
    let bytes = if is_packed { unpacked(&stored, len)? } else { stored };
    if bytes.len() != len {
        return Err(wrong("a chunk whose runs do not fit it"));
    }
    Ok(Chunk { start, first_line, at, runs, bytes })
}

fn unpacked(packed: &[u8], len: usize) -> StoreResult<Vec<u8>> {
    if len > MOST_BYTES {
        return Err(wrong("a chunk whose runs are longer than any chunk"));
    }
    lz4_flex::block::decompress(packed, len).map_err(|error| StoreError::Internal {
        message: format!("a log has a chunk that cannot be unpacked: {error}"),
        source: Some(Box::new(error)),
    })
}

/// The error for a log that is not as it was written.
pub(super) fn wrong(what: &str) -> StoreError {
    StoreError::Internal { message: format!("a log has {what}"), source: None }
}

#[cfg(test)]
mod tests {
    use imt_core::ports::StreamKind;

    use super::super::chunk::Run;
    use super::*;

    fn chunk_of(bytes: Vec<u8>) -> Chunk {
        let runs = vec![Run { stream: StreamKind::Stdout, len: bytes.len(), after: 0 }];
        Chunk { start: 7, first_line: 3, at: Timestamp::from_micros(5), runs, bytes }
    }

    /// As it comes back from a database, whose answer lacks the log's id.
    fn stored(chunk: &Chunk) -> Row {
        Row::new(values(1, chunk).split_off(1))
    }

    fn noise() -> Vec<u8> {
        let mut bytes = vec![0; MAX_PIECE_BYTES];
        blake3::Hasher::new().finalize_xof().fill(&mut bytes);
        bytes
    }

    #[test]
    fn what_is_stored_comes_back() {
        for bytes in [b"short\n".to_vec(), b"a line like the others\n".repeat(2_800), noise()] {
            let written = chunk_of(bytes);
            assert_eq!(chunk(stored(&written)).expect("it is whole"), written);
        }
    }

    #[test]
    fn only_what_pays_is_packed() {
        let is_packed = |bytes: Vec<u8>| values(1, &chunk_of(bytes))[5] == Value::from(true);
        assert!(is_packed(b"a line like the others\n".repeat(2_800)));
        assert!(!is_packed(b"short\n".to_vec()));
        assert!(!is_packed(noise()));
    }

    #[test]
    fn a_damaged_row_is_told() {
        let written = chunk_of(b"a line like the others\n".repeat(2_800));
        let damaged = |damage: &dyn Fn(&mut Vec<Value>)| {
            let mut columns = values(1, &written).split_off(1);
            damage(&mut columns);
            chunk(Row::new(columns)).expect_err("it is damaged").to_string()
        };
        let cut = damaged(&|columns| {
            if let Value::Bytes(Some(bytes)) = &mut columns[5] {
                bytes.truncate(100);
            }
        });
        assert!(cut.contains("cannot be unpacked"), "{cut}");
        let endless = damaged(&|columns| columns[2] = "o999999999999+0".into());
        assert!(endless.contains("longer than any chunk"), "{endless}");
        let as_it_is = damaged(&|columns| columns[4] = false.into());
        assert!(as_it_is.contains("do not fit"), "{as_it_is}");
    }
}
