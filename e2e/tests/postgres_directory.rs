//! The conformance suite of `Directory` on a PostgreSQL database, used by two servers in turn.

use std::sync::Arc;

use imt_core::testkit::directory_suite;
use imt_e2e::postgres::Schema;
use imt_store_sql::SqlStore;

async fn make() -> (Arc<SqlStore>, Arc<SqlStore>) {
    let schema = Schema::new().await;
    (Arc::new(schema.open().await), Arc::new(schema.open().await))
}

imt_core::directory_suite!(make);

#[tokio::test]
async fn a_name_in_use_is_adopted_only_on_purpose() {
    directory_suite::a_name_in_use_is_adopted_only_on_purpose(make().await.0).await;
}
