//! One turn of the machine: what an input means, and what begins or ends because of it.

use super::change::{Change, ChangeKind, StepResult, StopCause};
use super::decide::{LOCK_RETRY, LONGEST_BACK_OFF, Machine, STOP_GRACE, Timing};
use super::decision::{Answer, Decision, Effect, Fault, Input, StepFacts};
use super::route;
use super::state::StepState;
use super::step::{Path, Resume, Step};
use crate::pipeline::HookFailure;
use crate::status::{DeploymentEnd, DeploymentReason, DeploymentStatus};
use crate::time::Timestamp;

/// One call of [`Machine::handle`]: gathers the decision while the state follows.
pub(super) struct Turn<'m> {
    pub(super) machine: &'m mut Machine,
    pub(super) now: Timestamp,
    pub(super) decision: Decision,
}

impl Turn<'_> {
    pub(super) fn record(&mut self, kind: ChangeKind) {
        let change = Change { at: self.now, kind };
        self.machine.state.apply(&change);
        self.decision.changes.push(change);
    }

    fn effect(&mut self, effect: Effect) {
        self.decision.effects.push(effect);
    }

    pub(super) fn take(&mut self, input: Input) {
        match input {
            Input::Claimed => self.claimed(),
            Input::Answered(ticket, answer) => {
                // An answer of an earlier try, or of a step that is over, has been overtaken.
                if let Some(current) = self.machine.state.step.filter(|current| current.ticket() == ticket) {
                    self.answered(current, answer);
                }
            }
            Input::Seen(ticket, services) => {
                let is_current = self.machine.state.step.is_some_and(|current| current.ticket() == ticket);
                if is_current && ticket.step.watches_health() {
                    self.see(services);
                }
            }
            Input::CancelRecorded(reason) => {
                let change = Change { at: self.now, kind: ChangeKind::CancelRequested { reason } };
                self.machine.state.apply(&change);
                self.cancel();
            }
            Input::CalledOff => self.called_off(),
            Input::LockLost => self.lock_lost(),
            Input::Tick => self.tick(),
        }
    }

    /// Ends the step under way, with what it has seen last.
    fn end(&mut self, step: Step, result: StepResult) {
        self.tell();
        self.record(ChangeKind::StepEnded { step, result });
    }

    /// A cancel that is to be followed: one by a newer deployment only while this one waits for its turn, and none on the
    /// way back, which would leave the target between two releases.
    fn cancelled(&self) -> Option<DeploymentReason> {
        let state = &self.machine.state;
        let is_under_way = state.verdict.is_none() && state.path == Path::Forward;
        let is_late = |reason: &DeploymentReason| *reason == DeploymentReason::Superseded && !state.is_queued();
        state.cancel.filter(|reason| is_under_way && !is_late(reason))
    }

    /// First claim: begin. Later claim: go on with the step that the rows say is under way.
    fn claimed(&mut self) {
        self.machine.timing = Timing::from(self.now);
        if self.machine.state.status == DeploymentStatus::Pending {
            self.record(ChangeKind::Started);
            if let Some(reason) = self.cancelled() {
                return self.conclude(DeploymentEnd::because(DeploymentStatus::Cancelled, reason));
            }
        }
        match self.machine.state.step {
            Some(current) => self.go_on(current),
            None => self.advance(),
        }
    }

    fn called_off(&mut self) {
        let Some(reason) = self.machine.state.cancel else { return };
        if self.machine.state.status == DeploymentStatus::Pending {
            self.record(ChangeKind::Ended { end: DeploymentEnd::because(DeploymentStatus::Cancelled, reason) });
        }
    }

    /// Goes on with a step whose outcome is not known: after a crash, or when contact is sought again.
    fn go_on(&mut self, current: StepState) {
        let (step, ticket) = (current.step, current.ticket());
        let called_off = self.cancelled().filter(|_| step != Step::Commit);
        if called_off.is_some() && current.stopping.is_none() {
            self.record(ChangeKind::StepStopping { step, cause: StopCause::Cancel });
        }
        let is_stopping = called_off.is_some() || current.stopping.is_some();
        match step.resume() {
            Resume::Look(_) => {
                self.effect(Effect::Look(ticket));
                if is_stopping {
                    self.stop(current);
                }
            }
            // What was to be ended is not begun again: its traces are undone like those of a failed one.
            Resume::Repeat(_) if is_stopping => self.fail(step, Fault::new(DeploymentReason::Internal, "")),
            Resume::Repeat(_) => self.perform_again(current),
        }
    }

    fn begin(&mut self, step: Step, number: u32) {
        self.machine.unsaid.clear();
        self.record(ChangeKind::StepBegan { step, number });
        if let Some(current) = self.machine.state.step {
            self.effect(Effect::Perform(current.ticket()));
        }
    }

    fn perform_again(&mut self, current: StepState) {
        let timing = &mut self.machine.timing;
        (timing.again_at, timing.is_lost, timing.stop_sent) = (None, false, None);
        self.begin(current.step, current.number.saturating_add(1));
    }

    fn stop(&mut self, current: StepState) {
        self.machine.timing.stop_sent = Some(self.now);
        self.effect(Effect::Stop(current.ticket()));
    }

    fn answered(&mut self, current: StepState, answer: Answer) {
        let step = current.step;
        match answer {
            Answer::Done(facts) => self.done(step, facts),
            Answer::Failed(fault) => self.fail(step, fault),
            Answer::Held { holder } => self.held(current, holder),
            Answer::Unclear if step.is_remote() => self.lost(current),
            Answer::Unclear => self.fail(step, contact_lost(step)),
            Answer::NotBegun if current.stopping.is_some() || self.cancelled().is_some() => self.not_begun(current),
            Answer::NotBegun => self.perform_again(current),
        }
    }

    fn done(&mut self, step: Step, facts: StepFacts) {
        self.end(step, StepResult::Done(facts));
        if self.cancelled().is_some() && step != Step::Commit {
            self.turn_back();
        } else {
            self.advance();
        }
    }

    /// The reason of a step that we ended is why we ended it, whatever it said.
    fn fail(&mut self, step: Step, mut fault: Fault) {
        match self.machine.state.step.and_then(|current| current.stopping) {
            Some((StopCause::Cancel, _)) => fault.reason = self.machine.state.cancel.unwrap_or(DeploymentReason::User),
            Some((StopCause::Deadline, _)) => {
                let limit = humantime::format_duration(self.machine.spec.limit(step));
                let said = if fault.detail.is_empty() { String::new() } else { format!("; {}", fault.detail) };
                fault.reason = DeploymentReason::Timeout;
                fault.detail = format!("`{step}` took longer than {limit}{said}");
            }
            None => {}
        }
        self.end(step, StepResult::Failed(fault));
        if self.machine.state.verdict.is_some() {
            return self.finish();
        }
        match self.machine.state.path {
            // The release runs and is healthy; that it was not written down is a warning.
            Path::Forward if step == Step::Commit => self.conclude(DeploymentEnd::success()),
            Path::Forward => self.turn_back(),
            Path::Undo | Path::Rollback | Path::Withdraw => {
                self.conclude(self.failure_as(DeploymentStatus::RollbackFailed));
            }
        }
    }

    /// It was called off in time.
    fn not_begun(&mut self, current: StepState) {
        let step = current.step;
        if self.machine.state.path != Path::Forward {
            return self.fail(step, Fault::new(DeploymentReason::Timeout, ""));
        }
        let is_late = matches!(current.stopping, Some((StopCause::Deadline, _)));
        self.end(step, StepResult::NotBegun);
        if is_late && self.cancelled().is_none() {
            // Nothing of it is there, and there is no time left to begin it.
            let end = DeploymentEnd::because(DeploymentStatus::Failed, DeploymentReason::Timeout);
            return self.turn_back_for(Some(end));
        }
        self.turn_back();
    }

    fn held(&mut self, current: StepState, holder: String) {
        let step = current.step;
        if self.cancelled().is_some() {
            self.end(step, StepResult::NotBegun);
            return self.turn_back();
        }
        let since = *self.machine.timing.waits_since.get_or_insert(self.now);
        let ends_at = self.machine.spec.lock_wait.map(|wait| since.after(wait));
        if ends_at.is_none_or(|at| at <= self.now) {
            let detail = format!("{holder} holds the target; wait for it, or ask for the end of it");
            return self.fail(step, Fault::new(DeploymentReason::Locked, detail));
        }
        if self.machine.state.waits_for.as_deref() != Some(holder.as_str()) {
            self.record(ChangeKind::Waiting { holder });
        }
        let timing = &mut self.machine.timing;
        (timing.again_at, timing.is_lost) = (Some(self.now.after(LOCK_RETRY)), false);
    }

    /// Nobody can say: contact is sought until the step's deadline, and nothing else is done.
    fn lost(&mut self, current: StepState) {
        if current.lost_at.is_none() {
            self.record(ChangeKind::ContactLost { step: current.step });
        }
        let timing = &mut self.machine.timing;
        let back_off = std::time::Duration::from_secs(1 << timing.lost_times.min(4)).min(LONGEST_BACK_OFF);
        timing.lost_times = timing.lost_times.saturating_add(1);
        (timing.is_lost, timing.again_at) = (true, Some(self.now.after(back_off)));
    }

    fn cancel(&mut self) {
        let Some(current) = self.machine.state.step else { return };
        if self.cancelled().is_none() || current.step == Step::Commit || current.stopping.is_some() {
            return;
        }
        let Timing { again_at, is_lost, .. } = self.machine.timing;
        if again_at.is_some() && !is_lost {
            // It waits for another deployment: nothing of it is under way.
            self.end(current.step, StepResult::NotBegun);
            return self.turn_back();
        }
        self.record(ChangeKind::StepStopping { step: current.step, cause: StopCause::Cancel });
        if !is_lost {
            self.stop(current);
        }
    }

    fn tick(&mut self) {
        self.tell_if_due();
        let Some(current) = self.machine.state.step else { return };
        let Timing { again_at, is_lost, .. } = self.machine.timing;
        if self.machine.end_of_patience().is_some_and(|end| end <= self.now) {
            return self.out_of_time(current);
        }
        if again_at.is_some_and(|at| at <= self.now) {
            let timing = &mut self.machine.timing;
            (timing.again_at, timing.is_lost, timing.stop_sent) = (None, false, None);
            if is_lost {
                self.go_on(current);
            } else {
                self.perform_again(current);
            }
        }
    }

    fn out_of_time(&mut self, current: StepState) {
        let Timing { again_at, is_lost, stop_sent, waits_since, .. } = self.machine.timing;
        let is_waiting = waits_since.is_some() && again_at.is_some() && !is_lost;
        if is_waiting {
            let holder = self.machine.state.waits_for.clone().unwrap_or_default();
            return self.held(current, holder);
        }
        if is_lost || stop_sent.is_some_and(|sent| sent.after(STOP_GRACE) <= self.now) {
            return self.give_up(current.step);
        }
        if current.stopping.is_none() {
            self.record(ChangeKind::StepStopping { step: current.step, cause: StopCause::Deadline });
        }
        self.stop(current);
    }

    /// Nobody can say what the target does, and there is no time left to find out: whatever is done now could be wrong.
    fn give_up(&mut self, step: Step) {
        if self.machine.state.verdict.is_some() || !step.is_remote() {
            return self.fail(step, contact_lost(step));
        }
        let detail = format!(
            "nobody can say how `{step}` ended: the target did not answer in time; look at it, then deploy again, which takes \
             the lock over and closes this deployment first"
        );
        let end = DeploymentEnd::because(DeploymentStatus::Unknown, DeploymentReason::ContactLost).with_detail(detail);
        self.record(ChangeKind::Concluded { end: end.clone() });
        self.record(ChangeKind::Ended { end });
    }

    /// Whoever has the target by now closes what is left there; nothing more is done to it from here.
    fn lock_lost(&mut self) {
        let state = &self.machine.state;
        if !state.may_hold_lock || state.verdict.is_some() {
            return;
        }
        if let Some(current) = state.step {
            self.effect(Effect::Stop(current.ticket()));
        }
        let detail = "another deployment took the target over, because this one had not renewed its lock in time; it closes \
                      what this one has left";
        let end = DeploymentEnd::because(DeploymentStatus::Unknown, DeploymentReason::LockLost).with_detail(detail);
        self.record(ChangeKind::Concluded { end: end.clone() });
        self.record(ChangeKind::Ended { end });
    }

    fn turn_back(&mut self) {
        self.turn_back_for(None);
    }

    /// Leaves the way forward. `early` is how it ends where no step had a fault to tell of.
    fn turn_back_for(&mut self, early: Option<DeploymentEnd>) {
        let state = &self.machine.state;
        if !state.begun.contains(&Step::Up) {
            self.record(ChangeKind::TurnedBack { path: Path::Undo, restore: None });
            return match early {
                Some(end) if route::next(&self.machine.spec, &self.machine.state).is_none() => self.conclude(end),
                _ => self.advance(),
            };
        }
        let stays = self.cancelled().is_none()
            && state.failure.as_ref().is_some_and(|failure| failure.step == Step::HooksAfter)
            && self.machine.spec.hooks_after == Some(HookFailure::Stop);
        let restore = state.restore_target().map(|release| release.id);
        if stays {
            self.conclude(self.failure_as(DeploymentStatus::Failed));
        } else if restore.is_some() {
            self.record(ChangeKind::TurnedBack { path: Path::Rollback, restore });
            self.advance();
        } else if !state.set_aside.is_empty() {
            self.record(ChangeKind::TurnedBack { path: Path::Withdraw, restore: None });
            self.advance();
        } else {
            self.conclude(self.failure_as(DeploymentStatus::Failed));
        }
    }

    /// Begins what comes next on the way, or concludes at its end.
    fn advance(&mut self) {
        if self.machine.state.verdict.is_some() {
            return self.finish();
        }
        if let Some(step) = route::next(&self.machine.spec, &self.machine.state) {
            self.machine.timing = Timing::from(self.now);
            return self.begin(step, 1);
        }
        let end = match self.machine.state.path {
            Path::Forward => DeploymentEnd::success(),
            Path::Undo => self.undone(),
            Path::Rollback => self.failure_as(DeploymentStatus::RolledBack),
            Path::Withdraw => self.failure_as(DeploymentStatus::Failed),
        };
        self.conclude(end);
    }

    /// Everything is as it was.
    fn undone(&self) -> DeploymentEnd {
        let end = self.failure_as(DeploymentStatus::Failed);
        match end.reason {
            Some(DeploymentReason::User | DeploymentReason::Superseded) => {
                DeploymentEnd { status: DeploymentStatus::Cancelled, ..end }
            }
            _ => end,
        }
    }

    /// An end by what ended the way forward; with what ended the way back beside it.
    fn failure_as(&self, status: DeploymentStatus) -> DeploymentEnd {
        let state = &self.machine.state;
        let forward = state.failure.as_ref().map(|failure| &failure.fault);
        let reason = forward.map(|fault| fault.reason).or(state.cancel).unwrap_or(DeploymentReason::Timeout);
        let back = state.way_back_failure.as_ref();
        let back = back.map(|failure| format!("then `{}` failed: {}", failure.step, failure.fault.detail));
        let said: Vec<&str> = forward.map(|fault| fault.detail.as_str()).into_iter().chain(back.as_deref()).collect();
        let said: Vec<&str> = said.into_iter().filter(|text| !text.is_empty()).collect();
        DeploymentEnd::because(status, reason).with_detail(said.join("; "))
    }

    fn conclude(&mut self, end: DeploymentEnd) {
        self.record(ChangeKind::Concluded { end });
        self.finish();
    }

    /// Unlocks, once, and ends.
    fn finish(&mut self) {
        let state = &self.machine.state;
        if state.may_hold_lock && !state.begun.contains(&Step::Unlock) {
            self.machine.timing = Timing::from(self.now);
            return self.begin(Step::Unlock, 1);
        }
        if let Some(end) = state.verdict.clone() {
            self.record(ChangeKind::Ended { end });
        }
    }
}

fn contact_lost(step: Step) -> Fault {
    let detail = format!("`{step}`: nothing answered in time");
    Fault::new(DeploymentReason::ContactLost, detail)
}
