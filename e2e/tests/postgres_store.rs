//! The conformance suites of `Store` and `Catalog` on a PostgreSQL database.

use std::sync::Arc;

use imt_core::testkit::Alternating;
use imt_e2e::postgres::Schema;
use imt_store_sql::SqlStore;

async fn make() -> Arc<SqlStore> {
    Arc::new(Schema::new().await.open().await)
}

/// Two processes on one database, used in turn.
async fn make_two() -> Arc<Alternating> {
    let schema = Schema::new().await;
    Arc::new(Alternating::new(vec![Arc::new(schema.open().await), Arc::new(schema.open().await)]))
}

mod two_processes {
    imt_core::store_suite!(super::make_two);
}

mod store {
    imt_core::store_suite!(super::make);
}

mod catalog {
    imt_core::catalog_suite!(super::make);
}
