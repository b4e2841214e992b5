//! The conformance suite of the transport on this machine.

use std::sync::Arc;

use async_trait::async_trait;
use imt_core::ports::{Transport, TransportErrorKind};
use imt_core::testkit::transport_suite::Subject;
use imt_exec_local::LocalTransport;

struct Here;

#[async_trait]
impl Subject for Here {
    async fn transport(&self) -> Arc<dyn Transport> {
        Arc::new(LocalTransport::new(std::env::var("HOME").expect("a home")))
    }
}

imt_core::transport_suite!(Here);

#[tokio::test]
async fn a_home_that_is_missing_is_told() {
    let connection = LocalTransport::new("/nowhere/at/all").connect().await.unwrap();
    let error = connection.get("f", 10).await.unwrap_err();
    assert_eq!(error.kind, TransportErrorKind::Unsupported);
    assert!(error.message.contains("/nowhere/at/all"), "{error}");
}
