//! The cache of bare mirrors, one per repository.
//!
//! Readers hold a shared file lock on a mirror, whoever changes it an exclusive one, and so does each git that changes
//! it. Whoever has the exclusive lock is therefore alone: what a killed git left (lock files, half packs) may go. A mark
//! in the mirror says that a change was under way; a mirror found with it is checked, and made anew if it is broken.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use imt_core::id::CommitId;
use imt_core::plan::CommitNote;
use imt_core::ports::{Failure, FailureKind};
use tokio::time::Instant;

use crate::command::{Call, Git, Output};
use crate::failure::{git_failed, io_failed, or_disk_full};
use crate::freshness::Look;
use crate::lock::{FileLock, Mode};
use crate::noted::Noted;
use crate::packs;
use crate::session::Session;
use crate::url::Repository;

/// In the mirror while it is being changed.
const CHANGING: &str = "imt-changing";

/// How long a fetch may take whose only purpose are new branches and tags.
const REFRESH: Duration = Duration::from_mins(2);

/// What git tells of a commit: the author and the subject on a line each, cut by git and filled up with blanks, as either may be as
/// long as its writer likes.
const NOTED: &str = "--format=%<(300,trunc)%an%n%<(300,trunc)%s";

/// With more packs than this, they are rolled up after a fetch.
const MAX_PACKS: usize = 24;

/// One repository's place in the cache, for one call of the source.
pub(crate) struct Mirror<'a> {
    git: &'a Git,
    session: &'a Session,
    repository: &'a Repository,
    noted: &'a Noted,
    deadline: Instant,
    dir: PathBuf,
    lock: PathBuf,
    sha256: bool,
}

/// A mirror that nobody changes as long as this is there.
pub(crate) struct Reading {
    dir: PathBuf,
    _lock: FileLock,
}

/// A commit that is in a mirror.
pub(crate) struct Found {
    pub(crate) reading: Reading,
    /// What it says of itself.
    pub(crate) note: CommitNote,
    /// Why branches and tags could not be had anew, where that was asked for.
    pub(crate) stale: Option<Failure>,
    /// Nobody has looked: it was there of late.
    pub(crate) is_remembered: bool,
}

impl Reading {
    /// The bare repository.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }
}

impl<'a> Mirror<'a> {
    /// `hash_len`: the length of the repository's hashes, because a mirror is of one kind.
    pub(crate) fn new(
        git: &'a Git,
        session: &'a Session,
        noted: &'a Noted,
        cache: &Path,
        repository: &'a Repository,
        hash_len: usize,
        deadline: Instant,
    ) -> Self {
        let sha256 = hash_len == 64;
        let key = blake3::hash(repository.to_string().as_bytes()).to_hex();
        let name = format!("{}{}", &key[..32], if sha256 { "-sha256" } else { "" });
        let (dir, lock) = (cache.join(format!("{name}.git")), cache.join(format!("{name}.lock")));
        Self { git, session, repository, noted, deadline, dir, lock, sha256 }
    }

    /// Makes sure that the commit is there, fetching only if it is not; and that branches and tags are those of this look or
    /// a later one, where one is given. If they cannot be had, the mirror has to do, and the failure comes with it.
    pub(crate) async fn with_commit(&self, commit: &CommitId, refs: Option<&Look>) -> Result<Found, Failure> {
        let mut stale = None;
        // Between the exclusive lock and the shared one somebody may make the mirror anew, though hardly twice.
        for _ in 0..3 {
            let found = self.found(commit).await?;
            let is_there = found.is_some();
            let is_fresh = stale.is_some() || refs.is_none_or(|look| look.is_in(&self.dir));
            if let Some(found) = found.filter(|_| is_fresh) {
                return Ok(Found { stale, ..found });
            }
            let lock = FileLock::acquire(&self.lock, Mode::Exclusive, self.deadline).await?;
            if !is_there {
                self.fetch_commit(&lock, commit).await?;
            }
            // Somebody else may have done it while we waited for the lock.
            if let Some(look) = refs.filter(|look| stale.is_none() && !look.is_in(&self.dir)) {
                stale = self.refresh(&lock, look).await.err();
            }
        }
        let message = format!("the mirror of {} is taken away again and again", self.repository);
        Err(Failure::new(FailureKind::CheckoutFailed, message).retryable())
    }

    /// The commit, if it is there already. Reaches nothing.
    pub(crate) async fn found(&self, commit: &CommitId) -> Result<Option<Found>, Failure> {
        let reading = self.read().await?;
        if !self.is_usable() {
            return Ok(None);
        }
        if let Some(note) = self.noted.get(&self.dir, commit) {
            return Ok(Some(Found { reading, note, stale: None, is_remembered: true }));
        }
        let Some(note) = self.note_of(commit).await? else { return Ok(None) };
        self.noted.note(&self.dir, commit, &note);
        Ok(Some(Found { reading, note, stale: None, is_remembered: false }))
    }

    /// Brings the branches and tags of a mirror that has its commit up to date, soon or not at all.
    async fn refresh(&self, lock: &FileLock, seen: &Look) -> Result<(), Failure> {
        self.prepare(lock).await?;
        let deadline = self.deadline.min(Instant::now() + REFRESH);
        let call = self.fetching(lock, &BRANCHES_AND_TAGS, true, deadline)?;
        let output = call.run().await?;
        if output.success() {
            self.settle(lock).await?;
            return seen.note(&self.dir).map_err(|error| self.io("mark", error));
        }
        // A git that ended by itself has tidied up.
        self.settle(lock).await?;
        Err(self.failed("cannot be fetched", &output))
    }

    /// Brings all branches and tags up to date.
    pub(crate) async fn with_fresh_refs(&self) -> Result<Reading, Failure> {
        let lock = FileLock::acquire(&self.lock, Mode::Exclusive, self.deadline).await?;
        self.prepare(&lock).await?;
        self.change(&lock, &BRANCHES_AND_TAGS).await?;
        drop(lock);
        self.read().await
    }

    /// Makes the mirror anew if it is broken; says whether it was.
    pub(crate) async fn repair(&self) -> Result<bool, Failure> {
        let lock = FileLock::acquire(&self.lock, Mode::Exclusive, self.deadline).await?;
        if self.is_sound().await? {
            return Ok(false);
        }
        self.make_anew(&lock).await?;
        Ok(true)
    }

    /// The commit that a revision leads to, if it is there.
    pub(crate) async fn peel(&self, revision: &str) -> Result<Option<CommitId>, Failure> {
        let revision = format!("{revision}^{{commit}}");
        let output =
            self.call().args(["rev-parse", "--quiet", "--verify", "--end-of-options", &revision]).run().await?;
        Ok(output.success().then(|| CommitId::parse(&output.line()).ok()).flatten())
    }

    /// A regular file of a commit that is there: its object and its size. `None`: there is no such file.
    pub(crate) async fn file(&self, commit: &CommitId, path: &str) -> Result<Option<(String, u64)>, Failure> {
        // A path is one path, whatever it looks like.
        let call = self.call().args(["--literal-pathspecs", "ls-tree", "-z", "-l", "--full-tree", commit.as_str()]);
        let output = call.args(["--", path]).run().await?;
        if !output.success() {
            return Err(self.failed("cannot be looked through", &output));
        }
        let listing = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut entries = listing.split('\0').filter_map(|line| line.split_once('\t'));
        let found = entries.find(|(facts, name)| *name == path && facts.starts_with("100"));
        let found = found.and_then(|(facts, _)| {
            let mut facts = facts.split_ascii_whitespace().skip(2);
            Some((facts.next()?.to_owned(), facts.next()?.parse().ok()?))
        });
        Ok(found)
    }

    /// What is in an object that is there, of so many bytes.
    pub(crate) async fn content(&self, object: &str, bytes: usize) -> Result<Vec<u8>, Failure> {
        let output = self.call().args(["cat-file", "blob", object]).max_stdout(bytes).run().await?;
        if output.success() { Ok(output.stdout) } else { Err(self.failed("cannot be read", &output)) }
    }

    /// The message of a commit that is there.
    pub(crate) async fn message(&self, commit: &CommitId) -> Result<String, Failure> {
        let show = ["show", "--no-patch", "--no-show-signature", "--format=%B", "--end-of-options", commit.as_str()];
        let output = self.call().args(show).run().await?;
        if !output.success() {
            return Err(self.failed("cannot be read", &output));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// All commits whose hash begins so.
    pub(crate) async fn commits_beginning_with(&self, prefix: &str) -> Result<Vec<CommitId>, Failure> {
        let output = self.call().args(["rev-parse", &format!("--disambiguate={prefix}")]).run().await?;
        let mut commits = Vec::new();
        for hash in String::from_utf8_lossy(&output.stdout).lines().take(64) {
            // Trees and blobs peel to nothing, a tag object to a commit with another hash.
            commits.extend(self.peel(hash).await?.filter(|commit| commit.as_str() == hash));
        }
        Ok(commits)
    }

    async fn read(&self) -> Result<Reading, Failure> {
        let lock = FileLock::acquire(&self.lock, Mode::Shared, self.deadline).await?;
        Ok(Reading { dir: self.dir.clone(), _lock: lock })
    }

    fn is_usable(&self) -> bool {
        self.dir.join("HEAD").is_file() && !self.is_suspect()
    }

    /// Whether a change was cut off in it, or a pack is shorter than it was.
    fn is_suspect(&self) -> bool {
        let hash_bytes = if self.sha256 { 32 } else { 20 };
        self.dir.join(CHANGING).exists() || !packs::are_whole(&self.dir, hash_bytes)
    }

    async fn fetch_commit(&self, lock: &FileLock, commit: &CommitId) -> Result<(), Failure> {
        self.prepare(lock).await?;
        if self.has(commit).await? {
            return Ok(());
        }
        let seen = Look::now(self.repository);
        // A pushed commit is the tip of a branch nearly always, and jobs want the branches and tags besides.
        self.change(lock, &BRANCHES_AND_TAGS).await?;
        seen.note(&self.dir).map_err(|error| self.io("mark", error))?;
        if self.has(commit).await? {
            return Ok(());
        }
        // A commit on no branch: many servers give it by its hash. Its failure proves nothing: asked for all refs next.
        let by_hash = format!("+{commit}:refs/imt/{commit}");
        let output = self.fetch(lock, &[&by_hash], false).await?;
        if output.success() && self.has(commit).await? {
            return self.settle(lock).await;
        }
        self.change(lock, &["+refs/*:refs/*", "^refs/imt/*"]).await?;
        if self.has(commit).await? {
            return Ok(());
        }
        Err(Failure::new(FailureKind::CommitNotFound, format!("commit {commit} is not in {}", self.repository))
            .with_help("check the hash, and that the commit was pushed"))
    }

    async fn has(&self, commit: &CommitId) -> Result<bool, Failure> {
        Ok(self.note_of(commit).await?.is_some())
    }

    /// What a commit says of itself; `None` where it is not there.
    async fn note_of(&self, commit: &CommitId) -> Result<Option<CommitNote>, Failure> {
        let revision = format!("{commit}^{{commit}}");
        let list = ["rev-list", "--no-walk", "--max-count=1", NOTED, "--end-of-options", &revision];
        let Ok(output) = self.call().args(list).run().await else {
            // More than anybody reads, maybe: what has no width is not cut. Whatever else it is, this fails for it as well.
            let is_there = self.peel(commit.as_str()).await?.as_ref() == Some(commit);
            return Ok(is_there.then(CommitNote::default));
        };
        // A tag leads to a commit with another hash.
        let told = String::from_utf8_lossy(&output.stdout);
        let note = told.strip_prefix("commit ").and_then(|told| told.strip_prefix(commit.as_str()));
        let note = note.and_then(|note| note.strip_prefix('\n')).filter(|_| output.success());
        Ok(note.map(|note| {
            let (author, subject) = note.split_once('\n').unwrap_or_default();
            CommitNote::new(subject, author)
        }))
    }

    /// A sound mirror without leftovers, whatever was there.
    async fn prepare(&self, lock: &FileLock) -> Result<(), Failure> {
        if !self.dir.join("HEAD").is_file() {
            return self.make_anew(lock).await;
        }
        remove_leftovers(&self.dir).map_err(|error| self.io("tidy up", error))?;
        if !self.is_suspect() {
            return Ok(());
        }
        if !self.is_sound().await? {
            return self.make_anew(lock).await;
        }
        // Whatever was cut off may have left refs that are not packed yet, and workspaces get the packed ones.
        self.settle(lock).await
    }

    async fn make_anew(&self, lock: &FileLock) -> Result<(), Failure> {
        remove_dir(&self.dir).map_err(|error| self.io("remove", error))?;
        // Made aside and moved, so that a mirror is never half there.
        let aside = self.session.path().join("mirror");
        remove_dir(&aside).map_err(|error| self.io("remove", error))?;
        let format = if self.sha256 { "--object-format=sha256" } else { "--object-format=sha1" };
        let call = self.git.call(self.doing("making a mirror of"), self.session.path(), self.deadline);
        let call = call.envs(self.session.env()).holding(lock.handle()?);
        let output = call.args(["init", "--quiet", "--bare", format, "mirror"]).run().await?;
        if !output.success() {
            return Err(self.failed("no mirror can be made", &output));
        }
        fs::rename(&aside, &self.dir).map_err(|error| self.io("make", error))
    }

    /// Whether everything that the refs lead to is there and can be read.
    async fn is_sound(&self) -> Result<bool, Failure> {
        let output = self.call().args(["fsck", "--connectivity-only", "--no-dangling", "--no-progress"]).run().await?;
        if !output.success() {
            return Ok(false);
        }
        // The above looks at structure only; this reads the packs against their checksums.
        for pack in packs::indexes(&self.dir).map_err(|error| self.io("read", error))? {
            if !self.call().args(["verify-pack".as_ref(), pack.as_os_str()]).run().await?.success() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Fetches, and makes sure that the fault was not the mirror's before it blames the repository.
    async fn change(&self, lock: &FileLock, refspecs: &[&str]) -> Result<(), Failure> {
        let output = self.fetch(lock, refspecs, true).await?;
        if output.success() {
            return self.settle(lock).await;
        }
        let failed = || {
            let failure = self.failed("cannot be fetched", &output);
            failure.with_help("check the address, the credentials for its origin and the network").retryable()
        };
        if !self.answers().await? || self.is_sound().await? {
            return Err(failed());
        }
        self.make_anew(lock).await?;
        let output = self.fetch(lock, refspecs, true).await?;
        if output.success() { self.settle(lock).await } else { Err(self.failed("cannot be fetched", &output)) }
    }

    /// Whether the repository can be listed.
    async fn answers(&self) -> Result<bool, Failure> {
        let call = self.call_at("listing").args(["ls-remote", "--quiet", &self.repository.to_string(), "HEAD"]);
        Ok(call.run().await?.success())
    }

    async fn fetch(&self, lock: &FileLock, refspecs: &[&str], prune: bool) -> Result<Output, Failure> {
        self.fetching(lock, refspecs, prune, self.deadline)?.run().await
    }

    fn fetching(&self, lock: &FileLock, refspecs: &[&str], prune: bool, deadline: Instant) -> Result<Call, Failure> {
        fs::write(self.dir.join(CHANGING), "").map_err(|error| self.io("mark", error))?;
        let call = self.call_until("fetching", deadline).holding(lock.handle()?);
        let call = call.args(["fetch", "--quiet", "--force", "--no-tags", "--no-write-fetch-head", "--update-shallow"]);
        let call = call.args(["--no-recurse-submodules", "--no-auto-maintenance"]);
        let call = if prune { call.args(["--prune"]) } else { call };
        Ok(call.args(["--end-of-options", &self.repository.to_string()]).args(refspecs))
    }

    /// After a fetch: refs in one file, not too many packs, and the mark gone.
    async fn settle(&self, lock: &FileLock) -> Result<(), Failure> {
        let output = self.call().holding(lock.handle()?).args(["pack-refs", "--all", "--prune"]).run().await?;
        if !output.success() {
            return Err(self.failed("has a mirror whose refs cannot be packed", &output));
        }
        if packs::indexes(&self.dir).map_err(|error| self.io("read", error))?.len() > MAX_PACKS {
            let call = self.call().holding(lock.handle()?).args(["repack", "--quiet", "-d", "--geometric=2"]);
            let output = call.run().await?;
            if !output.success() {
                return Err(self.failed("has a mirror that cannot be packed", &output));
            }
        }
        self.unmark()
    }

    fn unmark(&self) -> Result<(), Failure> {
        match fs::remove_file(self.dir.join(CHANGING)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.io("unmark", error)),
            _ => Ok(()),
        }
    }

    fn call(&self) -> Call {
        self.call_at("reading the mirror of")
    }

    fn call_at(&self, verb: &str) -> Call {
        self.call_until(verb, self.deadline)
    }

    fn call_until(&self, verb: &str, deadline: Instant) -> Call {
        let call = self.git.call(self.doing(verb), self.session.path(), deadline).envs(self.session.env());
        call.args(["--git-dir".as_ref(), self.dir.as_os_str()])
    }

    fn doing(&self, verb: &str) -> String {
        format!("{verb} {}", self.repository)
    }

    fn failed(&self, what: &str, output: &Output) -> Failure {
        let failure = git_failed(&format!("{} {what}", self.repository), output, self.session.secrets());
        or_disk_full(failure, &[&self.lock])
    }

    fn io(&self, doing: &str, error: io::Error) -> Failure {
        io_failed(FailureKind::CheckoutFailed, &format!("{doing} the mirror"), &self.dir, error)
    }
}

const BRANCHES_AND_TAGS: [&str; 2] = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];

/// Removes what only a git that was killed leaves. Only for the holder of the exclusive lock.
fn remove_leftovers(mirror: &Path) -> io::Result<()> {
    let mut dirs = vec![mirror.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir)? {
            let entry = entry?;
            let path = entry.path();
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if entry.file_type()?.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|extension| extension == "lock") || name.starts_with("tmp_") {
                fs::remove_file(&path)?;
            }
        }
    }
    Ok(())
}

fn remove_dir(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
