//! From what happens to pipelines to statuses that are to be sent.
//!
//! The store's events say which pipelines to look at, and the pipeline itself says how it stands: an event that is read twice, or
//! late, is a look too many and nothing else. Up to which event that was done is kept in the store, and written after it.

use std::collections::BTreeSet;
use std::time::Duration;

use imt_core::directory::{CommitStatuses, NewReport, ProjectKey, ProjectRecord, SecretName};
use imt_core::id::PipelineId;
use imt_core::ports::{Event, PipelineRecord, StoreError, StoreResult};
use imt_core::schedule::ChangeKind;
use imt_core::status::Status;
use imt_core::time::Timestamp;
use tokio::time::Instant;

use crate::state::Server;

/// How often the events are looked at.
const EVERY: Duration = Duration::from_secs(1);
/// How many events are read at once.
const PIECE: usize = 500;
/// After each look at a pipeline it rests for so many times as long as that took, for [`EVERY`] at most: whoever waits for an answer
/// of this server waits in the same queues, and all that happened meanwhile would come before him at once.
const RESTS: u32 = 4;

/// Queues a status for whatever happens to pipelines, until the server is to end.
pub async fn report_pipelines(server: Server) {
    loop {
        if let Err(error) = follow(&server).await {
            tracing::warn!(%error, "what happens to pipelines cannot be reported just now");
        }
        tokio::select! {
            () = server.stop().cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn follow(server: &Server) -> StoreResult<()> {
    let mut seen = server.directory().reported_events().await?;
    loop {
        let events = server.store().events_after(None, seen, PIECE).await?;
        let Some(last) = events.last().map(|event| event.id) else { return Ok(()) };
        for pipeline in with_news(&events) {
            let began = Instant::now();
            queue(server, pipeline).await?;
            tokio::select! {
                () = server.stop().cancelled() => return Ok(()),
                () = tokio::time::sleep((began.elapsed() * RESTS).min(EVERY)) => {}
            }
        }
        server.directory().set_reported_events(last).await?;
        seen = last;
    }
}

/// The pipelines that stand otherwise than before, each once: what counts is how it stands when it is looked at.
fn with_news(events: &[Event]) -> BTreeSet<PipelineId> {
    events.iter().filter(|event| is_news(event)).map(|event| event.pipeline).collect()
}

/// Whether it changes how a pipeline stands.
const fn is_news(event: &Event) -> bool {
    matches!(event.change.kind, ChangeKind::PipelineStarted | ChangeKind::PipelineEnded { .. })
}

/// Queues how a pipeline of a project stands, as far as that can be done now: for whoever has just made one. That it waits is no
/// event of the store; should it get lost, the next status takes its place.
pub(crate) async fn report(server: &Server, project: &ProjectRecord, pipeline: PipelineId) {
    let queued = async {
        if !wants_reports(server, project).await? {
            return Ok(());
        }
        let Some(record) = unless_passed_over(pipeline, server.store().load(pipeline).await)? else { return Ok(()) };
        queue_of(server, project, pipeline, &record).await
    };
    if let Err(error) = queued.await {
        tracing::warn!(%error, %pipeline, "that a pipeline waits cannot be reported");
    }
}

/// Queues how a pipeline stands, if that is anybody's business.
async fn queue(server: &Server, pipeline: PipelineId) -> StoreResult<()> {
    let Some(record) = unless_passed_over(pipeline, server.store().load(pipeline).await)? else { return Ok(()) };
    let key = ProjectKey::Name(record.plan.project.clone());
    let Some(project) = unless_passed_over(pipeline, server.directory().project(&key).await)? else { return Ok(()) };
    if wants_reports(server, &project).await? { queue_of(server, &project, pipeline, &record).await } else { Ok(()) }
}

/// Whether a project has somebody to report to.
async fn wants_reports(server: &Server, project: &ProjectRecord) -> StoreResult<bool> {
    if project.settings.repo_url.is_none() || project.settings.commit_statuses == CommitStatuses::Off {
        return Ok(false);
    }
    let secrets = server.directory().secrets(project.id).await?;
    Ok(secrets.iter().any(|secret| secret.name == SecretName::RepositoryToken))
}

async fn queue_of(
    server: &Server,
    project: &ProjectRecord,
    pipeline: PipelineId,
    record: &PipelineRecord,
) -> StoreResult<()> {
    // What came from another repository than the project has by now is none of that one's.
    if record.plan.trigger.repository != project.settings.repo_url {
        return Ok(());
    }
    let new = NewReport {
        project: project.id,
        pipeline,
        commit: record.plan.trigger.commit.clone(),
        status: record.state.status,
        at: since(record),
    };
    server.directory().queue_report(&new).await?;
    server.reports().notify_one();
    Ok(())
}

/// What is gone, or cannot be read, must not stop all others.
fn unless_passed_over<T>(pipeline: PipelineId, read: StoreResult<T>) -> StoreResult<Option<T>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(StoreError::NotFound(_)) => Ok(None),
        Err(error) if error.is_retryable() => Err(error),
        Err(error) => {
            tracing::error!(%error, %pipeline, "how a pipeline stands cannot be read, and is not reported");
            Ok(None)
        }
    }
}

/// The order in which statuses follow each other, as a time: those of different machines' clocks are no order.
fn since(record: &PipelineRecord) -> Timestamp {
    let place = match record.state.status {
        Status::Pending => 0,
        Status::Running => 1,
        _ => 2,
    };
    record.submitted_at.after(Duration::from_micros(place))
}
