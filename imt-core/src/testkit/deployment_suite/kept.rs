//! What is kept of deployments, of targets and of releases, and told in lists.

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::time::Duration;

use super::fixture::{TestStore, accept, claim, claimant, claimed, copy, ended, new, settings, started, target};
use crate::deploy::machine::{DeploymentKind, DeploymentSpec};
use crate::deploy::release::ReleaseVerdict;
use crate::deploy::settings::{DeploymentSettings, Reach, TargetSettings};
use crate::id::{DeploymentId, InstanceId, PipelineId, ProjectName, ReleaseId};
use crate::ports::{Claimant, KeptRelease, NewDeployment, RememberedTarget, StoreError, Target, bounds};
use crate::secret::SecretBytes;
use crate::status::{DeploymentEnd, DeploymentStatus};
use crate::testkit::store_suite::fixture::{assert_refused, at};

/// Newest first, in pages, with where each stands and who is at it.
pub(super) async fn deployments_are_listed_newest_first(store: TestStore) {
    let shop = ProjectName::new("shop");
    let ids = [accept(&store, "a").await, accept(&store, "b").await, accept(&store, "c").await];
    let held = claim(&store, "one", ids[1]).await;
    let other = claim(&store, "two", ids[2]).await;
    store.commit(&other, 1, &[started(), ended()]).await.expect("commit");
    let number = |n| NonZeroU64::new(n).expect("numbers count from 1");
    let listed = store.deployments(&shop, None, 10).await.expect("deployments").found;
    assert_eq!(listed.iter().map(|d| d.id).collect::<Vec<_>>(), [ids[2], ids[1], ids[0]]);
    assert_eq!((listed[0].status, listed[0].holder.clone()), (DeploymentStatus::Success, None));
    assert_eq!(listed[0].end, Some(DeploymentEnd::success()));
    assert_eq!((listed[1].holder.clone(), listed[1].target.clone()), (Some(held.instance), target("b")));
    let page = store.deployments(&shop, Some(number(3)), 1).await.expect("deployments").found;
    assert_eq!(page.iter().map(|d| d.number.get()).collect::<Vec<_>>(), [2]);
    assert_eq!(store.find(&shop, number(3)).await.expect("find"), ids[2]);
    let blog = store.deployments(&ProjectName::new("blog"), None, 10).await.expect("deployments");
    assert_eq!(blog.found, []);
}

/// Of one pipeline of the project, in their order; in lists it is named as well. That pipeline itself need not be in the store.
pub(super) async fn what_a_pipeline_has_led_to_is_found(store: TestStore) {
    let (pipeline, other) = (PipelineId::generate(), PipelineId::generate());
    let mut ids = Vec::new();
    for (environment, led_by) in [("a", Some(pipeline)), ("b", None), ("c", Some(other)), ("d", Some(pipeline))] {
        let accepted = store.accept(NewDeployment { pipeline: led_by, ..new(environment) }, None).await;
        ids.push(accepted.expect("accept").id);
    }
    let found = store.led_to_by(&shop(), pipeline).await.expect("led_to_by").found;
    assert_eq!(found.iter().map(|d| d.id).collect::<Vec<_>>(), [ids[0], ids[3]]);
    assert!(found.iter().all(|d| (d.pipeline, d.pipeline_number) == (Some(pipeline), None)), "{found:?}");
    assert_eq!(store.led_to_by(&ProjectName::new("blog"), pipeline).await.expect("led_to_by").found, []);
    let listed = store.deployments(&shop(), None, 10).await.expect("deployments").found;
    let named: Vec<_> = listed.iter().map(|d| d.pipeline).collect();
    assert_eq!(named, [Some(pipeline), Some(other), None, Some(pipeline)]);
}

/// What somebody drives is told with who it is, whichever project it is of: not what waits, was left or is over.
pub(super) async fn what_is_driven_is_found_with_its_driver(store: TestStore) {
    let waits = accept(&store, "a").await;
    let mut elsewhere = new("a");
    elsewhere.target.project = ProjectName::new("blog");
    let ids = [store.accept(elsewhere, None).await.expect("accept").id, accept(&store, "b").await];
    let left = accept(&store, "c").await;
    let over = accept(&store, "d").await;
    for id in ids.iter().rev() {
        claim(&store, "one", *id).await;
    }
    let brief = Claimant { lease: Duration::ZERO, ..claimant("two") };
    store.claim(&brief, Some(left)).await.expect("claim").expect("it is free");
    let held = claim(&store, "two", over).await;
    store.commit(&held, 1, &[started(), ended()]).await.expect("commit");
    let driven = async |limit| {
        let found = store.driven(limit).await.expect("driven").found;
        found.into_iter().map(|d| (d.id, d.holder)).collect::<Vec<_>>()
    };
    let one = Some(InstanceId::new("one"));
    assert_eq!(driven(10).await, [(ids[0], one.clone()), (ids[1], one.clone())]);
    assert_eq!(driven(1).await, [(ids[0], one)]);
    claim(&store, "three", waits).await;
    assert_eq!(driven(10).await.first(), Some(&(waits, Some(InstanceId::new("three")))));
}

fn shop() -> ProjectName {
    ProjectName::new("shop")
}

/// Everything that was asked for, secrets included, for any process that drives it on.
pub(super) async fn settings_come_back_as_they_were_given(store: TestStore) {
    let id = accept(&store, "production").await;
    assert_eq!(store.settings(id).await.expect("settings"), settings());
    assert_refused!(store.settings(DeploymentId::generate()).await, StoreError::NotFound(_));
}

fn locally(registry: &str) -> TargetSettings {
    TargetSettings { registry: Some(registry.to_owned()), ..TargetSettings::new(Reach::Local) }
}

/// The newest that was said counts; other environments and projects are others.
pub(super) async fn targets_are_remembered_until_they_are_forgotten(store: TestStore) {
    let blog = ProjectName::new("blog");
    assert_eq!(store.target(&shop(), "production").await.expect("target"), None);
    for (n, (project, environment)) in
        [(shop(), "production"), (shop(), "staging"), (shop(), "production"), (blog.clone(), "production")]
            .into_iter()
            .enumerate()
    {
        let said = locally(&format!("registry-{n}"));
        store.remember_target(&project, environment, &said, at(n as u64)).await.expect("remember_target");
    }
    let told = store.targets(&shop()).await.expect("targets");
    let remembered = |environment: &str, n: u64| RememberedTarget {
        environment: environment.to_owned(),
        settings: locally(&format!("registry-{n}")),
        at: at(n),
    };
    assert_eq!((told.found, told.set_aside), (vec![remembered("production", 2), remembered("staging", 1)], Vec::new()));
    assert_eq!(store.target(&shop(), "production").await.expect("target"), Some(locally("registry-2")));
    assert!(store.forget_target(&shop(), "production").await.expect("forget_target"));
    assert!(!store.forget_target(&shop(), "production").await.expect("it is gone"));
    assert_eq!(store.targets(&shop()).await.expect("targets").found, [remembered("staging", 1)]);
    assert_eq!(store.target(&blog, "production").await.expect("target"), Some(locally("registry-3")));
    for environment in ["", "a\0b", "a/b", "../../etc", ".hidden", &"x".repeat(bounds::MAX_PROJECT_BYTES + 1)] {
        assert_refused!(
            store.remember_target(&shop(), environment, &locally("r"), at(1)).await,
            StoreError::Invalid(_)
        );
    }
    for path in ["/etc/", "../", "a/../../b/compose.yml"] {
        let out = TargetSettings { compose_files: vec![path.to_owned()], ..locally("r") };
        assert_refused!(store.remember_target(&shop(), "staging", &out, at(1)).await, StoreError::Invalid(_));
    }
    assert_eq!(store.targets(&shop()).await.expect("targets").found, [remembered("staging", 1)]);
}

/// What is accepted, a rollback by hand as well, is where the next one goes; what is refused or repeated changes nothing.
pub(super) async fn accepting_remembers_the_target(store: TestStore) {
    let to = |registry: &str| DeploymentSettings { target: locally(registry), ..settings() };
    let first = NewDeployment { settings: to("first"), idempotency_key: Some("push-1".into()), ..new("production") };
    store.accept(first.clone(), None).await.expect("accept");
    let repeat = NewDeployment { settings: to("repeat"), id: DeploymentId::generate(), ..first.clone() };
    assert!(!store.accept(repeat, None).await.expect("accept again").created);
    let taken = NewDeployment { settings: to("refused"), idempotency_key: None, ..first };
    let id = taken.id;
    assert_refused!(store.accept(taken, None).await, StoreError::Conflict(_));
    assert_eq!(store.target(&shop(), "production").await.expect("target"), Some(locally("first")));
    assert_eq!(store.settings(id).await.expect("settings").target, locally("first"));
    let kind = DeploymentKind::Earlier(ReleaseId::made_by(id));
    let rollback = NewDeployment {
        settings: to("rollback"),
        spec: DeploymentSpec { kind, ..DeploymentSpec::new() },
        ..new("production")
    };
    store.accept(rollback, None).await.expect("accept");
    assert_eq!(store.target(&shop(), "production").await.expect("target"), Some(locally("rollback")));
}

/// Byte for byte, and whole in the place of one that is there; another target is another.
pub(super) async fn a_copy_of_a_release_is_kept_whole(store: TestStore) {
    let (held, none) = (claimed(&store).await, BTreeSet::new());
    let first = copy(5);
    let bytes = SecretBytes::new((0..=255).cycle().take(100_000).collect::<Vec<u8>>());
    let first = KeptRelease { bundle: bytes, ..first };
    let id = first.head.id;
    assert_eq!(store.kept_release(&target("production"), id).await.expect("kept_release"), None);
    for _ in 0..2 {
        store.keep_release(&held, &first, &none).await.expect("keep_release");
    }
    assert_eq!(store.kept_release(&target("production"), id).await.expect("kept_release"), Some(first.clone()));
    let mut judged = KeptRelease { record: "{}".to_owned(), bundle: SecretBytes::new(*b"\xff"), ..first };
    (judged.head.verdict, judged.head.judged_at) = (ReleaseVerdict::Failed, at(9));
    store.keep_release(&held, &judged, &none).await.expect("keep_release");
    let listed = store.kept_releases(&target("production")).await.expect("kept_releases");
    assert_eq!((listed.found, listed.set_aside), (vec![judged.head.clone()], Vec::new()));
    assert_eq!(store.kept_release(&target("production"), id).await.expect("kept_release"), Some(judged));
    let elsewhere = [target("staging"), Target { host: "two".to_owned(), ..target("production") }];
    for target in elsewhere {
        assert_eq!(store.kept_release(&target, id).await.expect("kept_release"), None);
        assert_eq!(store.kept_releases(&target).await.expect("kept_releases").found, []);
    }
    let too_large = KeptRelease { bundle: SecretBytes::new(vec![0; bounds::MAX_BUNDLE_BYTES + 1]), ..copy(10) };
    assert_refused!(store.keep_release(&held, &too_large, &none).await, StoreError::Invalid(_));
}

/// The one judged last comes first, whatever came into the store last; of the target's others those that are named stay.
pub(super) async fn copies_go_with_the_next_that_is_kept(store: TestStore) {
    let here = claimed(&store).await;
    let staging = accept(&store, "staging").await;
    let elsewhere = claim(&store, "two", staging).await;
    let (copies, other) = ([copy(30), copy(10), copy(20), copy(40)], copy(1));
    store.keep_release(&elsewhere, &other, &BTreeSet::new()).await.expect("keep_release");
    let mut all = BTreeSet::new();
    for copy in &copies {
        store.keep_release(&here, copy, &all).await.expect("keep_release");
        all.insert(copy.head.id);
    }
    let ids = async |environment: &str| {
        let listed = store.kept_releases(&target(environment)).await.expect("kept_releases").found;
        listed.into_iter().map(|head| head.id).collect::<Vec<_>>()
    };
    let [third, first, second, fourth] = copies.each_ref().map(|copy| copy.head.id);
    assert_eq!(ids("production").await, [fourth, third, second, first]);
    store.keep_release(&here, &copies[1], &BTreeSet::from([fourth])).await.expect("keep_release");
    assert_eq!(ids("production").await, [fourth, first]);
    assert_eq!(store.kept_release(&target("production"), third).await.expect("kept_release"), None);
    assert_eq!(ids("staging").await, [other.head.id]);
}
