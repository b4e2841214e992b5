//! The file of the key ring: in the state directory, one for all stores of a user.
//!
//! Knows no store.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use imt_store_sql::{KeyFileError, KeyRing, SealError};
use rustix::fs::{FlockOperation, flock};

use crate::error::{CliError, Result};

/// The ring in a file, if there is a file.
pub(super) fn existing_ring(path: &Path) -> Result<Option<KeyRing>> {
    match KeyRing::load(path) {
        Ok(ring) => Ok(Some(ring)),
        Err(KeyFileError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(error)),
    }
}

pub(super) fn unusable(error: KeyFileError) -> CliError {
    CliError::errored("the keys of secret variables cannot be used").help(error.help()).because(error)
}

pub(super) fn no_key(error: SealError) -> CliError {
    unusable(KeyFileError::from(error))
}

/// Keeps others from changing the ring for as long as it is held.
pub(super) fn lock(keys: &Path) -> Result<File> {
    let path = keys.with_extension("lock");
    let locked = || {
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path)?;
        flock(&file, FlockOperation::LockExclusive)?;
        Ok(file)
    };
    locked().map_err(|error: std::io::Error| {
        CliError::errored(format!("cannot lock `{}`", path.display()))
            .help("make it a file that this user can write")
            .because(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;
    use crate::terminal::Paint;

    #[test]
    fn keys_that_others_can_read_are_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys");
        assert!(existing_ring(&path).unwrap().is_none());
        KeyRing::load_or_generate(&path).unwrap();
        assert!(existing_ring(&path).unwrap().is_some());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let error = existing_ring(&path).unwrap_err();
        assert_eq!(error.exit, Exit::Errored);
        assert!(error.render(Paint::plain()).contains("chmod 600"));
    }
}
