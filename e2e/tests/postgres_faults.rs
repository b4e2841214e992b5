//! A network that fails between us and PostgreSQL: no connection is poisoned or lost, and nobody waits for ever.

use std::task::Poll;
use std::time::{Duration, Instant};

use imt_core::id::{InstanceId, PipelineId, ProjectName};
use imt_core::pipeline;
use imt_core::plan::{self, Plan, Trigger};
use imt_core::ports::{NewPipeline, RunnerInfo, Store, StoreError};
use imt_core::time::Timestamp;
use imt_e2e::fault_proxy::{FaultProxy, Faults};
use imt_e2e::postgres::{self, Schema};
use imt_e2e::wait::SOON;
use imt_store_postgres::Options;
use imt_store_sql::{Purpose, SqlStore};

fn plan() -> Plan {
    let spec = pipeline::read(b"jobs: { hello: { script: echo hello } }", "pipeline.yml").spec.expect("a good file");
    plan::build(&spec, &ProjectName::new("demo"), Trigger::manual()).expect("a plan")
}

fn new() -> NewPipeline {
    NewPipeline { id: PipelineId::generate(), plan: plan(), at: Timestamp::from_micros(1), idempotency_key: None }
}

fn runner(lease: Duration) -> RunnerInfo {
    RunnerInfo { instance: InstanceId::new("one"), labels: Vec::new(), driving: Vec::new(), lease }
}

/// The database behind a proxy, and its address there.
async fn behind_a_proxy() -> (FaultProxy, String) {
    let proxy = FaultProxy::start(postgres::server(), 7).await;
    let url = postgres::behind(proxy.address());
    (proxy, url)
}

/// Polls at most so often, letting others go on in between; then drops.
async fn poll_at_most<F: Future>(times: usize, future: F) {
    let mut future = Box::pin(future);
    for _ in 0..times {
        if std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// Of a store with one connection: when the transaction that a statement is in began.
async fn began(store: &SqlStore) -> i64 {
    let sql = "SELECT CAST(EXTRACT(EPOCH FROM now()) * 1000000 AS BIGINT)";
    let rows = store.database().run(Purpose::Read, sql, Vec::new()).await.expect("the connection works");
    rows.into_iter().next().expect("a row").int().expect("a time")
}

#[tokio::test]
async fn a_dropped_begin_poisons_nothing() {
    let (proxy, url) = behind_a_proxy().await;
    let store = Schema::new().await.open_at(&url, Options { connections: 1, ..Options::default() }).await;
    proxy.set_both(Faults { latency: Duration::from_millis(2), ..Faults::default() });
    for round in 0..200 {
        let database = store.database();
        poll_at_most(round % 20, database.begin()).await;
        let (first, second) = (began(&store).await, began(&store).await);
        assert!(first < second, "round {round}: the connection was left in a transaction");
    }
}

#[tokio::test]
async fn a_stalled_connection_is_given_up() {
    let (proxy, url) = behind_a_proxy().await;
    let options = Options {
        connections: 1,
        statement_timeout: Duration::from_secs(1),
        patience: Duration::from_secs(5),
        schema: None,
        password: None,
    };
    let store = Schema::new().await.open_at(&url, options).await;
    let id = store.enqueue(new(), None).await.expect("enqueue").id;
    let claim = store.claim(&runner(Duration::from_secs(30)), Some(id)).await.expect("claim").expect("it is free");
    let stalled = Faults { stalled: true, ..Faults::default() };

    proxy.set_both(stalled);
    let begun = Instant::now();
    let answer = tokio::time::timeout(SOON, store.load(id)).await.expect("there is a deadline");
    assert!(matches!(answer, Err(StoreError::Unavailable { .. })), "{answer:?}");
    assert!(begun.elapsed() < Duration::from_secs(9), "a statement is waited for for 3 s, not {:?}", begun.elapsed());
    let begun = Instant::now();
    assert!(store.renew(&claim).await.is_err_and(|error| error.is_retryable()));
    assert!(begun.elapsed() < 3 * claim.lease / 6, "a renewal has a sixth of the lease, not {:?}", begun.elapsed());

    proxy.set_both(Faults::default());
    store.renew(&claim).await.expect("the next renewal has a connection that works");
    store.load(id).await.expect("nothing holds the only connection");
}

#[tokio::test]
async fn connections_that_died_unused_cost_nobody_an_error() {
    let (proxy, url) = behind_a_proxy().await;
    let store = Schema::new().await.open_at(&url, Options::default()).await;
    let id = store.enqueue(new(), None).await.expect("enqueue").id;
    for _ in 0..10 {
        proxy.cut_all();
        store.load(id).await.expect("a read finds another connection");
        proxy.cut_all();
        store.enqueue(new(), None).await.expect("a transaction begins on another connection");
    }
}
