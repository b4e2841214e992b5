//! A disk with so little room that a test can fill it. Needs root, as only root can mount one.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::process::Command;

/// A file system with next to no room, mounted for as long as it lives.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// One with this much room (`512k`), in the place of a directory.
    ///
    /// # Panics
    /// When these tests do not run as root.
    pub fn mount(at: PathBuf, size: &str) -> Self {
        let options = format!("size={size},mode=0700");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "imt-e2e"]).arg(&at).status();
        assert!(mount.expect("mount can be run").success(), "these tests run as root");
        Self(at)
    }

    /// Leaves no room on it.
    ///
    /// # Panics
    /// When writing fails for another reason.
    pub fn fill(&self) {
        let mut file = File::create(self.filling()).expect("a file on the disk");
        loop {
            match file.write_all(&[0; 4096]) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return,
                Err(error) => panic!("filling a disk: {error}"),
            }
        }
    }

    /// Makes room again.
    ///
    /// # Panics
    /// When it was not filled.
    pub fn free(&self) {
        fs::remove_file(self.filling()).expect("the disk was filled");
    }

    /// Lets nobody write to it, root neither.
    ///
    /// # Panics
    /// When somebody is about to.
    pub fn make_read_only(&self) {
        let mount = Command::new("mount").args(["-o", "remount,ro"]).arg(&self.0).status();
        assert!(mount.expect("mount can be run").success(), "the disk is read only");
    }

    fn filling(&self) -> PathBuf {
        self.0.join("filling")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("--lazy").arg(&self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "the small disk stays mounted");
    }
}
