//! Whether the machine keeps its speed: a machine that is shared with others becomes slower in moments, for everybody on it, and
//! says nothing about it. The time that a piece of counting takes its processor tells; what waits for a processor does not count.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::harness::median;

/// With what is counted each time, about a twentieth of a processor.
const EVERY: Duration = Duration::from_millis(5);
const COUNTED: u64 = 100_000;
/// It is slow where the same takes so many times what it mostly takes.
const SLOW: f64 = 1.5;
/// What is so near to a slow piece is slow as well: the next one is so far away, and what was begun then is late.
const NEAR: Duration = Duration::from_millis(25);

/// It is felt until it is asked.
pub(super) struct Pulse {
    is_over: Arc<AtomicBool>,
    felt: JoinHandle<Vec<(Instant, f64)>>,
}

impl Pulse {
    pub(super) fn feel() -> Self {
        let is_over = Arc::<AtomicBool>::default();
        let asked = Arc::clone(&is_over);
        let felt = std::thread::spawn(move || {
            let mut felt = Vec::new();
            while !asked.load(Ordering::Relaxed) {
                std::thread::sleep(EVERY);
                felt.push((Instant::now(), piece()));
            }
            felt
        });
        Self { is_over, felt }
    }

    /// The moments in which the machine was slow.
    pub(super) fn slow(self) -> Result<Slow, String> {
        self.is_over.store(true, Ordering::Relaxed);
        let felt = self.felt.join().map_err(|_| "the pulse was lost")?;
        let mostly = median(felt.iter().map(|(_, took)| *took).collect());
        Ok(Slow(felt.into_iter().filter(|(_, took)| *took > SLOW * mostly).map(|(at, _)| at).collect()))
    }
}

/// Counts, and answers the milliseconds of processor time that took.
fn piece() -> f64 {
    let now = || {
        let now = clock_gettime(ClockId::ThreadCPUTime);
        Duration::from_secs(now.tv_sec.unsigned_abs()) + Duration::from_nanos(now.tv_nsec.unsigned_abs())
    };
    let began = now();
    black_box((0..COUNTED).fold(0_u64, |sum, next| black_box(sum.wrapping_add(next))));
    now().saturating_sub(began).as_secs_f64() * 1e3
}

/// In their order.
pub(super) struct Slow(Vec<Instant>);

impl Slow {
    /// Whether the machine was slow while something went on, or just before.
    pub(super) fn has(&self, began: Instant, over: Instant) -> bool {
        let first = self.0.partition_point(|at| *at + NEAR < began);
        self.0.get(first).is_some_and(|at| *at <= over + NEAR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_a_slow_moment_is_slow() {
        let (began, ms) = (Instant::now(), Duration::from_millis);
        let slow = Slow(vec![began + ms(100), began + ms(500)]);
        let has = |from, to| slow.has(began + ms(from), began + ms(to));
        assert_eq!(
            [(0, 70), (0, 80), (110, 120), (130, 140), (130, 480), (530, 600)].map(|(a, b)| has(a, b)),
            [false, true, true, false, true, false]
        );
    }

    #[test]
    fn a_pulse_is_felt() {
        let pulse = Pulse::feel();
        assert!(piece() > 0.0);
        assert!(pulse.slow().is_ok());
    }
}
