//! Runs commands for a host in the real shells of this machine, each with a set of tools of its own.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use imt_core::deploy::command::{CommandInput, HostCommand, TargetDir};
use imt_core::id::DeploymentId;
use uuid::Uuid;

/// A host: a home, a shell as `sh`, and the tools beside it.
pub(crate) struct Host {
    home: tempfile::TempDir,
    pub(crate) shell: &'static str,
    path: String,
}

impl Host {
    fn new(shell: &'static str, program: &str, is_busybox: bool) -> Self {
        let home = tempfile::tempdir().unwrap();
        let bin = home.path().join("bin");
        fs::create_dir(&bin).unwrap();
        if is_busybox {
            let installed = Command::new(program).args(["--install", "-s"]).arg(&bin).output().unwrap();
            assert!(installed.status.success(), "{installed:?}");
        } else {
            symlink(program, bin.join("sh")).unwrap();
        }
        let path = if is_busybox { bin.display().to_string() } else { format!("{}:/usr/bin:/bin", bin.display()) };
        Self { home, shell, path }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn dir(&self) -> TargetDir {
        TargetDir::below(&self.home.path().display().to_string(), "shop", "production")
    }

    pub(crate) fn root(&self) -> PathBuf {
        PathBuf::from(self.dir().root())
    }

    pub(crate) fn state(&self) -> PathBuf {
        PathBuf::from(self.dir().state())
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.root().join(path)).ok()
    }

    /// Puts a program into the host's way.
    pub(crate) fn program(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.home.path().join("bin").join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub(crate) fn command(&self, command: &HostCommand) -> Command {
        let program = self.home.path().join("bin").join(&command.argv[0]);
        let mut made = Command::new(if program.exists() { program } else { PathBuf::from(&command.argv[0]) });
        made.args(&command.argv[1..]).env_clear().env("PATH", &self.path).env("HOME", self.home.path());
        made.env("LC_ALL", "C").env("IMT_COMMAND", "mark").current_dir(self.home.path());
        made.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        made
    }

    pub(crate) fn start(&self, command: &HostCommand) -> Child {
        feed(self.command(command).spawn().unwrap(), command)
    }

    pub(crate) fn run(&self, command: &HostCommand) -> Ran {
        Ran::of(self.start(command).wait_with_output().unwrap())
    }
}

/// Gives a command what it reads, and then the end.
pub(crate) fn feed(mut child: Child, command: &HostCommand) -> Child {
    let mut stdin = child.stdin.take().unwrap();
    if let CommandInput::Secret(secret) = &command.input {
        // One that does not read it has ended early, and says so by its code.
        let _ = stdin.write_all(secret.expose().as_bytes());
    }
    child
}

#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A host for each shell that there is. `sh` of this machine may be counted on, the others only where they are.
pub(crate) fn hosts() -> Vec<Host> {
    let mut hosts = vec![Host::new("sh", "/bin/sh", false)];
    let others = [("dash", "/bin/dash", false), ("bash", "/bin/bash", false), ("busybox", "/bin/busybox", true)];
    for (name, program, is_busybox) in others {
        if Path::new(program).exists() {
            hosts.push(Host::new(name, program, is_busybox));
        }
    }
    hosts
}

pub(crate) fn deployment(number: u128) -> DeploymentId {
    DeploymentId::from_uuid(Uuid::from_u128(number))
}

/// Waits for a condition, with a deadline.
pub(crate) fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(30), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
