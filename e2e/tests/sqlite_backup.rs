//! A backup of a SQLite store as `docs/operations.md` tells to make it, while a runner writes, and its restoring.

use std::fs;
use std::path::Path;
use std::process::Command;

use imt_core::id::PipelineId;
use imt_core::ports::Store as _;
use imt_e2e::imt::Home;
use imt_e2e::records::Records;
use imt_e2e::runner::{Host, Watch, assert_success, stop};
use imt_e2e::wait::{SOON, until_holds, until_told};

/// What `sqlite3 FILE COMMAND` prints.
fn sqlite3(file: &Path, command: &str) -> String {
    let done = Command::new("sqlite3").arg(file).arg(command).output().expect("sqlite3 can be run");
    assert!(done.status.success(), "{command}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

/// Prints numbers, without a pause to speak of, until it is let go; may start over.
fn file(go: &Path) -> String {
    let script = format!("i=0; while ! test -e {}; do i=$((i + 1)); echo \"line $i\"; sleep 0.001; done", go.display());
    format!("jobs: {{ busy: {{ retry: {{ max: 3, on: [lost] }}, script: [echo begun, '{script}', echo done] }} }}")
}

/// Whether this process has a file open.
fn is_open_here(file: &Path) -> bool {
    let open = fs::read_dir("/proc/self/fd").expect("what is open").flatten();
    open.filter_map(|fd| fs::read_link(fd.path()).ok()).any(|open| open.starts_with(file))
}

async fn log_of(watch: &Watch, pipeline: PipelineId) -> String {
    let record = watch.record(pipeline).await;
    watch.log(record.state.jobs[0].attempts[0].id).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_while_a_runner_writes_is_whole_and_goes_on() {
    let home = Home::new();
    let (store, backup, go) = (home.path().join("store.db"), home.path().join("backup.db"), home.path().join("go"));
    let records = Records::Sqlite(store.clone());
    let host = Host::new(&records);
    let before = Watch::new(&records).await;
    let runner = host.runner(&["--executor", "local"]);
    let over = before.hand_in("jobs: { short: { script: [echo short] } }").await;
    assert_success(&before.ended(over, SOON).await);
    let busy = before.hand_in(&file(&go)).await;
    before.prints(busy, "line 10").await;

    sqlite3(&store, &format!(".backup '{}'", backup.display()));
    let at_least = log_of(&before, busy).await.len();
    until_told("it writes on", SOON, async || (log_of(&before, busy).await.len() > at_least + 1000).then_some(()))
        .await;
    fs::write(&go, "").expect("a file");
    assert_success(&before.ended(busy, SOON).await);
    let later = before.hand_in("jobs: { later: { script: [echo later] } }").await;
    assert_success(&before.ended(later, SOON).await);
    stop(runner);
    let (short, whole) = (log_of(&before, over).await, log_of(&before, busy).await);
    let project = before.project.clone();
    drop(before);

    // Whoever has it open writes to it once more when he closes it.
    until_holds("nobody has the store open", SOON, || !is_open_here(&store));
    fs::remove_file(&store).expect("the store is there");
    for of_the_old in ["store.db-wal", "store.db-shm"] {
        // Whoever closes a store last has removed them.
        let _gone = fs::remove_file(home.path().join(of_the_old));
    }
    fs::copy(&backup, &store).expect("the backup is put in place");
    assert_eq!(sqlite3(&store, "PRAGMA integrity_check"), "ok");
    assert_eq!(sqlite3(&store, "PRAGMA foreign_key_check"), "");

    let after = Watch { project, ..Watch::new(&records).await };
    assert_success(&after.record(over).await);
    assert_eq!(log_of(&after, over).await, short);
    let restored = log_of(&after, busy).await;
    assert!(whole.starts_with(&restored), "{restored}");
    assert!(restored.contains("line 10\n") && restored.len() < whole.len(), "what was there at the backup: {restored}");
    assert!(after.store.load(later).await.is_err(), "it came after the backup");

    let runner = host.runner(&["--executor", "local"]);
    let record = after.ended(busy, SOON).await;
    assert_success(&record);
    let last = record.state.jobs[0].attempts.last().expect("it was tried").id;
    assert!(after.log(last).await.ends_with("\ndone\n"), "what was under way runs once more");
    let new = after.hand_in("jobs: { new: { script: [echo new] } }").await;
    assert_success(&after.ended(new, SOON).await);
    assert_eq!(after.record(new).await.number.get(), 3, "numbers go on from the backup");
    stop(runner);
}
