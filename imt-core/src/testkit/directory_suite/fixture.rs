//! People, projects and pushes as the cases use them.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;

use super::Servers;
use crate::directory::{
    Actor, Admission, Deed, Email, Existing, Identity, NewDelivery, NewProject, NewSession, Profile, ProjectSettings,
    Push, Role, SecretHash, SignIn, TakenDelivery, User, Via,
};
use crate::id::{CommitId, InstanceId, ProjectId, ProjectName, SessionId, UserId};
pub(super) use crate::testkit::store_suite::fixture::{assert_refused, at};
use crate::time::Timestamp;

pub(super) const LEASE: Duration = Duration::from_secs(30);
/// Runs out while a test waits for it, and not before its first lines are done.
pub(super) const SHORT: Duration = Duration::from_millis(300);

/// So many minutes after the beginning of the case.
pub(super) fn minute(minutes: u64) -> Timestamp {
    at(minutes * 60_000_000)
}

pub(super) fn deed() -> Deed {
    deed_at(at(0))
}

pub(super) fn deed_at(at: Timestamp) -> Deed {
    let (request, remote) = (Some("request-1".to_owned()), Some("192.0.2.7".to_owned()));
    Deed { actor: Actor::System, via: Via::Server, request, remote, at }
}

pub(super) fn identity(subject: &str) -> Identity {
    Identity { issuer: "https://id.example".to_owned(), subject: subject.to_owned() }
}

pub(super) fn profile(name: &str) -> Profile {
    let email = Email { address: format!("{name}@Mail.example"), is_verified: true };
    Profile { email: Some(email), name: Some(name.to_owned()) }
}

pub(super) async fn user(store: &Servers, name: &str) -> User {
    made(store, name, Admission::AsUser).await
}

pub(super) async fn administrator(store: &Servers, name: &str) -> User {
    made(store, name, Admission::AsAdministrator).await
}

async fn made(store: &Servers, name: &str, admission: Admission) -> User {
    match store.sign_in(&identity(name), &profile(name), admission, &deed()).await.expect("sign_in") {
        SignIn::Made(user) => user,
        other => panic!("{name} is new here: {other:?}"),
    }
}

pub(super) fn hash(of: u8) -> SecretHash {
    SecretHash::new([of; 32])
}

pub(super) fn session_of(user: UserId, hash: SecretHash) -> NewSession {
    NewSession {
        id: SessionId::generate(),
        hash,
        user,
        expires_at: minute(1_000),
        idle: Duration::from_mins(30),
        agent: Some("browser".to_owned()),
    }
}

pub(super) fn new_project(name: &str, owner: UserId) -> NewProject {
    let settings = ProjectSettings {
        repo_url: Some("https://git.example/shop.git".to_owned()),
        default_branch: "h\u{e9}ad".to_owned(),
        ..ProjectSettings::default()
    };
    let (id, name) = (ProjectId::generate(), ProjectName::new(name));
    NewProject { id, name, settings, owner, existing: Existing::Refuse, secrets: Vec::new() }
}

pub(super) async fn project(store: &Servers, name: &str, owner: UserId) -> ProjectId {
    store.create_project(&new_project(name, owner), &deed()).await.expect("create_project").id
}

/// A project that nobody of the case is interested in the owner of.
pub(super) async fn shop(store: &Servers) -> ProjectId {
    let owner = user(store, "owner").await.id;
    project(store, "shop", owner).await
}

pub(super) async fn join(store: &Servers, project: ProjectId, user: UserId, role: Role) {
    store.set_member(project, user, role, &deed()).await.expect("set_member");
}

pub(super) fn push(branch: &str, commit: char) -> Push {
    Push { branch: branch.to_owned(), commit: CommitId::new(commit.to_string().repeat(40)) }
}

pub(super) fn delivery(project: ProjectId, provider_id: &str, push: Option<Push>) -> NewDelivery {
    NewDelivery {
        project,
        provider_id: provider_id.to_owned(),
        event: "push".to_owned(),
        push,
        body: Bytes::from(format!("{{\"\0\u{e9}\": \"{provider_id}\"}}")),
        received_at: at(5),
    }
}

pub(super) fn worker() -> InstanceId {
    InstanceId::new("server-1")
}

pub(super) async fn take(store: &Servers, lease: Duration) -> Vec<TakenDelivery> {
    let taken = store.take_deliveries(&worker(), lease, 100, &[]).await.expect("take_deliveries");
    assert_eq!(taken.set_aside, Vec::<String>::new());
    taken.found
}

/// Does something so often at once, and answers all that came of it.
pub(super) async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    times: usize,
    what: impl Fn(usize) -> F,
) -> Vec<T> {
    let tasks = (0..times).map(|n| tokio::spawn(what(n)));
    join_all(tasks).await.into_iter().map(|done| done.expect("no panic")).collect()
}
