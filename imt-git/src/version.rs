//! Which git there is, and whether it is new enough.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use imt_core::ports::{Failure, FailureKind};

use crate::command::{Git, deadline_in};

/// The first version of each line without the holes; lines before the first were never mended, those after the last are good.
const MENDED: [GitVersion; 8] = [
    GitVersion { major: 2, minor: 43, patch: 7 },
    GitVersion { major: 2, minor: 44, patch: 4 },
    GitVersion { major: 2, minor: 45, patch: 4 },
    GitVersion { major: 2, minor: 46, patch: 4 },
    GitVersion { major: 2, minor: 47, patch: 3 },
    GitVersion { major: 2, minor: 48, patch: 2 },
    GitVersion { major: 2, minor: 49, patch: 1 },
    GitVersion { major: 2, minor: 50, patch: 1 },
];

/// A version of git.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct GitVersion {
    /// `2` of `2.47.3`.
    pub major: u32,
    /// `47` of `2.47.3`.
    pub minor: u32,
    /// `3` of `2.47.3`.
    pub patch: u32,
}

impl GitVersion {
    /// The oldest that works: `GIT_CONFIG_GLOBAL`, by which the user's configuration is kept out, came with it.
    pub const FLOOR: Self = Self { major: 2, minor: 32, patch: 0 };

    /// Asks a git program for its version.
    ///
    /// # Errors
    /// `CheckoutFailed` when it is not there or does not answer like git.
    pub async fn detect(program: impl Into<PathBuf>) -> Result<Self, Failure> {
        let git = Git::new(program.into());
        let deadline = deadline_in(Duration::from_secs(20));
        let output = git.call("asking git for its version", Path::new("/"), deadline).args(["--version"]).run().await?;
        let version = output.success().then(|| Self::parse(&output.line())).flatten();
        version.ok_or_else(|| {
            let message = format!("`{} --version` does not answer like git", git.program().display());
            Failure::new(FailureKind::CheckoutFailed, message).with_help("install git, or put it on PATH")
        })
    }

    /// Refuses a git that is too old.
    ///
    /// # Errors
    /// `CheckoutFailed`, naming both versions.
    pub fn require_floor(self) -> Result<(), Failure> {
        if self >= Self::FLOOR {
            return Ok(());
        }
        let message = format!("git {self} is too old: {} or later is needed", Self::FLOOR);
        Err(Failure::new(FailureKind::CheckoutFailed, message).with_help("install a newer git"))
    }

    /// Refuses one that looks names up by itself (`http.curloptResolve` came with 2.37).
    ///
    /// # Errors
    /// `CheckoutFailed`, naming both versions.
    pub(crate) fn require_pins(self) -> Result<(), Failure> {
        let oldest = Self { major: 2, minor: 37, patch: 0 };
        if self >= oldest {
            return Ok(());
        }
        let message =
            format!("git {self} is too old to be held to addresses that were checked: {oldest} or later is needed");
        Err(Failure::new(FailureKind::CheckoutFailed, message).with_help("install a newer git"))
    }

    /// Refuses one whose submodules can run code while they are fetched (CVE-2025-48384 and what was mended before it).
    ///
    /// # Errors
    /// `CheckoutFailed`, naming the version.
    pub(crate) fn require_no_holes(self) -> Result<(), Failure> {
        if !self.has_holes() {
            return Ok(());
        }
        let message = format!("git {self} has known holes through which submodules can run code");
        Err(Failure::new(FailureKind::CheckoutFailed, message).with_help(
            "install a newer git, leave submodules out, or tell the source to trust it if your distribution has mended it",
        ))
    }

    fn has_holes(self) -> bool {
        let same_line = MENDED.iter().find(|mended| (mended.major, mended.minor) == (self.major, self.minor));
        let oldest_good = same_line.or(MENDED.last());
        oldest_good.is_some_and(|good| self < *good)
    }

    /// Reads `git version 2.47.3` and its relatives (`2.39.5 (Apple Git-154)`, `2.45.0.rc1`, `2.50.1.windows.1`).
    fn parse(text: &str) -> Option<Self> {
        let number = text.strip_prefix("git version ")?.split_whitespace().next()?;
        let mut parts = number.split(['.', '-']);
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next()?.parse().ok()?;
        let patch = parts.next().and_then(|patch| patch.parse().ok()).unwrap_or(0);
        Some(Self { major, minor, patch })
    }
}

impl fmt::Display for GitVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_in_the_wild() {
        let version = |major, minor, patch| Some(GitVersion { major, minor, patch });
        assert_eq!(GitVersion::parse("git version 2.47.3"), version(2, 47, 3));
        assert_eq!(GitVersion::parse("git version 2.39.5 (Apple Git-154)"), version(2, 39, 5));
        assert_eq!(GitVersion::parse("git version 2.45.0.rc1"), version(2, 45, 0));
        assert_eq!(GitVersion::parse("git version 2.50.1.windows.1"), version(2, 50, 1));
        assert_eq!(GitVersion::parse("GNU bash"), None);
    }

    #[test]
    fn holes_are_judged_by_line() {
        let has = |major, minor, patch| GitVersion { major, minor, patch }.has_holes();
        assert!(has(2, 39, 5) && has(2, 47, 2) && has(2, 50, 0));
        assert!(!has(2, 43, 7) && !has(2, 47, 3) && !has(2, 51, 0) && !has(3, 0, 0));
        let failure = GitVersion { major: 2, minor: 39, patch: 5 }.require_no_holes().unwrap_err();
        assert!(failure.explain().contains("git 2.39.5"), "{}", failure.explain());
    }

    #[test]
    fn an_old_one_is_refused_by_name() {
        let failure = GitVersion { major: 2, minor: 25, patch: 1 }.require_floor().unwrap_err();
        assert!(failure.explain().contains("git 2.25.1 is too old: 2.32.0 or later"), "{}", failure.explain());
        let old = GitVersion { major: 2, minor: 36, patch: 6 }.require_pins().unwrap_err();
        assert!(old.message.contains("2.37.0 or later"), "{old}");
        assert!(GitVersion { major: 2, minor: 37, patch: 0 }.require_pins().is_ok());
    }
}
