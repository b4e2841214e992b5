//! What a request to end a deployment adds to it: the one rule of all stores.

use std::sync::Arc;

use super::change::{Change, ChangeKind};
use super::decide::Machine;
use super::decision::Input;
use super::spec::DeploymentSpec;
use super::state::DeploymentState;
use crate::status::{DeploymentReason, DeploymentStatus};
use crate::time::Timestamp;

/// The changes that a request adds: the request itself unless one is recorded, and where nobody holds the deployment and it
/// has not begun, its end. None when it is over, and none when it would be superseded and is past its turn in the queue: a
/// newer deployment never ends a running one.
pub fn cancel_changes(
    spec: &DeploymentSpec,
    state: &DeploymentState,
    is_held: bool,
    reason: DeploymentReason,
    at: Timestamp,
) -> Vec<Change> {
    let mut changes = Vec::new();
    let is_late = reason == DeploymentReason::Superseded && !state.is_queued();
    if state.status.is_terminal() || is_late {
        return changes;
    }
    let is_weaker = |recorded| recorded == DeploymentReason::Superseded && reason != DeploymentReason::Superseded;
    if state.cancel.is_none_or(is_weaker) {
        changes.push(Change { at, kind: ChangeKind::CancelRequested { reason } });
    }
    if state.status == DeploymentStatus::Pending && !is_held {
        let mut state = state.clone();
        for change in &changes {
            state.apply(change);
        }
        let mut machine = Machine::new(Arc::new(spec.clone()), state);
        changes.extend(machine.handle(Input::CalledOff, at).changes);
    }
    changes
}
