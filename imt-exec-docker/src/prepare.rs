//! Making an attempt's container and bringing it to its gate, and opening the gate.
//!
//! Whatever goes wrong on the way, the container is removed again; a later try begins afresh.

use std::collections::VecDeque;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, ContainerState, ContainerStateStatusEnum};
use bollard::query_parameters::{
    AttachContainerOptions, ContainerArchiveInfoOptions, CreateContainerOptions, InspectContainerOptions,
    KillContainerOptions, StartContainerOptions,
};
use futures_util::StreamExt;
use imt_core::id::PipelineId;
use imt_core::pipeline::PullPolicy;
use imt_core::ports::{EnvValue, Failure, FailureKind, JobSpec, Notes};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::error;
use crate::events::Seen;
use crate::labels::{self, container_name};
use crate::output::{self, Attached};
use crate::spec::{self, WorkspaceMount};
use crate::wrapper;

/// How long a started container may take to reach its gate.
const GATE: Duration = Duration::from_mins(1);
/// How long a container whose output has ended may take to be over.
const OVER: Duration = Duration::from_secs(5);

/// A container at its gate.
pub(crate) struct Prepared {
    pub container: String,
    pub attached: Attached,
    input: Pin<Box<dyn AsyncWrite + Send>>,
    seen: watch::Receiver<Seen>,
    /// The generation of the events when it was attached.
    pub generation: u64,
}

/// What preparing an attempt leads to.
pub(crate) enum Outcome {
    /// It waits for its go.
    AtGate(Prepared),
    /// An earlier life has given it its go already.
    Begun(String),
}

impl Prepared {
    /// Whether it still waits, as far as anybody has heard.
    pub(crate) fn is_alive(&self) -> bool {
        self.seen.borrow().died.is_none()
    }

    /// Gives the go. Nothing can be called back afterwards.
    pub(crate) async fn go(&mut self, deadline: Duration) -> std::io::Result<()> {
        let write = async {
            self.input.write_all(&wrapper::go_line()).await?;
            self.input.flush().await
        };
        tokio::time::timeout(deadline, write).await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
    }
}

/// Makes sure that the engine has the job's image.
pub(crate) async fn image(engine: &Engine, job: &JobSpec, notes: &Notes) -> Result<(), Failure> {
    let name = job.image.as_deref().unwrap_or_default();
    if job.pull == PullPolicy::Always {
        return engine.pulls.pull(name, notes).await;
    }
    match tokio::time::timeout(engine.deadline, engine.docker.inspect_image(name)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(problem)) if error::is_not_found(&problem) => match job.pull {
            PullPolicy::Never => Err(Failure::new(
                FailureKind::ImageNotFound,
                format!("the engine does not have image `{name}`, and job `{}` says `pull: never`", job.job),
            )
            .with_help("build or pull the image on the engine first, or set `pull: missing`")),
            _ => engine.pulls.pull(name, notes).await,
        },
        Ok(Err(problem)) if error::status(&problem) == Some(400) => {
            Err(Failure::new(FailureKind::ImageNotFound, format!("`{name}` is no image reference"))
                .with_help("write `image` as name:tag, with the registry before it where it is not Docker Hub"))
        }
        Ok(Err(problem)) => Err(error::failure("look at an image", problem)),
        Err(_elapsed) => Err(error::timed_out("look at an image", engine.deadline)),
    }
}

/// The failure of whatever is under way while its pipeline is cleaned up.
pub(crate) fn closing(pipeline: PipelineId) -> Failure {
    Failure::new(FailureKind::Internal, format!("pipeline {pipeline} is being cleaned up"))
}

/// Brings the attempt's container to its gate. The image is there. Once the pipeline is closing, the container is removed
/// at once, wherever it stands.
pub(crate) async fn container(
    engine: &Engine,
    job: &JobSpec,
    workspace: Option<&WorkspaceMount>,
    closed: &CancellationToken,
) -> Result<Outcome, Failure> {
    let body = spec::attempt_container(job, &engine.owner, workspace)?;
    let id = match create(engine, job, body.clone()).await? {
        Created::New(id) => id,
        Created::Taken(old) => {
            // What is going was removed by an earlier life that has just died, which knew that it had not begun.
            if begun(engine, job, &old).await? == Some(true) {
                return Ok(Outcome::Begun(old));
            }
            engine.remove(&old).await?;
            match create(engine, job, body).await? {
                Created::New(id) => id,
                Created::Taken(_) => {
                    let name = container_name(job.attempt);
                    return Err(Failure::new(
                        FailureKind::Internal,
                        format!("the container name {name} is taken again and again"),
                    )
                    .retryable());
                }
            }
        }
    };
    let reached = closed.run_until_cancelled(to_the_gate(engine, job, &id)).await;
    match reached.unwrap_or_else(|| Err(closing(job.attempt.pipeline))) {
        Ok(prepared) => Ok(Outcome::AtGate(prepared)),
        Err(failure) => {
            engine.events.forget(&id);
            // What cannot be removed now carries our labels; cleanup finds it.
            let _left_to_cleanup = engine.remove(&id).await;
            Err(failure)
        }
    }
}

enum Created {
    New(String),
    /// Our own container of that name is there, from an earlier life.
    Taken(String),
}

async fn create(engine: &Engine, job: &JobSpec, body: ContainerCreateBody) -> Result<Created, Failure> {
    let name = container_name(job.attempt);
    let options = CreateContainerOptions { name: Some(name.clone()), ..Default::default() };
    match tokio::time::timeout(engine.deadline, engine.docker.create_container(Some(options), body)).await {
        Ok(Ok(answer)) => Ok(Created::New(answer.id)),
        Ok(Err(problem)) if error::is_conflict(&problem) => {
            let call = engine.docker.inspect_container(&name, None::<InspectContainerOptions>);
            let found = error::within(engine.deadline, "look at a container", call).await?;
            let labels = found.config.and_then(|c| c.labels).unwrap_or_default();
            let ours = labels.get(labels::STORE).map(String::as_str) == Some(engine.owner.store.as_str())
                && labels.get(labels::ATTEMPT) == Some(&job.attempt.to_string());
            match (ours, found.id) {
                (true, Some(id)) => Ok(Created::Taken(id)),
                _ => Err(Failure::new(
                    FailureKind::Internal,
                    format!("a container named {name} is there that is not ours"),
                )
                .with_help(format!("remove it (`docker rm -f {name}`)"))),
            }
        }
        Ok(Err(problem)) => Err(engine.explain("create a container", problem).await),
        Err(_elapsed) => Err(error::timed_out("create a container", engine.deadline)),
    }
}

/// Whether the job in a container has begun; `None` when the container is gone, or going.
async fn begun(engine: &Engine, job: &JobSpec, container: &str) -> Result<Option<bool>, Failure> {
    let call = output::began(&engine.docker, container, wrapper::began_line(job.attempt));
    match tokio::time::timeout(engine.deadline, call).await {
        Ok(Ok(begun)) => Ok(Some(begun)),
        Ok(Err(problem)) if error::is_conflict(&problem) || error::is_not_found(&problem) => Ok(None),
        Ok(Err(problem)) => Err(error::failure("read a container's log", problem)),
        Err(_elapsed) => Err(error::timed_out("read a container's log", engine.deadline)),
    }
}

/// Kills a container whose go may or may not have got through; says whether it did.
pub(crate) async fn kill_and_ask(engine: &Engine, job: &JobSpec, container: &str) -> Result<bool, Failure> {
    let options = KillContainerOptions { signal: "SIGKILL".to_owned() };
    match tokio::time::timeout(engine.deadline, engine.docker.kill_container(container, Some(options))).await {
        Ok(Ok(())) => {}
        Ok(Err(problem)) if error::is_not_found(&problem) => return Ok(false),
        // Dead already.
        Ok(Err(problem)) if error::is_conflict(&problem) => {}
        Ok(Err(problem)) => return Err(error::failure("kill a container", problem)),
        Err(_elapsed) => return Err(error::timed_out("kill a container", engine.deadline)),
    }
    // Somebody else removes it: nobody can say any more, and it must not begin twice.
    let unknown = || {
        let message = format!("the container of job `{}` was removed by somebody else while it was started", job.job);
        Failure::new(FailureKind::Internal, message)
    };
    begun(engine, job, container).await?.ok_or_else(unknown)
}

async fn to_the_gate(engine: &Engine, job: &JobSpec, id: &str) -> Result<Prepared, Failure> {
    let seen = engine.events.watch(id);
    let generation = *engine.events.generation().borrow();
    let options =
        AttachContainerOptions { stream: true, stdin: true, stdout: true, stderr: true, ..Default::default() };
    let call = engine.docker.attach_container(id, Some(options));
    let attached = error::within(engine.deadline, "attach to a container", call).await?;
    let (mut input, mut stream) = (attached.input, attached.output);
    match tokio::time::timeout(engine.deadline, engine.docker.start_container(id, None::<StartContainerOptions>)).await
    {
        Ok(Ok(())) => {}
        Ok(Err(problem)) => return Err(not_started(engine, job, id, problem).await),
        Err(_elapsed) => return Err(error::timed_out("start a container", engine.deadline)),
    }
    let secrets = job.env.iter().filter_map(|v| match &v.value {
        EnvValue::Secret(value) => Some((v.name.as_str(), value.expose())),
        EnvValue::Plain(_) => None,
    });
    let preface = wrapper::preface(secrets);
    let reach = async {
        let write = async {
            input.write_all(&preface).await?;
            input.flush().await
        };
        // Written and read side by side: neither may wait for the other's buffer.
        let (written, early) = tokio::join!(write, read_ready(&mut stream));
        written.is_ok().then_some(early).flatten()
    };
    match tokio::time::timeout(GATE, reach).await {
        Ok(Some(early)) => {
            Ok(Prepared { container: id.to_owned(), attached: Attached { early, stream }, input, seen, generation })
        }
        Ok(None) => Err(shell_is_odd(engine, job, id).await),
        Err(_elapsed) => Err(error::timed_out("bring a container to its start", GATE)),
    }
}

/// Reads until the wrapper says that it is ready; gives back what was read. `None` if the output ends before.
async fn read_ready<S>(stream: &mut S) -> Option<VecDeque<LogOutput>>
where
    S: futures_util::Stream<Item = Result<LogOutput, Error>> + Unpin,
{
    let (ready, mut early, mut text) = (wrapper::ready_line(), VecDeque::new(), Vec::new());
    while let Some(Ok(piece)) = stream.next().await {
        if let LogOutput::StdOut { message } = &piece {
            text.extend_from_slice(message);
        }
        early.push_back(piece);
        if memchr::memmem::find(&text, &ready).is_some() {
            return Some(early);
        }
    }
    None
}

/// Why a container did not start. The engine says so in words only; so we look for a shell where it would have.
async fn not_started(engine: &Engine, job: &JobSpec, id: &str, problem: Error) -> Failure {
    if error::status(&problem).is_some() && has_shell(engine, id).await == Some(false) {
        let image = job.image.as_deref().unwrap_or_default();
        return Failure::new(
            FailureKind::NoShell,
            format!("image `{image}` has no `sh`, and job `{}` is a shell script", job.job),
        )
        .with_help("choose an image with a shell (a `-debug` or `-slim` variant, say)")
        .with_source(problem);
    }
    engine.explain("start a container", problem).await
}

/// Whether the image has `sh` where the engine looks for it. `None` if that cannot be found out.
async fn has_shell(engine: &Engine, id: &str) -> Option<bool> {
    let container = engine.docker.inspect_container(id, None::<InspectContainerOptions>).await.ok()?;
    let env = container.config?.env.unwrap_or_default();
    let path = env.iter().find_map(|v| v.strip_prefix("PATH="));
    let path = path.unwrap_or("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    for dir in path.split(':').filter(|dir| dir.starts_with('/')) {
        let options = ContainerArchiveInfoOptions { path: Path::new(dir).join("sh").to_string_lossy().into_owned() };
        match engine.docker.get_container_archive_info(id, Some(options)).await {
            Ok(_) => return Some(true),
            Err(problem) if error::is_not_found(&problem) => {}
            Err(_) => return None,
        }
    }
    Some(false)
}

/// Why a container's output ended before the gate.
async fn shell_is_odd(engine: &Engine, job: &JobSpec, id: &str) -> Failure {
    let give_up = tokio::time::Instant::now() + OVER;
    loop {
        let call = engine.docker.inspect_container(id, None::<InspectContainerOptions>);
        let found = tokio::time::timeout(engine.deadline, call).await.ok().and_then(Result::ok);
        let state = found.and_then(|c| c.state);
        let runs = state.as_ref().is_some_and(|state| state.running == Some(true));
        if !runs || tokio::time::Instant::now() > give_up {
            return not_at_its_gate(job, state.as_ref());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// What a container that did not come to its gate means, by the state it was found in afterwards. Pure.
fn not_at_its_gate(job: &JobSpec, state: Option<&ContainerState>) -> Failure {
    let image = job.image.as_deref().unwrap_or_default();
    let unavailable = |message: &str| Failure::new(FailureKind::EngineUnavailable, message).retryable();
    let Some(state) = state else {
        return unavailable("the container engine went away while a container started");
    };
    if state.oom_killed == Some(true) {
        let message = format!("job `{}` ran out of memory before it began: not even a shell fits", job.job);
        return Failure::new(FailureKind::Unsupported, message)
            .with_help("raise `resources.memory`; if it has none, the engine's machine is out of memory");
    }
    match (state.status, state.exit_code) {
        // The shell never got our input, or somebody ended it.
        (Some(ContainerStateStatusEnum::EXITED | ContainerStateStatusEnum::DEAD), Some(wrapper::NO_GO | 137 | 143)) => {
            unavailable("a container was ended from outside before its job began")
        }
        (Some(ContainerStateStatusEnum::EXITED | ContainerStateStatusEnum::DEAD), Some(code)) => Failure::new(
            FailureKind::NoShell,
            format!("the `sh` of image `{image}` is no POSIX shell: it ended with code {code} before the job began"),
        )
        .with_help("try `docker run --entrypoint sh IMAGE -c 'echo ok'`"),
        _ => unavailable("the connection to a container was lost while it started"),
    }
}

#[cfg(test)]
mod tests {
    use imt_core::id::{AttemptId, JobIndex, ProjectName};
    use imt_core::pipeline::Resources;

    use super::*;

    #[test]
    fn only_a_shell_that_ended_by_itself_is_odd() {
        let job = JobSpec {
            attempt: AttemptId { pipeline: PipelineId::generate(), job: JobIndex(0), number: 1 },
            project: ProjectName::new("shop"),
            job: "unit".to_owned(),
            stage: "test".to_owned(),
            image: Some("odd:1".to_owned()),
            pull: PullPolicy::Missing,
            items: Vec::new(),
            script: String::new(),
            env: Vec::new(),
            workspace: None,
            resources: Resources::default(),
        };
        let exited = |code| ContainerState {
            status: Some(ContainerStateStatusEnum::EXITED),
            exit_code: Some(code),
            ..Default::default()
        };
        let running = ContainerState {
            status: Some(ContainerStateStatusEnum::RUNNING),
            running: Some(true),
            exit_code: Some(0),
            ..Default::default()
        };
        let oom = ContainerState { oom_killed: Some(true), ..exited(137) };
        let cases = [
            (None, FailureKind::EngineUnavailable, true, "went away"),
            (Some(running), FailureKind::EngineUnavailable, true, "connection"),
            (Some(exited(125)), FailureKind::EngineUnavailable, true, "from outside"),
            (Some(exited(137)), FailureKind::EngineUnavailable, true, "from outside"),
            (Some(exited(143)), FailureKind::EngineUnavailable, true, "from outside"),
            (Some(oom), FailureKind::Unsupported, false, "job `unit` ran out of memory"),
            (Some(exited(0)), FailureKind::NoShell, false, "code 0"),
            (Some(exited(2)), FailureKind::NoShell, false, "`odd:1`"),
        ];
        for (state, kind, retryable, says) in cases {
            let failure = not_at_its_gate(&job, state.as_ref());
            assert_eq!((failure.kind, failure.retryable), (kind, retryable), "{state:?}: {failure:?}");
            assert!(failure.message.contains(says), "{failure:?}");
        }
    }
}
