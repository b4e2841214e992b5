//! From a push to its container, and from what that prints to a browser: against `docker run`, turn and turn about.

use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tungstenite::{Message, WebSocket};

use super::served::{Served, repository};
use super::webhooks::{head, push};
use crate::containers::{IMAGE, delays, image, late_by};
use crate::harness::{Bench, LATENCY_GOAL, Row, TICKS, median, percentile, show_delays};

/// How often a push is told of.
const PUSHES: u64 = 20;
/// After this time what is waited for does not come.
const PATIENCE: Duration = Duration::from_secs(30);
/// Prints when it is.
const CLOCK: &str = "bash -c 'echo $EPOCHREALTIME'";

/// How much later than `docker run` a webhook has the first command of its pipeline run.
pub(crate) fn webhook_to_container(bench: &Bench) -> Result<Vec<Row>, String> {
    image()?;
    let (served, project, repository) = on_docker(bench, "started", CLOCK)?;
    let (hook, head) = (served.hook(&project)?, head(&repository)?);
    let mut wire = served.wire()?;
    let (mut limit, mut ours) = (Vec::new(), Vec::new());
    // The first one makes the mirror of the repository, and what else a machine is without before its first push.
    for number in 1..=PUSHES + 1 {
        let began = now()?;
        let said = output(&["run", "--rm", IMAGE, "sh", "-c", CLOCK])?;
        limit.push(since(began, &said)?);
        let began = now()?;
        push(&mut wire, &hook, &head, &number.to_string())?;
        let log = format!("{project}/pipelines/{number}/jobs/0/log/pieces");
        ours.push(since(began, &once(|| wire_log(&served, &log))?)?);
    }
    let differences = ours.iter().zip(&limit).skip(1).map(|(ours, limit)| ours - limit).collect();
    let (first, rest) = (ours[0], ours[1..].to_vec());
    Ok(vec![Row {
        what: "a webhook is sent → the first command in its container runs, SQLite".into(),
        limit: format!("`docker run`: {:.0} ms", median(limit)),
        ours: format!(
            "median {:.0} ms, worst {:.0}; the first {first:.0}",
            median(rest.clone()),
            percentile(rest, 1.0)
        ),
        result: format!("{:+.0} ms", median(differences)),
        goal: "≤ +100 ms",
    }])
}

/// How late what a container prints comes over the socket.
pub(crate) fn container_to_socket(bench: &Bench) -> Result<Vec<Row>, String> {
    image()?;
    let mut docker = Command::new("docker");
    docker.args(["run", "--rm", IMAGE, "sh", "-c", TICKS]);
    let limit = delays(&mut docker)?;
    let (served, project, _) = on_docker(bench, "live", TICKS)?;
    served.wire()?.call("POST", &format!("{project}/pipelines"), &[("content-type", "application/json")], "{}")?;
    let mut socket = served.socket()?;
    let follow = r#"{"type": "follow", "id": 1, "project": "live", "pipeline": 1}"#;
    socket.send(Message::text(follow)).map_err(|e| e.to_string())?;
    let ours = heard(&mut socket)?;
    Ok(vec![Row {
        what: "container prints → client of the WebSocket sees, SQLite".into(),
        limit: format!("`docker run` in a pipe: {}", show_delays(&limit)),
        ours: show_delays(&ours),
        result: format!("{:.2} × in the median", median(ours.clone()) / median(limit)),
        goal: LATENCY_GOAL,
    }])
}

/// A server whose jobs are containers, and a project of one job with this command; its path, and its repository.
fn on_docker(bench: &Bench, name: &str, script: &str) -> Result<(Served, String, std::path::PathBuf), String> {
    let served = Served::start(bench, &bench.scratch.path().join(format!("server-{name}")), "docker")?;
    let file = format!("jobs:\n  ticks:\n    image: {IMAGE}\n    script:\n      - {script}\n");
    let repository = repository(bench, name, &file)?;
    let project = served.project(&repository, name)?;
    Ok((served, project, repository))
}

/// The log, once there is a time in it. A job that has not begun has none, or an empty one.
fn wire_log(served: &Served, path: &str) -> Result<Option<String>, String> {
    let log = served.wire()?.get(path).ok().map(|log| log.replace("\\n", "\n"));
    Ok(log.filter(|log| time_in(log).is_some()))
}

fn once<T>(mut look: impl FnMut() -> Result<Option<T>, String>) -> Result<T, String> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(found) = look()? {
            return Ok(found);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err("what was waited for did not come".into())
}

fn output(words: &[&str]) -> Result<String, String> {
    let done = Command::new("docker").args(words).stdin(Stdio::null()).output().map_err(|e| e.to_string())?;
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

fn now() -> Result<f64, String> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH).map_err(|e| e.to_string())?.as_secs_f64())
}

/// How long after the beginning the clock was read that is somewhere in what was printed; in milliseconds.
fn since(began: f64, said: &str) -> Result<f64, String> {
    time_in(said).map(|printed| (printed - began) * 1e3).ok_or_else(|| format!("no time in {said:?}"))
}

fn time_in(said: &str) -> Option<f64> {
    said.lines().find_map(|line| line.trim().parse().ok())
}

/// How late each printed time comes over the socket, until the pipeline is over.
fn heard(socket: &mut WebSocket<TcpStream>) -> Result<Vec<f64>, String> {
    let (mut delays, mut rest) = (Vec::new(), String::new());
    loop {
        let Message::Text(said) = socket.read().map_err(|e| e.to_string())? else { continue };
        if said.contains(r#""type":"end""#) {
            return if delays.len() < 100 { Err(format!("only {} lines came", delays.len())) } else { Ok(delays) };
        }
        // The times have nothing in them that JSON writes otherwise, but the ends of their lines.
        let text = said.split(r#""text":""#).nth(1).and_then(|text| text.split('"').next());
        let Some(text) = text.filter(|_| said.contains(r#""type":"log""#)) else { continue };
        rest.push_str(&text.replace("\\n", "\n"));
        while let Some((line, after)) = rest.split_once('\n') {
            delays.extend(late_by(line)?);
            rest = after.to_owned();
        }
    }
}
