//! Ending what instances that are gone for good were driving, so that nothing waits for them for ever.

use std::sync::Arc;

use tokio::time::Instant;

use crate::engine::drain::Drain;
use crate::engine::driver::Driver;
use crate::engine::error::EngineError;
use crate::engine::handle::Engine;
use crate::engine::instance::{Instance, Instances};
use crate::engine::problem::chain;
use crate::engine::retry::until_available;
use crate::id::PipelineId;
use crate::ports::RunnerInfo;

impl Engine {
    /// Ends the pipelines that dead instances hold, as errored with `runner_lost`, and removes what there is of them. For
    /// pipelines that only their own process could go on with; a [lasting](Instances::acquire_lasting) instance has
    /// successors, and its pipelines are left to them. Answers those that it has ended; one that cannot be ended is warned of
    /// and tried again by the next one to do this.
    ///
    /// # Errors
    /// [`EngineError::State`] when the directory of the instances cannot be read.
    pub async fn bury(&self, instances: &Instances) -> Result<Vec<PipelineId>, EngineError> {
        let mut buried = Vec::new();
        for dead in self.shared.dead(instances)? {
            let held = match self.shared.store.held(dead.id()).await {
                Ok(held) => held,
                Err(error) => {
                    self.shared.warn(&format!("what {} has left is not ended: {}", dead.id(), chain(&error)));
                    continue;
                }
            };
            for pipeline in held {
                match self.end_deserted(&dead, pipeline).await {
                    Ok(true) => buried.push(pipeline),
                    Ok(false) => {}
                    Err(error) => self.shared.warn(&format!("pipeline {pipeline} is not ended: {}", chain(&error))),
                }
            }
        }
        Ok(buried)
    }

    /// Answers whether it was there to be ended. The instance is locked by us, so that its claims are ours.
    async fn end_deserted(&self, dead: &Instance, pipeline: PipelineId) -> Result<bool, EngineError> {
        let shared = &self.shared;
        let Ok(driven) = shared.driven.enter(pipeline) else { return Ok(false) };
        let runner = RunnerInfo { instance: dead.id().clone(), ..shared.runner.clone() };
        let claimed_at = Instant::now();
        let claim = until_available(runner.lease, || shared.store.claim(&runner, Some(pipeline)))
            .await
            .map_err(EngineError::store("claim the pipeline"))?;
        let Some(claim) = claim else { return Ok(false) };
        let loaded = Driver::load(Arc::clone(shared), claim.clone(), claimed_at, driven.poke(), Drain::never()).await;
        match loaded {
            Ok(undertaker) => undertaker.bury().await.map(|_| true),
            Err(error) => {
                shared.give_back(&claim).await;
                Err(error)
            }
        }
    }
}
