//! The engine as its users hold it: accept, drive, cancel.

use std::sync::Arc;

use tokio::time::Instant;

use crate::engine::drain::Drain;
use crate::engine::driver::Driver;
use crate::engine::error::EngineError;
use crate::engine::registry::Driven;
use crate::engine::retry::until_available;
use crate::engine::shared::{Outcome, Shared};
use crate::id::PipelineId;
use crate::plan::Plan;
use crate::ports::{Claim, Enqueued, NewPipeline};
use crate::schedule::CancelLevel;
use crate::status::Reason;

/// Drives pipelines. Cheap to clone; all clones are the same engine.
///
/// It keeps nothing that is not in its store, so it may be dropped at any moment: whoever drives the pipeline next goes on.
/// Needs a tokio runtime with time enabled.
#[derive(Clone)]
pub struct Engine {
    pub(super) shared: Arc<Shared>,
}

impl Engine {
    /// Accepts a plan as a new pipeline. When this answers, it is in the store.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn submit(&self, plan: Plan) -> Result<Enqueued, EngineError> {
        let id = PipelineId::generate();
        // The id as the key makes it safe to repeat a call whose answer was lost.
        let idempotency_key = Some(id.to_string());
        self.submit_as(NewPipeline { id, plan, at: self.shared.clock().now(), idempotency_key }).await
    }

    /// Accepts a plan as a new pipeline that this engine holds from the first: no runner takes it before it is
    /// [driven](Self::drive) here.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn submit_own(&self, plan: Plan) -> Result<Enqueued, EngineError> {
        let id = PipelineId::generate();
        let new = NewPipeline { id, plan, at: self.shared.clock().now(), idempotency_key: Some(id.to_string()) };
        let Shared { store, runner, .. } = &*self.shared;
        until_available(runner.lease, || store.enqueue(new.clone(), Some(runner)))
            .await
            .map_err(EngineError::store("accept the pipeline"))
    }

    /// Accepts a pipeline whose id and idempotency key the caller chose. Without a key it is not repeated when the store is
    /// unavailable, because a second call could not be told from another pipeline.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn submit_as(&self, new: NewPipeline) -> Result<Enqueued, EngineError> {
        let store = &self.shared.store;
        let accepted = match &new.idempotency_key {
            Some(_) => until_available(self.shared.runner.lease, || store.enqueue(new.clone(), None)).await,
            None => store.enqueue(new, None).await,
        };
        let accepted = accepted.map_err(EngineError::store("accept the pipeline"))?;
        self.shared.queued.notify_one();
        Ok(accepted)
    }

    /// Claims a pipeline and drives it to its end, from wherever it stands; one that is over answers how it ended. One that
    /// this engine drives already (another `drive`, or [`work`](Self::work)) is waited for.
    ///
    /// Dropping the future leaves everything as a crash would: claim it again to go on.
    ///
    /// # Errors
    /// [`EngineError::ClaimLost`] when another runner holds it, [`EngineError::Store`].
    pub async fn drive(&self, pipeline: PipelineId) -> Result<Outcome, EngineError> {
        loop {
            let entered = {
                let _choosing = self.shared.choosing.lock().await;
                self.shared.driven.enter(pipeline)
            };
            match entered {
                Ok(driven) => return self.drive_here(&driven, pipeline).await,
                Err(busy) => busy.over().await,
            }
            if let Some(outcome) = self.outcome(pipeline).await? {
                return Ok(outcome);
            }
        }
    }

    async fn drive_here(&self, driven: &Driven, pipeline: PipelineId) -> Result<Outcome, EngineError> {
        let claimed_at = Instant::now();
        let store = &self.shared.store;
        let claim = until_available(self.shared.runner.lease, || store.claim(&self.shared.runner, Some(pipeline)))
            .await
            .map_err(EngineError::store("claim the pipeline"))?;
        match claim {
            Some(claim) => self.drive_claimed(claim, claimed_at, driven, Drain::never()).await,
            None => self.outcome(pipeline).await?.ok_or(EngineError::ClaimLost(pipeline.into())),
        }
    }

    /// How a pipeline ended; `None` while it has not.
    ///
    /// # Errors
    /// [`EngineError::Store`], also when there is no such pipeline.
    pub async fn outcome(&self, pipeline: PipelineId) -> Result<Option<Outcome>, EngineError> {
        let store = &self.shared.store;
        let record = until_available(self.shared.runner.lease, || store.load(pipeline))
            .await
            .map_err(EngineError::store("load the pipeline"))?;
        let (project, number, state) = (record.plan.project, record.number, record.state);
        let end = state.verdict.clone().filter(|_| state.status.is_terminal());
        Ok(end.map(|end| Outcome { id: pipeline, project, number, end, state }))
    }

    pub(super) async fn drive_claimed(
        &self,
        claim: Claim,
        claimed_at: Instant,
        driven: &Driven,
        drain: Drain,
    ) -> Result<Outcome, EngineError> {
        match Driver::load(Arc::clone(&self.shared), claim.clone(), claimed_at, driven.poke(), drain).await {
            Ok(loaded) => loaded.run().await,
            Err(error) => {
                self.shared.give_back(&claim).await;
                Err(error)
            }
        }
    }

    /// Accepts a plan and drives it to its end.
    ///
    /// # Errors
    /// As [`submit_own`](Self::submit_own) and [`drive`](Self::drive).
    pub async fn run(&self, plan: Plan) -> Result<Outcome, EngineError> {
        let accepted = self.submit_own(plan).await?;
        self.drive(accepted.id).await
    }

    /// Asks for the end of a pipeline, whoever drives it. A second call can only escalate. One that nobody holds and that has
    /// begun nothing is over when this answers; one that has begun and that nobody drives is ended by this engine's
    /// [`work`](Self::work) at once, else by whoever drives it next.
    ///
    /// # Errors
    /// [`EngineError::Store`], also when there is no such pipeline.
    pub async fn cancel(&self, pipeline: PipelineId, level: CancelLevel, reason: Reason) -> Result<(), EngineError> {
        let (store, at) = (&self.shared.store, self.shared.clock().now());
        until_available(self.shared.runner.lease, || store.request_cancel(pipeline, level, reason, at))
            .await
            .map_err(EngineError::store("record the cancel"))?;
        if !self.shared.driven.poke(pipeline) {
            self.shared.called_off.add(pipeline);
        }
        Ok(())
    }
}
