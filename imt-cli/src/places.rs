//! Where `imt` keeps things: its state directory, and the directory that workspaces are made in.

use std::ffi::OsString;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use imt_core::engine::ready_workspace_root;
use imt_core::ports::{Failure, FailureKind};

use imt_core::id::StoreId;

use crate::error::{CliError, Result};

/// Where every pipeline gets a directory of its own.
pub(crate) const WORKSPACE_ROOT: &str = "/tmp/cicd-workspaces";

/// The state directory, and what is to be said about the choice.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StateDir {
    pub(crate) path: PathBuf,
    /// Why it is not the usual one.
    pub(crate) note: Option<String>,
}

/// The state directory of this user, made if it is not there. Without a usable home, one in the temporary directory.
pub(crate) fn state_dir() -> Result<StateDir> {
    let usual = usual_state_dir(&|name| std::env::var_os(name));
    let why = match usual {
        Some(path) => match make_private(&path) {
            Ok(()) => return Ok(StateDir { path, note: None }),
            Err(error) => format!("the state directory `{}` cannot be used ({error})", path.display()),
        },
        None => "neither XDG_STATE_HOME nor HOME is set".to_owned(),
    };
    // Named by the user's id, so that two users do not meet; `make_private` refuses what is somebody else's.
    let path = std::env::temp_dir().join(format!("imt-state-{}", rustix::process::getuid().as_raw()));
    make_private(&path).map_err(|error| {
        CliError::errored(format!("{why}, and neither can `{}`", path.display()))
            .help("set XDG_STATE_HOME to a directory that you may write to")
            .because(error)
    })?;
    let note = Some(format!("{why}; using `{}`", path.display()));
    Ok(StateDir { path, note })
}

/// Where those who work on a store keep what says who lives and what they made: apart from other stores, because only the own
/// store knows which of it is still needed.
pub(crate) fn home_of(store: &StoreId, state: &Path) -> PathBuf {
    state.join("stores").join(store.as_str())
}

fn usual_state_dir(var: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    // A relative path there is to be ignored, says the XDG base directory specification.
    let absolute = |name: &str| var(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state"))).map(|base| base.join("imt"))
}

/// Makes a directory that only this user can enter, or finds it so; and writes to it.
fn make_private(path: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    must_be_ours(path)?;
    let probe = path.join(format!(".probe-{}", std::process::id()));
    std::fs::write(&probe, b"")?;
    std::fs::remove_file(&probe)
}

fn must_be_ours(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let found = path.symlink_metadata()?;
    if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() {
        return Err(std::io::Error::other("it is not a directory of this user"));
    }
    Ok(())
}

/// What this host is called.
pub(crate) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The directory that workspaces are made in. Only its user can enter it, because jobs' users of all kinds write below; on a
/// shared machine the first user has the usual one and every other one has a directory of their own.
pub(crate) fn workspace_root() -> Result<PathBuf> {
    let usual = PathBuf::from(WORKSPACE_ROOT);
    if private_root(&usual).is_ok() {
        return Ok(usual);
    }
    let own = PathBuf::from(format!("{WORKSPACE_ROOT}-{}", rustix::process::geteuid().as_raw()));
    private_root(&own).map_err(|failure| {
        let message = format!("neither `{}` nor `{}` can hold workspaces", usual.display(), own.display());
        let help = failure.help.clone().unwrap_or_else(|| "remove what is in the way, or have its owner do so".into());
        CliError::errored(message).help(help).reason(failure.kind.reason()).because(failure)
    })?;
    Ok(own)
}

/// Whether workspaces may be made there; whether they can, for lack of space say, is seen when they are. It is of no use but
/// ours, so that others are kept from entering it too.
fn private_root(root: &Path) -> std::result::Result<(), Failure> {
    ready_workspace_root(root, rustix::process::geteuid().as_raw())?;
    // A disk that cannot be written to keeps its mode, and is reported when a workspace is to be made on it.
    match std::fs::set_permissions(root, std::fs::Permissions::from_mode(0o700)) {
        Err(error) if error.kind() != std::io::ErrorKind::ReadOnlyFilesystem => {
            let message = format!("the workspace root `{}` cannot be closed to other users", root.display());
            Err(Failure::new(FailureKind::WorkspaceFailed, message).with_source(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_directory_follows_the_environment() {
        let with = |pairs: &'static [(&str, &str)]| {
            usual_state_dir(&move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
        };
        assert_eq!(with(&[("HOME", "/h")]), Some("/h/.local/state/imt".into()));
        assert_eq!(with(&[("HOME", "/h"), ("XDG_STATE_HOME", "/s")]), Some("/s/imt".into()));
        assert_eq!(with(&[("XDG_STATE_HOME", "relative")]), None);
        assert_eq!(with(&[]), None);
    }

    #[test]
    fn a_root_is_private_and_one_that_others_may_write_to_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        let set = |mode| std::fs::set_permissions(&root, std::fs::Permissions::from_mode(mode)).unwrap();
        private_root(&root).unwrap();
        set(0o755);
        private_root(&root).unwrap();
        assert_eq!(root.metadata().unwrap().permissions().mode() & 0o7777, 0o700);
        set(0o777);
        assert!(private_root(&root).is_err());
    }

    #[test]
    fn a_state_directory_that_is_a_link_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(dir.path(), &link).unwrap();
        assert!(make_private(&link).is_err());
    }
}
