//! The store in a SQLite file: the embedded default, for one host.
//!
//! Any number of processes of the host may use one file. WAL, `synchronous=FULL`: what was acknowledged survives a loss of
//! power, unless the file was opened with less [`Durability`]. One connection writes, as SQLite has one writer anyway; others read.
//!
//! Knows how SQLite is reached and what it says differently; everything else is in `imt-store-sql`.

mod backup;
mod connections;
mod convert;
mod database;
mod dialect;
mod error;
mod open;

pub use backup::{BackupError, backup};
pub use open::{Durability, open, open_with};
