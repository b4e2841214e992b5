//! Opening a database.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use imt_core::secret::Secret;
use imt_store_sql::{DatabaseError, KeyRing, OpenError, SqlStore, check_keys, migrate};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Row};

use crate::database::Pools;
use crate::hints::Hints;
use crate::pool::Pool;

/// How a database is used.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connections for work, at most. Two more keep leases alive; one tells other processes of what is new, one hears of it.
    pub connections: u32,
    /// How long a connection may be waited for.
    pub patience: Duration,
    /// How long a statement may take. A lock is waited for half as long.
    pub statement_timeout: Duration,
    /// The schema to use; absent: what the server says, normally `public`.
    pub schema: Option<String>,
    /// The password, in the place of one in the address.
    pub password: Option<Secret>,
}

impl Default for Options {
    fn default() -> Self {
        let statement_timeout = Duration::from_secs(10);
        Self { connections: 8, patience: Duration::from_secs(10), statement_timeout, schema: None, password: None }
    }
}

/// The oldest version that will do, as the server counts them.
const OLDEST: i32 = 140_000;
/// A transaction that its process has left open ends by itself after this long.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(30);

/// Opens a store in a database, `postgres://user:password@host/database`. What is written through it runs on the runtime that this
/// is called in, and connections belong to that in which they were needed first: all in which it is used have to go on for as long.
///
/// # Errors
/// [`OpenError`], with what is wrong and what to do. The password is in none.
pub async fn open(url: &str, options: Options, keys: Option<KeyRing>) -> Result<SqlStore, OpenError> {
    let connect = connect_options(url, &options)?;
    let at = format!("{}:{}/{}", connect.get_host(), connect.get_port(), connect.get_database().unwrap_or_default());
    let server = tokio::time::timeout(options.patience, look_at(&connect)).await;
    let server = server.map_err(|_| OpenError::Unreachable { at: at.clone(), why: "it does not answer".to_owned() })?;
    let server = server.map_err(|error| refused(&at, &error))?;
    if server.version < OLDEST {
        let why = format!("its version is {}, PostgreSQL 14 is the oldest that will do", server.version / 10_000);
        return Err(OpenError::Unusable { at, why });
    }
    if server.is_standby {
        let (why, help) = ("it is a standby, which only reads".to_owned(), "use the address of the primary");
        return Err(OpenError::Refused { at, why, help });
    }
    let connect = if server.acknowledges_early { connect.options([("synchronous_commit", "on")]) } else { connect };
    let pool = |connect: &PgConnectOptions, size: u32| Pool::new(connect.clone(), size, options.patience);
    let (work, leases) = (pool(&connect, options.connections), pool(&connect, 2));
    // Nothing is lost with a hint, so nobody waits for the disk.
    let hasty = connect.clone().options([("synchronous_commit", "off")]);
    let hints = Hints::new(pool(&hasty, 1), connect.clone(), options.patience);
    let database = Arc::new(Pools { work, leases, hints, statement_timeout: options.statement_timeout });
    migrate(database.as_ref()).await.map_err(|error| error.at(&at, |said| unusable(&at, &said)))?;
    let keyed = check_keys(database.as_ref(), keys.as_ref()).await;
    keyed.map_err(|error| error.at(&at, |said| unusable(&at, &said)))?;
    Ok(SqlStore::new(database, keys))
}

/// What a server says of itself.
struct Server {
    version: i32,
    is_standby: bool,
    /// It says that a transaction is committed before it is on disk.
    acknowledges_early: bool,
}

const ABOUT: &str = "SELECT CAST(current_setting('server_version_num') AS INT), pg_is_in_recovery(),
    current_setting('synchronous_commit') IN ('off', 'local')";

async fn look_at(connect: &PgConnectOptions) -> Result<Server, sqlx::Error> {
    let mut connection = connect.connect().await?;
    let row = sqlx::query(ABOUT).fetch_one(&mut connection).await?;
    Ok(Server { version: row.try_get(0)?, is_standby: row.try_get(1)?, acknowledges_early: row.try_get(2)? })
}

/// What the database said while the schema was looked at.
fn unusable(at: &str, error: &DatabaseError) -> OpenError {
    let source = std::error::Error::source(error);
    match source.and_then(|source| source.downcast_ref::<sqlx::Error>()) {
        Some(said) => refused(at, said),
        None => OpenError::Unusable { at: at.to_owned(), why: error.to_string() },
    }
}

fn connect_options(url: &str, options: &Options) -> Result<PgConnectOptions, OpenError> {
    let bad = |why: String| OpenError::BadUrl { url: without_password(url), why };
    // The driver takes any scheme.
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(bad("it does not begin with `postgres://`".to_owned()));
    }
    let connect = PgConnectOptions::from_str(url).map_err(|error| bad(error.to_string()))?;
    let millis = |duration: Duration| duration.as_millis().to_string();
    let mut settings = vec![
        ("statement_timeout", millis(options.statement_timeout)),
        ("lock_timeout", millis(options.statement_timeout / 2)),
        ("idle_in_transaction_session_timeout", millis(IDLE_IN_TRANSACTION)),
        // Our statements are good under a plan for all parameters, which tests look at; making one each time costs more than
        // running it.
        ("plan_cache_mode", "force_generic_plan".to_owned()),
        // The server's end of the connection: a client that is gone in silence gives back its locks. Our end has a deadline
        // on each statement.
        ("tcp_keepalives_idle", "15".to_owned()),
        ("tcp_keepalives_interval", "5".to_owned()),
        ("tcp_keepalives_count", "3".to_owned()),
    ];
    if let Some(schema) = &options.schema {
        settings.push(("search_path", schema.clone()));
    }
    let connect = match &options.password {
        Some(password) => connect.password(password.expose()),
        None => connect,
    };
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
        Some("25006") => "the database only reads: use the address of the primary, or let this user write",
        Some("42501") => "let this user make tables in the schema (GRANT CREATE ON SCHEMA)",
        Some("53100") => "make room on the server's disk",
        Some("55P03" | "57014") => "another process holds the schema: try again",
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
