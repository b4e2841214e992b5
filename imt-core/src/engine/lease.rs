//! Keeping a claim: renews it, asks for cancels, and says so the moment it can no longer be relied on.
//!
//! Safety does not rest on anybody answering: when no renewal has succeeded for a lease less a margin, by the monotonic
//! clock and counted from before the request was sent, the claim is taken for lost.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::ports::{Claim, Control, Store, StoreError};

/// How often a cancel by somebody else is looked for.
const CONTROL_EVERY: Duration = Duration::from_secs(1);

/// What the keeper has found out last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct LeaseState {
    pub(super) lost: bool,
    pub(super) control: Control,
}

/// Runs until the claim is lost or the receiver is gone.
pub(super) async fn keep(
    store: Arc<dyn Store>,
    claim: Claim,
    claimed_at: Instant,
    poke: Arc<Notify>,
    state: watch::Sender<LeaseState>,
) {
    let mut keeper = Keeper { store, claim, renewed_at: claimed_at, state };
    loop {
        let renew_at = keeper.renewed_at + keeper.claim.lease / 3;
        let now = Instant::now();
        // A renewal that is overdue is repeated at the same pace, never in a busy loop.
        let next_look = now + CONTROL_EVERY.min(keeper.claim.lease / 10);
        let wake_at = if renew_at > now { next_look.min(renew_at) } else { next_look };
        tokio::select! {
            biased;
            () = keeper.state.closed() => return,
            () = poke.notified() => {}
            () = sleep_until(wake_at) => {}
        }
        let known = if Instant::now() >= renew_at { keeper.renew().await } else { Ok(()) };
        if known.is_err() || keeper.control().await.is_err() {
            keeper.state.send_modify(|s| s.lost = true);
            return;
        }
    }
}

/// The claim is lost.
struct Lost;

struct Keeper {
    store: Arc<dyn Store>,
    claim: Claim,
    renewed_at: Instant,
    state: watch::Sender<LeaseState>,
}

impl Keeper {
    /// When the claim can no longer be relied on: early enough to stop attempts before the lease runs out.
    fn expires(&self) -> Instant {
        self.renewed_at + self.claim.lease.mul_f64(0.8)
    }

    async fn renew(&mut self) -> Result<(), Lost> {
        let asked_at = Instant::now();
        match timeout_at(self.expires(), self.store.renew(&self.claim)).await {
            Ok(Ok(())) => {
                self.renewed_at = asked_at;
                Ok(())
            }
            Ok(Err(StoreError::ClaimLost(_))) => Err(Lost),
            Ok(Err(_)) if asked_at < self.expires() => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Lost),
        }
    }

    async fn control(&self) -> Result<(), Lost> {
        match timeout_at(self.expires(), self.store.control(&self.claim)).await {
            Ok(Ok(control)) => {
                self.state.send_if_modified(|s| {
                    let new = s.control != control;
                    s.control = control;
                    new
                });
                Ok(())
            }
            Ok(Err(StoreError::ClaimLost(_))) => Err(Lost),
            // Not knowing is no reason to act; the expiry above is.
            Ok(Err(_)) if Instant::now() < self.expires() => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Lost),
        }
    }
}
