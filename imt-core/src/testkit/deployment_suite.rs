//! The conformance suite of [`DeploymentStore`], for stores that have it: every promise of the port as a named case.
//!
//! ```
//! imt_core::deployment_suite!(async || std::sync::Arc::new(imt_core::store::MemoryStore::new()));
//! ```
//!
//! As with [`store_suite`](super::store_suite), the maker gives a new, empty store each time.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use super::store_suite::fixture::{Patience, assert_refused, at, bytes_of, end_of, out};
use crate::deploy::machine::{Change, ChangeKind, DeploymentSpec, DeploymentState, Step, StepFacts, StepResult};
use crate::id::{CommitId, DeploymentId, InstanceId, ProjectName};
use crate::ports::{
    Accepted, Claimant, DeploymentClaim, DeploymentStore, LogCursor, LogFrom, NewDeployment, Retention, StoreError,
    Target,
};
use crate::status::{DeploymentEnd, DeploymentReason, DeploymentStatus};
use crate::time::Timestamp;

type TestStore = Arc<dyn DeploymentStore>;

/// Makes one test per case of the conformance suite of [`DeploymentStore`](crate::ports::DeploymentStore), each named like its
/// case.
#[macro_export]
macro_rules! deployment_suite {
    ($make:expr) => {
        $crate::deployment_suite! { [$make]
            what_is_accepted_is_there
            numbers_count_per_project
            a_key_stands_for_the_first_deployment
            an_id_is_accepted_once
            what_breaks_a_rule_is_refused
            unknown_deployments_are_not_found
            the_longest_waiting_comes_first
            a_target_that_is_busy_is_left_alone
            a_newer_deployment_supersedes_what_is_queued
            several_make_way_at_once
            a_held_deployment_is_nobody_elses
            an_expired_lease_can_be_taken
            a_stale_claim_writes_nothing
            a_released_claim_writes_nothing
            the_state_is_the_fold_of_the_events
            a_commit_is_recorded_once
            the_end_gives_the_claim_back
            a_cancel_reaches_the_holder
            a_cancel_ends_what_nobody_has_taken_up
            a_log_is_read_as_it_was_written
            a_takeover_cuts_the_old_writer_off
            deployments_are_listed_newest_first
            what_nothing_keeps_is_pruned
            what_is_not_over_is_never_pruned
            pruning_leaves_nothing_and_uses_no_number_again
        }
    };
    ([$make:expr] $($name:ident)*) => {
        $(
            #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                let make = $make;
                $crate::testkit::deployment_suite::$name(make().await).await;
            }
        )*
    };
}

const LEASE: Duration = Duration::from_secs(30);
/// Runs out while a test waits for it, and not before its first lines are done.
const SHORT_LEASE: Duration = Duration::from_millis(300);

fn target(environment: &str) -> Target {
    Target { project: ProjectName::new("shop"), environment: environment.to_owned(), host: "deploy@one:22".to_owned() }
}

fn new(environment: &str) -> NewDeployment {
    NewDeployment {
        id: DeploymentId::generate(),
        target: target(environment),
        commit: CommitId::new("c".repeat(40)),
        spec: DeploymentSpec::new(),
        pipeline: None,
        at: at(1),
        idempotency_key: None,
    }
}

fn claimant(instance: &str) -> Claimant {
    Claimant { instance: InstanceId::new(instance), driving: Vec::new(), lease: LEASE }
}

async fn accept(store: &TestStore, environment: &str) -> DeploymentId {
    store.accept(new(environment), None).await.expect("accept").id
}

async fn claim(store: &TestStore, instance: &str, which: DeploymentId) -> DeploymentClaim {
    store.claim(&claimant(instance), Some(which)).await.expect("claim").expect("it is free")
}

async fn claimed(store: &TestStore) -> DeploymentClaim {
    let id = accept(store, "production").await;
    claim(store, "one", id).await
}

fn change(micros: u64, kind: ChangeKind) -> Change {
    Change { at: at(micros), kind }
}

fn begun(step: Step) -> Change {
    change(3, ChangeKind::StepBegan { step, number: 1 })
}

fn done(step: Step) -> Change {
    change(4, ChangeKind::StepEnded { step, result: StepResult::Done(StepFacts::default()) })
}

fn ended() -> Change {
    change(9, ChangeKind::Ended { end: DeploymentEnd::success() })
}

fn started() -> Change {
    change(2, ChangeKind::Started)
}

async fn changes_of(store: &TestStore, id: DeploymentId) -> Vec<Change> {
    let events = store.events_after(id, crate::ports::EventId::default(), 1_000).await.expect("events_after");
    assert!(events.is_sorted_by_key(|event| event.id) && events.iter().all(|event| event.deployment == id));
    events.into_iter().map(|event| event.change).collect()
}

fn assert_lost<T: std::fmt::Debug>(answer: Result<T, StoreError>, claim: &DeploymentClaim, call: &str) {
    match answer {
        Err(StoreError::ClaimLost(lost)) => assert_eq!(lost, claim.deployment.into(), "{call} names it"),
        other => panic!("{call} must answer ClaimLost, not {other:?}"),
    }
}

/// Nothing can be written under a claim that is not the newest, or was given back.
async fn assert_writes_nothing(store: &TestStore, claim: &DeploymentClaim) {
    let (id, before) = (claim.deployment, store.load(claim.deployment).await.expect("load"));
    let log = store.log_cursor(id).await.expect("log_cursor");
    assert_lost(store.renew(claim).await, claim, "renew");
    assert_lost(store.control(claim).await, claim, "control");
    assert_lost(store.commit(claim, 77, &[begun(Step::Pull)]).await, claim, "commit");
    assert_lost(store.append_log(claim, &[out(log.offset, "late")]).await, claim, "append_log");
    assert_lost(store.finish_log(claim, end_of(b"")).await, claim, "finish_log");
    store.release(claim).await.expect("release is idempotent");
    assert_eq!(store.load(id).await.expect("load"), before);
    assert_eq!(store.log_cursor(id).await.expect("log_cursor"), log);
}

/// What was accepted is answered as it was given, and stands at its beginning.
pub async fn what_is_accepted_is_there(store: TestStore) {
    let new = new("production");
    let accepted = store.accept(new.clone(), None).await.expect("accept");
    assert_eq!(accepted, Accepted { id: new.id, number: NonZeroU64::MIN, created: true, claim: None });
    let record = store.load(new.id).await.expect("load");
    assert_eq!((&record.target, &record.commit, &record.spec), (&new.target, &new.commit, &new.spec));
    assert_eq!((record.submitted_at, record.state), (new.at, DeploymentState::new(new.id)));
    assert_eq!(changes_of(&store, new.id).await, []);
}

/// Numbers have no gap within a project.
pub async fn numbers_count_per_project(store: TestStore) {
    let mut numbers = Vec::new();
    for project in ["shop", "shop", "blog", "shop"] {
        let mut new = new("production");
        new.target.project = ProjectName::new(project);
        numbers.push(store.accept(new, None).await.expect("accept").number.get());
    }
    assert_eq!(numbers, [1, 2, 1, 3]);
}

/// The same key in the same project is the same deployment; whoever holds it and repeats goes on with a higher token.
pub async fn a_key_stands_for_the_first_deployment(store: TestStore) {
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
pub async fn an_id_is_accepted_once(store: TestStore) {
    let new = new("production");
    store.accept(new.clone(), None).await.expect("accept");
    assert_refused!(store.accept(new.clone(), None).await, StoreError::Conflict(_));
    let next = store.accept(NewDeployment { id: DeploymentId::generate(), ..new }, None).await.expect("accept");
    assert_eq!(next.number.get(), 2);
}

/// Texts have bounds.
pub async fn what_breaks_a_rule_is_refused(store: TestStore) {
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
    ] {
        assert_refused!(store.accept(wrong, None).await, StoreError::Invalid(_));
    }
    assert_eq!(
        accept(&store, "production").await,
        store.find(&ProjectName::new("shop"), NonZeroU64::MIN).await.expect("find")
    );
}

/// What is not there is said to be so.
pub async fn unknown_deployments_are_not_found(store: TestStore) {
    let id = DeploymentId::generate();
    assert_refused!(store.load(id).await, StoreError::NotFound(_));
    assert_refused!(store.claim(&claimant("one"), Some(id)).await, StoreError::NotFound(_));
    assert_refused!(store.request_cancel(id, DeploymentReason::User, at(1)).await, StoreError::NotFound(_));
    assert_refused!(store.find(&ProjectName::new("shop"), NonZeroU64::MIN).await, StoreError::NotFound(_));
    assert_eq!(store.events_after(id, crate::ports::EventId::default(), 10).await.expect("events_after"), []);
    assert_eq!(store.log_cursor(id).await.expect("log_cursor"), LogCursor::default());
    assert_eq!(store.claim(&claimant("one"), None).await.expect("claim"), None);
}

/// Of those that can be had, the one accepted first; what the claimant names is left out.
pub async fn the_longest_waiting_comes_first(store: TestStore) {
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
pub async fn a_target_that_is_busy_is_left_alone(store: TestStore) {
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
pub async fn a_newer_deployment_supersedes_what_is_queued(store: TestStore) {
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
pub async fn several_make_way_at_once(store: TestStore) {
    let held = claimed(&store).await;
    let second = accept(&store, "production").await;
    store.release(&held).await.expect("release");
    accept(&store, "production").await;
    let mut ids = Vec::new();
    for id in [held.deployment, second] {
        assert_eq!(store.load(id).await.expect("load").state.status, DeploymentStatus::Cancelled);
        let events = store.events_after(id, crate::ports::EventId::default(), 10).await.expect("events_after");
        ids.extend(events.iter().map(|event| event.id));
    }
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert!(all >= 4 && ids.len() == all, "each event has an id of its own: {ids:?}");
}

/// Held by one, it is nobody else's; a successor of the same instance takes over at once, with a higher token.
pub async fn a_held_deployment_is_nobody_elses(store: TestStore) {
    let held = claimed(&store).await;
    for which in [None, Some(held.deployment)] {
        assert_eq!(store.claim(&claimant("two"), which).await.expect("claim"), None);
    }
    let again = claim(&store, "one", held.deployment).await;
    assert!(again.token > held.token);
    assert_writes_nothing(&store, &held).await;
    store.renew(&again).await.expect("the newest can be renewed");
}

/// A lease that ran out is there for others, and not before.
pub async fn an_expired_lease_can_be_taken(store: TestStore) {
    let id = accept(&store, "production").await;
    let short = Claimant { lease: SHORT_LEASE, ..claimant("one") };
    let held = store.claim(&short, Some(id)).await.expect("claim").expect("it is free");
    let patience = Patience::until("the lease's end");
    let next = loop {
        if let Some(claim) = store.claim(&claimant("two"), None).await.expect("claim") {
            break claim;
        }
        patience.wait().await;
    };
    assert!(next.deployment == id && next.token > held.token);
    assert_writes_nothing(&store, &held).await;
}

/// Whoever was superseded changes nothing any more.
pub async fn a_stale_claim_writes_nothing(store: TestStore) {
    let old = claimed(&store).await;
    store.append_log(&old, &[out(0, "one\n")]).await.expect("append_log");
    store.release(&old).await.expect("release");
    let new = claim(&store, "two", old.deployment).await;
    assert_writes_nothing(&store, &old).await;
    store.commit(&new, 1, &[started()]).await.expect("the new one writes");
}

/// Whoever has given it back changes nothing any more; and it is there for others at once.
pub async fn a_released_claim_writes_nothing(store: TestStore) {
    let held = claimed(&store).await;
    store.release(&held).await.expect("release");
    assert_writes_nothing(&store, &held).await;
    assert!(store.claim(&claimant("two"), None).await.expect("claim").is_some());
}

/// Events are the changes in order, and the state is what they make of a new one.
pub async fn the_state_is_the_fold_of_the_events(store: TestStore) {
    let held = claimed(&store).await;
    let first = [started(), begun(Step::Resolve), done(Step::Resolve)];
    let second = [begun(Step::Publish)];
    store.commit(&held, 1, &first).await.expect("commit");
    let last = store.commit(&held, 2, &second).await.expect("commit");
    store.request_cancel(held.deployment, DeploymentReason::User, at(5)).await.expect("request_cancel");
    let cancelled = change(5, ChangeKind::CancelRequested { reason: DeploymentReason::User });
    let all = [&first[..], &second[..], std::slice::from_ref(&cancelled)].concat();
    assert_eq!(changes_of(&store, held.deployment).await, all);
    let later = store.events_after(held.deployment, last, 10).await.expect("events_after");
    assert_eq!(later.into_iter().map(|event| event.change).collect::<Vec<_>>(), [cancelled]);
    let mut state = DeploymentState::new(held.deployment);
    for change in &all {
        state.apply(change);
    }
    assert_eq!(store.load(held.deployment).await.expect("load").state, state);
}

/// The same number again records nothing and is answered the same; a lower one is refused; a new claim counts anew.
pub async fn a_commit_is_recorded_once(store: TestStore) {
    let held = claimed(&store).await;
    let first = store.commit(&held, 3, &[started()]).await.expect("commit");
    store.request_cancel(held.deployment, DeploymentReason::User, at(5)).await.expect("request_cancel");
    assert_eq!(store.commit(&held, 3, &[started()]).await.expect("commit again"), first);
    store.commit(&held, 4, &[begun(Step::Resolve)]).await.expect("commit");
    assert_refused!(store.commit(&held, 3, &[started()]).await, StoreError::Conflict(_));
    assert_eq!(changes_of(&store, held.deployment).await.len(), 3, "each is there once");
    store.release(&held).await.expect("release");
    let next = claim(&store, "two", held.deployment).await;
    store.commit(&next, 1, &[done(Step::Resolve)]).await.expect("a new claim counts anew");
}

/// The commit that ends it gives the claim back, can be repeated, and is the last.
pub async fn the_end_gives_the_claim_back(store: TestStore) {
    let held = claimed(&store).await;
    let past = [ended(), begun(Step::Pull)];
    assert_refused!(store.commit(&held, 1, &past).await, StoreError::Conflict(_));
    let last = store.commit(&held, 2, &[started(), ended()]).await.expect("commit");
    assert_eq!(store.commit(&held, 2, &[started(), ended()]).await.expect("the same again"), last);
    assert_writes_nothing(&store, &held).await;
    assert_eq!(store.claim(&claimant("one"), Some(held.deployment)).await.expect("claim"), None, "it is over");
    store.request_cancel(held.deployment, DeploymentReason::User, at(10)).await.expect("adds nothing, no error");
    assert_eq!(changes_of(&store, held.deployment).await, [started(), ended()]);
}

/// The holder is told; what a person asks for outweighs what a newer deployment asks for.
pub async fn a_cancel_reaches_the_holder(store: TestStore) {
    let held = claimed(&store).await;
    assert_eq!(store.control(&held).await.expect("control"), None);
    for (asked, told) in [
        (DeploymentReason::Superseded, DeploymentReason::Superseded),
        (DeploymentReason::User, DeploymentReason::User),
        (DeploymentReason::Superseded, DeploymentReason::User),
    ] {
        store.request_cancel(held.deployment, asked, at(5)).await.expect("request_cancel");
        assert_eq!(store.control(&held).await.expect("control"), Some(told));
    }
    assert_eq!(changes_of(&store, held.deployment).await.len(), 2, "what adds nothing is not recorded");
}

/// Nobody is needed to end what has not begun.
pub async fn a_cancel_ends_what_nobody_has_taken_up(store: TestStore) {
    let id = accept(&store, "production").await;
    store.request_cancel(id, DeploymentReason::User, at(5)).await.expect("request_cancel");
    let state = store.load(id).await.expect("load").state;
    assert_eq!((state.status, state.ended_at), (DeploymentStatus::Cancelled, Some(at(5))));
    assert_eq!(store.claim(&claimant("one"), None).await.expect("claim"), None);
}

/// Bytes in, bytes out; a gap is refused, and so is an end that does not fit.
pub async fn a_log_is_read_as_it_was_written(store: TestStore) {
    let held = claimed(&store).await;
    assert_eq!(store.append_log(&held, &[out(0, "one\n"), out(4, "two\n")]).await.expect("append_log"), 8);
    assert_eq!(store.append_log(&held, &[out(4, "two\n")]).await.expect("the same again"), 8);
    assert_refused!(store.append_log(&held, &[out(9, "gap")]).await, StoreError::Gap { .. });
    assert_refused!(store.finish_log(&held, end_of(b"one\nTWO\n")).await, StoreError::Conflict(_));
    let end = end_of(b"one\ntwo\n");
    store.finish_log(&held, end).await.expect("finish_log");
    store.finish_log(&held, end).await.expect("finish_log again");
    assert_refused!(store.append_log(&held, &[out(8, "late")]).await, StoreError::Conflict(_));
    let page = store.read_log(held.deployment, LogFrom::Line(1), 1 << 20).await.expect("read_log");
    assert_eq!((bytes_of(&page.chunks).as_slice(), page.end), (&b"two\n"[..], Some(end)));
}

/// Whoever takes over goes on where the log stands.
pub async fn a_takeover_cuts_the_old_writer_off(store: TestStore) {
    let old = claimed(&store).await;
    store.append_log(&old, &[out(0, "one\n")]).await.expect("append_log");
    let new = claim(&store, "one", old.deployment).await;
    assert_lost(store.append_log(&old, &[out(4, "old\n")]).await, &old, "append_log");
    assert_eq!(store.log_cursor(old.deployment).await.expect("log_cursor").offset, 4);
    store.append_log(&new, &[out(4, "new\n")]).await.expect("append_log");
    let page = store.read_log(new.deployment, LogFrom::Offset(0), 1 << 20).await.expect("read_log");
    assert_eq!(bytes_of(&page.chunks), b"one\nnew\n");
}

/// Newest first, in pages, with where each stands and who is at it.
pub async fn deployments_are_listed_newest_first(store: TestStore) {
    let shop = ProjectName::new("shop");
    let ids = [accept(&store, "a").await, accept(&store, "b").await, accept(&store, "c").await];
    let held = claim(&store, "one", ids[1]).await;
    let other = claim(&store, "two", ids[2]).await;
    store.commit(&other, 1, &[started(), ended()]).await.expect("commit");
    let number = |n| NonZeroU64::new(n).expect("numbers count from 1");
    let listed = store.deployments(&shop, None, 10).await.expect("deployments").found;
    assert_eq!(listed.iter().map(|d| d.id).collect::<Vec<_>>(), [ids[2], ids[1], ids[0]]);
    assert_eq!((listed[0].status, listed[0].holder.clone()), (DeploymentStatus::Success, None));
    assert_eq!(listed[0].end, Some(DeploymentEnd::success()));
    assert_eq!((listed[1].holder.clone(), listed[1].target.clone()), (Some(held.instance), target("b")));
    let page = store.deployments(&shop, Some(number(3)), 1).await.expect("deployments").found;
    assert_eq!(page.iter().map(|d| d.number.get()).collect::<Vec<_>>(), [2]);
    assert_eq!(store.find(&shop, number(3)).await.expect("find"), ids[2]);
    let blog = store.deployments(&ProjectName::new("blog"), None, 10).await.expect("deployments");
    assert_eq!(blog.found, []);
}

const NOTHING_KEPT: Retention = Retention { age: Duration::ZERO, count: 0, last_success: false };

/// A deployment that ended like this, at this time.
async fn over(store: &TestStore, environment: &str, status: DeploymentStatus, at: Timestamp) -> DeploymentId {
    let accepted = store.accept(new(environment), Some(&claimant("one"))).await.expect("accept");
    let claim = accepted.claim.expect("it is the claimant's");
    store.append_log(&claim, &[out(0, "said\n")]).await.expect("append_log");
    let end = match status {
        DeploymentStatus::Success => DeploymentEnd::success(),
        status => DeploymentEnd::because(status, DeploymentReason::UpFailed),
    };
    store.commit(&claim, 1, &[Change { at, kind: ChangeKind::Ended { end } }]).await.expect("commit");
    accepted.id
}

async fn pruned(store: &TestStore, keep: Retention, limit: usize) -> Vec<u64> {
    let pruned = store.prune(&keep, limit).await.expect("prune");
    assert_eq!(pruned.set_aside, Vec::<String>::new());
    pruned.found.iter().map(|pruned| pruned.number.get()).collect()
}

/// Removed is what is older than the age, not among the newest of its target and not its last success; oldest first.
pub async fn what_nothing_keeps_is_pruned(store: TestStore) {
    use DeploymentStatus::{Failed, RolledBack, Success};
    // Far from the store's own time, which is what an age is measured by.
    let long_ago = |n| Timestamp::from_micros(1_000_000 + n);
    for (n, (environment, status)) in
        [("production", Success), ("staging", Success), ("production", Success), ("production", Failed)]
            .into_iter()
            .enumerate()
    {
        over(&store, environment, status, long_ago(n as u64)).await;
    }
    over(&store, "production", RolledBack, long_ago(9)).await;
    let none = Vec::<u64>::new();
    let keep = |count, last_success| Retention { age: Duration::ZERO, count, last_success };
    let young = Retention { age: Duration::from_hours(24 * 365 * 1_000), ..NOTHING_KEPT };
    assert_eq!(pruned(&store, young, 10).await, none, "all are younger");
    assert_eq!(pruned(&store, keep(4, false), 10).await, none, "each target has its own");
    assert_eq!(pruned(&store, keep(3, true), 10).await, [1]);
    assert_eq!(
        pruned(&store, keep(1, true), 10).await,
        [4],
        "2 and 5 are the newest of their targets, 3 is a last success"
    );
    assert_eq!(pruned(&store, NOTHING_KEPT, 2).await, [2, 3], "a batch at a time");
    assert_eq!(pruned(&store, NOTHING_KEPT, 2).await, [5]);
    assert_eq!(pruned(&store, NOTHING_KEPT, 2).await, none);
}

/// What is not over is never removed, held or not.
pub async fn what_is_not_over_is_never_pruned(store: TestStore) {
    let waiting = accept(&store, "production").await;
    let accepted = store.accept(new("staging"), Some(&claimant("one"))).await.expect("accept");
    let claim = accepted.claim.expect("it is the claimant's");
    store.commit(&claim, 1, &[Change { at: at(1), kind: ChangeKind::Started }]).await.expect("commit");
    store.release(&claim).await.expect("release");
    assert_eq!(pruned(&store, NOTHING_KEPT, 10).await, Vec::<u64>::new());
    for id in [waiting, accepted.id] {
        store.load(id).await.expect("it is there");
    }
}

/// Of what was removed nothing is left, its size is told, and its number is not used again; its key is free.
pub async fn pruning_leaves_nothing_and_uses_no_number_again(store: TestStore) {
    let id = over(&store, "production", DeploymentStatus::Success, Timestamp::from_micros(1_000_000)).await;
    let removed = store.prune(&NOTHING_KEPT, 10).await.expect("prune").found;
    assert_eq!((removed.len(), &removed[0].project, removed[0].log_bytes), (1, &ProjectName::new("shop"), 5));
    assert_refused!(store.load(id).await, StoreError::NotFound(_));
    assert_refused!(store.find(&ProjectName::new("shop"), NonZeroU64::MIN).await, StoreError::NotFound(_));
    assert_eq!(store.log_cursor(id).await.expect("log_cursor"), LogCursor::default());
    assert_eq!(changes_of(&store, id).await, []);
    let again = store.accept(NewDeployment { id, ..new("production") }, None).await.expect("accept");
    assert_eq!((again.created, again.number.get()), (true, 2));
}
