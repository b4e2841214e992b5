//! Reading a pipeline's events and logs as one stream.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::shared::SharedReads;
use super::wake::Waker;
use crate::id::{AttemptId, JobIndex, PipelineId};
use crate::ports::{Event, EventId, Store, StoreResult, StoredChunk};
use crate::schedule::ChangeKind;

/// Events fetched at a time.
pub(super) const EVENT_PAGE: usize = 256;
/// Bytes of log fetched at a time: what a feed holds in memory, about.
pub(super) const LOG_PAGE_BYTES: usize = 256 * 1024;
/// How often to look when nobody rings.
pub(super) const POLL: Duration = Duration::from_millis(500);

/// One thing that is to be seen of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// A committed change.
    Event(Event),
    /// A piece of an attempt's log.
    Log {
        /// Whose.
        attempt: AttemptId,
        /// The piece.
        chunk: StoredChunk,
    },
}

/// How far a reader has come: what [`Feed::resume`] goes on from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Position {
    /// The last event seen.
    pub event: EventId,
    /// Attempts begun and not yet ended at that event, each with the first byte of its log not seen yet. One that is here before
    /// its beginning was seen is read from that byte on.
    #[serde(with = "open_logs")]
    pub logs: BTreeMap<AttemptId, u64>,
}

/// A reader of one pipeline.
///
/// Events come in commit order. An attempt's log comes whole between its `AttemptCreated` and its `AttemptEnded`; logs
/// of attempts that run side by side are interleaved as they are stored. After `PipelineEnded` the feed is at its end. Logs of
/// jobs that are [not wanted](Self::only_logs_of) are not read.
pub struct Feed {
    reads: Arc<SharedReads>,
    pipeline: PipelineId,
    waker: Waker,
    poll: Duration,
    position: Position,
    /// Whose logs are read; `None`: those of all jobs.
    jobs: Option<BTreeSet<JobIndex>>,
    /// Fetched, not yet given out.
    events: VecDeque<Event>,
    /// Fetched, not yet given out; all of one attempt.
    chunks: VecDeque<(AttemptId, StoredChunk)>,
    /// The attempt whose log was read last, so that the others get their turn.
    last_read: Option<AttemptId>,
    look: Look,
    ended: bool,
}

/// What others have found missing counts as missing for as long.
const RECENT: Duration = Duration::from_millis(250);

/// How it is looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// There is more, most likely: what others saw lately will do, and if that is nothing it is looked again.
    Reading,
    /// There may be something that nobody has seen: it is looked for from now on.
    Waiting,
    /// Nobody has rung: what others saw lately will do.
    Polling,
}

impl Feed {
    /// A reader from the very beginning.
    pub fn new(store: Arc<dyn Store>, pipeline: PipelineId, waker: Waker) -> Self {
        Self::resume(store, pipeline, waker, Position::default())
    }

    /// A reader that goes on where another one stopped. A position may come from anywhere: what it says of other pipelines' logs is
    /// left out, so that whoever may see one pipeline reads no other one with it.
    pub fn resume(store: Arc<dyn Store>, pipeline: PipelineId, waker: Waker, position: Position) -> Self {
        Self::sharing(Arc::new(SharedReads::alone(store)), pipeline, waker, position)
    }

    /// A reader that shares what it reads with others.
    pub fn sharing(reads: Arc<SharedReads>, pipeline: PipelineId, mut waker: Waker, mut position: Position) -> Self {
        waker.hear(reads.store().bell(), pipeline);
        position.logs.retain(|attempt, _| attempt.pipeline == pipeline);
        let look = if reads.is_shared() { Look::Reading } else { Look::Waiting };
        Self {
            reads,
            look,
            pipeline,
            waker,
            poll: POLL,
            position,
            jobs: None,
            events: VecDeque::new(),
            chunks: VecDeque::new(),
            last_read: None,
            ended: false,
        }
    }

    /// The same feed, looking this often when nobody rings.
    #[must_use]
    pub const fn with_poll_interval(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// The same feed, with the logs of these jobs alone, and all events. The position still says how far each log was seen, so that
    /// another feed can go on with logs that were left out; but not with those of attempts that have ended meanwhile.
    #[must_use]
    pub fn only_logs_of(mut self, jobs: impl IntoIterator<Item = JobIndex>) -> Self {
        self.jobs = Some(jobs.into_iter().collect());
        self
    }

    /// The same feed, deaf to all but this waker.
    #[cfg(test)]
    pub(super) fn hearing_only(mut self, waker: Waker) -> Self {
        self.waker = waker;
        self
    }

    /// How far this reader has come: after everything that [`next`](Self::next) has given out.
    pub const fn position(&self) -> &Position {
        &self.position
    }

    /// The next thing to see; waits for it. `None` once the pipeline has ended and all of it was given out.
    ///
    /// *Cancellation*: dropping the future loses nothing.
    ///
    /// # Errors
    /// Those of the store. The feed stays where it is, so a retryable one may be tried again.
    pub async fn next(&mut self) -> StoreResult<Option<Observation>> {
        loop {
            if let Some((attempt, chunk)) = self.chunks.pop_front() {
                self.position.logs.insert(attempt, chunk.offset + chunk.bytes.len() as u64);
                return Ok(Some(Observation::Log { attempt, chunk }));
            }
            if self.ended {
                return Ok(None);
            }
            let since = self.begin_look();
            if self.events.is_empty() {
                let page = self.reads.events(self.pipeline, self.position.event, since).await?;
                self.events.extend(page.iter().cloned());
            }
            if let Some(event) = self.events.front() {
                // Everything its logs hold goes first; they are whole by now, but were not, maybe, when others looked.
                let mut blocking = must_be_drained(&event.change.kind, &self.position);
                blocking.retain(|attempt| self.wants(*attempt));
                if !self.read_first_of(blocking, Instant::now()).await?
                    && let Some(event) = self.events.pop_front()
                {
                    self.pass(&event);
                    return Ok(Some(Observation::Event(event)));
                }
                continue;
            }
            if !self.read_first_of(self.open_in_turn(), since).await? {
                self.found_nothing().await;
            }
        }
    }

    /// Since when somebody has to have looked.
    fn begin_look(&mut self) -> Instant {
        let (now, has_rung) = (Instant::now(), self.waker.rearm());
        if has_rung && self.look == Look::Polling {
            self.look = Look::Waiting;
        }
        match self.look {
            Look::Waiting => now,
            Look::Reading | Look::Polling => now.checked_sub(RECENT).unwrap_or(now),
        }
    }

    /// There may be more where there was something.
    fn found(&mut self) {
        if self.reads.is_shared() {
            self.look = Look::Reading;
        }
    }

    /// Looks anew, or waits until there may be something.
    async fn found_nothing(&mut self) {
        let is_to_wait = self.look != Look::Reading;
        let has_rung = is_to_wait && self.waker.wait(self.poll).await;
        self.look = if is_to_wait && !has_rung && self.reads.is_shared() { Look::Polling } else { Look::Waiting };
    }

    /// Fetches a page of the first of these logs that has something new; that one has not is no older than `since`. Says whether
    /// there was one.
    async fn read_first_of(&mut self, attempts: Vec<AttemptId>, since: Instant) -> StoreResult<bool> {
        for attempt in attempts {
            let from = self.position.logs.get(&attempt).copied().unwrap_or(0);
            let page = self.reads.log(attempt, from, since).await?;
            if !page.is_empty() {
                self.chunks.extend(page.iter().map(|chunk| (attempt, chunk.clone())));
                self.last_read = Some(attempt);
                self.found();
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether an attempt's log is read at all.
    fn wants(&self, attempt: AttemptId) -> bool {
        self.jobs.as_ref().is_none_or(|jobs| jobs.contains(&attempt.job))
    }

    /// The attempts at work whose logs are read, beginning after the one read last.
    fn open_in_turn(&self) -> Vec<AttemptId> {
        let mut open: Vec<_> = self.position.logs.keys().copied().filter(|attempt| self.wants(*attempt)).collect();
        let next = self.last_read.map_or(0, |last| open.partition_point(|attempt| *attempt <= last));
        open.rotate_left(next);
        open
    }

    /// Notes that an event is given out.
    fn pass(&mut self, event: &Event) {
        self.found();
        self.position.event = event.id;
        match &event.change.kind {
            ChangeKind::AttemptCreated { attempt } => {
                self.position.logs.entry(*attempt).or_insert(0);
            }
            ChangeKind::AttemptEnded { attempt, .. } => {
                self.position.logs.remove(attempt);
            }
            ChangeKind::PipelineEnded { .. } => {
                self.position.logs.clear();
                self.ended = true;
            }
            _ => {}
        }
    }
}

/// The logs that must have been given out whole before this event is.
fn must_be_drained(kind: &ChangeKind, position: &Position) -> Vec<AttemptId> {
    match kind {
        ChangeKind::AttemptEnded { attempt, .. } if position.logs.contains_key(attempt) => vec![*attempt],
        ChangeKind::PipelineEnded { .. } => position.logs.keys().copied().collect(),
        _ => Vec::new(),
    }
}

/// Attempt ids as text, because JSON has no other map keys.
mod open_logs {
    use std::collections::BTreeMap;

    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::id::AttemptId;

    pub(super) fn serialize<S: Serializer>(logs: &BTreeMap<AttemptId, u64>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(logs.iter().map(|(attempt, offset)| (attempt.to_string(), offset)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<AttemptId, u64>, D::Error> {
        let texts = BTreeMap::<String, u64>::deserialize(from)?;
        texts.into_iter().map(|(attempt, offset)| Ok((attempt.parse().map_err(D::Error::custom)?, offset))).collect()
    }
}
