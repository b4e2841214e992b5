//! An `ssh-agent` of our own.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::ssh::file;
use crate::wait::{SOON, until_holds};

/// The agent, for as long as it is held.
pub struct Agent {
    dir: TempDir,
    process: Child,
}

impl Agent {
    /// An agent without keys.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let socket = dir.path().join("agent");
        let process = Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn();
        let agent = Self { dir, process: process.expect("ssh-agent runs") };
        until_holds("the agent listens", SOON, || socket.exists());
        agent
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.dir.path().join("agent")
    }

    /// Gives it a key of the servers' directory.
    ///
    /// # Panics
    /// When it does not take it.
    pub fn add(&self, name: &str) {
        let added = Command::new("ssh-add").arg("-q").arg(file(name)).env("SSH_AUTH_SOCK", self.socket()).status();
        assert!(added.expect("ssh-add runs").success(), "the agent takes no {name}");
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.process.kill().expect("the agent is ended");
        self.process.wait().expect("and its end is taken");
    }
}
