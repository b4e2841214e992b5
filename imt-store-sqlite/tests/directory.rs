//! The conformance suite of `Directory` on a SQLite file, used by two processes in turn.

use std::sync::Arc;

use imt_core::testkit::directory_suite;
use imt_store_sql::{KeyRing, SqlStore};

async fn make() -> (Arc<SqlStore>, Arc<SqlStore>) {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory").keep();
    let keys = KeyRing::generate().expect("a key");
    let open =
        async || imt_store_sqlite::open(&dir.join("store.db"), Some(keys.clone())).await.expect("the store opens");
    (Arc::new(open().await), Arc::new(open().await))
}

imt_core::directory_suite!(make);

#[tokio::test]
async fn a_name_in_use_is_adopted_only_on_purpose() {
    directory_suite::a_name_in_use_is_adopted_only_on_purpose(make().await.0).await;
}
