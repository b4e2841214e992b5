//! Administrators and the users of a server.

use axum::http::{Method, StatusCode};
use imt_core::directory::Scopes;
use imt_core::ports::Users as _;
use serde_json::{Value, json};

use crate::common::{World, deed};

#[tokio::test]
async fn administrators_see_and_change_users_and_one_stays() {
    let world = World::new().await;
    let (admin, ann) = (world.user("admin").await, world.user("ann").await);
    world.store.set_administrator(admin.id, true, &deed()).await.unwrap();
    let (_, token) = world.token(&admin, "all", Scopes::all(), None).await;
    let (_, anns) = world.token(&ann, "all", Scopes::all(), None).await;
    let first = world.call(&Method::GET, "/api/v1/users?limit=2", Some(&token), None).await.json();
    let rest = format!("/api/v1/users?limit=2&cursor={}", first["next"].as_str().unwrap());
    let rest = world.call(&Method::GET, &rest, Some(&token), None).await.json();
    let names = [&first, &rest].map(|page| page["items"].as_array().unwrap().clone()).concat();
    let names: Vec<&str> = names.iter().map(|user| user["name"].as_str().unwrap()).collect();
    assert_eq!((names, &rest["next"]), (vec!["owner", "admin", "ann"], &Value::Null));
    let change = async |id: String, body: Value| {
        world.call(&Method::PATCH, &format!("/api/v1/users/{id}"), Some(&token), Some(&body)).await
    };
    for bad in [json!({}), json!({"is_admin": true, "is_disabled": true}), json!({"name": "x"})] {
        assert_eq!(change(ann.id.to_string(), bad.clone()).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
    for last in [json!({"is_admin": false}), json!({"is_disabled": true})] {
        let answered = change(admin.id.to_string(), last.clone()).await;
        assert_eq!((answered.status, &answered.json()["code"]), (StatusCode::CONFLICT, &json!("conflict")), "{last}");
    }
    let disabled = change(ann.id.to_string(), json!({"is_disabled": true})).await;
    assert_eq!((disabled.status, &disabled.json()["is_disabled"]), (StatusCode::OK, &json!(true)));
    assert_eq!(world.call(&Method::GET, "/api/v1/me", Some(&anns), None).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(change(ann.id.to_string(), json!({"is_disabled": false})).await.json()["is_disabled"], false);
    assert_eq!(change(ann.id.to_string(), json!({"is_admin": true})).await.json()["is_admin"], true);
    assert_eq!(
        change(admin.id.to_string(), json!({"is_admin": false})).await.status,
        StatusCode::OK,
        "another is there"
    );
    let shown = world.call(&Method::GET, &format!("/api/v1/users/{}", ann.id), Some(&token), None).await;
    assert_eq!(shown.status, StatusCode::NOT_FOUND, "he is none any more");
}

#[tokio::test]
async fn what_they_do_is_in_the_audit_log() {
    let world = World::new().await;
    let (admin, ann) = (world.user("admin").await, world.user("ann").await);
    world.store.set_administrator(admin.id, true, &deed()).await.unwrap();
    let (_, token) = world.token(&admin, "all", Scopes::all(), None).await;
    let path = format!("/api/v1/users/{}", ann.id);
    world.call(&Method::PATCH, &path, Some(&token), Some(&json!({"is_disabled": true}))).await;
    let audit = world.call(&Method::GET, "/api/v1/audit", Some(&token), None).await.json();
    let entry = &audit["items"][0];
    assert_eq!(entry["action"], json!({"type": "user_disabled", "user": ann.id.to_string()}));
    assert_eq!(entry["actor"], json!({"type": "user", "id": admin.id.to_string(), "name": "admin"}));
    assert_eq!(entry["user_name"], "ann");
    assert_eq!(entry["via"]["type"], "token");
}
