//! Opening a file.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use imt_store_sql::{DatabaseError, KeyRing, OpenError, SqlStore, check_keys, migrate};
use rustix::fs::{Access, access};
use rustix::io::Errno;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use crate::connections::Connections;
use crate::database::SqliteFile;
use crate::error::code;

/// Earlier versions can corrupt a file in WAL mode that two connections write to (fixed in 3.51.3, "WAL-reset bug").
const OLDEST: (u32, u32, u32) = (3, 51, 3);
/// How long a write waits for another process's.
pub(crate) const BUSY: Duration = Duration::from_secs(10);
/// One of them only looks for what other processes have written, while somebody waits for that.
const READERS: u32 = 5;
/// How many statements the writer keeps prepared.
const WRITERS_STATEMENTS: usize = 256;
/// Between two tries to open a file that others are making.
const PAUSE: Duration = Duration::from_millis(20);
const LOCKED: &str = "another process is using it: try again, or end that process";

/// Opens a store in a file, which is made if it is not there; its directory must be. What is written through it runs on the runtime
/// that this is called in, which has to go on for as long as the store is used.
///
/// # Errors
/// [`OpenError`], with what is wrong and what to do.
pub async fn open(path: &Path, keys: Option<KeyRing>) -> Result<SqlStore, OpenError> {
    open_with(path, keys, Durability::Machine).await
}

/// What it is that acknowledged writes survive, whatever else happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process at any moment. A loss of power may take the last moments; the file stays sound.
    Process,
    /// That of the machine, too: each commit waits for the disk.
    Machine,
}

/// The same, with the durability of what is written through it.
///
/// # Errors
/// [`OpenError`], with what is wrong and what to do.
pub async fn open_with(path: &Path, keys: Option<KeyRing>, durability: Durability) -> Result<SqlStore, OpenError> {
    let at = path.display().to_string();
    let deadline = Instant::now() + BUSY;
    loop {
        // Switching a new file to WAL, as the first of several processes does, makes the others fail without any waiting.
        match try_open(path, &at, keys.clone(), durability).await {
            Err(OpenError::Refused { help: LOCKED, .. }) if Instant::now() < deadline => {}
            opened => return opened,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Makes the file, which holds secrets and logs, for its owner alone; SQLite gives the files beside it the same mode.
fn make(path: &Path) {
    // What is there, or cannot be made, SQLite has the words for.
    let _there_already = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
}

const WRITABLE: &str = "choose a file in an existing directory that this user may write to";

async fn try_open(path: &Path, at: &str, keys: Option<KeyRing>, durability: Durability) -> Result<SqlStore, OpenError> {
    // SQLite opens what may only be read, and says so at the first write. A disk that only reads keeps root out as well.
    match access(path, Access::WRITE_OK) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(error) => return Err(OpenError::Refused { at: at.to_owned(), why: error.to_string(), help: WRITABLE }),
    }
    make(path);
    let at = at.to_owned();
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(match durability {
            Durability::Process => SqliteSynchronous::Normal,
            Durability::Machine => SqliteSynchronous::Full,
        })
        .foreign_keys(true)
        .busy_timeout(BUSY);
    // The writer's statements are of many lengths.
    let of_writer = options.clone().statement_cache_capacity(WRITERS_STATEMENTS);
    let writer = Connections::new(of_writer, 1, 2 * BUSY);
    let version = version(&writer).await.map_err(|error| refused(&at, &error))?;
    if parse(&version).is_none_or(|version| version < OLDEST) {
        return Err(OpenError::Unusable {
            at,
            why: format!("SQLite {version} is linked, 3.51.3 is the oldest safe one"),
        });
    }
    let readers = Connections::new(options.pragma("query_only", "ON"), READERS, 2 * BUSY);
    let database = Arc::new(SqliteFile::new(writer, readers));
    migrate(database.as_ref()).await.map_err(|error| error.at(&at, |said| unusable(&at, &said)))?;
    let keyed = check_keys(database.as_ref(), keys.as_ref()).await;
    keyed.map_err(|error| error.at(&at, |said| unusable(&at, &said)))?;
    Ok(SqlStore::new(database, keys))
}

async fn version(connections: &Connections) -> Result<String, sqlx::Error> {
    let mut connection = connections.lend().await?;
    let version = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(connection.in_use()).await?;
    connection.rests();
    Ok(version)
}

/// What the database said while the schema was looked at.
fn unusable(at: &str, error: &DatabaseError) -> OpenError {
    let source = std::error::Error::source(error);
    match source.and_then(|source| source.downcast_ref::<sqlx::Error>()) {
        Some(said) => refused(at, said),
        None => OpenError::Unusable { at: at.to_owned(), why: error.to_string() },
    }
}

fn parse(version: &str) -> Option<(u32, u32, u32)> {
    let mut parts = version.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?))
}

fn refused(at: &str, error: &sqlx::Error) -> OpenError {
    let at = at.to_owned();
    let sqlx::Error::Database(refusal) = error else {
        return OpenError::Unreachable { at, why: error.to_string() };
    };
    let why = refusal.message().to_owned();
    let help = match code(refusal.as_ref()).map(|code| code & 0xff) {
        Some(3 | 8 | 14) => WRITABLE,
        Some(5 | 6) => LOCKED,
        // A full disk says so only where it is written to by calls; where memory is shared through a file it is this.
        Some(10) => "look at the disk, and whether there is room on it: reading or writing it failed",
        Some(13) => "make room on that disk",
        Some(11 | 26) => "this is no SQLite file, or a damaged one: restore a backup, or choose another file",
        _ => return OpenError::Unusable { at, why },
    };
    OpenError::Refused { at, why, help }
}
