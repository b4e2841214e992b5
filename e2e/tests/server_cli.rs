//! `imt --server`: the commands of a store, over HTTP and a token.

use std::time::Duration;

use imt_e2e::deploying::{By, Target};
use imt_e2e::imt::{Finished, Home, Output, Running};
use imt_e2e::server::{RunningServer, ServerHost};
use imt_e2e::server_shop::made;
use imt_e2e::shop::{Shop, Variant};
use imt_e2e::wait::until;
use rustix::process::Signal;
use serde_json::{Value, json};
use ureq::http::Method;

const FILE: &str = "stages: [test]\n\
    jobs:\n\
    \x20 unit: { script: \"echo hello from unit; echo aside >&2; [ \\\"$FAIL\\\" != 1 ]\" }\n\
    \x20 slow: { script: \"[ \\\"$WAIT\\\" != 1 ] || sleep 600\" }\n";

/// A laptop: nothing on it but `imt`, an address and a token.
struct Laptop {
    home: Home,
    server: String,
    token: String,
}

impl Laptop {
    fn new(server: &RunningServer, token: &str) -> Self {
        Self { home: Home::new(), server: server.address.clone(), token: token.to_owned() }
    }

    fn start(&self, words: &[&str]) -> Running {
        let mut command = self.home.imt();
        command.args(words).env("IMT_SERVER", &self.server).env("IMT_TOKEN", &self.token);
        Running::start(command, Output::Bytes)
    }

    fn says(&self, words: &[&str], code: i32) -> Finished {
        let finished = self.start(words).finish_within(Duration::from_mins(4));
        assert_eq!(finished.code, Some(code), "{words:?}: {}{}", out(&finished), finished.stderr);
        finished
    }

    fn json(&self, words: &[&str]) -> Value {
        let finished = self.says(&[words, &["--output", "json"]].concat(), 0);
        serde_json::from_str(out(&finished).trim()).expect("one object")
    }
}

fn out(finished: &Finished) -> String {
    String::from_utf8_lossy(&finished.stdout).into_owned()
}

#[test]
fn pipelines_are_started_seen_and_ended_from_a_laptop() {
    let host = ServerHost::new(&["--executor", "local"]);
    let server = host.start(0);
    let client = server.client(&host.token());
    let shop = Shop::new(Variant::Good);
    shop.write("pipeline.yml", FILE);
    let commit = shop.release(Variant::Good, "1");
    let order = json!({"name": shop.name(), "repo_url": shop.path()});
    client.call(&Method::POST, "/api/v1/projects", Some(&order), 201);
    let laptop = Laptop::new(&server, &host.token());

    let made = laptop.json(&["submit", "--branch", "main"]);
    assert_eq!((&made["number"], &made["commit"], &made["created"]), (&json!(1), &json!(commit), &json!(true)));
    // The same pipeline as a server has it and as it is told, followed to its end.
    let followed = laptop.says(&["logs", "1", "--follow"], 0);
    assert!(
        out(&followed).contains("hello from unit") && followed.stderr.contains("pipeline success"),
        "{}",
        followed.stderr
    );
    let shown = laptop.json(&["show", "1"]);
    assert_eq!((&shown["status"], &shown["commit"]), (&json!("success"), &json!(commit)));
    assert_eq!(shown["jobs"][0]["attempts"][0]["status"], "success", "{shown}");
    assert!(out(&laptop.says(&["show", "1"], 0)).contains("unit"));
    // Whose stream a line is of is known, and lines are counted.
    let lines = laptop.says(&["logs", "1", "unit", "--output", "json"], 0);
    let said: Vec<Value> = out(&lines).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(said.iter().any(|line| line["stream"] == "stderr" && line["line"] == "aside"), "{said:?}");
    let raw = client.get(&format!("/api/v1/projects/{}/pipelines/1/jobs/0/log", shop.name()));
    let first = laptop.says(&["logs", "1", "unit", "--lines", "1-1", "--raw"], 0);
    assert_eq!(out(&first).lines().next(), raw.as_str().expect("text").lines().next());

    laptop.says(&["submit", "--var", "FAIL=1"], 0);
    laptop.says(&["logs", "2", "--follow"], 0);
    let again = laptop.json(&["retry", "2", "--failed"]);
    assert_eq!(again["number"], 3);
    laptop.says(&["submit", "--var", "WAIT=1", "--idempotency-key", "k"], 0);
    assert!(out(&laptop.says(&["submit", "--var", "WAIT=1", "--idempotency-key", "k"], 0)).contains("before"));
    until("it runs", Duration::from_mins(1), || (laptop.json(&["show", "4"])["status"] == "running").then_some(()));
    laptop.says(&["cancel", "4", "--kill"], 0);
    laptop.says(&["logs", "4", "--follow"], 0);
    assert_eq!(laptop.json(&["show", "4"])["status"], "cancelled");
    let listed = laptop.says(&["pipelines", "--limit", "3", "--output", "json"], 0);
    let listed: Vec<Value> = out(&listed).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(listed.iter().map(|line| line["number"].clone()).collect::<Vec<_>>(), [4, 3, 2]);

    // What cannot be says so.
    assert!(laptop.says(&["show", "99"], 2).stderr.contains("nothing here"));
    assert!(laptop.says(&["submit", "--commit", "nowhere"], 2).stderr.contains("nowhere"));
    assert!(laptop.says(&["retry", "1", "--failed"], 2).stderr.contains("pipeline 1"));
    assert!(laptop.says(&["submit", ".", "--commit", "x"], 2).stderr.contains("--server"));
    let stranger = Laptop { token: "imt_guessed".to_owned(), ..Laptop::new(&server, "") };
    let refused = stranger.says(&["pipelines"], 2);
    assert!(refused.stderr.contains("does not take the token") && !refused.stderr.contains("imt_guessed"));
    server.signal(Signal::TERM);
    assert_eq!(server.finish().code, Some(0));
    assert!(laptop.says(&["pipelines"], 11).stderr.contains("cannot be reached"));
}

#[test]
fn a_server_deploys_and_rolls_back_for_a_laptop() {
    let shop = Shop::new(Variant::Good);
    let target = Target::named(By::Ssh, shop.name());
    let host = ServerHost::new(&["--executor", "local"]);
    let server = host.start(0);
    let client = server.client(&host.token());
    made(&client, &shop, &target, &json!({"stable_for_s": 1, "wait_timeout_s": 20}));
    let laptop = Laptop::new(&server, &host.token());

    let first = shop.release(Variant::Good, "1");
    let deployed = laptop.says(&["deploy", "--commit", &first], 0);
    assert!(out(&deployed).contains("deployment 1 of"), "{}", out(&deployed));
    assert_eq!(shop.page(), Some("Welcome to the shop (version 1)".to_owned()));
    shop.release(Variant::Good, "2");
    // As programs read it: the newest of the default branch.
    let told = laptop.says(&["deploy", "--output", "json"], 0);
    let events: Vec<Value> = out(&told).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let last = events.last().expect("an end");
    assert_eq!(
        (&last["event"], &last["status"], &last["number"]),
        (&json!("deployment_finished"), &json!("success"), &json!(2))
    );
    assert_eq!(shop.page(), Some("Welcome to the shop (version 2)".to_owned()));
    // A version that does not run is put back by itself, and the command says so by its code.
    shop.release(Variant::Crashing, "3");
    let broken = laptop.says(&["deploy"], 20);
    assert!(out(&broken).contains("deployment 3 of"), "{}", out(&broken));
    laptop.says(&["rollback", "--to", &first], 0);
    assert_eq!(shop.page(), Some("Welcome to the shop (version 1)".to_owned()));
    let releases = out(&laptop.says(&["releases"], 0));
    assert!(releases.contains(&first[..12]) && releases.contains("runs"), "{releases}");
    assert!(laptop.says(&["rollback", "--to", "0000000"], 2).stderr.contains("no release of a commit"));
    assert!(laptop.says(&["deploy", "--host", "h"], 2).stderr.contains("--server"));
    assert!(laptop.says(&["deploy", "--environment", "staging"], 2).stderr.contains("staging"));
    server.signal(Signal::TERM);
    assert_eq!(server.finish().code, Some(0));
}
