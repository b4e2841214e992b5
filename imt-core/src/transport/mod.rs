//! A connection out of nothing but a shell on the other side.
//!
//! Whoever can start a shell text on a host, feed it and read it ([`ShellHost`]) has the whole of
//! [`Connection`](crate::ports::Connection) with [`ShellConnection`]: commands with environment, directory and deadline, and files that
//! are replaced as a whole. The texts that run there are in `script` and are pure. Knows nothing of SSH or processes.

mod connection;
mod files;
mod host;
mod run;
mod script;

pub use connection::ShellConnection;
pub use host::ShellHost;
