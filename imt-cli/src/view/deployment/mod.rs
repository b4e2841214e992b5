//! A deployment as it is stored: one of a list, one with all that is known of it, and its log.
//!
//! `human` for people, `json` for programs, `words` for reasons; what is shown is given, nothing is asked of a store here.

mod human;
mod json;
mod transcript;
mod words;

use imt_core::deploy::machine::{ChangeKind, Step, StepResult};
use imt_core::id::InstanceId;
use imt_core::ports::{DeploymentEvent, DeploymentRecord};
use imt_core::time::Timestamp;

pub(crate) use human::{page, plain, table};
pub(crate) use json::Record;
pub(crate) use transcript::Transcript;
pub(crate) use words::verdict;

/// A deployment with all that its store says of it.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) record: DeploymentRecord,
    /// Who is at it.
    pub(crate) holder: Option<InstanceId>,
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
    pub(crate) fn new(record: DeploymentRecord, holder: Option<InstanceId>, events: &[DeploymentEvent]) -> Self {
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
        Self { record, holder, steps }
    }
}
