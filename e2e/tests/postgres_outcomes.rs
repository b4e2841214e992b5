//! Calls whose outcome is unknown: the connection is cut somewhere between the question and the answer, at every place there is.
//! Repeated, each has happened once.

use std::net::SocketAddr;

use bytes::Bytes;
use imt_core::id::{AttemptId, InstanceId, JobIndex, PipelineId, ProjectName};
use imt_core::pipeline;
use imt_core::plan::{self, Plan, Trigger};
use imt_core::ports::{
    EventId, LogAppend, LogEnd, LogFrom, LogPart, LogPositions, NewPipeline, RunnerInfo, Store, StoreResult, StreamKind,
};
use imt_core::schedule::{Change, ChangeKind};
use imt_core::status::{End, Status};
use imt_core::time::Timestamp;
use imt_e2e::fault_proxy::{Direction, FaultProxy, Faults};
use imt_e2e::postgres::Schema;
use imt_e2e::services;
use imt_store_postgres::Options;
use imt_store_sql::SqlStore;

/// Where a connection is cut, counted from its beginning: from before its first statement until after its last.
const FIRST_CUT: u64 = 300;
const LAST_CUT: u64 = 5_500;
const STEP: u64 = 53;
const AT: Timestamp = Timestamp::from_micros(1);

fn plan() -> Plan {
    let spec =
        pipeline::read(b"jobs: { a: { script: echo a }, b: { script: echo b } }", "pipeline.yml").spec.expect("a file");
    plan::build(&spec, &ProjectName::new("demo"), Trigger::manual()).expect("a plan")
}

fn runner() -> RunnerInfo {
    let (instance, lease) = (InstanceId::new("one"), std::time::Duration::from_mins(5));
    RunnerInfo { instance, labels: Vec::new(), driving: Vec::new(), lease }
}

fn change(kind: ChangeKind) -> Change {
    Change { at: AT, kind }
}

/// A network that cuts the connection once, and what became of the calls that it cut.
struct Cutting<'a> {
    proxy: &'a FaultProxy,
    /// Calls that got no answer, and of those the ones that had happened all the same.
    cut: u32,
    landed: u32,
}

impl Cutting<'_> {
    fn arm(&self, direction: Direction, after: u64) {
        // Whatever connection there is, the next one counts from its beginning.
        self.proxy.cut_all();
        self.proxy.set(direction, Faults { cut_after: Some(after), ..Faults::default() });
    }

    /// Calls, and once more over a good network if that was cut. `has_landed` is asked in between, over another way.
    async fn twice<T, F: Future<Output = StoreResult<T>>, L: Future<Output = bool>>(
        &mut self,
        call: impl Fn() -> F,
        has_landed: impl FnOnce() -> L,
    ) -> T {
        match call().await {
            Ok(answer) => answer,
            Err(error) => {
                assert!(error.is_retryable(), "{error:?}");
                self.proxy.set_both(Faults::default());
                self.cut += 1;
                self.landed += u32::from(has_landed().await);
                call().await.expect("the network is good")
            }
        }
    }
}

fn piece(offset: u64, text: &'static str) -> LogAppend {
    let (stream, raw) = (StreamKind::Stdout, LogPositions::default());
    LogAppend { offset, stream, bytes: Bytes::from_static(text.as_bytes()), at: AT, raw, dropped: 0 }
}

fn end_of(text: &str) -> LogEnd {
    let (bytes, lines) = (text.len() as u64, text.lines().count() as u64);
    LogEnd { bytes, lines, dropped: 0, checksum: *blake3::hash(text.as_bytes()).as_bytes() }
}

/// One pipeline through all that a holder of a claim writes, each call cut or not; checked over a way that is never cut.
async fn one_pipeline(cutting: &mut Cutting<'_>, store: &SqlStore, direct: &SqlStore) {
    let id = PipelineId::generate();
    let new = NewPipeline { id, plan: plan(), at: AT, idempotency_key: Some(id.to_string()) };
    let accepted = cutting.twice(|| store.enqueue(new.clone(), None), async || direct.load(id).await.is_ok()).await;
    assert_eq!(accepted.id, id);
    let me = runner();
    let held = async || direct.held(&me.instance).await.expect("held").contains(&id);
    let claim = cutting.twice(|| store.claim(&me, Some(id)), held).await.expect("it is free, or ours");
    cutting.twice(|| store.load(id), async || false).await;

    let events = async || direct.events_after(Some(id), EventId(0), 100).await.expect("events").len();
    let log = |job| AttemptId { pipeline: id, job: JobIndex(job), number: 1 };
    let stored = async |attempt| direct.log_cursor(attempt).await.expect("cursor");
    let begin = [change(ChangeKind::PipelineStarted)];
    cutting.twice(|| store.commit(&claim, 1, &begin), async || events().await == 1).await;
    let second = [
        change(ChangeKind::AttemptCreated { attempt: log(0) }),
        change(ChangeKind::AttemptStarted { attempt: log(0) }),
    ];
    cutting.twice(|| store.commit(&claim, 2, &second), async || events().await == 3).await;
    for (offset, text) in [(0, "one\n"), (4, "two\n")] {
        let pieces = [piece(offset, text)];
        let durable = async || stored(log(0)).await.offset == offset + 4;
        assert_eq!(cutting.twice(|| store.append_log(&claim, log(0), &pieces), durable).await, offset + 4);
    }
    let end = end_of("one\ntwo\n");
    cutting.twice(|| store.finish_log(&claim, log(0), end), async || stored(log(0)).await.end.is_some()).await;
    let parts = [LogPart { attempt: log(1), pieces: vec![piece(0, "three\n")], end: Some(end_of("three\n")) }];
    let third =
        [change(ChangeKind::AttemptCreated { attempt: log(1) }), change(ChangeKind::Concluded { end: End::success() })];
    cutting.twice(|| store.record(&claim, 3, &parts, &third), async || events().await == 5).await;
    let last = [change(ChangeKind::PipelineEnded { end: End::success() })];
    cutting.twice(|| store.commit(&claim, 4, &last), async || events().await == 6).await;
    cutting.twice(|| store.release(&claim), async || !held().await).await;

    let all: Vec<Change> = [&begin[..], &second, &third, &last].concat();
    let found = direct.events_after(Some(id), EventId(0), 100).await.expect("events");
    assert_eq!(found.into_iter().map(|event| event.change).collect::<Vec<_>>(), all);
    assert_eq!(direct.load(id).await.expect("load").state.status, Status::Success);
    for (job, text) in [(0, "one\ntwo\n"), (1, "three\n")] {
        let page = direct.read_log(log(job), LogFrom::Offset(0), 1_000).await.expect("read_log");
        let bytes: Vec<u8> = page.chunks.iter().flat_map(|chunk| chunk.bytes.to_vec()).collect();
        assert_eq!((bytes, page.end), (text.as_bytes().to_vec(), Some(end_of(text))), "log {job}");
    }
}

#[tokio::test]
async fn what_was_cut_off_has_happened_once() {
    let url = services::postgres();
    let (before, rest) = url.split_once('@').expect("a user in the address");
    let (server, database) = rest.split_once('/').expect("a database in the address");
    let server: SocketAddr = server.parse().expect("an address with a port");
    let proxy = FaultProxy::start(server, 7).await;
    let schema = Schema::new().await;
    let direct = schema.open().await;
    let through = format!("{before}@{}/{database}", proxy.address());
    let store = schema.open_at(&through, Options { connections: 1, ..Options::default() }).await;
    let mut cutting = Cutting { proxy: &proxy, cut: 0, landed: 0 };
    for direction in [Direction::ToServer, Direction::ToClient] {
        let mut after = FIRST_CUT;
        while after < LAST_CUT {
            cutting.arm(direction, after);
            one_pipeline(&mut cutting, &store, &direct).await;
            proxy.set_both(Faults::default());
            after += STEP;
        }
    }
    let Cutting { cut, landed, .. } = cutting;
    println!("{cut} calls were cut off, {landed} of them had happened");
    assert!(landed >= 5 && cut - landed >= 5, "{cut} calls were cut off, {landed} of them had happened");
}
