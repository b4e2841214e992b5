//! Pruning: what goes, what stays, and that nothing of it is left.

use std::num::NonZeroU64;
use std::time::Duration;

use super::fixture::{TestStore, accept, changes_of, claimant, new};
use crate::deploy::machine::{Change, ChangeKind};
use crate::id::{DeploymentId, ProjectName};
use crate::ports::{LogCursor, NewDeployment, Retention, StoreError};
use crate::status::{DeploymentEnd, DeploymentReason, DeploymentStatus};
use crate::testkit::store_suite::fixture::{assert_refused, at, out};
use crate::time::Timestamp;

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
pub(super) async fn what_nothing_keeps_is_pruned(store: TestStore) {
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
pub(super) async fn what_is_not_over_is_never_pruned(store: TestStore) {
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
pub(super) async fn pruning_leaves_nothing_and_uses_no_number_again(store: TestStore) {
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
