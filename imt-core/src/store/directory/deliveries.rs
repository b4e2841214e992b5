//! The port [`Deliveries`] in memory.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::{DirectoryLedger, page_limit};
use crate::directory::{
    Action, Deed, Delivery, DeliveryClaim, DeliveryOutcome, DeliverySource, DeliveryState, Found, NewDelivery,
    OUT_OF_ORDER, Page, Position, Push, Received, Settlement, SkipReason, TakenDelivery,
};
use crate::id::{DeliveryId, InstanceId, ProjectId};
use crate::ports::{Deliveries, Sifted, StoreError, StoreResult, directory_bounds as bounds};
use crate::store::MemoryStore;
use crate::time::Timestamp;

/// A delivery with all that is known of it.
pub(super) struct Entry {
    delivery: Delivery,
    body: Bytes,
    token: u64,
    /// While it is open: when it may be taken, be it that a lease has run out then or a wait.
    due_at: Timestamp,
    /// Whether what was found has stood for the delivery of its push.
    stood: bool,
}

impl Entry {
    fn is_open(&self) -> bool {
        matches!(self.delivery.state, DeliveryState::Open { .. })
    }

    fn is_of(&self, project: ProjectId, push: &Push) -> bool {
        self.delivery.project == project && self.delivery.push.as_ref() == Some(push)
    }
}

const OPEN: DeliveryState = DeliveryState::Open { failure: None };

impl DirectoryLedger {
    fn add(&mut self, mut delivery: Delivery, body: Bytes, now: Timestamp) -> DeliveryId {
        self.last_delivery += 1;
        let (id, position) = (delivery.id, Position(self.last_delivery));
        delivery.position = position;
        self.deliveries.insert(position, Entry { delivery, body, token: 0, due_at: now, stood: false });
        id
    }

    /// Remembers what a branch has come to, unless something later is known.
    pub(super) fn note_head(&mut self, project: ProjectId, push: &Push, at: Timestamp) {
        let head = self.heads.entry((project, push.branch.clone())).or_insert_with(|| (push.commit.clone(), at));
        if head.1 <= at {
            *head = (push.commit.clone(), at);
        }
    }

    fn receive(&mut self, new: &NewDelivery, now: Timestamp) -> StoreResult<Received> {
        self.project(new.project)?;
        let source = DeliverySource::Webhook { provider_id: new.provider_id.clone() };
        let of_project = || self.deliveries.values().filter(|entry| entry.delivery.project == new.project);
        let same_body = |entry: &&Entry| {
            let is_delivered = entry.delivery.source != DeliverySource::Found;
            is_delivered && entry.delivery.event == new.event && entry.body == new.body
        };
        let known = of_project().find(|entry| entry.delivery.source == source).or_else(|| of_project().find(same_body));
        if let Some(known) = known {
            return Ok(Received { id: known.delivery.id, is_new: false });
        }
        let mut state = OPEN;
        if let Some(push) = &new.push {
            let is_found = |entry: &&mut Entry| {
                entry.is_of(new.project, push) && entry.delivery.source == DeliverySource::Found && !entry.stood
            };
            if let Some(found) = self.deliveries.values_mut().find(is_found) {
                found.stood = true;
                let outcome = DeliveryOutcome::Skipped(SkipReason::FoundBefore { delivery: found.delivery.id });
                state = DeliveryState::Settled { outcome, at: now };
            } else {
                self.note_head(new.project, push, new.received_at);
            }
        }
        let is_new = state == OPEN;
        let delivery = Delivery {
            id: DeliveryId::generate(),
            position: Position(0),
            project: new.project,
            source,
            event: new.event.clone(),
            push: new.push.clone(),
            received_at: new.received_at,
            state,
            tries: 0,
            replays: 0,
        };
        Ok(Received { id: self.add(delivery, new.body.clone(), now), is_new })
    }

    fn found_push(&mut self, project: ProjectId, push: &Push, at: Timestamp, now: Timestamp) -> StoreResult<Found> {
        self.project(project)?;
        let head = self.heads.get(&(project, push.branch.clone()));
        let is_known = head.is_some_and(|(commit, since)| *commit == push.commit || *since >= at);
        let since = head.map_or(Timestamp::default(), |(_, since)| since.before(OUT_OF_ORDER));
        let tells = |entry: &Entry| entry.is_of(project, push) && entry.delivery.received_at >= since;
        if is_known || self.deliveries.values().any(tells) {
            return Ok(Found::Known);
        }
        self.note_head(project, push, at);
        let delivery = Delivery {
            id: DeliveryId::generate(),
            position: Position(0),
            project,
            source: DeliverySource::Found,
            event: "push".to_owned(),
            push: Some(push.clone()),
            received_at: at,
            state: OPEN,
            tries: 0,
            replays: 0,
        };
        Ok(Found::Missed(self.add(delivery, Bytes::new(), now)))
    }

    fn take_deliveries(
        &mut self,
        lease: Duration,
        limit: usize,
        but: &[ProjectId],
        now: Timestamp,
    ) -> Vec<TakenDelivery> {
        let is_due =
            |entry: &&mut Entry| entry.is_open() && entry.due_at <= now && !but.contains(&entry.delivery.project);
        let due = self.deliveries.values_mut().filter(is_due).take(limit);
        due.map(|entry| {
            entry.due_at = now.after(lease);
            entry.token += 1;
            entry.delivery.tries += 1;
            let claim = DeliveryClaim { delivery: entry.delivery.id, token: entry.token };
            TakenDelivery { delivery: entry.delivery.clone(), claim }
        })
        .collect()
    }

    /// The delivery that a claim is for, if it is the newest one.
    fn claimed_delivery(&mut self, claim: &DeliveryClaim) -> StoreResult<&mut Entry> {
        let held =
            |entry: &&mut Entry| entry.delivery.id == claim.delivery && entry.token == claim.token && entry.is_open();
        let lost = || StoreError::Conflict("somebody else has the delivery, or it is settled".to_owned());
        self.deliveries.values_mut().find(held).ok_or_else(lost)
    }

    fn settle_delivery(&mut self, claim: &DeliveryClaim, settlement: &Settlement, now: Timestamp) -> StoreResult<()> {
        let entry = self.claimed_delivery(claim)?;
        match settlement {
            Settlement::Over(outcome) => {
                let mut outcome = outcome.clone();
                if let DeliveryOutcome::Failed { detail } = &mut outcome {
                    *detail = bounds::detail(detail);
                }
                entry.delivery.state = DeliveryState::Settled { outcome, at: now };
            }
            Settlement::Again { detail, after } => {
                entry.delivery.state = DeliveryState::Open { failure: Some(bounds::detail(detail)) };
                entry.due_at = now.after(*after);
                entry.token += 1;
            }
        }
        Ok(())
    }

    fn of_project(&self, project: ProjectId, id: DeliveryId) -> StoreResult<Position> {
        let is_it = |entry: &&Entry| entry.delivery.project == project && entry.delivery.id == id;
        let found = self.deliveries.values().find(is_it).ok_or(StoreError::NotFound("delivery"))?;
        Ok(found.delivery.position)
    }

    fn replay(&mut self, project: ProjectId, id: DeliveryId, by: &Deed, now: Timestamp) -> StoreResult<()> {
        let position = self.of_project(project, id)?;
        let entry = self.deliveries.get_mut(&position).filter(|entry| !entry.is_open());
        let entry = entry.ok_or_else(|| StoreError::Conflict("the delivery is still open".to_owned()))?;
        entry.delivery.state = OPEN;
        (entry.due_at, entry.token) = (now, entry.token + 1);
        (entry.delivery.tries, entry.delivery.replays) = (0, entry.delivery.replays + 1);
        self.write(Some(project), Action::DeliveryReplayed { delivery: id }, by);
        Ok(())
    }

    fn prune_deliveries(&mut self, older_than: Duration, limit: usize, now: Timestamp) -> u64 {
        let is_old = |entry: &&Entry| match entry.delivery.state {
            DeliveryState::Settled { at, .. } => now.since(at) > older_than,
            DeliveryState::Open { .. } => false,
        };
        let old = self.deliveries.values().filter(is_old).take(limit).map(|entry| entry.delivery.position);
        let old: Vec<Position> = old.collect();
        for position in &old {
            self.deliveries.remove(position);
        }
        old.len() as u64
    }
}

#[async_trait]
impl Deliveries for MemoryStore {
    async fn receive(&self, new: &NewDelivery) -> StoreResult<Received> {
        bounds::delivery(new)?;
        self.directory().receive(new, self.time())
    }

    async fn found_push(&self, project: ProjectId, push: &Push, at: Timestamp) -> StoreResult<Found> {
        bounds::push(push)?;
        self.directory().found_push(project, push, at, self.time())
    }

    async fn take_deliveries(
        &self,
        worker: &InstanceId,
        lease: Duration,
        limit: usize,
        but: &[ProjectId],
    ) -> StoreResult<Sifted<TakenDelivery>> {
        crate::ports::bounds::instance(worker)?;
        let found = self.directory().take_deliveries(lease, page_limit(limit), but, self.time());
        Ok(Sifted { found, ..Sifted::default() })
    }

    async fn renew_delivery(&self, claim: &DeliveryClaim, lease: Duration) -> StoreResult<()> {
        self.directory().claimed_delivery(claim)?.due_at = self.time().after(lease);
        Ok(())
    }

    async fn settle_delivery(&self, claim: &DeliveryClaim, settlement: &Settlement) -> StoreResult<()> {
        self.directory().settle_delivery(claim, settlement, self.time())
    }

    async fn deliveries(
        &self,
        project: ProjectId,
        before: Option<Position>,
        limit: usize,
    ) -> StoreResult<Page<Delivery, Position>> {
        let limit = page_limit(limit);
        let directory = self.directory();
        let wanted = |delivery: &&Delivery| {
            delivery.project == project && before.is_none_or(|before| delivery.position < before)
        };
        let all = directory.deliveries.values().rev().map(|entry| &entry.delivery);
        Ok(Page::of(all.filter(wanted).take(limit + 1).cloned().collect(), limit, |delivery| delivery.position))
    }

    async fn delivery(&self, project: ProjectId, delivery: DeliveryId) -> StoreResult<(Delivery, Bytes)> {
        let directory = self.directory();
        let position = directory.of_project(project, delivery)?;
        let entry = directory.deliveries.get(&position).ok_or(StoreError::NotFound("delivery"))?;
        Ok((entry.delivery.clone(), entry.body.clone()))
    }

    async fn replay(&self, project: ProjectId, delivery: DeliveryId, by: &Deed) -> StoreResult<()> {
        bounds::deed(by)?;
        self.directory().replay(project, delivery, by, self.time())
    }

    async fn prune_deliveries(&self, older_than: Duration, limit: usize) -> StoreResult<u64> {
        Ok(self.directory().prune_deliveries(older_than, limit, self.time()))
    }
}
