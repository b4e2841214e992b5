//! Fifty pipelines of a million, in both databases: the newest, and those of a kind that is rare.

use std::process::Command;
use std::time::Instant;

use imt_core::id::ProjectName;
use imt_core::pipeline::TriggerEvent;
use imt_core::ports::{Catalog, PipelineFilter, Store};
use imt_core::status::Status;

use crate::harness::{Bench, Row, show_delays};
use crate::queue::{fresh_database, new, output, psql};
use crate::stores::{CONNECTIONS, open, runtime};

const PIPELINES: u32 = 1_000_000;
/// Every one in so many is of a branch, a status and an event that the others are not.
const RARE: u32 = 1_000;

/// The rest of them, after the first one: those are over. `{id}` and `{numbers}` are the database's own words.
fn filling(id: &str, numbers: &str) -> String {
    format!(
        "INSERT INTO pipelines (id, project, number, submitted_at, labels, event, commit_id, branch, plan, status, ended, ended_at)
         SELECT {id}, project, n, submitted_at, labels,
                CASE WHEN n % {RARE} = 0 THEN 'tag' ELSE 'push' END, commit_id,
                CASE WHEN n % {RARE} = 0 THEN 'rare' ELSE 'main' END, plan,
                CASE WHEN n % {RARE} = 0 THEN 'failed' ELSE 'success' END, 1, submitted_at
           FROM pipelines, {numbers} WHERE number = 1"
    )
}

pub(crate) fn fifty_of_a_million(bench: &Bench) -> Result<Vec<Row>, String> {
    let postgres = fresh_database("imt_bench_list")?;
    runtime(first(&postgres))?;
    psql(&postgres, &filling("CAST(gen_random_uuid() AS TEXT)", &format!("generate_series(2, {PIPELINES}) n")))?;
    psql(&postgres, "ANALYZE")?;
    let path = bench.scratch.path().join("list.db");
    let sqlite = format!("sqlite://{}", path.display());
    runtime(first(&sqlite))?;
    let numbers = format!(
        "(WITH RECURSIVE all_of_them (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM all_of_them WHERE n < {PIPELINES}) \
         SELECT n FROM all_of_them)"
    );
    output(
        Command::new("sqlite3")
            .args(["-cmd", ".timeout 20000"])
            .arg(&path)
            .arg(filling("lower(hex(randomblob(16)))", &numbers)),
    )?;
    let mut rows = Vec::new();
    for (name, address) in [("PostgreSQL", &postgres), ("SQLite", &sqlite)] {
        for (which, wanted) in kinds() {
            let delays = runtime(listed(address, &wanted))?;
            rows.push(Row {
                what: format!("50 of {PIPELINES} pipelines in {name}, {which}"),
                limit: "–".into(),
                ours: show_delays(&delays),
                result: "–".into(),
                goal: "≤ 10 ms",
            });
        }
    }
    Ok(rows)
}

async fn first(address: &str) -> Result<(), String> {
    let store = open(address, 2, None).await?;
    store.enqueue(new()?, None).await.map(drop).map_err(|e| e.to_string())
}

fn kinds() -> Vec<(&'static str, PipelineFilter)> {
    let branch = PipelineFilter { branch: Some("rare".to_owned()), ..PipelineFilter::default() };
    let status = PipelineFilter { status: Some(Status::Failed), ..PipelineFilter::default() };
    let event = PipelineFilter { event: Some(TriggerEvent::Tag), ..PipelineFilter::default() };
    let all = PipelineFilter { branch: branch.branch.clone(), status: status.status, event: event.event };
    vec![
        ("the newest", PipelineFilter::default()),
        ("of a rare branch", branch),
        ("that failed, as few did", status),
        ("of a rare event", event),
        ("by all three", all),
    ]
}

/// How long each piece took, down through the list.
async fn listed(address: &str, wanted: &PipelineFilter) -> Result<Vec<f64>, String> {
    let store = open(address, CONNECTIONS, None).await?;
    let (mut delays, mut before) = (Vec::new(), None);
    for _ in 0..200 {
        let began = Instant::now();
        let found = store.pipelines(&ProjectName::new("queue"), wanted, before, 50).await.map_err(|e| e.to_string())?;
        delays.push(began.elapsed().as_secs_f64() * 1e3);
        before = found.found.last().map(|last| last.number);
        if found.found.is_empty() && delays.len() == 1 {
            return Err(format!("nothing is found by {wanted:?}: {:?}", found.set_aside));
        }
    }
    Ok(delays)
}
