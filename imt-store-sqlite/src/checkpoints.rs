//! Checkpoints: what is in the write-ahead log is copied into the file, by a connection that reads, so that nobody who writes waits
//! for the disk to have taken a thousand pages.
//!
//! Knows nothing of what is written. Nothing is lost without it: a commit is in the log, and the writer makes checkpoints himself
//! where they fall far behind.

use std::sync::Arc;
use std::time::Duration;

use sqlx::SqlitePool;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// How many pages of the log are to be copied when a checkpoint is made: as many as SQLite has by itself.
const DUE: i64 = 1_000;
/// As many as the writer leaves to us. Where somebody always writes, the log begins anew only at a checkpoint of his: there is
/// little left to copy then.
pub(crate) const LEFT_TO_US: &str = "16000";
/// To what the file of the log is cut once it begins anew, in bytes.
pub(crate) const LOG_BYTES: &str = "16777216";
/// From a commit to the look at the log; others that come meanwhile need none of their own.
const SOON: Duration = Duration::from_millis(100);
/// Before the log is looked at again after that has failed.
const RETRY: Duration = Duration::from_secs(1);

/// Makes them until it is dropped.
pub(crate) struct Checkpoints {
    written: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Checkpoints {
    /// Begins, with connections that read.
    pub(crate) fn begin(readers: SqlitePool) -> Self {
        let written = Arc::<Notify>::default();
        let task = tokio::spawn(keep_up(readers, Arc::clone(&written)));
        Self { written, task }
    }

    /// Something was written.
    pub(crate) fn wrote(&self) {
        self.written.notify_one();
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn keep_up(readers: SqlitePool, written: Arc<Notify>) {
    loop {
        written.notified().await;
        tokio::time::sleep(SOON).await;
        // What it fails for the writer meets as well, and says; until then the log only grows.
        if copy(&readers).await.is_err() {
            tokio::time::sleep(RETRY).await;
        }
    }
}

async fn copy(readers: &SqlitePool) -> Result<(), sqlx::Error> {
    // One connection: what the other one found may be over.
    let mut connection = readers.acquire().await?;
    let look = sqlx::query_as("PRAGMA wal_checkpoint(NOOP)");
    let (_busy, in_log, copied): (i64, i64, i64) = look.fetch_one(&mut *connection).await?;
    if in_log.saturating_sub(copied) >= DUE {
        // Passive: it keeps nobody waiting, and copies what it may.
        sqlx::raw_sql("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut *connection).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};

    use super::*;

    /// In the log, and of that in the file.
    async fn counts(pool: &SqlitePool) -> (i64, i64) {
        let look = sqlx::query_as("PRAGMA wal_checkpoint(NOOP)");
        let (_, in_log, copied): (i64, i64, i64) = look.fetch_one(pool).await.unwrap();
        (in_log, copied)
    }

    #[tokio::test]
    async fn the_log_is_copied_once_it_is_long_by_one_who_only_reads() {
        let dir = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new().filename(dir.path().join("a.db")).create_if_missing(true);
        let options = options.journal_mode(SqliteJournalMode::Wal).pragma("wal_autocheckpoint", LEFT_TO_US);
        let pool =
            |options: SqliteConnectOptions| SqlitePoolOptions::new().max_connections(1).connect_lazy_with(options);
        let writer = pool(options.clone());
        sqlx::raw_sql("CREATE TABLE t (b BLOB)").execute(&writer).await.unwrap();
        let readers = pool(options.pragma("query_only", "ON"));
        copy(&readers).await.unwrap();
        let (few, copied) = counts(&writer).await;
        assert!(few < DUE && copied == 0, "{few}, {copied}");

        // Some pages more than are due.
        sqlx::raw_sql("INSERT INTO t VALUES (zeroblob(5000000))").execute(&writer).await.unwrap();
        let (many, copied) = counts(&writer).await;
        assert!(many > DUE && copied == 0, "the writer does not: {many}, {copied}");
        let checkpoints = Checkpoints::begin(readers);
        checkpoints.wrote();
        let began = Instant::now();
        while counts(&writer).await.1 < many {
            assert!(began.elapsed() < Duration::from_secs(20), "nobody copies the log");
            tokio::task::yield_now().await;
        }
        // All of it is in the file: what is written next begins the log anew.
        sqlx::raw_sql("INSERT INTO t VALUES (1)").execute(&writer).await.unwrap();
        assert!(counts(&writer).await.0 < DUE);
    }
}
