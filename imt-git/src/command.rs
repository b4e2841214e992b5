//! Running git: one child in a process group of its own, with an empty environment, a deadline and bounded output.
//!
//! Knows nothing of repositories. What an exit code means is the caller's business; only a git that cannot be started,
//! overruns its deadline or floods us is an error here.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use imt_core::ports::{Failure, FailureKind};
use rustix::process::{Pid, Signal, getpriority_process, kill_process_group, setpriority_pgrp};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout_at};

/// How much of git's messages is kept: the end of it.
const STDERR_KEPT: usize = 8 * 1024;

/// How far git steps back behind us, as `nice` counts.
const NICENESS: i32 = 10;

/// Taken over from our environment, if there: how to find programs and how to get out to the network.
const INHERITED: [&str; 13] = [
    "PATH",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "TMPDIR",
];

/// The git program and what every call of it has in common.
#[derive(Debug, Clone)]
pub(crate) struct Git {
    program: PathBuf,
    /// Where it is. Looked up by the system, it would be started by way of a copy of this whole process.
    located: PathBuf,
    inherited: Vec<(OsString, OsString)>,
}

impl Git {
    pub(crate) fn new(program: PathBuf) -> Self {
        let inherited =
            INHERITED.iter().filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?))).collect();
        // One that is not there yet may be later, and is complained of by its name until then.
        let located = which::which(&program).unwrap_or_else(|_| program.clone());
        Self { program, located, inherited }
    }

    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// Begins a call. `doing` completes the sentence "… took too long": `fetching https://…`.
    pub(crate) fn call(&self, doing: impl Into<String>, cwd: &Path, deadline: Instant) -> Call {
        Call {
            program: self.program.clone(),
            located: self.located.clone(),
            env: self.inherited.clone(),
            args: Vec::new(),
            cwd: cwd.to_owned(),
            doing: doing.into(),
            deadline,
            holding: None,
            open_umask: false,
            max_stdout: 1024 * 1024,
        }
    }
}

/// One call of git in the making.
#[derive(Debug)]
pub(crate) struct Call {
    program: PathBuf,
    located: PathBuf,
    env: Vec<(OsString, OsString)>,
    args: Vec<OsString>,
    cwd: PathBuf,
    doing: String,
    deadline: Instant,
    holding: Option<File>,
    open_umask: bool,
    max_stdout: usize,
}

/// What a call that came to its end left.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    /// The end of what git said, for people only.
    pub(crate) stderr: String,
}

impl Output {
    pub(crate) fn success(&self) -> bool {
        self.status.success()
    }

    /// Standard output as one line of text.
    pub(crate) fn line(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim_end_matches('\n').to_owned()
    }
}

impl Call {
    pub(crate) fn args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(mut self, args: I) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    pub(crate) fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    pub(crate) fn envs(mut self, env: &[(OsString, OsString)]) -> Self {
        self.env.extend_from_slice(env);
        self
    }

    /// Gives git an open lock file as its standard input: a lock taken on it lasts until git is gone too, even if we
    /// die first.
    pub(crate) fn holding(mut self, lock: File) -> Self {
        self.holding = Some(lock);
        self
    }

    /// Lets git create files that everybody may write. Goes through `sh`, because the mask of this process is shared by
    /// all its threads.
    pub(crate) fn with_open_umask(mut self) -> Self {
        self.open_umask = true;
        self
    }

    /// How much output is taken before the call is given up.
    pub(crate) fn max_stdout(mut self, bytes: usize) -> Self {
        self.max_stdout = bytes;
        self
    }

    /// Runs it to its end. Dropping the future kills the whole process group.
    pub(crate) async fn run(self) -> Result<Output, Failure> {
        let group = Group(self.spawn()?);
        group.step_back();
        let (doing, deadline, max_stdout) = (self.doing, self.deadline, self.max_stdout);
        match timeout_at(deadline, collect(group, max_stdout)).await {
            Ok(Ok(output)) => Ok(output),
            Ok(Err(error)) => {
                let message = format!("git could not be followed while {doing}: {error}");
                Err(Failure::new(FailureKind::CheckoutFailed, message).with_source(error))
            }
            Err(_) => Err(Failure::new(FailureKind::CheckoutFailed, format!("{doing} took too long and was stopped"))
                .with_help("check that the server answers, or raise the deadline of the source")
                .retryable()),
        }
    }

    fn spawn(&self) -> Result<Child, Failure> {
        let mut command = if self.open_umask {
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", "umask 000 && exec \"$0\" \"$@\""]).arg(&self.located);
            shell
        } else {
            Command::new(&self.located)
        };
        let stdin = match &self.holding {
            Some(lock) => lock.try_clone().map(Stdio::from).map_err(|error| self.not_started(error))?,
            None => Stdio::null(),
        };
        command
            .args(&self.args)
            .env_clear()
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.cwd)
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        command.spawn().map_err(|error| self.not_started(error))
    }

    fn not_started(&self, error: io::Error) -> Failure {
        let program = self.program.display();
        // A missing working directory answers the same error as a missing program.
        let failure = if error.kind() == io::ErrorKind::NotFound && self.cwd.is_dir() {
            Failure::new(FailureKind::CheckoutFailed, format!("the program `{program}` is not there"))
                .with_help("install git, or put it on PATH")
        } else {
            Failure::new(FailureKind::CheckoutFailed, format!("`{program}` cannot be started: {error}"))
        };
        failure.with_source(error)
    }
}

/// A running child with its process group; what is left of it is killed when this is dropped.
struct Group(Child);

impl Group {
    /// `None` once the child is reaped: so the number cannot be somebody else's by now.
    fn leader(&self) -> Option<Pid> {
        self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
    }

    /// Where processors are short, whoever started git goes before it: a server has callers who wait for an answer.
    fn step_back(&self) {
        if let (Some(leader), Ok(ours)) = (self.leader(), getpriority_process(None)) {
            // It only fails where nobody is left in the group.
            setpriority_pgrp(Some(leader), ours + NICENESS).unwrap_or_default();
        }
    }

    fn kill(&self) {
        if let Some(leader) = self.leader() {
            // The only error is that nobody is left in the group, which is what we want.
            kill_process_group(leader, Signal::KILL).unwrap_or_default();
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn collect(mut group: Group, max_stdout: usize) -> io::Result<Output> {
    let pipes = group.0.stdout.take().zip(group.0.stderr.take());
    let (stdout, stderr) = pipes.ok_or_else(|| io::Error::other("the child has no pipes"))?;
    // Both pipes end only when every process of the group that inherited them is gone.
    let (stdout, stderr) = tokio::try_join!(read_all(stdout, max_stdout), read_tail(stderr))?;
    let status = group.0.wait().await?;
    Ok(Output { status, stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() })
}

async fn read_all(pipe: impl AsyncRead + Unpin, max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    pipe.take(limit).read_to_end(&mut bytes).await?;
    if bytes.len() > max {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it wrote more than {max} bytes")));
    }
    Ok(bytes)
}

async fn read_tail(mut pipe: impl AsyncRead + Unpin) -> io::Result<Vec<u8>> {
    let mut tail = Vec::new();
    let mut buffer = vec![0; STDERR_KEPT];
    loop {
        let count = pipe.read(&mut buffer).await?;
        if count == 0 {
            return Ok(tail);
        }
        tail.extend_from_slice(&buffer[..count]);
        let excess = tail.len().saturating_sub(STDERR_KEPT);
        tail.drain(..excess);
    }
}

/// The moment that lies `duration` ahead; far ahead if that cannot be expressed.
pub(crate) fn deadline_in(duration: Duration) -> Instant {
    const FAR: Duration = Duration::from_hours(365 * 24);
    Instant::now() + duration.min(FAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_and_proxies_are_taken_over() {
        for name in ["GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "https_proxy", "PATH"] {
            assert!(INHERITED.contains(&name), "{name}");
        }
        assert!(!INHERITED.contains(&"GIT_SSL_NO_VERIFY") && !INHERITED.contains(&"GIT_DIR"));
    }
}
