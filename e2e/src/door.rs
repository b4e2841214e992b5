//! A key of a test's own to the SSH servers, behind which the host is another one: with a home and programs of its own, or another
//! user's.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use imt_core::shell::quote;
use tempfile::TempDir;

use crate::ssh;
use crate::users::NOBODY;

/// The key, and what is behind it.
pub struct Door(TempDir);

impl Door {
    /// One behind which these programs come first, each a name and a shell script.
    ///
    /// # Panics
    /// When there is no room for it.
    pub fn new(programs: &[(&str, &str)]) -> Self {
        Self::make(programs, "exec sh -c \"$SSH_ORIGINAL_COMMAND\"")
    }

    /// One behind which are the tools of this machine, whichever server it is.
    ///
    /// # Panics
    /// When there is no room for it.
    pub fn with_tools() -> Self {
        let own = |name: &str| std::env::var(name).ok().map(|value| format!("export {name}={}\n", quote(&value)));
        let environment: String = ["PATH", "DOCKER_HOST"].into_iter().filter_map(own).collect();
        Self::make(&[], &format!("{environment}exec sh -c \"$SSH_ORIGINAL_COMMAND\""))
    }

    /// One behind which one is `nobody`, in these groups and no other; the home belongs to this user.
    ///
    /// # Panics
    /// When these tests do not run as root.
    pub fn of_nobody(groups: &[u32], owner: u32) -> Self {
        let list: Vec<String> = groups.iter().map(u32::to_string).collect();
        let groups = if list.is_empty() { "--clear-groups".to_owned() } else { format!("--groups {}", list.join(",")) };
        let become_it = format!("setpriv --reuid {NOBODY} --regid {NOBODY} {groups}");
        let door = Self::make(&[], &format!("exec {become_it} sh -c \"$SSH_ORIGINAL_COMMAND\""));
        fs::set_permissions(door.0.path(), fs::Permissions::from_mode(0o711)).expect("a way to the home");
        std::os::unix::fs::chown(door.home(), Some(owner), Some(owner)).expect("these tests run as root");
        door
    }

    /// The last line of what is run for each command.
    fn make(programs: &[(&str, &str)], last: &str) -> Self {
        let door = Self(tempfile::Builder::new().prefix("imt-e2e-door.").tempdir().expect("a directory"));
        for directory in ["bin", "home"] {
            fs::create_dir(door.0.path().join(directory)).expect("a directory");
        }
        let at = door.0.path().display();
        for (name, script) in programs {
            door.script(&format!("bin/{name}"), script);
        }
        door.script("shell", &format!("export HOME={at}/home PATH={at}/bin:$PATH\ncd \"$HOME\" || exit\n{last}"));
        let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(door.key()).status();
        assert!(made.is_ok_and(|status| status.success()), "ssh-keygen makes a key");
        let public = fs::read_to_string(door.key().with_extension("pub")).expect("a public key");
        let line = format!("command=\"{at}/shell\" {public}");
        let path = ssh::file("home/.ssh/authorized_keys");
        let mut keys = OpenOptions::new().append(true).open(path).expect("the keys of the server");
        // In one piece: others add theirs at the same time.
        keys.write_all(line.as_bytes()).expect("room for a key");
        door
    }

    fn script(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a script that can be run");
    }

    /// The private key.
    pub fn key(&self) -> PathBuf {
        self.0.path().join("key")
    }

    /// The home behind it.
    pub fn home(&self) -> PathBuf {
        self.0.path().join("home")
    }
}
