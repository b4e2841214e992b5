//! Where a project's commits come from: its repository, opened with the project's own credentials and kept in mirrors of its
//! own, so that nobody reads through one project what only another may.

use std::collections::BTreeMap;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use imt_core::directory::{ProjectKey, ProjectRecord, SecretName};
use imt_core::id::{CommitId, ProjectId};
use imt_core::ports::{Checkout, Directory, Failure, FailureKind, Source, StoreError};
use imt_core::secret::Secret;
use imt_git::{Credentials, GitSource, GitSourceBuilder, OneFile, Origin, Repository, Scheme};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::passing::{self, InPassing, PASSING, PassingDir};
use crate::policy::is_inside;

/// How many wait at once for what is in a project's repository. One that hangs is waited for for minutes, by a process of git for each
/// of them.
const ASKING: usize = 8;
/// How long the next one waits for a turn.
const TURN_WITHIN: Duration = Duration::from_secs(10);

/// What a project's repository was opened with, so that a change is noticed.
type OpenedWith = (String, Option<Secret>);

/// The repositories of all projects.
pub struct Repositories {
    directory: Arc<dyn Directory>,
    root: PathBuf,
    known_hosts: PathBuf,
    allows_private_networks: bool,
    /// Whether directories of this machine count.
    allows_directories: bool,
    opened: Mutex<BTreeMap<ProjectId, (OpenedWith, Arc<GitSource>)>>,
    turns: Mutex<BTreeMap<ProjectId, Arc<Semaphore>>>,
}

impl Repositories {
    /// With mirrors and keys below a directory of ours. Hosts that are reached over SSH are in `known_hosts`, or are not talked
    /// to.
    pub fn new(directory: Arc<dyn Directory>, root: impl Into<PathBuf>, known_hosts: impl Into<PathBuf>) -> Self {
        let (root, known_hosts) = (root.into(), known_hosts.into());
        Self {
            directory,
            root,
            known_hosts,
            allows_private_networks: true,
            allows_directories: true,
            opened: Mutex::default(),
            turns: Mutex::default(),
        }
    }

    /// Whether hosts may have addresses inside of the server's own network; they may if it is not said. Where not, every address
    /// of a host is looked at before git connects, and git connects to nothing else.
    #[must_use]
    pub fn private_networks(mut self, allowed: bool) -> Self {
        self.allows_private_networks = allowed;
        self
    }

    /// The commit that each branch has now.
    ///
    /// # Errors
    /// As [`GitSource::heads`].
    pub(crate) async fn heads(&self, project: &ProjectRecord) -> Result<BTreeMap<String, CommitId>, Failure> {
        self.of(project).await?.heads(address(project)?).await
    }

    /// The message of a commit.
    ///
    /// # Errors
    /// As [`GitSource::message`]; and when too many ask already.
    pub(crate) async fn message(&self, project: &ProjectRecord, commit: &CommitId) -> Result<String, Failure> {
        let _turn = self.turn(project).await?;
        self.of(project).await?.message(address(project)?, commit).await
    }

    /// Whether a repository may be a directory of this machine, as it may where its one user works. A project may have been
    /// made when that was so.
    #[must_use]
    pub fn with_directories(self, allows_directories: bool) -> Self {
        Self { allows_directories, ..self }
    }

    /// The commit that a branch, tag or hash stands for now.
    ///
    /// # Errors
    /// As [`Source::resolve`]; and when too many ask already.
    pub(crate) async fn resolve(&self, project: &ProjectRecord, reference: &str) -> Result<CommitId, Failure> {
        let _turn = self.turn(project).await?;
        self.of(project).await?.resolve(address(project)?, reference).await
    }

    /// What is in a file of a commit, and what the commit says of itself.
    ///
    /// # Errors
    /// As [`GitSource::file`]; and when too many ask already.
    pub(crate) async fn file(
        &self,
        project: &ProjectRecord,
        commit: &CommitId,
        path: &str,
        most: usize,
    ) -> Result<OneFile, Failure> {
        let _turn = self.turn(project).await?;
        self.of(project).await?.file(address(project)?, commit, path, most).await
    }

    async fn turn(&self, project: &ProjectRecord) -> Result<OwnedSemaphorePermit, Failure> {
        let turns = {
            let mut all = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(project.id).or_insert_with(|| Arc::new(Semaphore::new(ASKING))))
        };
        let turn = tokio::time::timeout(TURN_WITHIN, turns.acquire_owned()).await.map_err(|_| {
            let message = format!("the repository of {} keeps {ASKING} others waiting already", project.name);
            Failure::new(FailureKind::CheckoutFailed, message).with_help("look whether it answers").retryable()
        })?;
        Ok(turn.expect("nobody closes it"))
    }

    /// Opens a repository that is no project's, with what its host takes for a password, to be looked into for a while.
    ///
    /// # Errors
    /// `CheckoutFailed` when the address is refused, needs a key, or the server's disk cannot be written to.
    pub(crate) fn open_in_passing(&self, address: &str, token: Option<&Secret>) -> Result<InPassing, Failure> {
        let origin = self.origin(address, "the project")?;
        if origin.as_ref().is_some_and(|origin| origin.scheme() == Scheme::Ssh) {
            let message = "a repository that is reached by SSH can be read only with the key of its project";
            let help = "make the project, and set its secret `repository_key`";
            return Err(Failure::new(FailureKind::CheckoutFailed, message).with_help(help));
        }
        let dir = PassingDir::new(&self.root)?;
        let source = self.builder(&dir.0, origin.as_ref(), token)?.deadline(PASSING).build()?;
        Ok(InPassing::new(source, dir))
    }

    /// Removes what a process that died had opened in passing.
    pub(crate) async fn sweep(&self) {
        let root = self.root.clone();
        let swept = tokio::task::spawn_blocking(move || passing::sweep(&root)).await;
        if let Err(error) = swept.unwrap_or_else(|error| Err(error.into())) {
            tracing::warn!(%error, "what was left behind of looks into repositories stays for now");
        }
    }

    /// The host that a repository is at, where it is not a directory of this machine.
    fn origin(&self, address: &str, whose: &str) -> Result<Option<Origin>, Failure> {
        let repository = Repository::parse(address).map_err(|error| {
            Failure::new(FailureKind::CheckoutFailed, format!("the address of the repository is refused: {error}"))
                .with_help(error.help())
        })?;
        match &repository {
            Repository::Remote(url) => Ok(Some(url.origin().clone())),
            Repository::Local(_) if self.allows_directories => Ok(None),
            Repository::Local(_) => {
                let message = format!("the repository of {whose} is a directory of the server's machine");
                let help = "set its `repo_url` to an address of its own";
                Err(Failure::new(FailureKind::CheckoutFailed, message).with_help(help))
            }
        }
    }

    async fn of(&self, project: &ProjectRecord) -> Result<Arc<GitSource>, Failure> {
        let address = address(project)?.to_owned();
        let origin = self.origin(&address, project.name.as_str())?;
        let name = match origin.as_ref().map(Origin::scheme) {
            Some(Scheme::Ssh) => SecretName::RepositoryKey,
            _ => SecretName::RepositoryToken,
        };
        let secret = self.directory.secret(project.id, &name).await.map_err(|error| of_store(&error))?;
        let with = (address, secret);
        // Held while it is opened, which takes no time: two at once would write one key file.
        let mut all = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, source)) = all.get(&project.id).filter(|(opened, _)| *opened == with) {
            return Ok(Arc::clone(source));
        }
        let dir = self.root.join(project.id.to_string());
        let source = Arc::new(self.builder(&dir, origin.as_ref(), with.1.as_ref())?.build()?);
        all.insert(project.id, (with, Arc::clone(&source)));
        Ok(source)
    }

    /// With the mirror and the key in a directory of its own.
    fn builder(
        &self,
        dir: &Path,
        origin: Option<&Origin>,
        secret: Option<&Secret>,
    ) -> Result<GitSourceBuilder, Failure> {
        let unusable = |error: std::io::Error| {
            Failure::new(FailureKind::CheckoutFailed, format!("`{}` cannot be written to", dir.display()))
                .with_source(error)
        };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(unusable)?;
        let mut builder = GitSource::builder(dir.join("mirror")).on_warning(|text| tracing::warn!("git: {text}"));
        if self.allows_private_networks {
            builder = builder.loopback_http(true);
        } else {
            builder = builder.only_addresses(|address| !is_inside(address));
        }
        if let (Some(origin), Some(secret)) = (origin, secret) {
            let credentials = if origin.scheme() == Scheme::Ssh {
                let private_key = dir.join("key");
                write_key(&private_key, secret).map_err(unusable)?;
                Credentials::SshKey { private_key, known_hosts: self.known_hosts.clone() }
            } else {
                Credentials::token(secret.clone())
            };
            builder = builder.credentials(origin.to_string(), credentials);
        }
        Ok(builder)
    }
}

/// For ssh, which takes keys from files only.
fn write_key(path: &Path, key: &Secret) -> std::io::Result<()> {
    use std::io::Write as _;
    let new = path.with_extension("new");
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(key.expose().trim_end().as_bytes())?;
    file.write_all(b"\n")?;
    std::fs::rename(&new, path)
}

fn address(project: &ProjectRecord) -> Result<&str, Failure> {
    project.settings.repo_url.as_deref().ok_or_else(|| {
        Failure::new(FailureKind::CheckoutFailed, format!("the project {} has no repository", project.name))
            .with_help("set its `repo_url`")
    })
}

fn of_store(error: &StoreError) -> Failure {
    let failure = Failure::new(FailureKind::Internal, format!("the project's credentials cannot be read: {error}"));
    if error.is_retryable() { failure.retryable() } else { failure }
}

#[async_trait]
impl Source for Repositories {
    async fn checkout(&self, order: Checkout<'_>) -> Result<(), Failure> {
        let nobodys = || {
            let message = "a commit was asked for that is of no project here";
            Failure::new(FailureKind::CheckoutFailed, message)
        };
        let name = order.project.ok_or_else(nobodys)?.clone();
        let project = self.directory.project(&ProjectKey::Name(name)).await.map_err(|error| match error {
            StoreError::NotFound(_) => nobodys(),
            other => of_store(&other),
        })?;
        // What was planned from one repository is not taken from another that the project has since.
        if project.settings.repo_url.as_deref() != Some(order.repository) {
            let message = format!("the project {} has another repository now", project.name);
            return Err(Failure::new(FailureKind::CheckoutFailed, message).with_help("start a new pipeline"));
        }
        self.of(&project).await?.checkout(order).await
    }

    async fn resolve(&self, _repository: &str, _reference: &str) -> Result<CommitId, Failure> {
        let message = "a reference means something only in the repository of a project";
        Err(Failure::new(FailureKind::Internal, message))
    }
}
