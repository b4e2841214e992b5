//! Each rule can be broken, and is then named.

use super::{deployment, release_id};
use crate::deploy::machine::invariants::broken_by;
use crate::deploy::machine::{
    Change, ChangeKind, DeploymentKind, DeploymentSpec, DeploymentState, Fault, Path, Step, StepFacts, StepResult,
};
use crate::status::{DeploymentEnd, DeploymentReason as Reason, DeploymentStatus as Status};
use crate::time::Timestamp;

fn began(step: Step, number: u32) -> ChangeKind {
    ChangeKind::StepBegan { step, number }
}

fn done(step: Step) -> Vec<ChangeKind> {
    let result = StepResult::Done(StepFacts::default());
    vec![began(step, 1), ChangeKind::StepEnded { step, result }]
}

fn failed(step: Step) -> Vec<ChangeKind> {
    let result = StepResult::Failed(Fault::new(Reason::UpFailed, "no"));
    vec![began(step, 1), ChangeKind::StepEnded { step, result }]
}

fn concluded(status: Status, reason: Option<Reason>) -> ChangeKind {
    ChangeKind::Concluded { end: DeploymentEnd { status, reason, detail: None } }
}

fn turned(path: Path, restore: bool) -> ChangeKind {
    ChangeKind::TurnedBack { path, restore: restore.then(|| release_id(1)) }
}

fn over(status: Status, reason: Option<Reason>) -> Vec<ChangeKind> {
    let end = DeploymentEnd { status, reason, detail: None };
    vec![concluded(status, reason), ChangeKind::Ended { end }]
}

fn check(kind: DeploymentKind, story: &[Vec<ChangeKind>]) -> Option<&'static str> {
    let spec = DeploymentSpec { kind, ..DeploymentSpec::new() };
    let changes: Vec<_> =
        story.concat().into_iter().map(|kind| Change { at: Timestamp::from_micros(1), kind }).collect();
    broken_by(&spec, &DeploymentState::new(deployment()), &changes, false)
}

#[test]
fn each_is_named_where_it_is_broken() {
    let new = |story: &[Vec<ChangeKind>]| check(DeploymentKind::New, story);
    let start = || vec![ChangeKind::Started];
    let locked = || [start(), done(Step::Lock)].concat();
    let user = Some(Reason::User);
    let no = Some(Reason::UpFailed);
    let table = [
        (new(&[locked(), done(Step::Up), done(Step::Verify), vec![concluded(Status::Success, None)]]), None),
        (new(&[locked(), vec![concluded(Status::Success, None)]]), Some("says what is")),
        (new(&[locked(), done(Step::Up), vec![concluded(Status::Cancelled, user)]]), Some("says what is")),
        (new(&[locked(), vec![concluded(Status::RolledBack, no)]]), Some("says what is")),
        (new(&[locked(), vec![concluded(Status::Unknown, no)]]), Some("says what is")),
        (new(&[start(), vec![began(Step::Up, 1)]]), Some("holds the lock")),
        (new(&[locked(), vec![began(Step::Up, 1), began(Step::Verify, 1)]]), Some("takes one step at a time")),
        (new(&[locked(), vec![began(Step::Pull, 1), began(Step::Pull, 3)]]), Some("takes one step at a time")),
        (new(&[locked(), vec![began(Step::Up, 1), began(Step::Up, 2)]]), Some("repeats what may be repeated")),
        (new(&[locked(), vec![began(Step::Pull, 1), began(Step::Pull, 2)]]), None),
        (new(&[locked(), done(Step::Up), vec![began(Step::Pull, 1)]]), Some("keeps to the way")),
        (new(&[locked(), vec![began(Step::RestoreUp, 1)]]), Some("keeps to the way")),
        (new(&[locked(), failed(Step::Pull), vec![turned(Path::Rollback, true)]]), Some("turns the right way")),
        (new(&[locked(), failed(Step::Up), vec![turned(Path::Undo, false)]]), Some("turns the right way")),
        (new(&[locked(), vec![turned(Path::Undo, false), turned(Path::Undo, false)]]), Some("turns back once")),
        (new(&[locked(), over(Status::Failed, no)]), Some("unlocks what it knows")),
        (new(&[start(), over(Status::Failed, no)]), None),
        (new(&[start(), over(Status::Failed, no), start()]), Some("comes before the end")),
        (new(&[locked(), vec![concluded(Status::Failed, no), began(Step::Pull, 1)]]), Some("comes before the verdict")),
        (new(&[locked(), done(Step::Unlock)]), Some("comes before the verdict")),
        (
            check(DeploymentKind::Earlier(release_id(1)), &[start(), vec![began(Step::Publish, 1)]]),
            Some("has its kind's steps"),
        ),
        (new(&[locked(), vec![began(Step::Load, 1)]]), Some("has its kind's steps")),
    ];
    for (row, (found, wanted)) in table.into_iter().enumerate() {
        assert_eq!(found, wanted, "row {row}");
    }
}
