//! What does the steps of a deployment.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::deploy::health::ServiceStanding;
use crate::deploy::machine::{Answer, Ticket};
use crate::deploy::release::ReleaseHead;
use crate::id::ReleaseId;
use crate::ports::{
    DeploymentClaim, DeploymentRecord, DeploymentStore, KeptRelease, Notes, Sifted, StoreResult, Target,
};
use crate::secret::Secret;

/// Does the steps of one deployment.
///
/// One step at a time, in the order that the machine decides. All calls of one deployment are made by one process at a time,
/// the holder of the claim; an earlier holder may have left a step half done, and something detached of it may still run.
#[async_trait]
pub trait Steps: Send + Sync {
    /// Does a step. *Called* once its begin is committed; the same step again, under a higher number, where
    /// [`Step::resume`](crate::deploy::machine::Step::resume) says that it may be repeated.
    ///
    /// Answers when nothing of the step goes on any more. After [`Order::stopped`] it answers soon, with a failure unless the
    /// step is done all the same. *Cancellation*: dropped when the claim is lost; what it has begun on the target stays as it is.
    async fn perform(&self, order: &Order) -> Answer;

    /// Finds a step that an earlier call has begun: follows it to its end, says how it ended, or that it has never begun and
    /// never will. *Cancellation* and stopping as with [`perform`](Self::perform).
    async fn look(&self, order: &Order) -> Answer;

    /// Values that are not to be seen in the deployment's log, nor in what its end says. *Called* before each step, when it has
    /// answered, and with all that it says: what has been learned by then is masked in it. Cheap; the same value, as long as
    /// nothing is learned.
    fn secrets(&self) -> Arc<[Secret]> {
        Arc::default()
    }

    /// Renews the lock of the target. *Called* every few seconds while the lock may be ours, beside a step.
    async fn beat(&self, record: &DeploymentRecord) -> Beat;

    /// Closes what is open to the target. *Called* once the deployment is over here.
    async fn close(&self) {}
}

/// What became of the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    /// It is ours.
    Held,
    /// It is another deployment's, or gone.
    Lost,
    /// The target did not say.
    Unclear,
}

/// Where copies of the target's releases are kept: the store, under the claim of the deployment. Of what is only planned there is
/// none.
#[derive(Clone)]
pub struct Shelf(pub(super) Option<(Arc<dyn DeploymentStore>, DeploymentClaim)>);

impl Shelf {
    /// Keeps a copy, and of the target's other copies only those of `others`.
    ///
    /// # Errors
    /// As [`DeploymentStore::keep_release`].
    pub async fn keep(&self, release: &KeptRelease, others: &BTreeSet<ReleaseId>) -> StoreResult<()> {
        match &self.0 {
            Some((store, claim)) => store.keep_release(claim, release, others).await,
            None => Ok(()),
        }
    }

    /// The copies that there are, as [`DeploymentStore::kept_releases`].
    ///
    /// # Errors
    /// Those of the store.
    pub async fn heads(&self, target: &Target) -> StoreResult<Sifted<ReleaseHead>> {
        match &self.0 {
            Some((store, _)) => store.kept_releases(target).await,
            None => Ok(Sifted::default()),
        }
    }

    /// A copy, as [`DeploymentStore::kept_release`].
    ///
    /// # Errors
    /// As there.
    pub async fn find(&self, target: &Target, release: ReleaseId) -> StoreResult<Option<KeptRelease>> {
        match &self.0 {
            Some((store, _)) => store.kept_release(target, release).await,
            None => Ok(None),
        }
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shelf").field(&self.0.as_ref().map(|(_, claim)| claim)).finish()
    }
}

/// A step to do or to look for.
#[derive(Debug, Clone)]
pub struct Order {
    /// Which try of which step.
    pub ticket: Ticket,
    /// The deployment as it stood when the step was decided.
    pub record: DeploymentRecord,
    /// Where the step says what it does: into the deployment's log, which says by itself which step it is and how it ended.
    pub notes: Notes,
    /// Where the step keeps copies of releases.
    pub shelf: Shelf,
    pub(super) sight: watch::Sender<Vec<ServiceStanding>>,
    pub(super) stop: watch::Receiver<bool>,
}

impl Order {
    /// Shows how the services stand that the step watches, all of them, as often as it looks. Waits for nobody: of several
    /// in a row the last may be all that is told. Only of a step that watches health.
    pub fn sees(&self, services: &[ServiceStanding]) {
        self.sight.send_if_modified(|shown| {
            let is_new = *shown != services;
            if is_new {
                *shown = services.to_vec();
            }
            is_new
        });
    }

    /// Whether the step is to be ended before its time.
    pub fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Ends when the step is to be ended before its time.
    pub async fn stopped(&self) {
        if self.stop.clone().wait_for(|stopped| *stopped).await.is_err() {
            // Its driver is gone, and this call with it.
            std::future::pending::<()>().await;
        }
    }
}
