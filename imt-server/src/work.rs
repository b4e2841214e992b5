//! What comes of deliveries: each taken up by one server at a time, made into a pipeline or into a reason why not, and tried
//! again when something does not answer. One that was worked on twice has one pipeline all the same.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use imt_core::directory::{
    Delivery, DeliveryClaim, DeliveryOutcome, ProjectKey, ProjectRecord, Settlement, SkipReason, TakenDelivery,
};
use imt_core::id::{DeliveryId, InstanceId, PipelineId};
use imt_core::pipeline::TriggerEvent;
use imt_core::ports::{NewPipeline, PipelineFilter, StoreError};
use imt_core::schedule::CancelLevel;
use imt_core::status::{Reason, Status};
use tokio::task::JoinSet;

use crate::planning::{self, NoPlan, Wanted};
use crate::state::{Server, now};
use crate::upkeep::report;
use crate::webhook::{Heard, Pushed, asks_for_nothing, read};

/// For how long a delivery is nobody else's: what a server that was killed had taken waits for so long. One who needs longer takes
/// it anew; should another one be first, both come to the same pipeline.
const LEASE: Duration = Duration::from_secs(30);
/// How many are worked on at once, of those that have not taken long yet.
const AT_ONCE: usize = 4;
/// After so long one takes long: its repository hangs, or is large and fetched for the first time. Others do not wait for it.
const LONG: Duration = Duration::from_secs(5);
/// How many are worked on at once, however long they take.
const MOST: usize = 64;
/// How long to wait for a ring before looking again.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// How long to wait when the store does not answer.
const STORE_AWAY: Duration = Duration::from_secs(2);
/// How long those that are under way may take when the server is to end. Who comes next finds the others once their lease is over.
const FINISHED_WITHIN: Duration = Duration::from_secs(10);
/// How often a delivery is tried.
const TRIES: u32 = 10;
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_mins(10);
/// How many of the pipelines that a newer one takes the place of are read at a time.
const PIECE: usize = 100;

/// Works on deliveries until the server is to end; what is under way then is finished, unless it takes long.
pub async fn work_on_deliveries(server: Server, worker: InstanceId) {
    let under_way = UnderWay::default();
    let mut tasks = JoinSet::new();
    while !server.stop().is_cancelled() {
        let room = under_way.room();
        let taken = if room > 0 { take(&server, &worker, room).await } else { Some(Vec::new()) };
        let pause = if taken.is_some() { LOOK_AGAIN } else { STORE_AWAY };
        let news: Vec<TakenDelivery> = taken.unwrap_or_default();
        let is_more = !news.is_empty();
        for taken in news {
            // What we have already, and whose lease has run out meanwhile, is ours for another one.
            if let Some(held) = under_way.hold(&taken) {
                tasks.spawn(settle(server.clone(), taken.delivery, held));
            }
        }
        let has_room = under_way.room() > 0;
        if is_more && has_room {
            continue;
        }
        tokio::select! {
            () = server.stop().cancelled() => {}
            () = server.deliveries().notified(), if has_room => {}
            Some(ended) = tasks.join_next() => if let Err(error) = ended {
                tracing::error!(%error, "a delivery was not worked on to its end");
            },
            () = tokio::time::sleep(pause) => {}
        }
    }
    let finishing = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(FINISHED_WITHIN, finishing).await.is_err() {
        tracing::warn!("deliveries that take long are left to whoever comes next");
    }
}

/// `None`: the store does not answer.
async fn take(server: &Server, worker: &InstanceId, room: usize) -> Option<Vec<TakenDelivery>> {
    match server.directory().take_deliveries(worker, LEASE, room).await {
        Ok(taken) => {
            for odd in &taken.set_aside {
                tracing::error!("a delivery cannot be understood: {odd}");
            }
            Some(taken.found)
        }
        Err(error) => {
            tracing::warn!(%error, "deliveries cannot be taken up");
            None
        }
    }
}

/// What this server works on, each with the newest right to settle it.
#[derive(Clone, Default)]
struct UnderWay(Arc<Mutex<BTreeMap<DeliveryId, Work>>>);

/// The newest right to settle a delivery, and since when it is worked on.
struct Work {
    claim: DeliveryClaim,
    since: Instant,
}

impl UnderWay {
    /// Notes the right to settle a delivery; `None`: somebody here works on it already.
    fn hold(&self, taken: &TakenDelivery) -> Option<Held> {
        let mut all = self.all();
        if let Some(work) = all.get_mut(&taken.delivery.id) {
            work.claim = taken.claim;
            return None;
        }
        all.insert(taken.delivery.id, Work { claim: taken.claim, since: Instant::now() });
        Some(Held { all: self.clone(), delivery: taken.delivery.id })
    }

    /// How many more may be taken up.
    fn room(&self) -> usize {
        let all = self.all();
        let quick = all.values().filter(|work| work.since.elapsed() < LONG).count();
        AT_ONCE.saturating_sub(quick).min(MOST.saturating_sub(all.len()))
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<DeliveryId, Work>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A delivery that is worked on; let go however that ends.
struct Held {
    all: UnderWay,
    delivery: DeliveryId,
}

impl Held {
    /// The newest right to settle it.
    fn claim(&self) -> Option<DeliveryClaim> {
        self.all.all().get(&self.delivery).map(|work| work.claim)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.all().remove(&self.delivery);
    }
}

async fn settle(server: Server, delivery: Delivery, held: Held) {
    let settlement = match outcome(&server, &delivery).await {
        Ok(outcome) => Settlement::Over(outcome),
        Err(trouble) if trouble.is_retryable() && delivery.tries < TRIES => {
            Settlement::Again { detail: trouble.to_string(), after: pause_after(delivery.tries) }
        }
        Err(trouble) => Settlement::Over(DeliveryOutcome::Failed { detail: trouble.to_string() }),
    };
    let word = match &settlement {
        Settlement::Over(DeliveryOutcome::Pipeline { .. }) => "pipeline",
        Settlement::Over(DeliveryOutcome::Skipped(_)) => "skipped",
        Settlement::Over(DeliveryOutcome::Failed { .. }) => "failed",
        Settlement::Again { .. } => "again",
    };
    tracing::info!(delivery = %delivery.id, project = %delivery.project, outcome = word, "worked on a delivery");
    let Some(claim) = held.claim() else { return };
    match server.directory().settle_delivery(&claim, &settlement).await {
        Ok(()) => server.metrics().delivered(word),
        // Somebody else has it: what we made is what they find.
        Err(StoreError::Conflict(_)) => {}
        // Its lease runs out, and then it is worked on once more.
        Err(error) => tracing::warn!(%error, delivery = %delivery.id, "what came of a delivery cannot be recorded"),
    }
}

/// Longer after each try: 2 s, 4 s, 8 s and so on.
fn pause_after(tries: u32) -> Duration {
    Duration::from_secs(1 << tries.clamp(1, 16)).min(LONGEST_PAUSE)
}

/// What comes of it.
async fn outcome(server: &Server, delivery: &Delivery) -> Result<DeliveryOutcome, NoPlan> {
    let project = server.directory().project(&ProjectKey::Id(delivery.project)).await?;
    let pushed = match wanted(server, delivery, &project).await? {
        Ok(pushed) => pushed,
        Err(skipped) => return Ok(DeliveryOutcome::Skipped(skipped)),
    };
    let (event, branch) = (if pushed.tag.is_some() { TriggerEvent::Tag } else { TriggerEvent::Push }, pushed.branch);
    let wanted =
        Wanted { event, commit: pushed.commit, branch: branch.clone(), variables: Vec::new(), only_jobs: Vec::new() };
    let plan = match planning::plan(server, &project, wanted).await {
        Ok(plan) => plan,
        Err(NoPlan::NoFile { .. }) => return Ok(DeliveryOutcome::Skipped(SkipReason::NoPipelineFile)),
        Err(other) => return Err(other),
    };
    // The same delivery, worked on twice, is the same pipeline; a replay is meant to be another.
    let key = format!("delivery:{}:{}", delivery.id, delivery.replays);
    let new = NewPipeline { id: PipelineId::generate(), plan, at: now(), idempotency_key: Some(key) };
    let accepted = server.store().enqueue(new, None).await?;
    report(server, accepted.id).await;
    if let Some(branch) = branch.filter(|_| project.settings.supersedes_queued)
        && is_newest(server, delivery, &branch).await?
    {
        supersede(server, &project, branch, accepted.number).await?;
    }
    Ok(DeliveryOutcome::Pipeline { id: accepted.id, number: accepted.number })
}

/// What was pushed, where that sets something off; otherwise why it does not.
async fn wanted(
    server: &Server,
    delivery: &Delivery,
    project: &ProjectRecord,
) -> Result<Result<Pushed, SkipReason>, NoPlan> {
    if project.archived_at.is_some() {
        return Ok(Err(SkipReason::Archived));
    }
    if !project.settings.triggers_on_push {
        return Ok(Err(SkipReason::PushesOff));
    }
    let pushed = match &delivery.push {
        // Found by asking the repository: there is no body.
        Some(push) if matches!(delivery.source, imt_core::directory::DeliverySource::Found) => {
            let message = server.repositories().message(project, &push.commit).await.map_err(NoPlan::Source)?;
            let skips = asks_for_nothing(&message);
            Pushed { branch: Some(push.branch.clone()), tag: None, commit: push.commit.clone(), skips }
        }
        _ => {
            let (_, body) = server.directory().delivery(delivery.project, delivery.id).await?;
            match read(&delivery.event, &body).map_err(|error| NoPlan::Trigger(error.to_string()))? {
                Heard::Pushed(pushed) => pushed,
                Heard::Removed => return Ok(Err(SkipReason::BranchRemoved)),
                Heard::Ping | Heard::Other => return Ok(Err(SkipReason::Event)),
            }
        }
    };
    if pushed.skips {
        return Ok(Err(SkipReason::Asked));
    }
    if pushed.branch.as_ref().is_some_and(|branch| !project.settings.wants(branch)) {
        return Ok(Err(SkipReason::Branch));
    }
    Ok(Ok(pushed))
}

/// Whether no later delivery is of the same branch. One that was tried again, or replayed, may come to its pipeline after a later
/// one, whose place it is not to take.
async fn is_newest(server: &Server, delivery: &Delivery, branch: &str) -> Result<bool, StoreError> {
    let mut before = None;
    loop {
        let page = server.directory().deliveries(delivery.project, before, PIECE).await?;
        let mut later = page.items.iter().take_while(|other| other.position > delivery.position);
        if later.any(|other| other.push.as_ref().is_some_and(|push| push.branch == branch)) {
            return Ok(false);
        }
        // Beyond the delivery itself there are earlier ones only.
        before = page.next.filter(|next| *next > delivery.position);
        if before.is_none() {
            return Ok(true);
        }
    }
}

/// Ends the pipelines of a branch that still wait: a newer one has taken their place.
async fn supersede(
    server: &Server,
    project: &ProjectRecord,
    branch: String,
    newest: NonZeroU64,
) -> Result<(), StoreError> {
    let (status, event) = (Some(Status::Pending), Some(TriggerEvent::Push));
    let waiting = PipelineFilter { branch: Some(branch), status, event };
    let mut before = newest;
    loop {
        let found = server.catalog().pipelines(&project.name, &waiting, Some(before), PIECE).await?.found;
        let Some(last) = found.last() else { return Ok(()) };
        before = last.number;
        for older in found {
            server.store().request_cancel(older.id, CancelLevel::Graceful, Reason::Superseded, now()).await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_end() {
        let pauses: Vec<u64> = [1, 2, 3, 9, 10, 1_000].into_iter().map(|tries| pause_after(tries).as_secs()).collect();
        assert_eq!(pauses, [2, 4, 8, 512, 600, 600]);
    }
}
