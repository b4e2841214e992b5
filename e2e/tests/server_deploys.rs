//! A server that deploys, over HTTP alone: a target set, a pipeline that leads to a deployment, a broken one rolled back.

use std::time::Duration;

use imt_e2e::deploying::{By, Target};
use imt_e2e::server::{Client, ServerHost};
use imt_e2e::server_shop::{ServerShop, made};
use imt_e2e::shop::{Shop, Variant};
use imt_e2e::wait::until;
use rustix::process::Signal;
use serde_json::{Value, json};
use ureq::http::Method;

/// How long a deployment may take on a busy machine.
const DEPLOYED: Duration = Duration::from_mins(4);

const FILE: &str =
    "jobs:\n  check: { script: \"true\" }\ndeploy:\n  environment: production\n  stable_for: 1s\n  wait_timeout: 20s\n";

/// The newest deployment, once there are so many of them and it is over.
fn ended(client: &Client, project: &str, count: usize) -> Value {
    until("the deployment is over", DEPLOYED, || {
        let listed = client.get(&format!("{project}/deployments"));
        let all = listed["items"].as_array().expect("a list");
        (all.len() == count && all[0].get("ended_at").is_some()).then(|| all[0].clone())
    })
}

#[test]
fn a_pushed_version_is_deployed_and_a_broken_one_rolled_back_over_http_alone() {
    let shop = Shop::new(Variant::Good);
    let target = Target::named(By::Ssh, shop.name());
    let host = ServerHost::new(&["--executor", "local"]);
    let server = host.start(0);
    let client = server.client(&host.token());
    let ServerShop { project, key } = made(&client, &shop, &target, &json!({}));

    let release = |variant, version: &str| {
        shop.write("pipeline.yml", FILE);
        let commit = shop.release(variant, version);
        let order = json!({"commit": commit, "branch": "main"});
        client.call(&Method::POST, &format!("{project}/pipelines"), Some(&order), 201);
    };
    release(Variant::Good, "1");
    let first = ended(&client, &project, 1);
    assert_eq!(first["status"], "success", "{first}");
    assert_eq!(shop.page(), Some("Welcome to the shop (version 1)".to_owned()));
    release(Variant::Crashing, "2");
    let second = ended(&client, &project, 2);
    assert_eq!(second["status"], "rolled_back", "{second}");
    assert_eq!(shop.page(), Some("Welcome to the shop (version 1)".to_owned()));
    by_hand(&shop, &client, &project);
    let log = client.get(&format!("{project}/deployments/2/log"));
    assert!(log.as_str().expect("text").contains("rolled_back"), "{log}");
    // What the runner was given to get in with is seen nowhere.
    let shown =
        [client.get(&project), client.get(&format!("{project}/audit")), log].map(|value| value.to_string()).concat();
    let line = key.lines().nth(1).expect("a key has lines");
    assert!(!shown.contains(line));
    server.signal(Signal::TERM);
    let finished = server.finish();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert!(!finished.stderr.contains(line));
}

/// Without a pipeline: a commit is deployed, followed over the socket until it is over, and the release before it is put back.
fn by_hand(shop: &Shop, client: &Client, project: &str) {
    shop.write("pipeline.yml", FILE);
    let commit = shop.release(Variant::Good, "3");
    let order = json!({"environment": "production", "commit": commit});
    client.call(&Method::POST, &format!("{project}/deployments"), Some(&order), 201);
    let mut socket = client.socket();
    socket.say(&json!({"type": "follow_deployment", "id": 1, "project": shop.name(), "deployment": 3}));
    let heard = socket.until_end();
    let log: String = heard.iter().filter_map(|said| said["text"].as_str()).collect();
    assert_eq!(client.get(&format!("{project}/deployments/3/log")).as_str(), Some(log.as_str()));
    let last = heard.iter().rfind(|said| said["type"] == "event").expect("it has an end");
    assert_eq!(last["change"]["kind"]["end"]["status"], "success", "{last}");
    let told = |said: &Value| said["change"]["kind"]["services"].as_array().cloned().unwrap_or_default();
    let seen: Vec<Value> = heard.iter().flat_map(told).filter(|service| service["service"] == "web").collect();
    assert_eq!(seen.last().expect("its health was watched")["outlook"], "well", "{seen:?}");
    let stands = client.get(&format!("{project}/deployments/3"))["watched"].clone();
    let web = stands["services"].as_array().expect("services").iter().find(|service| service["service"] == "web");
    assert_eq!(
        (&stands["step"], &web.expect("it is there")["outlook"]),
        (&json!("verify"), &json!("well")),
        "{stands}"
    );
    assert_eq!(shop.page(), Some("Welcome to the shop (version 3)".to_owned()));

    let order = json!({"environment": "production"});
    client.call(&Method::POST, &format!("{project}/deployments/rollback"), Some(&order), 201);
    let fourth = ended(client, project, 4);
    assert_eq!(fourth["status"], "success", "{fourth}");
    assert_eq!(shop.page(), Some("Welcome to the shop (version 1)".to_owned()));
    let releases = client.get(&format!("{project}/releases?environment=production"));
    let runs = releases["items"].as_array().expect("a list").iter().find(|release| release["is_current"] == true);
    assert_eq!(runs.expect("one runs")["commit"], fourth["commit"], "{releases}");
    let events = client.get(&format!("{project}/deployments/4/events"));
    assert!(events.as_str().expect("text").contains("event: end"), "{events}");
}
