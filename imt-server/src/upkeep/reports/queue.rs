//! From what happens to pipelines to statuses that are to be sent.
//!
//! The store's events say which pipelines to look at, and the pipeline itself says how it stands: an event that is read twice, or
//! late, is a look too many and nothing else. Up to which event that was done is kept in the store, and written after it.

use std::time::Duration;

use imt_core::directory::{CommitStatuses, NewReport, ProjectKey, SecretName};
use imt_core::id::PipelineId;
use imt_core::ports::{Event, PipelineRecord, StoreError, StoreResult};
use imt_core::schedule::ChangeKind;
use imt_core::status::Status;
use imt_core::time::Timestamp;

use crate::state::Server;

/// How often the events are looked at.
const EVERY: Duration = Duration::from_secs(1);
/// How many events are read at once.
const PIECE: usize = 500;

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
    while !server.stop().is_cancelled() {
        let events = server.store().events_after(None, seen, PIECE).await?;
        let Some(last) = events.last().map(|event| event.id) else { break };
        for event in events.iter().filter(|event| is_news(event)) {
            queue(server, event.pipeline).await?;
        }
        server.directory().set_reported_events(last).await?;
        seen = last;
    }
    Ok(())
}

/// Whether it changes how a pipeline stands.
const fn is_news(event: &Event) -> bool {
    matches!(event.change.kind, ChangeKind::PipelineStarted | ChangeKind::PipelineEnded { .. })
}

/// Queues how a pipeline stands, as far as that can be done now: for whoever has just made one. That it waits is no event of the
/// store; should it get lost, the next status takes its place.
pub(crate) async fn report(server: &Server, pipeline: PipelineId) {
    if let Err(error) = queue(server, pipeline).await {
        tracing::warn!(%error, %pipeline, "that a pipeline waits cannot be reported");
    }
}

/// Queues how a pipeline stands, if that is anybody's business.
async fn queue(server: &Server, pipeline: PipelineId) -> StoreResult<()> {
    let record = match server.store().load(pipeline).await {
        Ok(record) => record,
        Err(error) => return passed_over(pipeline, error),
    };
    let directory = server.directory();
    let project = match directory.project(&ProjectKey::Name(record.plan.project.clone())).await {
        Ok(project) => project,
        Err(error) => return passed_over(pipeline, error),
    };
    // What came from another repository than the project has by now is none of that one's.
    let is_its_own = record.plan.trigger.repository == project.settings.repo_url && project.settings.repo_url.is_some();
    if !is_its_own || project.settings.commit_statuses == CommitStatuses::Off {
        return Ok(());
    }
    let secrets = directory.secrets(project.id).await?;
    if !secrets.iter().any(|secret| secret.name == SecretName::RepositoryToken) {
        return Ok(());
    }
    let new = NewReport {
        project: project.id,
        pipeline,
        commit: record.plan.trigger.commit.clone(),
        status: record.state.status,
        at: since(&record),
    };
    directory.queue_report(&new).await?;
    server.reports().notify_one();
    Ok(())
}

/// What is gone, or cannot be read, must not stop all others.
fn passed_over(pipeline: PipelineId, error: StoreError) -> StoreResult<()> {
    match error {
        StoreError::NotFound(_) => Ok(()),
        error if error.is_retryable() => Err(error),
        error => {
            tracing::error!(%error, %pipeline, "how a pipeline stands cannot be read, and is not reported");
            Ok(())
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
