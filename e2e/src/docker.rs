//! The Docker engine as the tests see it, through the `docker` command: a second opinion on what `imt` says it did.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::wait::{SOON, until, until_holds, within};

/// Runs `docker` against the engine of the environment and answers its standard output.
///
/// # Panics
/// When it fails.
pub fn docker(arguments: &[&str]) -> String {
    run(&mut Command::new("docker"), arguments)
}

fn run(docker: &mut Command, arguments: &[&str]) -> String {
    let (output, errors) = answer(docker, arguments);
    assert!(output.status.success(), "docker {}: {errors}", arguments.join(" "));
    said(&output)
}

fn answer(docker: &mut Command, arguments: &[&str]) -> (Output, String) {
    let output = docker.args(arguments).stdin(Stdio::null()).output().expect("docker can be run");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, errors)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// What `docker inspect` tells of those containers that are still there: one that was listed may be gone a moment later.
///
/// # Panics
/// When it fails for another reason.
pub fn inspect_remaining(ids: &[&str]) -> String {
    let (output, errors) = answer(&mut Command::new("docker"), &[&["inspect", "--type", "container"], ids].concat());
    let is_answer = output.status.success() || errors.lines().all(|line| line.contains("No such container"));
    assert!(is_answer, "docker inspect {}: {errors}", ids.join(" "));
    said(&output)
}

/// Ids of all containers of a pipeline, whatever their state.
pub fn containers_of(pipeline: &str) -> Vec<String> {
    containers_in(&mut Command::new("docker"), pipeline)
}

fn containers_in(command: &mut Command, pipeline: &str) -> Vec<String> {
    let filter = format!("label=imt.pipeline={pipeline}");
    let listing = run(command, &["ps", "--all", "--quiet", "--no-trunc", "--filter", &filter]);
    listing.lines().map(str::to_owned).collect()
}

/// Makes an image of a single file (no shell, no anything) and pushes it.
///
/// # Panics
/// When the engine or the registry refuses.
pub fn push_image_without_shell(name: &str) {
    let scratch = TempDir::new().expect("a directory for the image");
    fs::write(scratch.path().join("only-file"), "nothing to run here\n").expect("a file for the image");
    let tar = scratch.path().join("image.tar");
    let made = Command::new("tar").arg("-cf").arg(&tar).arg("-C").arg(scratch.path()).arg("only-file").status();
    assert!(made.expect("tar can be run").success(), "tar fails");
    docker(&["import", &tar.display().to_string(), name]);
    docker(&["push", "--quiet", name]);
    docker(&["rmi", name]);
}

/// Who root of a container is outside, of an engine that is [in a user namespace](Engine::in_user_namespace).
pub const REMAPPED_ROOT: u32 = 300_000;

/// A Docker engine of the test's own, which may be stopped and started. Ended and removed when dropped.
pub struct Engine {
    scratch: TempDir,
    /// A network bridge of its own: told to use none, it would remove `docker0` from under the other engine.
    bridge: String,
    arguments: Vec<String>,
    /// What stands for `/etc/subuid` and `/etc/subgid` there.
    subordinates: Option<PathBuf>,
    process: Option<Child>,
}

impl Engine {
    /// Starts one. `live_restore`: its containers live on while it is down.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start(live_restore: bool) -> Self {
        Self::start_on(if live_restore { &["--live-restore"] } else { &[] }, None)
    }

    /// Starts one with further arguments, to be reached in other ways than its socket.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn listening(arguments: &[&str]) -> Self {
        Self::start_on(arguments, None)
    }

    /// Starts one whose data has this much room (`64m`).
    ///
    /// # Panics
    /// When it does not come up.
    pub fn with_disk_of(size: &str) -> Self {
        Self::start_on(&[], Some(size))
    }

    /// Starts one in whose containers every user is another one outside: root is [`REMAPPED_ROOT`].
    ///
    /// # Panics
    /// When it does not come up.
    pub fn in_user_namespace() -> Self {
        let mut engine = Self::new(&["--userns-remap", "daemon:daemon"]);
        let subordinates = engine.file("subordinates");
        fs::write(&subordinates, format!("daemon:{REMAPPED_ROOT}:65536\n")).expect("a file");
        engine.subordinates = Some(subordinates);
        engine.up();
        engine
    }

    fn start_on(arguments: &[&str], disk: Option<&str>) -> Self {
        let mut engine = Self::new(arguments);
        if let Some(size) = disk {
            let data = engine.file("data");
            fs::create_dir(&data).expect("a directory for the data");
            let options = format!("size={size}");
            let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "imt-e2e"]).arg(data).status();
            assert!(mount.expect("mount can be run").success(), "these tests run as root");
        }
        engine.up();
        engine
    }

    fn new(arguments: &[&str]) -> Self {
        let scratch = tempfile::Builder::new().prefix("imt-e2e-engine.").tempdir().expect("a directory");
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let name = scratch.path().extension().expect("a random part").to_string_lossy().to_lowercase();
        let bridge = format!("imt{name}");
        ip(&["link", "add", "name", &bridge, "type", "bridge"]);
        Self { scratch, bridge, arguments, subordinates: None, process: None }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// Value for `DOCKER_HOST`.
    pub fn host(&self) -> String {
        format!("unix://{}", self.file("docker.sock").display())
    }

    /// Lets another user use it, until it is started anew.
    ///
    /// # Panics
    /// When these tests do not run as root.
    pub fn give_to(&self, user: u32) {
        use std::os::unix::fs::{PermissionsExt as _, chown};
        fs::set_permissions(self.scratch.path(), fs::Permissions::from_mode(0o711)).expect("a mode");
        chown(self.file("docker.sock"), Some(user), None).expect("these tests run as root");
    }

    /// A `docker` command that talks to this engine.
    pub fn command(&self) -> Command {
        let mut command = Command::new("docker");
        command.env("DOCKER_HOST", self.host());
        command
    }

    /// Ids of all containers of a pipeline on this engine.
    pub fn containers_of(&self, pipeline: &str) -> Vec<String> {
        containers_in(&mut self.command(), pipeline)
    }

    /// Starts it again.
    ///
    /// # Panics
    /// When it runs, or does not come up.
    pub fn up(&mut self) {
        assert!(self.process.is_none(), "the engine runs already");
        let log = File::options().create(true).append(true).open(self.file("dockerd.log")).expect("a log file");
        let errors = log.try_clone().expect("a second handle of the log");
        let child = self
            .program()
            .arg("--data-root")
            .arg(self.file("data"))
            .arg("--exec-root")
            .arg(self.file("exec"))
            .arg("--pidfile")
            .arg(self.file("pid"))
            .args(["--host", &self.host(), "--bridge", &self.bridge, "--iptables=false", "--ip-forward=false"])
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .expect("dockerd can be run (scripts/with-services installs it)");
        self.process = Some(child);
        let mut waited = String::new();
        until_holds("a second Docker engine comes up", SOON, || {
            let child = self.process.as_mut().expect("just started");
            if let Some(status) = child.try_wait().expect("a child can be waited for") {
                write!(waited, "{status}").expect("a string takes text");
                panic!("dockerd ended at once ({waited}): {}", tail(&self.file("dockerd.log")));
            }
            let mut probe = self.command();
            probe.arg("version").stdout(Stdio::null()).stderr(Stdio::null());
            probe.status().is_ok_and(|status| status.success())
        });
    }

    /// `dockerd`, in a file system with this engine's own subordinate ids where it has some.
    fn program(&self) -> Command {
        let Some(subordinates) = &self.subordinates else { return Command::new("dockerd") };
        let script = "for list in /etc/subuid /etc/subgid; do mount --bind \"$1\" $list || exit; done; shift; exec dockerd \"$@\"";
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", script, "sh"]).arg(subordinates);
        command
    }

    /// Ends it and all its containers at one blow, as when the host loses its power.
    ///
    /// # Panics
    /// When it does not run.
    pub fn crash(&mut self) {
        let mut child = self.process.take().expect("the engine runs");
        // First: it must not see its containers end.
        signal(&child, Signal::STOP);
        let inside = self.processes_of_containers();
        kill_those_of(self.scratch.path());
        for pid in inside {
            send(pid, Signal::KILL);
        }
        child.wait().expect("a child can be waited for");
        unmount_below(self.scratch.path());
        // What is in /run does not outlive its host.
        drop(fs::remove_dir_all(self.file("exec")));
    }

    /// Processes in the control group of a container of its own.
    fn processes_of_containers(&self) -> Vec<Pid> {
        let ids: Vec<String> = fs::read_dir(self.file("data").join("containers"))
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        let is_inside = |path: &Path| {
            let group = fs::read_to_string(path.join("cgroup")).unwrap_or_default();
            ids.iter().any(|id| group.contains(id))
        };
        processes().filter(|(_, path)| is_inside(path)).map(|(pid, _)| pid).collect()
    }

    /// Stops it as an administrator would.
    ///
    /// # Panics
    /// When it does not run or does not end.
    pub fn down(&mut self) {
        let mut child = self.process.take().expect("the engine runs");
        signal(&child, Signal::TERM);
        until("the Docker engine to end", SOON, || child.try_wait().expect("a child can be waited for"));
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(mut child) = self.process.take() {
            signal(&child, Signal::TERM);
            let ended = within(SOON, || child.try_wait().ok().flatten());
            if ended.is_none() {
                signal(&child, Signal::KILL);
                drop(child.wait());
            }
        }
        end_leftovers(self.scratch.path());
        ip(&["link", "delete", &self.bridge]);
    }
}

fn ip(arguments: &[&str]) {
    let status = Command::new("ip").args(arguments).status().expect("ip can be run (package iproute2)");
    assert!(status.success(), "ip {arguments:?}");
}

/// Kills what an engine left (its containerd, shims of containers that lived on) and unmounts below its directory.
fn end_leftovers(scratch: &Path) {
    kill_those_of(scratch);
    unmount_below(scratch);
}

fn processes() -> impl Iterator<Item = (Pid, PathBuf)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let pid = entry.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw)?;
        Some((pid, entry.path()))
    })
}

fn kill_those_of(scratch: &Path) {
    let mark = scratch.display().to_string();
    for (pid, path) in processes() {
        let command = fs::read(path.join("cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&command).contains(&mark) {
            send(pid, Signal::KILL);
        }
    }
}

fn unmount_below(scratch: &Path) {
    let mark = scratch.display().to_string();
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    for mount in mounts.lines().rev().filter_map(|line| line.split(' ').nth(1)).filter(|at| at.starts_with(&mark)) {
        drop(Command::new("umount").arg("-l").arg(mount).status());
    }
}

fn signal(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a child has a process id");
    send(pid, signal);
}

/// Sends a signal; a process that is gone already is fine.
fn send(pid: Pid, signal: Signal) {
    match kill_process(pid, signal) {
        Ok(()) | Err(Errno::SRCH) => {}
        Err(e) => panic!("signal {signal:?} to process {pid:?}: {e}"),
    }
}

fn tail(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
