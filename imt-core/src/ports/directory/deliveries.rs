//! The port [`Deliveries`].

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::directory::{
    Deed, Delivery, DeliveryClaim, Found, NewDelivery, Page, Position, Push, Received, Settlement, TakenDelivery,
};
use crate::id::{DeliveryId, InstanceId, ProjectId};
use crate::ports::{Sifted, StoreResult};
use crate::time::Timestamp;

/// What the hosts of repositories tell, until something has come of it. Part of [`Directory`](crate::ports::Directory).
#[async_trait]
pub trait Deliveries: Send + Sync {
    /// Keeps a delivery. When this answers, it is durable, and open unless the answer says that it is no news.
    ///
    /// *Idempotent* by project and the provider's id, and by project, event and body as well, as long as the delivery is kept: a
    /// repetition is no news, and is not kept; the answer is the delivery that is. Of id and body only the body is signed, so
    /// that one which was seen on its way counts once, whatever is written above it. What happens twice has two bodies: those of
    /// GitHub say in `repository.pushed_at` in which second was pushed, those of Gitea and Forgejo in `repository.updated_at` in
    /// which second the repository was changed before. A branch that is pushed forth, back and forth again within a second
    /// may have two that are equal; the first of them has had its pipeline of that commit, and so nothing is lost but a second
    /// one. Who sends something again by hand sends the same body, GitHub with the same id, Gitea with a new one.
    ///
    /// The delivery of a push that was [found](Self::found_push) before is kept, settled as skipped with a reference to what was
    /// made then, and is no news; what was found stands for one delivery, so that a later push of the same commit is news again.
    ///
    /// # Errors
    /// `NotFound` when there is no such project.
    async fn receive(&self, new: &NewDelivery) -> StoreResult<Received>;

    /// Tells of a push that was found by asking the repository at this time, as somebody does who was down: keeps an open
    /// delivery for it, unless the push is known. Known is what has a delivery for the same branch and commit that came in no longer
    /// than [`OUT_OF_ORDER`](crate::directory::OUT_OF_ORDER) before the branch got the head it is known to have, what was the
    /// branch's head already when its deliveries were [pruned](Self::prune_deliveries), and what a later push is known to
    /// have replaced.
    ///
    /// One after the other with [`receive`](Self::receive) for the same project: whichever is first, one of them is news.
    ///
    /// # Errors
    /// `NotFound` when there is no such project.
    async fn found_push(&self, project: ProjectId, push: &Push, at: Timestamp) -> StoreResult<Found>;

    /// Takes open deliveries that nobody has taken or whose lease has run out, and that are not to wait any longer: the oldest
    /// first, `limit` at most. Nobody else is given them within the lease. Those of the projects `but` are left to others; of
    /// these there may be a few. What cannot be understood is set aside, and in nobody's way.
    async fn take_deliveries(
        &self,
        worker: &InstanceId,
        lease: Duration,
        limit: usize,
        but: &[ProjectId],
    ) -> StoreResult<Sifted<TakenDelivery>>;

    /// Makes the lease of a delivery that was taken end so long from now, for whoever needs longer. *Idempotent*.
    ///
    /// # Errors
    /// `Conflict` as for [`settle_delivery`](Self::settle_delivery): what is still done for it is in vain.
    async fn renew_delivery(&self, claim: &DeliveryClaim, lease: Duration) -> StoreResult<()>;

    /// Ends a try at a delivery.
    ///
    /// # Errors
    /// `Conflict` when the claim is not the newest: somebody else has taken it, or it was settled or replayed. So may a
    /// repetition after a call whose outcome is unknown: then it is in good hands.
    async fn settle_delivery(&self, claim: &DeliveryClaim, settlement: &Settlement) -> StoreResult<()>;

    /// The deliveries of a project, newest first, before a given place.
    async fn deliveries(
        &self,
        project: ProjectId,
        before: Option<Position>,
        limit: usize,
    ) -> StoreResult<Page<Delivery, Position>>;

    /// A delivery of a project, with its body.
    ///
    /// # Errors
    /// `NotFound`, also for another project's.
    async fn delivery(&self, project: ProjectId, delivery: DeliveryId) -> StoreResult<(Delivery, Bytes)>;

    /// Opens a settled delivery of a project again, and counts that. *Audit*: `DeliveryReplayed`.
    ///
    /// # Errors
    /// `NotFound`, also for another project's; `Conflict` while it is open.
    async fn replay(&self, project: ProjectId, delivery: DeliveryId, by: &Deed) -> StoreResult<()>;

    /// Removes deliveries that were settled longer ago than this by the store's clock, `limit` at most; answers how many.
    /// Fewer: there are no more. Their ids and bodies are forgotten with them.
    async fn prune_deliveries(&self, older_than: Duration, limit: usize) -> StoreResult<u64>;
}
