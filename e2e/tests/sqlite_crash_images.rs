//! What a crash can leave of a SQLite file and its WAL: each image opens, is sound, and holds all that was acknowledged.
//!
//! Recorded by copying both files after each acknowledged write; an image is the copy before a write with some of the bytes
//! that this write changed. `IMT_CRASH_IMAGES` is how many images are looked at, `IMT_FAULT_SEED` the seed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use imt_core::id::{AttemptId, InstanceId, JobIndex, PipelineId, ProjectName};
use imt_core::pipeline;
use imt_core::plan::{self, Trigger};
use imt_core::ports::{Claim, EventId, LogAppend, LogFrom, LogPositions, NewPipeline, RunnerInfo, Store, StreamKind};
use imt_core::schedule::{Change, ChangeKind};
use imt_core::time::Timestamp;
use imt_e2e::dice::{self, Dice};
use imt_store_sql::SqlStore;
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;

/// After which writes the WAL is moved into the file, beside when SQLite does so by itself.
const MOVED_AFTER: [usize; 2] = [200, 230];
/// The bytes at the start of a WAL that are others each time that it begins anew.
const WAL_HEADER: usize = 32;
/// How many writes are recorded: enough for the WAL to begin anew.
const WRITES: usize = 260;

/// What had been acknowledged at some point.
#[derive(Debug, Clone, Default)]
struct Acknowledged {
    pipelines: BTreeMap<PipelineId, EventId>,
    logs: BTreeMap<AttemptId, Vec<u8>>,
}

/// A run of writes, one after the other.
struct Writer {
    store: SqlStore,
    known: Acknowledged,
    claims: Vec<(Claim, u64)>,
    dice: Dice,
}

impl Writer {
    async fn write(&mut self) {
        if self.claims.len() < 2 || self.dice.next().is_multiple_of(10) {
            return self.enqueue().await;
        }
        let nth = usize::try_from(self.dice.next() % self.claims.len() as u64).expect("small");
        if self.claims[nth].1 < 3 { self.commit(nth).await } else { self.append(nth).await }
    }

    async fn enqueue(&mut self) {
        let spec = pipeline::read(b"jobs: { a: { script: 'true' } }", "pipeline.yml").spec.expect("a good file");
        let plan = plan::build(&spec, &ProjectName::new("crash"), Trigger::manual()).expect("a plan");
        let runner = RunnerInfo {
            instance: InstanceId::new("writer"),
            labels: Vec::new(),
            driving: Vec::new(),
            lease: std::time::Duration::from_hours(1),
        };
        let new =
            NewPipeline { id: PipelineId::generate(), plan, at: Timestamp::from_micros(1), idempotency_key: None };
        let claim = self.store.enqueue(new, Some(&runner)).await.expect("enqueue").claim.expect("a claim");
        self.known.pipelines.insert(claim.pipeline, EventId(0));
        self.claims.push((claim, 0));
    }

    async fn commit(&mut self, nth: usize) {
        let (claim, commits) = &mut self.claims[nth];
        let attempt = attempt_of(claim.pipeline);
        let kind = match commits {
            0 => ChangeKind::PipelineStarted,
            1 => ChangeKind::AttemptCreated { attempt },
            _ => ChangeKind::AttemptStarted { attempt },
        };
        *commits += 1;
        let change = Change { at: Timestamp::from_micros(2), kind };
        let last = self.store.commit(claim, *commits, &[change]).await.expect("commit");
        self.known.pipelines.insert(claim.pipeline, last);
    }

    async fn append(&mut self, nth: usize) {
        let claim = &self.claims[nth].0;
        let attempt = attempt_of(claim.pipeline);
        let log = self.known.logs.entry(attempt).or_default();
        let line = format!("{:016x}\n", self.dice.next());
        let bytes = line.repeat(1 + usize::try_from(self.dice.next() % 2_000).expect("small")).into_bytes();
        let piece = LogAppend {
            offset: log.len() as u64,
            stream: StreamKind::Stdout,
            bytes: bytes.clone().into(),
            at: Timestamp::from_micros(3),
            raw: LogPositions { stdout: (log.len() + bytes.len()) as u64, stderr: 0 },
            dropped: 0,
        };
        self.store.append_log(claim, attempt, &[piece]).await.expect("append_log");
        log.extend(bytes);
    }
}

fn attempt_of(pipeline: PipelineId) -> AttemptId {
    AttemptId { pipeline, job: JobIndex(0), number: 1 }
}

/// Both files after a write, and what was known then.
struct Moment {
    file: PathBuf,
    wal: PathBuf,
    known: Acknowledged,
}

/// By another process: one that closes a file of its own database loses the locks that it has on it.
fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg(from).arg(to).status().expect("cp can be run");
    assert!(copied.success(), "cp {}", from.display());
}

fn beside(file: &Path, end: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(end);
    path.into()
}

/// By another process, as [`copy`] is.
fn checkpoint(file: &Path) {
    let moved = Command::new("sqlite3").arg(file).arg("PRAGMA wal_checkpoint(PASSIVE)").output().expect("sqlite3");
    let said = String::from_utf8_lossy(&moved.stdout);
    assert!(moved.status.success() && said.starts_with("0|"), "{said}{}", String::from_utf8_lossy(&moved.stderr));
}

async fn record(scratch: &Path, seed: u64) -> Vec<Moment> {
    let file = scratch.join("store.db");
    let store = imt_store_sqlite::open(&file, None).await.expect("the store opens");
    let mut writer = Writer { store, known: Acknowledged::default(), claims: Vec::new(), dice: Dice::new(seed) };
    let mut moments = Vec::new();
    for nth in 0..WRITES {
        if MOVED_AFTER.contains(&nth) {
            checkpoint(&file);
        } else {
            writer.write().await;
        }
        let moment = Moment {
            file: scratch.join(format!("{nth}.db")),
            wal: scratch.join(format!("{nth}.wal")),
            known: writer.known.clone(),
        };
        copy(&file, &moment.file);
        copy(&beside(&file, "-wal"), &moment.wal);
        moments.push(moment);
    }
    moments
}

/// The first bytes of what is there after a write, and the rest of what was there before.
fn cut(before: &[u8], after: &[u8], at: usize) -> Vec<u8> {
    let mut image = after[..at].to_vec();
    image.extend(before.get(at..).unwrap_or_default());
    image
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).expect("a copy")
}

/// Whether a write moved the WAL into the file, of which the WAL is still there. One of two transactions may move it in the first
/// and begin it anew in the second; what was there in between nobody has copied.
fn moves(before: &Moment, after: &Moment) -> bool {
    let header = |moment: &Moment| read(&moment.wal)[..WAL_HEADER].to_vec();
    read(&before.file) != read(&after.file) && header(before) == header(after)
}

/// Where a write changed something: from the first byte that differs to the last one.
fn changed(before: &[u8], after: &[u8]) -> (usize, usize) {
    let first = before.iter().zip(after).position(|(one, other)| one != other).unwrap_or(before.len().min(after.len()));
    let same_length = before.len() == after.len();
    let last = same_length.then(|| before.iter().zip(after).rposition(|(one, other)| one != other)).flatten();
    (first, last.map_or(after.len(), |last| last + 1))
}

async fn assert_sound(file: &Path, known: &Acknowledged, what: &str) {
    let store = imt_store_sqlite::open(file, None).await.unwrap_or_else(|e| panic!("{what}: {e}"));
    let url = format!("sqlite://{}", file.display());
    let mut connection = SqliteConnection::connect(&url).await.expect("it opens");
    let verdict: Vec<String> =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&mut connection).await.expect("it is checked");
    assert_eq!(verdict, ["ok"], "{what}");
    connection.close().await.expect("it closes");
    for (pipeline, last) in &known.pipelines {
        store.load(*pipeline).await.unwrap_or_else(|e| panic!("{what}: {pipeline}: {e}"));
        let events = store.events_after(Some(*pipeline), EventId(0), 100).await.expect("events");
        assert!(events.last().map(|event| event.id).unwrap_or_default() >= *last, "{what}: events of {pipeline}");
    }
    for (attempt, bytes) in &known.logs {
        assert!(whole_log(&store, *attempt).await.starts_with(bytes), "{what}: the log of {attempt}");
    }
}

async fn whole_log(store: &SqlStore, attempt: AttemptId) -> Vec<u8> {
    let (mut all, mut from) = (Vec::new(), 0);
    loop {
        let page = store.read_log(attempt, LogFrom::Offset(from), 1 << 20).await.expect("read_log");
        if page.chunks.is_empty() {
            return all;
        }
        from = page.next_offset;
        page.chunks.iter().for_each(|chunk| all.extend_from_slice(&chunk.bytes));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_image_of_a_crash_is_sound_and_whole() {
    let scratch = TempDir::new().expect("a directory");
    let seed = dice::seed();
    let moments = record(scratch.path(), seed).await;
    let mut dice = Dice::new(seed ^ 1);
    let all: Vec<usize> = (0..WRITES - 1).collect();
    let moving: Vec<usize> = all.iter().copied().filter(|write| moves(&moments[*write], &moments[write + 1])).collect();
    assert!(!moving.is_empty(), "the WAL is moved into the file");
    let (mut appended, mut overwritten, mut checkpoints) = (0, 0, 0);
    for nth in 0..dice::number("IMT_CRASH_IMAGES", 120) {
        let moves = nth.is_multiple_of(10);
        let writes = if moves { &moving } else { &all };
        let write = writes[usize::try_from(dice.next() % writes.len() as u64).expect("small")];
        let (before, after) = (&moments[write], &moments[write + 1]);
        let (old, new) = (read(&before.wal), read(&after.wal));
        let (file_before, file_after) = (read(&before.file), read(&after.file));
        let image = scratch.path().join(format!("image-{nth}.db"));
        let mut draw =
            |(from, to): (usize, usize)| from + usize::try_from(dice.next() % (to - from + 1) as u64).expect("small");
        let what;
        if moves {
            // In the middle of moving the WAL into the file: that is done only with what is whole in the WAL.
            let at = draw(changed(&file_before, &file_after));
            what = format!("seed {seed}, write {write}, file cut at {at}");
            checkpoints += 1;
            fs::write(&image, cut(&file_before, &file_after, at)).expect("an image");
            fs::write(beside(&image, "-wal"), &new).expect("an image");
        } else {
            let at = draw(changed(&old, &new));
            what = format!("seed {seed}, write {write}, WAL cut at {at}");
            if new.len() > old.len() {
                appended += 1;
            } else {
                overwritten += 1;
            }
            fs::write(&image, file_before).expect("an image");
            fs::write(beside(&image, "-wal"), cut(&old, &new, at)).expect("an image");
        }
        assert_sound(&image, &before.known, &what).await;
        for end in ["", "-wal", "-shm"] {
            // The last one to close a file removes the others.
            let _gone_already = fs::remove_file(beside(&image, end));
        }
    }
    assert!(appended > 0 && overwritten > 0, "{appended} {overwritten}: the WAL grows and begins anew");
    eprintln!(
        "{appended} images of a growing WAL, {overwritten} of one that began anew, {checkpoints} of a checkpoint"
    );
}
