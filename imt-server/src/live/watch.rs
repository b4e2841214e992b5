//! One pipeline being followed for one client.

use std::num::NonZeroU64;
use std::sync::Arc;

use imt_core::directory::Scope;
use imt_core::feed::{Feed, Position, Waker};
use imt_core::id::{PipelineId, ProjectId};
use imt_core::ports::StoreError;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::message::Told;
use crate::access::{Caller, key_of};
use crate::http::{Answer, Problem};
use crate::state::Server;

/// What a client follows. Ends when it is dropped.
pub(super) struct Watched {
    project: ProjectId,
    task: AbortHandle,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watched {
    /// Begins to follow a pipeline that the caller may see.
    pub(super) async fn begin(
        server: &Server,
        caller: &Caller,
        (id, project, number): (u32, &str, NonZeroU64),
        position: Option<Position>,
        to: mpsc::Sender<Told>,
    ) -> Answer<Self> {
        let key = key_of(project).ok_or_else(Problem::not_found)?;
        let access = server.directory().access(caller.user.id, &key).await?;
        let access = access.filter(|access| caller.counts_in(access.project.id)).ok_or_else(Problem::not_found)?;
        let pipeline = server.catalog().find(&access.project.name, number).await?;
        let feed = feed(server, pipeline, position.unwrap_or_default());
        let metrics = server.metrics().clone();
        let tell = async move {
            if let Err(error) = follow(feed, id, &to, &metrics).await {
                let Problem { code, detail, .. } = Problem::from(error);
                // It is heard, or nobody is there any more.
                drop(to.send(Told::Failed { id, code, detail }).await);
            }
        };
        Ok(Self { project: access.project.id, task: tokio::spawn(tell).abort_handle() })
    }

    /// Whether the caller may still see what he follows.
    pub(super) async fn may_go_on(&self, server: &Server, caller: &Caller) -> Answer<bool> {
        let access = server.directory().access(caller.user.id, &self.project.into()).await?;
        Ok(access.is_some_and(|access| access.role.allows(Scope::Read)))
    }
}

fn feed(server: &Server, pipeline: PipelineId, position: Position) -> Feed {
    Feed::resume(Arc::clone(server.store()), pipeline, Waker::none(), position)
}

/// Tells all there is. Waits as long as the client does not take it, which costs nobody else anything.
async fn follow(
    mut feed: Feed,
    id: u32,
    to: &mpsc::Sender<Told>,
    metrics: &crate::metrics::Metrics,
) -> Result<(), StoreError> {
    loop {
        let seen = match feed.next().await {
            Ok(Some(seen)) => seen,
            Ok(None) => break,
            Err(error) if error.is_retryable() => {
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                continue;
            }
            Err(error) => return Err(error),
        };
        if let imt_core::feed::Observation::Log { chunk, .. } = &seen {
            metrics.log_sent(chunk.bytes.len());
        }
        if to.send(Told::of(id, seen, feed.position().clone())).await.is_err() {
            return Ok(());
        }
    }
    drop(to.send(Told::End { id }).await);
    Ok(())
}

/// What a client is told whom something is refused.
pub(super) fn refused(id: u32, problem: &Problem) -> Told {
    Told::Refused { id, code: problem.code, detail: problem.detail.clone() }
}
