//! A store whose disk is full while a job prints: the job does not wait for it, what there was no room for is left out and
//! counted, and when there is room again everything goes on.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use imt_core::id::{AttemptId, PipelineId};
use imt_core::ports::{LogEnd, LogFrom, Store as _, StreamKind};
use imt_e2e::dice::Dice;
use imt_e2e::disk::SmallDisk;
use imt_e2e::imt::Home;
use imt_e2e::postgres_server::PostgresServer;
use imt_e2e::records::Records;
use imt_e2e::runner::{Host, Watch, assert_success, stop};
use imt_e2e::wait::{SOON, until_holds};

/// More than there is room for, and nothing that could be compressed.
const LINES: usize = 160_000;

/// How long the disk stays full: longer than a runner gathers what it writes, shorter than a lease.
const FULL_FOR: Duration = Duration::from_secs(4);

struct Scene {
    home: Home,
    host: Host,
    watch: Watch,
    disk: SmallDisk,
    output: String,
}

/// What a log has of the job, what of us, and how it ended.
struct Told {
    job: String,
    ours: String,
    end: LogEnd,
}

impl Scene {
    async fn new(home: Home, records: &Records, disk: SmallDisk) -> Self {
        let mut dice = Dice::new(1);
        let mut output = String::new();
        for n in 0..LINES {
            // Writing to a string cannot fail.
            let _ = writeln!(output, "{n} {:016x}{:016x}", dice.next(), dice.next());
        }
        fs::write(home.path().join("output"), &output).expect("a file");
        Self { host: Host::new(records), watch: Watch::new(records).await, home, disk, output }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn write(&self, name: &str) {
        fs::write(self.file(name), "").expect("a file");
    }

    /// A job that prints little, then a lot, then little, and waits before it goes on.
    fn script(&self) -> [String; 5] {
        let at = self.home.path().display();
        let wait = |name: &str| format!("while ! test -e {at}/{name}; do sleep 0.05; done");
        let print = format!("cat {at}/output; : > {at}/printed");
        ["echo before".to_owned(), wait("print"), print, wait("end"), "echo after".to_owned()]
    }

    /// What it prints before it prints a lot: each item is shown first.
    fn before(&self) -> String {
        let [first, wait, print, ..] = self.script();
        format!("$ {first}\nbefore\n$ {wait}\n$ {print}\n")
    }

    /// What of that is stored before the disk is full.
    fn acknowledged(&self) -> usize {
        self.before().find("before\n").map_or(0, |at| at + "before\n".len())
    }

    async fn hand_in(&self) -> PipelineId {
        let items = self.script().map(|item| format!("'{item}'"));
        self.watch.hand_in(&format!("jobs: {{ talk: {{ script: [{}] }} }}", items.join(", "))).await
    }

    async fn told(&self, attempt: AttemptId) -> Told {
        let (mut job, mut ours, mut from) = (String::new(), String::new(), 0);
        loop {
            let page =
                self.watch.store.read_log(attempt, LogFrom::Offset(from), 1 << 20).await.expect("the log is read");
            for chunk in &page.chunks {
                let text = String::from_utf8_lossy(&chunk.bytes);
                if chunk.stream == StreamKind::System { ours.push_str(&text) } else { job.push_str(&text) }
            }
            if page.chunks.is_empty() {
                return Told { job, ours, end: page.end.expect("the log has its end") };
            }
            from = page.next_offset;
        }
    }
}

async fn fills_while_a_job_prints(scene: Scene) {
    let pipeline = scene.hand_in().await;
    let runner = scene.host.runner(&["--executor", "local"]);
    scene.watch.prints(pipeline, "before").await;
    scene.disk.fill();
    scene.write("print");
    until_holds("the job prints all of it, full or not", SOON, || scene.file("printed").exists());
    // Its output lies with the executor by then: the runner has yet to find out that there is no room for it.
    tokio::time::sleep(FULL_FOR).await;
    scene.disk.free();
    scene.write("end");
    let record = scene.watch.ended(pipeline, SOON).await;
    assert_success(&record);
    scene.watch.assert_ended_once(pipeline).await;
    let attempts = &record.state.jobs[0].attempts;
    assert_eq!(attempts.len(), 1, "the job was not disturbed: {attempts:#?}");

    let Told { job, ours, end } = scene.told(attempts[0].id).await;
    let whole = format!("{}{}", scene.before(), scene.output);
    assert!(job.len() >= scene.acknowledged() && job.len() < whole.len(), "{} bytes", job.len());
    let differs = job.bytes().zip(whole.bytes()).position(|(one, other)| one != other);
    assert_eq!(differs, None, "up to where there was no room it is whole: {} bytes of {}", job.len(), whole.len());
    let dropped = (whole.len() - job.len()) as u64;
    assert!(end.dropped > dropped, "{} counted, {dropped} of them before the last item", end.dropped);
    let marker = format!("the store is full: {} further bytes", end.dropped);
    assert_eq!(ours.matches(&marker).count(), 1, "{ours}");

    let next = scene.hand_in().await;
    let record = scene.watch.ended(next, SOON).await;
    assert_success(&record);
    let Told { job, end, .. } = scene.told(record.state.jobs[0].attempts[0].id).await;
    assert!(job.ends_with("\nafter\n") && job.contains(&scene.output) && end.dropped == 0, "all is there again");
    stop(runner);
    scene.watch.assert_nothing_left(&[pipeline, next], false);
}

fn small(at: &Path, size: &str) -> SmallDisk {
    fs::create_dir(at).expect("a directory");
    SmallDisk::mount(at.to_owned(), size)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_sqlite_costs_output_and_nothing_else() {
    let home = Home::new();
    let at = home.path().join("disk");
    let disk = small(&at, "24m");
    let records = Records::Sqlite(at.join("store.db"));
    fills_while_a_job_prints(Scene::new(home, &records, disk).await).await;
}

/// Its logs are in a tablespace of their own, so that it is they that find no room.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_postgres_costs_output_and_nothing_else() {
    let (server, home) = (PostgresServer::new(), Home::new());
    let at = server.own_directory().join("small");
    let disk = small(&at, "24m");
    let owned = Command::new("chown").arg("postgres").arg(&at).status();
    assert!(owned.expect("chown can be run").success(), "these tests run as root");
    let records = Records::Server(server.url());
    let scene = Scene::new(home, &records, disk).await;
    let sql = format!("CREATE TABLESPACE small LOCATION '{}'", at.display());
    for sql in [sql.as_str(), "ALTER TABLE job_log_chunks SET TABLESPACE small"] {
        let run = Command::new("psql").args(["-v", "ON_ERROR_STOP=1", "-c", sql, &server.url()]).output();
        let run = run.expect("psql can be run");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    }
    fills_while_a_job_prints(scene).await;
}
