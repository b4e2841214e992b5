//! Who is let in, and who may do everything.

use super::Servers;
use super::fixture::{
    administrator, assert_refused, at, at_once, deed, deed_at, hash, identity, minute, profile, session_of, user,
};
use crate::directory::{Admission, NewToken, Profile, Scopes, SignIn};
use crate::id::{TokenId, UserId};
use crate::ports::StoreError;

/// A stranger stays outside, or becomes what the admission says.
pub(super) async fn a_stranger_is_admitted_as_it_is_said(store: Servers) {
    let sign_in = async |name: &str, admission| {
        let by = deed_at(at(7));
        store.sign_in(&identity(name), &profile(name), admission, &by).await.expect("sign_in")
    };
    assert_eq!(sign_in("ann", Admission::KnownOnly).await, SignIn::Unknown);
    let SignIn::Made(ann) = sign_in("ann", Admission::AsUser).await else { panic!("she is made") };
    assert_eq!((ann.is_admin, ann.disabled_at, ann.created_at, ann.seen_at), (false, None, at(7), at(7)));
    assert_eq!((&ann.identity, &ann.profile), (&identity("ann"), &profile("ann")));
    assert!(!store.has_administrator().await.expect("has_administrator"));
    let SignIn::Made(bob) = sign_in("bob", Admission::AsAdministrator).await else { panic!("he is made") };
    assert!(bob.is_admin && store.has_administrator().await.expect("has_administrator"));
    assert_eq!(sign_in("ann", Admission::KnownOnly).await, SignIn::Known(ann.clone()));
    assert_eq!(sign_in("ann", Admission::AsAdministrator).await, SignIn::Known(ann.clone()), "she is what she is");
    assert_eq!(store.user(ann.id).await.expect("user"), ann);
    assert_refused!(store.user(UserId::generate()).await, StoreError::NotFound(_));
}

/// The e-mail address says nothing about who it is, and what the issuer says is taken over.
pub(super) async fn who_is_known_is_known_by_identity_alone(store: Servers) {
    let ann = user(&store, "ann").await;
    let sign_in = async |identity, profile: &Profile| {
        store.sign_in(&identity, profile, Admission::AsUser, &deed_at(at(9))).await.expect("sign_in")
    };
    let SignIn::Made(other) = sign_in(identity("other"), &ann.profile).await else { panic!("another subject") };
    let elsewhere = crate::directory::Identity { issuer: "https://other.example".to_owned(), ..identity("ann") };
    let SignIn::Made(foreign) = sign_in(elsewhere, &ann.profile).await else { panic!("another issuer") };
    assert!(ann.id != other.id && ann.id != foreign.id && other.id != foreign.id);
    let SignIn::Known(now) = sign_in(identity("ann"), &profile("Anna")).await else { panic!("the same subject") };
    assert_eq!((now.id, &now.profile, now.seen_at, now.created_at), (ann.id, &profile("Anna"), at(9), at(0)));
    let SignIn::Known(bare) = sign_in(identity("ann"), &Profile::default()).await else { panic!("the same subject") };
    assert_eq!(bare.profile, Profile::default());
    assert_eq!(store.user(ann.id).await.expect("user"), bare);
}

/// Two sign-ins of one identity make one user.
pub(super) async fn sign_ins_at_once_make_one_user(store: Servers) {
    let answers = at_once(8, |_| {
        let store = store.clone();
        async move { store.sign_in(&identity("ann"), &profile("ann"), Admission::AsUser, &deed()).await }
    })
    .await;
    let answers: Vec<SignIn> = answers.into_iter().map(|answer| answer.expect("sign_in")).collect();
    assert_eq!(answers.iter().filter(|answer| matches!(answer, SignIn::Made(_))).count(), 1, "{answers:?}");
    assert_eq!(store.users(None, 10).await.expect("users").items.len(), 1);
}

/// Disabling closes sessions and revokes tokens, and lasts; enabling brings none of them back.
pub(super) async fn a_disabled_user_stays_outside(store: Servers) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let token = NewToken {
        id: TokenId::generate(),
        hash: hash(3),
        user: ann.id,
        name: "ci".to_owned(),
        scopes: Scopes::all(),
        project: None,
        expires_at: None,
    };
    store.open_session(&session_of(ann.id, hash(1)), &deed()).await.expect("open_session");
    store.open_session(&session_of(bob.id, hash(2)), &deed()).await.expect("open_session");
    store.create_token(&token, &deed()).await.expect("create_token");
    store.disable_user(ann.id, &deed_at(at(4))).await.expect("disable_user");
    store.disable_user(ann.id, &deed_at(at(5))).await.expect("it is idempotent");
    let outside = async || {
        let session = store.session(hash(1), at(6)).await.expect("session");
        let token = store.token(hash(3), at(6)).await.expect("token");
        assert_eq!((session, token), (None, None));
        assert_eq!(store.sessions(ann.id, at(6)).await.expect("sessions"), []);
        assert_eq!(store.tokens(ann.id).await.expect("tokens"), []);
    };
    outside().await;
    let answer = store.sign_in(&identity("ann"), &profile("Anna"), Admission::AsAdministrator, &deed()).await;
    let SignIn::Disabled(refused) = answer.expect("sign_in") else { panic!("she is disabled") };
    assert_eq!((refused.disabled_at, &refused.profile, refused.is_admin), (Some(at(4)), &profile("ann"), false));
    assert_refused!(store.open_session(&session_of(ann.id, hash(4)), &deed()).await, StoreError::NotFound(_));
    assert_refused!(store.create_token(&token, &deed()).await, StoreError::NotFound(_));
    assert!(store.session(hash(2), at(6)).await.expect("session").is_some(), "nobody else is");
    store.enable_user(ann.id, &deed()).await.expect("enable_user");
    outside().await;
    store.open_session(&session_of(ann.id, hash(4)), &deed()).await.expect("open_session");
    assert_eq!(store.user(ann.id).await.expect("user").disabled_at, None);
    assert_refused!(store.disable_user(UserId::generate(), &deed()).await, StoreError::NotFound(_));
    assert_refused!(store.enable_user(UserId::generate(), &deed()).await, StoreError::NotFound(_));
}

/// There is always somebody who may do everything, also when two are taken away at once.
pub(super) async fn the_last_administrator_stays(store: Servers) {
    let (ann, bob) = (administrator(&store, "ann").await, user(&store, "bob").await);
    let demote = async |id| store.set_administrator(id, false, &deed()).await;
    assert_refused!(demote(ann.id).await, StoreError::Conflict(_));
    assert_refused!(store.disable_user(ann.id, &deed()).await, StoreError::Conflict(_));
    assert_refused!(demote(UserId::generate()).await, StoreError::NotFound(_));
    demote(bob.id).await.expect("he is none");
    store.set_administrator(bob.id, true, &deed()).await.expect("set_administrator");
    store.disable_user(bob.id, &deed()).await.expect("disable_user");
    assert_refused!(demote(ann.id).await, StoreError::Conflict(_));
    store.enable_user(bob.id, &deed()).await.expect("enable_user");
    for round in 0..8 {
        let ids = [ann.id, bob.id];
        let answers = at_once(2, |n| {
            let (store, id) = (store.clone(), ids[n]);
            async move {
                if round % 2 == 0 {
                    store.set_administrator(id, false, &deed()).await
                } else {
                    store.disable_user(id, &deed()).await
                }
            }
        })
        .await;
        let refused = answers.iter().filter(|answer| matches!(answer, Err(StoreError::Conflict(_)))).count();
        assert_eq!(refused, 1, "{answers:?}");
        assert!(store.has_administrator().await.expect("has_administrator"));
        for id in ids {
            store.enable_user(id, &deed()).await.expect("enable_user");
            store.set_administrator(id, true, &deed()).await.expect("set_administrator");
        }
    }
}

/// All users come in pages, in one order.
pub(super) async fn users_are_listed_in_pages(store: Servers) {
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(user(&store, &format!("user-{n}")).await.id);
    }
    ids.sort_unstable();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.users(after, 2).await.expect("users");
        assert!(page.items.len() <= 2);
        seen.extend(page.items.iter().map(|user| user.id));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, ids);
    let whole = store.users(None, 5).await.expect("users");
    assert_eq!((whole.items.len(), whole.next), (5, None));
}

/// Somebody is found by an address that is known to be his.
pub(super) async fn users_are_found_by_a_verified_address(store: Servers) {
    let ann = user(&store, "ann").await;
    let mut unverified = ann.profile.clone();
    unverified.email.as_mut().expect("she has one").is_verified = false;
    let answer = store.sign_in(&identity("mallory"), &unverified, Admission::AsUser, &deed()).await;
    assert!(matches!(answer, Ok(SignIn::Made(_))));
    let find = async |address: &str| store.users_with_email(address).await.expect("users_with_email");
    assert_eq!(find("ANN@mail.example").await, std::slice::from_ref(&ann));
    assert_eq!(find("bob@mail.example").await, []);
    store.disable_user(ann.id, &deed_at(minute(1))).await.expect("disable_user");
    assert_eq!(find("ann@mail.example").await, []);
}
