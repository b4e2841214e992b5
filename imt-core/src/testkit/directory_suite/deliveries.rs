//! Deliveries: kept once, taken in turn, settled by whoever has them.

use std::num::NonZeroU64;
use std::time::Duration;

use bytes::Bytes;

use super::Servers;
use super::fixture::{
    LEASE, SHORT, assert_refused, at, at_once, deed, delivery, project, push, shop, take, user, worker,
};
use crate::directory::{
    Delivery, DeliveryClaim, DeliveryOutcome, DeliverySource, DeliveryState, NewDelivery, Received, Settlement,
    SkipReason,
};
use crate::id::{DeliveryId, PipelineId, ProjectId};
use crate::ports::{StoreError, directory_bounds};
use crate::testkit::store_suite::fixture::DEADLINE;

pub(super) async fn receive(store: &Servers, new: &NewDelivery) -> Received {
    store.receive(new).await.expect("receive")
}

fn over() -> Settlement {
    Settlement::Over(DeliveryOutcome::Skipped(SkipReason::Event))
}

async fn settle(store: &Servers, claim: &DeliveryClaim, settlement: &Settlement) {
    store.settle_delivery(claim, settlement).await.expect("settle_delivery");
}

fn ids<'a>(deliveries: impl IntoIterator<Item = &'a Delivery>) -> Vec<DeliveryId> {
    deliveries.into_iter().map(|delivery| delivery.id).collect()
}

/// Takes until something is due.
pub(super) async fn taken_soon(store: &Servers, lease: Duration) -> Vec<crate::directory::TakenDelivery> {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let taken = take(store, lease).await;
        if !taken.is_empty() {
            return taken;
        }
        assert!(tokio::time::Instant::now() < deadline, "nothing becomes due");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What is kept is what came in, byte for byte; a repetition is no news; each project has its own.
pub(super) async fn a_delivery_is_kept_once(store: Servers) {
    let ann = user(&store, "ann").await;
    let (shop, api) = (project(&store, "shop", ann.id).await, project(&store, "api", ann.id).await);
    let new = delivery(shop, "d-1", Some(push("m\u{e4}in", 'a')));
    let first = receive(&store, &new).await;
    assert!(first.is_new);
    let (kept, body) = store.delivery(shop, first.id).await.expect("delivery");
    assert_eq!(body, new.body);
    let expected = Delivery {
        id: first.id,
        position: kept.position,
        project: shop,
        source: DeliverySource::Webhook { provider_id: "d-1".to_owned() },
        event: "push".to_owned(),
        push: new.push.clone(),
        received_at: at(5),
        state: DeliveryState::Open { failure: None },
        tries: 0,
        replays: 0,
    };
    assert_eq!(kept, expected);
    let changed = NewDelivery { body: "other".into(), ..new.clone() };
    for again in [&new, &changed] {
        assert_eq!(receive(&store, again).await, Received { id: first.id, is_new: false });
    }
    let claim = take(&store, LEASE).await.remove(0).claim;
    settle(&store, &claim, &over()).await;
    assert_eq!(receive(&store, &new).await, Received { id: first.id, is_new: false });
    assert_eq!(take(&store, LEASE).await, []);
    assert!(receive(&store, &delivery(api, "d-1", None)).await.is_new);
    assert!(receive(&store, &delivery(shop, "d-2", new.push.clone())).await.is_new, "another push of that commit");
    assert_refused!(store.delivery(api, first.id).await, StoreError::NotFound(_));
    assert_refused!(store.receive(&delivery(ProjectId::generate(), "d-1", None)).await, StoreError::NotFound(_));
    for wrong in [
        delivery(shop, "", None),
        delivery(shop, "a\0", None),
        delivery(shop, "d-3", Some(push("a\nb", 'a'))),
        NewDelivery { event: "x".repeat(directory_bounds::MAX_LABEL_BYTES + 1), ..delivery(shop, "d-3", None) },
        NewDelivery { body: vec![b'x'; directory_bounds::MAX_BODY_BYTES + 1].into(), ..delivery(shop, "d-3", None) },
    ] {
        assert_refused!(store.receive(&wrong).await, StoreError::Invalid(_));
    }
}

/// Only the body is signed: the same one under another id is the delivery that is there, however far that has come.
pub(super) async fn a_body_counts_once_whatever_is_above_it(store: Servers) {
    let ann = user(&store, "ann").await;
    let (shop, api) = (project(&store, "shop", ann.id).await, project(&store, "api", ann.id).await);
    let new = delivery(shop, "d-1", Some(push("main", 'a')));
    let first = receive(&store, &new).await;
    assert!(first.is_new);
    let under = |name: &str| NewDelivery { provider_id: name.to_owned(), ..new.clone() };
    let known = Received { id: first.id, is_new: false };
    assert_eq!(receive(&store, &under("d-2")).await, known);
    let answers = at_once(6, |n| {
        let (store, again) = (store.clone(), under(&format!("e-{n}")));
        async move { receive(&store, &again).await }
    })
    .await;
    assert!(answers.iter().all(|answer| *answer == known), "{answers:?}");
    let claim = take(&store, LEASE).await.remove(0).claim;
    settle(&store, &claim, &over()).await;
    assert_eq!(receive(&store, &under("d-3")).await, known);
    assert_eq!(take(&store, LEASE).await, []);

    // What is really something else.
    let different = [
        NewDelivery { project: api, ..under("d-4") },
        NewDelivery { event: "ping".to_owned(), ..under("d-5") },
        NewDelivery { body: "other".into(), ..under("d-6") },
    ];
    let mut ids = vec![first.id];
    for other in &different {
        let received = receive(&store, other).await;
        assert!(received.is_new && !ids.contains(&received.id), "{other:?}");
        ids.push(received.id);
    }
    // Its id says which it is, whose body it has does not.
    let mixed = NewDelivery { body: new.body.clone(), ..different[2].clone() };
    assert_eq!(receive(&store, &mixed).await, Received { id: ids[3], is_new: false });
    // What was found has no body, which is not an empty one.
    store.found_push(shop, &push("found", 'b'), at(8)).await.expect("found_push");
    let empty = NewDelivery { body: Bytes::new(), push: None, ..under("d-7") };
    assert!(receive(&store, &empty).await.is_new);
}

/// The same delivery at several servers at once is news once.
pub(super) async fn a_delivery_at_once_is_kept_once(store: Servers) {
    let id = shop(&store).await;
    for round in 0..5 {
        let answers = at_once(6, |_| {
            let (store, new) = (store.clone(), delivery(id, &format!("d-{round}"), Some(push("main", 'a'))));
            async move { receive(&store, &new).await }
        })
        .await;
        assert_eq!(answers.iter().filter(|answer| answer.is_new).count(), 1, "{answers:?}");
        assert!(answers.iter().all(|answer| answer.id == answers[0].id), "{answers:?}");
    }
    assert_eq!(take(&store, LEASE).await.len(), 5);
}

/// The oldest come first, nobody gets what another has, and what a dead one had comes back.
pub(super) async fn deliveries_are_taken_oldest_first(store: Servers) {
    let id = shop(&store).await;
    let mut received = Vec::new();
    for n in 0..6 {
        received.push(receive(&store, &delivery(id, &format!("d-{n}"), None)).await.id);
    }
    let some = store.take_deliveries(&worker(), LEASE, 2, &[]).await.expect("take_deliveries").found;
    assert_eq!(ids(some.iter().map(|taken| &taken.delivery)), received[..2]);
    assert!(some.iter().all(|taken| taken.delivery.tries == 1 && taken.claim.delivery == taken.delivery.id));
    let shares = at_once(4, |_| {
        let store = store.clone();
        async move { store.take_deliveries(&worker(), SHORT, 2, &[]).await.expect("take_deliveries").found }
    })
    .await;
    let mut rest: Vec<DeliveryId> = shares.iter().flatten().map(|taken| taken.delivery.id).collect();
    assert!(shares.iter().all(|share| share.len() <= 2));
    // Two that look at the same time may leave something to whoever looks next.
    rest.extend(take(&store, SHORT).await.iter().map(|taken| taken.delivery.id));
    rest.sort_unstable();
    let mut expected = received[2..].to_vec();
    expected.sort_unstable();
    assert_eq!(rest, expected);
    let again = taken_soon(&store, LEASE).await;
    assert!(again.iter().all(|taken| taken.delivery.tries == 2), "{again:?}");
    assert!(again.iter().all(|taken| received[2..].contains(&taken.delivery.id)), "a lease is kept");
}

/// Whoever needs longer says so, and what he does not speak of is given to others.
pub(super) async fn a_renewed_claim_is_kept(store: Servers) {
    let id = shop(&store).await;
    for name in ["d-1", "d-2"] {
        receive(&store, &delivery(id, name, None)).await;
    }
    let taken = take(&store, SHORT).await;
    let (kept, lost) = (taken[0].claim, taken[1].claim);
    for _ in 0..2 {
        store.renew_delivery(&kept, LEASE).await.expect("renew_delivery");
    }
    let again = taken_soon(&store, LEASE).await;
    assert_eq!(ids(again.iter().map(|taken| &taken.delivery)), [lost.delivery], "the other one is still ours");
    assert_refused!(store.renew_delivery(&lost, LEASE).await, StoreError::Conflict(_));
    settle(&store, &again[0].claim, &over()).await;
    settle(&store, &kept, &over()).await;
    for claim in [kept, again[0].claim] {
        assert_refused!(store.renew_delivery(&claim, LEASE).await, StoreError::Conflict(_));
    }
}

/// Whoever works on enough of a project asks for others.
pub(super) async fn deliveries_of_some_projects_are_left(store: Servers) {
    let ann = user(&store, "ann").await;
    let (shop, api) = (project(&store, "shop", ann.id).await, project(&store, "api", ann.id).await);
    let web = project(&store, "web", ann.id).await;
    let mut received = Vec::new();
    for of in [shop, shop, api, web] {
        received.push(receive(&store, &delivery(of, &format!("d-{}", received.len()), None)).await.id);
    }
    let but = async |limit, but: &[ProjectId]| {
        let taken = store.take_deliveries(&worker(), LEASE, limit, but).await.expect("take_deliveries").found;
        ids(taken.iter().map(|taken| &taken.delivery))
    };
    assert_eq!(but(9, &[shop, api, web]).await, []);
    assert_eq!(but(1, &[shop]).await, received[2..3]);
    assert_eq!(but(9, &[api, shop]).await, received[3..]);
    assert_eq!(but(9, &[ProjectId::generate()]).await, received[..2]);
}

/// Whoever was too slow has no say any more.
pub(super) async fn a_stale_claim_settles_nothing(store: Servers) {
    let id = shop(&store).await;
    receive(&store, &delivery(id, "d-1", None)).await;
    let old = take(&store, SHORT).await.remove(0).claim;
    let new = taken_soon(&store, LEASE).await.remove(0).claim;
    assert!(new.token > old.token);
    let number = NonZeroU64::MIN;
    let pipeline = DeliveryOutcome::Pipeline { id: PipelineId::generate(), number };
    assert_refused!(store.settle_delivery(&old, &over()).await, StoreError::Conflict(_));
    settle(&store, &new, &Settlement::Over(pipeline.clone())).await;
    for claim in [old, new] {
        assert_refused!(store.settle_delivery(&claim, &over()).await, StoreError::Conflict(_));
    }
    let (kept, _) = store.delivery(id, new.delivery).await.expect("delivery");
    assert!(matches!(kept.state, DeliveryState::Settled { outcome, .. } if outcome == pipeline), "{:?}", kept.tries);
    let unknown = DeliveryClaim { delivery: DeliveryId::generate(), token: 1 };
    assert_refused!(store.settle_delivery(&unknown, &over()).await, StoreError::Conflict(_));
}

/// A try that failed is repeated when its time has come, and says why it failed.
pub(super) async fn what_is_to_be_tried_again_waits(store: Servers) {
    let id = shop(&store).await;
    receive(&store, &delivery(id, "d-1", None)).await;
    let again = |after| Settlement::Again { detail: "no\nanswer".to_owned(), after };
    let first = take(&store, LEASE).await.remove(0).claim;
    settle(&store, &first, &again(Duration::from_hours(1))).await;
    let (kept, _) = store.delivery(id, first.delivery).await.expect("delivery");
    assert_eq!(kept.state, DeliveryState::Open { failure: Some("no\nanswer".to_owned()) });
    assert_eq!(take(&store, LEASE).await, [], "it waits");
    assert_refused!(store.settle_delivery(&first, &over()).await, StoreError::Conflict(_));

    receive(&store, &delivery(id, "d-2", None)).await;
    let second = take(&store, LEASE).await.remove(0).claim;
    settle(&store, &second, &again(Duration::ZERO)).await;
    let third = taken_soon(&store, LEASE).await.remove(0);
    assert_eq!((third.delivery.id, third.delivery.tries), (second.delivery, 2));
    let failed = DeliveryOutcome::Failed { detail: "gone".to_owned() };
    settle(&store, &third.claim, &Settlement::Over(failed.clone())).await;
    let (kept, _) = store.delivery(id, second.delivery).await.expect("delivery");
    assert!(matches!(kept.state, DeliveryState::Settled { outcome, .. } if outcome == failed));
}

/// The newest come first, page by page, of one project.
pub(super) async fn deliveries_are_listed_newest_first(store: Servers) {
    let ann = user(&store, "ann").await;
    let (shop, api) = (project(&store, "shop", ann.id).await, project(&store, "api", ann.id).await);
    let mut received = Vec::new();
    for n in 0..5 {
        received.push(receive(&store, &delivery(shop, &format!("d-{n}"), None)).await.id);
        receive(&store, &delivery(api, &format!("d-{n}"), None)).await;
    }
    received.reverse();
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = store.deliveries(shop, before, 2).await.expect("deliveries");
        assert!(page.items.len() <= 2 && page.items.iter().all(|delivery| delivery.project == shop));
        seen.extend(ids(&page.items));
        match page.next {
            Some(next) => before = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, received);
    let newest = &store.deliveries(shop, None, 1).await.expect("deliveries").items[0];
    assert_eq!(*newest, store.delivery(shop, received[0]).await.expect("delivery").0);
}

/// Somebody may have a settled delivery done again; that is counted, and nobody's old claim comes alive by it.
pub(super) async fn a_replay_opens_it_again(store: Servers) {
    let ann = user(&store, "ann").await;
    let (shop, api) = (project(&store, "shop", ann.id).await, project(&store, "api", ann.id).await);
    let id = receive(&store, &delivery(shop, "d-1", None)).await.id;
    assert_refused!(store.replay(shop, id, &deed()).await, StoreError::Conflict(_));
    let first = take(&store, LEASE).await.remove(0).claim;
    settle(&store, &first, &over()).await;
    assert_refused!(store.replay(api, id, &deed()).await, StoreError::NotFound(_));
    assert_refused!(store.replay(shop, DeliveryId::generate(), &deed()).await, StoreError::NotFound(_));
    store.replay(shop, id, &deed()).await.expect("replay");
    let (kept, _) = store.delivery(shop, id).await.expect("delivery");
    assert_eq!((kept.state, kept.replays, kept.tries), (DeliveryState::Open { failure: None }, 1, 0));
    assert_refused!(store.settle_delivery(&first, &over()).await, StoreError::Conflict(_));
    let second = take(&store, LEASE).await.remove(0);
    assert_eq!((second.delivery.id, second.delivery.tries, second.delivery.replays), (id, 1, 1));
    settle(&store, &second.claim, &over()).await;
    assert!(!receive(&store, &delivery(shop, "d-1", None)).await.is_new, "it is still the same");
}

/// What is settled goes in the end, what is open never.
pub(super) async fn settled_deliveries_are_pruned(store: Servers) {
    let id = shop(&store).await;
    for n in 0..5 {
        receive(&store, &delivery(id, &format!("d-{n}"), None)).await;
    }
    for taken in take(&store, LEASE).await.iter().take(4) {
        settle(&store, &taken.claim, &over()).await;
    }
    let prune = async |age, limit| store.prune_deliveries(age, limit).await.expect("prune_deliveries");
    assert_eq!(prune(Duration::from_hours(1), 10).await, 0);
    // The store's clock has to move on.
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!((prune(Duration::ZERO, 3).await, prune(Duration::ZERO, 3).await), (3, 1));
    let left = store.deliveries(id, None, 10).await.expect("deliveries").items;
    assert_eq!(left.len(), 1);
    assert!(matches!(left[0].state, DeliveryState::Open { .. }));
    let body_of = |name| delivery(id, name, None).body;
    let other_name = NewDelivery { body: body_of("d-1"), ..delivery(id, "d-9", None) };
    assert!(receive(&store, &delivery(id, "d-0", None)).await.is_new, "its id is forgotten");
    assert!(receive(&store, &other_name).await.is_new, "its body is forgotten");
}
