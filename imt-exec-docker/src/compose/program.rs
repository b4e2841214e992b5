//! Finding compose and running it: in a process group of its own, with nothing of our environment, a deadline, bounded output.
//!
//! Knows nothing of projects.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use async_trait::async_trait;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;

use super::caller::{Call, Caller, Output};
use super::error::ComposeError;
use super::version::ComposeVersion;
use crate::connect::config_dir;

/// How long one call may take.
const DEADLINE: Duration = Duration::from_secs(30);
/// More than any model has; a file that explodes must not take the machine along.
pub(super) const MAX_OUTPUT_BYTES: u64 = 64 << 20;

/// The longest line that is told in one piece.
const MAX_LINE_BYTES: u64 = 64 << 10;

/// The compose of this machine.
#[derive(Debug, Clone)]
pub struct Compose {
    docker: PathBuf,
    /// Where docker looks for the plugin first; its home directory is hidden from it.
    config: Option<PathBuf>,
    version: ComposeVersion,
}

impl Compose {
    /// The `docker compose` that this user has.
    ///
    /// # Errors
    /// When there is none, or it is older than [`ComposeVersion::FLOOR`].
    pub async fn find() -> Result<Self, ComposeError> {
        let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self::find_with(std::env::var_os("PATH"), config_dir(&var)).await
    }

    async fn find_with(path: Option<OsString>, config: Option<PathBuf>) -> Result<Self, ComposeError> {
        let docker = in_path(&path.unwrap_or_default()).ok_or(ComposeError::NoDocker)?;
        let unasked = Self { docker, config, version: ComposeVersion::FLOOR };
        let words = ["compose", "version", "--short"].map(str::to_owned);
        let version = usable(&unasked.run(&words, Path::new("/"), None).await?)?;
        Ok(Self { version, ..unasked })
    }

    /// Its version.
    pub fn version(&self) -> ComposeVersion {
        self.version
    }

    /// Runs docker with these arguments and no environment.
    async fn run(&self, arguments: &[String], directory: &Path, stdin: Option<&str>) -> Result<Output, ComposeError> {
        let group = self.spawn(arguments, directory, &[], stdin.is_some())?;
        match tokio::time::timeout(DEADLINE, collect(group, stdin)).await {
            Ok(output) => output.map_err(ComposeError::NotRun),
            Err(_) => Err(ComposeError::TookTooLong { after: DEADLINE }),
        }
    }

    /// Runs docker for as long as it takes, with these variables alone, and tells each line of either stream as it comes.
    /// Dropping the future ends it.
    pub(crate) async fn follow(
        &self,
        arguments: &[String],
        directory: &Path,
        variables: &[(String, String)],
        stdin: &str,
        lines: &mpsc::Sender<String>,
    ) -> Result<ExitStatus, ComposeError> {
        let mut group = self.spawn(arguments, directory, variables, true)?;
        let pipes = group.0.stdout.take().zip(group.0.stderr.take());
        let followed = async {
            let (stdout, stderr) = pipes.ok_or_else(|| io::Error::other("the child has no pipes"))?;
            let input = group.0.stdin.take();
            tokio::try_join!(feed(input, Some(stdin)), tell(stdout, lines), tell(stderr, lines))?;
            group.0.wait().await
        };
        followed.await.map_err(ComposeError::NotRun)
    }

    fn spawn(
        &self,
        arguments: &[String],
        directory: &Path,
        variables: &[(String, String)],
        has_input: bool,
    ) -> Result<Group, ComposeError> {
        let mut command = Command::new(&self.docker);
        if let Some(config) = &self.config {
            command.arg("--config").arg(config);
        }
        command
            .args(arguments)
            .current_dir(directory)
            .env_clear()
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(if has_input { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        command.spawn().map(Group).map_err(ComposeError::NotRun)
    }
}

#[async_trait]
impl Caller for Compose {
    const SEES_FILES: bool = true;

    fn version(&self) -> ComposeVersion {
        self.version
    }

    async fn call(&self, call: Call<'_>) -> Result<Output, ComposeError> {
        self.run(call.arguments, call.directory, call.stdin).await
    }
}

/// The version that `docker compose version --short` has told, if it is one that works.
pub(super) fn usable(output: &Output) -> Result<ComposeVersion, ComposeError> {
    if !output.is_success {
        return Err(ComposeError::NoCompose { said: output.stderr.trim().to_owned() });
    }
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match ComposeVersion::parse(&said) {
        Some(version) if version >= ComposeVersion::FLOOR => Ok(version),
        _ => Err(ComposeError::TooOld { found: if said.is_empty() { "unknown".to_owned() } else { said } }),
    }
}

/// The docker program: looked for by us, because what we run has no `PATH` of its own.
fn in_path(path: &OsStr) -> Option<PathBuf> {
    let candidates = std::env::split_paths(path).filter(|dir| dir.is_absolute()).map(|dir| dir.join("docker"));
    candidates.into_iter().find(|candidate| rustix::fs::access(candidate, rustix::fs::Access::EXEC_OK).is_ok())
}

/// A running child with its process group; what is left of it is killed when this is dropped.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        // `id` is there exactly as long as the child is not reaped, so the number cannot be somebody else's by now.
        let leader = self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(leader) = leader {
            // The only error is that nobody is left in the group, which is what we want.
            kill_process_group(leader, Signal::KILL).unwrap_or_default();
        }
    }
}

async fn collect(mut group: Group, stdin: Option<&str>) -> io::Result<Output> {
    let pipes = group.0.stdout.take().zip(group.0.stderr.take());
    let (stdout, stderr) = pipes.ok_or_else(|| io::Error::other("the child has no pipes"))?;
    let input = group.0.stdin.take();
    let ((), stdout, stderr) = tokio::try_join!(feed(input, stdin), read(stdout), read(stderr))?;
    let status = group.0.wait().await?;
    let stderr = String::from_utf8_lossy(&stderr).into_owned();
    Ok(Output { is_success: status.success(), stdout, stderr })
}

async fn feed(input: Option<ChildStdin>, text: Option<&str>) -> io::Result<()> {
    let Some((mut pipe, text)) = input.zip(text) else { return Ok(()) };
    match pipe.write_all(text.as_bytes()).await {
        // It has made up its mind without; what it says counts.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Tells the lines of a stream. A line without end is told in pieces.
async fn tell(pipe: impl AsyncRead + Unpin, lines: &mpsc::Sender<String>) -> io::Result<()> {
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    loop {
        line.clear();
        let count = (&mut reader).take(MAX_LINE_BYTES).read_until(b'\n', &mut line).await?;
        if count == 0 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&line);
        // Nobody listens any more: the build goes on all the same.
        let _ = lines.send(text.trim_end_matches(['\n', '\r']).to_owned()).await;
    }
}

async fn read(pipe: impl AsyncRead + Unpin) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pipe.take(MAX_OUTPUT_BYTES + 1).read_to_end(&mut bytes).await?;
    if bytes.len() as u64 > MAX_OUTPUT_BYTES {
        let message = format!("it wrote more than {} MiB", MAX_OUTPUT_BYTES >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A directory with a `docker` that is this script.
    fn docker(script: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        // Written by another process: a child that a parallel test is just making would hold our file open, and what is open
        // for writing cannot be run.
        let write = ["-c", "printf '%s\\n' '#!/bin/sh' \"$1\" >\"$0\" && chmod 755 \"$0\""];
        let written = std::process::Command::new("sh").args(write).arg(dir.path().join("docker")).arg(script).status();
        assert!(written.unwrap().success());
        dir
    }

    async fn found(script: &str) -> Result<Compose, ComposeError> {
        let dir = docker(script);
        Compose::find_with(Some(dir.path().into()), None).await
    }

    #[tokio::test]
    async fn a_new_enough_one_is_taken() {
        let compose = found("[ \"$*\" = 'compose version --short' ] && echo v2.24.4").await.unwrap();
        assert_eq!(compose.version(), ComposeVersion::FLOOR);
    }

    #[tokio::test]
    async fn an_old_one_and_none_are_refused() {
        for said in ["2.24.3", "1.29.2", "dev", ""] {
            let error = found(&format!("echo {said}")).await.unwrap_err();
            assert!(matches!(error, ComposeError::TooOld { .. }), "{said}: {error}");
            assert!(error.to_string().contains("2.24.4 is the oldest"), "{error}");
        }
        let error = found("echo \"docker: unknown command: docker compose\" >&2; exit 1").await.unwrap_err();
        assert!(matches!(&error, ComposeError::NoCompose { said } if said.contains("unknown command")), "{error}");
        let empty = tempfile::tempdir().unwrap();
        let error = Compose::find_with(Some(empty.path().into()), None).await.unwrap_err();
        assert!(matches!(error, ComposeError::NoDocker), "{error}");
        assert!(matches!(Compose::find_with(None, None).await.unwrap_err(), ComposeError::NoDocker));
    }

    #[tokio::test]
    async fn nothing_of_our_environment_is_seen() {
        let dir = docker("echo 2.40.3; /usr/bin/env > \"$0.env\"");
        Compose::find_with(Some(dir.path().into()), Some("/some/config".into())).await.unwrap();
        let seen = fs::read_to_string(dir.path().join("docker.env")).unwrap();
        // The shell that runs the script sets these by itself.
        let own = ["PWD=", "SHLVL=", "_=", "OLDPWD="];
        let foreign: Vec<_> = seen.lines().filter(|line| !own.iter().any(|name| line.starts_with(name))).collect();
        assert!(foreign.is_empty(), "{foreign:?}");
    }
}
