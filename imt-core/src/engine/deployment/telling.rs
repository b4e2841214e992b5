//! What is told of a deployment: its changes as lines of its log, answers of its steps without secrets.
//!
//! Pure; knows no store and no writer.

use std::time::Duration;

use crate::deploy::health::{ServiceFailure, ServiceStanding};
use crate::deploy::machine::{Answer, Change, ChangeKind, Fault, Path, StepFacts, StepResult, StepState, StopCause};
use crate::mask::{Masker, Needles};
use crate::status::DeploymentEnd;

/// What a step's begin is told by, once it is committed.
pub(super) fn begin(change: &Change) -> Option<String> {
    match change.kind {
        ChangeKind::StepBegan { step, number: 1 } => Some(format!("{step} …")),
        ChangeKind::StepBegan { step, number } => Some(format!("{step}, try {number} …")),
        _ => None,
    }
}

/// What is told of any other change, with the step that was under way before it.
pub(super) fn lines(change: &Change, under_way: Option<&StepState>) -> Vec<String> {
    match &change.kind {
        ChangeKind::Waiting { holder } => vec![format!("  waiting for the target: {holder} holds it")],
        ChangeKind::ContactLost { step } => {
            vec![format!("{step}: contact was lost; how it ended is being looked for")]
        }
        ChangeKind::ServicesSeen { services, .. } => services.iter().map(|service| format!("  {service}")).collect(),
        ChangeKind::StepStopping { step, cause: StopCause::Deadline } => {
            vec![format!("{step}: took longer than it may, and is being ended")]
        }
        ChangeKind::StepStopping { step, cause: StopCause::Cancel } => {
            vec![format!("{step}: is being ended, because the deployment is cancelled")]
        }
        ChangeKind::StepEnded { step, result } => {
            let began = under_way.filter(|current| current.step == *step).map(|current| current.began_at);
            let took = began.map_or(Duration::ZERO, |began| change.at.since(began)).as_secs_f64();
            match result {
                StepResult::Done(facts) => {
                    let warnings = facts.warnings.iter().map(|warning| format!("  warning: {warning}"));
                    warnings.chain([format!("{step}: done in {took:.1} s")]).collect()
                }
                StepResult::Failed(fault) => failed(&format!("{step}: failed after {took:.1} s"), fault),
                StepResult::NotBegun => vec![format!("{step}: not begun")],
            }
        }
        ChangeKind::TurnedBack { path, restore } => {
            let release = restore.map(|release| format!(" {release}")).unwrap_or_default();
            vec![match path {
                Path::Forward => "going forward".into(),
                Path::Undo => "going back: what was prepared is undone".into(),
                Path::Rollback => format!("going back to release{release}"),
                Path::Withdraw => "going back: there is no good release, so what was deployed is withdrawn".into(),
            }]
        }
        ChangeKind::Ended { end } => vec![ended(end)],
        ChangeKind::Started
        | ChangeKind::StepBegan { .. }
        | ChangeKind::CancelRequested { .. }
        | ChangeKind::Concluded { .. } => Vec::new(),
    }
}

/// An answer without secrets: what a step has to say for people comes from outside.
pub(super) fn masked(answer: Answer, needles: &Needles) -> Answer {
    let mask = |text: String| Masker::text(needles, &text);
    match answer {
        Answer::Done(facts) => {
            let warnings = facts.warnings.into_iter().map(mask).collect();
            Answer::Done(StepFacts { warnings, ..facts })
        }
        Answer::Failed(Fault { reason, detail, services }) => {
            let without = |service: ServiceFailure| ServiceFailure { error: service.error.map(mask), ..service };
            let services = services.into_iter().map(without).collect();
            Answer::Failed(Fault { reason, detail: mask(detail), services })
        }
        Answer::Held { holder } => Answer::Held { holder: mask(holder) },
        Answer::Unclear | Answer::NotBegun => answer,
    }
}

/// The same of what a step sees: a name may be a secret, too.
pub(super) fn masked_sight(services: Vec<ServiceStanding>, needles: &Needles) -> Vec<ServiceStanding> {
    let mask = |service: String| Masker::text(needles, &service);
    services.into_iter().map(|seen| ServiceStanding { service: mask(seen.service), ..seen }).collect()
}

fn failed(what: &str, fault: &Fault) -> Vec<String> {
    let services = fault.services.iter().map(|service| format!("  {service}"));
    [format!("{what} ({}): {}", fault.reason, fault.detail)].into_iter().chain(services).collect()
}

fn ended(end: &DeploymentEnd) -> String {
    let reason = end.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    let detail = end.detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
    format!("ended: {}{reason}{detail}", end.status)
}
