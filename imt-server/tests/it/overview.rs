//! What pages show at a glance: projects with how they stand, and runners with what they have in hand.

use std::num::NonZeroU32;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use imt_core::deploy::machine as deployment;
use imt_core::deploy::machine::DeploymentSpec;
use imt_core::deploy::settings::{DeploymentSettings, Reach, TargetSettings};
use imt_core::directory::Scopes;
use imt_core::id::{AttemptId, CommitId, DeploymentId, InstanceId, JobIndex, PipelineId};
use imt_core::pipeline::read;
use imt_core::plan::{CommitNote, Trigger, build};
use imt_core::ports::{
    Catalog as _, Claimant, DeploymentStore, NewDeployment, NewPipeline, RunnerBeat, RunnerInfo, Store, Target,
    Users as _,
};
use imt_core::schedule::{Change, ChangeKind};
use imt_core::status::{DeploymentEnd, DeploymentReason, DeploymentStatus};
use serde_json::{Value, json};

use crate::common::{Answered, World, deed, now};

const LEASE: Duration = Duration::from_hours(1);

async fn pipeline(world: &World, subject: &str) -> PipelineId {
    let spec = read(b"jobs: { a: { script: x }, b: { script: x } }", "pipeline.yml").spec.unwrap();
    let trigger = Trigger { note: CommitNote::new(subject, "Ann"), ..Trigger::manual() };
    let plan = build(&spec, &world.project.name, trigger).unwrap();
    let new = NewPipeline { id: PipelineId::generate(), plan, at: now(), idempotency_key: None };
    world.store.enqueue(new, None).await.unwrap().id
}

/// A deployment that a runner has, and that ends so if an end is given.
async fn deploys(world: &World, environment: &str, pipeline: Option<PipelineId>, end: Option<DeploymentEnd>) {
    let (user, identity, host_key, jump) = (None, None, None, None);
    let reach = Reach::Ssh { host: "h".to_owned(), port: 22, user, identity, host_key, jump };
    let project = world.project.name.clone();
    let new = NewDeployment {
        id: DeploymentId::generate(),
        target: Target { project, environment: environment.to_owned(), host: "h".to_owned() },
        commit: CommitId::new("c".repeat(40)),
        spec: DeploymentSpec::new(),
        settings: DeploymentSettings::new("/nowhere".to_owned(), TargetSettings::new(reach)),
        pipeline,
        at: now(),
        idempotency_key: None,
    };
    let claimant = Claimant { instance: InstanceId::new("one"), driving: Vec::new(), lease: LEASE };
    let claim = world.store.accept(new, Some(&claimant)).await.unwrap().claim.unwrap();
    let kinds =
        std::iter::once(deployment::ChangeKind::Started).chain(end.map(|end| deployment::ChangeKind::Ended { end }));
    let changes: Vec<_> = kinds.map(|kind| deployment::Change { at: now(), kind }).collect();
    let store: &dyn DeploymentStore = &*world.store;
    store.commit(&claim, 1, &changes).await.unwrap();
}

async fn overview(world: &World, token: &str, known: Option<&str>) -> Answered {
    let request = Request::builder().uri("/api/v1/overview").header("authorization", format!("Bearer {token}"));
    let request = known.into_iter().fold(request, |request, tag| request.header("if-none-match", tag));
    world.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn projects_are_told_with_how_they_stand() {
    let world = World::new().await;
    let (_, token) = world.token(&world.owner, "all", Scopes::all(), None).await;
    let (_, strangers) = world.token(&world.user("stranger").await, "all", Scopes::all(), None).await;
    assert_eq!(overview(&world, &strangers, None).await.json(), json!({"items": []}));
    let empty = overview(&world, &token, None).await.json();
    let line = &empty["items"][0];
    assert_eq!((&line["project"]["name"], &line["project"]["role"]), (&json!("shop"), &json!("owner")));
    assert_eq!((&line["last"], &line["recent"], &line["environments"]), (&Value::Null, &json!([]), &json!([])));

    pipeline(&world, "first").await;
    let led_by = pipeline(&world, "mend\nall").await;
    let bad = || DeploymentEnd::because(DeploymentStatus::RolledBack, DeploymentReason::Unhealthy);
    deploys(&world, "production", Some(led_by), Some(DeploymentEnd::success())).await;
    deploys(&world, "staging", None, Some(bad())).await;
    deploys(&world, "production", None, Some(bad())).await;
    let first = overview(&world, &token, None).await;
    let told = first.json();
    let line = &told["items"][0];
    assert_eq!((&line["last"]["number"], &line["last"]["subject"]), (&json!(2), &json!("mend")));
    assert_eq!(line["last"]["author"], "Ann");
    assert_eq!(line["recent"], json!([{"number": 2, "status": "pending"}, {"number": 1, "status": "pending"}]));
    let of = |place: usize| (&line["environments"][place]["live"], &line["environments"][place]["last"]);
    assert_eq!((&of(0).0["number"], &of(0).1["number"]), (&json!(1), &json!(3)));
    assert_eq!(of(0).0["pipeline_number"], 2);
    assert_eq!((of(1).0, &of(1).1["status"]), (&Value::Null, &json!("rolled_back")));

    let tag = first.headers["etag"].to_str().unwrap();
    let again = overview(&world, &token, Some(tag)).await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    pipeline(&world, "third").await;
    assert_eq!(overview(&world, &token, Some(tag)).await.status, StatusCode::OK);
    let deployment = world.call(&Method::GET, "/api/v1/projects/shop/deployments/1", Some(&token), None).await.json();
    assert_eq!(deployment["pipeline_number"], 2);
}

#[tokio::test]
async fn runners_are_told_with_what_they_have_in_hand() {
    let world = World::new().await;
    let admin = world.user("admin").await;
    world.store.set_administrator(admin.id, true, &deed()).await.unwrap();
    let (_, token) = world.token(&admin, "all", Scopes::all(), None).await;
    let runners = async || world.call(&Method::GET, "/api/v1/runners", Some(&token), None).await.json();
    assert_eq!(runners().await, json!({"items": []}));

    let id = pipeline(&world, "work").await;
    let instance = InstanceId::new("one");
    let info = RunnerInfo { instance: instance.clone(), labels: Vec::new(), driving: Vec::new(), lease: LEASE };
    let store: &dyn Store = &*world.store;
    let claim = store.claim(&info, Some(id)).await.unwrap().unwrap();
    let attempt = AttemptId { pipeline: id, job: JobIndex(1), number: 1 };
    let kinds =
        [ChangeKind::PipelineStarted, ChangeKind::AttemptCreated { attempt }, ChangeKind::AttemptStarted { attempt }];
    let changes = kinds.map(|kind| Change { at: now(), kind });
    store.commit(&claim, 1, &changes).await.unwrap();
    deploys(&world, "production", None, None).await;
    for (name, draining) in [("one", false), ("two", true)] {
        let beat = RunnerBeat {
            instance: InstanceId::new(name),
            host: "h".to_owned(),
            version: "1".to_owned(),
            labels: vec!["gpu".to_owned()],
            capacity: NonZeroU32::new(4).unwrap(),
            driving: 2,
            draining,
        };
        world.store.beat(&beat).await.unwrap();
    }
    let told = runners().await;
    let one = &told["items"][0];
    assert_eq!((&one["instance"], &one["host"], &one["version"]), (&json!("one"), &json!("h"), &json!("1")));
    assert_eq!((&one["labels"], &one["slots"], &one["driving"]), (&json!(["gpu"]), &json!(4), &json!(2)));
    assert_eq!((&one["is_alive"], &one["is_draining"]), (&json!(true), &json!(false)));
    let held = &one["pipelines"][0];
    assert_eq!((&held["project"], &held["number"], &held["jobs"]), (&json!("shop"), &json!(1), &json!(["b"])));
    let deployment = &one["deployments"][0];
    assert_eq!((&deployment["project"], &deployment["environment"]), (&json!("shop"), &json!("production")));
    let two = &told["items"][1];
    assert_eq!((&two["is_draining"], &two["pipelines"], &two["deployments"]), (&json!(true), &json!([]), &json!([])));
}
