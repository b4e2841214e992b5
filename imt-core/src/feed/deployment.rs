//! Reading a deployment's events and its log as one stream.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::reader::{EVENT_PAGE, LOG_PAGE_BYTES, POLL};
use super::wake::Waker;
use crate::deploy::machine::ChangeKind;
use crate::id::DeploymentId;
use crate::ports::{DeploymentEvent, DeploymentStore, EventId, LogFrom, StoreResult, StoredChunk};

/// One thing that is to be seen of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeploymentObservation {
    /// A committed change.
    Event(DeploymentEvent),
    /// A piece of its log.
    Log(StoredChunk),
}

/// How far a reader has come: what [`DeploymentFeed::resume`] goes on from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DeploymentPosition {
    /// The last event seen.
    pub event: EventId,
    /// The first byte of the log not seen yet.
    pub log: u64,
}

/// A reader of one deployment.
///
/// Events come in commit order, the log whole and in order; between each other by their times, as well as those are known.
/// The log is whole before the deployment's end, and after that the feed is at its own.
pub struct DeploymentFeed {
    store: Arc<dyn DeploymentStore>,
    deployment: DeploymentId,
    waker: Waker,
    poll: Duration,
    position: DeploymentPosition,
    /// Fetched, not yet given out.
    events: VecDeque<DeploymentEvent>,
    /// Fetched, not yet given out.
    chunks: VecDeque<StoredChunk>,
    /// The log was read to where it stood when the events were fetched.
    has_log: bool,
    ended: bool,
}

impl DeploymentFeed {
    /// A reader from the very beginning.
    pub fn new(store: Arc<dyn DeploymentStore>, deployment: DeploymentId) -> Self {
        Self::resume(store, deployment, DeploymentPosition::default())
    }

    /// A reader that goes on where another one stopped.
    pub fn resume(store: Arc<dyn DeploymentStore>, deployment: DeploymentId, position: DeploymentPosition) -> Self {
        let mut waker = Waker::none();
        waker.hear(store.bell(), deployment);
        let (events, chunks) = (VecDeque::new(), VecDeque::new());
        Self { store, deployment, waker, poll: POLL, position, events, chunks, has_log: false, ended: false }
    }

    /// The same feed, looking this often when nobody rings.
    #[must_use]
    pub const fn with_poll_interval(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// How far this reader has come: after everything that [`next`](Self::next) has given out.
    pub const fn position(&self) -> DeploymentPosition {
        self.position
    }

    /// The next thing to see; waits for it. `None` once the deployment has ended and all of it was given out.
    ///
    /// *Cancellation*: dropping the future loses nothing.
    ///
    /// # Errors
    /// Those of the store. The feed stays where it is, so a retryable one may be tried again.
    pub async fn next(&mut self) -> StoreResult<Option<DeploymentObservation>> {
        loop {
            if self.ended {
                return Ok(None);
            }
            self.waker.rearm();
            self.fetch().await?;
            if let Some(chunk) = self.chunks.pop_front_if(|chunk| comes_before(chunk, self.events.front())) {
                self.position.log = chunk.offset + chunk.bytes.len() as u64;
                return Ok(Some(DeploymentObservation::Log(chunk)));
            }
            if let Some(event) = self.events.pop_front() {
                self.position.event = event.id;
                self.ended = is_end(&event);
                return Ok(Some(DeploymentObservation::Event(event)));
            }
            self.waker.wait(self.poll).await;
        }
    }

    /// Fetches what there is nothing left of; the log after the events, so that all is there that was written before them.
    async fn fetch(&mut self) -> StoreResult<()> {
        if self.events.is_empty() {
            let page = self.store.events_after(self.deployment, self.position.event, EVENT_PAGE).await?;
            self.has_log = false;
            self.events.extend(page);
        }
        if self.chunks.is_empty() && !self.has_log {
            let from = LogFrom::Offset(self.position.log);
            let page = self.store.read_log(self.deployment, from, LOG_PAGE_BYTES).await?;
            self.has_log = page.chunks.is_empty();
            self.chunks.extend(page.chunks);
        }
        Ok(())
    }
}

/// Whether a piece of the log is given out before an event. Everything in it comes before the end.
fn comes_before(chunk: &StoredChunk, event: Option<&DeploymentEvent>) -> bool {
    event.is_none_or(|event| is_end(event) || chunk.at <= event.change.at)
}

fn is_end(event: &DeploymentEvent) -> bool {
    matches!(event.change.kind, ChangeKind::Ended { .. })
}
