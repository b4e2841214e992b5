//! What the tests of hard jobs share.

use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use imt_core::id::{AttemptId, JobIndex, PipelineId, ProjectName};
use imt_core::pipeline::{PullPolicy, Resources};
use imt_core::ports::{Executor as _, Handle, JobSpec, LogPositions};
use imt_exec_local::LocalExecutor;

pub(crate) fn executor(state: &Path) -> LocalExecutor {
    LocalExecutor::builder(state).build().expect("an executor")
}

pub(crate) fn job(pipeline: PipelineId, script: &str, workspace: &Path) -> JobSpec {
    JobSpec {
        attempt: AttemptId { pipeline, job: JobIndex(0), number: 1 },
        project: ProjectName::new("hard"),
        job: "hard".to_owned(),
        stage: "test".to_owned(),
        image: None,
        pull: PullPolicy::Missing,
        items: vec![script.to_owned()],
        script: script.to_owned(),
        env: Vec::new(),
        workspace: Some(workspace.to_owned()),
        resources: Resources::default(),
    }
}

pub(crate) async fn text(executor: &LocalExecutor, handle: &Handle) -> String {
    let logs = executor.logs(handle, LogPositions::default()).await.expect("logs");
    let all: Vec<u8> = logs.map(|chunk| chunk.expect("a chunk").bytes.to_vec()).concat().await;
    String::from_utf8(all).expect("text")
}

/// Whether the process is there and no zombie.
pub(crate) fn lives(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

pub(crate) fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
