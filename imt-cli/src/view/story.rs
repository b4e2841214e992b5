//! Pipelines told event by event, for the tests of the views.

use bytes::Bytes;
use imt_core::feed::Observation;
use imt_core::id::{AttemptId, JobIndex, PipelineId};
use imt_core::ports::{Event, EventId, StoredChunk, StreamKind};
use imt_core::schedule::{Change, ChangeKind};
use imt_core::status::{End, Reason, Status};
use imt_core::time::Timestamp;

use super::Facts;
use crate::testing::plan_of;

/// Jobs: 0 `compile` in `build`; 1 `unit` and 2 `lint` in `test`; 3 `ship` in `release`.
pub(super) fn facts(concurrency: u32) -> Facts {
    let plan = plan_of(&format!(
        "stages: [build, test, release]\nimage: busybox\nconcurrency: {concurrency}\njobs:\n  compile:\n    stage: build\n    \
         script: [make]\n  unit:\n    stage: test\n    script: [make unit, make report]\n    retry: 1\n  lint:\n    \
         stage: test\n    script: [make lint]\n    allow_failure: true\n  ship:\n    stage: release\n    script: [make ship]\n"
    ));
    Facts { pipeline: PipelineId::from_uuid(uuid::Uuid::from_u128(7)), plan, executor: "docker", dirty: false }
}

/// What was observed of a pipeline, a tenth of a second apart.
pub(super) struct Story {
    pub(super) facts: Facts,
    pub(super) seen: Vec<Observation>,
}

impl Story {
    pub(super) fn new(facts: Facts) -> Self {
        let mut story = Self { facts, seen: Vec::new() };
        story.event(ChangeKind::PipelineStarted);
        story
    }

    /// Compiles, fails in `unit` twice and in `lint`, skips `ship`.
    pub(super) fn whole() -> Self {
        let mut story = Self::new(facts(1));
        story.start(0).stdout(0, b"$ make\ncc -o app\n").succeed(0);
        story.start(1).stdout(1, b"$ make unit\n").stderr(1, b"a test failed\n").end_attempt(1, 2);
        story.start(1).stdout(1, b"$ make unit\nok\n$ make report\n").stderr(1, b"no re").stderr(1, b"port\n");
        story.end_attempt(1, 3).end_job(1, 3);
        story.start(2).stdout(2, b"$ make lint\n").end_attempt(2, 1).end_job(2, 1);
        let skipped = End::because(Status::Skipped, Reason::EarlierStageFailed);
        story.event(ChangeKind::JobEnded { job: JobIndex(3), end: skipped });
        let end = End::because(Status::Failed, Reason::ExitCode).with_exit_code(3);
        story.event(ChangeKind::PipelineEnded { end });
        story
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_700_000_000_000_000 + self.seen.len() as u64 * 100_000)
    }

    pub(super) fn event(&mut self, kind: ChangeKind) -> &mut Self {
        let change = Change { at: self.now(), kind };
        let id = EventId(self.seen.len() as u64 + 1);
        self.seen.push(Observation::Event(Event { id, pipeline: self.facts.pipeline, change }));
        self
    }

    fn attempt(&self, job: u32, next: bool) -> AttemptId {
        let created = self.seen.iter().filter(|seen| {
            matches!(seen, Observation::Event(Event { change: Change { kind: ChangeKind::AttemptCreated { attempt }, .. }, .. })
                if attempt.job.0 == job)
        });
        let number = u32::try_from(created.count()).unwrap() + u32::from(next);
        AttemptId { pipeline: self.facts.pipeline, job: JobIndex(job), number }
    }

    pub(super) fn start(&mut self, job: u32) -> &mut Self {
        let attempt = self.attempt(job, true);
        self.event(ChangeKind::AttemptCreated { attempt }).event(ChangeKind::AttemptStarted { attempt })
    }

    fn log(&mut self, job: u32, stream: StreamKind, bytes: &[u8]) -> &mut Self {
        let (attempt, at) = (self.attempt(job, false), self.now());
        let chunk = StoredChunk { offset: 0, first_line: 0, stream, bytes: Bytes::copy_from_slice(bytes), at };
        self.seen.push(Observation::Log { attempt, chunk });
        self
    }

    pub(super) fn stdout(&mut self, job: u32, bytes: &[u8]) -> &mut Self {
        self.log(job, StreamKind::Stdout, bytes)
    }

    pub(super) fn stderr(&mut self, job: u32, bytes: &[u8]) -> &mut Self {
        self.log(job, StreamKind::Stderr, bytes)
    }

    pub(super) fn system(&mut self, job: u32, bytes: &[u8]) -> &mut Self {
        self.log(job, StreamKind::System, bytes)
    }

    fn end(code: i32) -> End {
        if code == 0 { End::success() } else { End::because(Status::Failed, Reason::ExitCode).with_exit_code(code) }
    }

    pub(super) fn end_attempt(&mut self, job: u32, code: i32) -> &mut Self {
        let attempt = self.attempt(job, false);
        self.event(ChangeKind::AttemptEnded { attempt, end: Self::end(code), began: true })
    }

    pub(super) fn end_job(&mut self, job: u32, code: i32) -> &mut Self {
        self.event(ChangeKind::JobEnded { job: JobIndex(job), end: Self::end(code) })
    }

    pub(super) fn succeed(&mut self, job: u32) -> &mut Self {
        self.end_attempt(job, 0).end_job(job, 0)
    }
}
