//! A store that takes its time to say that a deployment is accepted, and that its last commit is done.

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use imt_core::deploy::machine::{Change, ChangeKind};
use imt_core::deploy::release::ReleaseHead;
use imt_core::deploy::settings::{DeploymentSettings, TargetSettings};
use imt_core::id::{DeploymentId, PipelineId, ProjectName, ReleaseId};
use imt_core::ports::{
    Accepted, Bell, Claimant, DeploymentClaim, DeploymentEvent, DeploymentRecord, DeploymentStore, DeploymentSummary,
    EventId, KeptRelease, LogAppend, LogCursor, LogEnd, LogFrom, LogPage, NewDeployment, Pruned, RememberedTarget,
    Retention, Sifted, StoreResult, Target,
};
use imt_core::status::DeploymentReason;
use imt_core::time::Timestamp;

/// How long it takes to say so.
const LATE: Duration = Duration::from_secs(10);

/// It does what it is asked at once, and says so later.
pub(crate) struct LateStore(pub(crate) Arc<dyn DeploymentStore>);

#[async_trait]
impl DeploymentStore for LateStore {
    async fn accept(&self, new: NewDeployment, claimant: Option<&Claimant>) -> StoreResult<Accepted> {
        let accepted = self.0.accept(new, claimant).await;
        tokio::time::sleep(LATE).await;
        accepted
    }

    async fn claim(&self, claimant: &Claimant, which: Option<DeploymentId>) -> StoreResult<Option<DeploymentClaim>> {
        self.0.claim(claimant, which).await
    }

    async fn renew(&self, claim: &DeploymentClaim) -> StoreResult<()> {
        self.0.renew(claim).await
    }

    async fn release(&self, claim: &DeploymentClaim) -> StoreResult<()> {
        self.0.release(claim).await
    }

    async fn load(&self, deployment: DeploymentId) -> StoreResult<DeploymentRecord> {
        self.0.load(deployment).await
    }

    async fn settings(&self, deployment: DeploymentId) -> StoreResult<DeploymentSettings> {
        self.0.settings(deployment).await
    }

    async fn commit(&self, claim: &DeploymentClaim, nth: u64, changes: &[Change]) -> StoreResult<EventId> {
        let committed = self.0.commit(claim, nth, changes).await;
        if changes.iter().any(|change| matches!(change.kind, ChangeKind::Ended { .. })) {
            tokio::time::sleep(LATE).await;
        }
        committed
    }

    async fn request_cancel(
        &self,
        deployment: DeploymentId,
        reason: DeploymentReason,
        at: Timestamp,
    ) -> StoreResult<()> {
        self.0.request_cancel(deployment, reason, at).await
    }

    async fn control(&self, claim: &DeploymentClaim) -> StoreResult<Option<DeploymentReason>> {
        self.0.control(claim).await
    }

    async fn events_after(
        &self,
        deployment: DeploymentId,
        after: EventId,
        limit: usize,
    ) -> StoreResult<Vec<DeploymentEvent>> {
        self.0.events_after(deployment, after, limit).await
    }

    async fn append_log(&self, claim: &DeploymentClaim, pieces: &[LogAppend]) -> StoreResult<u64> {
        self.0.append_log(claim, pieces).await
    }

    async fn finish_log(&self, claim: &DeploymentClaim, end: LogEnd) -> StoreResult<()> {
        self.0.finish_log(claim, end).await
    }

    async fn log_cursor(&self, deployment: DeploymentId) -> StoreResult<LogCursor> {
        self.0.log_cursor(deployment).await
    }

    async fn read_log(&self, deployment: DeploymentId, from: LogFrom, max_bytes: usize) -> StoreResult<LogPage> {
        self.0.read_log(deployment, from, max_bytes).await
    }

    async fn find(&self, project: &ProjectName, number: NonZeroU64) -> StoreResult<DeploymentId> {
        self.0.find(project, number).await
    }

    async fn deployments(
        &self,
        project: &ProjectName,
        before: Option<NonZeroU64>,
        limit: usize,
    ) -> StoreResult<Sifted<DeploymentSummary>> {
        self.0.deployments(project, before, limit).await
    }

    async fn led_to_by(&self, project: &ProjectName, pipeline: PipelineId) -> StoreResult<Sifted<DeploymentSummary>> {
        self.0.led_to_by(project, pipeline).await
    }

    async fn driven(&self, limit: usize) -> StoreResult<Sifted<DeploymentSummary>> {
        self.0.driven(limit).await
    }

    async fn remember_target(
        &self,
        project: &ProjectName,
        environment: &str,
        settings: &TargetSettings,
        at: Timestamp,
    ) -> StoreResult<()> {
        self.0.remember_target(project, environment, settings, at).await
    }

    async fn target(&self, project: &ProjectName, environment: &str) -> StoreResult<Option<TargetSettings>> {
        self.0.target(project, environment).await
    }

    async fn targets(&self, project: &ProjectName) -> StoreResult<Sifted<RememberedTarget>> {
        self.0.targets(project).await
    }

    fn bell(&self) -> Option<&Bell> {
        self.0.bell()
    }

    async fn prune(&self, keep: &Retention, limit: usize) -> StoreResult<Sifted<Pruned>> {
        self.0.prune(keep, limit).await
    }

    async fn forget_target(&self, project: &ProjectName, environment: &str) -> StoreResult<bool> {
        self.0.forget_target(project, environment).await
    }

    async fn keep_release(
        &self,
        claim: &DeploymentClaim,
        release: &KeptRelease,
        others: &BTreeSet<ReleaseId>,
    ) -> StoreResult<()> {
        self.0.keep_release(claim, release, others).await
    }

    async fn kept_releases(&self, target: &Target) -> StoreResult<Sifted<ReleaseHead>> {
        self.0.kept_releases(target).await
    }

    async fn kept_release(&self, target: &Target, release: ReleaseId) -> StoreResult<Option<KeptRelease>> {
        self.0.kept_release(target, release).await
    }
}
