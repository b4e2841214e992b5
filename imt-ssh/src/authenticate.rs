//! The second part of a connection: showing who we are, to a host that has been recognised.

use std::path::Path;
use std::sync::Arc;

use imt_core::ports::{TransportError, TransportErrorKind, TransportResult};
use russh::client::{AuthResult, Handle};
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::{HashAlg, PrivateKeyWithHashAlg, PublicKey};

use crate::failure;
use crate::handshake::Watcher;
use crate::identity::Ready;
use crate::pin::Fingerprint;

/// What was shown so far, and what came of it.
struct Login<'a> {
    handle: &'a mut Handle<Watcher>,
    user: &'a str,
    whom: &'a str,
    shown: Vec<Fingerprint>,
    wants_more: bool,
}

/// Logs in with the first identity that is taken.
pub(crate) async fn authenticate(
    handle: &mut Handle<Watcher>,
    user: &str,
    whom: &str,
    identities: &[Ready],
) -> TransportResult<()> {
    let mut login = Login { handle, user, whom, shown: Vec::new(), wants_more: false };
    for identity in identities {
        let taken = match identity {
            Ready::Key(key) => {
                let public = key.public_key().clone();
                login.show(&public, Signer::Key(key)).await?
            }
            Ready::Agent(socket) => login.show_all_of(socket).await?,
        };
        if taken {
            return Ok(());
        }
    }
    Err(login.refused())
}

enum Signer<'a> {
    Key(&'a Arc<russh::keys::PrivateKey>),
    Agent(&'a mut AgentClient<tokio::net::UnixStream>),
}

impl Login<'_> {
    async fn show_all_of(&mut self, socket: &Path) -> TransportResult<bool> {
        let silent = |error: russh::keys::Error| {
            let message = format!("the agent at `{}` does not answer: {error}", socket.display());
            TransportError::new(TransportErrorKind::BadIdentity, message)
                .with_help("check `SSH_AUTH_SOCK` and `ssh-add -l`")
                .with_source(error)
        };
        let mut agent = AgentClient::connect_uds(socket).await.map_err(silent)?;
        for identity in agent.request_identities().await.map_err(silent)? {
            // Certificates of users are not supported; the key below one usually stands beside it.
            let AgentIdentity::PublicKey { key, .. } = identity else { continue };
            if self.show(&key, Signer::Agent(&mut agent)).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Shows one key, in each way that the host may take.
    async fn show(&mut self, key: &PublicKey, mut signer: Signer<'_>) -> TransportResult<bool> {
        self.shown.push(Fingerprint::of(key));
        for hash in self.hashes(key).await? {
            let result = match &mut signer {
                Signer::Key(private) => {
                    let with_hash = PrivateKeyWithHashAlg::new(Arc::clone(private), hash);
                    self.handle.authenticate_publickey(self.user, with_hash).await.ok()
                }
                // An agent that does not sign with a key is as a host that does not take it.
                Signer::Agent(agent) => {
                    self.handle.authenticate_publickey_with(self.user, key.clone(), hash, *agent).await.ok()
                }
            };
            match result {
                Some(AuthResult::Success) => return Ok(true),
                Some(AuthResult::Failure { partial_success, .. }) => self.wants_more |= partial_success,
                None => {}
            }
            if self.handle.is_closed() {
                return Err(self.refused());
            }
        }
        Ok(false)
    }

    /// The hashes to sign with: for RSA what the host says it takes, never SHA-1.
    async fn hashes(&self, key: &PublicKey) -> TransportResult<Vec<Option<HashAlg>>> {
        if !key.algorithm().is_rsa() {
            return Ok(vec![None]);
        }
        match self.handle.best_supported_rsa_hash().await {
            Ok(Some(Some(hash))) => Ok(vec![Some(hash)]),
            Ok(Some(None)) => Err(TransportError::new(
                TransportErrorKind::Unsupported,
                format!("{} takes RSA keys with SHA-1 signatures only, which can be forged", self.whom),
            )
            .with_help("use an Ed25519 key, or a newer SSH server there")),
            Ok(None) => Ok(vec![Some(HashAlg::Sha512), Some(HashAlg::Sha256)]),
            Err(error) => Err(failure::unreachable(self.whom, &error.to_string()).with_source(error)),
        }
    }

    fn refused(&self) -> TransportError {
        let whom = self.whom;
        let shown: Vec<String> = self.shown.iter().map(ToString::to_string).collect();
        let message = match (shown.is_empty(), self.wants_more) {
            (true, _) => format!("there is no key to show to {whom}"),
            (_, true) => format!("{whom} takes a key but wants something more besides, which is not supported"),
            _ => format!("{whom} takes none of the keys shown: {}", shown.join(", ")),
        };
        TransportError::new(TransportErrorKind::AuthenticationRefused, message).with_help(
            "check the user, and that the public key stands in its `~/.ssh/authorized_keys` there and nobody else may write to that",
        )
    }
}
