//! The conformance suites of `Store`, `Catalog` and `DeploymentStore` on a SQLite file.

use std::sync::Arc;

use imt_core::ports::{DeploymentStore, Store};
use imt_core::testkit::Alternating;
use imt_store_sql::{KeyRing, SqlStore};

/// Two processes on one file, used in turn.
async fn make_two() -> Arc<Alternating> {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory").keep();
    let open = async || imt_store_sqlite::open(&dir.join("store.db"), None).await.expect("the store opens");
    Arc::new(Alternating::<dyn Store>::new(vec![Arc::new(open().await), Arc::new(open().await)]))
}

/// The same for deployments.
async fn make_two_of_deployments() -> Arc<Alternating<dyn DeploymentStore>> {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory").keep();
    let keys = KeyRing::generate().expect("a key");
    let open =
        async || imt_store_sqlite::open(&dir.join("store.db"), Some(keys.clone())).await.expect("the store opens");
    Arc::new(Alternating::<dyn DeploymentStore>::new(vec![Arc::new(open().await), Arc::new(open().await)]))
}

async fn make() -> Arc<SqlStore> {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory").keep();
    let keys = KeyRing::generate().expect("a key");
    Arc::new(imt_store_sqlite::open(&dir.join("store.db"), Some(keys)).await.expect("a new store"))
}

mod store {
    imt_core::store_suite!(super::make);
}

mod two_processes {
    imt_core::store_suite!(super::make_two);
}

mod deployments {
    imt_core::deployment_suite!(super::make);
}

mod deployments_of_two_processes {
    imt_core::deployment_suite!(super::make_two_of_deployments);
}

mod catalog {
    imt_core::catalog_suite!(super::make);
}
