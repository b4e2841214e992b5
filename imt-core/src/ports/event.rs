//! The port through which listeners learn that there is something new to read.

use crate::id::{AttemptId, PipelineId};
use crate::ports::store::EventId;

/// A hint that the store holds something new. The store is the truth; a lost hint loses nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// Events up to this id are committed.
    Events {
        /// Of which pipeline.
        pipeline: PipelineId,
        /// The newest of them.
        last: EventId,
    },
    /// An attempt's log is durable up to this offset.
    Log {
        /// Of which attempt.
        attempt: AttemptId,
        /// First byte that is not there yet.
        next_offset: u64,
    },
}

/// Told after each commit and each durable piece of log.
///
/// *Called* by the engine, from any of its tasks, concurrently. *Must* return at once: no I/O, no lock held for long.
/// It has no way to fail and may drop what it is told.
pub trait EventSink: Send + Sync {
    /// There is something new to read.
    fn notify(&self, notice: Notice);
}

/// A sink for those who do not listen.
#[derive(Debug, Clone, Copy, Default)]
pub struct NullSink;

impl EventSink for NullSink {
    fn notify(&self, _notice: Notice) {}
}
