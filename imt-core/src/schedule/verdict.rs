//! The verdict over a pipeline whose jobs have all ended.

use crate::plan::Plan;
use crate::schedule::state::PipelineState;
use crate::status::{End, Reason, Status};

/// How the pipeline ends. *Cancelled* outweighs *failed* (which is certain), that outweighs *errored*; a job that allows
/// failure never counts; a pipeline none of whose jobs had to run is *skipped*. The reason and exit code are those of the
/// first job, in order, that has the deciding status.
pub(super) fn verdict(plan: &Plan, state: &PipelineState) -> End {
    for status in [Status::Cancelled, Status::Failed, Status::Errored] {
        let deciding = plan
            .jobs
            .iter()
            .zip(&state.jobs)
            .find(|(planned, job)| job.status == status && (!planned.allow_failure || status == Status::Cancelled));
        if let Some((planned, job)) = deciding {
            return explain(&planned.name, status, job.end.as_ref());
        }
    }
    let ran = state.jobs.iter().any(|job| job.status != Status::Skipped);
    if ran || state.jobs.is_empty() { End::success() } else { End::because(Status::Skipped, Reason::When) }
}

fn explain(job: &str, status: Status, end: Option<&End>) -> End {
    let reason = end.and_then(|e| e.reason).unwrap_or(Reason::Internal);
    if status == Status::Cancelled {
        return End::because(status, reason);
    }
    let exit_code = end.and_then(|e| e.exit_code);
    let mut detail = match (reason, exit_code) {
        (Reason::ExitCode, Some(code)) => format!("job `{job}` ended with exit code {code}"),
        _ => format!("job `{job}` {status}: {reason}"),
    };
    if let Some(more) = end.and_then(|e| e.detail.as_deref()) {
        detail.push_str("; ");
        detail.push_str(more);
    }
    End { status, reason: Some(reason), exit_code, detail: Some(detail) }
}
