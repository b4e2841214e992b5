//! The way to the store: calls that arrive twice, or long after their sender has given them up, and so in another order; and
//! times when no renewal gets through.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, sleep};

use super::scenario::PostRates;
use crate::id::{AttemptId, InstanceId, PipelineId, ProjectName};
use crate::ports::{
    Bell, Claim, Control, Enqueued, Event, EventId, LogAppend, LogCursor, LogEnd, LogFrom, LogPage, NewPipeline,
    PipelineRecord, ProjectVariables, RunnerInfo, Store, StoreError, StoreResult,
};
use crate::schedule::{CancelLevel, Change};
use crate::status::Reason;
use crate::testkit::Seed;
use crate::time::Timestamp;

/// A store at the end of a bad line.
pub(super) struct Post<S> {
    pub(super) inner: Arc<S>,
    pub(super) rates: PostRates,
    pub(super) draw: Mutex<Seed>,
    /// From when to when no renewal and no question for cancels gets through, which have a way of their own.
    pub(super) cuts: Vec<(Instant, Instant)>,
}

/// How long a call is waited for that does not get through.
const GIVES_UP_IN: Duration = Duration::from_secs(1);

enum Fate {
    Arrives,
    Doubled(Duration),
    Late(Duration),
}

impl<S: Store + 'static> Post<S> {
    async fn gets_through(&self) -> StoreResult<()> {
        let now = Instant::now();
        if self.cuts.iter().any(|(from, to)| (*from..*to).contains(&now)) {
            sleep(GIVES_UP_IN).await;
            return Err(StoreError::Unavailable { message: "nothing gets through".into(), source: None });
        }
        Ok(())
    }

    fn fate(&self) -> Fate {
        let mut draw = self.draw.lock().unwrap_or_else(PoisonError::into_inner);
        let (doubled, late) = (u64::from(self.rates.doubled), u64::from(self.rates.late));
        let drawn = draw.below(1_000);
        let mut by =
            || Duration::from_millis(draw.below(u64::try_from(self.rates.max_late.as_millis()).unwrap_or(u64::MAX)));
        match drawn {
            n if n < doubled => Fate::Doubled(by()),
            n if n < doubled + late => Fate::Late(by()),
            _ => Fate::Arrives,
        }
    }

    /// Makes a call, and it or another one later as fate has it: outside of the process that calls, whatever becomes of that.
    async fn send<T: Send + 'static>(
        &self,
        call: impl Future<Output = StoreResult<T>> + Send,
        again: impl Future<Output = StoreResult<T>> + Send + 'static,
    ) -> StoreResult<T> {
        let later = |by: Duration| {
            tokio::spawn(async move {
                sleep(by).await;
                // Nobody waits for this answer.
                let _unheard = again.await;
            })
        };
        match self.fate() {
            Fate::Arrives => call.await,
            Fate::Doubled(by) => {
                let _detached = later(by);
                call.await
            }
            Fate::Late(by) => {
                let _detached = later(by);
                Err(StoreError::Unavailable { message: "the call is under way for too long".into(), source: None })
            }
        }
    }
}

#[async_trait]
impl<S: Store + 'static> Store for Post<S> {
    async fn enqueue(&self, new: NewPipeline, claimant: Option<&RunnerInfo>) -> StoreResult<Enqueued> {
        self.inner.enqueue(new, claimant).await
    }

    async fn held(&self, instance: &InstanceId) -> StoreResult<Vec<PipelineId>> {
        self.inner.held(instance).await
    }

    async fn claim(&self, runner: &RunnerInfo, which: Option<PipelineId>) -> StoreResult<Option<Claim>> {
        let inner = Arc::clone(&self.inner);
        let runner_again = runner.clone();
        self.send(self.inner.claim(runner, which), async move { inner.claim(&runner_again, which).await }).await
    }

    async fn claim_several(&self, runner: &RunnerInfo, most: NonZeroUsize) -> StoreResult<Vec<Claim>> {
        let inner = Arc::clone(&self.inner);
        let runner_again = runner.clone();
        let again = async move { inner.claim_several(&runner_again, most).await };
        self.send(self.inner.claim_several(runner, most), again).await
    }

    async fn renew(&self, claim: &Claim) -> StoreResult<()> {
        let inner = Arc::clone(&self.inner);
        let claim_again = claim.clone();
        self.gets_through().await?;
        self.send(self.inner.renew(claim), async move { inner.renew(&claim_again).await }).await
    }

    async fn release(&self, claim: &Claim) -> StoreResult<()> {
        let inner = Arc::clone(&self.inner);
        let claim_again = claim.clone();
        self.send(self.inner.release(claim), async move { inner.release(&claim_again).await }).await
    }

    async fn commit(&self, claim: &Claim, nth: u64, changes: &[Change]) -> StoreResult<EventId> {
        let inner = Arc::clone(&self.inner);
        let claim_again = claim.clone();
        let changes_again = changes.to_vec();
        self.send(self.inner.commit(claim, nth, changes), async move {
            inner.commit(&claim_again, nth, &changes_again).await
        })
        .await
    }

    async fn append_log(&self, claim: &Claim, attempt: AttemptId, pieces: &[LogAppend]) -> StoreResult<u64> {
        let inner = Arc::clone(&self.inner);
        let claim_again = claim.clone();
        let pieces_again = pieces.to_vec();
        self.send(self.inner.append_log(claim, attempt, pieces), async move {
            inner.append_log(&claim_again, attempt, &pieces_again).await
        })
        .await
    }

    async fn finish_log(&self, claim: &Claim, attempt: AttemptId, end: LogEnd) -> StoreResult<()> {
        let inner = Arc::clone(&self.inner);
        let claim_again = claim.clone();
        self.send(self.inner.finish_log(claim, attempt, end), async move {
            inner.finish_log(&claim_again, attempt, end).await
        })
        .await
    }

    async fn load(&self, pipeline: PipelineId) -> StoreResult<PipelineRecord> {
        self.inner.load(pipeline).await
    }

    async fn request_cancel(
        &self,
        pipeline: PipelineId,
        level: CancelLevel,
        reason: Reason,
        at: Timestamp,
    ) -> StoreResult<()> {
        self.inner.request_cancel(pipeline, level, reason, at).await
    }

    async fn control(&self, claim: &Claim) -> StoreResult<Control> {
        self.gets_through().await?;
        self.inner.control(claim).await
    }

    async fn events_after(
        &self,
        pipeline: Option<PipelineId>,
        after: EventId,
        limit: usize,
    ) -> StoreResult<Vec<Event>> {
        self.inner.events_after(pipeline, after, limit).await
    }

    async fn log_cursor(&self, attempt: AttemptId) -> StoreResult<LogCursor> {
        self.inner.log_cursor(attempt).await
    }

    async fn read_log(&self, attempt: AttemptId, from: LogFrom, max_bytes: usize) -> StoreResult<LogPage> {
        self.inner.read_log(attempt, from, max_bytes).await
    }

    /// Not to be heard: whom it wakes first is drawn by lot, and the same seed has to tell the same story.
    fn bell(&self) -> Option<&Bell> {
        None
    }

    async fn variables(&self, project: &ProjectName) -> StoreResult<ProjectVariables> {
        self.inner.variables(project).await
    }
}
