//! The SSH servers of `scripts/with-services`, and transports to them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use imt_core::ports::{Connection, RemoteCommand, RunOutput, Transport, TransportResult};
use imt_core::secret::Secret;
use imt_core::testkit::transport_suite::Subject;
use imt_ssh::{Fingerprint, HostPin, Identity, Keepalive, SshAddress, SshOptions, SshTransport};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::services;

/// Dropbear takes five connections at a time that have not logged in yet.
static DOORS: Semaphore = Semaphore::const_new(3);

/// Which of the two servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// OpenSSH; its users have the tools of this machine.
    OpenSsh,
    /// Dropbear; its users have busybox and nothing else.
    Dropbear,
}

impl Server {
    /// Where it listens.
    ///
    /// # Panics
    /// When it is not there.
    pub fn socket(self) -> SocketAddr {
        let given = match self {
            Self::OpenSsh => services::sshd(),
            Self::Dropbear => services::dropbear(),
        };
        given.parse().expect("an address and a port")
    }

    /// The same for a transport.
    pub fn address(self) -> SshAddress {
        address(self.socket())
    }

    /// The fingerprint of its Ed25519 key, asked of `ssh-keygen`.
    ///
    /// # Panics
    /// When the key cannot be read.
    pub fn fingerprint(self) -> Fingerprint {
        match self {
            Self::OpenSsh => fingerprint_in("host_ed25519.pub"),
            Self::Dropbear => fingerprint_in("dropbear_ed25519.pub"),
        }
    }

    /// Options that work.
    pub fn options(self) -> SshOptions {
        options_at(self.socket(), self.fingerprint())
    }
}

/// A socket as an address.
pub fn address(socket: SocketAddr) -> SshAddress {
    SshAddress::new(socket.ip().to_string(), socket.port())
}

/// Options for root with its Ed25519 key, and a connection that is quickly noticed to be dead.
pub fn options_at(socket: SocketAddr, fingerprint: Fingerprint) -> SshOptions {
    let mut options =
        SshOptions::new(address(socket), "root", HostPin::Fingerprint(fingerprint)).identity(identity("ed25519"));
    options.keepalive = Keepalive { interval: Duration::from_secs(1), max: 3 };
    options
}

/// A file of the servers' directory.
pub fn file(name: &str) -> PathBuf {
    PathBuf::from(services::ssh_dir()).join(name)
}

/// A key of the servers' directory, without a passphrase.
pub fn identity(name: &str) -> Identity {
    Identity::File { path: file(name), passphrase: None }
}

/// The same with one.
pub fn locked_identity(name: &str, passphrase: &str) -> Identity {
    Identity::File { path: file(name), passphrase: Some(Secret::new(passphrase)) }
}

/// What OpenSSH says is the fingerprint of a public key.
///
/// # Panics
/// When it says none.
pub fn fingerprint_in(name: &str) -> Fingerprint {
    let output = Command::new("ssh-keygen").arg("-lf").arg(file(name)).output().expect("ssh-keygen runs");
    let text = String::from_utf8(output.stdout).expect("text");
    text.split_whitespace().nth(1).expect("a fingerprint").parse().expect("a fingerprint")
}

/// Waits for its turn to log in.
///
/// # Panics
/// Never.
pub async fn door() -> SemaphorePermit<'static> {
    DOORS.acquire().await.expect("it is never closed")
}

/// Connects.
///
/// # Errors
/// Those of the transport.
pub async fn connect(options: SshOptions) -> TransportResult<Arc<dyn Connection>> {
    let _turn = door().await;
    SshTransport::new(options).connect().await
}

/// Runs a shell text to its end; what it prints.
///
/// # Errors
/// Those of the transport.
///
/// # Panics
/// When it does not succeed.
pub async fn say(connection: &dyn Connection, text: &str) -> TransportResult<String> {
    let stream = connection.run(RemoteCommand::shell(text)).await?;
    let output = RunOutput::collect(stream, 1 << 20).await?;
    assert!(output.exit.is_success(), "{text}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

struct InTurn(SshTransport);

#[async_trait]
impl Transport for InTurn {
    fn host(&self) -> String {
        self.0.host()
    }

    async fn connect(&self) -> TransportResult<Arc<dyn Connection>> {
        let _turn = door().await;
        self.0.connect().await
    }
}

#[async_trait]
impl Subject for Server {
    async fn transport(&self) -> Arc<dyn Transport> {
        Arc::new(InTurn(SshTransport::new(self.options())))
    }
}
