//! What a server does by itself, whoever calls or not: it looks for pushes that nobody told of, tells the
//! hosts of repositories how pipelines stand, and forgets what is over.
//!
//! Each of these is a loop until the server ends. Several servers at one store share the work through it, and none of them has
//! to be there: what one leaves, however it ends, the next one finds.

mod forgetting;
mod looks;
mod reports;

pub use forgetting::forget;
pub use looks::look_for_pushes;
pub(crate) use reports::report;
pub use reports::{report_pipelines, send_reports};

use std::time::Duration;

/// How often, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upkeep {
    /// How often each repository is asked for pushes that nobody told of; `None`: once when it is new, and when somebody wants
    /// it.
    pub look_every: Option<Duration>,
    /// For how long deliveries are kept once something has come of them.
    pub keep_deliveries: Duration,
    /// For how long it is known how commit statuses were reported.
    pub keep_reports: Duration,
}

impl Default for Upkeep {
    fn default() -> Self {
        let month = Duration::from_hours(30 * 24);
        Self { look_every: Some(Duration::from_mins(5)), keep_deliveries: month, keep_reports: month }
    }
}

/// A little more than this, and another time a little more again, so that servers that started together come apart.
fn about(duration: Duration) -> Duration {
    let mut lot = [0];
    // Without randomness they stay together, which costs nothing but that.
    let drawn = getrandom::fill(&mut lot).map_or(0, |()| u32::from(lot[0]));
    duration + duration / 2560 * drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_up_to_a_tenth_longer() {
        let minute = Duration::from_mins(1);
        let all: Vec<Duration> = (0..100).map(|_| about(minute)).collect();
        assert!(all.iter().all(|pause| *pause >= minute && *pause < minute + minute / 10), "{all:?}");
        assert!(all.iter().any(|pause| *pause != all[0]), "{all:?}");
    }
}
