//! Gives the files that jobs wrote as other users to whoever owns the workspace, so that it can be removed or read.
//!
//! Only root can, so a container does it: with an image that the pipeline's jobs ran in, which the engine has for sure.
//! Nothing of the pipeline may write any more when it is called.

use std::path::Path;
use std::time::Duration;

use bollard::query_parameters::{
    CreateContainerOptions, InspectContainerOptions, KillContainerOptions, StartContainerOptions,
};
use imt_core::id::PipelineId;
use imt_core::ports::{Failure, FailureKind};

use crate::engine::Engine;
use crate::error;
use crate::spec::{WORKSPACE, helper_container};
use crate::workspace;

/// How long handing back a workspace's files may take.
const HAND_BACK: Duration = Duration::from_mins(5);
/// How long a killed container may take to be still.
const KILL: Duration = Duration::from_secs(30);

/// Makes the files of a workspace ours, or at least ours to remove. As root there is nothing to do. Tries the images in
/// order: one may lack the commands.
pub(crate) async fn hand_back(engine: &Engine, id: PipelineId, dir: &Path, images: &[String]) -> Result<(), Failure> {
    let owned = dir.to_owned();
    let foreign = tokio::task::spawn_blocking(move || owned.exists() && workspace::has_foreign_files(&owned));
    if rustix::process::geteuid().is_root() || !foreign.await.unwrap_or(true) {
        return Ok(());
    }
    let stuck = |why: &str| {
        Failure::new(
            FailureKind::WorkspaceFailed,
            format!("the workspace {} has files of other users, {why}", dir.display()),
        )
        .with_help(format!("remove it as root (`sudo rm -rf {}`)", dir.display()))
    };
    let mut problem = stuck("and no container is left to give them back with");
    let mut tried: Vec<&String> = Vec::new();
    for image in images {
        if tried.contains(&image) {
            continue;
        }
        tried.push(image);
        match run(engine, id, dir, image).await {
            Ok(0) => return Ok(()),
            Ok(code) => problem = stuck(&format!("which could not be given back (code {code})")),
            Err(failure) => problem = failure,
        }
    }
    Err(problem)
}

/// What root does. The owner's number means the same inside only where no user namespace translates it; everywhere the
/// permissions are enough to remove or read the files. A directory with the sticky bit would keep others' files.
fn command() -> String {
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    format!(
        "chmod -R a+rwX,-t {WORKSPACE} || exit; read -r inside outside all </proc/self/uid_map; \
         [ \"$inside $outside $all\" != '0 0 4294967295' ] || chown -hR {uid}:{gid} {WORKSPACE}"
    )
}

async fn run(engine: &Engine, id: PipelineId, dir: &Path, image: &str) -> Result<i64, Failure> {
    let body = helper_container(image, &engine.owner, id, dir, &command());
    let call = engine.docker.create_container(None::<CreateContainerOptions>, body);
    let helper = error::within(engine.deadline, "create a container", call).await?.id;
    let run = async {
        let call = engine.docker.start_container(&helper, None::<StartContainerOptions>);
        error::within(engine.deadline, "start a container", call).await?;
        tokio::time::timeout(HAND_BACK, still(engine, &helper))
            .await
            .map_err(|_| error::timed_out("give back files", HAND_BACK))?
    };
    let code = run.await;
    engine.remove(&helper).await?;
    code
}

/// Kills a container without removing it, and waits until nothing of it runs.
pub(crate) async fn kill(engine: &Engine, container: &str) -> Result<(), Failure> {
    let options = KillContainerOptions { signal: "SIGKILL".to_owned() };
    let call = engine.docker.kill_container(container, Some(options));
    match tokio::time::timeout(engine.deadline, call).await {
        // It does not run, or is not there.
        Ok(Err(problem)) if error::is_conflict(&problem) || error::is_not_found(&problem) => return Ok(()),
        Ok(Err(problem)) => return Err(error::failure("kill a container", problem)),
        Err(_elapsed) => return Err(error::timed_out("kill a container", engine.deadline)),
        Ok(Ok(())) => {}
    }
    match tokio::time::timeout(KILL, still(engine, container)).await {
        Ok(result) => result.map(drop),
        Err(_elapsed) => Err(error::timed_out("kill a container", KILL)),
    }
}

/// Waits until a container does not run; its exit code.
async fn still(engine: &Engine, container: &str) -> Result<i64, Failure> {
    let mut seen = engine.events.watch(container);
    loop {
        // Events may be cut: look now and then.
        let call = engine.docker.inspect_container(container, None::<InspectContainerOptions>);
        let state = error::within(engine.deadline, "look at a container", call).await?.state.unwrap_or_default();
        if state.running != Some(true) {
            engine.events.forget(container);
            return Ok(state.exit_code.unwrap_or(1));
        }
        let _woken = tokio::time::timeout(Duration::from_secs(1), seen.changed()).await;
    }
}
