//! Signed webhooks, as fast as a large organisation pushes.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::hello::Hello;
use super::pulse::Pulse;
use super::served::{LOCAL, NOTHING, Served, WEBHOOK_SECRET, repository};
use super::wire::Wire;
use crate::harness::{Bench, Row, percentile, show_delays};

const A_SECOND: u32 = 200;
const SECONDS: u32 = 10;
const SENDERS: u32 = 4;

/// Two hundred a second for ten seconds, while the server makes pipelines of them. The limit is what this machine gives to whoever
/// answers at once, where background work takes all that is left: that on which nothing depends.
pub(crate) fn two_hundred_a_second(bench: &Bench) -> Result<Vec<Row>, String> {
    let limit = {
        let (hello, _busy) = (Hello::start()?, Busy::start()?);
        let nothing = vec![String::new(); (A_SECOND * SECONDS) as usize];
        took(&paced(hello.address, &nothing, |wire, _| wire.call("GET", "/", &[], "").map(drop))?)
    };
    let served = Served::start(bench, &bench.scratch.path().join("server-webhooks"), LOCAL)?;
    let repository = repository(bench, "webhooks", NOTHING)?;
    let path = served.hook(&served.project(&repository, "webhooks")?)?;
    let commits = commits(&repository, A_SECOND * SECONDS)?;
    let pulse = Pulse::feel();
    let calls = paced(served.address, &commits, |wire, commit| push(wire, &path, commit, commit))?;
    let (delays, slow) = (took(&calls), pulse.slow()?);
    let steady: Vec<Call> = calls.into_iter().filter(|call| !slow.has(call.due, call.over)).collect();
    Ok(vec![Row {
        what: format!("a signed webhook, {A_SECOND} a second for {SECONDS} s, SQLite, pipelines made meanwhile"),
        limit: format!("hyper's hello, processors busy at a lower priority: {}", show_delays(&limit)),
        ours: show_delays(&delays),
        result: format!(
            "{} of {}, worst {:.1} ms; the {} while the machine kept its speed: {}",
            delays.len(),
            A_SECOND * SECONDS,
            percentile(delays.clone(), 1.0),
            steady.len(),
            show_delays(&took(&steady))
        ),
        goal: "p99 ≤ 20 ms",
    }])
}

/// A process for each processor that is never done, and steps back as git and jobs do.
struct Busy(Vec<Child>);

impl Busy {
    fn start() -> Result<Self, String> {
        let processors = std::thread::available_parallelism().map_err(|e| e.to_string())?.get();
        let mut busy = Self(Vec::new());
        for _ in 0..processors {
            let mut command = Command::new("nice");
            let command = command.args(["-n", "10", "sh", "-c", "while :; do :; done"]);
            busy.0.push(command.spawn().map_err(|e| e.to_string())?);
        }
        Ok(busy)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _gone = (child.kill(), child.wait());
        }
    }
}

/// A call that was answered.
struct Call {
    due: Instant,
    over: Instant,
}

/// How long each took, in milliseconds, from when it was to be made.
fn took(calls: &[Call]) -> Vec<f64> {
    calls.iter().map(|call| (call.over - call.due).as_secs_f64() * 1e3).collect()
}

/// Makes the calls at their times, evenly, by several senders in turn.
fn paced(
    address: SocketAddr,
    calls: &[String],
    call: impl Fn(&mut Wire, &str) -> Result<(), String> + Sync,
) -> Result<Vec<Call>, String> {
    let sent: Vec<Result<Vec<Call>, String>> = std::thread::scope(|scope| {
        let (each, call, began) = (calls.len().div_ceil(SENDERS as usize), &call, Instant::now());
        let of_sender = |(nth, calls)| {
            let first = began + Duration::from_secs(1) * nth / A_SECOND;
            scope.spawn(move || one_sender(address, first, calls, call))
        };
        let senders: Vec<_> = (0..).zip(calls.chunks(each)).map(of_sender).collect();
        senders.into_iter().map(|sender| sender.join().unwrap_or_else(|_| Err("a sender panicked".into()))).collect()
    });
    Ok(sent.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

fn one_sender(
    address: SocketAddr,
    first: Instant,
    calls: &[String],
    call: impl Fn(&mut Wire, &str) -> Result<(), String>,
) -> Result<Vec<Call>, String> {
    let mut wire = Wire::open(address, None)?;
    let pause = Duration::from_secs(1) * SENDERS / A_SECOND;
    let mut made = Vec::new();
    for (turn, each) in (0..).zip(calls) {
        let due = first + pause * turn;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        call(&mut wire, each)?;
        made.push(Call { due, over: Instant::now() });
    }
    Ok(made)
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
