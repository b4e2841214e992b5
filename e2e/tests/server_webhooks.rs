//! Deliveries in a crowd, with the server killed in between: what was answered with success has exactly one pipeline.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use imt_e2e::dice::{Dice, number};
use imt_e2e::repository::Repository;
use imt_e2e::server::{Client, ServerHost, signature};
use imt_e2e::wait::until_holds;
use rustix::process::Signal;
use serde_json::{Value, json};
use ureq::http::Method;

/// How many hosts send at once.
const SENDERS: usize = 8;
/// How often the server is killed.
const KILLS: usize = 4;

/// A delivery of a push to a branch of its own; whether it was answered with success.
fn deliver(client: &Client, (path, secret): (&str, &str), nth: usize, commit: &str) -> bool {
    let body = json!({"ref": format!("refs/heads/b{nth}"), "after": commit});
    let signature = signature(secret, &body);
    let headers = [
        ("x-github-event", "push".to_owned()),
        ("x-github-delivery", format!("delivery-{nth}")),
        ("x-hub-signature-256", signature),
    ];
    client.try_send(&Method::POST, path, &headers, &body).is_ok_and(|answered| answered.status() == 202)
}

/// How many pipelines each branch has.
fn by_branch(client: &Client) -> BTreeMap<String, usize> {
    let (mut found, mut cursor) = (BTreeMap::new(), String::new());
    loop {
        let listed = client.get(&format!("/api/v1/projects/shop/pipelines?limit=100{cursor}"));
        for pipeline in listed["items"].as_array().expect("a list") {
            *found.entry(pipeline["branch"].as_str().expect("a branch").to_owned()).or_default() += 1;
        }
        let Some(next) = listed["next"].as_str() else { return found };
        cursor = format!("&cursor={next}");
    }
}

fn open_deliveries(client: &Client) -> usize {
    let (mut open, mut cursor) = (0, String::new());
    loop {
        let listed = client.get(&format!("/api/v1/projects/shop/deliveries?limit=100{cursor}"));
        let items = listed["items"].as_array().expect("a list");
        open += items.iter().filter(|delivery| delivery["state"]["state"] == "open").count();
        let Some(next) = listed["next"].as_str() else { return open };
        cursor = format!("&cursor={next}");
    }
}

#[test]
fn what_was_answered_with_success_has_exactly_one_pipeline_whatever_happens_to_the_server() {
    let count = usize::try_from(number("IMT_WEBHOOKS", 200)).expect("a count");
    let host = ServerHost::new(&["--runners", "0"]);
    let repository = Repository::new("imt-e2e-webhooks.");
    repository.write("pipeline.yml", "jobs: { unit: { script: true } }\n");
    let commit = repository.commit();
    let mut server = host.start(0);
    let (port, token) = (server.port(), host.token());
    let client = server.client(&token);
    let made = client.call(
        &Method::POST,
        "/api/v1/projects",
        Some(&json!({"name": "shop", "repo_url": repository.path()})),
        201,
    );
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let path = format!("/webhook/github/{}", text(&made["id"]));
    let secret = text(&made["webhook_secret"]);
    let next = AtomicUsize::new(0);
    // The last server comes out again: it has to outlive the senders.
    let server = thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth >= count {
                        return;
                    }
                    // Who gets no answer sends the same again.
                    until_holds("it is taken", Duration::from_mins(2), || {
                        deliver(&client, (&path, &secret), nth, &commit)
                    });
                }
            });
        }
        let mut dice = Dice::new(imt_e2e::dice::seed());
        for kill in 1..=KILLS {
            let due = count * kill / (KILLS + 1);
            until_holds("deliveries", Duration::from_mins(2), || next.load(Ordering::Relaxed) >= due);
            thread::sleep(dice.below(Duration::from_millis(30)));
            server.signal(Signal::KILL);
            drop(server);
            server = host.start(port);
        }
        server
    });
    until_holds("all deliveries are worked on", Duration::from_mins(3), || open_deliveries(&client) == 0);
    let found = by_branch(&client);
    let branches: BTreeMap<String, usize> = (0..count).map(|nth| (format!("b{nth}"), 1)).collect();
    assert_eq!(found, branches, "each delivery has one pipeline");
    drop(server);
}

/// Waits until the repository has been asked, and answers since when pushes to it are found.
fn looked_at(client: &Client) -> String {
    let mut since = None;
    until_holds("the repository is asked", Duration::from_mins(1), || {
        since = client.get("/api/v1/projects/shop/reconcile")["since"].as_str().map(str::to_owned);
        since.is_some()
    });
    since.expect("a time")
}

#[test]
fn what_nobody_took_is_found_by_asking_the_repository() {
    let count = usize::try_from(number("IMT_WEBHOOKS", 200)).expect("a count");
    let host = ServerHost::new(&["--runners", "0"]);
    let repository = Repository::new("imt-e2e-missed.");
    repository.write("pipeline.yml", "jobs: { unit: { script: true } }\n");
    let commit = repository.commit();
    let mut server = host.start(0);
    let (port, token) = (server.port(), host.token());
    let client = server.client(&token);
    let order = json!({"name": "shop", "repo_url": repository.path()});
    let made = client.call(&Method::POST, "/api/v1/projects", Some(&order), 201);
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let path = format!("/webhook/github/{}", text(&made["id"]));
    let secret = text(&made["webhook_secret"]);
    let since = looked_at(&client);

    // Each is pushed, and told of once, whoever listens.
    let (next, answered) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let server = thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth >= count {
                        return;
                    }
                    repository.branch(&format!("b{nth}"), &commit);
                    answered
                        .fetch_add(usize::from(deliver(&client, (&path, &secret), nth, &commit)), Ordering::Relaxed);
                }
            });
        }
        let mut dice = Dice::new(imt_e2e::dice::seed());
        for kill in 1..=KILLS {
            let due = count * kill / (KILLS + 1);
            until_holds("deliveries", Duration::from_mins(2), || next.load(Ordering::Relaxed) >= due);
            thread::sleep(dice.below(Duration::from_millis(30)));
            server.signal(Signal::KILL);
            drop(server);
            server = host.start(port);
        }
        server
    });
    assert!(answered.into_inner() < count, "none was missed: nothing is tried");
    // And one while nobody is there at all, told of too late.
    server.signal(Signal::KILL);
    drop(server);
    repository.branch(&format!("b{count}"), &commit);
    let server = host.start(port);
    let mut branches = BTreeMap::new();
    until_holds("all pushes have come to something", Duration::from_mins(3), || {
        branches = by_branch(&client);
        branches.len() > count && open_deliveries(&client) == 0
    });
    for nth in [0, count / 2, count] {
        assert!(deliver(&client, (&path, &secret), nth, &commit), "the host tells of it again");
    }
    client.call(&Method::POST, "/api/v1/projects/shop/reconcile", None, 202);
    until_holds("all is settled", Duration::from_mins(1), || open_deliveries(&client) == 0);
    let expected: BTreeMap<String, usize> = (0..=count).map(|nth| (format!("b{nth}"), 1)).collect();
    assert_eq!(by_branch(&client), expected, "each push has one pipeline, and `main` was there before");
    assert_eq!(looked_at(&client), since);
    drop(server);
}
