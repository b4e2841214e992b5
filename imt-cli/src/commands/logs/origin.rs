//! Where logs come from: a store, or a server that has one.

use std::time::Duration;

use imt_core::feed::{Feed, Observation, Waker};
use imt_core::id::AttemptId;
use imt_core::ports::{LogFrom, LogPage, PipelineRecord, StoreResult, Waiting};

use crate::args::OnePipeline;
use crate::commands::show;
use crate::error::{CliError, Result};
use crate::records::{self, ALIVE, Found};
use crate::remote::{Remote, Told};
use crate::view::Seen;

/// What is read, and so held in memory, at a time.
pub(crate) const PAGE_BYTES: usize = 1 << 20;

/// How often to look for something new: another process writes it, and nobody rings here.
pub(crate) const POLL: Duration = Duration::from_millis(200);
/// How long a store may be away.
const PATIENCE: Duration = Duration::from_mins(1);

/// The pipeline whose logs are meant, and what has them.
pub(super) enum Origin {
    Store(Box<Found>),
    Server(Remote, Box<Seen>),
}

/// What comes, one thing after the other.
pub(super) enum Coming<'a> {
    Store(Box<Feed>),
    Server(&'a Seen, Told),
}

impl Origin {
    pub(super) async fn find(args: &OnePipeline) -> Result<Self> {
        Ok(match Remote::of(&args.server, &args.within.store)? {
            Some(remote) => {
                let seen = show::told(&remote, args).await?;
                Self::Server(remote, Box::new(seen))
            }
            None => Self::Store(Box::new(records::find(args).await?)),
        })
    }

    /// The pipeline as it stood when it was looked for.
    pub(super) const fn record(&self) -> &PipelineRecord {
        match self {
            Self::Store(found) => &found.record,
            Self::Server(_, seen) => &seen.record,
        }
    }

    /// What people call it.
    pub(super) fn name(&self) -> String {
        let record = self.record();
        format!("pipeline #{} of {}", record.number, record.plan.project)
    }

    /// What it waits for. It is only said; that it is not known now says nothing about the logs.
    pub(super) async fn waiting(&self) -> Option<Waiting> {
        match self {
            Self::Store(found) => found.records.catalog().waiting(found.id, ALIVE).await.ok().flatten(),
            Self::Server(_, seen) => seen.waiting.clone(),
        }
    }

    /// Some of a log.
    pub(super) async fn read(&self, attempt: AttemptId, from: LogFrom) -> Result<LogPage> {
        match self {
            Self::Store(found) => {
                let page = found.records.store().read_log(attempt, from, PAGE_BYTES).await;
                page.map_err(CliError::store("read the log"))
            }
            Self::Server(remote, seen) => {
                remote.log(&seen.record.plan.project, seen.record.number.get(), attempt, from).await
            }
        }
    }

    /// What comes, from the beginning.
    pub(super) fn follow(&self) -> Coming<'_> {
        match self {
            Self::Store(found) => {
                let feed = Feed::new(found.records.store(), found.id, Waker::none()).with_poll_interval(POLL);
                Coming::Store(Box::new(feed))
            }
            Self::Server(remote, seen) => {
                let told = remote.follow_pipeline(&seen.record.plan.project, seen.record.number.get());
                Coming::Server(seen, told)
            }
        }
    }
}

impl Coming<'_> {
    /// The next thing to see; `None` after the end.
    pub(super) async fn next(&mut self) -> Result<Option<Observation>> {
        match self {
            Self::Store(feed) => patiently(async || feed.next().await).await,
            Self::Server(seen, told) => told.pipeline(seen.record.state.id).await,
        }
    }
}

/// The next thing to see, also from a store that is away for a moment.
pub(crate) async fn patiently<T>(mut next: impl AsyncFnMut() -> StoreResult<T>) -> Result<T> {
    let since = tokio::time::Instant::now();
    loop {
        match next().await {
            Err(error) if error.is_retryable() && since.elapsed() < PATIENCE => tokio::time::sleep(POLL).await,
            seen => return seen.map_err(CliError::store("read on")),
        }
    }
}
