//! Over http on the loopback interface: credentials, redirects, stalls. The server is a few lines that keep what they got.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use imt_core::ports::{FailureKind, Source};
use imt_core::secret::Secret;
use imt_git::{Credentials, Submodules};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::common::{World, checkout, executable, files_below, git};

/// `alice:hunter22/%` in Base64.
const AUTHORIZED: &str = "authorization: basic ywxpy2u6ahvudgvymjivjq==";

#[derive(Clone)]
enum Behaviour {
    /// Serves files, as a plain web server, to everybody or to who knows the password.
    Files { root: PathBuf, locked: bool },
    /// Sends everybody on.
    Redirect(String),
    /// Says it has a lot to say, and says nothing.
    Stall,
}

struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
    came: Arc<Notify>,
}

impl Server {
    async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (requests, came) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
        let (kept, notify) = (Arc::clone(&requests), Arc::clone(&came));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, behaviour.clone(), Arc::clone(&kept), Arc::clone(&notify)));
            }
        });
        Self { address, requests, came }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, behaviour: Behaviour, kept: Arc<Mutex<Vec<String>>>, came: Arc<Notify>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) => return,
        }
    }
    let request = String::from_utf8(request).unwrap();
    kept.lock().unwrap().push(request.clone());
    came.notify_one();
    let (status, extra, body) = match &behaviour {
        Behaviour::Stall => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n").await.unwrap();
            // Until the client goes away.
            while stream.read_u8().await.is_ok() {}
            return;
        }
        Behaviour::Redirect(to) => ("302 Found", format!("Location: {to}\r\n"), Vec::new()),
        Behaviour::Files { locked: true, .. } if !request.to_ascii_lowercase().contains(AUTHORIZED) => {
            ("401 Unauthorized", "WWW-Authenticate: Basic realm=\"r\"\r\n".to_owned(), Vec::new())
        }
        Behaviour::Files { root, .. } => {
            let path = request.split(' ').nth(1).unwrap().split('?').next().unwrap();
            match fs::read(root.join(path.trim_start_matches('/'))) {
                Ok(body) => ("200 OK", String::new(), body),
                Err(_) => ("404 Not Found", String::new(), Vec::new()),
            }
        }
    };
    let head = format!("HTTP/1.1 {status}\r\n{extra}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    // A client that has gone away is no fault of ours.
    let _gone = (stream.write_all(head.as_bytes()).await, stream.write_all(&body).await);
}

/// A copy of `origin` that a plain web server can serve.
fn publish(world: &World) -> PathBuf {
    let root = world.path("www");
    fs::create_dir_all(&root).unwrap();
    git(&root, &["clone", "-q", "--bare", world.origin().to_str().unwrap(), "app.git"]);
    git(&root.join("app.git"), &["update-server-info"]);
    root
}

fn alice() -> Credentials {
    Credentials::Password { user: "alice".into(), secret: Secret::new("hunter22/%") }
}

fn assert_no_trace_of_the_secret(dir: &Path) {
    for file in files_below(dir) {
        let content = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        assert!(!content.contains("hunter22") && !content.contains("alice"), "{}", file.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_open_their_origin_and_leave_no_trace() {
    let world = World::new();
    let first = world.commit("a", "1");
    git(&world.origin(), &["tag", "-a", "-m", "x", "v1"]);
    let commit = world.commit("a", "2");
    let root = publish(&world);
    let server = Server::start(Behaviour::Files { root, locked: true }).await;
    let url = format!("{}/app.git", server.address);

    // A git that shows its arguments and environment to us.
    let (program, seen) = (world.path("seen-git"), world.path("seen"));
    let script = format!("#!/bin/sh\n{{ echo \"$@\"; env; }} >> {}\nexec git \"$@\"\n", seen.display());
    executable(&program, &script);
    let source = world.builder().git_program(&program).credentials(&server.address, alice()).build().unwrap();

    for (reference, expected) in [("main", &commit), ("v1", &first), ("HEAD", &commit), (first.short(), &first)] {
        assert_eq!(&source.resolve(&url, reference).await.unwrap(), expected, "{reference}");
    }
    for reference in ["nope", "--upload-pack=x", "a..b", "HEAD~1", "0000000"] {
        let failure = source.resolve(&url, reference).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::CommitNotFound, "{reference}: {failure}");
    }
    // A full hash is that commit, whatever branch bears it as its name.
    git(&world.path("www/app.git"), &["update-ref", &format!("refs/heads/{first}"), commit.as_str()]);
    git(&world.path("www/app.git"), &["update-server-info"]);
    assert_eq!(source.resolve(&url, first.as_str()).await.unwrap(), first);
    let into = world.workspace("w");
    checkout(&source, &url, &commit, &into).await.unwrap();
    assert_eq!(git(&into, &["config", "remote.origin.url"]), url);
    assert!(server.requests().iter().any(|request| request.to_ascii_lowercase().contains(AUTHORIZED)));
    assert!(!fs::read_to_string(&seen).unwrap().contains("hunter22"), "the secret is in argv or environment");
    assert_no_trace_of_the_secret(&into);
    assert_no_trace_of_the_secret(&world.path("cache"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_or_with_wrong_credentials_the_failure_says_what_to_do() {
    let world = World::new();
    world.commit("a", "1");
    let server = Server::start(Behaviour::Files { root: publish(&world), locked: true }).await;
    let url = format!("{}/app.git", server.address);
    let wrong = Credentials::Password { user: "alice".into(), secret: Secret::new("wrong-one") };
    for builder in [world.builder(), world.builder().credentials(&server.address, wrong)] {
        let failure = builder.build().unwrap().resolve(&url, "main").await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::CheckoutFailed);
        assert!(failure.explain().contains("credentials") && failure.message.contains(&url), "{}", failure.explain());
        assert!(!failure.explain().contains("wrong-one"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_gets_no_credentials_and_is_not_followed() {
    let world = World::new();
    world.commit("a", "1");
    let other = Server::start(Behaviour::Files { root: publish(&world), locked: true }).await;
    let server = Server::start(Behaviour::Redirect(format!("{}/app.git/info/refs", other.address))).await;
    let source = world.builder().credentials(&server.address, alice()).build().unwrap();
    let failure = source.resolve(&format!("{}/app.git", server.address), "main").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::CheckoutFailed);
    assert_eq!(server.requests().len(), 1);
    assert_eq!(other.requests(), Vec::<String>::new(), "the redirect was followed");
}

#[tokio::test(flavor = "multi_thread")]
async fn submodules_come_only_when_asked_for_and_never_from_files() {
    let world = World::new();
    world.commit("a", "1");
    let root = publish(&world);
    let server = Server::start(Behaviour::Files { root: root.clone(), locked: true }).await;
    let library = format!("{}/app.git", server.address);
    git(&world.origin(), &["-c", "protocol.file.allow=always", "submodule", "add", "-q", "./.git", "sub"]);
    git(&world.origin(), &["config", "-f", ".gitmodules", "submodule.sub.url", "../app.git"]);
    let commit = world.commit("b", "2");
    git(&root, &["clone", "-q", "--bare", world.origin().to_str().unwrap(), "super.git"]);
    git(&root.join("super.git"), &["update-server-info"]);
    let url = library.replace("app.git", "super.git");

    let builder = world.builder().credentials(&server.address, alice());
    let plain = world.workspace("plain");
    checkout(&builder.clone().build().unwrap(), &url, &commit, &plain).await.unwrap();
    assert_eq!(fs::read_dir(plain.join("sub")).unwrap().count(), 0);

    let source = builder.submodules(Submodules::Update).build().unwrap();
    let into = world.workspace("with");
    checkout(&source, &url, &commit, &into).await.unwrap();
    assert_eq!(fs::read_to_string(into.join("sub/a")).unwrap(), "1");
    assert_no_trace_of_the_secret(&into);

    // The same from a path: there `../app.git` is a path too, and files are never reached by a submodule.
    let local = root.join("super.git");
    let refused = world.workspace("refused");
    let failure = checkout(&source, local.to_str().unwrap(), &commit, &refused).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::CheckoutFailed, "{failure}");
}

/// Processes whose environment names this directory: git and all that it started.
fn processes_of(dir: &Path) -> Vec<String> {
    let needle = dir.to_str().unwrap().as_bytes();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let environ = fs::read(entry.path().join("environ")).unwrap_or_default();
        if environ.windows(needle.len()).any(|window| window == needle) {
            found.push(fs::read_to_string(entry.path().join("comm")).unwrap_or_default().trim().to_owned());
        }
    }
    found
}

async fn until_none_is_left(dir: &Path) {
    let gone = async {
        while !processes_of(dir).is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(5), gone).await;
    assert!(waited.is_ok(), "left behind: {:?}", processes_of(dir));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stall_ends_at_the_deadline_and_leaves_no_process() {
    let world = World::new();
    let server = Server::start(Behaviour::Stall).await;
    let source = world.builder().deadline(Duration::from_secs(2)).build().unwrap();
    let failure = source.resolve(&format!("{}/app.git", server.address), "main").await.unwrap_err();
    assert_eq!(server.requests().len(), 1, "it came as far as the server");
    assert!(failure.retryable && failure.message.contains("took too long"), "{failure}");
    until_none_is_left(&world.path("cache")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stall_ends_by_the_low_speed_limit() {
    let world = World::new();
    let server = Server::start(Behaviour::Stall).await;
    let source = world.builder().low_speed(1000, Duration::from_secs(1)).build().unwrap();
    let url = format!("{}/app.git", server.address);
    let resolve = tokio::time::timeout(Duration::from_mins(1), source.resolve(&url, "main"));
    let failure = resolve.await.expect("the limit ends it").unwrap_err();
    assert_eq!(failure.kind, FailureKind::CheckoutFailed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_call_leaves_no_process_and_no_credentials() {
    let world = World::new();
    let server = Server::start(Behaviour::Stall).await;
    let source = world.builder().credentials(&server.address, alice()).build().unwrap();
    let url = format!("{}/app.git", server.address);
    let call = tokio::spawn(async move { source.resolve(&url, "main").await });
    server.came.notified().await;
    let running = processes_of(&world.path("cache"));
    assert!(running.iter().any(|name| name.starts_with("git-remote")), "{running:?}");
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    until_none_is_left(&world.path("cache")).await;
    assert_eq!(fs::read_dir(world.path("cache/calls")).unwrap().count(), 0);
}

#[tokio::test]
async fn what_a_dead_process_left_is_swept() {
    let world = World::new();
    drop(world.source());
    let left = world.path("cache/calls/call-dead");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("lock"), "").unwrap();
    fs::write(left.join("credentials"), "https://alice:hunter22@h.dev").unwrap();
    drop(world.source());
    assert!(!left.exists());
}
