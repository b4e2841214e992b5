//! The logs of a stored pipeline, job by job: for people, as they are stored, or as JSON.
//!
//! What comes of which attempt, and in which order, is for whoever reads the store.

use std::collections::BTreeMap;

use bytes::Bytes;
use imt_core::id::AttemptId;
use imt_core::lines::{Line, printable};
use imt_core::plan::Plan;
use imt_core::ports::{StoredChunk, StreamKind};
use imt_core::time::Timestamp;

use super::json::log_record;
use super::log_lines::LogLines;
use super::{Output, Target};
use crate::terminal::{Paint, clean};

/// How logs are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogForm {
    /// Lines that a terminal may be shown, with headings.
    Human(Paint),
    /// The bytes of the jobs as they are stored.
    Raw,
    /// An object a line.
    Json,
}

/// Logs on their way out.
pub(crate) struct Transcript {
    plan: Plan,
    form: LogForm,
    open: BTreeMap<AttemptId, LogLines>,
}

impl Transcript {
    pub(crate) fn new(plan: Plan, form: LogForm) -> Self {
        Self { plan, form, open: BTreeMap::new() }
    }

    /// The log of an attempt comes next, beside those that are begun and not ended.
    pub(crate) fn begin(&mut self, attempt: AttemptId, out: &mut Output) {
        self.open.insert(attempt, LogLines::default());
        if let LogForm::Human(_) = self.form {
            let job = self.plan.job(attempt.job);
            let again = if attempt.number > 1 { format!(", attempt {}", attempt.number) } else { String::new() };
            out.stderr(format!("imt: {}: {}{again}\n", clean(&job.stage), clean(&job.name)));
        }
    }

    /// A piece of it.
    pub(crate) fn log(&mut self, attempt: AttemptId, chunk: &StoredChunk, out: &mut Output) {
        if self.form == LogForm::Raw {
            push(self.target(chunk.stream), chunk.bytes.clone(), out);
            return;
        }
        // Jobs that run side by side are told apart by a name before each line.
        let several = self.open.len() > 1;
        let lines = self.open.entry(attempt).or_default();
        let (stream, at) = (chunk.stream, chunk.at);
        let printer = Printer { plan: &self.plan, form: self.form, attempt, stream, at, several };
        let mut text = Vec::with_capacity(chunk.bytes.len());
        lines.feed(chunk, |line| printer.print(line, &mut text));
        push(self.target(stream), text, out);
    }

    /// The jobs' own output is the result; what the engine says beside it is a message for people.
    fn target(&self, stream: StreamKind) -> Target {
        if stream == StreamKind::System && self.form != LogForm::Json { Target::Stderr } else { Target::Stdout }
    }

    /// There is no more of it.
    pub(crate) fn end(&mut self, attempt: AttemptId, out: &mut Output) {
        let several = self.open.len() > 1;
        let Some(lines) = self.open.remove(&attempt) else { return };
        lines.finish(|stream, at, line| {
            let printer = Printer { plan: &self.plan, form: self.form, attempt, stream, at, several };
            let mut text = Vec::new();
            printer.print(line, &mut text);
            push(self.target(stream), text, out);
        });
    }
}

/// What one line of a log becomes.
struct Printer<'a> {
    plan: &'a Plan,
    form: LogForm,
    attempt: AttemptId,
    stream: StreamKind,
    at: Timestamp,
    /// There are others beside it.
    several: bool,
}

impl Printer<'_> {
    fn print(&self, line: Line<'_>, text: &mut Vec<u8>) {
        let job = self.plan.job(self.attempt.job);
        let paint = match self.form {
            LogForm::Human(paint) => paint,
            LogForm::Raw | LogForm::Json => return log_record(job, self.attempt, self.stream, self.at, line, text),
        };
        if self.several {
            text.extend_from_slice(format!("{} | ", clean(&job.name)).as_bytes());
        }
        text.extend_from_slice(paint.foreign(&printable(line.bytes)).as_bytes());
        // A piece of a long line: others may come between it and the next one only where there are others.
        if !line.is_partial() || self.several {
            text.push(b'\n');
        }
    }
}

fn push(target: Target, text: impl Into<Bytes>, out: &mut Output) {
    match target {
        Target::Stdout => out.stdout(text),
        Target::Stderr => out.stderr(text),
    }
}

#[cfg(test)]
mod tests {
    use imt_core::feed::Observation;

    use super::super::story::{Story, facts};
    use super::*;

    fn printed(story: &Story, form: LogForm) -> (String, String) {
        let mut transcript = Transcript::new(story.facts.plan.clone(), form);
        let mut out = Output::default();
        let mut begun = Vec::new();
        for seen in &story.seen {
            if let Observation::Log { attempt, chunk } = seen {
                if !begun.contains(attempt) {
                    begun.push(*attempt);
                    transcript.begin(*attempt, &mut out);
                }
                transcript.log(*attempt, chunk, &mut out);
            }
        }
        for attempt in begun {
            transcript.end(attempt, &mut out);
        }
        (out.text(Target::Stdout), out.text(Target::Stderr))
    }

    fn hostile() -> Story {
        let mut story = Story::new(facts(1));
        story.start(0).stdout(0, b"a\x1b]0;title\x07b\n\x1b[31mred\n").stderr(0, b"half").stdout(0, b"no end");
        story
    }

    #[test]
    fn people_are_shown_nothing_that_moves_their_terminal() {
        let (stdout, stderr) = printed(&hostile(), LogForm::Human(Paint::plain()));
        assert!(stdout.ends_with("ab\nred\nno end\nhalf\n"), "{stdout:?}");
        assert_eq!(stderr, "imt: build: compile\n");
    }

    #[test]
    fn raw_is_what_is_stored_and_nothing_else() {
        let (stdout, stderr) = printed(&hostile(), LogForm::Raw);
        assert!(stdout.ends_with("a\u{1b}]0;title\u{7}b\n\u{1b}[31mred\nhalfno end"), "{stdout:?}");
        assert_eq!(stderr, "");
    }

    #[test]
    fn programs_get_the_lines_that_run_gives_them() {
        let (stdout, stderr) = printed(&hostile(), LogForm::Json);
        assert_eq!(stderr, "");
        let last: serde_json::Value = serde_json::from_str(stdout.lines().last().unwrap()).unwrap();
        assert_eq!(
            (&last["event"], &last["line"], &last["stream"]),
            (&"job_log".into(), &"half".into(), &"stderr".into())
        );
    }

    #[test]
    fn side_by_side_each_line_says_whose_it_is() {
        let mut story = Story::new(facts(2));
        story.start(1).start(2).stdout(1, b"one\nha").stdout(2, b"uno\n").stdout(1, b"lf\n");
        let (stdout, _) = printed(&story, LogForm::Human(Paint::plain()));
        assert!(stdout.ends_with("one\nlint | uno\nunit | half\n"), "{stdout:?}");
    }
}
