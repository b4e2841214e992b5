//! Ports of a host: which ones a release is to publish, who holds them, and whether one keeps the other from it.
//!
//! `address` is what can be listened on, and when two of those exclude each other; `held` reads who listens on a host; `taken`
//! compares. Where it cannot be told whether two exclude each other they do not: the engine then says so itself, and the
//! deployment is rolled back.

mod address;
mod held;
mod taken;

pub use address::{Addresses, HostPort};
pub use held::{Held, HeldPort, PortHolder, read_listeners};
pub use taken::{TakenPort, containers_that_hold, giving_way, taken_ports};

#[cfg(test)]
mod tests;
