//! The settings of an engine.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
#[cfg(feature = "testkit")]
use tokio::time::Instant;
use uuid::Uuid;

#[cfg(feature = "testkit")]
use crate::engine::clock::Clock;
use crate::engine::deployment::Deployments;
use crate::engine::handle::Engine;
use crate::engine::instance::Instance;
use crate::engine::log_writer::LOG_CAP_BYTES;
use crate::engine::shared::{CalledOff, Shared};
use crate::engine::workspace::Workspaces;
use crate::id::InstanceId;
use crate::ports::{EventSink, Executor, NullSink, RunnerInfo, Source, Store};
#[cfg(feature = "testkit")]
use crate::time::Timestamp;

/// Settings of an engine.
pub struct EngineBuilder {
    shared: Shared,
    workspace_root: Option<PathBuf>,
    imagined: bool,
    instance: Option<Arc<Instance>>,
}

impl EngineBuilder {
    /// Where commits come from. Without one, plans must name no repository.
    #[must_use]
    pub fn source(mut self, source: Arc<dyn Source>) -> Self {
        self.shared.source = Some(source);
        self
    }

    /// Gives every pipeline a directory of its own under this one, `<root>/<project>-<commit>-<id>`. Without it jobs have
    /// no workspace and the engine touches no disk.
    #[must_use]
    pub fn workspace_root(mut self, root: impl Into<PathBuf>) -> Self {
        self.workspace_root = Some(root.into());
        self
    }

    /// Leaves workspaces in place at the end.
    #[must_use]
    pub const fn keep_workspaces(mut self, keep: bool) -> Self {
        self.shared.keep_workspaces = keep;
        self
    }

    /// Who is told that there is something new in the store.
    #[must_use]
    pub fn sink(mut self, sink: Arc<dyn EventSink>) -> Self {
        self.shared.sink = sink;
        self
    }

    /// The identity that outlives this process: its successor takes its claims over and sweeps what it left.
    #[must_use]
    pub fn instance(mut self, instance: Arc<Instance>) -> Self {
        self.shared.runner.instance = instance.id().clone();
        self.instance = Some(instance);
        self
    }

    /// The same identity without anything on disk: for stores and executors that do not outlive the process, and tests.
    #[must_use]
    pub fn instance_id(mut self, id: InstanceId) -> Self {
        self.shared.runner.instance = id;
        self
    }

    /// What this engine offers to `runs_on`.
    #[must_use]
    pub fn labels(mut self, labels: impl IntoIterator<Item = String>) -> Self {
        self.shared.runner.labels = labels.into_iter().collect();
        self
    }

    /// What pipelines that [deploy](crate::plan::Plan::deploys) are handed on to when they have succeeded, and what
    /// [`work_on_deployments`](Engine::work_on_deployments) drives. Its store is the one of this engine. Without it nothing
    /// follows a pipeline.
    #[must_use]
    pub fn deployments(mut self, deployments: Deployments) -> Self {
        self.shared.deployments = Some(deployments);
        self
    }

    /// The most jobs of one pipeline side by side, whatever its file says. Default: what the file says.
    #[must_use]
    pub fn job_limit(mut self, limit: NonZeroU32) -> Self {
        self.shared.job_limit = usize::try_from(limit.get()).unwrap_or(usize::MAX);
        self
    }

    /// How many next jobs are prepared while one runs. Default 2; 0 prepares each at its turn.
    #[must_use]
    pub const fn prepare_ahead(mut self, jobs: usize) -> Self {
        self.shared.prepare_ahead = jobs;
        self
    }

    /// How long a claim lasts without renewal. Default 30 s.
    #[must_use]
    pub const fn lease(mut self, lease: Duration) -> Self {
        self.shared.runner.lease = lease;
        self
    }

    /// How much of a job's output one attempt's log keeps; the rest is read, counted and dropped. Default 256 MiB.
    #[must_use]
    pub const fn log_cap_bytes(mut self, bytes: u64) -> Self {
        self.shared.log_cap_bytes = bytes;
        self
    }

    /// Who hears of what went wrong without anybody's outcome depending on it. Default: nobody.
    #[must_use]
    pub fn on_warning(mut self, hear: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.shared.warn = Box::new(hear);
        self
    }

    /// Makes no workspace on the disk, although everyone is told of one: a simulated world has a disk of its own.
    #[cfg(feature = "testkit")]
    #[must_use]
    pub(crate) const fn imagine_workspaces(mut self) -> Self {
        self.imagined = true;
        self
    }

    /// Goes by a clock that said `base` at `origin`, so that wall time goes on from one simulated life to the next.
    #[cfg(feature = "testkit")]
    #[must_use]
    pub(crate) const fn clock(mut self, base: Timestamp, origin: Instant) -> Self {
        self.shared.clock = Some(Clock::since(base, origin));
        self
    }

    /// The engine.
    pub fn build(self) -> Engine {
        let Self { mut shared, workspace_root, imagined, instance } = self;
        shared.workspaces = workspace_root.map(|root| Workspaces { root, imagined, instance, making: Arc::default() });
        Engine { shared: Arc::new(shared) }
    }
}

impl Engine {
    /// Starts the settings of an engine with the two ports that it cannot do without.
    pub fn builder(executor: Arc<dyn Executor>, store: Arc<dyn Store>) -> EngineBuilder {
        let instance = InstanceId::new(Uuid::now_v7().to_string());
        let shared = Shared {
            executor,
            store,
            source: None,
            sink: Arc::new(NullSink),
            workspaces: None,
            keep_workspaces: false,
            runner: RunnerInfo { instance, labels: Vec::new(), driving: Vec::new(), lease: Duration::from_secs(30) },
            job_limit: usize::MAX,
            prepare_ahead: 2,
            log_cap_bytes: LOG_CAP_BYTES,
            driven: Arc::default(),
            choosing: tokio::sync::Mutex::default(),
            queued: Notify::new(),
            called_off: CalledOff::default(),
            deployments: None,
            clock: None,
            warn: Box::new(|_| {}),
        };
        EngineBuilder { shared, workspace_root: None, imagined: false, instance: None }
    }
}
