//! What SQLite reports, as the store understands it.

use imt_store_sql::DatabaseError;

/// Primary result codes after which the same call may succeed later: busy, locked, I/O.
const PASSING: [i64; 3] = [5, 6, 10];
/// Of the I/O errors, those of syncing: what was written before may be lost, and a second try would hide it.
const UNSYNCED: [i64; 2] = [1_034, 1_290];
const FULL: i64 = 13;

pub(crate) fn database(error: sqlx::Error) -> DatabaseError {
    let message = message(&error);
    let passing = match &error {
        sqlx::Error::Database(refusal) => {
            code(refusal.as_ref()).is_some_and(|code| PASSING.contains(&(code & 0xff)) && !UNSYNCED.contains(&code))
        }
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
        _ => false,
    };
    let full =
        matches!(&error, sqlx::Error::Database(refusal) if code(refusal.as_ref()).is_some_and(|c| c & 0xff == FULL));
    let source = Some(Box::new(error) as Box<dyn std::error::Error + Send + Sync>);
    if full {
        return DatabaseError::Full { message, source };
    }
    if passing { DatabaseError::Unavailable { message, source } } else { DatabaseError::Refused { message, source } }
}

/// The extended result code.
pub(crate) fn code(refusal: &dyn sqlx::error::DatabaseError) -> Option<i64> {
    refusal.code()?.parse().ok()
}

fn message(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(refusal) => format!("SQLite says: {}", refusal.message()),
        sqlx::Error::PoolTimedOut => "every connection to the SQLite file is busy".to_owned(),
        other => format!("the SQLite file cannot be used: {other}"),
    }
}
