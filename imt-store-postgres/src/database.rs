//! A PostgreSQL database as `imt-store-sql` wants it.

use async_trait::async_trait;
use imt_store_sql::{Database, DatabaseError, DatabaseResult, Dialect, Purpose, Row, Transaction, Value};
use sqlx::{PgPool, Postgres};

use crate::convert::{query, row};
use crate::dialect::POSTGRES;
use crate::error;

/// Connections for work, and some that only leases use.
pub(crate) struct Pools {
    pub work: PgPool,
    pub leases: PgPool,
}

impl Pools {
    /// Begins a transaction in a task of its own: sqlx 0.9.0 hands out a connection in an open transaction when the future
    /// of `begin` is dropped at the wrong moment (sqlx issues 4385, 4393).
    async fn begin_with(&self, statement: &'static str) -> DatabaseResult<Box<dyn Transaction>> {
        let pool = self.work.clone();
        let begun = tokio::spawn(async move { pool.begin_with(statement).await }).await;
        let torn = |source| DatabaseError::Unavailable {
            message: "the beginning of a transaction was torn down".to_owned(),
            source: Some(Box::new(source)),
        };
        Ok(Box::new(Open(begun.map_err(torn)?.map_err(error::database)?)))
    }
}

#[async_trait]
impl Database for Pools {
    fn dialect(&self) -> &'static Dialect {
        &POSTGRES
    }

    async fn begin(&self) -> DatabaseResult<Box<dyn Transaction>> {
        self.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await
    }

    async fn snapshot(&self) -> DatabaseResult<Box<dyn Transaction>> {
        self.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await
    }

    async fn run(&self, purpose: Purpose, sql: &str, values: Vec<Value>) -> DatabaseResult<Vec<Row>> {
        let pool = match purpose {
            Purpose::Read => &self.work,
            Purpose::Lease => &self.leases,
        };
        let rows = query(sql, values).fetch_all(pool).await.map_err(error::database)?;
        rows.iter().map(row).collect::<Result<_, _>>().map_err(error::database)
    }
}

struct Open(sqlx::Transaction<'static, Postgres>);

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
