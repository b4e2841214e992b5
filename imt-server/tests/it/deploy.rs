//! Deploying by hand: what is accepted, and what is not. Nothing drives it here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use imt_core::deploy::machine::DeploymentKind;
use imt_core::deploy::release::{BundledFile, Release, ReleaseImage, ReleaseVerdict, StoredText, pack};
use imt_core::deploy::settings::{Reach, TargetSettings};
use imt_core::directory::{Role, Scopes};
use imt_core::id::{CommitId, DeploymentId, InstanceId, ReleaseId};
use imt_core::ports::{Claimant, DeploymentStore as _, KeptRelease, Projects as _};
use imt_core::secret::{Secret, SecretBytes};
use imt_core::time::Timestamp;
use serde_json::{Value, json};

use crate::common::{Answered, World, deed, now};
use crate::deliveries::Origin;

const DEPLOYMENTS: &str = "/api/v1/projects/shop/deployments";
const ROLLBACK: &str = "/api/v1/projects/shop/deployments/rollback";
const RELEASES: &str = "/api/v1/projects/shop/releases";
const FILE: &str = "jobs: { unit: { script: \"true\" } }\n\
    deploy: { environment: production, stable_for: 3s, hooks: { before: { service: web, command: ./migrate } } }\n";

/// A project with a repository, whose owner calls.
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) origin: Origin,
    pub(crate) token: String,
}

impl Shop {
    async fn new() -> Self {
        Self::in_world(World::new().await).await
    }

    pub(crate) async fn in_world(world: World) -> Self {
        let origin = Origin::new(&world);
        let (_, token) = world.token(&world.owner, "all", Scopes::all(), None).await;
        Self { world, origin, token }
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Answered {
        self.world.call(&method, path, Some(&self.token), body.as_ref()).await
    }

    async fn set_target(&self, body: Value) {
        let set = self.call(Method::PUT, "/api/v1/projects/shop/targets/production", Some(body)).await;
        assert!(set.status.is_success(), "{set:?}");
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let answered = self.call(Method::POST, path, Some(body)).await;
        (answered.status, answered.json())
    }

    /// Keeps a copy of a release that was found good at this time, as whoever has deployed it does.
    pub(crate) async fn release(&self, commit: &str, at: u64) -> ReleaseId {
        let (status, made) = self.post(DEPLOYMENTS, json!({"environment": "production"})).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        let id: DeploymentId = made["id"].as_str().unwrap().parse().unwrap();
        let store = &self.world.store;
        let (instance, lease) = (InstanceId::new("one"), Duration::from_hours(1));
        let claim = store.claim(&Claimant { instance, driving: Vec::new(), lease }, Some(id)).await.unwrap().unwrap();
        let release = release(id, commit, at);
        let kept: BTreeSet<ReleaseId> = store
            .kept_releases(&store.load(id).await.unwrap().target)
            .await
            .unwrap()
            .found
            .iter()
            .map(|r| r.id)
            .collect();
        let env = release.env.as_ref().map(|env| env.expose().into()).unwrap_or_default();
        let env = BundledFile { path: ".env".to_owned(), mode: 0o600, content: env };
        let (record, bundle) = (release.to_json(), SecretBytes::new(pack(&[env])));
        store.keep_release(&claim, &KeptRelease { head: release.head(), record, bundle }, &kept).await.unwrap();
        release.id
    }
}

fn release(by: DeploymentId, commit: &str, at: u64) -> Release {
    let reference = format!("registry.example.org/shop/web:{commit}");
    let image = ReleaseImage { reference, digest: Some("sha256:1".to_owned()), is_built: true };
    Release {
        id: ReleaseId::made_by(by),
        commit: CommitId::parse(&commit.repeat(40)).unwrap(),
        created_at: Timestamp::from_micros(at),
        compose_project: "shop-production".into(),
        environment: "production".into(),
        compose_files: vec![StoredText {
            path: "compose.yaml".into(),
            text: format!("services: {{web: {{environment: {{COMMIT: {commit}}}}}}}\n"),
        }],
        override_file: StoredText { path: ".imt/deploy.yml".into(), text: "services: {}".into() },
        profiles: Vec::new(),
        images: BTreeMap::from([("web".to_owned(), image)]),
        files: Vec::new(),
        env: Some(Secret::new(format!("SAME=1\nSECRET=hunter2-{commit}\n"))),
        verdict: ReleaseVerdict::Good,
        judged_at: Timestamp::from_micros(at),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_is_deployed_with_what_its_file_says() {
    let shop = Shop::new().await;
    let commit = shop.origin.commit(Some(FILE), "first");
    shop.set_target(json!({})).await;
    let order = json!({"environment": "production", "branch": "main", "idempotency_key": "k"});
    let (status, made) = shop.post(DEPLOYMENTS, order.clone()).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    assert_eq!((&made["commit"], &made["status"], &made["number"]), (&json!(commit), &json!("pending"), &json!(1)));
    let (status, again) = shop.post(DEPLOYMENTS, order).await;
    assert_eq!((status, &again["id"]), (StatusCode::OK, &made["id"]), "the same key is the same deployment");
    let id: DeploymentId = made["id"].as_str().unwrap().parse().unwrap();
    let settings = shop.world.store.settings(id).await.unwrap();
    assert_eq!(settings.target.stable_for, Duration::from_secs(3));
    assert_eq!(settings.hooks_before.len(), 1);
    assert!(shop.world.store.load(id).await.unwrap().spec.hooks_before);
    let audit = shop.call(Method::GET, "/api/v1/projects/shop/audit", None).await.json().to_string();
    assert_eq!(audit.matches("deployment_made").count(), 1, "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_deployed_says_why() {
    let shop = Shop::new().await;
    shop.origin.commit(Some("jobs: {"), "broken");
    let refused = async |path: &str, body: Value, words: &str| {
        let (status, answer) = shop.post(path, body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
        assert!(answer["detail"].as_str().unwrap().contains(words), "{answer}");
    };
    let production = || json!({"environment": "production"});
    refused(DEPLOYMENTS, production(), "no").await;
    refused(ROLLBACK, production(), "target").await;
    // As the command line may have left it: over HTTP one without registry is refused.
    let reach = Reach::Ssh {
        host: "h".to_owned(),
        port: 22,
        user: Some("u".to_owned()),
        identity: None,
        host_key: Some(format!("SHA256:{}", "A".repeat(43))),
        jump: None,
    };
    let (name, settings) = (&shop.world.project.name, TargetSettings::new(reach));
    shop.world.store.remember_target(name, "production", &settings, now()).await.unwrap();
    refused(DEPLOYMENTS, production(), "pipeline.yml").await;
    refused(ROLLBACK, production(), "no good release").await;
    refused(DEPLOYMENTS, json!({"environment": "production", "branch": "gone"}), "gone").await;
    shop.origin.commit(Some(FILE), "mended");
    refused(DEPLOYMENTS, production(), "registry").await;
    refused(DEPLOYMENTS, json!({}), "environment").await;
    shop.world.store.archive_project(shop.world.project.id, &deed()).await.unwrap();
    for path in [DEPLOYMENTS, ROLLBACK] {
        assert_eq!(shop.post(path, production()).await.0, StatusCode::CONFLICT);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_release_is_listed_and_put_back() {
    let shop = Shop::new().await;
    shop.origin.commit(Some(FILE), "first");
    shop.set_target(json!({})).await;
    let (first, second) = (shop.release("a", 1).await, shop.release("b", 2).await);
    let listed = shop.call(Method::GET, RELEASES, None).await.json();
    let of = |field: &str| listed["items"].as_array().unwrap().iter().map(|r| r[field].clone()).collect::<Vec<_>>();
    assert_eq!(of("id"), [json!(second.to_string()), json!(first.to_string())]);
    assert_eq!(of("is_current"), [json!(true), json!(false)]);
    assert_eq!(of("images")[0]["web"], "registry.example.org/shop/web:b");
    let differences = async |token: &str, from: ReleaseId, to: &str| {
        let path = format!("{RELEASES}/{from}/differences/{to}");
        shop.world.call(&Method::GET, &path, Some(token), None).await
    };
    let found = differences(&shop.token, first, &second.to_string()).await;
    let image = |tag: &str| json!({"reference": format!("registry.example.org/shop/web:{tag}"), "digest": "sha256:1"});
    let expected = json!({
        "environment": "production", "from_commit": "a".repeat(40), "to_commit": "b".repeat(40),
        "services": [{"service": "web", "from": image("a"), "to": image("b")}],
        "files": [{"name": "compose.yaml", "kind": "changed"}], "profiles": [],
        "settings": [{"service": "web", "name": "environment.COMMIT", "kind": "changed"}], "settings_are_told": true,
        "variables_differ": true, "variables": [{"name": "SECRET", "kind": "changed"}],
    });
    assert_eq!(found.json(), expected);
    let member = shop.world.user("member").await;
    shop.world.belongs(&member, Role::Member).await;
    let (_, members) = shop.world.token(&member, "all", Scopes::all(), None).await;
    let seen = differences(&members, first, &second.to_string()).await.json();
    assert_eq!((&seen["variables_differ"], &seen["variables"]), (&json!(true), &json!([])));
    let nothing = differences(&shop.token, first, "01a224f7-0000-7000-8000-000000000000").await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);

    let none = shop.call(Method::GET, &format!("{RELEASES}?environment=staging"), None).await.json();
    assert_eq!(none["items"], json!([]));

    for (named, expected) in [(json!(null), first), (json!("bbb"), second), (json!(first.to_string()), first)] {
        let (status, made) = shop.post(ROLLBACK, json!({"environment": "production", "release": named})).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        let id: DeploymentId = made["id"].as_str().unwrap().parse().unwrap();
        let record = shop.world.store.load(id).await.unwrap();
        assert_eq!((record.spec.kind, record.spec.has_registry), (DeploymentKind::Earlier(expected), true));
    }
    let (status, unknown) = shop.post(ROLLBACK, json!({"environment": "production", "release": "ccc"})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unknown["detail"].as_str().unwrap().contains("aaaaaaaaaaaa, bbbbbbbbbbbb"), "{unknown}");
}
