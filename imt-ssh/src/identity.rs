//! Who we are: keys from files, from memory, or in an agent.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use imt_core::ports::{TransportError, TransportErrorKind, TransportResult};
use imt_core::secret::Secret;
use russh::keys::{PrivateKey, decode_secret_key};

/// Something to show to a host.
#[derive(Debug, Clone)]
pub enum Identity {
    /// A private key in a file: OpenSSH's own format, PKCS#8 or PEM; Ed25519, ECDSA or RSA.
    File {
        /// Where it is.
        path: PathBuf,
        /// What opens it, if it is encrypted.
        passphrase: Option<Secret>,
    },
    /// A private key as the text of such a file.
    Key {
        /// The text.
        text: Secret,
        /// What opens it, if it is encrypted.
        passphrase: Option<Secret>,
    },
    /// All keys of an agent, in its order. A host takes only so many tries (`MaxAuthTries`, 6 with OpenSSH).
    Agent {
        /// Its socket, `SSH_AUTH_SOCK` usually.
        socket: PathBuf,
    },
}

/// An identity at hand.
#[derive(Clone)]
pub(crate) enum Ready {
    Key(Arc<PrivateKey>),
    Agent(PathBuf),
}

/// Makes identities ready, before anybody is connected to.
pub(crate) async fn ready(identities: &[Identity]) -> TransportResult<Vec<Ready>> {
    let identities = identities.to_vec();
    // Reads files, and opening a key is expensive on purpose.
    let reading = tokio::task::spawn_blocking(move || identities.iter().map(read).collect());
    reading.await.unwrap_or_else(|error| {
        Err(TransportError::new(TransportErrorKind::Internal, "the keys could not be read").with_source(error))
    })
}

fn read(identity: &Identity) -> TransportResult<Ready> {
    match identity {
        Identity::File { path, passphrase } => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| bad(format!("key `{}` cannot be read: {error}", path.display())).with_source(error))?;
            decode(&Secret::new(text), passphrase.as_ref(), &name(path)).map(Ready::Key)
        }
        Identity::Key { text, passphrase } => decode(text, passphrase.as_ref(), "the key").map(Ready::Key),
        Identity::Agent { socket } => Ok(Ready::Agent(socket.clone())),
    }
}

fn name(path: &Path) -> String {
    format!("key `{}`", path.display())
}

fn bad(message: String) -> TransportError {
    TransportError::new(TransportErrorKind::BadIdentity, message)
}

fn decode(text: &Secret, passphrase: Option<&Secret>, name: &str) -> TransportResult<Arc<PrivateKey>> {
    let encrypted = is_encrypted(text.expose());
    if encrypted && passphrase.is_none() {
        let message = format!("{name} is encrypted and no passphrase was given");
        return Err(TransportError::new(TransportErrorKind::PassphraseMissing, message)
            .with_help("give its passphrase, or add it to an agent"));
    }
    // A passphrase for a key that needs none is left aside.
    let passphrase = passphrase.filter(|_| encrypted).map(Secret::expose);
    // The error of the library is left out: it may quote what it was reading.
    match decode_secret_key(text.expose(), passphrase) {
        Ok(key) if key.algorithm().is_dsa() => Err(bad(format!("{name} is a DSA key, which no host should take"))),
        Ok(key) => Ok(Arc::new(key)),
        Err(_) if encrypted => {
            let message = format!("the passphrase does not open {name}");
            Err(TransportError::new(TransportErrorKind::PassphraseWrong, message)
                .with_help("`ssh-keygen -y -f FILE` tells whether one does; a key that is in an agent needs none"))
        }
        Err(_) => Err(bad(format!("{name} is no private key that can be read"))
            .with_help("Ed25519, ECDSA and RSA keys are, in OpenSSH's own format, PKCS#8 or PEM (`ssh-keygen -p -f FILE` rewrites one)")),
    }
}

/// Whether a key says of itself that it is encrypted.
fn is_encrypted(text: &str) -> bool {
    text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----")
        || text.lines().any(|line| line.starts_with("Proc-Type: 4,ENCRYPTED"))
        || PrivateKey::from_openssh(text).is_ok_and(|key| key.is_encrypted())
}
