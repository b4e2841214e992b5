//! What comes before git is run: whether a repository is allowed at all, and the session that git gets for it.
//!
//! Knows nothing of what is then done.

use imt_core::id::CommitId;
use imt_core::ports::{Failure, FailureKind};
use tokio::time::Instant;

use crate::lock::{FileLock, Mode};
use crate::session::{Session, calls_lock};
use crate::source::{GitSource, Submodules};
use crate::url::{Repository, Scheme, UrlError};
use crate::version::GitVersion;

impl GitSource {
    /// Checks what was asked for and gets ready to run git; nothing is started for a repository that is not allowed.
    pub(crate) async fn open(&self, repository: &str, deadline: Instant) -> Result<(Repository, Session), Failure> {
        let repository = self.allowed(repository).await?;
        let session = self.session(&repository, deadline).await?;
        Ok((repository, session))
    }

    /// A repository that this source may be asked for, with a git that it may be asked of.
    pub(crate) async fn allowed(&self, repository: &str) -> Result<Repository, Failure> {
        let repository = parse_repository(repository)?;
        if let Repository::Remote(url) = &repository
            && url.origin().scheme() == Scheme::Http
            && !self.loopback_http
        {
            return Err(plain_http("the address of the repository is refused"));
        }
        if let Repository::Local(path) = &repository
            && !path.is_dir()
        {
            let message = format!("there is no directory {}", path.display());
            return Err(
                Failure::new(FailureKind::CheckoutFailed, message).with_help("check the path of the repository")
            );
        }
        if let Repository::Remote(url) = &repository
            && url.origin().scheme() == Scheme::Ssh
            && !self.known.iter().any(|(origin, _)| origin == url.origin())
        {
            let message = format!("no ssh key was given for {}, where {repository} is", url.origin());
            let help = "give the source credentials for this origin: a private key and a known_hosts file";
            return Err(Failure::new(FailureKind::CheckoutFailed, message).with_help(help));
        }
        self.checked.get_or_try_init(|| self.check_git()).await?;
        Ok(repository)
    }

    async fn check_git(&self) -> Result<(), Failure> {
        let version = GitVersion::detect(self.git.program()).await?;
        version.require_floor()?;
        if self.addresses.are_checked() {
            version.require_pins()?;
        }
        let is_updating = self.submodules == Submodules::Update;
        if is_updating && !self.trusted_git { version.require_no_holes() } else { Ok(()) }
    }

    /// A session that reaches this repository, and what else may be asked for with it.
    pub(crate) async fn session(&self, repository: &Repository, deadline: Instant) -> Result<Session, Failure> {
        let known: Vec<_> = match repository {
            // Submodules may be on any origin; git and ssh give each only its own.
            _ if self.submodules == Submodules::Update => self.known.clone(),
            Repository::Remote(url) => {
                self.known.iter().filter(|(origin, _)| origin == url.origin()).cloned().collect()
            }
            Repository::Local(_) => Vec::new(),
        };
        let pin = match repository {
            Repository::Remote(url) => self.addresses.pin(url.origin(), deadline).await?,
            Repository::Local(_) => None,
        };
        let making = FileLock::acquire(&calls_lock(&self.sessions), Mode::Shared, deadline).await?;
        Session::open(&self.sessions, repository.protocol(), &known, self.limits, pin.as_ref(), &making)
    }

    /// The session for whatever needs nothing but a mirror: it has no credentials and reaches nothing. One for all, because
    /// to make one and to remove it costs more than what most calls do with it.
    pub(crate) async fn session_without_network(&self, deadline: Instant) -> Result<&Session, Failure> {
        let opened = async {
            let making = FileLock::acquire(&calls_lock(&self.sessions), Mode::Shared, deadline).await?;
            Session::open(&self.sessions, NO_PROTOCOL, &[], self.limits, None, &making)
        };
        self.without_network.get_or_try_init(|| opened).await
    }
}

/// To git an empty list of protocols is one that allows none.
const NO_PROTOCOL: &str = "";

pub(crate) fn parse_commit(commit: &CommitId) -> Result<CommitId, Failure> {
    CommitId::parse(commit.as_str()).map_err(|error| {
        Failure::new(FailureKind::CommitNotFound, error.to_string()).with_help("give the full hash, in lower case")
    })
}

fn parse_repository(text: &str) -> Result<Repository, Failure> {
    Repository::parse(text).map_err(|error| {
        Failure::new(FailureKind::CheckoutFailed, format!("the address of the repository is refused: {error}"))
            .with_help(error.help())
    })
}

pub(crate) fn plain_http(what: &str) -> Failure {
    let (error, failure) = (UrlError::PlainHttp, FailureKind::CheckoutFailed);
    Failure::new(failure, format!("{what}: {error}")).with_help(error.help())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::deadline_in;
    use std::process::Command;
    use std::time::Duration;

    #[tokio::test]
    async fn without_network_git_reaches_nothing() {
        let dir = tempfile::tempdir().unwrap();
        assert!(
            Command::new("git")
                .args(["init", "--quiet", "--bare"])
                .arg(dir.path().join("r"))
                .status()
                .unwrap()
                .success()
        );
        let source = GitSource::builder(dir.path().join("cache")).build().unwrap();
        let session = source.session_without_network(deadline_in(Duration::from_mins(1))).await.unwrap();
        for address in
            [format!("file://{}/r", dir.path().display()), "https://localhost/r".into(), "ssh://localhost/r".into()]
        {
            let call = source.git.call("listing", session.path(), deadline_in(Duration::from_mins(1)));
            let output = call.envs(session.env()).args(["ls-remote", &address]).run().await.unwrap();
            assert!(!output.success() && output.stderr.contains("not allowed"), "{address}: {}", output.stderr);
        }
    }
}
