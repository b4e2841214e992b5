//! Deliveries and reports, with a rule broken.

use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use imt_core::directory::{
    Deed, Delivery, DeliveryClaim, Found, NewDelivery, NewReport, Page, Position, Push, Received, ReportClaim,
    ReportRecord, ReportSettlement, ReportState, Settlement, TakenDelivery, TakenReport,
};
use imt_core::id::{DeliveryId, InstanceId, PipelineId, ProjectId};
use imt_core::ports::{Deliveries, EventId, Reports, Sifted, StoreError, StoreResult};
use imt_core::time::Timestamp;

use super::{Flaw, Mutant};

#[async_trait]
impl Deliveries for Mutant {
    async fn receive(&self, new: &NewDelivery) -> StoreResult<Received> {
        let mut new = new.clone();
        if self.is(Flaw::BodiesIgnored) {
            new.body = [&new.body, new.provider_id.as_bytes()].concat().into();
        }
        let mut received = self.inner.receive(&new).await?;
        received.is_new |= self.is(Flaw::RepeatsAreNews);
        Ok(received)
    }

    async fn found_push(&self, project: ProjectId, push: &Push, at: Timestamp) -> StoreResult<Found> {
        let at = if self.is(Flaw::FoundAtAnyTime) { at.after(Duration::from_hours(1)) } else { at };
        if self.is(Flaw::PushBackKnown) {
            let all = self.inner.deliveries(project, None, 100).await?;
            if all.items.iter().any(|delivery| delivery.push.as_ref() == Some(push)) {
                return Ok(Found::Known);
            }
        }
        match self.inner.found_push(project, push, at).await? {
            Found::Known if self.is(Flaw::FoundAgain) => Ok(Found::Missed(DeliveryId::generate())),
            answer => Ok(answer),
        }
    }

    async fn take_deliveries(
        &self,
        worker: &InstanceId,
        lease: Duration,
        limit: usize,
        but: &[ProjectId],
    ) -> StoreResult<Sifted<TakenDelivery>> {
        let but = if self.is(Flaw::EveryProjectTaken) { &[] } else { but };
        let mut taken = self.inner.take_deliveries(worker, self.lease(lease), limit, but).await?;
        if self.is(Flaw::NewestFirst) {
            taken.found.reverse();
        }
        Ok(taken)
    }

    async fn renew_delivery(&self, claim: &DeliveryClaim, lease: Duration) -> StoreResult<()> {
        let lease = if self.is(Flaw::RenewalsForgotten) { Duration::ZERO } else { lease };
        self.inner.renew_delivery(claim, lease).await
    }

    async fn settle_delivery(&self, claim: &DeliveryClaim, settlement: &Settlement) -> StoreResult<()> {
        let mut settlement = settlement.clone();
        if let (Settlement::Again { after, .. }, true) = (&mut settlement, self.is(Flaw::AgainAtOnce)) {
            *after = Duration::ZERO;
        }
        match self.inner.settle_delivery(claim, &settlement).await {
            Err(StoreError::Conflict(_)) if self.is(Flaw::StaleSettles) => Ok(()),
            answer => answer,
        }
    }

    async fn deliveries(
        &self,
        project: ProjectId,
        before: Option<Position>,
        limit: usize,
    ) -> StoreResult<Page<Delivery, Position>> {
        let mut page = self.page(self.inner.deliveries(project, before, limit).await?);
        if self.is(Flaw::OldestFirst) {
            page.items.reverse();
        }
        Ok(page)
    }

    async fn delivery(&self, project: ProjectId, delivery: DeliveryId) -> StoreResult<(Delivery, Bytes)> {
        let (mut found, body) = self.inner.delivery(project, delivery).await?;
        if self.is(Flaw::ReplaysUncounted) {
            found.replays = 0;
        }
        Ok((found, body))
    }

    async fn replay(&self, project: ProjectId, delivery: DeliveryId, by: &Deed) -> StoreResult<()> {
        self.inner.replay(project, delivery, by).await
    }

    async fn prune_deliveries(&self, older_than: Duration, limit: usize) -> StoreResult<u64> {
        if self.is(Flaw::NothingPruned) {
            return Ok(0);
        }
        self.inner.prune_deliveries(older_than, limit).await
    }
}

#[async_trait]
impl Reports for Mutant {
    async fn queue_report(&self, new: &NewReport) -> StoreResult<()> {
        let mut new = new.clone();
        if self.is(Flaw::OlderReplaces) {
            new.at = Timestamp::from_micros(self.count());
        }
        self.inner.queue_report(&new).await
    }

    async fn take_reports(
        &self,
        worker: &InstanceId,
        lease: Duration,
        limit: usize,
    ) -> StoreResult<Sifted<TakenReport>> {
        self.inner.take_reports(worker, self.lease(lease), limit).await
    }

    async fn settle_report(&self, claim: &ReportClaim, settlement: &ReportSettlement) -> StoreResult<()> {
        let mut settlement = settlement.clone();
        if let (ReportSettlement::Again { after, .. }, true) = (&mut settlement, self.is(Flaw::AgainAtOnce)) {
            *after = Duration::ZERO;
        }
        self.inner.settle_report(claim, &settlement).await
    }

    async fn report(&self, pipeline: PipelineId) -> StoreResult<Option<ReportRecord>> {
        let mut told = self.inner.report(pipeline).await?;
        if let (Some(told), true) = (&mut told, self.is(Flaw::FailureHidden)) {
            told.state = ReportState::Sent;
        }
        Ok(told)
    }

    async fn reported_events(&self) -> StoreResult<EventId> {
        if self.is(Flaw::ReportedGoesBack) {
            return Ok(EventId(self.counter.load(Ordering::Relaxed)));
        }
        self.inner.reported_events().await
    }

    async fn set_reported_events(&self, up_to: EventId) -> StoreResult<()> {
        self.counter.store(up_to.0, Ordering::Relaxed);
        self.inner.set_reported_events(up_to).await
    }

    async fn prune_reports(&self, older_than: Duration, limit: usize) -> StoreResult<u64> {
        if self.is(Flaw::NothingPruned) {
            return Ok(0);
        }
        self.inner.prune_reports(older_than, limit).await
    }
}
