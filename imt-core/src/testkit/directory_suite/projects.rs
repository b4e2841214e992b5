//! Projects: their names, their settings, their secrets, and who sees them.

use super::Servers;
use super::fixture::{
    administrator, assert_refused, at, at_once, deed, deed_at, join, new_project, project, shop, user,
};
use crate::directory::{
    Action, Deed, Existing, NewProject, ProjectKey, ProjectRecord, ProjectSettings, ProjectState, RepositoryKey, Role,
    SecretName,
};
use crate::id::{ProjectId, ProjectName, UserId};
use crate::pipeline::BranchPattern;
use crate::ports::{Catalog, Directory, StoreError, Variable, directory_bounds};
use crate::secret::Secret;

/// A project is there whole, with its owner, by id and by name.
pub(super) async fn a_project_is_made_with_its_owner(store: Servers) {
    let ann = user(&store, "ann").await;
    let new = new_project("shop", ann.id);
    let made = store.create_project(&new, &deed_at(at(3))).await.expect("create_project");
    let NewProject { id, name, settings, .. } = new.clone();
    let expected = ProjectRecord { id, name: name.clone(), settings, version: 1, created_at: at(3), archived_at: None };
    assert_eq!(made, expected);
    for key in [ProjectKey::Id(id), ProjectKey::Name(name)] {
        assert_eq!(store.project(&key).await.expect("project"), expected);
        let access = store.access(ann.id, &key).await.expect("access").expect("it is hers");
        assert_eq!((access.project, access.role), (expected.clone(), Role::Owner));
    }
    assert_refused!(store.project(&ProjectId::generate().into()).await, StoreError::NotFound(_));
    let ownerless = new_project("api", UserId::generate());
    assert_refused!(store.create_project(&ownerless, &deed()).await, StoreError::NotFound(_));
    let same_id = NewProject { id, ..new_project("api", ann.id) };
    assert_refused!(store.create_project(&same_id, &deed()).await, StoreError::Conflict(_));
    project(&store, "api", ann.id).await;
}

/// What a project has, in the order of their names.
async fn secrets(store: &Servers, id: ProjectId) -> Vec<SecretName> {
    store.secrets(id).await.expect("secrets").into_iter().map(|listed| listed.name).collect()
}

/// What was done in a project, the newest first.
async fn deeds(store: &Servers, id: ProjectId) -> Vec<Action> {
    let page = store.audit(Some(id), None, 9).await.expect("audit");
    page.items.into_iter().map(|entry| entry.action).collect()
}

/// All of them are there with it, or nothing is.
pub(super) async fn a_project_is_made_with_its_secrets(store: Servers) {
    let ann = user(&store, "ann").await;
    let (hook, token) = (SecretName::WebhookSecret, SecretName::RepositoryToken);
    let given = vec![(hook.clone(), Secret::new("hook")), (token.clone(), Secret::new("token"))];
    let new = NewProject { secrets: given.clone(), ..new_project("shop", ann.id) };
    store.create_project(&new, &deed()).await.expect("create_project");
    for (name, value) in &given {
        assert_eq!(store.secret(new.id, name).await.expect("secret").as_ref(), Some(value), "{name}");
    }
    let made = Action::ProjectMade { name: new.name.clone(), owner: ann.id };
    let set = |secret: &SecretName| Action::SecretSet { secret: secret.clone() };
    assert_eq!(deeds(&store, new.id).await, [set(&token), set(&hook), made]);

    let again = NewProject { secrets: given.clone(), ..new_project("shop", ann.id) };
    assert_refused!(store.create_project(&again, &deed()).await, StoreError::Conflict(_));
    assert_eq!(secrets(&store, again.id).await, []);
    let empty = NewProject { secrets: vec![(hook, Secret::new(""))], ..new_project("api", ann.id) };
    assert_refused!(store.create_project(&empty, &deed()).await, StoreError::Invalid(_));
    assert_refused!(store.project(&empty.id.into()).await, StoreError::NotFound(_));
}

/// Whoever changes what a secret is for takes it away by that, and in no other case.
pub(super) async fn secrets_go_with_the_settings_they_are_for(store: Servers) {
    let ann = user(&store, "ann").await;
    let (hook, token) = (SecretName::WebhookSecret, SecretName::RepositoryToken);
    let given = vec![(hook.clone(), Secret::new("hook")), (token.clone(), Secret::new("token"))];
    let new = NewProject { secrets: given, ..new_project("shop", ann.id) };
    store.create_project(&new, &deed()).await.expect("create_project");
    let moved = ProjectSettings { repo_url: Some("https://other.example/shop".to_owned()), ..new.settings.clone() };
    let (both, without) = ([token.clone(), hook.clone()], [token.clone(), SecretName::RepositoryKey]);
    let late = store.update_settings(new.id, 9, &moved, &without, &deed()).await;
    assert_refused!(late, StoreError::Conflict(_));
    store.update_settings(new.id, 1, &new.settings, &without, &deed()).await.expect("they are the same");
    assert_eq!(secrets(&store, new.id).await, both);
    store.update_settings(new.id, 1, &moved, &without, &deed()).await.expect("update_settings");
    assert_eq!(secrets(&store, new.id).await, [hook]);
    let changed = Action::SettingsChanged { version: 2, fields: vec!["repo_url".to_owned()] };
    assert_eq!(deeds(&store, new.id).await[..2], [Action::SecretRemoved { secret: token }, changed]);
}

/// One project has a name, however many want it at once, and also when it is in the archive.
pub(super) async fn a_name_is_taken_once(store: Servers) {
    let ann = user(&store, "ann").await;
    let made = at_once(6, |_| {
        let (store, new) = (store.clone(), new_project("shop", ann.id));
        async move { store.create_project(&new, &deed()).await }
    })
    .await;
    let (made, refused): (Vec<_>, Vec<_>) = made.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (1, 5));
    for answer in refused {
        assert_refused!(answer, StoreError::Conflict(_));
    }
    let id = made.into_iter().next().expect("one").expect("it is made").id;
    store.archive_project(id, &deed()).await.expect("archive_project");
    let adopts = NewProject { existing: Existing::Adopt, ..new_project("shop", ann.id) };
    assert_refused!(store.create_project(&adopts, &deed()).await, StoreError::Conflict(_));
}

/// What the command line has made under a name is no business of whoever makes a project, unless it is said so. For stores
/// that are a [`Catalog`], too.
pub async fn a_name_in_use_is_adopted_only_on_purpose<S: Directory + Catalog + 'static>(store: std::sync::Arc<S>) {
    let servers = Servers::new(std::sync::Arc::clone(&store) as _, std::sync::Arc::clone(&store) as _);
    let ann = user(&servers, "ann").await;
    let variable = Variable { name: "A".into(), value: Secret::new("1"), is_secret: false };
    let names = ["api", "shop"].map(ProjectName::new);
    store.set_variable(&names[0], variable).await.expect("set_variable");
    let new = new_project("api", ann.id);
    assert_refused!(store.create_project(&new, &deed()).await, StoreError::Conflict(_));
    assert_refused!(servers.project(&ProjectKey::Name(names[0].clone())).await, StoreError::NotFound(_));
    let new = NewProject { existing: Existing::Adopt, ..new };
    store.create_project(&new, &deed()).await.expect("create_project");
    project(&servers, "shop", ann.id).await;
    assert_eq!(store.projects().await.expect("projects"), names);
}

/// Nobody learns whether there is what he may not see.
pub(super) async fn access_tells_strangers_nothing(store: Servers) {
    let (ann, bob, eve) = (user(&store, "ann").await, user(&store, "bob").await, user(&store, "eve").await);
    let root = administrator(&store, "root").await;
    let id = project(&store, "shop", ann.id).await;
    join(&store, id, bob.id, Role::Member).await;
    let role =
        async |user, project: ProjectKey| store.access(user, &project).await.expect("access").map(|access| access.role);
    for key in [ProjectKey::Id(id), ProjectKey::Name(ProjectName::new("shop"))] {
        assert_eq!(role(ann.id, key.clone()).await, Some(Role::Owner));
        assert_eq!(role(bob.id, key.clone()).await, Some(Role::Member));
        assert_eq!(role(eve.id, key.clone()).await, None);
        assert_eq!(role(UserId::generate(), key.clone()).await, None);
        assert_eq!(role(root.id, key).await, Some(Role::Owner));
    }
    assert_eq!(role(root.id, ProjectId::generate().into()).await, None);
    assert_eq!(role(ann.id, ProjectName::new("api").into()).await, None);
    join(&store, id, root.id, Role::Member).await;
    assert_eq!(role(root.id, id.into()).await, Some(Role::Owner), "an administrator is never less");
    store.disable_user(ann.id, &deed()).await.expect("disable_user");
    assert_eq!(role(ann.id, id.into()).await, None);
}

/// A user sees his projects, an administrator all; those in the archive are a list of their own.
pub(super) async fn projects_are_listed_by_name(store: Servers) {
    let (ann, bob, root) = (user(&store, "ann").await, user(&store, "bob").await, administrator(&store, "root").await);
    let mut ids = Vec::new();
    for name in ["delta", "alpha", "charlie", "bravo"] {
        ids.push(project(&store, name, ann.id).await);
    }
    project(&store, "bobs", bob.id).await;
    join(&store, ids[0], bob.id, Role::Member).await;
    store.archive_project(ids[2], &deed()).await.expect("archive_project");
    let listed = async |user, state, limit| {
        let (mut all, mut after) = (Vec::new(), None::<ProjectName>);
        loop {
            let page = store.visible_projects(user, state, after.as_ref(), limit).await.expect("visible_projects");
            assert!(page.items.len() <= limit);
            all.extend(page.items.iter().map(|access| (access.project.name.to_string(), access.role)));
            match page.next {
                Some(next) => after = Some(next),
                None => return all,
            }
        }
    };
    let owned = |names: &[&str]| -> Vec<_> { names.iter().map(|name| ((*name).to_owned(), Role::Owner)).collect() };
    for limit in [1, 2, 3, 10] {
        assert_eq!(listed(ann.id, ProjectState::Active, limit).await, owned(&["alpha", "bravo", "delta"]));
        assert_eq!(listed(ann.id, ProjectState::Archived, limit).await, owned(&["charlie"]));
        let bobs = [("bobs".to_owned(), Role::Owner), ("delta".to_owned(), Role::Member)];
        assert_eq!(listed(bob.id, ProjectState::Active, limit).await, bobs);
        let all = owned(&["alpha", "bobs", "bravo", "delta"]);
        assert_eq!(listed(root.id, ProjectState::Active, limit).await, all);
        assert_eq!(listed(UserId::generate(), ProjectState::Active, limit).await, []);
    }
    store.disable_user(ann.id, &deed()).await.expect("disable_user");
    assert_eq!(listed(ann.id, ProjectState::Active, 10).await, []);
}

/// Nobody overwrites what he has not seen.
pub(super) async fn settings_are_set_by_whoever_saw_them(store: Servers) {
    let id = shop(&store).await;
    let settings = |branch: &str| ProjectSettings {
        default_branch: branch.to_owned(),
        branches: vec![BranchPattern("release/*".to_owned()), BranchPattern("m\u{e4}in".to_owned())],
        supersedes_queued: true,
        ..ProjectSettings::default()
    };
    let set = async |version, branch: &str| store.update_settings(id, version, &settings(branch), &[], &deed()).await;
    let second = set(1, "one").await.expect("update_settings");
    assert_eq!((second.version, &second.settings), (2, &settings("one")));
    assert_eq!(store.project(&id.into()).await.expect("project"), second);
    assert_refused!(set(1, "two").await, StoreError::Conflict(_));
    assert_refused!(set(3, "two").await, StoreError::Conflict(_));
    assert_eq!(set(2, "one").await.expect("nothing changes"), second);
    let answers = at_once(4, |n| {
        let (store, settings) = (store.clone(), settings(&format!("branch-{n}")));
        async move { store.update_settings(id, 2, &settings, &[], &deed()).await }
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    assert_eq!(store.project(&id.into()).await.expect("project").version, 3);
    let nowhere = ProjectId::generate();
    assert_refused!(store.update_settings(nowhere, 1, &settings("x"), &[], &deed()).await, StoreError::NotFound(_));
}

/// What is in the archive is there as it was.
pub(super) async fn projects_go_into_the_archive_and_back(store: Servers) {
    let id = shop(&store).await;
    let before = store.project(&id.into()).await.expect("project");
    for at in [at(7), at(8)] {
        store.archive_project(id, &deed_at(at)).await.expect("archive_project");
    }
    let archived = store.project(&id.into()).await.expect("project");
    assert_eq!(archived, ProjectRecord { archived_at: Some(at(7)), ..before.clone() });
    for _ in 0..2 {
        store.restore_project(id, &deed()).await.expect("restore_project");
    }
    assert_eq!(store.project(&id.into()).await.expect("project"), before);
    assert_refused!(store.archive_project(ProjectId::generate(), &deed()).await, StoreError::NotFound(_));
    assert_refused!(store.restore_project(ProjectId::generate(), &deed()).await, StoreError::NotFound(_));
}

/// A secret is read by whoever asks for its value and by nobody else; each project has its own.
pub(super) async fn secrets_are_set_and_never_listed(store: Servers) {
    let ann = user(&store, "ann").await;
    let (shop, api) = (project(&store, "shop", ann.id).await, project(&store, "api", ann.id).await);
    let target = SecretName::TargetKey("production".to_owned());
    let registry = SecretName::RegistryPassword("ghcr.io/shop".to_owned());
    let set = async |name: &SecretName, value: &str, by: &Deed| {
        store.set_secret(shop, name, &Secret::new(value), by).await.expect("set_secret");
    };
    set(&target, "-----BEGIN\nhunter2-\u{fc}\n", &deed()).await;
    set(&registry, "other", &deed()).await;
    set(&SecretName::WebhookSecret, "third", &deed_at(at(2))).await;
    set(&registry, "hunter2", &deed_at(at(9))).await;
    let read = async |project, name: &SecretName| {
        let secret = store.secret(project, name).await.expect("secret");
        let key = ProjectKey::Id(project);
        let (of, at_once) = store.project_and_secret(&key, name).await.expect("project_and_secret");
        assert_eq!((of, at_once.as_ref()), (store.project(&key).await.expect("project"), secret.as_ref()));
        secret.map(|secret| secret.expose().to_owned())
    };
    assert_eq!(read(shop, &target).await.as_deref(), Some("-----BEGIN\nhunter2-\u{fc}\n"));
    assert_eq!(read(shop, &registry).await.as_deref(), Some("hunter2"));
    assert_eq!(read(shop, &SecretName::TargetKeyPassphrase("production".to_owned())).await, None);
    assert_eq!(read(api, &registry).await, None);
    let (of_name, by_name) = (ProjectKey::Name(ProjectName::new("shop")), Some(Secret::new("hunter2")));
    assert_eq!(store.project_and_secret(&of_name, &registry).await.expect("project_and_secret").1, by_name);
    let nowhere = store.project_and_secret(&ProjectKey::Id(ProjectId::generate()), &registry).await;
    assert_refused!(nowhere, StoreError::NotFound(_));
    let listed = store.secrets(shop).await.expect("secrets");
    let expected = [(&registry, at(9)), (&target, at(0)), (&SecretName::WebhookSecret, at(2))];
    assert_eq!(listed.iter().map(|listed| (&listed.name, listed.set_at)).collect::<Vec<_>>(), expected);
    assert_eq!(store.secrets(api).await.expect("secrets"), []);
    let remove = async |project| store.remove_secret(project, &registry, &deed()).await.expect("remove_secret");
    assert!(!remove(api).await && remove(shop).await && !remove(shop).await);
    assert_eq!(read(shop, &registry).await, None);
    let nowhere = store.set_secret(ProjectId::generate(), &target, &Secret::new("x"), &deed()).await;
    assert_refused!(nowhere, StoreError::NotFound(_));
}

/// Texts have bounds, and what is refused leaves nothing behind.
pub(super) async fn what_breaks_a_rule_is_refused(store: Servers) {
    let ann = user(&store, "ann").await;
    let with = |edit: fn(&mut NewProject)| {
        let mut new = new_project("shop", ann.id);
        edit(&mut new);
        new
    };
    for wrong in [
        with(|new| new.name = ProjectName::new("No Name")),
        with(|new| new.name = ProjectName::new("")),
        with(|new| new.settings.repo_url = Some("a\0b".into())),
        with(|new| new.settings.repo_url = Some("https://me:hunter2@git.example/".into())),
        with(|new| new.settings.pipeline_file = "../../etc/passwd".into()),
        with(|new| new.settings.branches = vec![BranchPattern("[".into())]),
    ] {
        assert_refused!(store.create_project(&wrong, &deed()).await, StoreError::Invalid(_));
    }
    let id = project(&store, "shop", ann.id).await;
    let worse = ProjectSettings { default_branch: "a\nb".into(), ..ProjectSettings::default() };
    assert_refused!(store.update_settings(id, 1, &worse, &[], &deed()).await, StoreError::Invalid(_));
    let long = "hunter2".repeat(directory_bounds::MAX_SECRET_BYTES);
    for (name, value) in [
        (SecretName::WebhookSecret, long.as_str()),
        (SecretName::WebhookSecret, ""),
        (SecretName::WebhookSecret, "hunter2\0"),
        (SecretName::TargetKey("a b".to_owned()), "hunter2"),
        (SecretName::RegistryPassword("a\nb".to_owned()), "hunter2"),
    ] {
        let Err(StoreError::Invalid(why)) = store.set_secret(id, &name, &Secret::new(value), &deed()).await else {
            panic!("{name} is refused")
        };
        assert!(!why.contains("hunter2"), "{why}");
    }
    assert_eq!(store.secrets(id).await.expect("secrets"), []);
    let strange = Deed { request: Some("a\u{1b}[2J".to_owned()), ..deed() };
    assert_refused!(store.archive_project(id, &strange).await, StoreError::Invalid(_));
    assert_eq!(store.project(&id.into()).await.expect("project").archived_at, None);
}

async fn set_hook(store: &Servers, id: ProjectId) {
    store.set_secret(id, &SecretName::WebhookSecret, &Secret::new("hook"), &deed()).await.expect("set_secret");
}

/// Those of a repository, page by page of so many.
async fn of(store: &Servers, address: &str, limit: usize) -> Vec<ProjectId> {
    let key = RepositoryKey::of(address).expect("an address");
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.projects_of(&key, after, limit).await.expect("projects_of");
        assert!(page.items.len() <= limit && page.set_aside.is_empty(), "{page:?}");
        all.extend(page.items.into_iter().map(|project| project.id));
        let Some(next) = page.next else { return all };
        after = Some(next);
    }
}

/// By any address of its repository, as it is now.
pub(super) async fn projects_are_found_by_their_repository(store: Servers) {
    let ann = user(&store, "ann").await;
    let (one, two) = (project(&store, "shop", ann.id).await, project(&store, "api", ann.id).await);
    for id in [one, two] {
        set_hook(&store, id).await;
    }
    assert_eq!(of(&store, "git@git.example:shop.git", 9).await, [one, two], "the oldest first");
    assert_eq!(of(&store, "https://git.example/other.git", 9).await, []);
    let set = async |id: ProjectId, version, repo_url: Option<&str>| {
        let settings = ProjectSettings { repo_url: repo_url.map(str::to_owned), ..ProjectSettings::default() };
        store.update_settings(id, version, &settings, &[], &deed()).await.expect("update_settings");
    };
    set(two, 1, Some("ssh://git@git.example/other")).await;
    assert_eq!(of(&store, "https://git.example/shop", 9).await, [one]);
    assert_eq!(of(&store, "https://git.example/other.git", 9).await, [two]);
    set(two, 2, Some("/srv/other")).await;
    set(one, 1, None).await;
    for gone in ["https://git.example/other", "https://git.example/shop"] {
        assert_eq!(of(&store, gone, 9).await, []);
    }
}

/// However many have it, all are found that a delivery may be for, and no others.
pub(super) async fn projects_of_a_repository_are_read_in_pages(store: Servers) {
    let (ann, address) = (user(&store, "ann").await, "https://git.example/shop");
    let mut all = Vec::new();
    for name in ["e", "d", "c", "b", "a"] {
        all.push(project(&store, name, ann.id).await);
    }
    assert_eq!(of(&store, address, 9).await, [], "nobody can have signed for them");
    for id in &all {
        set_hook(&store, *id).await;
    }
    all.sort_unstable();
    for limit in [1, 2, 5, 9] {
        assert_eq!(of(&store, address, limit).await, all);
    }
    store.archive_project(all[0], &deed()).await.expect("archive_project");
    store.remove_secret(all[3], &SecretName::WebhookSecret, &deed()).await.expect("remove_secret");
    assert_eq!(of(&store, address, 2).await, [all[1], all[2], all[4]]);
    store.restore_project(all[0], &deed()).await.expect("restore_project");
    assert_eq!(of(&store, address, 2).await, [all[0], all[1], all[2], all[4]]);
}
