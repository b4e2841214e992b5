//! Which step comes next on each way.

use super::spec::{DeploymentKind, DeploymentSpec};
use super::state::DeploymentState;
use super::step::{Path, Step};
use crate::id::DeploymentId;

const FORWARD: &[Step] = &[
    Step::Resolve,
    Step::Publish,
    Step::Lock,
    Step::Close,
    Step::Preflight,
    Step::Snapshot,
    Step::Render,
    Step::Load,
    Step::Transfer,
    Step::Pull,
    Step::Install,
    Step::HooksBefore,
    Step::Clear,
    Step::Up,
    Step::RemoveOrphans,
    Step::Verify,
    Step::HooksAfter,
    Step::Commit,
];

const UNDO: &[Step] = &[Step::Withdraw, Step::PutBackContainers, Step::PutBackFiles];

const WITHDRAW: &[Step] = &[Step::Withdraw, Step::PutBackContainers, Step::PutBackFiles];

const ROLLBACK: &[Step] = &[
    Step::RestoreTransfer,
    Step::RestorePull,
    Step::RestoreInstall,
    Step::RestoreHooksBefore,
    Step::RestoreClear,
    Step::RestoreUp,
    Step::RestoreVerify,
    Step::RestoreHooksAfter,
    Step::RestoreRemove,
    Step::RestorePutBack,
];

pub(super) const fn way(path: Path) -> &'static [Step] {
    match path {
        Path::Forward => FORWARD,
        Path::Undo => UNDO,
        Path::Rollback => ROLLBACK,
        Path::Withdraw => WITHDRAW,
    }
}

/// Whether this deployment has this step on the way it takes.
pub(super) fn has(spec: &DeploymentSpec, state: &DeploymentState, step: Step) -> bool {
    let is_new = spec.kind == DeploymentKind::New;
    let hooks = is_new || spec.hooks_on_rollback;
    match step {
        Step::Resolve | Step::Publish | Step::Render => is_new,
        Step::Load => !is_new,
        Step::Close => !state.took_over.is_empty(),
        Step::Pull | Step::RestorePull => spec.has_registry,
        Step::HooksBefore => spec.hooks_before && hooks,
        Step::HooksAfter => spec.hooks_after.is_some() && hooks,
        Step::RestoreHooksBefore => spec.hooks_before && spec.hooks_on_rollback,
        Step::RestoreHooksAfter => spec.hooks_after.is_some() && spec.hooks_on_rollback,
        // What hooks needed was started beside what ran.
        Step::Withdraw => state.path == Path::Withdraw || state.begun.contains(&Step::HooksBefore),
        Step::PutBackContainers => state.begun.contains(&Step::Clear) || !state.set_aside.is_empty(),
        Step::PutBackFiles => state.begun.contains(&Step::Install),
        Step::RestorePutBack => !state.set_aside.is_empty(),
        _ => true,
    }
}

/// The first step of the way that is not done; `None` at its end.
pub(super) fn next(spec: &DeploymentSpec, state: &DeploymentState) -> Option<Step> {
    way(state.path).iter().copied().find(|step| !state.done.contains(step) && has(spec, state, *step))
}

/// The steps of a deployment that meets no trouble, in order: what is planned.
pub fn planned_steps(spec: &DeploymentSpec, id: DeploymentId) -> Vec<Step> {
    let state = DeploymentState::new(id);
    let mut steps: Vec<Step> = FORWARD.iter().copied().filter(|step| has(spec, &state, *step)).collect();
    steps.push(Step::Unlock);
    steps
}

/// The steps that a deployment whose way back failed has not done, in order: what is left to be done by hand. Empty for any
/// other.
pub fn steps_left(spec: &DeploymentSpec, state: &DeploymentState) -> Vec<Step> {
    if state.way_back_failure.is_none() {
        return Vec::new();
    }
    let open = |step: &Step| !state.done.contains(step) && has(spec, state, *step);
    way(state.path).iter().copied().filter(open).collect()
}
