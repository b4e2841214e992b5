//! Stores in databases: opening them, and reading out of the middle of what the flood has left.

use std::future::Future;
use std::path::Path;
use std::time::Instant;

use imt_core::id::{AttemptId, JobIndex, ProjectName};
use imt_core::ports::{Catalog, LogFrom, PipelineFilter, Store};
use imt_store_sql::{KeyRing, SqlStore};

use crate::harness::{Row, show_delays};

/// Connections of a store for work.
pub(crate) const CONNECTIONS: u32 = 8;

/// The address of the server that the scripts bring up.
pub(crate) fn postgres() -> Result<String, String> {
    std::env::var("IMT_TEST_POSTGRES").map_err(|_| "IMT_TEST_POSTGRES names no PostgreSQL; use scripts/bench".into())
}

/// A store by its address.
pub(crate) async fn open(address: &str, connections: u32, keys: Option<KeyRing>) -> Result<SqlStore, String> {
    let opened = if let Some(path) = address.strip_prefix("sqlite://") {
        imt_store_sqlite::open(Path::new(path), keys).await
    } else {
        let options = imt_store_postgres::Options { connections, ..Default::default() };
        imt_store_postgres::open(address, options, keys).await
    };
    opened.map_err(|e| e.to_string())
}

pub(crate) fn runtime<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|e| e.to_string())?.block_on(work)
}

/// Fifty lines out of the middle of the newest flood.
pub(crate) fn middle_of_a_log(address: &str, name: &str) -> Result<Row, String> {
    let delays = runtime(async {
        let store = open(address, CONNECTIONS, None).await?;
        let newest = store
            .pipelines(&ProjectName::new("bench"), &PipelineFilter::default(), None, 1)
            .await
            .map_err(|e| e.to_string())?
            .found;
        let pipeline = newest.first().ok_or("there is no flood")?.id;
        let attempt = AttemptId { pipeline, job: JobIndex(0), number: 1 };
        let mut delays = Vec::new();
        for nth in 0..200_u64 {
            let began = Instant::now();
            let line = 400_000 + nth * 977;
            let (mut from, mut lines) = (LogFrom::Line(line), 0);
            while lines < 50 {
                let page = store.read_log(attempt, from, 50 * 110).await.map_err(|e| e.to_string())?;
                if page.chunks.is_empty() {
                    return Err(format!("only {lines} lines came from {line}"));
                }
                lines += page.chunks.iter().map(|c| c.bytes.split(|b| *b == b'\n').count() - 1).sum::<usize>();
                from = LogFrom::Offset(page.next_offset);
            }
            delays.push(began.elapsed().as_secs_f64() * 1e3);
        }
        Ok(delays)
    })?;
    Ok(Row {
        what: format!("50 lines out of the middle of 1,000,000 in {name}"),
        limit: "–".into(),
        ours: show_delays(&delays),
        result: "–".into(),
        goal: "≤ 10 ms",
    })
}
