//! What all parts of one engine share: its ports, its settings and who is to be woken.

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use crate::engine::clock::Clock;
use crate::engine::deployment::Deployments;
use crate::engine::error::EngineError;
use crate::engine::instance::{Instance, Instances};
use crate::engine::problem::chain;
use crate::engine::registry::Registry;
use crate::engine::workspace::Workspaces;
use crate::id::{PipelineId, ProjectName};
use crate::ports::{Claim, EventSink, Executor, RunnerInfo, Source, Store};
use crate::schedule::PipelineState;
use crate::status::End;

/// How long the store may take to take a claim back.
pub(super) const GIVE_BACK_IN: Duration = Duration::from_secs(2);

/// How a pipeline ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Which pipeline.
    pub id: PipelineId,
    /// Its project.
    pub project: ProjectName,
    /// Its number within its project.
    pub number: NonZeroU64,
    /// Status and reason.
    pub end: End,
    /// Everything about its jobs and attempts.
    pub state: PipelineState,
}

/// What all parts of one engine share.
pub(super) struct Shared {
    pub(super) executor: Arc<dyn Executor>,
    pub(super) store: Arc<dyn Store>,
    pub(super) source: Option<Arc<dyn Source>>,
    pub(super) sink: Arc<dyn EventSink>,
    pub(super) workspaces: Option<Workspaces>,
    pub(super) keep_workspaces: bool,
    pub(super) runner: RunnerInfo,
    pub(super) job_limit: usize,
    pub(super) prepare_ahead: usize,
    pub(super) log_cap_bytes: u64,
    pub(super) driven: Arc<Registry>,
    /// Held while a store chooses a pipeline for us: what it is not to choose must not change meanwhile.
    pub(super) choosing: tokio::sync::Mutex<()>,
    pub(super) queued: Notify,
    pub(super) called_off: CalledOff,
    /// What pipelines are handed on to.
    pub(super) deployments: Option<Deployments>,
    /// The clock of a world of its own; without it each use starts one of this world.
    pub(super) clock: Option<Clock>,
    pub(super) warn: Box<dyn Fn(&str) + Send + Sync>,
}

impl Shared {
    pub(super) fn clock(&self) -> Clock {
        self.clock.unwrap_or_else(Clock::start)
    }

    pub(super) fn warn(&self, message: &str) {
        (self.warn)(message);
    }

    /// Instances that are gone for good. One that cannot be told is warned of and left alone.
    pub(super) fn dead(&self, instances: &Instances) -> Result<Vec<Instance>, EngineError> {
        instances.dead(|error| self.warn(&format!("an instance is taken for alive: {}", chain(&error))))
    }

    /// Gives a claim back, for as long as that takes no time: a lease runs out by itself.
    pub(super) async fn give_back(&self, claim: &Claim) {
        let why = match timeout(GIVE_BACK_IN, self.store.release(claim)).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => chain(&error),
            Err(_) => "the store does not answer".into(),
        };
        self.warn(&format!("the claim on pipeline {} was not given back and has to run out: {why}", claim.pipeline));
    }

    /// Ends what this process has running of a pipeline that it may no longer drive. Others decide what becomes of it, and
    /// may be at it already.
    pub(super) async fn let_go(&self, claim: &Claim) {
        // What is left of a lease when it is taken for lost.
        let deadline = (claim.lease / 5).max(Duration::from_secs(1));
        let why = match timeout(deadline, self.executor.release(claim.pipeline)).await {
            Ok(Ok(())) => return,
            Ok(Err(failure)) => failure.explain(),
            Err(_) => format!("the executor did not answer within {} s", deadline.as_secs()),
        };
        // The sweep of this store finds what is left, by its labels.
        self.warn(&format!("something of pipeline {} may be left after letting go of it: {why}", claim.pipeline));
    }
}

/// Pipelines that were cancelled here while nobody here drove them: a worker ends them without waiting for a free place.
#[derive(Default)]
pub(super) struct CalledOff {
    pipelines: Mutex<BTreeSet<PipelineId>>,
    added: Notify,
}

impl CalledOff {
    pub(super) fn add(&self, pipeline: PipelineId) {
        self.pipelines.lock().unwrap_or_else(PoisonError::into_inner).insert(pipeline);
        self.added.notify_one();
    }

    /// The next one. *Cancellation*: dropping the future takes none.
    pub(super) async fn next(&self) -> PipelineId {
        loop {
            if let Some(next) = self.pipelines.lock().unwrap_or_else(PoisonError::into_inner).pop_first() {
                return next;
            }
            self.added.notified().await;
        }
    }
}
