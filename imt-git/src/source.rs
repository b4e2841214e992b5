//! [`GitSource`]: exact commits of repositories, by way of the mirrors.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use imt_core::id::CommitId;
use imt_core::ports::{Checkout, Failure, FailureKind, Source, Warn};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::addresses::Addresses;
use crate::calls::{parse_commit, plain_http};
use crate::command::{Git, deadline_in};
use crate::credentials::Credentials;
use crate::failure::{git_failed, io_failed, or_disk_full};
use crate::files::on_thread;
use crate::freshness::Look;
use crate::mirror::{Found, Mirror, Reading};
use crate::noted::Noted;
use crate::places::{clear, open_dir, percent_path, public_remote, require_empty};
use crate::session::{Limits, Session, private_dir, sweep};
use crate::small_files::SmallFiles;
use crate::snapshot::is_partial;
use crate::url::{Origin, Repository, Scheme};
use crate::workspace::{NewRepository, copy_objects, copy_refs, remote_refs, workspace_failed, write_refs};

/// How much of the history a workspace gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum History {
    /// All of it, with all branches and tags, as a clone has. Costs one copy of the mirror's objects (free on disks that
    /// can share blocks).
    #[default]
    Full,
    /// This many commits back, without branches and tags. Costs what git needs to pack them; for very large repositories.
    Depth(NonZeroU32),
}

/// What is done about submodules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Submodules {
    /// Nothing: their directories stay empty.
    #[default]
    Ignore,
    /// They are fetched, to any depth, over https and ssh only, each origin with its own credentials.
    Update,
}

/// Makes a [`GitSource`].
#[derive(Debug, Clone)]
pub struct GitSourceBuilder {
    cache: PathBuf,
    program: PathBuf,
    known: Vec<(String, Credentials)>,
    deadline: Duration,
    limits: Limits,
    history: History,
    submodules: Submodules,
    loopback_http: bool,
    trusted_git: bool,
    addresses: Addresses,
    warn: Warn,
}

impl GitSourceBuilder {
    /// Another git than the one on `PATH`.
    #[must_use]
    pub fn git_program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = program.into();
        self
    }

    /// Credentials for one origin (`https://github.com`, `ssh://git.acme.dev:2222`), used for it and nothing else. The
    /// last ones given for an origin count.
    #[must_use]
    pub fn credentials(mut self, origin: impl Into<String>, credentials: Credentials) -> Self {
        self.known.push((origin.into(), credentials));
        self
    }

    /// How long a checkout or a resolve may take in all; 20 minutes if not said.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Ends a transfer over https that is slower than this for so long (whole seconds, at least one); 1000 bytes per
    /// second for 300 s if not said. A healthy server sends nothing while it counts the objects of a large repository: raise
    /// it where that takes longer.
    #[must_use]
    pub fn low_speed(mut self, bytes_per_second: u32, during: Duration) -> Self {
        self.limits.low_speed_bytes = bytes_per_second;
        self.limits.low_speed_seconds = during.as_secs().max(1);
        self
    }

    /// How much history workspaces get; all of it if not said.
    #[must_use]
    pub fn history(mut self, history: History) -> Self {
        self.history = history;
        self
    }

    /// What is done about submodules; nothing if not said.
    #[must_use]
    pub fn submodules(mut self, submodules: Submodules) -> Self {
        self.submodules = submodules;
        self
    }

    /// Allows plain http to this machine (`localhost`, `127.0.0.1`, `[::1]`), for a server of one's own; to other machines it
    /// is never allowed. Off if not said: who orders checkouts could reach services of this machine by it.
    #[must_use]
    pub fn loopback_http(mut self, allowed: bool) -> Self {
        self.loopback_http = allowed;
        self
    }

    /// Which addresses the hosts of repositories may have; any if not said. The name of a host is looked up and all that it
    /// stands for is checked before git is started, and git connects to nothing else: a name that means another address a
    /// moment later leads nowhere. Where git goes through a proxy, that one looks names up by itself. Not together with
    /// [`Submodules::Update`], whose hosts nobody knows beforehand. Needs git 2.37.
    #[must_use]
    pub fn only_addresses(mut self, allowed: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        self.addresses = Addresses::only(allowed);
        self
    }

    /// Says that the holes of git's version are mended in this git, as distributions do without a new number. Only with
    /// [`Submodules::Update`] does it matter: with it a git with known holes is refused.
    #[must_use]
    pub fn trusted_git(mut self, trusted: bool) -> Self {
        self.trusted_git = trusted;
        self
    }

    /// Who is told when a checkout had to do with branches and tags as they were, because the repository did not answer, and
    /// when something stays behind in the cache directory; nobody if not said.
    #[must_use]
    pub fn on_warning(mut self, warn: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.warn = Warn::new(warn);
        self
    }

    /// Makes the cache directory and sweeps what dead processes left in it; what of that cannot be removed is warned of.
    ///
    /// # Errors
    /// `CheckoutFailed` when credentials are not usable for their origin or the cache directory cannot be used.
    pub fn build(self) -> Result<GitSource, Failure> {
        let mut known: Vec<(Origin, Credentials)> = Vec::new();
        for (text, credentials) in self.known {
            let origin = Origin::parse(&text).map_err(|error| {
                // The text may be a whole URL with a password in it, so it is not repeated.
                let message = format!("an origin that credentials were given for is not usable: {error}");
                Failure::new(FailureKind::CheckoutFailed, message).with_help(error.help())
            })?;
            if origin.scheme() == Scheme::Http && !self.loopback_http {
                return Err(plain_http("an origin that credentials were given for is not usable"));
            }
            credentials.check(&origin)?;
            known.retain(|(other, _)| *other != origin);
            known.push((origin, credentials));
        }
        if self.addresses.are_checked() && self.submodules == Submodules::Update {
            let message = "the hosts of submodules cannot be checked before git connects";
            let help = "leave submodules out, or allow all addresses";
            return Err(Failure::new(FailureKind::CheckoutFailed, message).with_help(help));
        }
        let cache = std::path::absolute(&self.cache)
            .map_err(|error| io_failed(FailureKind::CheckoutFailed, "use", &self.cache, error))?;
        let sessions = cache.join("calls");
        for dir in [&cache, &sessions] {
            private_dir(dir).map_err(|error| io_failed(FailureKind::CheckoutFailed, "make", dir, error))?;
        }
        // What stays is in nobody's way.
        if let Err(failure) = sweep(&sessions) {
            self.warn.say(&failure.explain());
        }
        Ok(GitSource {
            git: Git::new(self.program),
            cache,
            sessions,
            known,
            deadline: self.deadline,
            limits: self.limits,
            history: self.history,
            submodules: self.submodules,
            loopback_http: self.loopback_http,
            trusted_git: self.trusted_git,
            addresses: self.addresses,
            warn: self.warn,
            checked: OnceCell::new(),
            without_network: OnceCell::new(),
            small_files: SmallFiles::default(),
            noted: Noted::default(),
        })
    }
}

/// Commits of git repositories.
///
/// One source is one circle of trust: whoever may order checkouts from it can read every mirror in its cache. Callers
/// that must not see each other's repositories get sources with different cache directories.
///
/// A URL with a user or password in it (with ssh: a password) is refused; credentials are given to the builder.
/// From the environment of the process it takes `PATH`, `TMPDIR`, the usual variables of proxies, and those that name the
/// certificates to trust (`GIT_SSL_CAINFO`, `GIT_SSL_CAPATH`; `SSL_CERT_FILE`, `SSL_CERT_DIR` where git's TLS library reads
/// them).
#[derive(Debug)]
pub struct GitSource {
    pub(crate) git: Git,
    pub(crate) cache: PathBuf,
    pub(crate) sessions: PathBuf,
    pub(crate) known: Vec<(Origin, Credentials)>,
    pub(crate) deadline: Duration,
    pub(crate) limits: Limits,
    history: History,
    pub(crate) submodules: Submodules,
    pub(crate) loopback_http: bool,
    pub(crate) trusted_git: bool,
    pub(crate) addresses: Addresses,
    warn: Warn,
    pub(crate) checked: OnceCell<()>,
    pub(crate) without_network: OnceCell<Session>,
    pub(crate) small_files: SmallFiles,
    pub(crate) noted: Noted,
}

impl GitSource {
    /// Begins a source whose mirrors are kept in this directory, which becomes private to its owner.
    pub fn builder(cache: impl Into<PathBuf>) -> GitSourceBuilder {
        GitSourceBuilder {
            cache: cache.into(),
            program: PathBuf::from("git"),
            known: Vec::new(),
            deadline: Duration::from_mins(20),
            limits: Limits { low_speed_bytes: 1000, low_speed_seconds: 300, connect_seconds: 20 },
            history: History::default(),
            submodules: Submodules::default(),
            loopback_http: false,
            trusted_git: false,
            addresses: Addresses::default(),
            warn: Warn::default(),
        }
    }

    async fn fill(&self, work: &Work<'_>, reading: Reading) -> Result<(), Failure> {
        let new = NewRepository {
            into: work.into.to_owned(),
            head: work.commit.to_string(),
            origin: self.origin_of(work).await?,
            sha256: work.commit.as_str().len() == 64,
            partial: false,
        };
        let (commit, history, mirror) = (work.commit.clone(), self.history, reading.dir().to_owned());
        let reading = on_thread("copying the mirror's objects", work.deadline, move |stop| {
            open_dir(&new.into)?;
            new.create()?;
            if history == History::Full {
                copy_objects(&mirror, &new.git_dir(), stop)?;
                copy_refs(&mirror, &new.git_dir(), &commit)?;
            }
            Ok(reading)
        })
        .await?;
        if let History::Depth(depth) = self.history {
            let source = format!("file://{}", percent_path(reading.dir()));
            let depth = format!("--depth={depth}");
            let fetch = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", &depth];
            let call = work.call("cutting the history of", &self.git).env("GIT_ALLOW_PROTOCOL", "file");
            work.run(call.args(fetch).args(["--end-of-options", &source, work.commit.as_str()])).await?;
        }
        drop(reading);
        let checkout =
            ["-c", "checkout.workers=0", "checkout", "--quiet", "--force", "--detach", work.commit.as_str(), "--"];
        work.run(work.call("checking out", &self.git).args(checkout)).await
    }

    /// The directory of a repository of this machine that is a partial clone. Nobody can fetch from one what it lacks, so
    /// it has no mirror.
    async fn partial_clone(&self, work: &Work<'_>) -> Result<Option<PathBuf>, Failure> {
        let Repository::Local(path) = work.repository else { return Ok(None) };
        let git = path.join(".git");
        let dir = if git.is_dir() {
            git
        } else if git.is_file() {
            let call = self.git.call(format!("reading {}", work.repository), path, work.deadline);
            let output = call.envs(work.session.env()).args(["rev-parse", "--git-common-dir"]).run().await?;
            path.join(output.line())
        } else {
            path.clone()
        };
        Ok(Some(dir).filter(|dir| is_partial(dir)))
    }

    /// Copies what is there of a partial clone, and checks the commit out if all of its files are.
    async fn fill_from_partial(&self, work: &Work<'_>, git_dir: PathBuf) -> Result<(), Failure> {
        let new = NewRepository {
            into: work.into.to_owned(),
            head: work.commit.to_string(),
            origin: self.origin_of(work).await?,
            sha256: work.commit.as_str().len() == 64,
            partial: true,
        };
        let call = self.git.call(format!("reading {}", work.repository), &git_dir, work.deadline);
        let list = ["for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/tags"];
        let call = call.envs(work.session.env()).args(["--git-dir".as_ref(), git_dir.as_os_str()]);
        let refs = call.args(list).max_stdout(64 << 20).run().await?;
        let refs = remote_refs(&String::from_utf8_lossy(&refs.stdout), work.commit);
        on_thread("copying the objects", work.deadline, move |stop| {
            open_dir(&new.into)?;
            new.create()?;
            copy_objects(&git_dir, &new.git_dir(), stop)?;
            write_refs(&new.git_dir(), &refs)
        })
        .await?;
        let checkout = ["checkout", "--quiet", "--force", "--detach", work.commit.as_str(), "--"];
        work.run(work.call("checking out", &self.git).args(checkout)).await.map_err(|failure| {
            failure.with_help("this is a partial clone: check the commit out in it once, which brings what it lacks")
        })
    }

    /// What the workspace calls its origin: never a path of this machine, which means nothing in a job, or too much.
    async fn origin_of(&self, work: &Work<'_>) -> Result<Option<String>, Failure> {
        let Repository::Local(path) = work.repository else { return Ok(Some(work.repository.to_string())) };
        let call = self.git.call(format!("reading {}", work.repository), path, work.deadline).envs(work.session.env());
        let output = call.args(["config", "--get", "remote.origin.url"]).run().await?;
        Ok(public_remote(&output.line()))
    }

    async fn update_submodules(&self, work: &Work<'_>) -> Result<(), Failure> {
        if self.submodules == Submodules::Ignore || !work.into.join(".gitmodules").is_file() {
            return Ok(());
        }
        let plain = matches!(work.repository, Repository::Remote(url) if url.origin().scheme() == Scheme::Http);
        let protocols = if plain { "https:ssh:http" } else { "https:ssh" };
        let call = work.call("fetching the submodules of", &self.git).env("GIT_ALLOW_PROTOCOL", protocols);
        work.run(call.args(["submodule", "--quiet", "update", "--init", "--recursive"])).await
    }
}

#[async_trait]
impl Source for GitSource {
    async fn checkout(&self, order: Checkout<'_>) -> Result<(), Failure> {
        let deadline = deadline_in(self.deadline);
        let (repository, session) = self.open(order.repository, deadline).await?;
        let commit = parse_commit(order.commit)?;
        require_empty(order.into)?;
        let mirror =
            Mirror::new(&self.git, &session, &self.noted, &self.cache, &repository, commit.as_str().len(), deadline);
        // Branches and tags that came before the order belong into the workspace: a tag of a commit that was built before.
        let look = Look::now(&repository);
        let refs = Some(&look).filter(|_| self.history == History::Full);
        let work = Work { repository: &repository, commit: &commit, into: order.into, session: &session, deadline };
        if let Some(git_dir) = self.partial_clone(&work).await? {
            self.fill_from_partial(&work, git_dir).await?;
            work.check_head()?;
            return self.update_submodules(&work).await;
        }
        let Found { reading, stale, is_remembered, note: _ } = mirror.with_commit(&commit, refs).await?;
        if let Some(failure) = stale {
            let what = "the workspace has the branches and tags of its last fetch";
            self.warn.say(&format!("{what}: {}", failure.explain()));
        }
        if let Err(failure) = self.fill(&work, reading).await {
            if failure.kind == FailureKind::DiskFull || Instant::now() >= deadline {
                return Err(failure);
            }
            // What was remembered of the mirror may be so no longer.
            self.noted.forget(&commit);
            let is_gone = is_remembered && mirror.found(&commit).await?.is_none();
            if !mirror.repair().await? && !is_gone {
                return Err(failure);
            }
            clear(order.into)?;
            let again = mirror.with_commit(&commit, refs).await?;
            self.fill(&work, again.reading).await?;
        }
        work.check_head()?;
        self.update_submodules(&work).await
    }

    async fn resolve(&self, repository: &str, reference: &str) -> Result<CommitId, Failure> {
        let deadline = deadline_in(self.deadline);
        let (repository, session) = self.open(repository, deadline).await?;
        match &repository {
            Repository::Local(path) => self.resolve_local(path, &session, reference, deadline).await,
            Repository::Remote(_) => self.resolve_remote(&repository, &session, reference, deadline).await,
        }
    }
}

/// One checkout.
struct Work<'a> {
    repository: &'a Repository,
    commit: &'a CommitId,
    into: &'a Path,
    session: &'a Session,
    deadline: Instant,
}

impl Work<'_> {
    fn call(&self, verb: &str, git: &Git) -> crate::command::Call {
        git.call(format!("{verb} {}", self.repository), self.into, self.deadline)
            .envs(self.session.env())
            .env("GIT_DIR", self.into.join(".git"))
            .env("GIT_WORK_TREE", self.into)
            .with_open_umask()
    }

    async fn run(&self, call: crate::command::Call) -> Result<(), Failure> {
        let output = call.run().await?;
        if output.success() {
            return Ok(());
        }
        let what = format!("commit {} of {} cannot be checked out", self.commit, self.repository);
        Err(or_disk_full(git_failed(&what, &output, self.session.secrets()), &[self.into]))
    }

    /// The promise of the port: exactly the commit that was ordered.
    fn check_head(&self) -> Result<(), Failure> {
        let path = self.into.join(".git/HEAD");
        let head = std::fs::read_to_string(&path).map_err(|error| workspace_failed("read", &path, error))?;
        if head.trim_end() == self.commit.as_str() {
            return Ok(());
        }
        let message =
            format!("{} was checked out at `{}` instead of {}", self.repository, head.trim_end(), self.commit);
        Err(Failure::new(FailureKind::CheckoutFailed, message))
    }
}
