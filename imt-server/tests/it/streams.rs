//! Server-sent events: the same as over the socket, resumed by the id that was heard last.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use imt_core::deploy::health::{OutOf, Outlook, ServiceStanding, ServiceState};
use imt_core::deploy::machine::{Change, ChangeKind, DeploymentSpec, Step, StepFacts, StepResult};
use imt_core::deploy::settings::{DeploymentSettings, Reach, TargetSettings};
use imt_core::directory::Scopes;
use imt_core::id::{CommitId, DeploymentId, InstanceId, PipelineId};
use imt_core::pipeline::read;
use imt_core::plan::{Trigger, build};
use imt_core::ports::{Claimant, DeploymentStore, NewDeployment, NewPipeline, Store, StreamKind, Target};
use imt_core::schedule::CancelLevel;
use imt_core::status::{DeploymentEnd, Reason};
use serde_json::Value;

use crate::common::{World, now};
use crate::logged::Logged;

/// Pipeline 1 of the shop, which was called off before anybody began it: some events and an end.
async fn over(world: &World) {
    let spec = read(b"jobs: { a: { script: x } }", "pipeline.yml").spec.unwrap();
    let plan = build(&spec, &world.project.name, Trigger::manual()).unwrap();
    let new = NewPipeline { id: PipelineId::generate(), plan, at: now(), idempotency_key: None };
    let id = world.store.enqueue(new, None).await.unwrap().id;
    Store::request_cancel(&*world.store, id, CancelLevel::Graceful, Reason::User, now()).await.unwrap();
}

/// What is said: kind, id and message of each.
fn events(text: &str) -> Vec<(String, Option<String>, Value)> {
    let field = |block: &str, name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned))
    };
    let blocks = text.split("\n\n").filter(|block| block.contains("data: "));
    blocks
        .map(|block| {
            let data = serde_json::from_str(&field(block, "data").unwrap()).unwrap();
            (field(block, "event").unwrap(), field(block, "id"), data)
        })
        .collect()
}

async fn heard(world: &World, token: &str, last: Option<&str>) -> Vec<(String, Option<String>, Value)> {
    let mut request = Request::builder()
        .uri("/api/v1/projects/shop/pipelines/1/events")
        .header("authorization", format!("Bearer {token}"));
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let answered = world.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answered.status, StatusCode::OK);
    assert_eq!(answered.headers["content-type"], "text/event-stream");
    events(&String::from_utf8(answered.body).unwrap())
}

#[tokio::test]
async fn each_event_is_heard_once_whoever_goes_away_between() {
    let world = World::new().await;
    over(&world).await;
    let (_, token) = world.token(&world.owner, "all", Scopes::all(), None).await;
    let all = heard(&world, &token, None).await;
    let kinds: Vec<&str> = all.iter().map(|(kind, ..)| kind.as_str()).collect();
    assert!(kinds.len() > 2 && kinds.ends_with(&["event", "end"]), "{kinds:?}");
    assert_eq!(all.last().unwrap().2, serde_json::json!({"type": "end"}));
    for (nth, (_, id, message)) in all.iter().enumerate().take(all.len() - 1) {
        assert_eq!(message["type"], "event");
        let rest = heard(&world, &token, id.as_deref()).await;
        assert_eq!(rest, all[nth + 1..], "after the first {nth}");
    }
}

#[tokio::test]
async fn who_follows_some_jobs_hears_no_other_ones_logs() {
    let logged = Logged::new("jobs: { a: { script: x }, b: { script: x } }").await;
    for job in [0, 1] {
        logged.print(job, StreamKind::Stdout, format!("{job}\n")).await;
        logged.end(job).await;
    }
    logged.finish().await;
    for (query, expected) in [("", "0\n1\n"), ("?jobs=", ""), ("?jobs=1", "1\n"), ("?jobs=1,0", "0\n1\n")] {
        let answered = logged.get(&format!("pipelines/1/events{query}")).await;
        let heard = events(&String::from_utf8(answered.body).unwrap());
        let logs = heard.iter().filter(|(kind, ..)| kind == "log");
        let text: String = logs.map(|(.., message)| message["text"].as_str().unwrap()).collect();
        assert_eq!(text, expected, "{query}");
        assert_eq!(heard.last().unwrap().0, "end");
    }
}

#[tokio::test]
async fn a_position_that_is_none_is_refused() {
    let world = World::new().await;
    over(&world).await;
    let (_, token) = world.token(&world.owner, "all", Scopes::all(), None).await;
    for (path, status) in [
        ("pipelines/1/events?position=x", StatusCode::BAD_REQUEST),
        ("pipelines/1/events?jobs=x", StatusCode::BAD_REQUEST),
        ("pipelines/1/events?jobs=0,", StatusCode::BAD_REQUEST),
        ("pipelines/1/events?jobs=-1", StatusCode::BAD_REQUEST),
        ("pipelines/2/events", StatusCode::NOT_FOUND),
        ("deployments/1/events", StatusCode::NOT_FOUND),
    ] {
        let path = format!("/api/v1/projects/shop/{path}");
        assert_eq!(world.call(&axum::http::Method::GET, &path, Some(&token), None).await.status, status, "{path}");
    }
}

/// Deployment 1 of the shop, in which a service was seen to start and then to be well, and which is over.
async fn seen_to_get_well(world: &World) {
    let target =
        Target { project: world.project.name.clone(), environment: "production".to_owned(), host: "h".to_owned() };
    let new = NewDeployment {
        id: DeploymentId::generate(),
        target,
        commit: CommitId::new("c".repeat(40)),
        spec: DeploymentSpec::new(),
        settings: DeploymentSettings::new("/nowhere".to_owned(), TargetSettings::new(Reach::Local)),
        pipeline: None,
        at: now(),
        idempotency_key: None,
    };
    let lease = Duration::from_hours(1);
    let claimant = Claimant { instance: InstanceId::new("one"), driving: Vec::new(), lease };
    let claim = world.store.accept(new, Some(&claimant)).await.unwrap().claim.unwrap();
    let step = Step::Verify;
    let sees = |state, outlook, count| {
        let failed_checks = (count > 0).then_some(OutOf { count, of: 3 });
        let (service, restarts, exit_code, replicas) = ("web".to_owned(), 0, None, None);
        let web = ServiceStanding { service, state, outlook, restarts, exit_code, failed_checks, replicas };
        ChangeKind::ServicesSeen { step, services: vec![web] }
    };
    let kinds = [
        ChangeKind::Started,
        ChangeKind::StepBegan { step, number: 1 },
        sees(ServiceState::Starting, Outlook::Pending, 2),
        sees(ServiceState::Healthy, Outlook::Well, 0),
        ChangeKind::StepEnded { step, result: StepResult::Done(StepFacts::default()) },
        ChangeKind::Ended { end: DeploymentEnd::success() },
    ];
    for (nth, kind) in (1..).zip(kinds) {
        let store: &dyn DeploymentStore = &*world.store;
        store.commit(&claim, nth, &[Change { at: now(), kind }]).await.unwrap();
    }
}

#[tokio::test]
async fn how_services_stand_is_heard_as_it_changes_and_told_as_it_was_seen_last() {
    let world = World::new().await;
    seen_to_get_well(&world).await;
    let (_, token) = world.token(&world.owner, "all", Scopes::all(), None).await;
    let heard = async |last: Option<&str>| {
        let request = Request::builder().uri("/api/v1/projects/shop/deployments/1/events");
        let request = request.header("authorization", format!("Bearer {token}"));
        let request = last.into_iter().fold(request, |request, last| request.header("last-event-id", last));
        let answered = world.send(request.body(Body::empty()).unwrap()).await;
        events(&String::from_utf8(answered.body).unwrap())
    };
    let all = heard(None).await;
    let seen = |said: &(String, Option<String>, Value)| said.2["change"]["kind"]["type"] == "services_seen";
    let states: Vec<&Value> =
        all.iter().filter(|said| seen(said)).map(|said| &said.2["change"]["kind"]["services"][0]["state"]).collect();
    assert_eq!(states, ["starting", "healthy"]);
    let first = all.iter().position(seen).unwrap();
    assert_eq!(heard(all[first].1.as_deref()).await, all[first + 1..], "whoever comes back hears the rest");

    let path = "/api/v1/projects/shop/deployments/1";
    let mut told = world.call(&axum::http::Method::GET, path, Some(&token), None).await.json();
    let since = told["watched"]["services"][0]["since"].take();
    assert!(since.as_str().is_some_and(|since| since.ends_with('Z')), "{since}");
    let web = serde_json::json!({"service": "web", "state": "healthy", "outlook": "well", "restarts": 0,
        "words": "healthy", "since": null});
    assert_eq!(told["watched"], serde_json::json!({"step": "verify", "services": [web]}));
    let listed = world.call(&axum::http::Method::GET, "/api/v1/projects/shop/deployments", Some(&token), None).await;
    assert_eq!(listed.json()["items"][0]["watched"], Value::Null, "lists are short");
}
