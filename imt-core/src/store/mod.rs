//! [`MemoryStore`]: the store that needs nothing, for embedding, for the command line and for tests.
//!
//! It keeps every promise of [`ports::Store`](crate::ports::Store) for as long as the process lives; it does not
//! survive it. Split by what is kept: `ledger` the pipelines, claims and events, `queue` what waits, `variables` those of the
//! projects, `log` the bytes of one attempt, `segment` their layout, `spill` the file that may hold them; `catalog` is the second port,
//! `deployments` the third, with what `targets` keeps; `directory` is that of a server.

mod catalog;
mod deployments;
#[cfg(feature = "server")]
mod directory;
mod ledger;
mod log;
mod memory;
mod queue;
mod segment;
mod spill;
mod targets;
mod variables;

pub use memory::{MemoryStore, MemoryStoreBuilder};
