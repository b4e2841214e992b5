//! The in-memory store keeps every promise of `Directory`.

use std::sync::Arc;

use imt_core::store::MemoryStore;
use imt_core::testkit::directory_suite;

imt_core::directory_suite!(async || {
    let store = Arc::new(MemoryStore::new());
    (Arc::clone(&store), store)
});

#[tokio::test]
async fn a_name_in_use_is_adopted_only_on_purpose() {
    directory_suite::a_name_in_use_is_adopted_only_on_purpose(Arc::new(MemoryStore::new())).await;
}
