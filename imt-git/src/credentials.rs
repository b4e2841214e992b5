//! Credentials of an origin, and the files through which git and ssh get them.
//!
//! A password goes through git's own `credential-store` helper, which gives an entry only to exactly its protocol, host
//! and port; an ssh key through a configuration file for `ssh -F`. Neither is ever in a URL, in an argument, in the
//! environment or in a repository.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use imt_core::ports::{Failure, FailureKind};
use imt_core::secret::Secret;

use crate::addresses::Pin;
use crate::url::{Origin, Scheme};

/// What opens one origin.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Credentials {
    /// User and password, or user and token, for https.
    Password {
        /// The user.
        user: String,
        /// The password or token.
        secret: Secret,
    },
    /// A private key for ssh.
    SshKey {
        /// The file with the private key; it must not need a passphrase.
        private_key: PathBuf,
        /// The file with the host keys that are trusted; no other is accepted.
        known_hosts: PathBuf,
    },
}

impl Credentials {
    /// A token without a user of its own, as GitHub, GitLab and Gitea give them.
    pub fn token(secret: Secret) -> Self {
        Self::Password { user: "x-access-token".to_owned(), secret }
    }

    /// Refuses what cannot be handed over safely.
    pub(crate) fn check(&self, origin: &Origin) -> Result<(), Failure> {
        let wrong = |what: &str, help: &str| {
            Err(Failure::new(FailureKind::CheckoutFailed, format!("the credentials for {origin} {what}"))
                .with_help(help))
        };
        let control = |text: &str| text.chars().any(char::is_control);
        match (self, origin.scheme()) {
            (Self::Password { user, secret }, Scheme::Https | Scheme::Http) => {
                if user.is_empty() || secret.expose().is_empty() {
                    wrong("are empty", "give a user and a password or token")
                } else if control(user) || control(secret.expose()) {
                    wrong("contain a control character", "look for a newline at the end of the token")
                } else {
                    Ok(())
                }
            }
            (Self::SshKey { private_key, known_hosts }, Scheme::Ssh) => {
                let usable = |path: &Path| {
                    path.is_absolute() && path.to_str().is_some_and(|p| !control(p) && !p.contains(['"', '$']))
                };
                if usable(private_key) && usable(known_hosts) {
                    Ok(())
                } else {
                    wrong("name a file that cannot be used", "give absolute paths without quotes or control characters")
                }
            }
            (Self::Password { .. }, Scheme::Ssh) => wrong("are a password, which ssh does not take", "give an ssh key"),
            (Self::SshKey { .. }, _) => wrong("are an ssh key", "give a token, or use an ssh URL"),
        }
    }

    /// What must not appear in a message.
    pub(crate) fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Password { secret, .. } => Some(secret),
            Self::SshKey { .. } => None,
        }
    }
}

/// The content of a file for `git credential-store`; empty without a password.
pub(crate) fn store_file(known: &[(Origin, Credentials)]) -> String {
    let mut text = String::new();
    for (origin, credentials) in known {
        if let Credentials::Password { user, secret } = credentials {
            let (user, secret) = (percent_encode(user), percent_encode(secret.expose()));
            let scheme = origin.scheme().as_str();
            writeln!(text, "{scheme}://{user}:{secret}@{}", origin.authority()).unwrap_or_default();
        }
    }
    text
}

/// The content of a file for `ssh -F`: never asks, never forwards, trusts only the given host keys.
pub(crate) fn ssh_file(known: &[(Origin, Credentials)], connect_seconds: u64, pin: Option<&Pin>) -> String {
    let mut text = String::new();
    for (origin, credentials) in known {
        if let Credentials::SshKey { private_key, known_hosts } = credentials {
            let (key, hosts) = (private_key.display(), known_hosts.display());
            // `%` begins a token in these two settings.
            let (key, hosts) = (key.to_string().replace('%', "%%"), hosts.to_string().replace('%', "%%"));
            let host = origin.host().trim_matches(['[', ']']);
            let pinned = pin.map(|pin| pin.for_ssh(host)).unwrap_or_default();
            write!(text, "Host {host}\n{pinned}  IdentityFile \"{key}\"\n  UserKnownHostsFile \"{hosts}\"\n")
                .unwrap_or_default();
        }
    }
    write!(
        text,
        "Host *\n  BatchMode yes\n  StrictHostKeyChecking yes\n  GlobalKnownHostsFile /dev/null\n  UserKnownHostsFile \
         /dev/null\n  IdentitiesOnly yes\n  IdentityAgent none\n  IdentityFile none\n  ForwardAgent no\n  \
         ClearAllForwardings yes\n  PermitLocalCommand no\n  UpdateHostKeys no\n  ConnectTimeout {connect_seconds}\n  \
         ServerAliveInterval 15\n  ServerAliveCountMax 3\n"
    )
    .unwrap_or_default();
    text
}

fn percent_encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").unwrap_or_default();
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_bound_to_its_origin() {
        let origin = Origin::parse("https://git.acme.dev:8443").unwrap();
        let password = Credentials::Password { user: "a@b".into(), secret: Secret::new("p/w:1 é") };
        assert_eq!(store_file(&[(origin, password)]), "https://a%40b:p%2Fw%3A1%20%C3%A9@git.acme.dev:8443\n");
    }

    #[test]
    fn kind_and_content_are_checked() {
        let https = Origin::parse("https://h.dev").unwrap();
        let ssh = Origin::parse("ssh://h.dev").unwrap();
        let key = |path: &str| Credentials::SshKey { private_key: path.into(), known_hosts: "/k".into() };
        assert!(Credentials::token(Secret::new("t")).check(&https).is_ok());
        assert!(key("/id").check(&ssh).is_ok());
        for (credentials, origin) in [
            (Credentials::token(Secret::new("t\n")), &https),
            (Credentials::token(Secret::new("")), &https),
            (Credentials::token(Secret::new("t")), &ssh),
            (key("/id"), &https),
            (key("id"), &ssh),
            (key("/i\"d"), &ssh),
        ] {
            let failure = credentials.check(origin).unwrap_err();
            assert!(failure.help.is_some() && !failure.message.contains("t\n"), "{failure}");
        }
    }

    /// The real ssh must understand what we write for it.
    #[test]
    fn ssh_reads_its_configuration() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("config");
        let key = Credentials::SshKey { private_key: "/keys/id".into(), known_hosts: "/keys/known hosts".into() };
        let pin = Pin::new("h.dev", 2222, false, &["192.0.2.7".parse().unwrap()]);
        std::fs::write(&config, ssh_file(&[(Origin::parse("ssh://h.dev:2222").unwrap(), key)], 7, Some(&pin))).unwrap();
        let mut command = std::process::Command::new("ssh");
        let output = command.arg("-G").arg("-F").arg(&config).arg("git@h.dev").output().expect("ssh is needed");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        for line in [
            "batchmode yes",
            "stricthostkeychecking true",
            "identityfile /keys/id",
            "identitiesonly yes",
            "connecttimeout 7",
            "hostname 192.0.2.7",
            "hostkeyalias [h.dev]:2222",
        ] {
            assert!(said.lines().any(|seen| seen == line), "{line} is not in {said}");
        }
    }
}
