//! Requests as they should not be, and what every answer has.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use imt_core::directory::{NewSession, Scopes};
use imt_core::id::SessionId;
use imt_core::ports::{Credentials as _, Users as _};
use serde_json::json;
use std::time::Duration;

use crate::common::{World, deed, hash, now};

#[tokio::test]
async fn every_refusal_is_a_problem_with_a_code_and_the_requests_id() {
    let world = World::new().await;
    let (_, token) = world.token(&world.owner, "all", Scopes::all(), None).await;
    let send = async |method: &str, path: &str, kind: &str, body: &str| {
        let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"));
        world.send(request.header("content-type", kind).body(Body::from(body.to_owned())).unwrap()).await
    };
    let json = "application/json";
    for (method, path, kind, body, status, code) in [
        ("GET", "/nowhere", json, "", 404, "not_found"),
        ("DELETE", "/api/v1/projects", json, "", 405, "method_not_allowed"),
        ("POST", "/api/v1/projects", json, "{", 400, "malformed"),
        ("POST", "/api/v1/projects", "text/plain", "{}", 415, "unsupported_media_type"),
        ("POST", "/api/v1/projects", json, "{}", 422, "invalid"),
        ("POST", "/api/v1/projects", json, r#"{"name":"Shop Front","repo_url":"/x"}"#, 422, "invalid"),
        ("POST", "/api/v1/projects", json, r#"{"name":"x","repo_url":"/x","colour":"red"}"#, 422, "invalid"),
        ("POST", "/api/v1/projects", json, r#"{"name":"x","repo_url":"ext::sh -c x"}"#, 422, "invalid"),
        ("POST", "/api/v1/projects", json, r#"{"name":"shop","repo_url":"/x"}"#, 409, "conflict"),
        ("GET", "/api/v1/projects?limit=x", json, "", 400, "malformed"),
        ("GET", "/api/v1/projects/shop/pipelines?cursor=x", json, "", 400, "malformed"),
        ("GET", "/api/v1/projects/shop/pipelines?branch=%00", json, "", 400, "malformed"),
        ("GET", "/api/v1/projects/..%2f..%2fetc", json, "", 404, "not_found"),
        ("GET", "/api/v1/projects/shop/pipelines/0", json, "", 404, "not_found"),
        ("PUT", "/api/v1/projects/shop/secrets/colour", json, r#"{"value":"x"}"#, 422, "invalid"),
        ("PUT", "/api/v1/projects/shop/variables/CI", json, r#"{"value":"x"}"#, 422, "invalid"),
    ] {
        let answered = send(method, path, kind, body).await;
        let shown = format!("{method} {path} {body}: {}", String::from_utf8_lossy(&answered.body));
        assert_eq!(answered.status.as_u16(), status, "{shown}");
        assert_eq!(answered.headers["content-type"], "application/problem+json", "{shown}");
        assert_eq!(answered.json()["code"], code, "{shown}");
        assert_eq!(answered.json()["request_id"], answered.headers["x-request-id"].to_str().unwrap(), "{shown}");
    }
    let large = json!({"value": "x".repeat(300_000)}).to_string();
    let answered = send("PUT", "/api/v1/projects/shop/variables/X", json, &large).await;
    assert_eq!((answered.status.as_u16(), &answered.json()["code"]), (413, &json!("too_large")));
}

#[tokio::test]
async fn every_answer_tells_browsers_what_they_may_do_with_it() {
    let world = World::new().await;
    for path in ["/health", "/nowhere", "/api/v1/me"] {
        let answered = world.call(&Method::GET, path, None, None).await;
        assert_eq!(answered.headers["x-content-type-options"], "nosniff");
        assert!(answered.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'self';"));
        assert!(answered.headers.contains_key("x-request-id"));
    }
}

/// A session's cookie counts only for what comes from a page of the server, where something is changed.
#[tokio::test]
async fn another_sites_page_changes_nothing_with_the_cookies_of_whoever_looks_at_it() {
    let world = World::new().await;
    let secret = "session-secret";
    let new = NewSession {
        id: SessionId::generate(),
        hash: hash(secret),
        user: world.owner.id,
        expires_at: now().after(Duration::from_hours(1)),
        idle: Duration::from_hours(1),
        agent: None,
    };
    world.store.open_session(&new, &deed()).await.unwrap();
    let send = async |method: &str, path: &str, origin: Option<&str>| {
        let mut request = Request::builder().method(method).uri(path).header("cookie", format!("imt={secret}"));
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        world.send(request.body(Body::empty()).unwrap()).await.status
    };
    assert_eq!(send("GET", "/api/v1/me", None).await, StatusCode::OK);
    assert_eq!(send("GET", "/api/v1/me", Some("https://evil.test")).await, StatusCode::OK);
    for origin in [None, Some("null"), Some("https://evil.test"), Some("http://localhost:8080.evil.test")] {
        for (method, path) in
            [("POST", "/api/v1/projects/shop/archive"), ("GET", "/ws"), ("DELETE", "/api/v1/me/sessions")]
        {
            assert_eq!(send(method, path, origin).await, StatusCode::FORBIDDEN, "{method} {path} {origin:?}");
        }
    }
    assert_eq!(
        send("POST", "/api/v1/projects/shop/archive", Some("http://localhost:8080")).await,
        StatusCode::NO_CONTENT
    );
    assert_eq!(send("POST", "/auth/logout", Some("http://localhost:8080")).await, StatusCode::NO_CONTENT);
    assert_eq!(send("GET", "/api/v1/me", None).await, StatusCode::UNAUTHORIZED, "the session is over");
}

#[tokio::test]
async fn a_secret_goes_in_and_never_comes_out() {
    let world = World::new().await;
    let (_, token) = world.token(&world.owner, "all", Scopes::all(), None).await;
    let canary = "canary-9f86d081";
    let value = json!({"value": canary});
    let secret_variable = json!({"value": canary, "is_secret": true});
    for (path, body) in [
        ("secrets/repository_token", &value),
        ("secrets/webhook_secret", &value),
        ("secrets/target_key%2Fproduction", &value),
        ("variables/TOKEN", &secret_variable),
    ] {
        let path = format!("/api/v1/projects/shop/{path}");
        let answered = world.call(&Method::PUT, &path, Some(&token), Some(body)).await;
        assert_eq!(answered.status, StatusCode::NO_CONTENT, "{path}: {}", String::from_utf8_lossy(&answered.body));
    }
    let listed = world.call(&Method::GET, "/api/v1/projects/shop/secrets", Some(&token), None).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 3, "{listed}");
    for path in ["", "/secrets", "/variables", "/audit", "/deliveries", "/members"] {
        let answered = world.call(&Method::GET, &format!("/api/v1/projects/shop{path}"), Some(&token), None).await;
        assert_eq!(answered.status, StatusCode::OK, "{path}");
        assert!(!String::from_utf8_lossy(&answered.body).contains(canary), "{path}");
    }
}

#[tokio::test]
async fn settings_are_changed_by_whoever_has_seen_them() {
    let world = World::new().await;
    let (_, token) = world.token(&world.owner, "all", Scopes::all(), None).await;
    let change = async |tag: &str| {
        let request = Request::builder()
            .method("PATCH")
            .uri("/api/v1/projects/shop")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .header("if-match", tag);
        world
            .send(
                request.body(Body::from(json!({"branches": ["main"], "supersedes_queued": true}).to_string())).unwrap(),
            )
            .await
    };
    let changed = change("\"1\"").await;
    assert_eq!((changed.status, changed.headers["etag"].to_str().unwrap()), (StatusCode::OK, "\"2\""));
    assert_eq!(changed.json()["branches"], json!(["main"]));
    let late = change("\"1\"").await;
    assert_eq!((late.status, &late.json()["code"]), (StatusCode::PRECONDITION_FAILED, &json!("precondition_failed")));
}

#[tokio::test]
async fn a_target_is_reached_by_a_pinned_key_or_not_at_all() {
    let world = World::new().await;
    let (_, token) = world.token(&world.owner, "all", Scopes::all(), None).await;
    let path = "/api/v1/projects/shop/targets/production";
    let good = json!({
        "host": "deploy.example.org", "user": "deploy", "registry": "ghcr.io/acme",
        "host_key": "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", "stable_for_s": 3
    });
    let with = |name: &str, value: serde_json::Value| {
        let mut changed = good.clone();
        changed[name] = value;
        changed
    };
    for (body, words) in [
        (with("host_key", json!(null)), "host_key"),
        (with("host_key", json!("any")), "host_key"),
        (with("user", json!(null)), "user"),
        (with("registry", json!(null)), "registry"),
        (with("host", json!("a b")), "host"),
        (with("keep", json!(0)), "keep"),
        (with("colour", json!("red")), "colour"),
    ] {
        let answered = world.call(&Method::PUT, path, Some(&token), Some(&body)).await;
        assert_eq!(answered.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert!(answered.json()["detail"].as_str().unwrap().contains(words), "{body}: {}", answered.json());
    }
    assert_eq!(world.call(&Method::PUT, path, Some(&token), Some(&good)).await.status, StatusCode::NO_CONTENT);
    let listed = world.call(&Method::GET, "/api/v1/projects/shop/targets", Some(&token), None).await.json();
    let shown = &listed["items"][0];
    assert_eq!(
        (&shown["environment"], &shown["target"]["port"], &shown["target"]["stable_for_s"]),
        (&json!("production"), &json!(22), &json!(3))
    );
    assert_eq!(world.call(&Method::DELETE, path, Some(&token), None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(world.call(&Method::DELETE, path, Some(&token), None).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_token_makes_none_that_outlasts_it() {
    let world = World::new().await;
    let (_, token) = world.token(&world.owner, "week", Scopes::all(), Some(Duration::from_hours(7 * 24))).await;
    let make = async |name: &str, days: serde_json::Value| {
        let body = json!({"name": name, "scopes": ["read"], "expires_in_days": days});
        world.call(&Method::POST, "/api/v1/me/tokens", Some(&token), Some(&body)).await
    };
    for longer in [json!(null), json!(30)] {
        assert_eq!(make("long", longer).await.status, StatusCode::FORBIDDEN);
    }
    let answered = make("short", json!(1)).await;
    assert_eq!(answered.status, StatusCode::CREATED);
    let short = answered.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(world.call(&Method::GET, "/api/v1/me", Some(&short), None).await.status, StatusCode::OK);
    let lesser = world.call(&Method::POST, "/api/v1/projects", Some(&short), Some(&json!({}))).await;
    assert_eq!(lesser.status, StatusCode::FORBIDDEN, "it may only read");
}

#[tokio::test]
async fn an_administrator_sees_what_is_counted() {
    let world = World::new().await;
    let admin = world.user("admin").await;
    world.store.set_administrator(admin.id, true, &deed()).await.unwrap();
    let (_, token) = world.token(&admin, "all", Scopes::all(), None).await;
    world.call(&Method::GET, "/health", None, None).await;
    let counted = world.call(&Method::GET, "/metrics", Some(&token), None).await;
    assert_eq!(counted.status, StatusCode::OK);
    let text = String::from_utf8(counted.body).unwrap();
    let line = "imt_http_answers_total{method=\"GET\",path=\"/health\",status=\"200\"} 1";
    assert!(text.contains(line) && text.ends_with("# EOF\n"), "{text}");
    for line in [
        "imt_work_waiting{kind=\"pipeline\"} 0",
        "imt_work_driven{kind=\"deployment\"} 0",
        "imt_runners 0",
        "imt_store_answers 1",
    ] {
        assert!(text.lines().any(|told| told == line), "{line}: {text}");
    }
}

/// The page to try the routes with is served whole from here, and runs nothing of others.
#[tokio::test]
async fn the_routes_can_be_tried_in_a_browser() {
    let world = World::new().await;
    let get = async |path: &str| world.call(&Method::GET, path, None, None).await;
    let page = get("/api/v1/try/").await;
    let html = String::from_utf8(page.body).unwrap();
    assert!(page.status == StatusCode::OK && html.contains("swagger-ui-bundle.js") && !html.contains("https://"));
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'self';") && !policy.contains("script-src"), "{policy}");
    let starts = String::from_utf8(get("/api/v1/try/swagger-initializer.js").await.body).unwrap();
    assert!(starts.contains("/api/v1/openapi.json"), "{starts}");
    for made_of in ["swagger-ui-bundle.js", "swagger-ui.css"] {
        assert_eq!(get(&format!("/api/v1/try/{made_of}")).await.status, StatusCode::OK, "{made_of}");
    }
}

/// What strangers make up is neither counted nor logged by itself: it would be kept for ever.
#[tokio::test]
async fn methods_that_mean_nothing_are_one_to_the_metrics() {
    let world = World::new().await;
    for nth in 0..3 {
        let method = Method::from_bytes(format!("MADE{nth}UP").as_bytes()).unwrap();
        assert_eq!(world.call(&method, "/health", None, None).await.status, StatusCode::METHOD_NOT_ALLOWED);
    }
    let admin = world.user("admin").await;
    world.store.set_administrator(admin.id, true, &deed()).await.unwrap();
    let (_, token) = world.token(&admin, "all", Scopes::all(), None).await;
    let counted = String::from_utf8(world.call(&Method::GET, "/metrics", Some(&token), None).await.body).unwrap();
    assert!(counted.contains(r#"method="other""#) && !counted.contains("UP\""), "{counted}");
}

/// A secret that was given for one host is not for another.
#[tokio::test]
async fn a_repository_elsewhere_takes_the_token_away() {
    let world = World::new().await;
    let (_, token) = world.token(&world.owner, "all", Scopes::all(), None).await;
    let secrets = async || {
        let listed = world.call(&Method::GET, "/api/v1/projects/shop/secrets", Some(&token), None).await;
        listed.json().to_string().contains("repository_token")
    };
    let moved = async |url: &str| {
        let body = json!({"repo_url": url});
        world.call(&Method::PATCH, "/api/v1/projects/shop", Some(&token), Some(&body)).await.status
    };
    assert_eq!(moved("https://one.invalid/a/b").await, StatusCode::OK);
    let value = json!({"value": "hunter2"});
    let path = "/api/v1/projects/shop/secrets/repository_token";
    assert!(world.call(&Method::PUT, path, Some(&token), Some(&value)).await.status.is_success());
    assert_eq!(moved("https://one.invalid/a/renamed").await, StatusCode::OK);
    assert!(secrets().await, "it is the same host");
    assert_eq!(moved("https://one.invalid:8443/a/renamed").await, StatusCode::OK);
    assert!(!secrets().await);
}
