//! The conformance suites of `Store` and `Catalog` on a SQLite file.

use std::sync::Arc;

use imt_store_sql::{KeyRing, SqlStore};

async fn make() -> Arc<SqlStore> {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory").keep();
    let keys = KeyRing::generate().expect("a key");
    Arc::new(imt_store_sqlite::open(&dir.join("store.db"), Some(keys)).await.expect("a new store"))
}

mod store {
    imt_core::store_suite!(super::make);
}

mod catalog {
    imt_core::catalog_suite!(super::make);
}
