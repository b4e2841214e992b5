//! API tokens.

use super::Servers;
use super::fixture::{assert_refused, at, deed, deed_at, hash, minute, project, user};
use crate::directory::{ApiToken, NewToken, Scope, Scopes, SecretHash};
use crate::id::{ProjectId, TokenId, UserId};
use crate::ports::{StoreError, directory_bounds};

fn token(user: UserId, hash: SecretHash) -> NewToken {
    NewToken {
        id: TokenId::generate(),
        hash,
        user,
        name: "c\u{e9} i".to_owned(),
        scopes: [Scope::Trigger, Scope::Read].into_iter().collect(),
        project: None,
        expires_at: None,
    }
}

/// Whoever shows the secret is told whose it is and what it is for, and its use is recorded once a minute.
pub(super) async fn a_token_is_known_by_its_hash(store: Servers) {
    let ann = user(&store, "ann").await;
    let only = project(&store, "shop", ann.id).await;
    let new = NewToken { project: Some(only), expires_at: Some(minute(90)), ..token(ann.id, hash(1)) };
    let made = store.create_token(&new, &deed_at(at(3))).await.expect("create_token");
    let NewToken { id, name, scopes, .. } = new.clone();
    let expected = ApiToken {
        id,
        user: ann.id,
        name,
        scopes,
        project: Some(only),
        created_at: at(3),
        expires_at: Some(minute(90)),
        used_at: None,
    };
    assert_eq!(made, expected);
    let used = async |micros| {
        let holder = store.token(hash(1), at(micros)).await.expect("token").expect("it is known");
        assert_eq!(ApiToken { used_at: None, ..holder.token.clone() }, expected);
        assert_eq!(holder.user.id, ann.id);
        assert_eq!(store.tokens(ann.id).await.expect("tokens"), std::slice::from_ref(&holder.token));
        holder.token.used_at.expect("it is used")
    };
    assert_eq!(used(7).await, at(7));
    assert_eq!(used(60_000_006).await, at(7));
    assert_eq!(used(60_000_007).await, at(60_000_007));
    assert_eq!(store.user(ann.id).await.expect("user").seen_at, at(60_000_007));
    assert_eq!(store.token(hash(2), at(7)).await.expect("token"), None);
    let same_hash = NewToken { id: TokenId::generate(), ..new.clone() };
    let same_id = NewToken { hash: hash(5), ..new.clone() };
    for taken in [new, same_hash, same_id] {
        assert_refused!(store.create_token(&taken, &deed()).await, StoreError::Conflict(_));
    }
    let nowhere = NewToken { project: Some(ProjectId::generate()), ..token(ann.id, hash(3)) };
    assert_refused!(store.create_token(&nowhere, &deed()).await, StoreError::NotFound(_));
    assert_refused!(store.create_token(&token(UserId::generate(), hash(3)), &deed()).await, StoreError::NotFound(_));
    let useless = NewToken { scopes: Scopes::default(), ..token(ann.id, hash(3)) };
    assert_refused!(store.create_token(&useless, &deed()).await, StoreError::Invalid(_));
}

/// Each user has a list of his own, of bounded length.
pub(super) async fn tokens_are_listed_and_revoked(store: Servers) {
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let nth = |n: usize| {
        let mut bytes = [1; 32];
        bytes[0] = u8::try_from(n).expect("few");
        SecretHash::new(bytes)
    };
    let mut ids = Vec::new();
    for n in 0..directory_bounds::MAX_TOKENS {
        let new = token(ann.id, nth(n));
        ids.push(new.id);
        store.create_token(&new, &deed_at(at(n as u64))).await.expect("create_token");
    }
    assert_refused!(store.create_token(&token(ann.id, hash(0)), &deed()).await, StoreError::Conflict(_));
    store.create_token(&token(bob.id, hash(0)), &deed()).await.expect("he has none");
    ids.reverse();
    let listed = async || -> Vec<TokenId> {
        store.tokens(ann.id).await.expect("tokens").into_iter().map(|token| token.id).collect()
    };
    assert_eq!(listed().await, ids);
    let revoke = async |user, id| store.revoke_token(user, id, &deed()).await.expect("revoke_token");
    assert!(!revoke(bob.id, ids[0]).await, "it is not his");
    assert!(revoke(ann.id, ids[0]).await && !revoke(ann.id, ids[0]).await);
    assert_eq!(listed().await, ids[1..]);
    let last = directory_bounds::MAX_TOKENS - 1;
    assert_eq!(store.token(nth(last), at(200)).await.expect("token"), None, "it was revoked");
    assert!(store.token(nth(0), at(200)).await.expect("token").is_some());
}

/// A token that is over lets nobody in, and is forgotten some day.
pub(super) async fn tokens_have_an_end(store: Servers) {
    let ann = user(&store, "ann").await;
    let short = NewToken { expires_at: Some(minute(2)), ..token(ann.id, hash(1)) };
    for new in [&short, &token(ann.id, hash(2))] {
        store.create_token(new, &deed()).await.expect("create_token");
    }
    let lets_in = async |of, minutes| store.token(hash(of), minute(minutes)).await.expect("token").is_some();
    assert!(lets_in(1, 1).await && !lets_in(1, 2).await && lets_in(2, 1_000_000).await);
    assert_eq!(store.tokens(ann.id).await.expect("tokens").len(), 2, "it can be looked at");
    assert_eq!(store.forget_expired(minute(1), 10).await.expect("forget_expired"), 0);
    assert_eq!(store.forget_expired(minute(2), 10).await.expect("forget_expired"), 1);
    assert_eq!(store.tokens(ann.id).await.expect("tokens").len(), 1);
}
