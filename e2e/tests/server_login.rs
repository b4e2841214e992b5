//! Signing in at a real provider: the first administrator, users after him, and who is not let in.

use std::fs;

use imt_e2e::browser::{Browser, Page};
use imt_e2e::records::Records;
use imt_e2e::server::{RunningServer, ServerHost};
use imt_e2e::services;
use rustix::process::Signal;
use serde_json::{Value, json};
use ureq::http::Method;

/// A host whose servers know the provider, by their file.
fn host(words: &[&str], more: &str) -> ServerHost {
    let host = ServerHost::new(&[&["--runners", "0"], words].concat());
    let file = host.path().join("imt.toml");
    let text = format!(
        "[[oidc]]\nname = \"id\"\nissuer = \"{}\"\nclient_id = \"imt\"\nclient_secret = \"secret-of-the-tests\"\n{more}",
        services::oidc()
    );
    fs::write(&file, text).expect("a file");
    host.with(&["--config", file.to_str().expect("text")])
}

fn me(browser: &mut Browser, server: &RunningServer) -> Page {
    browser.call(&Method::GET, &server.address, "/api/v1/me", None)
}

/// A browser in which somebody signs in.
fn signed_in(server: &RunningServer, name: &str) -> (Browser, Page) {
    let mut browser = Browser::default();
    let page = browser.sign_in(&format!("{}?return_to=/api/v1/me", server.link), name);
    (browser, page)
}

fn refused(server: &RunningServer, name: &str, status: u16) {
    let (browser, page) = signed_in(server, name);
    assert_eq!((page.status, browser.cookie("imt")), (status, None), "{name}: {page:?}");
    assert!(page.address.contains("/auth/id/callback?"), "{name}: {}", page.address);
}

/// The whole way, on a store of this kind.
fn from_set_up_to_a_disabled_user(words: &[&str]) {
    let host = host(words, "");
    let mut server = host.start(0);
    let set_up = server.set_up_link();
    let mut anns = Browser::default();
    let page = anns.sign_in(&format!("{set_up}&return_to=/api/v1/me"), "ann");
    assert_eq!(
        (page.status, page.address.as_str()),
        (200, format!("{}/api/v1/me", server.address).as_str()),
        "{page:?}"
    );
    assert_eq!((&page.json()["is_admin"], &page.json()["email"]), (&json!(true), &json!("ann@example.org")));
    assert_eq!(Browser::default().open(&set_up).status, 409, "it is spent");

    let (mut bobs, page) = signed_in(&server, "bob");
    assert_eq!((&page.json()["is_admin"], &page.json()["name"]), (&json!(false), &json!("Name of bob")), "{page:?}");
    assert_eq!(bobs.call(&Method::GET, &server.address, "/api/v1/users", None).status, 404);
    let (mut others, _) = signed_in(&server, "bob");

    // He ends the session of another browser of his.
    let listed = bobs.call(&Method::GET, &server.address, "/api/v1/me/sessions", None).json();
    let other = listed["items"].as_array().expect("a list").iter().find(|session| session["is_this"] == false);
    let path = format!("/api/v1/me/sessions/{}", other.expect("two")["id"].as_str().expect("an id"));
    assert_eq!(bobs.call(&Method::DELETE, &server.address, &path, None).status, 204);
    assert_eq!((me(&mut others, &server).status, me(&mut bobs, &server).status), (401, 200));

    // What somebody is, and his session, outlast the server.
    server.signal(Signal::TERM);
    let ended = server.finish();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for secret in ["secret-of-the-tests", set_up.split_once("setup=").expect("a code").1] {
        assert!(!ended.stderr.contains(secret), "the log holds {secret}");
    }
    let server = host.start(0);
    assert_eq!(me(&mut anns, &server).json()["is_admin"], true);

    // And somebody is kept out.
    let users = anns.call(&Method::GET, &server.address, "/api/v1/users", None).json();
    let bob = users["items"].as_array().expect("a list").iter().find(|user| user["subject"] == "bob").expect("bob");
    let path = format!("/api/v1/users/{}", bob["id"].as_str().expect("an id"));
    let disabled = anns.call(&Method::PATCH, &server.address, &path, Some(&json!({"is_disabled": true})));
    assert_eq!((disabled.status, &disabled.json()["is_disabled"]), (200, &json!(true)));
    assert_eq!(me(&mut bobs, &server).status, 401);
    refused(&server, "bob", 403);
    programs_have_tokens_of_users(&host, &server);
}

fn programs_have_tokens_of_users(host: &ServerHost, server: &RunningServer) {
    let nobodys = host.output(&["token", "create"]);
    assert_eq!(nobodys.status.code(), Some(2), "{nobodys:?}");
    assert!(String::from_utf8_lossy(&nobodys.stderr).contains("--user"), "{nobodys:?}");
    let unknown = host.output(&["token", "create", "--user", "bob@example.org"]);
    assert_eq!(unknown.status.code(), Some(1), "he is disabled: {unknown:?}");
    let output = host.output(&["token", "create", "--user", "ANN@example.org"]);
    let told = String::from_utf8(output.stdout).expect("text");
    let client = server.client(told.lines().next_back().expect("a token"));
    assert_eq!(client.get("/api/v1/me")["is_admin"], Value::Bool(true));
    let last = host.output(&["user", "disable", "ann@example.org"]);
    assert_eq!(last.status.code(), Some(1), "she is the last administrator: {last:?}");
    let listed = String::from_utf8(host.output(&["user", "list"]).stdout).expect("text");
    assert!(listed.contains("bob@example.org") && listed.contains("disabled"), "{listed}");
}

#[test]
fn from_set_up_to_a_disabled_user_on_sqlite() {
    from_set_up_to_a_disabled_user(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn from_set_up_to_a_disabled_user_on_postgres() {
    let records = Records::postgres().await;
    let address = records.address();
    tokio::task::spawn_blocking(move || from_set_up_to_a_disabled_user(&["--database-url", &address]))
        .await
        .expect("it holds");
}

#[test]
fn tokens_that_are_not_as_they_should_be_let_nobody_in() {
    let host = host(&[], "");
    let server = host.start(0);
    let bad = [
        ("bad-audience", "Invalid audiences"),
        ("bad-issuer", "Invalid issuer"),
        ("bad-nonce", "nonce mismatch"),
        ("bad-expiry", "Expired"),
        ("bad-subject", "it is of nobody"),
        ("bad-key", "none of the provider's keys"),
        ("bad-algorithm", "its signature: No signature found"),
        ("bad-signature", "its signature: Crypto error: bad signature"),
    ];
    for (name, _) in bad {
        refused(&server, name, 403);
    }
    let mut browser = Browser::default();
    let page = browser.abort(&server.link);
    assert_eq!((page.status, &page.json()["code"]), (403, &json!("forbidden")), "{page:?}");
    assert!(page.json()["detail"].as_str().expect("a text").contains("said no"), "{page:?}");
    // The way back again, once it was gone.
    let page = browser.sign_in(&format!("{}?return_to=/api/v1/me", server.link), "joe");
    assert_eq!(page.status, 200, "{page:?}");
    let output = host.output(&["user", "list"]);
    let listed = String::from_utf8(output.stdout).expect("text");
    assert_eq!(listed.lines().count(), 1, "joe alone: {listed}");
    server.signal(Signal::TERM);
    let log = server.finish().stderr;
    for (name, why) in bad {
        assert!(log.contains(why), "{name} is refused for what is wrong with it: {log}");
    }
}

#[test]
fn addresses_of_other_domains_and_unverified_ones_stay_outside() {
    let host = host(&[], "allowed_email_domains = [\"example.org\"]\n");
    let server = host.start(0);
    refused(&server, "unverified-ann", 403);
    assert_eq!(signed_in(&server, "ann").1.status, 200);
}
