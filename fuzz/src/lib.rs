//! What each fuzz target does with its input: a panic is a find.
//!
//! Each target holds the code against a simple model or against laws that must always be true. `tests/replay.rs` runs
//! the corpora through the same functions.
#![forbid(unsafe_code)]

mod compose_project;
mod image_reference;
mod log_framing;
mod masker;
mod pipeline_file;
mod script;

pub use compose_project::compose_project;
pub use image_reference::image_reference;
pub use log_framing::log_framing;
pub use masker::masker;
pub use pipeline_file::pipeline_file;

/// The target's name and its body.
pub type Target = (&'static str, fn(&[u8]));

/// All targets, under the names of their corpora.
pub const TARGETS: &[Target] = &[
    ("pipeline_file", pipeline_file),
    ("masker", masker),
    ("log_framing", log_framing),
    ("image_reference", image_reference),
    ("compose_project", compose_project),
];
