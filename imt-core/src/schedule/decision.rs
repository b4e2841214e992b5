//! What goes into the machine and what comes out: inputs, and decisions of changes and effects.
//!
//! Knows nothing of how one leads to the other.

use crate::id::{AttemptId, InstanceId};
use crate::schedule::change::{CancelLevel, Change};
use crate::schedule::outcome::{AttemptOutcome, Problem};
use crate::status::Reason;

/// What can happen to a pipeline from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A runner holds the claim, for the first time or after a crash: nothing is in flight.
    Claimed(Whereabouts),
    /// A claim is held only to end what its runner, which is gone for good, has left: nobody goes on with it.
    Deserted,
    /// The checkout is done, by this instance.
    CheckedOut(Result<InstanceId, Problem>),
    /// The attempt, whose turn it is, is ready for its go.
    Prepared(AttemptId, Result<(), Problem>),
    /// The attempt is over and its log is whole, or will be with what this leads to.
    Ended(AttemptId, AttemptOutcome),
    /// Nobody has taken the pipeline up, and a cancel is recorded: it ends without anything to clean up.
    CalledOff,
    /// The store has recorded a cancel (nothing to commit).
    CancelRecorded(CancelLevel, Reason),
    /// The time of [`Machine::deadline`](crate::schedule::Machine::deadline) has come.
    Tick,
    /// It has succeeded, and what was to follow does not: that is how it ends, once it is cleaned up. For this life only: the next
    /// one tries anew.
    NotFollowed(Problem),
    /// Nothing of the pipeline is left on the machine, or what is left is named.
    CleanedUp(Result<(), Problem>),
}

/// Where the workspace is that the rows tell of, seen from whoever holds the claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whereabouts {
    /// Within reach, or there is none to be reached.
    Here,
    /// The jobs need none: this instance has nothing to fill before they can begin.
    Nowhere(InstanceId),
    /// On another host, or gone.
    Elsewhere,
}

/// What to do once the changes are committed. Each is idempotent by its attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Fill the workspace; answer with [`Input::CheckedOut`].
    Checkout,
    /// Make the attempt ready, it is its turn; answer with [`Input::Prepared`].
    Prepare(AttemptId),
    /// Give the go; answer with [`Input::Ended`] in the end.
    Start(AttemptId),
    /// Find the started attempt again; answer with [`Input::Ended`] in the end.
    Attach(AttemptId),
    /// Stop the attempt; its end arrives as [`Input::Ended`].
    Stop(AttemptId, CancelLevel),
    /// Forget the preparation of this attempt; nothing is answered.
    Abandon(AttemptId),
    /// Remove all that is left of the pipeline; answer with [`Input::CleanedUp`].
    Cleanup,
}

/// What the machine decided.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use = "a decision does nothing until it is committed and performed"]
pub struct Decision {
    /// To be committed in one transaction, in order, before any effect.
    pub changes: Vec<Change>,
    /// To be performed after the commit, in order.
    pub effects: Vec<Effect>,
}
