//! Running the `imt` binary: with a home of its own, watched live, never longer than a deadline.

use std::env;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::event::Event;
use crate::wait::{SOON, until};

/// No `imt` of these tests runs longer than this.
pub const DEADLINE: Duration = Duration::from_mins(4);

/// The binary, built from this workspace (or `IMT_BIN`).
///
/// # Panics
/// When it cannot be built.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| env::var_os("IMT_BIN").map_or_else(|| built("imt-cli", "imt"), PathBuf::from))
}

/// A program of this workspace, built.
///
/// # Panics
/// When it cannot be built.
pub(crate) fn built(package: &str, program: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate lies in the workspace");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--package", package]).current_dir(root);
    // What cargo says of this test to it would make build scripts run anew, and half of the dependencies with them.
    for (name, _) in env::vars_os() {
        let said = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_"];
        if said.iter().any(|prefix| name.as_encoded_bytes().starts_with(prefix.as_bytes())) {
            cargo.env_remove(name);
        }
    }
    let built = cargo.status().expect("cargo can be run");
    assert!(built.success(), "{program} cannot be built");
    // This test lies in <target>/debug/deps.
    let test = env::current_exe().expect("a test knows where it lies");
    test.ancestors().nth(2).expect("a test lies below the target directory").join(program)
}

/// Where an `imt` keeps what it keeps: runs that share a home are one user's.
pub struct Home {
    dir: TempDir,
}

impl Home {
    /// A fresh one.
    ///
    /// # Panics
    /// When there is no room for it.
    #[expect(clippy::new_without_default, reason = "it makes a directory; nothing about it is a default")]
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("imt-e2e-home.").tempdir().expect("a directory");
        for name in ["state", "cache", "config", "runtime"] {
            fs::create_dir(dir.path().join(name)).expect("a directory");
        }
        Self { dir }
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// An `imt` with this home and nothing else of the tests' environment but the way to the engine.
    pub fn imt(&self) -> Command {
        let mut command = Command::new(binary());
        self.furnish(&mut command);
        command
    }

    /// Gives any command this home.
    pub fn furnish(&self, command: &mut Command) {
        command.env_clear();
        for name in ["PATH", "DOCKER_HOST", "LANG"] {
            if let Some(value) = env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .env("HOME", self.path())
            .env("XDG_STATE_HOME", self.path().join("state"))
            .env("XDG_CACHE_HOME", self.path().join("cache"))
            .env("XDG_CONFIG_HOME", self.path().join("config"))
            .env("XDG_RUNTIME_DIR", self.path().join("runtime"))
            .stdin(Stdio::null());
    }

    /// `imt run` of a project with `--output json`.
    pub fn run_json<S: AsRef<OsStr>>(&self, project: &Path, arguments: impl IntoIterator<Item = S>) -> Running {
        let mut command = self.imt();
        command.arg("run").arg(project).args(["--output", "json"]).args(arguments);
        Running::start(command, Output::Events)
    }
}

/// What `imt` writes on its standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// `--output json`: an event a line.
    Events,
    /// Anything else.
    Bytes,
}

/// An `imt` at work. Killed when dropped.
pub struct Running {
    child: Child,
    output: Output,
    lines: Receiver<Vec<u8>>,
    errors: Option<JoinHandle<Vec<u8>>>,
    seen: Vec<Event>,
    stdout: Vec<u8>,
    began: Instant,
}

/// An `imt` that has ended.
pub struct Finished {
    /// Its exit code; absent when a signal ended it.
    pub code: Option<i32>,
    /// Every event of `--output json`.
    pub events: Vec<Event>,
    /// Its standard output, whatever it is.
    pub stdout: Vec<u8>,
    /// Its standard error; where a signal ended it, a last line names that.
    pub stderr: String,
    /// How long it ran.
    pub took: Duration,
}

impl Finished {
    /// The one event of this kind and job.
    ///
    /// # Panics
    /// When there is none, or several.
    pub fn the(&self, kind: &str, job: &str) -> &Event {
        let found: Vec<_> = self.events.iter().filter(|e| e.kind() == kind && e.text("job") == job).collect();
        assert_eq!(found.len(), 1, "events {kind} of job {job}: {found:?}\n{}", self.stderr);
        found[0]
    }

    /// The last event: `pipeline_finished`.
    ///
    /// # Panics
    /// When the last event is another one.
    pub fn end(&self) -> &Event {
        let last =
            self.events.last().unwrap_or_else(|| panic!("imt printed no event; {:?}: {}", self.code, self.stderr));
        assert_eq!(last.kind(), "pipeline_finished", "{last}");
        last
    }

    /// Values of a field of all events of a kind, in order.
    pub fn all(&self, kind: &str, field: &str) -> Vec<&str> {
        self.events.iter().filter(|event| event.kind() == kind).map(|event| event.text(field)).collect()
    }

    /// What a stream of a job came out as; a newline after every whole line, also a last one that had none.
    pub fn stream(&self, job: &str, stream: &str) -> Vec<u8> {
        let mut all = Vec::new();
        for event in &self.events {
            if event.kind() == "job_log" && event.text("job") == job && event.text("stream") == stream {
                all.extend(event.line());
                if !event.is_partial() {
                    all.push(b'\n');
                }
            }
        }
        all
    }
}

impl Running {
    /// Starts a command whose output is watched.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(mut command: Command, output: Output) -> Self {
        let began = Instant::now();
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{}: {e}", command.get_program().display()));
        let stdout = child.stdout.take().expect("a pipe");
        let mut stderr = child.stderr.take().expect("a pipe");
        let (sender, lines) = channel();
        thread::spawn(move || {
            let mut reader = BufReader::with_capacity(1 << 20, stdout);
            loop {
                let mut line = Vec::new();
                if matches!(reader.read_until(b'\n', &mut line), Ok(0) | Err(_)) || sender.send(line).is_err() {
                    break;
                }
            }
        });
        let errors = thread::spawn(move || {
            let mut all = Vec::new();
            drop(stderr.read_to_end(&mut all));
            all
        });
        Self { child, output, lines, errors: Some(errors), seen: Vec::new(), stdout: Vec::new(), began }
    }

    /// Waits for an event of `--output json` (also one that has been seen already).
    ///
    /// # Panics
    /// When it does not come within a deadline, or `imt` ends without it.
    pub fn await_event(&mut self, what: &str, mut wanted: impl FnMut(&Event) -> bool) -> Event {
        if let Some(event) = self.seen.iter().find(|event| wanted(event)) {
            return event.clone();
        }
        let deadline = Instant::now() + DEADLINE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                let all: Vec<String> = self.seen.iter().map(ToString::to_string).collect();
                drop(self.child.kill());
                panic!("no event: {what}\nseen:\n{}\nstderr:\n{}", all.join("\n"), self.read_errors());
            };
            let event = Event::parse(&line);
            self.stdout.extend_from_slice(&line);
            self.seen.push(event.clone());
            if wanted(&event) {
                return event;
            }
        }
    }

    /// Waits until a line of its standard output has this in it, and answers the line; for [`Output::Bytes`].
    ///
    /// # Panics
    /// When it does not come within a deadline, or `imt` ends without it.
    pub fn await_text(&mut self, text: &str) -> String {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) else {
                drop(self.child.kill());
                panic!("no line with {text}\nstderr:\n{}", self.read_errors());
            };
            self.stdout.extend_from_slice(&line);
            let line = String::from_utf8_lossy(&line);
            if line.contains(text) {
                return line.into_owned();
            }
        }
    }

    /// Waits until a line of a job's output is this text.
    ///
    /// # Panics
    /// As [`await_event`](Self::await_event).
    pub fn await_line(&mut self, text: &str) {
        self.await_event(text, |event| event.kind() == "job_log" && event.text("line") == text);
    }

    /// The id of its pipeline.
    ///
    /// # Panics
    /// As [`await_event`](Self::await_event).
    pub fn pipeline(&mut self) -> String {
        self.await_event("pipeline_started", |event| event.kind() == "pipeline_started").text("pipeline").to_owned()
    }

    /// Waits until a signal no longer ends it by itself.
    ///
    /// # Panics
    /// When it does not soon, or has ended.
    pub fn await_handler(&self, signal: Signal) {
        let status = format!("/proc/{}/status", self.child.id());
        until(&format!("imt hears {signal:?}"), SOON, || {
            let status = fs::read_to_string(&status).expect("imt is still there");
            let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).expect("what it catches");
            let mask = u64::from_str_radix(mask.trim(), 16).expect("a mask");
            (mask >> (signal.as_raw() - 1) & 1 == 1).then_some(())
        });
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// When it is gone already.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a child has a process id");
        kill_process(pid, signal).expect("imt is still there");
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not end within [`DEADLINE`].
    pub fn finish(self) -> Finished {
        self.finish_within(DEADLINE)
    }

    /// Waits for its end, no longer than this.
    ///
    /// # Panics
    /// When it does not end in time.
    pub fn finish_within(mut self, deadline: Duration) -> Finished {
        let until_then = Instant::now() + deadline;
        while let Ok(line) = self.lines.recv_timeout(until_then.saturating_duration_since(Instant::now())) {
            self.stdout.extend_from_slice(&line);
        }
        let left = until_then.saturating_duration_since(Instant::now()).max(Duration::from_millis(100));
        let status: ExitStatus =
            until("imt to end", left, || self.child.try_wait().expect("a child can be waited for"));
        let took = self.began.elapsed();
        let mut stderr = self.read_errors();
        if let Some(signal) = status.signal() {
            // Writing to a string cannot fail.
            let _ = writeln!(stderr, "(ended by signal {signal})");
        }
        let stdout = std::mem::take(&mut self.stdout);
        let events = match self.output {
            Output::Events => stdout.split_inclusive(|b| *b == b'\n').map(Event::parse).collect(),
            Output::Bytes => Vec::new(),
        };
        Finished { code: status.code(), events, stdout, stderr, took }
    }

    fn read_errors(&mut self) -> String {
        let all = self.errors.take().and_then(|reader| reader.join().ok()).unwrap_or_default();
        String::from_utf8_lossy(&all).into_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}
