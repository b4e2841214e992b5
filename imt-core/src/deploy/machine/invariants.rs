//! What holds of every deployment, whatever happens: named predicates over one state and one change.
//!
//! Written from the rules that users are told and not from the machine. Asserted of what is about to be committed, and by
//! the tests of everything that was.

use super::change::{Change, ChangeKind, StepResult};
use super::route::way;
use super::spec::DeploymentSpec;
use super::state::DeploymentState;
use super::step::{Path, Resume, Step};
use super::watched::MOST_TOLD;
use crate::status::{DeploymentEnd, DeploymentReason, DeploymentStatus};

/// Of a deployment that is over nothing more is told.
pub fn comes_before_the_end(state: &DeploymentState) -> bool {
    !state.status.is_terminal()
}

/// After the verdict there is nothing but unlocking, cancels that find nothing left to do, and the end.
pub fn comes_before_the_verdict(state: &DeploymentState, change: &ChangeKind) -> bool {
    match change {
        ChangeKind::CancelRequested { .. } => true,
        ChangeKind::Ended { end } => match &state.verdict {
            Some(verdict) => verdict == end,
            // Nobody had taken it up.
            None => state.status == DeploymentStatus::Pending && end.status == DeploymentStatus::Cancelled,
        },
        ChangeKind::StepBegan { step, .. }
        | ChangeKind::StepEnded { step, .. }
        | ChangeKind::StepStopping { step, .. }
        | ChangeKind::ContactLost { step }
        | ChangeKind::ServicesSeen { step, .. } => state.verdict.is_some() == (*step == Step::Unlock),
        _ => state.verdict.is_none(),
    }
}

/// One step at a time; another try of it has the next number, and only what may be repeated is tried again without being
/// known not to have begun.
pub fn takes_one_step_at_a_time(state: &DeploymentState, change: &ChangeKind) -> bool {
    match change {
        ChangeKind::StepBegan { step, number } => match &state.step {
            None => *number == 1 && !state.done.contains(step),
            Some(current) => current.step == *step && *number == current.number.saturating_add(1),
        },
        ChangeKind::StepEnded { step, .. }
        | ChangeKind::StepStopping { step, .. }
        | ChangeKind::ContactLost { step }
        | ChangeKind::ServicesSeen { step, .. } => state.step.is_some_and(|current| current.step == *step),
        ChangeKind::Waiting { .. } => state.step.is_some_and(|current| current.step == Step::Lock),
        ChangeKind::TurnedBack { .. } => state.step.is_none(),
        _ => true,
    }
}

/// Steps are those of the way taken, in its order.
pub fn keeps_to_the_way(state: &DeploymentState, change: &ChangeKind) -> bool {
    let ChangeKind::StepBegan { step, .. } = change else { return true };
    if *step == Step::Unlock {
        return true;
    }
    let way = way(state.path);
    let place = |wanted: &Step| way.iter().position(|step| step == wanted);
    place(step).is_some_and(|at| state.done.iter().filter_map(place).all(|done| done < at))
}

/// The way forward is left at most once: one rollback, no loop.
pub fn turns_back_once(state: &DeploymentState, change: &ChangeKind) -> bool {
    !matches!(change, ChangeKind::TurnedBack { .. }) || (state.path == Path::Forward && state.verdict.is_none())
}

/// Before `up` has begun there is nothing to roll back; from then on nothing is undone as if it had not begun.
pub fn turns_the_right_way(state: &DeploymentState, change: &ChangeKind) -> bool {
    let ChangeKind::TurnedBack { path, restore } = change else { return true };
    let has_begun = state.begun.contains(&Step::Up);
    match path {
        Path::Forward => false,
        Path::Undo => !has_begun && restore.is_none(),
        Path::Rollback => {
            has_begun && *restore == state.restore_target().map(|release| release.id) && restore.is_some()
        }
        Path::Withdraw => has_begun && restore.is_none() && state.restore_target().is_none(),
    }
}

/// Nothing on the target is changed by whoever does not hold its lock.
pub fn holds_the_lock(state: &DeploymentState, change: &ChangeKind) -> bool {
    let ChangeKind::StepBegan { step, .. } = change else { return true };
    !step.needs_lock() || *step == Step::Unlock || state.done.contains(&Step::Lock)
}

/// Each verdict says what is the case.
pub fn says_what_is(state: &DeploymentState, change: &ChangeKind) -> bool {
    let ChangeKind::Concluded { end: DeploymentEnd { status, reason, .. } } = change else { return true };
    let done = |step| state.done.contains(&step);
    let has_up_begun = state.begun.contains(&Step::Up);
    let is_cancel = matches!(reason, Some(DeploymentReason::User | DeploymentReason::Superseded));
    match status {
        DeploymentStatus::Pending | DeploymentStatus::Deploying => false,
        DeploymentStatus::Success => state.path == Path::Forward && done(Step::Verify) && reason.is_none(),
        DeploymentStatus::RolledBack => {
            state.path == Path::Rollback && done(Step::RestoreVerify) && state.restore.is_some()
        }
        DeploymentStatus::RollbackFailed => state.path != Path::Forward && state.way_back_failure.is_some(),
        DeploymentStatus::Cancelled => !has_up_begun && is_cancel,
        DeploymentStatus::Unknown => {
            matches!(reason, Some(DeploymentReason::ContactLost | DeploymentReason::LockLost))
        }
        DeploymentStatus::Failed => {
            let has_nothing_to_restore = has_up_begun && state.restore_target().is_none();
            let keeps_the_new = state.failure.as_ref().is_some_and(|failure| failure.step == Step::HooksAfter);
            reason.is_some() && (!has_up_begun || has_nothing_to_restore || keeps_the_new)
        }
    }
}

/// A deployment that knows what its target runs has tried to unlock it; one that does not has not.
pub fn unlocks_what_it_knows(state: &DeploymentState, change: &ChangeKind) -> bool {
    let ChangeKind::Ended { end } = change else { return true };
    let tried = state.begun.contains(&Step::Unlock);
    if end.status == DeploymentStatus::Unknown { !tried } else { tried || !state.may_hold_lock }
}

/// What must not run twice is begun again only where it is known that it has not begun; so such a change follows a look,
/// and comes alone or with what the look found.
pub fn repeats_what_may_be_repeated(state: &DeploymentState, change: &ChangeKind, looked: bool) -> bool {
    match (change, &state.step) {
        (ChangeKind::StepBegan { step, .. }, Some(current)) if current.step == *step => {
            looked || matches!(step.resume(), Resume::Repeat(_))
        }
        _ => true,
    }
}

/// What a step has found out is believed once.
pub fn gives_one_result(state: &DeploymentState, change: &ChangeKind) -> bool {
    let ChangeKind::StepEnded { step, result } = change else { return true };
    !(state.done.contains(step) && matches!(result, StepResult::Done(_)))
}

/// Of services only what is new is told, each once, and by a step that watches them.
pub fn tells_what_is_new(state: &DeploymentState, change: &ChangeKind) -> bool {
    let ChangeKind::ServicesSeen { step, services } = change else { return true };
    let watched = state.watched.as_ref().filter(|watched| watched.step == *step);
    step.watches_health()
        && !services.is_empty()
        && watched.is_some_and(|watched| watched.news(services).len() == services.len())
}

/// However often services change, it is told so often and no more; what a try has seen last is told with its end.
pub fn tells_no_more_than_it_may(state: &DeploymentState, change: &ChangeKind) -> bool {
    let ChangeKind::ServicesSeen { .. } = change else { return true };
    let tries = state.step.map_or(0, |current| current.number);
    state.watched.as_ref().is_some_and(|watched| watched.told < MOST_TOLD.saturating_add(tries))
}

/// The first rule that changes break, committed to a deployment that stands so; by its name. `looked` is whether they follow
/// the answer that the step was looked for and has not begun.
pub fn broken_by(
    spec: &DeploymentSpec,
    before: &DeploymentState,
    changes: &[Change],
    looked: bool,
) -> Option<&'static str> {
    let mut state = before.clone();
    for change in changes {
        let kind = &change.kind;
        let rules = [
            ("comes before the end", comes_before_the_end(&state)),
            ("comes before the verdict", comes_before_the_verdict(&state, kind)),
            ("takes one step at a time", takes_one_step_at_a_time(&state, kind)),
            ("keeps to the way", keeps_to_the_way(&state, kind)),
            ("turns back once", turns_back_once(&state, kind)),
            ("turns the right way", turns_the_right_way(&state, kind)),
            ("holds the lock", holds_the_lock(&state, kind)),
            ("says what is", says_what_is(&state, kind)),
            ("unlocks what it knows", unlocks_what_it_knows(&state, kind)),
            ("repeats what may be repeated", repeats_what_may_be_repeated(&state, kind, looked)),
            ("tells what is new", tells_what_is_new(&state, kind)),
            ("tells no more than it may", tells_no_more_than_it_may(&state, kind)),
            ("gives one result", gives_one_result(&state, kind)),
            ("has its kind's steps", has_its_steps(spec, kind)),
        ];
        if let Some((broken, _)) = rules.into_iter().find(|(_, holds)| !holds) {
            return Some(broken);
        }
        state.apply(change);
    }
    None
}

/// Nothing is built or pushed for a release that is put back, and no hook runs there unasked.
pub fn has_its_steps(spec: &DeploymentSpec, change: &ChangeKind) -> bool {
    let ChangeKind::StepBegan { step, .. } = change else { return true };
    let is_new = spec.kind == super::spec::DeploymentKind::New;
    match step {
        Step::Resolve | Step::Publish | Step::Render => is_new,
        Step::Load => !is_new,
        Step::HooksBefore | Step::HooksAfter => is_new || spec.hooks_on_rollback,
        Step::RestoreHooksBefore | Step::RestoreHooksAfter => spec.hooks_on_rollback,
        _ => true,
    }
}
