//! What is promised, held against what happened.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::id::{InstanceId, JobIndex};
use crate::mask::{Masker, Needles};
use crate::pipeline::RetryCause;
use crate::ports::{Event, EventId, LogFrom, RunnerInfo, Store, StreamKind};
use crate::schedule::{AttemptState, ChangeKind, PipelineState};
use crate::secret::Secret;
use crate::status::{Reason, Status};
use crate::testkit::simulator::bounds::in_time;
use crate::testkit::simulator::evidence::{Evidence, Verdict, ensure};
use crate::testkit::simulator::scenario::{Output, SECRET, output_of};
use crate::testkit::simulator::verdict::ends_by_the_rules;

/// How often what never had its go is started again for free.
const FREE_RESTARTS: usize = 5;

/// Holds all promises against the evidence; answers the final status and the number of events.
pub(super) async fn check(evidence: &Evidence<'_>) -> Result<(Status, usize), String> {
    let record = evidence.store.load(evidence.pipeline).await.map_err(|e| e.to_string())?;
    let events = evidence
        .store
        .events_after(Some(evidence.pipeline), EventId::default(), usize::MAX)
        .await
        .map_err(|e| e.to_string())?;
    nobody_complained(evidence)?;
    everything_ended(&record.state)?;
    events_tell_the_state(evidence, &events, &record.state)?;
    each_end_once(&events)?;
    stages_in_order(evidence, &events)?;
    world_is_clean(evidence, &record.state)?;
    tries_as_the_policy_says(evidence, &record.state)?;
    ends_by_the_rules(evidence, &events, &record.state)?;
    in_time(evidence, &record.state)?;
    for attempt in record.state.jobs.iter().flat_map(|j| &j.attempts) {
        let expected = output_of(&evidence.scenario.outputs, attempt.id.job, attempt.id.number);
        log_is_right(evidence.store, attempt, expected, evidence.scenario.log_cap).await?;
    }
    nothing_to_claim(evidence).await?;
    Ok((record.state.status, events.len()))
}

fn nobody_complained(evidence: &Evidence<'_>) -> Verdict {
    let mut all = evidence.world.violations();
    all.extend(evidence.testimony.iter().cloned());
    ensure(all.is_empty(), || all.join("\n"))
}

pub(super) fn everything_ended(state: &PipelineState) -> Verdict {
    ensure(state.status.is_terminal() && state.verdict.is_some(), || format!("not over: {state:?}"))?;
    for (index, job) in state.jobs.iter().enumerate() {
        ensure(job.status.is_terminal() && job.end.is_some(), || format!("job {index} is not over: {job:?}"))?;
        for attempt in &job.attempts {
            ensure(attempt.end.is_some(), || format!("{} is not over", attempt.id))?;
        }
    }
    Ok(())
}

fn events_tell_the_state(evidence: &Evidence<'_>, events: &[Event], state: &PipelineState) -> Verdict {
    let mut told = PipelineState::new(evidence.pipeline, &evidence.scenario.plan);
    for event in events {
        ensure(!told.status.is_terminal(), || format!("an event after the end: {event:?}"))?;
        let concludes =
            matches!(event.change.kind, ChangeKind::CancelRequested { .. } | ChangeKind::PipelineEnded { .. });
        ensure(told.verdict.is_none() || concludes, || format!("an event after the verdict: {event:?}"))?;
        told.apply(&event.change);
    }
    ensure(told == *state, || format!("the events tell {told:?}\nthe rows say {state:?}"))
}

/// Each attempt begins, starts and ends once, each job ends once.
fn each_end_once(events: &[Event]) -> Verdict {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for event in events {
        let key = match &event.change.kind {
            ChangeKind::AttemptCreated { attempt } => format!("created {attempt}"),
            ChangeKind::AttemptStarted { attempt } => format!("started {attempt}"),
            ChangeKind::AttemptEnded { attempt, .. } => format!("ended {attempt}"),
            ChangeKind::JobEnded { job, .. } => format!("job {}", job.0),
            ChangeKind::PipelineStarted => "pipeline started".into(),
            ChangeKind::Concluded { .. } => "concluded".into(),
            ChangeKind::PipelineEnded { .. } => "pipeline ended".into(),
            ChangeKind::WorkspaceReady { .. } => "workspace ready".into(),
            ChangeKind::StartedOver => {
                seen.retain(|key, _| !key.starts_with("job ") && key != "workspace ready");
                continue;
            }
            ChangeKind::StopRequested { .. } | ChangeKind::CancelRequested { .. } => continue,
        };
        *seen.entry(key).or_default() += 1;
    }
    let twice: Vec<_> = seen.iter().filter(|(_, times)| **times > 1).collect();
    ensure(twice.is_empty(), || format!("happened more than once: {twice:?}"))
}

fn stages_in_order(evidence: &Evidence<'_>, events: &[Event]) -> Verdict {
    let plan = &evidence.scenario.plan;
    let stage_of = |job: JobIndex| plan.stages.iter().position(|s| s.jobs.contains(&job));
    let mut open: BTreeMap<JobIndex, Option<usize>> =
        (0u32..).map(JobIndex).take(plan.jobs.len()).map(|job| (job, stage_of(job))).collect();
    for event in events {
        match &event.change.kind {
            ChangeKind::JobEnded { job, .. } => {
                open.remove(job);
            }
            ChangeKind::AttemptCreated { attempt } => {
                let stage = stage_of(attempt.job);
                let early = open.values().any(|s| *s < stage);
                ensure(!early, || format!("{attempt} began before an earlier stage was over"))?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn world_is_clean(evidence: &Evidence<'_>, state: &PipelineState) -> Verdict {
    let world = evidence.world;
    let left = world.leftovers(evidence.pipeline);
    ensure(left.is_empty(), || format!("left behind: {left:?}"))?;
    ensure(!evidence.source.is_under_way(), || "a checkout goes on after the end".into())?;
    for attempt in world.began() {
        let times = world.times_script_began(attempt);
        ensure(times == 1, || format!("the script of {attempt} began {times} times"))?;
        let row = state.attempt(attempt);
        ensure(row.is_some_and(|a| a.began), || format!("{attempt} ran and its row says otherwise: {row:?}"))?;
    }
    // An executor that does not answer leaves it open whether a script began; else it is known.
    let known = evidence.scenario.executor_hangs.is_empty();
    for attempt in state.jobs.iter().flat_map(|j| &j.attempts).filter(|a| a.began && known) {
        ensure(world.times_script_began(attempt.id) == 1, || {
            format!("never ran, its row says otherwise: {attempt:?}")
        })?;
    }
    let (most, limit) = (world.max_running_side_by_side(), evidence.scenario.plan.concurrency.get());
    ensure(u32::try_from(most).is_ok_and(|m| m <= limit), || format!("{most} side by side, {limit} allowed"))
}

/// Each try after the first is a free one for what never had its go, or has a cause that the job's policy names; and none
/// that is due is left out.
fn tries_as_the_policy_says(evidence: &Evidence<'_>, state: &PipelineState) -> Verdict {
    // Beside a script that an executor never told the end of, nothing is tried again.
    let given_up = !evidence.scenario.executor_hangs.is_empty();
    for (planned, job) in evidence.scenario.plan.jobs.iter().zip(&state.jobs) {
        let mut began = 0;
        for (position, attempt) in job.attempts.iter().enumerate() {
            began += u32::from(attempt.began);
            let end = attempt.end.as_ref().ok_or("no end")?;
            let cause = match (end.status, end.reason) {
                (Status::Failed, Some(Reason::Timeout)) => Some(RetryCause::Timeout),
                (Status::Failed, _) => Some(RetryCause::Failed),
                (Status::Errored, Some(Reason::RunnerLost)) => Some(RetryCause::Lost),
                _ => None,
            };
            let tries = position + 1;
            let never = tries - usize::try_from(began).unwrap_or(tries);
            let free = !attempt.began && end.reason == Some(Reason::RunnerLost) && never <= FREE_RESTARTS;
            let wanted = cause.is_some_and(|c| planned.retry.on.contains(&c)) && began <= planned.retry.max;
            let again = free || (attempt.began && wanted);
            let last = tries == job.attempts.len();
            ensure(last || again, || format!("{} was followed by another try", attempt.id))?;
            ensure(!last || !again || given_up || state.cancel.is_some(), || {
                format!("{} was to be tried again", attempt.id)
            })?;
        }
    }
    Ok(())
}

/// The log of an attempt that ended by itself is whole; of one that was stopped or lost it is a beginning.
pub(super) async fn log_is_right(
    store: &dyn Store,
    attempt: &AttemptState,
    expected: &Output,
    cap: Option<u64>,
) -> Verdict {
    let id = attempt.id;
    let mut bytes: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    let mut total = 0;
    let page = loop {
        let page = store.read_log(id, LogFrom::Offset(total), 1 << 20).await.map_err(|e| e.to_string())?;
        for chunk in &page.chunks {
            bytes.entry(chunk.stream.as_str()).or_default().extend_from_slice(&chunk.bytes);
        }
        if page.next_offset == total {
            break page;
        }
        total = page.next_offset;
    };
    let end = attempt.end.as_ref().ok_or("no end")?;
    let cut_off = end.status == Status::Cancelled || end.reason == Some(Reason::RunnerLost);
    let never_opened = cut_off && !attempt.began && total == 0;
    ensure(never_opened || page.end.is_some_and(|e| e.bytes == total), || {
        format!("the log of {id} is not whole: {page:?}")
    })?;

    let whole = attempt.stop.is_none() && matches!(end.reason, None | Some(Reason::ExitCode | Reason::Signal));
    let cap = cap.unwrap_or(u64::MAX);
    let (mut missing, mut kept) = (0, 0);
    for (stream, raw) in [(StreamKind::Stdout, &expected.stdout), (StreamKind::Stderr, &expected.stderr)] {
        let expected = masked(raw);
        let stored = bytes.remove(stream.as_str()).unwrap_or_default();
        let said = if attempt.stop.is_some() { without_last_words(&stored, &expected) } else { &stored };
        kept += stored.len() as u64;
        missing += expected.len().saturating_sub(said.len()) as u64;
        // Of a log with a cap, how much is missing is looked at below.
        let right =
            if whole && attempt.began && cap == u64::MAX { said == expected } else { expected.starts_with(said) };
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        ensure(right, || {
            format!(
                "{} of {id} ({end:?}) is\n{:?}\nwhere it should be\n{:?}",
                stream.as_str(),
                text(&stored),
                text(&expected)
            )
        })?;
    }
    ensure(kept <= cap, || format!("the log of {id} has {kept} bytes of output, {cap} is the most"))?;
    let dropped = page.end.map_or(0, |end| end.dropped);
    ensure(!whole || !attempt.began || dropped == missing, || {
        format!("{missing} bytes are missing in the log of {id}, {dropped} are said to be")
    })?;
    let marked = bytes.remove(StreamKind::System.as_str()).unwrap_or_default();
    let markers = memchr::memmem::find_iter(&marked, "further bytes of the job's output").count();
    ensure(markers == usize::from(dropped > 0), || format!("{markers} markers for {dropped} bytes in the log of {id}"))
}

/// What a script said before it was stopped: its last words may have been cut by a cap.
fn without_last_words<'a>(stored: &'a [u8], expected: &[u8]) -> &'a [u8] {
    let words = b"cleaning up\n";
    let cut = (1..=words.len()).rev().filter_map(|length| stored.strip_suffix(&words[..length]));
    cut.into_iter().find(|said| expected.starts_with(said)).unwrap_or(stored)
}

fn masked(raw: &[u8]) -> Vec<u8> {
    let mut masker = Masker::new(Needles::new([&Secret::new(SECRET)]));
    let mut out = Vec::new();
    masker.feed(raw, &mut out);
    masker.finish(&mut out);
    out
}

async fn nothing_to_claim(evidence: &Evidence<'_>) -> Verdict {
    let runner = RunnerInfo {
        instance: InstanceId::new("another"),
        labels: Vec::new(),
        driving: Vec::new(),
        lease: Duration::from_secs(30),
    };
    let claim = evidence.store.claim(&runner, None).await.map_err(|e| e.to_string())?;
    ensure(claim.is_none(), || format!("still to be claimed: {claim:?}"))
}
