//! The conformance suite of [`Catalog`], for stores that have it: every promise of the port as a named case.
//!
//! ```text
//! imt_core::catalog_suite!(async || std::sync::Arc::new(my_new_empty_store()));
//! ```
//!
//! As with [`store_suite`](super::store_suite), the maker gives a new, empty store each time, which can hold secrets.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;
use std::time::Duration;

use super::store_suite::fixture::{
    append, assert_refused, at, attempt, claim, job_changes, new_pipeline, nth, out, pipeline_ended, plan, runner,
};
use crate::id::{InstanceId, PipelineId, ProjectName};
use crate::pipeline::TriggerEvent;
use crate::ports::{
    Catalog, Ended, LogCursor, NewPipeline, PipelineFilter, ProjectVariables, Retention, RunnerBeat, RunnerInfo,
    Sifted, Standing, Store, StoreError, Variable, Waiting,
};
use crate::schedule::{Change, ChangeKind};
use crate::secret::Secret;
use crate::status::{End, Reason, Status};
use crate::time::Timestamp;

/// A store that has both ports.
pub trait CatalogStore: Store + Catalog {}

impl<S: Store + Catalog> CatalogStore for S {}

type TestStore = Arc<dyn CatalogStore>;

/// Makes one test per case of the conformance suite of [`Catalog`](crate::ports::Catalog), each named like its case.
#[macro_export]
macro_rules! catalog_suite {
    ($make:expr) => {
        $crate::catalog_suite! { [$make]
            projects_are_listed_by_name
            pipelines_are_listed_newest_first
            pipelines_of_one_kind_are_listed
            a_number_finds_its_pipeline
            a_summary_tells_where_a_pipeline_stands
            what_waits_says_why
            variables_are_set_replaced_and_unset
            a_replaced_secret_is_told_while_it_may_be_printed
            what_no_environment_takes_is_no_variable
            runners_say_that_they_live
            what_there_is_to_do_is_counted
            what_nothing_keeps_is_pruned
            what_is_not_over_is_never_pruned
            pruning_leaves_nothing_and_uses_no_number_again
        }
    };
    ([$make:expr] $($name:ident)*) => {
        $(
            #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                let make = $make;
                $crate::testkit::catalog_suite::$name(make().await).await;
            }
        )*
    };
}

fn shop() -> ProjectName {
    ProjectName::new("shop")
}

async fn enqueue(store: &TestStore, project: &str, labels: &[&str]) -> PipelineId {
    let mut new = NewPipeline { plan: plan(ProjectName::new(project), 1), ..new_pipeline() };
    new.plan.runs_on = labels.iter().map(|&label| label.to_owned()).collect();
    store.enqueue(new, None).await.expect("enqueue").id
}

/// A pipeline of the project `shop` that ended like this, at this time.
async fn ended(store: &TestStore, end: End, when: Timestamp) -> PipelineId {
    let id = enqueue(store, "shop", &[]).await;
    let held = store.claim(&runner("one"), Some(id)).await.expect("claim").expect("it is free");
    append(&as_store(store), &held, attempt(id, 0), out(0, "said\n")).await;
    let mut changes = vec![Change { at: at(0), kind: ChangeKind::PipelineStarted }];
    changes.extend(job_changes(id, 0));
    changes.push(Change { at: when, kind: ChangeKind::PipelineEnded { end } });
    store.commit(&held, nth(), &changes).await.expect("commit");
    store.release(&held).await.expect("release");
    id
}

fn as_store(store: &TestStore) -> Arc<dyn Store> {
    Arc::clone(store) as Arc<dyn Store>
}

fn number(n: u64) -> NonZeroU64 {
    NonZeroU64::new(n).expect("numbers count from 1")
}

async fn numbers(store: &TestStore, before: Option<u64>, limit: usize) -> Vec<u64> {
    let listed =
        store.pipelines(&shop(), &PipelineFilter::default(), before.map(number), limit).await.expect("pipelines").found;
    listed.iter().map(|pipeline| pipeline.number.get()).collect()
}

/// Projects are those that have a pipeline or a variable, by name.
pub async fn projects_are_listed_by_name(store: TestStore) {
    assert_eq!(store.projects().await.expect("projects"), []);
    enqueue(&store, "shop", &[]).await;
    enqueue(&store, "api", &[]).await;
    enqueue(&store, "shop", &[]).await;
    let variable = Variable { name: "A".into(), value: Secret::new("1"), is_secret: false };
    store.set_variable(&ProjectName::new("docs"), variable).await.expect("set_variable");
    let expected = ["api", "docs", "shop"].map(ProjectName::new);
    assert_eq!(store.projects().await.expect("projects"), expected);
}

/// Pipelines of one project come newest first, page by page.
pub async fn pipelines_are_listed_newest_first(store: TestStore) {
    for _ in 0..5 {
        enqueue(&store, "shop", &[]).await;
        enqueue(&store, "api", &[]).await;
    }
    assert_eq!(numbers(&store, None, 10).await, [5, 4, 3, 2, 1]);
    assert_eq!(numbers(&store, None, 2).await, [5, 4]);
    assert_eq!(numbers(&store, Some(4), 2).await, [3, 2]);
    assert_eq!(numbers(&store, Some(1), 2).await, NONE);
    assert_eq!(
        store.pipelines(&ProjectName::new("nobody"), &PipelineFilter::default(), None, 9).await.expect("pipelines"),
        Sifted::default()
    );
}

/// Those that are wanted come alone: by branch, by where they stand, by what they were made for, and by all of it at once.
pub async fn pipelines_of_one_kind_are_listed(store: TestStore) {
    use TriggerEvent::{Manual, Push};
    for (branch, event, is_over) in [
        (Some("main"), Push, true),
        (Some("next"), Push, true),
        (Some("main"), Manual, false),
        (None, Manual, true),
        (Some("main"), Push, false),
    ] {
        let mut new = new_pipeline();
        (new.plan.trigger.branch, new.plan.trigger.event) = (branch.map(str::to_owned), event);
        let id = store.enqueue(new, None).await.expect("enqueue").id;
        if is_over {
            let held = store.claim(&runner("one"), Some(id)).await.expect("claim").expect("it is free");
            store.commit(&held, nth(), &[pipeline_ended()]).await.expect("commit");
            store.release(&held).await.expect("release");
        }
    }
    let numbers = async |branch: Option<&str>, status, event, before: Option<u64>, limit| {
        let wanted = PipelineFilter { branch: branch.map(str::to_owned), status, event };
        let listed = store.pipelines(&shop(), &wanted, before.map(number), limit).await.expect("pipelines").found;
        listed.iter().map(|pipeline| pipeline.number.get()).collect::<Vec<_>>()
    };
    let (main, success, pending) = (Some("main"), Some(Status::Success), Some(Status::Pending));
    assert_eq!(numbers(main, None, None, None, 9).await, [5, 3, 1]);
    assert_eq!(numbers(main, None, None, Some(5), 1).await, [3]);
    assert_eq!(numbers(None, success, None, None, 9).await, [4, 2, 1]);
    assert_eq!(numbers(None, pending, None, None, 9).await, [5, 3]);
    assert_eq!(numbers(None, None, Some(Manual), None, 9).await, [4, 3]);
    assert_eq!(numbers(main, pending, Some(Push), None, 9).await, [5]);
    assert_eq!(numbers(main, Some(Status::Failed), None, None, 9).await, NONE);
    assert_eq!(numbers(Some("main' OR 1=1 --"), None, None, None, 9).await, NONE);
}

/// A number finds its pipeline, in its project only.
pub async fn a_number_finds_its_pipeline(store: TestStore) {
    enqueue(&store, "api", &[]).await;
    enqueue(&store, "shop", &[]).await;
    let second = enqueue(&store, "shop", &[]).await;
    assert_eq!(store.find(&shop(), number(2)).await.expect("find"), second);
    assert_refused!(store.find(&shop(), number(3)).await, StoreError::NotFound(_));
    assert_refused!(store.find(&ProjectName::new("api"), number(2)).await, StoreError::NotFound(_));
}

/// A summary tells what the pipeline is for, who holds it, and how it ended.
pub async fn a_summary_tells_where_a_pipeline_stands(store: TestStore) {
    let new = new_pipeline();
    let id = store.enqueue(new.clone(), None).await.expect("enqueue").id;
    let summary = async || {
        store.pipelines(&shop(), &PipelineFilter::default(), None, 1).await.expect("pipelines").found.remove(0)
    };
    let waiting = summary().await;
    assert_eq!((waiting.id, waiting.number, waiting.status), (id, number(1), Status::Pending));
    let trigger = &new.plan.trigger;
    assert_eq!((waiting.event, &waiting.commit, &waiting.branch), (trigger.event, &trigger.commit, &trigger.branch));
    assert_eq!(waiting.note, trigger.note);
    assert_eq!((waiting.submitted_at, waiting.started_at, waiting.ended_at), (new.at, None, None));
    assert_eq!((waiting.end, waiting.holder), (None, None));

    let held = claim(&as_store(&store), &runner("one"), id).await;
    store.commit(&held, nth(), &[Change { at: at(5), kind: ChangeKind::PipelineStarted }]).await.expect("commit");
    let running = summary().await;
    assert_eq!((running.status, running.started_at), (Status::Running, Some(at(5))));
    assert_eq!(running.holder, Some(InstanceId::new("one")));

    store.release(&held).await.expect("release");
    let handed_back = summary().await;
    assert_eq!((handed_back.status, handed_back.holder), (Status::Running, None));
    assert_eq!(store.waiting(id, Duration::from_mins(1)).await.expect("waiting"), Some(Waiting::NoRunner));
    let brief = RunnerInfo { lease: Duration::ZERO, ..runner("one") };
    claim(&as_store(&store), &brief, id).await;
    assert_eq!(summary().await.holder, None, "its lease has run out");
    let held = claim(&as_store(&store), &runner("one"), id).await;
    store.commit(&held, nth(), &[pipeline_ended()]).await.expect("commit");
    store.release(&held).await.expect("release");
    let over = summary().await;
    assert_eq!((over.status, over.ended_at, over.end), (Status::Success, Some(at(99)), Some(End::success())));
    assert_eq!(over.holder, None);
}

fn beat(instance: &str, labels: &[&str]) -> RunnerBeat {
    RunnerBeat {
        instance: InstanceId::new(instance),
        host: "host".into(),
        version: "1.2.3".into(),
        labels: labels.iter().map(|&label| label.to_owned()).collect(),
        capacity: NonZeroU32::new(4).expect("not 0"),
        driving: 1,
        draining: false,
    }
}

/// What waits says why: no runner, none with its labels, or its turn.
pub async fn what_waits_says_why(store: TestStore) {
    let alive = Duration::from_mins(1);
    let waiting = async |id| store.waiting(id, alive).await.expect("waiting");
    let (first, second) = (enqueue(&store, "shop", &[]).await, enqueue(&store, "shop", &[]).await);
    let picky = enqueue(&store, "shop", &["gpu", "arm"]).await;
    assert_eq!(waiting(first).await, Some(Waiting::NoRunner));
    store.beat(&beat("one", &["arm"])).await.expect("beat");
    assert_eq!(waiting(first).await, Some(Waiting::Turn { ahead: 0 }));
    assert_eq!(waiting(second).await, Some(Waiting::Turn { ahead: 1 }));
    let labels = vec!["arm".to_owned(), "gpu".to_owned()];
    assert_eq!(waiting(picky).await, Some(Waiting::NoSuchRunner { labels }));
    store.beat(&beat("two", &["linux", "gpu", "arm"])).await.expect("beat");
    assert_eq!(waiting(picky).await, Some(Waiting::Turn { ahead: 0 }));
    claim(&as_store(&store), &runner("one"), first).await;
    assert_eq!(waiting(first).await, None);
    assert_eq!(waiting(second).await, Some(Waiting::Turn { ahead: 0 }));
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(store.waiting(second, Duration::from_millis(1)).await.expect("waiting"), Some(Waiting::NoRunner));
    assert_refused!(store.waiting(PipelineId::generate(), alive).await, StoreError::NotFound(_));
}

/// Variables are set, replaced, also from plain to secret, and removed; each project has its own.
pub async fn variables_are_set_replaced_and_unset(store: TestStore) {
    let variable =
        |name: &str, value: &str, is_secret| Variable { name: name.into(), value: Secret::new(value), is_secret };
    let set = async |variable: Variable| store.set_variable(&shop(), variable).await.expect("set_variable");
    set(variable("TOKEN", "hunter2-\u{fc}\n'\"", true)).await;
    set(variable("MODE", "fast", false)).await;
    set(variable("EMPTY", "", true)).await;
    let expected =
        [variable("EMPTY", "", true), variable("MODE", "fast", false), variable("TOKEN", "hunter2-\u{fc}\n'\"", true)];
    assert_eq!(store.variables(&shop()).await.expect("variables").current, expected);
    assert_eq!(store.variables(&ProjectName::new("api")).await.expect("variables"), ProjectVariables::default());
    set(variable("MODE", "slow", true)).await;
    assert!(store.unset_variable(&shop(), "TOKEN").await.expect("unset_variable"));
    assert!(!store.unset_variable(&shop(), "TOKEN").await.expect("unset_variable"), "it is gone already");
    let expected = [variable("EMPTY", "", true), variable("MODE", "slow", true)];
    assert_eq!(store.variables(&shop()).await.expect("variables").current, expected);
}

/// A secret that is replaced or removed is told until every pipeline that was accepted before is over; what was never secret
/// is not, and neither is a value that stays.
pub async fn a_replaced_secret_is_told_while_it_may_be_printed(store: TestStore) {
    let set = async |value: &str, is_secret| {
        let variable = Variable { name: "TOKEN".into(), value: Secret::new(value), is_secret };
        store.set_variable(&shop(), variable).await.expect("set_variable");
    };
    let replaced = async || {
        let told = store.variables(&shop()).await.expect("variables").replaced;
        let mut told: Vec<_> = told.iter().map(|secret| secret.expose().to_owned()).collect();
        told.sort_unstable();
        told
    };
    let end = async |id| {
        let held = claim(&as_store(&store), &runner("one"), id).await;
        store.commit(&held, nth(), &[pipeline_ended()]).await.expect("commit");
        store.release(&held).await.expect("release");
    };
    set("nobody has it", true).await;
    set("one has it", true).await;
    assert_eq!(replaced().await, NO_VALUES, "there is no pipeline");
    let one = enqueue(&store, "shop", &[]).await;
    enqueue(&store, "api", &[]).await;
    set("one has it", true).await;
    assert_eq!(replaced().await, NO_VALUES, "it is what it was");
    set("both have it", true).await;
    let two = enqueue(&store, "shop", &["gpu"]).await;
    let held = claim(&as_store(&store), &runner("one"), two).await;
    assert!(store.unset_variable(&shop(), "TOKEN").await.expect("unset_variable"));
    assert_eq!(replaced().await, ["both have it", "one has it"]);
    set("seen by all", false).await;
    set("two has it, too", true).await;
    set("two has it, too", false).await;
    assert_eq!(replaced().await, ["both have it", "one has it", "two has it, too"]);
    assert_eq!(store.variables(&shop()).await.expect("variables").current.len(), 1, "none of them is set");
    end(one).await;
    assert_eq!(replaced().await, ["both have it", "two has it, too"]);
    set("whatever", false).await;
    assert_eq!(replaced().await, ["both have it", "two has it, too"], "two holds both");
    store.commit(&held, nth(), &[pipeline_ended()]).await.expect("commit");
    assert_eq!(replaced().await, NO_VALUES);
    enqueue(&store, "shop", &[]).await;
    assert_eq!(replaced().await, NO_VALUES, "it never had one of them");
}

const NO_VALUES: [&str; 0] = [];

/// Names that are none or are reserved, NUL bytes and too much are refused, in words that name the variable and keep its
/// value to themselves.
pub async fn what_no_environment_takes_is_no_variable(store: TestStore) {
    let long = "hunter2".repeat(20_000);
    let bad = [
        ("1A", "x"),
        ("A B", "x"),
        ("", "x"),
        ("A\0", "x"),
        ("CI", "x"),
        ("IMT_X", "x"),
        ("A", "hunter2\0"),
        ("A", &long),
    ];
    for is_secret in [true, false] {
        for (name, value) in bad {
            let variable = Variable { name: name.into(), value: Secret::new(value), is_secret };
            let Err(StoreError::Invalid(why)) = store.set_variable(&shop(), variable).await else {
                panic!("`{name}` is no variable")
            };
            assert!(why.contains(name.trim_end_matches('\0')) && !why.contains("hunter2"), "{why}");
        }
    }
    assert_eq!(store.variables(&shop()).await.expect("variables"), ProjectVariables::default());
    let fine = Variable { name: "A".into(), value: Secret::new("x"), is_secret: false };
    assert_refused!(store.set_variable(&ProjectName::new("a\0b"), fine).await, StoreError::Invalid(_));
    assert_refused!(store.beat(&beat("a\0b", &[])).await, StoreError::Invalid(_));
    assert_refused!(store.beat(&beat("one", &["a\0b"])).await, StoreError::Invalid(_));
    assert_eq!(
        (store.projects().await.expect("projects"), store.runners().await.expect("runners").found),
        (vec![], vec![])
    );
}

/// Runners are those that beat, with what they said last, until they retire.
pub async fn runners_say_that_they_live(store: TestStore) {
    assert_eq!(store.runners().await.expect("runners").found, []);
    store.beat(&beat("two", &[])).await.expect("beat");
    store.beat(&beat("one", &["gpu"])).await.expect("beat");
    let later = RunnerBeat { driving: 3, draining: true, ..beat("one", &["gpu", "arm"]) };
    store.beat(&later).await.expect("beat");
    let runners = store.runners().await.expect("runners").found;
    let beats: Vec<_> = runners.iter().map(|runner| runner.beat.clone()).collect();
    assert_eq!(beats, [later, beat("two", &[])]);
    assert!(runners.iter().all(|runner| runner.silent_for < Duration::from_secs(30)));
    store.retire_runner(&InstanceId::new("one")).await.expect("retire_runner");
    store.retire_runner(&InstanceId::new("one")).await.expect("twice is fine");
    assert_eq!(store.runners().await.expect("runners").found.len(), 1);
}

/// What waits, what is driven and what has ended of late is counted; what was left by somebody whose lease has run out waits.
pub async fn what_there_is_to_do_is_counted(store: TestStore) {
    let tally = async || store.tally(Duration::from_hours(1)).await.expect("tally");
    let nothing = tally().await;
    assert_eq!((nothing.pipelines, nothing.deployments), (Standing::default(), Standing::default()));
    assert!(nothing.connections.used <= nothing.connections.most, "{:?}", nothing.connections);
    let (first, second) = (enqueue(&store, "shop", &[]).await, enqueue(&store, "api", &["gpu"]).await);
    let standing = tally().await.pipelines;
    assert_eq!((standing.waiting, standing.driven, standing.ended.len()), (2, 0, 0));
    assert!(standing.waiting_for.is_some(), "{standing:?}");

    claim(&as_store(&store), &runner("one"), first).await;
    let brief = RunnerInfo { lease: Duration::ZERO, ..runner("two") };
    claim(&as_store(&store), &brief, second).await;
    let standing = tally().await.pipelines;
    assert_eq!((standing.waiting, standing.driven), (1, 1), "the second one was left");
    claim(&as_store(&store), &runner("three"), second).await;
    let standing = tally().await.pipelines;
    assert_eq!((standing.waiting, standing.waiting_for, standing.driven), (0, None, 2));

    ended(&store, End::success(), Timestamp::from_micros(1_000_000)).await;
    let lately = Timestamp::from_system(std::time::SystemTime::now());
    ended(&store, End::because(Status::Failed, Reason::ExitCode), lately).await;
    ended(&store, End::success(), lately).await;
    ended(&store, End::success(), lately).await;
    let counted = tally().await;
    let each = lately.since(at(0));
    let success = Ended { count: 2, took: 2 * each };
    let expected = BTreeMap::from([(Status::Success, success), (Status::Failed, Ended { count: 1, took: each })]);
    assert_eq!((counted.pipelines.driven, counted.pipelines.ended), (2, expected), "one ended long ago");
    // The one job of each of the three, a microsecond from its go to its end.
    let jobs = BTreeMap::from([(Status::Failed, Ended { count: 3, took: Duration::from_micros(3) })]);
    assert_eq!(counted.jobs, jobs);
    assert_eq!(counted.deployments, Standing::default());
}

const NONE: [u64; 0] = [];
const NOTHING_KEPT: Retention = Retention { age: Duration::ZERO, count: 0, last_success: false };

async fn pruned(store: &TestStore, keep: Retention, limit: usize) -> Vec<u64> {
    let pruned = store.prune(&keep, limit).await.expect("prune").found;
    pruned.iter().map(|pruned| pruned.number.get()).collect()
}

/// Age, count and the last success each keep; the rest goes, oldest first, batch by batch.
pub async fn what_nothing_keeps_is_pruned(store: TestStore) {
    let old = Timestamp::from_micros(1_000_000);
    let failed = || End::because(Status::Failed, Reason::ExitCode);
    for end in [failed(), End::success(), End::success(), failed(), failed(), failed()] {
        ended(&store, end, old).await;
    }
    let year = Duration::from_hours(24 * 365);
    assert_eq!(pruned(&store, Retention { age: 1_000 * year, ..NOTHING_KEPT }, 10).await, NONE, "all are young enough");
    assert_eq!(pruned(&store, Retention { count: 6, ..NOTHING_KEPT }, 10).await, NONE, "all are new enough");
    let keep = Retention { age: year, count: 1, last_success: true };
    assert_eq!(pruned(&store, keep, 2).await, [1, 2]);
    assert_eq!(pruned(&store, keep, 2).await, [4, 5]);
    assert_eq!(pruned(&store, keep, 2).await, NONE, "3 is the last success, 6 the newest");
    assert_eq!(numbers(&store, None, 10).await, [6, 3]);
    assert_eq!(pruned(&store, NOTHING_KEPT, 10).await, [3, 6]);
}

/// What waits or runs is never removed.
pub async fn what_is_not_over_is_never_pruned(store: TestStore) {
    enqueue(&store, "shop", &[]).await;
    let running = enqueue(&store, "shop", &[]).await;
    let held = claim(&as_store(&store), &runner("one"), running).await;
    store.commit(&held, nth(), &[Change { at: at(1), kind: ChangeKind::PipelineStarted }]).await.expect("commit");
    assert_eq!(pruned(&store, NOTHING_KEPT, 10).await, NONE);
    assert_eq!(numbers(&store, None, 10).await, [2, 1]);
}

/// Of what was removed nothing is left, its size is told, and its number is not used again.
pub async fn pruning_leaves_nothing_and_uses_no_number_again(store: TestStore) {
    let id = ended(&store, End::success(), Timestamp::from_micros(1_000_000)).await;
    let removed = store.prune(&NOTHING_KEPT, 10).await.expect("prune").found;
    assert_eq!((removed.len(), &removed[0].project, removed[0].log_bytes), (1, &shop(), 5));
    assert_refused!(store.load(id).await, StoreError::NotFound(_));
    assert_refused!(store.find(&shop(), number(1)).await, StoreError::NotFound(_));
    assert_eq!(store.log_cursor(attempt(id, 0)).await.expect("log_cursor"), LogCursor::default());
    assert_eq!(store.events_after(Some(id), crate::ports::EventId(0), 10).await.expect("events_after"), []);
    enqueue(&store, "shop", &[]).await;
    assert_eq!(numbers(&store, None, 10).await, [2]);
}
