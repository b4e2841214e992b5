//! Cases: commits, events and cancels.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::task::JoinSet;

use super::fixture::{
    Patience, TestStore, assert_lost, assert_refused, at, attempt, change, changes_of, claim, claimed, enqueued,
    events_of, fold, job_changes, new_pipeline, nth, pipeline_ended, plan, project, runner,
};
use crate::id::{InstanceId, JobIndex, PipelineId};
use crate::ports::{Event, EventId, NewPipeline, RunnerInfo, StoreError};
use crate::schedule::{CancelLevel, Change, ChangeKind, PipelineState, StopCause, cancel_changes};
use crate::status::{End, Reason, Status};

fn workspace_ready() -> ChangeKind {
    ChangeKind::WorkspaceReady { instance: InstanceId::new("maker") }
}

/// Every kind of change comes back as it was committed, in order, and the last one's id is the answer.
pub(super) async fn events_are_the_changes_in_order(store: TestStore) {
    let held = claimed(&store).await;
    let pipeline = held.pipeline;
    assert_eq!(events_of(&store, pipeline).await, [], "accepting and claiming are no events");
    let concluded = ChangeKind::Concluded { end: End::because(Status::Failed, Reason::ExitCode) };
    let mut all = vec![change(0, ChangeKind::PipelineStarted), change(0, workspace_ready())];
    all.extend(job_changes(pipeline, 0));
    let stop = ChangeKind::StopRequested { attempt: attempt(pipeline, 0), cause: StopCause::Timeout };
    all.push(change(7, stop));
    all.push(change(8, ChangeKind::CancelRequested { level: CancelLevel::Kill, reason: Reason::Shutdown }));
    all.push(change(3, concluded));
    all.push(pipeline_ended());
    let mut committed = 0;
    for len in [1, 4, all.len() - 5] {
        let last = store.commit(&held, nth(), &all[committed..committed + len]).await.expect("commit");
        committed += len;
        let events = events_of(&store, pipeline).await;
        assert_eq!(events.last().map(|event| event.id), Some(last), "the answer is the last event's id");
        assert_eq!(changes_of(&events), all[..committed]);
        assert!(events.windows(2).all(|pair| pair[0].id < pair[1].id), "ids grow");
        assert!(events.iter().all(|event| event.pipeline == pipeline && event.id > EventId(0)));
    }
}

/// The state loaded is the fold of the events, after every commit.
pub(super) async fn the_state_is_the_fold_of_the_events(store: TestStore) {
    let held = claimed(&store).await;
    let plan = store.load(held.pipeline).await.expect("load").plan;
    let mut batches: Vec<_> = (0..3).map(|job| job_changes(held.pipeline, job)).collect();
    batches.insert(0, vec![change(5, ChangeKind::PipelineStarted), change(6, workspace_ready())]);
    batches.insert(2, vec![change(40, ChangeKind::StartedOver), change(41, workspace_ready())]);
    batches.push(vec![pipeline_ended()]);
    for batch in batches {
        store.commit(&held, nth(), &batch).await.expect("commit");
        let state = fold(held.pipeline, &plan, &events_of(&store, held.pipeline).await);
        let record = store.load(held.pipeline).await.expect("load");
        assert_eq!(record.state, state);
        assert_eq!(record.plan, plan, "the plan never changes");
    }
    let state = store.load(held.pipeline).await.expect("load").state;
    assert_eq!((state.status, state.ended_at), (Status::Success, Some(at(99))));
}

/// A reader sees all of a commit or nothing of it.
pub(super) async fn a_commit_is_seen_whole(store: TestStore) {
    const JOBS: u32 = 40;
    let new = NewPipeline { plan: plan(project(), JOBS), ..new_pipeline() };
    let pipeline = store.enqueue(new, None).await.expect("enqueue").id;
    let held = claim(&store, &runner("one"), pipeline).await;
    let writer = tokio::spawn({
        let store = TestStore::clone(&store);
        async move {
            for job in 0..JOBS {
                store.commit(&held, nth(), &job_changes(pipeline, job)).await.expect("commit");
                tokio::task::yield_now().await;
            }
        }
    });
    let mut patience = Patience::until("the last job's end");
    loop {
        let state = store.load(pipeline).await.expect("load").state;
        for (index, job) in state.jobs.iter().enumerate() {
            assert!(job.status != Status::Running, "job {index} is seen in the middle of a commit");
        }
        let events = events_of(&store, pipeline).await;
        assert_eq!(events.len() % 4, 0, "the events of half a commit are seen");
        if events.len() == JOBS as usize * 4 {
            break;
        }
        patience.peek().await;
    }
    writer.await.expect("the writer");
}

/// A commit that is dropped while under way has all of its effect or none, and blocks nothing.
pub(super) async fn a_dropped_commit_is_all_or_nothing(store: TestStore) {
    const JOBS: u32 = 12;
    let new = NewPipeline { plan: plan(project(), JOBS), ..new_pipeline() };
    let pipeline = store.enqueue(new, None).await.expect("enqueue").id;
    let held = claim(&store, &runner("one"), pipeline).await;
    for job in 0..JOBS {
        let changes = job_changes(pipeline, job);
        poll_at_most(job, store.commit(&held, nth(), &changes)).await;
        let events = events_of(&store, pipeline).await;
        assert_eq!(events.len() % 4, 0, "dropped after {job} polls");
    }
    store.commit(&held, nth(), &[pipeline_ended()]).await.expect("nothing is blocked");
    let record = store.load(pipeline).await.expect("load");
    let state = fold(pipeline, &record.plan, &events_of(&store, pipeline).await);
    assert_eq!(record.state, state);
}

/// The same number again records nothing and is answered the same, whatever came in between; a lower one is refused; a new
/// claim counts anew.
pub(super) async fn a_commit_is_recorded_once(store: TestStore) {
    let held = claimed(&store).await;
    let started = [change(0, ChangeKind::PipelineStarted)];
    let first = store.commit(&held, 3, &started).await.expect("commit");
    store.request_cancel(held.pipeline, CancelLevel::Kill, Reason::User, at(1)).await.expect("cancel");
    assert_eq!(store.commit(&held, 3, &started).await.expect("commit again"), first);
    let second = store.commit(&held, 4, &job_changes(held.pipeline, 0)).await.expect("commit");
    assert_refused!(store.commit(&held, 3, &started).await, StoreError::Conflict(_));
    assert_eq!(store.commit(&held, 4, &job_changes(held.pipeline, 0)).await.expect("commit again"), second);
    assert_eq!(events_of(&store, held.pipeline).await.len(), 6, "each is there once");
    store.release(&held).await.expect("release");
    let next = claim(&store, &runner("two"), held.pipeline).await;
    let ended = store.commit(&next, 1, &[pipeline_ended()]).await.expect("commit");
    assert_eq!(store.commit(&next, 1, &[pipeline_ended()]).await.expect("commit again"), ended, "the last one as well");
    assert_lost(store.commit(&next, 2, &[pipeline_ended()]).await, next.pipeline, "commit");
}

/// Polls a future so often, with other tasks in between, then drops it.
async fn poll_at_most(polls: u32, future: impl Future) {
    let mut future = pin!(future);
    for _ in 0..polls {
        let ready = std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await;
        if ready {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// Events can be read page by page, of one pipeline or of all, and are the same either way.
pub(super) async fn events_are_read_in_pages(store: TestStore) {
    let mut claims = Vec::new();
    for n in 0..3 {
        let pipeline = enqueued(&store).await;
        claims.push(claim(&store, &runner(&format!("r{n}")), pipeline).await);
    }
    let mut committed = Vec::new();
    for job in 0..3 {
        for held in &claims {
            for change in job_changes(held.pipeline, job) {
                let id = store.commit(held, nth(), std::slice::from_ref(&change)).await.expect("commit");
                committed.push(Event { id, pipeline: held.pipeline, change });
            }
        }
    }
    for of in [None, Some(claims[0].pipeline), Some(claims[2].pipeline), Some(PipelineId::generate())] {
        let expected: Vec<_> = committed.iter().filter(|e| of.is_none_or(|of| e.pipeline == of)).cloned().collect();
        for limit in [1, 5, 1_000] {
            assert_eq!(follow(&store, of, EventId(0), limit, expected.len()).await, expected, "{of:?} by {limit}");
        }
        if let Some(middle) = expected.get(expected.len() / 2) {
            let rest: Vec<_> = expected.iter().filter(|e| e.id > middle.id).cloned().collect();
            assert_eq!(follow(&store, of, middle.id, 2, rest.len()).await, rest, "{of:?} from the middle");
        }
    }
}

/// Reads on until there is nothing more. A reader of all may be behind while others commit, so it is given time for
/// `expected` events; a reader of one pipeline must have them at once.
async fn follow(
    store: &TestStore,
    of: Option<PipelineId>,
    after: EventId,
    limit: usize,
    expected: usize,
) -> Vec<Event> {
    let (mut after, mut seen) = (after, Vec::new());
    let mut patience = Patience::until("what was committed");
    loop {
        let page = store.events_after(of, after, limit).await.expect("events_after");
        assert!(page.len() <= limit, "{} events, asked for {limit}", page.len());
        let Some(last) = page.last() else {
            if of.is_some() || seen.len() >= expected {
                return seen;
            }
            patience.peek().await;
            continue;
        };
        after = last.id;
        seen.extend(page);
    }
}

/// A reader that goes on from the last id it saw misses nothing, however many commit at once.
pub(super) async fn a_follower_misses_no_event(store: TestStore) {
    const WRITERS: u32 = 6;
    const JOBS: u32 = 12;
    let mut writers = JoinSet::new();
    for n in 0..WRITERS {
        let new = NewPipeline { plan: plan(project(), JOBS), ..new_pipeline() };
        let pipeline = store.enqueue(new, None).await.expect("enqueue").id;
        let held = claim(&store, &runner(&format!("r{n}")), pipeline).await;
        let store = TestStore::clone(&store);
        writers.spawn(async move {
            for job in 0..JOBS {
                let changes = job_changes(pipeline, job);
                store.commit(&held, nth(), &changes[..1]).await.expect("commit");
                tokio::task::yield_now().await;
                store.commit(&held, nth(), &changes[1..]).await.expect("commit");
            }
        });
    }
    let mut seen: Vec<Event> = Vec::new();
    let mut patience = Patience::until("the last event");
    while seen.len() < (WRITERS * JOBS * 4) as usize {
        let after = seen.last().map_or(EventId(0), |event| event.id);
        seen.extend(store.events_after(None, after, 7).await.expect("events_after"));
        patience.peek().await;
    }
    writers.join_all().await;
    assert!(seen.windows(2).all(|pair| pair[0].id < pair[1].id), "ids grow");
    let mut each: BTreeMap<PipelineId, Vec<_>> = BTreeMap::new();
    for event in seen {
        each.entry(event.pipeline).or_default().push(event.change);
    }
    for (pipeline, changes) in each {
        let expected: Vec<_> = (0..JOBS).flat_map(|job| job_changes(pipeline, job)).collect();
        assert_eq!(changes, expected, "of {pipeline}");
    }
}

/// A pipeline that is over never changes, and no commit reaches past its end.
pub(super) async fn nothing_follows_the_end(store: TestStore) {
    let held = claimed(&store).await;
    let pipeline = held.pipeline;
    let past = [pipeline_ended(), change(100, workspace_ready())];
    assert_refused!(store.commit(&held, nth(), &past).await, StoreError::Conflict(_));
    assert_eq!(events_of(&store, pipeline).await, [], "nothing of a refused commit is recorded");
    store.commit(&held, nth(), &[pipeline_ended()]).await.expect("commit");
    let (record, events) = (store.load(pipeline).await.expect("load"), events_of(&store, pipeline).await);
    let other_end = change(101, ChangeKind::PipelineEnded { end: End::because(Status::Failed, Reason::ExitCode) });
    for late in [other_end, change(102, ChangeKind::JobEnded { job: JobIndex(0), end: End::success() })] {
        assert_lost(store.commit(&held, nth(), &[late]).await, pipeline, "commit");
    }
    store.request_cancel(pipeline, CancelLevel::Kill, Reason::User, at(103)).await.expect("adds nothing, no error");
    assert_eq!(store.load(pipeline).await.expect("load"), record);
    assert_eq!(events_of(&store, pipeline).await, events);
}

/// Cancels escalate and never go back; the first reason stays; what adds nothing is not recorded.
pub(super) async fn cancels_only_escalate(store: TestStore) {
    use CancelLevel::{Graceful, Kill};
    let held = claimed(&store).await;
    let pipeline = held.pipeline;
    assert_eq!(store.control(&held).await.expect("control").cancel, None);
    let steps = [
        (Graceful, Reason::Superseded, Graceful, 1),
        (Graceful, Reason::User, Graceful, 1),
        (Kill, Reason::User, Kill, 2),
        (Graceful, Reason::Shutdown, Kill, 2),
        (Kill, Reason::Shutdown, Kill, 2),
    ];
    for (n, (level, reason, expected, events)) in steps.into_iter().enumerate() {
        store.request_cancel(pipeline, level, reason, at(n as u64)).await.expect("request_cancel");
        let expected = Some((expected, Reason::Superseded));
        assert_eq!(store.control(&held).await.expect("control").cancel, expected, "step {n}");
        assert_eq!(store.load(pipeline).await.expect("load").state.cancel, expected, "step {n}");
        assert_eq!(events_of(&store, pipeline).await.len(), events, "step {n}");
    }
    let cancels = [
        change(0, ChangeKind::CancelRequested { level: Graceful, reason: Reason::Superseded }),
        change(2, ChangeKind::CancelRequested { level: Kill, reason: Reason::User }),
    ];
    assert_eq!(changes_of(&events_of(&store, pipeline).await), cancels);
}

/// A cancel of what nobody holds and has not begun is its end at once, for good and with all that belongs to it.
pub(super) async fn a_cancel_ends_what_has_not_begun(store: TestStore) {
    let new = new_pipeline();
    let pipeline = store.enqueue(new.clone(), None).await.expect("enqueue").id;
    let cancel = async |level, micros| {
        store.request_cancel(pipeline, level, Reason::Superseded, at(micros)).await.expect("request_cancel");
    };
    cancel(CancelLevel::Graceful, 7).await;
    let (record, events) = (store.load(pipeline).await.expect("load"), events_of(&store, pipeline).await);
    let fresh = PipelineState::new(pipeline, &new.plan);
    let expected = cancel_changes(&new.plan, &fresh, false, (CancelLevel::Graceful, Reason::Superseded), at(7));
    assert_eq!(changes_of(&events), expected);
    assert_eq!(record.state, fold(pipeline, &new.plan, &events));
    assert_eq!((record.state.status, record.state.ended_at), (Status::Cancelled, Some(at(7))));
    cancel(CancelLevel::Kill, 8).await;
    assert_eq!(events_of(&store, pipeline).await, events, "nothing follows the end");
    for which in [None, Some(pipeline)] {
        assert_eq!(store.claim(&runner("one"), which).await.expect("claim"), None, "it waits no more");
    }
}

/// A cancel goes to who holds the pipeline, and ends it only when the lease of somebody who began nothing has run out.
pub(super) async fn a_cancel_leaves_the_end_to_a_living_holder(store: TestStore) {
    let cancel = async |pipeline| {
        store.request_cancel(pipeline, CancelLevel::Graceful, Reason::User, at(1)).await.expect("request_cancel");
        store.load(pipeline).await.expect("load").state.status
    };
    let living = claimed(&store).await;
    assert_eq!(cancel(living.pipeline).await, Status::Pending, "its holder is about to begin");
    store.commit(&living, nth(), &[change(2, ChangeKind::PipelineStarted)]).await.expect("commit");

    let pipeline = enqueued(&store).await;
    let brief = RunnerInfo { lease: Duration::from_millis(50), ..runner("brief") };
    let gone = claim(&store, &brief, pipeline).await;
    let patience = Patience::until("the lease's end");
    while cancel(pipeline).await != Status::Cancelled {
        patience.wait().await;
    }
    assert_lost(store.commit(&gone, nth(), &[change(2, ChangeKind::PipelineStarted)]).await, pipeline, "commit");
    assert_eq!(events_of(&store, pipeline).await.iter().filter(|e| is_cancel(&e.change)).count(), 1);
}

fn is_cancel(change: &Change) -> bool {
    matches!(change.kind, ChangeKind::CancelRequested { .. })
}

/// A cancel needs no claim, reaches the next holder of what has begun, and leaves it to be claimed and ended.
pub(super) async fn a_cancel_waits_for_the_holder(store: TestStore) {
    let first = claimed(&store).await;
    let pipeline = first.pipeline;
    store.commit(&first, nth(), &[change(0, ChangeKind::PipelineStarted)]).await.expect("commit");
    store.release(&first).await.expect("release");
    store.request_cancel(pipeline, CancelLevel::Graceful, Reason::User, at(1)).await.expect("request_cancel");
    let held = store.claim(&runner("one"), None).await.expect("claim").expect("it still waits");
    let cancel = store.control(&held).await.expect("control").cancel;
    assert_eq!(cancel, Some((CancelLevel::Graceful, Reason::User)));
}

/// Many cancels at once are one event for each step up.
pub(super) async fn concurrent_cancels_are_recorded_once(store: TestStore) {
    let held = claimed(&store).await;
    let pipeline = held.pipeline;
    let mut tasks = JoinSet::new();
    for n in 0..16 {
        let store = TestStore::clone(&store);
        tasks.spawn(async move {
            store.request_cancel(pipeline, CancelLevel::Graceful, Reason::User, at(n)).await.expect("request_cancel");
        });
    }
    tasks.join_all().await;
    assert_eq!(events_of(&store, pipeline).await.len(), 1);
    store.control(&held).await.expect("cancels take no claim away");
}
