//! File locks between tasks and processes.
//!
//! A lock is taken through a gate, a lock file beside it: whoever waits for the lock holds the gate, so that others who come
//! later wait behind it. Without it readers that overlap would keep a writer out for ever.
//!
//! A lock belongs to the open file, so it also lasts for a git that was given the file (see `Call::holding`).

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use imt_core::ports::{Failure, FailureKind};
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

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub(crate) struct FileLock(File);

impl FileLock {
    /// Waits for the lock. There is no way to wait for a file lock without blocking a thread that nothing could wake, so
    /// this asks again and again, less and less often.
    pub(crate) async fn acquire(path: &Path, mode: Mode, deadline: Instant) -> Result<Self, Failure> {
        let gate = Self::wait(&path.with_extension("gate"), Mode::Exclusive, deadline).await?;
        let lock = Self::wait(path, mode, deadline).await;
        drop(gate);
        lock
    }

    async fn wait(path: &Path, mode: Mode, deadline: Instant) -> Result<Self, Failure> {
        let file = open(path)?;
        let mut pause = Duration::from_millis(1);
        loop {
            let tried = match mode {
                Mode::Shared => file.try_lock_shared(),
                Mode::Exclusive => file.try_lock(),
            };
            match tried {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::Error(error)) => {
                    return Err(io_failed(FailureKind::CheckoutFailed, "lock", path, error));
                }
                Err(TryLockError::WouldBlock) if Instant::now() + pause >= deadline => {
                    let message = format!("another process holds the lock {} for too long", path.display());
                    return Err(Failure::new(FailureKind::CheckoutFailed, message)
                        .with_help("look for a git that hangs, or raise the deadline of the source")
                        .retryable());
                }
                Err(TryLockError::WouldBlock) => sleep(pause).await,
            }
            pause = (pause * 2).min(Duration::from_millis(40));
        }
    }

    /// Takes the lock if nobody has it.
    pub(crate) fn try_exclusive(path: &Path) -> Result<Option<Self>, Failure> {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(io_failed(FailureKind::CheckoutFailed, "lock", path, error)),
        }
    }

    /// Another handle on the same open file, for a child to hold.
    pub(crate) fn handle(&self) -> Result<File, Failure> {
        self.0.try_clone().map_err(|error| {
            Failure::new(FailureKind::Internal, format!("a lock file cannot be shared: {error}")).with_source(error)
        })
    }
}

fn open(path: &Path) -> Result<File, Failure> {
    File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|error| io_failed(FailureKind::CheckoutFailed, "open", path, error))
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
}
