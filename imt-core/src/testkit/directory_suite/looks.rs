//! Looks at repositories.

use std::time::Duration;

use super::Servers;
use super::fixture::{assert_refused, at, at_once, deed, minute, project, push, shop, user};
use crate::directory::{DueLook, Found, LookEnd, LookRecord, MAX_PAGE};
use crate::id::{CommitId, ProjectId};
use crate::ports::StoreError;
use crate::testkit::store_suite::fixture::DEADLINE;

const HOUR: Duration = Duration::from_hours(1);
const REPOSITORY: &str = "https://git.example/shop.git";

async fn take(store: &Servers, age: Duration) -> Vec<DueLook> {
    store.take_looks(age, 100).await.expect("take_looks").found
}

async fn taken_soon(store: &Servers) -> DueLook {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        if let Some(taken) = take(store, Duration::ZERO).await.pop() {
            return taken;
        }
        assert!(tokio::time::Instant::now() < deadline, "nothing becomes due");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn settle(store: &Servers, project: ProjectId, end: &LookEnd) {
    store.settle_look(project, end).await.expect("settle_look");
}

fn seen(repo_url: &str, micros: u64) -> LookEnd {
    LookEnd::Seen { repo_url: repo_url.to_owned(), at: at(micros) }
}

/// Each project has its turn, one look for all servers.
pub(super) async fn looks_are_taken_in_turn(store: Servers) {
    let ann = user(&store, "ann").await;
    let (shop, api) = (project(&store, "shop", ann.id).await, project(&store, "api", ann.id).await);
    let put_away = project(&store, "old", ann.id).await;
    store.archive_project(put_away, &deed()).await.expect("archive_project");
    let shares = at_once(4, |_| {
        let store = store.clone();
        async move { store.take_looks(HOUR, 1).await.expect("take_looks").found }
    })
    .await;
    let mut all: Vec<ProjectId> = shares.iter().flatten().map(|due| due.project.id).collect();
    all.extend(take(&store, HOUR).await.iter().map(|due| due.project.id));
    all.sort_unstable();
    let mut both = [shop, api];
    both.sort_unstable();
    assert_eq!(all, both, "{shares:?}");
    assert_eq!(take(&store, HOUR).await, [], "somebody has looked");
    tokio::time::sleep(Duration::from_millis(20)).await;
    store.want_look(api).await.expect("want_look");
    let wanted = take(&store, HOUR).await;
    assert_eq!(wanted.iter().map(|due| due.project.id).collect::<Vec<_>>(), [api]);
    tokio::time::sleep(Duration::from_millis(20)).await;
    let oldest = store.take_looks(Duration::ZERO, 1).await.expect("take_looks").found;
    assert_eq!(oldest.iter().map(|due| due.project.id).collect::<Vec<_>>(), [shop], "it waits longest");
    store.restore_project(put_away, &deed()).await.expect("restore_project");
    assert_eq!(take(&store, HOUR).await.len(), 1);
    assert_refused!(store.want_look(ProjectId::generate()).await, StoreError::NotFound(_));
}

/// A repository that does not answer is left alone for a while, unless somebody wants it.
pub(super) async fn a_look_that_failed_rests(store: Servers) {
    let id = shop(&store).await;
    assert_eq!(take(&store, HOUR).await[0].failures, 0);
    let failed = |rest| LookEnd::Failed { detail: "it hangs\n".to_owned(), rest };
    settle(&store, id, &failed(Duration::ZERO)).await;
    assert_eq!(taken_soon(&store).await.failures, 1);
    settle(&store, id, &failed(HOUR)).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(take(&store, Duration::ZERO).await, [], "it rests");
    let look = store.look(id).await.expect("look");
    assert_eq!(look, LookRecord { failure: Some("it hangs".to_owned()), ..LookRecord::default() });
    store.want_look(id).await.expect("want_look");
    assert_eq!(take(&store, HOUR).await[0].failures, 2);
    settle(&store, id, &seen(REPOSITORY, 7)).await;
    assert_eq!(store.look(id).await.expect("look").failure, None);
    assert_eq!(taken_soon(&store).await.failures, 0);
    assert_refused!(store.settle_look(ProjectId::generate(), &failed(HOUR)).await, StoreError::NotFound(_));
    assert_refused!(store.look(ProjectId::generate()).await, StoreError::NotFound(_));
}

/// From when on pushes are found is known, for the repository that there is.
pub(super) async fn a_look_knows_since_when(store: Servers) {
    let id = shop(&store).await;
    assert_eq!(store.look(id).await.expect("look"), LookRecord::default());
    for micros in [5, 5, 9] {
        settle(&store, id, &seen(REPOSITORY, micros)).await;
    }
    let expected = |url: &str, since, seen_at| LookRecord {
        repo_url: Some(url.to_owned()),
        since: Some(at(since)),
        seen_at: Some(at(seen_at)),
        failure: None,
    };
    assert_eq!(store.look(id).await.expect("look"), expected(REPOSITORY, 5, 9));
    settle(&store, id, &seen("https://git.example/moved.git", 11)).await;
    assert_eq!(store.look(id).await.expect("look"), expected("https://git.example/moved.git", 11, 11));
    store.archive_project(id, &deed()).await.expect("archive_project");
    store.restore_project(id, &deed()).await.expect("restore_project");
    assert_eq!(store.look(id).await.expect("look"), LookRecord::default(), "what came meanwhile is not made up for");
}

/// What is noted is known, and is no push that somebody missed.
pub(super) async fn noted_heads_are_known(store: Servers) {
    let ann = user(&store, "ann").await;
    let (id, other) = (project(&store, "shop", ann.id).await, project(&store, "api", ann.id).await);
    let both = [push("main", 'a'), push("\u{e4}/b", 'b')];
    for _ in 0..2 {
        store.note_heads(id, &both, minute(1)).await.expect("note_heads");
    }
    store.note_heads(id, &[push("main", 'c')], at(3)).await.expect("note_heads");
    let heads = store.heads(id).await.expect("heads");
    let commit = |of: char| CommitId::new(of.to_string().repeat(40));
    let expected = [("main".to_owned(), commit('a')), ("\u{e4}/b".to_owned(), commit('b'))];
    assert_eq!(heads.into_iter().collect::<Vec<_>>(), expected, "the older one came too late");
    assert!(store.heads(other).await.expect("heads").is_empty());
    let found = |head, time| store.found_push(id, head, time);
    assert_eq!(found(&both[0], minute(2)).await.expect("found_push"), Found::Known);
    assert!(matches!(found(&push("main", 'd'), minute(2)).await.expect("found_push"), Found::Missed(_)));
    assert_eq!(store.heads(id).await.expect("heads")["main"], commit('d'));
    assert_refused!(store.note_heads(ProjectId::generate(), &both, at(1)).await, StoreError::NotFound(_));
    assert_refused!(store.note_heads(id, &[push("", 'a')], at(1)).await, StoreError::Invalid(_));
    let many = vec![push("x", 'a'); MAX_PAGE + 1];
    assert_refused!(store.note_heads(id, &many, at(1)).await, StoreError::Invalid(_));
}
