//! Cases that the matrix has no place for: waiting for the lock, being superseded, late answers, what is left to do.

use std::sync::Arc;
use std::time::Duration;

use super::drive::{Drive, Trouble, World};
use super::host::Portion;
use super::{deployment, release_id};
use crate::deploy::machine::{
    Answer, Change, ChangeKind, Decision, DeploymentSpec, DeploymentState, Effect, Input, Machine, Path, Step,
    StepFacts, Ticket, cancel_changes, steps_left,
};
use crate::status::{DeploymentEnd, DeploymentReason as Reason, DeploymentStatus as Status};
use crate::time::Timestamp;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_micros(1_000_000 * (seconds + 1))
}

/// A machine whose lock has been asked for.
fn at_the_lock(lock_wait: Option<Duration>) -> (Machine, Ticket) {
    let spec = DeploymentSpec { lock_wait, ..DeploymentSpec::new() };
    let mut machine = Machine::new(Arc::new(spec), DeploymentState::new(deployment()));
    let mut decision = machine.handle(Input::Claimed, at(0));
    while let [Effect::Perform(ticket)] = decision.effects[..] {
        if ticket.step == Step::Lock {
            return (machine, ticket);
        }
        decision = machine.handle(Input::Answered(ticket, Answer::Done(StepFacts::default())), at(0));
    }
    panic!("the lock was not asked for: {decision:?}");
}

fn held(ticket: Ticket) -> Input {
    Input::Answered(ticket, Answer::Held { holder: "deployment 7 of ann".into() })
}

fn kinds(decision: &Decision) -> Vec<&ChangeKind> {
    decision.changes.iter().map(|change| &change.kind).collect()
}

#[test]
fn a_held_target_is_refused_at_once_or_waited_for() {
    let (mut machine, ticket) = at_the_lock(None);
    let decision = machine.handle(held(ticket), at(1));
    let verdict = machine.state().verdict.clone().unwrap();
    assert_eq!((machine.state().status, verdict.reason), (Status::Failed, Some(Reason::Locked)));
    assert!(verdict.detail.unwrap().contains("deployment 7 of ann"));
    assert_eq!(decision.effects, [], "a lock that another one holds is not removed");

    let (mut machine, mut ticket) = at_the_lock(Some(Duration::from_secs(12)));
    let mut now = at(0);
    let mut tries = 0;
    while !machine.state().status.is_terminal() {
        tries += 1;
        let decision = machine.handle(held(ticket), now);
        let waits = matches!(kinds(&decision)[..], [ChangeKind::Waiting { .. }]);
        assert_eq!(waits, tries == 1, "who holds it is told once");
        if machine.state().status.is_terminal() {
            break;
        }
        now = machine.deadline().unwrap();
        if let [Effect::Perform(again)] = machine.handle(Input::Tick, now).effects[..] {
            ticket = again;
        }
    }
    let verdict = machine.state().verdict.clone().unwrap();
    assert_eq!((verdict.reason, now, tries), (Some(Reason::Locked), at(12), 3));
}

#[test]
fn a_lock_that_becomes_free_is_taken() {
    let (mut machine, ticket) = at_the_lock(Some(Duration::from_mins(1)));
    let _ = machine.handle(held(ticket), at(0));
    let decision = machine.handle(Input::Tick, at(5));
    let [Effect::Perform(again)] = decision.effects[..] else { panic!("{decision:?}") };
    assert_eq!(again, Ticket { step: Step::Lock, number: 2 });
    let decision = machine.handle(Input::Answered(again, Answer::Done(StepFacts::default())), at(5));
    assert_eq!((decision.effects.len(), &machine.state().waits_for), (1, &None));
    assert_eq!(machine.state().step.unwrap().step, Step::Preflight);
}

#[test]
fn what_a_dead_deployment_left_is_closed_first() {
    let (mut machine, ticket) = at_the_lock(None);
    let facts = StepFacts { took_over: vec![deployment()], ..StepFacts::default() };
    let _ = machine.handle(Input::Answered(ticket, Answer::Done(facts)), at(1));
    assert_eq!(machine.state().step.unwrap().step, Step::Close);
}

#[test]
fn a_newer_deployment_supersedes_one_that_waits_and_none_that_runs() {
    let (mut machine, ticket) = at_the_lock(Some(Duration::from_mins(1)));
    let _ = machine.handle(held(ticket), at(0));
    let mut running = machine.clone();
    let changes = cancel_changes(machine.spec(), machine.state(), true, Reason::Superseded, at(1));
    assert_eq!(changes.len(), 1);
    let _ = machine.handle(Input::CancelRecorded(Reason::Superseded), at(1));
    let cancelled = DeploymentEnd::because(Status::Cancelled, Reason::Superseded);
    assert_eq!(machine.state().verdict, Some(cancelled));

    let [Effect::Perform(again)] = running.handle(Input::Tick, at(5)).effects[..] else { panic!() };
    let _ = running.handle(Input::Answered(again, Answer::Done(StepFacts::default())), at(5));
    assert_eq!(cancel_changes(running.spec(), running.state(), true, Reason::Superseded, at(6)), []);
    let late = running.handle(Input::CancelRecorded(Reason::Superseded), at(6));
    assert_eq!((late, running.state().status), (Decision::default(), Status::Deploying));
    assert_eq!(cancel_changes(running.spec(), running.state(), true, Reason::User, at(7)).len(), 1);
    let stopped = running.handle(Input::CancelRecorded(Reason::User), at(7));
    assert!(matches!(stopped.effects[..], [Effect::Stop(_)]), "a person's word counts in every phase: {stopped:?}");
}

#[test]
fn what_nobody_has_taken_up_ends_at_once() {
    let (spec, state) = (DeploymentSpec::new(), DeploymentState::new(deployment()));
    let changes = cancel_changes(&spec, &state, false, Reason::Superseded, at(1));
    let mut over = state.clone();
    for change in &changes {
        over.apply(change);
    }
    assert_eq!((over.status, over.started_at), (Status::Cancelled, None));
    assert_eq!(cancel_changes(&spec, &over, false, Reason::User, at(2)), []);
    let asked = cancel_changes(&spec, &state, true, Reason::User, at(1));
    assert_eq!(asked, [Change { at: at(1), kind: ChangeKind::CancelRequested { reason: Reason::User } }]);
    let mut held = state;
    for change in &asked {
        held.apply(change);
    }
    let mut machine = Machine::new(Arc::new(spec), held);
    let decision = machine.handle(Input::Claimed, at(2));
    assert_eq!((decision.effects, machine.state().status), (vec![], Status::Cancelled));
}

#[test]
fn who_has_lost_the_lock_touches_nothing_any_more() {
    let (mut machine, ticket) = at_the_lock(None);
    let _ = machine.handle(Input::Answered(ticket, Answer::Done(StepFacts::default())), at(1));
    let under_way = machine.state().step.unwrap().ticket();
    let decision = machine.handle(Input::LockLost, at(2));
    assert_eq!(decision.effects, [Effect::Stop(under_way)], "no unlocking: it is another one's lock");
    let verdict = machine.state().verdict.clone().unwrap();
    assert_eq!((verdict.status, verdict.reason), (Status::Unknown, Some(Reason::LockLost)));
    assert_eq!(machine.handle(Input::LockLost, at(3)), Decision::default());
    let mut before = Machine::new(Arc::new(DeploymentSpec::new()), DeploymentState::new(deployment()));
    let _ = before.handle(Input::Claimed, at(0));
    assert_eq!(before.handle(Input::LockLost, at(1)), Decision::default(), "it never had one");
}

#[test]
fn a_step_has_the_limit_that_was_asked_for() {
    let limits = [(Step::Resolve, Duration::from_secs(7))].into();
    let spec = DeploymentSpec { limits, ..DeploymentSpec::new() };
    let mut machine = Machine::new(Arc::new(spec), DeploymentState::new(deployment()));
    let _ = machine.handle(Input::Claimed, at(0));
    assert_eq!(machine.deadline(), Some(at(7)));
    let decision = machine.handle(Input::Tick, at(7));
    let [Effect::Stop(ticket)] = decision.effects[..] else { panic!("{decision:?}") };
    let fault = crate::deploy::machine::Fault::new(Reason::InvalidModel, "killed");
    let _ = machine.handle(Input::Answered(ticket, Answer::Failed(fault)), at(8));
    let verdict = machine.state().verdict.clone().unwrap();
    assert_eq!((verdict.status, verdict.reason), (Status::Failed, Some(Reason::Timeout)));
    assert_eq!(verdict.detail.as_deref(), Some("`resolve` took longer than 7s; killed"));
}

#[test]
fn an_answer_of_an_earlier_try_is_overtaken() {
    let (mut machine, ticket) = at_the_lock(None);
    let _ = machine.handle(Input::Answered(ticket, Answer::Unclear), at(0));
    let decision = machine.handle(Input::Tick, machine.deadline().unwrap());
    let [Effect::Perform(second)] = decision.effects[..] else { panic!("{decision:?}") };
    assert_eq!(machine.handle(Input::Answered(ticket, Answer::Unclear), at(2)), Decision::default());
    let _ = machine.handle(Input::Answered(second, Answer::Done(StepFacts::default())), at(2));
    assert_eq!(machine.handle(Input::Answered(second, Answer::Done(StepFacts::default())), at(3)), Decision::default());
}

#[test]
fn contact_is_sought_ever_more_patiently_until_the_limit() {
    let (mut machine, mut ticket) = at_the_lock(None);
    let mut waits = Vec::new();
    let mut now = at(0);
    while !machine.state().status.is_terminal() {
        let decision = machine.handle(Input::Answered(ticket, Answer::Unclear), now);
        assert_eq!(decision.changes.len(), usize::from(waits.is_empty()), "it is told once");
        let due = machine.deadline().unwrap();
        waits.push(due.since(now).as_secs());
        now = due;
        if let [Effect::Perform(again)] = machine.handle(Input::Tick, now).effects[..] {
            ticket = again;
        }
    }
    assert_eq!(waits, [1, 2, 4, 8, 15, 15, 15], "a minute in all");
    assert_eq!(machine.state().status, Status::Unknown);
}

const PLAIN: World = World {
    has_old: true,
    has_stranger: false,
    by_hand: false,
    hooks_before: false,
    hooks_after: None,
    hooks_on_rollback: false,
};

#[test]
fn a_failed_rollback_says_what_is_left_to_do() {
    let whole = Portion::Whole;
    let troubles = [(Step::Verify, Trouble::Fail(whole)), (Step::RestoreUp, Trouble::Fail(Portion::Nothing))];
    let end = Drive::new(PLAIN, &troubles).run();
    let left = steps_left(&end.spec, &end.committed);
    assert_eq!(left, [Step::RestoreUp, Step::RestoreVerify, Step::RestoreRemove]);
    let verdict = end.committed.verdict.unwrap();
    assert_eq!((verdict.status, verdict.reason), (Status::RollbackFailed, Some(Reason::Unhealthy)));
    assert_eq!(verdict.detail.as_deref(), Some("verify said no; then `restore_up` failed: restore_up said no"));
    assert!(steps_left(&end.spec, &Drive::new(PLAIN, &[]).run().committed).is_empty());
}

#[test]
fn the_way_back_builds_nothing_and_is_one_attempt() {
    let end = Drive::new(PLAIN, &[(Step::Verify, Trouble::Fail(Portion::Whole))]).run();
    let turned: Vec<_> = end
        .changes
        .iter()
        .filter_map(|change| match &change.kind {
            ChangeKind::TurnedBack { path, restore } => Some((*path, *restore)),
            _ => None,
        })
        .collect();
    assert_eq!(turned, [(Path::Rollback, Some(release_id(super::OLD)))]);
    let published = |kind: &ChangeKind| matches!(kind, ChangeKind::StepBegan { step: Step::Publish, .. });
    assert_eq!(end.changes.iter().filter(|change| published(&change.kind)).count(), 1, "the one of the way forward");
}

#[test]
fn without_a_registry_images_are_built_and_not_pulled() {
    let spec = DeploymentSpec { has_registry: false, ..DeploymentSpec::new() };
    let mut machine = Machine::new(Arc::new(spec), DeploymentState::new(deployment()));
    let mut decision = machine.handle(Input::Claimed, at(0));
    let mut steps = Vec::new();
    while let [Effect::Perform(ticket)] = decision.effects[..] {
        steps.push(ticket.step);
        decision = machine.handle(Input::Answered(ticket, Answer::Done(StepFacts::default())), at(0));
    }
    assert_eq!(machine.state().status, Status::Success);
    assert!(steps.contains(&Step::Publish) && !steps.contains(&Step::Pull), "{steps:?}");
}
