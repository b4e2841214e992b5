//! What GitHub really sends, as it documents it itself, to a real server: each is taken, or refused as it is documented.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use imt_e2e::server::{Client, ServerHost, signature};
use imt_e2e::services;
use serde_json::{Value, json};
use ureq::http::Method;

/// Whose events most examples are.
const REPOSITORY: &str = "https://github.com/Codertocat/Hello-World.git";
const SECRET: &str = "a secret of the examples";

/// An event as it is sent.
struct Example {
    event: String,
    body: Value,
}

impl Example {
    fn is_of_the_repository(&self) -> bool {
        self.body["repository"]["clone_url"].as_str().is_some_and(|url| url.eq_ignore_ascii_case(REPOSITORY))
    }
}

fn examples() -> Vec<Example> {
    let mut all = Vec::new();
    for entry in fs::read_dir(services::webhooks()).expect("the examples") {
        let path = entry.expect("an entry").path().join("index.json");
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let events: Vec<Value> = serde_json::from_str(&text).expect("a list of events");
        for event in events {
            let name = event["name"].as_str().expect("a name").to_owned();
            let examples = event["examples"].as_array().expect("examples").iter();
            all.extend(examples.map(|body| Example { event: name.clone(), body: body.clone() }));
        }
    }
    all
}

fn send(client: &Client, path: &str, id: &str, example: &Example, signed: &[(&'static str, String)]) -> (u16, Value) {
    let mut headers = vec![("x-github-event", example.event.clone()), ("x-github-delivery", id.to_owned())];
    headers.extend_from_slice(signed);
    let answered = client.try_send(&Method::POST, path, &headers, &example.body).expect("an answer");
    let status = answered.status().as_u16();
    (status, answered.into_body().read_json().expect("JSON"))
}

fn good(body: &Value) -> Vec<(&'static str, String)> {
    vec![("x-hub-signature-256", signature(SECRET, body))]
}

/// How many rows everything has that a delivery could write to.
fn rows(data_dir: &Path) -> BTreeMap<&'static str, String> {
    let store = fs::read_dir(data_dir).expect("the data directory").map(|entry| entry.expect("an entry").path());
    let store = store.into_iter().find(|path| path.extension().is_some_and(|end| end == "db")).expect("a store");
    let tables = ["webhook_deliveries", "delivery_bodies", "branch_heads", "pipelines", "audit_log", "events"];
    let count = |table| {
        let sql = format!("SELECT count(*) FROM {table}");
        let done = Command::new("sqlite3").arg(&store).arg(sql).output().expect("sqlite3 can be run");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        (table, String::from_utf8(done.stdout).expect("text"))
    };
    tables.map(count).into()
}

/// A server with a project of the repository, that reaches nobody.
fn served() -> (ServerHost, imt_e2e::server::RunningServer, Client, String) {
    let host = ServerHost::new(&["--runners", "0"]).with_variable("https_proxy", "http://127.0.0.1:1");
    let server = host.start(0);
    let client = server.client(&host.token());
    let order = json!({"name": "hello", "repo_url": REPOSITORY, "webhook_secret": SECRET});
    let made = client.call(&Method::POST, "/api/v1/projects", Some(&order), 201);
    let path = format!("/webhook/github/{}", made["id"].as_str().expect("an id"));
    (host, server, client, path)
}

#[test]
fn every_event_is_taken_or_refused_as_it_is_documented() {
    let (_host, server, client, path) = served();
    let examples = examples();
    assert!(examples.len() > 600, "{} examples", examples.len());
    let (mut by_repository, mut bodies) = (0, BTreeSet::new());
    for (nth, example) in examples.iter().enumerate() {
        // Some are there for more than one kind of server, byte for byte.
        let is_new = Value::Bool(bodies.insert((&example.event, example.body.to_string())));
        let (status, answer) = send(&client, &path, &format!("own-{nth}"), example, &good(&example.body));
        assert_eq!((status, &answer["is_new"]), (202, &is_new), "{}: {answer}", example.event);
        let expected = if example.is_of_the_repository() { 202 } else { 401 };
        let id = format!("all-{nth}");
        let (status, answer) = send(&client, "/webhook/github", &id, example, &good(&example.body));
        assert_eq!(status, expected, "{}: {answer}", example.event);
        assert!(status == 401 || answer["items"][0]["is_new"] == false, "it is there already: {answer}");
        by_repository += usize::from(status == 202);
    }
    assert!(by_repository > 100, "{by_repository} by their repository");
    assert!(bodies.len() > 350, "{} bodies", bodies.len());
    drop(server);
}

#[test]
fn what_is_signed_wrongly_or_not_at_all_writes_nothing_nor_does_a_repetition() {
    let (host, server, client, path) = served();
    let all = examples();
    let one_of_each: BTreeMap<&str, &Example> =
        all.iter().filter(|it| it.is_of_the_repository()).map(|it| (it.event.as_str(), it)).collect();
    let before = rows(&host.data_dir());
    for (event, example) in &one_of_each {
        let right = signature(SECRET, &example.body);
        let other = json!({"ref": "refs/heads/main", "repository": {"clone_url": REPOSITORY}});
        let wrong: [Vec<(&str, String)>; 6] = [
            Vec::new(),
            vec![("x-hub-signature-256", signature("another secret", &example.body))],
            vec![("x-hub-signature-256", signature(SECRET, &other))],
            vec![("x-hub-signature", right.replace("sha256=", "sha1=")[..45].to_owned())],
            vec![("x-hub-signature-256", right.replace("sha256=", ""))],
            vec![("x-hub-signature-256", right.clone()), ("x-hub-signature-256", right.clone())],
        ];
        for headers in wrong {
            for path in [path.as_str(), "/webhook/github"] {
                let (status, answer) = send(&client, path, event, example, &headers);
                assert_eq!((status, &answer["code"]), (401, &json!("unauthenticated")), "{event} {headers:?}");
            }
        }
    }
    assert_eq!(rows(&host.data_dir()), before, "something was written");

    // What is said twice is kept once, and was answered with success both times; so is what was captured on its way, under a
    // name that was made up.
    let kept = |rows: &BTreeMap<&str, String>| rows["delivery_bodies"].trim().parse::<u64>().expect("a number");
    for (nth, event) in (1..).zip(["issues", "push"]) {
        let example = one_of_each[event];
        for (name, is_new) in [("first", true), ("first", false), ("made up", false), ("made up as well", false)] {
            let name = format!("{event}, {name}");
            let (status, answer) = send(&client, &path, &name, example, &good(&example.body));
            assert_eq!((status, &answer["is_new"]), (202, &Value::Bool(is_new)), "{name}");
        }
        assert_eq!(kept(&rows(&host.data_dir())), kept(&before) + nth);
    }
    drop(server);
}
