//! The machine: one pipeline's decisions.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::id::AttemptId;
use crate::plan::Plan;
use crate::schedule::course::Course;
use crate::schedule::decision::{Decision, Input};
use crate::schedule::order::Order;
use crate::schedule::state::PipelineState;
use crate::schedule::turn::Turn;
use crate::time::Timestamp;

/// The pure scheduler of one pipeline.
#[derive(Debug, Clone)]
pub struct Machine {
    course: Course,
}

impl Machine {
    /// A machine for a pipeline as it was loaded. `limit` is the runner's own bound on jobs side by side.
    pub fn new(plan: Arc<Plan>, state: PipelineState, limit: usize) -> Self {
        let side_by_side = limit.min(usize::try_from(plan.concurrency.get()).unwrap_or(usize::MAX));
        let order = Order::new(&plan, &state, side_by_side);
        Self { course: Course { plan, state, order, went: BTreeMap::new(), not_followed: None } }
    }

    /// The plan.
    pub const fn plan(&self) -> &Arc<Plan> {
        &self.course.plan
    }

    /// The state so far.
    pub const fn state(&self) -> &PipelineState {
        &self.course.state
    }

    /// When [`Input::Tick`] is due: the earliest timeout of a running attempt.
    pub fn deadline(&self) -> Option<Timestamp> {
        let course = &self.course;
        course.running().filter_map(|(attempt, job)| course.timeout_at(attempt, job)).min()
    }

    /// The go of an attempt was given at this time: its timeout counts from there, however long the commit before it took.
    pub fn went(&mut self, attempt: AttemptId, at: Timestamp) {
        self.course.went.insert(attempt, at);
    }

    /// Attempts that will probably be created next, at most `depth`: worth preparing ahead.
    pub fn ahead(&self, depth: usize) -> Vec<AttemptId> {
        let Course { plan, state, order, .. } = &self.course;
        let idle = state.workspace.is_none() || state.cancel.is_some() || state.verdict.is_some();
        let depth = if idle { 0 } else { depth };
        order.ahead(plan, state, depth).map(|job| self.course.next_attempt(job)).collect()
    }

    /// Takes an input and decides. The machine's state includes the decided changes at once: should their commit fail for
    /// good, the machine is to be thrown away and rebuilt from the store.
    pub fn handle(&mut self, input: Input, now: Timestamp) -> Decision {
        let mut turn = Turn { course: &mut self.course, now, decision: Decision::default() };
        if !turn.course.state.status.is_terminal() {
            turn.take(input);
            turn.advance();
        }
        turn.decision
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
