//! Measures the local executor beside a plain loop over `sh -c`, in the same run: time per job, stop times, log
//! throughput. Build it in release: `cargo run --release -p imt-exec-local --example overhead`.
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use std::error::Error;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use imt_core::id::{AttemptId, JobIndex, PipelineId, ProjectName};
use imt_core::pipeline::{PullPolicy, Resources};
use imt_core::ports::{Executor as _, JobSpec, LogPositions, Notes};
use imt_exec_local::LocalExecutor;

const JOBS: u32 = 30;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn job(pipeline: PipelineId, index: u32, script: &str, workspace: &Path) -> JobSpec {
    JobSpec {
        attempt: AttemptId { pipeline, job: JobIndex(index), number: 1 },
        project: ProjectName::new("overhead"),
        job: format!("job-{index}"),
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

/// Runs one job, reading its output; answers how many bytes that was.
async fn run(executor: &LocalExecutor, job: &JobSpec) -> Outcome<u64> {
    executor.prepare(job, &Notes::discard()).await?;
    let handle = executor.start(job).await?;
    let mut logs = executor.logs(&handle, LogPositions::default()).await?;
    let mut bytes = 0;
    while let Some(chunk) = logs.next().await {
        bytes += chunk?.bytes.len() as u64;
    }
    executor.wait(&handle).await?;
    Ok(bytes)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let dir = tempfile::tempdir()?;
    let executor = LocalExecutor::builder(dir.path().join("state")).build()?;
    let (mut shell, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..11 {
        let before = Instant::now();
        for _ in 0..JOBS {
            Command::new("sh").args(["-c", "echo hello"]).stdout(Stdio::null()).status()?;
        }
        shell.push(before.elapsed() / JOBS);
        let pipeline = PipelineId::generate();
        let before = Instant::now();
        for index in 0..JOBS {
            run(&executor, &job(pipeline, index, "echo hello", dir.path())).await?;
        }
        executor.cleanup(pipeline, None).await?;
        ours.push(before.elapsed() / JOBS);
    }
    let (shell, ours) = (median(shell), median(ours));
    println!(
        "a job of 30, cleanup included: {ours:?}, `sh -c` loop {shell:?}, on top {:?}",
        ours.saturating_sub(shell)
    );

    let mut stops = Vec::new();
    for _ in 0..11 {
        let pipeline = PipelineId::generate();
        let handle = executor.start(&job(pipeline, 0, "echo ready; sleep 300", dir.path())).await?;
        let mut logs = executor.logs(&handle, LogPositions::default()).await?;
        logs.next().await.ok_or("no output")??;
        let before = Instant::now();
        executor.stop(&handle, Duration::from_secs(10)).await?;
        stops.push(before.elapsed());
        executor.cleanup(pipeline, None).await?;
    }
    println!("stop of a plain sleep: {:?}", median(stops));

    let script = "yes 123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789 | head -n 1000000";
    let before = Instant::now();
    Command::new("sh").args(["-c", &format!("{script} | cat >{}", dir.path().join("out").display())]).status()?;
    let piped = before.elapsed();
    let before = Instant::now();
    let bytes = run(&executor, &job(PipelineId::generate(), 0, script, dir.path())).await?;
    println!("{bytes} bytes of log: {:?}, through `cat` into a file {piped:?}", before.elapsed());
    Ok(())
}
