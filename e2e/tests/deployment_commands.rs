//! The commands about deployments in a store, on SQLite and on PostgreSQL, while the test drives deployments itself.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use imt_core::deploy::machine::{Answer, DeploymentSpec, Fault, Step, StepFacts};
use imt_core::deploy::settings::{DeploymentSettings, Reach, TargetSettings};
use imt_core::engine::{Beat, Deployer, Order, Steps};
use imt_core::id::{CommitId, DeploymentId, InstanceId, ProjectName};
use imt_core::ports::{Claimant, DeploymentRecord, DeploymentStore, NewDeployment, Note, Target};
use imt_core::secret::Secret;
use imt_core::status::{DeploymentReason, DeploymentStatus};
use imt_core::time::Timestamp;
use imt_e2e::imt::{Output, Running};
use imt_e2e::wait::{SOON, until_told};
use imt_e2e::world::{World, both, key_file, refused, text};
use imt_store_sql::KeyRing;
use serde_json::Value;
use tokio::sync::watch;

/// Steps that say something where an image would be built, and wait there for a word; in one environment `up` says no.
struct Scripted {
    go_on: watch::Receiver<bool>,
}

#[async_trait]
impl Steps for Scripted {
    async fn perform(&self, order: &Order) -> Answer {
        match order.ticket.step {
            Step::Publish => {
                order.notes.say(Note::Line("the key is hunter2-hunter2".into())).await;
                let mut go_on = self.go_on.clone();
                tokio::select! {
                    () = order.stopped() => return Answer::Failed(Fault::new(DeploymentReason::User, "it was stopped")),
                    word = go_on.wait_for(|go_on| *go_on) => drop(word.expect("the test lives")),
                }
            }
            Step::Up if order.record.target.environment == "staging" => {
                return Answer::Failed(Fault::new(DeploymentReason::UpFailed, "port 80 is taken"));
            }
            _ => {}
        }
        Answer::Done(StepFacts::default())
    }

    async fn look(&self, _order: &Order) -> Answer {
        Answer::Done(StepFacts::default())
    }

    fn secrets(&self) -> Arc<[Secret]> {
        [Secret::new("hunter2-hunter2")].into()
    }

    async fn beat(&self, _record: &DeploymentRecord) -> Beat {
        Beat::Held
    }
}

fn new(environment: &str) -> NewDeployment {
    NewDeployment {
        id: DeploymentId::generate(),
        target: Target {
            project: ProjectName::new("shop"),
            environment: environment.into(),
            host: "deploy@one:22".into(),
        },
        commit: CommitId::new("c".repeat(40)),
        spec: DeploymentSpec::new(),
        settings: DeploymentSettings::new(String::new(), TargetSettings::new(Reach::Local)),
        pipeline: None,
        at: Timestamp::from_micros(1_700_000_000_000_000),
        idempotency_key: None,
    }
}

/// The keys that the commands use, too.
fn keys(world: &World) -> KeyRing {
    KeyRing::load_or_generate(&key_file(world)).expect("a key file")
}

/// Drives a deployment to its end, or to the word.
async fn deploy(world: &World, environment: &str, go_on: &watch::Sender<bool>) -> DeploymentStatus {
    let store: Arc<dyn DeploymentStore> = Arc::new(world.records.open(Some(keys(world))).await);
    let lease = Duration::from_mins(10);
    let claimant = Claimant { instance: InstanceId::new("driver"), driving: Vec::new(), lease };
    let steps = Arc::new(Scripted { go_on: go_on.subscribe() });
    let outcome = Deployer::new(store, claimant).deploy(new(environment), steps).await;
    outcome.expect("it is driven to its end").end.status
}

fn fields<'a>(objects: &'a [Value], name: &str) -> Vec<&'a str> {
    objects.iter().map(|object| object[name].as_str().unwrap_or_default()).collect()
}

async fn lists_shows_and_prints(world: &World) {
    refused(&world.imt(&["deployments", "show", "1", "--project", "shop"]), 2, &["no project `shop`"]);
    let done = watch::Sender::new(true);
    assert_eq!(deploy(world, "production", &done).await, DeploymentStatus::Success);
    assert_eq!(deploy(world, "staging", &done).await, DeploymentStatus::Failed);

    let listed = world.json(&["deployments"]);
    assert_eq!(fields(&listed, "environment"), ["staging", "production"], "newest first");
    assert_eq!(fields(&listed, "status"), ["failed", "success"]);
    assert_eq!((&listed[0]["number"], &listed[0]["reason"]), (&2.into(), &"up_failed".into()));
    assert_eq!(world.json(&["deployments", "--limit", "1"])[0]["number"], 2);
    assert_eq!(world.json(&["deployments", "--environment", "production", "--limit", "1"])[0]["number"], 1);
    assert!(world.json(&["deployments", "--environment", "nowhere"]).is_empty());
    assert!(text(&world.imt(&["deployments"])).contains("failed: docker compose up said no"));
    let plain = text(&world.imt(&["deployments", "--output", "plain", "--limit", "1"]));
    let plain: Vec<_> = plain.trim_end_matches('\n').split('\t').collect();
    assert_eq!(plain[..6], ["2", "staging", "deploy@one:22", &"c".repeat(40), "failed", "up_failed"]);
    assert_eq!(plain[9..], ["", ""], "nobody has it, and no pipeline led to it");

    let shown = &world.json(&["deployments", "show", "2"])[0];
    assert_eq!((&shown["failure"]["step"], &shown["failure"]["detail"]), (&"up".into(), &"port 80 is taken".into()));
    let steps = shown["steps"].as_array().expect("its steps");
    assert!(steps.iter().any(|step| step["step"] == "up" && step["status"] == "failed"), "{shown}");
    assert!(text(&world.imt(&["deployments", "show", "#2"])).contains("✗ up"));

    let log = text(&world.imt(&["deployments", "logs", "2"]));
    assert!(log.contains("publish …\nthe key is ***\npublish: done in"), "{log}");
    assert!(log.ends_with("ended: failed (up_failed): port 80 is taken\n"), "{log}");
    assert_eq!(text(&world.imt(&["deployments", "logs", "2", "--raw"])), log, "there is nothing to leave out");
    let followed = world.imt(&["deployments", "logs", "2", "--follow"]);
    assert_eq!(text(&followed), log);
    assert!(followed.stderr.contains("deployment failed: docker compose up said no"), "{}", followed.stderr);
    let lines = world.json(&["deployments", "logs", "2"]);
    assert!(lines.iter().any(|line| line["line"] == "the key is ***" && line["stream"] == "stdout"), "{lines:?}");

    refused(&world.imt(&["deployments", "show", "3"]), 2, &["`shop` has no deployment #3"]);
    let over = &world.json(&["deployments", "cancel", "1"])[0];
    assert_eq!((&over["status"], &over["was_over"]), (&"success".into(), &true.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_shows_and_prints_on_both() {
    for world in both().await {
        lists_shows_and_prints(&world).await;
    }
}

async fn one_under_way_is_followed_and_cancelled(world: &World) {
    // Makes the store.
    world.imt(&["gc"]);
    let go_on = watch::Sender::new(false);
    let drive = deploy(world, "production", &go_on);
    let ask = async {
        until_told("it is under way", SOON, async || {
            text(&world.imt(&["deployments", "logs", "1", "--project", "shop"])).contains("the key is").then_some(())
        })
        .await;
        assert_eq!(world.json(&["deployments"])[0]["holder"], "driver");
        let following = Running::start(world.command(&["deployments", "logs", "1", "--follow"]), Output::Bytes);
        let asked = &world.json(&["deployments", "cancel", "1"])[0];
        assert_eq!((&asked["status"], &asked["cancel"]), (&"deploying".into(), &"user".into()));
        tokio::task::spawn_blocking(|| following.finish()).await.expect("it is followed")
    };
    let (status, followed) = tokio::join!(drive, ask);
    assert_eq!(status, DeploymentStatus::Cancelled);
    assert_eq!(followed.code, Some(0), "{}", followed.stderr);
    let log = text(&followed);
    assert!(log.contains("publish: is being ended, because the deployment is cancelled\n"), "{log}");
    assert!(log.contains("\nended: cancelled (user)"), "{log}");
    assert!(followed.stderr.contains("imt: deployment cancelled"), "{}", followed.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_under_way_is_followed_and_cancelled_on_both() {
    for world in both().await {
        one_under_way_is_followed_and_cancelled(&world).await;
    }
}

async fn old_deployments_go(world: &World) {
    // Makes the store.
    world.imt(&["gc"]);
    let done = watch::Sender::new(true);
    for environment in ["production", "production", "staging"] {
        deploy(world, environment, &done).await;
    }
    world.records.open(Some(keys(world))).await.accept(new("production"), None).await.expect("accept");
    let removed = &world.json(&["gc", "--older-than", "0s", "--keep", "0"])[0];
    assert_eq!((&removed["deployments"], &removed["pipelines"]), (&2.into(), &0.into()), "{removed}");
    assert!(removed["log_bytes"].as_u64().expect("a number") > 50, "{removed}");
    let left = world.json(&["deployments"]);
    let numbers: Vec<_> = left.iter().map(|deployment| deployment["number"].as_u64()).collect();
    assert_eq!(numbers, [Some(4), Some(2)], "the last success, and what is not over");
    let cancelled = &world.json(&["deployments", "cancel", "4"])[0];
    assert_eq!(cancelled["status"], "cancelled", "nobody had taken it up");
    refused(&world.imt(&["deployments", "logs", "1"]), 2, &["no deployment #1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_deployments_go_on_both() {
    for world in both().await {
        old_deployments_go(&world).await;
    }
}
