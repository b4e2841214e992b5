//! How long things may take where nothing fails but the jobs themselves.
//!
//! Where something crashes, is unavailable or hangs, the time that costs is the fault's own: such scenarios are not held
//! against these bounds, only against the end of all patience.

use std::time::Duration;

use crate::schedule::{AttemptState, CancelLevel, PipelineState};
use crate::testkit::simulator::evidence::{Evidence, Verdict, ensure};
use crate::testkit::simulator::scenario::LONGEST_PREPARATION;

/// For one look at the store, which comes every second, and some room.
const ROOM: Duration = Duration::from_millis(1_500);

/// Attempts end by their timeout, cancels reach their end.
pub(super) fn in_time(evidence: &Evidence<'_>, state: &PipelineState) -> Verdict {
    if !evidence.scenario.is_calm() {
        return Ok(());
    }
    for attempt in state.jobs.iter().flat_map(|j| &j.attempts) {
        attempt_in_time(evidence, attempt)?;
    }
    let longest_grace = evidence.scenario.plan.jobs.iter().map(|j| j.grace).max().unwrap_or_default();
    for (at, level) in &evidence.scenario.cancels {
        let grace = if *level == CancelLevel::Kill { Duration::ZERO } else { longest_grace };
        let over = evidence.over_after;
        ensure(over <= *at + grace + ROOM, || format!("over only after {over:?}, {level:?} cancel after {at:?}"))?;
    }
    Ok(())
}

fn attempt_in_time(evidence: &Evidence<'_>, attempt: &AttemptState) -> Verdict {
    let planned = &evidence.scenario.plan.jobs[attempt.id.job.get()];
    let ended_at = attempt.ended_at.ok_or("no end")?;
    let prepared = attempt.started_at.unwrap_or(ended_at).since(attempt.created_at);
    ensure(prepared <= LONGEST_PREPARATION + ROOM, || format!("{} was made ready for {prepared:?}", attempt.id))?;
    let ran = attempt.started_at.map(|at| ended_at.since(at)).unwrap_or_default();
    ensure(ran <= planned.timeout + planned.grace + ROOM, || {
        format!("{} ran for {ran:?}: timeout {:?}, grace {:?}", attempt.id, planned.timeout, planned.grace)
    })
}
