//! Which pipeline a runner gets: what was left behind, then the lanes in turn; what cannot be read is put aside.

use std::num::NonZeroUsize;

use imt_core::id::PipelineId;
use imt_core::ports::{Claim, RunnerInfo, StoreResult, bounds};

use crate::claimed::Claimed;
use crate::claims::{claim_of, take};
use crate::database::{Database, Purpose};
use crate::dialect::Dialect;
use crate::guarded::{Guarded, Statement};
use crate::leases::micros;
use crate::value::Value;
use crate::{at_once, pipelines, rows};

/// The first of a lane that nobody holds and that the runner does not leave out; the parameters of [`of_lane`] from `from` on.
fn head_statement(from: usize) -> String {
    let (labels, left_out) = (from + 1, left_out(from + 2));
    format!(
        "SELECT id FROM pipelines WHERE project = ${from} AND labels = ${labels} AND holder IS NULL AND ended = 0 {left_out}
         ORDER BY position LIMIT 1 {{skip_locked}}"
    )
}

fn of_lane(runner: &RunnerInfo, project: String, labels: String) -> Vec<Value> {
    vec![project.into(), labels.into(), left_out_value(runner)]
}

/// Takes the first of a lane in one statement, if nobody has ever claimed it: then it has no log that would have to be closed
/// to anybody. `MATERIALIZED`, because a plan may look for the head more than once, and lock another one each time.
fn take_new_statement() -> String {
    format!(
        "WITH head AS MATERIALIZED ({})
         UPDATE pipelines SET token = 1, commits = 0, holder = $1, lease_until = {{now}} + $2
           FROM head WHERE pipelines.id = head.id AND pipelines.token = 0 RETURNING pipelines.id, {}",
        head_statement(3),
        pipelines::columns()
    )
}

/// What came of taking the head of a lane.
enum Taken {
    It(Box<Claimed>),
    /// It cannot be read, and is in nobody's way any more.
    SetAside,
    /// There is none, or others were faster.
    Nothing,
}

async fn take_new(database: &dyn Database, runner: &RunnerInfo, lane: &[Value]) -> StoreResult<Taken> {
    let values = [vec![runner.instance.as_str().into(), micros(runner.lease)], lane.to_vec()].concat();
    let sql = database.dialect().sql(&take_new_statement());
    let taken = database.change(Guarded::new(Statement::new(sql, values))).await?;
    let Some(row) = taken else { return Ok(Taken::Nothing) };
    let mut row = row.of("pipeline");
    let id = row.text()?;
    let Ok(pipeline) = id.parse() else {
        set_aside(database, id).await?;
        return Ok(Taken::SetAside);
    };
    let untouched = pipelines::untouched(row, pipeline);
    Ok(Taken::It(Box::new(Claimed { claim: claim_of(runner, pipeline, 1), untouched })))
}

/// The same for one that somebody has claimed before.
async fn take_again(database: &dyn Database, runner: &RunnerInfo, lane: &[Value]) -> StoreResult<Taken> {
    let mut tx = database.begin().await?;
    let head = database.dialect().sql(&head_statement(1));
    let Some(row) = tx.run(&head, lane.to_vec()).await?.into_iter().next() else { return Ok(Taken::Nothing) };
    let id = row.of("pipeline").text()?;
    let Ok(pipeline) = id.parse() else {
        drop(tx);
        set_aside(database, id).await?;
        return Ok(Taken::SetAside);
    };
    let claim = take(tx, database.dialect(), runner, pipeline).await?;
    Ok(Taken::It(Box::new(claim.into())))
}

/// Held by nobody, for ever.
const SET_ASIDE: &str = "
    UPDATE pipelines SET holder = '', lease_until = 9223372036854775807 WHERE id = $1 RETURNING position";

/// A pipeline whose id is none: it stays for people to look at, in the lists, and keeps nobody waiting.
pub(crate) async fn set_aside(database: &dyn Database, id: String) -> StoreResult<()> {
    database.change(Guarded::new(Statement::new(SET_ASIDE, vec![id.into()]))).await?;
    Ok(())
}

/// Not what the runner leaves out, which is the parameter `nth`: one for all of it, so that the statement is the same however
/// many there are. Said so that a planner expects nearly all pipelines to pass, as they do.
pub(crate) fn left_out(nth: usize) -> String {
    format!("AND CASE WHEN REPLACE(${nth}, '\n' || id || '\n', '') = ${nth} THEN 0 ELSE 1 END <> 1")
}

pub(crate) fn left_out_value(runner: &RunnerInfo) -> Value {
    runner.driving.iter().map(|id| format!("\n{id}\n")).collect::<Vec<_>>().concat().into()
}

/// The lanes whose labels the runner has; its own are the parameters from `from` on, each between line breaks.
pub(crate) fn suits(from: usize, labels: usize) -> String {
    // Each label of the runner is taken out of the lane's: nothing may be left.
    let rest = (from..from + labels)
        .fold("'\n' || labels || '\n'".to_owned(), |rest, n| format!("REPLACE({rest}, ${n}, '\n')"));
    format!("(labels = '' OR {rest} = '\n')")
}

/// What a runner may claim, as one statement sees it.
struct Look {
    /// Left behind by somebody who no longer lives, or by an earlier life of the runner: position and id of the first few.
    left: Vec<(i64, String)>,
    /// Lanes in which something waits: how many pipelines of the project are under way, the first that waits, and the lane.
    waiting: Vec<(u64, i64, String, String)>,
}

/// Claims what has waited longest, what somebody left behind before all else: several where that can be done at once, else
/// one.
pub(crate) async fn claim_any(
    database: &dyn Database,
    runner: &RunnerInfo,
    most: NonZeroUsize,
) -> StoreResult<Vec<Claimed>> {
    bounds::runner(runner)?;
    if database.dialect().changes_in_queries
        && let Some(claimed) = at_once::claim(database, runner, most).await?
    {
        return Ok(claimed);
    }
    Ok(one_by_one(database, runner).await?.into_iter().collect())
}

async fn one_by_one(database: &dyn Database, runner: &RunnerInfo) -> StoreResult<Option<Claimed>> {
    let Look { mut left, mut waiting } = look(database, runner).await?;
    left.sort_unstable();
    for (_, id) in left {
        if id.parse::<PipelineId>().is_err() {
            set_aside(database, id).await?;
        } else if let Some(claim) = claim_left(database, runner, id).await? {
            return Ok(Some(claim.into()));
        }
    }
    waiting.sort_unstable();
    for (_, _, project, labels) in waiting {
        let lane = of_lane(runner, project, labels);
        loop {
            let mut taken = take_new(database, runner, &lane).await?;
            if matches!(taken, Taken::Nothing) {
                taken = take_again(database, runner, &lane).await?;
            }
            match taken {
                Taken::It(claimed) => return Ok(Some(*claimed)),
                Taken::SetAside => {}
                Taken::Nothing => break,
            }
        }
    }
    Ok(None)
}

/// Looks without a transaction: a runner that has nothing to do asks this every second and nothing else.
async fn look(database: &dyn Database, runner: &RunnerInfo) -> StoreResult<Look> {
    let mut values: Vec<Value> = vec![runner.instance.as_str().into(), left_out_value(runner)];
    values.extend(runner.labels.iter().map(|label| Value::from(format!("\n{label}\n"))));
    let sql = database.dialect().sql(&look_statement(runner.labels.len()));
    let mut found = Look { left: Vec::new(), waiting: Vec::new() };
    for row in database.run(Purpose::Read, &sql, values).await? {
        let mut row = row.of("lane");
        let (left, project, labels) = (row.maybe_text()?, row.text()?, row.text()?);
        let (first, busy) = (row.maybe_int()?, row.count()?);
        match (left, first) {
            (Some(id), Some(position)) => found.left.push((position, id)),
            (None, Some(first)) => found.waiting.push((busy, first, project, labels)),
            (_, None) => {}
        }
    }
    Ok(found)
}

/// The plus keeps a plan from walking all pipelines in the order of their positions until one is held: those that are held
/// are few and have an index of their own.
fn look_statement(labels: usize) -> String {
    let (suits, left_out) = (suits(3, labels), left_out(2));
    format!(
        "SELECT CAST(NULL AS TEXT), lanes.project, lanes.labels,
            (SELECT MIN(position) FROM pipelines
              WHERE project = lanes.project AND labels = lanes.labels AND holder IS NULL AND ended = 0 {left_out}),
            (SELECT COUNT(*) FROM pipelines WHERE project = lanes.project AND holder IS NOT NULL AND ended = 0)
           FROM lanes WHERE {suits}
         UNION ALL
         SELECT * FROM (SELECT id, project, labels, position, CAST(0 AS BIGINT) FROM pipelines
          WHERE holder IS NOT NULL AND ended = 0 AND (holder = $1 OR lease_until <= {{now}}) AND {suits} {left_out}
          ORDER BY +position LIMIT 8) AS left_behind"
    )
}

const LEFT: &str = "
    SELECT id FROM pipelines WHERE id = $1 AND holder IS NOT NULL AND ended = 0
       AND (holder = $2 OR lease_until <= {now}) {skip_locked}";

/// Claims what was seen to be held by nobody who still lives, unless others were faster.
async fn claim_left(database: &dyn Database, runner: &RunnerInfo, id: String) -> StoreResult<Option<Claim>> {
    let mut tx = database.begin().await?;
    let values = vec![id.into(), runner.instance.as_str().into()];
    let rows = tx.run(&database.dialect().sql(LEFT), values).await?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let id = rows::pipeline_id(&mut row.of("pipeline"))?;
    take(tx, database.dialect(), runner, id).await.map(Some)
}

/// The statements by which a runner finds work, for the tests of their plans.
pub(crate) fn hot(dialect: &Dialect) -> Vec<(&'static str, String)> {
    let at_once = if dialect.changes_in_queries { at_once::hot() } else { Vec::new() };
    let one_by_one = [
        ("look", look_statement(1)),
        ("head", head_statement(1)),
        ("take_new", take_new_statement()),
        ("left", LEFT.to_owned()),
    ];
    at_once.into_iter().chain(one_by_one).collect()
}
