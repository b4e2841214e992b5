//! Finding the engine as the docker command does, and talking to it.
//!
//! `address` decides where it is (pure); `transport` opens the connection.

mod address;
mod transport;

pub use address::{Address, TlsFiles};
pub(crate) use address::{config_dir, from_environment};
pub(crate) use transport::{connect, describe};
