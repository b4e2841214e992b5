//! The port through which people ask what a store holds, and tell it what it cannot know by itself.
//!
//! Beside [`Store`](crate::ports::Store), which is what driving pipelines takes: an embedder who only runs pipelines never
//! needs this one.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::id::{CommitId, InstanceId, PipelineId, ProjectName};
use crate::pipeline::TriggerEvent;
use crate::plan::CommitNote;
use crate::ports::store::{StoreResult, Variable};
use crate::status::{DeploymentStatus, End, Status};
use crate::time::Timestamp;

/// What a store holds: projects with their variables, pipelines by number, runners.
///
/// All methods may be called concurrently. *Cancellation*: as with [`Store`](crate::ports::Store).
/// *Errors*: those of broken machinery, and what each method names.
#[async_trait]
pub trait Catalog: Send + Sync {
    /// All projects, by name.
    async fn projects(&self) -> StoreResult<Vec<ProjectName>>;

    /// The pipeline with a number.
    ///
    /// # Errors
    /// `NotFound`.
    async fn find(&self, project: &ProjectName, number: NonZeroU64) -> StoreResult<PipelineId>;

    /// Pipelines of a project, newest first: those that are wanted and have a number below `before` (absent: all), at most
    /// `limit`. One that cannot be understood is set aside, and counts. Takes no longer the more there are that are not wanted.
    async fn pipelines(
        &self,
        project: &ProjectName,
        wanted: &PipelineFilter,
        before: Option<NonZeroU64>,
        limit: usize,
    ) -> StoreResult<Sifted<PipelineSummary>>;

    /// Why a pipeline waits; `None` when it does not. Runners heard of within `alive` count.
    ///
    /// # Errors
    /// `NotFound`.
    async fn waiting(&self, pipeline: PipelineId, alive: Duration) -> StoreResult<Option<Waiting>>;

    /// Sets a variable of a project, in the place of one of the same name. Seen by pipelines claimed from then on; a project
    /// that does not exist is made.
    ///
    /// # Errors
    /// `Invalid` for what breaks a rule of [`bounds`](crate::ports::bounds): a name that is none or is reserved, too much or
    /// a NUL byte in the value.
    async fn set_variable(&self, project: &ProjectName, variable: Variable) -> StoreResult<()>;

    /// Removes a variable; answers whether there was one.
    async fn unset_variable(&self, project: &ProjectName, name: &str) -> StoreResult<bool>;

    /// Says that a runner lives. Its time is the store's.
    ///
    /// # Errors
    /// `Invalid` for what breaks a rule of [`bounds`](crate::ports::bounds).
    async fn beat(&self, runner: &RunnerBeat) -> StoreResult<()>;

    /// Says that a runner has ended of its own will.
    async fn retire_runner(&self, instance: &InstanceId) -> StoreResult<()>;

    /// Runners heard of and not retired, by name. One that cannot be understood is set aside.
    async fn runners(&self) -> StoreResult<Sifted<RunnerStatus>>;

    /// How much there is to do now, and what came of what ended within `of_late`, by the store's clock.
    ///
    /// Costs what is open and what ended of late, not what there ever was.
    async fn tally(&self, of_late: Duration) -> StoreResult<Tally>;

    /// Removes one batch of pipelines that are over and that nothing keeps, with their events and logs, oldest first.
    /// Their numbers are not used again. Answers what was removed; nothing: it is done. One that cannot be understood, or
    /// whose removal the store refuses, is set aside as it is, and does not count.
    ///
    /// A pipeline is gone for every reader at once, or there whole. Also forgets runners that were silent for
    /// [`RUNNER_FORGOTTEN_AFTER`]. *Cancellation* and crashes: what was begun is finished by the next call.
    async fn prune(&self, keep: &Retention, limit: usize) -> StoreResult<Sifted<Pruned>>;
}

/// After so long without a word a runner is forgotten.
pub const RUNNER_FORGOTTEN_AFTER: Duration = Duration::from_hours(7 * 24);

/// Many, of which some may be broken: those do not keep the others from being told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sifted<T> {
    /// Those that are whole.
    pub found: Vec<T>,
    /// A sentence for people about each of the others: which, and why.
    pub set_aside: Vec<String>,
}

impl<T> Default for Sifted<T> {
    fn default() -> Self {
        Self { found: Vec::new(), set_aside: Vec::new() }
    }
}

/// Which pipelines are wanted: those for which all that is said here holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PipelineFilter {
    /// Of this branch.
    pub branch: Option<String>,
    /// That stand so.
    pub status: Option<Status>,
    /// That were made for this.
    pub event: Option<TriggerEvent>,
}

/// A pipeline in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineSummary {
    /// Its id.
    pub id: PipelineId,
    /// Its number within its project.
    pub number: NonZeroU64,
    /// Where it stands.
    pub status: Status,
    /// How it ended, or will, once that is known.
    pub end: Option<End>,
    /// What it was made for.
    pub event: TriggerEvent,
    /// The commit.
    pub commit: CommitId,
    /// The branch, when one is known.
    pub branch: Option<String>,
    /// What the commit says of itself.
    pub note: CommitNote,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// When a runner took it up.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Who holds it; nobody when the lease has run out.
    pub holder: Option<InstanceId>,
}

/// Why a pipeline waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Waiting {
    /// No runner is there at all.
    NoRunner,
    /// There are runners, but none has all of these labels.
    NoSuchRunner {
        /// What its file asks for.
        labels: Vec<String>,
    },
    /// It waits its turn.
    Turn {
        /// Pipelines of its project with the same labels that have waited longer.
        ahead: u64,
    },
}

/// How a store's work stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Of pipelines.
    pub pipelines: Standing<Status>,
    /// The jobs of the pipelines that ended of late, by how they ended. A job takes the time of its attempts, each from its go.
    pub jobs: BTreeMap<Status, Ended>,
    /// Of deployments; nothing where the store has none.
    pub deployments: Standing<DeploymentStatus>,
    /// This process's ways to the store; nothing where there is nothing to be short of.
    pub connections: Connections,
}

/// Connections to a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Connections {
    /// The most there may be.
    pub most: u32,
    /// Those that somebody uses at this moment.
    pub used: u32,
}

/// How work of one kind stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing<S> {
    /// Those that are not over and that nobody drives: not begun, handed back, or left by somebody whose lease has run out.
    pub waiting: u64,
    /// How long ago the first of these was handed in.
    pub waiting_for: Option<Duration>,
    /// Those that somebody drives.
    pub driven: u64,
    /// Those that ended of late, by how; what there was none of may be missing.
    pub ended: BTreeMap<S, Ended>,
}

/// Those that ended in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ended {
    /// How many.
    pub count: u64,
    /// How long they took, all together, from when each began; one that never did took no time.
    pub took: Duration,
}

impl<S> Default for Standing<S> {
    fn default() -> Self {
        Self { waiting: 0, waiting_for: None, driven: 0, ended: BTreeMap::new() }
    }
}

/// What a runner says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnerBeat {
    /// Its instance.
    pub instance: InstanceId,
    /// The host it is on.
    pub host: String,
    /// The version of its program.
    pub version: String,
    /// What it offers to `runs_on`.
    pub labels: Vec<String>,
    /// How many pipelines it drives side by side, at most.
    pub capacity: NonZeroU32,
    /// How many it drives now.
    pub driving: u32,
    /// Whether it takes up no more and ends when it has finished those it has.
    pub draining: bool,
}

/// A runner as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnerStatus {
    /// What it last said.
    pub beat: RunnerBeat,
    /// How long ago, by the store's clock.
    pub silent_for: Duration,
}

/// What is kept. A pipeline that is over is kept when any of these keeps it; for deployments it is each target, and not each
/// project, that has so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Those that ended less long ago than this, by the store's clock.
    pub age: Duration,
    /// This many newest of each project.
    pub count: u64,
    /// The newest successful one of each project.
    pub last_success: bool,
}

/// A pipeline or deployment that was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pruned {
    /// Its project.
    pub project: ProjectName,
    /// Its number.
    pub number: NonZeroU64,
    /// Bytes of log that it held.
    pub log_bytes: u64,
}
