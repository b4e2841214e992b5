//! Connections to a file, which are lent. Not a pool of sqlx's: that asks each connection, when it is given back, whether it still
//! works, in a task of the giver's and a turn of the connection's thread, and everybody waits for that where one connection is all
//! that writes. A file has no network before it that could go away.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many connections at most, opened when they are needed first and kept.
pub(crate) struct Connections {
    options: SqliteConnectOptions,
    most: u32,
    /// How long somebody waits for one.
    within: Duration,
    room: Arc<Semaphore>,
    idle: Idle,
    /// Where the file was opened. A connection has a thread, which gets the priority of the one that starts it: it is not to be
    /// that of work which steps back, because others use the connection after it.
    home: Handle,
}

type Idle = Arc<Mutex<Vec<SqliteConnection>>>;

impl Connections {
    pub(crate) fn new(options: SqliteConnectOptions, most: u32, within: Duration) -> Self {
        let room = Arc::new(Semaphore::new(most as usize));
        Self { options, most, within, room, idle: Idle::default(), home: Handle::current() }
    }

    /// How many there are at most.
    pub(crate) fn most(&self) -> u32 {
        self.most
    }

    /// How many are lent.
    pub(crate) fn used(&self) -> u32 {
        let left = u32::try_from(self.room.available_permits()).unwrap_or(self.most);
        self.most.saturating_sub(left)
    }

    /// How long somebody waits for one.
    pub(crate) fn within(&self) -> Duration {
        self.within
    }

    /// Where the file was opened.
    pub(crate) fn home(&self) -> &Handle {
        &self.home
    }

    /// Lends one to those who ask, in their turn. One that is opened for somebody who has given up is there for the next.
    pub(crate) async fn lend(&self) -> Result<Lent, sqlx::Error> {
        let lent = async {
            let room = Arc::clone(&self.room).acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
            let connection = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let (idle, home) = (Arc::clone(&self.idle), self.home.clone());
            let mut lent = Lent { connection, is_in_use: false, idle, home, room: Some(room) };
            if lent.connection.is_some() {
                return Ok(lent);
            }
            let options = self.options.clone();
            let opened = self.home.spawn(async move {
                lent.connection = Some(options.connect().await?);
                Ok(lent)
            });
            opened.await.unwrap_or(Err(sqlx::Error::PoolClosed))
        };
        tokio::time::timeout(self.within, lent).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }
}

/// How long a connection may take to end, for which another one waits. It is in the middle of a statement, or its thread is gone.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// A connection until it is given back.
pub(crate) struct Lent {
    /// Gone once it is given back or closed.
    connection: Option<SqliteConnection>,
    /// Whether something is under way on it, or has failed.
    is_in_use: bool,
    idle: Idle,
    home: Handle,
    /// Given back after the connection is.
    room: Option<OwnedSemaphorePermit>,
}

impl Lent {
    /// The connection, to do something with. Unless that is said to have [ended well](Self::rests) nobody else is lent it: it may be
    /// in the middle of a statement that was given up, or its thread may be gone.
    pub(crate) fn in_use(&mut self) -> &mut SqliteConnection {
        self.is_in_use = true;
        self.connection.as_mut().expect("it is there until it is given back, which ends the loan")
    }

    /// What was done with it has ended well.
    pub(crate) fn rests(&mut self) {
        self.is_in_use = false;
    }

    /// Does something with it that nobody waits for, and gives it back.
    pub(crate) fn leave(mut self, sql: &'static str) {
        self.is_in_use = true;
        self.home.clone().spawn(async move {
            if sqlx::raw_sql(sql).execute(self.in_use()).await.is_ok() {
                self.rests();
            }
        });
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if !self.is_in_use {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            return;
        }
        // What it was in the middle of is undone. There is room for another one once it has ended.
        let room = self.room.take();
        self.home.spawn(async move {
            let _ended = tokio::time::timeout(ENDS_WITHIN, connection.close()).await;
            drop(room);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a connection is the one that made a table of its own.
    async fn is_the_first(connections: &Connections) -> bool {
        let mut lent = connections.lend().await.unwrap();
        let found = sqlx::query("SELECT 1 FROM temp.mine").fetch_all(lent.in_use()).await;
        if found.is_ok() {
            lent.rests();
        }
        found.is_ok()
    }

    #[tokio::test]
    async fn what_was_given_up_or_failed_is_lent_to_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new().filename(dir.path().join("a.db")).create_if_missing(true);
        let connections = Connections::new(options, 1, Duration::from_mins(1));
        for leaves in [Leaves::GivenUp, Leaves::Failed] {
            let mut lent = connections.lend().await.unwrap();
            sqlx::query("CREATE TEMP TABLE mine (a)").execute(lent.in_use()).await.unwrap();
            lent.rests();
            drop(lent);
            assert!(is_the_first(&connections).await);
            assert_eq!(connections.used(), 0);
            let mut lent = connections.lend().await.unwrap();
            assert_eq!(connections.used(), 1);
            match leaves {
                Leaves::GivenUp => drop(sqlx::query("SELECT 1").execute(lent.in_use())),
                Leaves::Failed => drop(sqlx::query("SELECT no").execute(lent.in_use()).await.unwrap_err()),
            }
            drop(lent);
            assert!(!is_the_first(&connections).await);
        }
    }

    enum Leaves {
        GivenUp,
        Failed,
    }
}
