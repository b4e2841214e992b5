//! Repositories that are not there, lead elsewhere, or lie inside of the server's network: a clear answer, and nobody is connected to
//! who should not be.

use axum::http::{Method, StatusCode};
use imt_core::directory::{DeliveryOutcome, Existing, NewProject, ProjectSettings, Scopes, SecretName};
use imt_core::id::{ProjectId, ProjectName};
use imt_core::ports::Projects as _;
use imt_core::secret::Secret;
use imt_server::Settings;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::common::{Answered, WEBHOOK_SECRET, World, deed};
use crate::deliveries::{FILE, outcome, pipelines, pushed, set, working};
use crate::hooks::{deliver, signature};
use crate::provider::ORIGIN;

const PIPELINES: &str = "/api/v1/projects/shop/pipelines";

/// A host that says this to whoever comes.
async fn saying(words: String) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serving = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 4096];
            // Whoever has hung up hears it not.
            if stream.read(&mut head).await.is_ok() {
                drop(stream.write_all(words.as_bytes()).await);
            }
        }
    });
    (address, serving)
}

/// A host that nobody is to come to.
struct Forbidden(std::net::TcpListener);

impl Forbidden {
    fn new() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn address(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }

    /// Whoever has come waits to be let in.
    fn assert_alone(&self) {
        let came = self.0.accept();
        assert!(came.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock), "{came:?}");
    }
}

async fn start(world: &World, repo_url: &str) -> Answered {
    let (_, token) = world.token(&world.owner, "all", Scopes::all(), None).await;
    start_as(world, &token, repo_url).await
}

fn detail(answered: &Answered) -> String {
    assert_eq!(answered.headers["content-type"], "application/problem+json");
    answered.json()["detail"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_not_there_is_named() {
    let world = World::new().await;
    let answered = start(&world, "/nowhere/shop").await;
    assert_eq!(answered.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", detail(&answered));
    assert!(detail(&answered).contains("/nowhere/shop"), "{}", detail(&answered));

    // A host may have it later, so that it is worth another try.
    let world = World::new().await;
    let (address, _serving) = saying("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned()).await;
    let answered = start(&world, &format!("http://{address}/acme/shop.git")).await;
    assert_eq!(answered.status, StatusCode::SERVICE_UNAVAILABLE, "{}", detail(&answered));
    assert!(detail(&answered).contains(&format!("{address}/acme/shop.git")), "{}", detail(&answered));
    assert!(answered.headers.contains_key("retry-after"));
    assert_eq!(pipelines(&world).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_leads_elsewhere_is_not_followed() {
    let (world, inside) = (World::new().await, Forbidden::new());
    let words = format!("HTTP/1.1 302 Found\r\nLocation: http://{}/\r\nContent-Length: 0\r\n\r\n", inside.address());
    let (address, _serving) = saying(words).await;
    let answered = start(&world, &format!("http://{address}/acme/shop.git")).await;
    assert_eq!(answered.status, StatusCode::SERVICE_UNAVAILABLE, "{}", detail(&answered));
    inside.assert_alone();
    assert_eq!(pipelines(&world).await, []);
}

/// Neither when it is set nor when it was set while that was allowed; and where it is allowed, it is connected to.
#[tokio::test(flavor = "multi_thread")]
async fn one_inside_is_for_whom_the_operator_allows_it() {
    let world = World::with(Settings::shared(ORIGIN.to_owned(), Vec::new())).await;
    let (_, token) = world.token(&world.owner, "manage", Scopes::all(), None).await;
    let inside = Forbidden::new();
    let port = inside.address().rsplit_once(':').unwrap().1.to_owned();
    let call =
        async |method: Method, path: &str, body: Value| world.call(&method, path, Some(&token), Some(&body)).await;
    for url in [
        format!("https://127.0.0.1:{port}/x"),
        format!("https://localhost:{port}/x"),
        format!("https://[::1]:{port}/x"),
        format!("https://[::ffff:127.0.0.1]:{port}/x"),
        format!("ssh://git@127.0.0.1:{port}/x"),
        format!("http://127.0.0.1:{port}/x"),
        "https://169.254.169.254/latest".to_owned(),
        "https://10.0.0.1/x".to_owned(),
        "git@192.168.0.1:x".to_owned(),
        "file:///srv/x".to_owned(),
    ] {
        for (method, path, body) in [
            (Method::POST, "/api/v1/projects", json!({"name": "another", "repo_url": url})),
            (Method::PATCH, "/api/v1/projects/shop", json!({"repo_url": url})),
        ] {
            let answered = call(method, path, body).await;
            assert_eq!(answered.status, StatusCode::UNPROCESSABLE_ENTITY, "{url}: {}", detail(&answered));
            assert!(detail(&answered).contains("address of the repository"), "{url}: {}", detail(&answered));
        }
    }
    for url in [format!("https://127.0.0.1:{port}/x"), format!("https://localhost:{port}/x")] {
        let answered = start_as(&world, &token, &url).await;
        assert_eq!(answered.status, StatusCode::UNPROCESSABLE_ENTITY, "{url}: {}", detail(&answered));
        assert!(detail(&answered).contains("may not be connected to"), "{url}: {}", detail(&answered));
    }
    inside.assert_alone();

    let mut settings = Settings::shared(ORIGIN.to_owned(), Vec::new());
    settings.allows_private_networks = true;
    let world = World::with(settings).await;
    let (_, token) = world.token(&world.owner, "manage", Scopes::all(), None).await;
    let (address, _serving) = saying("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned()).await;
    let answered = start_as(&world, &token, &format!("http://{address}/x")).await;
    assert_eq!(answered.status, StatusCode::SERVICE_UNAVAILABLE, "it is asked: {}", detail(&answered));
}

async fn start_as(world: &World, token: &str, url: &str) -> Answered {
    set(world, |settings| settings.repo_url = Some(url.to_owned())).await;
    world.call(&Method::POST, PIPELINES, Some(token), Some(&json!({"branch": "main"}))).await
}

/// Each of those who wait has a process of git.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_hangs_is_asked_by_few_at_once() {
    let world = World::new().await;
    let (_, token) = world.token(&world.owner, "all", Scopes::all(), None).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/x.git", silent.local_addr().unwrap());
    set(&world, |settings| settings.repo_url = Some(url)).await;
    let body = json!({"branch": "main"});
    let asking =
        futures_util::future::join_all((0..8).map(|_| world.call(&Method::POST, PIPELINES, Some(&token), Some(&body))));
    let others = async {
        let mut held = Vec::new();
        while held.len() < 8 {
            held.push(silent.accept().await.unwrap());
        }
        let answered = world.call(&Method::POST, PIPELINES, Some(&token), Some(&body)).await;
        assert_eq!(answered.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(detail(&answered).contains("keeps 8 others waiting"), "{}", detail(&answered));
        assert!(futures_util::FutureExt::now_or_never(silent.accept()).is_none(), "nobody else has come");
    };
    tokio::select! {
        answers = asking => panic!("it says nothing: {answers:?}"),
        () = others => {}
    }
}

/// Each of its deliveries is worked on for minutes, and those of others are not left waiting for it.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_hangs_keeps_no_other_projects_deliveries_waiting() {
    let (world, origin) = working().await;
    let commit = origin.commit(Some(FILE), "first");
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let repo_url = Some(format!("http://{}/x.git", silent.local_addr().unwrap()));
    let new = NewProject {
        id: ProjectId::generate(),
        name: ProjectName::new("hangs"),
        settings: ProjectSettings { repo_url, ..ProjectSettings::default() },
        owner: world.owner.id,
        existing: Existing::Refuse,
        secrets: vec![(SecretName::WebhookSecret, Secret::new(WEBHOOK_SECRET))],
    };
    let hanging = world.store.create_project(&new, &deed()).await.unwrap();
    for nth in 0..6 {
        let body = pushed("refs/heads/main", &format!("{nth}").repeat(40), "");
        let signed = signature(&body, WEBHOOK_SECRET);
        let id = hanging.id.to_string();
        let answered = deliver(&world, &id, &nth.to_string(), "push", &body, Some(&signed)).await;
        assert_eq!(answered.status, StatusCode::ACCEPTED);
    }
    let came = outcome(&world, "other", &pushed("refs/heads/main", &commit, "first")).await;
    assert!(matches!(came, DeliveryOutcome::Pipeline { .. }), "{came:?}");
}
