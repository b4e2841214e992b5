//! Runners: `imt runner` as a process, on hosts that are told apart by their state directories; and their store, watched.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use imt_core::id::{AttemptId, PipelineId, ProjectName};
use imt_core::pipeline;
use imt_core::plan::{self, Plan, Trigger};
use imt_core::ports::{Event, EventId, LogFrom, NewPipeline, PipelineRecord, Store as _, StreamKind};
use imt_core::schedule::ChangeKind;
use imt_core::status::Status;
use imt_core::time::Timestamp;
use imt_store_sql::{Purpose, SqlStore};
use rustix::process::Signal;

use crate::docker::containers_of;
use crate::imt::{Finished, Home, Output, Running};
use crate::project::workspaces_of;
use crate::records::Records;
use crate::wait::{SOON, until_holds, until_told};

/// A machine, as far as runners can tell: a state directory of its own.
pub struct Host {
    home: Home,
    store: String,
    variables: Vec<(&'static str, String)>,
}

impl Host {
    /// A fresh one, whose `imt` uses this store.
    pub fn new(records: &Records) -> Self {
        Self { home: Home::new(), store: records.address(), variables: Vec::new() }
    }

    /// The same with a variable in the environment of its `imt`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// Its home.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// An `imt` there.
    pub fn imt(&self, arguments: &[&str]) -> Command {
        let mut command = self.home.imt();
        command.args(arguments).env("IMT_STORE", &self.store).current_dir(self.home.path());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// What an `imt` there answers.
    pub fn answer(&self, arguments: &[&str]) -> Finished {
        Running::start(self.imt(arguments), Output::Bytes).finish()
    }

    /// Its key file, there or not.
    pub fn key_file(&self) -> PathBuf {
        self.home.path().join("state/imt/keys")
    }

    /// Sets a secret of a project from there.
    ///
    /// # Panics
    /// When it is refused.
    pub fn set_secret(&self, project: &str, name: &str, value: &str) {
        let path = self.home.path().join("value");
        fs::write(&path, value).expect("a file");
        let mut command = self.imt(&["var", "set", name, "--secret", "--project", project]);
        command.stdin(fs::File::open(&path).expect("the file"));
        let set = Running::start(command, Output::Bytes).finish();
        assert_eq!(set.code, Some(0), "{}", set.stderr);
    }

    /// Starts `imt runner --output json` and waits until it is at work, so that it hears signals.
    pub fn runner(&self, arguments: &[&str]) -> Running {
        let mut runner = self.start_runner(arguments);
        runner.await_text("runner_started");
        runner
    }

    /// Starts `imt runner --output json`.
    pub fn start_runner(&self, arguments: &[&str]) -> Running {
        Running::start(self.imt(&[&["runner", "--output", "json"], arguments].concat()), Output::Bytes)
    }
}

/// A store with a project of the test's own, seen from the side.
pub struct Watch {
    /// The store, opened by the test.
    pub store: SqlStore,
    /// The project.
    pub project: String,
}

impl Watch {
    /// Opens the store.
    pub async fn new(records: &Records) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let nth = COUNT.fetch_add(1, Ordering::Relaxed);
        Self { store: records.open(None).await, project: format!("watched-{}-{nth}", std::process::id()) }
    }

    /// A plan of its project, without a repository.
    ///
    /// # Panics
    /// When the file is not good.
    pub fn plan(&self, file: &str) -> Plan {
        let read = pipeline::read(file.as_bytes(), "pipeline.yml");
        let spec = read.spec.unwrap_or_else(|| panic!("{:?}", read.diagnostics));
        plan::build(&spec, &ProjectName::new(&self.project), Trigger::manual()).expect("a plan")
    }

    /// Hands in a pipeline.
    ///
    /// # Panics
    /// When the store refuses.
    pub async fn hand_in(&self, file: &str) -> PipelineId {
        let new = NewPipeline { id: PipelineId::generate(), plan: self.plan(file), at: now(), idempotency_key: None };
        self.store.enqueue(new, None).await.expect("the store takes it").id
    }

    /// The pipelines that are held and not over, with the token of the claim.
    ///
    /// # Panics
    /// When the store does not answer.
    pub async fn claims(&self) -> BTreeMap<PipelineId, i64> {
        let sql = "SELECT id, token FROM pipelines WHERE ended = 0 AND holder IS NOT NULL";
        let rows = self.store.database().run(Purpose::Read, sql, Vec::new()).await.expect("the store answers");
        let read = |mut row: imt_store_sql::Row| {
            (row.text().expect("an id").parse().expect("an id"), row.int().expect("a token"))
        };
        rows.into_iter().map(read).collect()
    }

    /// How many pipelines are not over.
    ///
    /// # Panics
    /// When the store does not answer.
    pub async fn unfinished(&self) -> i64 {
        let sql = "SELECT COUNT(*) FROM pipelines WHERE ended = 0";
        let rows = self.store.database().run(Purpose::Read, sql, Vec::new()).await.expect("the store answers");
        rows.into_iter().next().expect("a row").int().expect("a count")
    }

    /// Waits until every one of these claims is another's, or its pipeline over; answers how long that took.
    ///
    /// # Panics
    /// When it takes longer than the deadline.
    pub async fn taken_on(&self, claims: &BTreeMap<PipelineId, i64>, deadline: Duration) -> Duration {
        let began = Instant::now();
        until_told("the claims are taken on", deadline, async || {
            let claims_now = self.claims().await;
            let as_it_was = |(id, token): (&PipelineId, &i64)| claims_now.get(id).is_some_and(|now| now == token);
            (!claims.iter().any(as_it_was)).then_some(())
        })
        .await;
        began.elapsed()
    }

    /// Waits until a runner holds a pipeline.
    ///
    /// # Panics
    /// When none does soon.
    pub async fn held(&self, pipeline: PipelineId) {
        until_told("a runner holds it", SOON, async || self.claims().await.contains_key(&pipeline).then_some(())).await;
    }

    /// A pipeline as it is.
    ///
    /// # Panics
    /// When the store does not answer.
    pub async fn record(&self, pipeline: PipelineId) -> PipelineRecord {
        self.store.load(pipeline).await.expect("the store answers")
    }

    /// Waits for the end of a pipeline.
    ///
    /// # Panics
    /// When it does not end within the deadline.
    pub async fn ended(&self, pipeline: PipelineId, deadline: Duration) -> PipelineRecord {
        until_told(&format!("the end of {pipeline}"), deadline, async || {
            Some(self.record(pipeline).await).filter(|record| record.state.status.is_terminal())
        })
        .await
    }

    /// All events of a pipeline.
    ///
    /// # Panics
    /// When the store does not answer.
    pub async fn events(&self, pipeline: PipelineId) -> Vec<Event> {
        self.store.events_after(Some(pipeline), EventId(0), 10_000).await.expect("the store answers")
    }

    /// What an attempt's log has of standard output.
    ///
    /// # Panics
    /// When the store does not answer.
    pub async fn log(&self, attempt: AttemptId) -> String {
        let (mut all, mut from) = (Vec::new(), 0);
        loop {
            let page = self.store.read_log(attempt, LogFrom::Offset(from), 1 << 20).await.expect("the log is read");
            if page.chunks.is_empty() {
                return String::from_utf8(all).expect("plain text");
            }
            from = page.next_offset;
            let printed = page.chunks.iter().filter(|chunk| chunk.stream == StreamKind::Stdout);
            printed.for_each(|chunk| all.extend_from_slice(&chunk.bytes));
        }
    }

    /// Waits until an attempt's log has this text.
    ///
    /// # Panics
    /// When it does not soon.
    pub async fn prints(&self, pipeline: PipelineId, text: &str) {
        until_told(&format!("{pipeline} prints {text}"), SOON, async || {
            let attempts = self.record(pipeline).await.state.jobs.into_iter().flat_map(|job| job.attempts);
            for attempt in attempts {
                if self.log(attempt.id).await.lines().any(|line| line == text) {
                    return Some(());
                }
            }
            None
        })
        .await;
    }

    /// That every job and every attempt of a pipeline that is over had one end, and the pipeline too. One that started over
    /// has given up what its jobs had come to.
    ///
    /// # Panics
    /// When it is otherwise.
    pub async fn assert_ended_once(&self, pipeline: PipelineId) {
        let (mut jobs, mut attempts, mut ends) = (BTreeSet::new(), BTreeSet::new(), 0);
        for event in self.events(pipeline).await {
            match event.change.kind {
                ChangeKind::JobEnded { job, .. } => {
                    assert!(jobs.insert(job), "{pipeline}: job {job:?} ended twice");
                }
                ChangeKind::AttemptEnded { attempt, .. } => {
                    assert!(attempts.insert(attempt), "attempt {attempt} ended twice");
                }
                ChangeKind::StartedOver => jobs.clear(),
                ChangeKind::PipelineEnded { .. } => ends += 1,
                _ => {}
            }
        }
        let state = self.record(pipeline).await.state;
        assert_eq!((jobs.len(), ends), (state.jobs.len(), 1), "{pipeline}: ends");
    }

    /// That of pipelines that are over, soon no container, process or workspace is left.
    ///
    /// # Panics
    /// When some is.
    pub fn assert_nothing_left(&self, pipelines: &[PipelineId], docker: bool) {
        for pipeline in pipelines.iter().filter(|_| docker) {
            until_holds("no container is left", SOON, || containers_of(&pipeline.to_string()).is_empty());
        }
        until_holds("no process is left", SOON, || processes_of(pipelines).is_empty());
        until_holds("no workspace is left", SOON, || workspaces_of(&self.project).is_empty());
    }
}

/// Asks a runner to drain and end, which it has to do well.
///
/// # Panics
/// When it does not.
pub fn stop(runner: Running) {
    runner.signal(Signal::TERM);
    let stopped = runner.finish();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
}

/// Kills a runner that is at work.
///
/// # Panics
/// When it had ended before.
pub fn kill(runner: Running) {
    runner.signal(Signal::KILL);
    let killed = runner.finish();
    assert_eq!(killed.code, None, "it ended by itself: {}", killed.stderr);
}

/// A record of success.
///
/// # Panics
/// When it is none.
pub fn assert_success(record: &PipelineRecord) {
    let state = &record.state;
    assert_eq!(state.status, Status::Success, "{}: {:?}\n{:#?}", state.id, state.verdict, state.jobs);
}

/// The time.
pub fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time since 1970");
    Timestamp::from_micros(u64::try_from(since.as_micros()).expect("not that late"))
}

/// Processes of this machine that run for attempts of these pipelines, each as `<pid> IMT_ATTEMPT=<attempt>`.
pub fn processes_of(pipelines: &[PipelineId]) -> Vec<String> {
    let marks: Vec<String> = pipelines.iter().map(|pipeline| format!("IMT_ATTEMPT={pipeline}.")).collect();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let marked = entries.filter_map(|entry| {
        let environ = fs::read(entry.path().join("environ")).ok()?;
        let mut variables = environ.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        let mark = variables.find(|variable| marks.iter().any(|mark| variable.starts_with(mark)))?;
        Some(format!("{} {mark}", entry.file_name().display()))
    });
    marked.collect()
}

/// The lines of a job that prints this and a number, from 0 on.
pub fn numbered(text: &str, count: u32) -> String {
    let line = |all: String, n: u32| all + text + " " + &n.to_string() + "\n";
    (0..count).fold(String::new(), line)
}

/// The longest of the fastest so many of a hundred, of times that are sorted here.
pub fn percentile(times: &mut [Duration], of_hundred: usize) -> Duration {
    times.sort_unstable();
    let place = (times.len() * of_hundred).div_ceil(100).max(1) - 1;
    times.get(place).copied().unwrap_or_default()
}
