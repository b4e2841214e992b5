//! [`FaultStore`]: any store, with faults that are scripted or drawn from a seed.
//!
//! Knows nothing of what the calls mean; it fails them before or after they are done, delays them, and dies on order.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, pending};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::seed::Seed;
use crate::id::{AttemptId, InstanceId, PipelineId, ProjectName};
use crate::ports::{
    Bell, Claim, Control, Enqueued, Event, EventId, LogAppend, LogCursor, LogEnd, LogFrom, LogPage, NewPipeline,
    PipelineRecord, ProjectVariables, RunnerInfo, Store, StoreError, StoreResult,
};
use crate::schedule::{CancelLevel, Change};
use crate::status::Reason;
use crate::time::Timestamp;

/// Which method of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the method of `Store` of that name")]
pub enum StoreCall {
    Enqueue,
    Claim,
    Renew,
    Release,
    Load,
    Commit,
    RequestCancel,
    Control,
    EventsAfter,
    AppendLog,
    FinishLog,
    LogCursor,
    ReadLog,
    Variables,
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreFault {
    /// `Unavailable`, and nothing was done.
    Before,
    /// `Unavailable`, although it was done.
    After,
    /// It takes this long (of `tokio::time`).
    Delay(Duration),
    /// `Internal`, which no repetition helps, and nothing was done.
    Refused,
    /// `NoRoom`, as of a store whose disk is full, and nothing was done.
    NoRoom,
    /// `NotFound`, as of a store that was put back to an older state, and nothing was done.
    Unknown,
}

/// How often which fault is drawn, in a thousand calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FaultRates {
    /// Of [`StoreFault::Before`].
    pub before: u16,
    /// Of [`StoreFault::After`].
    pub after: u16,
    /// Of [`StoreFault::Delay`].
    pub delay: u16,
    /// Delays are shorter than this.
    pub max_delay: Duration,
}

/// What calls do once the store's user has "crashed".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterCrash {
    /// They never answer, as for a process that is gone.
    Pend,
    /// They answer `Unavailable`.
    Fail,
}

type Hook = Box<dyn FnOnce() + Send>;

/// Any store, with faults. One of these is one life of the process that uses it: after a crash, wrap the same inner
/// store again.
///
/// Scripted faults ([`fail_next`](Self::fail_next)) come before drawn ones. Draws are made in the order of the calls, so
/// that a run on one thread is the same for the same seed.
pub struct FaultStore {
    inner: Arc<dyn Store>,
    plan: Mutex<FaultPlan>,
}

#[derive(Default)]
struct FaultPlan {
    scripted: VecDeque<(StoreCall, StoreFault)>,
    drawn: Option<(Seed, FaultRates)>,
    commits: u64,
    crash_at: Option<(u64, AfterCrash, Hook)>,
    crashed: Option<AfterCrash>,
}

impl FaultStore {
    /// Wraps a store; without further orders it behaves exactly like it.
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, plan: Mutex::default() }
    }

    /// Draws faults for all calls from a seed.
    #[must_use]
    pub fn with_rates(self, seed: u64, rates: FaultRates) -> Self {
        self.plan().drawn = Some((Seed::new(seed), rates));
        self
    }

    /// Orders a fault for the next call of a kind; several orders for one kind are used one call each.
    pub fn fail_next(&self, call: StoreCall, fault: StoreFault) {
        self.plan().scripted.push_back((call, fault));
    }

    /// Crashes once the `nth` commit (counted from 1, over this wrapper's life) is recorded: `hook` is called, and
    /// neither that commit nor any call after it answers any more.
    pub fn crash_after_commit(&self, nth: u64, then: AfterCrash, hook: impl FnOnce() + Send + 'static) {
        self.plan().crash_at = Some((nth, then, Box::new(hook)));
    }

    /// Crashes now.
    pub fn crash(&self, then: AfterCrash) {
        self.plan().crashed = Some(then);
    }

    /// How many commits were recorded through this wrapper.
    pub fn commits(&self) -> u64 {
        self.plan().commits
    }

    fn plan(&self) -> MutexGuard<'_, FaultPlan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn call<T>(&self, call: StoreCall, work: impl Future<Output = StoreResult<T>> + Send) -> StoreResult<T> {
        self.alive(call).await?;
        let fault = self.plan().draw(call);
        match fault {
            Some(StoreFault::Before) => return Err(unavailable(call)),
            Some(StoreFault::Refused) => return Err(refused(call)),
            Some(StoreFault::NoRoom) => return Err(no_room(call)),
            Some(StoreFault::Unknown) => return Err(StoreError::NotFound("what the test ordered to be unknown")),
            Some(StoreFault::Delay(delay)) => {
                tokio::time::sleep(delay).await;
                self.alive(call).await?;
            }
            Some(StoreFault::After) | None => {}
        }
        let answer = work.await;
        if call == StoreCall::Commit && answer.is_ok() {
            let hook = self.plan().count_commit();
            if let Some(hook) = hook {
                hook();
            }
        }
        self.alive(call).await?;
        if fault == Some(StoreFault::After) { Err(unavailable(call)) } else { answer }
    }

    async fn alive(&self, call: StoreCall) -> StoreResult<()> {
        let crashed = self.plan().crashed;
        match crashed {
            None => Ok(()),
            Some(AfterCrash::Fail) => Err(unavailable(call)),
            Some(AfterCrash::Pend) => pending().await,
        }
    }
}

impl FaultPlan {
    fn draw(&mut self, call: StoreCall) -> Option<StoreFault> {
        if let Some(position) = self.scripted.iter().position(|(wanted, _)| *wanted == call) {
            return self.scripted.remove(position).map(|(_, fault)| fault);
        }
        let (seed, rates) = self.drawn.as_mut()?;
        let (before, after, delay) = (u64::from(rates.before), u64::from(rates.after), u64::from(rates.delay));
        match seed.below(1_000) {
            n if n < before => Some(StoreFault::Before),
            n if n < before + after => Some(StoreFault::After),
            n if n < before + after + delay => {
                let micros = u64::try_from(rates.max_delay.as_micros()).unwrap_or(u64::MAX);
                Some(StoreFault::Delay(Duration::from_micros(seed.below(micros))))
            }
            _ => None,
        }
    }

    fn count_commit(&mut self) -> Option<Hook> {
        self.commits += 1;
        let (_, then, hook) = self.crash_at.take_if(|(nth, ..)| *nth == self.commits)?;
        self.crashed = Some(then);
        Some(hook)
    }
}

fn refused(call: StoreCall) -> StoreError {
    StoreError::Internal { message: format!("refusal ordered by the test in {call:?}"), source: None }
}

fn no_room(call: StoreCall) -> StoreError {
    StoreError::NoRoom { message: format!("full by order of the test in {call:?}"), source: None }
}

fn unavailable(call: StoreCall) -> StoreError {
    StoreError::Unavailable { message: format!("fault ordered by the test in {call:?}"), source: None }
}

impl fmt::Debug for FaultStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = self.plan();
        f.debug_struct("FaultStore")
            .field("commits", &plan.commits)
            .field("crashed", &plan.crashed)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for FaultStore {
    async fn enqueue(&self, new: NewPipeline, claimant: Option<&RunnerInfo>) -> StoreResult<Enqueued> {
        self.call(StoreCall::Enqueue, self.inner.enqueue(new, claimant)).await
    }

    async fn held(&self, instance: &InstanceId) -> StoreResult<Vec<PipelineId>> {
        self.inner.held(instance).await
    }

    async fn claim(&self, runner: &RunnerInfo, which: Option<PipelineId>) -> StoreResult<Option<Claim>> {
        self.call(StoreCall::Claim, self.inner.claim(runner, which)).await
    }

    async fn claim_several(&self, runner: &RunnerInfo, most: NonZeroUsize) -> StoreResult<Vec<Claim>> {
        self.call(StoreCall::Claim, self.inner.claim_several(runner, most)).await
    }

    async fn renew(&self, claim: &Claim) -> StoreResult<()> {
        self.call(StoreCall::Renew, self.inner.renew(claim)).await
    }

    async fn release(&self, claim: &Claim) -> StoreResult<()> {
        self.call(StoreCall::Release, self.inner.release(claim)).await
    }

    async fn load(&self, pipeline: PipelineId) -> StoreResult<PipelineRecord> {
        self.call(StoreCall::Load, self.inner.load(pipeline)).await
    }

    async fn commit(&self, claim: &Claim, nth: u64, changes: &[Change]) -> StoreResult<EventId> {
        self.call(StoreCall::Commit, self.inner.commit(claim, nth, changes)).await
    }

    async fn request_cancel(
        &self,
        pipeline: PipelineId,
        level: CancelLevel,
        reason: Reason,
        at: Timestamp,
    ) -> StoreResult<()> {
        self.call(StoreCall::RequestCancel, self.inner.request_cancel(pipeline, level, reason, at)).await
    }

    async fn control(&self, claim: &Claim) -> StoreResult<Control> {
        self.call(StoreCall::Control, self.inner.control(claim)).await
    }

    async fn events_after(
        &self,
        pipeline: Option<PipelineId>,
        after: EventId,
        limit: usize,
    ) -> StoreResult<Vec<Event>> {
        self.call(StoreCall::EventsAfter, self.inner.events_after(pipeline, after, limit)).await
    }

    async fn append_log(&self, claim: &Claim, attempt: AttemptId, pieces: &[LogAppend]) -> StoreResult<u64> {
        self.call(StoreCall::AppendLog, self.inner.append_log(claim, attempt, pieces)).await
    }

    async fn finish_log(&self, claim: &Claim, attempt: AttemptId, end: LogEnd) -> StoreResult<()> {
        self.call(StoreCall::FinishLog, self.inner.finish_log(claim, attempt, end)).await
    }

    async fn log_cursor(&self, attempt: AttemptId) -> StoreResult<LogCursor> {
        self.call(StoreCall::LogCursor, self.inner.log_cursor(attempt)).await
    }

    async fn read_log(&self, attempt: AttemptId, from: LogFrom, max_bytes: usize) -> StoreResult<LogPage> {
        self.call(StoreCall::ReadLog, self.inner.read_log(attempt, from, max_bytes)).await
    }

    fn bell(&self) -> Option<&Bell> {
        self.inner.bell()
    }

    async fn variables(&self, project: &ProjectName) -> StoreResult<ProjectVariables> {
        self.call(StoreCall::Variables, self.inner.variables(project)).await
    }
}
