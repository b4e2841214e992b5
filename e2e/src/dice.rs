//! Chance that can be had again: numbers from a seed, and how long a test goes on, from the environment.

use std::env;
use std::time::{Duration, SystemTime};

/// Numbers from a seed (splitmix64).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The same numbers for the same seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A time shorter than this one, which is at least a microsecond.
    pub fn below(&mut self, longest: Duration) -> Duration {
        let micros = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX).max(1);
        Duration::from_micros(self.next() % micros)
    }
}

/// The seed of this run: `IMT_FAULT_SEED`, or another one each time. It is printed, and so shown by a test that fails.
#[expect(clippy::print_stderr, reason = "a failing test has to show it")]
pub fn seed() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seed = number("IMT_FAULT_SEED", now.as_secs());
    eprintln!("IMT_FAULT_SEED={seed}");
    seed
}

/// A number from the environment, or the usual one.
///
/// # Panics
/// When it is no number.
pub fn number(name: &str, usual: u64) -> u64 {
    match env::var(name) {
        Ok(given) => given.parse().unwrap_or_else(|e| panic!("{name}={given}: {e}")),
        Err(_) => usual,
    }
}
