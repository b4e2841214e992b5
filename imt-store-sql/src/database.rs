//! How a database is reached: what an adapter implements.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use imt_core::id::Subject;
use imt_core::ports::{Bell, Connections, StoreError};
use tokio::task::JoinHandle;

use crate::dialect::Dialect;
use crate::guarded::{Guarded, Statement};
use crate::value::{Row, Value};

/// What a call to the database answers.
pub type DatabaseResult<T> = Result<T, DatabaseError>;

/// What a single statement is for. Leases must be renewed also when all else waits, so they have a way of their own. Each
/// may be done twice when a connection turns out to be dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Reading.
    Read,
    /// Claiming, which writes, and finds what it has claimed before.
    Claim,
    /// Keeping a lease alive, which writes. It is answered within so long, or fails so that it can be tried again.
    Lease(Duration),
}

/// What is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Events or logs of a pipeline or deployment.
    Of(Subject),
    /// There may be something to claim.
    Queue,
}

/// One database.
///
/// Every call has a deadline of the adapter's own and ends as `Unavailable` when it is over.
#[async_trait]
pub trait Database: Send + Sync + 'static {
    /// What this database says differently.
    fn dialect(&self) -> &'static Dialect;

    /// Begins a transaction that may write. Dropping it rolls it back.
    async fn begin(&self) -> DatabaseResult<Box<dyn Transaction>>;

    /// Begins one for a caller outside who waits for nothing else. Where writers come one after the other, it goes before those
    /// for whom nobody waits.
    async fn begin_promptly(&self) -> DatabaseResult<Box<dyn Transaction>> {
        self.begin().await
    }

    /// Begins a transaction that changes the schema: it may take, and wait for others, much longer than work may.
    async fn begin_schema_change(&self) -> DatabaseResult<Box<dyn Transaction>>;

    /// Begins a transaction that only reads and sees one state of the database throughout.
    async fn snapshot(&self) -> DatabaseResult<Box<dyn Transaction>>;

    /// How its connections are used at this moment.
    fn connections(&self) -> Connections;

    /// Tells other processes that there is something new. Never waits; what cannot be told is lost.
    fn tell(&self, _news: News) {}

    /// Rings when other processes have something new, until the task is aborted. `None`: there is no way to hear of it.
    fn listen(&self, _bell: Arc<Bell>) -> Option<JoinHandle<()>> {
        None
    }

    /// Does a guarded change, all of it or nothing; answers the guard's row. `None`: there was none, and nothing was done.
    /// After an error the outcome is unknown. To be called from work that nobody gives up half-way, as all that writes is: it
    /// would cost a connection.
    async fn change(&self, change: Guarded) -> DatabaseResult<Option<Row>> {
        change.alone(self.begin().await?).await
    }

    /// Runs one statement as a transaction of its own.
    async fn run(&self, purpose: Purpose, sql: &str, values: Vec<Value>) -> DatabaseResult<Vec<Row>>;
}

/// An open transaction.
#[async_trait]
pub trait Transaction: Send {
    /// Runs one statement; answers its rows, for a writing statement those of its `RETURNING`.
    async fn run(&mut self, sql: &str, values: Vec<Value>) -> DatabaseResult<Vec<Row>>;

    /// Runs statements one after the other, in as few turns as the database can; answers the rows of each.
    async fn run_all(&mut self, statements: Vec<Statement>) -> DatabaseResult<Vec<Vec<Row>>> {
        let mut all = Vec::new();
        for Statement { sql, values } in statements {
            all.push(self.run(&sql, values).await?);
        }
        Ok(all)
    }

    /// The same, and commits. After an error the outcome is unknown.
    async fn commit_with(mut self: Box<Self>, statements: Vec<Statement>) -> DatabaseResult<Vec<Vec<Row>>> {
        let all = self.run_all(statements).await?;
        self.commit().await?;
        Ok(all)
    }

    /// Commits. After an error the outcome is unknown.
    async fn commit(self: Box<Self>) -> DatabaseResult<()>;
}

/// What a database reports.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// There is no room left on its disk.
    #[error("{message}")]
    Full {
        /// What it said.
        message: String,
        /// The error below.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// It cannot be reached, did not answer in time, or asks to try again.
    #[error("{message}")]
    Unavailable {
        /// What it said.
        message: String,
        /// The error below.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// It refused the statement, or answered what nobody expects.
    #[error("{message}")]
    Refused {
        /// What it said.
        message: String,
        /// The error below.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

impl From<DatabaseError> for StoreError {
    fn from(error: DatabaseError) -> Self {
        match error {
            // Where output may be dropped instead, whoever appends says so.
            DatabaseError::Full { message, source } => Self::NoRoom { message, source },
            DatabaseError::Unavailable { message, source } => Self::Unavailable { message, source },
            DatabaseError::Refused { message, source } => Self::Internal { message, source },
        }
    }
}
