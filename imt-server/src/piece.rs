//! A piece of a log, as clients are given it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use imt_core::ports::{StoredChunk, StreamKind};
use imt_core::time::Timestamp;
use serde::{Serialize, Serializer};
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
    #[schema(value_type = Text)]
    bytes: Raw,
}

/// Bytes of a log, as they are told. A piece may end within a character, and a job may print anything.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it only says what is sent")]
enum Text {
    /// The bytes, where they are text.
    Text(String),
    /// The bytes in base64, where they are none.
    Base64(String),
}

/// Bytes of a log. They become text only when they are sent: many who are told the same share them until then.
#[derive(Debug)]
struct Raw(Bytes);

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => serializer.collect_map([("text", text)]),
            Err(_) => serializer.collect_map([("base64", STANDARD.encode(&self.0))]),
        }
    }
}

impl Piece {
    /// How many bytes of the log it holds.
    pub(crate) fn len(&self) -> usize {
        self.bytes.0.len()
    }
}

impl From<StoredChunk> for Piece {
    fn from(chunk: StoredChunk) -> Self {
        let StoredChunk { offset, first_line, stream, bytes, at } = chunk;
        Self { offset, line: first_line, stream, at, bytes: Raw(bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_told_all_the_same() {
        let told = |bytes: &'static [u8]| serde_json::to_string(&Raw(Bytes::from_static(bytes))).unwrap();
        assert_eq!(told("é".as_bytes()), r#"{"text":"é"}"#);
        assert_eq!(told(&[0xc3]), r#"{"base64":"ww=="}"#);
    }
}
