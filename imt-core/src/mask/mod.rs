//! Masking: secrets are replaced by [`REPLACEMENT`] before a byte of a log leaves the runner.
//!
//! ```text
//! secrets ──encode──▶ needles ──▶ Needles { heads (fast skip), automaton (exact) } ──▶ Masker, one per stream
//! ```
//!
//! What is masked is the union of all occurrences of all needles in the whole stream, however it was split into
//! chunks; occurrences that overlap or touch become one replacement, so no fragment of a secret survives. It guards
//! against accident, not against a script that wants to leak.
//!
//! Deliberately knows nothing of jobs, lines, stores or time.

mod automaton;
mod encode;
mod heads;
mod masker;
mod needles;
#[cfg(test)]
mod tests;

pub use masker::{Masker, REPLACEMENT};
pub use needles::{ENCODED_LIMIT_BYTES, MAX_NEEDLE_BYTES, MIN_SECRET_BYTES, Needles};
