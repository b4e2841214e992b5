//! Signing in at a real provider: the first administrator, users after him, and who is not let in.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use imt_e2e::browser::{Browser, Page};
use imt_e2e::records::Records;
use imt_e2e::server::{RunningServer, ServerHost};
use imt_e2e::services;
use imt_e2e::wait::{SOON, until};
use rustix::process::Signal;
use serde_json::{Value, json};
use ureq::http::Method;

/// A host whose servers know the provider, by their file, and run nothing.
fn host(words: &[&str], more: &str) -> ServerHost {
    host_that_runs(&[&["--runners", "0"], words].concat(), more)
}

fn host_that_runs(words: &[&str], more: &str) -> ServerHost {
    let host = ServerHost::new(words);
    let file = host.path().join("imt.toml");
    let text = format!(
        "[[oidc]]\nname = \"id\"\nissuer = \"{}\"\nclient_id = \"imt\"\nclient_secret = \"secret-of-the-tests\"\n{more}",
        services::oidc()
    );
    fs::write(&file, text).expect("a file");
    host.with(&["--config", file.to_str().expect("text")])
}

/// Files that are served over TLS, with a certificate of nobody's.
struct TlsFiles {
    root: PathBuf,
    certificate: String,
    port: u16,
    server: Child,
}

impl TlsFiles {
    fn serve(below: &Path) -> Self {
        let (root, key, certificate) = (below.join("served"), below.join("key.pem"), below.join("certificate.pem"));
        fs::create_dir_all(root.join(".well-known")).expect("a directory");
        let certificate = certificate.to_str().expect("text").to_owned();
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=provider of the tests"])
            .args([
                "-addext",
                "subjectAltName=DNS:localhost",
                "-addext",
                "basicConstraints=critical,CA:FALSE",
                "-out",
                &certificate,
                "-keyout",
            ])
            .arg(&key)
            .output();
        assert!(made.expect("openssl can be run").status.success(), "a certificate");
        // A port that was free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        let mut server = Command::new("openssl");
        server
            .args(["s_server", "-quiet", "-WWW", "-cert", &certificate, "-accept", &port.to_string(), "-key"])
            .arg(&key);
        let server = server.current_dir(&root).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let server = server.expect("openssl can be run");
        until("openssl listens", SOON, || TcpStream::connect(("localhost", port)).ok());
        Self { root, certificate, port, server }
    }

    fn put(&self, name: &str, value: &Value) {
        fs::write(self.root.join(name), value.to_string()).expect("a file");
    }
}

impl Drop for TlsFiles {
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
    }
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

/// What it comes to is said without its secret, and what others could reach without protection is refused.
#[test]
fn a_configuration_with_a_provider_is_looked_at() {
    let host = host(&[], "");
    let checked = host.output(&["config", "check"]);
    let told = String::from_utf8(checked.stdout).expect("text");
    assert!(checked.status.success() && told.contains(&format!("sign-in: id ({})", services::oidc())), "{told}");
    assert!(!told.contains("secret-of-the-tests"), "{told}");
    let open = host.output(&["--listen", "0.0.0.0:0"]);
    assert_eq!(open.status.code(), Some(2), "{open:?}");
    assert!(String::from_utf8_lossy(&open.stderr).contains("public_url"), "{open:?}");
    let help = host.with_variable("IMT_SERVER_OIDC_CLIENT_SECRET", "another-secret").output(&["--help"]);
    assert!(!String::from_utf8_lossy(&help.stdout).contains("another-secret"), "{help:?}");
}

/// Where there are no containers a server for one user does without; one for many does not give its machine away.
#[test]
fn without_an_engine_a_server_for_many_does_not_start() {
    let host = host_that_runs(&[], "").with_variable("DOCKER_HOST", "unix:///nowhere/docker.sock");
    let refused = host.output(&["--listen", "127.0.0.1:0"]);
    let told = String::from_utf8(refused.stderr).expect("text");
    assert!(refused.status.code() == Some(1) && told.contains("executor = \"local\""), "{told}");
    let host = host.with(&["--executor", "local"]);
    let server = host.start(0);
    server.signal(Signal::TERM);
    let ended = server.finish();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

/// The issuer's certificate has to be somebody's whom the system trusts, or the operator.
#[test]
fn a_provider_is_asked_over_tls_that_counts() {
    let host = ServerHost::new(&["--runners", "0"]);
    let tls = TlsFiles::serve(host.path());
    let issuer = format!("https://localhost:{}", tls.port);
    tls.put(".well-known/openid-configuration", &json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/auth"), "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
    }));
    tls.put("keys", &json!({"keys": [{"kty": "RSA", "use": "sig", "kid": "1", "n": "AQAB", "e": "AQAB"}]}));
    let host = host.with(&["--oidc-name", "id", "--oidc-issuer", &issuer, "--oidc-client-id", "imt"]);
    let host = host.with_variable("IMT_SERVER_OIDC_CLIENT_SECRET", "secret-of-the-tests");
    let leaving =
        |server: &RunningServer| Browser::default().call(&Method::GET, &server.address, "/auth/id/login", None);
    let server = host.start(0);
    assert_eq!(leaving(&server).status, 503);
    server.signal(Signal::TERM);
    let log = server.finish().stderr;
    assert!(log.contains("UnknownIssuer"), "{log}");
    let host = host.with_variable("SSL_CERT_FILE", &tls.certificate);
    let server = host.start(0);
    let page = leaving(&server);
    server.signal(Signal::TERM);
    assert_eq!(page.status, 303, "{page:?}: {}", server.finish().stderr);
}
