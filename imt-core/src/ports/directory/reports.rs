//! The port [`Reports`].

use std::time::Duration;

use async_trait::async_trait;

use crate::directory::{NewReport, ReportClaim, ReportRecord, ReportSettlement, TakenReport};
use crate::id::{InstanceId, PipelineId};
use crate::ports::{EventId, Sifted, StoreResult};

/// Commit statuses that are to be reported, each pipeline's newest. Part of [`Directory`](crate::ports::Directory).
#[async_trait]
pub trait Reports: Send + Sync {
    /// Queues a status: in the place of the pipeline's earlier one, and in vain when a later one is known, also once that was
    /// sent. *Idempotent* by pipeline, status and time.
    ///
    /// While somebody is sending the earlier one the new one waits until that is settled, so that they come in order.
    ///
    /// # Errors
    /// `NotFound` when there is no such project.
    async fn queue_report(&self, new: &NewReport) -> StoreResult<()>;

    /// Takes reports that nobody has taken or whose lease has run out, and that are not to wait any longer: those due longest
    /// first, `limit` at most. Nobody else is given them within the lease.
    async fn take_reports(
        &self,
        worker: &InstanceId,
        lease: Duration,
        limit: usize,
    ) -> StoreResult<Sifted<TakenReport>>;

    /// Ends a try at a report. Where a later status was queued meanwhile, that one is due at once.
    ///
    /// # Errors
    /// `Conflict` when the claim is not the newest, as with deliveries.
    async fn settle_report(&self, claim: &ReportClaim, settlement: &ReportSettlement) -> StoreResult<()>;

    /// What is known of a pipeline's newest report; `None`: there is none, or it is forgotten.
    async fn report(&self, pipeline: PipelineId) -> StoreResult<Option<ReportRecord>>;

    /// Up to which event of the store reports are queued. What the store held before it had a directory counts as reported.
    async fn reported_events(&self) -> StoreResult<EventId>;

    /// Says that reports are queued up to this event. *Idempotent*; an earlier one than is known changes nothing.
    async fn set_reported_events(&self, up_to: EventId) -> StoreResult<()>;

    /// Forgets reports that were settled longer ago than this by the store's clock, `limit` at most; answers how many. Fewer:
    /// there are no more.
    async fn prune_reports(&self, older_than: Duration, limit: usize) -> StoreResult<u64>;
}
