//! Where a workspace is and what it calls its origin: small things that both sources need.

use std::fs;
use std::path::Path;

use imt_core::ports::{Failure, FailureKind};

use crate::files::OPEN_DIR;
use crate::url::Repository;
use crate::workspace::workspace_failed;

/// A remote as it may stand in a workspace: without credentials, and only if it is none of this machine.
pub(crate) fn public_remote(url: &str) -> Option<String> {
    let without_user = || {
        let (scheme, rest) = url.split_once("://")?;
        let authority = rest.split('/').next()?;
        let (user, _) = authority.rsplit_once('@')?;
        Some(format!("{scheme}://{}", &rest[user.len() + 1..]))
    };
    let parsed =
        Repository::parse(url).or_else(|error| without_user().map_or(Err(error), |url| Repository::parse(&url)));
    parsed.ok().filter(|repository| repository.as_local().is_none()).map(|repository| repository.to_string())
}

/// Refuses a directory with something in it.
pub(crate) fn require_empty(dir: &Path) -> Result<(), Failure> {
    let mut entries = fs::read_dir(dir).map_err(|error| workspace_failed("use", dir, error))?;
    if entries.next().is_none() {
        return Ok(());
    }
    Err(Failure::new(FailureKind::WorkspaceFailed, format!("the workspace {} is not empty", dir.display()))
        .with_help("give an empty directory"))
}

/// Opens a directory to everybody.
pub(crate) fn open_dir(dir: &Path) -> Result<(), Failure> {
    let open = || {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(dir, fs::Permissions::from_mode(OPEN_DIR))
    };
    open().map_err(|error| workspace_failed("open", dir, error))
}

/// Removes everything in a directory that was empty when it was given to us.
pub(crate) fn clear(dir: &Path) -> Result<(), Failure> {
    let clear = || {
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    };
    clear().map_err(|error: std::io::Error| workspace_failed("clear", dir, error))
}

/// A path as it stands in a `file://` URL.
pub(crate) fn percent_path(path: &Path) -> String {
    path.to_string_lossy().replace('%', "%25")
}
