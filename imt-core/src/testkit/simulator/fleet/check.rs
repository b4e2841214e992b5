//! What is promised where several runners share a store, held against what is recorded and left.

use super::life::Stage;
use super::scenario::Submitted;
use super::scenario::id_of;
use crate::id::PipelineId;
use crate::ports::{Event, EventId, Store};
use crate::schedule::invariants::broken_by;
use crate::schedule::{AttemptState, ChangeKind, PipelineState, StopCause};
use crate::status::{Reason, Status};
use crate::testkit::fake_executor::FakeEnd;
use crate::testkit::simulator::check::{everything_ended, log_is_right};
use crate::testkit::simulator::evidence::{Verdict, ensure};
use crate::testkit::simulator::scenario::output_of;

/// Holds all promises against the evidence; `sweep` is what the next start on each host does. Answers how each pipeline ended,
/// the number of events and how often something started over.
pub(super) async fn check(
    scene: &Stage,
    sweep: impl AsyncFnOnce() -> Verdict,
) -> Result<(Vec<Status>, usize, usize), String> {
    let mut said = scene.observer.testimony.all();
    said.extend(scene.worlds.iter().flat_map(|world| world.violations()));
    ensure(said.is_empty(), || said.join("\n"))?;
    for (host, world) in scene.worlds.iter().enumerate() {
        let held = world.held_by_the_living();
        ensure(held.is_empty(), || format!("a runner on host {host} that drained has left {held:?}"))?;
    }
    sweep().await?;
    let (mut ends, mut events, mut started_over) = (Vec::new(), 0, 0);
    for (place, submitted) in scene.fleet.pipelines.iter().enumerate() {
        let id = id_of(scene.seed, place);
        let (state, told) = pipeline_is_right(scene, id, submitted).await?;
        started_over += told.iter().filter(|event| event.change.kind == ChangeKind::StartedOver).count();
        events += told.len();
        ends.push(state.status);
    }
    Ok((ends, events, started_over))
}

async fn pipeline_is_right(
    scene: &Stage,
    id: PipelineId,
    submitted: &Submitted,
) -> Result<(PipelineState, Vec<Event>), String> {
    let store = &scene.observer.store;
    let state = store.load(id).await.map_err(|e| e.to_string())?.state;
    let events = store.events_after(Some(id), EventId::default(), usize::MAX).await.map_err(|e| e.to_string())?;
    everything_ended(&state)?;
    events_keep_the_rules(id, submitted, &events, &state)?;
    ends_as_its_jobs(submitted, &state)?;
    for (host, world) in scene.worlds.iter().enumerate() {
        let left = world.leftovers(id);
        ensure(left.is_empty(), || format!("left behind on host {host}: {left:?}"))?;
    }
    for attempt in state.jobs.iter().flat_map(|job| &job.attempts) {
        began_at_most_once(scene, attempt)?;
        ends_as_it_did(submitted, &state, attempt)?;
        let expected = output_of(&submitted.outputs, attempt.id.job, attempt.id.number);
        log_is_right(&**store, attempt, expected, None).await?;
    }
    Ok((state, events))
}

/// The invariants that the engine asserts of what it commits, here of what the store has taken from all of them.
fn events_keep_the_rules(id: PipelineId, submitted: &Submitted, events: &[Event], state: &PipelineState) -> Verdict {
    let mut told = PipelineState::new(id, &submitted.plan);
    for event in events {
        let broken = broken_by(&submitted.plan, &told, std::slice::from_ref(&event.change));
        ensure(broken.is_none(), || format!("it {} no more: {event:?} of {told:?}", broken.unwrap_or_default()))?;
        told.apply(&event.change);
    }
    ensure(told == *state, || format!("the events tell {told:?}\nthe rows say {state:?}"))
}

/// A failure that counts is not a success, and without one there is no failure, unless the host was lost.
fn ends_as_its_jobs(submitted: &Submitted, state: &PipelineState) -> Verdict {
    let counts = |status: Status| matches!(status, Status::Failed | Status::Errored | Status::Cancelled);
    let mut jobs = submitted.plan.jobs.iter().zip(&state.jobs);
    let bad =
        jobs.any(|(planned, job)| counts(job.status) && (!planned.allow_failure || job.status == Status::Cancelled));
    let lost = state.verdict.as_ref().is_some_and(|end| end.reason == Some(Reason::RunnerLost));
    ensure(bad == counts(state.status) || (lost && counts(state.status)), || {
        format!("ended otherwise than its jobs: {state:?}")
    })
}

fn began_at_most_once(scene: &Stage, attempt: &AttemptState) -> Verdict {
    let times: u32 = scene.worlds.iter().map(|world| world.times_script_began(attempt.id)).sum();
    ensure(times <= 1, || format!("the script of {} began {times} times", attempt.id))?;
    ensure(times == 0 || attempt.began, || format!("it ran and its row says otherwise: {attempt:?}"))?;
    let code = attempt.end.as_ref().and_then(|end| end.exit_code);
    ensure(times == 1 || code.is_none(), || format!("it never ran and has a code: {attempt:?}"))
}

/// An attempt that nobody stopped ends as its script does, or was lost, or never began.
fn ends_as_it_did(submitted: &Submitted, state: &PipelineState, attempt: &AttemptState) -> Verdict {
    let end = attempt.end.as_ref().ok_or("no end")?;
    let lost = (Status::Errored, Some(Reason::RunnerLost));
    let cancelled = state.cancel.map(|(_, reason)| (Status::Cancelled, Some(reason)));
    let due = match (attempt.stop, attempt.began) {
        (Some((StopCause::Cancel, _)), _) => cancelled.into_iter().collect(),
        (Some((StopCause::Timeout, _)), true) => vec![(Status::Failed, Some(Reason::Timeout))],
        (None, true) => {
            let own = output_of(&submitted.outputs, attempt.id.job, attempt.id.number).end.map(|end| match end {
                FakeEnd::Code(0) => (Status::Success, None),
                FakeEnd::Code(_) => (Status::Failed, Some(Reason::ExitCode)),
                FakeEnd::Signal(_) => (Status::Failed, Some(Reason::Signal)),
                FakeEnd::OutOfMemory => (Status::Failed, Some(Reason::OutOfMemory)),
                FakeEnd::Lost => lost,
            });
            own.into_iter().chain([lost]).collect()
        }
        (_, false) => {
            let unprepared = [Reason::ImageNotFound, Reason::EngineUnavailable];
            let failed = unprepared.map(|reason| (Status::Errored, Some(reason)));
            failed.into_iter().chain([lost]).chain(cancelled).collect()
        }
    };
    ensure(due.contains(&(end.status, end.reason)), || format!("{attempt:?}, due was {due:?}"))
}
