//! A pipeline that is over, as a new one. Pure.

use super::model::{Plan, Selection};
use crate::id::CommitId;
use crate::schedule::PipelineState;
use crate::status::{Reason, Status};

/// The label that no runner has: of what a process runs by itself.
pub const OWN_LABEL: &str = "imt:run";

/// Why a pipeline cannot be run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAgain {
    /// It still goes on.
    #[error("it is not over")]
    NotOver,
    /// Its files are those of a directory as it was: there is nowhere to take them from.
    #[error("it ran on files that are of no commit")]
    NoCommit,
    /// No job is left that did not succeed.
    #[error("no job of it is left that did not succeed")]
    NothingFailed,
}

/// The plan of a pipeline that is over, for runners to run once more: all of it, or without the jobs that succeeded.
///
/// # Errors
/// When it cannot be.
pub fn again(mut plan: Plan, state: &PipelineState, only_failed: bool) -> Result<Plan, NotAgain> {
    if !state.status.is_terminal() {
        return Err(NotAgain::NotOver);
    }
    if plan.trigger.commit == CommitId::none() {
        return Err(NotAgain::NoCommit);
    }
    plan.runs_on.retain(|label| label != OWN_LABEL);
    if only_failed {
        leave_out_successes(&mut plan, state);
        if plan.jobs.iter().all(|job| job.selection != Selection::Run) {
            return Err(NotAgain::NothingFailed);
        }
    }
    Ok(plan)
}

fn leave_out_successes(plan: &mut Plan, state: &PipelineState) {
    for (job, stands) in plan.jobs.iter_mut().zip(&state.jobs) {
        if stands.status == Status::Success {
            job.selection = Selection::Skip(Reason::NotSelected);
        }
    }
}
