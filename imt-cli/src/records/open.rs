//! From an address to a store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use imt_core::id::{ProjectName, StoreId};
use imt_core::ports::{Catalog, DeploymentStore, Store, StoreResult};
use imt_store_sql::{KeyRing, ListedVariable, OpenError, SqlStore};
use imt_store_sqlite::Durability;

use super::key_file::existing_ring;
use crate::args::StoreArgs;
use crate::error::{CliError, Result};
use crate::output;
use crate::places;

const FORMS: &str = "write sqlite:///absolute/path.db or postgres://user@host/database";

/// An open store.
#[derive(Debug)]
pub(crate) struct Records {
    store: Arc<SqlStore>,
    is_shared: bool,
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

    /// As deployments use it.
    pub(crate) fn deployments(&self) -> Arc<dyn DeploymentStore> {
        Arc::clone(&self.store) as Arc<dyn DeploymentStore>
    }

    /// What tells it from all other stores.
    pub(crate) async fn id(&self) -> Result<StoreId> {
        self.store.id().await.map_err(CliError::store("learn which store it is"))
    }

    /// Whether processes of several machines may use it.
    pub(crate) const fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// As it is.
    pub(super) fn sql(&self) -> &SqlStore {
        &self.store
    }

    /// A project's variables as they may be shown.
    pub(crate) async fn variables(&self, project: &ProjectName) -> StoreResult<Vec<ListedVariable>> {
        self.store.listed_variables(project).await
    }
}

/// Opens the store that is meant, with the key ring of this user if there is one.
pub(crate) async fn open(args: &StoreArgs) -> Result<Records> {
    Place::of(args)?.open_with_ring().await
}

/// The same for a runner, whose state directory is known.
pub(crate) async fn open_in(state: &Path, args: &StoreArgs) -> Result<Records> {
    Place::within(state, args, Durability::Machine)?.open_with_ring().await
}

/// The same for one who stays with the pipeline to its end: what a loss of power takes of it, it takes of him, too, and
/// nothing has to wait for the disk.
pub(crate) async fn open_to_attend(state: &Path, args: &StoreArgs) -> Result<Records> {
    Place::within(state, args, Durability::Process)?.open_with_ring().await
}

/// The store that is meant, and where its keys are.
pub(super) struct Place {
    address: Address,
    keys: PathBuf,
    durability: Durability,
}

impl Place {
    /// As the arguments say; otherwise in the state directory.
    pub(super) fn of(args: &StoreArgs) -> Result<Self> {
        let state = places::state_dir()?;
        if let Some(note) = &state.note {
            output::note(note);
        }
        Self::within(&state.path, args, Durability::Machine)
    }

    fn within(state: &Path, args: &StoreArgs, durability: Durability) -> Result<Self> {
        Ok(Self { address: Address::of(args.store.as_deref(), state)?, keys: state.join("keys"), durability })
    }

    /// The key file, there or not.
    pub(super) fn keys(&self) -> &Path {
        &self.keys
    }

    /// Opens it with this ring.
    pub(super) async fn open(&self, ring: Option<KeyRing>) -> Result<Records> {
        let store = Arc::new(self.address.open(ring, self.durability).await?);
        Ok(Records { store, is_shared: matches!(self.address, Address::Postgres(_)) })
    }

    async fn open_with_ring(&self) -> Result<Records> {
        self.open(existing_ring(&self.keys)?).await
    }
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

    async fn open(&self, keys: Option<KeyRing>, durability: Durability) -> Result<SqlStore> {
        let opened = match self {
            Self::Sqlite(path) => imt_store_sqlite::open_with(path, keys, durability).await,
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
        let error = address.open(None, Durability::Machine).await.unwrap_err();
        assert_eq!(error.exit, Exit::Usage);
        let shown = error.render(Paint::plain());
        assert!(shown.contains("postgres://imt@h:port/db") && !shown.contains("hunter2"), "{shown}");
    }
}
