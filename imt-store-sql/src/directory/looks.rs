//! Looks at repositories, one row for each project, and what branches have.

use std::collections::BTreeMap;
use std::time::Duration;

use imt_core::directory::{DueLook, LookEnd, LookRecord, Push};
use imt_core::id::{CommitId, ProjectId};
use imt_core::ports::{Sifted, StoreError, StoreResult, directory_bounds as bounds};
use imt_core::time::Timestamp;

use super::page::{at, maybe_time, page_limit, times};
use super::{incoming, projects};
use crate::database::{Database, Purpose};
use crate::dialect::placeholders;
use crate::leases::micros;
use crate::value::{Row, Value};

/// What is due, of those that are in no archive. The clock is read once, so that an index can be asked.
const DUE: &str = "
    repository_looks.taken_at <= (SELECT {now}) - CAST($1 AS BIGINT) AND repository_looks.rests_until <= (SELECT {now})
    AND (SELECT archived_at FROM directory_projects WHERE directory_projects.id = repository_looks.project) IS NULL";

/// Asked without a transaction: mostly there is nothing.
fn look_statement() -> String {
    format!(
        "SELECT repository_looks.project FROM repository_looks WHERE {DUE} ORDER BY repository_looks.taken_at LIMIT 1"
    )
}

/// The projects themselves are not locked, so that nobody who works on one is in the way. How many are taken stands in the
/// text, because a plan for any number would be one for many.
fn take_statement(limit: usize) -> String {
    format!(
        "WITH head AS MATERIALIZED (SELECT repository_looks.project FROM repository_looks WHERE {DUE}
            ORDER BY repository_looks.taken_at LIMIT {limit} {{skip_locked}})
         UPDATE repository_looks SET taken_at = {{now}} FROM head WHERE repository_looks.project = head.project
         RETURNING repository_looks.project"
    )
}

fn taken_statement(count: usize) -> String {
    let project = projects::PROJECT;
    format!(
        "SELECT {project}, repository_looks.failures FROM directory_projects
           JOIN repository_looks ON repository_looks.project = directory_projects.id
          WHERE directory_projects.id IN ({})",
        placeholders(1, count)
    )
}

/// The statements that are repeated all day.
pub(super) fn hot() -> Vec<(&'static str, String)> {
    vec![("looks_due", look_statement()), ("take_looks", take_statement(8)), ("heads", HEADS.to_owned())]
}

pub(super) async fn take(database: &dyn Database, age: Duration, limit: usize) -> StoreResult<Sifted<DueLook>> {
    let (dialect, mut all) = (database.dialect(), Sifted::default());
    if database.run(Purpose::Read, &dialect.sql(&look_statement()), vec![micros(age)]).await?.is_empty() {
        return Ok(all);
    }
    let mut tx = database.begin().await?;
    let take = dialect.sql(&take_statement(page_limit(limit)));
    let taken = tx.run(&take, vec![micros(age)]).await?;
    let ids = taken.into_iter().map(|row| row.of("look").text().map(Value::from)).collect::<StoreResult<Vec<_>>>()?;
    if ids.is_empty() {
        return Ok(all);
    }
    let rows = tx.run(&taken_statement(ids.len()), ids).await?;
    tx.commit().await?;
    for row in rows {
        let mut row = row.of("project");
        let due = projects::record(&mut row).and_then(|project| Ok(DueLook { project, failures: times(&mut row)? }));
        match due {
            Ok(due) => all.found.push(due),
            Err(error) => all.set_aside.push(format!("a project cannot be read: {error}")),
        }
    }
    Ok(all)
}

const SEEN: &str = "
    UPDATE repository_looks SET since = CASE WHEN repo_url = $2 THEN since ELSE $3 END, repo_url = $2, seen_at = $3,
        failure = NULL, failures = 0, rests_until = 0
     WHERE project = $1 RETURNING project";
const FAILED: &str = "
    UPDATE repository_looks SET failure = $2, failures = failures + 1, rests_until = {now} + $3
     WHERE project = $1 RETURNING project";

pub(super) async fn settle(database: &dyn Database, project: ProjectId, end: &LookEnd) -> StoreResult<()> {
    let (sql, values) = match end {
        LookEnd::Seen { repo_url, at: seen_at } => (SEEN, vec![repo_url.as_str().into(), at(*seen_at)]),
        LookEnd::Failed { detail, rest } => (FAILED, vec![bounds::detail(detail).into(), micros(*rest)]),
    };
    change(database, project, sql, values).await
}

const WANT: &str = "UPDATE repository_looks SET taken_at = 0, rests_until = 0 WHERE project = $1 RETURNING project";

pub(super) async fn want(database: &dyn Database, project: ProjectId) -> StoreResult<()> {
    change(database, project, WANT, Vec::new()).await
}

async fn change(database: &dyn Database, project: ProjectId, sql: &str, values: Vec<Value>) -> StoreResult<()> {
    let mut tx = database.begin().await?;
    let values = std::iter::once(project.to_string().into()).chain(values).collect();
    if tx.run(&database.dialect().sql(sql), values).await?.is_empty() {
        return Err(StoreError::NotFound("project"));
    }
    Ok(tx.commit().await?)
}

fn record(row: &mut Row) -> StoreResult<LookRecord> {
    let (repo_url, since, seen_at) = (row.maybe_text()?, maybe_time(row)?, maybe_time(row)?);
    Ok(LookRecord { repo_url, since, seen_at, failure: row.maybe_text()? })
}

pub(super) async fn one(database: &dyn Database, project: ProjectId) -> StoreResult<LookRecord> {
    let sql = "SELECT repo_url, since, seen_at, failure FROM repository_looks WHERE project = $1";
    let rows = database.run(Purpose::Read, sql, vec![project.to_string().into()]).await?;
    let row = rows.into_iter().next().ok_or(StoreError::NotFound("project"))?;
    record(&mut row.of("look"))
}

const HEADS: &str = "SELECT branch, commit_id FROM branch_heads WHERE project = $1";

pub(super) async fn heads(database: &dyn Database, project: ProjectId) -> StoreResult<BTreeMap<String, CommitId>> {
    let rows = database.run(Purpose::Read, HEADS, vec![project.to_string().into()]).await?;
    let head = |row: Row| {
        let mut row = row.of("head of a branch");
        Ok((row.text()?, CommitId::new(row.text()?)))
    };
    rows.into_iter().map(head).collect()
}

pub(super) async fn note(
    database: &dyn Database,
    project: ProjectId,
    heads: &[Push],
    time: Timestamp,
) -> StoreResult<()> {
    bounds::heads(heads)?;
    let mut tx = database.begin().await?;
    projects::locked(tx.as_mut(), database, project).await?;
    for head in heads {
        incoming::note_head(tx.as_mut(), project, head, time).await?;
    }
    Ok(tx.commit().await?)
}
