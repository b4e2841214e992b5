//! How the services stand while their health is watched, as it is told to whoever follows.

use imt_core::deploy::health::{Outlook, ServiceState};
use imt_core::deploy::release::{ContentHash, ReleaseHead, ReleaseVerdict};
use imt_core::feed::{DeploymentFeed, DeploymentObservation, DeploymentPosition};
use imt_core::id::ReleaseId;
use imt_core::ports::LogFrom;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn starting(service: &str) -> ServiceStanding {
    let (service, state, outlook) = (service.to_owned(), ServiceState::Starting, Outlook::Pending);
    ServiceStanding { service, state, outlook, restarts: 0, exit_code: None, failed_checks: None, replicas: None }
}

fn healthy(service: &str) -> ServiceStanding {
    ServiceStanding { state: ServiceState::Healthy, outlook: Outlook::Well, ..starting(service) }
}

/// What was told of services, and the steps that ended, in order.
fn told(changes: &[Change]) -> Vec<String> {
    let line = |change: &Change| match &change.kind {
        ChangeKind::ServicesSeen { step, services } => {
            let services: Vec<String> = services.iter().map(ToString::to_string).collect();
            Some(format!("{step} sees {}", services.join(", ")))
        }
        ChangeKind::StepEnded { step, .. } if step.watches_health() => Some(format!("{step} ended")),
        ChangeKind::StepBegan { step, number } if step.watches_health() => Some(format!("{step} began, try {number}")),
        _ => None,
    };
    changes.iter().filter_map(line).collect()
}

#[tokio::test(start_paused = true)]
async fn services_are_seen_to_get_well_and_how_they_stood_last_is_kept() {
    let sights = vec![
        (vec![starting("web"), healthy("db")], SECOND * 3),
        (vec![starting("web"), healthy("db")], SECOND * 3),
        (vec![healthy("web"), healthy("db")], SECOND * 3),
    ];
    let (world, stage) = (world(), Stage::with([(Step::Verify, Script::Sees(sights))]));
    let outcome = world.deploy(&stage).await.unwrap();
    assert_eq!(outcome.end.status, DeploymentStatus::Success);
    let begins = "verify began, try 1";
    let expected = [begins, "verify sees web: starting, db: healthy", "verify sees web: healthy", "verify ended"];
    assert_eq!(told(&world.changes(outcome.id).await), expected);
    let stored = world.store.load(outcome.id).await.unwrap().state.watched.expect("it is kept");
    let last: Vec<String> = stored.services.iter().map(|seen| seen.standing.to_string()).collect();
    assert_eq!((stored.step, last), (Step::Verify, vec!["web: healthy".to_owned(), "db: healthy".to_owned()]));
    let page = DeploymentStore::read_log(&*world.store, outcome.id, LogFrom::Offset(0), 1 << 20).await.unwrap();
    let text = String::from_utf8(page.chunks.iter().flat_map(|chunk| chunk.bytes.to_vec()).collect()).unwrap();
    assert!(text.contains("verify …\n  web: starting\n  db: healthy\n  web: healthy\nverify: done"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn what_was_seen_in_the_last_moment_is_told_before_the_end() {
    let sights = vec![(vec![starting("web")], SECOND / 10), (vec![healthy("web")], Duration::ZERO)];
    let (world, stage) = (world(), Stage::with([(Step::Verify, Script::Sees(sights))]));
    let outcome = world.deploy(&stage).await.unwrap();
    let expected = ["verify began, try 1", "verify sees web: starting", "verify sees web: healthy", "verify ended"];
    assert_eq!(told(&world.changes(outcome.id).await), expected);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_flaps_is_told_once_a_second_at_most() {
    let flaps = (0..100).flat_map(|_| [starting("web"), healthy("web")]);
    let sights = flaps.map(|service| (vec![service], SECOND / 20)).collect();
    let (world, stage) = (world(), Stage::with([(Step::Verify, Script::Sees(sights))]));
    let outcome = world.deploy(&stage).await.unwrap();
    let changes = world.changes(outcome.id).await;
    let seen: Vec<Timestamp> = changes
        .iter()
        .filter(|change| matches!(change.kind, ChangeKind::ServicesSeen { .. }))
        .map(|change| change.at)
        .collect();
    let (_, before) = seen.split_last().unwrap();
    assert!(before.windows(2).all(|pair| pair[1].since(pair[0]) >= SECOND), "{seen:?}");
    assert!(seen.len() <= 12, "ten seconds of it: {seen:?}");
}

#[tokio::test(start_paused = true)]
async fn while_a_step_watches_whoever_follows_sees_it_live_and_another_life_begins_anew() {
    let sights = vec![(vec![starting("web")], SECOND)];
    let (world, stage) = (world(), Stage::with([(Step::Verify, Script::SeesAndHangs(sights))]));
    let id = DeploymentId::generate();
    let seen = async {
        let store = Arc::clone(&world.store) as Arc<dyn DeploymentStore>;
        let mut feed = DeploymentFeed::resume(store, id, DeploymentPosition::default());
        loop {
            // It is not there before it is accepted.
            match feed.next().await {
                Ok(Some(DeploymentObservation::Event(event)))
                    if matches!(event.change.kind, ChangeKind::ServicesSeen { .. }) =>
                {
                    break;
                }
                Ok(_) => {}
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    let new = NewDeployment { id, ..new() };
    tokio::select! {
        outcome = world.deployer.deploy(new, Arc::clone(&stage) as _) => panic!("it hangs: {outcome:?}"),
        () = seen => {}
    }
    let again = vec![(vec![starting("web")], SECOND), (vec![healthy("web")], SECOND)];
    stage.scripts().insert(Step::Verify, Script::Sees(again));
    let outcome = world.deployer.drive(id, Arc::clone(&stage) as _).await.unwrap();
    assert_eq!(outcome.end.status, DeploymentStatus::Success);
    let expected = [
        "verify began, try 1",
        "verify sees web: starting",
        "verify began, try 2",
        "verify sees web: starting",
        "verify sees web: healthy",
        "verify ended",
    ];
    assert_eq!(told(&world.changes(id).await), expected);
}

#[tokio::test(start_paused = true)]
async fn whoever_has_lost_the_claim_tells_nothing() {
    let sights = (0..50).map(|n| (vec![if n % 2 == 0 { starting("web") } else { healthy("web") }], SECOND)).collect();
    let (world, stage) = (world(), Stage::with([(Step::Verify, Script::SeesAndHangs(sights))]));
    let id = DeploymentId::generate();
    let new = NewDeployment { id, ..new() };
    let begun = tokio::time::Instant::now();
    let losing = async {
        while stage.steps().last() != Some(&Step::Verify) {
            stage.begun.notified().await;
        }
        let taken = DeploymentStore::claim(&*world.store, &claimant("one"), Some(id)).await.unwrap();
        taken.expect("a successor of the same instance takes over at once")
    };
    let (outcome, _successor) = tokio::join!(world.deployer.deploy(new, Arc::clone(&stage) as _), losing);
    assert!(matches!(outcome, Err(EngineError::ClaimLost(of)) if of == id.into()), "{outcome:?}");
    assert!(begun.elapsed() < LEASE, "whoever has lost the claim finds out by what it tells");
    let seen = world.changes(id).await;
    assert!(told(&seen).len() <= 2, "nothing is told without the claim: {:?}", told(&seen));
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_a_secret_is_not_told() {
    let (world, stage) =
        (world(), Stage::with([(Step::Verify, Script::Sees(vec![(vec![starting("hunter2-hunter2")], SECOND)]))]));
    stage.secrets.lock().unwrap().push(Secret::new("hunter2-hunter2"));
    let outcome = world.deploy(&stage).await.unwrap();
    let all = format!("{:?} {:?}", world.changes(outcome.id).await, world.store.load(outcome.id).await.unwrap());
    assert!(!all.contains("hunter2-hunter2"), "{all}");
    assert!(told(&world.changes(outcome.id).await).contains(&"verify sees ***: starting".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn on_the_way_back_the_old_services_are_seen_as_well() {
    let sees = |service: ServiceStanding| Script::Sees(vec![(vec![service], SECOND)]);
    let sick = ServiceStanding { outlook: Outlook::Failed, state: ServiceState::Unhealthy, ..starting("web") };
    let content = |name: &str| serde_json::from_str::<ContentHash>(&format!("\"{name}\"")).expect("it is a text");
    let good = ReleaseHead {
        id: ReleaseId::made_by(DeploymentId::generate()),
        commit: CommitId::new("a".repeat(40)),
        created_at: Timestamp::from_micros(1),
        content: content("old"),
        verdict: ReleaseVerdict::Good,
        judged_at: Timestamp::from_micros(1),
    };
    let (world, stage) = (
        world(),
        Stage::with([
            (Step::Snapshot, Script::Finds(StepFacts { releases: vec![good], ..StepFacts::default() })),
            (Step::Render, Script::Finds(StepFacts { content: Some(content("new")), ..StepFacts::default() })),
            (Step::Verify, Script::SeesAndFails(sick)),
            (Step::RestoreVerify, sees(healthy("web"))),
        ]),
    );
    let outcome = world.deploy(&stage).await.unwrap();
    assert_eq!(outcome.end.status, DeploymentStatus::RolledBack);
    let expected = [
        "verify began, try 1",
        "verify sees web: unhealthy",
        "verify ended",
        "restore_verify began, try 1",
        "restore_verify sees web: healthy",
        "restore_verify ended",
    ];
    assert_eq!(told(&world.changes(outcome.id).await), expected);
}
