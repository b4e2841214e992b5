//! Keeping a claim: renews it, asks for cancels, and says so the moment it can no longer be relied on.
//!
//! Safety does not rest on anybody answering: when no renewal has succeeded for a lease less a margin, by the monotonic
//! clock and counted from before the request was sent, the claim is taken for lost.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use crate::engine::problem::chain;
use crate::ports::{Claim, Control, DeploymentClaim, DeploymentStore, Store, StoreError, StoreResult};
use crate::status::DeploymentReason;

/// How often a cancel by somebody else is looked for.
const CONTROL_EVERY: Duration = Duration::from_secs(1);

/// A claim at its store.
#[async_trait]
pub(super) trait Lease: Send + Sync {
    /// What the holder has to know at once.
    type Control: Clone + PartialEq + Send + Sync;

    /// How long the claim lasts.
    fn duration(&self) -> Duration;
    async fn renew(&self) -> StoreResult<()>;
    async fn control(&self) -> StoreResult<Self::Control>;
}

/// A claim on a pipeline.
pub(super) struct OfPipeline(pub(super) Arc<dyn Store>, pub(super) Claim);

#[async_trait]
impl Lease for OfPipeline {
    type Control = Control;

    fn duration(&self) -> Duration {
        self.1.lease
    }

    async fn renew(&self) -> StoreResult<()> {
        self.0.renew(&self.1).await
    }

    async fn control(&self) -> StoreResult<Control> {
        self.0.control(&self.1).await
    }
}

/// A claim on a deployment.
pub(super) struct OfDeployment(pub(super) Arc<dyn DeploymentStore>, pub(super) DeploymentClaim);

#[async_trait]
impl Lease for OfDeployment {
    type Control = Option<DeploymentReason>;

    fn duration(&self) -> Duration {
        self.1.lease
    }

    async fn renew(&self) -> StoreResult<()> {
        self.0.renew(&self.1).await
    }

    async fn control(&self) -> StoreResult<Option<DeploymentReason>> {
        self.0.control(&self.1).await
    }
}

/// What the keeper has found out last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct LeaseState<C = Control> {
    pub(super) lost: Option<Lost>,
    pub(super) control: C,
}

/// Runs until the claim is lost or the receiver is gone.
pub(super) async fn keep<L: Lease>(
    lease: L,
    claimed_at: Instant,
    poke: Arc<Notify>,
    state: watch::Sender<LeaseState<L::Control>>,
) {
    let keeper = Keeper { lease, state };
    // Beside each other: a question that stalls must not cost the claim.
    let lost = tokio::select! {
        biased;
        () = keeper.state.closed() => return,
        lost = keeper.renew_on_time(claimed_at) => lost,
        lost = keeper.ask_for_cancels(&poke) => lost,
    };
    keeper.state.send_modify(|s| s.lost = Some(lost));
}

/// Why a claim is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lost {
    /// Somebody else has it, or it was given back.
    Taken,
    /// The store did not renew it in time; what it said last.
    Unrenewed(String),
}

struct Keeper<L: Lease> {
    lease: L,
    state: watch::Sender<LeaseState<L::Control>>,
}

impl<L: Lease> Keeper<L> {
    /// How often what did not work is tried again, and cancels are looked for.
    fn pace(&self) -> Duration {
        CONTROL_EVERY.min(self.lease.duration() / 10)
    }

    async fn renew_on_time(&self, claimed_at: Instant) -> Lost {
        let lease = self.lease.duration();
        let mut renew_at = claimed_at + lease / 3;
        // When the claim can no longer be relied on: early enough to stop attempts before the lease runs out.
        let mut expires = claimed_at + lease.mul_f64(0.8);
        let mut said = None;
        loop {
            sleep_until(renew_at).await;
            let asked_at = Instant::now();
            match timeout_at(expires, self.lease.renew()).await {
                Ok(Ok(())) => {
                    said = None;
                    renew_at = asked_at + lease / 3;
                    expires = asked_at + lease.mul_f64(0.8);
                }
                Ok(Err(StoreError::ClaimLost(_))) => return Lost::Taken,
                // Overdue, it is repeated at a steady pace, never in a busy loop, and no longer than it can be relied on.
                Ok(Err(error)) if Instant::now() < expires => {
                    said = Some(chain(&error));
                    renew_at = expires.min(Instant::now() + self.pace());
                }
                Ok(Err(error)) => return Lost::Unrenewed(chain(&error)),
                Err(_) => return Lost::Unrenewed(said.unwrap_or_else(|| "it did not answer".into())),
            }
        }
    }

    async fn ask_for_cancels(&self, poke: &Notify) -> Lost {
        loop {
            tokio::select! {
                biased;
                () = poke.notified() => {}
                () = sleep(self.pace()) => {}
            }
            // Not knowing is no reason to act; a renewal that fails is.
            match timeout(self.lease.duration() / 10, self.lease.control()).await {
                Ok(Ok(control)) => {
                    self.state.send_if_modified(|s| {
                        let new = s.control != control;
                        s.control = control;
                        new
                    });
                }
                Ok(Err(StoreError::ClaimLost(_))) => return Lost::Taken,
                Ok(Err(_)) | Err(_) => {}
            }
        }
    }
}
