//! One turn of the machine: what an input means, and what begins or ends because of it.

use std::sync::Arc;

use crate::id::{AttemptId, JobIndex};
use crate::pipeline::RetryCause;
use crate::plan::Selection;
use crate::schedule::change::{CancelLevel, Change, ChangeKind, StopCause};
use crate::schedule::course::Course;
use crate::schedule::decision::{Decision, Effect, Input, Whereabouts};
use crate::schedule::order::Next;
use crate::schedule::outcome::{AttemptOutcome, Problem};
use crate::schedule::state::{AttemptPhase, AttemptState};
use crate::schedule::verdict::verdict;
use crate::status::{End, Reason, Status};
use crate::time::Timestamp;

/// One call of [`Machine::handle`](super::Machine::handle): gathers the decision while the state follows.
pub(super) struct Turn<'m> {
    pub(super) course: &'m mut Course,
    pub(super) now: Timestamp,
    pub(super) decision: Decision,
}

impl Turn<'_> {
    fn record(&mut self, kind: ChangeKind) {
        let change = Change { at: self.now, kind };
        self.fold(&change);
        self.decision.changes.push(change);
    }

    /// Lets state and order follow a change.
    fn fold(&mut self, change: &Change) {
        let Course { plan, state, order, .. } = &mut *self.course;
        state.apply(change);
        match &change.kind {
            ChangeKind::AttemptCreated { attempt } => order.begun(attempt.job),
            ChangeKind::JobEnded { job, end } => order.ended(plan, *job, end),
            ChangeKind::StartedOver => order.start_over(plan, state),
            _ => return,
        }
        order.skip_ended(state);
    }

    fn effect(&mut self, effect: Effect) {
        self.decision.effects.push(effect);
    }

    pub(super) fn take(&mut self, input: Input) {
        match input {
            Input::Claimed(workspace) => self.claimed(&workspace),
            Input::Deserted => self.deserted(),
            Input::CheckedOut(Ok(instance)) => {
                // A cancel may have been quicker: then it comes after the verdict, and nobody needs it.
                let state = &self.course.state;
                if state.workspace.is_none() && state.verdict.is_none() {
                    self.record(ChangeKind::WorkspaceReady { instance });
                }
            }
            Input::CheckedOut(Err(problem)) => self.give_up(&problem),
            Input::Prepared(attempt, result) => self.prepared(attempt, result),
            Input::Ended(attempt, outcome) => self.ended(attempt, &outcome),
            Input::CalledOff => self.called_off(),
            Input::CancelRecorded(level, reason) => {
                self.fold(&Change { at: self.now, kind: ChangeKind::CancelRequested { level, reason } });
                self.cancel();
            }
            Input::Tick => self.tick(),
            Input::NotFollowed(problem) => self.course.not_followed = Some(problem),
            Input::CleanedUp(result) => self.cleaned_up(result),
        }
    }

    /// First claim: begin. Later claim: put back in flight what the rows say should be.
    fn claimed(&mut self, workspace: &Whereabouts) {
        if self.course.state.status == Status::Pending {
            self.record(ChangeKind::PipelineStarted);
            self.skip_unselected();
        }
        if self.course.state.verdict.is_some() {
            return self.effect(Effect::Cleanup);
        }
        if self.course.order.remaining() == 0 {
            return;
        }
        if *workspace == Whereabouts::Elsewhere && self.course.state.workspace.is_some() {
            self.lose_workspace();
            if self.course.state.verdict.is_some() {
                return;
            }
        }
        if self.course.state.workspace.is_none() && self.course.state.cancel.is_none() {
            match workspace {
                Whereabouts::Nowhere(instance) => {
                    self.record(ChangeKind::WorkspaceReady { instance: instance.clone() });
                }
                Whereabouts::Here | Whereabouts::Elsewhere => self.effect(Effect::Checkout),
            }
        }
        let live: Vec<AttemptState> = self.course.live().map(|(attempt, _)| attempt.clone()).collect();
        for attempt in live {
            self.resume(&attempt);
        }
        self.cancel();
    }

    fn called_off(&mut self) {
        let state = &self.course.state;
        if state.status != Status::Pending || state.cancel.is_none() {
            return;
        }
        self.skip_unselected();
        self.cancel();
        let end = verdict(&self.course.plan, &self.course.state);
        self.record(ChangeKind::Concluded { end: end.clone() });
        self.record(ChangeKind::PipelineEnded { end });
    }

    fn deserted(&mut self) {
        if self.course.state.status == Status::Pending {
            self.record(ChangeKind::PipelineStarted);
            self.skip_unselected();
        }
        if self.course.state.verdict.is_some() {
            return self.effect(Effect::Cleanup);
        }
        self.lose(false, &deserted());
        self.cancel();
    }

    /// Nothing goes on without the files that the jobs so far have left: all of it runs again, if it may, or the pipeline
    /// ends.
    fn lose_workspace(&mut self) {
        let again = self.course.state.cancel.is_none() && self.course.runs_again();
        self.lose(again, &lost_with_its_host());
    }

    /// All that is under way is lost, and runs again or ends.
    fn lose(&mut self, again: bool, lost: &Problem) {
        let cancelled = self.course.state.cancel.map(|(_, reason)| reason);
        let live: Vec<AttemptState> = self.course.live().map(|(attempt, _)| attempt.clone()).collect();
        for AttemptState { id: attempt, phase, stop, .. } in live {
            let outcome = AttemptOutcome::Lost { began: phase == AttemptPhase::Running };
            if cancelled.is_some() && stop.is_none() {
                self.record(ChangeKind::StopRequested { attempt, cause: StopCause::Cancel });
            }
            let cause = stop.map(|(cause, _)| cause).or(cancelled.map(|_| StopCause::Cancel));
            let end = outcome.end(cause, cancelled.unwrap_or(Reason::User));
            self.record(ChangeKind::AttemptEnded { attempt, end: end.clone(), began: outcome.began() });
            if !again {
                self.record(ChangeKind::JobEnded { job: attempt.job, end });
            }
        }
        if again {
            self.record(ChangeKind::StartedOver);
            return self.skip_unselected();
        }
        // What a cancel has to end beside these, it ends next.
        if cancelled.is_none() {
            self.end_pending(&End::because(Status::Skipped, lost.reason));
            let found = verdict(&self.course.plan, &self.course.state);
            // A job that has failed is certain; all else is lost with the host.
            self.conclude(if found.status == Status::Failed { found } else { lost.to_end() });
        }
    }

    fn resume(&mut self, attempt: &AttemptState) {
        if attempt.phase == AttemptPhase::Preparing {
            return self.effect(Effect::Prepare(attempt.id));
        }
        self.effect(Effect::Attach(attempt.id));
        if let Some((StopCause::Timeout, _)) = attempt.stop {
            self.effect(Effect::Stop(attempt.id, CancelLevel::Graceful));
        }
    }

    fn skip_unselected(&mut self) {
        let plan = Arc::clone(&self.course.plan);
        for (job, planned) in (0u32..).map(JobIndex).zip(&plan.jobs) {
            if let Selection::Skip(reason) = planned.selection {
                self.record(ChangeKind::JobEnded { job, end: End::because(Status::Skipped, reason) });
            }
        }
    }

    /// The pipeline cannot begin: no job runs.
    fn give_up(&mut self, problem: &Problem) {
        if self.course.state.verdict.is_some() {
            return;
        }
        self.end_pending(&End::because(Status::Skipped, problem.reason));
        self.conclude(problem.to_end());
    }

    fn end_pending(&mut self, end: &End) {
        let pending: Vec<JobIndex> = (0u32..)
            .map(JobIndex)
            .zip(&self.course.state.jobs)
            .filter(|(_, job)| job.status == Status::Pending)
            .map(|(index, _)| index)
            .collect();
        for job in pending {
            self.record(ChangeKind::JobEnded { job, end: end.clone() });
        }
    }

    fn phase(&self, attempt: AttemptId) -> Option<AttemptPhase> {
        self.course.state.attempt(attempt).map(|a| a.phase)
    }

    fn prepared(&mut self, attempt: AttemptId, result: Result<(), Problem>) {
        if self.phase(attempt) != Some(AttemptPhase::Preparing) {
            return;
        }
        match result {
            Ok(()) => {
                self.record(ChangeKind::AttemptStarted { attempt });
                self.effect(Effect::Start(attempt));
            }
            Err(problem) => self.close(attempt, &AttemptOutcome::NotStarted(problem)),
        }
    }

    fn ended(&mut self, attempt: AttemptId, outcome: &AttemptOutcome) {
        if self.phase(attempt).is_some_and(|phase| phase != AttemptPhase::Ended) {
            self.close(attempt, outcome);
        }
    }

    /// Ends an attempt, and with it the job unless the job is to be tried again.
    fn close(&mut self, attempt: AttemptId, outcome: &AttemptOutcome) {
        let Some(state) = self.course.state.attempt(attempt) else { return };
        let stop = state.stop.map(|(cause, _)| cause);
        self.course.went.remove(&attempt);
        let cancel_reason = self.course.state.cancel.map_or(Reason::User, |(_, reason)| reason);
        let end = outcome.end(stop, cancel_reason);
        self.record(ChangeKind::AttemptEnded { attempt, end: end.clone(), began: outcome.began() });
        if let Some(problem) = outcome.left_behind() {
            self.record(ChangeKind::JobEnded { job: attempt.job, end });
            return self.break_off(problem);
        }
        if self.tries_again(attempt.job, outcome, &end) {
            self.create(attempt.job);
        } else {
            self.record(ChangeKind::JobEnded { job: attempt.job, end });
        }
    }

    /// A script may still run in the workspace: nothing may begin there any more, be it another try or the next job. Only
    /// the cleaning up ends that script for sure, and with it whatever else runs.
    fn break_off(&mut self, problem: &Problem) {
        let cancel_reason = self.course.state.cancel.map_or(Reason::User, |(_, reason)| reason);
        let live: Vec<AttemptState> = self.course.live().map(|(attempt, _)| attempt.clone()).collect();
        for AttemptState { id: attempt, phase, stop, .. } in live {
            let outcome = if phase == AttemptPhase::Preparing {
                AttemptOutcome::NotStarted(problem.clone())
            } else {
                AttemptOutcome::Broken(problem.clone())
            };
            let end = outcome.end(stop.map(|(cause, _)| cause), cancel_reason);
            self.record(ChangeKind::AttemptEnded { attempt, end: end.clone(), began: outcome.began() });
            self.record(ChangeKind::JobEnded { job: attempt.job, end });
        }
        self.end_pending(&End::because(Status::Skipped, problem.reason));
        let found = verdict(&self.course.plan, &self.course.state);
        let bad = !matches!(found.status, Status::Success | Status::Skipped);
        self.conclude(if bad { found } else { problem.to_end() });
    }

    fn tries_again(&self, job: JobIndex, outcome: &AttemptOutcome, end: &End) -> bool {
        if self.course.state.cancel.is_some() {
            return false;
        }
        if matches!(outcome, AttemptOutcome::Lost { began: false }) && end.reason == Some(Reason::RunnerLost) {
            return self.course.restarts_for_free(job);
        }
        let cause = match (end.status, end.reason) {
            (Status::Failed, Some(Reason::Timeout)) => RetryCause::Timeout,
            (Status::Failed, _) => RetryCause::Failed,
            (Status::Errored, Some(Reason::RunnerLost)) => RetryCause::Lost,
            _ => return false,
        };
        self.course.has_tries_left(job, cause)
    }

    fn create(&mut self, job: JobIndex) {
        let attempt = self.course.next_attempt(job);
        self.record(ChangeKind::AttemptCreated { attempt });
        self.effect(Effect::Prepare(attempt));
    }

    /// Ends what is to be ended if a cancel is recorded: by the strongest level so far, whatever came last.
    fn cancel(&mut self) {
        let Some((level, reason)) = self.course.state.cancel else { return };
        if self.course.state.verdict.is_some() {
            return;
        }
        let cancelled = End::because(Status::Cancelled, reason);
        let live: Vec<AttemptState> = self.course.live().map(|(attempt, _)| attempt.clone()).collect();
        for AttemptState { id: attempt, phase, stop, .. } in live {
            if phase == AttemptPhase::Preparing {
                self.effect(Effect::Abandon(attempt));
                self.record(ChangeKind::AttemptEnded { attempt, end: cancelled.clone(), began: false });
                self.record(ChangeKind::JobEnded { job: attempt.job, end: cancelled.clone() });
                continue;
            }
            if stop.is_none() {
                self.record(ChangeKind::StopRequested { attempt, cause: StopCause::Cancel });
            }
            self.effect(Effect::Stop(attempt, level));
        }
        self.end_pending(&cancelled);
    }

    fn tick(&mut self) {
        let late: Vec<AttemptId> = self
            .course
            .running()
            .filter(|(attempt, job)| self.course.timeout_at(attempt, job).is_some_and(|at| at <= self.now))
            .map(|(attempt, _)| attempt.id)
            .collect();
        for attempt in late {
            self.record(ChangeKind::StopRequested { attempt, cause: StopCause::Timeout });
            self.effect(Effect::Stop(attempt, CancelLevel::Graceful));
        }
    }

    /// Starts and skips what has its turn; concludes when nothing is left.
    pub(super) fn advance(&mut self) {
        let state = &self.course.state;
        if state.verdict.is_some() || state.status != Status::Running {
            return;
        }
        if state.workspace.is_some() && state.cancel.is_none() {
            self.start_next();
        }
        if self.course.order.remaining() == 0 {
            let end = verdict(&self.course.plan, &self.course.state);
            self.conclude(end);
        }
    }

    fn start_next(&mut self) {
        loop {
            match self.course.order.next() {
                Next::Start(job) => self.create(job),
                Next::Skip(job) => {
                    let end = End::because(Status::Skipped, Reason::EarlierStageFailed);
                    self.record(ChangeKind::JobEnded { job, end });
                }
                Next::Wait | Next::None => return,
            }
        }
    }

    fn conclude(&mut self, end: End) {
        self.record(ChangeKind::Concluded { end });
        self.effect(Effect::Cleanup);
    }

    fn cleaned_up(&mut self, result: Result<(), Problem>) {
        let Some(mut end) = self.course.state.verdict.clone() else { return };
        if let Some(problem) = self.course.not_followed.take().filter(|_| end.status == Status::Success) {
            end = problem.to_end();
        }
        if let Err(left) = result {
            let said = end.detail.take().map(|d| d + "; ").unwrap_or_default();
            end.detail = Some(format!("{said}left behind: {}", left.detail));
        }
        self.record(ChangeKind::PipelineEnded { end });
    }
}

fn deserted() -> Problem {
    let detail = "the process that ran it is gone, and with it how it would have gone on; run it again";
    Problem { reason: Reason::RunnerLost, detail: detail.into() }
}

fn lost_with_its_host() -> Problem {
    let detail = "its workspace is out of reach: the host it is on is gone or was restarted, or its directory was removed; the pipeline would have \
                  started over if each job that had begun allowed it with `retry: {max: 1, on: [lost]}`";
    Problem { reason: Reason::RunnerLost, detail: detail.into() }
}
