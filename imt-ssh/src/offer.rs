//! What a host offers, to be compared and pinned by somebody. Trusts nobody and logs in nowhere.

use std::time::Duration;

use imt_core::ports::{TransportError, TransportErrorKind, TransportResult};

use crate::dial::Way;
use crate::handshake::Door;
use crate::options::{Keepalive, SshAddress};
use crate::pin::{Fingerprint, all_algorithms};

/// A key that a host has shown and proved to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedKey {
    /// Its kind, as in `known_hosts`: `ssh-ed25519`.
    pub algorithm: String,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// The line that a `known_hosts` file would have.
    pub known_hosts_line: String,
}

/// The keys of a host, best first, one connection for each. Nothing says that it is the host that was meant.
///
/// # Errors
/// `Unreachable`; `Unsupported` when it has no key of a kind that is taken.
pub async fn offered_keys(address: &SshAddress, limit: Duration) -> TransportResult<Vec<OfferedKey>> {
    let door = Door { way: &Way::Direct, address, limit, keepalive: Keepalive::default() };
    let keys = door.keys(all_algorithms()).await?;
    if keys.is_empty() {
        let message = format!("{address} offers no key of a kind that is taken (Ed25519, ECDSA, RSA with SHA-2)");
        return Err(TransportError::new(TransportErrorKind::Unsupported, message));
    }
    keys.iter().map(|key| offered(address, key)).collect()
}

fn offered(address: &SshAddress, key: &russh::keys::PublicKey) -> TransportResult<OfferedKey> {
    let text = key.to_openssh().map_err(|error| {
        TransportError::new(TransportErrorKind::Internal, format!("a key of {address} cannot be written"))
            .with_source(error)
    })?;
    Ok(OfferedKey {
        algorithm: key.algorithm().to_string(),
        fingerprint: Fingerprint::of(key),
        known_hosts_line: format!("{} {}", address.known_name(), text.trim()),
    })
}
