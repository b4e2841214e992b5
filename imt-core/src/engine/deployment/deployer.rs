//! The way in: accepting deployments and driving them.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::driver::Driver;
use super::follow_up::Deployments;
use super::steps::Steps;
use crate::deploy::machine::DeploymentState;
use crate::engine::clock::Clock;
use crate::engine::error::EngineError;
use crate::engine::log_writer::LOG_CAP_BYTES;
use crate::engine::retry::until_available;
use crate::engine::shared::GIVE_BACK_IN;
use crate::feed::Waker;
use crate::id::DeploymentId;
use crate::ports::{Claimant, DeploymentClaim, DeploymentRecord, DeploymentStore, NewDeployment, Store, Target, Warn};
use crate::status::{DeploymentEnd, DeploymentReason};

/// How often a deployment that is waited for is looked at when nothing is heard of it.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How a deployment ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentOutcome {
    /// Which deployment.
    pub id: DeploymentId,
    /// Its number within its project.
    pub number: NonZeroU64,
    /// Where to.
    pub target: Target,
    /// Status and reason.
    pub end: DeploymentEnd,
    /// Everything about its steps.
    pub state: DeploymentState,
}

/// Accepts deployments and drives them, in the name of one instance.
#[derive(Clone)]
pub struct Deployer {
    pub(super) store: Arc<dyn DeploymentStore>,
    pub(super) log_cap_bytes: u64,
    pub(super) warn: Warn,
    /// What goes on with what follows a deployment of a pipeline, and where its pipeline is.
    pub(super) follow_up: Option<(Arc<dyn Store>, Deployments)>,
    claimant: Claimant,
}

impl Deployer {
    /// One that keeps its deployments in a store.
    pub fn new(store: Arc<dyn DeploymentStore>, claimant: Claimant) -> Self {
        Self { store, log_cap_bytes: LOG_CAP_BYTES, warn: Warn::default(), follow_up: None, claimant }
    }

    /// How much of what its steps say a deployment's log keeps; the rest is counted and dropped. Default 256 MiB.
    #[must_use]
    pub const fn log_cap_bytes(mut self, bytes: u64) -> Self {
        self.log_cap_bytes = bytes;
        self
    }

    /// Who hears of what went wrong without the deployment's end depending on it. Default: nobody.
    #[must_use]
    pub fn on_warning(mut self, warn: Warn) -> Self {
        self.warn = warn;
        self
    }

    /// Hands a deployment of a pipeline that is in this store on to the one that follows it, before it is over. Default: whoever
    /// accepted it sees to that.
    #[must_use]
    pub fn go_on_with(mut self, pipelines: Arc<dyn Store>, deployments: Deployments) -> Self {
        self.follow_up = Some((pipelines, deployments));
        self
    }

    /// Accepts a deployment and drives it to its end, with these steps. Deployments of the same target that still wait for
    /// their turn make way for it.
    ///
    /// *Cancellation*: dropping the future is like a crash: what is detached on the target goes on, and
    /// [`drive`](Self::drive) of the same instance, or of another one after the lease, goes on from there.
    ///
    /// # Errors
    /// [`EngineError`]; the deployment is in the store and can be driven on, if it was accepted.
    pub async fn deploy(&self, new: NewDeployment, steps: Arc<dyn Steps>) -> Result<DeploymentOutcome, EngineError> {
        let (store, lease, claimed_at) = (&self.store, self.claimant.lease, Instant::now());
        // The id is a key as good as any, so that an acceptance whose outcome is unknown can be repeated.
        let key = new.idempotency_key.clone().unwrap_or_else(|| new.id.to_string());
        let new = NewDeployment { idempotency_key: Some(key), ..new };
        let accepted = until_available(lease, || store.accept(new.clone(), Some(&self.claimant)))
            .await
            .map_err(EngineError::store("accept the deployment"))?;
        match accepted.claim {
            Some(claim) => self.drive_claimed(claim, claimed_at, steps).await,
            None => self.drive(accepted.id, steps).await,
        }
    }

    /// Drives a deployment that was accepted before; answers at once when it is over.
    ///
    /// # Errors
    /// [`EngineError::ClaimLost`] when another runner holds it, [`EngineError::Store`].
    pub async fn drive(&self, id: DeploymentId, steps: Arc<dyn Steps>) -> Result<DeploymentOutcome, EngineError> {
        let (store, lease, claimed_at) = (&self.store, self.claimant.lease, Instant::now());
        let claim = until_available(lease, || store.claim(&self.claimant, Some(id)))
            .await
            .map_err(EngineError::store("claim the deployment"))?;
        if let Some(claim) = claim {
            return self.drive_claimed(claim, claimed_at, steps).await;
        }
        self.outcome(id).await?.ok_or(EngineError::ClaimLost(id.into()))
    }

    /// How a deployment ended; `None` while it has not.
    ///
    /// # Errors
    /// [`EngineError::Store`], also when there is no such deployment.
    pub async fn outcome(&self, id: DeploymentId) -> Result<Option<DeploymentOutcome>, EngineError> {
        let record = until_available(self.claimant.lease, || self.store.load(id))
            .await
            .map_err(EngineError::store("load the deployment"))?;
        let state = record.state.clone();
        Ok(outcome(record, state))
    }

    /// Waits for the end of a deployment that others drive, and hears of it by the store's bell. For ever, if nobody drives it.
    ///
    /// # Errors
    /// As [`outcome`](Self::outcome).
    pub async fn wait(&self, id: DeploymentId) -> Result<DeploymentOutcome, EngineError> {
        let mut waker = Waker::none();
        waker.hear(self.store.bell(), id);
        loop {
            waker.rearm();
            if let Some(outcome) = self.outcome(id).await? {
                return Ok(outcome);
            }
            waker.wait(LOOK_EVERY).await;
        }
    }

    /// Asks for the end of a deployment, whoever drives it. What has begun to change its target is put back.
    ///
    /// # Errors
    /// [`EngineError::Store`], also when there is no such deployment.
    pub async fn cancel(&self, id: DeploymentId) -> Result<(), EngineError> {
        let (store, at) = (&self.store, Clock::start().now());
        until_available(self.claimant.lease, || store.request_cancel(id, DeploymentReason::User, at))
            .await
            .map_err(EngineError::store("record the cancel"))
    }

    pub(super) async fn drive_claimed(
        &self,
        claim: DeploymentClaim,
        claimed_at: Instant,
        steps: Arc<dyn Steps>,
    ) -> Result<DeploymentOutcome, EngineError> {
        let id = claim.deployment;
        let driver = match Driver::load(self, steps, claim.clone(), claimed_at, Arc::new(Notify::new())).await {
            Ok(driver) => driver,
            Err(error) => {
                // Nothing was begun, so nobody need wait for the lease; if the store does not take it back, it runs out.
                let _runs_out = timeout(GIVE_BACK_IN, self.store.release(&claim)).await;
                return Err(error);
            }
        };
        let (record, state) = driver.run().await?;
        outcome(record, state).ok_or(EngineError::ClaimLost(id.into()))
    }
}

fn outcome(record: DeploymentRecord, state: DeploymentState) -> Option<DeploymentOutcome> {
    let end = state.verdict.clone().filter(|_| state.status.is_terminal())?;
    let DeploymentRecord { number, target, .. } = record;
    Some(DeploymentOutcome { id: state.id, number, target, end, state })
}
