//! What databases say differently, as pieces of SQL put into the statements that all share.

/// The pieces. In a statement, `{name}` stands for the field `name`.
#[derive(Debug, Clone, Copy)]
pub struct Dialect {
    /// Microseconds since 1970 by the clock that leases are held against.
    pub now: &'static str,
    /// Locks the rows of a `SELECT` until the end of the transaction, waiting for whoever has them.
    pub for_update: &'static str,
    /// The same against being changed by others only.
    pub for_share: &'static str,
    /// Locks the rows of a `SELECT` that nobody has, and leaves the others out.
    pub skip_locked: &'static str,
    /// The id of the next event of the pipeline in the row at hand: grows with commit order, see
    /// [`events_after`](imt_core::ports::Store::events_after).
    pub next_event: &'static str,
    /// The events that no transaction under way can still come before.
    pub settled: &'static str,
    /// Whether a query may have changes in its `WITH`, and look at each row of one table for rows of another (`LATERAL`).
    pub changes_in_queries: bool,
    /// A column that numbers its rows and is their key.
    pub serial: &'static str,
    /// A column that numbers its rows and has no index of its own, where that can be: a plan for "the first of these" must
    /// not be able to walk all rows in this order.
    pub counter: &'static str,
    /// What makes a column the key of a table that has a `counter`.
    pub key: &'static str,
    /// The type of bytes.
    pub blob: &'static str,
    /// A statement that lets one process at a time change the schema, until the end of the transaction.
    pub schema_lock: Option<&'static str>,
    /// Statements that only this database wants after the schema is made.
    pub tuning: &'static [&'static str],
    /// A statement run at each opening, under the lock, with the schema at its newest: keeps the ids of events growing when
    /// what they are made of began anew.
    pub event_base: Option<&'static str>,
    /// A query that has a row when that statement has something to do.
    pub event_base_due: Option<&'static str>,
    /// A query that has a row when the table `meta` is there.
    pub has_meta: &'static str,
}

impl Dialect {
    /// A statement in this dialect.
    pub(crate) fn sql(&self, statement: &str) -> String {
        let pieces = [
            ("{now}", self.now),
            ("{for_update}", self.for_update),
            ("{for_share}", self.for_share),
            ("{skip_locked}", self.skip_locked),
            ("{next_event}", self.next_event),
            ("{settled}", self.settled),
            ("{serial}", self.serial),
            ("{counter}", self.counter),
            ("{key}", self.key),
            ("{blob}", self.blob),
        ];
        pieces.iter().fold(statement.to_owned(), |sql, (name, piece)| sql.replace(name, piece))
    }
}

/// `$from, $from+1, …`: placeholders for a list.
pub(crate) fn placeholders(from: usize, count: usize) -> String {
    (from..from + count).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}

/// `($1, $2), ($3, $4), …`: placeholders for rows.
pub(crate) fn row_placeholders(rows: usize, columns: usize) -> String {
    placed_after(0, rows, columns)
}

/// The same where so many parameters come before them.
pub(crate) fn placed_after(before: usize, rows: usize, columns: usize) -> String {
    let row = |row: usize| format!("({})", placeholders(before + row * columns + 1, columns));
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}
