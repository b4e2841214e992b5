//! What is told of the services while their health is watched: only what is new, not too often, and without any weight.

use std::sync::Arc;
use std::time::Duration;

use super::drive::{Drive, World};
use super::rules::check;
use super::{deployment, drive};
use crate::deploy::health::{OutOf, Outlook, ServiceStanding, ServiceState};
use crate::deploy::machine::{
    Answer, Change, ChangeKind, Decision, DeploymentSpec, DeploymentState, Effect, Fault, Input, MOST_TOLD,
    MOST_WATCHED, Machine, Step, StepFacts, Ticket, Watched,
};
use crate::status::DeploymentReason;
use crate::time::Timestamp;

fn at(millis: u64) -> Timestamp {
    Timestamp::from_micros(1_000_000_000 + millis * 1_000)
}

fn stands(service: &str, state: ServiceState, outlook: Outlook) -> ServiceStanding {
    let service = service.to_owned();
    ServiceStanding { service, state, outlook, restarts: 0, exit_code: None, failed_checks: None, replicas: None }
}

fn starting(service: &str, failed: u64) -> ServiceStanding {
    let failed_checks = (failed > 0).then_some(OutOf { count: failed, of: 3 });
    ServiceStanding { failed_checks, ..stands(service, ServiceState::Starting, Outlook::Pending) }
}

fn well(service: &str) -> ServiceStanding {
    stands(service, ServiceState::Healthy, Outlook::Well)
}

/// A deployment that stands in this step, with the changes that led to it.
fn in_step(step: Step) -> (Machine, Ticket) {
    let mut machine = Machine::new(Arc::new(DeploymentSpec::new()), DeploymentState::new(deployment()));
    let mut effects = machine.handle(Input::Claimed, at(0)).effects;
    loop {
        let [Effect::Perform(ticket)] = effects[..] else { panic!("{effects:?}") };
        if ticket.step == step {
            return (machine, ticket);
        }
        effects = machine.handle(Input::Answered(ticket, Answer::Done(StepFacts::default())), at(0)).effects;
    }
}

fn told(decision: &Decision) -> Vec<Vec<ServiceStanding>> {
    let of = |change: &Change| match &change.kind {
        ChangeKind::ServicesSeen { services, .. } => Some(services.clone()),
        _ => None,
    };
    decision.changes.iter().filter_map(of).collect()
}

#[test]
fn only_services_that_stand_otherwise_are_told() {
    let (mut machine, ticket) = in_step(Step::Verify);
    let mut sees = |millis, services| told(&machine.handle(Input::Seen(ticket, services), at(millis)));
    assert_eq!(sees(0, vec![starting("web", 0), well("db")]), [[starting("web", 0), well("db")]]);
    assert_eq!(sees(1_000, vec![starting("web", 0), well("db")]).len(), 0, "all is as it was");
    assert_eq!(sees(2_000, vec![starting("web", 2), well("db")]), [[starting("web", 2)]]);
    assert_eq!(sees(3_000, vec![well("web"), well("db")]), [[well("web")]]);
    let watched = machine.state().watched.as_ref().unwrap();
    let since: Vec<_> = watched.services.iter().map(|seen| (seen.standing.service.as_str(), seen.since)).collect();
    assert_eq!((since, watched.told), (vec![("web", at(3_000)), ("db", at(0))], 3));
}

#[test]
fn what_comes_too_often_is_told_once_a_second_as_it_stands_then() {
    let (mut machine, ticket) = in_step(Step::Verify);
    let patience = machine.deadline();
    assert_eq!(told(&machine.handle(Input::Seen(ticket, vec![starting("web", 0)]), at(0))).len(), 1);
    assert_eq!(machine.deadline(), patience, "nothing more is to be told");
    for failed in 1..=3 {
        let decision = machine.handle(Input::Seen(ticket, vec![starting("web", failed)]), at(100 * failed));
        assert_eq!(decision, Decision::default());
    }
    assert_eq!(machine.deadline(), Some(at(1_000)));
    assert_eq!(machine.handle(Input::Tick, at(999)), Decision::default());
    assert_eq!(told(&machine.handle(Input::Tick, at(1_000))), [[starting("web", 3)]]);
    assert_eq!(machine.deadline(), patience);
    // One that is as it was told by then is not told again.
    let _ = machine.handle(Input::Seen(ticket, vec![well("web")]), at(1_100));
    let _ = machine.handle(Input::Seen(ticket, vec![starting("web", 3)]), at(1_200));
    assert_eq!(machine.handle(Input::Tick, at(2_000)), Decision::default());
    assert_eq!(machine.deadline(), patience);
}

#[test]
fn how_they_stood_last_is_told_with_the_end() {
    for answer in [Answer::Done(StepFacts::default()), Answer::Failed(Fault::new(DeploymentReason::Unhealthy, "no"))] {
        let (mut machine, ticket) = in_step(Step::Verify);
        let _ = machine.handle(Input::Seen(ticket, vec![starting("web", 0), well("db")]), at(0));
        let _ = machine.handle(Input::Seen(ticket, vec![starting("web", 3), well("db")]), at(500));
        let decision = machine.handle(Input::Answered(ticket, answer), at(500));
        assert_eq!(told(&decision), [[starting("web", 3)]]);
        assert!(matches!(decision.changes[1].kind, ChangeKind::StepEnded { step: Step::Verify, .. }), "{decision:?}");
        assert_eq!(machine.state().watched.as_ref().unwrap().services.len(), 2, "it is kept");
    }
}

#[test]
fn a_service_that_goes_up_and_down_for_hours_is_told_so_often_and_then_only_at_the_end() {
    let (mut machine, ticket) = in_step(Step::Verify);
    let flaps = |second: u64| vec![if second.is_multiple_of(2) { well("web") } else { starting("web", 1) }];
    let mut times = Vec::new();
    for second in 0..20_000 {
        if !told(&machine.handle(Input::Seen(ticket, flaps(second)), at(second * 1_000))).is_empty() {
            times.push(second);
        }
    }
    assert_eq!(u32::try_from(times.len()).unwrap(), MOST_TOLD);
    let pauses: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(
        pauses[..98].iter().all(|pause| *pause == 1) && pauses[100..].iter().all(|pause| *pause >= 30),
        "{pauses:?}"
    );
    let enough = times.last().unwrap() > &Step::Verify.limit().as_secs();
    assert!(enough, "it is told until the step's time is over: {times:?}");
    let last = machine.state().watched.clone().unwrap();
    let seen = if last.services[0].standing == well("web") { starting("web", 1) } else { well("web") };
    let _ = machine.handle(Input::Seen(ticket, vec![seen.clone()]), at(20_000_000));
    let decision = machine.handle(Input::Answered(ticket, Answer::Done(StepFacts::default())), at(20_000_000));
    assert_eq!(told(&decision), [[seen]]);
}

#[test]
fn another_life_begins_anew_and_counts_on() {
    let (mut machine, ticket) = in_step(Step::Verify);
    let _ = machine.handle(Input::Seen(ticket, vec![starting("web", 0)]), at(0));
    let mut next = Machine::new(Arc::clone(machine.spec()), machine.state().clone());
    let [Effect::Perform(again)] = next.handle(Input::Claimed, at(5_000)).effects[..] else { panic!() };
    let none = Watched { step: Step::Verify, told: 1, services: Vec::new() };
    assert_eq!(next.state().watched, Some(none), "what was seen before is not what is");
    let late = next.handle(Input::Seen(ticket, vec![well("web")]), at(5_100));
    assert_eq!(late, Decision::default(), "what an earlier try saw is overtaken");
    assert_eq!(told(&next.handle(Input::Seen(again, vec![starting("web", 0)]), at(5_200))), [[starting("web", 0)]]);
    assert_eq!(next.state().watched.as_ref().unwrap().told, 2);
}

#[test]
fn a_step_that_watches_nothing_tells_nothing() {
    let (mut machine, ticket) = in_step(Step::Up);
    assert_eq!(machine.handle(Input::Seen(ticket, vec![well("web")]), at(0)), Decision::default());
    assert_eq!(machine.state().watched, None);
}

#[test]
fn of_very_many_services_the_first_are_told_and_of_one_that_is_there_twice_the_first() {
    let (mut machine, ticket) = in_step(Step::Verify);
    let many = (0..1_000).map(|number| well(&format!("s{number}")));
    let services = [well("twice"), starting("twice", 1)].into_iter().chain(many).collect();
    let told = told(&machine.handle(Input::Seen(ticket, services), at(0))).concat();
    assert_eq!((told.len(), &told[0], &told[1]), (MOST_WATCHED - 1, &well("twice"), &well("s0")));
}

#[test]
fn what_is_seen_decides_nothing() {
    for has_old in [true, false] {
        for troubles in [vec![], vec![(Step::Verify, drive::Trouble::Fail(super::host::Portion::Whole))]] {
            let world = World {
                has_old,
                has_stranger: false,
                by_hand: false,
                hooks_before: false,
                hooks_after: None,
                hooks_on_rollback: false,
            };
            let (seeing, blind) = (Drive::new(world, &troubles).run(), Drive::new(world, &troubles).blind().run());
            check(&seeing);
            let all_but_seen = |changes: &[Change]| -> Vec<ChangeKind> {
                let kinds = changes.iter().map(|change| change.kind.clone());
                kinds.filter(|kind| !matches!(kind, ChangeKind::ServicesSeen { .. })).collect()
            };
            assert!(seeing.changes.len() > blind.changes.len());
            assert_eq!(all_but_seen(&seeing.changes), all_but_seen(&blind.changes));
            assert_eq!(seeing.host, blind.host);
        }
    }
}

/// What a step sees in the random tests, as often as it is asked.
pub(super) fn sights(number: u32) -> Vec<ServiceStanding> {
    let number = u64::from(number);
    let web = if number.is_multiple_of(3) { well("web") } else { starting("web", number % 3) };
    vec![web, if number.is_multiple_of(5) { starting("db", 1) } else { well("db") }]
}

/// From one look to the next, in the random tests.
pub(super) const LOOKS: Duration = Duration::from_millis(400);
