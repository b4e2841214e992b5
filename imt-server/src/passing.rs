//! A repository that is no project's, looked into once: what is fetched of it goes when nobody looks any more.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, read_dir, remove_dir_all};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use imt_core::id::{CommitId, ProjectId, UserId};
use imt_core::ports::{Failure, FailureKind, Source as _};
use imt_git::GitSource;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// How long git may take for each thing it is asked: whoever has asked waits for the answer.
pub(crate) const PASSING: Duration = Duration::from_secs(40);
/// What is older was left by a process that has died: no look takes so long.
const LEFT_BEHIND: Duration = Duration::from_mins(5);

/// How many are looked into at once: for each there are processes of git, which wait for a host.
const ALL: usize = 4;
/// How many of them for one user.
const EACH: usize = 2;
/// How long somebody waits for a turn.
const TURN_WITHIN: Duration = Duration::from_secs(10);

/// Turns of those who have something looked into.
pub(crate) struct Turns {
    all: Semaphore,
    /// Of those who have or wait for one.
    each: Mutex<BTreeMap<UserId, Arc<Semaphore>>>,
}

/// A turn, until it is dropped.
pub(crate) struct Turn<'a> {
    _of_all: SemaphorePermit<'a>,
    _own: OwnedSemaphorePermit,
}

impl Turns {
    pub(crate) const fn new() -> Self {
        Self { all: Semaphore::const_new(ALL), each: Mutex::new(BTreeMap::new()) }
    }

    /// Waits for a turn. `None`: it would take too long.
    pub(crate) async fn take(&self, user: UserId) -> Option<Turn<'_>> {
        let own = {
            let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
            each.retain(|_, turns| Arc::strong_count(turns) > 1);
            Arc::clone(each.entry(user).or_insert_with(|| Arc::new(Semaphore::new(EACH))))
        };
        let taking = async {
            // His own first: whoever waits for that keeps nobody else waiting.
            let own = own.acquire_owned().await.expect("nobody closes it");
            Turn { _own: own, _of_all: self.all.acquire().await.expect("nobody closes it") }
        };
        timeout(TURN_WITHIN, taking).await.ok()
    }
}

/// A directory that goes with whoever has it.
pub(crate) struct PassingDir(pub(crate) PathBuf);

impl PassingDir {
    /// A new one below the mirrors of projects, where it is nobody's.
    pub(crate) fn new(root: &Path) -> Result<Self, Failure> {
        let all = all_below(root);
        let unusable = |error: io::Error| {
            let message = format!("`{}` cannot be written to", all.display());
            Failure::new(FailureKind::CheckoutFailed, message).with_source(error)
        };
        DirBuilder::new().recursive(true).mode(0o700).create(&all).map_err(unusable)?;
        let dir = all.join(ProjectId::generate().to_string());
        DirBuilder::new().mode(0o700).create(&dir).map_err(unusable)?;
        Ok(Self(dir))
    }
}

fn all_below(root: &Path) -> PathBuf {
    root.join("passing")
}

/// Removes what was left behind below the mirrors of projects: it may hold what a host takes for a password.
pub(crate) fn sweep(root: &Path) -> io::Result<()> {
    let entries = match read_dir(all_below(root)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        // One that goes meanwhile is gone.
        let age = entry.metadata().and_then(|found| found.modified()).map(|at| at.elapsed().unwrap_or_default());
        if age.is_ok_and(|age| age > LEFT_BEHIND) {
            remove(&entry.path());
        }
    }
    Ok(())
}

/// One that cannot be removed is tried again when it is swept.
fn remove(dir: &Path) {
    if let Err(error) = remove_dir_all(dir)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "what was fetched for one look stays for now: `{}`", dir.display());
    }
}

impl Drop for PassingDir {
    fn drop(&mut self) {
        let dir = std::mem::take(&mut self.0);
        match Handle::try_current() {
            Ok(handle) => drop(handle.spawn_blocking(move || remove(&dir))),
            Err(_) => remove(&dir),
        }
    }
}

/// A repository, as long as somebody looks into it.
pub(crate) struct InPassing {
    source: GitSource,
    /// Where that keeps what it fetches.
    _dir: PassingDir,
}

/// What was seen.
pub(crate) struct Seen {
    /// The branch that is meant where none is named.
    pub(crate) default_branch: Option<String>,
    /// The commit that was looked at.
    pub(crate) commit: CommitId,
    /// What is in the file.
    pub(crate) file: Option<Vec<u8>>,
}

impl InPassing {
    /// One that is kept in a directory, which goes with it.
    pub(crate) const fn new(source: GitSource, dir: PassingDir) -> Self {
        Self { source, _dir: dir }
    }

    /// Looks at a file of a branch, or of the branch that is meant where none is named.
    ///
    /// # Errors
    /// As [`GitSource::default_branch`], [`resolve`](imt_core::ports::Source::resolve) and [`GitSource::file`].
    pub(crate) async fn look(
        &self,
        address: &str,
        branch: Option<&str>,
        path: &str,
        most: usize,
    ) -> Result<Seen, Failure> {
        let default_branch = self.source.default_branch(address).await?;
        let nothing = || {
            let message = "the repository has no branch that is meant where none is named: it is empty, maybe";
            Failure::new(FailureKind::CommitNotFound, message).with_help("name a branch, or push one")
        };
        let branch = branch.or(default_branch.as_deref()).ok_or_else(nothing)?;
        let commit = self.source.resolve(address, &format!("refs/heads/{branch}")).await?;
        let file = self.source.file(address, &commit, path, most).await?.content;
        Ok(Seen { default_branch, commit, file })
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{File, create_dir};
    use std::time::SystemTime;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_user_has_a_part_of_the_turns_and_waits_for_no_more_than_a_while() {
        let (turns, one) = (Turns::new(), UserId::generate());
        let first = turns.take(one).await.unwrap();
        let second = turns.take(one).await.unwrap();
        assert!(turns.take(one).await.is_none());
        let others = [turns.take(UserId::generate()).await.unwrap(), turns.take(UserId::generate()).await.unwrap()];
        assert!(turns.take(UserId::generate()).await.is_none(), "there are no more");
        drop((first, others));
        assert!(turns.take(one).await.is_some());
        drop(second);
        assert!(turns.take(one).await.is_some());
        assert_eq!(turns.each.lock().unwrap().len(), 1, "who has none is forgotten");
    }

    #[test]
    fn a_directory_goes_with_whoever_has_it_and_what_was_left_behind_with_a_sweep() {
        let root = tempfile::tempdir().unwrap();
        sweep(root.path()).unwrap();
        let dir = PassingDir::new(root.path()).unwrap();
        std::fs::write(dir.0.join("file"), "x").unwrap();
        let (left, fresh) = (root.path().join("passing/left"), root.path().join("passing/fresh"));
        create_dir(&left).unwrap();
        create_dir(&fresh).unwrap();
        File::open(&left).unwrap().set_modified(SystemTime::now() - Duration::from_hours(2)).unwrap();
        let path = dir.0.clone();
        drop(dir);
        assert!(!path.exists() && left.exists());
        sweep(root.path()).unwrap();
        assert!(!left.exists() && fresh.exists());
    }
}
