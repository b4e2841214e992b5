//! Tools for testing adapters and tools built on this crate: strict fakes, conformance suites, a simulator.

mod alternating;
mod alternating_deployments;
pub mod catalog_suite;
pub mod deployment_suite;
#[cfg(feature = "server")]
pub mod directory_suite;
pub mod executor_suite;
pub mod fake_executor;
mod fault_store;
mod seed;
pub mod simulator;
pub mod store_suite;
pub mod transport_suite;

pub use alternating::Alternating;
pub use fake_executor::{FakeExecutor, FakeScript, FakeWorld};
pub use fault_store::{AfterCrash, FaultRates, FaultStore, StoreCall, StoreFault};
pub use seed::Seed;
