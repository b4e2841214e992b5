//! The machine against a host that holds what a host holds: every step with every trouble, and at random.

mod cases;
mod drive;
mod host;
mod matrix;
mod order;
mod random;
mod rules;
mod watched;

use uuid::Uuid;

use crate::id::{DeploymentId, ReleaseId};

/// The release that runs before, where there is one.
const OLD: u32 = 1;
/// The release that is deployed.
const NEW: u32 = 2;

fn deployment() -> DeploymentId {
    DeploymentId::from_uuid(Uuid::from_u128(2))
}

fn release_id(number: u32) -> ReleaseId {
    ReleaseId::from_uuid(Uuid::from_u128(u128::from(number)))
}
