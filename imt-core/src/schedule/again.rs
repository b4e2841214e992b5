//! A pipeline that is over, as a new one. Pure.

use super::state::PipelineState;
use crate::id::CommitId;
use crate::plan::{OWN_LABEL, Plan, Selection};
use crate::status::{Reason, Status};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{JobIndex, PipelineId, ProjectName};
    use crate::pipeline::read;
    use crate::plan::{Trigger, build};
    use crate::schedule::{Change, ChangeKind};
    use crate::status::End;
    use crate::time::Timestamp;

    /// What is left of four jobs when some have ended so, and whether only those that did not succeed are wanted.
    fn selected_again(ends: &[End], only_failed: bool) -> Result<Vec<Selection>, NotAgain> {
        let file = "jobs: { a: { script: x }, b: { script: x, allow_failure: true }, c: { script: x }, d: { script: x, when: { event: [tag] } } }";
        let spec = read(file.as_bytes(), "pipeline.yml").spec.unwrap();
        let trigger =
            Trigger { commit: CommitId::new("0123456789abcdef0123456789abcdef01234567"), ..Trigger::manual() };
        let mut plan = build(&spec, &ProjectName::new("shop"), trigger).unwrap();
        plan.runs_on = vec!["gpu".to_owned(), OWN_LABEL.to_owned()];
        let mut state = PipelineState::new(PipelineId::from_uuid(uuid::Uuid::nil()), &plan);
        let mut apply = |kind| state.apply(&Change { at: Timestamp::default(), kind });
        for (job, end) in (0..).map(JobIndex).zip(ends) {
            apply(ChangeKind::JobEnded { job, end: end.clone() });
        }
        if ends.len() == 4 {
            apply(ChangeKind::PipelineEnded { end: End::because(Status::Failed, Reason::ExitCode) });
        }
        let again = again(plan, &state, only_failed)?;
        assert_eq!(again.runs_on, ["gpu"], "runners can take it");
        Ok(again.jobs.iter().map(|job| job.selection).collect())
    }

    #[test]
    fn jobs_that_succeeded_are_left_out_and_all_others_stay_as_planned() {
        let failed = End::because(Status::Failed, Reason::ExitCode);
        let skipped = End::because(Status::Skipped, Reason::EarlierStageFailed);
        let unmatched = End::because(Status::Skipped, Reason::When);
        let (out, when) = (Selection::Skip(Reason::NotSelected), Selection::Skip(Reason::When));
        let some = [End::success(), failed, skipped, unmatched.clone()];
        assert_eq!(selected_again(&some, true), Ok(vec![out, Selection::Run, Selection::Run, when]));
        assert_eq!(selected_again(&some, false), Ok(vec![Selection::Run, Selection::Run, Selection::Run, when]));
        let all = [End::success(), End::success(), End::success(), unmatched];
        assert_eq!(selected_again(&all, true), Err(NotAgain::NothingFailed));
        assert_eq!(selected_again(&some[..2], false), Err(NotAgain::NotOver));
    }
}
