//! Repositories that are looked into before they are projects.

use axum::http::{Method, StatusCode};
use imt_server::Settings;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::common::{Answered, World};
use crate::deploy::Shop;
use crate::provider::ORIGIN;

const CHECK: &str = "/api/v1/repository-checks";
const FILE: &str = "image: alpine\nstages: [build, test]\njobs:\n  unit: { stage: test, script: x }\n  lint: { stage: test, script: x }\n  \
    make: { stage: build, script: x }\n";

async fn shop() -> Shop {
    Shop::in_world(World::new().await).await
}

async fn check(shop: &Shop, with: Value) -> Answered {
    let mut order = json!({"repo_url": shop.origin.0.display().to_string()});
    order.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    shop.call(Method::POST, CHECK, Some(order)).await
}

fn detail(answered: &Answered) -> String {
    assert_eq!(answered.headers["content-type"], "application/problem+json");
    answered.json()["detail"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_project_would_find_is_told_and_nothing_kept() {
    let shop = shop().await;
    let first = shop.origin.commit(Some(FILE), "first");
    shop.origin.git(&["branch", "old"]);
    let commit = shop.origin.commit(Some("image: alpine\njobs:\n  unit: { stage: tset, script: x }\n"), "second");
    let told = check(&shop, json!({"branch": "old"})).await;
    assert_eq!(told.status, StatusCode::OK, "{}", String::from_utf8_lossy(&told.body));
    let stages = json!([{"name": "build", "jobs": ["make"]}, {"name": "test", "jobs": ["unit", "lint"]}]);
    let file = json!({"path": "pipeline.yml", "found": true, "diagnostics": [], "stages": stages});
    assert_eq!(told.json(), json!({"default_branch": "main", "commit": first, "pipeline_file": file}));

    let told = check(&shop, json!({})).await.json();
    let file = &told["pipeline_file"];
    assert_eq!((&told["commit"], &file["found"], &file["stages"]), (&json!(commit), &json!(true), &json!([])));
    let problem = &file["diagnostics"][0];
    assert_eq!((&problem["severity"], &problem["line"]), (&json!("error"), &json!(3)), "{problem}");
    assert!(problem["source"].as_str().unwrap().contains("stage: tset"), "{problem}");
    assert!(problem["code"].is_string() && problem["message"].as_str().unwrap().contains("tset"), "{problem}");

    let told = check(&shop, json!({"pipeline_file": "ci/other.yml"})).await.json();
    let file = json!({"path": "ci/other.yml", "found": false, "diagnostics": [], "stages": []});
    assert_eq!(told["pipeline_file"], file);
    // What was fetched goes once it is answered, by another thread.
    let passing = shop.world.dir.path().join("repositories/passing");
    let gone = async {
        while std::fs::read_dir(&passing).unwrap().next().is_some() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), gone).await.expect("it goes");
    let projects = shop.call(Method::GET, "/api/v1/projects", None).await.json();
    assert_eq!(projects["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_repository_is_said() {
    let shop = shop().await;
    let empty = check(&shop, json!({})).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(detail(&empty).contains("no branch"), "{}", detail(&empty));
    shop.origin.commit(Some(FILE), "first");
    let branch = check(&shop, json!({"branch": "nowhere"})).await;
    assert_eq!(branch.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(detail(&branch).contains("nowhere"), "{}", detail(&branch));
    let missing = check(&shop, json!({"repo_url": "/nowhere/shop"})).await;
    assert_eq!(missing.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(detail(&missing).contains("/nowhere/shop"), "{}", detail(&missing));
    let ssh = check(&shop, json!({"repo_url": "ssh://git@example.org/shop.git", "repo_token": "x"})).await;
    assert_eq!(ssh.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(detail(&ssh).contains("repository_key"), "{}", detail(&ssh));
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/x.git", silent.local_addr().unwrap());
    drop(silent);
    let away = check(&shop, json!({"repo_url": url})).await;
    assert_eq!(away.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(detail(&away).contains(&url), "{}", detail(&away));
}

/// The host is told the token, and nobody else: also where it is refused, and the host says it aloud.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused_is_not_shown() {
    let shop = shop().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/acme/shop.git", listener.local_addr().unwrap());
    let host = tokio::spawn(async move {
        let mut heard = String::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let Ok(read) = stream.read(&mut request).await else { continue };
            heard.push_str(&String::from_utf8_lossy(&request[..read]));
            let words = "HTTP/1.1 401 canary-9f86d081\r\nWWW-Authenticate: Basic realm=\"canary-9f86d081\"\r\n\
                Content-Length: 0\r\nConnection: close\r\n\r\n";
            drop(stream.write_all(words.as_bytes()).await);
            if heard.contains("uthorization: Basic") {
                return heard;
            }
        }
    });
    let refused = check(&shop, json!({"repo_url": url, "repo_token": "canary-9f86d081"})).await;
    assert!(refused.status.is_client_error() || refused.status == StatusCode::SERVICE_UNAVAILABLE);
    assert!(detail(&refused).contains(&url), "{}", detail(&refused));
    assert!(!String::from_utf8_lossy(&refused.body).contains("canary"), "{}", detail(&refused));
    host.await.unwrap();
    let wrong = check(&shop, json!({"repo_token": "canary-9f86d081\n"})).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!detail(&wrong).contains("canary"), "{}", detail(&wrong));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_project_may_have_is_not_looked_into() {
    let world = World::with(Settings::shared(ORIGIN.to_owned(), Vec::new())).await;
    let shop = Shop::in_world(world).await;
    let inside = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    inside.set_nonblocking(true).unwrap();
    let port = inside.local_addr().unwrap().port();
    for url in [
        format!("https://127.0.0.1:{port}/x"),
        format!("https://localhost:{port}/x"),
        format!("http://127.0.0.1:{port}/x"),
        shop.origin.0.display().to_string(),
        "https://a:b@example.org/x".to_owned(),
        "ext::sh -c x".to_owned(),
    ] {
        let refused = check(&shop, json!({"repo_url": url})).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{url}: {}", detail(&refused));
        assert!(detail(&refused).contains("address of the repository"), "{url}: {}", detail(&refused));
    }
    let came = inside.accept();
    assert!(came.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock), "{came:?}");
}
