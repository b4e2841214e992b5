//! What a decision has as effects once it is committed: orders to the tasks of attempts, and errands.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Attempt, Driver};
use crate::engine::attempt::{AttemptTask, Origin};
use crate::engine::log_writer::{LogTarget, OfAttempt};
use crate::engine::orders::{Leave, Orders};
use crate::engine::task::Task;
use crate::id::AttemptId;
use crate::plan::job_spec;
use crate::schedule::{CancelLevel, Effect};

impl Driver {
    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Checkout => self.check_out(),
            Effect::Prepare(attempt) => self.raise(attempt, Leave::Turn),
            Effect::Start(attempt) => {
                // Its commit may have taken a while, which is not the job's time.
                self.machine.went(attempt, self.clock.now());
                self.raise(attempt, Leave::Go);
            }
            Effect::Attach(attempt) => self.spawn_attempt(attempt, Leave::Go, Origin::Started),
            Effect::Stop(attempt, level) => self.stop(attempt, level),
            Effect::Abandon(attempt) => {
                // Aborted now; its end is awaited, and its log closed, before the cleaning up removes what it was making.
                if let Some(Attempt { task, .. }) = self.attempts.remove(&attempt) {
                    task.abort();
                    self.abandoned.push(task);
                }
            }
            Effect::Cleanup => self.clean_up(),
        }
    }

    pub(super) fn prepare_ahead(&mut self) {
        for attempt in self.machine.ahead(self.shared.prepare_ahead) {
            if !self.attempts.contains_key(&attempt) {
                self.spawn_attempt(attempt, Leave::Ahead, self.origin(attempt));
            }
        }
    }

    fn raise(&mut self, attempt: AttemptId, leave: Leave) {
        match self.attempts.get(&attempt) {
            Some(task) => task.orders.send_modify(|o| o.leave = o.leave.max(leave)),
            None => self.spawn_attempt(attempt, leave, self.origin(attempt)),
        }
    }

    /// Where a task stands that is to prepare an attempt.
    fn origin(&self, attempt: AttemptId) -> Origin {
        if self.inherited.contains(&attempt) { Origin::Created } else { Origin::New }
    }

    fn stop(&mut self, attempt: AttemptId, level: CancelLevel) {
        if let Some(task) = self.attempts.get(&attempt) {
            task.orders.send_modify(|o| o.stop = o.stop.max(Some(level)));
        }
    }

    fn spawn_attempt(&mut self, attempt: AttemptId, leave: Leave, origin: Origin) {
        let plan = Arc::clone(self.machine.plan());
        let (orders, receiver) = watch::channel(Orders { leave, stop: None });
        let task = AttemptTask {
            shared: Arc::clone(&self.shared),
            spec: job_spec(&plan, attempt, &self.variables, self.workspace.clone()),
            grace: plan.job(attempt.job).grace,
            log: self.log_target(attempt),
            clock: self.clock,
            inputs: self.answer.clone(),
            orders: receiver,
        };
        self.attempts.insert(attempt, Attempt { orders, task: Task::spawn(task.run(origin)) });
    }

    pub(super) fn log_target(&self, attempt: AttemptId) -> LogTarget {
        let (store, sink) = (Arc::clone(&self.shared.store), Arc::clone(&self.shared.sink));
        let log = OfAttempt { store, sink, claim: self.claim.clone(), attempt };
        LogTarget::new(log, self.needles.clone(), self.shared.log_cap_bytes)
    }
}
