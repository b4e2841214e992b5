//! The Docker executor on a real engine: a subject for the conformance suite, and jobs for what is special to Docker.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use imt_core::id::{AttemptId, InstanceId, JobIndex, PipelineId, ProjectName, StoreId};
use imt_core::pipeline::{PullPolicy, Resources};
use imt_core::ports::{Executor, Exit, Handle, JobSpec, LogPositions, Notes, StreamKind};
use imt_core::testkit::executor_suite::{Behaviour, Capability, Subject};
use imt_exec_docker::{Address, DockerExecutor, Ownership};
use tempfile::TempDir;

/// The image of these tests: busybox and nothing else. Made by [`busybox`].
pub const BUSYBOX: &str = "imt-e2e/busybox:1";

/// Makes the image on the engine of the environment, once per process.
///
/// # Panics
/// When busybox (package `busybox-static`) or the engine is missing.
pub fn busybox() -> &'static str {
    static MADE: OnceLock<()> = OnceLock::new();
    MADE.get_or_init(|| import(&mut Command::new("docker"), BUSYBOX, &[]));
    BUSYBOX
}

/// Imports an image of busybox through a `docker` command, with changes (`USER 1000`) to its configuration.
///
/// # Panics
/// When busybox (package `busybox-static`) or the engine is missing.
pub fn import(docker: &mut Command, name: &str, changes: &[&str]) {
    let root = TempDir::new().expect("a directory for the image");
    let bin = root.path().join("bin");
    std::fs::create_dir_all(&bin).expect("bin");
    std::fs::create_dir_all(root.path().join("etc")).expect("etc");
    std::fs::write(root.path().join("etc/passwd"), "root:x:0:0::/root:/bin/sh\njob:x:1000:1000::/tmp:/bin/sh\n")
        .expect("passwd");
    std::fs::copy("/bin/busybox", bin.join("busybox")).expect("/bin/busybox (package busybox-static)");
    let listed = Command::new("/bin/busybox").arg("--list").output().expect("busybox runs").stdout;
    for applet in String::from_utf8_lossy(&listed).lines().filter(|name| *name != "busybox") {
        std::os::unix::fs::symlink("busybox", bin.join(applet)).expect("an applet");
    }
    let tmp = root.path().join("tmp");
    std::fs::create_dir(&tmp).expect("tmp");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o1777);
    std::fs::set_permissions(&tmp, open).expect("the mode of tmp");
    let mut tar = Command::new("tar")
        .args(["-c", "-C"])
        .arg(root.path())
        .arg(".")
        .stdout(Stdio::piped())
        .spawn()
        .expect("tar runs");
    docker.arg("import");
    for change in changes {
        docker.args(["--change", change]);
    }
    let stdin = tar.stdout.take().expect("piped");
    let status = docker.args(["-", name]).stdin(stdin).stdout(Stdio::null()).status().expect("docker runs");
    assert!(status.success() && tar.wait().expect("tar ends").success(), "importing {name} failed");
}

/// A store of its own, so that tests on one engine never meet.
pub fn fresh_owner() -> Ownership {
    let store = format!("e2e-{}", PipelineId::generate());
    Ownership { store: StoreId::new(store), instance: InstanceId::new("e2e") }
}

/// An executor on the engine of the environment.
///
/// # Panics
/// When there is none.
pub async fn connect(owner: Ownership) -> DockerExecutor {
    let builder = DockerExecutor::builder().from_env().expect("a usable environment");
    builder.owner(owner).connect().await.expect("a Docker engine")
}

/// An executor on another engine.
///
/// # Panics
/// When it does not answer.
pub async fn connect_to(host: &str, owner: Ownership) -> DockerExecutor {
    let address = Address::parse(host, None).expect("an address");
    DockerExecutor::builder().address(address).owner(owner).connect().await.expect("the engine")
}

/// A job of a pipeline.
pub fn job(pipeline: PipelineId, index: u32, script: &str) -> JobSpec {
    JobSpec {
        attempt: AttemptId { pipeline, job: JobIndex(index), number: 1 },
        project: ProjectName::new("e2e"),
        job: format!("job-{index}"),
        stage: "test".to_owned(),
        image: Some(BUSYBOX.to_owned()),
        pull: PullPolicy::Missing,
        items: vec![script.to_owned()],
        script: script.to_owned(),
        env: Vec::new(),
        workspace: None,
        resources: Resources::default(),
    }
}

/// What a job printed, and how it ended.
#[derive(Debug)]
pub struct Ran {
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
    /// Its end.
    pub exit: Exit,
}

/// Runs a job to its end, reading along.
///
/// # Panics
/// When the executor fails.
pub async fn run(executor: &dyn Executor, job: &JobSpec) -> Ran {
    executor.prepare(job, &Notes::discard()).await.expect("prepare");
    let handle = executor.start(job).await.expect("start");
    finish(executor, &handle).await
}

/// Reads a started job to its end.
///
/// # Panics
/// When the executor fails.
pub async fn finish(executor: &dyn Executor, handle: &Handle) -> Ran {
    let (read, exit) = tokio::join!(read(executor, handle, LogPositions::default()), executor.wait(handle));
    Ran { stdout: read.0, stderr: read.1, exit: exit.expect("wait") }
}

/// Reads a log to its end: stdout and stderr.
///
/// # Panics
/// When it cannot be had.
pub async fn read(executor: &dyn Executor, handle: &Handle, from: LogPositions) -> (Vec<u8>, Vec<u8>) {
    let mut logs = executor.logs(handle, from).await.expect("logs");
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    while let Some(chunk) = logs.next().await {
        let chunk = chunk.expect("a chunk");
        let stream = if chunk.stream == StreamKind::Stderr { &mut stderr } else { &mut stdout };
        stream.extend_from_slice(&chunk.bytes);
    }
    (stdout, stderr)
}

/// Waits until a started job has printed this.
///
/// # Panics
/// When it ends without.
pub async fn until_printed(executor: &dyn Executor, handle: &Handle, wanted: &str) {
    let mut logs = executor.logs(handle, LogPositions::default()).await.expect("logs");
    let mut got = Vec::new();
    while let Some(chunk) = logs.next().await {
        got.extend_from_slice(&chunk.expect("a chunk").bytes);
        if String::from_utf8_lossy(&got).contains(wanted) {
            return;
        }
    }
    panic!("the job ended without printing {wanted:?}");
}

/// Ends the calling test when it hangs.
pub async fn limited<T>(seconds: u64, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(seconds), work).await.expect("the test hangs")
}

/// The executor as the conformance suite sees it.
pub struct DockerSubject {
    owner: Ownership,
    workspace: TempDir,
    volume: bool,
}

impl DockerSubject {
    /// One with a workspace of its own. `volume`: pretend that the engine does not see our files.
    ///
    /// # Panics
    /// When there is no engine.
    pub fn new(volume: bool) -> Self {
        busybox();
        let workspace = tempfile::Builder::new().prefix("imt-e2e-ws.").tempdir().expect("a workspace");
        Self { owner: fresh_owner(), workspace, volume }
    }
}

#[async_trait]
impl Subject for DockerSubject {
    async fn executor(&self) -> Arc<dyn Executor> {
        let builder = DockerExecutor::builder().from_env().expect("a usable environment").owner(self.owner.clone());
        let builder = if self.volume { builder.engine_sees_files(false) } else { builder };
        Arc::new(builder.connect().await.expect("a Docker engine"))
    }

    fn can(&self, what: Capability) -> bool {
        match what {
            Capability::SurvivesRestart => true,
            // The script is no process of the engine's: a signal of its own comes out as the wrapper's code.
            Capability::SeesSignals => false,
        }
    }

    fn workspace(&self) -> Option<PathBuf> {
        Some(self.workspace.path().to_owned())
    }

    fn adapt(&self, mut spec: JobSpec, _behaviour: &Behaviour) -> JobSpec {
        spec.image = Some(BUSYBOX.to_owned());
        spec
    }
}
