//! Cases: accepting pipelines and choosing one to claim.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::task::JoinSet;

use super::fixture::{
    TestStore, assert_lost, assert_refused, at, claim, claim_when_free, claimed, enqueued, new_pipeline, nth,
    pipeline_ended, plan, project, runner,
};
use crate::id::{CommitId, PipelineId, ProjectName};
use crate::ports::{NewPipeline, ProjectVariables, RunnerInfo, StoreError, bounds};
use crate::schedule::{CancelLevel, PipelineState};
use crate::status::Reason;

fn with_key(key: &str) -> NewPipeline {
    NewPipeline { idempotency_key: Some(key.into()), ..new_pipeline() }
}

/// What was accepted comes back as it was, in its first state.
pub(super) async fn load_gives_what_was_accepted(store: TestStore) {
    let new = NewPipeline { at: at(123_456), ..new_pipeline() };
    let accepted = store.enqueue(new.clone(), None).await.expect("enqueue");
    assert_eq!((accepted.id, accepted.created), (new.id, true));
    let record = store.load(new.id).await.expect("load");
    assert_eq!(record.plan, new.plan);
    assert_eq!(record.submitted_at, new.at);
    assert_eq!(record.number, accepted.number);
    assert_eq!(record.state, PipelineState::new(new.id, &new.plan));
}

/// Numbers count from 1 in each project.
pub(super) async fn numbers_count_per_project(store: TestStore) {
    for (name, number) in [("a", 1), ("a", 2), ("b", 1), ("a", 3), ("b", 2)] {
        let new = NewPipeline { plan: plan(ProjectName::new(name), 1), ..new_pipeline() };
        let accepted = store.enqueue(new, None).await.expect("enqueue");
        assert_eq!(accepted.number.get(), number, "project {name}");
    }
}

/// Concurrent enqueues get numbers without gap or double.
pub(super) async fn concurrent_enqueues_get_their_own_numbers(store: TestStore) {
    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        let store = TestStore::clone(&store);
        tasks.spawn(async move { store.enqueue(new_pipeline(), None).await.expect("enqueue").number.get() });
    }
    let mut numbers = tasks.join_all().await;
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=16).collect::<Vec<_>>());
}

/// The same key in the same project answers the pipeline accepted first; elsewhere it is another key.
pub(super) async fn a_key_stands_for_the_first_pipeline(store: TestStore) {
    let first = with_key("push-1");
    let accepted = store.enqueue(first.clone(), None).await.expect("enqueue");
    for again in [first.clone(), with_key("push-1"), with_key("push-1")] {
        let answer = store.enqueue(again.clone(), None).await.expect("enqueue");
        assert_eq!((answer.id, answer.number, answer.created), (first.id, accepted.number, false));
        if again.id != first.id {
            assert_refused!(store.load(again.id).await, StoreError::NotFound(_));
        }
    }
    let elsewhere = NewPipeline { plan: plan(ProjectName::new("other"), 1), ..with_key("push-1") };
    assert!(store.enqueue(elsewhere, None).await.expect("enqueue").created, "another project has its own keys");
    let next = store.enqueue(with_key("push-2"), None).await.expect("enqueue");
    assert_eq!((next.number.get(), next.created), (2, true), "a repeated enqueue uses up no number");
}

/// Of many concurrent enqueues with one key exactly one makes a pipeline, and all are answered its id.
pub(super) async fn concurrent_enqueues_with_one_key_make_one_pipeline(store: TestStore) {
    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        let store = TestStore::clone(&store);
        tasks.spawn(async move { store.enqueue(with_key("delivery"), None).await.expect("enqueue") });
    }
    let answers = tasks.join_all().await;
    let made: Vec<_> = answers.iter().filter(|a| a.created).collect();
    assert_eq!(made.len(), 1, "exactly one was accepted");
    assert!(answers.iter().all(|a| a.id == made[0].id && a.number == made[0].number), "all got its id");
}

/// Who wants it has the claim with the answer, a full one, whatever its labels.
pub(super) async fn what_is_made_for_a_claimant_is_claimed(store: TestStore) {
    let me = runner("one");
    let mut new = new_pipeline();
    new.plan.runs_on = vec!["gpu".into()];
    let made = store.enqueue(new.clone(), Some(&me)).await.expect("enqueue");
    let held = made.claim.expect("it was made for the claimant");
    assert_eq!((held.pipeline, &held.instance, held.token, held.lease), (new.id, &me.instance, 1, me.lease));
    store.renew(&held).await.expect("renew");
    store.commit(&held, nth(), &[pipeline_ended()]).await.expect("commit");
    store.release(&held).await.expect("release");
    assert_eq!(store.enqueue(new_pipeline(), None).await.expect("enqueue").claim, None, "nobody wanted it");
    let brief = RunnerInfo { lease: Duration::from_millis(100), ..runner("brief") };
    let made = store.enqueue(new_pipeline(), Some(&brief)).await.expect("enqueue");
    let next = claim_when_free(&store, &runner("two"), Some(made.id)).await;
    assert_lost(store.renew(&made.claim.expect("it was made for it")).await, next.pipeline, "renew");
}

/// Between being accepted and being claimed nobody else can have it, however many are asking.
pub(super) async fn what_is_made_for_a_claimant_is_nobody_elses(store: TestStore) {
    let mut others = JoinSet::new();
    for n in 0..4 {
        let store = TestStore::clone(&store);
        others.spawn(async move {
            loop {
                let got = store.claim(&runner(&format!("r{n}")), None).await.expect("claim");
                assert_eq!(got, None, "it is somebody else's from the beginning on");
                tokio::task::yield_now().await;
            }
        });
    }
    for _ in 0..24 {
        let made = store.enqueue(new_pipeline(), Some(&runner("me"))).await.expect("enqueue");
        assert!(made.claim.is_some(), "it was made for the claimant");
        tokio::task::yield_now().await;
    }
    others.abort_all();
    while let Some(ended) = others.join_next().await {
        assert!(ended.is_err_and(|error| error.is_cancelled()), "another runner got one");
    }
}

/// A repeat takes over what the instance holds, and nothing else: not what waits, is another's, or is over.
pub(super) async fn a_repeat_claims_only_what_the_instance_holds(store: TestStore) {
    let (me, other) = (runner("one"), runner("two"));
    let again = async |claimant| {
        let answer = store.enqueue(with_key("run"), Some(claimant)).await.expect("enqueue");
        assert!(!answer.created, "the key is known");
        answer.claim
    };
    let waiting = store.enqueue(with_key("run"), None).await.expect("enqueue").id;
    assert_eq!(again(&me).await, None, "it waits for whoever comes first");
    let first = claim(&store, &me, waiting).await;
    assert_eq!(again(&other).await, None, "it is another's");
    store.renew(&first).await.expect("a repeat by others takes nothing away");
    let second = again(&me).await.expect("the instance holds it");
    assert_eq!((second.pipeline, second.token), (waiting, first.token + 1));
    assert_lost(store.renew(&first).await, waiting, "renew");
    store.commit(&second, nth(), &[pipeline_ended()]).await.expect("commit");
    assert_eq!(again(&me).await, None, "it is over");
    let next = store.enqueue(with_key("next"), Some(&me)).await.expect("enqueue");
    assert_eq!((next.number.get(), next.created), (2, true), "repeats use up no number");
}

/// An id that exists under another key, or without one, is refused and stays what it was.
pub(super) async fn an_id_is_accepted_once(store: TestStore) {
    let first = with_key("a");
    store.enqueue(first.clone(), None).await.expect("enqueue");
    let other = NewPipeline { id: first.id, plan: plan(project(), 1), ..with_key("b") };
    assert_refused!(store.enqueue(other.clone(), None).await, StoreError::Conflict(_));
    let without = NewPipeline { idempotency_key: None, ..other };
    assert_refused!(store.enqueue(without, None).await, StoreError::Conflict(_));
    assert_eq!(store.load(first.id).await.expect("load").plan, first.plan);
    let fresh = store.enqueue(with_key("b"), None).await.expect("enqueue");
    assert!(fresh.created, "the refused key was not used up");
}

/// What does not exist is not found.
pub(super) async fn unknown_pipelines_are_not_found(store: TestStore) {
    enqueued(&store).await;
    let unknown = PipelineId::generate();
    assert_refused!(store.load(unknown).await, StoreError::NotFound(_));
    assert_refused!(store.claim(&runner("one"), Some(unknown)).await, StoreError::NotFound(_));
    let cancel = store.request_cancel(unknown, CancelLevel::Kill, Reason::User, at(1)).await;
    assert_refused!(cancel, StoreError::NotFound(_));
}

/// The longest waiting is claimed first, each once, then there is nothing to be had.
pub(super) async fn the_longest_waiting_comes_first(store: TestStore) {
    let mut waiting = Vec::new();
    for n in 0..5 {
        // Alternating projects, so that no store gets away with an order per project.
        let name = ProjectName::new(if n % 2 == 0 { "a" } else { "b" });
        let new = NewPipeline { plan: plan(name, 1), at: at(n), ..new_pipeline() };
        waiting.push(store.enqueue(new, None).await.expect("enqueue").id);
    }
    for (n, expected) in waiting.iter().enumerate() {
        let got = store.claim(&runner(&format!("r{n}")), None).await.expect("claim");
        assert_eq!(got.map(|c| c.pipeline), Some(*expected), "claim {n}");
    }
    assert_eq!(store.claim(&runner("late"), None).await.expect("claim"), None);
}

/// The project with the fewest pipelines held comes first, whatever waits elsewhere; what is left behind comes before all.
pub(super) async fn projects_take_turns(store: TestStore) {
    let mut ids = BTreeMap::new();
    for name in ["a1", "a2", "a3", "b1", "b2", "gpu1", "c1"] {
        let project = ProjectName::new(name.trim_end_matches(char::is_numeric));
        let mut new = NewPipeline { plan: plan(project, 1), ..new_pipeline() };
        if name == "gpu1" || name == "b2" {
            new.plan.runs_on = vec!["gpu".into()];
        }
        ids.insert(new.id, name);
        store.enqueue(new, None).await.expect("enqueue");
    }
    let mut held = BTreeMap::new();
    let mut next = async |instance: &str, labels: &[&str]| {
        let mut runner = runner(instance);
        runner.labels = labels.iter().map(|&label| label.to_owned()).collect();
        runner.driving = held.keys().copied().collect();
        let claim = store.claim(&runner, None).await.expect("claim")?;
        let name = ids[&claim.pipeline];
        held.insert(claim.pipeline, claim);
        Some(name)
    };
    for expected in ["a1", "b1", "c1", "a2", "a3"] {
        assert_eq!(next("one", &["linux"]).await, Some(expected));
    }
    assert_eq!(next("one", &["linux"]).await, None, "what is left wants a gpu");
    assert_eq!(next("two", &["gpu"]).await, Some("gpu1"), "nothing of its project is held");
    assert_eq!(next("two", &["gpu"]).await, Some("b2"));

    let late = NewPipeline { plan: plan(ProjectName::new("d"), 1), ..new_pipeline() };
    store.enqueue(late, None).await.expect("enqueue");
    let successor = store.claim(&runner("one"), None).await.expect("claim").expect("its predecessor's");
    assert_eq!(ids.get(&successor.pipeline), Some(&"a1"), "what is left behind comes first");
}

/// A runner is given only what it has all labels for.
pub(super) async fn labels_choose_the_runner(store: TestStore) {
    let mut picky = new_pipeline();
    picky.plan.runs_on = vec!["gpu".into(), "linux".into()];
    let picky = store.enqueue(picky, None).await.expect("enqueue").id;
    let mut able = runner("able");
    for labels in [&[][..], &["gpu"], &["linux", "arm"], &["gpu-linux"]] {
        able.labels = labels.iter().map(|&l| l.to_owned()).collect();
        assert_eq!(store.claim(&able, None).await.expect("claim"), None, "with {labels:?}");
    }
    let easy = enqueued(&store).await;
    let got = store.claim(&able, None).await.expect("claim").expect("the one without labels");
    assert_eq!(got.pipeline, easy, "what it cannot run does not block what it can");
    able.labels = vec!["linux".into(), "arm".into(), "gpu".into()];
    able.driving = vec![easy];
    let got = store.claim(&able, None).await.expect("claim").expect("the one with labels");
    assert_eq!(got.pipeline, picky);
}

/// A process is not handed its own work again; its successor, which drives nothing yet, is.
pub(super) async fn driving_is_left_out(store: TestStore) {
    let mut busy = runner("one");
    let (first, second) = (enqueued(&store).await, enqueued(&store).await);
    for expected in [first, second] {
        let got = store.claim(&busy, None).await.expect("claim").expect("one is waiting");
        assert_eq!(got.pipeline, expected);
        busy.driving.push(expected);
    }
    assert_eq!(store.claim(&busy, None).await.expect("claim"), None);
    let mut successor = runner("one");
    for _ in 0..2 {
        let got = store.claim(&successor, None).await.expect("claim").expect("its predecessor's");
        assert!(!successor.driving.contains(&got.pipeline) && got.token == 2, "{got:?}");
        successor.driving.push(got.pipeline);
    }
    assert_eq!(store.claim(&successor, None).await.expect("claim"), None);
    let (aside, next) = (enqueued(&store).await, enqueued(&store).await);
    successor.driving.push(aside);
    let got = store.claim(&successor, None).await.expect("claim").expect("one is waiting");
    assert_eq!(got.pipeline, next, "what waits and is left out keeps nobody waiting");
}

/// A given pipeline is claimed whatever the runner's labels, and also when it drives it.
pub(super) async fn a_given_pipeline_needs_no_labels(store: TestStore) {
    let mut new = new_pipeline();
    new.plan.runs_on = vec!["gpu".into()];
    let id = store.enqueue(new, None).await.expect("enqueue").id;
    let first = claim(&store, &runner("one"), id).await;
    let mut driving = runner("one");
    driving.driving = vec![id];
    assert!(claim(&store, &driving, id).await.token > first.token);
}

/// What is over cannot be claimed.
pub(super) async fn what_is_over_is_not_claimed(store: TestStore) {
    let held = claimed(&store).await;
    store.commit(&held, nth(), &[pipeline_ended()]).await.expect("commit");
    for which in [Some(held.pipeline), None] {
        assert_eq!(store.claim(&runner("one"), which).await.expect("claim"), None, "by the same instance");
    }
    store.release(&held).await.expect("release");
    for which in [Some(held.pipeline), None] {
        assert_eq!(store.claim(&runner("two"), which).await.expect("claim"), None, "after release");
    }
}

/// Of many who claim one pipeline at once, exactly one gets it.
pub(super) async fn many_claimers_one_winner(store: TestStore) {
    for round in 0..8 {
        let pipeline = enqueued(&store).await;
        let mut tasks = JoinSet::new();
        for n in 0..12 {
            let store = TestStore::clone(&store);
            let which = (n % 2 == 0).then_some(pipeline);
            tasks.spawn(async move { store.claim(&runner(&format!("r{round}-{n}")), which).await.expect("claim") });
        }
        let winners = tasks.join_all().await.into_iter().flatten().count();
        assert_eq!(winners, 1, "round {round}");
    }
}

/// Many runners share many pipelines: each is claimed once and none is left.
pub(super) async fn many_claimers_share_many_pipelines(store: TestStore) {
    let mut waiting = Vec::new();
    for _ in 0..24 {
        waiting.push(enqueued(&store).await);
    }
    let mut tasks = JoinSet::new();
    for n in 0..6 {
        let store = TestStore::clone(&store);
        tasks.spawn(async move {
            let mut me = runner(&format!("r{n}"));
            while let Some(claim) = store.claim(&me, None).await.expect("claim") {
                me.driving.push(claim.pipeline);
                tokio::task::yield_now().await;
            }
            me.driving
        });
    }
    let mut claimed = tasks.join_all().await.concat();
    claimed.sort_unstable();
    waiting.sort_unstable();
    assert_eq!(claimed, waiting);
}

/// What fits no column, no name and no environment is refused, whatever is stored, and leaves nothing behind.
pub(super) async fn what_breaks_a_rule_is_refused(store: TestStore) {
    let with = |bend: fn(&mut NewPipeline)| {
        let mut new = new_pipeline();
        bend(&mut new);
        new
    };
    let keys = [String::new(), "a\0b".into(), "a\nb".into(), "k".repeat(bounds::MAX_KEY_BYTES + 1)];
    let mut bad: Vec<_> =
        keys.into_iter().map(|key| NewPipeline { idempotency_key: Some(key), ..new_pipeline() }).collect();
    for name in ["", "a\0b", "Shop", "a/b", "a b", &"x".repeat(bounds::MAX_PROJECT_BYTES + 1)] {
        bad.push(NewPipeline { plan: plan(ProjectName::new(name), 1), ..new_pipeline() });
    }
    bad.push(with(|new| new.plan.trigger.branch = Some("a\0b".into())));
    bad.push(with(|new| new.plan.trigger.note.subject = Some("a\0b".into())));
    bad.push(with(|new| new.plan.trigger.note.author = Some("x".repeat(1025))));
    bad.push(with(|new| new.plan.trigger.commit = CommitId::new("a\0b")));
    bad.push(with(|new| new.plan.trigger.variables = vec![("A".into(), "x".repeat(bounds::MAX_VARIABLE_BYTES + 1))]));
    bad.push(with(|new| new.plan.trigger.variables = vec![("A".repeat(bounds::MAX_KEY_BYTES + 1), "x".into())]));
    bad.push(with(|new| new.plan.trigger.variables = vec![("A".into(), "a\0b".into())]));
    bad.push(with(|new| new.plan.runs_on = vec!["a\nb".into()]));
    bad.push(with(|new| new.plan.runs_on = vec![String::new()]));
    bad.push(with(|new| new.plan.runs_on = vec!["x".into(); bounds::MAX_LABELS + 1]));
    for new in bad {
        let id = new.id;
        assert_refused!(store.enqueue(new, None).await, StoreError::Invalid(_));
        assert_refused!(store.load(id).await, StoreError::NotFound(_));
    }
    let longest = NewPipeline { idempotency_key: Some("k".repeat(bounds::MAX_KEY_BYTES)), ..new_pipeline() };
    let made = store.enqueue(longest, None).await.expect("enqueue");
    assert_eq!(made.number.get(), 1, "what is refused uses up no number");
    let nul = RunnerInfo { labels: vec!["a\0b".into()], ..runner("one") };
    for bad in [runner(""), runner("a\0b"), runner(&"x".repeat(bounds::MAX_NAME_BYTES + 1)), nul] {
        assert_refused!(store.claim(&bad, None).await, StoreError::Invalid(_));
        assert_refused!(store.claim(&bad, Some(made.id)).await, StoreError::Invalid(_));
        assert_refused!(store.enqueue(new_pipeline(), Some(&bad)).await, StoreError::Invalid(_));
    }
    assert!(store.claim(&runner("one"), None).await.expect("claim").is_some_and(|claim| claim.pipeline == made.id));
    assert_eq!(store.claim(&runner("two"), None).await.expect("claim"), None);
}

/// An unknown project has no variables.
pub(super) async fn an_unknown_project_has_no_variables(store: TestStore) {
    assert_eq!(store.variables(&ProjectName::new("nobody")).await.expect("variables"), ProjectVariables::default());
}

/// What an instance holds is listed, oldest first: not what it gave back, what is over or what others hold; but also past
/// its lease.
pub(super) async fn what_an_instance_holds_is_listed(store: TestStore) {
    let mine = runner("mine");
    let held = async || store.held(&mine.instance).await.expect("held");
    assert_eq!(held().await, []);
    let mut claims = Vec::new();
    for _ in 0..3 {
        let id = store.enqueue(new_pipeline(), None).await.expect("enqueue").id;
        claims.push(claim(&store, &mine, id).await);
    }
    let others = store.enqueue(new_pipeline(), Some(&runner("other"))).await.expect("enqueue").id;
    let waits = store.enqueue(new_pipeline(), None).await.expect("enqueue").id;
    let ids: Vec<_> = claims.iter().map(|claim| claim.pipeline).collect();
    assert_eq!(held().await, ids);
    assert!(!ids.contains(&others) && !ids.contains(&waits));
    store.release(&claims[0]).await.expect("release");
    store.commit(&claims[1], nth(), &[pipeline_ended()]).await.expect("commit");
    assert_eq!(held().await, ids[2..]);
    let brief = RunnerInfo { lease: Duration::from_millis(1), ..mine.clone() };
    claim(&store, &brief, ids[2]).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(held().await, ids[2..], "nobody has taken it meanwhile");
}
