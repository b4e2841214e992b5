//! The Docker executor: fixed cost of a job, start after a predecessor, throughput and latency of its log.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::harness::{
    Bench, Cost, LATENCY_GOAL, Row, TICKS, median, pairs, percentile, ratio, repeat, show_delays, walls,
};
use crate::local::many_jobs;
use crate::stores;

pub(crate) const IMAGE: &str = "imt-bench/busybox:3";

/// Prints 1,000,000 lines of 100 bytes: the text of the image again and again, which is longer than anything that a compressor
/// remembers.
pub(crate) const FLOOD: &str = "while cat /text; do :; done | head -n 1000000";

/// 10,000 lines of 100 bytes that read like the log of a build and have nothing but words in common.
const TEXT: &str = r#"awk 'BEGIN { srand(1); for (i = 0; i < 10000; i++) printf "%05d compiled unit %06d in %5d ms, %2d warnings, object %06x%06x%06x, %3d left in the queue\n", i, rand() * 1e6, rand() * 1e5, rand() * 50, rand() * 16777216, rand() * 16777216, rand() * 16777216, rand() * 1000 }' | cut -c1-99"#;

/// Imports the image from the host's static busybox, and its bash for the clock in it, unless it is there.
pub(crate) fn image() -> Result<(), String> {
    let there =
        Command::new("docker").args(["image", "inspect", IMAGE]).output().map_err(|e| format!("docker: {e}"))?;
    if there.status.success() {
        return Ok(());
    }
    let script = format!(
        "set -e; dir=$(mktemp -d); mkdir -p $dir/bin $dir/tmp; cp /bin/busybox $dir/bin/; busybox {TEXT} > $dir/text; \
         for tool in $(/bin/busybox --list); do [ -e $dir/bin/$tool ] || ln -s busybox $dir/bin/$tool; done; \
         cp --parents /bin/bash $(ldd /bin/bash | grep -o '/[^ ]*') $dir; \
         chmod 1777 $dir/tmp; tar -C $dir -c . | docker import - {IMAGE}; rm -rf $dir"
    );
    let made = Command::new("sh").args(["-c", &script]).output().map_err(|e| e.to_string())?;
    if made.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&made.stderr).into_owned()) }
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]).stdout(Stdio::null());
    command
}

pub(crate) fn thirty_jobs(bench: &Bench) -> Result<Vec<Row>, String> {
    image()?;
    let project = bench.project("thirty-docker", &many_jobs(30, IMAGE))?;
    let script = repeat(30, |n| format!("docker run --rm {IMAGE} sh -c 'echo {n}'; "));
    let (limit, ours) = pairs(
        5,
        || shell(&script),
        || {
            let mut run = bench.run(&project, "docker", "plain");
            run.stdout(Stdio::null());
            run
        },
    )?;
    Ok(vec![Row {
        what: "30 one-line jobs, each in a fresh container".into(),
        limit: format!("a loop of `docker run --rm`: {:.2} s", median(walls(&limit))),
        ours: format!("{:.2} s", median(walls(&ours))),
        result: format!("{:.2} ×", ratio(&ours, &limit)),
        goal: "≤ 0.65 ×, stretch 0.5",
    }])
}

pub(crate) fn successor(bench: &Bench) -> Result<Vec<Row>, String> {
    image()?;
    let jobs = repeat(8, |n| format!("  job{n}: {{image: {IMAGE}, script: [\"echo {n}; sleep 1.5\"]}}\n"));
    let file = format!("jobs:\n{jobs}");
    let project = bench.project("successor", &file)?;
    let output = bench.run(&project, "docker", "json").output().map_err(|e| e.to_string())?;
    let mut gaps = Vec::new();
    let mut ended: Option<f64> = None;
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let at = field(line, "at").and_then(|at| seconds(&at)).ok_or_else(|| format!("no time in {line}"))?;
        match field(line, "event").as_deref() {
            Some("job_finished") => ended = Some(at),
            Some("job_log") => gaps.extend(ended.take().map(|end| (at - end) * 1e3)),
            _ => {}
        }
    }
    Ok(vec![Row {
        what: "a prepared job's first byte after its predecessor's end".into(),
        limit: "–".into(),
        ours: format!("median {:.1} ms, worst of {} {:.1} ms", median(gaps.clone()), gaps.len(), percentile(gaps, 1.0)),
        result: "–".into(),
        goal: "≤ 15 ms",
    }])
}

/// The text of a field of a compact JSON object; enough for the two fields looked at here.
fn field(line: &str, name: &str) -> Option<String> {
    let (_, rest) = line.split_once(&format!("\"{name}\":\""))?;
    rest.split_once('"').map(|(value, _)| value.to_owned())
}

/// Seconds of the day of an RFC 3339 time; differences are what matters.
fn seconds(at: &str) -> Option<f64> {
    let (_, time) = at.split_once('T')?;
    let mut parts = time.trim_end_matches('Z').split(':').map(|p| p.parse::<f64>().ok());
    Some(parts.next()?? * 3600.0 + parts.next()?? * 60.0 + parts.next()??)
}

pub(crate) fn hundred_megabytes(bench: &Bench) -> Result<Vec<Row>, String> {
    let file = format!("jobs:\n  flood:\n    image: {IMAGE}\n    script:\n      - {FLOOD}\n");
    let project = bench.project("flood", &file)?;
    let sink = bench.scratch.path().join("out");
    let row = against_docker_run(bench, "to `--output plain`, one secret masked", || {
        let mut run = bench.run(&project, "docker", "plain");
        run.args(["--secret", "TOKEN=s3cr3t-value-0001"]);
        to_file(run, &sink)
    })?;
    let bytes = sink.metadata().map_err(|e| e.to_string())?.len();
    if bytes < 100_000_000 { Err(format!("only {bytes} bytes came out")) } else { Ok(vec![row]) }
}

pub(crate) fn hundred_megabytes_in_memory(bench: &Bench) -> Result<Vec<Row>, String> {
    embedded(bench, "the store in memory (spilled)", None).map(|row| vec![row])
}

pub(crate) fn hundred_megabytes_in_databases(bench: &Bench) -> Result<Vec<Row>, String> {
    let sqlite = format!("sqlite://{}", bench.scratch.path().join("flood.db").display());
    let mut rows = vec![embedded(bench, "SQLite", Some(&sqlite))?];
    rows.push(stores::middle_of_a_log(&sqlite, "SQLite")?);
    let postgres = stores::postgres()?;
    rows.push(embedded(bench, "PostgreSQL", Some(&postgres))?);
    rows.push(stores::middle_of_a_log(&postgres, "PostgreSQL")?);
    Ok(rows)
}

/// The flood as an embedder has it, in a process of its own.
fn embedded(bench: &Bench, to: &str, store: Option<&str>) -> Result<Row, String> {
    let own = std::env::current_exe().map_err(|e| e.to_string())?;
    against_docker_run(bench, &format!("to {to}, one secret masked, read back"), || {
        let mut run = Command::new(&own);
        run.args(["--embedded", IMAGE]);
        if let Some(store) = store {
            run.arg(store).arg(bench.scratch.path().join("keys"));
        }
        run
    })
}

/// What the flood costs one of ours against `docker run > file`.
fn against_docker_run(bench: &Bench, to: &str, ours: impl FnMut() -> Command) -> Result<Row, String> {
    image()?;
    let sink = bench.scratch.path().join("limit");
    let limit = || {
        let mut run = Command::new("docker");
        run.args(["run", "--rm", IMAGE, "sh", "-c", FLOOD]);
        to_file(run, &sink)
    };
    let (limit, ours) = pairs(5, limit, ours)?;
    let peak = ours.iter().map(|Cost { peak_bytes, .. }| peak_bytes >> 20).max().unwrap_or(0);
    Ok(Row {
        what: format!("100 MB of log in 1,000,000 lines {to}"),
        limit: format!("`docker run > file`: {:.2} s", median(walls(&limit))),
        ours: format!("{:.2} s, peak {peak} MiB", median(walls(&ours))),
        result: format!("{:.2} ×", ratio(&ours, &limit)),
        goal: "≤ 1.2 ×, < 64 MB",
    })
}

/// The command with its output in a file. Where that cannot be, the output is missing, which is noticed.
fn to_file(mut command: Command, sink: &Path) -> Command {
    if let Ok(file) = File::create(sink) {
        command.stdout(file);
    }
    command
}

pub(crate) fn latency(bench: &Bench) -> Result<Vec<Row>, String> {
    image()?;
    let file = format!("jobs:\n  ticks:\n    image: {IMAGE}\n    script:\n      - {TICKS}\n");
    let project = bench.project("ticks", &file)?;
    let mut docker = Command::new("docker");
    docker.args(["run", "--rm", IMAGE, "sh", "-c", TICKS]);
    let limit = delays(&mut docker)?;
    let ours = delays(&mut bench.run(&project, "docker", "plain"))?;
    Ok(vec![Row {
        what: "container prints → reader sees".into(),
        limit: format!("`docker run` in a pipe: {}", show_delays(&limit)),
        ours: show_delays(&ours),
        result: format!("{:.2} × in the median", median(ours.clone()) / median(limit.clone())),
        goal: LATENCY_GOAL,
    }])
}

/// How late each printed time arrives, in milliseconds.
pub(crate) fn delays(command: &mut Command) -> Result<Vec<f64>, String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| format!("{command:?}: {e}"))?;
    let lines = BufReader::new(child.stdout.take().ok_or("no stdout")?).lines();
    let mut delays = Vec::new();
    for line in lines {
        delays.extend(late_by(&line.map_err(|e| e.to_string())?)?);
    }
    child.wait().map_err(|e| e.to_string())?;
    if delays.len() < 100 { Err(format!("only {} lines came", delays.len())) } else { Ok(delays) }
}

/// How long ago a time was printed, in milliseconds; `None`: the line is none.
pub(crate) fn late_by(line: &str) -> Result<Option<f64>, String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|e| e.to_string())?.as_secs_f64();
    Ok(line.trim().parse::<f64>().ok().map(|printed| (now - printed) * 1e3))
}
