//! `imt` run by a user without rights, in a world that this user may read. Needs root, as only root can become others.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use crate::imt::{Home, Output, Running, binary};
use crate::project::{Project, WORKSPACE_ROOT};
use crate::users::NOBODY;

/// A home of `nobody`'s with a copy of `imt` in it: the built one lies where only its builder may go.
pub struct Nobody {
    home: Home,
    program: PathBuf,
}

impl Nobody {
    /// Makes one.
    ///
    /// # Panics
    /// When these tests do not run as root.
    #[expect(clippy::new_without_default, reason = "it makes a directory; nothing about it is a default")]
    pub fn new() -> Self {
        // The first user to come has it, and the other tests look for root's workspaces there.
        fs::create_dir_all(WORKSPACE_ROOT).expect("the directory of root's workspaces");
        let home = Home::new();
        let program = home.path().join("imt");
        // By another process: a file that this one has open for writing is busy in every child that another test starts now.
        let copied = Command::new("cp").arg(binary()).arg(&program).status().expect("cp can be run");
        assert!(copied.success(), "a copy of the binary");
        let owner = format!("{NOBODY}:{NOBODY}");
        let chown = Command::new("chown").arg("-R").arg(owner).arg(home.path()).status().expect("chown can be run");
        assert!(chown.success(), "these tests run as root");
        Self { home, program }
    }

    /// Its `imt`.
    pub fn imt(&self) -> Command {
        let id = NOBODY.to_string();
        let mut command = Command::new("setpriv");
        self.home.furnish(&mut command);
        command.args(["--reuid", &id, "--regid", &id, "--clear-groups"]).arg(&self.program);
        command
    }

    /// Starts `imt run` of a project with `--output json`.
    pub fn run_json(&self, project: &Project, docker_host: &str, arguments: &[&str]) -> Running {
        let mut command = self.imt();
        command.env("DOCKER_HOST", docker_host);
        command.arg("run").arg(project.path()).args(["--output", "json"]).args(arguments);
        Running::start(command, Output::Events)
    }
}

/// Lets everybody read a project.
///
/// # Panics
/// When its modes cannot be changed.
pub fn may_read(project: &Project) {
    for path in [project.path().parent().expect("a scratch directory"), project.path()] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode");
    }
}
