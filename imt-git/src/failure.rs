//! Making a [`Failure`] out of a git that did not succeed: what is quoted, what is scrubbed, what is a full disk.

use std::io;
use std::path::Path;

use imt_core::ports::{Failure, FailureKind};
use imt_core::secret::Secret;

use crate::command::Output;

/// With less room than this, or no inode, a failure on that disk is called a full disk.
const FULL_BELOW_BYTES: u64 = 256 * 1024;

/// How much of git's last words is quoted.
const QUOTED: usize = 500;

/// A failed git: `what` (`https://… cannot be fetched`) and git's last words, without secrets.
pub(crate) fn git_failed(what: &str, output: &Output, secrets: &[Secret]) -> Failure {
    let said = scrub(&output.stderr, secrets);
    let message = if said.is_empty() {
        format!("{what} (git ended with {})", output.status)
    } else {
        format!("{what}: git said `{said}`")
    };
    Failure::new(FailureKind::CheckoutFailed, message)
}

/// The failure itself, or `DiskFull` where one of the places it needed has no room left.
pub(crate) fn or_disk_full(failure: Failure, places: &[&Path]) -> Failure {
    match places.iter().find(|place| is_full(place)) {
        Some(place) => disk_full(place).with_source(failure),
        None => failure,
    }
}

/// An I/O error at a path: `doing` completes "cannot …".
pub(crate) fn io_failed(kind: FailureKind, doing: &str, path: &Path, error: io::Error) -> Failure {
    if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        return disk_full(path).with_source(error);
    }
    let failure = Failure::new(kind, format!("cannot {doing} {}: {error}", path.display()));
    let failure = match error.kind() {
        io::ErrorKind::PermissionDenied => failure.with_help("check who owns it and its permissions"),
        io::ErrorKind::ReadOnlyFilesystem => failure.with_help("choose a directory that can be written"),
        _ => failure,
    };
    failure.with_source(error)
}

fn disk_full(place: &Path) -> Failure {
    Failure::new(FailureKind::DiskFull, format!("the disk that holds {} is full", place.display()))
        .with_help("free some space, or choose a directory on another disk")
}

fn is_full(place: &Path) -> bool {
    // A place that cannot be asked is not the reason that we look for.
    rustix::fs::statvfs(place).is_ok_and(|disk| {
        let no_inodes = disk.f_files > 0 && disk.f_favail == 0;
        no_inodes || disk.f_bavail.saturating_mul(disk.f_frsize) < FULL_BELOW_BYTES
    })
}

/// The last lines of a message on one line, without secrets, user parts of URLs and control characters.
fn scrub(text: &str, secrets: &[Secret]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.expose().is_empty()) {
        text = text.replace(secret.expose(), "***");
    }
    let lines: Vec<String> = text
        .lines()
        .map(|line| line.rsplit('\r').next().unwrap_or(line).chars().filter(|c| !c.is_control()).collect::<String>())
        .map(|line| without_userinfo(line.trim()))
        .filter(|line| !line.is_empty())
        .collect();
    let joined = lines[lines.len().saturating_sub(4)..].join("; ");
    joined.chars().take(QUOTED).collect()
}

/// `https://user:pass@host/…` → `https://***@host/…`, anywhere in the text.
fn without_userinfo(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        result.push_str(before);
        let end = after.find(|c: char| c == '/' || c == '\'' || c == '"' || c.is_whitespace()).unwrap_or(after.len());
        rest = match after[..end].rfind('@') {
            Some(user) => {
                result.push_str("***");
                &after[user..]
            }
            None => after,
        };
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_lose_secrets_and_userinfo() {
        let secrets = [Secret::new("hunter22")];
        let text = "remote: hi\u{1b}[1m\nfatal: unable to access 'https://bob:pw@h.dev/r/': hunter22\n";
        assert_eq!(scrub(text, &secrets), "remote: hi[1m; fatal: unable to access 'https://***@h.dev/r/': ***");
    }

    #[test]
    fn only_the_end_of_a_progress_line_counts() {
        assert_eq!(scrub("Receiving 1%\rReceiving 2%\rdone\n\n", &[]), "done");
    }

    #[test]
    fn no_room_is_told_from_an_io_error() {
        let error = io::Error::from(io::ErrorKind::StorageFull);
        let failure = io_failed(FailureKind::WorkspaceFailed, "write", Path::new("/x/y"), error);
        assert_eq!(failure.kind, FailureKind::DiskFull);
        assert!(failure.message.contains("/x/y"));
    }
}
