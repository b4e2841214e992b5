//! [`WorkingTree`]: a directory on this machine as its user sees it, repository or not.
//!
//! Unlike [`GitSource`](crate::GitSource) it runs git with the user's own configuration, because that decides what is
//! ignored and whom the user trusts; but never a hook, a monitor or a prompt, and it never writes to the directory.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use imt_core::id::{CommitId, ProjectName};
use imt_core::ports::{Checkout, Failure, FailureKind, Source};
use tokio::time::Instant;

use crate::command::{Call, Git, Output, deadline_in};
use crate::discover::find_work_tree;
use crate::failure::{git_failed, io_failed};
use crate::files::{Stop, on_thread};
use crate::places::{open_dir, public_remote};
use crate::snapshot::{
    FETCHED_DEPTH, Item, Objects, copy_items, git_dir_of, list_plain, list_repository, make_repository,
};
use crate::url::Repository;
use crate::version::GitVersion;

/// How long one look at the directory, or one snapshot of it, may take.
const DEADLINE: Duration = Duration::from_mins(20);

/// A directory and what is known of it.
///
/// As a [`Source`] it gives snapshots: the tracked and the untracked but not ignored files exactly as they are on disk,
/// those of submodules and nested repositories too, and a repository of its own in which the local changes show. Of a
/// directory that is no repository everything is copied, but for directories called `.git`. Links are copied as links;
/// FIFOs, sockets and devices are left out. Copies only: jobs never touch the user's files.
#[derive(Debug, Clone)]
pub struct WorkingTree {
    git: Git,
    root: PathBuf,
    repository: Option<Facts>,
    cut: bool,
}

/// What git said about it.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) head: Option<CommitId>,
    pub(crate) branch: Option<String>,
    dirty: bool,
    pub(crate) remote: Option<String>,
}

impl WorkingTree {
    /// Looks at a directory. If it lies in a repository, the root becomes the top of its work tree.
    ///
    /// # Errors
    /// `CheckoutFailed` when there is no such directory, or it is a repository that git cannot read.
    pub async fn open(dir: &Path) -> Result<Self, Failure> {
        Self::open_with(dir, "git").await
    }

    /// The same with another git than the one on `PATH`.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_with(dir: &Path, program: impl Into<PathBuf>) -> Result<Self, Failure> {
        let dir = dir.canonicalize().map_err(|error| io_failed(FailureKind::CheckoutFailed, "open", dir, error))?;
        // An unreadable directory or a file is told here, with its name.
        std::fs::read_dir(&dir).map_err(|error| io_failed(FailureKind::CheckoutFailed, "read", &dir, error))?;
        let git = Git::new(program.into());
        if ["HEAD", "objects", "refs"].iter().all(|name| dir.join(name).exists()) {
            let message = format!("{} is a bare repository, without files", dir.display());
            return Err(Failure::new(FailureKind::CheckoutFailed, message).with_help("name the commit to run"));
        }
        if find_work_tree(&dir)?.is_none() {
            return Ok(Self { git, root: dir, repository: None, cut: false });
        }
        GitVersion::detect(git.program()).await?.require_floor()?;
        let deadline = deadline_in(DEADLINE);
        let call = |what: &[&str]| user_call(&git, &dir, deadline).args(what).max_stdout(256 << 20).run();
        let (top, status, remote) = tokio::try_join!(
            call(&["rev-parse", "--show-toplevel"]),
            call(&["status", "--porcelain=v2", "--branch", "-z"]),
            call(&["config", "--get", "remote.origin.url"]),
        )?;
        for output in [&top, &status] {
            if !output.success() {
                return Err(unreadable(&dir, output));
            }
        }
        let facts = Facts::read(&String::from_utf8_lossy(&status.stdout), &remote.line());
        let root = PathBuf::from(<OsString as std::os::unix::ffi::OsStringExt>::from_vec(
            top.stdout.strip_suffix(b"\n").unwrap_or(&top.stdout).to_vec(),
        ));
        let common = git_dir_of(&git, &root, deadline).await?;
        let look = move |_: &Stop| Ok(Objects::of(&common) == Objects::Many);
        let cut = on_thread("looking at the objects", deadline, look).await?;
        Ok(Self { git, root, repository: Some(facts), cut })
    }

    /// The top of the work tree, or the directory itself. Absolute, without links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether it is a git repository.
    pub const fn is_repository(&self) -> bool {
        self.repository.is_some()
    }

    /// The commit that is checked out; none in a repository without commits and where there is no repository.
    pub fn head(&self) -> Option<&CommitId> {
        self.repository.as_ref()?.head.as_ref()
    }

    /// The branch that is checked out.
    pub fn branch(&self) -> Option<&str> {
        self.repository.as_ref()?.branch.as_deref()
    }

    /// Whether there are changes that are not committed, untracked files included. Never without a repository.
    pub fn is_dirty(&self) -> bool {
        self.repository.as_ref().is_some_and(|facts| facts.dirty)
    }

    /// How many commits back the history of a snapshot goes, if not all of it is there: where the repository is large or
    /// borrows its objects. Tags of these commits are there, other branches are not.
    pub const fn history_depth(&self) -> Option<u32> {
        if self.cut { Some(FETCHED_DEPTH) } else { None }
    }

    /// The name of the remote `origin`'s repository, else of the directory.
    pub fn project_name(&self) -> ProjectName {
        let remote = self.repository.as_ref().and_then(|facts| facts.remote.as_deref());
        let of_remote = remote.and_then(|url| {
            // Whatever form the user's remote has, its last component is its name; nothing else of it is used.
            let last = url.trim_end_matches('/').rsplit(['/', ':']).next()?;
            let last = last.strip_suffix(".git").unwrap_or(last);
            (!last.is_empty()).then(|| last.to_owned())
        });
        let of_dir = || self.root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        ProjectName::from_any(&of_remote.unwrap_or_else(of_dir))
    }

    /// Copies the files, then gives them a repository if they had one.
    async fn snapshot(&self, commit: &CommitId, into: &Path) -> Result<(), Failure> {
        let deadline = deadline_in(DEADLINE);
        open_dir(into)?;
        let head = self.current_head(deadline).await?;
        if head.as_ref().unwrap_or(&CommitId::none()) != commit {
            let now = head.map_or_else(|| "no commit".to_owned(), |head| head.to_string());
            let message = format!("{} is at {now} by now, and not at {commit} any more", self.root.display());
            return Err(Failure::new(FailureKind::CommitNotFound, message).with_help("run it again"));
        }
        let skip = into.canonicalize().map_err(|error| io_failed(FailureKind::WorkspaceFailed, "use", into, error))?;
        let items: Vec<Item> = if self.is_repository() {
            list_repository(&self.git, &self.root, &skip, deadline).await?
        } else {
            let (root, skip) = (self.root.clone(), skip.clone());
            on_thread("listing the files", deadline, move |stop| list_plain(&root, &skip, stop)).await?
        };
        let (root, is_repository) = (self.root.clone(), self.is_repository());
        let copy = move |stop: &_| copy_items(&root, &skip, &items, is_repository, stop);
        on_thread("copying the files", deadline, copy).await?;
        match &self.repository {
            Some(facts) => {
                let origin = facts.remote.as_deref().and_then(public_remote);
                let branch = facts.branch.as_deref();
                make_repository(&self.git, &self.root, into, head.as_ref(), branch, origin, deadline).await
            }
            None => Ok(()),
        }
    }

    async fn current_head(&self, deadline: Instant) -> Result<Option<CommitId>, Failure> {
        if self.repository.is_none() {
            return Ok(None);
        }
        let call = user_call(&self.git, &self.root, deadline);
        let output = call.args(["rev-parse", "--quiet", "--verify", "HEAD^{commit}"]).run().await?;
        Ok(output.success().then(|| CommitId::parse(&output.line()).ok()).flatten())
    }
}

#[async_trait]
impl Source for WorkingTree {
    async fn checkout(&self, order: Checkout<'_>) -> Result<(), Failure> {
        if Path::new(order.repository) != self.root {
            let root = self.root.display();
            let message = format!("this source gives snapshots of {root} and of no other repository");
            return Err(Failure::new(FailureKind::CheckoutFailed, message));
        }
        self.snapshot(order.commit, order.into).await
    }

    async fn resolve(&self, _repository: &str, reference: &str) -> Result<CommitId, Failure> {
        let root = self.root.display();
        let wrong = |message: String| {
            Err(Failure::new(FailureKind::CommitNotFound, message)
                .with_help("check the name of the branch, tag or commit"))
        };
        if !self.is_repository() {
            return wrong(format!("{root} is no git repository, so `{reference}` means nothing in it"));
        }
        if reference.is_empty() || reference.starts_with('-') || reference.chars().any(char::is_control) {
            return wrong("this is no branch, tag or commit hash".to_owned());
        }
        let revision = format!("{reference}^{{commit}}");
        let call = user_call(&self.git, &self.root, deadline_in(DEADLINE));
        let output = call.args(["rev-parse", "--quiet", "--verify", "--end-of-options", &revision]).run().await?;
        match output.success().then(|| CommitId::parse(&output.line()).ok()).flatten() {
            Some(commit) => Ok(commit),
            None => wrong(format!("there is no branch, tag or commit `{reference}` in {root}")),
        }
    }
}

impl Facts {
    /// Reads `git status --porcelain=v2 --branch -z`.
    fn read(status: &str, remote: &str) -> Self {
        let header = |name: &str| {
            let line = status.split('\0').find_map(|line| line.strip_prefix("# ")?.strip_prefix(name));
            line.map(|value| value.trim_start().to_owned())
        };
        Self {
            head: header("branch.oid").and_then(|hash| CommitId::parse(&hash).ok()),
            branch: header("branch.head").filter(|name| name != "(detached)"),
            dirty: status.split('\0').any(|line| !line.is_empty() && !line.starts_with("# ")),
            remote: Some(remote.to_owned()).filter(|remote| !remote.is_empty()),
        }
    }
}

/// A call with the user's configuration, in the user's directory.
pub(crate) fn user_call(git: &Git, dir: &Path, deadline: Instant) -> Call {
    let mut call = git.call(format!("reading {}", dir.display()), dir, deadline);
    for name in ["HOME", "XDG_CONFIG_HOME"] {
        if let Some(value) = std::env::var_os(name) {
            call = call.env(name, value);
        }
    }
    let fixed =
        [("GIT_OPTIONAL_LOCKS", "0"), ("GIT_TERMINAL_PROMPT", "0"), ("GIT_NO_LAZY_FETCH", "1"), ("LC_ALL", "C")];
    let call = fixed.into_iter().fold(call, |call, (name, value)| call.env(name, value));
    call.args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0"])
}

fn unreadable(dir: &Path, output: &Output) -> Failure {
    let shown = dir.display();
    git_failed(&format!("{shown} lies in a git repository that cannot be read"), output, &[]).with_help(format!(
        "look at `git -C {shown} status`; if another user owns it and you trust it, `git config --global --add \
         safe.directory <its top directory>`"
    ))
}

impl From<&WorkingTree> for Repository {
    fn from(tree: &WorkingTree) -> Self {
        Self::Local(tree.root.clone())
    }
}
