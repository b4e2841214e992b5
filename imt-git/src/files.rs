//! Copying files so that the copy is independent of the original: never a hard link, a reflink where the disk can.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use imt_core::ports::{Failure, FailureKind};
use rustix::fs::OFlags;
use tokio::time::{Instant, timeout_at};

/// Everybody may read and write.
pub(crate) const OPEN_FILE: u32 = 0o666;
/// Everybody may read, write and enter.
pub(crate) const OPEN_DIR: u32 = 0o777;

/// Copies the content of an open file: by sharing its blocks if the disk can, else inside the kernel if that can.
pub(crate) fn copy_content(from: &mut File, to: &mut File) -> io::Result<()> {
    // Whatever the reason that blocks cannot be shared, copying them is always possible.
    if rustix::fs::ioctl_ficlone(&*to, &*from).is_ok() {
        return Ok(());
    }
    io::copy(from, to).map(drop)
}

/// Opens a file for reading only if it is a regular one itself, not through a link, and without waiting for a FIFO.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let file = File::options().read(true).custom_flags(flags.cast_signed()).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a regular file")) }
}

/// Makes a new file with exactly this mode.
pub(crate) fn create_new(path: &Path, mode: u32) -> io::Result<File> {
    let file = File::options().write(true).create_new(true).open(path)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    Ok(file)
}

/// Makes a directory with exactly this mode, if it is not there yet.
pub(crate) fn create_dir(path: &Path, mode: u32) -> io::Result<()> {
    match fs::create_dir(path) {
        Ok(()) => fs::set_permissions(path, Permissions::from_mode(mode)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Told by a dropped future to the thread that works for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    pub(crate) fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Does blocking work on a thread for it, until the deadline. When that is over, or the future is dropped, the work is told to
/// stop.
pub(crate) async fn on_thread<T, F>(doing: &str, deadline: Instant, work: F) -> Result<T, Failure>
where
    T: Send + 'static,
    F: FnOnce(&Stop) -> Result<T, Failure> + Send + 'static,
{
    struct AskOnDrop(Stop);
    impl Drop for AskOnDrop {
        fn drop(&mut self) {
            self.0.0.store(true, Ordering::Relaxed);
        }
    }
    let stop = AskOnDrop(Stop::default());
    let seen = stop.0.clone();
    let done = timeout_at(deadline, tokio::task::spawn_blocking(move || work(&seen))).await;
    let Ok(done) = done else {
        return Err(Failure::new(FailureKind::CheckoutFailed, format!("{doing} took too long and was stopped"))
            .with_help("look at the disk, or raise the deadline of the source")
            .retryable());
    };
    done.unwrap_or_else(|error| {
        Err(Failure::new(FailureKind::Internal, "a copying thread ended early").with_source(error))
    })
}

/// The answer of work that was told to stop; nobody waits for it.
pub(crate) fn stopped() -> Failure {
    Failure::new(FailureKind::CheckoutFailed, "the checkout was given up")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn work_on_a_thread_ends_with_the_deadline() {
        let (told, hears) = std::sync::mpsc::channel();
        let deadline = Instant::now() + Duration::from_millis(50);
        let work = on_thread("copying", deadline, move |stop| {
            while !stop.asked() {
                std::thread::yield_now();
            }
            told.send(()).unwrap();
            Ok(())
        });
        let failure = work.await.unwrap_err();
        assert!(failure.message.contains("copying took too long") && failure.retryable, "{failure}");
        hears.recv_timeout(Duration::from_secs(20)).unwrap();
    }
}
