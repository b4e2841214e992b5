//! The store over SQL, written once for every database that agrees on it: schema and migrations, the statements of the
//! queue, commits, events and logs, and how rows become the model.
//!
//! What databases do not agree on is in [`Dialect`]; how one is reached is behind [`Database`] and [`Transaction`],
//! which the adapters implement. Knows no driver, no connection and no URL.
//!
//! **Portable SQL.** Ids are text, times `BIGINT` microseconds, flags 0 or 1, words as the model serialises them, structures
//! opaque JSON text: then both databases take the same statements and give the same answers.
//!
//! **Nothing half done.** Every write runs in a task of its own to its commit or rollback, so that a dropped future leaves
//! no open transaction and poisons no connection.

mod at_once;
mod beliefs;
mod catalog;
mod choice;
mod claimed;
mod claims;
mod database;
mod deployments;
mod dialect;
#[cfg(feature = "server")]
mod directory;
mod guarded;
mod identity;
mod keys;
mod leases;
mod log;
mod open;
mod pipelines;
mod queue;
mod replaced;
mod reseal;
mod rows;
mod schema;
mod seal;
mod store;
mod task;
mod value;
mod variables;

pub use database::{Database, DatabaseError, DatabaseResult, News, Purpose, Transaction};
pub use dialect::Dialect;
pub use guarded::{Guarded, Statement, together};
pub use keys::check_keys;
pub use open::OpenError;
pub use reseal::Resealed;
pub use schema::{MigrateError, SCHEMA_VERSION, migrate};
pub use seal::{KeyFileError, KeyRing, SealError};
pub use store::SqlStore;
pub use value::{Row, Value};
pub use variables::ListedVariable;
