//! Claims, commits, cancels and logs of one deployment.

use super::fixture::{
    SHORT_LEASE, TestStore, accept, assert_lost, assert_writes_nothing, begun, change, changes_of, claim, claimant,
    claimed, done, ended, started,
};
use crate::deploy::health::{Outlook, ServiceStanding, ServiceState};
use crate::deploy::machine::{ChangeKind, DeploymentState, Step};
use crate::ports::{Claimant, LogFrom, StoreError};
use crate::status::{DeploymentReason, DeploymentStatus};
use crate::testkit::store_suite::fixture::{Patience, assert_refused, at, bytes_of, end_of, out};

/// Held by one, it is nobody else's; a successor of the same instance takes over at once, with a higher token.
pub(super) async fn a_held_deployment_is_nobody_elses(store: TestStore) {
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
pub(super) async fn an_expired_lease_can_be_taken(store: TestStore) {
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
pub(super) async fn a_stale_claim_writes_nothing(store: TestStore) {
    let old = claimed(&store).await;
    store.append_log(&old, &[out(0, "one\n")]).await.expect("append_log");
    store.release(&old).await.expect("release");
    let new = claim(&store, "two", old.deployment).await;
    assert_writes_nothing(&store, &old).await;
    store.commit(&new, 1, &[started()]).await.expect("the new one writes");
}

/// Whoever has given it back changes nothing any more; and it is there for others at once.
pub(super) async fn a_released_claim_writes_nothing(store: TestStore) {
    let held = claimed(&store).await;
    store.release(&held).await.expect("release");
    assert_writes_nothing(&store, &held).await;
    assert!(store.claim(&claimant("two"), None).await.expect("claim").is_some());
}

/// Events are the changes in order, and the state is what they make of a new one.
pub(super) async fn the_state_is_the_fold_of_the_events(store: TestStore) {
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

/// What is seen of services is kept as it was told, whatever they are called, and each with the time it was told at.
pub(super) async fn services_stand_as_they_were_seen_last(store: TestStore) {
    let held = claimed(&store).await;
    let name = "web \u{1b}[2J \"'\\ \u{e9}\u{2028}";
    let seen = |micros, state, restarts| {
        let services = vec![ServiceStanding { restarts, ..stands(name, state) }, stands("db", ServiceState::Healthy)];
        let services = services.into_iter().take(if restarts == 0 { 2 } else { 1 }).collect();
        change(micros, ChangeKind::ServicesSeen { step: Step::Verify, services })
    };
    let first = [started(), begun(Step::Verify), seen(5, ServiceState::Starting, 0)];
    let second = [seen(7, ServiceState::Restarting, 3)];
    store.commit(&held, 1, &first).await.expect("commit");
    store.commit(&held, 2, &second).await.expect("commit");
    assert_eq!(changes_of(&store, held.deployment).await, [&first[..], &second[..]].concat());
    let watched = store.load(held.deployment).await.expect("load").state.watched.expect("they were seen");
    let since: Vec<_> = watched.services.iter().map(|seen| (seen.standing.restarts, seen.since)).collect();
    assert_eq!((since, watched.told), (vec![(3, at(7)), (0, at(5))], 2));
    assert_eq!(watched.services[0].standing.service, name);
}

fn stands(service: &str, state: ServiceState) -> ServiceStanding {
    let (service, outlook) = (service.to_owned(), Outlook::Pending);
    ServiceStanding { service, state, outlook, restarts: 0, exit_code: Some(-1), failed_checks: None, replicas: None }
}

/// The same number again records nothing and is answered the same; a lower one is refused; a new claim counts anew.
pub(super) async fn a_commit_is_recorded_once(store: TestStore) {
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
pub(super) async fn the_end_gives_the_claim_back(store: TestStore) {
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
pub(super) async fn a_cancel_reaches_the_holder(store: TestStore) {
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
pub(super) async fn a_cancel_ends_what_nobody_has_taken_up(store: TestStore) {
    let id = accept(&store, "production").await;
    store.request_cancel(id, DeploymentReason::User, at(5)).await.expect("request_cancel");
    let state = store.load(id).await.expect("load").state;
    assert_eq!((state.status, state.ended_at), (DeploymentStatus::Cancelled, Some(at(5))));
    assert_eq!(store.claim(&claimant("one"), None).await.expect("claim"), None);
}

/// Bytes in, bytes out; a gap is refused, and so is an end that does not fit.
pub(super) async fn a_log_is_read_as_it_was_written(store: TestStore) {
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
pub(super) async fn a_takeover_cuts_the_old_writer_off(store: TestStore) {
    let old = claimed(&store).await;
    store.append_log(&old, &[out(0, "one\n")]).await.expect("append_log");
    let new = claim(&store, "one", old.deployment).await;
    assert_lost(store.append_log(&old, &[out(4, "old\n")]).await, &old, "append_log");
    assert_eq!(store.log_cursor(old.deployment).await.expect("log_cursor").offset, 4);
    store.append_log(&new, &[out(4, "new\n")]).await.expect("append_log");
    let page = store.read_log(new.deployment, LogFrom::Offset(0), 1 << 20).await.expect("read_log");
    assert_eq!(bytes_of(&page.chunks), b"one\nnew\n");
}
