//! Files of other versions, files that are none, disks that are full, rows that make no sense.

mod earlier;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use imt_core::engine::Engine;
use imt_core::executor::from_fn;
use imt_core::id::{AttemptId, InstanceId, JobIndex, PipelineId, ProjectName};
use imt_core::pipeline;
use imt_core::plan::{self, Trigger};
use imt_core::ports::{
    Catalog, Claim, EventId, LogAppend, LogEnd, LogFrom, LogPositions, NewPipeline, PipelineFilter, ProjectVariables,
    RunnerInfo, Sifted, Store, StoreError, StreamKind, Variable,
};
use imt_core::schedule::{Change, ChangeKind};
use imt_core::secret::Secret;
use imt_core::status::Status;
use imt_core::time::Timestamp;
use imt_store_sql::{KeyRing, OpenError, SCHEMA_VERSION, SqlStore};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use self::earlier::TAKEN_AWAY;

const AT: Timestamp = Timestamp::from_micros(1);

async fn open(path: &Path) -> SqlStore {
    imt_store_sqlite::open(path, None).await.expect("the store opens")
}

async fn run(path: &Path, sql: &'static str) {
    let mut connection = SqliteConnectOptions::new().filename(path).connect().await.expect("the file opens");
    sqlx::raw_sql(sql).execute(&mut connection).await.expect(sql);
}

fn new() -> NewPipeline {
    let spec = pipeline::read(b"jobs: { hello: { script: echo hello } }", "pipeline.yml").spec.expect("a good file");
    let plan = plan::build(&spec, &ProjectName::new("demo"), Trigger::manual()).expect("a plan");
    NewPipeline { id: PipelineId::generate(), plan, at: AT, idempotency_key: None }
}

fn runner() -> RunnerInfo {
    let lease = Duration::from_mins(10);
    RunnerInfo { instance: InstanceId::new("one"), labels: Vec::new(), driving: Vec::new(), lease }
}

async fn claimed(store: &SqlStore) -> (Claim, AttemptId) {
    let made = store.enqueue(new(), Some(&runner())).await.expect("enqueue");
    (made.claim.expect("it was made for us"), AttemptId { pipeline: made.id, job: JobIndex(0), number: 1 })
}

fn piece(offset: u64, bytes: impl Into<Bytes>) -> LogAppend {
    let (stream, raw) = (StreamKind::Stdout, LogPositions::default());
    LogAppend { offset, stream, bytes: bytes.into(), at: AT, raw, dropped: 0 }
}

const _: () = assert!(SCHEMA_VERSION == 12 && TAKEN_AWAY.len() == 11, "each schema before the newest is upgraded");

#[tokio::test]
async fn earlier_schemas_are_upgraded_with_what_is_under_way() {
    for earliest in 0..TAKEN_AWAY.len() {
        is_upgraded(&TAKEN_AWAY[earliest..]).await;
    }
}

async fn is_upgraded(taken_away: &[&'static str]) {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let store = open(&path).await;
    let (claim, attempt) = claimed(&store).await;
    let started = Change { at: AT, kind: ChangeKind::PipelineStarted };
    store.commit(&claim, 1, &[started]).await.expect("commit");
    store.append_log(&claim, attempt, &[piece(0, "one\n")]).await.expect("append_log");
    drop(store);
    for sql in taken_away.iter().rev() {
        run(&path, sql).await;
    }

    let store = open(&path).await;
    assert_eq!(store.load(claim.pipeline).await.expect("load").state.status, Status::Running);
    store.renew(&claim).await.expect("the claim still holds");
    let more = LogAppend { dropped: 7, ..piece(4, "two\n") };
    assert_eq!(store.append_log(&claim, attempt, &[more]).await.expect("append_log"), 8);
    assert_eq!(store.log_cursor(attempt).await.expect("log_cursor").dropped, 7);
    let checksum = *blake3::hash(b"one\ntwo\n").as_bytes();
    let end = LogEnd { bytes: 8, lines: 2, dropped: 7, checksum };
    store.finish_log(&claim, attempt, end).await.expect("finish_log");
    let (project, number) = (ProjectName::new("demo"), std::num::NonZeroU64::MIN);
    let none = imt_core::ports::DeploymentStore::find(&store, &project, number).await;
    assert!(matches!(none, Err(StoreError::NotFound("deployment"))), "{none:?}");
    assert_eq!(store.read_log(attempt, LogFrom::Offset(0), 100).await.expect("read_log").end, Some(end));
    let variables = store.variables(&ProjectName::new("demo")).await.expect("variables");
    assert_eq!(variables, ProjectVariables::default());
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    drop(open(&path).await);
    run(&path, "UPDATE meta SET value = 1000 WHERE name = 'schema'").await;
    for _ in 0..2 {
        let refused = imt_store_sqlite::open(&path, None).await;
        let Err(OpenError::Newer { found, known, .. }) = &refused else { panic!("{refused:?}") };
        assert_eq!((*found, *known), (1000, SCHEMA_VERSION));
    }
}

#[tokio::test]
async fn what_is_no_store_says_so() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let text = dir.path().join("text.db");
    let mut noise = b"no database".to_vec();
    noise.resize(8192, b'.');
    std::fs::write(&text, &noise).expect("a file");
    let nowhere = dir.path().join("nowhere/store.db");
    for (path, help) in
        [(text.as_path(), "no SQLite file"), (&nowhere, "existing directory"), (dir.path(), "existing directory")]
    {
        let refused = imt_store_sqlite::open(path, None).await;
        let Err(error @ OpenError::Refused { .. }) = &refused else { panic!("{}: {refused:?}", path.display()) };
        assert!(error.help().contains(help), "{}: {}", path.display(), error.help());
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
    assert_eq!(std::fs::read(&text).expect("the file"), noise, "what is somebody else's is left alone");
}

#[tokio::test]
async fn a_file_system_that_only_reads_says_so() {
    // The kernel's own files can be written by nobody, not even by root.
    let path = Path::new("/proc/version");
    let refused = imt_store_sqlite::open(path, None).await;
    assert!(matches!(refused, Err(OpenError::Refused { .. })), "{refused:?}");
}

#[tokio::test]
async fn without_a_key_no_secret_is_taken_or_given() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let demo = ProjectName::new("demo");
    let secret = || Variable { name: "TOKEN".into(), value: Secret::new("hunter2"), is_secret: true };
    let without = open(&path).await;
    let refused = without.set_variable(&demo, secret()).await.expect_err("there is no key to seal it with");
    assert!(refused.to_string().contains("TOKEN") && !refused.to_string().contains("hunter2"), "{refused}");
    let ring = KeyRing::generate().expect("a key");
    let with = imt_store_sqlite::open(&path, Some(ring.clone())).await.expect("the store opens");
    with.set_variable(&demo, secret()).await.expect("set_variable");
    let refused = without.variables(&demo).await.expect_err("there is no key to open it with");
    assert!(refused.to_string().contains("TOKEN") && refused.to_string().contains(ring.sealing_key()), "{refused}");
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_goes_on_when_there_is_room() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let store = open(&dir.path().join("store.db")).await;
    let (claim, attempt) = claimed(&store).await;
    store.append_log(&claim, attempt, &[piece(0, "one\n")]).await.expect("append_log");
    // Holds for the one connection that writes, until something fails on it.
    let no_room = async || {
        let mut tx = store.database().begin().await.expect("begin");
        tx.run("PRAGMA max_page_count = 1", Vec::new()).await.expect("the file grows no more");
        tx.commit().await.expect("commit");
    };
    no_room().await;
    // Nothing that could be compressed.
    let mut noise = vec![0; 60_000];
    blake3::Hasher::new().finalize_xof().fill(&mut noise);
    let large = piece(4, noise);
    let refused = store.append_log(&claim, attempt, std::slice::from_ref(&large)).await;
    assert!(matches!(refused, Err(StoreError::Full(_))), "{refused:?}");
    no_room().await;
    let ours = LogAppend { stream: StreamKind::System, ..large.clone() };
    let refused = store.append_log(&claim, attempt, &[ours]).await;
    assert!(refused.as_ref().is_err_and(StoreError::is_retryable), "the engine's own words wait: {refused:?}");
    assert!(matches!(refused, Err(StoreError::NoRoom { .. })), "and it is told from a store that is away: {refused:?}");
    assert_eq!(store.log_cursor(attempt).await.expect("log_cursor").offset, 4, "nothing was half done");
    store.renew(&claim).await.expect("the connection that writes is a good one");
    assert_eq!(store.append_log(&claim, attempt, &[large]).await.expect("append_log"), 60_004);
}

#[tokio::test]
async fn a_row_that_makes_no_sense_is_set_aside_and_the_others_go_on() {
    for spoil in [
        "UPDATE pipelines SET plan = '{' WHERE number = 1",
        "UPDATE pipelines SET verdict = '{' WHERE number = 1",
        "UPDATE pipelines SET cancel_level = 'nonsense', cancel_reason = 'user' WHERE number = 1",
        // The row of a job is looked at only where something has happened.
        "UPDATE pipelines SET last_event = 1 WHERE number = 1;
         INSERT INTO jobs (pipeline, job, status) SELECT id, 0, 'nonsense' FROM pipelines WHERE number = 1",
        "UPDATE pipelines SET last_event = 1 WHERE number = 1;
         INSERT INTO jobs (pipeline, job, status) SELECT id, 99, 'pending' FROM pipelines WHERE number = 1",
        "UPDATE pipelines SET status = 'nonsense' WHERE number = 1",
    ] {
        is_set_aside(spoil).await;
    }
}

async fn is_set_aside(spoil: &'static str) {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let store = Arc::new(open(&path).await);
    let bad = store.enqueue(new(), None).await.expect("enqueue").id;
    let good = store.enqueue(new(), None).await.expect("enqueue").id;
    run(&path, spoil).await;
    let executor = from_fn(|_, _| async { 0 });
    let engine = Engine::builder(Arc::new(executor), Arc::clone(&store) as _).build();
    let (mut ended, mut errors) = (Vec::new(), Vec::new());
    let (over, mut is_over) = tokio::sync::watch::channel(false);
    let stop = async {
        let waited = tokio::time::timeout(Duration::from_secs(30), is_over.wait_for(|over| *over)).await;
        waited.expect("the good one is reached").expect("the sender lives");
    };
    let one = NonZeroUsize::MIN;
    let worked = engine.work(one, stop, |result| match result {
        Ok(outcome) => {
            ended.push((outcome.id, outcome.end.status));
            over.send_replace(true);
        }
        Err(error) => errors.push(error.to_string()),
    });
    worked.await.expect("the worker outlives it");
    assert_eq!(ended, [(good, Status::Success)], "{spoil}");
    assert!(!errors.is_empty(), "the other one was reported");
    assert!(store.load(bad).await.is_err_and(|error| matches!(error, StoreError::Internal { .. })));
    let Sifted { found, set_aside } =
        store.pipelines(&ProjectName::new("demo"), &PipelineFilter::default(), None, 10).await.expect("pipelines");
    assert_eq!(found.len() + set_aside.len(), 2, "each is in the list or said to be broken");
    assert!(set_aside.iter().all(|why| why.contains("#1")), "{set_aside:?}");
}

/// In each of the three ways in which a runner comes by a pipeline.
#[tokio::test]
async fn a_pipeline_whose_id_is_none_keeps_nobody_waiting() {
    for spoil in [
        "UPDATE pipelines SET id = 'nonsense' WHERE number = 1",
        "UPDATE pipelines SET id = 'nonsense', token = 1 WHERE number = 1",
        "UPDATE pipelines SET id = 'nonsense', token = 1, holder = 'nobody', lease_until = 1 WHERE number = 1",
    ] {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
        let path = dir.path().join("store.db");
        let store = open(&path).await;
        store.enqueue(new(), None).await.expect("enqueue");
        let good = store.enqueue(new(), None).await.expect("enqueue").id;
        run(&path, spoil).await;
        let (instance, lease) = (InstanceId::new("one"), Duration::from_secs(30));
        let runner = RunnerInfo { instance: instance.clone(), labels: Vec::new(), driving: Vec::new(), lease };
        let claim = store.claim(&runner, None).await.expect("claim").expect("the good one is reached");
        assert_eq!(claim.pipeline, good, "{spoil}");
        assert_eq!(store.held(&instance).await.expect("held"), [good]);
        store.release(&claim).await.expect("release");
        let claim = store.claim(&runner, None).await.expect("claim").expect("it is reached again");
        assert_eq!(claim.pipeline, good, "{spoil}");
        let Sifted { found, set_aside } =
            store.pipelines(&ProjectName::new("demo"), &PipelineFilter::default(), None, 10).await.expect("pipelines");
        assert_eq!((found.len(), set_aside.len()), (1, 1), "it is said to be broken: {set_aside:?}");
    }
}

#[tokio::test]
async fn an_event_that_makes_no_sense_stops_no_reader_of_all() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let store = open(&path).await;
    let started = Change { at: AT, kind: ChangeKind::PipelineStarted };
    let mut made = Vec::new();
    for _ in 0..3 {
        let (claim, _) = claimed(&store).await;
        store.commit(&claim, 1, std::slice::from_ref(&started)).await.expect("commit");
        made.push(claim.pipeline);
    }
    run(&path, "UPDATE events SET change = '{' WHERE id <= 2").await;
    // Of the first pages nothing is left.
    let all = store.events_after(None, EventId(0), 1).await.expect("the others are read");
    assert_eq!(all.iter().map(|event| event.pipeline).collect::<Vec<_>>(), made[2..]);
    assert_eq!(store.events_after(None, all[0].id, 1).await.expect("there is no more"), []);
    let of_one = store.events_after(Some(made[0]), EventId(0), 1).await;
    assert!(matches!(of_one, Err(StoreError::Internal { .. })), "whoever asks for it is told: {of_one:?}");
}
