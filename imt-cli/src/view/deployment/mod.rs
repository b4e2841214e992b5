//! A deployment as it is stored: one of a list, one with all that is known of it, and its log.
//!
//! `human` for people, `json` for programs, `words` for reasons; what is shown is given, nothing is asked of a store here.

mod human;
mod json;
mod transcript;
mod words;

use std::num::NonZeroU64;

use imt_core::deploy::machine::{ChangeKind, Step, StepResult};
use imt_core::id::InstanceId;
use imt_core::ports::{DeploymentEvent, DeploymentRecord};
use imt_core::time::Timestamp;

pub(crate) use human::{lines, page, plain, standing_mark, table};
pub(crate) use json::Record;
pub(crate) use transcript::Transcript;
pub(crate) use words::verdict;

/// A deployment with all that its store says of it.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) record: DeploymentRecord,
    /// Who is at it.
    pub(crate) holder: Option<InstanceId>,
    /// The number of the pipeline that led to it, while there is such a pipeline.
    pub(crate) pipeline_number: Option<NonZeroU64>,
    /// In the order in which they began.
    steps: Vec<StepRun>,
}

/// A step, by its last try.
#[derive(Debug)]
struct StepRun {
    step: Step,
    number: u32,
    began_at: Timestamp,
    end: Option<(Timestamp, StepResult)>,
}

impl Seen {
    /// What only lists tell of it are its holder and the number of the pipeline that led to it.
    pub(crate) fn new(
        record: DeploymentRecord,
        (holder, pipeline_number): (Option<InstanceId>, Option<NonZeroU64>),
        events: &[DeploymentEvent],
    ) -> Self {
        let mut steps: Vec<StepRun> = Vec::new();
        for change in events.iter().map(|event| &event.change) {
            match &change.kind {
                ChangeKind::StepBegan { step, number } => {
                    // What is begun again was not ended: its last try is what counts.
                    steps.pop_if(|run| run.step == *step && run.end.is_none());
                    steps.push(StepRun { step: *step, number: *number, began_at: change.at, end: None });
                }
                ChangeKind::StepEnded { step, result } => {
                    if let Some(run) = steps.iter_mut().rfind(|run| run.step == *step && run.end.is_none()) {
                        run.end = Some((change.at, result.clone()));
                    }
                }
                _ => {}
            }
        }
        Self { record, holder, pipeline_number, steps }
    }
}
