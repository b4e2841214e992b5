//! Where deployments go: the SSH server and the registry of `scripts/with-services`, and how anybody's `ssh` finds the former.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::Bench;

/// The host and what reaches it.
pub(crate) struct Place {
    pub(super) registry: String,
    /// An image in the registry with `sh` and the usual tools.
    pub(super) image: String,
    /// The port of the SSH server on 127.0.0.1, where root has the key `identity`.
    pub(super) port: u16,
    pub(super) identity: PathBuf,
    pub(super) fingerprint: String,
    /// The home of root there.
    pub(super) home: PathBuf,
    /// What `ssh -F` reads; the host is called `target`.
    pub(super) ssh_config: PathBuf,
    /// Goes first in `PATH`: an `ssh` and an `scp` that read it.
    pub(super) programs: PathBuf,
    /// Where projects lie, and what the commands keep.
    pub(super) scratch: PathBuf,
}

fn given(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("{name} is not set; use scripts/bench"))
}

impl Place {
    pub(super) fn open(bench: &Bench) -> Result<Self, String> {
        let keys = PathBuf::from(given("IMT_TEST_SSH_DIR")?);
        let sshd = given("IMT_TEST_SSHD")?;
        let port = sshd.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).ok_or("IMT_TEST_SSHD has no port")?;
        let scratch = bench.scratch.path().join("deploy");
        let (programs, ssh_config) = (scratch.join("bin"), scratch.join("ssh_config"));
        fs::create_dir_all(&programs).map_err(|e| e.to_string())?;
        let place = Self {
            registry: given("IMT_TEST_REGISTRY")?,
            image: given("IMT_TEST_IMAGE")?,
            port,
            identity: keys.join("ed25519"),
            fingerprint: fingerprint(&keys.join("host_ed25519.pub"))?,
            home: keys.join("home"),
            ssh_config,
            programs,
            scratch,
        };
        place.furnish(&keys).map_err(|e| e.to_string())?;
        // Once for all: a first deployment is not to measure how fast the base image comes.
        run(Command::new("docker").args(["pull", "--quiet", &place.image]))?;
        Ok(place)
    }

    fn furnish(&self, keys: &Path) -> std::io::Result<()> {
        let known = self.scratch.join("known_hosts");
        let key = fs::read_to_string(keys.join("host_ed25519.pub"))?;
        fs::write(&known, format!("[127.0.0.1]:{} {key}", self.port))?;
        let (port, identity, known) = (self.port, self.identity.display(), known.display());
        let config = format!(
            "Host target 127.0.0.1\n  HostName 127.0.0.1\n  Port {port}\n  User root\n  IdentityFile {identity}\n  IdentitiesOnly yes\n  \
             IdentityAgent none\n  BatchMode yes\n  UserKnownHostsFile {known}\n  HostKeyAlgorithms ssh-ed25519\n"
        );
        fs::write(&self.ssh_config, config)?;
        for name in ["ssh", "scp"] {
            let program = self.programs.join(name);
            fs::write(&program, format!("#!/bin/sh\nexec /usr/bin/{name} -F {} \"$@\"\n", self.ssh_config.display()))?;
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        }
        Ok(())
    }

    /// A shell that finds those programs.
    pub(super) fn shell(&self, script: &str) -> Command {
        let mut command = Command::new("sh");
        let path = std::env::var("PATH").unwrap_or_default();
        command.args(["-ec", script]).env("PATH", format!("{}:{path}", self.programs.display()));
        command
    }

    /// `imt COMMAND` for a project there, in whose environment `production` nothing else is deployed.
    pub(super) fn imt(&self, bench: &Bench, command: &str, project: &str) -> Command {
        let mut imt = Command::new(&bench.imt);
        imt.args([command, "--project", project, "--host", &format!("root@127.0.0.1:{}", self.port)]);
        imt.args(["--host-key", &self.fingerprint, "--identity"]).arg(&self.identity);
        imt.env("XDG_STATE_HOME", self.scratch.join("state")).env("XDG_CACHE_HOME", self.scratch.join("cache"));
        imt
    }
}

fn fingerprint(key: &Path) -> Result<String, String> {
    let said = run(Command::new("ssh-keygen").arg("-lf").arg(key))?;
    said.split_whitespace().nth(1).map(str::to_owned).ok_or_else(|| format!("ssh-keygen said {said}"))
}

/// What a command prints, which has to succeed.
pub(super) fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(format!("{command:?} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr)))
}
