//! Users of the machine that tests run as.

/// The user `nobody`.
pub const NOBODY: u32 = 65534;
