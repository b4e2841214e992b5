//! Signed webhooks, as fast as a large organisation pushes.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::served::{LOCAL, NOTHING, Served, WEBHOOK_SECRET, repository};
use super::wire::Wire;
use crate::harness::{Bench, Row, percentile, show_delays};

const A_SECOND: u32 = 200;
const SECONDS: u32 = 10;
const SENDERS: u32 = 4;

/// Two hundred a second for ten seconds, while the server makes pipelines of them.
pub(crate) fn two_hundred_a_second(bench: &Bench) -> Result<Vec<Row>, String> {
    let served = Served::start(bench, &bench.scratch.path().join("server-webhooks"), LOCAL)?;
    let repository = repository(bench, "webhooks", NOTHING)?;
    let path = served.hook(&served.project(&repository, "webhooks")?)?;
    let commits = commits(&repository, A_SECOND * SECONDS)?;
    let sent: Vec<Result<Vec<f64>, String>> = std::thread::scope(|scope| {
        let each = commits.len().div_ceil(SENDERS as usize);
        let path = &path;
        let senders: Vec<_> =
            commits.chunks(each).map(|commits| scope.spawn(move || send(served.address, path, commits))).collect();
        senders.into_iter().map(|sender| sender.join().unwrap_or_else(|_| Err("a sender panicked".into()))).collect()
    });
    let delays = sent.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
    Ok(vec![Row {
        what: format!("a signed webhook, {A_SECOND} a second for {SECONDS} s, SQLite, pipelines made meanwhile"),
        limit: "–".into(),
        ours: show_delays(&delays),
        result: format!("{} of {}, worst {:.1} ms", delays.len(), A_SECOND * SECONDS, percentile(delays.clone(), 1.0)),
        goal: "p99 ≤ 20 ms",
    }])
}

/// One of the senders; answers how long each delivery took, from when it was to be sent.
fn send(address: SocketAddr, path: &str, commits: &[String]) -> Result<Vec<f64>, String> {
    let (mut wire, began) = (Wire::open(address, None)?, Instant::now());
    let pause = Duration::from_secs(1) * SENDERS / A_SECOND;
    let mut delays = Vec::new();
    for (turn, commit) in (0..).zip(commits) {
        let due = began + pause * turn;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        push(&mut wire, path, commit, commit)?;
        delays.push(due.elapsed().as_secs_f64() * 1e3);
    }
    Ok(delays)
}

/// Puts so many commits above the one that a repository is at, which change nothing.
fn commits(repository: &Path, count: u32) -> Result<Vec<String>, String> {
    let one = |nth| {
        let from = if nth == 0 { "from refs/heads/main^0\n" } else { "" };
        format!("commit refs/heads/main\ncommitter a <a@b> {nth} +0000\ndata 4\nmore\n{from}")
    };
    let stream = (0..count).map(one).collect::<Vec<_>>().concat();
    let mut import = Command::new("git");
    import.arg("-C").arg(repository).args(["fast-import", "--quiet"]).stdin(Stdio::piped());
    let mut import = import.spawn().map_err(|e| e.to_string())?;
    import.stdin.take().ok_or("no stdin")?.write_all(stream.as_bytes()).map_err(|e| e.to_string())?;
    if !import.wait().map_err(|e| e.to_string())?.success() {
        return Err("git fast-import failed".into());
    }
    let listed = Command::new("git").arg("-C").arg(repository).args(["rev-list", "--reverse", "main"]).output();
    let listed = String::from_utf8(listed.map_err(|e| e.to_string())?.stdout).map_err(|e| e.to_string())?;
    Ok(listed.lines().skip(1).map(str::to_owned).collect())
}

/// The commit that a repository is at.
pub(super) fn head(repository: &Path) -> Result<String, String> {
    let head = Command::new("git").arg("-C").arg(repository).args(["rev-parse", "HEAD"]).output();
    Ok(String::from_utf8_lossy(&head.map_err(|e| e.to_string())?.stdout).trim().to_owned())
}

/// Tells of a push of this commit; each delivery says something else, as those of real pushes do.
pub(super) fn push(wire: &mut Wire, path: &str, head: &str, id: &str) -> Result<(), String> {
    let body = format!(
        r#"{{"ref": "refs/heads/main", "after": "{head}", "head_commit": {{"message": "first"}}, "repository": {{"pushed_at": "{id}"}}}}"#
    );
    let signature = signature(&body);
    let headers = [
        ("content-type", "application/json"),
        ("x-github-event", "push"),
        ("x-github-delivery", id),
        ("x-hub-signature-256", signature.as_str()),
    ];
    wire.call("POST", path, &headers, &body).map(drop)
}

fn signature(body: &str) -> String {
    let keyed = Hmac::<Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes()).expect("HMAC takes any key");
    let tag = keyed.chain_update(body).finalize().into_bytes();
    tag.iter().fold("sha256=".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}
