//! Hints between processes: what one commits another's reader sees at once, and when the hints are lost it sees it later.

use std::sync::Arc;
use std::time::{Duration, Instant};

use imt_core::deploy::machine::DeploymentSpec;
use imt_core::feed::{DeploymentFeed, DeploymentObservation, Feed, Observation, Waker};
use imt_core::id::{AttemptId, CommitId, DeploymentId, InstanceId, JobIndex, PipelineId, ProjectName};
use imt_core::pipeline;
use imt_core::plan::{self, Trigger};
use imt_core::ports::{
    Claim, Claimant, LogAppend, LogPositions, NewDeployment, NewPipeline, RunnerInfo, Store, StreamKind, Target,
};
use imt_core::schedule::{Change, ChangeKind};
use imt_core::time::Timestamp;
use imt_e2e::fault_proxy::{FaultProxy, Faults};
use imt_e2e::postgres::{self, Schema};
use imt_e2e::wait::{SOON, until_told};
use imt_store_postgres::Options;
use imt_store_sql::SqlStore;

/// Longer than a test may take: what comes earlier came by a hint.
const NEVER: Duration = Duration::from_hours(1);

/// Somebody who writes to a log.
struct Writer {
    store: SqlStore,
    claim: Claim,
    attempt: AttemptId,
    written: u64,
}

impl Writer {
    async fn new(store: SqlStore) -> Self {
        let spec =
            pipeline::read(b"jobs: { hello: { script: echo hello } }", "pipeline.yml").spec.expect("a good file");
        let plan = plan::build(&spec, &ProjectName::new("demo"), Trigger::manual()).expect("a plan");
        let at = Timestamp::from_micros(1);
        let new = NewPipeline { id: PipelineId::generate(), plan, at, idempotency_key: None };
        let lease = Duration::from_mins(10);
        let runner = RunnerInfo { instance: InstanceId::new("one"), labels: Vec::new(), driving: Vec::new(), lease };
        let made = store.enqueue(new, Some(&runner)).await.expect("enqueue");
        let (claim, attempt) =
            (made.claim.expect("it was made for us"), AttemptId { pipeline: made.id, job: JobIndex(0), number: 1 });
        let created = Change { at, kind: ChangeKind::AttemptCreated { attempt } };
        store.commit(&claim, 1, &[created]).await.expect("commit");
        Self { store, claim, attempt, written: 0 }
    }

    async fn line(&mut self) {
        let piece = LogAppend {
            offset: self.written,
            stream: StreamKind::Stdout,
            bytes: b"line\n".as_slice().into(),
            at: Timestamp::from_micros(1),
            raw: LogPositions::default(),
            dropped: 0,
        };
        self.written = self.store.append_log(&self.claim, self.attempt, &[piece]).await.expect("append_log");
    }

    /// A reader elsewhere, that has seen all there is.
    async fn reader(&self, store: SqlStore, poll: Duration) -> Feed {
        let feed = Feed::new(Arc::new(store), self.attempt.pipeline, Waker::none());
        let mut feed = feed.with_poll_interval(poll);
        let first = feed.next().await.expect("the store answers");
        assert!(matches!(first, Some(Observation::Event(_))), "{first:?}");
        feed
    }
}

/// The database behind a proxy, and its address there.
async fn behind_a_proxy() -> (FaultProxy, String) {
    let proxy = FaultProxy::start_marking(postgres::server(), 7, "LISTEN").await;
    let url = postgres::behind(proxy.address());
    (proxy, url)
}

async fn sees(feed: &mut Feed) -> Duration {
    let begun = Instant::now();
    let seen = tokio::time::timeout(SOON, feed.next()).await.expect("it is seen").expect("the store answers");
    assert!(matches!(seen, Some(Observation::Log { .. })), "{seen:?}");
    begun.elapsed()
}

/// Writes until the reader has heard of it: it may still be connecting.
async fn warm_up(writer: &mut Writer, feed: &mut Feed) {
    tokio::time::timeout(SOON, async {
        loop {
            writer.line().await;
            if let Ok(seen) = tokio::time::timeout(Duration::from_millis(200), feed.next()).await {
                seen.expect("the store answers");
                return;
            }
        }
    })
    .await
    .expect("a hint comes through");
    // What else was written meanwhile.
    while let Ok(seen) = tokio::time::timeout(Duration::from_millis(200), feed.next()).await {
        seen.expect("the store answers");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_writes_another_sees_at_once() {
    let schema = Schema::new().await;
    let mut writer = Writer::new(schema.open().await).await;
    let mut feed = writer.reader(schema.open().await, NEVER).await;
    warm_up(&mut writer, &mut feed).await;
    let (seen, mut told) = tokio::sync::mpsc::unbounded_channel();
    let reading = tokio::spawn(async move {
        while let Some(observed) = feed.next().await.expect("the store answers") {
            let Observation::Log { chunk, .. } = observed else { continue };
            seen.send((chunk.offset + chunk.bytes.len() as u64, Instant::now())).expect("somebody listens");
        }
    });
    // At a pace at which the reader has looked at all there is and waits for ever: only a hint makes it look again.
    let mut pace = tokio::time::interval(Duration::from_millis(25));
    let mut took = Vec::new();
    for _ in 0..300 {
        pace.tick().await;
        let begun = Instant::now();
        writer.line().await;
        let (end, at) = tokio::time::timeout(SOON, told.recv()).await.expect("a hint comes").expect("the reader lives");
        assert_eq!(end, writer.written, "one line at a time");
        took.push(at - begun);
    }
    reading.abort();
    took.sort_unstable();
    println!("from before it is stored to seen: median {:?}, p99 {:?}, most {:?}", took[150], took[297], took[299]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_hints_make_it_slower_and_nothing_else() {
    let schema = Schema::new().await;
    let mut writer = Writer::new(schema.open().await).await;
    let (proxy, url) = behind_a_proxy().await;
    let elsewhere = schema.open_at(&url, Options { patience: Duration::from_secs(2), ..Options::default() }).await;
    let mut feed = writer.reader(elsewhere, Duration::from_millis(100)).await;
    for round in 0..30 {
        if round % 10 == 5 {
            proxy.cut_all();
        }
        writer.line().await;
        sees(&mut feed).await;
    }
    // A connection that dies in silence: nothing goes through for a while, and then all of it is seen.
    proxy.set_both(Faults { stalled: true, ..Faults::default() });
    writer.line().await;
    proxy.set_both(Faults::default());
    sees(&mut feed).await;
    // In the end hints come through again.
    let mut feed = feed.with_poll_interval(NEVER);
    proxy.cut_all();
    tokio::time::timeout(SOON, async {
        loop {
            writer.line().await;
            match tokio::time::timeout(Duration::from_millis(200), feed.next()).await {
                Ok(Ok(_)) => return,
                // The reader's own connections were cut as well; or it has heard nothing yet.
                Ok(Err(error)) => assert!(error.is_retryable(), "{error}"),
                Err(_) => {}
            }
        }
    })
    .await
    .expect("a hint comes through");
}

/// Ten seconds of silence, two for the question whether it lives, and one before it connects anew; on a busy machine thrice.
const HEARS_AGAIN_IN: Duration = Duration::from_secs(3 * 13);

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_whose_route_is_gone_listens_anew() {
    let schema = Schema::new().await;
    let mut writer = Writer::new(schema.open().await).await;
    let (proxy, url) = behind_a_proxy().await;
    let elsewhere = schema.open_at(&url, Options { patience: Duration::from_secs(2), ..Options::default() }).await;
    let mut listener = elsewhere.bell().expect("it has one").listen(writer.attempt.pipeline);
    until_told("a hint comes through", SOON, async || {
        writer.line().await;
        tokio::time::timeout(Duration::from_millis(200), listener.heard()).await.ok()
    })
    .await;
    assert_eq!(proxy.marked(), 1, "one connection listens");
    proxy.lose_marked();
    // Some may have come through before.
    while tokio::time::timeout(Duration::from_millis(200), listener.heard()).await.is_ok() {
        listener.rearm();
    }
    let lost_at = Instant::now();
    writer.line().await;
    tokio::time::timeout(HEARS_AGAIN_IN, listener.heard()).await.expect("whoever listens anew looks at everything");
    println!("heard again after {:.1?}", lost_at.elapsed());
    assert_eq!(proxy.marked(), 2);
    for _ in 0..10 {
        listener.rearm();
        writer.line().await;
        tokio::time::timeout(SOON, listener.heard()).await.expect("a hint comes through");
    }
    assert_eq!(proxy.marked(), 2, "and it goes on with that connection");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_follows_a_deployment_elsewhere_hears_of_it() {
    use imt_core::deploy::settings::{DeploymentSettings, Reach, TargetSettings};
    use imt_core::ports::DeploymentStore;

    let schema = Schema::new().await;
    let (writer, reader) = (schema.open().await, schema.open().await);
    let at = Timestamp::from_micros(1);
    let new = NewDeployment {
        id: DeploymentId::generate(),
        target: Target { project: ProjectName::new("demo"), environment: "production".into(), host: "one".into() },
        commit: CommitId::new("c".repeat(40)),
        spec: DeploymentSpec::new(),
        settings: DeploymentSettings {
            repository: String::new(),
            target: TargetSettings::new(Reach::Local),
            supplied: Vec::new(),
            hooks_before: Vec::new(),
            hooks_after: Vec::new(),
        },
        pipeline: None,
        at,
        idempotency_key: None,
    };
    let lease = Duration::from_mins(10);
    let claimant = Claimant { instance: InstanceId::new("one"), driving: Vec::new(), lease };
    let made = writer.accept(new, Some(&claimant)).await.expect("accept");
    let claim = made.claim.expect("it was made for us");
    let mut offset = 0;
    let mut line = async || {
        let (bytes, raw) = (b"line\n".as_slice().into(), LogPositions::default());
        let piece = LogAppend { offset, stream: StreamKind::Stdout, bytes, at, raw, dropped: 0 };
        offset = DeploymentStore::append_log(&writer, &claim, &[piece]).await.expect("append_log");
    };
    let mut feed = DeploymentFeed::new(Arc::new(reader), made.id).with_poll_interval(NEVER);
    // Until it is connected and has looked at everything.
    until_told("a hint comes through", SOON, async || {
        line().await;
        tokio::time::timeout(Duration::from_millis(200), feed.next()).await.ok()
    })
    .await
    .expect("the store answers");
    while let Ok(seen) = tokio::time::timeout(Duration::from_millis(200), feed.next()).await {
        seen.expect("the store answers");
    }
    for _ in 0..10 {
        line().await;
        let seen = tokio::time::timeout(SOON, feed.next()).await.expect("it is seen").expect("the store answers");
        assert!(matches!(seen, Some(DeploymentObservation::Log(_))), "{seen:?}");
    }
}
