//! Measures the executor against the `docker` command, in one run: short jobs, the go, and a large log.
//!
//! `cargo run --release -p imt-exec-docker --example measure -- IMAGE [JOBS]`

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use imt_core::id::{AttemptId, InstanceId, JobIndex, PipelineId, ProjectName, StoreId};
use imt_core::pipeline::{PullPolicy, Resources};
use imt_core::ports::{Executor, Failure, Handle, JobSpec, LogPositions, Notes};
use imt_exec_docker::{DockerExecutor, Ownership};

const LOG: &str = "yes 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789 | head -c 104857600";
/// Jobs prepared beside the one that runs.
const AHEAD: usize = 2;

fn job(pipeline: PipelineId, image: &str, index: usize, script: &str) -> JobSpec {
    JobSpec {
        attempt: AttemptId { pipeline, job: JobIndex(u32::try_from(index).unwrap_or(u32::MAX)), number: 1 },
        project: ProjectName::new("measure"),
        job: format!("job-{index}"),
        stage: "measure".to_owned(),
        image: Some(image.to_owned()),
        pull: PullPolicy::Missing,
        items: Vec::new(),
        script: script.to_owned(),
        env: Vec::new(),
        workspace: None,
        resources: Resources::default(),
    }
}

/// Reads a job to its end; says when the first byte came, and how many there were.
async fn follow(executor: &DockerExecutor, handle: &Handle) -> Result<(Option<Instant>, usize), Failure> {
    let mut logs = executor.logs(handle, LogPositions::default()).await?;
    let (mut first, mut bytes) = (None, 0);
    while let Some(chunk) = logs.next().await {
        first.get_or_insert_with(Instant::now);
        bytes += chunk?.bytes.len();
    }
    executor.wait(handle).await?;
    Ok((first, bytes))
}

fn docker(image: &str, script: &str) -> Duration {
    let begin = Instant::now();
    let status = Command::new("docker")
        .args(["run", "--rm", "--log-driver", "local", image, "sh", "-c", script])
        .stdout(Stdio::null())
        .status();
    assert!(status.is_ok_and(|s| s.success()), "docker run fails");
    begin.elapsed()
}

#[expect(clippy::print_stdout, reason = "its output is its purpose")]
#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let image = arguments.next().expect("usage: measure IMAGE [JOBS]");
    let count: usize = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(30);
    let owner = Ownership { store: StoreId::new("measure"), instance: InstanceId::new("measure") };
    let executor = DockerExecutor::builder().from_env()?.owner(owner).connect().await?;
    let pipeline = PipelineId::generate();

    let by_hand: Duration = (0..count).map(|_| docker(&image, "echo hello")).sum();
    let specs: Vec<JobSpec> = (0..count).map(|n| job(pipeline, &image, n, "echo hello")).collect();
    let begin = Instant::now();
    let mut gos = Vec::new();
    for (n, spec) in specs.iter().enumerate() {
        let ahead = specs.iter().skip(n + 1).take(AHEAD);
        let hint = async {
            futures_util::future::join_all(ahead.map(|s| async { executor.prepare(s, &Notes::discard()).await })).await
        };
        let run = async {
            executor.prepare(spec, &Notes::discard()).await?;
            let go = Instant::now();
            let handle = executor.start(spec).await?;
            let (first, _) = follow(&executor, &handle).await?;
            Ok::<_, Failure>(first.map(|at| at - go))
        };
        tokio::pin!(hint);
        let took = tokio::select! {
            biased;
            took = run => took?,
            // Preparations go on by themselves when this is dropped.
            () = async { (&mut hint).await; std::future::pending::<()>().await } => None,
        };
        gos.extend(took);
    }
    let ours = begin.elapsed();
    let cleanup = Instant::now();
    executor.cleanup(pipeline, None).await?;
    let cleanup = cleanup.elapsed();
    gos.sort_unstable();
    println!(
        "{count} jobs: docker run {by_hand:.2?}, prepared {ours:.2?} (ratio {:.2}), cleanup {cleanup:.2?}; go to first byte: median {:.2?}, worst {:.2?}",
        ours.as_secs_f64() / by_hand.as_secs_f64(),
        gos[gos.len() / 2],
        gos[gos.len() - 1],
    );

    // A job whose predecessor took a while: prepared, and nothing else going on.
    let spec = job(pipeline, &image, 1000, "echo hello");
    executor.prepare(&spec, &Notes::discard()).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let go = Instant::now();
    let handle = executor.start(&spec).await?;
    let (first, _) = follow(&executor, &handle).await?;
    println!("go to first byte on a quiet engine: {:.2?}", first.map(|at| at - go).unwrap_or_default());

    let by_hand = docker(&image, LOG);
    let begin = Instant::now();
    let handle = executor.start(&job(pipeline, &image, 1001, LOG)).await?;
    let (_, bytes) = follow(&executor, &handle).await?;
    let ours = begin.elapsed();
    println!(
        "log of {bytes} bytes: docker run {by_hand:.2?}, ours {ours:.2?} (ratio {:.2})",
        ours.as_secs_f64() / by_hand.as_secs_f64()
    );
    executor.cleanup(pipeline, None).await
}
