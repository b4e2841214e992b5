//! Running the real binary in a world of its own: a home, a project, nothing else of the environment but `PATH`.

#![expect(dead_code, reason = "each test file uses its own part")]
#![expect(clippy::unwrap_used, reason = "a helper of tests fails like a test")]

pub(crate) mod pty;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Nothing here takes longer.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// A home and a project.
pub(crate) struct World {
    dir: TempDir,
}

impl World {
    /// A project that is no repository, with this pipeline file.
    pub(crate) fn new(pipeline: &str) -> Self {
        let world = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir_all(world.project()).unwrap();
        fs::create_dir_all(world.dir.path().join("home")).unwrap();
        world.write("pipeline.yml", pipeline);
        world
    }

    pub(crate) fn project(&self) -> PathBuf {
        self.dir.path().join("project")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.dir.path().join("home/state/imt")
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.project().join(name), text).unwrap();
    }

    /// `imt` with these arguments, in the project.
    pub(crate) fn imt(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_imt"));
        command.args(arguments).current_dir(self.project()).stdin(Stdio::null());
        self.furnish(&mut command);
        command
    }

    fn furnish(&self, command: &mut Command) {
        let home = self.dir.path().join("home");
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.env("HOME", &home).env("XDG_STATE_HOME", home.join("state"));
        command.env("DOCKER_HOST", "unix:///nonexistent/docker.sock");
        command.env("GIT_CONFIG_NOSYSTEM", "1");
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]);
        self.furnish(command.args(arguments).current_dir(self.project()));
        let output = command.output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// `imt run --executor local` with these arguments, to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        let mut command = self.imt(&["run", "--executor", "local"]);
        Finished::of(command.args(arguments).output().unwrap())
    }

    /// The same with JSON output.
    pub(crate) fn run_json(&self, arguments: &[&str]) -> Finished {
        self.run(&[&["--output", "json"], arguments].concat())
    }

    /// Starts `imt run --executor local --output json`, to be watched.
    pub(crate) fn start(&self) -> Running {
        let mut command = self.imt(&["run", "--executor", "local", "--output", "json"]);
        Running::new(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap())
    }
}

/// What a command said.
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Finished {
    pub(crate) fn of(output: Output) -> Self {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        Self { code: output.status.code(), stdout: output.stdout, stderr }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Each line of standard output as JSON.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"))).collect()
    }

    pub(crate) fn all(&self, event: &str) -> Vec<Value> {
        self.events().into_iter().filter(|found| found["event"] == event).collect()
    }

    /// `job status reason` of each job that ended.
    pub(crate) fn ends(&self) -> Vec<String> {
        let word = |value: &Value| value.as_str().map(|word| format!(" {word}")).unwrap_or_default();
        let end = |event: &Value| {
            format!("{}{}{}", event["job"].as_str().unwrap(), word(&event["status"]), word(&event["reason"]))
        };
        self.all("job_finished").iter().map(end).collect()
    }

    /// All lines of all jobs' logs.
    pub(crate) fn log(&self) -> Vec<String> {
        self.all("job_log").iter().map(|event| event["line"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn assert_says(&self, code: i32, words: &[&str]) {
        let said = format!("{}{}", self.text(), self.stderr);
        assert_eq!(self.code, Some(code), "{said}");
        for word in words {
            assert!(said.contains(word), "`{word}` is missing in:\n{said}");
        }
    }
}

/// An `imt run` at work, killed when dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    lines: Receiver<String>,
    seen: Vec<Value>,
}

impl Running {
    fn new(mut child: Child) -> Self {
        let stdout: ChildStdout = child.stdout.take().unwrap();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                if sender.send(line.unwrap()).is_err() {
                    break;
                }
            }
        });
        Self { child, lines, seen: Vec::new() }
    }

    /// Reads events until one fits.
    pub(crate) fn until(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + DEADLINE;
        loop {
            let line = self.lines.recv_timeout(end.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|_| panic!("it did not come; seen: {:#?}", self.seen));
            let event: Value = serde_json::from_str(&line).unwrap();
            self.seen.push(event.clone());
            if fits(&event) {
                return event;
            }
        }
    }

    pub(crate) fn until_line(&mut self, line: &str) {
        self.until(|event| event["line"] == line);
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits for the end; answers with the exit code and all events.
    pub(crate) fn finish(mut self) -> (Option<i32>, Vec<Value>) {
        while let Ok(line) = self.lines.recv_timeout(DEADLINE) {
            self.seen.push(serde_json::from_str(&line).unwrap());
        }
        let status = self.child.wait().unwrap();
        (status.code(), std::mem::take(&mut self.seen))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may be over.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until a process listens to a signal, which would end it before.
pub(crate) fn until_it_hears(child: &Child, signal: rustix::process::Signal) {
    until("the process listens", || {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap().trim();
        u64::from_str_radix(caught, 16).unwrap() & 1 << (signal.as_raw() - 1) != 0
    });
}

/// Waits for the end of a process that says little; kills it when that does not come.
pub(crate) fn within_deadline(mut child: Child) -> Finished {
    let end = Instant::now() + DEADLINE;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > end {
            child.kill().unwrap();
            break;
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
    Finished::of(child.wait_with_output().unwrap())
}

/// Waits until something holds.
pub(crate) fn until(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < end, "{what}: not within {DEADLINE:?}");
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// Whether a process lives.
pub(crate) fn lives(pid: &str) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
    // A zombie is gone; it only has not been told to anybody.
    !stat.is_empty() && !stat.contains(") Z ")
}
