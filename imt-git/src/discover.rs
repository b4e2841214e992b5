//! Whether a directory lies in a git repository, found out without git.
//!
//! Looks only as far as to tell a repository, be it a broken one, from something else that happens to be called `.git`.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use imt_core::ports::{Failure, FailureKind};

use crate::failure::io_failed;

/// The nearest directory, from this one upwards, that is the top of a work tree; none if it lies in no repository. Git's
/// own rule: other file systems are not looked at, and a `.git` without anything of a repository in it does not count.
///
/// # Errors
/// `CheckoutFailed` when one of the directories cannot be looked into.
pub fn find_work_tree(dir: &Path) -> Result<Option<PathBuf>, Failure> {
    let failed = |path: &Path, error| io_failed(FailureKind::CheckoutFailed, "look into", path, error);
    let device = fs::metadata(dir).map_err(|error| failed(dir, error))?.dev();
    for top in dir.ancestors() {
        if fs::metadata(top).map_err(|error| failed(top, error))?.dev() != device {
            return Ok(None);
        }
        if is_repository(&top.join(".git")).map_err(|error| failed(top, error))? {
            return Ok(Some(top.to_owned()));
        }
    }
    Ok(None)
}

/// Whether a `.git` is meant as a repository: a directory with most of what makes one, or a file that names another place.
/// Whether that repository is whole and whom it belongs to is for git to say.
fn is_repository(git: &Path) -> io::Result<bool> {
    let meta = match fs::metadata(git) {
        Ok(meta) => meta,
        // `NotADirectory`: the file system has something else in the way, and no repository.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(false);
        }
        Err(error) => return Err(error),
    };
    if meta.is_file() {
        // One that cannot be read is left to git, too.
        return Ok(fs::read(git).map_or(true, |text| text.starts_with(b"gitdir: ")));
    }
    // One of them alone may have been lost.
    let parts = ["HEAD", "objects", "refs"].iter().filter(|name| git.join(name).symlink_metadata().is_ok()).count();
    Ok(parts >= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_called_git_is_no_repository() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        let found = || find_work_tree(&inner).unwrap();
        let git = dir.path().join(".git");
        assert_eq!(found(), None);
        fs::write(&git, "something else").unwrap();
        assert_eq!(found(), None);
        fs::write(&git, "gitdir: /elsewhere").unwrap();
        assert_eq!(found().as_deref(), Some(dir.path()));
        fs::remove_file(&git).unwrap();
        fs::create_dir_all(git.join("refs")).unwrap();
        assert_eq!(found(), None);
        fs::write(git.join("HEAD"), "garbage").unwrap();
        assert_eq!(found().as_deref(), Some(dir.path()), "a broken one is one");
        fs::create_dir(inner.join(".git")).unwrap();
        assert_eq!(found().as_deref(), Some(dir.path()), "an empty one is passed by");
    }
}
