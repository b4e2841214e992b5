//! `--output plain`: the jobs' bytes as they are on standard output, everything else on standard error.
//!
//! Without jobs side by side nothing looks at the bytes, so any amount passes at full speed. Jobs that may run side by
//! side get a `job | ` before each line; a line that is not finished waits for its end, or for its job's.

use std::collections::BTreeMap;

use imt_core::feed::Observation;
use imt_core::id::AttemptId;
use imt_core::lines::{LineEnd, LineFramer, printable};
use imt_core::ports::{StoredChunk, StreamKind};
use imt_core::schedule::{CancelLevel, ChangeKind};
use imt_core::status::End;
use imt_core::time::Timestamp;

use super::board::Board;
use super::{Facts, Output, View, place, words};
use crate::terminal::{clean, without_colour};

/// The view.
pub(crate) struct Plain {
    board: Board,
    executor: &'static str,
    revision: String,
    framers: BTreeMap<(AttemptId, &'static str), Framed>,
}

#[derive(Default)]
struct Framed {
    framer: LineFramer,
    /// The last piece was the beginning of a line whose rest is still to come.
    inside_line: bool,
}

impl Plain {
    pub(crate) fn new(facts: &Facts) -> Self {
        Self {
            board: Board::new(facts),
            executor: facts.executor,
            revision: facts.revision(),
            framers: BTreeMap::new(),
        }
    }

    fn log(&mut self, attempt: AttemptId, chunk: &StoredChunk, out: &mut Output) {
        let ours = chunk.stream == StreamKind::System;
        if !ours && !self.board.runs_beside_others(attempt.job) {
            out.stdout(chunk.bytes.clone());
            return;
        }
        let job = clean(&self.board.job_of(attempt).name);
        let framed = self.framers.entry((attempt, chunk.stream.as_str())).or_default();
        let text = framed.feed(&chunk.bytes, &job, ours);
        if ours { out.stderr(text) } else { out.stdout(text) }
    }

    /// The last lines of an attempt, which may lack their ends.
    fn flush(&mut self, attempt: AttemptId, out: &mut Output) {
        let job = clean(&self.board.job_of(attempt).name);
        for stream in [StreamKind::Stdout, StreamKind::Stderr, StreamKind::System] {
            let Some(mut framed) = self.framers.remove(&(attempt, stream.as_str())) else { continue };
            let ours = stream == StreamKind::System;
            let text = framed.finish(&job, ours);
            if ours { out.stderr(text) } else { out.stdout(text) }
        }
    }

    fn event(&mut self, kind: &ChangeKind, out: &mut Output) {
        let mut say = |text: String| out.stderr(format!("imt: {}\n", clean(&text)));
        match kind {
            ChangeKind::PipelineStarted => {
                let plan = &self.board.plan;
                let about = format!("{} {}", plan.project, self.revision);
                say(format!("{}, {}", about.trim_end(), place(self.executor)));
            }
            ChangeKind::AttemptCreated { attempt } => {
                let job = self.board.job_of(*attempt);
                let again = if attempt.number > 1 { format!(", attempt {}", attempt.number) } else { String::new() };
                say(format!("{}: {}{again}", job.stage, job.name));
            }
            ChangeKind::JobEnded { job, end } => {
                let planned = self.board.job(*job);
                let ran = self.board.last_attempt(*job).and_then(Board::ran);
                let ran = ran.map(|ran| format!(" ({})", words::span(ran))).unwrap_or_default();
                let allowed = if self.board.is_allowed(*job, end) { ", allowed" } else { "" };
                say(format!("{}: {}{allowed}{ran}", planned.name, words::verdict(end, Some(planned))));
                if let Some(detail) = &end.detail {
                    say(format!("{}: {detail}", planned.name));
                }
            }
            ChangeKind::CancelRequested { level: CancelLevel::Graceful, .. } => {
                say("cancelling; once more kills what runs".to_owned());
            }
            ChangeKind::CancelRequested { level: CancelLevel::Kill, .. } => say("killing what runs".to_owned()),
            ChangeKind::PipelineEnded { end } => {
                let took = self.board.took().map(|took| format!(" after {}", words::span(took))).unwrap_or_default();
                say(format!("pipeline {}{took}", words::verdict(end, None)));
                if let Some(detail) = end.detail.as_ref().filter(|_| !self.board.blames_a_job()) {
                    say(detail.clone());
                }
            }
            _ => {}
        }
    }
}

impl View for Plain {
    fn observe(&mut self, seen: &Observation, out: &mut Output) {
        self.board.observe(seen);
        match seen {
            Observation::Log { attempt, chunk } => self.log(*attempt, chunk, out),
            Observation::Event(event) => {
                if let ChangeKind::AttemptEnded { attempt, .. } = &event.change.kind {
                    self.flush(*attempt, out);
                }
                self.event(&event.change.kind, out);
            }
        }
    }

    fn finish(&mut self, _now: Timestamp, end: Option<&End>, out: &mut Output) {
        if let Some(end) = end {
            self.event(&ChangeKind::PipelineEnded { end: end.clone() }, out);
        }
    }
}

impl Framed {
    /// Lines with the job's name before each. Our own lines are made fit for a terminal, the job's stay as they are.
    fn feed(&mut self, bytes: &[u8], job: &str, ours: bool) -> Vec<u8> {
        let mut text = Vec::with_capacity(bytes.len() + bytes.len() / 4);
        let inside_line = &mut self.inside_line;
        self.framer.feed(bytes, |line| prefixed(&mut text, job, ours, line.bytes, line.end, inside_line));
        text
    }

    fn finish(&mut self, job: &str, ours: bool) -> Vec<u8> {
        let mut text = Vec::new();
        let inside_line = &mut self.inside_line;
        self.framer.finish(|line| prefixed(&mut text, job, ours, line.bytes, line.end, inside_line));
        text
    }
}

fn prefixed(text: &mut Vec<u8>, job: &str, ours: bool, line: &[u8], end: LineEnd, inside_line: &mut bool) {
    // A long line comes in pieces, between which other jobs may write: each piece gets a line of its own.
    text.extend_from_slice(job.as_bytes());
    text.extend_from_slice(if *inside_line { b" + " } else { b" | " });
    if ours {
        text.extend_from_slice(without_colour(&printable(line)).as_bytes());
    } else {
        text.extend_from_slice(line);
    }
    text.push(b'\n');
    *inside_line = end == LineEnd::Continues;
}

#[cfg(test)]
mod tests {
    use super::super::story::{Story, facts};
    use super::super::{Target, View as _};
    use super::*;

    fn shown(story: &Story) -> (Output, Plain) {
        let mut plain = Plain::new(&story.facts);
        let mut out = Output::default();
        for seen in &story.seen {
            plain.observe(seen, &mut out);
        }
        plain.finish(Timestamp::default(), None, &mut out);
        (out, plain)
    }

    #[test]
    fn alone_a_jobs_bytes_pass_untouched() {
        let mut story = Story::new(facts(1));
        story.start(0).stdout(0, b"a\0\xff").stderr(0, b"b\r\n\n").stdout(0, b"no end").succeed(0);
        let (mut out, _) = shown(&story);
        let bytes: Vec<u8> =
            out.drain().filter(|(to, _)| *to == Target::Stdout).flat_map(|(_, b)| b.to_vec()).collect();
        assert_eq!(bytes, b"a\0\xffb\r\n\nno end");
    }

    #[test]
    fn side_by_side_each_line_says_whose_it_is() {
        let mut story = Story::new(facts(2));
        story.start(1).start(2).stdout(1, b"one\nha").stdout(2, b"uno\n").stdout(1, b"lf\nend").succeed(1).succeed(2);
        assert_eq!(shown(&story).0.text(Target::Stdout), "unit | one\nlint | uno\nunit | half\nunit | end\n");
        // A job alone in its stage has nobody beside it.
        let mut story = Story::new(facts(2));
        story.start(0).stdout(0, b"alone\n").succeed(0);
        assert_eq!(shown(&story).0.text(Target::Stdout), "alone\n");
    }

    #[test]
    fn a_job_that_errored_but_may_is_marked_as_allowed() {
        use imt_core::id::JobIndex;
        use imt_core::status::{Reason, Status};
        let mut story = Story::new(facts(1));
        let end = End::because(Status::Errored, Reason::ImageNotFound);
        story.event(ChangeKind::JobEnded { job: JobIndex(2), end });
        let text = shown(&story).0.text(Target::Stderr);
        assert!(text.contains("lint: errored: no such image, allowed\n"), "{text}");
    }

    #[test]
    fn the_engine_speaks_on_stderr() {
        let (out, _) = shown(&Story::whole());
        insta::assert_snapshot!(out.text(Target::Stderr), @r"
        imt: hello 0123456789ab (main), in containers
        imt: build: compile
        imt: compile: success (0.2s)
        imt: test: unit
        imt: test: unit, attempt 2
        imt: unit: failed: exit code 3 (0.4s)
        imt: test: lint
        imt: lint: failed: exit code 1, allowed (0.2s)
        imt: ship: skipped: an earlier stage failed
        imt: pipeline failed: exit code 3 after 2.4s
        ");
    }
}
