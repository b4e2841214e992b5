//! Where the pipelines stand that this process drives, so that a commit need not read it first.
//!
//! Only a belief: whoever writes by one has the database check it, and forgets it where it turns out to be wrong, or where the
//! outcome of the write is unknown.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use imt_core::id::PipelineId;
use imt_core::ports::{Claim, PipelineRecord, StoreError, StoreResult};
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

/// What is known of a pipeline under a claim of this process.
#[derive(Debug)]
struct Known {
    token: u64,
    belief: Option<Belief>,
    /// How it stood when it was claimed, until somebody asks.
    as_claimed: Option<PipelineRecord>,
}

/// What is known, by the token of the claim that this process has. Of a pipeline that it has not claimed, nothing: a reader's
/// memory must not grow with what it reads.
#[derive(Default)]
pub(crate) struct Beliefs(Mutex<HashMap<PipelineId, Known>>);

impl Beliefs {
    fn all(&self) -> MutexGuard<'_, HashMap<PipelineId, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody here has the claim from now on.
    pub(crate) fn claimed(&self, claim: &Claim, untouched: Option<(PipelineRecord, Belief)>) {
        let (as_claimed, belief) = untouched.unzip();
        self.all().insert(claim.pipeline, Known { token: claim.token, belief, as_claimed });
    }

    /// Takes out how a pipeline stood when it was claimed.
    pub(crate) fn as_claimed(&self, claim: &Claim) -> Option<PipelineRecord> {
        self.all().get_mut(&claim.pipeline).filter(|known| known.token == claim.token)?.as_claimed.take()
    }

    /// The claim is over. A newer one of this process is not.
    pub(crate) fn forget(&self, claim: &Claim) {
        let mut all = self.all();
        if all.get(&claim.pipeline).is_some_and(|known| known.token <= claim.token) {
            all.remove(&claim.pipeline);
        }
    }

    /// The same, where a call under the claim has found it lost.
    pub(crate) fn forget_if_lost<T>(&self, claim: &Claim, answer: &StoreResult<T>) {
        if matches!(answer, Err(StoreError::ClaimLost(_))) {
            self.forget(claim);
        }
    }

    /// It was seen to stand so.
    pub(crate) fn seen(&self, pipeline: PipelineId, belief: impl FnOnce() -> Belief) {
        if let Some(known) = self.all().get_mut(&pipeline) {
            known.belief = Some(belief());
        }
    }

    /// Whether anything is believed under a claim.
    pub(crate) fn know(&self, claim: &Claim) -> bool {
        self.all().get(&claim.pipeline).and_then(|known| known.belief.as_ref()).is_some_and(|b| b.token == claim.token)
    }

    /// Takes out what is believed under a claim: whoever writes by it puts back what is true afterwards.
    pub(crate) fn take(&self, claim: &Claim) -> Option<Belief> {
        self.all().get_mut(&claim.pipeline)?.belief.take_if(|belief| belief.token == claim.token)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use imt_core::id::InstanceId;

    use super::*;

    #[test]
    fn the_end_of_an_old_claim_is_not_that_of_a_newer_one() {
        let (beliefs, pipeline) = (Beliefs::default(), PipelineId::generate());
        let claim = |token| Claim { pipeline, instance: InstanceId::new("one"), token, lease: Duration::from_secs(1) };
        beliefs.claimed(&claim(2), None);
        beliefs.forget_if_lost(&claim(1), &Err::<(), _>(StoreError::ClaimLost(pipeline.into())));
        assert!(beliefs.all().contains_key(&pipeline));
        beliefs.forget_if_lost(&claim(2), &Ok(()));
        assert!(beliefs.all().contains_key(&pipeline));
        beliefs.forget_if_lost(&claim(2), &Err::<(), _>(StoreError::ClaimLost(pipeline.into())));
        assert!(beliefs.all().is_empty());
    }
}
