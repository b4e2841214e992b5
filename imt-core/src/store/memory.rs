//! The store itself: the ledger and the logs behind their locks, and the port over them.
//!
//! Locks are plain mutexes, held for a bounded piece of work and never across an await; so a dropped future has done
//! all or nothing. Order: ledger before deployments before log, and a log's bytes are written without the ledger's lock.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use tokio::time::Instant;

use super::deployments::Deployments;
use super::ledger::{Ledger, SharedLog};
use super::log::Log;
use super::spill::{FALLBACK_BYTES, Spill};
use crate::id::{AttemptId, InstanceId, PipelineId, ProjectName};
use crate::ports::{
    Bell, Claim, Control, Enqueued, Event, EventId, LogAppend, LogCursor, LogEnd, LogFrom, LogPage, NewPipeline,
    PipelineRecord, ProjectVariables, RunnerInfo, Store, StoreError, StoreResult, Variable,
};
use crate::schedule::{CancelLevel, Change};
use crate::status::Reason;
use crate::time::Timestamp;

/// A clock for leases: monotonic, and only ever compared with itself.
type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// A store in memory, good enough to embed: it keeps every promise of [`Store`] but does not outlive the process.
///
/// It is a [`Catalog`](crate::ports::Catalog) as well, and keeps what it is given until [`forget`](Self::forget) or `prune`. Logs take about their size in memory, or nearly none with
/// [`log_spill`](MemoryStoreBuilder::log_spill). All I/O is on the calling thread: at most 64 KiB a call into the page
/// cache when appending, about `max_bytes` when reading.
///
/// ```
/// use std::time::Duration;
/// use bytes::Bytes;
/// use imt_core::id::{AttemptId, CommitId, InstanceId, JobIndex, PipelineId, ProjectName};
/// use imt_core::plan::{Plan, Trigger};
/// use imt_core::pipeline::TriggerEvent;
/// use imt_core::ports::{LogAppend, LogFrom, LogPositions, NewPipeline, RunnerInfo, Store, StreamKind};
/// use imt_core::store::MemoryStore;
/// use imt_core::time::Timestamp;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::builder().log_spill(std::env::temp_dir()).build();
///
/// // A plan normally comes from a pipeline file; this one has no jobs.
/// let plan = Plan {
///     project: ProjectName::new("shop"),
///     trigger: Trigger {
///         event: TriggerEvent::Manual,
///         repository: None,
///         commit: CommitId::none(),
///         branch: None,
///         variables: Vec::new(),
///         only_jobs: Vec::new(),
///         note: Default::default(),
///     },
///     concurrency: std::num::NonZeroU32::MIN,
///     runs_on: Vec::new(),
///     variables: Vec::new(),
///     stages: Vec::new(),
///     jobs: Vec::new(),
///     deployments: Vec::new(),
///     deploys: false,
/// };
/// let (id, at) = (PipelineId::generate(), Timestamp::from_micros(0));
/// let accepted = store.enqueue(NewPipeline { id, plan, at, idempotency_key: Some("push-1".into()) }, None).await?;
/// assert_eq!(accepted.number.get(), 1);
///
/// // Whoever claims it may write, until somebody claims it with a higher token.
/// let runner = RunnerInfo {
///     instance: InstanceId::new("laptop"),
///     labels: Vec::new(),
///     driving: Vec::new(),
///     lease: Duration::from_secs(30),
/// };
/// let claim = store.claim(&runner, None).await?.ok_or("nothing to do")?;
/// let attempt = AttemptId { pipeline: id, job: JobIndex(0), number: 1 };
/// let piece = LogAppend {
///     offset: 0,
///     stream: StreamKind::Stdout,
///     bytes: Bytes::from_static(b"one\ntwo\nthree\n"),
///     at,
///     raw: LogPositions { stdout: 14, stderr: 0 },
///     dropped: 0,
/// };
/// assert_eq!(store.append_log(&claim, attempt, &[piece]).await?, 14);
///
/// let page = store.read_log(attempt, LogFrom::Tail(1), 4096).await?;
/// assert_eq!(&page.chunks[0].bytes[..], b"three\n");
/// # Ok(())
/// # }
/// ```
pub struct MemoryStore {
    ledger: Mutex<Ledger>,
    deployments: Mutex<Deployments>,
    #[cfg(feature = "server")]
    directory: Mutex<super::directory::DirectoryLedger>,
    clock: Clock,
    /// When the store was made, by the clock of the world and by its own.
    made: (Timestamp, Instant),
    bell: Bell,
    spill: Option<Arc<Spill>>,
}

/// How a [`MemoryStore`] is made.
pub struct MemoryStoreBuilder {
    ledger: Ledger,
    clock: Clock,
    spill_dir: Option<PathBuf>,
    fallback_bytes: u64,
    warn: Box<dyn Fn(&str) + Send + Sync>,
}

impl MemoryStoreBuilder {
    /// Keeps the bytes of logs in files in this existing directory instead of in memory.
    ///
    /// A file is made for a log of more than 64 KiB only, has no name, and is gone with the store or with
    /// [`MemoryStore::forget`]; it costs one file descriptor until then. When it cannot be written (a full disk), memory
    /// takes the rest of that log, up to [`fallback_bytes`](Self::fallback_bytes) for all logs together; past that, appending output answers `Full`. Nothing
    /// that was stored is lost, and [`on_warning`](Self::on_warning) hears of it once.
    #[must_use]
    pub fn log_spill(mut self, dir: impl Into<PathBuf>) -> Self {
        self.spill_dir = Some(dir.into());
        self
    }

    /// How many bytes of logs memory takes when their files cannot be written, for all logs together. Default 64 MiB.
    #[must_use]
    pub const fn fallback_bytes(mut self, bytes: u64) -> Self {
        self.fallback_bytes = bytes;
        self
    }

    /// Who hears that logs can no longer be spilled. Default: nobody. Called with a lock held: it must not wait, nor use the
    /// store.
    #[must_use]
    pub fn on_warning(mut self, hear: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.warn = Box::new(hear);
        self
    }

    /// Sets a variable of a project, in the place of one of the same name.
    #[must_use]
    pub fn set_variable(mut self, project: ProjectName, variable: Variable) -> Self {
        self.ledger.set_variable(project, variable);
        self
    }

    /// Takes the time for leases from somewhere else than `tokio::time`.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The store.
    pub fn build(self) -> MemoryStore {
        let Self { ledger, clock, spill_dir, fallback_bytes, warn } = self;
        let spill = spill_dir.map(|dir| Arc::new(Spill::new(dir, fallback_bytes, warn)));
        let made = (Timestamp::from_system(SystemTime::now()), clock());
        MemoryStore {
            ledger: Mutex::new(ledger),
            deployments: Mutex::default(),
            #[cfg(feature = "server")]
            directory: Mutex::default(),
            clock,
            made,
            bell: Bell::new(),
            spill,
        }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty store that keeps everything in memory.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Begins a store with options.
    pub fn builder() -> MemoryStoreBuilder {
        MemoryStoreBuilder {
            ledger: Ledger::default(),
            clock: Arc::new(Instant::now),
            spill_dir: None,
            fallback_bytes: FALLBACK_BYTES,
            warn: Box::new(|_| {}),
        }
    }

    /// Sets a variable of a project, in the place of one of the same name. Seen by pipelines claimed from now on.
    pub fn set_variable(&self, project: ProjectName, variable: Variable) {
        self.ledger().set_variable(project, variable);
    }

    /// Drops all of a pipeline that is over: its state, events, logs and idempotency key. Its number is not used again.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` while it is not over.
    pub fn forget(&self, pipeline: PipelineId) -> StoreResult<()> {
        self.ledger().forget(pipeline)
    }

    pub(super) fn now(&self) -> Instant {
        (self.clock)()
    }

    /// The time of the world, carried on by the store's own clock.
    pub(super) fn time(&self) -> Timestamp {
        let (time, origin) = self.made;
        time.after(self.now().saturating_duration_since(origin))
    }

    pub(super) const fn ringing(&self) -> &Bell {
        &self.bell
    }

    pub(super) fn deployment_ledger(&self) -> MutexGuard<'_, Deployments> {
        // As with the ledger.
        self.deployments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(feature = "server")]
    pub(super) const fn directory_ledger(&self) -> &Mutex<super::directory::DirectoryLedger> {
        &self.directory
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // Every method of the ledger checks first and then only does what cannot panic: it is never found half-done.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a write on a log, if the claim is still the newest when its turn comes.
    fn write_log<T>(
        &self,
        claim: &Claim,
        attempt: AttemptId,
        write: impl FnOnce(&mut Log) -> StoreResult<T>,
    ) -> StoreResult<T> {
        let log = self.ledger().log_for_writing(claim, attempt, self.spill.as_ref())?;
        let mut log = lock(&log);
        if !log.admits(claim.token) {
            return Err(StoreError::ClaimLost(claim.pipeline.into()));
        }
        let written = write(&mut log);
        drop(log);
        self.bell.ring(claim.pipeline);
        written
    }

    fn log(&self, attempt: AttemptId) -> Option<SharedLog> {
        self.ledger().log(attempt)
    }
}

/// Locks a log. Like the ledger's, its methods do what can fail before they change anything.
fn lock(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Store for MemoryStore {
    async fn enqueue(&self, new: NewPipeline, claimant: Option<&RunnerInfo>) -> StoreResult<Enqueued> {
        let now = self.now();
        let accepted = self.ledger().enqueue(new, claimant, now)?;
        self.bell.ring_queue();
        Ok(accepted)
    }

    async fn claim(&self, runner: &RunnerInfo, which: Option<PipelineId>) -> StoreResult<Option<Claim>> {
        let now = self.now();
        self.ledger().claim(runner, which, now)
    }

    async fn claim_several(&self, runner: &RunnerInfo, most: NonZeroUsize) -> StoreResult<Vec<Claim>> {
        let now = self.now();
        self.ledger().claim_several(runner, most, now)
    }

    async fn held(&self, instance: &InstanceId) -> StoreResult<Vec<PipelineId>> {
        Ok(self.ledger().held_by(instance))
    }

    async fn renew(&self, claim: &Claim) -> StoreResult<()> {
        let now = self.now();
        self.ledger().renew(claim, now)
    }

    async fn release(&self, claim: &Claim) -> StoreResult<()> {
        self.ledger().release(claim);
        self.bell.ring_queue();
        Ok(())
    }

    async fn load(&self, pipeline: PipelineId) -> StoreResult<PipelineRecord> {
        self.ledger().load(pipeline)
    }

    async fn commit(&self, claim: &Claim, nth: u64, changes: &[Change]) -> StoreResult<EventId> {
        let last = self.ledger().commit(claim, nth, changes)?;
        self.bell.ring(claim.pipeline);
        Ok(last)
    }

    async fn request_cancel(
        &self,
        pipeline: PipelineId,
        level: CancelLevel,
        reason: Reason,
        at: Timestamp,
    ) -> StoreResult<()> {
        let now = self.now();
        self.ledger().request_cancel(pipeline, level, reason, at, now)?;
        self.bell.ring(pipeline);
        Ok(())
    }

    async fn control(&self, claim: &Claim) -> StoreResult<Control> {
        self.ledger().control(claim)
    }

    async fn events_after(
        &self,
        pipeline: Option<PipelineId>,
        after: EventId,
        limit: usize,
    ) -> StoreResult<Vec<Event>> {
        Ok(self.ledger().events_after(pipeline, after, limit))
    }

    async fn append_log(&self, claim: &Claim, attempt: AttemptId, pieces: &[LogAppend]) -> StoreResult<u64> {
        self.write_log(claim, attempt, |log| log.append_all(pieces))
    }

    async fn finish_log(&self, claim: &Claim, attempt: AttemptId, end: LogEnd) -> StoreResult<()> {
        self.write_log(claim, attempt, |log| log.finish(end))
    }

    async fn log_cursor(&self, attempt: AttemptId) -> StoreResult<LogCursor> {
        Ok(self.log(attempt).map_or(LogCursor::default(), |log| lock(&log).cursor()))
    }

    async fn read_log(&self, attempt: AttemptId, from: LogFrom, max_bytes: usize) -> StoreResult<LogPage> {
        let plan = match self.log(attempt) {
            Some(log) => lock(&log).plan_read(from, max_bytes),
            None => Log::new(0, None).plan_read(from, max_bytes),
        };
        plan.read()
    }

    fn bell(&self) -> Option<&Bell> {
        Some(&self.bell)
    }

    async fn variables(&self, project: &ProjectName) -> StoreResult<ProjectVariables> {
        Ok(self.ledger().variables(project))
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("spill", &self.spill).finish_non_exhaustive()
    }
}

impl fmt::Debug for MemoryStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStoreBuilder").field("spill_dir", &self.spill_dir).finish_non_exhaustive()
    }
}
