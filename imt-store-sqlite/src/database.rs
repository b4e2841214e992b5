//! A SQLite file as `imt-store-sql` wants it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use imt_core::ports::{Bell, Connections as Usage};
use imt_store_sql::{Database, DatabaseResult, Dialect, Purpose, Row, Statement, Transaction, Value, together};
use sqlx::{Either, Executor as _};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::JoinHandle;

use crate::connections::{Connections, Lent};
use crate::convert::{query, row};
use crate::dialect::SQLITE;
use crate::error;

/// Held by whoever has the writer in the usual way.
type Turn = OwnedMutexGuard<()>;

/// One writer, several readers.
pub(crate) struct SqliteFile {
    writer: Connections,
    readers: Arc<Connections>,
    /// Held by whoever waits for the writer, or has it, in the usual way: so there is at most one of them before somebody who
    /// needs it promptly, and what works in the background does not keep callers waiting.
    usual: Arc<Mutex<()>>,
}

impl SqliteFile {
    pub(crate) fn new(writer: Connections, readers: Connections) -> Self {
        Self { writer, readers: Arc::new(readers), usual: Arc::default() }
    }

    async fn open(
        &self,
        from: &Connections,
        begin: &'static str,
        turn: Option<Turn>,
    ) -> DatabaseResult<Box<dyn Transaction>> {
        let connection = from.lend().await.map_err(error::database)?;
        Ok(Box::new(Open { connection: Some(connection), is_in: In::Nothing(begin), _turn: turn }))
    }

    async fn turn(&self) -> DatabaseResult<Turn> {
        let turn = tokio::time::timeout(self.writer.within(), Arc::clone(&self.usual).lock_owned());
        turn.await.map_err(|_| error::database(sqlx::Error::PoolTimedOut))
    }
}

#[async_trait]
impl Database for SqliteFile {
    fn dialect(&self) -> &'static Dialect {
        &SQLITE
    }

    async fn begin(&self) -> DatabaseResult<Box<dyn Transaction>> {
        self.open(&self.writer, WRITING, Some(self.turn().await?)).await
    }

    async fn begin_promptly(&self) -> DatabaseResult<Box<dyn Transaction>> {
        self.open(&self.writer, WRITING, None).await
    }

    async fn begin_schema_change(&self) -> DatabaseResult<Box<dyn Transaction>> {
        self.begin().await
    }

    async fn snapshot(&self) -> DatabaseResult<Box<dyn Transaction>> {
        self.open(&self.readers, "BEGIN", None).await
    }

    fn connections(&self) -> Usage {
        let all = [&self.writer, &*self.readers];
        Usage { most: all.map(Connections::most).iter().sum(), used: all.map(Connections::used).iter().sum() }
    }

    /// Other processes have no way to tell, but the file can be asked cheaply whether anybody has written to it.
    fn listen(&self, bell: Arc<Bell>) -> Option<JoinHandle<()>> {
        let readers = Arc::clone(&self.readers);
        // Others wait for what it hears.
        Some(self.writer.home().spawn(async move {
            loop {
                // What it fails for others say, too; it only costs the hints.
                let _lost = hear(&readers, &bell).await;
                tokio::time::sleep(RETRY).await;
            }
        }))
    }

    async fn run(&self, purpose: Purpose, sql: &str, values: Vec<Value>) -> DatabaseResult<Vec<Row>> {
        let one = async |from: &Connections| {
            let mut connection = from.lend().await?;
            answers(&mut connection, sql, values, 1).await
        };
        let rows = match purpose {
            Purpose::Read => one(&self.readers).await,
            Purpose::Claim => {
                let _turn = self.turn().await?;
                one(&self.writer).await
            }
            Purpose::Lease(within) => {
                let answer = tokio::time::timeout(within, one(&self.writer)).await;
                answer.unwrap_or(Err(sqlx::Error::PoolTimedOut))
            }
        };
        rows.map(|all| all.into_iter().flatten().collect()).map_err(error::database)
    }
}

/// Immediate: a transaction that reads first and writes later could otherwise be refused in its middle.
const WRITING: &str = "BEGIN IMMEDIATE";
/// Between two looks at the file, while somebody listens.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Before the file is looked at again after that has failed.
const RETRY: Duration = Duration::from_secs(1);

async fn hear(readers: &Connections, bell: &Bell) -> Result<(), sqlx::Error> {
    // The number is one connection's own: it changes when any other has committed.
    let mut connection = readers.lend().await?;
    let mut seen = None;
    loop {
        // Who only waits for work looks for itself, once in a while: that must cost an idle host nothing.
        if bell.is_followed() {
            let version: i64 = sqlx::query_scalar("PRAGMA data_version").fetch_one(connection.in_use()).await?;
            connection.rests();
            if seen.replace(version).is_some_and(|before| before != version) {
                bell.ring_all();
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// A transaction, which begins with its first statement: each turn of the thread that has the connection costs a writer's time,
/// most of all where whoever waits for it waits for a processor as well. Not that of sqlx: SQLite ends a transaction by itself
/// when the disk is full or cannot be read, and 0.9.0 then takes the connection for one in a transaction for ever.
struct Open {
    /// Gone once it is given back.
    connection: Option<Lent>,
    is_in: In,
    /// Given back after the connection is.
    _turn: Option<Turn>,
}

/// What a connection is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum In {
    /// Nothing yet; this begins its transaction.
    Nothing(&'static str),
    Transaction,
    /// A statement is under way or has failed: nobody knows.
    Doubt,
    /// Nothing any more.
    Over,
}

impl Open {
    /// Runs statements in one turn, after what begins the transaction if need be; answers the rows of each.
    async fn turn(&mut self, statements: Vec<Statement>, then: In) -> DatabaseResult<Vec<Vec<Row>>> {
        let connection = self.connection.as_mut().ok_or_else(|| error::database(sqlx::Error::PoolClosed))?;
        let begin = match self.is_in {
            In::Nothing(begin) => Some(Statement::new(begin, Vec::new())),
            In::Transaction => None,
            // Whatever came next would be no part of a transaction.
            In::Doubt | In::Over => {
                return Err(error::database(sqlx::Error::Protocol(
                    "the transaction has failed, or is over".to_owned(),
                )));
            }
        };
        let begins = usize::from(begin.is_some());
        let (least, (sql, values)) =
            (begins + statements.len(), together(begin.into_iter().chain(statements).collect()));
        self.is_in = In::Doubt;
        let mut all = answers(connection, &sql, values, least).await.map_err(error::database)?;
        self.is_in = then;
        all.drain(..begins);
        Ok(all)
    }
}

/// What statements answer, so many of them or more: where the connection's thread is gone they end early, without an error.
async fn answers(
    connection: &mut Lent,
    sql: &str,
    values: Vec<Value>,
    least: usize,
) -> Result<Vec<Vec<Row>>, sqlx::Error> {
    let (mut all, mut rows) = (Vec::new(), Vec::new());
    let mut answers = connection.in_use().fetch_many(query(sql, values));
    while let Some(answer) = answers.try_next().await? {
        match answer {
            Either::Left(_over) => all.push(std::mem::take(&mut rows)),
            Either::Right(found) => rows.push(row(&found)?),
        }
    }
    drop(answers);
    if all.len() < least {
        return Err(sqlx::Error::WorkerCrashed);
    }
    connection.rests();
    Ok(all)
}

#[async_trait]
impl Transaction for Open {
    async fn run(&mut self, sql: &str, values: Vec<Value>) -> DatabaseResult<Vec<Row>> {
        let rows = self.turn(vec![Statement::new(sql, values)], In::Transaction).await?;
        // A text may be of several statements.
        Ok(rows.into_iter().flatten().collect())
    }

    async fn run_all(&mut self, statements: Vec<Statement>) -> DatabaseResult<Vec<Vec<Row>>> {
        self.turn(statements, In::Transaction).await
    }

    async fn commit_with(mut self: Box<Self>, mut statements: Vec<Statement>) -> DatabaseResult<Vec<Vec<Row>>> {
        statements.push(Statement::new("COMMIT", Vec::new()));
        let mut all = self.turn(statements, In::Over).await?;
        all.pop();
        Ok(all)
    }

    async fn commit(self: Box<Self>) -> DatabaseResult<()> {
        self.commit_with(Vec::new()).await.map(|_| ())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // In doubt the connection is closed, which ends a transaction as well.
        if let (In::Transaction, Some(connection)) = (self.is_in, self.connection.take()) {
            connection.leave("ROLLBACK");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::{Pin, pin};
    use std::task::{Context, Waker};

    use sqlx::sqlite::SqliteConnectOptions;

    use super::*;

    fn waits<F: Future>(future: Pin<&mut F>) -> bool {
        future.poll(&mut Context::from_waker(Waker::noop())).is_pending()
    }

    async fn end(open: DatabaseResult<Box<dyn Transaction>>) {
        open.unwrap().commit().await.unwrap();
    }

    #[tokio::test]
    async fn who_needs_the_writer_promptly_waits_for_one_other_at_most() {
        let dir = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new().filename(dir.path().join("a.db")).create_if_missing(true);
        let one = || Connections::new(options.clone(), 1, Duration::from_mins(1));
        let file = SqliteFile::new(one(), one());
        let held = file.begin().await;
        let (mut first, mut second) = (pin!(file.begin()), pin!(file.begin()));
        assert!(waits(first.as_mut()) && waits(second.as_mut()));
        let mut prompt = pin!(file.begin_promptly());
        assert!(waits(prompt.as_mut()));
        end(held).await;
        assert!(waits(first.as_mut()) && waits(second.as_mut()), "who came later goes before them");
        let prompt = prompt.await;
        assert!(waits(first.as_mut()), "one writes");
        end(prompt).await;
        let first = first.await;
        let mut prompt = pin!(file.begin_promptly());
        assert!(waits(prompt.as_mut()) && waits(second.as_mut()));
        end(first).await;
        end(prompt.await).await;
        end(second.await).await;
    }
}
