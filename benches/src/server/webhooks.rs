//! Signed webhooks, as fast as a large organisation pushes.

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::served::{Served, WEBHOOK_SECRET, repository};
use super::wire::Wire;
use crate::harness::{Bench, Row, percentile, show_delays};

const A_SECOND: u32 = 200;
const SECONDS: u32 = 10;
const SENDERS: u32 = 4;

/// Two hundred a second for ten seconds, while the server makes pipelines of them.
pub(crate) fn two_hundred_a_second(bench: &Bench) -> Result<Vec<Row>, String> {
    let served = Served::start(bench, &bench.scratch.path().join("server-webhooks"))?;
    let project = served.project(bench, "webhooks")?;
    let shown = served.wire()?.get(&project)?;
    let hook = shown.split("\"webhook_url\":\"").nth(1).and_then(|rest| rest.split('"').next());
    let path = hook.and_then(|url| url.find("/webhook/").map(|at| url[at..].to_owned())).ok_or("no webhook_url")?;
    let head = head(&repository(bench, "webhooks")?)?;
    let sent: Vec<Result<Vec<f64>, String>> = std::thread::scope(|scope| {
        let (path, head) = (&path, &head);
        let senders: Vec<_> =
            (0..SENDERS).map(|nth| scope.spawn(move || send(served.address, nth, path, head))).collect();
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
fn send(address: SocketAddr, nth: u32, path: &str, head: &str) -> Result<Vec<f64>, String> {
    let (mut wire, began) = (Wire::open(address, None)?, Instant::now());
    let pause = Duration::from_secs(1) * SENDERS / A_SECOND;
    let mut delays = Vec::new();
    for turn in 0..A_SECOND * SECONDS / SENDERS {
        let due = began + pause * turn;
        // Signed while there is time: that is the host's work.
        let id = format!("{nth}-{turn}");
        let body = pushed(head, &id);
        let signature = signature(&body);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let headers = [
            ("content-type", "application/json"),
            ("x-github-event", "push"),
            ("x-github-delivery", id.as_str()),
            ("x-hub-signature-256", signature.as_str()),
        ];
        wire.call("POST", path, &headers, &body)?;
        delays.push(due.elapsed().as_secs_f64() * 1e3);
    }
    Ok(delays)
}

fn head(repository: &std::path::Path) -> Result<String, String> {
    let head = Command::new("git").arg("-C").arg(repository).args(["rev-parse", "HEAD"]).output();
    Ok(String::from_utf8_lossy(&head.map_err(|e| e.to_string())?.stdout).trim().to_owned())
}

/// As hosts do it, no two pushes have the same body.
fn pushed(head: &str, id: &str) -> String {
    format!(
        r#"{{"ref": "refs/heads/main", "after": "{head}", "head_commit": {{"message": "first"}}, "told_as": "{id}"}}"#
    )
}

fn signature(body: &str) -> String {
    let keyed = Hmac::<Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes()).expect("HMAC takes any key");
    let tag = keyed.chain_update(body).finalize().into_bytes();
    tag.iter().fold("sha256=".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}
