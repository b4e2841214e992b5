//! Where commits come from for whoever works over a store: mirrors in the state directory, and this user's own credentials.
//!
//! A repository gets what the user's git and ssh would use for its origin and nothing else: over https an entry of
//! `~/.git-credentials`, over ssh a key of `~/.ssh` and the hosts of its `known_hosts`. Knows no pipeline and no store.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use imt_core::id::{CommitId, PipelineId};
use imt_core::ports::{Checkout, Failure, FailureKind, Source};
use imt_core::secret::Secret;
use imt_git::{Credentials, GitSource, Origin, Repository, Scheme};
use tempfile::TempDir;

/// Private keys that ssh looks for by itself, the newest kind first.
pub(crate) const SSH_KEYS: [&str; 3] = ["id_ed25519", "id_ecdsa", "id_rsa"];

type Warn = Arc<dyn Fn(&str) + Send + Sync>;

/// A source for repositories of any origin.
pub(crate) struct Sources {
    mirrors: PathBuf,
    home: Option<PathBuf>,
    warn: Warn,
    /// One for each origin, so that none is given the credentials of another; `None`: those of this machine.
    opened: Mutex<BTreeMap<Option<Origin>, Arc<GitSource>>>,
}

impl Sources {
    /// A source with its mirrors below a state directory.
    pub(crate) fn new(state: &Path, warn: impl Fn(&str) + Send + Sync + 'static) -> Self {
        let home = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
        Self { mirrors: state.join("mirrors"), home, warn: Arc::new(warn), opened: Mutex::default() }
    }

    /// The commit that a reference stands for, in a directory of its own.
    pub(crate) async fn fetch(&self, repository: &str, reference: &str) -> Result<Fetched, Failure> {
        let commit = self.resolve(repository, reference).await?;
        let unusable = |error: std::io::Error| {
            let help = "make room in the temporary directory, or name another one in TMPDIR";
            Failure::new(FailureKind::WorkspaceFailed, "there is no place for a checkout")
                .with_help(help)
                .with_source(error)
        };
        let dir = tempfile::Builder::new().prefix("imt-checkout-").tempdir().map_err(unusable)?;
        let into = dir.path().join("files");
        std::fs::create_dir(&into).map_err(unusable)?;
        let order =
            Checkout { pipeline: PipelineId::generate(), project: None, repository, commit: &commit, into: &into };
        self.checkout(order).await?;
        Ok(Fetched { commit, files: into, _dir: dir })
    }

    fn of(&self, repository: &str) -> Result<Arc<GitSource>, Failure> {
        // What is no repository is for the source to refuse, which has the words for it.
        let origin = match Repository::parse(repository) {
            Ok(Repository::Remote(url)) => Some(url.origin().clone()),
            Ok(Repository::Local(_)) | Err(_) => None,
        };
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = opened.get(&origin) {
            return Ok(Arc::clone(source));
        }
        let warn = Arc::clone(&self.warn);
        let mut builder = GitSource::builder(&self.mirrors).on_warning(move |text| warn(text));
        if let Some(origin) = &origin
            && let Some(credentials) = self.credentials(origin)?
        {
            builder = builder.credentials(origin.to_string(), credentials);
        }
        let source = Arc::new(builder.build()?);
        opened.insert(origin, Arc::clone(&source));
        Ok(source)
    }

    fn credentials(&self, origin: &Origin) -> Result<Option<Credentials>, Failure> {
        let Some(home) = &self.home else { return Ok(None) };
        match origin.scheme() {
            Scheme::Ssh => ssh_key(&home.join(".ssh"), origin).map(Some),
            Scheme::Https | Scheme::Http => {
                let path = home.join(".git-credentials");
                match std::fs::read_to_string(&path) {
                    Ok(text) => Ok(password(&text, origin)),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                    Err(error) => {
                        let message = format!("the credentials for {origin} cannot be read from `{}`", path.display());
                        Err(Failure::new(FailureKind::CheckoutFailed, message).with_source(error))
                    }
                }
            }
        }
    }
}

/// A commit and its files, which go with this.
pub(crate) struct Fetched {
    pub(crate) commit: CommitId,
    /// A work tree.
    pub(crate) files: PathBuf,
    _dir: TempDir,
}

#[async_trait]
impl Source for Sources {
    async fn checkout(&self, order: Checkout<'_>) -> Result<(), Failure> {
        self.of(order.repository)?.checkout(order).await
    }

    async fn resolve(&self, repository: &str, reference: &str) -> Result<CommitId, Failure> {
        self.of(repository)?.resolve(repository, reference).await
    }
}

fn ssh_key(dir: &Path, origin: &Origin) -> Result<Credentials, Failure> {
    let private_key = SSH_KEYS.iter().map(|name| dir.join(name)).find(|path| path.is_file());
    let private_key = private_key.ok_or_else(|| {
        let message = format!("there is no ssh key for {origin} in `{}`", dir.display());
        let help =
            "make one without a passphrase, `ssh-keygen -t ed25519 -N ''` say, and let the repository's host know it";
        Failure::new(FailureKind::CheckoutFailed, message).with_help(help)
    })?;
    Ok(Credentials::SshKey { private_key, known_hosts: dir.join("known_hosts") })
}

/// What a file of `git credential-store` has for an origin.
fn password(text: &str, origin: &Origin) -> Option<Credentials> {
    text.lines().find_map(|line| {
        let (scheme, rest) = line.trim().split_once("://")?;
        let (login, place) = rest.split_once('@')?;
        // With a path it is for that repository alone, which we do not tell apart.
        let same = Origin::parse(&format!("{scheme}://{}", place.trim_end_matches('/'))).is_ok_and(|of| of == *origin);
        let (user, secret) = login.split_once(':').filter(|_| same)?;
        Some(Credentials::Password { user: decoded(user)?, secret: Secret::new(decoded(secret)?) })
    })
}

/// Text with `%` and two digits for some of its bytes.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_gets_its_own_password_and_no_other() {
        let text =
            "https://a:one@one.dev\nhttps://b%40c:p%3Aw@two.dev:8443/\nhttps://x:y@one.dev/only/this.git\nnonsense\n";
        let of = |origin: &str| match password(text, &Origin::parse(origin).unwrap()) {
            Some(Credentials::Password { user, secret }) => Some((user, secret.expose().to_owned())),
            _ => None,
        };
        assert_eq!(of("https://one.dev"), Some(("a".to_owned(), "one".to_owned())));
        assert_eq!(of("https://two.dev:8443"), Some(("b@c".to_owned(), "p:w".to_owned())));
        assert_eq!(of("https://two.dev"), None);
        assert_eq!(of("https://three.dev"), None);
    }

    #[test]
    fn ssh_takes_the_first_key_that_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let origin = Origin::parse("ssh://h.dev").unwrap();
        let failure = ssh_key(dir.path(), &origin).unwrap_err();
        assert!(failure.message.contains("ssh://h.dev") && failure.help.is_some());
        std::fs::write(dir.path().join("id_ed25519"), "").unwrap();
        let Credentials::SshKey { private_key, known_hosts } = ssh_key(dir.path(), &origin).unwrap() else { panic!() };
        assert_eq!(private_key, dir.path().join("id_ed25519"));
        assert_eq!(known_hosts, dir.path().join("known_hosts"));
    }

    #[test]
    fn percents_are_decoded() {
        assert_eq!(decoded("a%3Ab%c3%a9").as_deref(), Some("a:bé"));
        for bad in ["%", "%2", "%zz", "%ff"] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
    }
}
