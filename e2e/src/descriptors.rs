//! How many file descriptors a test may have, and with it the processes that it starts.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is open beside what a test counts.
const BESIDE: u64 = 1024;

/// Raises the limit, if it is lower, so that there is room for so many connections at each end.
///
/// # Panics
/// When the system does not allow it.
pub fn allow(connections: usize) {
    let needed = u64::try_from(connections).expect("a number") + BESIDE;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= needed) {
        return;
    }
    let maximum = maximum.map(|maximum| maximum.max(needed));
    setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum }).unwrap_or_else(|error| {
        panic!("{connections} connections need {needed} file descriptors (ulimit -Hn, or run this as root): {error}")
    });
}
