//! A PostgreSQL database as `imt-store-sql` wants it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use imt_core::ports::{Bell, Connections};
use imt_store_sql::{
    Database, DatabaseError, DatabaseResult, Dialect, Guarded, News, Purpose, Row, Transaction, Value,
};
use sqlx::postgres::PgRow;
use tokio::task::JoinHandle;

use crate::convert::row;
use crate::dialect::POSTGRES;
use crate::error;
use crate::hints::Hints;
use crate::pool::{Lent, Pool};

/// How long after the server should have ended a statement its answer is still waited for.
const MARGIN: Duration = Duration::from_secs(2);
/// How long a change of the schema may take, and the waiting for another process that is changing it.
const SCHEMA_CHANGE: Duration = Duration::from_mins(30);

/// Connections for work, and some that only leases use.
pub(crate) struct Pools {
    pub work: Arc<Pool>,
    pub leases: Arc<Pool>,
    pub hints: Hints,
    /// How long the server lets a statement run.
    pub statement_timeout: Duration,
}

impl Pools {
    fn limit(&self) -> Duration {
        self.statement_timeout + MARGIN
    }

    async fn begin_with(&self, statement: &'static str, limit: Duration) -> DatabaseResult<Box<dyn Transaction>> {
        let pool = Arc::clone(&self.work);
        // In a task, so that a caller who goes away costs no connection.
        own(async move {
            loop {
                let mut lent = pool.lend(limit).await?;
                match lent.turn(statement, true).await {
                    Err(error) if lent.had_died(&error) => {}
                    begun => return begun.map(|()| Box::new(Open(lent)) as Box<dyn Transaction>),
                }
            }
        })
        .await
    }
}

/// Work that goes on when its caller is gone, so that no connection is lost in the middle of a statement.
async fn own<T: Send + 'static>(
    work: impl Future<Output = Result<T, sqlx::Error>> + Send + 'static,
) -> DatabaseResult<T> {
    let torn = |source| DatabaseError::Unavailable {
        message: "the work on the database was torn down".to_owned(),
        source: Some(Box::new(source)),
    };
    tokio::spawn(work).await.map_err(torn)?.map_err(error::database)
}

#[async_trait]
impl Database for Pools {
    fn dialect(&self) -> &'static Dialect {
        &POSTGRES
    }

    /// The two that hints go by are not counted: nobody waits for them.
    fn connections(&self) -> Connections {
        let (work, leases) = (self.work.uses(), self.leases.uses());
        Connections { most: work.most + leases.most, used: work.used + leases.used }
    }

    async fn begin(&self) -> DatabaseResult<Box<dyn Transaction>> {
        self.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED", self.limit()).await
    }

    async fn begin_schema_change(&self) -> DatabaseResult<Box<dyn Transaction>> {
        let begin = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = '30min'; SET LOCAL lock_timeout = '30min'";
        self.begin_with(begin, SCHEMA_CHANGE).await
    }

    async fn snapshot(&self) -> DatabaseResult<Box<dyn Transaction>> {
        self.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", self.limit()).await
    }

    fn tell(&self, news: News) {
        self.hints.tell(news);
    }

    fn listen(&self, bell: Arc<Bell>) -> Option<JoinHandle<()>> {
        Some(self.hints.listen(bell))
    }

    async fn change(&self, change: Guarded) -> DatabaseResult<Option<Row>> {
        let (sql, values) = match change.in_one() {
            Ok(one) => one,
            Err(large) => return large.alone(self.begin().await?).await,
        };
        // Nothing here may be done twice, so the connection has to be one that lives. Not in a task of its own: whoever
        // changes something is in one, and each task more wakes threads for every statement.
        let mut lent = self.work.lend_alive(self.limit()).await.map_err(error::database)?;
        let answer = lent.run(&sql, values).await.and_then(|found| rows(&found));
        Ok(answer.map_err(error::database)?.into_iter().next())
    }

    async fn run(&self, purpose: Purpose, sql: &str, values: Vec<Value>) -> DatabaseResult<Vec<Row>> {
        let (pool, within) = match purpose {
            Purpose::Read | Purpose::Claim => (Arc::clone(&self.work), None),
            Purpose::Lease(within) => (Arc::clone(&self.leases), Some(within)),
        };
        let (sql, limit) = (sql.to_owned(), self.limit());
        let work = async move {
            loop {
                let mut lent = pool.lend(limit).await?;
                // What is asked here may be done twice.
                match lent.run(&sql, values.clone()).await {
                    Err(error) if lent.had_died(&error) => {}
                    answer => return answer.and_then(|found| rows(&found)),
                }
            }
        };
        match within {
            None => own(work).await,
            Some(within) => {
                let late = |_| Err(sqlx::Error::PoolTimedOut);
                own(async move { tokio::time::timeout(within, work).await.unwrap_or_else(late) }).await
            }
        }
    }
}

fn rows(found: &[PgRow]) -> Result<Vec<Row>, sqlx::Error> {
    found.iter().map(row).collect()
}

/// A transaction; dropping it rolls it back.
struct Open(Lent);

#[async_trait]
impl Transaction for Open {
    async fn run(&mut self, sql: &str, values: Vec<Value>) -> DatabaseResult<Vec<Row>> {
        let found = self.0.run(sql, values).await;
        found.and_then(|found| rows(&found)).map_err(error::database)
    }

    async fn commit(mut self: Box<Self>) -> DatabaseResult<()> {
        self.0.turn("COMMIT", false).await.map_err(error::database)
    }
}
