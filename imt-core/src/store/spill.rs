//! A nameless file that holds the bytes of one log in the place of memory.
//!
//! The name is removed as soon as the file is open, so nothing is left behind however the process ends.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use bytes::Bytes;
use uuid::Uuid;

/// The file. A byte of the log is at the position that is its offset.
#[derive(Debug)]
pub(super) struct SpillFile(File);

impl SpillFile {
    pub(super) fn create(dir: &Path) -> io::Result<Self> {
        let path = dir.join(format!(".imt-log-{}", Uuid::now_v7()));
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        fs::remove_file(&path)?;
        Ok(Self(file))
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
}
