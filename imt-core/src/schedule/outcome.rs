//! What the outside reports of an attempt, and what end that makes.

use crate::schedule::change::StopCause;
use crate::status::{End, Reason, Status};

/// Broken machinery, as far as the scheduler cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The reason it ends things with.
    pub reason: Reason,
    /// A sentence for people, naming the thing and the remedy.
    pub detail: String,
}

impl Problem {
    /// The end that this problem makes.
    pub fn to_end(&self) -> End {
        End::because(Status::Errored, self.reason).with_detail(self.detail.clone())
    }
}

/// How an attempt ended, as its executor tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The script ended by itself with this code.
    Code(i32),
    /// A signal that was not ours ended it.
    Signal(i32),
    /// It used more memory than it had.
    OutOfMemory,
    /// Our stop ended it; the code, where it still gave one.
    Stopped(Option<i32>),
    /// Nobody can say how it ended.
    Lost {
        /// Whether its script may have begun.
        began: bool,
    },
    /// The machinery failed before the script began.
    NotStarted(Problem),
    /// The machinery failed while the script ran; the script is over.
    Broken(Problem),
    /// Nobody can say whether its script still runs, or will begin yet. Nothing may begin beside it, so the pipeline ends,
    /// and the cleaning up ends the script.
    LeftBehind(Problem),
    /// It ended so, and the store has not taken all of its log.
    Unlogged {
        /// How it ended.
        outcome: Box<AttemptOutcome>,
        /// What became of the log, for people.
        log: String,
    },
}

impl AttemptOutcome {
    /// Whether the script may have begun.
    pub(super) fn began(&self) -> bool {
        match self {
            Self::Lost { began: false } | Self::NotStarted(_) => false,
            Self::Unlogged { outcome, .. } => outcome.began(),
            _ => true,
        }
    }

    /// What is known of a script that may still run.
    pub(super) fn left_behind(&self) -> Option<&Problem> {
        match self {
            Self::LeftBehind(problem) => Some(problem),
            Self::Unlogged { outcome, .. } => outcome.left_behind(),
            _ => None,
        }
    }

    fn exit_code(&self) -> Option<i32> {
        match self {
            Self::Code(code) => Some(*code),
            Self::Signal(signal) => Some(128 + *signal),
            Self::OutOfMemory => Some(137),
            Self::Stopped(code) => *code,
            Self::Unlogged { outcome, .. } => outcome.exit_code(),
            Self::Lost { .. } | Self::NotStarted(_) | Self::Broken(_) | Self::LeftBehind(_) => None,
        }
    }

    /// The end of an attempt with this outcome. Once a stop was asked for, the stop's cause is the reason: a script that
    /// traps TERM and then answers 0 has still been stopped. But what never began cannot have taken too long.
    pub(super) fn end(&self, stop: Option<StopCause>, cancel_reason: Reason) -> End {
        let mut end = match stop {
            Some(StopCause::Timeout) if self.began() => End::because(Status::Failed, Reason::Timeout),
            Some(StopCause::Cancel) => End::because(Status::Cancelled, cancel_reason),
            Some(StopCause::Timeout) | None => self.plain_end(),
        };
        end.exit_code = self.exit_code();
        // Said beside the stop's cause, too: whoever looks into it has to know what was left and what is missing.
        for more in [self.left_behind().map(|p| p.detail.as_str()), self.log_problem()].into_iter().flatten() {
            match &mut end.detail {
                Some(said) if said == more => {}
                Some(said) => *said = format!("{said}; {more}"),
                None => end.detail = Some(more.to_owned()),
            }
        }
        end
    }

    fn log_problem(&self) -> Option<&str> {
        if let Self::Unlogged { log, .. } = self { Some(log) } else { None }
    }

    fn plain_end(&self) -> End {
        match self {
            Self::Code(0) => End::success(),
            Self::Code(_) => End::because(Status::Failed, Reason::ExitCode),
            Self::Signal(signal) => End::because(Status::Failed, Reason::Signal)
                .with_detail(format!("signal {signal}, not sent by the engine, ended the script")),
            Self::OutOfMemory => End::because(Status::Failed, Reason::OutOfMemory)
                .with_detail("the job used more memory than it had; raise `resources.memory` or use less"),
            Self::Stopped(_) => End::because(Status::Errored, Reason::RunnerLost)
                .with_detail("something outside of the engine stopped the job"),
            Self::Lost { began: true } => End::because(Status::Errored, Reason::RunnerLost).with_detail(
                "the job had begun and nobody can say how it ended; if it may run twice, allow it with `retry: {max: 1, on: [lost]}`",
            ),
            Self::Lost { began: false } => End::because(Status::Errored, Reason::RunnerLost)
                .with_detail("the job was lost before it began"),
            Self::NotStarted(problem) | Self::Broken(problem) | Self::LeftBehind(problem) => problem.to_end(),
            Self::Unlogged { outcome, .. } => outcome.plain_end(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unlogged(outcome: AttemptOutcome) -> AttemptOutcome {
        AttemptOutcome::Unlogged { outcome: Box::new(outcome), log: "no log".into() }
    }

    #[test]
    fn what_was_left_and_what_is_missing_is_said_whatever_ended_it() {
        let problem = Problem { reason: Reason::Internal, detail: "it may still run".into() };
        let left = AttemptOutcome::LeftBehind(problem);
        for (outcome, wanted) in [
            (left.clone(), "it may still run"),
            (unlogged(left), "it may still run; no log"),
            (unlogged(AttemptOutcome::Code(1)), "no log"),
        ] {
            for stop in [None, Some(StopCause::Timeout), Some(StopCause::Cancel)] {
                assert_eq!(outcome.end(stop, Reason::User).detail.as_deref(), Some(wanted), "{outcome:?} {stop:?}");
            }
        }
    }

    #[test]
    fn every_outcome_has_its_end() {
        let problem = Problem { reason: Reason::NoShell, detail: "no sh".into() };
        let table = [
            (AttemptOutcome::Code(0), Status::Success, None, Some(0)),
            (AttemptOutcome::Code(3), Status::Failed, Some(Reason::ExitCode), Some(3)),
            (AttemptOutcome::Signal(9), Status::Failed, Some(Reason::Signal), Some(137)),
            (AttemptOutcome::OutOfMemory, Status::Failed, Some(Reason::OutOfMemory), Some(137)),
            (AttemptOutcome::Stopped(None), Status::Errored, Some(Reason::RunnerLost), None),
            (AttemptOutcome::Lost { began: true }, Status::Errored, Some(Reason::RunnerLost), None),
            (AttemptOutcome::Lost { began: false }, Status::Errored, Some(Reason::RunnerLost), None),
            (AttemptOutcome::NotStarted(problem.clone()), Status::Errored, Some(Reason::NoShell), None),
            (AttemptOutcome::Broken(problem.clone()), Status::Errored, Some(Reason::NoShell), None),
            (AttemptOutcome::LeftBehind(problem), Status::Errored, Some(Reason::NoShell), None),
            (unlogged(AttemptOutcome::Code(0)), Status::Success, None, Some(0)),
            (unlogged(AttemptOutcome::Signal(9)), Status::Failed, Some(Reason::Signal), Some(137)),
        ];
        for (outcome, status, reason, code) in table {
            let end = outcome.end(None, Reason::User);
            assert_eq!((end.status, end.reason, end.exit_code), (status, reason, code), "{outcome:?}");
            let timed_out = outcome.end(Some(StopCause::Timeout), Reason::User);
            let late = if outcome.began() { (Status::Failed, Some(Reason::Timeout)) } else { (status, reason) };
            assert_eq!((timed_out.status, timed_out.reason), late, "{outcome:?}");
            let cancelled = outcome.end(Some(StopCause::Cancel), Reason::Superseded);
            assert_eq!((cancelled.status, cancelled.reason), (Status::Cancelled, Some(Reason::Superseded)));
        }
    }
}
