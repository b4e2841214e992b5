//! A pipeline of the shop that somebody drives, and what its jobs print: for tests of whoever follows and reads logs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use bytes::Bytes;
use imt_core::directory::Scopes;
use imt_core::id::{AttemptId, InstanceId, JobIndex, PipelineId};
use imt_core::pipeline::read;
use imt_core::plan::{Trigger, build};
use imt_core::ports::{
    Claim, LogAppend, LogEnd, LogFrom, LogPositions, NewPipeline, RunnerInfo, Store as _, StreamKind,
};
use imt_core::schedule::{Change, ChangeKind};
use imt_core::status::End;
use serde_json::Value;

use crate::common::{Answered, World, now};

/// Pipeline 1 of the shop, with the jobs of a file, all of which have begun; and its owner, who calls.
pub(crate) struct Logged {
    pub(crate) world: World,
    pub(crate) token: String,
    claim: Claim,
    commits: AtomicU64,
}

impl Logged {
    pub(crate) async fn new(file: &str) -> Self {
        let world = World::new().await;
        let spec = read(file.as_bytes(), "pipeline.yml").spec.expect("the file of a test is right");
        let plan = build(&spec, &world.project.name, Trigger::manual()).unwrap();
        let jobs = u32::try_from(plan.jobs.len()).unwrap();
        let runner = RunnerInfo {
            instance: InstanceId::new("runner"),
            labels: Vec::new(),
            driving: Vec::new(),
            lease: Duration::from_hours(1),
        };
        let new = NewPipeline { id: PipelineId::generate(), plan, at: now(), idempotency_key: None };
        let claim = world.store.enqueue(new, Some(&runner)).await.unwrap().claim.unwrap();
        let (_, token) = world.token(&world.owner, "all", Scopes::all(), None).await;
        let logged = Self { world, token, claim, commits: AtomicU64::new(1) };
        logged.commit(ChangeKind::PipelineStarted).await;
        for job in 0..jobs {
            logged.commit(ChangeKind::AttemptCreated { attempt: logged.attempt(job) }).await;
        }
        logged
    }

    pub(crate) fn attempt(&self, job: u32) -> AttemptId {
        AttemptId { pipeline: self.claim.pipeline, job: JobIndex(job), number: 1 }
    }

    pub(crate) async fn commit(&self, kind: ChangeKind) {
        let nth = self.commits.fetch_add(1, Ordering::Relaxed);
        self.world.store.commit(&self.claim, nth, &[Change { at: now(), kind }]).await.unwrap();
    }

    /// A job prints something.
    pub(crate) async fn print(&self, job: u32, stream: StreamKind, bytes: impl Into<Bytes>) {
        let offset = self.world.store.log_cursor(self.attempt(job)).await.unwrap().offset;
        let raw = LogPositions::default();
        let piece = LogAppend { offset, stream, bytes: bytes.into(), at: now(), raw, dropped: 0 };
        self.world.store.append_log(&self.claim, self.attempt(job), &[piece]).await.unwrap();
    }

    /// A job prints nothing more, and is over.
    pub(crate) async fn end(&self, job: u32) {
        let attempt = self.attempt(job);
        let (mut hasher, mut next, mut lines) = (blake3::Hasher::new(), 0, 0);
        loop {
            let page = self.world.store.read_log(attempt, LogFrom::Offset(next), 1 << 20).await.unwrap();
            let Some(last) = page.chunks.last() else { break };
            let newlines = memchr::memchr_iter(b'\n', &last.bytes).count() as u64;
            lines = last.first_line + newlines + u64::from(!last.bytes.ends_with(b"\n"));
            for chunk in &page.chunks {
                hasher.update(&chunk.bytes);
            }
            next = page.next_offset;
        }
        let end = LogEnd { bytes: next, lines, dropped: 0, checksum: *hasher.finalize().as_bytes() };
        self.world.store.finish_log(&self.claim, attempt, end).await.unwrap();
        self.commit(ChangeKind::AttemptEnded { attempt, end: End::success(), began: true }).await;
    }

    /// All is over.
    pub(crate) async fn finish(&self) {
        self.commit(ChangeKind::PipelineEnded { end: End::success() }).await;
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        let path = format!("/api/v1/projects/shop/{path}");
        self.world.call(&Method::GET, &path, Some(&self.token), None).await
    }

    /// What is answered, if all went well.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let answered = self.get(path).await;
        assert_eq!(answered.status, StatusCode::OK, "{path}: {}", String::from_utf8_lossy(&answered.body));
        answered.json()
    }
}
