//! What is followed: a pipeline or a deployment, from where a client has come to.

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use imt_core::feed::{DeploymentFeed, DeploymentPosition, Feed, Position, Waker};
use imt_core::id::{JobIndex, ProjectName};
use imt_core::ports::StoreResult;

use super::message::Told;
use crate::state::Server;

/// How long to wait for a store that does not answer just now.
const STORE_AWAY: Duration = Duration::from_secs(1);

/// Which, and how far whoever follows it has come.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// A pipeline of the project, and the logs of these jobs alone where it is said.
    Pipeline(NonZeroU64, Position, Option<BTreeSet<JobIndex>>),
    /// A deployment of the project.
    Deployment(NonZeroU64, DeploymentPosition),
}

/// Something that is followed.
pub(super) struct Followed {
    server: Server,
    feed: Option<Either>,
    is_over: bool,
}

enum Either {
    Pipeline(Feed),
    Deployment(DeploymentFeed),
}

impl Followed {
    /// What is wanted, of a project that its follower may see.
    ///
    /// # Errors
    /// `NotFound`.
    pub(super) async fn find(server: &Server, project: &ProjectName, wanted: Wanted) -> StoreResult<Self> {
        let feed = match wanted {
            Wanted::Pipeline(number, position, jobs) => {
                let feed = pipeline(server, project, number, position).await?;
                feed.map(|feed| {
                    Either::Pipeline(match jobs {
                        Some(jobs) => feed.only_logs_of(jobs),
                        None => feed,
                    })
                })
            }
            Wanted::Deployment(number, position) => deployment(server, project, number, position).await?,
        };
        Ok(Self { server: server.clone(), feed, is_over: false })
    }

    /// What is to be told next; `None` after the last. A store that does not answer is waited for.
    ///
    /// *Cancellation*: dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Option<Told> {
        if self.is_over {
            return None;
        }
        let told = loop {
            match self.seen().await {
                Ok(Some(told)) => break told,
                Ok(None) => break Told::End,
                Err(error) if error.is_retryable() => tokio::time::sleep(STORE_AWAY).await,
                Err(error) => break Told::failed(error),
            }
        };
        self.is_over = told.is_last();
        Some(told)
    }

    async fn seen(&mut self) -> StoreResult<Option<Told>> {
        let told = match &mut self.feed {
            None => None,
            Some(Either::Pipeline(feed)) => {
                feed.next().await?.map(|seen| Told::of(seen, feed.position().clone(), self.server.written()))
            }
            Some(Either::Deployment(feed)) => feed.next().await?.map(|seen| Told::of_deployment(seen, feed.position())),
        };
        if let Some(Told::Log { bytes, .. } | Told::DeploymentLog { bytes, .. }) = &told {
            self.server.metrics().log_sent(*bytes);
        }
        Ok(told)
    }
}

/// Nothing where the last that there is to see was seen: a feed would wait for more.
async fn pipeline(
    server: &Server,
    project: &ProjectName,
    number: NonZeroU64,
    position: Position,
) -> StoreResult<Option<Feed>> {
    let id = server.catalog().find(project, number).await?;
    let is_seen = server.store().load(id).await?.state.status.is_terminal()
        && server.store().events_after(Some(id), position.event, 1).await?.is_empty();
    let feed = || Feed::sharing(Arc::clone(server.reads()), id, Waker::none(), position);
    Ok((!is_seen).then(feed))
}

async fn deployment(
    server: &Server,
    project: &ProjectName,
    number: NonZeroU64,
    position: DeploymentPosition,
) -> StoreResult<Option<Either>> {
    let store = server.deployments();
    let id = store.find(project, number).await?;
    let is_seen =
        store.load(id).await?.state.status.is_terminal() && store.events_after(id, position.event, 1).await?.is_empty();
    Ok((!is_seen).then(|| Either::Deployment(DeploymentFeed::resume(Arc::clone(store), id, position))))
}
