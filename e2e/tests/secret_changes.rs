//! A secret that is changed while a job that has its old value goes on: whoever reads that job's output masks the old one.

use std::fs;

use imt_e2e::docker::docker;
use imt_e2e::imt::Home;
use imt_e2e::project::workspaces_of;
use imt_e2e::records::Records;
use imt_e2e::runner::{Host, Watch, assert_success, kill, stop};
use imt_e2e::services;
use imt_e2e::wait::{SOON, until_told};

const OLD: &str = "old-value-hunter2";
const NEW: &str = "new-value-hunter2";

/// The job has the old value, its runner is killed, the secret is changed, and the next runner goes on with the job; then a
/// second job begins, which has the new value and finds the old one in a file.
async fn changed_under_a_killed_runner(records: &Records) {
    docker(&["pull", "--quiet", &services::image()]);
    let (host, watch) = (Host::new(records), Watch::new(records).await);
    host.set_secret(&watch.project, "TOKEN", OLD);
    let first = "['echo \"$TOKEN\" > kept', 'while ! test -e go; do echo \"$TOKEN\"; sleep 0.05; done', echo done]";
    let second = "['cat kept', 'echo \"$TOKEN\"', 'test \"$TOKEN\" != \"$(cat kept)\"']";
    let file = format!(
        "image: {}\nstages: [s1, s2]\njobs:\n  one: {{ stage: s1, script: {first} }}\n  two: {{ stage: s2, script: {second} }}\n",
        services::image()
    );
    let pipeline = watch.hand_in(&file).await;
    let runner = host.runner(&[]);
    watch.prints(pipeline, "***").await;
    let left = watch.claims().await;
    kill(runner);
    host.set_secret(&watch.project, "TOKEN", NEW);
    let runner = host.runner(&[]);
    watch.taken_on(&left, SOON).await;
    let attempt = watch.record(pipeline).await.state.jobs[0].attempts[0].id;
    let seen = watch.log(attempt).await.len();
    until_told("the next runner reads on", SOON, async || (watch.log(attempt).await.len() > seen + 40).then_some(()))
        .await;
    let workspace = workspaces_of(&watch.project).pop().expect("a workspace");
    fs::write(workspace.join("go"), "").expect("a file");
    let record = watch.ended(pipeline, SOON).await;
    assert_success(&record);

    let mut logs = Vec::new();
    for job in &record.state.jobs {
        assert_eq!(job.attempts.len(), 1, "the job goes on as it was: {:#?}", job.attempts);
        logs.push(watch.log(job.attempts[0].id).await);
    }
    for log in &logs {
        assert!(!log.contains("hunter2"), "a value is shown: {log}");
    }
    assert!(logs[0].ends_with("\n***\n$ echo done\ndone\n"), "{}", logs[0]);
    assert_eq!(logs[1].lines().filter(|line| *line == "***").count(), 2, "the old and the new: {}", logs[1]);
    watch.assert_nothing_left(&[pipeline], true);
    stop(runner);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_value_stays_masked_on_sqlite() {
    let home = Home::new();
    changed_under_a_killed_runner(&Records::Sqlite(home.path().join("store.db"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_value_stays_masked_on_postgres() {
    changed_under_a_killed_runner(&Records::postgres().await).await;
}
