//! Work that steps back behind the rest opens connections as others do, because others use them after it. Alone in its program:
//! it looks at all threads there are.

use std::fs;
use std::sync::Arc;

use imt_core::ports::{EventId, Store};
use rustix::process::setpriority_process;

/// The `nice` value of each thread that has a connection.
fn priorities() -> Vec<i32> {
    let threads = fs::read_dir("/proc/self/task").expect("Linux says what threads there are");
    let of_connection = threads.filter_map(|thread| {
        let stat = fs::read_to_string(thread.ok()?.path().join("stat")).ok()?;
        let (name, rest) = stat.rsplit_once(')')?;
        name.contains("sqlx-sqlite").then(|| rest.split_whitespace().nth(16)?.parse().ok()).flatten()
    });
    of_connection.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_do_not_step_back_with_whoever_opens_them() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let store = Arc::new(imt_store_sqlite::open(&dir.path().join("store.db"), None).await.expect("a new store"));
    let before = priorities();
    let (usual, connections) = (before[0], before.len());
    let its = Arc::clone(&store);
    let behind = std::thread::spawn(move || {
        setpriority_process(None, usual + 5).expect("anybody may step back");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let read = || its.events_after(None, EventId(0), 1);
            tokio::try_join!(read(), read(), read(), read()).map(|_nothing| ())
        })
    });
    behind.join().expect("it does not panic").expect("it can be read");
    let after = priorities();
    assert!(after.len() > connections, "it has opened none: {after:?}");
    assert!(after.iter().all(|nice| *nice == usual), "{after:?}");
}
