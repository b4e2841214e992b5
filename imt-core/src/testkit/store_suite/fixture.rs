//! What the cases need: plans, runners, changes, pieces of log, and waiting with a deadline.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::id::{AttemptId, CommitId, InstanceId, JobIndex, PipelineId, ProjectName};
use crate::pipeline::{PullPolicy, Resources, RetryPolicy, TriggerEvent};
use crate::plan::{CommitNote, Plan, PlannedJob, PlannedStage, Selection, Trigger};
use crate::ports::{
    Claim, Event, EventId, LogAppend, LogEnd, LogFrom, LogPositions, NewPipeline, RunnerInfo, Store, StoreError,
    StoredChunk, StreamKind,
};
use crate::schedule::{Change, ChangeKind, PipelineState};
use crate::status::{End, Reason, Status};
use crate::time::Timestamp;

/// A store under test.
pub(in crate::testkit) type TestStore = Arc<dyn Store>;

/// Long enough that no lease of this length runs out within a case.
pub(in crate::testkit) const LONG_LEASE: Duration = Duration::from_mins(10);
/// No waiting of a case takes longer.
pub(in crate::testkit) const DEADLINE: Duration = Duration::from_secs(30);

/// A time, counted from an arbitrary but realistic one.
pub(in crate::testkit) fn at(micros: u64) -> Timestamp {
    Timestamp::from_micros(1_790_000_000_000_000 + micros)
}

pub(in crate::testkit) fn project() -> ProjectName {
    ProjectName::new("shop")
}

/// A plan with this many jobs in one stage, with something in every field.
pub(in crate::testkit) fn plan(project: ProjectName, jobs: u32) -> Plan {
    let job = |index: u32| PlannedJob {
        name: format!("job-{index}"),
        stage: "test".into(),
        selection: if index == 1 { Selection::Skip(Reason::When) } else { Selection::Run },
        image: index.is_multiple_of(2).then(|| "busybox:1.36".into()),
        pull: PullPolicy::Always,
        script: vec!["echo 'a\n\u{fc}'".into(), "true".into()],
        variables: vec![("CI".into(), "true".into()), ("EMPTY".into(), String::new())],
        timeout: Duration::from_micros(3_600_000_001),
        grace: Duration::from_secs(10),
        retry: RetryPolicy { max: 2, ..RetryPolicy::default() },
        allow_failure: index == 2,
        resources: Resources { memory_bytes: Some(u64::from(u32::MAX) + 1), cpu_millis: None, pids: Some(64) },
    };
    Plan {
        project,
        trigger: Trigger {
            event: TriggerEvent::Push,
            repository: Some("https://git.example/shop.git".into()),
            commit: CommitId::new("0123456789abcdef0123456789abcdef01234567"),
            branch: Some("feature/\u{fc}".into()),
            variables: vec![("K".into(), "v'\"\\\n".into())],
            only_jobs: vec!["job-0".into()],
            note: CommitNote::new("sell \u{fc} '\"\\", "\u{c4}nn"),
        },
        concurrency: NonZeroU32::MIN,
        runs_on: Vec::new(),
        variables: vec![("FILE".into(), "1".into())],
        stages: vec![PlannedStage { name: "test".into(), jobs: (0..jobs).map(JobIndex).collect() }],
        jobs: (0..jobs).map(job).collect(),
        deployments: Vec::new(),
        deploys: false,
    }
}

/// A pipeline of three jobs, without key.
pub(in crate::testkit) fn new_pipeline() -> NewPipeline {
    NewPipeline { id: PipelineId::generate(), plan: plan(project(), 3), at: at(0), idempotency_key: None }
}

pub(in crate::testkit) async fn enqueued(store: &TestStore) -> PipelineId {
    store.enqueue(new_pipeline(), None).await.expect("enqueue").id
}

pub(in crate::testkit) fn runner(instance: &str) -> RunnerInfo {
    RunnerInfo { instance: InstanceId::new(instance), labels: Vec::new(), driving: Vec::new(), lease: LONG_LEASE }
}

pub(in crate::testkit) async fn claim(store: &TestStore, runner: &RunnerInfo, pipeline: PipelineId) -> Claim {
    let claim = store.claim(runner, Some(pipeline)).await.expect("claim");
    let claim = claim.expect("the pipeline can be claimed");
    assert_eq!(claim.pipeline, pipeline, "the claim is on the pipeline asked for");
    assert_eq!(claim.instance, runner.instance, "the claim is the runner's");
    assert_eq!(claim.lease, runner.lease, "the claim has the lease asked for");
    claim
}

/// A fresh pipeline and a claim on it.
pub(in crate::testkit) async fn claimed(store: &TestStore) -> Claim {
    let pipeline = enqueued(store).await;
    claim(store, &runner("one"), pipeline).await
}

/// A claim that was lost to another instance, with the claim that took its place.
pub(in crate::testkit) async fn superseded(store: &TestStore) -> (Claim, Claim) {
    let old = claimed(store).await;
    store.release(&old).await.expect("release");
    let new = claim(store, &runner("two"), old.pipeline).await;
    (old, new)
}

pub(in crate::testkit) fn attempt(pipeline: PipelineId, job: u32) -> AttemptId {
    AttemptId { pipeline, job: JobIndex(job), number: 1 }
}

/// The number of the next commit: higher than any before it, under whatever claim.
pub(in crate::testkit) fn nth() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

pub(in crate::testkit) fn change(micros: u64, kind: ChangeKind) -> Change {
    Change { at: at(micros), kind }
}

/// All that happens to a job, from its turn to its end.
pub(in crate::testkit) fn job_changes(pipeline: PipelineId, job: u32) -> Vec<Change> {
    let attempt = attempt(pipeline, job);
    let end = End::because(Status::Failed, Reason::ExitCode).with_exit_code(3).with_detail("`false` said no");
    [
        ChangeKind::AttemptCreated { attempt },
        ChangeKind::AttemptStarted { attempt },
        ChangeKind::AttemptEnded { attempt, end: end.clone(), began: true },
        ChangeKind::JobEnded { job: JobIndex(job), end },
    ]
    .into_iter()
    .zip(1..)
    .map(|(kind, micros)| change(micros, kind))
    .collect()
}

pub(in crate::testkit) fn pipeline_ended() -> Change {
    change(99, ChangeKind::PipelineEnded { end: End::success() })
}

/// All events of a pipeline.
pub(in crate::testkit) async fn events_of(store: &TestStore, pipeline: PipelineId) -> Vec<Event> {
    store.events_after(Some(pipeline), EventId(0), 10_000).await.expect("events_after")
}

/// The state after these events.
pub(in crate::testkit) fn fold(pipeline: PipelineId, plan: &Plan, events: &[Event]) -> PipelineState {
    let mut state = PipelineState::new(pipeline, plan);
    for event in events {
        state.apply(&event.change);
    }
    state
}

pub(in crate::testkit) fn changes_of(events: &[Event]) -> Vec<Change> {
    events.iter().map(|event| event.change.clone()).collect()
}

pub(in crate::testkit) fn piece(offset: u64, stream: StreamKind, bytes: impl Into<Bytes>) -> LogAppend {
    LogAppend { offset, stream, bytes: bytes.into(), at: at(offset), raw: LogPositions::default(), dropped: 0 }
}

pub(in crate::testkit) fn out(offset: u64, bytes: impl Into<Bytes>) -> LogAppend {
    piece(offset, StreamKind::Stdout, bytes)
}

pub(in crate::testkit) async fn append(store: &TestStore, claim: &Claim, attempt: AttemptId, piece: LogAppend) {
    let end = piece.offset + piece.bytes.len() as u64;
    let durable = store.append_log(claim, attempt, &[piece]).await.expect("append_log");
    assert_eq!(durable, end, "the durable offset is the end of the piece");
}

/// The end that fits these bytes.
pub(in crate::testkit) fn end_of(bytes: &[u8]) -> LogEnd {
    LogEnd {
        bytes: bytes.len() as u64,
        lines: line_count(bytes),
        dropped: 0,
        checksum: *blake3::hash(bytes).as_bytes(),
    }
}

pub(in crate::testkit) fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

pub(in crate::testkit) fn line_count(bytes: &[u8]) -> u64 {
    newlines(bytes) + u64::from(bytes.last().is_some_and(|b| *b != b'\n'))
}

/// Where a line begins, counted from 0; the end when there is no such line.
pub(in crate::testkit) fn line_start(bytes: &[u8], line: u64) -> usize {
    let starts = memchr::memchr_iter(b'\n', bytes).map(|newline| newline + 1);
    std::iter::once(0).chain(starts).nth(usize::try_from(line).unwrap_or(usize::MAX)).unwrap_or(bytes.len())
}

/// Reads page by page to the present end, checking that pieces follow each other.
pub(in crate::testkit) async fn read_from(
    store: &TestStore,
    attempt: AttemptId,
    from: LogFrom,
    max_bytes: usize,
) -> Vec<StoredChunk> {
    let (mut from, mut chunks, mut expected) = (from, Vec::new(), None);
    loop {
        let page = store.read_log(attempt, from, max_bytes).await.expect("read_log");
        for chunk in &page.chunks {
            assert!(!chunk.bytes.is_empty(), "an empty chunk at {}", chunk.offset);
            assert_eq!(chunk.offset, expected.unwrap_or(chunk.offset), "chunks follow each other without a gap");
            expected = Some(chunk.offset + chunk.bytes.len() as u64);
        }
        assert_eq!(page.next_offset, expected.unwrap_or(page.next_offset), "reading goes on after the last chunk");
        if page.chunks.is_empty() {
            return chunks;
        }
        expected = Some(page.next_offset);
        from = LogFrom::Offset(page.next_offset);
        chunks.extend(page.chunks);
    }
}

pub(in crate::testkit) fn bytes_of(chunks: &[StoredChunk]) -> Vec<u8> {
    chunks.iter().map(|chunk| &chunk.bytes[..]).collect::<Vec<_>>().concat()
}

/// All bytes of a log.
pub(in crate::testkit) async fn whole_log(store: &TestStore, attempt: AttemptId) -> Vec<u8> {
    bytes_of(&read_from(store, attempt, LogFrom::Offset(0), 1 << 20).await)
}

/// Checks that a call was refused because its claim is lost.
pub(in crate::testkit) fn assert_lost<T: std::fmt::Debug>(
    answer: Result<T, StoreError>,
    pipeline: PipelineId,
    call: &str,
) {
    match answer {
        Err(StoreError::ClaimLost(lost)) => assert_eq!(lost, pipeline.into(), "{call} names the pipeline"),
        other => panic!("{call} must answer ClaimLost, not {other:?}"),
    }
}

/// Checks the kind of an error.
macro_rules! assert_refused {
    ($answer:expr, $error:pat) => {
        match $answer {
            Err($error) => {}
            other => panic!("expected {}, got {other:?}", stringify!($error)),
        }
    };
}
pub(in crate::testkit) use assert_refused;

/// Waiting for something, asking again every few milliseconds, with a deadline.
pub(in crate::testkit) struct Patience {
    what: &'static str,
    deadline: Instant,
    peeks: u32,
}

impl Patience {
    pub(in crate::testkit) fn until(what: &'static str) -> Self {
        Self { what, deadline: Instant::now() + DEADLINE, peeks: 0 }
    }

    /// Waits a little before the next question.
    pub(in crate::testkit) async fn wait(&self) {
        assert!(Instant::now() < self.deadline, "{} did not happen within {DEADLINE:?}", self.what);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    /// Mostly only lets others go on before the next question, so as to see as much as possible of what they do.
    pub(in crate::testkit) async fn peek(&mut self) {
        self.peeks += 1;
        if self.peeks.is_multiple_of(64) {
            // Virtual time stands still while anybody is ready to run, and the deadline with it.
            self.wait().await;
        } else {
            tokio::task::yield_now().await;
        }
    }
}

/// Waits until a pipeline can be claimed.
pub(in crate::testkit) async fn claim_when_free(
    store: &TestStore,
    runner: &RunnerInfo,
    which: Option<PipelineId>,
) -> Claim {
    let patience = Patience::until("the lease's end");
    loop {
        if let Some(claim) = store.claim(runner, which).await.expect("claim") {
            return claim;
        }
        patience.wait().await;
    }
}
