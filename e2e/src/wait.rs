//! Waiting for a condition, with a deadline. The one place of these tests that sleeps.

use std::thread;
use std::time::{Duration, Instant};

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// How long anything that should happen "soon" may take on a busy machine.
pub const SOON: Duration = Duration::from_mins(1);

/// Looks until there is something to see, or panics with what it waited for.
///
/// # Panics
/// When nothing is seen within the deadline.
pub fn until<T>(what: &str, deadline: Duration, look: impl FnMut() -> Option<T>) -> T {
    within(deadline, look).unwrap_or_else(|| panic!("waited {deadline:?} in vain for: {what}"))
}

/// Looks until it holds, or panics with what it waited for.
///
/// # Panics
/// When it does not hold within the deadline.
pub fn until_holds(what: &str, deadline: Duration, mut holds: impl FnMut() -> bool) {
    until(what, deadline, || holds().then_some(()));
}

/// Looks until there is something to see or the deadline has passed.
pub fn within<T>(deadline: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    loop {
        let seen = look();
        if seen.is_some() || began.elapsed() >= deadline {
            return seen;
        }
        thread::sleep(LOOK);
    }
}

/// As [`until`], for what is asked for.
///
/// # Panics
/// When nothing is seen within the deadline.
pub async fn until_told<T>(what: &str, deadline: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(began.elapsed() < deadline, "waited {deadline:?} in vain for: {what}");
        tokio::time::sleep(LOOK).await;
    }
}

/// Lets time pass: until the moment of a fault, which is drawn, or for as long as a fault lasts.
pub async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}
