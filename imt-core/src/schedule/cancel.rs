//! What a request to end a pipeline adds to it: the one rule of all stores.
//!
//! Knows no claim, only whether somebody holds the pipeline.

use std::sync::Arc;

use crate::plan::Plan;
use crate::schedule::{CancelLevel, Change, ChangeKind, Input, Machine, PipelineState};
use crate::status::{Reason, Status};
use crate::time::Timestamp;

/// The changes that a request adds: the request itself unless a cancel at least as strong is recorded, and where nobody holds
/// the pipeline and nothing of it has begun, everything up to its end. None when it is over.
pub fn cancel_changes(
    plan: &Plan,
    state: &PipelineState,
    is_held: bool,
    (level, reason): (CancelLevel, Reason),
    at: Timestamp,
) -> Vec<Change> {
    let mut changes = Vec::new();
    if state.status.is_terminal() {
        return changes;
    }
    if state.cancel.is_none_or(|(recorded, _)| recorded < level) {
        changes.push(Change { at, kind: ChangeKind::CancelRequested { level, reason } });
    }
    if state.status == Status::Pending && !is_held {
        let mut state = state.clone();
        for change in &changes {
            state.apply(change);
        }
        let mut machine = Machine::new(Arc::new(plan.clone()), state, 1);
        changes.extend(machine.handle(Input::CalledOff, at).changes);
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{CommitId, PipelineId, ProjectName};
    use crate::pipeline::{TriggerEvent, read};
    use crate::plan::{CommitNote, Trigger, build};
    use crate::status::End;

    const CANCEL: (CancelLevel, Reason) = (CancelLevel::Graceful, Reason::Superseded);

    fn plan() -> Plan {
        let spec = read(b"jobs: {a: {script: [x]}, b: {script: [x]}}", "pipeline.yml").spec.unwrap();
        let trigger = Trigger {
            event: TriggerEvent::Manual,
            repository: None,
            commit: CommitId::none(),
            branch: None,
            variables: Vec::new(),
            only_jobs: Vec::new(),
            note: CommitNote::default(),
        };
        build(&spec, &ProjectName::new("p"), trigger).unwrap()
    }

    fn fold(state: &PipelineState, changes: &[Change]) -> PipelineState {
        let mut state = state.clone();
        for change in changes {
            state.apply(change);
        }
        state
    }

    #[test]
    fn what_nobody_holds_and_has_not_begun_is_over_at_once() {
        let plan = plan();
        let state = PipelineState::new(PipelineId::generate(), &plan);
        let at = Timestamp::from_micros(7);
        let over = fold(&state, &cancel_changes(&plan, &state, false, CANCEL, at));
        let cancelled = End::because(Status::Cancelled, Reason::Superseded);
        assert_eq!((over.status, &over.verdict), (Status::Cancelled, &Some(cancelled.clone())));
        assert_eq!((over.started_at, over.ended_at), (None, Some(at)), "it was never taken up");
        assert!(over.jobs.iter().all(|job| job.end.as_ref() == Some(&cancelled)));
        assert_eq!(cancel_changes(&plan, &over, false, (CancelLevel::Kill, Reason::User), at), [], "it is over");
    }

    #[test]
    fn what_somebody_holds_or_has_begun_is_only_asked_to_end() {
        let plan = plan();
        let waiting = PipelineState::new(PipelineId::generate(), &plan);
        let at = Timestamp::from_micros(7);
        let begun = fold(&waiting, &[Change { at, kind: ChangeKind::PipelineStarted }]);
        for (state, is_held) in [(&waiting, true), (&begun, true), (&begun, false)] {
            let changes = cancel_changes(&plan, state, is_held, CANCEL, at);
            let (level, reason) = CANCEL;
            assert_eq!(changes, [Change { at, kind: ChangeKind::CancelRequested { level, reason } }]);
            let asked = fold(state, &changes);
            assert_eq!(cancel_changes(&plan, &asked, is_held, CANCEL, at), [], "it is asked already");
            assert_eq!(cancel_changes(&plan, &asked, is_held, (CancelLevel::Kill, Reason::User), at).len(), 1);
        }
    }

    #[test]
    fn what_was_asked_to_end_while_somebody_held_it_ends_when_asked_again() {
        let plan = plan();
        let waiting = PipelineState::new(PipelineId::generate(), &plan);
        let at = Timestamp::from_micros(7);
        let asked = fold(&waiting, &cancel_changes(&plan, &waiting, true, CANCEL, at));
        let over = fold(&asked, &cancel_changes(&plan, &asked, false, (CancelLevel::Graceful, Reason::User), at));
        assert_eq!((over.status, over.cancel), (Status::Cancelled, Some(CANCEL)));
    }
}
