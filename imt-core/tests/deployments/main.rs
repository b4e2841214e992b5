//! Deployments driven to their end over a store in memory, with steps that do what the test says.

mod late_store;
mod logs;
mod services;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use imt_core::deploy::health::ServiceStanding;
use imt_core::deploy::machine::{
    Answer, Change, ChangeKind, DeploymentKind, DeploymentSpec, Fault, Path, Step, StepFacts,
};
use imt_core::deploy::settings::{DeploymentSettings, Reach, TargetSettings};
use imt_core::engine::{Beat, Deployer, DeploymentOutcome, EngineError, Order, Steps};
use imt_core::id::{CommitId, DeploymentId, InstanceId, ProjectName};
use imt_core::ports::{Claimant, DeploymentRecord, DeploymentStore, EventId, NewDeployment, Note, Target};
use imt_core::secret::Secret;
use imt_core::status::{DeploymentReason, DeploymentStatus};
use imt_core::store::MemoryStore;
use imt_core::time::Timestamp;
use tokio::sync::Notify;

const LEASE: Duration = Duration::from_secs(30);

/// What a step does instead of being done.
#[derive(Clone)]
enum Script {
    Fails,
    Panics,
    /// It goes on until it is told to stop, then fails.
    LastsUntilStopped,
    /// It never answers.
    Hangs,
    /// It cannot say, so often, then it is done.
    Unclear(u32),
    /// Another deployment holds the target, so often, then it is done.
    Held(u32),
    /// It says this and is done.
    Says(Vec<Note>),
    /// It says this, and then never answers.
    SaysAndHangs(Vec<Note>),
    /// It learns of this secret, and fails with it in what it says.
    Betrays(Secret),
    /// It learns of this secret, says this, and is done.
    LearnsAndSays(Secret, Vec<Note>),
    /// It sees each of these for so long, and is done.
    Sees(Vec<(Vec<ServiceStanding>, Duration)>),
    /// It sees each of these for so long, and then never answers.
    SeesAndHangs(Vec<(Vec<ServiceStanding>, Duration)>),
    /// It sees this, and fails.
    SeesAndFails(ServiceStanding),
    /// It finds this out, and is done.
    Finds(StepFacts),
}

/// The steps, and what was asked of them.
#[derive(Default)]
struct Stage {
    scripts: Mutex<BTreeMap<Step, Script>>,
    asked: Mutex<Vec<(&'static str, Step)>>,
    beats: Mutex<u32>,
    lock_is_lost: Mutex<bool>,
    secrets: Mutex<Vec<Secret>>,
    begun: Notify,
}

impl Stage {
    fn with(scripts: impl IntoIterator<Item = (Step, Script)>) -> Arc<Self> {
        Arc::new(Self { scripts: Mutex::new(scripts.into_iter().collect()), ..Self::default() })
    }

    fn scripts(&self) -> MutexGuard<'_, BTreeMap<Step, Script>> {
        self.scripts.lock().expect("nobody panics with it")
    }

    fn asked(&self) -> Vec<(&'static str, Step)> {
        self.asked.lock().expect("nobody panics with it").clone()
    }

    fn steps(&self) -> Vec<Step> {
        self.asked().into_iter().map(|(_, step)| step).collect()
    }

    fn next_time(&self, step: Step, script: Option<Script>) {
        match script {
            Some(next) => self.scripts().insert(step, next),
            None => self.scripts().remove(&step),
        };
    }

    async fn play(&self, how: &'static str, order: &Order) -> Answer {
        let step = order.ticket.step;
        self.asked.lock().expect("nobody panics with it").push((how, step));
        let script = self.scripts().get(&step).cloned();
        self.begun.notify_one();
        let failed = |why: &str| Answer::Failed(Fault::new(DeploymentReason::UpFailed, why));
        match script {
            None => Answer::Done(StepFacts::default()),
            Some(Script::Fails) => failed("the test says so"),
            Some(Script::Panics) => panic!("the test says so"),
            Some(Script::Hangs) => std::future::pending().await,
            Some(Script::LastsUntilStopped) => {
                order.stopped().await;
                failed("it was stopped")
            }
            Some(Script::Says(notes)) => {
                say(order, notes).await;
                Answer::Done(StepFacts::default())
            }
            Some(Script::SaysAndHangs(notes)) => {
                say(order, notes).await;
                std::future::pending().await
            }
            Some(Script::Betrays(secret)) => {
                let fault = failed(&format!("the key is {}", secret.expose()));
                self.secrets.lock().expect("nobody panics with it").push(secret);
                fault
            }
            Some(Script::LearnsAndSays(secret, notes)) => {
                self.secrets.lock().expect("nobody panics with it").push(secret);
                say(order, notes).await;
                Answer::Done(StepFacts::default())
            }
            Some(Script::Sees(sights)) => {
                watch(order, sights).await;
                Answer::Done(StepFacts::default())
            }
            Some(Script::SeesAndHangs(sights)) => {
                watch(order, sights).await;
                std::future::pending().await
            }
            Some(Script::SeesAndFails(service)) => {
                order.sees(&[service]);
                failed("the test says so")
            }
            Some(Script::Finds(facts)) => Answer::Done(facts),
            Some(Script::Unclear(times)) => {
                self.next_time(step, (times > 1).then(|| Script::Unclear(times - 1)));
                Answer::Unclear
            }
            Some(Script::Held(times)) => {
                self.next_time(step, (times > 1).then(|| Script::Held(times - 1)));
                // The other one gives it back before this one asks again.
                *self.lock_is_lost.lock().expect("nobody panics with it") = times > 1;
                Answer::Held { holder: "deployment 7".to_owned() }
            }
        }
    }
}

async fn watch(order: &Order, sights: Vec<(Vec<ServiceStanding>, Duration)>) {
    for (services, time) in sights {
        order.sees(&services);
        tokio::time::sleep(time).await;
    }
}

async fn say(order: &Order, notes: Vec<Note>) {
    for note in notes {
        order.notes.say(note).await;
    }
}

#[async_trait]
impl Steps for Stage {
    async fn perform(&self, order: &Order) -> Answer {
        self.play("perform", order).await
    }

    async fn look(&self, order: &Order) -> Answer {
        self.play("look", order).await
    }

    fn secrets(&self) -> Arc<[Secret]> {
        self.secrets.lock().expect("nobody panics with it").as_slice().into()
    }

    async fn beat(&self, _record: &DeploymentRecord) -> Beat {
        *self.beats.lock().expect("nobody panics with it") += 1;
        if *self.lock_is_lost.lock().expect("nobody panics with it") { Beat::Lost } else { Beat::Held }
    }
}

fn claimant(instance: &str) -> Claimant {
    Claimant { instance: InstanceId::new(instance), driving: Vec::new(), lease: LEASE }
}

fn new() -> NewDeployment {
    NewDeployment {
        id: DeploymentId::generate(),
        target: Target {
            project: ProjectName::new("shop"),
            environment: "production".into(),
            host: "this host".into(),
        },
        commit: CommitId::new("c".repeat(40)),
        spec: DeploymentSpec { kind: DeploymentKind::New, ..DeploymentSpec::new() },
        settings: DeploymentSettings::new(String::new(), TargetSettings::new(Reach::Local)),
        pipeline: None,
        at: Timestamp::from_micros(1),
        idempotency_key: None,
    }
}

struct World {
    store: Arc<MemoryStore>,
    deployer: Deployer,
}

fn world() -> World {
    let store = Arc::new(MemoryStore::new());
    World { deployer: Deployer::new(Arc::clone(&store) as _, claimant("one")), store }
}

impl World {
    async fn deploy(&self, stage: &Arc<Stage>) -> Result<DeploymentOutcome, EngineError> {
        let (deployer, steps) = (self.deployer.clone(), Arc::clone(stage) as _);
        tokio::spawn(async move { deployer.deploy(new(), steps).await }).await.expect("no panic")
    }

    async fn changes(&self, id: DeploymentId) -> Vec<Change> {
        let events = self.store.events_after(id, EventId::default(), 1_000).await.expect("events_after");
        events.into_iter().map(|event| event.change).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_deployment_is_driven_step_by_step_to_its_end() {
    let (world, stage) = (world(), Stage::with([]));
    let outcome = world.deploy(&stage).await.unwrap();
    assert_eq!(outcome.end.status, DeploymentStatus::Success);
    let steps = stage.steps();
    assert!(steps.is_sorted() && steps.contains(&Step::Publish) && steps.last() == Some(&Step::Unlock), "{steps:?}");
    assert!(stage.asked().iter().all(|(how, _)| *how == "perform"));
    let changes = world.changes(outcome.id).await;
    let begun = |change: &Change| matches!(change.kind, ChangeKind::StepBegan { .. });
    assert_eq!(changes.iter().filter(|change| begun(change)).count(), steps.len(), "each was committed");
    assert!(matches!(changes.last().unwrap().kind, ChangeKind::Ended { .. }));
    assert_eq!(world.store.load(outcome.id).await.unwrap().state, outcome.state);
    assert_eq!(DeploymentStore::claim(&*world.store, &claimant("two"), None).await.unwrap(), None, "it is over");
}

#[tokio::test(start_paused = true)]
async fn what_fails_before_up_is_undone() {
    let (world, stage) = (world(), Stage::with([(Step::Clear, Script::Fails)]));
    let outcome = world.deploy(&stage).await.unwrap();
    assert_eq!((outcome.end.status, outcome.state.path), (DeploymentStatus::Failed, Path::Undo));
    let steps = stage.steps();
    assert!(!steps.contains(&Step::Up), "{steps:?}");
    assert!(steps.ends_with(&[Step::PutBackContainers, Step::PutBackFiles, Step::Unlock]), "{steps:?}");
}

#[tokio::test(start_paused = true)]
async fn a_step_that_panics_has_failed() {
    let (world, stage) = (world(), Stage::with([(Step::Pull, Script::Panics)]));
    let outcome = world.deploy(&stage).await.unwrap();
    assert_eq!((outcome.end.status, outcome.end.reason), (DeploymentStatus::Failed, Some(DeploymentReason::Internal)));
    assert!(outcome.end.detail.unwrap().contains("panicked in the step pull"));
}

#[tokio::test(start_paused = true)]
async fn contact_that_was_lost_is_sought_and_the_step_looked_for() {
    let (world, stage) = (world(), Stage::with([(Step::Up, Script::Unclear(3))]));
    let outcome = world.deploy(&stage).await.unwrap();
    assert_eq!(outcome.end.status, DeploymentStatus::Success);
    let of_up: Vec<_> = stage.asked().into_iter().filter(|(_, step)| *step == Step::Up).map(|(how, _)| how).collect();
    assert_eq!(of_up, ["perform", "look", "look", "look"], "two of them at once would fight");
}

#[tokio::test(start_paused = true)]
async fn a_cancel_reaches_the_step_under_way() {
    let (world, stage) = (world(), Stage::with([(Step::Publish, Script::LastsUntilStopped)]));
    let new = new();
    let id = new.id;
    let deploying = world.deployer.deploy(new, Arc::clone(&stage) as _);
    let cancelling = async {
        while stage.steps().last() != Some(&Step::Publish) {
            stage.begun.notified().await;
        }
        world.deployer.cancel(id).await.unwrap();
    };
    let (outcome, ()) = tokio::join!(deploying, cancelling);
    let outcome = outcome.unwrap();
    assert_eq!((outcome.end.status, outcome.end.reason), (DeploymentStatus::Cancelled, Some(DeploymentReason::User)));
    assert!(!stage.steps().contains(&Step::Up));
}

#[tokio::test(start_paused = true)]
async fn a_crash_in_up_is_gone_on_from_by_looking() {
    let (world, stage) = (world(), Stage::with([(Step::Up, Script::Hangs)]));
    let new = new();
    let id = new.id;
    let begun = async {
        while stage.steps().last() != Some(&Step::Up) {
            stage.begun.notified().await;
        }
    };
    tokio::select! {
        outcome = world.deployer.deploy(new, Arc::clone(&stage) as _) => panic!("it hangs: {outcome:?}"),
        () = begun => {}
    }
    stage.scripts().clear();
    let outcome = world.deployer.drive(id, Arc::clone(&stage) as _).await.unwrap();
    assert_eq!(outcome.end.status, DeploymentStatus::Success);
    let asked = stage.asked();
    assert_eq!(asked.iter().filter(|asked| **asked == ("perform", Step::Up)).count(), 1, "{asked:?}");
    assert_eq!(asked.iter().filter(|asked| **asked == ("look", Step::Up)).count(), 1, "{asked:?}");
    let again = world.deployer.drive(id, Arc::clone(&stage) as _).await.unwrap();
    assert_eq!((again.end, stage.asked()), (outcome.end, asked), "what is over is told and not driven");
}

#[tokio::test(start_paused = true)]
async fn whoever_loses_the_claim_stops() {
    let (world, stage) = (world(), Stage::with([(Step::Pull, Script::Hangs)]));
    let new = new();
    let id = new.id;
    let taking_over = async {
        while stage.steps().last() != Some(&Step::Pull) {
            stage.begun.notified().await;
        }
        let successor = DeploymentStore::claim(&*world.store, &claimant("one"), Some(id)).await.unwrap();
        successor.expect("a successor of the same instance takes over at once")
    };
    let (outcome, successor) = tokio::join!(world.deployer.deploy(new, Arc::clone(&stage) as _), taking_over);
    assert!(matches!(outcome, Err(EngineError::ClaimLost(of)) if of == id.into()), "{outcome:?}");
    DeploymentStore::renew(&*world.store, &successor).await.expect("the successor's claim is untouched");
    assert_eq!(stage.steps().last(), Some(&Step::Pull), "nothing follows");
}

#[tokio::test(start_paused = true)]
async fn the_lock_is_renewed_while_it_is_held_and_its_loss_ends_the_deployment() {
    let (world, stage) = (world(), Stage::with([(Step::Verify, Script::LastsUntilStopped)]));
    let losing = async {
        while *stage.beats.lock().unwrap() < 5 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        *stage.lock_is_lost.lock().unwrap() = true;
    };
    let (outcome, ()) = tokio::join!(world.deploy(&stage), losing);
    let outcome = outcome.unwrap();
    assert_eq!(outcome.end.status, DeploymentStatus::Unknown, "{outcome:?}");
    let beats = *stage.beats.lock().unwrap();
    tokio::time::sleep(Duration::from_mins(2)).await;
    assert_eq!(*stage.beats.lock().unwrap(), beats, "nobody renews what is over");
}

#[tokio::test(start_paused = true)]
async fn the_claim_that_the_last_commit_gives_back_is_not_lost() {
    let store = late_store::LateStore(Arc::new(MemoryStore::new()));
    let deployer = Deployer::new(Arc::new(store), claimant("one"));
    let outcome = deployer.deploy(new(), Stage::with([])).await.unwrap();
    assert_eq!(outcome.end.status, DeploymentStatus::Success, "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_is_waited_for_is_not_lost() {
    let (world, stage) = (world(), Stage::with([(Step::Lock, Script::Held(20))]));
    let new = NewDeployment {
        spec: DeploymentSpec { lock_wait: Some(Duration::from_mins(10)), ..DeploymentSpec::new() },
        ..new()
    };
    let outcome = world.deployer.deploy(new, Arc::clone(&stage) as _).await.unwrap();
    assert_eq!(outcome.end.status, DeploymentStatus::Success, "{outcome:?}");
    assert!(stage.steps().iter().filter(|step| **step == Step::Lock).count() > 20);
}

#[tokio::test(start_paused = true)]
async fn the_same_key_is_the_same_deployment() {
    let (world, stage) = (world(), Stage::with([]));
    let keyed = || NewDeployment { idempotency_key: Some("push-1".into()), ..new() };
    let first = world.deployer.deploy(keyed(), Arc::clone(&stage) as _).await.unwrap();
    let asked = stage.asked();
    let again = world.deployer.deploy(keyed(), Arc::clone(&stage) as _).await.unwrap();
    assert_eq!((again.id, again.end, stage.asked()), (first.id, first.end, asked));
}
