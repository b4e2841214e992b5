//! IMT: Transport over SSH.
//!
//! [`SshTransport`] reaches a host as a user, by keys of files, of memory or of an agent, directly or through a jump host. The
//! host is recognised by a fingerprint or by `known_hosts` files; there is no way to accept any. [`offered_keys`] shows what a
//! host offers, so that somebody can compare it and pin it.
//!
//! What can be done with a connection is `imt_core`'s `ShellConnection`; this crate starts a shell text over a channel,
//! feeds it and reads it. It knows the port in `imt-core` and nothing of releases, stores or other adapters.

mod authenticate;
mod channel;
mod dial;
mod failure;
mod handshake;
mod host;
mod identity;
mod known_hosts;
mod lines;
mod login;
mod offer;
mod options;
mod pin;
mod transport;
mod tunnel;

pub use identity::Identity;
pub use offer::{OfferedKey, offered_keys};
pub use options::{Keepalive, SshAddress, SshOptions};
pub use pin::{Fingerprint, FingerprintError, HostPin};
pub use transport::SshTransport;
