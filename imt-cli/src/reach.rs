//! From how a target is reached to what reaches it: keys, passphrases, pins of this user.
//!
//! Knows no deployment.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use imt_core::deploy::settings::Reach;
use imt_core::ports::{Connection, Transport, TransportError, TransportErrorKind, TransportResult};
use imt_core::secret::Secret;
use imt_exec_local::LocalTransport;
use imt_ssh::{Fingerprint, HostPin, Identity, SshAddress, SshOptions, SshTransport};

use crate::error::{CliError, Result};
use crate::sources::SSH_KEYS;
use crate::{output, prompt};

/// The variable with the passphrase of an encrypted key.
pub(crate) const PASSPHRASE: &str = "IMT_SSH_PASSPHRASE";

/// A transport that has reached its target once, so that a wrong key or name is told before anything is done. The first connection
/// that it gives is that one.
pub(crate) async fn connected(reach: &Reach) -> Result<Arc<dyn Transport>> {
    let mut passphrase = passphrase_given();
    loop {
        let transport = transport(reach, passphrase.as_ref())?;
        let error = match transport.connect().await {
            Ok(connection) => return Ok(Arc::new(Reached { transport, first: Mutex::new(Some(connection)) })),
            Err(error) => error,
        };
        if error.kind != TransportErrorKind::PassphraseMissing || passphrase.is_some() {
            return Err(unreached(error));
        }
        // There may be several keys.
        output::note(&error.message);
        let asked = prompt::ask("the key's", "passphrase", &format!("set {PASSPHRASE}")).await?;
        passphrase = Some(Secret::new(asked));
    }
}

/// A transport with a connection that nobody has used yet.
struct Reached {
    transport: Arc<dyn Transport>,
    first: Mutex<Option<Arc<dyn Connection>>>,
}

#[async_trait]
impl Transport for Reached {
    fn host(&self) -> String {
        self.transport.host()
    }

    async fn connect(&self) -> TransportResult<Arc<dyn Connection>> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        match first {
            Some(connection) => Ok(connection),
            None => self.transport.connect().await,
        }
    }
}

fn unreached(error: TransportError) -> CliError {
    CliError::errored(error.message.clone()).maybe_help(error.help.clone()).because(error)
}

/// What reaches a target with what there is of this user; makes no connection.
pub(crate) fn unconnected(reach: &Reach) -> Result<Arc<dyn Transport>> {
    transport(reach, passphrase_given().as_ref())
}

fn passphrase_given() -> Option<Secret> {
    std::env::var(PASSPHRASE).ok().map(Secret::new)
}

fn transport(reach: &Reach, passphrase: Option<&Secret>) -> Result<Arc<dyn Transport>> {
    let home = home()?;
    Ok(match reach {
        Reach::Local => Arc::new(LocalTransport::new(home)),
        Reach::Ssh { host, port, user, identity, host_key, jump } => {
            let ssh = home.join(".ssh");
            let pin = match host_key {
                Some(fingerprint) => HostPin::Fingerprint(fingerprint.parse::<Fingerprint>().map_err(|error| {
                    CliError::usage(error.to_string()).help("`imt ssh-host-key HOST` shows those that a host has")
                })?),
                None => known_hosts(&ssh),
            };
            let identities = identities(identity.as_deref().map(Path::new), &ssh, passphrase);
            let user = user.clone().unwrap_or_else(own_name);
            let mut options = SshOptions::new(SshAddress::new(host, *port), user, pin);
            options.identities.clone_from(&identities);
            if let Some(jump) = jump {
                let (user, address) = address(jump)?;
                let mut over = SshOptions::new(address, user.unwrap_or_else(own_name), known_hosts(&ssh));
                over.identities = identities;
                options = options.jump(over);
            }
            Arc::new(SshTransport::new(options))
        }
    })
}

/// The key that is named; else those of an agent, else the usual ones.
fn identities(named: Option<&Path>, ssh: &Path, passphrase: Option<&Secret>) -> Vec<Identity> {
    let file = |path: PathBuf| Identity::File { path, passphrase: passphrase.cloned() };
    if let Some(path) = named {
        return vec![file(path.to_owned())];
    }
    let agent = std::env::var_os("SSH_AUTH_SOCK").map(PathBuf::from).filter(|socket| socket.exists());
    let agent = agent.map(|socket| Identity::Agent { socket });
    let usual = SSH_KEYS.iter().map(|name| ssh.join(name)).filter(|path| path.is_file());
    match agent {
        Some(agent) => vec![agent],
        None => usual.map(file).collect(),
    }
}

fn known_hosts(ssh: &Path) -> HostPin {
    HostPin::KnownHosts(vec![ssh.join("known_hosts"), PathBuf::from("/etc/ssh/ssh_known_hosts")])
}

/// `[USER@]HOST[:PORT]`.
pub(crate) fn address(text: &str) -> Result<(Option<String>, SshAddress)> {
    let (user, host) = text.rsplit_once('@').map_or((None, text), |(user, host)| (Some(user), host));
    let address = SshAddress::parse(host).filter(|_| user.is_none_or(|user| !user.is_empty() && !user.contains('@')));
    let address = address.ok_or_else(|| {
        CliError::usage(format!("`{text}` is no host")).help("write `[user@]host[:port]`, IPv6 addresses in brackets")
    })?;
    Ok((user.map(str::to_owned), address))
}

fn home() -> Result<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    home.ok_or_else(|| CliError::errored("HOME is not set").help("set it to the directory of this user"))
}

/// Who we are on this machine, as ssh takes it where nobody says a user.
fn own_name() -> String {
    std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "root".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read() {
        let read = |text| address(text).map(|(user, address)| (user, address.to_string())).ok();
        assert_eq!(read("example.org"), Some((None, "example.org:22".to_owned())));
        assert_eq!(read("ann@[::1]:2222"), Some((Some("ann".to_owned()), "[::1]:2222".to_owned())));
        for bad in ["", "@h", "a b", "a@b@c", "h:0"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
