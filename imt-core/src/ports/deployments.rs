//! The port to where deployments are kept, the targets they go to, and copies of their releases.
//!
//! Beside [`Store`](crate::ports::Store) and by the same rules; an embedder who only runs pipelines never needs this one. The
//! truth about a target's releases lies on the target: what is kept here is a copy, for whoever cannot reach it.

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::deploy::machine::{Change, DeploymentSpec, DeploymentState};
use crate::deploy::release::ReleaseHead;
use crate::deploy::settings::{DeploymentSettings, TargetSettings};
use crate::id::{CommitId, DeploymentId, InstanceId, PipelineId, ProjectName, ReleaseId};
use crate::ports::catalog::{Pruned, Retention, Sifted};
use crate::ports::hint::Bell;
use crate::ports::log::{LogAppend, LogCursor, LogEnd, LogFrom, LogPage};
use crate::ports::store::{EventId, StoreResult};
use crate::secret::SecretBytes;
use crate::status::{DeploymentEnd, DeploymentReason, DeploymentStatus};
use crate::time::Timestamp;

/// Where deployments are kept.
///
/// All methods may be called concurrently. *Cancellation*: as with [`Store`](crate::ports::Store).
/// *Errors*: those of broken machinery, and what each method names. Implementations are proved by `testkit::deployment_suite`.
#[async_trait]
pub trait DeploymentStore: Send + Sync {
    /// Accepts a deployment. When this answers, it is durable and will come to an end.
    ///
    /// Deployments of the same target that are still queued are asked to make way ([`DeploymentReason::Superseded`], by
    /// [`cancel_changes`](crate::deploy::machine::cancel_changes)) in the same transaction: the newest is what counts. One that
    /// has the lock of its target goes on. In the same transaction the target's settings are remembered, as by
    /// [`remember_target`](Self::remember_target).
    ///
    /// *Idempotent* by key, and with a `claimant`, as [`Store::enqueue`](crate::ports::Store::enqueue).
    ///
    /// # Errors
    /// `Conflict` when the id exists already under another key; `Invalid` for what breaks a rule of
    /// [`bounds`](crate::ports::bounds); `Internal` where secrets are sealed and there is no key to seal them with.
    async fn accept(&self, new: NewDeployment, claimant: Option<&Claimant>) -> StoreResult<Accepted>;

    /// Takes up one deployment: the given one, or else the one accepted first of those that can be claimed. `None`: nothing to
    /// be had.
    ///
    /// A deployment can be claimed when it is not over and nobody holds it, its lease has run out, or its holder is the same
    /// instance. Each claim has a higher fencing token than any before it on that deployment. *Choosing* leaves out
    /// [`Claimant::driving`] and, of what nobody has begun, those whose target another deployment is at work on: it would only
    /// wait there.
    ///
    /// # Errors
    /// `NotFound` for a given deployment that does not exist.
    async fn claim(&self, claimant: &Claimant, which: Option<DeploymentId>) -> StoreResult<Option<DeploymentClaim>>;

    /// Prolongs a claim to a full lease from now.
    ///
    /// # Errors
    /// `ClaimLost`.
    async fn renew(&self, claim: &DeploymentClaim) -> StoreResult<()>;

    /// Gives a claim back. *Idempotent*.
    async fn release(&self, claim: &DeploymentClaim) -> StoreResult<()>;

    /// A deployment with what was asked for and its state.
    ///
    /// # Errors
    /// `NotFound`.
    async fn load(&self, deployment: DeploymentId) -> StoreResult<DeploymentRecord>;

    /// All that a deployment is made of, as it was accepted: secrets included.
    ///
    /// # Errors
    /// `NotFound`; `Internal` when it cannot be opened, or was accepted by a version that kept none.
    async fn settings(&self, deployment: DeploymentId) -> StoreResult<DeploymentSettings>;

    /// Records changes, as [`Store::commit`](crate::ports::Store::commit): all of them in one transaction, numbered by the
    /// holder of the claim, idempotent by that number, the last one giving the claim back.
    ///
    /// # Errors
    /// As there.
    async fn commit(&self, claim: &DeploymentClaim, nth: u64, changes: &[Change]) -> StoreResult<EventId>;

    /// Asks for the end of a deployment; needs no claim. What it adds, if anything, is decided by
    /// [`cancel_changes`](crate::deploy::machine::cancel_changes).
    ///
    /// # Errors
    /// `NotFound`.
    async fn request_cancel(
        &self,
        deployment: DeploymentId,
        reason: DeploymentReason,
        at: Timestamp,
    ) -> StoreResult<()>;

    /// The strongest cancel asked for; cheap, asked every second by the holder of the claim.
    ///
    /// # Errors
    /// `ClaimLost`.
    async fn control(&self, claim: &DeploymentClaim) -> StoreResult<Option<DeploymentReason>>;

    /// Events of a deployment after an id, oldest first, at most `limit`.
    async fn events_after(
        &self,
        deployment: DeploymentId,
        after: EventId,
        limit: usize,
    ) -> StoreResult<Vec<DeploymentEvent>>;

    /// Appends to the deployment's log, as [`Store::append_log`](crate::ports::Store::append_log).
    ///
    /// # Errors
    /// As there.
    async fn append_log(&self, claim: &DeploymentClaim, pieces: &[LogAppend]) -> StoreResult<u64>;

    /// Records that the log is whole, as [`Store::finish_log`](crate::ports::Store::finish_log).
    ///
    /// # Errors
    /// As there.
    async fn finish_log(&self, claim: &DeploymentClaim, end: LogEnd) -> StoreResult<()>;

    /// Where the log stands. All zero for one that does not exist.
    async fn log_cursor(&self, deployment: DeploymentId) -> StoreResult<LogCursor>;

    /// Reads the log, as [`Store::read_log`](crate::ports::Store::read_log).
    async fn read_log(&self, deployment: DeploymentId, from: LogFrom, max_bytes: usize) -> StoreResult<LogPage>;

    /// Where it rings when a deployment has new events or more of its log, as [`Store::bell`](crate::ports::Store::bell), and when
    /// there may be one to claim.
    fn bell(&self) -> Option<&Bell> {
        None
    }

    /// The deployment with a number.
    ///
    /// # Errors
    /// `NotFound`.
    async fn find(&self, project: &ProjectName, number: NonZeroU64) -> StoreResult<DeploymentId>;

    /// Deployments of a project, newest first: those with a number below `before` (absent: all), at most `limit`. One that
    /// cannot be understood is set aside, and counts.
    async fn deployments(
        &self,
        project: &ProjectName,
        before: Option<NonZeroU64>,
        limit: usize,
    ) -> StoreResult<Sifted<DeploymentSummary>>;

    /// The deployments of a project that a pipeline has led to, in the order in which they were accepted. One that cannot be
    /// understood is set aside.
    async fn led_to_by(&self, project: &ProjectName, pipeline: PipelineId) -> StoreResult<Sifted<DeploymentSummary>>;

    /// Deployments of all projects that somebody drives now, by a lease that has not run out: those accepted first come first, at
    /// most `limit`. One that cannot be understood is set aside, and counts.
    async fn driven(&self, limit: usize) -> StoreResult<Sifted<DeploymentSummary>>;

    /// Remembers how the target of a project's environment is reached, in the place of what was remembered before. A project
    /// that does not exist is made.
    ///
    /// # Errors
    /// `Invalid` for what breaks a rule of [`bounds`](crate::ports::bounds).
    async fn remember_target(
        &self,
        project: &ProjectName,
        environment: &str,
        settings: &TargetSettings,
        at: Timestamp,
    ) -> StoreResult<()>;

    /// What is remembered of the target of an environment.
    async fn target(&self, project: &ProjectName, environment: &str) -> StoreResult<Option<TargetSettings>>;

    /// What is remembered of a project's targets, by environment. One that cannot be understood is set aside.
    async fn targets(&self, project: &ProjectName) -> StoreResult<Sifted<RememberedTarget>>;

    /// Forgets the target of an environment; answers whether there was one. Deployments and copies of releases stay.
    async fn forget_target(&self, project: &ProjectName, environment: &str) -> StoreResult<bool>;

    /// Keeps a copy of a release of the claim's target, whole, in the place of one that is there; of the target's other
    /// copies only those in `others` stay. One transaction, *idempotent*.
    ///
    /// # Errors
    /// `ClaimLost`; `Invalid` for what breaks a rule of [`bounds`](crate::ports::bounds), such as a bundle that is too large;
    /// `Internal` where copies are sealed and there is no key to seal them with.
    async fn keep_release(
        &self,
        claim: &DeploymentClaim,
        release: &KeptRelease,
        others: &BTreeSet<ReleaseId>,
    ) -> StoreResult<()>;

    /// The copies of a target's releases: the one that was judged last comes first. One that cannot be understood is set aside.
    async fn kept_releases(&self, target: &Target) -> StoreResult<Sifted<ReleaseHead>>;

    /// The copy of a release; `None` where there is none.
    ///
    /// # Errors
    /// `Internal` when it cannot be opened.
    async fn kept_release(&self, target: &Target, release: ReleaseId) -> StoreResult<Option<KeptRelease>>;

    /// Removes one batch of deployments that are over and that nothing keeps, with their events and logs, oldest first, as
    /// [`Catalog::prune`](crate::ports::Catalog::prune) does pipelines. What is kept is so of each target: its newest ones, and
    /// its newest successful one.
    async fn prune(&self, keep: &Retention, limit: usize) -> StoreResult<Sifted<Pruned>>;
}

/// What is deployed to: a place of which only one deployment at a time may be in charge.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Target {
    /// Whose it is.
    pub project: ProjectName,
    /// Which of the project's: `production`, `staging`.
    pub environment: String,
    /// The host, as its transport names it.
    pub host: String,
}

/// A deployment to accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDeployment {
    /// Its id, chosen by the submitter.
    pub id: DeploymentId,
    /// Where to.
    pub target: Target,
    /// The commit that is deployed; of a rollback by hand, that of the release.
    pub commit: CommitId,
    /// What was asked for.
    pub spec: DeploymentSpec,
    /// All that it is made of.
    pub settings: DeploymentSettings,
    /// The pipeline that led to it, if one did.
    pub pipeline: Option<PipelineId>,
    /// When it was submitted.
    pub at: Timestamp,
    /// The same key in the same project is the same deployment.
    pub idempotency_key: Option<String>,
}

/// The answer to an acceptance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The deployment: the new one, or the one accepted first under the key.
    pub id: DeploymentId,
    /// Its number within its project, counted from 1; deployments and pipelines are counted apart.
    pub number: NonZeroU64,
    /// Whether this call made it.
    pub created: bool,
    /// The claimant's claim on it, if it has one.
    pub claim: Option<DeploymentClaim>,
}

/// Who claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimant {
    /// The instance; claims of the same instance are taken over at once.
    pub instance: InstanceId,
    /// What a store that chooses leaves out: what this process drives already, and what it could not drive.
    pub driving: Vec<DeploymentId>,
    /// How long a claim lasts without renewal.
    pub lease: Duration,
}

/// The right to drive one deployment, for as long as it is renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentClaim {
    /// Which deployment.
    pub deployment: DeploymentId,
    /// Who holds it.
    pub instance: InstanceId,
    /// The fencing token: grows with each claim on the deployment; every write is checked against it.
    pub token: u64,
    /// How long it lasts from when it was asked for.
    pub lease: Duration,
}

/// A stored deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentRecord {
    /// Its number within its project.
    pub number: NonZeroU64,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// Where to.
    pub target: Target,
    /// The commit.
    pub commit: CommitId,
    /// What was asked for.
    pub spec: DeploymentSpec,
    /// The pipeline that led to it, if one did.
    pub pipeline: Option<PipelineId>,
    /// Where it stands.
    pub state: DeploymentState,
}

/// A committed change of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentEvent {
    /// Its place in the order of all events.
    pub id: EventId,
    /// Which deployment.
    pub deployment: DeploymentId,
    /// What happened.
    pub change: Change,
}

/// A deployment in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentSummary {
    /// Its id.
    pub id: DeploymentId,
    /// Its number within its project.
    pub number: NonZeroU64,
    /// Where to.
    pub target: Target,
    /// The commit.
    pub commit: CommitId,
    /// The pipeline that led to it, if one did.
    pub pipeline: Option<PipelineId>,
    /// That pipeline's number, while the same store has it.
    pub pipeline_number: Option<NonZeroU64>,
    /// Where it stands.
    pub status: DeploymentStatus,
    /// How it ended, or will, once that is known.
    pub end: Option<DeploymentEnd>,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// When it was taken up.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// Who is at it, by a lease that has not run out.
    pub holder: Option<InstanceId>,
}

/// What is remembered of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RememberedTarget {
    /// Which of the project's environments.
    pub environment: String,
    /// How it is reached, and what is the same for every deployment to it.
    pub settings: TargetSettings,
    /// When it was said.
    pub at: Timestamp,
}

/// A copy of a release, enough to put it on its target again. Stores keep record and bundle sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRelease {
    /// Its line in lists.
    pub head: ReleaseHead,
    /// The serialised record ([`Release::to_json`](crate::deploy::release::Release::to_json)).
    pub record: String,
    /// What lies beside the record: the environment's variables and the files, in a form of whoever made it.
    pub bundle: SecretBytes,
}
