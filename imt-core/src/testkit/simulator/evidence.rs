//! What a scenario leaves to look at, and how a broken promise is told.
//!
//! Knows no promise.

use std::fmt;
use std::time::Duration;

use crate::id::PipelineId;
use crate::ports::Store;
use crate::testkit::FakeWorld;
use crate::testkit::simulator::scenario::Scenario;
use crate::testkit::simulator::source::SimulatedSource;

/// A broken promise, with all that is needed to see it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The seed that repeats it.
    pub seed: u64,
    /// What was broken.
    pub what: String,
    /// The scenario of the seed.
    pub scenario: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}: {}\nscenario: {}", self.seed, self.what, self.scenario)
    }
}

impl std::error::Error for Violation {}

/// What is left to look at when all lives are over.
pub(super) struct Evidence<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) pipeline: PipelineId,
    pub(super) store: &'a dyn Store,
    pub(super) world: &'a FakeWorld,
    pub(super) source: &'a SimulatedSource,
    pub(super) testimony: Vec<String>,
    /// How long it took from the beginning to the end of the last life.
    pub(super) over_after: Duration,
}

/// Whether a promise was kept; else what was broken.
pub(super) type Verdict = Result<(), String>;

pub(super) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(what()) }
}
