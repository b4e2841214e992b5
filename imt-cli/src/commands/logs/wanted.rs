//! Whose logs are meant.

use imt_core::id::{AttemptId, JobIndex};
use imt_core::plan::Plan;
use imt_core::schedule::PipelineState;

use crate::error::{CliError, Result};

/// One job or all, one attempt or the latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) job: Option<JobIndex>,
    pub(super) attempt: Option<u32>,
}

impl Wanted {
    /// By the job's name and the attempt's number.
    pub(super) fn of(plan: &Plan, job: Option<&str>, attempt: Option<u32>) -> Result<Self> {
        let Some(name) = job else { return Ok(Self { job: None, attempt }) };
        let place = plan.jobs.iter().position(|job| job.name == name).and_then(|place| u32::try_from(place).ok());
        let place = place.ok_or_else(|| {
            let names: Vec<_> = plan.jobs.iter().map(|job| format!("`{}`", job.name)).collect();
            CliError::usage(format!("the pipeline has no job `{name}`"))
                .help(format!("its jobs are {}", names.join(", ")))
        })?;
        Ok(Self { job: Some(JobIndex(place)), attempt })
    }

    /// Whether this attempt is one of those meant, whichever comes after it.
    pub(super) fn includes(self, attempt: AttemptId) -> bool {
        self.job.is_none_or(|job| job == attempt.job) && self.attempt.is_none_or(|number| number == attempt.number)
    }

    /// The attempts that are there, one of each job, in the order of the jobs.
    pub(super) fn among(self, plan: &Plan, state: &PipelineState) -> Result<Vec<AttemptId>> {
        let jobs = state.jobs.iter().map(|job| {
            let mut attempts = job.attempts.iter().map(|attempt| attempt.id).filter(|attempt| self.includes(*attempt));
            attempts.next_back()
        });
        let found: Vec<_> = jobs.flatten().collect();
        match (self.attempt, self.job) {
            (Some(number), Some(job)) if found.is_empty() => {
                let there = state.job(job).map_or(0, |job| job.attempts.len());
                let help = format!("it has had {there} so far");
                Err(CliError::usage(format!("job `{}` has no attempt {number}", plan.job(job).name)).help(help))
            }
            (Some(number), None) if found.is_empty() => Err(CliError::usage(format!("no job has an attempt {number}"))
                .help("`imt show` has the attempts of each job")),
            _ => Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use imt_core::id::PipelineId;
    use imt_core::schedule::{Change, ChangeKind};
    use imt_core::time::Timestamp;

    use super::*;
    use crate::testing::plan_of;

    fn story() -> (Plan, PipelineState) {
        let plan = plan_of("jobs: { a: { script: x }, b: { script: x }, c: { script: x } }");
        let mut state = PipelineState::new(PipelineId::generate(), &plan);
        for (job, number) in [(0, 1), (1, 1), (1, 2)] {
            let attempt = AttemptId { pipeline: state.id, job: JobIndex(job), number };
            state.apply(&Change { at: Timestamp::default(), kind: ChangeKind::AttemptCreated { attempt } });
        }
        (plan, state)
    }

    fn among(job: Option<&str>, attempt: Option<u32>) -> Result<Vec<(u32, u32)>> {
        let (plan, state) = story();
        let found = Wanted::of(&plan, job, attempt)?.among(&plan, &state)?;
        Ok(found.iter().map(|attempt| (attempt.job.0, attempt.number)).collect())
    }

    #[test]
    fn the_latest_attempt_of_each_job_unless_said_otherwise() {
        assert_eq!(among(None, None).unwrap(), [(0, 1), (1, 2)]);
        assert_eq!(among(None, Some(1)).unwrap(), [(0, 1), (1, 1)]);
        assert_eq!(among(Some("b"), None).unwrap(), [(1, 2)]);
        assert_eq!(among(Some("b"), Some(1)).unwrap(), [(1, 1)]);
        assert_eq!(among(Some("c"), None).unwrap(), [], "it has not begun");
    }

    #[test]
    fn what_is_not_there_is_said_with_what_is() {
        let error = among(Some("d"), None).unwrap_err();
        assert!(error.help.unwrap().contains("`a`, `b`, `c`"));
        let error = among(Some("b"), Some(3)).unwrap_err();
        assert_eq!(error.message, "job `b` has no attempt 3");
        assert!(among(None, Some(9)).is_err());
    }
}
