//! Pipelines: listed, started, shown, ended, run again.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use imt_core::directory::{Action, ProjectRecord};
use imt_core::id::{CommitId, PipelineId};
use imt_core::pipeline::TriggerEvent;
use imt_core::plan::Plan;
use imt_core::ports::{Enqueued, Failure, FailureKind, NewPipeline, PipelineFilter, PipelineRecord};
use imt_core::schedule::{self, CancelLevel, NotAgain};
use imt_core::status::{Reason, Status};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::pipeline_view::{PipelineLine, PipelineView};
use super::{Numbered, Refusals};
use crate::access::{In, Reading, Triggering};
use crate::http::{Answer, Body, Code, InPath, InQuery, Listed, Paging, Problem};
use crate::planning::{self, NoPlan, Wanted};
use crate::state::{ALIVE, Server, now};
use crate::upkeep::report;

/// Which pipelines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Of this branch only.
    branch: Option<String>,
    /// That stand so only: `pending`, `running`, `success`, `failed`, `errored`, `cancelled` or `skipped`.
    #[param(value_type = Option<String>)]
    status: Option<Status>,
    /// Made for this only: `push`, `tag`, `manual` or `api`.
    #[param(value_type = Option<String>)]
    event: Option<TriggerEvent>,
    /// The `next` of the piece before; absent for the first.
    cursor: Option<String>,
    /// How many at most, 1 to 100; 50 when it is not said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
}

/// A project's pipelines, newest first.
#[utoipa::path(get, path = "/projects/{project}/pipelines", tag = "pipelines",
    params(("project" = String, Path), Which), extensions(("x-needs" = json!("read"))),
    responses((status = 200, body = Listed<PipelineLine>), Refusals))]
pub(crate) async fn list(
    State(server): State<Server>,
    within: In<Reading>,
    InQuery(which): InQuery<Which>,
) -> Answer<Json<Listed<PipelineLine>>> {
    let Which { branch, status, event, cursor, limit } = which;
    let paging = Paging { cursor, limit };
    let (before, limit) = (paging.cursor::<NonZeroU64>()?, paging.limit());
    let wanted = PipelineFilter { branch, status, event };
    let found = server.catalog().pipelines(&within.project.name, &wanted, before, limit).await?;
    let is_last = found.found.len() + found.set_aside.len() < limit;
    let next = found.found.last().map(|last| last.number).filter(|_| !is_last);
    Ok(Json(Listed::new(found.found.into_iter().map(PipelineLine::from).collect(), next).but_for(&found.set_aside)))
}

/// A pipeline to start.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PipelineOrder {
    /// The branch whose newest commit is meant; without branch and commit, the project's default branch.
    branch: Option<String>,
    /// The commit, by its hash or a tag.
    commit: Option<String>,
    /// Variables for this pipeline, by name.
    #[serde(default)]
    variables: BTreeMap<String, String>,
    /// Only these jobs.
    #[serde(default)]
    jobs: Vec<String>,
    /// The same key in the same project is the same pipeline: so that a call can be repeated.
    #[schema(min_length = 1, max_length = 200)]
    idempotency_key: Option<String>,
}

/// Starts a pipeline.
#[utoipa::path(post, path = "/projects/{project}/pipelines", tag = "pipelines", params(("project" = String, Path)),
    request_body = PipelineOrder, extensions(("x-needs" = json!("trigger"))),
    responses((status = 201, body = PipelineView), (status = 200, description = "It was started before under this key", body = PipelineView), Refusals))]
pub(crate) async fn start(
    State(server): State<Server>,
    within: In<Triggering>,
    Body(order): Body<PipelineOrder>,
) -> Answer<(StatusCode, Json<PipelineView>)> {
    must_be_in_use(&within.project)?;
    let key = key_of(order.idempotency_key)?;
    let (commit, branch) = commit_of(&server, &within.project, order.branch, order.commit).await?;
    let event = if within.caller.session().is_some() { TriggerEvent::Manual } else { TriggerEvent::Api };
    let variables = order.variables.into_iter().collect();
    let wanted = Wanted { event, commit, branch, variables, only_jobs: order.jobs };
    let plan = planning::plan(&server, &within.project, wanted).await.map_err(of_plan)?;
    let (accepted, view) = enqueue(&server, &within.project, plan, key).await?;
    if accepted.created {
        let action = Action::PipelineTriggered { pipeline: accepted.id, number: accepted.number };
        server.note(within.project.id, &action, &within.caller.deed()).await;
    }
    Ok((if accepted.created { StatusCode::CREATED } else { StatusCode::OK }, Json(view)))
}

/// The key of a call that may be repeated: apart from those of deliveries and of what follows pipelines, which nobody is to guess.
/// One that is empty would make all calls with it the same.
pub(super) fn key_of(given: Option<String>) -> Answer<Option<String>> {
    if given.as_deref() == Some("") {
        return Err(Problem::invalid(
            "`idempotency_key` is empty: leave it out, or give each call that is to be repeated its own",
        ));
    }
    Ok(given.map(|key| format!("api:{key}")))
}

/// The commit that is meant by a branch, a hash or a tag, or by none of them; and of which branch, where that is known.
pub(super) async fn commit_of(
    server: &Server,
    project: &ProjectRecord,
    branch: Option<String>,
    commit: Option<String>,
) -> Answer<(CommitId, Option<String>)> {
    let (reference, branch) = match (commit, branch) {
        (Some(commit), branch) => (commit, branch),
        (None, branch) => {
            let branch = branch.unwrap_or_else(|| project.settings.default_branch.clone());
            (format!("refs/heads/{branch}"), Some(branch))
        }
    };
    let commit = server.repositories().resolve(project, &reference).await;
    Ok((commit.map_err(|failure| of_source(&failure))?, branch))
}

async fn enqueue(
    server: &Server,
    project: &ProjectRecord,
    plan: Plan,
    idempotency_key: Option<String>,
) -> Answer<(Enqueued, PipelineView)> {
    let new = NewPipeline { id: PipelineId::generate(), plan, at: now(), idempotency_key };
    let accepted = server.store().enqueue(new, None).await?;
    report(server, project, accepted.id).await;
    let record = server.store().load(accepted.id).await?;
    let waiting = server.catalog().waiting(accepted.id, ALIVE).await?;
    let view = PipelineView::of(&record, waiting);
    Ok((accepted, view))
}

pub(super) fn must_be_in_use(project: &ProjectRecord) -> Answer<()> {
    if project.archived_at.is_some() {
        return Err(Problem::new(Code::Conflict, "the project is in the archive: restore it first"));
    }
    Ok(())
}

pub(super) fn of_source(failure: &Failure) -> Problem {
    match failure.kind {
        FailureKind::Internal | FailureKind::DiskFull => {
            Problem::internal("a repository cannot be read", &failure.explain())
        }
        _ if failure.retryable => Problem::new(Code::Unavailable, failure.explain()),
        _ => Problem::invalid(failure.explain()),
    }
}

pub(super) fn of_plan(error: NoPlan) -> Problem {
    match error {
        NoPlan::Source(failure) => of_source(&failure),
        NoPlan::Store(error) => error.into(),
        other => Problem::invalid(other.to_string()),
    }
}

/// The pipeline with a number, in the project that the path names.
pub(super) async fn found(
    server: &Server,
    project: &ProjectRecord,
    number: NonZeroU64,
) -> Answer<(PipelineId, PipelineRecord)> {
    let id = server.catalog().find(&project.name, number).await?;
    Ok((id, server.store().load(id).await?))
}

/// A pipeline, with its jobs, and why it waits if it does.
#[utoipa::path(get, path = "/projects/{project}/pipelines/{number}", tag = "pipelines",
    params(("project" = String, Path), ("number" = u64, Path)), extensions(("x-needs" = json!("read"))),
    responses((status = 200, body = PipelineView), Refusals))]
pub(crate) async fn show(
    State(server): State<Server>,
    within: In<Reading>,
    InPath(at): InPath<Numbered>,
) -> Answer<Json<PipelineView>> {
    let (id, record) = found(&server, &within.project, at.number).await?;
    let waiting = server.catalog().waiting(id, ALIVE).await?;
    let led_to = server.deployments().led_to_by(&within.project.name, id).await?;
    Ok(Json(PipelineView::of(&record, waiting).with_deployments(led_to)))
}

/// How a pipeline is to end.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct How {
    /// At once, and not after the grace that jobs are given.
    #[serde(default)]
    kill: bool,
}

/// Asks for the end of a pipeline. One that is over stays as it is.
#[utoipa::path(post, path = "/projects/{project}/pipelines/{number}/cancel", tag = "pipelines",
    params(("project" = String, Path), ("number" = u64, Path), How), extensions(("x-needs" = json!("trigger"))),
    responses((status = 202, body = PipelineView), Refusals))]
pub(crate) async fn cancel(
    State(server): State<Server>,
    within: In<Triggering>,
    InPath(at): InPath<Numbered>,
    InQuery(how): InQuery<How>,
) -> Answer<(StatusCode, Json<PipelineView>)> {
    let id = server.catalog().find(&within.project.name, at.number).await?;
    let level = if how.kill { CancelLevel::Kill } else { CancelLevel::Graceful };
    server.store().request_cancel(id, level, Reason::User, now()).await?;
    let action = Action::PipelineCancelled { pipeline: id };
    server.note(within.project.id, &action, &within.caller.deed()).await;
    let record = server.store().load(id).await?;
    Ok((StatusCode::ACCEPTED, Json(PipelineView::of(&record, None))))
}

/// What of a pipeline is to be run again.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Again {
    /// Only the jobs that did not succeed.
    #[serde(default)]
    failed: bool,
}

/// Runs a pipeline that is over once more, as a new one.
#[utoipa::path(post, path = "/projects/{project}/pipelines/{number}/retry", tag = "pipelines",
    params(("project" = String, Path), ("number" = u64, Path), Again), extensions(("x-needs" = json!("trigger"))),
    responses((status = 201, body = PipelineView), Refusals))]
pub(crate) async fn retry(
    State(server): State<Server>,
    within: In<Triggering>,
    InPath(at): InPath<Numbered>,
    InQuery(again): InQuery<Again>,
) -> Answer<(StatusCode, Json<PipelineView>)> {
    must_be_in_use(&within.project)?;
    let (id, record) = found(&server, &within.project, at.number).await?;
    let plan = schedule::again(record.plan, &record.state, again.failed).map_err(|why| match why {
        NotAgain::NotOver => Problem::new(Code::Conflict, format!("pipeline {}: {why}", at.number)),
        NotAgain::NoCommit | NotAgain::NothingFailed => Problem::invalid(format!("pipeline {}: {why}", at.number)),
    })?;
    let (accepted, view) = enqueue(&server, &within.project, plan, None).await?;
    let action = Action::PipelineRetried { pipeline: id, by: accepted.id };
    server.note(within.project.id, &action, &within.caller.deed()).await;
    Ok((StatusCode::CREATED, Json(view)))
}
