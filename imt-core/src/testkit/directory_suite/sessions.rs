//! Sessions.

use std::time::Duration;

use super::Servers;
use super::fixture::{assert_refused, at, deed, deed_at, hash, minute, session_of, user};
use crate::directory::{NewSession, SecretHash};
use crate::id::{SessionId, UserId};
use crate::ports::{StoreError, directory_bounds};

/// A session ends when it lies unused too long, and at its time however much it is used.
pub(super) async fn a_session_ends_idle_or_at_its_time(store: Servers) {
    let ann = user(&store, "ann").await;
    let new = NewSession { expires_at: minute(100), ..session_of(ann.id, hash(1)) };
    store.open_session(&new, &deed()).await.expect("open_session");
    assert_refused!(store.open_session(&new, &deed()).await, StoreError::Conflict(_));
    let alive = async |minutes| store.session(hash(1), minute(minutes)).await.expect("session");
    let first = alive(29).await.expect("it is in use");
    assert_eq!((first.session.id, first.user.id), (new.id, ann.id));
    assert_eq!((first.session.agent.as_deref(), first.session.remote.as_deref()), (Some("browser"), Some("192.0.2.7")));
    for minutes in [58, 87, 99] {
        assert!(alive(minutes).await.is_some(), "{minutes}");
    }
    assert_eq!(alive(100).await, None);
    let idle = NewSession { id: SessionId::generate(), hash: hash(2), ..new };
    store.open_session(&idle, &deed()).await.expect("open_session");
    assert_eq!(store.session(hash(2), minute(30)).await.expect("session"), None);
    assert_eq!(store.session(hash(3), minute(1)).await.expect("session"), None);
    let nobody = session_of(UserId::generate(), hash(4));
    assert_refused!(store.open_session(&nobody, &deed()).await, StoreError::NotFound(_));
}

/// Reading a session writes once a minute.
pub(super) async fn a_session_is_seen_once_a_minute(store: Servers) {
    let ann = user(&store, "ann").await;
    store.open_session(&session_of(ann.id, hash(1)), &deed()).await.expect("open_session");
    let seen = async |micros| {
        let signed_in = store.session(hash(1), at(micros)).await.expect("session").expect("it is in use");
        assert_eq!(signed_in.session.times.opened_at, at(0));
        let listed = store.sessions(ann.id, at(micros)).await.expect("sessions");
        assert_eq!(listed, std::slice::from_ref(&signed_in.session));
        signed_in.session.times.seen_at
    };
    assert_eq!(seen(59_000_000).await, at(0));
    assert_eq!(seen(60_000_000).await, minute(1));
    assert_eq!(seen(119_000_000).await, minute(1));
    assert_eq!(seen(121_000_000).await, at(121_000_000));
    assert_eq!(store.user(ann.id).await.expect("user").seen_at, at(121_000_000));
    assert_eq!(seen(60_000_000).await, at(121_000_000), "a clock that is behind changes nothing");
}

/// Sessions are named by ids that let nobody in.
pub(super) async fn sessions_are_listed_and_closed(store: Servers) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let mut ids = Vec::new();
    for n in 0..4 {
        let new = session_of(ann.id, hash(n));
        ids.push(new.id);
        store.open_session(&new, &deed_at(at(u64::from(n)))).await.expect("open_session");
    }
    let bobs = session_of(bob.id, hash(9));
    store.open_session(&bobs, &deed()).await.expect("open_session");
    let listed = async || -> Vec<SessionId> {
        let sessions = store.sessions(ann.id, at(50)).await.expect("sessions");
        sessions.into_iter().map(|session| session.id).collect()
    };
    assert_eq!(listed().await, [ids[3], ids[2], ids[1], ids[0]]);
    assert_eq!(store.sessions(ann.id, minute(30)).await.expect("sessions").len(), 3, "one is over");
    let close = async |user, id| store.close_session(user, id, &deed()).await.expect("close_session");
    assert!(!close(ann.id, bobs.id).await, "it is not hers");
    assert!(close(ann.id, ids[1]).await && !close(ann.id, ids[1]).await);
    assert_eq!(store.session(hash(1), at(50)).await.expect("session"), None);
    let closed = async |but| store.close_sessions(ann.id, but, &deed()).await.expect("close_sessions");
    assert_eq!((closed(Some(ids[2])).await, listed().await), (2, vec![ids[2]]));
    assert_eq!((closed(None).await, closed(None).await, listed().await), (1, 0, Vec::new()));
    assert!(store.session(hash(9), at(50)).await.expect("session").is_some());
    assert_eq!(store.forget_expired(minute(40), 10).await.expect("forget_expired"), 1, "his is over");
    assert_eq!(store.session(hash(9), at(50)).await.expect("session"), None);
}

/// Whoever opens one session after the other does not fill the store.
pub(super) async fn the_session_unused_longest_makes_way(store: Servers) {
    let ann = user(&store, "ann").await;
    let nth = |n: usize| {
        let mut bytes = [0; 32];
        bytes[0] = u8::try_from(n).expect("few");
        SecretHash::new(bytes)
    };
    for n in 0..directory_bounds::MAX_SESSIONS {
        let new = NewSession { idle: Duration::from_hours(10), ..session_of(ann.id, nth(n)) };
        store.open_session(&new, &deed_at(at(n as u64))).await.expect("open_session");
    }
    assert!(store.session(nth(0), minute(5)).await.expect("session").is_some());
    let last = session_of(ann.id, hash(255));
    store.open_session(&last, &deed_at(minute(6))).await.expect("open_session");
    let listed = store.sessions(ann.id, minute(6)).await.expect("sessions");
    assert_eq!(listed.len(), directory_bounds::MAX_SESSIONS);
    assert!(store.session(nth(0), minute(6)).await.expect("session").is_some(), "it was used");
    assert_eq!(store.session(nth(1), minute(6)).await.expect("session"), None);
}
