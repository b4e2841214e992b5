//! What SQLite says differently.

use imt_store_sql::Dialect;

/// A transaction that may write has the database for itself from its beginning on, so rows need no locks; and events are
/// numbered in the order of commits.
pub(crate) static SQLITE: Dialect = Dialect {
    now: "CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
    for_update: "",
    for_share: "",
    skip_locked: "",
    next_event: "(SELECT COALESCE(MAX(seq), 0) + 1 FROM sqlite_sequence WHERE name IN ('events', 'deployment_events'))",
    settled: "",
    changes_in_queries: false,
    serial: "INTEGER PRIMARY KEY AUTOINCREMENT",
    // Only the key can count.
    counter: "INTEGER PRIMARY KEY AUTOINCREMENT",
    key: "UNIQUE",
    blob: "BLOB",
    schema_lock: None,
    tuning: &[],
    event_base: None,
    event_base_due: None,
    has_meta: "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'meta'",
};
