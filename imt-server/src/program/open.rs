//! From a configuration to an open store.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use imt_server::Stores;
use imt_store_sql::{KeyRing, OpenError, SqlStore};

use super::config::Config;
use super::error::ProgramError;

/// Opens the store that is meant, with the keys of the data directory, which are made where there are none.
pub(super) async fn store(config: &Config) -> Result<Arc<SqlStore>, ProgramError> {
    ready(&config.data_dir)?;
    let keys = keys_of(config);
    let ring = KeyRing::load_or_generate(&keys).map_err(|error| {
        let help = error.help();
        ProgramError::new(format!("the keys in `{}` cannot be used", keys.display())).because(&error).help(help)
    })?;
    let opened = match &config.database_url {
        None => imt_store_sqlite::open(&file_of(config), Some(ring)).await,
        Some(url) => {
            let password = config.database_password.clone();
            let options = imt_store_postgres::Options { password, ..Default::default() };
            imt_store_postgres::open(url, options, Some(ring)).await
        }
    };
    opened.map(Arc::new).map_err(|error| {
        let make = if matches!(error, OpenError::BadUrl { .. }) { ProgramError::usage } else { ProgramError::new };
        make(error.to_string()).help(error.help())
    })
}

/// The file of the store, where it is one of SQLite.
pub(super) fn file_of(config: &Config) -> PathBuf {
    config.data_dir.join("imt.db")
}

/// What is sealed in the store is sealed with these.
pub(super) fn keys_of(config: &Config) -> PathBuf {
    config.data_dir.join("keys")
}

/// A store as a server uses it.
pub(super) fn stores(store: &Arc<SqlStore>) -> Stores {
    Stores {
        store: Arc::clone(store) as _,
        catalog: Arc::clone(store) as _,
        deployments: Arc::clone(store) as _,
        directory: Arc::clone(store) as _,
    }
}

/// The data directory, of which only this user sees what is in it.
fn ready(dir: &Path) -> Result<(), ProgramError> {
    match fs::DirBuilder::new().recursive(true).mode(0o700).create(dir) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            let message = format!("the data directory `{}` cannot be made", dir.display());
            Err(ProgramError::new(message).because(&error).help("name another one with --data-dir"))
        }
        _ => Ok(()),
    }
}
