//! From errors of the operating system to failures that name the thing and the remedy.

use std::io;
use std::path::Path;

use imt_core::ports::{Failure, FailureKind};
use rustix::io::Errno;

/// A failed operation on our own files.
pub(crate) fn on_path(doing: &str, path: &Path, error: io::Error) -> Failure {
    let full = matches!(Errno::from_io_error(&error), Some(Errno::NOSPC | Errno::DQUOT));
    let kind = if full { FailureKind::DiskFull } else { FailureKind::Internal };
    let failure = Failure::new(kind, format!("cannot {doing} `{}`: {error}", path.display()));
    let help =
        if full { "make room on that disk" } else { "check that the directory is there and writable for this user" };
    failure.with_help(help).with_source(error)
}

/// A shell that could not be started.
pub(crate) fn on_spawn(job: &str, workspace: &Path, error: io::Error) -> Failure {
    let failure = match Errno::from_io_error(&error) {
        Some(Errno::NOENT) => Failure::new(FailureKind::NoShell, "there is no `sh` on this host's PATH")
            .with_help("install a POSIX shell"),
        Some(Errno::ACCESS | Errno::PERM) => Failure::new(
            FailureKind::WorkspaceFailed,
            format!("`sh` may not be run in `{}`: permission denied", workspace.display()),
        )
        .with_help("check the permissions of that directory"),
        Some(Errno::TOOBIG) => Failure::new(
            FailureKind::Unsupported,
            format!("the variables of job `{job}` are too big for this system in all"),
        )
        .with_help("put big values into files"),
        Some(Errno::AGAIN | Errno::NOMEM) => {
            Failure::new(FailureKind::Internal, "this host has no room for another process")
                .with_help("end other processes or raise the limit (`ulimit -u`)")
                .retryable()
        }
        _ => Failure::new(FailureKind::Internal, format!("the shell of job `{job}` could not be started: {error}")),
    };
    failure.with_source(error)
}
