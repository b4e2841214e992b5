//! A server whose database is gone, at its start and later, and one whose project has a repository that hangs: whoever calls is told
//! so, nothing that was acknowledged is lost, and it goes on by itself when what was missing is back.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use imt_e2e::postgres_server::{PostgresServer, Shutdown};
use imt_e2e::repository::Repository;
use imt_e2e::server::{Client, Hook, PIPELINE, RunningServer, ServerHost};
use imt_e2e::wait::{SOON, until, until_holds};
use rustix::process::Signal;
use serde_json::{Value, json};
use ureq::http::Method;

/// It goes on until it is told to end, and then says that nothing disturbed it.
const FILE: &str = "jobs: { unit: { script: 'while ! test -e \"$GO\"; do sleep 0.05; done; echo undisturbed' } }\n";
/// A database that is gone is not waited for in vain.
const ANSWERED: Duration = Duration::from_secs(15);

fn stop(server: RunningServer) -> String {
    server.signal(Signal::TERM);
    let ended = server.finish();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    ended.stderr
}

/// That the server says that it cannot just now, as problem details, soon, and when to come again.
fn assert_unavailable(client: &Client, method: &Method, path: &str, body: Option<&Value>) {
    let begun = Instant::now();
    let answer = client.try_call(method, path, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
    let took = begun.elapsed();
    let kind = answer.headers()["content-type"].to_str().expect("text").to_owned();
    let (status, again) = (answer.status().as_u16(), answer.headers().contains_key("retry-after"));
    let problem = answer.into_body().read_to_string().expect("text");
    let shown = format!("{method} {path}: {status} {kind} {problem}");
    assert_eq!((status, kind.as_str(), again), (503, "application/problem+json", true), "{shown}");
    let problem: Value = serde_json::from_str(&problem).expect("JSON");
    assert_eq!(problem["code"], "unavailable", "{shown}");
    assert!(!shown.contains("hunter2") && !shown.contains("postgres"), "{shown}");
    assert!(took < 3 * ANSWERED, "{shown}: after {took:?}");
}

#[test]
fn a_database_that_is_gone_at_the_start_is_named() {
    let mut postgres = PostgresServer::new();
    postgres.down(Shutdown::Fast);
    let url = postgres.url().replace("//imt@", "//imt:hunter2@");
    let host = ServerHost::new(&["--runners", "0"]).with_variable("IMT_SERVER_DATABASE_URL", &url);
    let refused = host.output(&["--listen", "127.0.0.1:0"]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{told}");
    let at = url.rsplit_once('@').expect("a host").1.split('/').next().expect("an address");
    assert!(told.contains(at) && told.contains("help:") && !told.contains("hunter2"), "{told}");
    postgres.up();
    stop(host.start(0));
}

#[test]
fn a_database_that_is_gone_later_costs_nobody_what_was_acknowledged() {
    let mut postgres = PostgresServer::new();
    let url = postgres.url().replace("//imt@", "//imt:hunter2@");
    let host = ServerHost::new(&["--executor", "local", "--runners", "2"]);
    let host = host.with_variable("IMT_SERVER_DATABASE_URL", &url);
    let server = host.start(0);
    let client = server.client(&host.token());
    let repository = Repository::new("imt-e2e-outages.");
    repository.write("pipeline.yml", FILE);
    let commit = repository.commit();
    let order = json!({"name": "shop", "repo_url": repository.path()});
    let hook = Hook::of(&client.call(&Method::POST, "/api/v1/projects", Some(&order), 201));
    let project = "/api/v1/projects/shop";
    let go = host.path().join("go");
    let variable = json!({"value": go});
    client.call(&Method::PUT, &format!("{project}/variables/GO"), Some(&variable), 204);
    let started = client.call(&Method::POST, &format!("{project}/pipelines"), Some(&json!({"branch": "main"})), 201);
    let pipeline = format!("{project}/pipelines/{}", started["number"]);
    until_holds("it runs", PIPELINE, || client.get(&pipeline)["status"] == "running");
    assert!(hook.tell(&client, "acknowledged", "main", &commit));

    postgres.down(Shutdown::Fast);
    for (method, path, body) in [
        (Method::GET, "/ready", None),
        (Method::GET, "/api/v1/me", None),
        (Method::GET, pipeline.as_str(), None),
        (Method::POST, "/api/v1/projects", Some(json!({"name": "lost", "repo_url": repository.path()}))),
        (Method::PUT, "/api/v1/projects/shop/variables/LOST", Some(json!({"value": "v"}))),
        (Method::POST, "/api/v1/projects/shop/pipelines", Some(json!({"branch": "main"}))),
    ] {
        assert_unavailable(&client, &method, path, body.as_ref());
    }
    assert_eq!(client.get("/health")["status"], "ok", "the process is there");
    assert!(!hook.tell(&client, "refused", "main", &commit), "what is not kept is not acknowledged");
    // It ends while nobody can write that down.
    std::fs::write(&go, "").expect("a file");
    postgres.up();

    until_holds("it is ready again", SOON, || {
        client.try_call(&Method::GET, "/ready", None).is_ok_and(|a| a.status() == 200)
    });
    let ended = until("the pipeline is over", PIPELINE, || {
        let shown = client.try_call(&Method::GET, &pipeline, None).ok()?;
        let shown: Value = serde_json::from_str(&shown.into_body().read_to_string().ok()?).ok()?;
        shown.get("ended_at").is_some().then_some(shown)
    });
    assert_eq!(ended["status"], "success", "{ended}");
    assert_eq!(ended["jobs"][0]["attempts"].as_array().map(Vec::len), Some(1), "it was not begun again: {ended}");
    let log = client.get(&format!("{pipeline}/jobs/0/log"));
    assert!(log.as_str().expect("text").ends_with("undisturbed\n"), "{log}");
    assert!(hook.tell(&client, "refused", "main", &commit), "whoever was refused comes again");
    until_holds("what was acknowledged has come to pipelines", PIPELINE, || {
        let listed = client.get(&format!("{project}/pipelines"));
        let all = listed["items"].as_array().expect("a list");
        all.len() == 3 && all.iter().all(|one| one["status"] == "success")
    });
    let projects = client.get("/api/v1/projects");
    assert_eq!(projects["items"].as_array().map(Vec::len), Some(1), "{projects}");
    let variables = client.get(&format!("{project}/variables"));
    assert!(!variables.to_string().contains("LOST"), "{variables}");
    let log = stop(server);
    assert!(!log.contains("hunter2"), "{log}");
}

/// A host that takes connections and says nothing. What is asked of it is answered after a minute at most, and meanwhile others are.
#[test]
fn a_repository_that_hangs_keeps_nobody_else_waiting() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/x.git", silent.local_addr().expect("a bound port"));
    let host = ServerHost::new(&["--executor", "local", "--runners", "1", "--reconcile-seconds", "0"]);
    let server = host.start(0);
    let client = server.client(&host.token());
    let repository = Repository::new("imt-e2e-outages.");
    repository.write("pipeline.yml", "jobs: { unit: { script: 'true' } }\n");
    repository.commit();
    for (name, url) in [("hangs", json!(url)), ("shop", json!(repository.path()))] {
        client.call(&Method::POST, "/api/v1/projects", Some(&json!({"name": name, "repo_url": url})), 201);
    }
    let asking = client.clone().patient(2 * SOON);
    let begun = Instant::now();
    let asked = std::thread::spawn(move || {
        let answer =
            asking.try_call(&Method::POST, "/api/v1/projects/hangs/pipelines", Some(&json!({"branch": "main"})));
        let answer = answer.expect("an answer");
        (answer.status().as_u16(), answer.into_body().read_to_string().expect("text"), begun.elapsed())
    });
    let (_connection, _) = silent.accept().expect("git comes");
    let started = client.call(&Method::POST, "/api/v1/projects/shop/pipelines", Some(&json!({"branch": "main"})), 201);
    let path = format!("/api/v1/projects/shop/pipelines/{}", started["number"]);
    until_holds("another project's pipeline is over", PIPELINE, || client.get(&path)["status"] == "success");
    let (status, text, took) = asked.join().expect("it asks");
    let problem: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((status, &problem["code"]), (503, &json!("timed_out")), "{text}");
    assert!(took < 3 * SOON, "{took:?}");
    assert_eq!(client.get("/api/v1/projects/hangs/pipelines")["items"], json!([]));
    let ending = Instant::now();
    stop(server);
    assert!(ending.elapsed() < 3 * ANSWERED, "it does not wait for what hangs: {:?}", ending.elapsed());
}
