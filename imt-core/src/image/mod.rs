//! Image references, such as `python:3.12` or `registry.example.org:5000/team/app@sha256:…`.
//!
//! The grammar and the defaults are those of the distribution project, so that what is accepted here is what engines and
//! registries accept. Pure; knows no registry and fetches nothing.

mod error;
mod reference;

pub use error::{ImageReferenceError, MAX_PATH_BYTES, MAX_TAG_BYTES};
pub use reference::{DEFAULT_DOMAIN, DEFAULT_TAG, ImageReference};
