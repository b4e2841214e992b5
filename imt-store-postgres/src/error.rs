//! What PostgreSQL reports, as the store understands it.

use imt_store_sql::DatabaseError;

/// Classes of SQLSTATE after which the same call may succeed later: connection, invalid transaction state (of a connection
/// that is thrown away), rollback (deadlock), resources, locks, intervention (restart, timeout), system.
const PASSING: [&str; 7] = ["08", "25", "40", "53", "55", "57", "58"];

const DISK_FULL: &str = "53100";

pub(crate) fn database(error: sqlx::Error) -> DatabaseError {
    let message = message(&error);
    let passing = match &error {
        sqlx::Error::Database(refusal) => {
            refusal.code().is_some_and(|code| PASSING.iter().any(|class| code.starts_with(class)))
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        _ => false,
    };
    let full = matches!(&error, sqlx::Error::Database(refusal) if refusal.code().as_deref() == Some(DISK_FULL));
    let source = Some(Box::new(error) as Box<dyn std::error::Error + Send + Sync>);
    if full {
        return DatabaseError::Full { message, source };
    }
    if passing { DatabaseError::Unavailable { message, source } } else { DatabaseError::Refused { message, source } }
}

fn message(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(refusal) => format!("PostgreSQL says: {}", refusal.message()),
        sqlx::Error::PoolTimedOut => "PostgreSQL does not answer, or every connection to it is busy".to_owned(),
        other => format!("the connection to PostgreSQL: {other}"),
    }
}
