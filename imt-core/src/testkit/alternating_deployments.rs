//! [`Alternating`] over [`DeploymentStore`]s.

use std::collections::BTreeSet;
use std::num::NonZeroU64;

use async_trait::async_trait;

use super::Alternating;
use crate::deploy::machine::Change;
use crate::deploy::release::ReleaseHead;
use crate::deploy::settings::{DeploymentSettings, TargetSettings};
use crate::id::{DeploymentId, PipelineId, ProjectName, ReleaseId};
use crate::ports::{
    Accepted, Bell, Claimant, DeploymentClaim, DeploymentEvent, DeploymentRecord, DeploymentStore, DeploymentSummary,
    EventId, KeptRelease, LogAppend, LogCursor, LogEnd, LogFrom, LogPage, NewDeployment, Pruned, RememberedTarget,
    Retention, Sifted, StoreResult, Target,
};
use crate::status::DeploymentReason;
use crate::time::Timestamp;

#[async_trait]
impl DeploymentStore for Alternating<dyn DeploymentStore> {
    async fn accept(&self, new: NewDeployment, claimant: Option<&Claimant>) -> StoreResult<Accepted> {
        self.next().accept(new, claimant).await
    }

    async fn claim(&self, claimant: &Claimant, which: Option<DeploymentId>) -> StoreResult<Option<DeploymentClaim>> {
        self.next().claim(claimant, which).await
    }

    async fn renew(&self, claim: &DeploymentClaim) -> StoreResult<()> {
        self.next().renew(claim).await
    }

    async fn release(&self, claim: &DeploymentClaim) -> StoreResult<()> {
        self.next().release(claim).await
    }

    async fn load(&self, deployment: DeploymentId) -> StoreResult<DeploymentRecord> {
        self.next().load(deployment).await
    }

    async fn settings(&self, deployment: DeploymentId) -> StoreResult<DeploymentSettings> {
        self.next().settings(deployment).await
    }

    async fn commit(&self, claim: &DeploymentClaim, nth: u64, changes: &[Change]) -> StoreResult<EventId> {
        self.next().commit(claim, nth, changes).await
    }

    async fn request_cancel(
        &self,
        deployment: DeploymentId,
        reason: DeploymentReason,
        at: Timestamp,
    ) -> StoreResult<()> {
        self.next().request_cancel(deployment, reason, at).await
    }

    async fn control(&self, claim: &DeploymentClaim) -> StoreResult<Option<DeploymentReason>> {
        self.next().control(claim).await
    }

    async fn events_after(
        &self,
        deployment: DeploymentId,
        after: EventId,
        limit: usize,
    ) -> StoreResult<Vec<DeploymentEvent>> {
        self.next().events_after(deployment, after, limit).await
    }

    async fn append_log(&self, claim: &DeploymentClaim, pieces: &[LogAppend]) -> StoreResult<u64> {
        self.next().append_log(claim, pieces).await
    }

    async fn finish_log(&self, claim: &DeploymentClaim, end: LogEnd) -> StoreResult<()> {
        self.next().finish_log(claim, end).await
    }

    async fn log_cursor(&self, deployment: DeploymentId) -> StoreResult<LogCursor> {
        self.next().log_cursor(deployment).await
    }

    async fn read_log(&self, deployment: DeploymentId, from: LogFrom, max_bytes: usize) -> StoreResult<LogPage> {
        self.next().read_log(deployment, from, max_bytes).await
    }

    fn bell(&self) -> Option<&Bell> {
        self.next().bell()
    }

    async fn find(&self, project: &ProjectName, number: NonZeroU64) -> StoreResult<DeploymentId> {
        self.next().find(project, number).await
    }

    async fn deployments(
        &self,
        project: &ProjectName,
        before: Option<NonZeroU64>,
        limit: usize,
    ) -> StoreResult<Sifted<DeploymentSummary>> {
        self.next().deployments(project, before, limit).await
    }

    async fn led_to_by(&self, project: &ProjectName, pipeline: PipelineId) -> StoreResult<Sifted<DeploymentSummary>> {
        self.next().led_to_by(project, pipeline).await
    }

    async fn driven(&self, limit: usize) -> StoreResult<Sifted<DeploymentSummary>> {
        self.next().driven(limit).await
    }

    async fn remember_target(
        &self,
        project: &ProjectName,
        environment: &str,
        settings: &TargetSettings,
        at: Timestamp,
    ) -> StoreResult<()> {
        self.next().remember_target(project, environment, settings, at).await
    }

    async fn target(&self, project: &ProjectName, environment: &str) -> StoreResult<Option<TargetSettings>> {
        self.next().target(project, environment).await
    }

    async fn targets(&self, project: &ProjectName) -> StoreResult<Sifted<RememberedTarget>> {
        self.next().targets(project).await
    }

    async fn forget_target(&self, project: &ProjectName, environment: &str) -> StoreResult<bool> {
        self.next().forget_target(project, environment).await
    }

    async fn keep_release(
        &self,
        claim: &DeploymentClaim,
        release: &KeptRelease,
        others: &BTreeSet<ReleaseId>,
    ) -> StoreResult<()> {
        self.next().keep_release(claim, release, others).await
    }

    async fn kept_releases(&self, target: &Target) -> StoreResult<Sifted<ReleaseHead>> {
        self.next().kept_releases(target).await
    }

    async fn kept_release(&self, target: &Target, release: ReleaseId) -> StoreResult<Option<KeptRelease>> {
        self.next().kept_release(target, release).await
    }

    async fn prune(&self, keep: &Retention, limit: usize) -> StoreResult<Sifted<Pruned>> {
        self.next().prune(keep, limit).await
    }
}
