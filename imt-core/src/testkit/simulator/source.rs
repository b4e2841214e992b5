//! Where the simulated commits come from: a source that does what the scenario says and tells what it was asked.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::time::sleep;

use crate::id::{CommitId, PipelineId};
use crate::ports::{Checkout, Failure, FailureKind, Source, Store};
use crate::status::Status;
use crate::testkit::simulator::scenario::{CheckoutEnd, CheckoutScript, REPOSITORY, SECRET, commit};
use crate::testkit::simulator::witness::Testimony;

/// Where the workspaces would be, were there a disk.
pub(super) const WORKSPACES: &str = "/simulated";

/// What became of the checkouts that were begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Checkouts {
    /// The work tree was there.
    pub done: u32,
    /// They failed.
    pub failed: u32,
    /// They were dropped before they answered: by a crash or by a cancel.
    pub dropped: u32,
}

/// The source of all lives.
pub(super) struct SimulatedSource {
    scripts: Vec<CheckoutScript>,
    pipeline: PipelineId,
    /// The store without faults: what is really recorded.
    store: Arc<dyn Store>,
    testimony: Testimony,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    begun: usize,
    under_way: bool,
    checkouts: Checkouts,
    /// What the last one came to, if it answered.
    last: Option<Result<(), FailureKind>>,
}

impl SimulatedSource {
    pub(super) fn new(
        scripts: Vec<CheckoutScript>,
        pipeline: PipelineId,
        store: Arc<dyn Store>,
        testimony: Testimony,
    ) -> Self {
        Self { scripts, pipeline, store, testimony, seen: Mutex::default() }
    }

    pub(super) fn checkouts(&self) -> Checkouts {
        self.seen().checkouts
    }

    /// What the last checkout answered; `None` if there was none or it was dropped.
    pub(super) fn last_answer(&self) -> Option<Result<(), FailureKind>> {
        self.seen().last
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.seen().under_way
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers what this checkout is to do; more of them than scripts do what the last one does.
    fn begin(&self) -> Option<CheckoutScript> {
        let mut seen = self.seen();
        if std::mem::replace(&mut seen.under_way, true) {
            self.testimony.say("a checkout beside another one of the same pipeline".into());
        }
        seen.last = None;
        let script = self.scripts.get(seen.begun).or(self.scripts.last()).copied();
        seen.begun += 1;
        script
    }

    async fn expect_its_time(&self) {
        match self.store.load(self.pipeline).await {
            Ok(record) => {
                let state = record.state;
                // A cancel may be decided between the order and its first step; the checkout is then dropped.
                let wanted = state.verdict.is_none() || state.cancel.is_some();
                let due = state.status == Status::Running && state.workspace.is_none() && wanted;
                if !due {
                    self.testimony.say(format!("a checkout that is not due: {state:?}"));
                }
            }
            Err(error) => self.testimony.say(format!("a checkout of what cannot be loaded: {error}")),
        }
    }

    fn expect_order(&self, order: &Checkout<'_>) {
        let (asked, wanted) =
            ((order.pipeline, order.repository, order.commit), (self.pipeline, REPOSITORY, &commit()));
        let own = order.into.file_name().is_some_and(|n| n.to_string_lossy().ends_with(&self.pipeline.to_string()));
        if asked != wanted || !own || order.into.parent() != Some(Path::new(WORKSPACES)) {
            self.testimony.say(format!("a wrong checkout: {order:?}"));
        }
    }
}

/// Notes a checkout that is dropped before it answers.
struct UnderWay<'s> {
    source: &'s SimulatedSource,
    answer: Option<Result<(), FailureKind>>,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut seen = self.source.seen();
        seen.under_way = false;
        seen.last = self.answer;
        match self.answer {
            None => seen.checkouts.dropped += 1,
            Some(Ok(())) => seen.checkouts.done += 1,
            Some(Err(_)) => seen.checkouts.failed += 1,
        }
    }
}

#[async_trait]
impl Source for SimulatedSource {
    async fn checkout(&self, order: Checkout<'_>) -> Result<(), Failure> {
        let script = self.begin();
        let mut under_way = UnderWay { source: self, answer: None };
        self.expect_order(&order);
        self.expect_its_time().await;
        let Some(CheckoutScript { takes, end }) = script else {
            self.testimony.say("a checkout where there is no repository".into());
            return Ok(());
        };
        sleep(takes).await;
        let answer = match end {
            CheckoutEnd::Done => Ok(()),
            CheckoutEnd::Fails(kind) => Err(kind),
            CheckoutEnd::Hangs => std::future::pending().await,
        };
        under_way.answer = Some(answer);
        answer.map_err(|kind| Failure::new(kind, format!("the checkout with {SECRET} fails by its script")))
    }

    async fn resolve(&self, repository: &str, _reference: &str) -> Result<CommitId, Failure> {
        self.testimony.say("a driver resolves nothing: its plan has the exact commit".into());
        Err(Failure::new(FailureKind::CommitNotFound, format!("nothing to resolve in {repository}")))
    }
}
