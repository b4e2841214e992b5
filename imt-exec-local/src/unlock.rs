//! Making directories that a job locked away removable again.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

/// Gives us back what we need to empty a directory, at any depth. Follows no link.
///
/// What cannot be changed is not ours; whoever removes the directory then reports the real error.
pub(crate) fn unlock(dir: &Path) {
    let mut pending = vec![dir.to_owned()];
    while let Some(dir) = pending.pop() {
        let Ok(meta) = fs::symlink_metadata(&dir) else { continue };
        if !meta.is_dir() {
            continue;
        }
        if meta.mode() & 0o700 != 0o700 {
            // See above: the removal reports it.
            let _ = fs::set_permissions(&dir, Permissions::from_mode(meta.mode() | 0o700));
        }
        let entries = fs::read_dir(&dir).into_iter().flatten().flatten();
        pending.extend(entries.filter(|entry| entry.file_type().is_ok_and(|t| t.is_dir())).map(|entry| entry.path()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locked_directories_open_and_links_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (inside, outside) = (dir.path().join("work"), dir.path().join("outside"));
        fs::create_dir_all(inside.join("a/b")).unwrap();
        fs::create_dir(&outside).unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("a/link")).unwrap();
        for locked in [&inside.join("a/b"), &inside.join("a"), &outside] {
            fs::set_permissions(locked, Permissions::from_mode(0o000)).unwrap();
        }
        unlock(&inside);
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!((mode(&inside.join("a")), mode(&inside.join("a/b")), mode(&outside)), (0o700, 0o700, 0));
    }
}
