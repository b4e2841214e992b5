//! Deliveries: signed or refused, kept before they are answered, once each.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use futures_util::stream;
use hmac::{Hmac, KeyInit as _, Mac as _};
use imt_core::directory::{Existing, NewProject, ProjectSettings, SecretName};
use imt_core::id::{ProjectId, ProjectName};
use imt_core::ports::{Deliveries as _, ProjectSecrets as _, Projects as _};
use imt_core::secret::Secret;
use sha2::Sha256;
use tokio::task::JoinSet;

use crate::common::{Answered, WEBHOOK_SECRET, World, deed};

const COMMIT: &str = "c72eabd445c37cc8510292dab2720591a5e9918e";

pub(crate) fn signature(body: &str, secret: &str) -> String {
    let tag = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(body).finalize().into_bytes();
    tag.iter().fold("sha256=".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

fn push() -> String {
    serde_json::json!({"ref": "refs/heads/main", "after": COMMIT, "head_commit": {"message": "work"}}).to_string()
}

pub(crate) async fn deliver(
    world: &World,
    project: &str,
    id: &str,
    event: &str,
    body: &str,
    signature: Option<&str>,
) -> Answered {
    let mut request = Request::builder()
        .method("POST")
        .uri(format!("/webhook/github/{project}"))
        .header("x-github-delivery", id)
        .header("x-github-event", event);
    if let Some(signature) = signature {
        request = request.header("x-hub-signature-256", signature);
    }
    world.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn kept(world: &World) -> usize {
    world.store.deliveries(world.project.id, None, 100).await.unwrap().items.len()
}

#[tokio::test]
async fn a_signed_delivery_is_kept_once() {
    let world = World::new().await;
    let (project, body) = (world.project.id.to_string(), push());
    let good = signature(&body, WEBHOOK_SECRET);
    for is_new in [true, false] {
        let answered = deliver(&world, &project, "one", "push", &body, Some(&good)).await;
        assert_eq!(answered.status, StatusCode::ACCEPTED);
        assert_eq!(answered.json()["is_new"], is_new);
        assert_eq!(kept(&world).await, 1);
    }
    let found = world.store.deliveries(world.project.id, None, 1).await.unwrap().items.pop().unwrap();
    assert_eq!(found.push.map(|push| (push.branch, push.commit.to_string())), Some(("main".into(), COMMIT.into())));
}

/// The id is not signed: whoever has seen a body on its way may write any above it.
#[tokio::test]
async fn a_signed_body_counts_once_under_whatever_id() {
    let world = World::new().await;
    let (project, body) = (world.project.id.to_string(), push());
    let good = signature(&body, WEBHOOK_SECRET);
    let first = deliver(&world, &project, "one", "push", &body, Some(&good)).await.json();
    for id in ["two", "three"] {
        let answered = deliver(&world, &project, id, "push", &body, Some(&good)).await;
        assert_eq!(answered.status, StatusCode::ACCEPTED, "its host has done nothing wrong");
        assert_eq!((&answered.json()["id"], &answered.json()["is_new"]), (&first["id"], &false.into()));
    }
    assert_eq!(kept(&world).await, 1);
    let later = body.replace("work", "more work");
    let answered = deliver(&world, &project, "four", "push", &later, Some(&signature(&later, WEBHOOK_SECRET))).await;
    assert_eq!(answered.json()["is_new"], true);
}

#[tokio::test]
async fn what_is_not_signed_writes_nothing_and_learns_nothing() {
    let world = World::new().await;
    let (project, body) = (world.project.id.to_string(), push());
    let good = signature(&body, WEBHOOK_SECRET);
    let of_other = signature(&body, "other");
    let nobody = "01a224f7-0000-7000-8000-000000000001";
    let mut said = Vec::new();
    for (project, signature) in [
        (project.as_str(), None),
        (&project, Some(of_other.as_str())),
        (&project, Some("sha1=0123")),
        (&project, Some(&good[..good.len() - 2])),
        (nobody, Some(&good)),
    ] {
        let answered = deliver(&world, project, "one", "push", &body, signature).await;
        assert_eq!(answered.status, StatusCode::UNAUTHORIZED, "{project} {signature:?}");
        said.push(answered.json()["detail"].clone());
    }
    assert!(said.iter().all(|words| *words == said[0]), "{said:?}");
    assert_eq!(kept(&world).await, 0);
}

#[tokio::test]
async fn what_is_signed_and_no_delivery_is_refused_in_words() {
    let world = World::new().await;
    let project = world.project.id.to_string();
    for (event, body, status) in [
        ("push", "{", StatusCode::UNPROCESSABLE_ENTITY),
        (
            "push",
            r#"{"ref":"main","after":"c72eabd445c37cc8510292dab2720591a5e9918e"}"#,
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        ("push", r#"{"ref":"refs/heads/main","after":"--upload-pack=x"}"#, StatusCode::UNPROCESSABLE_ENTITY),
        ("ping", "{}", StatusCode::ACCEPTED),
        ("issues", "anything", StatusCode::ACCEPTED),
    ] {
        let answered = deliver(&world, &project, body, event, body, Some(&signature(body, WEBHOOK_SECRET))).await;
        assert_eq!(answered.status, status, "{event} {body}");
    }
    let large = "x".repeat(6 << 20);
    let answered = deliver(&world, &project, "large", "push", &large, Some(&signature(&large, WEBHOOK_SECRET))).await;
    assert_eq!(answered.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answered.json()["code"], "too_large");
}

/// Sends a delivery that no path says the project of, with these headers.
async fn deliver_to_all(world: &World, headers: &[(&str, &str)], body: &str) -> Answered {
    let request = Request::builder().method("POST").uri("/webhook/github");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    world.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

fn push_to(clone_url: &str) -> String {
    push_in_second(clone_url, 0)
}

fn push_in_second(clone_url: &str, at: usize) -> String {
    let ssh_url = "git@nowhere.example:x/y.git";
    let repository = serde_json::json!({"clone_url": clone_url, "ssh_url": ssh_url, "pushed_at": at});
    serde_json::json!({"ref": "refs/heads/main", "after": COMMIT, "repository": repository}).to_string()
}

async fn set_repository(world: &World, url: &str) {
    let settings = ProjectSettings { repo_url: Some(url.to_owned()), ..ProjectSettings::default() };
    world.store.update_settings(world.project.id, 1, &settings, &[], &deed()).await.unwrap();
}

#[tokio::test]
async fn the_project_is_found_by_its_repository() {
    let world = World::new().await;
    set_repository(&world, "git@git.example:Acme/Shop.git").await;
    let signed = |at| {
        let body = push_in_second("https://git.example/acme/shop", at);
        let good = signature(&body, WEBHOOK_SECRET);
        (good.trim_start_matches("sha256=").to_owned(), good, body)
    };
    for (nth, [delivery, event, place]) in [
        ["x-github-delivery", "x-github-event", "x-hub-signature-256"],
        ["x-gitea-delivery", "x-gitea-event", "x-gitea-signature"],
        ["x-forgejo-delivery", "x-forgejo-event", "x-forgejo-signature"],
        ["x-gitea-delivery", "x-gitea-event", "x-hub-signature-256"],
    ]
    .into_iter()
    .enumerate()
    {
        let ((hex, good, body), id) = (signed(nth), nth.to_string());
        let signature = if place == "x-hub-signature-256" { &good } else { &hex };
        let headers = [(delivery, id.as_str()), (event, "push"), (place, signature)];
        let answered = deliver_to_all(&world, &headers, &body).await;
        assert_eq!(answered.status, StatusCode::ACCEPTED, "{headers:?}");
        assert_eq!(answered.json()["items"][0]["project"], world.project.id.to_string());
        assert_eq!((answered.json()["items"].as_array().unwrap().len(), kept(&world).await), (1, nth + 1));
    }
    // On the route of the project as well.
    let request = Request::builder().method("POST").uri(format!("/webhook/github/{}", world.project.id));
    let (hex, _, body) = signed(4);
    let request = request.header("x-gitea-delivery", "e").header("x-gitea-event", "push");
    let request = request.header("x-gitea-signature", hex).body(Body::from(body)).unwrap();
    assert_eq!(world.send(request).await.status, StatusCode::ACCEPTED);
    assert_eq!(kept(&world).await, 5);
}

#[tokio::test]
async fn a_delivery_is_for_those_whose_secret_it_is_signed_with() {
    let world = World::new().await;
    let url = "https://git.example/acme/shop.git";
    set_repository(&world, url).await;
    let mut ids = Vec::new();
    for (name, secret) in [("same", Some(WEBHOOK_SECRET)), ("other", Some("other")), ("none", None)] {
        let settings = ProjectSettings { repo_url: Some(url.to_owned()), ..ProjectSettings::default() };
        let (id, name) = (ProjectId::generate(), ProjectName::new(name));
        let new =
            NewProject { id, name, settings, owner: world.owner.id, existing: Existing::Refuse, secrets: Vec::new() };
        world.store.create_project(&new, &deed()).await.unwrap();
        if let Some(secret) = secret {
            world.store.set_secret(id, &SecretName::WebhookSecret, &Secret::new(secret), &deed()).await.unwrap();
        }
        ids.push(id);
    }
    let body = push_to(url);
    let good = signature(&body, WEBHOOK_SECRET);
    let headers = [("x-github-delivery", "a"), ("x-github-event", "push"), ("x-hub-signature-256", good.as_str())];
    let answered = deliver_to_all(&world, &headers, &body).await.json();
    let taken: Vec<&str> =
        answered["items"].as_array().unwrap().iter().filter_map(|item| item["project"].as_str()).collect();
    assert_eq!(taken, [world.project.id.to_string(), ids[0].to_string()], "the oldest first");
    for (id, count) in [(ids[0], 1), (ids[1], 0), (ids[2], 0), (world.project.id, 1)] {
        assert_eq!(world.store.deliveries(id, None, 10).await.unwrap().items.len(), count);
    }
}

/// Whoever knows of a repository may make projects of it, with secrets that are his own.
#[tokio::test]
async fn projects_of_strangers_crowd_nobody_out() {
    let world = World::new().await;
    let url = "https://git.example/acme/shop.git";
    set_repository(&world, url).await;
    let mut last = world.project.id;
    for nth in 0..250 {
        let settings = ProjectSettings { repo_url: Some(url.to_owned()), ..ProjectSettings::default() };
        last = ProjectId::generate();
        let (name, owner) = (ProjectName::new(format!("a{nth}")), world.owner.id);
        let new = NewProject { id: last, name, settings, owner, existing: Existing::Refuse, secrets: Vec::new() };
        world.store.create_project(&new, &deed()).await.unwrap();
        let secret = Secret::new(format!("of a stranger {nth}"));
        world.store.set_secret(last, &SecretName::WebhookSecret, &secret, &deed()).await.unwrap();
    }
    let body = push_to(url);
    // The first of all, and one that was made after all of theirs.
    for (id, project, secret) in [("a", world.project.id, WEBHOOK_SECRET), ("b", last, "of a stranger 249")] {
        let good = signature(&body, secret);
        let headers = [("x-github-delivery", id), ("x-github-event", "push"), ("x-hub-signature-256", good.as_str())];
        let answered = deliver_to_all(&world, &headers, &body).await.json();
        assert_eq!(answered["items"][0]["project"], project.to_string());
    }
    world.store.archive_project(world.project.id, &deed()).await.unwrap();
    let good = signature(&body, WEBHOOK_SECRET);
    let headers = [("x-github-delivery", "c"), ("x-github-event", "push"), ("x-hub-signature-256", good.as_str())];
    assert_eq!(deliver_to_all(&world, &headers, &body).await.status, StatusCode::UNAUTHORIZED, "it is put away");
}

#[tokio::test]
async fn an_unknown_repository_and_a_wrong_signature_look_alike() {
    let world = World::new().await;
    set_repository(&world, "https://git.example/acme/shop.git").await;
    let mut said = Vec::new();
    for (body, secret) in [
        (push_to("https://git.example/acme/shop.git"), "wrong"),
        (push_to("https://git.example/acme/other.git"), WEBHOOK_SECRET),
        (push_to("/etc"), WEBHOOK_SECRET),
        ("{".to_owned(), WEBHOOK_SECRET),
        (String::new(), WEBHOOK_SECRET),
        (r#"{"repository": {"clone_url": ["https://git.example/acme/shop.git"]}}"#.to_owned(), WEBHOOK_SECRET),
    ] {
        let signature = signature(&body, secret);
        let headers = [("x-github-delivery", "a"), ("x-github-event", "push"), ("x-hub-signature-256", &signature)];
        let answered = deliver_to_all(&world, &headers, &body).await;
        assert_eq!(answered.status, StatusCode::UNAUTHORIZED, "{body}");
        let mut json = answered.json();
        assert!(json.as_object_mut().unwrap().remove("request_id").is_some());
        said.push(json);
    }
    assert!(said.iter().all(|words| *words == said[0]), "{said:?}");
    assert_eq!(kept(&world).await, 0);
}

/// A delivery whose body never comes.
async fn never_whole(world: &World, signature: Option<&str>) -> Answered {
    let mut request = Request::builder().method("POST").uri(format!("/webhook/github/{}", world.project.id));
    if let Some(signature) = signature {
        request = request.header("x-hub-signature-256", signature);
    }
    let body = Body::from_stream(stream::pending::<Result<&'static [u8], std::io::Error>>());
    world.send(request.body(body).unwrap()).await
}

#[tokio::test]
async fn no_body_is_waited_for_that_nobody_can_have_signed() {
    let world = World::new().await;
    for signature in [None, Some("sha256=beef"), Some("sha1=da39a3ee5e6b4b0d3255bfef95601890afd80709")] {
        assert_eq!(never_whole(&world, signature).await.status, StatusCode::UNAUTHORIZED, "{signature:?}");
    }
}

/// Whoever knows no secret takes up no more than so much room, and is not waited for without an end.
#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_nobody_has_vouched_for_have_their_limits() {
    let world = Arc::new(World::new().await);
    let guessed = signature("", "guessed");
    let mut waiting = JoinSet::new();
    let full = loop {
        let (world, guessed) = (Arc::clone(&world), guessed.clone());
        waiting.spawn(async move { never_whole(&world, Some(&guessed)).await.status });
        let refused = async { waiting.join_next().await.expect("one was started").expect("it does not panic") };
        if let Ok(status) = tokio::time::timeout(Duration::from_millis(20), refused).await {
            break status;
        }
        assert!(waiting.len() < 1_000, "there is no limit");
    };
    assert_eq!(full, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(world.call(&Method::GET, "/health", None, None).await.status, StatusCode::OK);
    // The others are told so in time, and their room is there again.
    while let Some(ended) = waiting.join_next().await {
        assert_eq!(ended.unwrap(), StatusCode::SERVICE_UNAVAILABLE);
    }
    let (body, project) = (push(), world.project.id.to_string());
    let good = signature(&body, WEBHOOK_SECRET);
    assert_eq!(deliver(&world, &project, "one", "push", &body, Some(&good)).await.status, StatusCode::ACCEPTED);
}
