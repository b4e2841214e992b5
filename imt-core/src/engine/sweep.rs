//! The sweep: removes what dead processes left, and nothing else.
//!
//! A thing may go when it is of our own store, nobody drives its pipeline here, the store does not know of the pipeline as
//! one that goes on, and the instance that made it is gone or the store says that it is over. Things of the living and of
//! other stores stay.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::engine::error::EngineError;
use crate::engine::handle::Engine;
use crate::engine::instance::{Instance, Instances};
use crate::engine::problem::chain;
use crate::engine::records;
use crate::engine::workspace::remove_all;
use crate::id::{InstanceId, PipelineId};
use crate::ports::{Failure, StoreError};

/// What a sweep did.
#[derive(Debug, Default)]
pub struct SweepReport {
    /// Pipelines of which something was removed.
    pub removed: Vec<PipelineId>,
    /// What could not be removed, and why; a later sweep tries again.
    pub failed: Vec<(PipelineId, String)>,
}

impl Engine {
    /// Removes containers and workspaces of instances whose process is gone and whose pipelines this engine is not to go
    /// on with.
    ///
    /// # Errors
    /// [`EngineError::State`] when the directory of the instances cannot be read. What an executor or a disk refuses is in the report, and
    /// keeps nothing else from being removed.
    pub async fn sweep(&self, instances: &Instances) -> Result<SweepReport, EngineError> {
        let mut report = SweepReport::default();
        let dead = self.shared.dead(instances)?;
        let gone = |instance: &InstanceId| self.is_gone(instances, instance);
        let mut unclean = self.sweep_executor(&gone, &dead, &mut report).await;
        // Of its own what an earlier life made for pipelines that have ended elsewhere.
        if let Some(own) = self.shared.workspaces.as_ref().and_then(|workspaces| workspaces.instance.as_deref()) {
            self.sweep_records(own, &mut report).await;
        }
        for instance in dead {
            if !self.sweep_records(&instance, &mut report).await {
                unclean.insert(instance.id().clone());
            }
            // With its directory would go what says that its things may be swept.
            if !unclean.contains(instance.id())
                && let Err(error) = instance.retire()
            {
                self.shared.warn(&format!("a dead instance was not forgotten: {}", chain(&error)));
            }
        }
        Ok(report)
    }

    /// The same for a simulated world, where no instance has left anything on a disk.
    #[cfg(feature = "testkit")]
    pub(crate) async fn sweep_imagined(&self) -> SweepReport {
        let mut report = SweepReport::default();
        let _no_records = self.sweep_executor(&|_| true, &[], &mut report).await;
        report
    }

    /// Whether nothing more is to come of a pipeline. One that the store does not know is over for an instance whose records
    /// went with it; a store that does not answer says nothing.
    async fn is_over(&self, pipeline: PipelineId, unknown: bool) -> bool {
        if self.shared.driven.contains(pipeline) {
            return false;
        }
        match self.shared.store.load(pipeline).await {
            // The store may have taken its time: whoever has taken it up meanwhile finds out that it is over by itself.
            Ok(record) => record.state.status.is_terminal() && !self.shared.driven.contains(pipeline),
            Err(StoreError::NotFound(_)) => unknown,
            Err(_) => false,
        }
    }

    /// Answers the instances of which something is left.
    async fn sweep_executor(
        &self,
        is_gone: &(dyn Fn(&InstanceId) -> bool + Sync),
        dead: &[Instance],
        report: &mut SweepReport,
    ) -> BTreeSet<InstanceId> {
        let mut unclean = BTreeSet::new();
        let owned = match self.shared.executor.list_owned().await {
            Ok(owned) => owned,
            Err(failure) => {
                self.shared.warn(&format!("nothing swept: {}", failure.explain()));
                return dead.iter().map(|instance| instance.id().clone()).collect();
            }
        };
        for owned in owned {
            let ours = owned.instance == self.shared.runner.instance;
            let swept_now = dead.iter().any(|instance| *instance.id() == owned.instance);
            // One without a directory has been swept before: an engine may have made something of it since.
            let gone = swept_now || is_gone(&owned.instance);
            if !self.is_over(owned.pipeline, ours || gone).await {
                if swept_now {
                    unclean.insert(owned.instance);
                }
                continue;
            }
            let result = self.shared.executor.cleanup(owned.pipeline, owned.workspace.as_deref()).await;
            if result.is_err() {
                unclean.insert(owned.instance);
            }
            report.note(owned.pipeline, result.map_err(|f: Failure| f.explain()));
        }
        unclean
    }

    fn is_gone(&self, instances: &Instances, instance: &InstanceId) -> bool {
        match instances.is_live(instance) {
            Ok(live) => !live,
            Err(error) => {
                self.shared.warn(&format!("the instance {instance} is taken for alive: {}", chain(&error)));
                false
            }
        }
    }

    /// Removes the recorded workspaces of a dead instance; answers whether none is left.
    async fn sweep_records(&self, instance: &Instance, report: &mut SweepReport) -> bool {
        let pipelines = match records::recorded(instance.dir()) {
            Ok(pipelines) => pipelines,
            Err(error) => {
                let dir = instance.dir().display();
                self.shared.warn(&format!("the records of the dead instance `{dir}` cannot be read: {error}"));
                return false;
            }
        };
        let mut clean = true;
        for pipeline in pipelines {
            if !self.is_over(pipeline, true).await {
                clean = false;
                continue;
            }
            let removed = self.sweep_record(instance, pipeline).await;
            clean &= removed.is_ok();
            report.note(pipeline, removed);
        }
        clean
    }

    /// Removes a recorded workspace, if the record names what an engine makes for that pipeline, and the record.
    async fn sweep_record(&self, instance: &Instance, pipeline: PipelineId) -> Result<(), String> {
        let place = records::place(instance.dir(), pipeline);
        let record = format!("the record `{}`", place.display());
        let by_hand = "remove what is left of that workspace by hand, then the record";
        let path =
            records::read(instance.dir(), pipeline).map_err(|e| format!("{record} cannot be read: {e}; {by_hand}"))?;
        if !self.shared.workspaces.as_ref().is_some_and(|w| w.makes(&path, pipeline)) {
            let path = path.display();
            return Err(format!(
                "{record} names `{path}`, which is no workspace of that pipeline under this engine's workspace root; {by_hand}"
            ));
        }
        // The directory stays as long as something may still work in it.
        self.shared.executor.cleanup(pipeline, Some(&path)).await.map_err(|failure| failure.explain())?;
        remove(path).await?;
        records::forget(instance.dir(), pipeline).map_err(|e| format!("{record} could not be removed: {e}"))
    }
}

impl SweepReport {
    fn note(&mut self, pipeline: PipelineId, result: Result<(), String>) {
        match result {
            Ok(()) if !self.removed.contains(&pipeline) => self.removed.push(pipeline),
            Ok(()) => {}
            Err(why) => self.failed.push((pipeline, why)),
        }
    }
}

async fn remove(path: PathBuf) -> Result<(), String> {
    let shown = path.display().to_string();
    match tokio::task::spawn_blocking(move || remove_all(&path)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(format!("could not remove `{shown}`: {error}")),
        Err(error) => Err(format!("could not remove `{shown}`: {error}")),
    }
}
