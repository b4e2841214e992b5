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

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::error::Error;
    use std::fmt;

    use sqlx::error::ErrorKind;

    use super::*;

    /// What SQLite says, by its extended code.
    #[derive(Debug)]
    struct Said(i64);

    impl fmt::Display for Said {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "code {}", self.0)
        }
    }

    impl Error for Said {}

    impl sqlx::error::DatabaseError for Said {
        fn message(&self) -> &'static str {
            "said"
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.to_string().into())
        }

        fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
            self
        }

        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    #[test]
    fn what_passes_is_repeated_and_what_was_not_synced_never() {
        let kind = |code| match database(sqlx::Error::Database(Box::new(Said(code)))) {
            DatabaseError::Full { .. } => "full",
            DatabaseError::Unavailable { .. } => "unavailable",
            _ => "refused",
        };
        // Busy, locked, read error, write error, and one that says no more than "I/O".
        for code in [5, 261, 6, 266, 778, 10] {
            assert_eq!(kind(code), "unavailable", "{code}");
        }
        assert_eq!(kind(13), "full");
        // fsync, fsync of a directory, corrupt, no database, read only.
        for code in [1_034, 1_290, 11, 26, 8] {
            assert_eq!(kind(code), "refused", "{code}");
        }
    }
}
