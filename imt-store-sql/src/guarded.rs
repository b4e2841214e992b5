//! A change that holds only while a row is what its writer believes it to be: one statement that sees and moves that row, and
//! what follows from it, all or nothing.
//!
//! Who believes right need not read first, and where a database takes changes inside of a query all of it goes over in one
//! turn. Knows nothing of what is changed.

use crate::database::{DatabaseResult, Transaction};
use crate::value::{Row, Value};

/// A statement and its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    pub sql: String,
    pub values: Vec<Value>,
}

impl Statement {
    pub(crate) fn new(sql: impl Into<String>, values: Vec<Value>) -> Self {
        Self { sql: sql.into(), values }
    }
}

/// More parameters than these go over one statement after the other: what a statement takes is limited, and planning one of
/// thousands costs more than its turns.
const MOST_IN_ONE: usize = 1_000;

/// A change with its condition.
///
/// In the statements that follow the guard, `{held}` is the condition that it found its row, which each of them must have,
/// and `{guard}` stands for that row of `pipelines`, with its new `last_event`; `$1` must be the pipeline there.
#[derive(Debug, Clone)]
pub struct Guarded {
    guard: Statement,
    then: Vec<Statement>,
}

impl Guarded {
    /// A change on condition that `guard`, a writing statement with a `RETURNING`, finds its row.
    pub(crate) const fn new(guard: Statement) -> Self {
        Self { guard, then: Vec::new() }
    }

    pub(crate) fn then(mut self, statements: impl IntoIterator<Item = Statement>) -> Self {
        self.then.extend(statements);
        self
    }

    /// All of it as one statement, for a database that takes changes in a `WITH`: it sees what was there before, and answers
    /// the guard's row.
    ///
    /// # Errors
    /// The change itself, where it would be too large.
    pub fn in_one(self) -> Result<(String, Vec<Value>), Self> {
        let parameters = self.then.iter().map(|next| next.values.len()).sum::<usize>() + self.guard.values.len();
        if parameters > MOST_IN_ONE {
            return Err(self);
        }
        let Statement { sql, mut values } = self.guard;
        if self.then.is_empty() {
            return Ok((sql, values));
        }
        let mut parts = vec![format!("guard AS ({sql})")];
        for (n, Statement { sql, values: its }) in self.then.into_iter().enumerate() {
            let sql = shifted(&sql, values.len()).replace("{guard}", "guard");
            parts.push(format!("then_{n} AS ({})", sql.replace("{held}", "EXISTS (SELECT 1 FROM guard)")));
            values.extend(its);
        }
        Ok((format!("WITH {} SELECT * FROM guard", parts.join(", ")), values))
    }

    /// One statement after the other, and the commit.
    ///
    /// # Errors
    /// As the transaction says.
    pub async fn in_transaction(self, mut tx: Box<dyn Transaction>) -> DatabaseResult<Option<Row>> {
        let row = self.in_turn(tx.as_mut()).await?;
        if row.is_some() {
            tx.commit().await?;
        }
        Ok(row)
    }

    /// One statement after the other; answers the guard's row. `None`: it found none, and nothing was done.
    ///
    /// # Errors
    /// As the transaction says.
    pub(crate) async fn in_turn(self, tx: &mut dyn Transaction) -> DatabaseResult<Option<Row>> {
        let Statement { sql, values } = self.guard;
        let Some(row) = tx.run(&sql, values).await?.into_iter().next() else { return Ok(None) };
        for Statement { sql, values } in self.then {
            let sql = sql.replace("{guard}", "(SELECT last_event FROM pipelines WHERE id = $1) AS guard");
            tx.run(&sql.replace("{held}", "1 = 1"), values).await?;
        }
        Ok(Some(row))
    }
}

/// The statement with its parameters numbered from `by` on.
fn shifted(sql: &str, by: usize) -> String {
    let mut pieces = sql.split('$');
    let first = pieces.next().unwrap_or_default().to_owned();
    let shifted = pieces.map(|piece| {
        let digits = piece.len() - piece.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = piece.split_at(digits);
        number.parse::<usize>().map_or_else(|_| format!("${piece}"), |number| format!("${}{rest}", number + by))
    });
    first + &shifted.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved() -> Guarded {
        let guard =
            Statement::new("UPDATE pipelines SET token = $2 WHERE id = $1 RETURNING *", vec!["p".into(), 7_i64.into()]);
        let event = Statement::new(
            "INSERT INTO events SELECT guard.last_event + $2, $1 FROM {guard}",
            vec!["p".into(), 1_i64.into()],
        );
        let job = Statement::new("INSERT INTO jobs SELECT $1, $10 WHERE {held}", vec!["p".into()]);
        Guarded::new(guard).then([event, job])
    }

    #[test]
    fn in_one_statement_the_parameters_follow_each_other() {
        let (sql, values) = moved().in_one().unwrap();
        assert_eq!(
            sql,
            "WITH guard AS (UPDATE pipelines SET token = $2 WHERE id = $1 RETURNING *), \
             then_0 AS (INSERT INTO events SELECT guard.last_event + $4, $3 FROM guard), \
             then_1 AS (INSERT INTO jobs SELECT $5, $14 WHERE EXISTS (SELECT 1 FROM guard)) SELECT * FROM guard"
        );
        assert_eq!(values, ["p".into(), 7_i64.into(), "p".into(), 1_i64.into(), "p".into()]);
    }

    #[test]
    fn what_is_too_large_goes_over_in_turn() {
        let many = Statement::new("INSERT INTO jobs SELECT $1 WHERE {held}", vec![Value::from(1_i64); MOST_IN_ONE]);
        assert!(moved().then([many]).in_one().is_err());
    }

    #[test]
    fn a_guard_alone_stays_as_it_is() {
        let guard = Statement::new("DELETE FROM jobs WHERE job = $1 RETURNING job", vec![1_i64.into()]);
        assert_eq!(Guarded::new(guard.clone()).in_one().unwrap(), (guard.sql, guard.values));
    }
}
