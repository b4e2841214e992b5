//! `--output human`: what happens, as people like to follow it.
//!
//! On a terminal that can redraw, finished things scroll up and what runs moves below them, with the tail of its log.
//! Elsewhere the same lines come without cursor movement, and the whole log among them. `screen` knows the cursor,
//! `tail` what a log said last, `summary` the end.

mod screen;
mod summary;
mod tail;

use std::collections::BTreeMap;

use imt_core::feed::Observation;
use imt_core::id::{AttemptId, JobIndex};
use imt_core::lines::{LineFramer, printable};
use imt_core::ports::{StoredChunk, StreamKind};
use imt_core::schedule::{AttemptPhase, CancelLevel, ChangeKind};
use imt_core::status::{End, Status};
use imt_core::time::Timestamp;

use super::board::Board;
use super::{Facts, Output, View, lines, place, words};
use crate::terminal::{Paint, clean};
use screen::Screen;
use tail::Tail;

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Canvas {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

/// The view.
pub(crate) struct Human {
    board: Board,
    executor: &'static str,
    revision: String,
    paint: Paint,
    /// Present where the cursor can be moved.
    screen: Option<Screen>,
    /// Lines that stay, not yet written.
    settled: Vec<String>,
    tails: BTreeMap<AttemptId, Tail>,
    /// For the log lines of a terminal that cannot redraw.
    framers: BTreeMap<(AttemptId, &'static str), LineFramer>,
    /// The place of the stage whose jobs are shown now.
    stage: Option<usize>,
    /// Jobs that were skipped before their stage was reached: many are so at the very start.
    skipped: Vec<(JobIndex, End)>,
    frame: usize,
}

const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
/// Lines of log shown below a job that runs.
const LIVE_TAIL: usize = 5;

impl Human {
    pub(crate) fn new(facts: &Facts, paint: Paint, can_redraw: bool) -> Self {
        Self {
            board: Board::new(facts),
            executor: facts.executor,
            revision: facts.revision(),
            paint,
            screen: can_redraw.then(Screen::default),
            settled: Vec::new(),
            tails: BTreeMap::new(),
            framers: BTreeMap::new(),
            stage: None,
            skipped: Vec::new(),
            frame: 0,
        }
    }

    fn event(&mut self, kind: &ChangeKind) {
        match kind {
            ChangeKind::PipelineStarted => self.header(),
            ChangeKind::AttemptCreated { attempt } => {
                self.enter_stage(attempt.job);
                self.tails.insert(*attempt, Tail::new(&self.board.job_of(*attempt).script));
                if attempt.number > 1 {
                    self.retried(*attempt);
                }
            }
            ChangeKind::AttemptEnded { attempt, .. } => self.finish_log(*attempt),
            ChangeKind::JobEnded { job, end } => {
                if end.status == Status::Skipped && self.stage != self.board.stage_of(*job) {
                    self.skipped.push((*job, end.clone()));
                    return;
                }
                self.enter_stage(*job);
                self.job_line(*job, end);
            }
            ChangeKind::CancelRequested { level, .. } => {
                let text = match level {
                    CancelLevel::Graceful => "Cancelling: what runs may clean up. Ctrl-C again kills it.",
                    CancelLevel::Kill => "Killing what runs.",
                };
                self.settled.push(self.paint.warn(text));
            }
            ChangeKind::PipelineEnded { end } => {
                self.pass_skipped(None);
                let lines = summary::lines(&self.board, &self.tails, end, self.paint);
                self.settled.extend(lines);
            }
            _ => {}
        }
    }

    fn header(&mut self) {
        let plan = &self.board.plan;
        let name = self.paint.bold(plan.project.as_str());
        let facts = [self.revision.clone(), place(self.executor).to_owned()];
        let facts: Vec<_> = facts.iter().filter(|fact| !fact.is_empty()).map(String::as_str).collect();
        self.settled.push(format!("{name} {}", self.paint.dim(&facts.join(", "))));
    }

    fn enter_stage(&mut self, job: JobIndex) {
        let stage = self.board.stage_of(job);
        if self.stage != stage {
            self.pass_skipped(stage);
            self.head_stage(stage);
        }
    }

    /// Shows the jobs that were skipped up to and in a stage; `None`: all of them.
    fn pass_skipped(&mut self, until: Option<usize>) {
        let board = &self.board;
        let is_due = |(job, _): &mut (JobIndex, End)| until.is_none() || board.stage_of(*job) <= until;
        let mut due: Vec<_> = self.skipped.extract_if(.., is_due).collect();
        due.sort_by_key(|(job, _)| board.stage_of(*job));
        for (job, end) in due {
            self.head_stage(self.board.stage_of(job));
            self.job_line(job, &end);
        }
    }

    fn head_stage(&mut self, place: Option<usize>) {
        if self.stage != place {
            let name =
                place.and_then(|place| self.board.plan.stages.get(place)).map_or("", |stage| stage.name.as_str());
            self.settled.push(String::new());
            self.settled.push(self.paint.bold(&clean(name)));
            self.stage = place;
        }
    }

    fn retried(&mut self, attempt: AttemptId) {
        let before = self.board.state.attempt(AttemptId { number: attempt.number - 1, ..attempt });
        let job = self.board.job_of(attempt);
        let how = before.and_then(|before| before.end.as_ref()).map(|end| words::verdict(end, Some(job)));
        let how = how.unwrap_or_else(|| "did not run".to_owned());
        let line = format!("  {} {}  attempt {} {how}; once more", self.paint.warn("↻"), job.name, attempt.number - 1);
        self.settled.push(line);
    }

    fn job_line(&mut self, index: JobIndex, end: &End) {
        self.settled.push(lines::job(&self.board, index, end, self.paint));
    }

    fn log(&mut self, attempt: AttemptId, chunk: &StoredChunk) {
        if let Some(tail) = self.tails.get_mut(&attempt) {
            tail.feed(chunk.stream, &chunk.bytes);
        }
        if self.screen.is_none() {
            let framer = self.framers.entry((attempt, chunk.stream.as_str())).or_default();
            let (prefix, paint) = (prefix(&self.board.job_of(attempt).name), self.paint);
            let settled = &mut self.settled;
            framer.feed(&chunk.bytes, |line| settled.push(log_line(&prefix, line.bytes, paint)));
        }
    }

    fn finish_log(&mut self, attempt: AttemptId) {
        if let Some(tail) = self.tails.get_mut(&attempt) {
            tail.finish();
        }
        for stream in [StreamKind::Stdout, StreamKind::Stderr, StreamKind::System] {
            if let Some(mut framer) = self.framers.remove(&(attempt, stream.as_str())) {
                let prefix = prefix(&self.board.job_of(attempt).name);
                framer.finish(|line| self.settled.push(log_line(&prefix, line.bytes, self.paint)));
            }
        }
    }

    /// What moves: a line for each job at work, the tail of its log, and how far all is.
    fn live_lines(&self, now: Timestamp, canvas: Canvas) -> Vec<String> {
        if self.board.state.status != Status::Running {
            return Vec::new();
        }
        let at_work: Vec<_> = self.at_work().collect();
        // What does not fit above the lower edge cannot be redrawn.
        let room = canvas.rows.saturating_sub(3).max(1);
        let shown = at_work.len().min(room.saturating_sub(1));
        let tail_lines = (room - shown).saturating_sub(2).checked_div(shown).unwrap_or(0).min(LIVE_TAIL);
        let mut lines = Vec::new();
        let spinner = SPINNER[self.frame % SPINNER.len()];
        for (attempt, since) in at_work.iter().take(shown) {
            let name = clean(&self.board.job_of(*attempt).name);
            let time = match since {
                Some(since) => words::span(now.since(*since)),
                None => "getting ready".to_owned(),
            };
            lines.push(format!("  {} {name}  {}", self.paint.note(spinner), self.paint.dim(&time)));
            if let Some(tail) = self.tails.get(attempt) {
                let gutter = self.paint.dim("│");
                lines.extend(tail.last(tail_lines).map(|line| format!("    {gutter} {}", self.paint.foreign(&line))));
            }
        }
        let done = self.board.state.jobs.iter().filter(|job| job.status.is_terminal()).count();
        let all = self.board.plan.jobs.len();
        let begun = self.board.state.started_at.unwrap_or(now);
        let more =
            if at_work.len() > shown { format!(" · {} more run", at_work.len() - shown) } else { String::new() };
        let phase = match self.board.state.workspace.is_some() {
            _ if done == all => " · cleaning up",
            true => "",
            false => " · copying the files",
        };
        let text = format!("  {done} of {all} jobs done · {}{phase}{more}", words::span(now.since(begun)));
        lines.push(self.paint.dim(&text));
        lines
    }

    /// Attempts that are not over, with their go.
    fn at_work(&self) -> impl Iterator<Item = (AttemptId, Option<Timestamp>)> + '_ {
        let attempts = self.board.state.jobs.iter().filter_map(|job| job.attempts.last());
        attempts.filter(|a| a.phase != AttemptPhase::Ended).map(|a| (a.id, a.started_at))
    }

    /// Writes what has settled, and what moves below it.
    fn paint_all(&mut self, live: &[String], canvas: Canvas, out: &mut Output) {
        let settled = std::mem::take(&mut self.settled);
        let text = match &mut self.screen {
            Some(screen) => screen.redraw(&settled, live, canvas.columns),
            None => settled.iter().flat_map(|line| [line, "\n"]).collect(),
        };
        out.stdout(text);
    }
}

impl View for Human {
    fn observe(&mut self, seen: &Observation, out: &mut Output) {
        self.board.observe(seen);
        match seen {
            Observation::Log { attempt, chunk } => self.log(*attempt, chunk),
            Observation::Event(event) => self.event(&event.change.kind),
        }
        if self.screen.is_none() {
            self.paint_all(&[], Canvas { columns: 0, rows: 0 }, out);
        }
    }

    fn warn(&mut self, text: &str, out: &mut Output) {
        self.settled.push(format!("{} {}", self.paint.warn("warning:"), clean(text)));
        if self.screen.is_none() {
            self.paint_all(&[], Canvas { columns: 0, rows: 0 }, out);
        }
    }

    fn is_live(&self) -> bool {
        self.screen.is_some()
    }

    fn draw(&mut self, now: Timestamp, canvas: Canvas, out: &mut Output) {
        // A spinner that turns with the clock turns equally fast however often something happens.
        self.frame = usize::try_from(now.as_micros() / 100_000 % SPINNER.len() as u64).unwrap_or(0);
        let live = self.live_lines(now, canvas);
        self.paint_all(&live, canvas, out);
    }

    fn finish(&mut self, now: Timestamp, end: Option<&End>, out: &mut Output) {
        let open: Vec<_> = self.at_work().map(|(attempt, _)| attempt).collect();
        for attempt in open {
            self.finish_log(attempt);
        }
        if let Some(end) = end {
            self.board.state.ended_at.get_or_insert(now);
            self.event(&ChangeKind::PipelineEnded { end: end.clone() });
        }
        self.paint_all(&[], Canvas { columns: usize::MAX, rows: usize::MAX }, out);
    }
}

fn prefix(job: &str) -> String {
    format!("    {} ", clean(job))
}

fn log_line(prefix: &str, line: &[u8], paint: Paint) -> String {
    format!("{prefix}{} {}", paint.dim("│"), paint.foreign(&printable(line))).trim_end().to_owned()
}

#[cfg(test)]
mod tests;
