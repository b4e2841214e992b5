//! What a commit becomes on its way to a target: its files, its compose model and the images that it builds.
//!
//! Everything here is on this machine. Made once for each process that drives a deployment: a later one makes the same again,
//! because the commit and what was supplied beside it say all of it.

mod env;
mod files;
mod make;

pub(super) use files::{SourceFile, blocking};
pub(super) use make::{Material, make};
