//! What time it is: the one place that asks.

use std::time::SystemTime;

use imt_core::time::Timestamp;

/// Now.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}
