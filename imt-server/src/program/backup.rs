//! `imt-server backup`: a copy of the store, and of its keys where that is asked for.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use imt_store_sqlite::BackupError;

use super::commands::say;
use super::config::{BackupOrder, Config};
use super::error::ProgramError;
use super::open;

/// Makes it, beside a server that runs.
pub(super) async fn backup(config: &Config, order: &BackupOrder) -> Result<(), ProgramError> {
    if config.database_url.is_some() {
        return Err(ProgramError::usage("the store is a PostgreSQL database, which has means of its own")
            .help("use `pg_dump -Fc`, and keep the file `keys` of the data directory with what it makes"));
    }
    let (store, keys) = (open::file_of(config), open::keys_of(config));
    let copy_of_keys = keys_beside(&order.to);
    if order.with_keys && copy_of_keys.symlink_metadata().is_ok() {
        return Err(told(&BackupError::Exists(copy_of_keys)));
    }
    let bytes = imt_store_sqlite::backup(&store, &order.to).await.map_err(|error| told(&error))?;
    say(&format!("{} holds the store ({bytes} bytes)\n", order.to.display()))?;
    if order.with_keys {
        // After the store: whatever it is sealed with is among the keys by now.
        copy_keys(&keys, &copy_of_keys).map_err(|error| {
            ProgramError::new(format!("`{}` cannot be copied to `{}`", keys.display(), copy_of_keys.display()))
                .because(&error)
        })?;
        return say(&format!("{} holds the keys: whoever has both has the secrets\n", copy_of_keys.display()));
    }
    say(&format!(
        "what is secret in it can be read only with the keys, which are not in it: keep {} too\n",
        keys.display()
    ))
}

fn told(error: &BackupError) -> ProgramError {
    let help = match error {
        BackupError::Exists(_) => "name another file: nothing is overwritten",
        BackupError::Write { .. } => "name a file in a directory that this user may write to",
        _ => "run it as the server's user, with the server's --data-dir",
    };
    ProgramError::new(error.to_string()).help(help)
}

fn keys_beside(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".keys");
    name.into()
}

fn copy_keys(keys: &Path, to: &Path) -> io::Result<()> {
    let all = fs::read(keys)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    file.write_all(&all)?;
    file.sync_all()
}
