//! A change that holds only while a row is what its writer believes it to be: one statement that sees and moves that row, and
//! what follows from it, all or nothing.
//!
//! Who believes right need not read first, and where a database takes changes inside of a query all of it goes over in one
//! turn. Knows nothing of what is changed.

use crate::database::{DatabaseResult, Transaction};
use crate::value::{Row, Value};

/// A statement and its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its text.
    pub sql: String,
    /// What its placeholders, `$1` and so on, stand for.
    pub values: Vec<Value>,
}

impl Statement {
    /// A statement of these.
    pub fn new(sql: impl Into<String>, values: Vec<Value>) -> Self {
        Self { sql: sql.into(), values }
    }
}

/// More parameters than these go over one statement after the other: what a statement takes is limited, and planning one of
/// thousands costs more than its turns.
const MOST_IN_ONE: usize = 1_000;

/// A change with its condition, or several where each happens only if the one before it did.
///
/// In the statements that follow a guard, `{held}` is the condition that it found its row, which each of them must have,
/// and `{guard}` stands for that row. In the guard of a later change `{after}` is the condition that the one before it was done.
#[derive(Debug, Clone)]
pub struct Guarded {
    links: Vec<Link>,
}

#[derive(Debug, Clone)]
struct Link {
    guard: Statement,
    /// The guard's row for statements of their own: a query with the parameters of whatever follows the guard.
    row: &'static str,
    then: Vec<Statement>,
}

impl Guarded {
    /// A change on condition that `guard`, a statement that answers or `RETURNING`s it, finds its row.
    pub(crate) fn new(guard: Statement) -> Self {
        Self::with_row(guard, "SELECT 1")
    }

    /// The same where what follows uses the guard's row, which `row` finds after it.
    pub(crate) fn with_row(guard: Statement, row: &'static str) -> Self {
        Self { links: vec![Link { guard, row, then: Vec::new() }] }
    }

    /// Adds what follows from the last guard.
    pub(crate) fn then(mut self, statements: impl IntoIterator<Item = Statement>) -> Self {
        if let Some(link) = self.links.last_mut() {
            link.then.extend(statements);
        }
        self
    }

    /// Adds a change that happens only if this one does.
    ///
    /// Where a later one finds no row, those before it are done all the same when all goes over in one statement, and undone
    /// in a transaction: whoever adds a change to another must be able to live with either.
    pub(crate) fn and_if_so(mut self, next: Self) -> Self {
        self.links.extend(next.links);
        self
    }

    /// All of it as one statement, for a database that takes changes in a `WITH`: it sees what was there before, and answers
    /// the last guard's row.
    ///
    /// # Errors
    /// The change itself, where it would be too large.
    pub fn in_one(self) -> Result<(String, Vec<Value>), Self> {
        let of_link =
            |link: &Link| link.guard.values.len() + link.then.iter().map(|next| next.values.len()).sum::<usize>();
        if self.links.iter().map(of_link).sum::<usize>() > MOST_IN_ONE {
            return Err(self);
        }
        let (mut parts, mut values, last) = (Vec::new(), Vec::new(), self.links.len() - 1);
        for (n, Link { guard, then, .. }) in self.links.into_iter().enumerate() {
            let name = format!("guard_{n}");
            let after = if n == 0 { "1 = 1".to_owned() } else { format!("EXISTS (SELECT 1 FROM guard_{})", n - 1) };
            let sql = shifted(&guard.sql, values.len()).replace("{after}", &after);
            values.extend(guard.values);
            if last == 0 && then.is_empty() {
                return Ok((sql, values));
            }
            parts.push(format!("{name} AS ({sql})"));
            for (m, Statement { sql, values: its }) in then.into_iter().enumerate() {
                let sql = shifted(&sql, values.len()).replace("{guard}", &format!("{name} AS guard"));
                parts.push(format!(
                    "then_{n}_{m} AS ({})",
                    sql.replace("{held}", &format!("EXISTS (SELECT 1 FROM {name})"))
                ));
                values.extend(its);
            }
        }
        Ok((format!("WITH {} SELECT * FROM guard_{last}", parts.join(", ")), values))
    }

    /// All of it as statements to be done in turn, in groups: the last of each group is a guard, without whose row nothing more
    /// is to be done; and what follows the last guard.
    fn in_groups(self) -> (Vec<Vec<Statement>>, Vec<Statement>) {
        let (mut groups, mut next) = (Vec::new(), Vec::new());
        for Link { mut guard, row, then } in self.links {
            guard.sql = guard.sql.replace("{after}", "1 = 1");
            next.push(guard);
            groups.push(std::mem::take(&mut next));
            next.extend(then.into_iter().map(|Statement { sql, values }| {
                let sql = sql.replace("{guard}", &format!("({row}) AS guard"));
                Statement { sql: sql.replace("{held}", "1 = 1"), values }
            }));
        }
        (groups, next)
    }

    /// In a transaction of its own, that has done nothing yet; answers the last guard's row. `None`: nothing was changed.
    ///
    /// # Errors
    /// As the transaction says.
    pub async fn alone(self, tx: Box<dyn Transaction>) -> DatabaseResult<Option<Row>> {
        let (mut guards, rest) = self.in_groups();
        if rest.is_empty() && guards.len() == 1 {
            // Without its row it has changed nothing.
            return Ok(first_of_last(tx.commit_with(guards.remove(0)).await?));
        }
        done(guards, rest, tx).await
    }

    /// One statement after the other, in a transaction that may have done things before, and the commit; answers the last guard's row.
    ///
    /// # Errors
    /// As the transaction says.
    pub(crate) async fn in_transaction(self, tx: Box<dyn Transaction>) -> DatabaseResult<Option<Row>> {
        let (guards, rest) = self.in_groups();
        done(guards, rest, tx).await
    }

    /// The guards in turn, and what is between them; answers the last guard's row, and what is left to be done after it.
    /// `None`: one of them found none, and the transaction must not be committed.
    ///
    /// # Errors
    /// As the transaction says.
    pub(crate) async fn in_turn(self, tx: &mut dyn Transaction) -> DatabaseResult<Option<(Row, Vec<Statement>)>> {
        let (guards, rest) = self.in_groups();
        Ok(held(guards, tx).await?.map(|row| (row, rest)))
    }
}

async fn done(
    guards: Vec<Vec<Statement>>,
    rest: Vec<Statement>,
    mut tx: Box<dyn Transaction>,
) -> DatabaseResult<Option<Row>> {
    let row = held(guards, tx.as_mut()).await?;
    if row.is_some() {
        tx.commit_with(rest).await?;
    }
    Ok(row)
}

async fn held(guards: Vec<Vec<Statement>>, tx: &mut dyn Transaction) -> DatabaseResult<Option<Row>> {
    let mut last = None;
    for group in guards {
        last = first_of_last(tx.run_all(group).await?);
        if last.is_none() {
            return Ok(None);
        }
    }
    Ok(last)
}

fn first_of_last(mut answers: Vec<Vec<Row>>) -> Option<Row> {
    answers.pop()?.into_iter().next()
}

/// Statements as one text, and their parameters.
pub fn together(statements: Vec<Statement>) -> (String, Vec<Value>) {
    let (mut texts, mut all) = (Vec::new(), Vec::new());
    for Statement { sql, values } in statements {
        texts.push(if all.is_empty() { sql } else { shifted(&sql, all.len()) });
        all.extend(values);
    }
    (texts.join("; "), all)
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
        Guarded::with_row(guard, "SELECT last_event FROM pipelines WHERE id = $1").then([event, job])
    }

    #[test]
    fn in_one_statement_the_parameters_follow_each_other() {
        let (sql, values) = moved().in_one().unwrap();
        assert_eq!(
            sql,
            "WITH guard_0 AS (UPDATE pipelines SET token = $2 WHERE id = $1 RETURNING *), \
             then_0_0 AS (INSERT INTO events SELECT guard.last_event + $4, $3 FROM guard_0 AS guard), \
             then_0_1 AS (INSERT INTO jobs SELECT $5, $14 WHERE EXISTS (SELECT 1 FROM guard_0)) SELECT * FROM guard_0"
        );
        assert_eq!(values, ["p".into(), 7_i64.into(), "p".into(), 1_i64.into(), "p".into()]);
    }

    #[test]
    fn what_follows_waits_for_what_it_follows() {
        let guard = Statement::new("UPDATE job_logs SET token = $1 WHERE {after} RETURNING id", vec![1_i64.into()]);
        let (sql, values) = Guarded::new(guard).and_if_so(moved()).in_one().unwrap();
        let head = "WITH guard_0 AS (UPDATE job_logs SET token = $1 WHERE 1 = 1 RETURNING id), \
             guard_1 AS (UPDATE pipelines SET token = $3 WHERE id = $2 RETURNING *), then_1_0 AS";
        assert!(sql.starts_with(head) && sql.ends_with("SELECT * FROM guard_1"), "{sql}");
        assert_eq!(values.len(), 6);
    }

    #[test]
    fn in_turn_each_guard_ends_a_group() {
        let guard = Statement::new("UPDATE job_logs SET token = $1 WHERE {after} RETURNING id", vec![1_i64.into()]);
        let (groups, rest) = Guarded::new(guard).and_if_so(moved()).in_groups();
        let texts = |group: &[Statement]| group.iter().map(|next| next.sql.clone()).collect::<Vec<_>>();
        assert_eq!(
            texts(&groups.concat()),
            [
                "UPDATE job_logs SET token = $1 WHERE 1 = 1 RETURNING id",
                "UPDATE pipelines SET token = $2 WHERE id = $1 RETURNING *"
            ]
        );
        let (sql, values) = together(rest);
        let row = "(SELECT last_event FROM pipelines WHERE id = $1) AS guard";
        assert_eq!(
            sql,
            format!(
                "INSERT INTO events SELECT guard.last_event + $2, $1 FROM {row}; INSERT INTO jobs SELECT $3, $12 WHERE 1 = 1"
            )
        );
        assert_eq!(values, ["p".into(), 1_i64.into(), "p".into()]);
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
