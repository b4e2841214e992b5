//! The directory that workspaces are made in: made private, or found to be nobody's but ours.
//!
//! Whoever else may write to it, or owns it, could put something of theirs where a workspace is meant to be. Knows nothing
//! of pipelines.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use crate::ports::{Failure, FailureKind};

/// Writable for the group or for others.
const SHARED: u32 = 0o022;
/// Only its owner takes an entry away.
const STICKY: u32 = 0o1000;

/// Makes the directory that workspaces are made in, closed to other users (0700), if it is not there; and sees that it
/// belongs to the user with this number and that nobody else can exchange what is in it. One that is there keeps its mode.
/// An engine does this for its own root whenever it makes a workspace; call it to know earlier.
///
/// # Errors
/// [`FailureKind::WorkspaceFailed`] or [`FailureKind::DiskFull`], with the path and the remedy.
pub fn ready_workspace_root(root: &Path, uid: u32) -> Result<(), Failure> {
    make(root)?;
    check(root, uid)
}

/// Makes it with its parents, if it is not there.
pub(super) fn make(root: &Path) -> Result<(), Failure> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(root).map_err(failed("make", root))
}

/// Whether it is fit for the workspaces of this user.
pub(super) fn check(root: &Path, uid: u32) -> Result<(), Failure> {
    let entry = root.symlink_metadata().map_err(failed("look at", root))?;
    let found = root.metadata().map_err(failed("look at", root))?;
    let shown = root.display();
    let refused = |why: String, help: String| {
        let message = format!("the workspace root `{shown}` {why}, who could exchange what is in it");
        Err(Failure::new(FailureKind::WorkspaceFailed, message).with_help(help))
    };
    // A link that the administrator has put there is as good as one of ours.
    let linked_by = Some(entry.uid()).filter(|owner| entry.is_symlink() && *owner != 0);
    if let Some(other) = [Some(found.uid()), linked_by].into_iter().flatten().find(|owner| *owner != uid) {
        return refused(
            format!("belongs to another user (number {other})"),
            format!("choose a workspace root of your own, or make this one yours (`chown -h {uid} {shown}`)"),
        );
    }
    let mode = found.mode() & 0o7777;
    if mode & SHARED != 0 && mode & STICKY == 0 {
        return refused(
            format!("may be written to by other users (mode {mode:04o})"),
            format!("close it to them (`chmod go-w {shown}`), or choose another workspace root"),
        );
    }
    Ok(())
}

/// The number of the user that files of this process belong to, found out by making one in a directory. Asked of the open
/// file: what lies there by that name may be somebody else's by then.
pub(super) fn own_uid(dir: &Path) -> io::Result<u32> {
    let path = dir.join(".owner");
    let file = File::create_new(&path)?;
    fs::remove_file(&path)?;
    Ok(file.metadata()?.uid())
}

/// Tells what could not be done with a workspace or its root, and what helps.
pub(super) fn failed(what: &str, path: &Path) -> impl FnOnce(io::Error) -> Failure {
    let message = format!("could not {what} the workspace `{}`", path.display());
    move |error| {
        let (kind, help) = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                (FailureKind::DiskFull, "make room on that disk, or choose another workspace root")
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                (FailureKind::WorkspaceFailed, "choose a workspace root that this user may write to")
            }
            _ => (FailureKind::WorkspaceFailed, "look at the directory, or choose another workspace root"),
        };
        Failure::new(kind, format!("{message}: {error}")).with_help(help).with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    /// A directory with a mode, and our number.
    fn stand(mode: u32) -> (tempfile::TempDir, u32) {
        let dir = tempfile::tempdir().unwrap();
        let uid = own_uid(dir.path()).unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode)).unwrap();
        (dir, uid)
    }

    #[test]
    fn one_that_is_missing_is_made_private_and_one_that_is_there_keeps_its_mode() {
        let (dir, uid) = stand(0o755);
        let root = dir.path().join("deep/er");
        ready_workspace_root(&root, uid).unwrap();
        assert_eq!(root.metadata().unwrap().mode() & 0o7777, 0o700);
        // As /tmp is.
        let (shared, uid) = stand(0o1777);
        ready_workspace_root(shared.path(), uid).unwrap();
        ready_workspace_root(&shared.path().join("own"), uid).unwrap();
        ready_workspace_root(dir.path(), uid).unwrap();
        assert_eq!(dir.path().metadata().unwrap().mode() & 0o7777, 0o755);
        assert_eq!(dir.path().read_dir().unwrap().count(), 1, "nothing is left of the looking");
    }

    #[test]
    fn one_that_others_may_write_to_is_refused_with_its_path_and_the_remedy() {
        for mode in [0o777, 0o775, 0o757] {
            let (dir, uid) = stand(mode);
            let failure = ready_workspace_root(dir.path(), uid).unwrap_err();
            assert_eq!(failure.kind, FailureKind::WorkspaceFailed);
            let (path, said) = (dir.path().display().to_string(), failure.explain());
            assert!(said.contains(&path) && said.contains(&format!("chmod go-w {path}")), "{said}");
            assert_eq!(dir.path().metadata().unwrap().mode() & 0o7777, mode, "it is its owner's to close");
        }
    }

    #[test]
    fn one_of_another_user_is_refused_also_behind_a_link() {
        let (dir, uid) = stand(0o700);
        let link = dir.path().join("link");
        symlink(dir.path(), &link).unwrap();
        ready_workspace_root(&link, uid).unwrap();
        for root in [dir.path(), &link] {
            let failure = ready_workspace_root(root, uid + 1).unwrap_err();
            assert_eq!(failure.kind, FailureKind::WorkspaceFailed);
            assert!(failure.explain().contains("belongs to another user"), "{failure:?}");
        }
    }
}
