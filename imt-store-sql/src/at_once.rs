//! Several pipelines in one statement: what [`choice`](crate::choice) would choose one after another, where a database can
//! say it like that and all of it is new.
//!
//! What was left behind or has been claimed before is not taken here: its logs have to be closed to whoever had it, by a
//! statement that sees what he wrote until then.

use std::num::NonZeroUsize;

use imt_core::ports::{RunnerInfo, StoreResult};

use crate::choice::{left_out, left_out_value, set_aside, suits};
use crate::claimed::Claimed;
use crate::claims::claim_of;
use crate::database::{Database, Purpose};
use crate::leases::micros;
use crate::pipelines;
use crate::value::Value;

/// More are not claimed at once, so that there are few statements.
const MOST: usize = 16;

/// Claims pipelines. `None`: it has to be done one after another, or others were faster; whatever there is to be had is still
/// there.
pub(crate) async fn claim(
    database: &dyn Database,
    runner: &RunnerInfo,
    most: NonZeroUsize,
) -> StoreResult<Option<Vec<Claimed>>> {
    let mut values: Vec<Value> = vec![runner.instance.as_str().into(), micros(runner.lease), left_out_value(runner)];
    values.extend(runner.labels.iter().map(|label| Value::from(format!("\n{label}\n"))));
    let sql = database.dialect().sql(&statement(runner.labels.len(), at_once(most)));
    let (mut claims, mut nothing) = (Vec::new(), true);
    // Done twice, the second finds what the first has taken to be left behind.
    for row in database.run(Purpose::Claim, &sql, values).await? {
        let mut row = row.of("pipeline");
        let (is_left, waits, id) = (row.flag()?, row.flag()?, row.maybe_text()?);
        nothing &= !is_left && !waits;
        let Some(id) = id else { continue };
        match id.parse() {
            Ok(pipeline) => {
                let untouched = pipelines::untouched(row, pipeline);
                claims.push(Claimed { claim: claim_of(runner, pipeline, 1), untouched });
            }
            Err(_) => set_aside(database, id).await?,
        }
    }
    Ok((nothing || !claims.is_empty()).then_some(claims))
}

/// A power of two, for the same reason.
fn at_once(most: NonZeroUsize) -> usize {
    1 << most.get().min(MOST).ilog2()
}

/// Answers at least one row: whether something is left behind, whether something waits, and a pipeline that was claimed.
///
/// A pipeline's turn is how many of its project are under way when it comes, so the smallest turns are what claims one after
/// another would choose. They are among the lanes whose first ones would have the smallest turns if they were alone.
/// `MATERIALIZED`, because a plan may look for the heads more than once, and lock others each time.
fn statement(labels: usize, most: usize) -> String {
    let (suits, left_out) = (suits(4, labels), left_out(3));
    let of_lane = |lane: &str| {
        format!(
            "FROM pipelines WHERE project = {lane}.project AND labels = {lane}.labels AND holder IS NULL AND ended = 0 {left_out}"
        )
    };
    format!(
        "WITH left_behind AS MATERIALIZED (
            SELECT 1 FROM pipelines WHERE holder IS NOT NULL AND ended = 0 AND (holder = $1 OR lease_until <= {{now}})
               AND {suits} {left_out} LIMIT 1),
        firsts AS (
            SELECT lanes.project, lanes.labels, busy.busy, first.position
              FROM lanes
             CROSS JOIN LATERAL (SELECT MIN(position) AS position {}) AS first
             CROSS JOIN LATERAL (SELECT COUNT(*) AS busy FROM pipelines
                 WHERE project = lanes.project AND holder IS NOT NULL AND ended = 0) AS busy
             WHERE first.position IS NOT NULL AND {suits} AND NOT EXISTS (SELECT 1 FROM left_behind)),
        near AS (
            SELECT project, labels, busy FROM firsts
             ORDER BY busy + ROW_NUMBER() OVER (PARTITION BY project ORDER BY position), position LIMIT {most}),
        chosen AS (
            SELECT near.project, near.labels FROM near
             CROSS JOIN LATERAL (SELECT position {} ORDER BY position LIMIT {most}) AS next
             ORDER BY busy + ROW_NUMBER() OVER (PARTITION BY near.project ORDER BY next.position), next.position LIMIT {most}),
        shares AS (SELECT project, labels, COUNT(*) AS share FROM chosen GROUP BY project, labels),
        head AS MATERIALIZED (
            SELECT next.id AS pipeline, next.token AS before FROM shares
             CROSS JOIN LATERAL (SELECT id, token FROM
                 (SELECT id, token {} ORDER BY position LIMIT {most} {{skip_locked}}) AS all_of_it LIMIT share) AS next),
        taken AS (
            UPDATE pipelines SET token = 1, commits = 0, holder = $1, lease_until = {{now}} + $2
              FROM head WHERE pipelines.id = head.pipeline AND pipelines.token = 0
               AND NOT EXISTS (SELECT 1 FROM head WHERE before > 0) RETURNING pipelines.id, {})
        SELECT CASE WHEN EXISTS (SELECT 1 FROM left_behind) THEN 1 ELSE 0 END,
            CASE WHEN EXISTS (SELECT 1 FROM shares) THEN 1 ELSE 0 END, taken.*
          FROM (SELECT 1) AS answer LEFT JOIN taken ON 1 = 1",
        of_lane("lanes"),
        of_lane("near"),
        of_lane("shares"),
        pipelines::columns()
    )
}

/// The statement, for the test of its plan.
pub(crate) fn hot() -> Vec<(&'static str, String)> {
    vec![("claim_one", statement(1, 1)), ("claim_most", statement(1, MOST))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_few_statements() {
        let of = |most| at_once(NonZeroUsize::new(most).unwrap());
        assert_eq!([1, 2, 3, 7, 8, 15, 16, 1_000].map(of), [1, 2, 2, 4, 8, 8, 16, 16]);
    }
}
