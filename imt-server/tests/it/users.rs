//! Administrators and the users of a server.

use axum::http::{Method, StatusCode};
use imt_core::directory::{Role, Scopes};
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
    assert_eq!((&entry["user_name"], &entry["project_name"]), (&json!("ann"), &Value::Null));
    let path = format!("/api/v1/projects/{}/members/{}", world.project.id, ann.id);
    let set = world.call(&Method::PUT, &path, Some(&token), Some(&json!({"role": "member"}))).await;
    assert_eq!(set.status, StatusCode::NO_CONTENT);
    for (path, named) in [("/api/v1/audit", json!("shop")), ("/api/v1/projects/shop/audit", Value::Null)] {
        let entry = &world.call(&Method::GET, path, Some(&token), None).await.json()["items"][0];
        assert_eq!((&entry["action"]["type"], &entry["project_name"]), (&json!("member_set"), &named), "{path}");
    }
    assert_eq!(entry["via"]["type"], "token");
}

#[tokio::test]
async fn owners_name_members_by_their_verified_addresses() {
    let world = World::new().await;
    let (ann, bob, twin) = (world.user("ann").await, world.user("bob").await, world.user("twin").await);
    world.has_email(&ann, "Ann@Example.org", true).await;
    world.has_email(&bob, "bob@example.org", false).await;
    let (_, token) = world.token(&world.owner, "all", Scopes::all(), None).await;
    let set = async |email: &str, role: &str| {
        let (path, body) = ("/api/v1/projects/shop/members-by-email", json!({"email": email, "role": role}));
        world.call(&Method::POST, path, Some(&token), Some(&body)).await
    };
    let members = async || {
        let found = world.call(&Method::GET, "/api/v1/projects/shop/members", Some(&token), None).await.json();
        let of = |member: &Value| (member["user"]["name"].clone(), member["role"].clone());
        found["items"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    let before = members().await;
    for address in ["bob@example.org", "nobody@example.org", "ann", ""] {
        let refused = set(address, "member").await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{address}");
        assert!(refused.json()["detail"].as_str().unwrap().contains("`email`"), "{address}");
    }
    // That somebody has an address which nobody has verified looks like that nobody has it.
    let details = [set("bob@example.org", "member").await, set("nobody@example.org", "member").await];
    assert_eq!(details[0].json()["detail"], details[1].json()["detail"]);
    assert_eq!(members().await, before);

    assert_eq!(set(" ann@example.ORG ", "member").await.status, StatusCode::NO_CONTENT);
    assert!(members().await.contains(&(json!("ann"), json!("member"))));
    assert_eq!(set("ann@example.org", "owner").await.status, StatusCode::NO_CONTENT);
    assert!(members().await.contains(&(json!("ann"), json!("owner"))));

    world.has_email(&twin, "ann@example.org", true).await;
    let several = set("ann@example.org", "member").await;
    assert_eq!(several.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(several.json()["detail"].as_str().unwrap().contains("id"));
    assert!(members().await.contains(&(json!("ann"), json!("owner"))), "nothing was changed");

    let (_, members) = {
        world.belongs(&bob, Role::Member).await;
        world.token(&bob, "all", Scopes::all(), None).await
    };
    let body = json!({"email": "ann@example.org", "role": "member"});
    let path = "/api/v1/projects/shop/members-by-email";
    let refused = world.call(&Method::POST, path, Some(&members), Some(&body)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "whether there is such a user is no member's business");
}
