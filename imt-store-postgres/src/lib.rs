//! The store in a PostgreSQL database (14 and later), shared by any number of runners on any number of hosts.
//!
//! READ COMMITTED and row locks; leases by the database's clock. Pools are bounded, and the renewal of leases has one of its
//! own, so that a flood of other work costs nobody a claim.
//!
//! Knows how PostgreSQL is reached and what it says differently; everything else is in `imt-store-sql`.

mod convert;
mod database;
mod dialect;
mod error;
mod hints;
mod open;
mod pool;

pub use open::{Options, open};
