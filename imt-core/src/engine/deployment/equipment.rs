//! What this host has to deploy with, as whoever assembles an engine provides it.

use std::sync::Arc;

use async_trait::async_trait;

use super::steps::{Beat, Order, Steps};
use crate::deploy::machine::{Answer, Fault};
use crate::deploy::settings::{DeploymentSettings, Reach};
use crate::ports::{DeploymentRecord, Target, Transport, TransportResult};

/// What this host has to deploy with: ways to targets, and what does the steps of deployments.
///
/// All methods may be called concurrently.
#[async_trait]
pub trait Equipment: Send + Sync {
    /// What reaches a target in this way. Makes no connection and needs no key: it is also asked what its target is called.
    ///
    /// # Errors
    /// Where a target cannot be reached like this whatever the host.
    fn transport(&self, reach: &Reach) -> TransportResult<Arc<dyn Transport>>;

    /// What does the steps of one deployment, as a rule a [`Performer`](super::Performer). *Called* each time that the deployment
    /// is taken up; may try the way to the target, for a fraction of the lease.
    ///
    /// # Errors
    /// Why this host cannot do it and what to do about it: it has no key, say. A deployment that has not touched its target ends
    /// with that; any other is left to another host.
    async fn steps(&self, target: &Target, settings: DeploymentSettings) -> Result<Arc<dyn Steps>, Fault>;
}

/// In the place of steps that nobody here can do: the first one fails, so that the deployment ends by the rules of the machine.
pub(super) struct Unequipped(pub(super) Fault);

#[async_trait]
impl Steps for Unequipped {
    async fn perform(&self, _: &Order) -> Answer {
        Answer::Failed(self.0.clone())
    }

    async fn look(&self, _: &Order) -> Answer {
        Answer::Failed(self.0.clone())
    }

    async fn beat(&self, _: &DeploymentRecord) -> Beat {
        Beat::Unclear
    }
}
