//! What comes of deliveries: with a real repository, and a store in memory.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use imt_core::directory::{DeliveryOutcome, DeliveryState, ProjectSettings, Scopes, SkipReason};
use imt_core::id::InstanceId;
use imt_core::pipeline::BranchPattern;
use imt_core::ports::{Catalog as _, Deliveries as _, PipelineFilter, PipelineSummary, Projects as _, Store as _};
use imt_core::status::{Reason, Status};
use imt_server::work_on_deliveries;
use serde_json::json;

use crate::common::{World, deed};
use crate::hooks::{deliver, signature};

pub(crate) const FILE: &str = "stages: [test]\njobs:\n  unit: { stage: test, script: true }\n";

/// A repository that the project has.
pub(crate) struct Origin(pub(crate) PathBuf);

impl Origin {
    pub(crate) fn new(world: &World) -> Self {
        let origin = Self(world.dir.path().join("origin"));
        std::fs::create_dir(&origin.0).unwrap();
        origin.git(&["init", "--quiet", "--initial-branch=main"]);
        origin
    }

    pub(crate) fn git(&self, words: &[&str]) -> String {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(words).current_dir(&self.0);
        let output = git.env("GIT_CONFIG_GLOBAL", "/dev/null").output().expect("git is needed for these tests");
        assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn commit(&self, pipeline: Option<&str>, message: &str) -> String {
        if let Some(text) = pipeline {
            std::fs::write(self.0.join("pipeline.yml"), text).unwrap();
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }
}

/// What its host sends when something is pushed: no two are alike, as each tells when it was.
pub(crate) fn pushed(reference: &str, commit: &str, message: &str) -> String {
    static SECONDS: AtomicU64 = AtomicU64::new(0);
    let repository = json!({"pushed_at": SECONDS.fetch_add(1, Ordering::Relaxed)});
    json!({"ref": reference, "after": commit, "head_commit": {"message": message}, "repository": repository})
        .to_string()
}

/// Sends it, and waits until something has come of it.
pub(crate) async fn outcome(world: &World, id: &str, body: &str) -> DeliveryOutcome {
    let signed = signature(body, crate::common::WEBHOOK_SECRET);
    let answered = deliver(world, &world.project.id.to_string(), id, "push", body, Some(&signed)).await;
    assert_eq!(answered.status, StatusCode::ACCEPTED);
    settled(world).await
}

/// What has come of the newest delivery.
pub(crate) async fn settled(world: &World) -> DeliveryOutcome {
    let looking = async {
        loop {
            let found = world.store.deliveries(world.project.id, None, 1).await.unwrap().items.pop().unwrap();
            if let DeliveryState::Settled { outcome, .. } = found.state {
                return outcome;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), looking).await.expect("something comes of it")
}

pub(crate) async fn pipelines(world: &World) -> Vec<PipelineSummary> {
    world.store.pipelines(&world.project.name, &PipelineFilter::default(), None, 100).await.unwrap().found
}

pub(crate) async fn set(world: &World, edit: impl FnOnce(&mut ProjectSettings)) {
    let project = world.store.project(&world.project.id.into()).await.unwrap();
    let mut settings = project.settings;
    edit(&mut settings);
    world.store.update_settings(project.id, project.version, &settings, &[], &deed()).await.unwrap();
}

/// A world whose deliveries are worked on.
pub(crate) async fn working() -> (World, Origin) {
    let world = World::new().await;
    let origin = Origin::new(&world);
    tokio::spawn(work_on_deliveries(world.server.clone(), InstanceId::new("worker")));
    (world, origin)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_becomes_a_pipeline_of_its_commit() {
    let (world, origin) = working().await;
    let commit = origin.commit(Some(FILE), "first");
    let came = outcome(&world, "1", &pushed("refs/heads/main", &commit, "first")).await;
    let found = pipelines(&world).await;
    assert_eq!(came, DeliveryOutcome::Pipeline { id: found[0].id, number: found[0].number });
    assert_eq!((found[0].commit.as_str(), found[0].branch.as_deref()), (commit.as_str(), Some("main")));
    assert_eq!((found[0].note.subject.as_deref(), found[0].note.author.as_deref()), (Some("first"), Some("a")));
    let tag = outcome(&world, "2", &pushed("refs/tags/v1", &commit, "first")).await;
    let found = pipelines(&world).await;
    assert_eq!(tag, DeliveryOutcome::Pipeline { id: found[0].id, number: found[0].number });
    assert_eq!((found[0].branch.as_deref(), found.len()), (None, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sets_nothing_off_says_why() {
    let (world, origin) = working().await;
    let without = origin.commit(None, "nothing yet");
    let main = "refs/heads/main";
    let skipped = |reason| DeliveryOutcome::Skipped(reason);
    assert_eq!(outcome(&world, "1", &pushed(main, &without, "")).await, skipped(SkipReason::NoPipelineFile));
    let commit = origin.commit(Some(FILE), "work [skip ci]");
    assert_eq!(outcome(&world, "2", &pushed(main, &commit, "work [skip ci]")).await, skipped(SkipReason::Asked));
    assert_eq!(outcome(&world, "3", &pushed(main, &"0".repeat(40), "")).await, skipped(SkipReason::BranchRemoved));
    set(&world, |settings| settings.branches = vec![BranchPattern("release/*".to_owned())]).await;
    assert_eq!(outcome(&world, "4", &pushed(main, &commit, "")).await, skipped(SkipReason::Branch));
    set(&world, |settings| settings.triggers_on_push = false).await;
    assert_eq!(
        outcome(&world, "5", &pushed("refs/heads/release/1", &commit, "")).await,
        skipped(SkipReason::PushesOff)
    );
    world.store.archive_project(world.project.id, &deed()).await.unwrap();
    assert_eq!(outcome(&world, "6", &pushed(main, &commit, "")).await, skipped(SkipReason::Archived));
    assert_eq!(pipelines(&world).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_with_its_line_and_can_be_replayed() {
    let (world, origin) = working().await;
    let broken = origin.commit(Some("jobs:\n  unit: { scrpt: true }\n"), "broken");
    let body = pushed("refs/heads/main", &broken, "");
    let DeliveryOutcome::Failed { detail } = outcome(&world, "1", &body).await else { panic!("it cannot be run") };
    assert!(detail.contains("pipeline.yml") && detail.contains("scrpt"), "{detail}");
    let missing = "1".repeat(40);
    let DeliveryOutcome::Failed { detail } = outcome(&world, "2", &pushed("refs/heads/main", &missing, "")).await
    else {
        panic!("there is no such commit")
    };
    assert!(detail.contains(&missing), "{detail}");
    // Each replay is meant to be another pipeline.
    let good = origin.commit(Some(FILE), "mended");
    outcome(&world, "3", &pushed("refs/heads/main", &good, "")).await;
    let newest = world.store.deliveries(world.project.id, None, 1).await.unwrap().items.pop().unwrap();
    let (_, token) = world.token(&world.owner, "all", Scopes::all(), None).await;
    let path = format!("/api/v1/projects/shop/deliveries/{}/replay", newest.id);
    assert_eq!(world.call(&Method::POST, &path, Some(&token), None).await.status, StatusCode::ACCEPTED);
    settled(&world).await;
    assert_eq!(pipelines(&world).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_push_takes_the_place_of_what_still_waits_where_that_is_wanted() {
    let (world, origin) = working().await;
    let commits: Vec<String> = (0..3).map(|nth| origin.commit(Some(FILE), &nth.to_string())).collect();
    outcome(&world, "0", &pushed("refs/heads/main", &commits[0], "")).await;
    outcome(&world, "other", &pushed("refs/heads/other", &commits[0], "")).await;
    outcome(&world, "1", &pushed("refs/heads/main", &commits[1], "")).await;
    let statuses = async || -> Vec<Status> { pipelines(&world).await.iter().map(|found| found.status).collect() };
    assert_eq!(statuses().await, [Status::Pending; 3], "nobody has asked for it");
    set(&world, |settings| settings.supersedes_queued = true).await;
    outcome(&world, "2", &pushed("refs/heads/main", &commits[2], "")).await;
    let (pending, ended) = (Status::Pending, Status::Cancelled);
    assert_eq!(statuses().await, [pending, ended, pending, ended], "those of the branch, newest first");
    let oldest = pipelines(&world).await.pop().unwrap();
    let verdict = world.store.load(oldest.id).await.unwrap().state.verdict.unwrap();
    assert_eq!(verdict.reason, Some(Reason::Superseded));
}

/// What comes to its pipeline late, by a replay here, does not take the place of what was pushed after it.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_push_takes_the_place_of_nothing_newer() {
    let (world, origin) = working().await;
    set(&world, |settings| settings.supersedes_queued = true).await;
    let commits: Vec<String> = (0..2).map(|nth| origin.commit(Some(FILE), &nth.to_string())).collect();
    outcome(&world, "0", &pushed("refs/heads/main", &commits[0], "")).await;
    let first = world.store.deliveries(world.project.id, None, 1).await.unwrap().items.pop().unwrap();
    outcome(&world, "1", &pushed("refs/heads/main", &commits[1], "")).await;
    world.store.replay(world.project.id, first.id, &deed()).await.unwrap();
    let looking = async {
        while pipelines(&world).await.len() < 3 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), looking).await.expect("it is replayed");
    // It is settled only once it has decided about the others.
    let settled = async {
        loop {
            let (again, _) = world.store.delivery(world.project.id, first.id).await.unwrap();
            if let DeliveryState::Settled { .. } = again.state {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), settled).await.expect("it is settled");
    let statuses: Vec<Status> = pipelines(&world).await.iter().map(|found| found.status).collect();
    assert_eq!(statuses, [Status::Pending, Status::Pending, Status::Cancelled], "newest first");
}
