//! Deployments: over a real SSH server, to the engine and with the registry of `scripts/with-services`.
//!
//! `place` is where to, `project` what, `contenders` who else does it; `compare` measures them side by side, `gap` looks at the service
//! from outside meanwhile, `many` drives many at once from one process. Knows no step of a deployment.

mod compare;
mod contenders;
mod gap;
pub(crate) mod many;
mod place;
mod project;

pub(crate) use compare::against_others;
pub(crate) use gap::gap;
pub(crate) use many::twenty_targets;
