//! Pushes that nobody told of, found by asking the repository.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use imt_core::directory::{
    Delivery, DeliveryOutcome, DeliverySource, Existing, NewProject, ProjectSettings, Scopes, SkipReason,
};
use imt_core::id::{ProjectId, ProjectName};
use imt_core::pipeline::BranchPattern;
use imt_core::ports::{Deliveries as _, Looks as _, Projects as _};
use imt_server::look_for_pushes;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::common::{World, deed};
use crate::deliveries::{FILE, Origin, outcome, pipelines, pushed, set, settled, working};

const PATH: &str = "/api/v1/projects/shop/reconcile";

/// Waits until something holds.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), looking).await.unwrap_or_else(|_| panic!("{what} does not come"))
}

/// Looks until the repository has answered once more; the looker goes on.
async fn looked(world: &World) -> JoinHandle<()> {
    let before = world.store.look(world.project.id).await.unwrap().seen_at;
    let looking = tokio::spawn(look_for_pushes(world.server.clone()));
    until("an answer", async || {
        world.store.look(world.project.id).await.unwrap().seen_at.filter(|at| Some(*at) != before)
    })
    .await;
    looking
}

/// As a server that is killed.
async fn end(looking: JoinHandle<()>) {
    looking.abort();
    assert!(looking.await.unwrap_err().is_cancelled());
}

async fn deliveries(world: &World) -> Vec<Delivery> {
    world.store.deliveries(world.project.id, None, 100).await.unwrap().items
}

async fn ask(world: &World, token: &str) -> StatusCode {
    world.call(&Method::POST, PATH, Some(token), None).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_while_nobody_was_there_is_built_once() {
    let (world, origin) = working().await;
    origin.commit(Some(FILE), "old");
    origin.git(&["branch", "older"]);
    end(looked(&world).await).await;
    assert_eq!(deliveries(&world).await, [], "what was there before is not built");

    let missed = origin.commit(Some(FILE), "missed");
    let looking = looked(&world).await;
    let came = until("the push", async || deliveries(&world).await.pop()).await;
    assert_eq!((came.source, came.push.unwrap().commit.as_str()), (DeliverySource::Found, missed.as_str()));
    assert!(matches!(settled(&world).await, DeliveryOutcome::Pipeline { .. }));
    let late = outcome(&world, "late", &pushed("refs/heads/main", &missed, "missed")).await;
    assert!(matches!(late, DeliveryOutcome::Skipped(SkipReason::FoundBefore { .. })), "{late:?}");
    end(looking).await;
    end(looked(&world).await).await;
    assert_eq!((pipelines(&world).await.len(), deliveries(&world).await.len()), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_of_is_not_found_and_what_moved_on_since_is() {
    let (world, origin) = working().await;
    let told = origin.commit(Some(FILE), "told");
    outcome(&world, "1", &pushed("refs/heads/main", &told, "told")).await;
    origin.git(&["branch", "other"]);
    // The first look: what was told of has moved on, so it was pushed to.
    let missed = origin.commit(Some(FILE), "missed");
    let looking = looked(&world).await;
    let found = deliveries(&world).await.remove(0);
    assert_eq!((found.source, found.push.unwrap().commit.as_str()), (DeliverySource::Found, missed.as_str()));
    settled(&world).await;
    end(looking).await;
    assert_eq!(pipelines(&world).await.len(), 2, "and nothing for the other branch");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_wanted_is_not_made_up_for() {
    let (world, origin) = working().await;
    origin.commit(Some(FILE), "old");
    set(&world, |settings| settings.branches = vec![BranchPattern("main".to_owned())]).await;
    end(looked(&world).await).await;
    origin.git(&["branch", "feature"]);
    end(looked(&world).await).await;
    set(&world, |settings| settings.branches.clear()).await;
    set(&world, |settings| settings.triggers_on_push = false).await;
    origin.commit(Some(FILE), "off");
    end(looked(&world).await).await;
    set(&world, |settings| settings.triggers_on_push = true).await;
    end(looked(&world).await).await;
    assert_eq!(deliveries(&world).await, []);
    // Nor what asks for nothing.
    origin.commit(Some(FILE), "typo [skip ci]");
    let looking = looked(&world).await;
    assert_eq!(settled(&world).await, DeliveryOutcome::Skipped(SkipReason::Asked));
    end(looking).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_repository_is_looked_at_anew() {
    let (world, origin) = working().await;
    origin.commit(Some(FILE), "old");
    end(looked(&world).await).await;
    let other = world.dir.path().join("other");
    origin.git(&["clone", "--quiet", ".", other.to_str().unwrap()]);
    let other = Origin(other);
    other.commit(Some(FILE), "its own");
    set(&world, |settings| settings.repo_url = Some(other.0.to_str().unwrap().to_owned())).await;
    end(looked(&world).await).await;
    assert_eq!(deliveries(&world).await, []);
    other.commit(Some(FILE), "new");
    end(looked(&world).await).await;
    assert_eq!(deliveries(&world).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_can_have_it_asked_and_see_what_stands_against_it() {
    let (world, origin) = working().await;
    let (_, token) = world.token(&world.owner, "all", Scopes::all(), None).await;
    let shown = async || -> Value { world.call(&Method::GET, PATH, Some(&token), None).await.json() };
    assert_eq!(shown().await, serde_json::json!({}));
    set(&world, |settings| settings.repo_url = Some(world.dir.path().join("nowhere").display().to_string())).await;
    let looking = tokio::spawn(look_for_pushes(world.server.clone()));
    let failure = until("a failure", async || shown().await["failure"].as_str().map(str::to_owned)).await;
    assert!(failure.contains("nowhere"), "{failure}");

    // It rests, and is asked all the same.
    origin.commit(Some(FILE), "old");
    set(&world, |settings| settings.repo_url = Some(origin.0.display().to_string())).await;
    assert_eq!(ask(&world, &token).await, StatusCode::ACCEPTED);
    until("an answer", async || shown().await["since"].as_str().map(str::to_owned)).await;
    assert_eq!(shown().await["failure"], Value::Null);
    origin.commit(Some(FILE), "missed");
    assert_eq!(ask(&world, &token).await, StatusCode::ACCEPTED);
    until("the push", async || deliveries(&world).await.pop()).await;
    end(looking).await;

    set(&world, |settings| settings.repo_url = None).await;
    assert_eq!(ask(&world, &token).await, StatusCode::CONFLICT);
    world.store.archive_project(world.project.id, &deed()).await.unwrap();
    assert_eq!(ask(&world, &token).await, StatusCode::CONFLICT);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_hangs_stops_nobody_else() {
    let (world, origin) = working().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/hangs.git", listener.local_addr().unwrap());
    for nth in 0..4 {
        let settings = ProjectSettings { repo_url: Some(address.clone()), ..ProjectSettings::default() };
        let (id, name) = (ProjectId::generate(), ProjectName::new(format!("a-{nth}")));
        let new =
            NewProject { id, name, settings, owner: world.owner.id, existing: Existing::Refuse, secrets: Vec::new() };
        world.store.create_project(&new, &deed()).await.unwrap();
    }
    origin.commit(Some(FILE), "old");
    let looking = looked(&world).await;
    let (_held, _) = listener.accept().await.unwrap();
    let began = std::time::Instant::now();
    // What is under way is left, and not waited for.
    world.stop.cancel();
    looking.await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
