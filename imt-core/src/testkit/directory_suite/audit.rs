//! Who did what.

use super::Servers;
use super::fixture::{LEASE, at, deed, deed_at, delivery, hash, new_project, profile, project, session_of, take, user};
use crate::directory::{
    Action, Actor, Admission, AuditEntry, Deed, DeliveryOutcome, Identity, NewToken, ProjectSettings, Role, Scopes,
    SecretName, Settlement, SkipReason, Via,
};
use crate::id::{ProjectId, TokenId};
use crate::secret::Secret;

async fn log(store: &Servers, project: Option<ProjectId>) -> Vec<AuditEntry> {
    let mut entries = store.audit(project, None, 500).await.expect("audit").items;
    entries.reverse();
    entries
}

/// Each change writes who made it, how, and what it was, and nothing that is secret.
pub(super) async fn every_deed_is_written(store: Servers) {
    let visitor = Deed { actor: Actor::Visitor, via: Via::SignIn, ..deed_at(at(1)) };
    let identity = Identity { issuer: "https://id.example".to_owned(), subject: "ann".to_owned() };
    let signed_in = store.sign_in(&identity, &profile("ann"), Admission::AsAdministrator, &visitor).await;
    let (ann, bob) = (signed_in.expect("sign_in").admitted().expect("she is made").id, user(&store, "bob").await.id);
    let session = session_of(ann, hash(1));
    let by = Deed { actor: Actor::User(ann), via: Via::Session(session.id), ..deed_at(at(2)) };
    store.open_session(&session, &by).await.expect("open_session");
    let new = new_project("shop", ann);
    let shop = store.create_project(&new, &by).await.expect("create_project").id;
    let scopes = Scopes::all();
    let token = NewToken {
        id: TokenId::generate(),
        hash: hash(2),
        user: bob,
        name: "ci".to_owned(),
        scopes: scopes.clone(),
        project: Some(shop),
        expires_at: None,
    };
    store.create_token(&token, &by).await.expect("create_token");
    store.set_member(shop, bob, Role::Member, &by).await.expect("set_member");
    store.set_member(shop, bob, Role::Owner, &by).await.expect("set_member");
    let secret = SecretName::WebhookSecret;
    store.set_secret(shop, &secret, &Secret::new("hunter2"), &by).await.expect("set_secret");
    let settings = ProjectSettings { triggers_on_push: false, ..new.settings };
    store.update_settings(shop, 1, &settings, &[], &by).await.expect("update_settings");
    let received = store.receive(&delivery(shop, "d-1", None)).await.expect("receive").id;
    let over = Settlement::Over(DeliveryOutcome::Skipped(SkipReason::Event));
    store.settle_delivery(&take(&store, LEASE).await[0].claim, &over).await.expect("settle_delivery");
    store.replay(shop, received, &by).await.expect("replay");
    store.archive_project(shop, &by).await.expect("archive_project");
    store.restore_project(shop, &by).await.expect("restore_project");
    store.remove_secret(shop, &secret, &by).await.expect("remove_secret");
    store.remove_member(shop, bob, &by).await.expect("remove_member");
    let elsewhere = Action::VariableSet { name: "TOKEN".to_owned(), is_secret: true };
    store.note(Some(shop), &elsewhere, &by).await.expect("note");
    store.revoke_token(bob, token.id, &by).await.expect("revoke_token");
    store.set_administrator(bob, true, &by).await.expect("set_administrator");
    store.disable_user(bob, &by).await.expect("disable_user");
    store.enable_user(bob, &by).await.expect("enable_user");
    store.close_session(ann, session.id, &by).await.expect("close_session");

    let (name, owner) = (new.name, ann);
    let of_shop = vec![
        Action::ProjectMade { name, owner },
        Action::MemberSet { user: bob, role: Role::Member, before: None },
        Action::MemberSet { user: bob, role: Role::Owner, before: Some(Role::Member) },
        Action::SecretSet { secret: secret.clone() },
        Action::SettingsChanged { version: 2, fields: vec!["triggers_on_push".to_owned()] },
        Action::DeliveryReplayed { delivery: received },
        Action::ProjectArchived,
        Action::ProjectRestored,
        Action::SecretRemoved { secret },
        Action::MemberRemoved { user: bob, role: Role::Owner },
        elsewhere,
    ];
    let entries = log(&store, Some(shop)).await;
    assert_eq!(entries.iter().map(|entry| entry.action.clone()).collect::<Vec<_>>(), of_shop);
    assert!(entries.iter().all(|entry| entry.deed == by && entry.project == Some(shop)), "{entries:?}");
    let all = log(&store, None).await;
    let others: Vec<Action> = all.iter().filter(|e| e.project.is_none()).map(|e| e.action.clone()).collect();
    let expected = [
        Action::UserMade { user: ann, is_admin: true },
        Action::UserMade { user: bob, is_admin: false },
        Action::SessionOpened { user: ann, session: session.id },
        Action::TokenMade { user: bob, token: token.id, scopes, only: Some(shop) },
        Action::TokenRevoked { user: bob, token: token.id },
        Action::AdministratorSet { user: bob, is_admin: true },
        Action::UserDisabled { user: bob },
        Action::UserEnabled { user: bob },
        Action::SessionClosed { user: ann, session: session.id },
    ];
    assert_eq!(others, expected);
    assert_eq!(all[0].deed, visitor);
    assert!(all.is_sorted_by_key(|entry| entry.position));
    assert!(!format!("{all:?}").contains("hunter2"));
}

/// What changes nothing, or is refused, is no deed.
pub(super) async fn what_changes_nothing_is_not_written(store: Servers) {
    let ann = user(&store, "ann").await.id;
    let bob = user(&store, "bob").await.id;
    let shop = project(&store, "shop", ann).await;
    let settings = store.project(&shop.into()).await.expect("project").settings;
    let before = log(&store, None).await;
    store.set_administrator(bob, false, &deed()).await.expect("he is none");
    store.enable_user(bob, &deed()).await.expect("he is not disabled");
    store.set_member(shop, ann, Role::Owner, &deed()).await.expect("she is one");
    store.set_member(shop, ann, Role::Member, &deed()).await.expect_err("she is the last");
    store.remove_member(shop, bob, &deed()).await.expect("he is none");
    store.update_settings(shop, 1, &settings, &[], &deed()).await.expect("they are the same");
    store.update_settings(shop, 7, &ProjectSettings::default(), &[], &deed()).await.expect_err("another version");
    store.restore_project(shop, &deed()).await.expect("it is in use");
    store.remove_secret(shop, &SecretName::RepositoryKey, &deed()).await.expect("there is none");
    store.create_project(&new_project("shop", bob), &deed()).await.expect_err("the name is taken");
    store.close_sessions(bob, None, &deed()).await.expect("there is none");
    store.revoke_token(bob, TokenId::generate(), &deed()).await.expect("there is none");
    assert_eq!(log(&store, None).await, before);
}

/// The newest come first, page by page, of one project or of all.
pub(super) async fn the_log_is_read_in_pages(store: Servers) {
    let (shop, api) = (ProjectId::generate(), ProjectId::generate());
    for n in 0..6 {
        let project = [Some(shop), Some(api), None][n % 3];
        let action = Action::VariableUnset { name: format!("V{n}") };
        store.note(project, &action, &deed()).await.expect("note");
    }
    let names = async |project, limit| {
        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let page = store.audit(project, before, limit).await.expect("audit");
            assert!(page.items.len() <= limit);
            all.extend(page.items.into_iter().map(|entry| match entry.action {
                Action::VariableUnset { name } => name,
                other => panic!("nobody did {other:?}"),
            }));
            match page.next {
                Some(next) => before = Some(next),
                None => return all,
            }
        }
    };
    for limit in [1, 2, 10] {
        assert_eq!(names(None, limit).await, ["V5", "V4", "V3", "V2", "V1", "V0"]);
        assert_eq!(names(Some(shop), limit).await, ["V3", "V0"]);
    }
    let strange = Deed { remote: Some("a\0b".to_owned()), ..deed() };
    let refused = store.note(None, &Action::ProjectArchived, &strange).await;
    assert!(matches!(refused, Err(crate::ports::StoreError::Invalid(_))));
}
