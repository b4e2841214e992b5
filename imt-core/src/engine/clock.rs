//! The one place where the engine reads a clock.
//!
//! Wall time is read once; from then on it is carried by the monotonic clock, so that a jump of the wall clock neither
//! fires nor delays a timeout. Under tokio's paused clock all of it is virtual.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep_until};

use crate::time::Timestamp;

/// Wall time that only moves forward.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    base: Timestamp,
    origin: Instant,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { base: Timestamp::from_system(SystemTime::now()), origin: Instant::now() }
    }

    /// One that said `base` at `origin`.
    #[cfg(feature = "testkit")]
    pub(super) const fn since(base: Timestamp, origin: Instant) -> Self {
        Self { base, origin }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.base.after(self.origin.elapsed())
    }

    /// The moment, on the monotonic clock, that a timestamp of this clock stands for.
    pub(super) fn instant(&self, at: Timestamp) -> Instant {
        let span = at.since(self.base).min(Duration::from_hours(24 * 365));
        self.origin + span
    }
}

/// The given moment, or never.
pub(super) async fn reached(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
