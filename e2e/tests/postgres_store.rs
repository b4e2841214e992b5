//! The conformance suites of `Store`, `Catalog` and `DeploymentStore` on a PostgreSQL database.

use std::sync::Arc;

use imt_core::ports::{DeploymentStore, Store};
use imt_core::testkit::Alternating;
use imt_e2e::postgres::Schema;
use imt_store_sql::SqlStore;

async fn make() -> Arc<SqlStore> {
    Arc::new(Schema::new().await.open().await)
}

/// Two processes on one database, used in turn.
async fn make_two() -> Arc<Alternating> {
    let schema = Schema::new().await;
    Arc::new(Alternating::<dyn Store>::new(vec![Arc::new(schema.open().await), Arc::new(schema.open().await)]))
}

/// The same for deployments.
async fn make_two_of_deployments() -> Arc<Alternating<dyn DeploymentStore>> {
    let schema = Schema::new().await;
    Arc::new(Alternating::<dyn DeploymentStore>::new(vec![
        Arc::new(schema.open().await),
        Arc::new(schema.open().await),
    ]))
}

mod deployments {
    imt_core::deployment_suite!(super::make);
}

mod deployments_of_two_processes {
    imt_core::deployment_suite!(super::make_two_of_deployments);
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
