//! What is said over the socket, both ways.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imt_core::feed::{Observation, Position};
use imt_core::ports::StreamKind;
use imt_core::schedule::Change;
use serde::{Deserialize, Serialize};

use crate::http::Code;

/// What a client says.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Said {
    /// Wants to follow a pipeline.
    Follow {
        /// What the client calls it in this connection.
        id: u32,
        /// The project's id or name.
        project: String,
        /// The pipeline's number.
        pipeline: std::num::NonZeroU64,
        /// How far the client has come; absent: nothing yet.
        #[serde(default)]
        position: Option<Position>,
    },
    /// Does not want to follow it any more.
    Leave {
        /// What the client calls it.
        id: u32,
    },
}

/// What we say.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Told {
    /// Something has happened in a pipeline that is followed.
    Event { id: u32, change: Change, position: Position },
    /// More of a job's log.
    Log {
        id: u32,
        job: u32,
        attempt: u32,
        offset: u64,
        stream: StreamKind,
        #[serde(flatten)]
        text: Text,
        position: Position,
    },
    /// All has been told: the pipeline is over.
    End { id: u32 },
    /// It cannot be followed.
    Refused { id: u32, code: Code, detail: String },
    /// It cannot be followed any more.
    Failed { id: u32, code: Code, detail: String },
}

/// Bytes of a log. A piece may end within a character, and a job may print anything.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Text {
    Text(String),
    Base64(String),
}

impl Text {
    fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Base64(STANDARD.encode(bytes)),
        }
    }
}

impl Told {
    /// What was seen, and how far whoever has heard it has come.
    pub(super) fn of(id: u32, seen: Observation, position: Position) -> Self {
        match seen {
            Observation::Event(event) => Self::Event { id, change: event.change, position },
            Observation::Log { attempt, chunk } => Self::Log {
                id,
                job: attempt.job.0,
                attempt: attempt.number,
                offset: chunk.offset,
                stream: chunk.stream,
                text: Text::of(&chunk.bytes),
                position,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_told_all_the_same() {
        assert_eq!(Text::of("é".as_bytes()), Text::Text("é".to_owned()));
        assert_eq!(Text::of(&[0xc3]), Text::Base64("ww==".to_owned()));
        let json = serde_json::to_string(&Told::End { id: 7 }).unwrap();
        assert_eq!(json, r#"{"type":"end","id":7}"#);
    }

    #[test]
    fn only_what_is_meant_is_understood() {
        let follow = r#"{"type":"follow","id":1,"project":"shop","pipeline":3}"#;
        assert!(matches!(serde_json::from_str(follow), Ok(Said::Follow { id: 1, position: None, .. })));
        for wrong in
            ["", "[]", r#"{"type":"follow"}"#, r#"{"type":"leave","id":1,"x":2}"#, r#"{"type":"other","id":1}"#]
        {
            assert!(serde_json::from_str::<Said>(wrong).is_err(), "{wrong}");
        }
    }
}
