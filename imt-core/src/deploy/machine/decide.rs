//! The machine: one deployment's decisions.

use std::sync::Arc;
use std::time::Duration;

use super::decision::{Decision, Input};
use super::spec::DeploymentSpec;
use super::state::DeploymentState;
use super::turn::Turn;
use crate::deploy::health::ServiceStanding;
use crate::time::Timestamp;

/// How long a step that was told to end may take to do so.
pub(super) const STOP_GRACE: Duration = Duration::from_mins(1);
/// From one try to get the lock to the next.
pub(super) const LOCK_RETRY: Duration = Duration::from_secs(5);
/// The longest from one try to make contact to the next; the first comes after a second, then twice as long each time.
pub(super) const LONGEST_BACK_OFF: Duration = Duration::from_secs(15);

/// The pure machine of one deployment.
#[derive(Debug, Clone)]
pub struct Machine {
    pub(super) spec: Arc<DeploymentSpec>,
    pub(super) state: DeploymentState,
    pub(super) timing: Timing,
    /// What the step under way has seen last, where that is not told yet.
    pub(super) unsaid: Vec<ServiceStanding>,
}

/// What this life of the machine remembers of the step under way. Not in the rows: whoever takes over counts anew.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Timing {
    /// Since when the step is under way, for its limit.
    pub(super) since: Timestamp,
    /// When it is tried, or looked for, again.
    pub(super) again_at: Option<Timestamp>,
    /// How often contact was sought in vain.
    pub(super) lost_times: u32,
    /// Whether the last answer was that nobody can say.
    pub(super) is_lost: bool,
    /// When the step was last told to end.
    pub(super) stop_sent: Option<Timestamp>,
    /// Since when another deployment is waited for.
    pub(super) waits_since: Option<Timestamp>,
    /// When it was last told what the step sees.
    pub(super) told_at: Option<Timestamp>,
}

impl Timing {
    pub(super) fn from(now: Timestamp) -> Self {
        Self { since: now, ..Self::default() }
    }
}

impl Machine {
    /// A machine for a deployment as it was loaded.
    pub fn new(spec: Arc<DeploymentSpec>, state: DeploymentState) -> Self {
        Self { spec, state, timing: Timing::default(), unsaid: Vec::new() }
    }

    /// What was asked for.
    pub const fn spec(&self) -> &Arc<DeploymentSpec> {
        &self.spec
    }

    /// The state so far.
    pub const fn state(&self) -> &DeploymentState {
        &self.state
    }

    /// When [`Input::Tick`] is due.
    pub fn deadline(&self) -> Option<Timestamp> {
        let end = self.end_of_patience()?;
        [Some(end), self.timing.again_at, self.telling_at()].into_iter().flatten().min()
    }

    /// When what is not told yet may be: at once at first, or a while after the last time.
    pub(super) fn telling_at(&self) -> Option<Timestamp> {
        let watched = self.state.watched.as_ref().filter(|_| !self.unsaid.is_empty())?;
        let pause = watched.pause()?;
        Some(self.timing.told_at.map_or_else(Timestamp::default, |told| told.after(pause)))
    }

    /// When the step under way is waited for no longer: it has its limit, or a grace once it was told to end. While another
    /// deployment is waited for, only that wait counts.
    pub(super) fn end_of_patience(&self) -> Option<Timestamp> {
        let step = self.state.step?.step;
        let Timing { since, is_lost, stop_sent, waits_since, .. } = self.timing;
        let waits = waits_since.zip(self.spec.lock_wait).map(|(since, wait)| since.after(wait));
        let told = stop_sent.filter(|_| !is_lost).map(|sent| sent.after(STOP_GRACE));
        told.or(waits).or_else(|| Some(since.after(self.spec.limit(step))))
    }

    /// Takes an input and decides. The machine's state includes the decided changes at once: should their commit fail for
    /// good, the machine is to be thrown away and rebuilt from the store.
    pub fn handle(&mut self, input: Input, now: Timestamp) -> Decision {
        let mut turn = Turn { machine: self, now, decision: Decision::default() };
        if !turn.machine.state.status.is_terminal() {
            turn.take(input);
        }
        turn.decision
    }
}
