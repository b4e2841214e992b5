//! What is really recorded, and by whom: the store as every life sees it, without faults, held against the claims.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::engine::Process;
use crate::id::{AttemptId, InstanceId, PipelineId, ProjectName};
use crate::ports::{
    Bell, Claim, Control, Enqueued, Event, EventId, LogAppend, LogCursor, LogEnd, LogFrom, LogPage, NewPipeline,
    PipelineRecord, ProjectVariables, RunnerInfo, Store, StoreResult,
};
use crate::schedule::{CancelLevel, Change};
use crate::status::Reason;
use crate::store::MemoryStore;
use crate::testkit::FakeExecutor;
use crate::testkit::simulator::witness::Testimony;
use crate::time::Timestamp;

/// How long a process that was stopped has, once it goes on, to end what it may no longer run.
pub(super) const LETS_GO_IN: Duration = Duration::from_secs(2);

/// Which runner, and which of its lives.
pub(super) type LifeId = (usize, usize);

/// One life, as those outside of it see it.
pub(super) struct LifeFacts {
    pub(super) id: LifeId,
    pub(super) instance: InstanceId,
    pub(super) executor: FakeExecutor,
    pub(super) process: Process,
    pub(super) draining: AtomicBool,
    pub(super) dead: AtomicBool,
}

/// The newest claim on a pipeline.
struct Held {
    claim: Claim,
    by: Arc<LifeFacts>,
    /// `None` once it was given back.
    until: Option<Instant>,
}

/// Sees all claims and all writes.
pub(super) struct Observer {
    pub(super) store: Arc<MemoryStore>,
    pub(super) testimony: Testimony,
    held: Mutex<BTreeMap<PipelineId, Held>>,
}

impl LifeFacts {
    pub(super) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    /// Whether it could have done by now what its claims ask of it.
    fn is_awake(&self) -> bool {
        let awake_for = self.process.went_on_at().map(|at| at.elapsed());
        !self.is_dead() && !self.process.is_stopped() && awake_for.is_none_or(|span| span > LETS_GO_IN)
    }
}

impl Observer {
    pub(super) fn new(store: Arc<MemoryStore>, testimony: Testimony) -> Self {
        Self { store, testimony, held: Mutex::default() }
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<PipelineId, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the newest claim on a pipeline is this life's.
    pub(super) fn drives(&self, life: LifeId, pipeline: PipelineId) -> bool {
        self.held().get(&pipeline).is_some_and(|held| held.by.id == life && held.until.is_some())
    }

    /// Whether nobody has a claim on a pipeline that could still be renewed.
    pub(super) fn is_free(&self, pipeline: PipelineId) -> bool {
        self.held().get(&pipeline).and_then(|held| held.until).is_none_or(|until| until <= Instant::now())
    }

    /// How many pipelines a life has claims on.
    pub(super) fn load_of(&self, life: &LifeFacts) -> usize {
        self.held().values().filter(|held| held.by.id == life.id && held.until.is_some()).count()
    }

    /// Whoever was stopped runs nothing any more of what others have taken over meanwhile.
    pub(super) fn expect_let_go(&self, life: &LifeFacts) {
        for (pipeline, held) in self.held().iter() {
            if held.by.instance != life.instance && !life.is_dead() && life.executor.runs(*pipeline) {
                let (own, other) = (&life.instance, &held.by.instance);
                self.testimony.say(format!("{own} still runs something of {pipeline}, which {other} has"));
            }
        }
    }

    fn claimed(&self, by: &Arc<LifeFacts>, claim: &Claim) {
        let until = Some(Instant::now() + claim.lease);
        let new = Held { claim: claim.clone(), by: Arc::clone(by), until };
        let Some(before) = self.held().insert(claim.pipeline, new) else { return };
        if before.claim.token >= claim.token {
            self.testimony.say(format!("a claim with token {} after {}: {claim:?}", claim.token, before.claim.token));
        }
        if before.by.instance != by.instance && before.by.is_awake() && before.by.executor.runs(claim.pipeline) {
            let (one, other) = (&before.by.instance, &by.instance);
            self.testimony.say(format!("{other} takes {} over while {one} runs something of it", claim.pipeline));
        }
    }

    /// A write under a claim was accepted.
    fn accepted(&self, what: &str, claim: &Claim) {
        let newest = self.held().get(&claim.pipeline).map(|held| held.claim.token);
        if newest != Some(claim.token) {
            self.testimony.say(format!("{what} under {claim:?} was accepted, the newest token is {newest:?}"));
        }
    }

    /// The newest claim on a pipeline, if it is another one.
    fn newer(&self, claim: &Claim) -> Option<Claim> {
        let held = self.held();
        held.get(&claim.pipeline).map(|held| &held.claim).filter(|newest| newest.token > claim.token).cloned()
    }

    fn ended(&self, claim: &Claim) {
        if let Some(held) = self.held().get_mut(&claim.pipeline).filter(|held| held.claim.token == claim.token) {
            held.until = None;
        }
    }

    fn renewed(&self, claim: &Claim) {
        if let Some(held) = self.held().get_mut(&claim.pipeline) {
            held.until = Some(Instant::now() + claim.lease);
        }
    }
}

/// The store, as one life reaches it.
pub(super) struct ObservedStore {
    pub(super) observer: Arc<Observer>,
    pub(super) life: Arc<LifeFacts>,
}

impl ObservedStore {
    fn store(&self) -> &MemoryStore {
        &self.observer.store
    }

    fn note<T>(&self, what: &str, claim: &Claim, answer: StoreResult<T>) -> StoreResult<T> {
        if answer.is_ok() {
            self.observer.accepted(what, claim);
        }
        answer
    }
}

#[async_trait]
impl Store for ObservedStore {
    async fn enqueue(&self, new: NewPipeline, claimant: Option<&RunnerInfo>) -> StoreResult<Enqueued> {
        self.store().enqueue(new, claimant).await
    }

    async fn held(&self, instance: &InstanceId) -> StoreResult<Vec<PipelineId>> {
        self.store().held(instance).await
    }

    async fn claim(&self, runner: &RunnerInfo, which: Option<PipelineId>) -> StoreResult<Option<Claim>> {
        let claim = self.store().claim(runner, which).await?;
        if let Some(claim) = &claim {
            self.observer.claimed(&self.life, claim);
        }
        Ok(claim)
    }

    async fn claim_several(&self, runner: &RunnerInfo, most: NonZeroUsize) -> StoreResult<Vec<Claim>> {
        let claims = self.store().claim_several(runner, most).await?;
        for claim in &claims {
            self.observer.claimed(&self.life, claim);
        }
        Ok(claims)
    }

    async fn renew(&self, claim: &Claim) -> StoreResult<()> {
        self.note("a renewal", claim, self.store().renew(claim).await)?;
        self.observer.renewed(claim);
        Ok(())
    }

    async fn release(&self, claim: &Claim) -> StoreResult<()> {
        let newer = self.observer.newer(claim);
        let (store, observer) = (self.store(), &self.observer);
        let newer_holds = async || matches!(&newer, Some(newer) if store.control(newer).await.is_ok());
        let held_before = newer_holds().await;
        store.release(claim).await?;
        if held_before && !newer_holds().await {
            observer.testimony.say(format!("{claim:?} was given back, and with it {newer:?}"));
        }
        observer.ended(claim);
        Ok(())
    }

    async fn commit(&self, claim: &Claim, nth: u64, changes: &[Change]) -> StoreResult<EventId> {
        self.note("a commit", claim, self.store().commit(claim, nth, changes).await)
    }

    async fn append_log(&self, claim: &Claim, attempt: AttemptId, pieces: &[LogAppend]) -> StoreResult<u64> {
        self.note("a piece of log", claim, self.store().append_log(claim, attempt, pieces).await)
    }

    async fn finish_log(&self, claim: &Claim, attempt: AttemptId, end: LogEnd) -> StoreResult<()> {
        self.note("the end of a log", claim, self.store().finish_log(claim, attempt, end).await)
    }

    async fn load(&self, pipeline: PipelineId) -> StoreResult<PipelineRecord> {
        self.store().load(pipeline).await
    }

    async fn request_cancel(
        &self,
        pipeline: PipelineId,
        level: CancelLevel,
        reason: Reason,
        at: Timestamp,
    ) -> StoreResult<()> {
        self.store().request_cancel(pipeline, level, reason, at).await
    }

    async fn control(&self, claim: &Claim) -> StoreResult<Control> {
        self.store().control(claim).await
    }

    async fn events_after(
        &self,
        pipeline: Option<PipelineId>,
        after: EventId,
        limit: usize,
    ) -> StoreResult<Vec<Event>> {
        self.store().events_after(pipeline, after, limit).await
    }

    async fn log_cursor(&self, attempt: AttemptId) -> StoreResult<LogCursor> {
        self.store().log_cursor(attempt).await
    }

    async fn read_log(&self, attempt: AttemptId, from: LogFrom, max_bytes: usize) -> StoreResult<LogPage> {
        self.store().read_log(attempt, from, max_bytes).await
    }

    fn bell(&self) -> Option<&Bell> {
        self.store().bell()
    }

    async fn variables(&self, project: &ProjectName) -> StoreResult<ProjectVariables> {
        self.store().variables(project).await
    }
}
