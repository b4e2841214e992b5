//! Stores that the built `imt` is pointed at, and that a test looks into by itself.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use imt_core::engine::Engine;
use imt_core::id::CommitId;
use imt_core::ports::{Checkout, Failure, Source};
use imt_core::status::End;
use imt_exec_local::LocalExecutor;
use imt_store_sql::{KeyRing, SqlStore};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

use crate::imt::Home;
use crate::postgres::Schema;
use crate::services;

/// A store of the test's own.
pub enum Records {
    /// In a file of a home.
    Sqlite(PathBuf),
    /// In a schema of the database of the tests.
    Postgres(Schema),
    /// In a server of the test's own.
    Server(String),
}

impl Records {
    /// In the home's own file.
    pub fn sqlite(home: &Home) -> Self {
        Self::Sqlite(home.path().join("state/imt/store.db"))
    }

    /// In a new schema.
    pub async fn postgres() -> Self {
        Self::Postgres(Schema::new().await)
    }

    /// What `--store` is to be.
    pub fn address(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite://{}", path.display()),
            Self::Postgres(schema) => format!("{}?options[search_path]={}", services::postgres(), schema.name),
            Self::Server(url) => url.clone(),
        }
    }

    /// The same store, opened by the test.
    ///
    /// # Panics
    /// When it does not open.
    pub async fn open(&self, keys: Option<KeyRing>) -> SqlStore {
        let opened = match self {
            Self::Sqlite(path) => imt_store_sqlite::open(path, keys).await,
            Self::Postgres(_) | Self::Server(_) => {
                imt_store_postgres::open(&self.address(), imt_store_postgres::Options::default(), keys).await
            }
        };
        opened.expect("the store opens")
    }

    /// Changes its rows behind its back.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn tamper(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        let changed = match self {
            Self::Sqlite(path) => {
                let url = format!("sqlite://{}", path.display());
                let mut connection = SqliteConnection::connect(&url).await.expect("the file opens");
                sqlx::query(sql).execute(&mut connection).await.map(|done| done.rows_affected())
            }
            Self::Postgres(_) | Self::Server(_) => {
                let mut connection = PgConnection::connect(&self.address()).await.expect("the database answers");
                sqlx::query(sql).execute(&mut connection).await.map(|done| done.rows_affected())
            }
        };
        assert!(changed.expect("the statement works") > 0, "nothing was changed");
    }
}

impl Records {
    /// Whether somebody else is in the middle of writing to a file; a server keeps nobody waiting for long.
    ///
    /// # Panics
    /// When the file does not open.
    pub async fn is_being_written(&self) -> bool {
        let Self::Sqlite(path) = self else { return false };
        let options = SqliteConnectOptions::new().filename(path).busy_timeout(Duration::ZERO);
        let mut connection = SqliteConnection::connect_with(&options).await.expect("the file opens");
        let begun = sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.is_ok();
        connection.close().await.expect("the file closes");
        !begun
    }

    /// Runs a pipeline of the store to its end, as a runner would: with processes of this machine, in an empty workspace.
    ///
    /// # Panics
    /// When it cannot be run.
    pub async fn run(&self, home: &Home, keys: Option<KeyRing>, pipeline: &str) -> End {
        let store = Arc::new(self.open(keys).await);
        let executor = LocalExecutor::builder(home.path().join("executor")).build().expect("a local executor");
        let workspaces = home.path().join("workspaces");
        std::fs::create_dir_all(&workspaces).expect("a directory for workspaces");
        let engine =
            Engine::builder(Arc::new(executor), store).source(Arc::new(NoFiles)).workspace_root(workspaces).build();
        engine.drive(pipeline.parse().expect("a pipeline's id")).await.expect("the pipeline runs").end
    }
}

/// Commits without files.
struct NoFiles;

#[async_trait]
impl Source for NoFiles {
    async fn checkout(&self, _order: Checkout<'_>) -> Result<(), Failure> {
        Ok(())
    }

    async fn resolve(&self, _repository: &str, reference: &str) -> Result<CommitId, Failure> {
        Ok(CommitId::new(reference))
    }
}
