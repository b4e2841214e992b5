//! Accepting deployments, and who gets which.

use std::num::NonZeroU64;

use super::fixture::{TestStore, accept, begun, changes_of, claim, claimant, claimed, done, ended, new, started};
use crate::deploy::machine::{DeploymentState, Step};
use crate::deploy::settings::{Reach, SuppliedFile};
use crate::id::{CommitId, DeploymentId, ProjectName};
use crate::ports::{Accepted, EventId, LogCursor, NewDeployment, StoreError, bounds};
use crate::secret::Secret;
use crate::status::{DeploymentReason, DeploymentStatus};
use crate::testkit::store_suite::fixture::{assert_refused, at};

/// What was accepted is answered as it was given, and stands at its beginning.
pub(super) async fn what_is_accepted_is_there(store: TestStore) {
    let new = new("production");
    let accepted = store.accept(new.clone(), None).await.expect("accept");
    assert_eq!(accepted, Accepted { id: new.id, number: NonZeroU64::MIN, created: true, claim: None });
    let record = store.load(new.id).await.expect("load");
    assert_eq!((&record.target, &record.commit, &record.spec), (&new.target, &new.commit, &new.spec));
    assert_eq!((record.submitted_at, record.state), (new.at, DeploymentState::new(new.id)));
    assert_eq!(changes_of(&store, new.id).await, []);
}

/// Numbers have no gap within a project.
pub(super) async fn numbers_count_per_project(store: TestStore) {
    let mut numbers = Vec::new();
    for project in ["shop", "shop", "blog", "shop"] {
        let mut new = new("production");
        new.target.project = ProjectName::new(project);
        numbers.push(store.accept(new, None).await.expect("accept").number.get());
    }
    assert_eq!(numbers, [1, 2, 1, 3]);
}

/// The same key in the same project is the same deployment; whoever holds it and repeats goes on with a higher token.
pub(super) async fn a_key_stands_for_the_first_deployment(store: TestStore) {
    let keyed = |environment: &str| NewDeployment { idempotency_key: Some("push-1".into()), ..new(environment) };
    let first = store.accept(keyed("production"), Some(&claimant("one"))).await.expect("accept");
    let held = first.claim.clone().expect("it is the claimant's");
    let again = store.accept(keyed("staging"), Some(&claimant("one"))).await.expect("accept again");
    assert_eq!((again.id, again.number, again.created), (first.id, first.number, false));
    assert!(again.claim.expect("whoever holds it goes on").token > held.token);
    let other = store.accept(keyed("production"), Some(&claimant("two"))).await.expect("accept by another");
    assert_eq!((other.id, other.claim), (first.id, None));
    let mut elsewhere = keyed("production");
    elsewhere.target.project = ProjectName::new("blog");
    assert!(store.accept(elsewhere, None).await.expect("another project").created);
}

/// An id that is taken is refused, and uses up no number.
pub(super) async fn an_id_is_accepted_once(store: TestStore) {
    let new = new("production");
    store.accept(new.clone(), None).await.expect("accept");
    assert_refused!(store.accept(new.clone(), None).await, StoreError::Conflict(_));
    let next = store.accept(NewDeployment { id: DeploymentId::generate(), ..new }, None).await.expect("accept");
    assert_eq!(next.number.get(), 2);
}

fn nowhere() -> Reach {
    let (user, identity, host_key, jump) = (None, None, None, None);
    Reach::Ssh { host: String::new(), port: 22, user, identity, host_key, jump }
}

fn large_file() -> SuppliedFile {
    SuppliedFile { path: "prod.env".to_owned(), content: Secret::new("x".repeat(bounds::MAX_SETTINGS_BYTES)) }
}

/// Texts have bounds.
pub(super) async fn what_breaks_a_rule_is_refused(store: TestStore) {
    let with = |edit: fn(&mut NewDeployment)| {
        let mut new = new("production");
        edit(&mut new);
        new
    };
    for wrong in [
        with(|new| new.target.project = ProjectName::new("No Name")),
        with(|new| new.target.environment = String::new()),
        with(|new| new.target.environment = "x".repeat(64)),
        with(|new| new.target.host = "a\nb".into()),
        with(|new| new.commit = CommitId::new("x".repeat(2_000))),
        with(|new| new.idempotency_key = Some(String::new())),
        with(|new| new.settings.target.profiles = vec!["a\nb".into()]),
        with(|new| new.settings.target.compose_files = vec!["c.yml".into(); bounds::MAX_SETTINGS + 1]),
        with(|new| new.settings.target.reach = nowhere()),
        with(|new| new.settings.supplied = vec![large_file()]),
    ] {
        assert_refused!(store.accept(wrong, None).await, StoreError::Invalid(_));
    }
    assert_eq!(
        accept(&store, "production").await,
        store.find(&ProjectName::new("shop"), NonZeroU64::MIN).await.expect("find")
    );
}

/// What is not there is said to be so.
pub(super) async fn unknown_deployments_are_not_found(store: TestStore) {
    let id = DeploymentId::generate();
    assert_refused!(store.load(id).await, StoreError::NotFound(_));
    assert_refused!(store.claim(&claimant("one"), Some(id)).await, StoreError::NotFound(_));
    assert_refused!(store.request_cancel(id, DeploymentReason::User, at(1)).await, StoreError::NotFound(_));
    assert_refused!(store.find(&ProjectName::new("shop"), NonZeroU64::MIN).await, StoreError::NotFound(_));
    assert_eq!(store.events_after(id, EventId::default(), 10).await.expect("events_after"), []);
    assert_eq!(store.log_cursor(id).await.expect("log_cursor"), LogCursor::default());
    assert_eq!(store.claim(&claimant("one"), None).await.expect("claim"), None);
}

/// Of those that can be had, the one accepted first; what the claimant names is left out.
pub(super) async fn the_longest_waiting_comes_first(store: TestStore) {
    let ids = [accept(&store, "a").await, accept(&store, "b").await, accept(&store, "c").await];
    let mut one = claimant("one");
    one.driving = vec![ids[0]];
    let mut claims = Vec::new();
    while let Some(claim) = store.claim(&one, None).await.expect("claim") {
        one.driving.push(claim.deployment);
        claims.push(claim.deployment);
    }
    assert_eq!(claims, ids[1..]);
}

/// Nobody is sent to a target that another deployment is at work on.
pub(super) async fn a_target_that_is_busy_is_left_alone(store: TestStore) {
    let first = accept(&store, "production").await;
    let held = claim(&store, "one", first).await;
    store.commit(&held, 1, &[started(), begun(Step::Lock), done(Step::Lock)]).await.expect("commit");
    let (waits, other) = (accept(&store, "production").await, accept(&store, "staging").await);
    let next = store.claim(&claimant("two"), None).await.expect("claim").expect("there is another target");
    assert_eq!(next.deployment, other);
    assert_eq!(store.claim(&claimant("two"), Some(other)).await.expect("claim").map(|c| c.deployment), Some(other));
    let mut two = claimant("two");
    two.driving = vec![other];
    assert_eq!(store.claim(&two, None).await.expect("claim"), None, "the target is busy");
    store.commit(&held, 2, &[ended()]).await.expect("commit");
    let next = store.claim(&two, None).await.expect("claim").expect("the target is free");
    assert_eq!(next.deployment, waits);
}

/// What waits for the same target makes way: at once where nobody has taken it up, else its holder is told. What has the lock
/// goes on, and other targets do not matter.
pub(super) async fn a_newer_deployment_supersedes_what_is_queued(store: TestStore) {
    let locked = claimed(&store).await;
    store.commit(&locked, 1, &[started(), begun(Step::Lock), done(Step::Lock)]).await.expect("commit");
    let elsewhere = accept(&store, "staging").await;
    let taken_up = accept(&store, "production").await;
    let held = claim(&store, "two", taken_up).await;
    store.commit(&held, 1, &[started()]).await.expect("commit");
    let untouched = accept(&store, "production").await;
    assert_eq!(store.control(&held).await.expect("control"), Some(DeploymentReason::Superseded));
    let newest = accept(&store, "production").await;
    let record = store.load(untouched).await.expect("load");
    assert_eq!(record.state.status, DeploymentStatus::Cancelled);
    let reason = record.state.verdict.and_then(|end| end.reason);
    assert_eq!(reason, Some(DeploymentReason::Superseded));
    assert_eq!(store.control(&locked).await.expect("control"), None);
    for id in [elsewhere, newest] {
        assert_eq!(store.load(id).await.expect("load").state.cancel, None);
    }
}

/// One acceptance may end several: what was asked to make way while it was held, and was then given back, and what came after.
pub(super) async fn several_make_way_at_once(store: TestStore) {
    let held = claimed(&store).await;
    let second = accept(&store, "production").await;
    store.release(&held).await.expect("release");
    accept(&store, "production").await;
    let mut ids = Vec::new();
    for id in [held.deployment, second] {
        assert_eq!(store.load(id).await.expect("load").state.status, DeploymentStatus::Cancelled);
        let events = store.events_after(id, EventId::default(), 10).await.expect("events_after");
        ids.extend(events.iter().map(|event| event.id));
    }
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert!(all >= 4 && ids.len() == all, "each event has an id of its own: {ids:?}");
}
