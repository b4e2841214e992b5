//! Commit statuses of a server that is killed time after time, told to a host that is in trouble now and then: each commit ends
//! with what its pipeline came to.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use imt_e2e::dice::{Dice, seed};
use imt_e2e::forge::Forge;
use imt_e2e::repository::Repository;
use imt_e2e::server::{Client, PIPELINE, ServerHost, signature};
use imt_e2e::wait::until_holds;
use rustix::process::Signal;
use serde_json::{Value, json};
use ureq::http::Method;

const TOKEN: &str = "a-token-of-the-forge";
/// How many commits are pushed.
const PUSHES: usize = 8;
/// A job that is killed with the server runs once more.
const FILE: &str = "jobs: { unit: { script: sleep 0.5, retry: { max: 5, on: [lost] } } }\n";

fn push(client: &Client, (path, secret): (&str, &str), repository: &Repository, forge: &Forge) -> String {
    let commit = repository.commit();
    forge.take(repository.path());
    let body = json!({"ref": "refs/heads/main", "after": commit});
    let headers = [
        ("x-gitea-event", "push".to_owned()),
        ("x-gitea-delivery", commit.clone()),
        ("x-hub-signature-256", signature(secret, &body)),
    ];
    until_holds("the push is taken", PIPELINE, || {
        client.try_send(&Method::POST, path, &headers, &body).is_ok_and(|answered| answered.status() == 202)
    });
    commit
}

/// What each commit's pipeline came to, in the host's words; absent while one is not over.
fn ended(client: &Client) -> BTreeMap<String, String> {
    let listed = client.get("/api/v1/projects/shop/pipelines?limit=100");
    let pipelines = listed["items"].as_array().expect("a list").iter();
    let state = |status: &str| match status {
        "success" => Some("success"),
        "failed" => Some("failure"),
        "errored" | "cancelled" => Some("error"),
        _ => None,
    };
    pipelines
        .filter_map(|pipeline| {
            let commit = pipeline["commit"].as_str()?.to_owned();
            Some((commit, state(pipeline["status"].as_str()?)?.to_owned()))
        })
        .collect()
}

#[test]
fn every_commit_ends_with_what_its_pipeline_came_to_whatever_happens_to_the_server() {
    let forge = Forge::open_to_all(TOKEN);
    let repository = Repository::new("imt-e2e-statuses.");
    repository.write("pipeline.yml", FILE);
    repository.commit();
    forge.take(repository.path());
    let host = ServerHost::new(&["--executor", "local", "--runners", "2"]);
    let mut server = host.start(0);
    let (port, client) = (server.port(), server.client(&host.token()));
    let order = json!({"name": "shop", "repo_url": forge.repo_url(), "repo_token": TOKEN});
    let made = client.call(&Method::POST, "/api/v1/projects", Some(&order), 201);
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let path = format!("/webhook/github/{}", text(&made["id"]));
    let secret = text(&made["webhook_secret"]);

    let (mut dice, mut commits) = (Dice::new(seed()), Vec::new());
    for nth in 0..PUSHES {
        forge.is_in_trouble(nth % 3 == 1);
        commits.push(push(&client, (&path, &secret), &repository, &forge));
        thread::sleep(dice.below(Duration::from_millis(1_500)));
        if nth % 2 == 0 {
            server.signal(Signal::KILL);
            drop(server);
            server = host.start(port);
        }
    }
    forge.is_in_trouble(false);
    let mut results = BTreeMap::new();
    until_holds("all pipelines are over", PIPELINE, || {
        results = ended(&client);
        commits.iter().all(|commit| results.contains_key(commit))
    });
    until_holds("the host knows what they came to", PIPELINE, || forge.last() == results);
    let told = forge.told();
    for commit in &commits {
        let of_it: Vec<&str> = told.iter().filter(|(of, _)| of == commit).map(|(_, state)| state.as_str()).collect();
        let first_end = of_it.iter().position(|state| *state != "pending").expect("it ended");
        assert!(of_it[first_end..].iter().all(|state| *state != "pending"), "{commit} began again: {of_it:?}");
    }
    drop(server);
}
