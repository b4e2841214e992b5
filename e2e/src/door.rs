//! A key of a test's own to the OpenSSH server, behind which the host is another one: with a home and programs of its own.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::ssh;

/// The key, and what is behind it.
pub struct Door(TempDir);

impl Door {
    /// One behind which these programs come first, each a name and a shell script.
    ///
    /// # Panics
    /// When there is no room for it.
    pub fn new(programs: &[(&str, &str)]) -> Self {
        let door = Self(tempfile::Builder::new().prefix("imt-e2e-door.").tempdir().expect("a directory"));
        for directory in ["bin", "home"] {
            fs::create_dir(door.0.path().join(directory)).expect("a directory");
        }
        let at = door.0.path().display();
        for (name, script) in programs {
            door.script(&format!("bin/{name}"), script);
        }
        door.script(
            "shell",
            &format!("export HOME={at}/home PATH={at}/bin:$PATH\ncd \"$HOME\" && exec sh -c \"$SSH_ORIGINAL_COMMAND\""),
        );
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
