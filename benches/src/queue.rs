//! The queue in PostgreSQL: how fast pipelines go through it, how fast one is found among many, and what waiting costs.

use std::num::NonZeroUsize;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use imt_core::engine::Engine;
use imt_core::executor::from_fn;
use imt_core::id::{InstanceId, ProjectName};
use imt_core::plan::{self, Plan, Trigger};
use imt_core::ports::{EventId, RunnerInfo, Store};
use tokio::sync::Notify;

use crate::harness::{Bench, Row, percentile, show_delays};
use crate::stores::{CONNECTIONS, open, postgres, runtime};

/// Pipelines that go through the queue.
const PIPELINES: usize = 400;
/// How many are driven side by side, and how many clients pgbench has.
const SIDE_BY_SIDE: usize = 8;
/// Runners that look for work, each once a second.
const RUNNERS: u32 = 100;
const LEASE: Duration = Duration::from_secs(30);

fn one_job() -> Result<Plan, String> {
    let spec =
        imt_core::pipeline::read(b"jobs: { a: { script: [x] } }", "pipeline.yml").spec.ok_or("the file is wrong")?;
    plan::build(&spec, &ProjectName::new("queue"), Trigger::manual()).map_err(|p| format!("{p:?}"))
}

/// A database of its own on the server, so that nothing else is in it.
pub(crate) fn fresh_database(name: &str) -> Result<String, String> {
    let server = postgres()?;
    psql(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
    psql(&server, &format!("CREATE DATABASE {name}"))?;
    let (head, _) = server.rsplit_once('/').ok_or("the address has no database")?;
    Ok(format!("{head}/{name}"))
}

pub(crate) fn psql(address: &str, statement: &str) -> Result<String, String> {
    output(Command::new("psql").args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement, address]))
}

pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let done = command.stdin(Stdio::null()).output().map_err(|e| format!("{command:?}: {e}"))?;
    if done.status.success() {
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    } else {
        Err(format!("{command:?}: {}", String::from_utf8_lossy(&done.stderr)))
    }
}

pub(crate) fn transitions(bench: &Bench) -> Result<Vec<Row>, String> {
    let address = fresh_database("imt_bench_transitions")?;
    let (events, took) = runtime(drive_all(&address))?;
    let limit = single_row_commits(bench, &address)?;
    let ours = as_number(events) / took.as_secs_f64();
    Ok(vec![Row {
        what: format!(
            "{PIPELINES} pipelines of one job through PostgreSQL, {SIDE_BY_SIDE} side by side: changes a second"
        ),
        limit: format!("single-row commits by pgbench: {limit:.0} a second"),
        ours: format!("{ours:.0} a second ({:.0} pipelines)", as_number(PIPELINES) / took.as_secs_f64()),
        result: format!("{:.2} ×", ours / limit),
        goal: "≥ 0.5 ×",
    }])
}

#[expect(clippy::cast_precision_loss, reason = "a count of things that were done in seconds")]
fn as_number(count: usize) -> f64 {
    count as f64
}

/// Answers how many changes were committed, and in which time.
async fn drive_all(address: &str) -> Result<(usize, Duration), String> {
    let store: Arc<dyn Store> = Arc::new(open(address, CONNECTIONS, None).await?);
    let engine = Engine::builder(Arc::new(from_fn(|_job, _log| async { 0 })), Arc::clone(&store)).build();
    for _ in 0..PIPELINES {
        engine.submit(one_job()?).await.map_err(|e| e.to_string())?;
    }
    let (done, all) = (AtomicUsize::new(0), Notify::new());
    let began = Instant::now();
    let capacity = NonZeroUsize::new(SIDE_BY_SIDE).unwrap_or(NonZeroUsize::MIN);
    let ended = |_| {
        if done.fetch_add(1, Ordering::Relaxed) + 1 == PIPELINES {
            all.notify_one();
        }
    };
    engine.work(capacity, all.notified(), ended).await.map_err(|e| e.to_string())?;
    let took = began.elapsed();
    let mut events = 0;
    let mut after = EventId::default();
    loop {
        let page = store.events_after(None, after, 10_000).await.map_err(|e| e.to_string())?;
        let Some(last) = page.last() else { return Ok((events, took)) };
        after = last.id;
        events += page.len();
    }
}

/// Commits a second of one row each, with as many clients.
fn single_row_commits(bench: &Bench, address: &str) -> Result<f64, String> {
    psql(address, "CREATE TABLE single (id INT PRIMARY KEY, value INT)")?;
    psql(address, "INSERT INTO single SELECT n, 0 FROM generate_series(1, 1000) n")?;
    let script = bench.scratch.path().join("single.sql");
    let text = "\\set id random(1, 1000)\nUPDATE single SET value = value + 1 WHERE id = :id;\n";
    std::fs::write(&script, text).map_err(|e| e.to_string())?;
    let clients = SIDE_BY_SIDE.to_string();
    let mut pgbench = Command::new("pgbench");
    pgbench.args(["-n", "-c", &clients, "-j", "2", "-T", "10", "-f"]).arg(&script).arg(address);
    let said = output(&mut pgbench)?;
    let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    rate.ok_or_else(|| format!("pgbench says no rate: {said}"))
}

pub(crate) fn claims(_bench: &Bench) -> Result<Vec<Row>, String> {
    let address = fresh_database("imt_bench_claims")?;
    let mut rows = Vec::new();
    let mut queued = 1;
    runtime(async { open(&address, 2, None).await?.enqueue(new()?, None).await.map_err(|e| e.to_string()) })?;
    for wanted in [10_000_u32, 30_000, 100_000, 300_000, 1_000_000] {
        let more = wanted - queued;
        psql(
            &address,
            &format!(
                "INSERT INTO pipelines (id, project, number, submitted_at, labels, event, commit_id, plan, status)
                 SELECT CAST(gen_random_uuid() AS TEXT), project, {queued} + n, submitted_at, labels, event, commit_id, plan, status
                   FROM pipelines, generate_series(1, {more}) n WHERE number = 1"
            ),
        )?;
        psql(&address, "ANALYZE")?;
        queued = wanted;
        let delays = runtime(look_for_work(&address))?;
        rows.push(Row {
            what: format!("a claim with {wanted} queued and {RUNNERS} runners polling"),
            limit: "–".into(),
            ours: show_delays(&delays),
            result: format!("worst {:.1} ms", percentile(delays, 1.0)),
            goal: "p99 ≤ 20 ms, flat",
        });
    }
    Ok(rows)
}

pub(crate) fn new() -> Result<imt_core::ports::NewPipeline, String> {
    let at = imt_core::time::Timestamp::from_system(std::time::SystemTime::now());
    Ok(imt_core::ports::NewPipeline {
        id: imt_core::id::PipelineId::generate(),
        plan: one_job()?,
        at,
        idempotency_key: None,
    })
}

/// Each runner claims once a second and gives back what it has, for ten seconds; answers how long each claim took, in
/// milliseconds.
async fn look_for_work(address: &str) -> Result<Vec<f64>, String> {
    let store = Arc::new(open(address, 20, None).await?);
    let runners = (0..RUNNERS).map(|number| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let instance = InstanceId::new(format!("runner-{number}"));
            let runner = RunnerInfo { instance, labels: Vec::new(), driving: Vec::new(), lease: LEASE };
            let mut due = tokio::time::interval_at(
                tokio::time::Instant::now() + Duration::from_millis(u64::from(number) * 10),
                Duration::from_secs(1),
            );
            let mut delays = Vec::new();
            for _ in 0..10 {
                due.tick().await;
                let began = Instant::now();
                let claim = store.claim(&runner, None).await.map_err(|e| e.to_string())?;
                delays.push(began.elapsed().as_secs_f64() * 1e3);
                store.release(&claim.ok_or("nothing to claim")?).await.map_err(|e| e.to_string())?;
            }
            Ok::<_, String>(delays)
        })
    });
    let mut all = Vec::new();
    for runner in runners.collect::<Vec<_>>() {
        all.extend(runner.await.map_err(|e| e.to_string())??);
    }
    Ok(all)
}

pub(crate) fn idle(bench: &Bench) -> Result<Vec<Row>, String> {
    let address = fresh_database("imt_bench_idle")?;
    let mut command = Command::new(&bench.imt);
    command.args(["runner", "--executor", "local"]).env("IMT_STORE", &address);
    command.env("XDG_STATE_HOME", bench.scratch.path().join("idle"));
    let mut runner = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| format!("{command:?}: {e}"))?;
    let watched = watch(&address, runner.id());
    runner.kill().map_err(|e| e.to_string())?;
    runner.wait().map_err(|e| e.to_string())?;
    let (rate, resident) = watched?;
    Ok(vec![Row {
        what: "an idle runner on PostgreSQL, over 30 s".into(),
        limit: "–".into(),
        ours: format!("{rate:.2} transactions a second, {resident:.1} MiB resident"),
        result: "–".into(),
        goal: "≤ 1 query a second, ≤ 20 MB",
    }])
}

/// Transactions a second that the database has seen, and what the process holds in memory, in MiB.
fn watch(address: &str, process: u32) -> Result<(f64, f64), String> {
    // What it does at its start is not what waiting costs.
    std::thread::sleep(Duration::from_secs(5));
    let count = || -> Result<f64, String> {
        let name = address.rsplit('/').next().unwrap_or_default();
        let of = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname =";
        let text = psql(&postgres()?, &format!("{of} '{name}'"))?;
        text.trim().parse().map_err(|_| format!("`{text}` is no number"))
    };
    let before = count()?;
    std::thread::sleep(Duration::from_secs(30));
    let rate = (count()? - before) / 30.0;
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).map_err(|e| e.to_string())?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("the runner is gone")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().map_err(|_| format!("`{line}` is no size"))?;
    Ok((rate, kib / 1024.0))
}
