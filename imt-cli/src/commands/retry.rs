//! `imt retry`: a pipeline that is over, as a new one.

use imt_core::id::CommitId;
use imt_core::plan::{Plan, Selection};
use imt_core::schedule::PipelineState;
use imt_core::status::{Reason, Status};

use super::submit::{enqueue, tell};
use crate::args::RetryArgs;
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::planning::OWN_LABEL;
use crate::records;

pub(crate) async fn run(args: &RetryArgs) -> Result<Exit> {
    let found = records::find(&args.pipeline).await?;
    let (name, number) = (found.name(), found.record.number);
    if !found.record.state.status.is_terminal() {
        return Err(CliError::usage(format!("{name} is not over"))
            .help(format!("wait for its end, or ask for it with `imt cancel {number}`")));
    }
    let again = for_runners(found.record.plan).ok_or_else(|| {
        CliError::usage(format!("{name} ran on files that are of no commit"))
            .help("run it as it was begun, with `imt run`, or submit a commit")
    })?;
    let plan = if args.failed {
        without_successes(again, &found.record.state).ok_or_else(|| {
            CliError::usage(format!("no job of {name} is left that did not succeed"))
                .help("leave --failed out to run all of them")
        })?
    } else {
        again
    };
    let accepted = enqueue(&found.records, plan.clone(), None).await?;
    tell(&found.records, &plan, &accepted, args.output).await?;
    Ok(Exit::Success)
}

/// The plan as runners can take it, also one of `imt run`; `None` where there is no commit to take its files from.
fn for_runners(mut plan: Plan) -> Option<Plan> {
    plan.runs_on.retain(|label| label != OWN_LABEL);
    (plan.trigger.commit != CommitId::none()).then_some(plan)
}

/// The plan without the jobs that succeeded; `None` when nothing is left to run.
fn without_successes(mut plan: Plan, state: &PipelineState) -> Option<Plan> {
    for (job, stands) in plan.jobs.iter_mut().zip(&state.jobs) {
        if stands.status == Status::Success {
            job.selection = Selection::Skip(Reason::NotSelected);
        }
    }
    plan.jobs.iter().any(|job| job.selection == Selection::Run).then_some(plan)
}

#[cfg(test)]
mod tests {
    use imt_core::id::{JobIndex, PipelineId};
    use imt_core::schedule::{Change, ChangeKind};
    use imt_core::status::End;
    use imt_core::time::Timestamp;

    use super::*;
    use crate::testing::plan_of;

    fn left(ends: &[End]) -> Option<Vec<Selection>> {
        let plan = plan_of(
            "jobs: { a: { script: x }, b: { script: x, allow_failure: true }, c: { script: x }, d: { script: x, when: { event: [tag] } } }",
        );
        let mut state = PipelineState::new(PipelineId::generate(), &plan);
        for (job, end) in (0..).map(JobIndex).zip(ends) {
            state.apply(&Change { at: Timestamp::default(), kind: ChangeKind::JobEnded { job, end: end.clone() } });
        }
        Some(without_successes(plan, &state)?.jobs.iter().map(|job| job.selection).collect())
    }

    #[test]
    fn jobs_that_succeeded_are_left_out_and_all_others_stay_as_planned() {
        let failed = End::because(Status::Failed, Reason::ExitCode);
        let skipped = End::because(Status::Skipped, Reason::EarlierStageFailed);
        let unmatched = End::because(Status::Skipped, Reason::When);
        let (out, when) = (Selection::Skip(Reason::NotSelected), Selection::Skip(Reason::When));
        assert_eq!(
            left(&[End::success(), failed.clone(), skipped, unmatched.clone()]),
            Some(vec![out, Selection::Run, Selection::Run, when])
        );
        assert_eq!(left(&[End::success(), End::success(), End::success(), unmatched]), None);
    }
}
