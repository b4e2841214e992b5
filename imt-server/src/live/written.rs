//! Pieces of logs as JSON, written once for all who are told them: that takes much longer than to copy them.
//!
//! Knows nothing of who is told, or of what else a message says.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use imt_core::ports::StoredChunk;

use crate::piece::Piece;

/// An object of JSON, with the fields of a [`Piece`].
pub(super) type Text = Arc<str>;

/// Pieces that were written of late.
pub(crate) struct Written {
    most_bytes: usize,
    places: Mutex<Places>,
}

#[derive(Default)]
struct Places {
    by_bytes: BTreeMap<Key, Place>,
    /// In the order in which they came to be.
    order: VecDeque<Key>,
    weight: usize,
}

/// Where the bytes of a piece are in memory, and how many. Whoever shares what was read has the same.
type Key = (usize, usize);

struct Place {
    text: Arc<OnceLock<Text>>,
    weight: usize,
    /// As long as they are here, no others can be where they are.
    #[expect(dead_code, reason = "they are held")]
    bytes: Bytes,
}

impl Written {
    /// Keeps about so many bytes at most.
    pub(crate) fn new(most_bytes: usize) -> Self {
        Self { most_bytes, places: Mutex::default() }
    }

    /// A piece as JSON. Two who ask at once are answered by one of them.
    pub(super) fn text(&self, chunk: StoredChunk) -> Text {
        // All that is nothing is at one place.
        if chunk.bytes.is_empty() {
            return write(chunk);
        }
        let place = self.place(&chunk.bytes);
        Arc::clone(place.get_or_init(|| write(chunk)))
    }

    fn place(&self, bytes: &Bytes) -> Arc<OnceLock<Text>> {
        let key = (bytes.as_ptr().addr(), bytes.len());
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = places.by_bytes.get(&key) {
            return Arc::clone(&place.text);
        }
        let text = Arc::default();
        // The bytes themselves, and about as much again as text.
        let weight = size_of::<Place>() + 2 * bytes.len();
        places.by_bytes.insert(key, Place { text: Arc::clone(&text), weight, bytes: bytes.clone() });
        places.order.push_back(key);
        places.weight += weight;
        while places.weight > self.most_bytes
            && let Some(oldest) = places.order.pop_front()
        {
            let gone = places.by_bytes.remove(&oldest);
            places.weight -= gone.map_or(0, |gone| gone.weight);
        }
        text
    }
}

/// A piece as JSON, for one.
pub(super) fn write(chunk: StoredChunk) -> Text {
    serde_json::to_string(&Piece::from(chunk)).expect("it is numbers and texts").into()
}

#[cfg(test)]
mod tests {
    use imt_core::ports::StreamKind;
    use imt_core::time::Timestamp;

    use super::*;

    fn chunk(bytes: &Bytes) -> StoredChunk {
        let at = Timestamp::default();
        StoredChunk { offset: 3, first_line: 1, stream: StreamKind::Stdout, bytes: bytes.clone(), at }
    }

    #[test]
    fn a_piece_is_written_once_for_all_who_share_it() {
        let (written, bytes) = (Written::new(1 << 20), Bytes::from("a\n".repeat(100)));
        let first = written.text(chunk(&bytes));
        assert!(first.starts_with(r#"{"offset":3,"line":1,"stream":"stdout","at":"#), "{first}");
        assert!(Arc::ptr_eq(&first, &written.text(chunk(&bytes))));
        let same = Bytes::copy_from_slice(&bytes);
        let other = written.text(chunk(&same));
        assert!(!Arc::ptr_eq(&first, &other), "others' bytes are not known by what they are");
        assert_eq!(first, other);
    }

    #[test]
    fn the_oldest_go_where_there_are_too_many() {
        let written = Written::new(10 * (size_of::<Place>() + 200));
        for nth in 0..100_u8 {
            written.text(chunk(&Bytes::from(vec![b'a' + nth % 26; 100])));
        }
        let places = written.places.lock().unwrap();
        assert_eq!((places.by_bytes.len(), places.order.len()), (10, 10));
        assert_eq!(places.weight, 10 * (size_of::<Place>() + 200));
    }
}
