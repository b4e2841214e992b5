//! What holds of every pipeline, whatever happens: named predicates over one state or one change.
//!
//! Written from the rules that users are told and not from the machine. The engine asserts them of what it is about to
//! commit, the simulator of what was committed: the same code.

use crate::id::JobIndex;
use crate::pipeline::RetryCause;
use crate::plan::Plan;
use crate::schedule::change::{Change, ChangeKind};
use crate::schedule::state::{AttemptPhase, AttemptState, JobState, PipelineState};

/// Of a pipeline that is over nothing more is told.
pub fn comes_before_the_end(state: &PipelineState) -> bool {
    !state.status.is_terminal()
}

/// After the verdict there is nothing but cancels, which find nothing left to do, and the end.
pub fn comes_before_the_verdict(state: &PipelineState, change: &ChangeKind) -> bool {
    let concludes = matches!(change, ChangeKind::CancelRequested { .. } | ChangeKind::PipelineEnded { .. });
    concludes == state.verdict.is_some() || matches!(change, ChangeKind::CancelRequested { .. })
}

/// An attempt has one result, and a job has one a round.
pub fn gives_one_result(state: &PipelineState, change: &ChangeKind) -> bool {
    match change {
        ChangeKind::AttemptEnded { attempt, .. } => state.attempt(*attempt).is_some_and(is_live),
        ChangeKind::JobEnded { job, .. } => {
            state.job(*job).is_some_and(|job| !job.status.is_terminal() && !job.attempts.iter().any(is_live))
        }
        _ => true,
    }
}

/// A job is tried when all earlier stages are over, in a workspace, beside no other try of it, and beside no more jobs than
/// may run side by side.
pub fn begins_in_its_turn(plan: &Plan, state: &PipelineState, change: &ChangeKind) -> bool {
    let ChangeKind::AttemptCreated { attempt } = change else { return true };
    let Some(job) = state.job(attempt.job) else { return false };
    let earlier = plan.stages.iter().take_while(|stage| !stage.jobs.contains(&attempt.job));
    let over = |job: &JobIndex| state.job(*job).is_some_and(|job| job.status.is_terminal());
    let others = state.jobs.iter().filter(|other| other.attempts.last().is_some_and(is_live)).count();
    state.workspace.is_some()
        && !job.status.is_terminal()
        && !job.attempts.last().is_some_and(is_live)
        && usize::try_from(attempt.number).ok() == Some(job.attempts.len() + 1)
        && earlier.flat_map(|stage| &stage.jobs).all(over)
        && u32::try_from(others).is_ok_and(|others| others < plan.concurrency.get())
}

/// An attempt is given its go once, while it is being made ready.
pub fn goes_once(state: &PipelineState, change: &ChangeKind) -> bool {
    let ChangeKind::AttemptStarted { attempt } = change else { return true };
    state.workspace.is_some() && state.attempt(*attempt).is_some_and(|a| a.phase == AttemptPhase::Preparing)
}

/// A pipeline starts over when nothing of it is under way and every job that had begun may be tried again when lost.
pub fn starts_over_by_leave(plan: &Plan, state: &PipelineState, change: &ChangeKind) -> bool {
    if *change != ChangeKind::StartedOver {
        return true;
    }
    plan.jobs.iter().zip(&state.jobs).all(|(planned, job)| {
        let begun = job.attempts.iter().filter(|attempt| attempt.has_begun()).count();
        let allowed = planned.retry.on.contains(&RetryCause::Lost);
        let tries_left = u32::try_from(begun).is_ok_and(|begun| begun <= planned.retry.max);
        !job.attempts.iter().any(is_live) && (begun == 0 || (allowed && tries_left))
    })
}

/// Only the last try of a job that has not ended is under way.
pub fn has_one_try_under_way(state: &PipelineState) -> bool {
    state.jobs.iter().all(|job| {
        let earlier = job.attempts.split_last().map_or(&[][..], |(_, earlier)| earlier);
        let live = job.attempts.iter().any(is_live);
        let over = job.status.is_terminal();
        !earlier.iter().any(is_live) && (!live || !over)
    })
}

/// With the verdict every job and every attempt is over.
pub fn leaves_nothing_under_way(state: &PipelineState) -> bool {
    let over = |job: &JobState| job.end.is_some() && job.status.is_terminal() && !job.attempts.iter().any(is_live);
    state.verdict.is_none() || state.jobs.iter().all(over)
}

/// The first rule that changes break, committed to a pipeline that stands so; by its name.
pub fn broken_by(plan: &Plan, before: &PipelineState, changes: &[Change]) -> Option<&'static str> {
    let mut state = before.clone();
    for change in changes {
        let kind = &change.kind;
        let rules = [
            ("comes before the end", comes_before_the_end(&state)),
            ("comes before the verdict", comes_before_the_verdict(&state, kind)),
            ("gives one result", gives_one_result(&state, kind)),
            ("begins in its turn", begins_in_its_turn(plan, &state, kind)),
            ("goes once", goes_once(&state, kind)),
            ("starts over by leave", starts_over_by_leave(plan, &state, kind)),
        ];
        if let Some((broken, _)) = rules.into_iter().find(|(_, holds)| !holds) {
            return Some(broken);
        }
        state.apply(change);
    }
    let rules = [
        ("has one try under way", has_one_try_under_way(&state)),
        ("leaves nothing under way", leaves_nothing_under_way(&state)),
    ];
    rules.into_iter().find(|(_, holds)| !holds).map(|(broken, _)| broken)
}

fn is_live(attempt: &AttemptState) -> bool {
    attempt.phase != AttemptPhase::Ended
}
