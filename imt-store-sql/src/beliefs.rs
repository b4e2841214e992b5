//! Where the pipelines stand that this process drives, so that a commit need not read it first.
//!
//! Only a belief: whoever writes by one has the database check it, and forgets it where it turns out to be wrong, or where the
//! outcome of the write is unknown.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use imt_core::id::PipelineId;
use imt_core::ports::Claim;
use imt_core::schedule::PipelineState;

/// A pipeline as it is believed to stand.
#[derive(Debug, Clone)]
pub(crate) struct Belief {
    /// The newest claim's.
    pub token: u64,
    /// The number of the last commit under that claim, 0 before the first.
    pub commits: u64,
    /// Grows with everything that happens to the state.
    pub last_event: u64,
    pub state: PipelineState,
}

/// What is believed. Of a pipeline that this process has not claimed, nothing: a reader's memory must not grow with what it
/// reads.
#[derive(Default)]
pub(crate) struct Beliefs(Mutex<HashMap<PipelineId, Option<Belief>>>);

impl Beliefs {
    fn all(&self) -> std::sync::MutexGuard<'_, HashMap<PipelineId, Option<Belief>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody here holds the pipeline from now on.
    pub(crate) fn claimed(&self, pipeline: PipelineId) {
        self.all().insert(pipeline, None);
    }

    /// Nobody here drives it any more.
    pub(crate) fn forget(&self, pipeline: PipelineId) {
        self.all().remove(&pipeline);
    }

    /// It was seen to stand so.
    pub(crate) fn seen(&self, pipeline: PipelineId, belief: impl FnOnce() -> Belief) {
        if let Some(known) = self.all().get_mut(&pipeline) {
            *known = Some(belief());
        }
    }

    /// Takes out what is believed under a claim: whoever writes by it puts back what is true afterwards.
    pub(crate) fn take(&self, claim: &Claim) -> Option<Belief> {
        let belief = self.all().get_mut(&claim.pipeline)?.take();
        belief.filter(|belief| belief.token == claim.token)
    }
}
