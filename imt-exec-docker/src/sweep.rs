//! Removing what was made for a pipeline, and finding what is there of our store.
//!
//! Goes by labels, so it finds what an earlier life left just as well as our own.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::PoisonError;
use std::time::Duration;

use bollard::models::ContainerSummary;
use bollard::query_parameters::{
    CreateContainerOptions, InspectContainerOptions, ListContainersOptions, ListVolumesOptions, RemoveVolumeOptions,
    StartContainerOptions,
};
use futures_util::{StreamExt, stream};
use imt_core::id::PipelineId;
use imt_core::ports::{Failure, FailureKind, OwnedPipeline};

use crate::engine::Engine;
use crate::error;
use crate::executor::Shared;
use crate::labels::{self, owner_of};
use crate::spec::{WORKSPACE, helper_container};
use crate::workspace;

/// How long preparations in flight may take to notice that nobody wants them: a call to the engine, and the removal of what
/// it made.
const IN_FLIGHT: Duration = Duration::from_secs(10);
/// How long handing back a workspace's files may take.
const HAND_BACK: Duration = Duration::from_mins(5);

/// Removes everything of a pipeline.
pub(crate) async fn cleanup(shared: &Shared, id: PipelineId, dir: Option<&Path>) -> Result<(), Failure> {
    let known = shared.pipelines.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
    if let Some(pipeline) = &known {
        pipeline.closing.cancel();
        pipeline.tasks.close();
        if tokio::time::timeout(IN_FLIGHT, pipeline.tasks.wait()).await.is_err() {
            return Err(error::timed_out("finish what was being prepared", IN_FLIGHT));
        }
        for running in pipeline.started().iter().filter(|r| !r.is_over()) {
            shared.stop_now(running).await?;
        }
    }
    let engine = &shared.engine;
    let containers = containers(engine, id).await?;
    let mut problems = Vec::new();
    if let Some(dir) = dir
        && let Err(problem) = hand_back(engine, id, dir, &containers).await
    {
        problems.push(problem);
    }
    let ids = containers.into_iter().filter_map(|c| c.id);
    let removed: Vec<_> =
        stream::iter(ids).map(|id| async move { engine.remove(&id).await }).buffer_unordered(4).collect().await;
    problems.extend(removed.into_iter().filter_map(Result::err));
    problems.extend(remove_volumes(engine, id).await.err());
    if let Some(pipeline) = known {
        pipeline.closed.cancel();
        shared.pipelines.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
    problems.into_iter().next().map_or(Ok(()), Err)
}

async fn containers(engine: &Engine, id: PipelineId) -> Result<Vec<ContainerSummary>, Failure> {
    let filters = engine.owner.filter_by(labels::PIPELINE, &id.to_string());
    let options = ListContainersOptions { all: true, filters: Some(filters), ..Default::default() };
    error::within(engine.deadline, "list containers", engine.docker.list_containers(Some(options))).await
}

async fn remove_volumes(engine: &Engine, id: PipelineId) -> Result<(), Failure> {
    let filters = engine.owner.filter_by(labels::PIPELINE, &id.to_string());
    let call = engine.docker.list_volumes(Some(ListVolumesOptions { filters: Some(filters) }));
    let found = error::within(engine.deadline, "list volumes", call).await?;
    for volume in found.volumes.unwrap_or_default() {
        let call = engine.docker.remove_volume(&volume.name, Some(RemoveVolumeOptions { force: true }));
        error::within(engine.deadline, "remove a volume", call).await?;
    }
    Ok(())
}

/// Makes files that jobs wrote as other users ours, so that whoever removes the workspace can. As root there is nothing
/// to do.
async fn hand_back(
    engine: &Engine,
    id: PipelineId,
    dir: &Path,
    containers: &[ContainerSummary],
) -> Result<(), Failure> {
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    let owned = dir.to_owned();
    let foreign = tokio::task::spawn_blocking(move || owned.exists() && workspace::has_foreign_files(&owned));
    if uid.is_root() || !foreign.await.unwrap_or(true) {
        return Ok(());
    }
    // An image that the engine has for sure, and that has a shell: that of a container of the pipeline.
    let Some(image) = containers.iter().find_map(|c| c.image_id.clone()) else {
        return Err(Failure::new(
            FailureKind::WorkspaceFailed,
            format!(
                "the workspace {} has files of other users, and no container is left to remove them with",
                dir.display()
            ),
        )
        .with_help(format!("remove it as root (`sudo rm -rf {}`)", dir.display())));
    };
    let command = format!("chown -R {}:{} {WORKSPACE} && chmod -R u+rwX {WORKSPACE}", uid.as_raw(), gid.as_raw());
    let body = helper_container(&image, &engine.owner, id, dir, &command);
    let call = engine.docker.create_container(None::<CreateContainerOptions>, body);
    let helper = error::within(engine.deadline, "create a container", call).await?.id;
    let run = async {
        let call = engine.docker.start_container(&helper, None::<StartContainerOptions>);
        error::within(engine.deadline, "start a container", call).await?;
        tokio::time::timeout(HAND_BACK, ended(engine, &helper))
            .await
            .map_err(|_| error::timed_out("hand back files", HAND_BACK))?
    };
    let code = run.await;
    engine.remove(&helper).await?;
    match code? {
        0 => Ok(()),
        code => Err(Failure::new(
            FailureKind::WorkspaceFailed,
            format!("files of other users in {} could not be handed back (code {code})", dir.display()),
        )
        .with_help(format!("remove it as root (`sudo rm -rf {}`)", dir.display()))),
    }
}

async fn ended(engine: &Engine, container: &str) -> Result<i64, Failure> {
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

/// Pipelines of our store that there is a container or a volume of.
pub(crate) async fn list_owned(engine: &Engine) -> Result<Vec<OwnedPipeline>, Failure> {
    let options = ListContainersOptions { all: true, filters: Some(engine.owner.filter()), ..Default::default() };
    let call = engine.docker.list_containers(Some(options));
    let containers = error::within(engine.deadline, "list containers", call).await?;
    let call = engine.docker.list_volumes(Some(ListVolumesOptions { filters: Some(engine.owner.filter()) }));
    let volumes = error::within(engine.deadline, "list volumes", call).await?.volumes.unwrap_or_default();
    let labels = containers.into_iter().filter_map(|c| c.labels).chain(volumes.into_iter().map(|v| v.labels));
    let mut owned: BTreeMap<PipelineId, OwnedPipeline> = BTreeMap::new();
    for (pipeline, instance, dir) in labels.filter_map(|labels| owner_of(&labels)) {
        let entry = owned.entry(pipeline).or_insert(OwnedPipeline { pipeline, instance, workspace: None });
        entry.workspace = entry.workspace.take().or(dir);
    }
    Ok(owned.into_values().collect())
}
