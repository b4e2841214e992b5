//! Copying a pipeline from the store it is driven in to another one, while it runs.
//!
//! For who drives in memory and keeps a record elsewhere: the pipeline never waits for the record. What has gathered meanwhile
//! is written together, so a record costs few transactions however many steps there are. Up to its last commit the record is
//! a true prefix; it cannot be driven on from there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::engine::error::EngineError;
use crate::engine::handle::Engine;
use crate::engine::lease::{self, LeaseState, Lost, OfPipeline};
use crate::engine::problem::chain;
use crate::engine::retry::{until_answered_or_full, until_available};
use crate::engine::task::Task;
use crate::feed::{Feed, Observation, Waker};
use crate::id::{AttemptId, PipelineId};
use crate::plan::Plan;
use crate::ports::{
    Claim, LogAppend, LogPart, LogPositions, MAX_PIECE_BYTES, NewPipeline, Store, StoreResult, StoredChunk,
};
use crate::schedule::{CancelLevel, Change, ChangeKind};

/// How long a batch gathers after its first piece.
const GATHER: Duration = Duration::from_millis(20);
/// How many bytes of log a batch has, about, at most.
const BATCH_BYTES: usize = 1 << 20;

/// Copies one pipeline.
pub struct Recorder {
    to: Arc<dyn Store>,
    claim: Claim,
    claimed_at: Instant,
}

/// What has gathered.
#[derive(Default)]
struct Batch {
    logs: BTreeMap<AttemptId, Vec<LogAppend>>,
    bytes: usize,
    ended: Vec<AttemptId>,
    changes: Vec<Change>,
    is_last: bool,
}

impl Recorder {
    /// Accepts a plan at the store of the record, in the name of an engine's instance, which holds the pipeline there to its
    /// end. Answers the pipeline as it is to be driven: its id, for [`Engine::submit_as`].
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn begin(engine: &Engine, to: Arc<dyn Store>, plan: Plan) -> Result<(Self, NewPipeline), EngineError> {
        let id = PipelineId::generate();
        let shared = &engine.shared;
        let new = NewPipeline { id, plan, at: shared.clock().now(), idempotency_key: Some(id.to_string()) };
        let claimed_at = Instant::now();
        let accepted = until_available(shared.runner.lease, || to.enqueue(new.clone(), Some(&shared.runner))).await;
        let accepted = accepted.map_err(EngineError::store("record the pipeline"))?;
        let claim = accepted.claim.ok_or(EngineError::ClaimLost(id.into()))?;
        Ok((Self { to, claim, claimed_at }, new))
    }

    /// Copies until the pipeline is over, from the store of the engine that drives it, which has to be this one. A cancel that
    /// is asked for at the record is asked for there.
    ///
    /// # Errors
    /// [`EngineError::Store`], and when the store of the record was away for a lease. The record ends where it ends then, and
    /// the pipeline goes on without.
    pub async fn run(self, engine: &Engine, waker: Waker) -> Result<(), EngineError> {
        let Self { to, claim, claimed_at } = self;
        let from = &engine.shared.store;
        let feed = Feed::new(Arc::clone(from), claim.pipeline, waker);
        let (state, lease) = watch::channel(LeaseState::default());
        let keeper =
            Task::spawn(lease::keep(OfPipeline(Arc::clone(&to), claim.clone()), claimed_at, Arc::default(), state));
        let asked = Asked::default();
        let scribe = Scribe { from: from.as_ref(), to: to.as_ref(), claim: &claim, asked: &asked };
        let result = tokio::select! {
            done = scribe.all(feed) => done.map_err(EngineError::store("write the record")),
            lost = obey(engine, claim.pipeline, lease, &asked) => Err(lost),
        };
        keeper.end().await;
        result
    }
}

/// The strongest cancel that was asked for at the record itself: it is there already.
type Asked = Mutex<Option<CancelLevel>>;

/// Hands on what is asked for at the record; ends when the claim is lost.
async fn obey(
    engine: &Engine,
    pipeline: PipelineId,
    mut lease: watch::Receiver<LeaseState>,
    asked: &Asked,
) -> EngineError {
    loop {
        let gone = lease.changed().await.is_err();
        let LeaseState { lost, control } = lease.borrow_and_update().clone();
        match lost {
            Some(Lost::Unrenewed(why)) => return EngineError::Unrenewed { of: pipeline.into(), why },
            Some(Lost::Taken) => return EngineError::ClaimLost(pipeline.into()),
            None if gone => return EngineError::ClaimLost(pipeline.into()),
            None => {}
        }
        if let Some((level, reason)) = control.cancel {
            let before = asked.lock().unwrap_or_else(PoisonError::into_inner).replace(level);
            if before.is_none_or(|before| before < level)
                && let Err(error) = engine.cancel(pipeline, level, reason).await
            {
                engine.shared.warn(&format!("a cancel that was recorded was not passed on: {}", chain(&error)));
            }
        }
    }
}

struct Scribe<'a> {
    from: &'a dyn Store,
    to: &'a dyn Store,
    claim: &'a Claim,
    asked: &'a Asked,
}

impl Scribe<'_> {
    async fn all(&self, mut feed: Feed) -> StoreResult<()> {
        let mut nth = 0;
        loop {
            let batch = self.gather(&mut feed).await?;
            let is_last = batch.is_last;
            nth += 1;
            self.write(batch, nth).await?;
            if is_last {
                return Ok(());
            }
        }
    }

    async fn gather(&self, feed: &mut Feed) -> StoreResult<Batch> {
        let mut batch = Batch::default();
        let Some(first) = feed.next().await? else {
            batch.is_last = true;
            return Ok(batch);
        };
        self.take(first, &mut batch);
        let until = Instant::now() + GATHER;
        while batch.bytes < BATCH_BYTES && !batch.is_last {
            match timeout_at(until, feed.next()).await {
                Ok(next) => match next? {
                    Some(next) => self.take(next, &mut batch),
                    None => batch.is_last = true,
                },
                Err(_) => break,
            }
        }
        Ok(batch)
    }

    fn take(&self, seen: Observation, batch: &mut Batch) {
        match seen {
            Observation::Log { attempt, chunk } => {
                batch.bytes += chunk.bytes.len();
                batch.logs.entry(attempt).or_default().extend(pieces(&chunk));
            }
            Observation::Event(event) => {
                match &event.change.kind {
                    ChangeKind::AttemptEnded { attempt, .. } => batch.ended.push(*attempt),
                    ChangeKind::PipelineEnded { .. } => batch.is_last = true,
                    ChangeKind::CancelRequested { level, .. } if self.knows_of(*level) => return,
                    _ => {}
                }
                batch.changes.push(event.change);
            }
        }
    }

    fn knows_of(&self, level: CancelLevel) -> bool {
        let asked = *self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.is_some_and(|asked| asked >= level)
    }

    /// Logs first: whoever reads the end of an attempt finds its log whole.
    async fn write(&self, batch: Batch, nth: u64) -> StoreResult<()> {
        let Batch { mut logs, ended, changes, .. } = batch;
        let mut parts = Vec::new();
        for attempt in ended {
            // One whose log was never whole has no end.
            let end = self.from.log_cursor(attempt).await?.end;
            parts.push(LogPart { attempt, pieces: logs.remove(&attempt).unwrap_or_default(), end });
        }
        parts.extend(logs.into_iter().map(|(attempt, pieces)| LogPart { attempt, pieces, end: None }));
        until_answered_or_full(|| self.to.record(self.claim, nth, &parts, &changes)).await.map(drop)
    }
}

/// A chunk as a store takes it. Where a writer would go on is nobody's business here.
fn pieces(chunk: &StoredChunk) -> impl Iterator<Item = LogAppend> + '_ {
    (0..chunk.bytes.len()).step_by(MAX_PIECE_BYTES).map(|start| {
        let end = chunk.bytes.len().min(start + MAX_PIECE_BYTES);
        LogAppend {
            offset: chunk.offset + start as u64,
            stream: chunk.stream,
            bytes: chunk.bytes.slice(start..end),
            at: chunk.at,
            raw: LogPositions::default(),
            dropped: 0,
        }
    })
}
