//! The simulator: from one seed a pipeline, its faults and its crashes, run on the real engine in virtual time.
//!
//! The world (containers, their output, their ends) and the store survive every crash; the engine does not. Each life
//! is ended after a chosen commit or at a chosen time, and the next one claims the pipeline and goes on, some of them only
//! after a pause. In the end `check` holds what happened against what is promised: with `bounds` where time is promised,
//! with `verdict` where it is how things end. `fleet` has scenarios of another kind: several runners, hosts and pipelines at
//! one store. The same seed always tells the same story: nothing here knows of a disk, of
//! the time of day or of another thread.

mod bounds;
mod check;
mod evidence;
mod fleet;
mod run;
mod scenario;
mod source;
mod verdict;
mod witness;

pub use evidence::Violation;
pub use fleet::{FleetCounts, FleetSummary, simulate_fleet};
pub use run::{Summary, simulate};
pub use source::Checkouts;
