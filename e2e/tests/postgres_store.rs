//! The conformance suite of `Store` on a PostgreSQL database.

use std::sync::Arc;

use imt_core::ports::Store;
use imt_e2e::postgres::Schema;

async fn make() -> Arc<dyn Store> {
    Arc::new(Schema::new().await.open().await)
}

imt_core::store_suite!(make);
