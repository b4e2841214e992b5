//! Failures of the ports as problems of the pipeline: masked, because an end is shown and stored like a log.

use crate::mask::{Masker, Needles};
use crate::ports::Failure;
use crate::schedule::Problem;

/// What a failure ends things with. Its text comes from outside (an image's name, an engine's words) and may hold a secret.
pub(super) fn problem(failure: &Failure, needles: &Needles) -> Problem {
    Problem { reason: failure.kind.reason(), detail: Masker::text(needles, &failure.explain()) }
}

/// An error with all below it, as one sentence.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(cause) = below {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        below = cause.source();
    }
    text
}
