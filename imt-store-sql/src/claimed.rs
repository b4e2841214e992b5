//! Claims on their way from the database to whoever asked for one.

use std::sync::Arc;

use imt_core::ports::{Claim, PipelineRecord};

use crate::beliefs::{Belief, Beliefs};
use crate::claims;
use crate::database::Database;
use crate::task::Home;

/// A claim, with the pipeline where the claim itself has told how it stands.
pub(crate) struct Claimed {
    pub claim: Claim,
    pub untouched: Option<(PipelineRecord, Belief)>,
}

impl From<Claim> for Claimed {
    fn from(claim: Claim) -> Self {
        Self { claim, untouched: None }
    }
}

/// A claim that nobody has been told of. When whoever asked for it is gone it is given back at once: others would wait a
/// lease for a pipeline that nobody drives.
pub(crate) struct Unheard {
    claimed: Option<Claimed>,
    database: Arc<dyn Database>,
    home: Home,
}

impl Unheard {
    pub(crate) const fn new(claimed: Claimed, database: Arc<dyn Database>, home: Home) -> Self {
        Self { claimed: Some(claimed), database, home }
    }

    /// Somebody has been told.
    pub(crate) fn heard(mut self, beliefs: &Beliefs) -> Option<Claim> {
        let Claimed { claim, untouched } = self.claimed.take()?;
        beliefs.claimed(&claim, untouched);
        Some(claim)
    }
}

impl Drop for Unheard {
    fn drop(&mut self) {
        if let Some(Claimed { claim, .. }) = self.claimed.take() {
            let database = Arc::clone(&self.database);
            self.home.leave(async move {
                // If it fails the lease runs out.
                let _left_to_the_lease = claims::release(database.as_ref(), &claim).await;
            });
        }
    }
}
