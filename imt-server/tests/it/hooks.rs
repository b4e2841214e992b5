//! Deliveries: signed or refused, kept before they are answered, once each.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use hmac::{Hmac, KeyInit as _, Mac as _};
use imt_core::ports::Deliveries as _;
use sha2::Sha256;

use crate::common::{Answered, WEBHOOK_SECRET, World};

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
