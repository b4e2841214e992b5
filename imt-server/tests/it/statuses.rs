//! Commit statuses: told to a host of a repository that is a few lines, and that keeps what it heard.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use imt_core::directory::{CommitStatuses, ProjectSettings, Scopes, SecretName};
use imt_core::id::{CommitId, InstanceId, PipelineId};
use imt_core::pipeline::read;
use imt_core::plan::{Trigger, build};
use imt_core::ports::{Claim, NewPipeline, ProjectSecrets as _, Projects as _, Reports as _, RunnerInfo, Store as _};
use imt_core::schedule::{Change, ChangeKind};
use imt_core::secret::Secret;
use imt_core::status::{End, Reason, Status};
use imt_server::{report_pipelines, send_reports, work_on_deliveries};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::common::{WEBHOOK_SECRET, World, deed, now};
use crate::deliveries::{FILE, Origin, pushed};
use crate::hooks::{deliver, signature};
use crate::reconcile::until;

const TOKEN: &str = "forge-t0ken";

/// What a host says to a status.
#[derive(Clone)]
enum Says {
    /// This, with this header.
    Code(u16, Option<(&'static str, String)>),
    /// Nothing, for ever.
    Nothing,
}

/// A status as it came.
#[derive(Debug, Clone)]
struct Heard {
    path: String,
    authorization: String,
    body: Value,
    at: Instant,
}

#[derive(Clone, Default)]
struct Host {
    heard: Arc<Mutex<Vec<Heard>>>,
    script: Arc<Mutex<VecDeque<Says>>>,
    /// What it serves of repositories.
    files: Option<PathBuf>,
}

impl Host {
    async fn start(self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer).with_state(self)).await });
        address
    }

    fn will_say(&self, what: impl IntoIterator<Item = Says>) {
        self.script.lock().unwrap().extend(what);
    }

    fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    fn states(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        self.heard().iter().map(|heard| (text(&heard.body["state"]), text(&heard.body["description"]))).collect()
    }

    async fn heard_of(&self, count: usize) -> Vec<Heard> {
        until("a status", async || Some(self.heard()).filter(|heard| heard.len() >= count)).await
    }
}

async fn answer(State(host): State<Host>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    if method == Method::GET {
        let file = host.files.and_then(|root| std::fs::read(root.join(uri.path().trim_start_matches('/'))).ok());
        return file.map_or(StatusCode::NOT_FOUND.into_response(), axum::response::IntoResponse::into_response);
    }
    let authorization = headers["authorization"].to_str().unwrap().to_owned();
    let body = serde_json::from_slice(&body).unwrap();
    host.heard.lock().unwrap().push(Heard { path: uri.path().to_owned(), authorization, body, at: Instant::now() });
    let says = host.script.lock().unwrap().pop_front().unwrap_or(Says::Code(201, None));
    match says {
        Says::Code(code, header) => {
            let headers: HeaderMap =
                header.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
            (StatusCode::from_u16(code).unwrap(), headers, "as you say").into_response()
        }
        Says::Nothing => std::future::pending().await,
    }
}

async fn set(world: &World, settings: ProjectSettings) {
    let project = world.store.project(&world.project.id.into()).await.unwrap();
    world.store.update_settings(project.id, project.version, &settings, &[], &deed()).await.unwrap();
}

/// A world whose project is at a host, with a token for it.
async fn hosted(host: &Host) -> (World, String) {
    let world = World::new().await;
    let repo_url = format!("http://{}/acme/shop.git", host.clone().start().await);
    set(&world, ProjectSettings { repo_url: Some(repo_url.clone()), ..ProjectSettings::default() }).await;
    let token = Secret::new(TOKEN);
    world.store.set_secret(world.project.id, &SecretName::RepositoryToken, &token, &deed()).await.unwrap();
    (world, repo_url)
}

fn reporting(world: &World) -> [JoinHandle<()>; 2] {
    let worker = InstanceId::new("worker");
    [tokio::spawn(report_pipelines(world.server.clone())), tokio::spawn(send_reports(world.server.clone(), worker))]
}

/// A pipeline that a runner has, elsewhere.
struct Driven<'a> {
    world: &'a World,
    claim: Claim,
    commits: u64,
}

impl<'a> Driven<'a> {
    async fn new(world: &'a World, repo_url: &str) -> Self {
        let spec = read(b"jobs: { a: { script: x } }", "pipeline.yml").spec.unwrap();
        let trigger = Trigger {
            repository: Some(repo_url.to_owned()),
            commit: CommitId::new("c".repeat(40)),
            ..Trigger::manual()
        };
        let plan = build(&spec, &world.project.name, trigger).unwrap();
        let new = NewPipeline { id: PipelineId::generate(), plan, at: now(), idempotency_key: None };
        let id = world.store.enqueue(new, None).await.unwrap().id;
        Self::claimed(world, id).await
    }

    async fn claimed(world: &'a World, id: PipelineId) -> Self {
        let runner = RunnerInfo {
            instance: InstanceId::new("runner"),
            labels: Vec::new(),
            driving: Vec::new(),
            lease: Duration::from_hours(1),
        };
        let claim = world.store.claim(&runner, Some(id)).await.unwrap().unwrap();
        Self { world, claim, commits: 0 }
    }

    /// By a clock that is far behind: which status is the later one is no matter of clocks.
    async fn happens(&mut self, kind: ChangeKind) {
        self.commits += 1;
        let change = Change { at: imt_core::time::Timestamp::from_micros(1), kind };
        self.world.store.commit(&self.claim, self.commits, &[change]).await.unwrap();
    }

    async fn starts(&mut self) {
        self.happens(ChangeKind::PipelineStarted).await;
    }

    async fn ends(&mut self) {
        self.happens(ChangeKind::PipelineEnded { end: End::because(Status::Failed, Reason::ExitCode) }).await;
    }

    async fn shown(&self, token: &str) -> Value {
        let path = "/api/v1/projects/shop/pipelines/1/commit-status";
        self.world.call(&Method::GET, path, Some(token), None).await.json()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_reported_from_its_beginning_to_its_end() {
    let root = tempfile::tempdir().unwrap();
    let host = Host { files: Some(root.path().to_owned()), ..Host::default() };
    let (world, _) = hosted(&host).await;
    let origin = Origin::new(&world);
    let commit = origin.commit(Some(FILE), "first");
    let bare = root.path().join("acme/shop.git");
    origin.git(&["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()]);
    Origin(bare).git(&["update-server-info"]);
    reporting(&world);
    tokio::spawn(work_on_deliveries(world.server.clone(), InstanceId::new("worker")));

    let body = pushed("refs/heads/main", &commit, "first");
    let signed = signature(&body, WEBHOOK_SECRET);
    deliver(&world, &world.project.id.to_string(), "1", "push", &body, Some(&signed)).await;
    let first = host.heard_of(1).await.remove(0);
    assert_eq!(first.path, format!("/api/v1/repos/acme/shop/statuses/{commit}"));
    assert_eq!(first.authorization, format!("token {TOKEN}"));
    let target = "http://127.0.0.1:8080/api/v1/projects/shop/pipelines/1";
    let expected =
        json!({"state": "pending", "context": "imt", "description": "waiting for a runner", "target_url": target});
    assert_eq!(first.body, expected);
    let id = crate::deliveries::pipelines(&world).await[0].id;
    let mut driven = Driven::claimed(&world, id).await;
    driven.starts().await;
    host.heard_of(2).await;
    driven.ends().await;
    host.heard_of(3).await;
    let said = |state: &str, words: &str| (state.to_owned(), words.to_owned());
    let all = [said("pending", "waiting for a runner"), said("pending", "running"), said("failure", "failed")];
    assert_eq!(host.states(), all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_in_trouble_is_asked_again_and_told_the_newest() {
    let host = Host::default();
    let (world, repo_url) = hosted(&host).await;
    let wait = Some(("retry-after", "3".to_owned()));
    host.will_say([Says::Code(503, None), Says::Code(429, wait), Says::Code(201, None)]);
    reporting(&world);
    let mut driven = Driven::new(&world, &repo_url).await;
    driven.starts().await;
    let (_, token) = world.token(&world.owner, "all", Scopes::all(), None).await;
    let heard = host.heard_of(2).await;
    assert!(heard[1].at - heard[0].at >= Duration::from_millis(1_900), "it waited");
    let heard = host.heard_of(3).await;
    assert!(heard[2].at - heard[1].at >= Duration::from_millis(2_900), "as it was told to");
    until("that it was sent", async || (driven.shown(&token).await["state"] == "sent").then_some(())).await;
    let expected = json!({"status": "running", "state": "sent", "tries": 3});
    assert_eq!(driven.shown(&token).await, expected);
    driven.ends().await;
    assert_eq!(host.heard_of(4).await[3].body["state"], "failure");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_given_up_and_owners_see_why() {
    for code in [401, 403, 404, 422] {
        let host = Host::default();
        let (world, repo_url) = hosted(&host).await;
        host.will_say([Says::Code(code, None)]);
        reporting(&world);
        let mut driven = Driven::new(&world, &repo_url).await;
        driven.starts().await;
        let (_, token) = world.token(&world.owner, "all", Scopes::all(), None).await;
        let shown =
            until("an end", async || Some(driven.shown(&token).await).filter(|it| it["state"] == "given_up")).await;
        let detail = shown["detail"].as_str().unwrap();
        assert!(detail.contains(&code.to_string()) && detail.contains("as you say"), "{detail}");
        // The next status has its own chance.
        driven.ends().await;
        assert_eq!(host.heard_of(2).await[1].body["state"], "failure");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed_with_the_token() {
    let (host, other) = (Host::default(), Host::default());
    let elsewhere = other.clone().start().await;
    let (world, repo_url) = hosted(&host).await;
    let location = |path: &str| Some(("location", format!("http://{elsewhere}{path}")));
    host.will_say([Says::Code(307, location("/")), Says::Code(302, location("/"))]);
    reporting(&world);
    let mut driven = Driven::new(&world, &repo_url).await;
    driven.starts().await;
    let (_, token) = world.token(&world.owner, "all", Scopes::all(), None).await;
    until("an end", async || (driven.shown(&token).await["state"] == "given_up").then_some(())).await;
    driven.ends().await;
    until("an end", async || (driven.shown(&token).await["status"] == "failed").then_some(())).await;
    host.heard_of(2).await;
    assert!(other.heard().is_empty(), "{:?}", other.heard());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_with_a_server_that_is_killed() {
    let host = Host::default();
    let (world, repo_url) = hosted(&host).await;
    // Killed while it tells the host, which has not answered.
    host.will_say([Says::Nothing]);
    let loops = reporting(&world);
    let mut driven = Driven::new(&world, &repo_url).await;
    driven.starts().await;
    host.heard_of(1).await;
    for task in loops {
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }
    // Nobody sees the end as it happens.
    driven.ends().await;
    assert_eq!(world.store.report(driven.claim.pipeline).await.unwrap().unwrap().status, Status::Running);
    reporting(&world);
    let all = host.heard_of(2).await;
    assert_eq!(all.last().unwrap().body["state"], "failure");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_the_hosts_business_is_told() {
    let host = Host::default();
    let (world, repo_url) = hosted(&host).await;
    reporting(&world);
    // Of another repository.
    Driven::new(&world, "https://git.example/other/shop").await.starts().await;
    let off = ProjectSettings {
        repo_url: Some(repo_url.clone()),
        commit_statuses: CommitStatuses::Off,
        ..ProjectSettings::default()
    };
    let queued = async || world.store.reported_events().await.unwrap();
    let mut seen = until("what is passed over", async || Some(queued().await).filter(|seen| seen.0 > 0)).await;
    set(&world, off.clone()).await;
    Driven::new(&world, &repo_url).await.starts().await;
    seen = until("what is passed over", async || Some(queued().await).filter(|at| *at > seen)).await;
    set(&world, ProjectSettings { commit_statuses: CommitStatuses::Auto, ..off }).await;
    world.store.remove_secret(world.project.id, &SecretName::RepositoryToken, &deed()).await.unwrap();
    Driven::new(&world, &repo_url).await.starts().await;
    until("what is passed over", async || Some(queued().await).filter(|at| *at > seen)).await;
    assert!(host.heard().is_empty(), "{:?}", host.heard());
    assert!(world.store.take_reports(&InstanceId::new("w"), Duration::ZERO, 9).await.unwrap().found.is_empty());
}
