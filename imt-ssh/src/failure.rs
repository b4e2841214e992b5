//! From what the library below says to errors of the port.

use imt_core::ports::{TransportError, TransportErrorKind};

/// No connection came about.
pub(crate) fn unreachable(whom: &str, why: &str) -> TransportError {
    TransportError::new(TransportErrorKind::Unreachable, format!("{whom} cannot be reached: {why}"))
        .with_help("check the address, and that the host listens and no firewall is in between")
}

/// The connection is gone and nothing was sent.
pub(crate) fn not_connected(whom: &str) -> TransportError {
    TransportError::new(TransportErrorKind::NotConnected, format!("the connection to {whom} is gone"))
}

/// The connection went away in the middle.
pub(crate) fn lost(whom: &str) -> TransportError {
    TransportError::new(
        TransportErrorKind::ConnectionLost,
        format!("the connection to {whom} was lost while a command was running there"),
    )
    .with_help("whether it was done is not known")
}

/// The host gives no channel for commands at all.
pub(crate) fn no_channel(whom: &str, why: &str) -> TransportError {
    TransportError::new(TransportErrorKind::Unsupported, format!("{whom} opens no channel for commands ({why})"))
        .with_help("check `MaxSessions` in its `sshd_config`; it must not be 0")
}

/// The host has a channel but starts nothing in it.
pub(crate) fn no_commands(whom: &str) -> TransportError {
    TransportError::new(TransportErrorKind::Unsupported, format!("{whom} runs no commands for this user"))
        .with_help("the user needs a login shell there, and no forced command")
}
