//! Working through the deployments of a store: claims what waits and drives several side by side.
//!
//! As with pipelines (`engine::work`), claims are made in tasks that nothing cuts short, and one that comes too late is given back.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until, timeout};

use super::deployer::{Deployer, DeploymentOutcome};
use super::equipment::Unequipped;
use super::follow_up::Deployments;
use super::steps::Steps;
use crate::deploy::machine::{Fault, Step};
use crate::engine::error::EngineError;
use crate::engine::handle::Engine;
use crate::engine::problem::chain;
use crate::engine::retry::until_available;
use crate::engine::shared::{GIVE_BACK_IN, Shared};
use crate::engine::task::of_this_process;
use crate::id::DeploymentId;
use crate::ports::{Bell, Claimant, DeploymentClaim, Listener, StoreError, StoreResult, Warn};
use crate::status::DeploymentReason;

/// How often the store is asked for deployments that nobody told us of: they are rare beside pipelines, and take minutes.
const POLL_EVERY: Duration = Duration::from_secs(5);
/// How long a deployment that could not be driven is left alone at first; each time twice as long.
const ASIDE_FIRST: Duration = Duration::from_secs(2);
const ASIDE_LONGEST: Duration = Duration::from_mins(5);

impl Engine {
    /// Drives [the deployments](crate::engine::EngineBuilder::deployments) that wait in the store, up to `capacity` at a time,
    /// until `stop` resolves: those of pipelines, those that others have accepted, and those whose process is gone, once its
    /// claim has run out. Then it takes up no more and finishes what is under way. Each end is handed to `ended`. One that
    /// cannot be driven is handed to `ended` as an error, left to others, and tried again at growing intervals.
    ///
    /// An engine that was given no deployments answers at once.
    ///
    /// # Errors
    /// The first [`EngineError::Store`] of a claim; deployments under way are finished first.
    pub async fn work_on_deployments(
        &self,
        capacity: NonZeroUsize,
        stop: impl Future<Output = ()>,
        mut ended: impl FnMut(Result<DeploymentOutcome, EngineError>),
    ) -> Result<(), EngineError> {
        let Some(deployments) = &self.shared.deployments else { return Ok(()) };
        let mut crew = Crew::new(Arc::clone(&self.shared), deployments.clone());
        let mut queue = deployments.store.bell().map(Bell::listen_to_queue);
        let mut failed = Ok(());
        tokio::pin!(stop);
        loop {
            let asks = !crew.asking && crew.jobs.len() < capacity.get();
            let (ask_at, told) = (crew.ask_at, crew.failures == 0);
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(done) = crew.jobs.join_next() => crew.done(done, &mut ended),
                Some(found) = crew.claims.join_next() => if let Err(error) = crew.found(found) {
                    failed = Err(error);
                    break;
                },
                () = time_to_ask(deployments, ask_at, told, queue.as_mut()), if asks => {
                    queue.iter_mut().for_each(Listener::rearm);
                    crew.ask();
                }
            }
        }
        while let Some(found) = crew.claims.join_next().await {
            // It came too late: somebody else may have it at once.
            if let Ok(Ok(Some((claim, _)))) = found {
                crew.driving.give_back(&claim).await;
            }
        }
        while let Some(done) = crew.jobs.join_next().await {
            crew.done(done, &mut ended);
        }
        failed
    }
}

/// Ends when the store is to be asked: after a while, or, where the last question was answered, as soon as somebody tells us.
async fn time_to_ask(deployments: &Deployments, ask_at: Instant, told: bool, queue: Option<&mut Listener>) {
    let rings = async {
        match queue {
            Some(queue) => queue.heard().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = sleep_until(ask_at) => {}
        () = deployments.accepted.notified(), if told => {}
        () = rings, if told => {}
    }
}

type Found = StoreResult<Option<(DeploymentClaim, Instant)>>;
type Done = (DeploymentId, Result<DeploymentOutcome, EngineError>);

/// A deployment that could not be driven.
struct Aside {
    until: Instant,
    pause: Duration,
}

struct Crew {
    driving: Arc<Driving>,
    jobs: JoinSet<Done>,
    claims: JoinSet<Found>,
    /// The store is being asked.
    asking: bool,
    ask_at: Instant,
    /// The last question failed this often in a row.
    failures: u32,
    under_way: Vec<DeploymentId>,
    aside: BTreeMap<DeploymentId, Aside>,
}

impl Crew {
    fn new(shared: Arc<Shared>, deployments: Deployments) -> Self {
        Self {
            driving: Arc::new(Driving { shared, deployments }),
            jobs: JoinSet::new(),
            claims: JoinSet::new(),
            asking: false,
            ask_at: Instant::now(),
            failures: 0,
            under_way: Vec::new(),
            aside: BTreeMap::new(),
        }
    }

    fn ask(&mut self) {
        self.asking = true;
        let now = Instant::now();
        let aside = self.aside.iter().filter(|(_, aside)| aside.until > now).map(|(id, _)| *id);
        let claimant =
            Claimant { driving: self.under_way.iter().copied().chain(aside).collect(), ..self.driving.claimant() };
        let store = Arc::clone(&self.driving.deployments.store);
        self.claims.spawn(of_this_process(async move {
            let at = Instant::now();
            Ok(store.claim(&claimant, None).await?.map(|claim| (claim, at)))
        }));
    }

    fn found(&mut self, found: Result<Found, JoinError>) -> Result<(), EngineError> {
        self.asking = false;
        self.ask_at = Instant::now();
        let panicked = |error: JoinError| {
            Err(StoreError::Internal { message: "the claim panicked".into(), source: Some(Box::new(error)) })
        };
        match found.unwrap_or_else(panicked) {
            Ok(claimed) => {
                self.failures = 0;
                match claimed {
                    Some((claim, at)) => self.take_up(claim, at),
                    None => self.ask_at += POLL_EVERY,
                }
                Ok(())
            }
            Err(error) if error.is_retryable() => {
                self.driving.shared.warn(&format!("cannot claim a deployment: {}", chain(&error)));
                self.ask_at += Duration::from_millis(20 << self.failures.min(6));
                self.failures += 1;
                Ok(())
            }
            Err(error) => Err(EngineError::store("claim a deployment")(error)),
        }
    }

    fn take_up(&mut self, claim: DeploymentClaim, at: Instant) {
        let (id, driving) = (claim.deployment, Arc::clone(&self.driving));
        self.under_way.push(id);
        self.jobs.spawn(of_this_process(async move {
            let driven = AssertUnwindSafe(driving.drive(claim.clone(), at)).catch_unwind().await;
            let result = if let Ok(result) = driven {
                result
            } else {
                driving.give_back(&claim).await;
                Err(EngineError::DeploymentPanicked(id))
            };
            (id, result)
        }));
    }

    fn done(&mut self, done: Result<Done, JoinError>, ended: &mut impl FnMut(Result<DeploymentOutcome, EngineError>)) {
        match done {
            Ok((id, result)) => {
                self.under_way.retain(|other| *other != id);
                match &result {
                    Ok(_) => _ = self.aside.remove(&id),
                    Err(error) => self.set_aside(id, error),
                }
                ended(result);
            }
            // Panics of a driver are caught below it.
            Err(error) => {
                self.driving.shared.warn(&format!("a task that drives a deployment was torn down: {error}"));
            }
        }
        // There is a place now, and perhaps what waited for this one.
        self.ask_at = self.ask_at.min(Instant::now());
    }

    fn set_aside(&mut self, id: DeploymentId, error: &EngineError) {
        let now = Instant::now();
        self.aside.retain(|_, aside| aside.until + ASIDE_LONGEST > now);
        let known = self.aside.get(&id).map(|aside| aside.pause);
        if known.is_none() {
            let why = chain(error);
            self.driving.shared.warn(&format!("deployment {id} is set aside and tried again later: {why}"));
        }
        let pause = known.map_or(ASIDE_FIRST, |pause| (pause * 2).min(ASIDE_LONGEST));
        self.aside.insert(id, Aside { until: now + pause, pause });
    }
}

/// What drives claimed deployments.
struct Driving {
    shared: Arc<Shared>,
    deployments: Deployments,
}

impl Driving {
    fn claimant(&self) -> Claimant {
        let runner = &self.shared.runner;
        Claimant { instance: runner.instance.clone(), driving: Vec::new(), lease: runner.lease }
    }

    async fn drive(&self, claim: DeploymentClaim, at: Instant) -> Result<DeploymentOutcome, EngineError> {
        let (steps, deployer) = match self.steps(&claim).await {
            Ok(steps) => (steps, self.deployer()),
            Err(error) => {
                self.give_back(&claim).await;
                return Err(error);
            }
        };
        let outcome = deployer.drive_claimed(claim, at, Arc::clone(&steps)).await;
        steps.close().await;
        outcome
    }

    fn deployer(&self) -> Deployer {
        let shared = Arc::clone(&self.shared);
        Deployer::new(Arc::clone(&self.deployments.store), self.claimant())
            .log_cap_bytes(self.shared.log_cap_bytes)
            .on_warning(Warn::new(move |text| shared.warn(text)))
            .go_on_with(Arc::clone(&self.shared.store), self.deployments.clone())
    }

    /// What does the steps here. One that has asked nothing of its target yet ends by what this host lacks; of any other nobody but
    /// a host that reaches the target may say what becomes of it.
    async fn steps(&self, claim: &DeploymentClaim) -> Result<Arc<dyn Steps>, EngineError> {
        let (store, id) = (&self.deployments.store, claim.deployment);
        let record =
            until_available(claim.lease, || store.load(id)).await.map_err(EngineError::store("load the deployment"))?;
        // A key of the store that is missing here is there on other hosts, or will be.
        let settings = until_available(claim.lease, || store.settings(id))
            .await
            .map_err(EngineError::store("read what the deployment is made of"))?;
        let equipping = self.deployments.equipment.steps(&record.target, settings);
        // The claim is not renewed before its driver does that.
        let equipped = timeout(claim.lease / 2, equipping).await;
        match equipped.unwrap_or_else(|_| Err(Fault::new(DeploymentReason::ContactLost, "the target did not answer"))) {
            Ok(steps) => Ok(steps),
            Err(fault) if record.state.begun.contains(&Step::Lock) => {
                Err(EngineError::Unequipped { deployment: id, why: fault.detail })
            }
            Err(fault) => Ok(Arc::new(Unequipped(fault))),
        }
    }

    /// Gives a claim back, for as long as that takes no time: a lease runs out by itself.
    async fn give_back(&self, claim: &DeploymentClaim) {
        let why = match timeout(GIVE_BACK_IN, self.deployments.store.release(claim)).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => chain(&error),
            Err(_) => "the store does not answer".into(),
        };
        let id = claim.deployment;
        self.shared.warn(&format!("the claim on deployment {id} was not given back and has to run out: {why}"));
    }
}
