//! For people: a line for each step, and on a terminal the one under way with what it says last. What steps say is shown whole
//! where one fails, at the end.

use std::collections::VecDeque;

use imt_core::deploy::health::ServiceStanding;
use imt_core::deploy::machine::{Change, ChangeKind, Path, Step, StepResult, StopCause};
use imt_core::time::Timestamp;

use crate::terminal::{Paint, Terminal, clean, fit};
use crate::view::deployment::standing_mark;
use crate::view::words::span;

/// The most lines that are shown of a step that failed.
const LAST_LINES: usize = 40;
/// Columns of the longest name of a step.
const NAME: usize = 19;

/// A deployment as people see it.
pub(super) struct Human {
    paint: Paint,
    can_redraw: bool,
    /// The step under way and its begin.
    step: Option<(Step, Timestamp)>,
    /// The last lines that it has said.
    last: VecDeque<String>,
    /// Those of the first step that failed.
    failed: Vec<String>,
    /// Whether there is a line on the screen that will be written anew.
    has_live: bool,
}

impl Human {
    pub(super) const fn new(terminal: Terminal) -> Self {
        Self {
            paint: terminal.paint,
            can_redraw: terminal.can_redraw,
            step: None,
            last: VecDeque::new(),
            failed: Vec::new(),
            has_live: false,
        }
    }

    pub(super) fn title(&self, title: &str) -> String {
        format!("{}\n", self.paint.bold(&clean(title)))
    }

    pub(super) fn into_failed_lines(self) -> Vec<String> {
        self.failed
    }

    pub(super) fn line(&mut self, line: &str) {
        if self.last.len() == LAST_LINES {
            self.last.pop_front();
        }
        self.last.push_back(clean(line));
    }

    /// What a change adds to the screen.
    pub(super) fn change(&mut self, change: &Change) -> String {
        let shown = match &change.kind {
            ChangeKind::StepBegan { step, number } => {
                if *number == 1 {
                    self.last.clear();
                }
                self.step = Some((*step, change.at));
                return self.now(change.at);
            }
            ChangeKind::StepEnded { step, result } => self.ended(*step, result, change.at),
            ChangeKind::Waiting { holder } => self.note(&format!("waiting: {holder} holds the target")),
            ChangeKind::ContactLost { step } => {
                self.note(&format!("{}: the target does not answer; it is looked for", name(*step)))
            }
            ChangeKind::ServicesSeen { services, .. } => services.iter().map(|service| self.service(service)).collect(),
            ChangeKind::StepStopping { step, cause } => {
                let why = match cause {
                    StopCause::Deadline => "took longer than it may",
                    StopCause::Cancel => "is cancelled",
                };
                self.note(&format!("{} {why}, and is being ended", name(*step)))
            }
            ChangeKind::TurnedBack { path, .. } => self.note(match path {
                Path::Forward => "going on",
                Path::Undo => "what was prepared is undone",
                Path::Rollback => "the last good release is put back",
                Path::Withdraw => "there is no good release to go back to: what was deployed is withdrawn",
            }),
            ChangeKind::Started
            | ChangeKind::CancelRequested { .. }
            | ChangeKind::Concluded { .. }
            | ChangeKind::Ended { .. } => return String::new(),
        };
        self.erase() + &shown
    }

    fn note(&self, text: &str) -> String {
        format!("  {}\n", self.paint.warn(&clean(text)))
    }

    fn service(&self, service: &ServiceStanding) -> String {
        format!("    {} {}\n", standing_mark(service, self.paint), clean(&service.to_string()))
    }

    fn ended(&mut self, step: Step, result: &StepResult, at: Timestamp) -> String {
        let began = self.step.take().filter(|(begun, _)| *begun == step).map_or(at, |(_, began)| began);
        let took = span(at.since(began));
        let (mark, told) = match result {
            StepResult::Done(_) => (self.paint.good("✓"), self.last.back().filter(|_| is_told(step)).cloned()),
            StepResult::NotBegun => (self.paint.dim("-"), Some("not begun".to_owned())),
            StepResult::Failed(fault) => {
                if self.failed.is_empty() {
                    self.failed = self.last.iter().cloned().collect();
                }
                (self.paint.bad("✗"), Some(fault.reason.as_str().replace('_', " ")))
            }
        };
        let told = told.map(|told| self.paint.dim(told.trim())).unwrap_or_default();
        format!("  {mark} {:<NAME$}  {took:>6}  {told}", name(step)).trim_end().to_owned() + "\n"
    }

    /// The step under way as it stands, where the screen can be written anew.
    pub(super) fn now(&mut self, now: Timestamp) -> String {
        let Some((step, began)) = self.step.filter(|_| self.can_redraw) else { return String::new() };
        let said = self.last.back().map(|line| self.paint.dim(line.trim())).unwrap_or_default();
        let mark = self.paint.note("▸");
        let line = format!("  {mark} {:<NAME$}  {:>6}  {said}", name(step), span(now.since(began)));
        let erased = self.erase();
        self.has_live = true;
        erased + fit(&line, Terminal::size().0.saturating_sub(1)).trim_end()
    }

    /// Takes the line away that would be written anew.
    pub(super) fn erase(&mut self) -> String {
        if std::mem::take(&mut self.has_live) { "\r\u{1b}[2K".to_owned() } else { String::new() }
    }
}

/// A step in words.
fn name(step: Step) -> String {
    step.as_str().replace('_', " ")
}

/// Whether the last line that a step says is its result.
const fn is_told(step: Step) -> bool {
    matches!(
        step,
        Step::Resolve | Step::Preflight | Step::Snapshot | Step::Load | Step::Transfer | Step::RestoreTransfer
    )
}

#[cfg(test)]
mod tests {
    use imt_core::deploy::health::{Outlook, ServiceState};
    use imt_core::deploy::machine::{Fault, StepFacts};
    use imt_core::status::DeploymentReason;

    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_micros(1_700_000_000_000_000 + millis * 1_000)
    }

    fn told(can_redraw: bool) -> (String, Vec<String>) {
        let mut human = Human::new(Terminal { can_redraw, paint: Paint::plain() });
        let mut out = human.title("deploying 0123 to shop/production on one");
        let mut change = |human: &mut Human, millis, kind| out += &human.change(&Change { at: at(millis), kind });
        let done = || StepResult::Done(StepFacts::default());
        change(&mut human, 0, ChangeKind::StepBegan { step: Step::Resolve, number: 1 });
        human.line("  4 services, 2 images to build");
        change(&mut human, 300, ChangeKind::StepEnded { step: Step::Resolve, result: done() });
        change(&mut human, 300, ChangeKind::StepBegan { step: Step::Lock, number: 1 });
        change(&mut human, 400, ChangeKind::Waiting { holder: "deployment 7\u{1b}[2J".into() });
        change(&mut human, 9_000, ChangeKind::StepEnded { step: Step::Lock, result: done() });
        change(&mut human, 9_000, ChangeKind::StepBegan { step: Step::Verify, number: 1 });
        let service = |name: &str, state, outlook| ServiceStanding {
            service: name.into(),
            state,
            outlook,
            restarts: 0,
            exit_code: None,
            failed_checks: None,
            replicas: None,
        };
        let services = vec![
            service("web\u{1b}[2J", ServiceState::Starting, Outlook::Pending),
            service("db", ServiceState::Healthy, Outlook::Well),
        ];
        change(&mut human, 9_500, ChangeKind::ServicesSeen { step: Step::Verify, services });
        let services = vec![service("web", ServiceState::Unhealthy, Outlook::Failed)];
        change(&mut human, 19_000, ChangeKind::ServicesSeen { step: Step::Verify, services });
        (0..50).for_each(|number| human.line(&format!("line {number}")));
        let fault = Fault::new(DeploymentReason::Unhealthy, "web: unhealthy");
        change(&mut human, 19_000, ChangeKind::StepEnded { step: Step::Verify, result: StepResult::Failed(fault) });
        change(&mut human, 19_000, ChangeKind::TurnedBack { path: Path::Rollback, restore: None });
        (out, human.into_failed_lines())
    }

    #[test]
    fn each_step_has_a_line_and_what_a_failing_one_said_is_kept() {
        let (out, failed) = told(false);
        insta::assert_snapshot!(out, @"
        deploying 0123 to shop/production on one
          ✓ resolve                0.3s  4 services, 2 images to build
          waiting: deployment 7�[2J holds the target
          ✓ lock                   8.7s
            ▸ web�[2J: starting
            ✓ db: healthy
            ✗ web: unhealthy
          ✗ verify                10.0s  unhealthy
          the last good release is put back
        ");
        assert_eq!((failed.len(), failed[0].as_str()), (40, "line 10"));
    }

    #[test]
    fn the_step_under_way_is_written_anew_on_a_terminal() {
        let (out, _) = told(true);
        assert!(out.contains("  ▸ resolve                 0ms\r\u{1b}[2K  ✓ resolve"), "{out:?}");
        let mut human = Human::new(Terminal { can_redraw: true, paint: Paint::plain() });
        human.change(&Change { at: at(0), kind: ChangeKind::StepBegan { step: Step::Publish, number: 1 } });
        human.line("#8 RUN make");
        assert_eq!(human.now(at(2_000)), "\r\u{1b}[2K  ▸ publish                2.0s  #8 RUN make");
    }
}
