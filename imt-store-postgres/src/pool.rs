//! Connections: as many as there may be, each lent to one user at a time, with a deadline on whatever is asked.
//!
//! Not the pool of sqlx: 0.9.0 asks the server, without a deadline, whether a connection lives each time one is given back,
//! and hands out connections in an open transaction when `begin` is dropped (sqlx issues 4385, 4393). Here nothing is asked.
//! A connection goes back when nothing is under way on it, after a rollback when it is in a transaction, and is closed in
//! every other case.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow, PgSeverity};
use sqlx::{ConnectOptions, Executor, postgres::PgDatabaseError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::convert::query;
use imt_core::ports::Connections;
use imt_store_sql::Value;

/// A connection that nobody has used for so long is not used again: what is between us may have forgotten it.
const TOO_OLD: Duration = Duration::from_mins(10);

/// A connection that nobody has used for so long may have been closed by the server.
const RESTED: Duration = Duration::from_secs(1);

/// The connections.
pub(crate) struct Pool {
    options: PgConnectOptions,
    /// How long a connection is waited for, and how long connecting may take.
    patience: Duration,
    idle: Mutex<Vec<(PgConnection, Instant)>>,
    /// The most there may be, and room for those that nobody has.
    size: u32,
    room: Arc<Semaphore>,
}

/// A connection on loan.
pub(crate) struct Lent {
    /// Gone once it is given back or closed.
    connection: Option<PgConnection>,
    state: State,
    pool: Arc<Pool>,
    /// Since when nobody has used it, if somebody has before: the server may have closed it meanwhile.
    since: Option<Instant>,
    /// How long a statement may take, the rollback as well.
    limit: Duration,
    room: Option<OwnedSemaphorePermit>,
}

/// What is under way on a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Free,
    InTransaction,
    /// A statement, or it is broken.
    Unknown,
}

impl Pool {
    pub(crate) fn new(options: PgConnectOptions, size: u32, patience: Duration) -> Arc<Self> {
        let size = size.max(1);
        let room = Arc::new(Semaphore::new(usize::try_from(size).unwrap_or(1)));
        Arc::new(Self { options, patience, idle: Mutex::default(), size, room })
    }

    /// How many there may be, and are lent at this moment.
    pub(crate) fn uses(&self) -> Connections {
        let free = u32::try_from(self.room.available_permits()).unwrap_or(u32::MAX);
        Connections { most: self.size, used: self.size.saturating_sub(free) }
    }

    pub(crate) async fn lend(self: &Arc<Self>, limit: Duration) -> Result<Lent, sqlx::Error> {
        let room = timeout(self.patience, Arc::clone(&self.room).acquire_owned()).await;
        let room = room.map_err(|_| sqlx::Error::PoolTimedOut)?.map_err(|_| sqlx::Error::PoolClosed)?;
        let (connection, since) = if let Some((connection, since)) = self.idle() {
            (connection, Some(since))
        } else {
            let connected = timeout(self.patience, self.options.connect()).await;
            (connected.map_err(|_| sqlx::Error::PoolTimedOut)??, None)
        };
        let (connection, room) = (Some(connection), Some(room));
        Ok(Lent { connection, state: State::Free, pool: Arc::clone(self), since, limit, room })
    }

    /// A connection that was alive a moment ago, for what may not be done twice.
    pub(crate) async fn lend_alive(self: &Arc<Self>, limit: Duration) -> Result<Lent, sqlx::Error> {
        loop {
            let mut lent = self.lend(limit).await?;
            if lent.since.is_none_or(|since| since.elapsed() < RESTED) {
                return Ok(lent);
            }
            match lent.turn("", false).await {
                Err(error) if lent.had_died(&error) => {}
                asked => return asked.map(|()| lent),
            }
        }
    }

    fn idle(&self) -> Option<(PgConnection, Instant)> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, since)| since.elapsed() < TOO_OLD);
        idle.pop()
    }

    fn take_back(&self, connection: PgConnection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((connection, Instant::now()));
    }
}

impl Lent {
    /// Runs a statement.
    pub(crate) async fn run(&mut self, sql: &str, values: Vec<Value>) -> Result<Vec<PgRow>, sqlx::Error> {
        let before = std::mem::replace(&mut self.state, State::Unknown);
        let connection = self.connection.as_mut().ok_or(sqlx::Error::PoolClosed)?;
        let answer = timeout(self.limit, query(sql, values).fetch_all(connection)).await;
        self.heard(before, answer.unwrap_or_else(|_| Err(silent())))
    }

    /// Runs a statement that begins or ends a transaction, or nothing, which only asks for an answer.
    pub(crate) async fn turn(&mut self, sql: &'static str, begins: bool) -> Result<(), sqlx::Error> {
        self.state = State::Unknown;
        let connection = self.connection.as_mut().ok_or(sqlx::Error::PoolClosed)?;
        let answer = timeout(self.limit, connection.execute(sqlx::raw_sql(sql))).await;
        let after = if begins { State::InTransaction } else { State::Free };
        self.heard(after, answer.unwrap_or_else(|_| Err(silent()))).map(drop)
    }

    fn heard<T>(&mut self, after: State, answer: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        if answer.as_ref().err().is_none_or(refuses_only_this) {
            self.state = after;
        }
        answer
    }

    /// Whether what failed can be tried on another connection: this one was closed while nobody used it. Only to be asked for
    /// what may be done twice.
    pub(crate) fn had_died(&self, error: &sqlx::Error) -> bool {
        let silent = matches!(error, sqlx::Error::Io(io) if io.kind() == std::io::ErrorKind::TimedOut);
        self.since.is_some() && self.state == State::Unknown && !silent
    }
}

/// Whether an error leaves the connection as it was.
fn refuses_only_this(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(refusal) = error else { return false };
    let refusal = refusal.try_downcast_ref::<PgDatabaseError>();
    refusal.is_some_and(|refusal| !matches!(refusal.severity(), PgSeverity::Fatal | PgSeverity::Panic))
}

fn silent() -> sqlx::Error {
    let kind = std::io::ErrorKind::TimedOut;
    sqlx::Error::Io(std::io::Error::new(kind, "no answer in time"))
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        match (self.state, tokio::runtime::Handle::try_current()) {
            (State::Free, _) => self.pool.take_back(connection),
            (State::InTransaction, Ok(runtime)) => {
                let (pool, limit, room, since) = (Arc::clone(&self.pool), self.limit, self.room.take(), self.since);
                let mut lent = Self { connection: Some(connection), state: State::Unknown, pool, since, limit, room };
                runtime.spawn(async move {
                    // If it fails the connection is closed, which ends the transaction as well.
                    let _closed = lent.turn("ROLLBACK", false).await;
                });
            }
            // Dropped is closed.
            _ => {}
        }
    }
}
