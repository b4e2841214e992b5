use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use super::{Feed, Observation, Position, SharedReads, WakeSink, Waker};
use crate::id::{AttemptId, CommitId, InstanceId, JobIndex, PipelineId, ProjectName};
use crate::pipeline::TriggerEvent;
use crate::plan::{CommitNote, Plan, Trigger};
use crate::ports::{
    Claim, EventId, EventSink as _, LogAppend, LogPositions, NewPipeline, Notice, RunnerInfo, Store as _, StreamKind,
};
use crate::schedule::{Change, ChangeKind};
use crate::status::End;
use crate::store::MemoryStore;
use crate::time::Timestamp;

/// The number of the next commit.
fn nth() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A store with one claimed pipeline, and a pen to write it.
struct Scene {
    store: Arc<MemoryStore>,
    claim: Claim,
}

impl Scene {
    async fn new() -> Self {
        let store = Arc::new(MemoryStore::new());
        let id = PipelineId::from_uuid(Uuid::from_u128(1));
        let trigger = Trigger {
            event: TriggerEvent::Manual,
            repository: None,
            commit: CommitId::none(),
            branch: None,
            variables: Vec::new(),
            only_jobs: Vec::new(),
            note: CommitNote::default(),
        };
        let plan = Plan {
            project: ProjectName::new("p"),
            trigger,
            concurrency: std::num::NonZeroU32::MIN,
            runs_on: Vec::new(),
            variables: Vec::new(),
            stages: Vec::new(),
            jobs: Vec::new(),
            deployments: Vec::new(),
            deploys: false,
        };
        let new = NewPipeline { id, plan, at: Timestamp::default(), idempotency_key: None };
        store.enqueue(new, None).await.unwrap();
        let runner = RunnerInfo {
            instance: InstanceId::new("i"),
            labels: Vec::new(),
            driving: Vec::new(),
            lease: Duration::from_mins(1),
        };
        let claim = store.claim(&runner, Some(id)).await.unwrap().unwrap();
        Self { store, claim }
    }

    fn attempt(&self, job: u32) -> AttemptId {
        AttemptId { pipeline: self.claim.pipeline, job: JobIndex(job), number: 1 }
    }

    async fn commit(&self, kind: ChangeKind) -> EventId {
        self.store.commit(&self.claim, nth(), &[Change { at: Timestamp::default(), kind }]).await.unwrap()
    }

    async fn create(&self, job: u32) {
        self.commit(ChangeKind::AttemptCreated { attempt: self.attempt(job) }).await;
    }

    async fn end(&self, job: u32) {
        self.commit(ChangeKind::AttemptEnded { attempt: self.attempt(job), end: End::success(), began: true }).await;
    }

    async fn finish(&self) {
        self.commit(ChangeKind::PipelineEnded { end: End::success() }).await;
    }

    async fn log(&self, job: u32, offset: u64, bytes: impl Into<Bytes>) -> u64 {
        let piece = LogAppend {
            offset,
            stream: StreamKind::Stdout,
            bytes: bytes.into(),
            at: Timestamp::default(),
            raw: LogPositions::default(),
            dropped: 0,
        };
        self.store.append_log(&self.claim, self.attempt(job), &[piece]).await.unwrap()
    }

    fn feed(&self, waker: Waker, from: Position) -> Feed {
        Feed::resume(Arc::clone(&self.store) as _, self.claim.pipeline, waker, from)
    }
}

/// What is seen, shortly: `+0` job 0's attempt created, `-0` ended, `0:text` log, `.` the end.
fn short(seen: &Observation) -> String {
    match seen {
        Observation::Log { attempt, chunk } => {
            format!("{}:{}", attempt.job.0, String::from_utf8_lossy(&chunk.bytes))
        }
        Observation::Event(event) => match &event.change.kind {
            ChangeKind::AttemptCreated { attempt } => format!("+{}", attempt.job.0),
            ChangeKind::AttemptEnded { attempt, .. } => format!("-{}", attempt.job.0),
            ChangeKind::PipelineEnded { .. } => ".".into(),
            other => format!("{other:?}"),
        },
    }
}

async fn all(feed: &mut Feed) -> Vec<String> {
    let mut seen = Vec::new();
    while let Some(next) = feed.next().await.unwrap() {
        seen.push(short(&next));
    }
    seen
}

#[tokio::test]
async fn an_attempts_log_comes_between_its_beginning_and_its_end() {
    let scene = Scene::new().await;
    scene.create(0).await;
    scene.log(0, 0, "one\n").await;
    scene.create(1).await;
    scene.log(1, 0, "uno\n").await;
    scene.log(0, 4, "two\n").await;
    scene.end(0).await;
    scene.end(1).await;
    scene.finish().await;
    let seen = all(&mut scene.feed(Waker::none(), Position::default())).await;
    let begins =
        |what: &str| seen.iter().position(|s| s.starts_with(what)).unwrap_or_else(|| panic!("{what}: {seen:?}"));
    let ends =
        |what: &str| seen.iter().rposition(|s| s.starts_with(what)).unwrap_or_else(|| panic!("{what}: {seen:?}"));
    for job in ["0", "1"] {
        let (log, created, ended) = (format!("{job}:"), format!("+{job}"), format!("-{job}"));
        assert!(begins(&created) < begins(&log) && ends(&log) < begins(&ended), "{seen:?}");
    }
    // How the store cuts the log into pieces is its business.
    let log: String = seen.iter().filter_map(|s| s.strip_prefix("0:")).collect();
    assert_eq!(log, "one\ntwo\n");
    assert_eq!(seen.last().unwrap(), ".");
}

#[tokio::test]
async fn an_attempt_without_a_log_does_not_hold_the_feed_up() {
    let scene = Scene::new().await;
    scene.create(0).await;
    scene.end(0).await;
    scene.finish().await;
    assert_eq!(all(&mut scene.feed(Waker::none(), Position::default())).await, ["+0", "-0", "."]);
}

#[tokio::test]
async fn resumes_anywhere_without_a_gap_or_an_echo() {
    let scene = Scene::new().await;
    scene.create(0).await;
    let mut offset = 0;
    for n in 0..40 {
        offset = scene.log(0, offset, format!("{n}{}\n", "x".repeat(30_000))).await;
    }
    scene.create(1).await;
    scene.log(1, 0, "uno\n").await;
    scene.end(0).await;
    scene.end(1).await;
    scene.finish().await;
    let whole = all(&mut scene.feed(Waker::none(), Position::default())).await;
    for cut in 0..whole.len() {
        let mut first = scene.feed(Waker::none(), Position::default());
        let mut seen = Vec::new();
        for _ in 0..cut {
            seen.push(short(&first.next().await.unwrap().unwrap()));
        }
        // The way over JSON is part of it: a position is handed to clients.
        let text = serde_json::to_string(first.position()).unwrap();
        let position: Position = serde_json::from_str(&text).unwrap();
        seen.extend(all(&mut scene.feed(Waker::none(), position)).await);
        let joined =
            |seen: &[String], job: &str| -> String { seen.iter().filter_map(|s| s.strip_prefix(job)).collect() };
        assert_eq!(joined(&seen, "0:"), joined(&whole, "0:"), "cut at {cut}");
        assert_eq!(joined(&seen, "1:"), joined(&whole, "1:"), "cut at {cut}");
        let events = |seen: &[String]| seen.iter().filter(|s| !s.contains(':')).cloned().collect::<Vec<_>>();
        assert_eq!(events(&seen), events(&whole), "cut at {cut}");
    }
}

#[tokio::test]
async fn of_jobs_that_are_not_wanted_nothing_is_told_and_nothing_read() {
    let scene = Scene::new().await;
    scene.create(0).await;
    scene.create(1).await;
    scene.log(0, 0, "one\n").await;
    scene.log(1, 0, "uno\n").await;
    let feed = || scene.feed(Waker::none(), Position::default());
    // What is still open can be told by another feed from where this one left it.
    let mut events = feed().only_logs_of([]);
    for expected in ["+0", "+1"] {
        assert_eq!(short(&events.next().await.unwrap().unwrap()), expected);
    }
    let from = events.position().clone();
    assert_eq!(from.logs.values().copied().collect::<Vec<_>>(), [0, 0]);
    scene.end(0).await;
    scene.end(1).await;
    scene.finish().await;
    assert_eq!(all(&mut events).await, ["-0", "-1", "."]);
    assert_eq!(all(&mut feed().only_logs_of([JobIndex(1)])).await, ["+0", "+1", "-0", "1:uno\n", "-1", "."]);
    assert_eq!(all(&mut feed().only_logs_of([JobIndex(7)])).await, ["+0", "+1", "-0", "-1", "."]);
    assert_eq!(all(&mut scene.feed(Waker::none(), from.clone())).await, ["0:one\n", "-0", "1:uno\n", "-1", "."]);
    let reads = Arc::new(SharedReads::new(Arc::clone(&scene.store) as _, 1 << 20));
    let sharing = Feed::sharing(Arc::clone(&reads), scene.claim.pipeline, Waker::none(), from);
    assert_eq!(all(&mut sharing.only_logs_of([JobIndex(0)])).await, ["0:one\n", "-0", "-1", "."]);
    assert_eq!(reads.logs_read(), [scene.attempt(0)]);
}

#[tokio::test]
async fn a_log_is_told_from_where_the_position_says_also_before_its_attempt_was_seen() {
    let scene = Scene::new().await;
    scene.create(0).await;
    scene.log(0, 0, "one\ntwo\n").await;
    scene.end(0).await;
    scene.finish().await;
    let position = Position { event: EventId::default(), logs: [(scene.attempt(0), 4)].into() };
    assert_eq!(all(&mut scene.feed(Waker::none(), position)).await, ["+0", "0:two\n", "-0", "."]);
}

/// Whoever may follow one pipeline sends a position that names another one.
#[tokio::test]
async fn a_position_opens_no_other_pipelines_log() {
    let scene = Scene::new().await;
    scene.create(0).await;
    scene.log(0, 0, "secret\n").await;
    let own = PipelineId::from_uuid(Uuid::from_u128(2));
    let position = Position { event: EventId::default(), logs: [(scene.attempt(0), 0)].into() };
    let mut feed = Feed::resume(Arc::clone(&scene.store) as _, own, Waker::none(), position);
    assert!(feed.position().logs.is_empty());
    assert!(tokio::time::timeout(Duration::ZERO, feed.next()).await.is_err(), "nothing is told");
}

#[tokio::test]
async fn side_by_side_logs_take_turns() {
    let scene = Scene::new().await;
    scene.create(0).await;
    scene.create(1).await;
    let mut offset = 0;
    for _ in 0..64 {
        offset = scene.log(0, offset, vec![b'x'; 60_000]).await;
    }
    scene.log(1, 0, "uno\n").await;
    let mut feed = scene.feed(Waker::none(), Position::default());
    let mut before = 0;
    loop {
        match feed.next().await.unwrap().unwrap() {
            Observation::Log { attempt, .. } if attempt.job.0 == 1 => break,
            Observation::Log { chunk, .. } => before += chunk.bytes.len(),
            Observation::Event(_) => {}
        }
    }
    assert!(before <= 400_000, "{before} bytes of the busy log came before the quiet one's first line");
}

#[tokio::test]
async fn the_bell_of_the_store_wakes_a_waiting_feed() {
    let scene = Scene::new().await;
    let mut feed = scene.feed(Waker::none(), Position::default()).with_poll_interval(Duration::from_hours(1));
    for (nth, kind) in (0..).zip([ChangeKind::PipelineStarted, ChangeKind::Concluded { end: End::success() }]) {
        let waiting = feed.next();
        tokio::pin!(waiting);
        assert!(tokio::time::timeout(Duration::ZERO, &mut waiting).await.is_err(), "there is nothing yet");
        scene.commit(kind).await;
        let seen = tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap();
        assert!(matches!(seen, Some(Observation::Event(event)) if event.id == EventId(nth + 1)));
    }
}

#[tokio::test]
async fn a_ring_wakes_a_waiting_feed_and_a_pipeline_of_others_does_not() {
    let scene = Scene::new().await;
    let sink = WakeSink::new();
    // Only a ring can end the wait within the deadline.
    let mut feed = scene
        .feed(Waker::none(), Position::default())
        .hearing_only(sink.subscribe(scene.claim.pipeline))
        .with_poll_interval(Duration::from_hours(1));
    {
        let waiting = feed.next();
        tokio::pin!(waiting);
        assert!(tokio::time::timeout(Duration::ZERO, &mut waiting).await.is_err());
        scene.create(0).await;
        let other = PipelineId::from_uuid(Uuid::from_u128(2));
        sink.notify(Notice::Events { pipeline: other, last: EventId(1) });
        assert!(tokio::time::timeout(Duration::ZERO, &mut waiting).await.is_err());
        sink.notify(Notice::Events { pipeline: scene.claim.pipeline, last: EventId(1) });
        let seen = tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap().unwrap();
        assert_eq!(short(&seen), "+0");
    }
    scene.log(0, 0, "one\n").await;
    let seen = feed.next().await.unwrap().unwrap();
    assert_eq!(short(&seen), "0:one\n", "what was written before the feed looked needs no ring");
}

#[tokio::test(start_paused = true)]
async fn without_a_ring_it_looks_from_time_to_time() {
    let scene = Scene::new().await;
    let sink = WakeSink::new();
    let waker = sink.subscribe(scene.claim.pipeline);
    drop(sink);
    for waker in [waker, Waker::none()] {
        let mut feed = scene.feed(waker, Position::default());
        let reading = tokio::spawn(async move { feed.next().await.unwrap() });
        scene.create(0).await;
        assert!(reading.await.unwrap().is_some());
    }
}

/// What others found missing just now is not missing any more.
#[tokio::test(start_paused = true)]
async fn who_shares_sees_what_was_written_since_others_looked() {
    let scene = Scene::new().await;
    scene.create(0).await;
    let end = scene.log(0, 0, "one\n").await;
    let reads = Arc::new(SharedReads::new(Arc::clone(&scene.store) as _, 1 << 20));
    let feed = |from| Feed::sharing(Arc::clone(&reads), scene.claim.pipeline, Waker::none(), from);
    let mut first = feed(Position::default());
    while let Ok(seen) = tokio::time::timeout(Duration::ZERO, first.next()).await {
        assert!(seen.unwrap().is_some());
    }
    scene.log(0, end, "two\n").await;
    scene.end(0).await;
    scene.finish().await;
    // Somebody has seen the end already, and nobody the log before it.
    reads.events(scene.claim.pipeline, first.position().event, tokio::time::Instant::now()).await.unwrap();
    assert_eq!(all(&mut feed(first.position().clone())).await, ["0:two\n", "-0", "."]);
    assert_eq!(all(&mut first).await, ["0:two\n", "-0", "."]);
    assert_eq!(all(&mut feed(Position::default())).await, ["+0", "0:one\n", "0:two\n", "-0", "."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_share_see_all_while_it_is_written() {
    let scene = Scene::new().await;
    // So little is kept that it does not last for all.
    let reads = Arc::new(SharedReads::new(Arc::clone(&scene.store) as _, 20_000));
    let follow = |poll: u64| {
        let feed = Feed::sharing(Arc::clone(&reads), scene.claim.pipeline, Waker::none(), Position::default());
        let mut feed = feed.with_poll_interval(Duration::from_millis(poll));
        tokio::spawn(async move { all(&mut feed).await.concat() })
    };
    let following: Vec<_> = (1..=50).map(follow).collect();
    let mut whole = "+0".to_owned();
    scene.create(0).await;
    let mut offset = 0;
    for n in 0..200 {
        let line = format!("{n} {}\n", "x".repeat(n));
        whole += &line;
        offset = scene.log(0, offset, line).await;
        tokio::task::yield_now().await;
    }
    scene.end(0).await;
    scene.finish().await;
    whole += "-0.";
    for one in following {
        assert_eq!(one.await.unwrap().replace("0:", ""), whole);
    }
}

#[tokio::test]
async fn dropping_a_read_loses_nothing() {
    let scene = Scene::new().await;
    let mut feed = scene.feed(Waker::none(), Position::default());
    {
        let waiting = feed.next();
        tokio::pin!(waiting);
        assert!(tokio::time::timeout(Duration::ZERO, &mut waiting).await.is_err());
    }
    scene.create(0).await;
    scene.end(0).await;
    scene.finish().await;
    assert_eq!(all(&mut feed).await, ["+0", "-0", "."]);
    assert!(feed.next().await.unwrap().is_none());
}
