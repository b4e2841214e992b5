//! One stored log cut into lines, each of its streams by itself.

use std::collections::BTreeMap;

use imt_core::lines::{Line, LineFramer};
use imt_core::ports::{StoredChunk, StreamKind};
use imt_core::time::Timestamp;

/// A log that is being printed.
#[derive(Default)]
pub(super) struct LogLines {
    framers: BTreeMap<&'static str, LineFramer>,
    /// When its last piece came.
    at: Timestamp,
}

impl LogLines {
    /// A piece of it.
    pub(super) fn feed(&mut self, chunk: &StoredChunk, print: impl FnMut(Line<'_>)) {
        self.at = chunk.at;
        self.framers.entry(chunk.stream.as_str()).or_default().feed(&chunk.bytes, print);
    }

    /// There is no more of it: what has no newline is a line all the same.
    pub(super) fn finish(mut self, mut print: impl FnMut(StreamKind, Timestamp, Line<'_>)) {
        for stream in [StreamKind::Stdout, StreamKind::Stderr, StreamKind::System] {
            if let Some(mut framer) = self.framers.remove(stream.as_str()) {
                framer.finish(|line| print(stream, self.at, line));
            }
        }
    }
}
