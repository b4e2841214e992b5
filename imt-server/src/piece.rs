//! A piece of a log, as clients are given it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imt_core::ports::{StoredChunk, StreamKind};
use imt_core::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A piece of a log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Piece {
    /// Its first byte.
    offset: u64,
    /// The line that it begins in, counted from 0.
    line: u64,
    /// `stdout`, `stderr`, or `system`: what the runner has to say.
    #[schema(value_type = String)]
    stream: StreamKind,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[serde(flatten)]
    bytes: Text,
}

/// Bytes of a log. A piece may end within a character, and a job may print anything.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Text {
    /// The bytes, where they are text.
    Text(String),
    /// The bytes in base64, where they are none.
    Base64(String),
}

impl Piece {
    /// How many bytes it is on its way.
    pub(crate) fn len(&self) -> usize {
        match &self.bytes {
            Text::Text(text) | Text::Base64(text) => text.len(),
        }
    }
}

impl Text {
    fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Base64(STANDARD.encode(bytes)),
        }
    }
}

impl From<StoredChunk> for Piece {
    fn from(chunk: StoredChunk) -> Self {
        let StoredChunk { offset, first_line, stream, bytes, at } = chunk;
        Self { offset, line: first_line, stream, at, bytes: Text::of(&bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_told_all_the_same() {
        assert_eq!(Text::of("é".as_bytes()), Text::Text("é".to_owned()));
        assert_eq!(Text::of(&[0xc3]), Text::Base64("ww==".to_owned()));
    }
}
