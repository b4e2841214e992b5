//! From a job's spec to a running shell.
//!
//! The shell leads a process group of its own (and a session, where we have a terminal that jobs could disturb). Its
//! stdin is the write end of the *lifeline*, a pipe that the script's first words move to descriptor 9, where all
//! processes of the job inherit it: when its read end sees the end, none of them is left.

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use imt_core::ports::{EnvValue, ExecutorResult, Failure, FailureKind, JobSpec};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, getpriority_process, setpriority_process};
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};

use crate::failure;
use crate::records::Records;
use crate::tree::{self, Leader, MARK};

/// Longest script given as an argument. The kernel's limit for one argument is 128 KiB.
const ARGUMENT_BYTES: usize = 64 * 1024;
/// The kernel's limit for `NAME=value`, its end included.
const VARIABLE_BYTES: usize = 128 * 1024;
/// Before the script, on its first line, so that the shell's messages keep their line numbers.
const PRELUDE: &str = "exec 9<&0 </dev/null; ";

/// What every job of an executor gets.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub(crate) path: String,
    pub(crate) lang: String,
    pub(crate) home: Option<PathBuf>,
    /// `setsid`, when jobs must be kept off our terminal.
    pub(crate) own_session: bool,
    /// How far jobs step back behind us.
    pub(crate) niceness: u8,
}

impl Surroundings {
    /// Where a program of the jobs' path is. Looked up by the system, in another path than ours, it would be started by way of
    /// a copy of this whole process.
    fn locate(&self, program: &str) -> ExecutorResult<PathBuf> {
        which::which_in(program, Some(&self.path), "/").map_err(|error| {
            let message = format!("there is no `{program}` in PATH ({})", self.path);
            let failure = Failure::new(FailureKind::NoShell, message).with_source(error);
            failure.with_help("install a POSIX shell or set the executor's path")
        })
    }

    /// The session of a job whose shell has this number.
    pub(crate) fn session_of(&self, shell: i32) -> i32 {
        if self.own_session { shell } else { tree::our_session() }
    }
}

/// A shell that runs.
pub(crate) struct Launched {
    pub(crate) child: Child,
    pub(crate) leader: Leader,
    pub(crate) stdout: pipe::Receiver,
    pub(crate) stderr: pipe::Receiver,
    pub(crate) lifeline: OwnedFd,
    /// Inodes of the three pipes.
    pub(crate) pipes: Vec<u64>,
}

/// Finds what would keep the job from running, before it is its turn.
pub(crate) fn check(job: &JobSpec, surroundings: &Surroundings) -> ExecutorResult<()> {
    if let Some(dir) = &job.workspace {
        check_workspace(dir)?;
    }
    for var in &job.env {
        let value = value(&var.value);
        let problem = if var.name.is_empty() || var.name.contains(['=', '\0']) {
            "has a name that no environment takes"
        } else if value.contains('\0') {
            "holds a NUL byte, which no environment takes"
        } else if var.name.len() + value.len() + 2 > VARIABLE_BYTES {
            "is longer than the 128 KiB that the system takes"
        } else {
            continue;
        };
        return Err(Failure::new(
            FailureKind::Unsupported,
            format!("variable `{}` {problem}", var.name.escape_debug()),
        )
        .with_help("change it, or put the value into a file"));
    }
    if job.script.contains('\0') {
        return Err(Failure::new(
            FailureKind::Unsupported,
            format!("the script of job `{}` holds a NUL byte", job.job),
        )
        .with_help("write it as `printf '\\000'`"));
    }
    surroundings.locate("sh").map(drop)
}

fn check_workspace(dir: &Path) -> ExecutorResult<()> {
    let wrong = |why: String| {
        Failure::new(FailureKind::WorkspaceFailed, format!("the workspace `{}` {why}", dir.display()))
            .with_help("check that it is a directory that this user can enter")
    };
    match fs::metadata(dir) {
        Ok(meta) if meta.is_dir() => Ok(()),
        Ok(_) => Err(wrong("is no directory".to_owned())),
        Err(error) => Err(wrong(format!("cannot be used: {error}")).with_source(error)),
    }
}

fn value(value: &EnvValue) -> &str {
    match value {
        EnvValue::Plain(text) => text,
        EnvValue::Secret(secret) => secret.expose(),
    }
}

/// Lets a process go after us where processors are short; its children will, too.
fn step_back(pid: i32, niceness: u8) {
    if niceness > 0
        && let (Some(pid), Ok(ours)) = (Pid::from_raw(pid), getpriority_process(None))
    {
        // It is ours and not waited for yet: nothing keeps us from it.
        setpriority_process(Some(pid), ours + i32::from(niceness)).unwrap_or_default();
    }
}

/// Starts the shell. After an error nothing of the script has run.
pub(crate) fn launch(job: &JobSpec, surroundings: &Surroundings, records: &Records) -> ExecutorResult<Launched> {
    let internal = |error: std::io::Error| {
        Failure::new(FailureKind::Internal, format!("no pipes for job `{}`: {error}", job.job)).with_source(error)
    };
    let home = records.home(job.attempt.pipeline);
    let directory = job.workspace.as_deref().unwrap_or(&home);
    let (stdout_write, stdout) = pipe::pipe().map_err(internal)?;
    let (stderr_write, stderr) = pipe::pipe().map_err(internal)?;
    let (lifeline, lifeline_write) =
        pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).map_err(|errno| internal(errno.into()))?;
    let lifeline = File::from(lifeline);
    let stdout_write = stdout_write.into_blocking_fd().map_err(internal)?;
    let stderr_write = stderr_write.into_blocking_fd().map_err(internal)?;
    let mut pipes = vec![lifeline.metadata().map_err(internal)?.ino()];
    for fd in [&stdout_write, &stderr_write] {
        pipes.push(rustix::fs::fstat(fd).map_err(|errno| internal(errno.into()))?.st_ino);
    }
    let mut command = if surroundings.own_session {
        // It becomes leader of a session and then the shell, keeping its number: it must not lead a group before.
        let mut command = Command::new(surroundings.locate("setsid")?);
        command.arg("sh");
        command
    } else {
        let mut command = Command::new(surroundings.locate("sh")?);
        // Its name in its own messages.
        command.arg0("sh").process_group(0);
        command
    };
    if PRELUDE.len() + job.script.len() <= ARGUMENT_BYTES {
        command.arg("-c").arg(format!("{PRELUDE}{}", job.script));
    } else {
        let path = records.file(job.attempt, "sh");
        fs::write(&path, format!("{PRELUDE}{}", job.script))
            .map_err(|error| failure::on_path("write the script", &path, error))?;
        command.arg(path);
    }
    command.env_clear().env("PATH", &surroundings.path).env("LANG", &surroundings.lang);
    command.env("HOME", surroundings.home.as_deref().unwrap_or(&home));
    command.envs(job.env.iter().map(|var| (var.name.as_str(), value(&var.value))));
    command.env(MARK, job.attempt.to_string());
    command.current_dir(directory);
    command.stdin(Stdio::from(lifeline_write)).stdout(Stdio::from(stdout_write)).stderr(Stdio::from(stderr_write));
    command.kill_on_drop(true);
    let begun = Instant::now();
    let child = command.spawn().map_err(|error| failure::on_spawn(&job.job, directory, error))?;
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).ok_or_else(|| {
        Failure::new(FailureKind::Internal, format!("the shell of job `{}` has no process id", job.job))
    })?;
    step_back(pid, surroundings.niceness);
    let leader = Leader::new(pid, begun);
    Ok(Launched { child, leader, stdout, stderr, lifeline: lifeline.into(), pipes })
}
