//! A strict, scripted executor in virtual time.
//!
//! [`FakeWorld`] is what outlives a process of ours: containers that run on, and the record of every call.
//! [`FakeExecutor`] is one life of a process in that world; dropping it (or [`FakeExecutor::crash`]) is a crash: what
//! runs goes on, what waits at its gate dies un-begun, and a new life attaches.
//!
//! Nothing runs in the background: a container is its script and the instants at which it was started and stopped, and
//! everything else follows from the clock. So it is deterministic under tokio's paused time, whatever the order of
//! polling, and survives the tasks that drove it. Rules of the contract that a caller breaks are kept as
//! [`FakeWorld::violations`].

mod container;
mod executor;
mod script;
mod world;

pub use executor::FakeExecutor;
pub use script::{FakeEnd, FakeScript, OnTerm};
pub use world::{Call, FakeWorld, Method};

#[cfg(test)]
mod tests;
