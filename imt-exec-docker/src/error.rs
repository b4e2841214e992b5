//! From the engine's errors to failures with a kind, a name and a remedy.
//!
//! Decides by status codes and I/O error kinds; the engine's text is carried along for people. The one exception is a full
//! disk, which the engine has no status for.

use std::error::Error as StdError;
use std::future::Future;
use std::io::ErrorKind;
use std::time::Duration;

use bollard::errors::Error;
use imt_core::ports::{Failure, FailureKind};

/// The status the engine answered with, if it answered.
pub(crate) fn status(error: &Error) -> Option<u16> {
    match error {
        Error::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

/// Whether the engine says that there is no such thing.
pub(crate) fn is_not_found(error: &Error) -> bool {
    status(error) == Some(404)
}

/// Whether the engine says that the thing's state forbids it (a name taken, a container that is not running).
pub(crate) fn is_conflict(error: &Error) -> bool {
    status(error) == Some(409)
}

/// What the engine said, for people.
pub(crate) fn text(error: &Error) -> String {
    match error {
        Error::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        Error::DockerStreamError { error } => error.trim().to_owned(),
        other => other.to_string(),
    }
}

/// Whether the engine's disk is full: the kernel's own words for `ENOSPC`, which the engine passes on. The disk itself
/// cannot be asked: the engine may be elsewhere, and has removed what did not fit by the time it complains.
pub(crate) fn is_disk_full(error: &Error) -> bool {
    let answered = matches!(error, Error::DockerResponseServerError { .. } | Error::DockerStreamError { .. });
    answered && text(error).contains("no space left on device")
}

/// An engine whose disk is full.
pub(crate) fn disk_full(doing: &str, error: Error) -> Failure {
    let message = format!("the disk of the container engine is full, so that it could not {doing}: {}", text(&error));
    Failure::new(FailureKind::DiskFull, message)
        .with_help("make room where the engine keeps its data (`docker system df` shows what is there)")
        .with_source(error)
}

fn io_kind(error: &Error) -> Option<ErrorKind> {
    // Transparent: its own cause is that of the I/O error.
    if let Error::IOError { err } = error {
        return Some(err.kind());
    }
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return Some(io.kind());
        }
        next = error.source();
    }
    None
}

/// An engine that did not answer in time.
pub(crate) fn timed_out(doing: &str, after: Duration) -> Failure {
    Failure::new(
        FailureKind::EngineUnavailable,
        format!("the container engine did not answer within {} s while we tried to {doing}", after.as_secs()),
    )
    .with_help("check the engine (`docker info`); it may be overloaded or hanging")
    .retryable()
}

/// A failed call, by what it was for (`create a container`).
pub(crate) fn failure(doing: &str, error: Error) -> Failure {
    if let Some(status) = status(&error) {
        let kind = match status {
            401 | 403 => FailureKind::EnginePermission,
            _ => FailureKind::Internal,
        };
        let failure = Failure::new(kind, format!("the container engine refused to {doing}: {}", text(&error)));
        let failure = if status >= 500 { failure.retryable() } else { failure };
        return failure.with_source(error);
    }
    match (io_kind(&error), &error) {
        (Some(ErrorKind::PermissionDenied), _) => {
            Failure::new(FailureKind::EnginePermission, "no permission to use the container engine".to_owned())
                .with_help("add your user to the group `docker`, or set DOCKER_HOST to an engine you may use")
                .with_source(error)
        }
        (_, Error::RequestTimeoutError) => Failure::new(
            FailureKind::EngineUnavailable,
            format!("the container engine did not answer while we tried to {doing}"),
        )
        .with_help("check the engine (`docker info`); it may be overloaded or hanging")
        .retryable(),
        (_, Error::JsonDataError { .. } | Error::JsonSerdeError { .. } | Error::HttpHeaderNotFoundError(_)) => {
            Failure::new(
                FailureKind::Internal,
                format!("the container engine's answer made no sense when we tried to {doing}"),
            )
            .with_source(error)
        }
        _ => Failure::new(
            FailureKind::EngineUnavailable,
            format!("no container engine answered when we tried to {doing}: {}", chain(&error)),
        )
        .with_help("start the engine, or point DOCKER_HOST or the docker context to one that runs")
        .retryable()
        .with_source(error),
    }
}

/// The innermost cause, which is the one that says something (`Connection refused`).
fn chain(error: &Error) -> String {
    let mut last: &(dyn StdError + 'static) = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}

/// A call with a deadline for all of it, headers and body.
pub(crate) async fn within<T>(
    deadline: Duration,
    doing: &str,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(deadline, call).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(failure(doing, error)),
        Err(_elapsed) => Err(timed_out(doing, deadline)),
    }
}

/// The same failure for another listener; without its cause, which cannot be copied.
pub(crate) fn copy(failure: &Failure) -> Failure {
    Failure {
        kind: failure.kind,
        message: failure.message.clone(),
        help: failure.help.clone(),
        retryable: failure.retryable,
        source: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_come_from_status_and_io_kind() {
        let refused = || Error::IOError { err: std::io::Error::from(ErrorKind::ConnectionRefused) };
        let denied = Error::IOError { err: std::io::Error::from(ErrorKind::PermissionDenied) };
        let server = |status_code| Error::DockerResponseServerError { status_code, message: "m".to_owned() };
        assert_eq!(failure("x", refused()).kind, FailureKind::EngineUnavailable);
        assert!(failure("x", refused()).retryable);
        assert_eq!(failure("x", denied).kind, FailureKind::EnginePermission);
        assert_eq!(failure("x", server(403)).kind, FailureKind::EnginePermission);
        assert_eq!(failure("x", server(500)).kind, FailureKind::Internal);
        assert_eq!(failure("x", Error::RequestTimeoutError).kind, FailureKind::EngineUnavailable);
        let full = Error::DockerStreamError { error: "write /var/x: no space left on device".to_owned() };
        assert!(is_disk_full(&full) && !is_disk_full(&server(500)) && !is_disk_full(&refused()));
        assert!(failure("start a container", refused()).message.contains("start a container"));
    }
}
