//! A runner that no hint reaches any more, because the route of the connection that listens is gone: it looks for itself, and
//! listens anew.

use std::time::{Duration, Instant};

use imt_e2e::fault_proxy::FaultProxy;
use imt_e2e::postgres::{self, Schema};
use imt_e2e::records::Records;
use imt_e2e::runner::{Host, Watch, assert_success, stop};
use imt_e2e::wait::{SOON, until_told};

/// A runner looks every 1.5 s; a busy machine is given three times as long.
const TAKEN_UP_IN: Duration = Duration::from_millis(3 * 1500);
/// Ten seconds of silence, ten for the question whether it lives, and one before it connects anew; thrice.
const LISTENS_AGAIN_IN: Duration = Duration::from_secs(3 * 21);

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_whose_listening_connection_is_lost_goes_on_by_looking() {
    let proxy = FaultProxy::start_marking(postgres::server(), 7, "LISTEN").await;
    let schema = Schema::new().await;
    let through = format!("{}?options[search_path]={}", postgres::behind(proxy.address()), schema.name);
    let (host, watch) = (Host::new(&Records::Server(through)), Watch::new(&Records::Postgres(schema)).await);
    let runner = host.runner(&["--executor", "local", "--capacity", "1"]);
    until_told("it listens", SOON, async || (proxy.marked() == 1).then_some(())).await;

    proxy.lose_marked();
    let lost_at = Instant::now();
    let mut longest = Duration::ZERO;
    let mut pipelines = Vec::new();
    while proxy.marked() == 1 {
        assert!(lost_at.elapsed() <= LISTENS_AGAIN_IN, "it does not listen again");
        let pipeline = watch.hand_in("jobs: { quick: { script: 'true' } }").await;
        let handed_in = Instant::now();
        until_told("it is taken up", TAKEN_UP_IN, async || watch.record(pipeline).await.state.started_at).await;
        longest = longest.max(handed_in.elapsed());
        assert_success(&watch.ended(pipeline, SOON).await);
        pipelines.push(pipeline);
    }
    eprintln!(
        "it listened again after {:.1?}; {} pipelines meanwhile, taken up after {longest:.2?} at most",
        lost_at.elapsed(),
        pipelines.len()
    );
    assert!(!pipelines.is_empty());
    let after = watch.hand_in("jobs: { quick: { script: 'true' } }").await;
    assert_success(&watch.ended(after, SOON).await);
    stop(runner);
    assert_eq!(proxy.marked(), 2, "and went on with that connection");
}
