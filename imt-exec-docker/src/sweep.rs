//! Removing what was made for a pipeline, and finding what is there of our store.
//!
//! Goes by labels, so it finds what an earlier life left just as well as our own.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::PoisonError;
use std::time::Duration;

use bollard::models::{ContainerSummary, ContainerSummaryStateEnum};
use bollard::query_parameters::{ListContainersOptions, ListVolumesOptions, RemoveVolumeOptions};
use futures_util::{StreamExt, stream};
use imt_core::id::PipelineId;
use imt_core::ports::{Failure, OwnedPipeline};

use crate::bring_back;
use crate::engine::Engine;
use crate::error;
use crate::executor::Shared;
use crate::hand_back;
use crate::labels::{self, owner_of};

/// How long preparations in flight may take to notice that nobody wants them: a call to the engine, and the removal of what
/// it made.
const IN_FLIGHT: Duration = Duration::from_secs(10);
/// Containers stopped or removed at a time.
const AT_A_TIME: usize = 4;

/// Removes everything of a pipeline. What could not be removed does not keep the rest; only the volume of a workspace that is
/// kept (`dir` is not named) stays until its files are brought back.
pub(crate) async fn cleanup(shared: &Shared, id: PipelineId, dir: Option<&Path>) -> Result<(), Failure> {
    let mut problems = Vec::new();
    let known = shared.pipelines.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
    if let Some(pipeline) = &known {
        pipeline.closing.cancel();
        pipeline.tasks.close();
        if tokio::time::timeout(IN_FLIGHT, pipeline.tasks.wait()).await.is_err() {
            problems.push(error::timed_out("finish what was being prepared", IN_FLIGHT));
        }
        let running = pipeline.started().into_iter().filter(|r| !r.is_over());
        let stopped = stream::iter(running).map(|running| async move { shared.stop_now(&running).await });
        problems
            .extend(stopped.buffer_unordered(AT_A_TIME).filter_map(|r| async { r.err() }).collect::<Vec<_>>().await);
    }
    let watched = !problems.is_empty();
    let engine = &shared.engine;
    let mut images = known.as_ref().map(|pipeline| pipeline.images()).unwrap_or_default();
    match containers(engine, id).await {
        Ok(found) => {
            images = found.iter().filter_map(|c| c.image_id.clone()).chain(images).collect();
            problems.extend(remove_containers(engine, id, dir, found, &images).await);
        }
        Err(problem) => problems.push(problem),
    }
    if dir.is_none() && problems.is_empty() {
        let workspace = known.as_ref().and_then(|pipeline| pipeline.workspace.get().cloned());
        problems.extend(bring_back::bring_back(engine, id, workspace, &images).await.err());
    }
    if dir.is_some() || problems.is_empty() {
        problems.extend(remove_volumes(engine, id).await);
    }
    // What may still be made or still runs is waited for once more when we are asked again.
    if let (Some(pipeline), false) = (known, watched) {
        pipeline.closed.cancel();
        shared.pipelines.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
    problems.into_iter().next().map_or(Ok(()), Err)
}

/// Removes a pipeline's containers, and gives back the files of its workspace in between: when nothing writes any more, and
/// while there is still a container that says which image can do it. That one stays when it could not.
async fn remove_containers(
    engine: &Engine,
    id: PipelineId,
    dir: Option<&Path>,
    mut found: Vec<ContainerSummary>,
    images: &[String],
) -> Vec<Failure> {
    // A workspace that is kept is not named, but must be its owner's all the same.
    let labelled = || found.iter().find_map(|c| owner_of(c.labels.as_ref()?)?.2);
    let dir = dir.map(Path::to_owned).or_else(labelled);
    let still = |c: &ContainerSummary| c.state != Some(ContainerSummaryStateEnum::RUNNING);
    let last = match &dir {
        Some(_) if !rustix::process::geteuid().is_root() && !found.is_empty() => {
            Some(found.swap_remove(found.iter().position(still).unwrap_or(0)))
        }
        _ => None,
    };
    let removed =
        stream::iter(found.into_iter().filter_map(|c| c.id)).map(|id| async move { engine.remove(&id).await });
    let removed = removed.buffer_unordered(AT_A_TIME).filter_map(|result| async { result.err() });
    let mut problems: Vec<Failure> = removed.collect().await;
    let last = last.and_then(|last| last.id);
    if let Some(last) = &last {
        problems.extend(hand_back::kill(engine, last).await.err());
    }
    if let (Some(dir), true) = (&dir, problems.is_empty()) {
        problems.extend(hand_back::hand_back(engine, id, dir, images).await.err());
    }
    if let (Some(last), true) = (last, problems.is_empty()) {
        problems.extend(engine.remove(&last).await.err());
    }
    problems
}

/// Ends what this process holds of a pipeline, and removes the containers it made. Volumes and the workspace are of the
/// pipeline, which somebody else may be driving by now; so are containers of other instances.
pub(crate) async fn release(shared: &Shared, id: PipelineId) -> Result<(), Failure> {
    let known = shared.pipelines.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
    let mut problems = Vec::new();
    if let Some(pipeline) = &known {
        pipeline.closing.cancel();
        pipeline.tasks.close();
        // What runs is killed first: it does the harm, and what is being prepared may take its time.
        for running in pipeline.started().iter().filter(|r| !r.is_over()) {
            problems.extend(shared.stop_now(running).await.err());
        }
        if tokio::time::timeout(IN_FLIGHT, pipeline.tasks.wait()).await.is_err() {
            problems.push(error::timed_out("finish what was being prepared", IN_FLIGHT));
        }
        // A start that was in flight may have come through meanwhile.
        for running in pipeline.started().iter().filter(|r| !r.is_over()) {
            problems.extend(shared.stop_now(running).await.err());
        }
    }
    let engine = &shared.engine;
    let made_here = |c: &ContainerSummary| {
        let owner = c.labels.as_ref().and_then(owner_of);
        owner.is_some_and(|(_, instance, _)| instance == engine.owner.instance)
    };
    match containers(engine, id).await {
        Ok(found) => {
            for container in found.into_iter().filter(made_here).filter_map(|c| c.id) {
                problems.extend(engine.remove(&container).await.err());
            }
        }
        Err(problem) => problems.push(problem),
    }
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

async fn remove_volumes(engine: &Engine, id: PipelineId) -> Vec<Failure> {
    let filters = engine.owner.filter_by(labels::PIPELINE, &id.to_string());
    let call = engine.docker.list_volumes(Some(ListVolumesOptions { filters: Some(filters) }));
    let found = match error::within(engine.deadline, "list volumes", call).await {
        Ok(found) => found.volumes.unwrap_or_default(),
        Err(problem) => return vec![problem],
    };
    let mut problems = Vec::new();
    for volume in found {
        let call = engine.docker.remove_volume(&volume.name, Some(RemoveVolumeOptions { force: true }));
        problems.extend(error::within(engine.deadline, "remove a volume", call).await.err());
    }
    problems
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
