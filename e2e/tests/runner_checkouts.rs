//! A runner that is killed in the middle of fetching a repository: the next one on the host goes on, whatever became of the
//! git that it left behind, and what was half fetched harms nobody.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use imt_core::id::{CommitId, PipelineId};
use imt_core::ports::{NewPipeline, Store as _};
use imt_e2e::dice::Dice;
use imt_e2e::imt::Home;
use imt_e2e::project::Project;
use imt_e2e::records::Records;
use imt_e2e::runner::{Host, Watch, assert_success, kill, now, stop};
use imt_e2e::stalling_ssh::StallingSsh;
use imt_e2e::wait::{SOON, until_holds};

const LOCAL: [&str; 2] = ["--executor", "local"];
const JOBS: &str = "jobs: { look: { script: 'cmp big copy' } }";
/// What is promised of a restarted runner is 2 s; a busy machine is given three times as long.
const RECOVERY: Duration = Duration::from_secs(6);

struct Scene {
    host: Host,
    watch: Watch,
    ssh: StallingSsh,
    repository: Project,
    commit: String,
}

impl Scene {
    async fn new(records: &Records) -> Self {
        let (ssh, repository) = (StallingSsh::new(), Project::without_image(JOBS));
        // So that it cannot be compressed, and its pack is longer than what goes through.
        let mut dice = Dice::new(1);
        let noise: Vec<u8> = (0..100_000).flat_map(|_| dice.next().to_le_bytes()).collect();
        for name in ["big", "copy"] {
            fs::write(repository.path().join(name), &noise).expect("a file");
        }
        let commit = repository.commit();
        let host = Host::new(records).with("PATH", ssh.path());
        StallingSsh::furnish(host.home());
        Self { host, watch: Watch::new(records).await, ssh, repository, commit }
    }

    async fn hand_in(&self) -> PipelineId {
        let mut plan = self.watch.plan(JOBS);
        plan.trigger.repository = Some(StallingSsh::address(self.repository.path()));
        plan.trigger.commit = CommitId::parse(&self.commit).expect("a commit");
        let new = NewPipeline { id: PipelineId::generate(), plan, at: now(), idempotency_key: None };
        self.watch.store.enqueue(new, None).await.expect("the store takes it").id
    }

    fn mirrors(&self) -> PathBuf {
        self.host.home().join("state/imt/mirrors")
    }

    /// Files of a fetch that did not come to its end.
    fn half_fetched(&self) -> Vec<PathBuf> {
        let is_left = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("tmp_") || name == "imt-changing" || name.ends_with(".git.lock")
        };
        files_below(&self.mirrors()).into_iter().filter(is_left).collect()
    }

    fn assert_mirrors_are_sound(&self) {
        let mut found = 0;
        for entry in fs::read_dir(self.mirrors()).expect("the mirrors").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() && entry.extension().is_some_and(|extension| extension == "git") {
                let fsck =
                    Command::new("git").arg("--git-dir").arg(&entry).args(["fsck", "--full", "--strict"]).output();
                let fsck = fsck.expect("git can be run");
                assert!(fsck.status.success(), "{}", String::from_utf8_lossy(&fsck.stderr));
                found += 1;
            }
        }
        assert_eq!(found, 1, "one repository, one mirror");
    }
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// `stuck`: the transfer that the killed runner began never ends by itself.
async fn killed_while_fetching(records: &Records, stuck: bool) {
    let scene = Scene::new(records).await;
    let pipeline = scene.hand_in().await;
    let runner = scene.host.runner(&LOCAL);
    scene.ssh.await_stall();
    until_holds("a piece of the pack is on the disk", SOON, || !scene.half_fetched().is_empty());
    let left = scene.watch.claims().await;
    assert!(left.contains_key(&pipeline));
    let orphans = scene.ssh.processes();
    assert!(!orphans.is_empty());
    kill(runner);
    if !stuck {
        scene.ssh.let_go();
    }

    let next = scene.host.runner(&LOCAL);
    let took = scene.watch.taken_on(&left, SOON).await;
    assert!(took <= RECOVERY, "it was taken on after {took:?}");
    if stuck {
        let is_left = || scene.ssh.processes().iter().any(|process| orphans.contains(process));
        until_holds("what the killed one left is ended", SOON, || !is_left());
        scene.ssh.let_go();
    }
    let record = scene.watch.ended(pipeline, SOON).await;
    assert_success(&record);
    assert_eq!(record.state.jobs[0].attempts.len(), 1);
    scene.watch.assert_ended_once(pipeline).await;
    scene.assert_mirrors_are_sound();
    assert_eq!(scene.half_fetched(), Vec::<PathBuf>::new());
    // The mirror is as good as any.
    let another = scene.hand_in().await;
    assert_success(&scene.watch.ended(another, SOON).await);
    stop(next);
    scene.watch.assert_nothing_left(&[pipeline, another], false);
    until_holds("no git of anybody is left", SOON, || scene.ssh.processes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_that_ends_without_its_runner_harms_nobody_on_sqlite() {
    let home = Home::new();
    killed_while_fetching(&Records::Sqlite(home.path().join("store.db")), false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_that_ends_without_its_runner_harms_nobody_on_postgres() {
    killed_while_fetching(&Records::postgres().await, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_that_hangs_without_its_runner_keeps_nobody_waiting() {
    let home = Home::new();
    killed_while_fetching(&Records::Sqlite(home.path().join("store.db")), true).await;
}
