//! Who belongs to a project.

use super::Servers;
use super::fixture::{assert_refused, at, at_once, deed, deed_at, join, minute, project, user};
use crate::directory::Role;
use crate::id::{ProjectId, UserId};
use crate::ports::StoreError;

/// Members are listed with what they are, page by page.
pub(super) async fn members_are_set_and_listed(store: Servers) {
    let ann = user(&store, "ann").await;
    let (id, other) = (project(&store, "shop", ann.id).await, project(&store, "api", ann.id).await);
    let mut expected = vec![(ann.id, Role::Owner, at(0))];
    for n in 0..4 {
        let one = user(&store, &format!("user-{n}")).await.id;
        let role = if n == 0 { Role::Owner } else { Role::Member };
        store.set_member(id, one, role, &deed_at(at(n))).await.expect("set_member");
        expected.push((one, role, at(n)));
    }
    expected.sort_unstable();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.members(id, after, 2).await.expect("members");
        assert!(page.items.len() <= 2);
        seen.extend(page.items.iter().map(|member| (member.user.id, member.role, member.since)));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, expected);
    let bob = user(&store, "bob").await.id;
    let of_bob = async || {
        let members = store.members(id, None, 100).await.expect("members").items;
        members.into_iter().find(|member| member.user.id == bob).map(|member| (member.role, member.since))
    };
    store.set_member(id, bob, Role::Member, &deed_at(minute(1))).await.expect("set_member");
    store.set_member(id, bob, Role::Member, &deed_at(minute(2))).await.expect("it is idempotent");
    assert_eq!(of_bob().await, Some((Role::Member, minute(1))));
    store.set_member(id, bob, Role::Owner, &deed_at(minute(3))).await.expect("set_member");
    assert_eq!(of_bob().await, Some((Role::Owner, minute(1))));
    let remove = async |project| store.remove_member(project, bob, &deed()).await.expect("remove_member");
    assert!(!remove(other).await && remove(id).await && !remove(id).await);
    assert_eq!(of_bob().await, None);
    assert_eq!(store.members(other, None, 9).await.expect("members").items.len(), 1);
    assert_eq!(store.members(ProjectId::generate(), None, 9).await.expect("members").items, []);
    let unknown = store.set_member(id, UserId::generate(), Role::Member, &deed()).await;
    assert_refused!(unknown, StoreError::NotFound(_));
    let nowhere = ProjectId::generate();
    assert_refused!(store.set_member(nowhere, bob, Role::Member, &deed()).await, StoreError::NotFound(_));
    assert_refused!(store.remove_member(nowhere, bob, &deed()).await, StoreError::NotFound(_));
}

/// A project never loses its last owner, also when two go at once.
pub(super) async fn the_last_owner_stays(store: Servers) {
    let (ann, bob) = (user(&store, "ann").await.id, user(&store, "bob").await.id);
    let id = project(&store, "shop", ann).await;
    join(&store, id, bob, Role::Member).await;
    assert_refused!(store.set_member(id, ann, Role::Member, &deed()).await, StoreError::Conflict(_));
    assert_refused!(store.remove_member(id, ann, &deed()).await, StoreError::Conflict(_));
    join(&store, id, ann, Role::Owner).await;
    assert!(store.remove_member(id, bob, &deed()).await.expect("he is none"));
    for round in 0..8 {
        for owner in [ann, bob] {
            join(&store, id, owner, Role::Owner).await;
        }
        let answers = at_once(2, |n| {
            let (store, one) = (store.clone(), [ann, bob][n]);
            async move {
                if (round + n) % 2 == 0 {
                    store.set_member(id, one, Role::Member, &deed()).await
                } else {
                    store.remove_member(id, one, &deed()).await.map(|_| ())
                }
            }
        })
        .await;
        let refused = answers.iter().filter(|answer| matches!(answer, Err(StoreError::Conflict(_)))).count();
        assert_eq!(refused, 1, "{answers:?}");
        let members = store.members(id, None, 9).await.expect("members").items;
        assert_eq!(members.iter().filter(|member| member.role == Role::Owner).count(), 1);
    }
}
