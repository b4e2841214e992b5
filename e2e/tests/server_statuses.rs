//! Commit statuses of a server that is killed time after time, told to a host that is in trouble now and then: each commit ends
//! with what its pipeline came to.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use imt_e2e::dice::{Dice, seed};
use imt_e2e::project::git;
use imt_e2e::repository::Repository;
use imt_e2e::server::{Client, PIPELINE, ServerHost, signature};
use imt_e2e::wait::until_holds;
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::http::Method;

const TOKEN: &str = "a-token-of-the-forge";
/// How many commits are pushed.
const PUSHES: usize = 8;
/// A job that is killed with the server runs once more.
const FILE: &str = "jobs: { unit: { script: sleep 0.5, retry: { max: 5, on: [lost] } } }\n";

/// The host of a repository: serves it, and keeps the statuses that it takes.
struct Forge {
    address: String,
    files: TempDir,
    told: Arc<Mutex<Vec<(String, String)>>>,
    in_trouble: Arc<AtomicBool>,
}

impl Forge {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound port").to_string();
        let files = tempfile::tempdir().expect("a directory");
        let (told, in_trouble) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let (root, kept, trouble) = (files.path().to_owned(), Arc::clone(&told), Arc::clone(&in_trouble));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (root, kept, trouble) = (root.clone(), Arc::clone(&kept), Arc::clone(&trouble));
                // Whoever is killed in the middle of a request is no fault of ours.
                thread::spawn(move || drop(serve(stream, &root, &kept, &trouble)));
            }
        });
        Self { address, files, told, in_trouble }
    }

    fn repo_url(&self) -> String {
        format!("http://{}/acme/shop.git", self.address)
    }

    fn bare(&self) -> PathBuf {
        self.files.path().join("acme/shop.git")
    }

    /// What was told last of each commit.
    fn last(&self) -> BTreeMap<String, String> {
        self.told.lock().expect("nobody panics").iter().cloned().collect()
    }
}

fn serve(
    mut stream: TcpStream,
    root: &Path,
    told: &Mutex<Vec<(String, String)>>,
    in_trouble: &AtomicBool,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut first, mut length, mut authorized) = (String::new(), 0, false);
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        let (name, value) = line.trim_end().split_once(": ").unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap_or_default(),
            "authorization" => authorized = value == format!("token {TOKEN}"),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let path = first.split(' ').nth(1).unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    let (status, content) = if first.starts_with("GET ") {
        fs::read(root.join(path.trim_start_matches('/'))).map_or(("404 Not Found", Vec::new()), |file| ("200 OK", file))
    } else if in_trouble.load(Ordering::SeqCst) {
        ("503 Service Unavailable", Vec::new())
    } else if let (Some(commit), true) = (path.strip_prefix("/api/v1/repos/acme/shop/statuses/"), authorized) {
        let body: Value = serde_json::from_slice(&body)?;
        let state = body["state"].as_str().unwrap_or_default().to_owned();
        told.lock().expect("nobody panics").push((commit.to_owned(), state));
        ("201 Created", b"{}".to_vec())
    } else {
        ("401 Unauthorized", Vec::new())
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", content.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(&content)
}

fn push(client: &Client, (path, secret): (&str, &str), repository: &Repository, forge: &Forge) -> String {
    let commit = repository.commit();
    git(&forge.bare(), &["fetch", "--quiet", repository.path().to_str().expect("text"), "+main:main"]);
    git(&forge.bare(), &["update-server-info"]);
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
    let forge = Forge::start();
    let repository = Repository::new("imt-e2e-statuses.");
    repository.write("pipeline.yml", FILE);
    repository.commit();
    let source = repository.path().to_str().expect("text");
    git(forge.files.path(), &["clone", "--quiet", "--bare", source, "acme/shop.git"]);
    git(&forge.bare(), &["update-server-info"]);
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
        forge.in_trouble.store(nth % 3 == 1, Ordering::SeqCst);
        commits.push(push(&client, (&path, &secret), &repository, &forge));
        thread::sleep(dice.below(Duration::from_millis(1_500)));
        if nth % 2 == 0 {
            server.signal(Signal::KILL);
            drop(server);
            server = host.start(port);
        }
    }
    forge.in_trouble.store(false, Ordering::SeqCst);
    let mut results = BTreeMap::new();
    until_holds("all pipelines are over", PIPELINE, || {
        results = ended(&client);
        commits.iter().all(|commit| results.contains_key(commit))
    });
    until_holds("the host knows what they came to", PIPELINE, || forge.last() == results);
    let told = forge.told.lock().expect("nobody panics");
    for commit in &commits {
        let of_it: Vec<&str> = told.iter().filter(|(of, _)| of == commit).map(|(_, state)| state.as_str()).collect();
        let first_end = of_it.iter().position(|state| *state != "pending").expect("it ended");
        assert!(of_it[first_end..].iter().all(|state| *state != "pending"), "{commit} began again: {of_it:?}");
    }
    drop(server);
}
