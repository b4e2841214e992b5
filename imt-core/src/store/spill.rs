//! Where the bytes of logs go in the place of memory: one nameless file a log, and what happens when a file cannot be
//! written.
//!
//! The name of a file is removed as soon as it is open, so nothing is left behind however the process ends.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use uuid::Uuid;

/// How many bytes of logs that cannot go to their files memory takes by default, for all logs of a store together.
pub(super) const FALLBACK_BYTES: u64 = 64 << 20;

/// The file of one log. A byte of the log is at the position that is its offset.
#[derive(Debug)]
pub(super) struct SpillFile(File);

impl SpillFile {
    pub(super) fn create(dir: &Path) -> io::Result<Self> {
        let path = dir.join(format!(".imt-log-{}", Uuid::now_v7()));
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        fs::remove_file(&path)?;
        Ok(Self(file))
    }

    /// A file on a full disk.
    #[cfg(test)]
    pub(super) fn full() -> Self {
        Self(OpenOptions::new().read(true).write(true).open("/dev/full").expect("every Linux has it"))
    }

    pub(super) fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    pub(super) fn read(&self, offset: u64, len: usize) -> io::Result<Bytes> {
        let mut bytes = vec![0; len];
        self.0.read_exact_at(&mut bytes, offset)?;
        Ok(bytes.into())
    }
}

/// The spilling of one store: the directory, and the memory that stands in for files that cannot be written.
pub(super) struct Spill {
    dir: PathBuf,
    bound: u64,
    room: AtomicU64,
    told: AtomicBool,
    warn: Box<dyn Fn(&str) + Send + Sync>,
}

impl Spill {
    pub(super) fn new(dir: PathBuf, bound: u64, warn: Box<dyn Fn(&str) + Send + Sync>) -> Self {
        Self { dir, bound, room: AtomicU64::new(bound), told: AtomicBool::new(false), warn }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Takes room in memory; `false` when there is not enough left, and then nothing is taken.
    pub(super) fn take_room(&self, bytes: u64) -> bool {
        self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| room.checked_sub(bytes)).is_ok()
    }

    /// Gives it back when the log is gone.
    pub(super) fn give_room(&self, bytes: u64) {
        self.room.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Tells, once for all logs of the store, that a file could not be written.
    pub(super) fn tell(&self, error: &io::Error) {
        if !self.told.swap(true, Ordering::Relaxed) {
            let (dir, mib) = (self.dir.display(), self.bound >> 20);
            (self.warn)(&format!(
                "cannot write logs to `{dir}`: {error}; they are kept in memory up to {mib} MiB, what is more of the jobs' output is dropped; make room on that disk"
            ));
        }
    }
}

impl fmt::Debug for Spill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spill").field("dir", &self.dir).field("room", &self.room).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_no_name_behind() {
        let dir = tempfile::tempdir().unwrap();
        let file = SpillFile::create(dir.path()).unwrap();
        file.write(3, b"abc").unwrap();
        assert_eq!(file.read(3, 3).unwrap(), "abc");
        assert!(file.read(4, 3).is_err(), "there is nothing past the end");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn room_is_taken_whole_or_not_at_all() {
        let spill = Spill::new(PathBuf::new(), 10, Box::new(|_| {}));
        assert!(spill.take_room(7) && !spill.take_room(4) && spill.take_room(3) && !spill.take_room(1));
        spill.give_room(3);
        assert!(spill.take_room(3));
    }
}
