//! How things have to end, worked out from the rules that users are told, not from the scheduler's code.
//!
//! The rules (`docs/glossary.md`, `docs/adr/0005`, `docs/adr/0010`): a job is skipped when its selection says so, when an earlier stage has a
//! failure that counts, or when there is no checkout; a cancelled pipeline cancels what has not ended; else a job ends as
//! its last attempt did, and that as its script did. *Cancelled* outweighs *failed*, that outweighs *errored*; the first
//! job with the deciding status gives the reason. An executor that does not answer may have left a script behind: then
//! everything ends, and not as a success.

use crate::id::JobIndex;
use crate::plan::Selection;
use crate::ports::{Event, FailureKind};
use crate::schedule::{AttemptState, ChangeKind, JobState, PipelineState, StopCause};
use crate::status::{End, Reason, Status};
use crate::testkit::fake_executor::FakeEnd;
use crate::testkit::simulator::evidence::{Evidence, Verdict, ensure};
use crate::testkit::simulator::scenario::SECRET;

/// What the engine says beside the end of a script that it may have left behind.
const LEFT_BEHIND: &str = "the pipeline ends, and its cleaning up ends";

/// What decides of an end; its sentence for people does not.
type Essence = (Status, Option<Reason>, Option<i32>);

fn essence(end: &End) -> Essence {
    (end.status, end.reason, end.exit_code)
}

/// Jobs and pipeline ended as the rules say.
pub(super) fn ends_by_the_rules(evidence: &Evidence<'_>, events: &[Event], state: &PipelineState) -> Verdict {
    let court = Court { evidence, events, state };
    for (index, job) in (0u32..).map(JobIndex).zip(&state.jobs) {
        court.judge_job(index, job)?;
        for attempt in &job.attempts {
            court.judge_attempt(attempt)?;
        }
    }
    let verdict = state.verdict.as_ref().ok_or("no verdict")?;
    let due = court.pipeline_end();
    ensure(essence(verdict) == due, || format!("ended as {verdict:?}, due was {due:?}"))?;
    let shown = verdict.detail.as_deref().unwrap_or_default();
    ensure(!shown.contains(SECRET), || format!("the verdict shows the secret: {shown}"))
}

struct Court<'a> {
    evidence: &'a Evidence<'a>,
    events: &'a [Event],
    state: &'a PipelineState,
}

impl Court<'_> {
    fn judge_job(&self, index: JobIndex, job: &JobState) -> Verdict {
        let end = job.end.as_ref().ok_or("no end")?;
        let due = match (self.evidence.scenario.plan.job(index).selection, job.attempts.last()) {
            (Selection::Skip(reason), None) => vec![End::because(Status::Skipped, reason)],
            (Selection::Skip(_), Some(_)) => Vec::new(),
            (Selection::Run, None) => self.why_it_never_began(index),
            (Selection::Run, Some(_)) if !self.broken_off() && !self.may_begin(index) => Vec::new(),
            (Selection::Run, Some(last)) => last.end.iter().cloned().collect(),
        };
        ensure(due.iter().any(|due| essence(due) == essence(end)), || {
            format!("job {} ended as {end:?}, due was {due:?}; attempts {:?}", index.0, job.attempts)
        })
    }

    /// All that may have kept a selected job from beginning. More than one only where a cancel met something else.
    fn why_it_never_began(&self, index: JobIndex) -> Vec<End> {
        let mut due = Vec::new();
        if let Some(kind) = self.gave_up() {
            due.push(End::because(Status::Skipped, kind.reason()));
        } else if self.broken_off() {
            due.push(End::because(Status::Skipped, Reason::Internal));
        }
        if self.earlier_stage_broke(index) {
            due.push(End::because(Status::Skipped, Reason::EarlierStageFailed));
        }
        if let Some((_, reason)) = self.state.cancel.filter(|_| self.cancelled_before(index)) {
            due.push(End::because(Status::Cancelled, reason));
        }
        due
    }

    fn may_begin(&self, index: JobIndex) -> bool {
        let checked_out =
            self.evidence.scenario.checkouts.is_empty() || self.evidence.source.last_answer() == Some(Ok(()));
        checked_out && self.state.workspace.is_some() && !self.earlier_stage_broke(index)
    }

    fn earlier_stage_broke(&self, index: JobIndex) -> bool {
        let plan = &self.evidence.scenario.plan;
        let earlier = plan.stages.iter().take_while(|stage| !stage.jobs.contains(&index));
        earlier.flat_map(|stage| &stage.jobs).any(|job| {
            let status = self.state.jobs[job.get()].status;
            matches!(status, Status::Failed | Status::Errored) && !plan.job(*job).allow_failure
        })
    }

    /// Whether the request for the end was recorded before the end of this job.
    fn cancelled_before(&self, index: JobIndex) -> bool {
        let place = |wanted: &dyn Fn(&ChangeKind) -> bool| self.events.iter().position(|e| wanted(&e.change.kind));
        let asked = place(&|kind| matches!(kind, ChangeKind::CancelRequested { .. }));
        let ended = place(&|kind| matches!(kind, ChangeKind::JobEnded { job, .. } if *job == index));
        asked.is_some() && asked < ended
    }

    /// The failure of the checkout that ended it all, if one did: a cancel may have come before.
    fn gave_up(&self) -> Option<FailureKind> {
        let failed = self.evidence.source.last_answer()?.err()?;
        let cancelled = self.state.jobs.iter().any(|job| job.status == Status::Cancelled);
        Some(failed).filter(|_| !cancelled)
    }

    /// Whether a script may have been left behind: only an executor that did not answer is a reason for that.
    fn broken_off(&self) -> bool {
        let ends = self.state.jobs.iter().flat_map(|job| &job.attempts).filter_map(|attempt| attempt.end.as_ref());
        let left = |end: &End| end.detail.as_deref().is_some_and(|detail| detail.contains(LEFT_BEHIND));
        !self.evidence.scenario.executor_hangs.is_empty() && ends.into_iter().any(left)
    }

    /// An attempt that nobody stopped ends as its script does, was lost, or ended with everything else.
    fn judge_attempt(&self, attempt: &AttemptState) -> Verdict {
        let end = attempt.end.as_ref().ok_or("no end")?;
        let scenario = self.evidence.scenario;
        let lost = (Status::Errored, Some(Reason::RunnerLost), None);
        let cancel = self.state.cancel.map(|(_, reason)| reason);
        let broken = (Status::Errored, Some(Reason::Internal), None);
        let broken = Some(broken).filter(|_| self.broken_off());
        let due = match (attempt.stop, attempt.began) {
            (Some((StopCause::Cancel, _)), _) => vec![(Status::Cancelled, cancel, end.exit_code)],
            (Some((StopCause::Timeout, _)), true) => vec![(Status::Failed, Some(Reason::Timeout), end.exit_code)],
            (None, true) => {
                let own = scenario.output(attempt.id.job, attempt.id.number).end.map(|end| match end {
                    FakeEnd::Code(0) => (Status::Success, None, Some(0)),
                    FakeEnd::Code(code) => (Status::Failed, Some(Reason::ExitCode), Some(code)),
                    FakeEnd::Signal(signal) => (Status::Failed, Some(Reason::Signal), Some(128 + signal)),
                    FakeEnd::OutOfMemory => (Status::Failed, Some(Reason::OutOfMemory), Some(137)),
                    FakeEnd::Lost => lost,
                });
                let died_with_us = !scenario.survives && !scenario.crashes.is_empty();
                own.into_iter().chain(Some(lost).filter(|_| died_with_us)).chain(broken).collect()
            }
            (Some((StopCause::Timeout, _)) | None, false) => {
                let abandoned = (Status::Cancelled, cancel, None);
                let unprepared = [Reason::ImageNotFound, Reason::EngineUnavailable];
                let failed = unprepared.map(|reason| (Status::Errored, Some(reason), None));
                let abandoned = Some(abandoned).filter(|_| cancel.is_some());
                failed.into_iter().chain([lost]).chain(abandoned).chain(broken).collect()
            }
        };
        ensure(due.contains(&essence(end)), || format!("{attempt:?}, due was {due:?}"))
    }

    fn pipeline_end(&self) -> Essence {
        if let Some(kind) = self.gave_up() {
            return (Status::Errored, Some(kind.reason()), None);
        }
        let plan = &self.evidence.scenario.plan;
        let weight = |(index, job): (usize, &JobState)| match job.status {
            Status::Cancelled => 3,
            Status::Failed if !plan.jobs[index].allow_failure => 2,
            Status::Errored if !plan.jobs[index].allow_failure => 1,
            _ => 0,
        };
        let weights: Vec<u32> = self.state.jobs.iter().enumerate().map(weight).collect();
        let heaviest = weights.iter().copied().max().unwrap_or(0);
        let decides = weights.iter().position(|w| *w == heaviest).map(|index| &self.state.jobs[index]);
        let end = decides.and_then(|job| job.end.as_ref());
        match (heaviest, end) {
            (3, Some(end)) => (Status::Cancelled, end.reason, None),
            (1 | 2, Some(end)) => essence(end),
            _ if self.broken_off() => (Status::Errored, Some(Reason::Internal), None),
            _ if plan.jobs.is_empty() || self.state.jobs.iter().any(|j| j.status != Status::Skipped) => {
                (Status::Success, None, None)
            }
            _ => (Status::Skipped, Some(Reason::When), None),
        }
    }
}
