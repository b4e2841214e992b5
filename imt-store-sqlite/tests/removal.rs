//! Removing what nothing keeps: what a crash leaves half removed is seen by nobody, and the next call finishes it.

use std::num::NonZeroU64;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use imt_core::id::{AttemptId, InstanceId, JobIndex, PipelineId, ProjectName};
use imt_core::pipeline;
use imt_core::plan::{self, Trigger};
use imt_core::ports::{
    Catalog, EventId, LogAppend, LogCursor, LogFrom, LogPositions, NewPipeline, PipelineFilter, Retention, RunnerInfo,
    Sifted, Store, StoreError, StreamKind,
};
use imt_core::schedule::{CancelLevel, Change, ChangeKind};
use imt_core::status::{End, Reason};
use imt_core::time::Timestamp;
use imt_store_sql::SqlStore;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Row, SqliteConnection};

const NOTHING_KEPT: Retention = Retention { age: Duration::ZERO, count: 0, last_success: false };
const ALL_KEPT: Retention = Retention { age: Duration::ZERO, count: 1_000, last_success: false };

fn demo() -> ProjectName {
    ProjectName::new("demo")
}

fn new(labels: &[&str]) -> NewPipeline {
    let spec = pipeline::read(b"jobs: { hello: { script: echo hello } }", "pipeline.yml").spec.expect("a good file");
    let mut plan = plan::build(&spec, &demo(), Trigger::manual()).expect("a plan");
    plan.runs_on = labels.iter().map(|&label| label.to_owned()).collect();
    let at = Timestamp::from_micros(1);
    NewPipeline { id: PipelineId::generate(), plan, at, idempotency_key: Some("key".into()) }
}

/// A pipeline that is over, with so many pieces of 64 KiB of log.
async fn ended(store: &SqlStore, pieces: u64) -> AttemptId {
    let lease = Duration::from_mins(10);
    let runner = RunnerInfo { instance: InstanceId::new("one"), labels: Vec::new(), driving: Vec::new(), lease };
    let made = store.enqueue(new(&["gpu"]), Some(&runner)).await.expect("enqueue");
    let claim = made.claim.expect("it was made for us");
    let attempt = AttemptId { pipeline: made.id, job: JobIndex(0), number: 1 };
    let (at, raw) = (Timestamp::from_micros(1), LogPositions::default());
    for n in 0..pieces {
        let bytes = Bytes::from(vec![b'\n'; 64 * 1024]);
        let piece = LogAppend { offset: n * 64 * 1024, stream: StreamKind::Stdout, bytes, at, raw, dropped: 0 };
        store.append_log(&claim, attempt, &[piece]).await.expect("append_log");
    }
    let end = Change { at, kind: ChangeKind::PipelineEnded { end: End::success() } };
    store.commit(&claim, 1, &[end]).await.expect("commit");
    store.release(&claim).await.expect("release");
    attempt
}

async fn connection(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).connect().await.expect("the file opens")
}

async fn count(connection: &mut SqliteConnection, table: &str) -> i64 {
    let sql = AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
    sqlx::query(sql).fetch_one(connection).await.expect("a number").get(0)
}

#[tokio::test]
async fn a_removal_that_was_cut_short_is_seen_by_nobody_and_finished() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let store = imt_store_sqlite::open(&path, None).await.expect("a new store");
    let attempt = ended(&store, 150).await;
    let id = attempt.pipeline;
    // As a process leaves it that dies after the first piece.
    let mut connection = connection(&path).await;
    let cut_short =
        "UPDATE pipelines SET ended = 2, idempotency_key = NULL; DELETE FROM job_log_chunks WHERE start < 1000000";
    sqlx::raw_sql(cut_short).execute(&mut connection).await.expect("half removed");

    let not_found = |error: &StoreError| matches!(error, StoreError::NotFound(_));
    assert!(store.load(id).await.is_err_and(|e| not_found(&e)));
    assert!(store.find(&demo(), NonZeroU64::MIN).await.is_err_and(|e| not_found(&e)));
    assert!(store.waiting(id, Duration::from_secs(1)).await.is_err_and(|e| not_found(&e)));
    let runner = RunnerInfo {
        instance: InstanceId::new("two"),
        labels: vec!["gpu".into()],
        driving: Vec::new(),
        lease: Duration::from_secs(10),
    };
    assert!(store.claim(&runner, Some(id)).await.is_err_and(|e| not_found(&e)));
    let cancel = store.request_cancel(id, CancelLevel::Kill, Reason::User, Timestamp::from_micros(2)).await;
    assert!(cancel.is_err_and(|e| not_found(&e)));
    assert_eq!(
        store.pipelines(&demo(), &PipelineFilter::default(), None, 10).await.expect("pipelines"),
        Sifted::default()
    );
    for of in [Some(id), None] {
        assert_eq!(store.events_after(of, EventId(0), 10).await.expect("events_after"), []);
    }
    assert_eq!(store.log_cursor(attempt).await.expect("log_cursor"), LogCursor::default());
    for from in [LogFrom::Offset(0), LogFrom::Line(3), LogFrom::Tail(3)] {
        assert!(store.read_log(attempt, from, 1_000).await.expect("read_log").chunks.is_empty());
    }
    let again = store.enqueue(new(&[]), None).await.expect("enqueue");
    assert_eq!((again.created, again.number.get()), (true, 2), "its key is free, its number is not");

    let removed = store.prune(&ALL_KEPT, 10).await.expect("prune").found;
    assert_eq!(removed.iter().map(|pruned| pruned.number.get()).collect::<Vec<_>>(), [1]);
    assert_eq!(store.prune(&ALL_KEPT, 10).await.expect("prune"), Sifted::default());
    for (table, rows) in [("pipelines", 1), ("job_logs", 0), ("job_log_chunks", 0), ("events", 0), ("lanes", 1)] {
        assert_eq!(count(&mut connection, table).await, rows, "{table}");
    }
    let claim = store.claim(&runner, None).await.expect("claim").expect("its lane is still there");
    assert_eq!(claim.pipeline, again.id);
}

#[tokio::test]
async fn a_large_log_is_removed_in_pieces_and_whole() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let store = imt_store_sqlite::open(&path, None).await.expect("a new store");
    ended(&store, 200).await;
    let removed = store.prune(&NOTHING_KEPT, 10).await.expect("prune").found;
    assert_eq!(removed.iter().map(|pruned| pruned.log_bytes).collect::<Vec<_>>(), [200 * 64 * 1024]);
    let mut connection = connection(&path).await;
    for table in ["pipelines", "job_logs", "job_log_chunks", "events", "lanes"] {
        assert_eq!(count(&mut connection, table).await, 0, "{table}");
    }
}

/// Broken ones are met first, and are more than a call takes.
#[tokio::test]
async fn what_makes_no_sense_stays_and_the_others_go() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let store = imt_store_sqlite::open(&path, None).await.expect("a new store");
    let mut connection = connection(&path).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(ended(&store, 1).await.pipeline);
        let another = "UPDATE pipelines SET idempotency_key = NULL, ended_at = number";
        sqlx::query(another).execute(&mut connection).await.expect("its key is free");
    }
    let spoil = "UPDATE pipelines SET number = 0 WHERE number = 1; UPDATE pipelines SET number = -2 WHERE number = 2;
        UPDATE job_logs SET bytes = -1 WHERE pipeline = (SELECT id FROM pipelines WHERE number = 3)";
    sqlx::raw_sql(spoil).execute(&mut connection).await.expect("rows are spoiled");
    let mut removed = Vec::new();
    loop {
        let Sifted { found, set_aside } = store.prune(&NOTHING_KEPT, 1).await.expect("prune");
        if found.is_empty() {
            assert_eq!(set_aside.len(), 3, "{set_aside:?}");
            for broken in &ids[..3] {
                assert!(set_aside.iter().any(|why| why.contains(&broken.to_string())), "{set_aside:?}");
            }
            break;
        }
        removed.extend(found.into_iter().map(|pruned| pruned.number.get()));
    }
    assert_eq!(removed, [4, 5]);
    assert_eq!(count(&mut connection, "pipelines WHERE ended = 1").await, 3, "they are there to be looked at");
    let listed = store.pipelines(&demo(), &PipelineFilter::default(), None, 10).await.expect("pipelines");
    assert_eq!((listed.found.len(), listed.set_aside.len()), (1, 2), "a list needs no log");
    // One that was let go before it was spoiled keeps no other from going either.
    let cut_short =
        "UPDATE pipelines SET ended = 2 WHERE number = 0; UPDATE pipelines SET number = 2 WHERE number = -2";
    sqlx::raw_sql(cut_short).execute(&mut connection).await.expect("half removed");
    let Sifted { found, set_aside } = store.prune(&NOTHING_KEPT, 1).await.expect("prune");
    assert_eq!((found[0].number.get(), set_aside.len()), (2, 1), "{set_aside:?}");
}

#[tokio::test]
async fn a_runner_that_was_silent_for_long_is_forgotten() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let store = imt_store_sqlite::open(&path, None).await.expect("a new store");
    for name in ["old", "young"] {
        let beat = imt_core::ports::RunnerBeat {
            instance: InstanceId::new(name),
            host: "host".into(),
            version: "1".into(),
            labels: Vec::new(),
            capacity: std::num::NonZeroU32::MIN,
            driving: 0,
            draining: false,
        };
        store.beat(&beat).await.expect("beat");
    }
    let eight_days = "UPDATE runners SET seen_at = seen_at - 8 * 86400000000 WHERE instance = 'old'";
    sqlx::query(eight_days).execute(&mut connection(&path).await).await.expect("time has passed");
    assert_eq!(store.prune(&ALL_KEPT, 10).await.expect("prune"), Sifted::default());
    let left = store.runners().await.expect("runners").found;
    assert_eq!(left.iter().map(|runner| runner.beat.instance.as_str()).collect::<Vec<_>>(), ["young"]);
}
