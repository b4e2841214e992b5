//! For programs: an object a line. The fields are a promise; see `docs/cli.md`.

use imt_core::deploy::health::{ServiceFailure, ServiceStanding};
use imt_core::deploy::machine::{Change, ChangeKind, Path, Step, StepResult, StopCause};
use imt_core::id::{DeploymentId, ReleaseId};
use imt_core::status::DeploymentReason;
use imt_core::time::Timestamp;
use serde::Serialize;

use crate::error::Result;
use crate::output;

/// An object about a deployment under way.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    what: What<'a>,
    at: Timestamp,
    deployment: DeploymentId,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum What<'a> {
    DeploymentLog {
        line: &'a str,
    },
    DeploymentWaiting {
        holder: &'a str,
    },
    DeploymentTurnedBack {
        path: Path,
        #[serde(skip_serializing_if = "Option::is_none")]
        release: Option<ReleaseId>,
    },
    StepStarted {
        step: Step,
        r#try: u32,
    },
    StepLost {
        step: Step,
    },
    ServicesSeen {
        step: Step,
        services: &'a [ServiceStanding],
    },
    StepStopping {
        step: Step,
        cause: &'static str,
    },
    StepFinished {
        step: Step,
        status: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<DeploymentReason>,
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<&'a str>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        services: &'a [ServiceFailure],
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        warnings: &'a [String],
    },
}

pub(super) fn log(deployment: DeploymentId, line: &str, at: Timestamp) -> Result<String> {
    output::json_line(&Told { what: What::DeploymentLog { line }, at, deployment })
}

/// Nothing of what the end says itself.
pub(super) fn change(deployment: DeploymentId, change: &Change) -> Result<String> {
    let what = match &change.kind {
        ChangeKind::StepBegan { step, number } => What::StepStarted { step: *step, r#try: *number },
        ChangeKind::Waiting { holder } => What::DeploymentWaiting { holder },
        ChangeKind::ContactLost { step } => What::StepLost { step: *step },
        ChangeKind::ServicesSeen { step, services } => What::ServicesSeen { step: *step, services },
        ChangeKind::StepStopping { step, cause } => What::StepStopping {
            step: *step,
            cause: match cause {
                StopCause::Deadline => "deadline",
                StopCause::Cancel => "cancel",
            },
        },
        ChangeKind::StepEnded { step, result } => finished(*step, result),
        ChangeKind::TurnedBack { path, restore } => What::DeploymentTurnedBack { path: *path, release: *restore },
        ChangeKind::Started
        | ChangeKind::CancelRequested { .. }
        | ChangeKind::Concluded { .. }
        | ChangeKind::Ended { .. } => return Ok(String::new()),
    };
    output::json_line(&Told { what, at: change.at, deployment })
}

fn finished(step: Step, result: &StepResult) -> What<'_> {
    let (status, reason, detail) = match result {
        StepResult::Done(_) => ("done", None, None),
        StepResult::NotBegun => ("not_begun", None, None),
        StepResult::Failed(fault) => ("failed", Some(fault.reason), Some(fault.detail.as_str())),
    };
    let services = if let StepResult::Failed(fault) = result { fault.services.as_slice() } else { &[] };
    let warnings = if let StepResult::Done(facts) = result { facts.warnings.as_slice() } else { &[] };
    What::StepFinished { step, status, reason, detail, services, warnings }
}
