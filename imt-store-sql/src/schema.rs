//! The tables, and how a database comes to have them.
//!
//! Migrations only go forward. Each runs in one transaction with the record that it ran, under a lock, so that a process
//! that dies in the middle, or two that start together, leave the schema as it was or as it should be.

mod directory;

use self::directory::{BODIES, DIRECTORY, FOUND, LOOKS};
use crate::database::{Database, DatabaseError, DatabaseResult, Purpose, Transaction};
use crate::open::OpenError;
use crate::value::Value;

/// The newest schema this version knows.
pub const SCHEMA_VERSION: i64 = 12;
const _: () = assert!(MIGRATIONS.len() == 12, "a new migration is a new version");

/// Statements from one version to the next, in order. Never changed once released.
const MIGRATIONS: &[&[&str]] =
    &[FIRST, SECOND, THIRD, FOURTH, FIFTH, DIRECTORY, SEVENTH, LOOKS, BODIES, FOUND, ELEVENTH, TWELFTH];

/// No other tables: events of deployments are of a kind that an earlier program cannot read (`services_seen`).
const TWELFTH: &[&str] = &[];

/// What commits say of themselves, beside the plan that has it too: lists do not read plans.
const ELEVENTH: &[&str] =
    &["ALTER TABLE pipelines ADD COLUMN subject TEXT", "ALTER TABLE pipelines ADD COLUMN author TEXT"];

/// Lists of pipelines of one kind, which are not to take longer the more there are of others.
const SEVENTH: &[&str] = &[
    "CREATE INDEX pipelines_of_branch ON pipelines (project, branch, number)",
    "CREATE INDEX pipelines_of_status ON pipelines (project, status, number)",
    "CREATE INDEX pipelines_of_event ON pipelines (project, event, number)",
];

/// What deployments are made of, targets, and copies of releases.
const FIFTH: &[&str] = &[
    // Apart from the deployments' rows, which are written at each change.
    "CREATE TABLE deployment_settings (
        deployment TEXT PRIMARY KEY REFERENCES deployments (id) ON DELETE CASCADE,
        value {blob} NOT NULL,
        key TEXT NOT NULL)",
    "CREATE TABLE targets (
        project TEXT NOT NULL REFERENCES projects (name),
        environment TEXT NOT NULL,
        settings TEXT NOT NULL,
        at BIGINT NOT NULL,
        PRIMARY KEY (project, environment))",
    "CREATE TABLE releases (
        project TEXT NOT NULL REFERENCES projects (name),
        environment TEXT NOT NULL,
        host TEXT NOT NULL,
        id TEXT NOT NULL,
        judged_at BIGINT NOT NULL,
        head TEXT NOT NULL,
        record {blob} NOT NULL,
        record_key TEXT NOT NULL,
        bundle {blob} NOT NULL,
        bundle_key TEXT NOT NULL,
        PRIMARY KEY (project, environment, host, id))",
];

/// Deployments, their events and their logs.
const FOURTH: &[&str] = &[
    "ALTER TABLE projects ADD COLUMN last_deployment BIGINT NOT NULL DEFAULT 0",
    "CREATE TABLE deployments (
        position {counter},
        id TEXT NOT NULL {key},
        project TEXT NOT NULL REFERENCES projects (name),
        number BIGINT NOT NULL,
        idempotency_key TEXT,
        submitted_at BIGINT NOT NULL,
        environment TEXT NOT NULL,
        host TEXT NOT NULL,
        commit_id TEXT NOT NULL,
        pipeline TEXT,
        spec TEXT NOT NULL,
        state TEXT NOT NULL,
        status TEXT NOT NULL,
        ended BIGINT NOT NULL DEFAULT 0,
        started_at BIGINT,
        ended_at BIGINT,
        cancel TEXT,
        verdict TEXT,
        token BIGINT NOT NULL DEFAULT 0,
        holder TEXT,
        lease_until BIGINT,
        last_event BIGINT NOT NULL DEFAULT 0,
        commits BIGINT NOT NULL DEFAULT 0,
        commit_event BIGINT NOT NULL DEFAULT 0,
        UNIQUE (project, number),
        UNIQUE (project, idempotency_key))",
    "CREATE INDEX deployments_over ON deployments (ended_at) WHERE ended = 1",
    "CREATE INDEX deployments_going ON deployments (ended_at) WHERE ended = 2",
    "CREATE INDEX deployments_good ON deployments (project, environment, host, number) WHERE status = 'success'",
    "CREATE INDEX deployments_of_target ON deployments (project, environment, host, number)",
    "CREATE INDEX deployments_open ON deployments (project, environment, host, position) WHERE ended = 0",
    "CREATE TABLE deployment_events (
        id {serial},
        deployment TEXT NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
        change TEXT NOT NULL)",
    "CREATE INDEX events_of_deployment ON deployment_events (deployment, id)",
    "CREATE TABLE deployment_logs (
        id {serial},
        deployment TEXT NOT NULL UNIQUE REFERENCES deployments (id) ON DELETE CASCADE,
        token BIGINT NOT NULL,
        bytes BIGINT NOT NULL DEFAULT 0,
        newlines BIGINT NOT NULL DEFAULT 0,
        ends_in_newline BIGINT NOT NULL DEFAULT 1,
        raw_stdout BIGINT NOT NULL DEFAULT 0,
        raw_stderr BIGINT NOT NULL DEFAULT 0,
        left_out BIGINT NOT NULL DEFAULT 0,
        dropped BIGINT,
        checksum {blob})",
    "CREATE TABLE deployment_log_chunks (
        log BIGINT NOT NULL REFERENCES deployment_logs (id) ON DELETE CASCADE,
        start BIGINT NOT NULL,
        first_line BIGINT NOT NULL,
        runs TEXT NOT NULL,
        at BIGINT NOT NULL,
        packed BIGINT NOT NULL DEFAULT 0,
        bytes {blob} NOT NULL,
        PRIMARY KEY (log, start))",
    "CREATE INDEX deployment_log_chunks_by_line ON deployment_log_chunks (log, first_line, start)",
];

/// Secret values that are set no more and that a job may still print; chunks of logs that are compressed.
const THIRD: &[&str] = &[
    "CREATE TABLE replaced_secrets (
        project TEXT NOT NULL REFERENCES projects (name),
        name TEXT NOT NULL,
        nth BIGINT NOT NULL,
        last_position BIGINT NOT NULL,
        value {blob} NOT NULL,
        key TEXT NOT NULL,
        PRIMARY KEY (project, name, nth))",
    "ALTER TABLE job_log_chunks ADD COLUMN packed BIGINT NOT NULL DEFAULT 0",
];

/// What a crash would lose of a log, and pipelines that are being removed.
const SECOND: &[&str] = &[
    "ALTER TABLE job_logs ADD COLUMN left_out BIGINT NOT NULL DEFAULT 0",
    "CREATE INDEX pipelines_going ON pipelines (ended_at) WHERE ended = 2",
];

const FIRST: &[&str] = &[
    "CREATE TABLE projects (
        name TEXT PRIMARY KEY,
        last_number BIGINT NOT NULL)",
    // What waits is kept apart by project, for fairness, and by the labels it wants, so that a runner never has to look
    // through what it cannot run.
    "CREATE TABLE lanes (
        project TEXT NOT NULL REFERENCES projects (name),
        labels TEXT NOT NULL,
        PRIMARY KEY (project, labels))",
    "CREATE TABLE pipelines (
        position {counter},
        id TEXT NOT NULL {key},
        project TEXT NOT NULL REFERENCES projects (name),
        number BIGINT NOT NULL,
        idempotency_key TEXT,
        submitted_at BIGINT NOT NULL,
        labels TEXT NOT NULL,
        event TEXT NOT NULL,
        commit_id TEXT NOT NULL,
        branch TEXT,
        plan TEXT NOT NULL,
        status TEXT NOT NULL,
        ended BIGINT NOT NULL DEFAULT 0,
        started_at BIGINT,
        ended_at BIGINT,
        workspace TEXT,
        cancel_level TEXT,
        cancel_reason TEXT,
        verdict TEXT,
        token BIGINT NOT NULL DEFAULT 0,
        holder TEXT,
        lease_until BIGINT,
        last_event BIGINT NOT NULL DEFAULT 0,
        commits BIGINT NOT NULL DEFAULT 0,
        commit_event BIGINT NOT NULL DEFAULT 0,
        UNIQUE (project, number),
        UNIQUE (project, idempotency_key))",
    "CREATE INDEX pipelines_over ON pipelines (ended_at) WHERE ended = 1",
    "CREATE INDEX pipelines_good ON pipelines (project, number) WHERE status = 'success'",
    "CREATE INDEX pipelines_waiting ON pipelines (project, labels, position) WHERE holder IS NULL AND ended = 0",
    "CREATE INDEX pipelines_held ON pipelines (project, position) WHERE holder IS NOT NULL AND ended = 0",
    "CREATE TABLE jobs (
        pipeline TEXT NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
        job BIGINT NOT NULL,
        status TEXT NOT NULL,
        ended_at BIGINT,
        outcome TEXT,
        PRIMARY KEY (pipeline, job))",
    "CREATE TABLE attempts (
        pipeline TEXT NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
        job BIGINT NOT NULL,
        attempt BIGINT NOT NULL,
        phase TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        started_at BIGINT,
        ended_at BIGINT,
        stop_cause TEXT,
        stop_at BIGINT,
        began BIGINT NOT NULL,
        outcome TEXT,
        PRIMARY KEY (pipeline, job, attempt))",
    "CREATE TABLE events (
        id {serial},
        pipeline TEXT NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
        change TEXT NOT NULL)",
    "CREATE INDEX events_of_pipeline ON events (pipeline, id)",
    "CREATE TABLE job_logs (
        id {serial},
        pipeline TEXT NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
        job BIGINT NOT NULL,
        attempt BIGINT NOT NULL,
        token BIGINT NOT NULL,
        bytes BIGINT NOT NULL DEFAULT 0,
        newlines BIGINT NOT NULL DEFAULT 0,
        ends_in_newline BIGINT NOT NULL DEFAULT 1,
        raw_stdout BIGINT NOT NULL DEFAULT 0,
        raw_stderr BIGINT NOT NULL DEFAULT 0,
        dropped BIGINT,
        checksum {blob},
        UNIQUE (pipeline, job, attempt))",
    "CREATE TABLE job_log_chunks (
        log BIGINT NOT NULL REFERENCES job_logs (id) ON DELETE CASCADE,
        start BIGINT NOT NULL,
        first_line BIGINT NOT NULL,
        runs TEXT NOT NULL,
        at BIGINT NOT NULL,
        bytes {blob} NOT NULL,
        PRIMARY KEY (log, start))",
    "CREATE INDEX job_log_chunks_by_line ON job_log_chunks (log, first_line, start)",
    "CREATE TABLE variables (
        project TEXT NOT NULL REFERENCES projects (name),
        name TEXT NOT NULL,
        value {blob} NOT NULL,
        key TEXT,
        PRIMARY KEY (project, name))",
    "CREATE TABLE seal_keys (
        id TEXT PRIMARY KEY,
        proof {blob} NOT NULL)",
    "CREATE TABLE runners (
        instance TEXT PRIMARY KEY,
        host TEXT NOT NULL,
        version TEXT NOT NULL,
        labels TEXT NOT NULL,
        capacity BIGINT NOT NULL,
        driving BIGINT NOT NULL,
        draining BIGINT NOT NULL,
        seen_at BIGINT NOT NULL)",
];

/// Brings the schema to the newest version, or finds it there.
///
/// # Errors
/// [`MigrateError::Newer`] when a later version of this program has written to it, else as the database says.
pub async fn migrate(database: &dyn Database) -> Result<(), MigrateError> {
    let dialect = database.dialect();
    if is_ready(database).await? {
        return Ok(());
    }
    let mut tx = database.begin_schema_change().await?;
    if let Some(lock) = dialect.schema_lock {
        tx.run(lock, Vec::new()).await?;
    }
    let found = version(tx.as_mut()).await?;
    known(found)?;
    let mut missing = MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or_default()).copied().peekable();
    let grown = missing.peek().is_some();
    for statement in missing.flatten() {
        tx.run(&dialect.sql(statement), Vec::new()).await?;
    }
    if grown {
        if found == 0 {
            for statement in dialect.tuning {
                tx.run(statement, Vec::new()).await?;
            }
        }
        let set = "UPDATE meta SET value = $1 WHERE name = 'schema'";
        tx.run(set, vec![SCHEMA_VERSION.into()]).await?;
    }
    if let Some(raise) = dialect.event_base {
        tx.run(raise, Vec::new()).await?;
    }
    Ok(tx.commit().await?)
}

/// Whether there is nothing to do: found out by reading only, so that opening waits for nobody who works.
async fn is_ready(database: &dyn Database) -> Result<bool, MigrateError> {
    let dialect = database.dialect();
    if database.run(Purpose::Read, dialect.has_meta, Vec::new()).await?.is_empty() {
        return Ok(false);
    }
    let rows = database.run(Purpose::Read, "SELECT value FROM meta WHERE name = 'schema'", Vec::new()).await?;
    let Some(row) = rows.into_iter().next() else { return Ok(false) };
    let found = row.of("meta").int().map_err(|error| unreadable(&error))?;
    known(found)?;
    if found < SCHEMA_VERSION {
        return Ok(false);
    }
    Ok(match dialect.event_base_due {
        Some(due) => database.run(Purpose::Read, due, Vec::new()).await?.is_empty(),
        None => true,
    })
}

const fn known(found: i64) -> Result<(), MigrateError> {
    if found > SCHEMA_VERSION { Err(MigrateError::Newer { found }) } else { Ok(()) }
}

/// Why a schema cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// It was written by a newer version of this program.
    #[error("schema {found} is newer than what this version knows")]
    Newer {
        /// The schema found.
        found: i64,
    },
    /// The key ring is not the one that sealed what is there.
    #[error("its secrets are sealed with other keys than those of the key ring")]
    WrongKeys,
    /// What the database said.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl MigrateError {
    /// The error of opening; what the database said is understood by its adapter.
    pub fn at(self, at: &str, said: impl FnOnce(DatabaseError) -> OpenError) -> OpenError {
        match self {
            Self::Newer { found } => OpenError::Newer { at: at.to_owned(), found, known: SCHEMA_VERSION },
            Self::WrongKeys => {
                let help = "use the key file that goes with this store, or restore it from a backup";
                OpenError::Refused { at: at.to_owned(), why: self.to_string(), help }
            }
            Self::Database(error) => said(error),
        }
    }
}

/// The version of the schema that is there; 0 for a new database.
async fn version(tx: &mut dyn Transaction) -> DatabaseResult<i64> {
    let make = "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BIGINT NOT NULL)";
    tx.run(make, Vec::new()).await?;
    for name in ["schema", "event_base"] {
        let add = "INSERT INTO meta (name, value) VALUES ($1, 0) ON CONFLICT (name) DO NOTHING";
        tx.run(add, vec![Value::from(name)]).await?;
    }
    let rows = tx.run("SELECT value FROM meta WHERE name = 'schema'", Vec::new()).await?;
    let found = rows.into_iter().next().map(|row| row.of("meta").int());
    found.ok_or_else(|| unreadable(&"the table meta is empty"))?.map_err(|error| unreadable(&error))
}

pub(crate) fn unreadable(what: &dyn std::fmt::Display) -> DatabaseError {
    DatabaseError::Refused { message: what.to_string(), source: None }
}
