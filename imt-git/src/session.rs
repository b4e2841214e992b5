//! What one call of the source has for itself: a private directory with git's configuration and credentials, removed
//! when the call is over, and swept when its process died.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use imt_core::ports::{Failure, FailureKind};
use imt_core::secret::Secret;
use tempfile::TempDir;

use crate::addresses::Pin;
use crate::config::{Network, global_config, shell_quoted};
use crate::credentials::{Credentials, ssh_file, store_file};
use crate::failure::io_failed;
use crate::lock::FileLock;
use crate::url::Origin;

/// The name of the lock that tells a living session's directory from a dead one's.
const LOCK: &str = "lock";

/// How often a sweep asks for a moment in which nobody opens a session.
const SWEEP_TRIES: u32 = 20;

/// The lock of all sessions below a directory: shared while one is made, exclusive while dead ones are removed. Without it
/// a sweep could take the lock of a session that is just being made.
pub(crate) fn calls_lock(parent: &Path) -> PathBuf {
    parent.with_extension("lock")
}

/// Limits of the network that are the same for all calls of a source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) low_speed_bytes: u32,
    pub(crate) low_speed_seconds: u64,
    pub(crate) connect_seconds: u64,
}

/// A private directory and the environment that points git to it.
#[derive(Debug)]
pub(crate) struct Session {
    env: Vec<(OsString, OsString)>,
    secrets: Vec<Secret>,
    dir: TempDir,
    _alive: FileLock,
}

impl Session {
    /// Opens one below `parent`, whose lock the caller holds, with the given credentials and protocols; a pinned host is held
    /// to its addresses.
    pub(crate) fn open(
        parent: &Path,
        protocols: &str,
        known: &[(Origin, Credentials)],
        limits: Limits,
        pin: Option<&Pin>,
        _making: &FileLock,
    ) -> Result<Self, Failure> {
        let failed = |path: &Path, error| io_failed(FailureKind::CheckoutFailed, "use", path, error);
        // `tempfile` makes it 0700, so nothing in it needs more care.
        let dir = tempfile::Builder::new().prefix("call-").tempdir_in(parent).map_err(|error| failed(parent, error))?;
        let alive = FileLock::try_exclusive(&dir.path().join(LOCK))?
            .ok_or_else(|| Failure::new(FailureKind::Internal, "a fresh lock file is held by somebody else"))?;
        let write = |name: &str, text: String| {
            let path = dir.path().join(name);
            private_file(&path, &text).map_err(|error| failed(&path, error))?;
            Ok::<PathBuf, Failure>(path)
        };

        let store = store_file(known);
        let store = if store.is_empty() { None } else { Some(write("credentials", store)?) };
        let store = store.as_deref().map(text_of).transpose()?;
        let Limits { low_speed_bytes, low_speed_seconds, connect_seconds } = limits;
        let pinned = pin.map(Pin::for_curl);
        let network = Network { low_speed_bytes, low_speed_seconds, credential_file: store, pinned: pinned.as_deref() };
        let config = write("gitconfig", global_config(network))?;
        let ssh = write("ssh_config", ssh_file(known, connect_seconds, pin))?;
        let ssh = format!("ssh -F {}", shell_quoted(text_of(&ssh)?));

        let fixed = [
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_ATTR_NOSYSTEM", "1"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_ASKPASS", "/bin/false"),
            ("SSH_ASKPASS", "/bin/false"),
            ("GIT_SSH_VARIANT", "ssh"),
            ("GIT_NO_LAZY_FETCH", "1"),
            ("GIT_NO_REPLACE_OBJECTS", "1"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("GIT_DEFAULT_REF_FORMAT", "files"),
            ("LC_ALL", "C"),
        ];
        let mut env: Vec<(OsString, OsString)> = fixed.map(|(name, value)| (name.into(), value.into())).into();
        env.push(("GIT_ALLOW_PROTOCOL".into(), protocols.into()));
        env.push(("GIT_SSH_COMMAND".into(), ssh.into()));
        env.push(("GIT_CONFIG_GLOBAL".into(), config.into()));
        env.push(("HOME".into(), dir.path().into()));
        env.push(("GIT_CEILING_DIRECTORIES".into(), parent.into()));
        let secrets = known.iter().filter_map(|(_, credentials)| credentials.secret().cloned()).collect();
        Ok(Self { env, secrets, dir, _alive: alive })
    }

    /// The environment for git.
    pub(crate) fn env(&self) -> &[(OsString, OsString)] {
        &self.env
    }

    /// What messages must not contain.
    pub(crate) fn secrets(&self) -> &[Secret] {
        &self.secrets
    }

    /// A directory that is in no repository.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }
}

/// Removes the sessions below `parent` whose process is gone. Where others open sessions without a pause, it is left to the
/// next sweep; so is one that cannot be removed, as when a git that has outlived its process still writes there.
pub(crate) fn sweep(parent: &Path) -> Result<(), Failure> {
    let mut alone = None;
    for _ in 0..SWEEP_TRIES {
        alone = FileLock::try_exclusive(&calls_lock(parent))?;
        if alone.is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let Some(_alone) = alone else { return Ok(()) };
    let failed = |error| io_failed(FailureKind::CheckoutFailed, "sweep", parent, error);
    let mut all = Ok(());
    for entry in fs::read_dir(parent).map_err(failed)? {
        all = all.and(remove_dead(&entry.map_err(failed)?.path()));
    }
    all
}

/// Removes a session unless its process lives. One without a lock file is being removed, or what is left of one that was: none is
/// being made, for whoever makes one has the lock of all.
fn remove_dead(dir: &Path) -> Result<(), Failure> {
    let lock = dir.join(LOCK);
    if lock.is_file() && FileLock::try_exclusive(&lock)?.is_none() {
        return Ok(());
    }
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(io_failed(FailureKind::CheckoutFailed, "sweep", dir, error))
        }
        _ => Ok(()),
    }
}

/// Makes a directory that only its owner can enter.
pub(crate) fn private_dir(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o700))
}

fn private_file(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt;
    fs::File::options().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}

fn text_of(path: &Path) -> Result<&str, Failure> {
    let usable = path.to_str().filter(|text| !text.chars().any(char::is_control));
    usable.ok_or_else(|| {
        Failure::new(FailureKind::CheckoutFailed, format!("the cache directory {} cannot be used", path.display()))
            .with_help("choose a path in UTF-8 without control characters")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::Mode;

    #[tokio::test]
    async fn a_session_that_is_just_being_made_is_not_swept() {
        let dir = tempfile::tempdir().unwrap();
        let (parent, made) = (dir.path().join("calls"), dir.path().join("calls/call-new"));
        fs::create_dir_all(&made).unwrap();
        let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
        let making = FileLock::acquire(&calls_lock(&parent), Mode::Shared, deadline).await.unwrap();
        // Where another process is: the lock file is there, and not locked yet.
        fs::write(made.join(LOCK), "").unwrap();
        sweep(&parent).unwrap();
        assert!(made.exists());
        drop(making);
        sweep(&parent).unwrap();
        assert!(!made.exists());
        // As when a git that outlived its process wrote there while it was removed.
        fs::create_dir_all(made.join("written")).unwrap();
        sweep(&parent).unwrap();
        assert!(!made.exists(), "without a lock file");
    }
}
