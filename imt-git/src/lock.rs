//! File locks between tasks and processes.
//!
//! A lock is taken through a gate, a lock file beside it: whoever waits for the lock holds the gate, so that others who come
//! later wait behind it. Without it readers that overlap would keep a writer out for ever.
//!
//! A lock belongs to the open file, so it also lasts for a git that was given the file (see `Call::holding`). Where the process
//! that gave it is gone, that git is an orphan: nobody hears what it says, and it may hang for ever. So whoever has a lock
//! exclusively has a second one beside it that no git is given, and whoever waits and finds that one free ends the orphans.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use imt_core::ports::{Failure, FailureKind};
use rustix::process::{Pid, Signal, getpgid, kill_process_group};
use tokio::time::{Instant, sleep};

use crate::failure::io_failed;

/// Who may hold it besides us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Other readers.
    Shared,
    /// Nobody.
    Exclusive,
}

/// How often who waits looks for orphans.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub(crate) struct FileLock {
    file: File,
    /// Says that we live, for as long as we have it exclusively.
    _owner: Option<File>,
}

impl FileLock {
    /// Waits for the lock. There is no way to wait for a file lock without blocking a thread that nothing could wake, so
    /// this asks again and again, less and less often.
    pub(crate) async fn acquire(path: &Path, mode: Mode, deadline: Instant) -> Result<Self, Failure> {
        let gate = wait(&path.with_extension("gate"), Mode::Exclusive, deadline, |_| Ok(())).await?;
        let owner = path.with_extension("owner");
        let lock = match mode {
            Mode::Exclusive => {
                let owner = wait(&owner, Mode::Exclusive, deadline, |_| Ok(())).await?;
                // With that nobody else who lives has it exclusively.
                let file = wait(path, mode, deadline, end_orphans).await?;
                Self { file, _owner: Some(owner) }
            }
            Mode::Shared => {
                let unless_owned = |file: &File| match open_file(&owner)?.try_lock() {
                    Ok(()) => end_orphans(file),
                    Err(TryLockError::WouldBlock) => Ok(()),
                    Err(TryLockError::Error(error)) => Err(error),
                };
                Self { file: wait(path, mode, deadline, unless_owned).await?, _owner: None }
            }
        };
        drop(gate);
        Ok(lock)
    }

    /// Takes the lock if nobody has it.
    pub(crate) fn try_exclusive(path: &Path) -> Result<Option<Self>, Failure> {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { file, _owner: None })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(io_failed(FailureKind::CheckoutFailed, "lock", path, error)),
        }
    }

    /// Another handle on the same open file, for a child to hold.
    pub(crate) fn handle(&self) -> Result<File, Failure> {
        self.file.try_clone().map_err(|error| {
            Failure::new(FailureKind::Internal, format!("a lock file cannot be shared: {error}")).with_source(error)
        })
    }
}

/// Waits for a lock. Of one that is held, the file is handed to `blocked`, from time to time.
async fn wait(
    path: &Path,
    mode: Mode,
    deadline: Instant,
    blocked: impl Fn(&File) -> io::Result<()>,
) -> Result<File, Failure> {
    let file = open(path)?;
    let failed = |error| io_failed(FailureKind::CheckoutFailed, "lock", path, error);
    let mut pause = Duration::from_millis(1);
    let mut look_at = Instant::now() + LOOK_EVERY / 10;
    loop {
        let tried = match mode {
            Mode::Shared => file.try_lock_shared(),
            Mode::Exclusive => file.try_lock(),
        };
        match tried {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
            Err(TryLockError::WouldBlock) if Instant::now() + pause >= deadline => {
                let message = format!("another process holds the lock {} for too long", path.display());
                return Err(Failure::new(FailureKind::CheckoutFailed, message)
                    .with_help("look for a git that hangs, or raise the deadline of the source")
                    .retryable());
            }
            Err(TryLockError::WouldBlock) => sleep(pause).await,
        }
        pause = (pause * 2).min(Duration::from_millis(40));
        if Instant::now() >= look_at {
            blocked(&file).map_err(failed)?;
            look_at = Instant::now() + LOOK_EVERY;
        }
    }
}

/// Kills the process groups of those who have this file as their standard input, as only our gits have. Where there is no
/// `/proc` none is found.
fn end_orphans(lock: &File) -> io::Result<()> {
    let own = lock.metadata()?;
    let processes = match fs::read_dir("/proc") {
        Ok(processes) => processes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for process in processes {
        let process = process?;
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw) else {
            continue;
        };
        // One that is gone by now, or another user's, has none that we could see.
        let Ok(stdin) = fs::metadata(process.path().join("fd/0")) else { continue };
        if (stdin.dev(), stdin.ino()) == (own.dev(), own.ino())
            && let Ok(group) = getpgid(Some(pid))
        {
            // The only error is that nobody is left in the group, which is what we want.
            kill_process_group(group, Signal::KILL).unwrap_or_default();
        }
    }
    Ok(())
}

fn open(path: &Path) -> Result<File, Failure> {
    open_file(path).map_err(|error| io_failed(FailureKind::CheckoutFailed, "open", path, error))
}

fn open_file(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create(true).truncate(false).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn readers_that_overlap_do_not_keep_a_writer_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let deadline = Instant::now() + Duration::from_secs(30);
        let reader = |path: std::path::PathBuf| async move {
            loop {
                let reading = FileLock::acquire(&path, Mode::Shared, deadline).await.unwrap();
                sleep(Duration::from_millis(20)).await;
                drop(reading);
            }
        };
        let mut readers = tokio::task::JoinSet::new();
        for _ in 0..8 {
            readers.spawn(reader(path.clone()));
        }
        let first = FileLock::acquire(&path, Mode::Shared, deadline).await.unwrap();
        let writer = FileLock::acquire(&path, Mode::Exclusive, Instant::now() + Duration::from_secs(10));
        let (writer, ()) = tokio::join!(writer, async { drop(first) });
        writer.unwrap();
        readers.abort_all();
    }

    /// A process in a group of its own that has the lock, as a git of ours would.
    fn git(lock: &FileLock) -> std::process::Child {
        use std::os::unix::process::CommandExt as _;
        let mut sleep = std::process::Command::new("sleep");
        sleep.arg("600").process_group(0).stdin(lock.handle().unwrap()).spawn().unwrap()
    }

    #[tokio::test]
    async fn a_git_whose_process_is_gone_keeps_nobody_waiting() {
        use std::os::unix::process::ExitStatusExt as _;
        for mode in [Mode::Shared, Mode::Exclusive] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("x.lock");
            let soon = || Instant::now() + Duration::from_secs(30);
            let lock = FileLock::acquire(&path, Mode::Exclusive, soon()).await.unwrap();
            let mut git = git(&lock);
            // As the system does for a process that is gone.
            drop(lock);
            let next = FileLock::acquire(&path, mode, soon()).await.unwrap();
            assert_eq!(git.wait().unwrap().signal(), Some(9), "{mode:?}");
            drop(next);
        }
    }

    #[tokio::test]
    async fn a_git_whose_process_lives_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.lock");
        let lock = FileLock::acquire(&path, Mode::Exclusive, Instant::now() + Duration::from_secs(30)).await.unwrap();
        let mut git = git(&lock);
        for mode in [Mode::Shared, Mode::Exclusive] {
            let waited = FileLock::acquire(&path, mode, Instant::now() + Duration::from_millis(500)).await;
            assert!(waited.is_err_and(|failure| failure.retryable), "{mode:?}");
            assert!(git.try_wait().unwrap().is_none(), "{mode:?}");
        }
        git.kill().unwrap();
        git.wait().unwrap();
    }
}
