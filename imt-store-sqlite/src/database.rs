//! A SQLite file as `imt-store-sql` wants it.

use async_trait::async_trait;
use imt_store_sql::{Database, DatabaseResult, Dialect, Purpose, Row, Transaction, Value};
use sqlx::{Sqlite, SqlitePool};

use crate::convert::{query, row};
use crate::dialect::SQLITE;
use crate::error;

/// One writer, several readers.
pub(crate) struct SqliteFile {
    pub writer: SqlitePool,
    pub readers: SqlitePool,
}

#[async_trait]
impl Database for SqliteFile {
    fn dialect(&self) -> &'static Dialect {
        &SQLITE
    }

    async fn begin(&self) -> DatabaseResult<Box<dyn Transaction>> {
        // Immediate: a transaction that reads first and writes later could otherwise be refused in its middle.
        let tx = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(error::database)?;
        Ok(Box::new(Open(tx)))
    }

    async fn begin_schema_change(&self) -> DatabaseResult<Box<dyn Transaction>> {
        self.begin().await
    }

    async fn snapshot(&self) -> DatabaseResult<Box<dyn Transaction>> {
        Ok(Box::new(Open(self.readers.begin().await.map_err(error::database)?)))
    }

    async fn run(&self, purpose: Purpose, sql: &str, values: Vec<Value>) -> DatabaseResult<Vec<Row>> {
        let rows = match purpose {
            Purpose::Read => query(sql, values).fetch_all(&self.readers).await,
            Purpose::Lease(within) => {
                let answer = tokio::time::timeout(within, query(sql, values).fetch_all(&self.writer)).await;
                answer.unwrap_or(Err(sqlx::Error::PoolTimedOut))
            }
        };
        let rows = rows.map_err(error::database)?;
        rows.iter().map(row).collect::<Result<_, _>>().map_err(error::database)
    }
}

struct Open(sqlx::Transaction<'static, Sqlite>);

#[async_trait]
impl Transaction for Open {
    async fn run(&mut self, sql: &str, values: Vec<Value>) -> DatabaseResult<Vec<Row>> {
        let rows = query(sql, values).fetch_all(&mut *self.0).await.map_err(error::database)?;
        rows.iter().map(row).collect::<Result<_, _>>().map_err(error::database)
    }

    async fn commit(self: Box<Self>) -> DatabaseResult<()> {
        self.0.commit().await.map_err(error::database)
    }
}
