//! What a fake job does: plain data.

use std::time::Duration;

use bytes::Bytes;

use crate::ports::{FailureKind, StreamKind};

/// How a fake job ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FakeEnd {
    /// With an exit code.
    Code(i32),
    /// By a signal of its own making.
    Signal(i32),
    /// Out of memory.
    OutOfMemory,
    /// The engine lost it after it had begun.
    Lost,
}

/// What a fake job does on SIGTERM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnTerm {
    /// It dies at once.
    Dies,
    /// It cleans up for a while, says something and ends with a code.
    CleansUp {
        /// How long that takes.
        takes: Duration,
        /// Its last words, on stdout.
        says: Bytes,
        /// The code it then ends with.
        code: i32,
    },
    /// It goes on.
    Ignores,
}

/// What one attempt does, from preparation to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeScript {
    pub(super) prepare_takes: Duration,
    pub(super) prepare_failures: Vec<FailureKind>,
    pub(super) runs_for: Option<Duration>,
    pub(super) output: Vec<(Duration, StreamKind, Bytes)>,
    pub(super) end: FakeEnd,
    pub(super) on_term: OnTerm,
    pub(super) logs_break_after: Option<u64>,
}

impl Default for FakeScript {
    fn default() -> Self {
        Self::exit(0)
    }
}

impl FakeScript {
    /// Ends with a code after no time, without a word.
    pub fn exit(code: i32) -> Self {
        Self {
            prepare_takes: Duration::ZERO,
            prepare_failures: Vec::new(),
            runs_for: Some(Duration::ZERO),
            output: Vec::new(),
            end: FakeEnd::Code(code),
            on_term: OnTerm::Dies,
            logs_break_after: None,
        }
    }

    /// Succeeds after this long.
    pub fn runs_for(span: Duration) -> Self {
        Self::exit(0).lasting(span)
    }

    /// Runs until it is stopped.
    pub fn never_ends() -> Self {
        Self { runs_for: None, ..Self::exit(0) }
    }

    /// The same, running this long.
    #[must_use]
    pub fn lasting(mut self, span: Duration) -> Self {
        self.runs_for = Some(span);
        self
    }

    /// The same, ending so.
    #[must_use]
    pub fn ending(mut self, end: FakeEnd) -> Self {
        self.end = end;
        self
    }

    /// The same, printing bytes to stdout as soon as it begins.
    #[must_use]
    pub fn prints(self, bytes: impl Into<Bytes>) -> Self {
        self.prints_at(Duration::ZERO, StreamKind::Stdout, bytes)
    }

    /// The same, printing this long after its begin. What is due after its end is never printed.
    #[must_use]
    pub fn prints_at(mut self, after: Duration, stream: StreamKind, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        assert!(!bytes.is_empty(), "a chunk of output is never empty");
        self.output.push((after, stream, bytes));
        self.output.sort_by_key(|(after, ..)| *after);
        self
    }

    /// The same, with a preparation that takes this long.
    #[must_use]
    pub fn prepare_takes(mut self, span: Duration) -> Self {
        self.prepare_takes = span;
        self
    }

    /// The same, with one more preparation that fails before one succeeds.
    #[must_use]
    pub fn prepare_fails(mut self, kind: FailureKind) -> Self {
        self.prepare_failures.push(kind);
        self
    }

    /// The same, with this answer to SIGTERM.
    #[must_use]
    pub fn on_term(mut self, answer: OnTerm) -> Self {
        self.on_term = answer;
        self
    }

    /// The same, with a log stream that fails once, after this many bytes.
    #[must_use]
    pub fn logs_break_after(mut self, bytes: u64) -> Self {
        self.logs_break_after = Some(bytes);
        self
    }
}
