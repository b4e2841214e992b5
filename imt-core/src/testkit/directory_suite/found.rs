//! Pushes that were found by asking the repository.

use std::time::Duration;

use super::Servers;
use super::deliveries::receive;
use super::fixture::{LEASE, assert_refused, at, at_once, delivery, project, push, shop, take, user};
use crate::directory::{
    DeliveryOutcome, DeliverySource, DeliveryState, Found, NewDelivery, Push, Settlement, SkipReason,
};
use crate::id::{DeliveryId, ProjectId};
use crate::ports::StoreError;
use crate::time::Timestamp;

async fn find(store: &Servers, project: ProjectId, push: &Push, at: Timestamp) -> Found {
    store.found_push(project, push, at).await.expect("found_push")
}

async fn missed(store: &Servers, project: ProjectId, push: &Push, at: Timestamp) -> DeliveryId {
    match find(store, project, push, at).await {
        Found::Missed(id) => id,
        Found::Known => panic!("nobody knows of it"),
    }
}

async fn settle_all(store: &Servers) -> usize {
    let taken = take(store, LEASE).await;
    for taken in &taken {
        let over = Settlement::Over(DeliveryOutcome::Skipped(SkipReason::Event));
        store.settle_delivery(&taken.claim, &over).await.expect("settle_delivery");
    }
    taken.len()
}

/// A push that nobody delivered is kept, once, and done as any other.
pub(super) async fn a_missed_push_is_kept_once(store: Servers) {
    let ann = user(&store, "ann").await;
    let (shop, api) = (project(&store, "shop", ann.id).await, project(&store, "api", ann.id).await);
    let head = push("m\u{e4}in", 'a');
    let id = missed(&store, shop, &head, at(8)).await;
    let (kept, body) = store.delivery(shop, id).await.expect("delivery");
    assert_eq!((kept.source, &kept.push, kept.received_at), (DeliverySource::Found, &Some(head.clone()), at(8)));
    assert_eq!((kept.state, body.len()), (DeliveryState::Open { failure: None }, 0));
    assert_eq!(find(&store, shop, &head, at(9)).await, Found::Known);
    assert_eq!(settle_all(&store).await, 1);
    assert_eq!(find(&store, shop, &head, at(10)).await, Found::Known);
    missed(&store, api, &head, at(10)).await;
    missed(&store, shop, &push("other", 'a'), at(10)).await;
    missed(&store, shop, &push("m\u{e4}in", 'b'), at(11)).await;
    assert_refused!(store.found_push(ProjectId::generate(), &head, at(1)).await, StoreError::NotFound(_));
    assert_refused!(store.found_push(shop, &push("", 'a'), at(1)).await, StoreError::Invalid(_));
}

/// A push back to an earlier commit is news, however well that commit is known; what came in another order is not.
pub(super) async fn a_push_back_is_found(store: Servers) {
    let id = shop(&store).await;
    let minute = |n: u64| Timestamp::from_micros(n * 60_000_000);
    let (a, b) = (push("main", 'a'), push("main", 'b'));
    for (name, push, time) in [("one", &a, 1), ("two", &b, 60)] {
        let new = NewDelivery { received_at: minute(time), ..delivery(id, name, Some(push.clone())) };
        assert!(receive(&store, &new).await.is_new);
    }
    assert_eq!(find(&store, id, &b, minute(61)).await, Found::Known);
    missed(&store, id, &a, minute(62)).await;
    assert_eq!(find(&store, id, &a, minute(63)).await, Found::Known);
    // Told of within moments, in the wrong order: what the branch really has is no push that nobody told of.
    for (name, push, time) in [("four", push("next", 'd'), 100), ("three", push("next", 'c'), 101)] {
        let new = NewDelivery { received_at: minute(time), ..delivery(id, name, Some(push)) };
        assert!(receive(&store, &new).await.is_new);
    }
    assert_eq!(find(&store, id, &push("next", 'd'), minute(102)).await, Found::Known);
}

/// What comes in late for a push that was found says what it was found as; the next push of that commit is news.
pub(super) async fn the_delivery_of_a_found_push_is_no_news(store: Servers) {
    let id = shop(&store).await;
    let head = push("main", 'a');
    let found = missed(&store, id, &head, at(4)).await;
    assert!(receive(&store, &delivery(id, "ping", None)).await.is_new);
    assert!(receive(&store, &delivery(id, "other", Some(push("other", 'a')))).await.is_new);
    let late = receive(&store, &delivery(id, "late", Some(head.clone()))).await;
    assert!(!late.is_new && late.id != found);
    let (kept, body) = store.delivery(id, late.id).await.expect("delivery");
    let expected = DeliveryOutcome::Skipped(SkipReason::FoundBefore { delivery: found });
    assert!(matches!(kept.state, DeliveryState::Settled { outcome, .. } if outcome == expected));
    assert_eq!(body, delivery(id, "late", None).body);
    assert!(!receive(&store, &delivery(id, "late", Some(head.clone()))).await.is_new);
    assert_eq!(settle_all(&store).await, 3);
    assert!(receive(&store, &delivery(id, "next", Some(head))).await.is_new, "it was pushed once more");
}

/// Whoever asks the repository learns of much that has come in.
pub(super) async fn a_push_that_is_known_is_not_found(store: Servers) {
    let id = shop(&store).await;
    receive(&store, &delivery(id, "d-1", Some(push("main", 'a')))).await;
    assert_eq!(find(&store, id, &push("main", 'a'), at(9)).await, Found::Known);
    settle_all(&store).await;
    assert_eq!(find(&store, id, &push("main", 'a'), at(9)).await, Found::Known);
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(store.prune_deliveries(Duration::ZERO, 9).await.expect("prune_deliveries"), 1);
    let later = at(99_000_000);
    assert_eq!(find(&store, id, &push("main", 'a'), later).await, Found::Known, "it is the head for a long time");
    missed(&store, id, &push("main", 'b'), later).await;
}

/// Found and delivered at the same moment, it is news once.
pub(super) async fn found_and_delivered_at_once_is_one_news(store: Servers) {
    let id = shop(&store).await;
    for round in 0..8 {
        let head = push(&format!("branch-{round}"), 'a');
        let news = at_once(4, |n| {
            let (store, head) = (store.clone(), head.clone());
            async move {
                if n % 2 == 0 {
                    matches!(find(&store, id, &head, at(9)).await, Found::Missed(_))
                } else {
                    let new = delivery(id, &format!("d-{round}"), Some(head));
                    receive(&store, &new).await.is_new
                }
            }
        })
        .await;
        assert_eq!(news.iter().filter(|is_new| **is_new).count(), 1, "{news:?}");
    }
    assert_eq!(take(&store, LEASE).await.len(), 8);
}

/// Who asked before a later push came in has nothing to tell.
pub(super) async fn what_a_later_push_replaced_is_not_found(store: Servers) {
    let id = shop(&store).await;
    let late = NewDelivery { received_at: at(20), ..delivery(id, "d-1", Some(push("main", 'b'))) };
    receive(&store, &late).await;
    assert_eq!(find(&store, id, &push("main", 'a'), at(19)).await, Found::Known);
    missed(&store, id, &push("other", 'a'), at(19)).await;
    missed(&store, id, &push("main", 'c'), at(21)).await;
    let old = NewDelivery { received_at: at(5), ..delivery(id, "d-2", Some(push("main", 'd'))) };
    assert!(receive(&store, &old).await.is_new);
    assert_eq!(find(&store, id, &push("main", 'e'), at(20)).await, Found::Known, "the head is what is newest");
}
