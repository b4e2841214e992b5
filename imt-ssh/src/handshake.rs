//! The first part of a connection: keys are agreed on, and the host is recognised or refused. Nobody is logged in yet.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use imt_core::ports::{TransportError, TransportErrorKind, TransportResult};
use russh::client::{Config, Handle, Handler, Session, connect_stream};
use russh::keys::{Algorithm, PublicKey, PublicKeyOrCertificate};
use russh::{AlgorithmKind, Names, Preferred};
use tokio::time::timeout;

use crate::dial::Way;
use crate::failure;
use crate::options::{Keepalive, SshAddress};
use crate::pin::{Fingerprint, Trust, Verdict, all_algorithms, is_same_kind};

/// Looks at the key of a host while the connection is being made.
pub(crate) struct Watcher {
    /// Nobody is trusted without.
    trust: Option<Trust>,
    seen: Seen,
    /// Whether the host is known to keep the commands of one connection apart.
    shares: Arc<AtomicBool>,
}

type Seen = Arc<Mutex<Option<(PublicKey, Verdict)>>>;

impl Handler for Watcher {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        // Certificates are not asked for, so none is shown.
        let PublicKeyOrCertificate::PublicKey { key, .. } = shown else { return Ok(false) };
        let verdict = self.trust.as_ref().map_or(Verdict::Other, |trust| trust.judge(key));
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((key.clone(), verdict));
        Ok(verdict == Verdict::Trusted)
    }

    async fn kex_done(&mut self, _: Option<&[u8]>, _: &Names, session: &mut Session) -> Result<(), russh::Error> {
        let shares = session.remote_sshid().starts_with(b"SSH-2.0-OpenSSH");
        self.shares.store(shares, Ordering::Relaxed);
        Ok(())
    }
}

/// A host that is recognised; nobody is logged in yet.
pub(crate) struct Entered {
    pub(crate) handle: Handle<Watcher>,
    /// Whether one connection may have several commands at once.
    pub(crate) shares: bool,
}

/// How one look at a host ended.
pub(crate) enum Look {
    /// It is the one.
    Trusted(Entered),
    /// It has shown and proved this key.
    Shown(PublicKey, Verdict),
    /// It has no key of the kinds asked for.
    NoSuchKind,
}

/// Where to look, and how patiently.
pub(crate) struct Door<'a> {
    pub(crate) way: &'a Way,
    pub(crate) address: &'a SshAddress,
    pub(crate) limit: Duration,
    pub(crate) keepalive: Keepalive,
}

impl Door<'_> {
    /// Connects once and asks for keys of these kinds. A host that is not trusted is told nothing more.
    pub(crate) async fn look(&self, kinds: Vec<Algorithm>, trust: Option<Trust>) -> TransportResult<Look> {
        let bytes = self.way.dial(self.address, self.limit).await?;
        let config = Config {
            preferred: Preferred { key: kinds.into(), ..Preferred::default() },
            keepalive_interval: Some(self.keepalive.interval),
            keepalive_max: self.keepalive.max,
            inactivity_timeout: None,
            nodelay: true,
            ..Config::default()
        };
        let seen = Seen::default();
        let shares = Arc::<AtomicBool>::default();
        let watcher = Watcher { trust, seen: Arc::clone(&seen), shares: Arc::clone(&shares) };
        let whom = self.address.to_string();
        let connected = timeout(self.limit, connect_stream(Arc::new(config), bytes, watcher)).await;
        let shown = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        match connected {
            Ok(Ok(handle)) => Ok(Look::Trusted(Entered { handle, shares: shares.load(Ordering::Relaxed) })),
            Err(_) => Err(failure::unreachable(&whom, &format!("it does not speak SSH within {:?}", self.limit))),
            Ok(Err(russh::Error::NoCommonAlgo { kind: AlgorithmKind::Key, .. })) => Ok(Look::NoSuchKind),
            Ok(Err(error)) => match shown {
                Some((key, verdict)) if verdict != Verdict::Trusted => Ok(Look::Shown(key, verdict)),
                _ => Err(failure::unreachable(&whom, &format!("the handshake failed: {error}")).with_source(error)),
            },
        }
    }

    /// All keys of a host, one look for each kind. None is trusted by that.
    pub(crate) async fn keys(&self, mut kinds: Vec<Algorithm>) -> TransportResult<Vec<PublicKey>> {
        let mut keys = Vec::new();
        while !kinds.is_empty() {
            match self.look(kinds.clone(), None).await? {
                Look::Shown(key, _) => {
                    kinds.retain(|kind| !is_same_kind(kind, &key.algorithm()));
                    keys.push(key);
                }
                Look::NoSuchKind | Look::Trusted(_) => break,
            }
        }
        Ok(keys)
    }

    /// Connects to a host that is recognised, or says why not.
    pub(crate) async fn enter(&self, trust: &Trust) -> TransportResult<Entered> {
        let mut kinds = trust.algorithms();
        let mut shown = Vec::new();
        // A fingerprint does not say of which kind its key is: each kind gets its turn.
        while !kinds.is_empty() {
            match self.look(kinds.clone(), Some(trust.clone())).await? {
                Look::Trusted(entered) => return Ok(entered),
                Look::Shown(key, Verdict::Revoked) => return Err(self.revoked(&key)),
                Look::Shown(key, _) => {
                    kinds.retain(|kind| !is_same_kind(kind, &key.algorithm()));
                    shown.push(key);
                }
                Look::NoSuchKind => break,
            }
        }
        if shown.is_empty() {
            shown = self.keys(all_algorithms()).await?;
        }
        Err(self.not_the_one(trust, &shown))
    }

    fn revoked(&self, key: &PublicKey) -> TransportError {
        let message = format!("{} shows a key that is marked as revoked: {}", self.address, Fingerprint::of(key));
        TransportError::new(TransportErrorKind::HostKeyRevoked, message)
            .with_help("somebody else may hold that key: give the host a new one")
    }

    fn not_the_one(&self, trust: &Trust, shown: &[PublicKey]) -> TransportError {
        let address = self.address;
        let shown = listed(shown.iter().map(|key| format!("{} ({})", Fingerprint::of(key), key.algorithm())));
        let wanted = trust.wanted();
        if !wanted.is_empty() {
            let wanted = listed(wanted.iter().map(ToString::to_string));
            let message = format!("{address} is not the host that was pinned: wanted {wanted}, got {shown}");
            return TransportError::new(TransportErrorKind::HostKeyChanged, message)
                .with_help("find out on the host itself whether its key was changed; if not, somebody is in between");
        }
        if matches!(trust, Trust::Known(known) if known.has_authority) {
            let message = format!(
                "{address} is known by a certificate authority only (`@cert-authority`), which is not supported"
            );
            return TransportError::new(TransportErrorKind::Unsupported, message)
                .with_help(format!("pin one of its keys: {shown}"));
        }
        let message = format!("{address} is not known; it shows {shown}");
        TransportError::new(TransportErrorKind::HostKeyUnknown, message).with_help(
            "compare that with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the host itself, then pin it",
        )
    }
}

fn listed(texts: impl Iterator<Item = String>) -> String {
    let texts: Vec<String> = texts.collect();
    if texts.is_empty() { "no key".to_owned() } else { texts.join(" or ") }
}
