//! A copy of a store in another file, taken while others write: a consistent picture of one moment.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use crate::open::BUSY;

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// Something of that name is there, and is left alone.
    #[error("`{0}` is there already")]
    Exists(PathBuf),
    /// The store cannot be read, or the copy not be written, says SQLite.
    #[error("`{at}` cannot be copied: {why}")]
    Database {
        /// The store's file.
        at: PathBuf,
        /// What was said.
        why: String,
    },
    /// The copy cannot be written.
    #[error("`{at}` cannot be written: {source}")]
    Write {
        /// Its file.
        at: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Copies a store into a new file, which only its owner can read. Whoever uses the store goes on meanwhile. The copy is there
/// whole and on the disk, or not at all. Answers its size in bytes.
///
/// # Errors
/// [`BackupError`]; a copy that was not finished is removed.
pub async fn backup(store: &Path, to: &Path) -> Result<u64, BackupError> {
    let write = |source| BackupError::Write { at: to.to_owned(), source };
    if to.symlink_metadata().is_ok() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    // SQLite is given whole paths: others could mean something else to it.
    let to = std::path::absolute(to).map_err(write)?;
    let unfinished = Unfinished::make(&to).map_err(write)?;
    copy(store, &unfinished.0).await?;
    let size = unfinished.sync().map_err(write)?;
    unfinished.finish(&to)?;
    Ok(size)
}

async fn copy(store: &Path, to: &Path) -> Result<(), BackupError> {
    let refused = |why: String| BackupError::Database { at: store.to_owned(), why };
    let to = to.to_str().ok_or_else(|| refused("the name of the copy is no UTF-8".to_owned()))?;
    let options = SqliteConnectOptions::new().filename(store).create_if_missing(false).busy_timeout(BUSY);
    let mut connection = options.connect().await.map_err(|error| refused(error.to_string()))?;
    // One transaction that reads; it writes into an empty file only.
    let copied = sqlx::query("VACUUM INTO $1").bind(to).execute(&mut connection).await;
    copied.map(drop).map_err(|error| refused(error.to_string()))
}

/// A copy that is not finished, beside where it is to be. Dropped, it is gone.
struct Unfinished(PathBuf);

impl Unfinished {
    fn make(to: &Path) -> io::Result<Self> {
        let mut name = to.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?.to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let path = to.with_file_name(name);
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Self(path))
    }

    fn sync(&self) -> io::Result<u64> {
        let file = File::open(&self.0)?;
        file.sync_all()?;
        Ok(file.metadata()?.len())
    }

    /// Gives it its name, which nobody else may have been given meanwhile.
    fn finish(self, to: &Path) -> Result<(), BackupError> {
        let write = |source| BackupError::Write { at: to.to_owned(), source };
        match fs::hard_link(&self.0, to) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(BackupError::Exists(to.to_owned()));
            }
            // There are disks without a second name for a file.
            Err(_) if to.symlink_metadata().is_err() => fs::rename(&self.0, to).map_err(write)?,
            Err(error) => return Err(write(error)),
        }
        let dir = to.parent().unwrap_or(Path::new("/"));
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(write)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // It has its name, or is of no use; what cannot be removed is seen by its name.
        let _gone = fs::remove_file(&self.0);
    }
}
