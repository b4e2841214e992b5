//! An `ssh` that runs the server's part on this machine and stops in the middle of what it sends, until it is let go.
//!
//! What stalls is the transfer itself: by then git has a piece of a pack on the disk.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::wait::{SOON, until_holds};

/// So many bytes go through, piece by piece, however small the pieces are: more than a list of refs, less than the pack.
const PASSED: usize = 10_000;

/// The program, on a `PATH` of its own. What it still runs is ended when this is dropped.
pub struct StallingSsh {
    dir: TempDir,
}

impl StallingSsh {
    /// Makes it.
    ///
    /// # Panics
    /// When there is no room for it.
    #[expect(clippy::new_without_default, reason = "it makes a directory; nothing about it is a default")]
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("imt-e2e-ssh.").tempdir().expect("a directory");
        let at = dir.path().display();
        let script = format!(
            "#!/bin/sh\nfor command; do :; done\nexec 3>&1\nsh -c \"$command\" | {{\n  passed=0\n  piece=1\n  \
             while [ \"$passed\" -le {PASSED} ] && [ \"$piece\" -gt 0 ]; do\n    \
             piece=$(dd bs=4096 count=1 status=none | tee /dev/fd/3 | wc -c)\n    passed=$((passed + piece))\n  done\n  \
             if [ \"$passed\" -gt {PASSED} ]; then\n    : >{at}/stalled\n    \
             while ! [ -e {at}/go ] && [ -d {at} ]; do sleep 0.05; done\n  fi\n  cat\n}}\n"
        );
        fs::create_dir(dir.path().join("bin")).expect("a directory");
        let program = dir.path().join("bin/ssh");
        // By another process: a file that this one has open for writing is busy in every child that another test starts now.
        let staged = dir.path().join("script");
        fs::write(&staged, script).expect("a script");
        let copied = Command::new("cp").arg(&staged).arg(&program).status().expect("cp can be run");
        assert!(copied.success(), "a copy of the script");
        fs::set_permissions(&program, Permissions::from_mode(0o755)).expect("a mode");
        Self { dir }
    }

    /// What `PATH` is to be.
    pub fn path(&self) -> String {
        let inherited = std::env::var("PATH").unwrap_or_default();
        format!("{}:{inherited}", self.dir.path().join("bin").display())
    }

    /// The address of a repository of this machine.
    pub fn address(repository: &Path) -> String {
        format!("ssh://git@host.invalid{}", repository.display())
    }

    /// What `imt` wants to see in a home before it asks ssh for anything.
    ///
    /// # Panics
    /// When there is no room for it.
    pub fn furnish(home: &Path) {
        let dir = home.join(".ssh");
        fs::create_dir(&dir).expect("a directory");
        for name in ["id_ed25519", "known_hosts"] {
            File::create(dir.join(name)).expect("a file");
        }
    }

    /// Waits until a transfer stands still.
    ///
    /// # Panics
    /// When none does.
    pub fn await_stall(&self) {
        until_holds("a transfer that stands still", SOON, || self.file("stalled").exists());
    }

    /// Lets all transfers go on, those to come as well.
    ///
    /// # Panics
    /// When there is no room for a file.
    pub fn let_go(&self) {
        File::create(self.file("go")).expect("a file");
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Processes of this machine that have to do with it, each as `<pid> <command line>`.
    ///
    /// # Panics
    /// When the processes cannot be listed.
    pub fn processes(&self) -> Vec<String> {
        let mark = self.dir.path().display().to_string();
        let entries = fs::read_dir("/proc").expect("a list of processes").flatten();
        let lines = entries.filter_map(|entry| {
            let line = fs::read(entry.path().join("cmdline")).ok()?;
            Some(format!("{} {}", entry.file_name().display(), String::from_utf8_lossy(&line).replace('\0', " ")))
        });
        lines.filter(|line| line.contains(&mark)).collect()
    }
}
