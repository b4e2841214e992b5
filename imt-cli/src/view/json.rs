//! `--output json`: one compact object per line. The fields are a promise to programs; see `docs/cli.md`.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use imt_core::feed::Observation;
use imt_core::id::{AttemptId, CommitId, PipelineId, ProjectName};
use imt_core::lines::{Line, LineFramer, line_text};
use imt_core::plan::PlannedJob;
use imt_core::ports::{StoredChunk, StreamKind};
use imt_core::schedule::ChangeKind;
use imt_core::status::{End, Reason, Status};
use imt_core::time::Timestamp;
use serde::Serialize;

use super::board::Board;
use super::{Facts, Output, View};

/// The view.
pub(crate) struct Json {
    board: Board,
    pipeline: PipelineId,
    executor: &'static str,
    dirty: bool,
    framers: BTreeMap<(AttemptId, &'static str), LineFramer>,
    /// The last event of all has been written.
    closed: bool,
}

/// One line of output.
#[derive(Debug, Default, Serialize)]
struct Record<'a> {
    event: &'static str,
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline: Option<PipelineId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<&'a ProjectName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'a CommitId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    executor: Option<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dirty: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<StreamKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line_base64: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    partial: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    allow_failure: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

impl Record<'_> {
    fn write(&self, to: &mut Vec<u8>) {
        serde_json::to_writer(&mut *to, self).expect("plain data into memory");
        to.push(b'\n');
    }
}

impl<'a> Record<'a> {
    fn with_end(self, end: &'a End, ran: Option<Duration>) -> Self {
        let millis = |ran: Duration| u64::try_from(ran.as_millis()).unwrap_or(u64::MAX);
        Self {
            status: Some(end.status),
            reason: end.reason,
            exit_code: end.exit_code,
            detail: end.detail.as_deref(),
            duration_ms: ran.map(millis),
            ..self
        }
    }
}

impl Json {
    pub(crate) fn new(facts: &Facts) -> Self {
        Self {
            board: Board::new(facts),
            pipeline: facts.pipeline,
            executor: facts.executor,
            dirty: facts.dirty,
            framers: BTreeMap::new(),
            closed: false,
        }
    }

    /// The only event of a pipeline that was never begun, and so has no id.
    pub(crate) fn never_begun(at: Timestamp, end: &End) -> String {
        let mut text = Vec::new();
        Record { event: "pipeline_finished", at, ..Record::default() }.with_end(end, None).write(&mut text);
        String::from_utf8(text).expect("JSON is text")
    }

    fn log(&mut self, attempt: AttemptId, chunk: &StoredChunk) -> Vec<u8> {
        let mut text = Vec::with_capacity(chunk.bytes.len() * 4);
        let framer = self.framers.entry((attempt, chunk.stream.as_str())).or_default();
        let job = self.board.job_of(attempt);
        framer.feed(&chunk.bytes, |line| log_record(job, attempt, chunk.stream, chunk.at, line, &mut text));
        text
    }

    /// The last lines of an attempt, which may lack their ends.
    fn flush(&mut self, attempt: AttemptId, at: Timestamp, text: &mut Vec<u8>) {
        for stream in [StreamKind::Stdout, StreamKind::Stderr, StreamKind::System] {
            if let Some(mut framer) = self.framers.remove(&(attempt, stream.as_str())) {
                framer.finish(|line| log_record(self.board.job_of(attempt), attempt, stream, at, line, text));
            }
        }
    }

    fn event(&mut self, kind: &ChangeKind, at: Timestamp) -> Vec<u8> {
        let mut text = Vec::new();
        if let ChangeKind::AttemptEnded { attempt, .. } = kind {
            self.flush(*attempt, at, &mut text);
        }
        let base = Record { at, pipeline: Some(self.pipeline), ..Record::default() };
        let trigger = &self.board.plan.trigger;
        match kind {
            ChangeKind::PipelineStarted => Record {
                event: "pipeline_started",
                project: Some(&self.board.plan.project),
                commit: Some(&trigger.commit).filter(|commit| **commit != CommitId::none()),
                branch: trigger.branch.as_deref(),
                executor: Some(self.executor),
                dirty: self.dirty,
                ..base
            }
            .write(&mut text),
            ChangeKind::AttemptCreated { attempt } => {
                let job = self.board.job_of(*attempt);
                Record {
                    event: "job_started",
                    stage: Some(&job.stage),
                    job: Some(&job.name),
                    attempt: Some(attempt.number),
                    ..base
                }
                .write(&mut text);
            }
            ChangeKind::JobEnded { job: index, end } => {
                let (job, last) = (self.board.job(*index), self.board.last_attempt(*index));
                Record {
                    event: "job_finished",
                    stage: Some(&job.stage),
                    job: Some(&job.name),
                    attempt: last.map(|attempt| attempt.id.number),
                    allow_failure: job.allow_failure,
                    ..base
                }
                .with_end(end, last.and_then(Board::ran))
                .write(&mut text);
            }
            ChangeKind::PipelineEnded { end } if !self.closed => {
                self.closed = true;
                let took = self.board.took();
                Record { event: "pipeline_finished", ..base }.with_end(end, took).write(&mut text);
            }
            _ => {}
        }
        text
    }
}

/// A line of a job's log.
pub(super) fn log_record(
    job: &PlannedJob,
    attempt: AttemptId,
    stream: StreamKind,
    at: Timestamp,
    line: Line<'_>,
    text: &mut Vec<u8>,
) {
    let read = line_text(line.bytes);
    Record {
        event: "job_log",
        at,
        pipeline: Some(attempt.pipeline),
        stage: Some(&job.stage),
        job: Some(&job.name),
        attempt: Some(attempt.number),
        stream: Some(stream),
        line: Some(&read.text),
        line_base64: (!read.exact).then(|| BASE64_STANDARD.encode(line.bytes)),
        partial: line.is_partial(),
        ..Record::default()
    }
    .write(text);
}

impl View for Json {
    fn observe(&mut self, seen: &Observation, out: &mut Output) {
        self.board.observe(seen);
        out.stdout(match seen {
            Observation::Log { attempt, chunk } => self.log(*attempt, chunk),
            Observation::Event(event) => self.event(&event.change.kind, event.change.at),
        });
    }

    fn finish(&mut self, now: Timestamp, end: Option<&End>, out: &mut Output) {
        if let Some(end) = end {
            out.stdout(self.event(&ChangeKind::PipelineEnded { end: end.clone() }, now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::story::{Story, facts};
    use super::super::{Target, View as _};
    use super::*;

    fn shown(story: &Story, end: Option<&End>) -> String {
        let mut json = Json::new(&story.facts);
        let mut out = Output::default();
        for seen in &story.seen {
            json.observe(seen, &mut out);
        }
        json.finish(Timestamp::from_micros(9_000_000), end, &mut out);
        out.text(Target::Stdout)
    }

    #[test]
    fn tells_the_whole_story() {
        insta::assert_snapshot!(shown(&Story::whole(), None), @r#"
        {"event":"pipeline_started","at":"2023-11-14T22:13:20.000000Z","pipeline":"00000000-0000-0000-0000-000000000007","project":"hello","commit":"0123456789abcdef0123456789abcdef01234567","branch":"main","executor":"docker"}
        {"event":"job_started","at":"2023-11-14T22:13:20.100000Z","pipeline":"00000000-0000-0000-0000-000000000007","stage":"build","job":"compile","attempt":1}
        {"event":"job_log","at":"2023-11-14T22:13:20.300000Z","pipeline":"00000000-0000-0000-0000-000000000007","stage":"build","job":"compile","attempt":1,"stream":"stdout","line":"$ make"}
        {"event":"job_log","at":"2023-11-14T22:13:20.300000Z","pipeline":"00000000-0000-0000-0000-000000000007","stage":"build","job":"compile","attempt":1,"stream":"stdout","line":"cc -o app"}
        {"event":"job_finished","at":"2023-11-14T22:13:20.500000Z","pipeline":"00000000-0000-0000-0000-000000000007","stage":"build","job":"compile","attempt":1,"status":"success","duration_ms":200}
        {"event":"job_started","at":"2023-11-14T22:13:20.600000Z","pipeline":"00000000-0000-0000-0000-000000000007","stage":"test","job":"unit","attempt":1}
        {"event":"job_log","at":"2023-11-14T22:13:20.800000Z","pipeline":"00000000-0000-0000-0000-000000000007","stage":"test","job":"unit","attempt":1,"stream":"stdout","line":"$ make unit"}
        {"event":"job_log","at":"2023-11-14T22:13:20.900000Z","pipeline":"00000000-0000-0000-0000-000000000007","stage":"test","job":"unit","attempt":1,"stream":"stderr","line":"a test failed"}
        {"event":"job_started","at":"2023-11-14T22:13:21.100000Z","pipeline":"00000000-0000-0000-0000-000000000007","stage":"test","job":"unit","attempt":2}
        {"event":"job_log","at":"2023-11-14T22:13:21.300000Z","pipeline":"00000000-0000-0000-0000-000000000007","stage":"test","job":"unit","attempt":2,"stream":"stdout","line":"$ make unit"}
        {"event":"job_log","at":"2023-11-14T22:13:21.300000Z","pipeline":"00000000-0000-0000-0000-000000000007","stage":"test","job":"unit","attempt":2,"stream":"stdout","line":"ok"}
        {"event":"job_log","at":"2023-11-14T22:13:21.300000Z","pipeline":"00000000-0000-0000-0000-000000000007","stage":"test","job":"unit","attempt":2,"stream":"stdout","line":"$ make report"}
        {"event":"job_log","at":"2023-11-14T22:13:21.500000Z","pipeline":"00000000-0000-0000-0000-000000000007","stage":"test","job":"unit","attempt":2,"stream":"stderr","line":"no report"}
        {"event":"job_finished","at":"2023-11-14T22:13:21.700000Z","pipeline":"00000000-0000-0000-0000-000000000007","stage":"test","job":"unit","attempt":2,"status":"failed","reason":"exit_code","exit_code":3,"duration_ms":400}
        {"event":"job_started","at":"2023-11-14T22:13:21.800000Z","pipeline":"00000000-0000-0000-0000-000000000007","stage":"test","job":"lint","attempt":1}
        {"event":"job_log","at":"2023-11-14T22:13:22.000000Z","pipeline":"00000000-0000-0000-0000-000000000007","stage":"test","job":"lint","attempt":1,"stream":"stdout","line":"$ make lint"}
        {"event":"job_finished","at":"2023-11-14T22:13:22.200000Z","pipeline":"00000000-0000-0000-0000-000000000007","stage":"test","job":"lint","attempt":1,"status":"failed","reason":"exit_code","exit_code":1,"duration_ms":200,"allow_failure":true}
        {"event":"job_finished","at":"2023-11-14T22:13:22.300000Z","pipeline":"00000000-0000-0000-0000-000000000007","stage":"release","job":"ship","status":"skipped","reason":"earlier_stage_failed"}
        {"event":"pipeline_finished","at":"2023-11-14T22:13:22.400000Z","pipeline":"00000000-0000-0000-0000-000000000007","status":"failed","reason":"exit_code","exit_code":3,"duration_ms":2400}
        "#);
    }

    #[test]
    fn what_never_begins_ends_without_an_id() {
        let end = End {
            detail: Some("nobody answers".to_owned()),
            ..End::because(Status::Errored, Reason::EngineUnavailable)
        };
        insta::assert_snapshot!(Json::never_begun(Timestamp::from_micros(0), &end).trim_end(), @r#"{"event":"pipeline_finished","at":"1970-01-01T00:00:00.000000Z","status":"errored","reason":"engine_unavailable","detail":"nobody answers"}"#);
    }

    #[test]
    fn without_a_repository_there_is_no_commit() {
        let mut facts = facts(1);
        facts.plan.trigger.commit = CommitId::none();
        facts.plan.trigger.branch = None;
        let text = shown(&Story::new(facts), None);
        assert!(!text.contains("commit") && !text.contains("branch"), "{text}");
    }

    #[test]
    fn lines_that_are_long_or_no_text_say_so() {
        let mut story = Story::new(facts(1));
        let long = [vec![b'x'; 70_000], b"\n\xff".to_vec()].concat();
        story.start(0).stdout(0, &long).succeed(0);
        let text = shown(&story, None);
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let logs: Vec<_> = lines.iter().filter(|line| line["event"] == "job_log").collect();
        assert_eq!(logs.len(), 3);
        assert_eq!((&logs[0]["partial"], logs[0]["line"].as_str().unwrap().len()), (&true.into(), 65_536));
        assert!(logs[1].get("partial").is_none() && logs[1]["line"].as_str().unwrap().len() == 70_000 - 65_536);
        assert_eq!((&logs[2]["line"], &logs[2]["line_base64"]), (&"\u{fffd}".into(), &"/w==".into()));
    }

    #[test]
    fn always_ends_with_the_end_and_once() {
        let mut story = Story::new(facts(1));
        story.start(0);
        let end = End::because(Status::Errored, Reason::Internal);
        let text = shown(&story, Some(&end));
        assert!(text.lines().last().unwrap().contains(r#""event":"pipeline_finished""#));
        let twice = shown(&Story::whole(), Some(&end));
        assert_eq!(twice.matches("pipeline_finished").count(), 1);
    }
}
