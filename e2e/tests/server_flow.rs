//! A server from its first start on, over HTTP and its socket alone.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use imt_e2e::canary::Canaries;
use imt_e2e::project::git;
use imt_e2e::records::Records;
use imt_e2e::server::{Client, Heard, PIPELINE, ServerHost, log_of};
use imt_e2e::wait::until;
use rustix::process::Signal;
use serde_json::{Value, json};
use ureq::http::Method;

const FILE: &str =
    "stages: [test]\njobs:\n  unit:\n    stage: test\n    script: [echo \"it is $IMT_BRANCH\", sleep 1, echo done]\n";

/// What it prints: the commands, too.
const LOG: &str = "$ echo \"it is $IMT_BRANCH\"\nit is main\n$ sleep 1\n$ echo done\ndone\n";

/// A bare repository with a clone beside it, which pushes to it.
fn repository(below: &Path) -> (std::path::PathBuf, std::path::PathBuf) {
    let (bare, clone) = (below.join("shop.git"), below.join("shop"));
    git(below, &["init", "--quiet", "--bare", "--initial-branch=main", "shop.git"]);
    git(below, &["clone", "--quiet", "shop.git", "shop"]);
    git(&clone, &["checkout", "--quiet", "-B", "main"]);
    (bare, clone)
}

/// Has the repository tell the server of every push, signed, as its host would.
fn tell_pushes(bare: &Path, url: &str, secret: &str) {
    let hook = bare.join("hooks/post-receive");
    let script = format!(
        "#!/bin/sh\nset -eu\nwhile read -r before after ref; do\n  body=$(printf '{{\"ref\":\"%s\",\"before\":\"%s\",\"after\":\"%s\"}}' \
         \"$ref\" \"$before\" \"$after\")\n  signature=$(printf %s \"$body\" | openssl dgst -sha256 -hmac '{secret}' | sed 's/.* //')\n  \
         curl --silent --show-error --fail -X POST -H 'X-GitHub-Event: push' -H \"X-GitHub-Delivery: $after\" \
         -H \"X-Hub-Signature-256: sha256=$signature\" --data-binary \"$body\" '{url}' >&2\ndone\n"
    );
    fs::write(&hook, script).expect("a hook");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("a mode");
}

fn push(clone: &Path, file: &str, message: &str) -> String {
    fs::write(clone.join("pipeline.yml"), file).expect("a file");
    git(clone, &["add", "--all"]);
    let who = ["-c", "user.name=e2e", "-c", "user.email=e2e@localhost"];
    git(clone, &[&who[..], &["commit", "--quiet", "--allow-empty", "--message", message]].concat());
    git(clone, &["push", "--quiet", "origin", "HEAD"]);
    git(clone, &["rev-parse", "HEAD"])
}

/// The project's pipeline of a commit, once there is one.
fn pipeline_of(client: &Client, commit: &str) -> u64 {
    until("the push becomes a pipeline", PIPELINE, || {
        let listed = client.get("/api/v1/projects/shop/pipelines");
        let found = listed["items"].as_array().expect("a list").iter().find(|found| found["commit"] == commit)?;
        found["number"].as_u64()
    })
}

/// The whole way, on a store of this kind.
fn from_first_start_to_live_log(words: &[&str]) {
    let host = ServerHost::new(&[&["--executor", "local"], words].concat());
    let server = host.start(0);
    let link = server.link.rsplit('=').next().expect("a key").to_owned();
    let session = sign_in(&server.link, &server.address);
    let token = host.token();
    let client = server.client(&token);
    let (bare, clone) = repository(host.path());
    let made = client.call(&Method::POST, "/api/v1/projects", Some(&json!({"name": "shop", "repo_url": bare})), 201);
    let (url, secret) =
        (made["webhook_url"].as_str().expect("a URL"), made["webhook_secret"].as_str().expect("a secret"));
    tell_pushes(&bare, url, secret);

    let commit = push(&clone, FILE, "first");
    let number = pipeline_of(&client, &commit);
    let mut socket = client.socket();
    socket.say(&json!({"type": "follow", "id": 1, "project": "shop", "pipeline": number}));
    let heard = socket.until_end();
    assert_eq!(log_of(&heard, 0), LOG, "{heard:?}");
    let shown = client.get(&format!("/api/v1/projects/shop/pipelines/{number}"));
    assert_eq!((&shown["status"], &shown["jobs"][0]["status"]), (&json!("success"), &json!("success")));
    let log = client.get(&format!("/api/v1/projects/shop/pipelines/{number}/jobs/0/log"));
    assert_eq!(log, LOG);
    let counted = client.get("/metrics");
    let of_jobs = |name: &str| -> f64 {
        let begins = format!("imt_work_{name}{{kind=\"job\",status=\"success\"}} ");
        let mut lines = counted.as_str().expect("a text").lines();
        let value = lines.find_map(|line| line.strip_prefix(&begins)).unwrap_or_else(|| panic!("{begins}: {counted}"));
        value.parse().expect("a number")
    };
    assert!(of_jobs("ended_last_hour") >= 1.0 && of_jobs("took_last_hour_seconds") >= 1.0, "{counted}");

    // Whoever went away goes on where he was.
    let half = heard.iter().position(|said| said["type"] == "log").expect("some log");
    let mut again = client.socket();
    again.say(
        &json!({"type": "follow", "id": 7, "project": "shop", "pipeline": number, "position": heard[half]["position"]}),
    );
    let rest = again.until_end();
    let bare_of_id = |said: &Value| {
        let mut said = said.clone();
        said.as_object_mut().expect("an object").remove("id");
        said
    };
    let expected: Vec<Value> = heard[half + 1..].iter().map(bare_of_id).collect();
    assert_eq!(rest.iter().map(bare_of_id).collect::<Vec<_>>(), expected);

    // Told to end, it tells its sockets to come back, and ends.
    server.signal(Signal::TERM);
    assert!(matches!(socket.hear(), Heard::Closed(Some(1012))), "it restarts");
    drop(socket);
    let finished = server.finish();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    // What lets in is kept as its digest alone. The commit is no secret: it shows that what is there is found.
    let entries = [("link", link), ("session", session), ("token", token), ("commit", commit)];
    let entries = Canaries::new(&BTreeMap::from(entries));
    let kept = entries.found_below(&host.data_dir());
    assert!(kept.iter().any(|found| found.canary == "commit"), "nothing is found in the data directory");
    let leaks: Vec<_> = kept.iter().filter(|found| found.canary != "commit").collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
    let said: Vec<_> =
        entries.found_in(finished.stderr.as_bytes()).into_iter().filter(|found| *found != "commit").collect();
    assert!(said.is_empty() && !finished.stderr.contains(secret), "in the log: {said:?}");
}

/// The link lets in once, and no more. The key of the session is what comes of it.
fn sign_in(link: &str, address: &str) -> String {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    let answered = agent.get(link).call().expect("an answer");
    assert_eq!(answered.status(), 303);
    let cookie = answered.headers()["set-cookie"].to_str().expect("text").to_owned();
    assert!(cookie.starts_with("imt=") && cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let pair = cookie.split(';').next().expect("a pair");
    let me = agent.get(format!("{address}/api/v1/me")).header("cookie", pair).call().expect("an answer");
    assert_eq!(me.status(), 200);
    assert_eq!(agent.get(link).call().expect("an answer").status(), 401, "it was used");
    pair.trim_start_matches("imt=").to_owned()
}

#[test]
fn from_the_first_start_to_a_live_log_on_sqlite() {
    from_first_start_to_live_log(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_first_start_to_a_live_log_on_postgres() {
    let records = Records::postgres().await;
    let address = records.address();
    tokio::task::spawn_blocking(move || from_first_start_to_live_log(&["--database-url", &address]))
        .await
        .expect("it holds");
}
