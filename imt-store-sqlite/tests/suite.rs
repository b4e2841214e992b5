//! The conformance suite of `Store` on a SQLite file.

use std::sync::Arc;

use imt_core::ports::Store;

async fn make() -> Arc<dyn Store> {
    let dir = tempfile::tempdir().expect("a scratch directory").keep();
    Arc::new(imt_store_sqlite::open(&dir.join("store.db")).await.expect("a new store"))
}

imt_core::store_suite!(make);
