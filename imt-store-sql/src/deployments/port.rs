//! The port over the parts. Every write runs in a task of its own.

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::sync::Arc;

use async_trait::async_trait;
use imt_core::deploy::machine::Change;
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

use super::rows::ends;
use super::{accept, claims, commit, lists, releases, rows, settings, targets};
use crate::database::{Database, News};
use crate::leases::Which;
use crate::store::SqlStore;
use crate::task::Home;
use crate::{catalog, log};

/// A claim that nobody has been told of. When whoever asked for it is gone it is given back at once.
struct Unheard {
    claim: Option<DeploymentClaim>,
    database: Arc<dyn Database>,
    home: Home,
}

impl Unheard {
    /// Somebody has been told.
    fn heard(mut self) -> Option<DeploymentClaim> {
        self.claim.take()
    }
}

impl Drop for Unheard {
    fn drop(&mut self) {
        if let Some(claim) = self.claim.take() {
            let database = Arc::clone(&self.database);
            self.home.leave(async move {
                // If it fails the lease runs out.
                let _left_to_the_lease = claims::release(database.as_ref(), &claim).await;
            });
        }
    }
}

#[async_trait]
impl DeploymentStore for SqlStore {
    async fn accept(&self, new: NewDeployment, claimant: Option<&Claimant>) -> StoreResult<Accepted> {
        let (database, home, keys, claimant) = (self.database(), self.home(), self.keys(), claimant.cloned());
        let accepted = self.finished(async move {
            let (mut accepted, asked) =
                accept::accept(database.as_ref(), keys.as_deref(), new, claimant.as_ref()).await?;
            let claim = Unheard { claim: accepted.claim.take(), database, home };
            Ok((accepted, asked, claim))
        });
        let (accepted, asked, claim) = accepted.await?;
        for id in asked {
            self.tell(News::Of(id.into()));
        }
        self.tell(News::Queue);
        Ok(Accepted { claim: claim.heard(), ..accepted })
    }

    async fn claim(&self, claimant: &Claimant, which: Option<DeploymentId>) -> StoreResult<Option<DeploymentClaim>> {
        let (database, home, claimant) = (self.database(), self.home(), claimant.clone());
        let claimed = self.finished(async move {
            let claim = match which {
                Some(id) => claims::claim_given(database.as_ref(), &claimant, id, Which::Free).await?,
                None => claims::claim_any(database.as_ref(), &claimant).await?,
            };
            Ok(Unheard { claim, database, home })
        });
        Ok(claimed.await?.heard())
    }

    async fn renew(&self, claim: &DeploymentClaim) -> StoreResult<()> {
        let (database, claim) = (self.database(), claim.clone());
        self.finished(async move { claims::renew(database.as_ref(), &claim).await }).await
    }

    async fn release(&self, claim: &DeploymentClaim) -> StoreResult<()> {
        self.writers().forget_deployment(claim.deployment);
        let (database, claim) = (self.database(), claim.clone());
        self.finished(async move { claims::release(database.as_ref(), &claim).await }).await?;
        self.tell(News::Queue);
        Ok(())
    }

    async fn load(&self, deployment: DeploymentId) -> StoreResult<DeploymentRecord> {
        rows::load(self.database().as_ref(), deployment).await
    }

    async fn settings(&self, deployment: DeploymentId) -> StoreResult<DeploymentSettings> {
        settings::settings(self.database().as_ref(), self.keys().as_deref(), deployment).await
    }

    async fn commit(&self, claim: &DeploymentClaim, nth: u64, changes: &[Change]) -> StoreResult<EventId> {
        let (database, owned, all) = (self.database(), claim.clone(), changes.to_vec());
        let last = self.finished(async move { commit::commit(database.as_ref(), &owned, nth, &all).await }).await?;
        if changes.iter().any(ends) {
            self.writers().forget_deployment(claim.deployment);
        }
        self.tell(News::Of(claim.deployment.into()));
        Ok(last)
    }

    async fn request_cancel(
        &self,
        deployment: DeploymentId,
        reason: DeploymentReason,
        at: Timestamp,
    ) -> StoreResult<()> {
        let database = self.database();
        self.finished(async move { commit::request_cancel(database.as_ref(), deployment, reason, at).await }).await?;
        self.tell(News::Of(deployment.into()));
        Ok(())
    }

    async fn control(&self, claim: &DeploymentClaim) -> StoreResult<Option<DeploymentReason>> {
        commit::control(self.database().as_ref(), claim).await
    }

    async fn events_after(
        &self,
        deployment: DeploymentId,
        after: EventId,
        limit: usize,
    ) -> StoreResult<Vec<DeploymentEvent>> {
        lists::events_after(self.database().as_ref(), deployment, after, limit).await
    }

    async fn append_log(&self, claim: &DeploymentClaim, pieces: &[LogAppend]) -> StoreResult<u64> {
        let durable = self.writers().append(self.database(), claim.into(), pieces.to_vec()).await?;
        self.tell(News::Of(claim.deployment.into()));
        Ok(durable)
    }

    async fn finish_log(&self, claim: &DeploymentClaim, end: LogEnd) -> StoreResult<()> {
        self.writers().finish(self.database(), claim.into(), end).await?;
        self.tell(News::Of(claim.deployment.into()));
        Ok(())
    }

    async fn log_cursor(&self, deployment: DeploymentId) -> StoreResult<LogCursor> {
        log::cursor(self.database().as_ref(), deployment).await
    }

    async fn read_log(&self, deployment: DeploymentId, from: LogFrom, max_bytes: usize) -> StoreResult<LogPage> {
        log::read(self.database().as_ref(), deployment, from, max_bytes).await
    }

    fn bell(&self) -> Option<&Bell> {
        Some(self.heard())
    }

    async fn find(&self, project: &ProjectName, number: NonZeroU64) -> StoreResult<DeploymentId> {
        lists::find(self.database().as_ref(), project, number).await
    }

    async fn deployments(
        &self,
        project: &ProjectName,
        before: Option<NonZeroU64>,
        limit: usize,
    ) -> StoreResult<Sifted<DeploymentSummary>> {
        lists::deployments(self.database().as_ref(), project, before, limit).await
    }

    async fn led_to_by(&self, project: &ProjectName, pipeline: PipelineId) -> StoreResult<Sifted<DeploymentSummary>> {
        lists::led_to_by(self.database().as_ref(), project, pipeline).await
    }

    async fn driven(&self, limit: usize) -> StoreResult<Sifted<DeploymentSummary>> {
        lists::driven(self.database().as_ref(), limit).await
    }

    async fn remember_target(
        &self,
        project: &ProjectName,
        environment: &str,
        settings: &TargetSettings,
        at: Timestamp,
    ) -> StoreResult<()> {
        let (database, project, environment) = (self.database(), project.clone(), environment.to_owned());
        let settings = settings.clone();
        self.finished(async move { targets::remember(database.as_ref(), &project, &environment, &settings, at).await })
            .await
    }

    async fn target(&self, project: &ProjectName, environment: &str) -> StoreResult<Option<TargetSettings>> {
        targets::target(self.database().as_ref(), project, environment).await
    }

    async fn targets(&self, project: &ProjectName) -> StoreResult<Sifted<RememberedTarget>> {
        targets::targets(self.database().as_ref(), project).await
    }

    async fn forget_target(&self, project: &ProjectName, environment: &str) -> StoreResult<bool> {
        let (database, project, environment) = (self.database(), project.clone(), environment.to_owned());
        self.finished(async move { targets::forget(database.as_ref(), &project, &environment).await }).await
    }

    async fn keep_release(
        &self,
        claim: &DeploymentClaim,
        release: &KeptRelease,
        others: &BTreeSet<ReleaseId>,
    ) -> StoreResult<()> {
        let (database, keys, claim) = (self.database(), self.keys(), claim.clone());
        let (release, others) = (release.clone(), others.clone());
        self.finished(
            async move { releases::keep(database.as_ref(), keys.as_deref(), &claim, &release, &others).await },
        )
        .await
    }

    async fn kept_releases(&self, target: &Target) -> StoreResult<Sifted<ReleaseHead>> {
        releases::kept(self.database().as_ref(), target).await
    }

    async fn kept_release(&self, target: &Target, release: ReleaseId) -> StoreResult<Option<KeptRelease>> {
        releases::kept_one(self.database().as_ref(), self.keys().as_deref(), target, release).await
    }

    async fn prune(&self, keep: &Retention, limit: usize) -> StoreResult<Sifted<Pruned>> {
        let (database, keep) = (self.database(), *keep);
        self.finished(async move { catalog::prune_all(database.as_ref(), &catalog::DEPLOYMENTS, &keep, limit).await })
            .await
    }
}
