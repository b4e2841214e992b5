//! Opening a database.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use imt_store_sql::{KeyRing, OpenError, SqlStore, migrate};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, PgPool};

use crate::database::Pools;

/// How a database is used.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connections for work, at most. Two more keep leases alive.
    pub connections: u32,
    /// How long a connection may be waited for.
    pub patience: Duration,
    /// How long a statement may take. A lock is waited for half as long.
    pub statement_timeout: Duration,
    /// The schema to use; absent: what the server says, normally `public`.
    pub schema: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        let statement_timeout = Duration::from_secs(10);
        Self { connections: 8, patience: Duration::from_secs(10), statement_timeout, schema: None }
    }
}

/// A transaction that its process has left open ends by itself after this long.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(30);

/// Opens a store in a database, `postgres://user:password@host/database`.
///
/// # Errors
/// [`OpenError`], with what is wrong and what to do. The password is in none.
pub async fn open(url: &str, options: Options, keys: Option<KeyRing>) -> Result<SqlStore, OpenError> {
    let connect = connect_options(url, &options)?;
    let at = format!("{}:{}/{}", connect.get_host(), connect.get_port(), connect.get_database().unwrap_or_default());
    // One connection by itself first: a pool repeats and then only says that it took too long.
    let first = tokio::time::timeout(options.patience, connect.connect()).await;
    let first = first.map_err(|_| OpenError::Unreachable { at: at.clone(), why: "it does not answer".to_owned() })?;
    drop(first.map_err(|error| refused(&at, &error))?);
    let pool = |size: u32| -> PgPool {
        PgPoolOptions::new()
            .max_connections(size)
            .acquire_timeout(options.patience)
            .idle_timeout(Duration::from_mins(10))
            .connect_lazy_with(connect.clone())
    };
    let database = Arc::new(Pools { work: pool(options.connections), leases: pool(2) });
    migrate(database.as_ref(), &at).await?;
    Ok(SqlStore::new(database, keys))
}

fn connect_options(url: &str, options: &Options) -> Result<PgConnectOptions, OpenError> {
    let connect = PgConnectOptions::from_str(url)
        .map_err(|error| OpenError::BadUrl { url: without_password(url), why: error.to_string() })?;
    let millis = |duration: Duration| duration.as_millis().to_string();
    let mut settings = vec![
        ("statement_timeout", millis(options.statement_timeout)),
        ("lock_timeout", millis(options.statement_timeout / 2)),
        ("idle_in_transaction_session_timeout", millis(IDLE_IN_TRANSACTION)),
    ];
    if let Some(schema) = &options.schema {
        settings.push(("search_path", schema.clone()));
    }
    Ok(connect.application_name("imt").options(settings))
}

/// The address with nothing in it that could be a password: that may also be a parameter, and hold any character.
fn without_password(url: &str) -> String {
    let bare = |rest: &str| rest.split('?').next().unwrap_or_default().to_owned();
    let Some((before, host)) = url.rsplit_once('@') else { return bare(url) };
    let (scheme, user) = before.split_once("://").unwrap_or(("", before));
    let user = user.split([':', '@', '/', '?']).next().unwrap_or_default();
    format!("{scheme}://{user}@{}", bare(host))
}

fn refused(at: &str, error: &sqlx::Error) -> OpenError {
    let at = at.to_owned();
    let sqlx::Error::Database(refusal) = error else {
        return OpenError::Unreachable { at, why: error.to_string() };
    };
    let why = refusal.message().to_owned();
    let help = match refusal.code().as_deref() {
        Some("28P01" | "28000") => "correct the user and the password in the address",
        Some("3D000") => "make the database first (`createdb`), or correct its name in the address",
        Some("53300") => "the server has no connection left: raise max_connections, or use fewer runners",
        Some("57P03") => "the server is starting up or shutting down: try again",
        _ => return OpenError::Unusable { at, why },
    };
    OpenError::Refused { at, why, help }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        let shown = without_password("postgres://imt:hunter2@db.example:5432/imt");
        assert_eq!(shown, "postgres://imt@db.example:5432/imt");
        assert_eq!(without_password("postgres://host/db"), "postgres://host/db");
        for url in [
            "postgres://imt@host/db?password=hunter2",
            "postgres://host/db?password=hunter2",
            "postgres://imt@host/db?password=hunter2@x",
            "postgres://imt:hunter2?@host/db",
            "postgres://imt:hunter2/@host/db",
            "postgres://imt:a@hunter2@host/db",
        ] {
            assert!(!without_password(url).contains("hunter2"), "{}", without_password(url));
        }
    }
}
