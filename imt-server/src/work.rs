//! What comes of deliveries: each taken up by one server at a time, made into a pipeline or into a reason why not, and tried
//! again when something does not answer. One that was worked on twice has one pipeline all the same.

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use imt_core::directory::{
    Delivery, DeliveryClaim, DeliveryOutcome, ProjectKey, ProjectRecord, Settlement, SkipReason, TakenDelivery,
};
use imt_core::id::{InstanceId, PipelineId, ProjectId};
use imt_core::pipeline::TriggerEvent;
use imt_core::ports::{NewPipeline, PipelineFilter, StoreError};
use imt_core::schedule::CancelLevel;
use imt_core::status::{Reason, Status};
use tokio::task::JoinSet;

use crate::planning::{self, NoPlan, Wanted};
use crate::state::{Server, now};
use crate::upkeep::report;
use crate::webhook::{Heard, Pushed, asks_for_nothing, read};

/// For how long a delivery is nobody else's: what a server that was killed had taken waits for so long. Who needs longer renews it.
const LEASE: Duration = Duration::from_secs(30);
/// How often it is renewed.
const RENEW: Duration = Duration::from_secs(10);
/// How many are worked on at once, each of another project: a repository may be slow, and the others' are not to wait for it. Two
/// of one project would wait for each other where something has to be fetched.
const AT_ONCE: usize = 8;
/// How long to wait for a ring before looking again.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// How long to wait before looking again past the deliveries of a project that has all its places: of those there may be
/// many, and all are passed by.
const LOOK_PAST_AGAIN: Duration = Duration::from_millis(500);
/// How long to wait when the store does not answer.
const STORE_AWAY: Duration = Duration::from_secs(2);
/// How often a delivery is tried.
const TRIES: u32 = 10;
/// The longest that a try may take: as long as git is given.
const LONGEST_TRY: Duration = Duration::from_mins(20);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_mins(10);
/// How many of the pipelines that a newer one takes the place of are read at a time.
const PIECE: usize = 100;

/// Works on deliveries until the server is to end; what is under way then is left to whoever comes next, at once.
pub async fn work_on_deliveries(server: Server, worker: InstanceId) {
    let places = Places::default();
    let mut tasks = JoinSet::new();
    let mut nothing_past: Option<NothingPast> = None;
    while !server.stop().is_cancelled() {
        let full = places.taken();
        let has_room = tasks.len() < AT_ONCE;
        let looks = has_room && !nothing_past.as_ref().is_some_and(|past| past.holds(&full, Instant::now()));
        let taken = if looks { take(&server, &worker, &full).await } else { Some(None) };
        let pause = match &taken {
            None => STORE_AWAY,
            Some(_) if full.is_empty() => LOOK_AGAIN,
            Some(_) => LOOK_PAST_AGAIN,
        };
        let new = taken.flatten();
        let is_more = new.is_some();
        if looks && !is_more && !full.is_empty() {
            nothing_past = Some(NothingPast { full, at: Instant::now() });
        }
        if let Some(taken) = new {
            let place = places.take(taken.delivery.project);
            tasks.spawn(settle(server.clone(), taken, place));
        }
        if is_more && tasks.len() < AT_ONCE {
            continue;
        }
        tokio::select! {
            () = server.stop().cancelled() => {}
            () = server.deliveries().notified(), if tasks.len() < AT_ONCE => {}
            Some(ended) = tasks.join_next() => if let Err(error) = ended {
                tracing::error!(%error, "a delivery was not worked on to its end");
            },
            () = tokio::time::sleep(pause) => {}
        }
    }
    while tasks.join_next().await.is_some() {}
}

/// The next one, if there is one. `None`: the store does not answer.
async fn take(server: &Server, worker: &InstanceId, but: &[ProjectId]) -> Option<Option<TakenDelivery>> {
    match server.directory().take_deliveries(worker, LEASE, 1, but).await {
        Ok(taken) => {
            for odd in &taken.set_aside {
                tracing::error!("a delivery cannot be understood: {odd}");
            }
            Some(taken.found.into_iter().next())
        }
        Err(error) => {
            tracing::warn!(%error, "deliveries cannot be taken up");
            None
        }
    }
}

/// A look past the projects that had all their places, which found nothing of others.
struct NothingPast {
    full: Vec<ProjectId>,
    at: Instant,
}

impl NothingPast {
    /// Whether it would find nothing now, but for what has come in since: no project that it passed by has a place again.
    fn holds(&self, full: &[ProjectId], now: Instant) -> bool {
        now.saturating_duration_since(self.at) < LOOK_PAST_AGAIN
            && self.full.iter().all(|project| full.contains(project))
    }
}

/// The projects of which this server works on a delivery.
#[derive(Clone, Default)]
struct Places(Arc<Mutex<BTreeSet<ProjectId>>>);

impl Places {
    fn taken(&self) -> Vec<ProjectId> {
        self.all().iter().copied().collect()
    }

    fn take(&self, project: ProjectId) -> Place {
        self.all().insert(project);
        Place { places: self.clone(), project }
    }

    fn all(&self) -> MutexGuard<'_, BTreeSet<ProjectId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A project's place; free again however the work in it ends.
struct Place {
    places: Places,
    project: ProjectId,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.all().remove(&self.project);
    }
}

async fn settle(server: Server, taken: TakenDelivery, _place: Place) {
    let TakenDelivery { delivery, claim } = taken;
    let settlement = tokio::select! {
        settlement = tried(&server, &delivery) => settlement,
        // Whatever was done so far is done again by whoever is next, to the same end.
        () = server.stop().cancelled() => {
            let detail = "the server ended before anything had come of it".to_owned();
            Settlement::Again { detail, after: Duration::ZERO }
        }
        () = somebody_elses(&server, &claim) => return,
    };
    let word = match &settlement {
        Settlement::Over(DeliveryOutcome::Pipeline { .. }) => "pipeline",
        Settlement::Over(DeliveryOutcome::Skipped(_)) => "skipped",
        Settlement::Over(DeliveryOutcome::Failed { .. }) => "failed",
        Settlement::Again { .. } => "again",
    };
    tracing::info!(delivery = %delivery.id, project = %delivery.project, outcome = word, "worked on a delivery");
    match server.directory().settle_delivery(&claim, &settlement).await {
        Ok(()) => server.metrics().delivered(word),
        // Somebody else has it: what we made is what they find.
        Err(StoreError::Conflict(_)) => {}
        // Its lease runs out, and then it is worked on once more.
        Err(error) => tracing::warn!(%error, delivery = %delivery.id, "what came of a delivery cannot be recorded"),
    }
}

/// Renews the lease of a delivery, until that is somebody else's.
async fn somebody_elses(server: &Server, claim: &DeliveryClaim) {
    loop {
        tokio::time::sleep(RENEW).await;
        match server.directory().renew_delivery(claim, LEASE).await {
            Ok(()) => {}
            Err(StoreError::Conflict(_)) => return,
            // Tried again soon; should the lease run out meanwhile, two come to the same pipeline.
            Err(error) => tracing::warn!(%error, delivery = %claim.delivery, "a delivery cannot be kept"),
        }
    }
}

/// One try, in its time.
async fn tried(server: &Server, delivery: &Delivery) -> Settlement {
    let within = time_for(server.settings().delivery_within, delivery.tries);
    let (detail, may_help) = match tokio::time::timeout(within, outcome(server, delivery)).await {
        Ok(Ok(outcome)) => return Settlement::Over(outcome),
        Ok(Err(trouble)) => (trouble.to_string(), trouble.is_retryable()),
        Err(_) => (format!("nothing had come of it within {within:?}: look whether its repository answers"), true),
    };
    if may_help && delivery.tries < TRIES {
        Settlement::Again { detail, after: pause_after(delivery.tries) }
    } else {
        Settlement::Over(DeliveryOutcome::Failed { detail })
    }
}

/// How long a try may take: twice as long as the one before.
fn time_for(first: Duration, tries: u32) -> Duration {
    first.saturating_mul(1 << tries.clamp(1, 16).saturating_sub(1)).min(LONGEST_TRY)
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
    report(server, &project, accepted.id).await;
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

    #[test]
    fn times_grow_to_an_end() {
        let first = Duration::from_mins(2);
        let times: Vec<u64> = [0, 1, 2, 4, 5, 1_000].map(|tries| time_for(first, tries).as_secs() / 60).into();
        assert_eq!(times, [2, 2, 4, 16, 20, 20]);
    }

    #[test]
    fn a_project_has_its_place_for_as_long_as_the_work_takes() {
        let (one, other, places) = (ProjectId::generate(), ProjectId::generate(), Places::default());
        let of_one = places.take(one);
        let of_other = places.take(other);
        assert_eq!(places.taken().len(), 2);
        drop(of_one);
        assert_eq!(places.taken(), [other]);
        drop(of_other);
        assert_eq!(places.taken(), []);
    }

    #[test]
    fn a_look_that_found_nothing_is_repeated_when_a_project_has_a_place_again_or_time_has_passed() {
        let (one, other) = (ProjectId::generate(), ProjectId::generate());
        let at = Instant::now();
        let past = NothingPast { full: vec![one, other], at };
        assert!(past.holds(&[other, one], at));
        assert!(!past.holds(&[one], at), "of the other one there may be more");
        assert!(!past.holds(&[one, other], at + LOOK_PAST_AGAIN));
    }
}
