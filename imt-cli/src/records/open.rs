//! From an address to a store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use imt_core::ports::{Catalog, Store};
use imt_store_sql::{KeyFileError, KeyRing, OpenError, SqlStore};

use crate::args::StoreArgs;
use crate::error::{CliError, Result};
use crate::output;
use crate::places;

const FORMS: &str = "write sqlite:///absolute/path.db or postgres://user@host/database";

/// An open store.
#[derive(Debug)]
pub(crate) struct Records {
    store: Arc<SqlStore>,
}

impl Records {
    /// As the engine uses it.
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store) as Arc<dyn Store>
    }

    /// As people ask it.
    pub(crate) fn catalog(&self) -> Arc<dyn Catalog> {
        Arc::clone(&self.store) as Arc<dyn Catalog>
    }
}

/// Opens the store that is meant, with the key ring of this user if there is one.
pub(crate) async fn open(args: &StoreArgs) -> Result<Records> {
    let state = places::state_dir()?;
    if let Some(note) = &state.note {
        output::note(note);
    }
    let address = Address::of(args.store.as_deref(), &state.path)?;
    let ring = existing_ring(&state.path.join("keys"))?;
    Ok(Records { store: Arc::new(address.open(ring).await?) })
}

/// The ring in a file, if there is a file.
fn existing_ring(path: &Path) -> Result<Option<KeyRing>> {
    match KeyRing::load(path) {
        Ok(ring) => Ok(Some(ring)),
        Err(KeyFileError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(key_file(error)),
    }
}

fn key_file(error: KeyFileError) -> CliError {
    CliError::errored("the keys of secret variables cannot be used").help(error.help()).because(error)
}

/// Where a store is.
#[derive(Debug, PartialEq, Eq)]
enum Address {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Address {
    /// Reads an address; without one it is a file in the state directory. What is refused is not repeated: it may hold a
    /// password.
    fn of(given: Option<&str>, state: &Path) -> Result<Self> {
        let Some(given) = given else { return Ok(Self::Sqlite(state.join("store.db"))) };
        let refused = |why: &str| Err(CliError::usage(format!("the address of the store {why}")).help(FORMS));
        let Some((scheme, rest)) = given.split_once("://") else {
            return refused("has no `://` in it");
        };
        match scheme {
            "postgres" | "postgresql" => Ok(Self::Postgres(given.to_owned())),
            "sqlite" if rest.contains(['?', '#', '\0']) => refused("has a `?`, `#` or NUL in the path of its file"),
            "sqlite" if rest.starts_with('/') && !rest.ends_with('/') => Ok(Self::Sqlite(PathBuf::from(rest))),
            "sqlite" => refused("has no absolute path of a file after `sqlite://`"),
            _ => refused("begins with neither `sqlite://` nor `postgres://`"),
        }
    }

    async fn open(&self, keys: Option<KeyRing>) -> Result<SqlStore> {
        let opened = match self {
            Self::Sqlite(path) => imt_store_sqlite::open(path, keys).await,
            Self::Postgres(url) => imt_store_postgres::open(url, imt_store_postgres::Options::default(), keys).await,
        };
        opened.map_err(|error| {
            let kind = if matches!(error, OpenError::BadUrl { .. }) { CliError::usage } else { CliError::errored };
            kind(error.to_string()).help(error.help())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;
    use crate::terminal::Paint;

    #[test]
    fn addresses_are_read() {
        let state = Path::new("/state");
        let of = |given| Address::of(given, state).unwrap();
        assert_eq!(of(None), Address::Sqlite("/state/store.db".into()));
        assert_eq!(of(Some("sqlite:///a b/c%20d.db")), Address::Sqlite("/a b/c%20d.db".into()));
        for url in ["postgres://imt@h/db", "postgresql:///db"] {
            assert_eq!(of(Some(url)), Address::Postgres(url.to_owned()));
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        for given in [
            "",
            "store-hunter2.db",
            "/abs/hunter2.db",
            "sqlite:hunter2",
            "sqlite://hunter2.db",
            "sqlite:///",
            "sqlite:///hunter2.db?mode=ro",
            "mysql://imt:hunter2@h/db",
            "Postgres://imt:hunter2@h/db",
        ] {
            let error = Address::of(Some(given), Path::new("/state")).unwrap_err();
            assert_eq!(error.exit, Exit::Usage, "{given}");
            let shown = error.render(Paint::plain());
            assert!(shown.contains("sqlite:///") && !shown.contains("hunter2"), "{shown}");
        }
    }

    #[tokio::test]
    async fn a_bad_port_is_a_usage_error_that_shows_no_password() {
        let address = Address::Postgres("postgres://imt:hunter2@h:port/db".to_owned());
        let error = address.open(None).await.unwrap_err();
        assert_eq!(error.exit, Exit::Usage);
        let shown = error.render(Paint::plain());
        assert!(shown.contains("postgres://imt@h:port/db") && !shown.contains("hunter2"), "{shown}");
    }

    #[tokio::test]
    async fn keys_that_others_can_read_are_refused() {
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
