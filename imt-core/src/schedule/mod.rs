//! The stage scheduler: a pure machine that decides what happens next in one pipeline.
//!
//! [`Machine::handle`] takes an input and answers with changes to commit, effects to perform after the commit, and
//! keeps its own state by [`PipelineState::apply`], the same fold that every store uses. [`Machine::deadline`] says when
//! it wants to be woken. No clock (it is given `now`), no I/O, no randomness; it knows no executor and no store.
//!
//! Rules of the order: stages one after another; jobs of a stage in file order, up to `concurrency` side by side; a
//! failure lets its stage finish and skips every later stage, unless the job allows failure.

mod again;
mod cancel;
mod change;
mod course;
mod decision;
pub mod invariants;
mod machine;
mod order;
mod outcome;
mod state;
mod turn;
mod verdict;

pub use again::{NotAgain, again};
pub use cancel::cancel_changes;
pub use change::{CancelLevel, Change, ChangeKind, StopCause};
pub use decision::{Decision, Effect, Input, Whereabouts};
pub use machine::Machine;
pub use outcome::{AttemptOutcome, Problem};
pub use state::{AttemptPhase, AttemptState, JobState, PipelineState};
