//! Hints between processes, over LISTEN and NOTIFY.
//!
//! A transaction that notifies takes one lock for all of the server while it commits, so no commit of the store ever does:
//! what is new is gathered and told afterwards, by a task with a connection of its own, many at a time and never more than
//! one notification under way. What is lost with a connection is only a hint.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use imt_core::id::{DeploymentId, PipelineId, Subject};
use imt_core::ports::Bell;
use imt_store_sql::{News, Value};
use sqlx::Executor;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::pool::Pool;

const LISTEN_ON: &str = "imt";
const NOTIFY: &str = "SELECT pg_notify('imt', $1)";
/// What waits to be told at most; what is more is lost.
const MOST_WAITING: usize = 1024;
/// How many are told at once: a notification has at most 8000 bytes, a word with its comma 39.
const MOST_AT_ONCE: usize = 200;
/// Between two notifications: meanwhile more gathers.
const PAUSE: Duration = Duration::from_millis(10);
/// How long telling may take. After that it is of no use.
const TELL_WITHIN: Duration = Duration::from_secs(5);
/// A connection that has said nothing for so long is asked whether it lives.
const QUIET: Duration = Duration::from_secs(10);
/// Before another try to connect.
const RETRY: Duration = Duration::from_secs(1);
/// What is told of the queue, in the place of an id.
const QUEUE: &str = "queue";
/// What comes before the id of a deployment.
const OF_DEPLOYMENT: &str = "d:";

/// Both directions.
pub(crate) struct Hints {
    news: Sender<News>,
    connect: PgConnectOptions,
    patience: Duration,
}

impl Hints {
    /// Needs a runtime: the telling goes on in a task of its own, until this is dropped.
    pub(crate) fn new(pool: Arc<Pool>, connect: PgConnectOptions, patience: Duration) -> Self {
        let (news, waiting) = channel(MOST_WAITING);
        tokio::spawn(tell(pool, waiting));
        Self { news, connect, patience }
    }

    pub(crate) fn tell(&self, news: News) {
        // Where more waits than can be told, others look for themselves.
        let _only_a_hint = self.news.try_send(news);
    }

    pub(crate) fn listen(&self, bell: Arc<Bell>) -> JoinHandle<()> {
        let (connect, patience) = (self.connect.clone(), self.patience);
        tokio::spawn(async move {
            loop {
                if let Ok(Ok(listener)) = timeout(patience, begin(&connect, patience)).await {
                    // What came before it listened, nobody will tell again.
                    bell.ring_all();
                    hear(listener, &bell, patience).await;
                }
                sleep(RETRY).await;
            }
        })
    }
}

/// Tells what is new, until nobody can have news any more.
async fn tell(pool: Arc<Pool>, mut waiting: Receiver<News>) {
    while let Some(first) = waiting.recv().await {
        let mut words = BTreeSet::from([word(first)]);
        while words.len() < MOST_AT_ONCE
            && let Ok(more) = waiting.try_recv()
        {
            words.insert(word(more));
        }
        let words = words.into_iter().collect::<Vec<_>>().join(",");
        if notify(&pool, &words).await.is_err() {
            sleep(RETRY).await;
        }
        sleep(PAUSE).await;
    }
}

async fn notify(pool: &Arc<Pool>, words: &str) -> Result<(), sqlx::Error> {
    loop {
        let mut lent = pool.lend(TELL_WITHIN).await?;
        match lent.run(NOTIFY, vec![Value::from(words)]).await {
            Err(error) if lent.had_died(&error) => {}
            told => return told.map(drop),
        }
    }
}

fn word(news: News) -> String {
    match news {
        News::Of(Subject::Pipeline(id)) => id.to_string(),
        News::Of(Subject::Deployment(id)) => format!("{OF_DEPLOYMENT}{id}"),
        News::Queue => QUEUE.to_owned(),
    }
}

async fn begin(connect: &PgConnectOptions, patience: Duration) -> Result<PgListener, sqlx::Error> {
    let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(patience).connect_lazy_with(connect.clone());
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    listener.listen(LISTEN_ON).await?;
    Ok(listener)
}

/// Rings for what is told, until the connection is lost.
async fn hear(mut listener: PgListener, bell: &Bell, patience: Duration) {
    loop {
        match timeout(QUIET, listener.try_recv()).await {
            Ok(Ok(Some(told))) => ring(bell, told.payload()),
            Ok(Ok(None) | Err(_)) => return,
            Err(_) => {
                let lives = timeout(patience, listener.execute("SELECT 1")).await;
                if !matches!(lives, Ok(Ok(_))) {
                    return;
                }
            }
        }
    }
}

fn ring(bell: &Bell, words: &str) {
    for word in words.split(',') {
        match subject(word) {
            Some(subject) => bell.ring(subject),
            // The queue; or something of a later version, which may be anything.
            None => bell.ring_queue(),
        }
    }
}

fn subject(word: &str) -> Option<Subject> {
    match word.strip_prefix(OF_DEPLOYMENT) {
        Some(id) => id.parse::<DeploymentId>().ok().map(Subject::from),
        None => word.parse::<PipelineId>().ok().map(Subject::from),
    }
}
