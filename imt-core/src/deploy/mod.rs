//! Deployments: what the engine decides on the way of a release to its target, and back.
//!
//! Pure: it is given `now` and what was observed, and returns data. It knows no SSH, no Docker API and no compose file; what
//! it has to know of the compose model it takes in types of its own ([`health::ExpectedService`]).

mod beforehand;
pub mod command;
pub mod drift;
mod expectation;
pub mod health;
pub mod host_port;
pub mod machine;
pub mod plan;
pub mod platform;
pub mod release;
pub mod settings;

pub use beforehand::{Beforehand, beforehand};
pub use expectation::{Patience, expected_services, named_containers};
