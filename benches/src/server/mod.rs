//! The server: how it starts and rests, how it takes webhooks, how a plain answer compares with hyper alone, and how long lists
//! take that are short pieces of a long one; how soon a push is in its container, and how soon a browser sees what that prints.
//!
//! `served` is a server that runs, `wire` what clients say to it, `pulse` whether the machine keeps its speed.

mod hello;
mod list;
mod live;
mod pulse;
mod served;
mod webhooks;
mod wire;

use std::time::{Duration, Instant};

use crate::harness::{Bench, Row, median};
use served::{LOCAL, NOTHING, Served, repository};
use wire::Wire;

pub(crate) use hello::{WORD as HELLO, serve as serve_hello};
pub(crate) use list::fifty_of_a_million;
pub(crate) use live::{container_to_socket, webhook_to_container};
pub(crate) use webhooks::two_hundred_a_second;

/// How long each side is called.
const CALLED_FOR: Duration = Duration::from_secs(3);
/// Connections that call.
const CALLERS: usize = 4;
/// How often each side has its turn.
const TURNS: usize = 5;

/// Its start, until it answers, and what it holds while nobody asks it anything.
pub(crate) fn idle(bench: &Bench) -> Result<Vec<Row>, String> {
    let dir = bench.scratch.path().join("server-idle");
    let (mut starts, mut resident) = (Vec::new(), 0.0);
    // The first one makes its database; the others find it.
    for _ in 0..6 {
        let began = Instant::now();
        let served = Served::start(bench, &dir, LOCAL)?;
        served.wire()?.get("/health")?;
        starts.push(began.elapsed().as_secs_f64() * 1e3);
        std::thread::sleep(Duration::from_secs(2));
        resident = served.resident_mb()?;
    }
    let first = starts.remove(0);
    Ok(vec![
        Row {
            what: "server, from its start to its first answer".into(),
            limit: "–".into(),
            ours: format!("{:.0} ms; with a database to make {first:.0}", median(starts)),
            result: "–".into(),
            goal: "≤ 200 ms",
        },
        Row {
            what: "server idle, with a runner".into(),
            limit: "–".into(),
            ours: format!("{resident:.1} MB resident"),
            result: "–".into(),
            goal: "≤ 25 MB",
        },
    ])
}

/// A plain read, with a token and a look into the database, against a bare hello of hyper in a process of its own.
pub(crate) fn plain_read(bench: &Bench) -> Result<Vec<Row>, String> {
    let served = Served::start(bench, &bench.scratch.path().join("server-read"), LOCAL)?;
    let project = served.project(&repository(bench, "read", NOTHING)?, "read")?;
    let hello = hello::Hello::start()?;
    let (mut ours, mut limit) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        limit.push(rate(|| Wire::open(hello.address, None), "/")?);
        ours.push(rate(|| served.wire(), &project)?);
    }
    let ratio = median(ours.iter().zip(&limit).map(|(ours, limit)| ours / limit).collect());
    Ok(vec![Row {
        what: format!("`GET …/projects/NAME`, {CALLERS} connections, SQLite"),
        limit: format!("hyper's hello: {:.0} a second", median(limit)),
        ours: format!("{:.0} a second", median(ours)),
        result: format!("{ratio:.2} ×"),
        goal: "–",
    }])
}

/// Answers a second, over some connections at once.
fn rate(open: impl Fn() -> Result<Wire, String> + Sync, path: &str) -> Result<f64, String> {
    let counted: Vec<Result<u32, String>> = std::thread::scope(|scope| {
        let calling = || {
            let (mut wire, began, mut count) = (open()?, Instant::now(), 0);
            while began.elapsed() < CALLED_FOR {
                wire.get(path)?;
                count += 1;
            }
            Ok(count)
        };
        let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(calling)).collect();
        callers.into_iter().map(|caller| caller.join().unwrap_or_else(|_| Err("a caller panicked".into()))).collect()
    });
    let mut all = 0;
    for count in counted {
        all += count?;
    }
    Ok(f64::from(all) / CALLED_FOR.as_secs_f64())
}
