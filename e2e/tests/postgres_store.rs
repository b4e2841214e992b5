//! The conformance suites of `Store` and `Catalog` on a PostgreSQL database.

use std::sync::Arc;

use imt_e2e::postgres::Schema;
use imt_store_sql::SqlStore;

async fn make() -> Arc<SqlStore> {
    Arc::new(Schema::new().await.open().await)
}

mod store {
    imt_core::store_suite!(super::make);
}

mod catalog {
    imt_core::catalog_suite!(super::make);
}
