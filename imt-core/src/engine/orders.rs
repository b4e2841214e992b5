//! What a driver wants of one attempt: orders that are only ever raised.

use crate::schedule::CancelLevel;

/// How far the attempt may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Leave {
    /// Prepare, but say nothing: its turn has not come.
    #[default]
    Ahead,
    /// Its turn has come: report when prepared.
    Turn,
    /// Its start is committed.
    Go,
}

/// What the driver wants of the attempt; only ever raised.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Orders {
    pub(super) leave: Leave,
    pub(super) stop: Option<CancelLevel>,
}
