//! The port to where pipelines, their logs and their events are kept.

use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::id::{AttemptId, InstanceId, PipelineId, ProjectName, Subject};
use crate::plan::Plan;
pub use crate::plan::Variable;
use crate::ports::hint::Bell;
use crate::ports::log::{LogAppend, LogCursor, LogEnd, LogFrom, LogPage, LogPart};
use crate::ports::variables::ProjectVariables;
use crate::schedule::{CancelLevel, Change, PipelineState};
use crate::status::Reason;
use crate::time::Timestamp;

/// What a store's methods answer.
pub type StoreResult<T> = Result<T, StoreError>;

/// Where pipelines are kept. The rows are the truth: everything else can be rebuilt from them.
///
/// All methods may be called concurrently. *Cancellation*: dropping any future leaves either all of its effect or none,
/// never a half-done write or an open transaction. Implementations are proved by `testkit::store_suite`.
#[async_trait]
pub trait Store: Send + Sync {
    /// Accepts a pipeline. When this answers, it is durable and will run to an end.
    ///
    /// *Idempotent* by key: the same `idempotency_key` in the same project answers the pipeline accepted first, with
    /// `created: false`; without a key each call makes a new one.
    ///
    /// With a `claimant` the pipeline that this call makes is claimed in the same transaction, so that nobody else can have it
    /// in between; its labels do not matter. A repeat makes a new claim, with a higher token, if the claimant's instance holds
    /// the pipeline (also past its lease) and it is not over: whose answer was lost goes on like any successor of the same
    /// instance. Every other repeat claims nothing: whoever wants the pipeline asks [`claim`](Self::claim) for it.
    ///
    /// # Errors
    /// `Conflict` when the id exists already under another key; `Invalid` for what breaks a rule of
    /// [`bounds`](crate::ports::bounds).
    async fn enqueue(&self, new: NewPipeline, claimant: Option<&RunnerInfo>) -> StoreResult<Enqueued>;

    /// Takes up one pipeline: the given one, or else one that the store chooses among those that this runner may run.
    ///
    /// A pipeline can be claimed when it is not over and nobody holds it, its lease has run out, or its holder is the same
    /// instance. Each claim has a higher fencing token than any before it on that pipeline. `None`: nothing to be had.
    ///
    /// *Choosing*: first what was left behind (held by a lease that has run out, or by an earlier life of the same instance),
    /// what was accepted first before the others; then what nobody holds: of the projects that have something waiting, the
    /// one of which the fewest pipelines are held, and of those projects' pipelines the one accepted first. So a project
    /// with a long queue does not keep the others waiting. Left out is what wants a label that the runner has not, and
    /// [`RunnerInfo::driving`]; neither matters for a given pipeline.
    ///
    /// # Errors
    /// `NotFound` for a given pipeline that does not exist; `Invalid` for what breaks a rule of
    /// [`bounds`](crate::ports::bounds).
    async fn claim(&self, runner: &RunnerInfo, which: Option<PipelineId>) -> StoreResult<Option<Claim>>;

    /// Takes up several pipelines, `most` at most: those that as many calls of [`claim`](Self::claim) would choose one after
    /// another, each leaving out what those before it have. At least one where there is any; how many more is the store's
    /// business, so that fewer than `most` says nothing of what still waits.
    ///
    /// # Errors
    /// As `claim`.
    async fn claim_several(&self, runner: &RunnerInfo, _most: NonZeroUsize) -> StoreResult<Vec<Claim>> {
        Ok(self.claim(runner, None).await?.into_iter().collect())
    }

    /// Pipelines that are not over and that this instance holds, also past its lease; oldest first. What a sweep has to bring
    /// to an end when the instance is gone for good.
    ///
    /// # Errors
    /// Only those of broken machinery.
    async fn held(&self, instance: &InstanceId) -> StoreResult<Vec<PipelineId>>;

    /// Prolongs a claim to a full lease from now.
    ///
    /// # Errors
    /// `ClaimLost` when somebody else holds it or it was released: the caller stops its attempts at once.
    async fn renew(&self, claim: &Claim) -> StoreResult<()>;

    /// Gives a claim back. *Idempotent*: a claim lost already is fine.
    ///
    /// # Errors
    /// Only those of broken machinery.
    async fn release(&self, claim: &Claim) -> StoreResult<()>;

    /// A pipeline with its plan and state.
    ///
    /// # Errors
    /// `NotFound`.
    async fn load(&self, pipeline: PipelineId) -> StoreResult<PipelineRecord>;

    /// The pipeline of a claim as it stood when it was claimed, where the store knows that without asking: spares its new
    /// holder, and nobody else, the [`load`](Self::load). Taken once. A cancel that came since is told by
    /// [`control`](Self::control).
    fn as_claimed(&self, _claim: &Claim) -> Option<PipelineRecord> {
        None
    }

    /// Records changes: all of them in one transaction, in order, each also as an event. Answers the last event's id.
    ///
    /// The commits under one claim are numbered by its holder, each higher than the one before. *Idempotent* by that number:
    /// the number that was recorded last records nothing and gives the same answer, also when the first call lands only
    /// after the second. So a call whose outcome is unknown is repeated with the same number and the same changes.
    ///
    /// The commit that ends the pipeline gives the claim back as well: only the same call again can follow it.
    ///
    /// # Errors
    /// `ClaimLost` when the fencing token is not the newest or was given back, `Conflict` for a lower number, when the
    /// pipeline is over or something follows its end; then nothing was recorded.
    async fn commit(&self, claim: &Claim, nth: u64, changes: &[Change]) -> StoreResult<EventId>;

    /// Asks for the end of a pipeline; needs no claim. Recorded as a change and event unless it adds nothing (the pipeline
    /// is over, or a cancel at least as strong is recorded). Levels never de-escalate.
    ///
    /// A pipeline that nobody holds (or only by a lease that has run out) and that has begun nothing ends in the same
    /// transaction, by what [`cancel_changes`](crate::schedule::cancel_changes) decides: no runner is needed. A claim that had
    /// run out is lost by that.
    ///
    /// # Errors
    /// `NotFound`.
    async fn request_cancel(
        &self,
        pipeline: PipelineId,
        level: CancelLevel,
        reason: Reason,
        at: Timestamp,
    ) -> StoreResult<()>;

    /// What the holder of a claim must know at once; cheap, asked every second.
    ///
    /// # Errors
    /// `ClaimLost`.
    async fn control(&self, claim: &Claim) -> StoreResult<Control>;

    /// Events after an id, oldest first, at most `limit`; of one pipeline or of all.
    ///
    /// Ids grow with commit order: a reader that has seen id `n` never misses a later event with an id below `n`. A reader of
    /// one pipeline sees what is committed at once; a reader of all may stay behind commits of others that are under way. What is
    /// stored and cannot be understood is an error for a reader of its pipeline, and left out for a reader of all.
    ///
    /// # Errors
    /// Only those of broken machinery.
    async fn events_after(&self, pipeline: Option<PipelineId>, after: EventId, limit: usize)
    -> StoreResult<Vec<Event>>;

    /// Appends pieces that follow each other to an attempt's log, in one transaction, and answers the durable offset (the
    /// first byte that is not there yet).
    ///
    /// A piece that lies wholly before the durable offset is a no-op; one that overlaps it adds only what is new.
    ///
    /// # Errors
    /// `Gap` when a piece's `offset` is past what is durable before it, `ClaimLost`, `Conflict` after
    /// [`finish_log`](Self::finish_log), for an empty or oversized piece, for no piece and for an attempt of another
    /// pipeline; then nothing was appended. `Full` for output only (never for a `System` piece): the first pieces may be
    /// there. The caller appends them again one by one, drops what the job prints from the refused one on, and says so in
    /// the log.
    async fn append_log(&self, claim: &Claim, attempt: AttemptId, pieces: &[LogAppend]) -> StoreResult<u64>;

    /// Records that a log is whole. *Idempotent* for the same end.
    ///
    /// # Errors
    /// `Gap` when fewer bytes are stored than the end says, `ClaimLost`, `Conflict` with another end or with what is
    /// stored (bytes, lines, checksum); then the log stays open.
    async fn finish_log(&self, claim: &Claim, attempt: AttemptId, end: LogEnd) -> StoreResult<()>;

    /// Records what is new of several logs and then changes, as [`append_log`](Self::append_log),
    /// [`finish_log`](Self::finish_log) and [`commit`](Self::commit) one after another would, in as few transactions as the
    /// store can.
    ///
    /// *Idempotent*: of a part that is there already, its end included, nothing is repeated. Answers the id of the last of the
    /// changes' events, if there are changes.
    ///
    /// # Errors
    /// As those; then what comes before may be there, but never the changes without all of the logs.
    async fn record(
        &self,
        claim: &Claim,
        nth: u64,
        logs: &[LogPart],
        changes: &[Change],
    ) -> StoreResult<Option<EventId>> {
        record_in_turn(self, claim, nth, logs, changes).await
    }

    /// Where a log stands: what a recovering writer needs to go on. All zero for a log that does not exist.
    ///
    /// # Errors
    /// Only those of broken machinery.
    async fn log_cursor(&self, attempt: AttemptId) -> StoreResult<LogCursor>;

    /// A piece of a log, at most about `max_bytes` (at least one chunk when there is more). History and tail are one call.
    ///
    /// # Errors
    /// Only those of broken machinery; a log that does not exist is empty.
    async fn read_log(&self, attempt: AttemptId, from: LogFrom, max_bytes: usize) -> StoreResult<LogPage>;

    /// Where it rings when something was committed, by this process or by others: a pipeline's when it has new events or more
    /// of a log, the queue's when there may be something to claim. `None`: this store gives no hints.
    ///
    /// Nobody may rely on a ring: it may be late, lost or false. Whoever waits looks again from time to time as well.
    fn bell(&self) -> Option<&Bell> {
        None
    }

    /// A project's variables, secrets included: what the engine injects, and what it masks beside that.
    ///
    /// A secret value that is replaced or removed is kept, and told as such, while a pipeline of the project is not over that
    /// was accepted before.
    ///
    /// # Errors
    /// Only those of broken machinery; an unknown project has none.
    async fn variables(&self, project: &ProjectName) -> StoreResult<ProjectVariables>;
}

/// [`Store::record`] as the calls that it stands for, one after another.
///
/// # Errors
/// As [`Store::record`].
pub async fn record_in_turn<S: Store + ?Sized>(
    store: &S,
    claim: &Claim,
    nth: u64,
    logs: &[LogPart],
    changes: &[Change],
) -> StoreResult<Option<EventId>> {
    for part in logs {
        match record_log(store, claim, part).await {
            // A claim that is lost stays lost: a commit under it can only say that it is recorded already, and ended the claim.
            Err(StoreError::ClaimLost(_)) if !changes.is_empty() => break,
            written => written?,
        }
    }
    if changes.is_empty() { Ok(None) } else { store.commit(claim, nth, changes).await.map(Some) }
}

/// Appends what is new of a log and ends it, unless it has ended so already.
async fn record_log<S: Store + ?Sized>(store: &S, claim: &Claim, part: &LogPart) -> StoreResult<()> {
    let LogPart { attempt, pieces, end } = part;
    if end.is_some() && store.log_cursor(*attempt).await?.end == *end {
        return Ok(());
    }
    if !pieces.is_empty() {
        store.append_log(claim, *attempt, pieces).await?;
    }
    match end {
        Some(end) => store.finish_log(claim, *attempt, *end).await,
        None => Ok(()),
    }
}

/// Broken machinery or a broken rule, as a store reports it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such thing.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// The claim is not, or no longer, the newest on its pipeline or deployment.
    #[error("the claim on {0} is lost")]
    ClaimLost(Subject),
    /// A piece of log that does not follow on what is stored.
    #[error("log piece at {offset} does not follow on {durable}")]
    Gap {
        /// Where the piece begins.
        offset: u64,
        /// Where the log ends.
        durable: u64,
    },
    /// It exists already, and differs.
    #[error("conflict: {0}")]
    Conflict(String),
    /// What was given breaks a rule that holds whatever is stored; nothing was done.
    #[error("{0}")]
    Invalid(String),
    /// The store cannot be reached or did not answer; the same call may succeed later.
    #[error("the store is unavailable: {message}")]
    Unavailable {
        /// What was tried.
        message: String,
        /// The error below.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// Its disk is full. The same call may succeed once somebody has made room.
    #[error("the store has no room left: {message}")]
    NoRoom {
        /// What was tried.
        message: String,
        /// The error below.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// There is no room for this piece of log, nor will there be for what follows it.
    #[error("no room for more of the log: {0}")]
    Full(String),
    /// What is stored cannot be understood, or a fault in the adapter.
    #[error("store failure: {message}")]
    Internal {
        /// What was found.
        message: String,
        /// The error below.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

impl StoreError {
    /// Whether the same call may succeed later without anybody changing anything here.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::NoRoom { .. })
    }
}

/// A pipeline to accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPipeline {
    /// Its id, chosen by the submitter.
    pub id: PipelineId,
    /// What it does.
    pub plan: Plan,
    /// When it was submitted.
    pub at: Timestamp,
    /// The same key in the same project is the same pipeline.
    pub idempotency_key: Option<String>,
}

/// The answer to an enqueue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enqueued {
    /// The pipeline: the new one, or the one accepted first under the key.
    pub id: PipelineId,
    /// Its number within its project, counted from 1.
    pub number: NonZeroU64,
    /// Whether this call made it.
    pub created: bool,
    /// The claimant's claim on it, if it has one.
    pub claim: Option<Claim>,
}

/// Who claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnerInfo {
    /// The instance; claims of the same instance are taken over at once.
    pub instance: InstanceId,
    /// What this runner offers to `runs_on`.
    pub labels: Vec<String>,
    /// What a store that chooses leaves out: what this process drives already (its own instance could take it over), and
    /// what it could not drive.
    pub driving: Vec<PipelineId>,
    /// How long a claim lasts without renewal.
    pub lease: Duration,
}

/// The right to drive one pipeline, for as long as it is renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Which pipeline.
    pub pipeline: PipelineId,
    /// Who holds it.
    pub instance: InstanceId,
    /// The fencing token: grows with each claim on the pipeline; every write is checked against it.
    pub token: u64,
    /// How long it lasts from when it was asked for.
    pub lease: Duration,
}

/// A stored pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineRecord {
    /// Its number within its project.
    pub number: NonZeroU64,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// What it does.
    pub plan: Plan,
    /// Where it stands: the fold of its committed changes.
    pub state: PipelineState,
}

/// What a claim's holder must know at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Control {
    /// The strongest cancel asked for, with the first one's reason.
    pub cancel: Option<(CancelLevel, Reason)>,
}

/// Position in the store-wide sequence of events; 0 is before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(pub u64);

/// A committed change, as listeners read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its place in the sequence.
    pub id: EventId,
    /// Of which pipeline.
    pub pipeline: PipelineId,
    /// What happened.
    pub change: Change,
}
