//! From options to one connection that is logged in.

use imt_core::ports::{TransportError, TransportErrorKind, TransportResult};
use russh::client::Handle;
use tokio::time::timeout;

use crate::authenticate::authenticate;
use crate::dial::Way;
use crate::failure;
use crate::handshake::{Door, Entered, Watcher};
use crate::identity;
use crate::known_hosts::Known;
use crate::options::SshOptions;
use crate::pin::{HostPin, Trust};

/// One connection that is logged in. Closed when it is let go of.
pub(crate) struct Line {
    pub(crate) handle: Handle<Watcher>,
    /// Whether several commands may have it at once.
    pub(crate) shares: bool,
    /// Held for as long as the connection is.
    pub(crate) way: Way,
}

/// Connects and logs in.
pub(crate) async fn log_in(options: &SshOptions, way: &Way) -> TransportResult<Line> {
    // Whatever is wrong on this side is found before anybody is bothered.
    let identities = identity::ready(&options.identities).await?;
    let trust = trust(options)?;
    let door = Door { way, address: &options.address, limit: options.connect_timeout, keepalive: options.keepalive };
    let Entered { mut handle, shares } = door.enter(&trust).await?;
    let name = options.name();
    let limit = options.connect_timeout;
    let Ok(result) = timeout(limit, authenticate(&mut handle, &options.user, &name, &identities)).await else {
        return Err(failure::unreachable(&name, &format!("the login was not answered within {limit:?}")));
    };
    result.map(|()| Line { handle, shares, way: way.clone() })
}

fn trust(options: &SshOptions) -> TransportResult<Trust> {
    match &options.pin {
        HostPin::Fingerprint(fingerprint) => Ok(Trust::Fingerprint(fingerprint.clone())),
        HostPin::KnownHosts(files) => {
            Known::read(files, &options.address.known_name()).map(Trust::Known).map_err(|(file, error)| {
                let message = format!("`{}` cannot be read: {error}", file.display());
                TransportError::new(TransportErrorKind::HostKeyUnknown, message).with_source(error)
            })
        }
    }
}
