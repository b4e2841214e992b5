//! Commit statuses on their way, one row for each pipeline.

use std::time::Duration;

use imt_core::directory::{NewReport, Report, ReportClaim, ReportRecord, ReportSettlement, ReportState, TakenReport};
use imt_core::id::{CommitId, InstanceId, PipelineId};
use imt_core::ports::{EventId, Sifted, StoreError, StoreResult, bounds::instance, directory_bounds as bounds};

use super::page::{at, page_limit, parsed, time, times};
use super::projects;
use crate::database::{Database, Purpose};
use crate::guarded::{Guarded, Statement};
use crate::leases::micros;
use crate::value::{Row, Value, word};

/// While somebody has the row its lease stays, so that what is queued waits for him.
const QUEUE: &str = "
    INSERT INTO commit_reports (pipeline, project, commit_id, status, at, due_at) VALUES ($1, $2, $3, $4, $5, {now})
    ON CONFLICT (pipeline) DO UPDATE SET project = excluded.project, commit_id = excluded.commit_id,
        status = excluded.status, at = excluded.at, settled = 0, settled_at = NULL, tries = 0, detail = NULL,
        due_at = CASE WHEN commit_reports.taken = 1 THEN commit_reports.due_at ELSE excluded.due_at END,
        replaced = commit_reports.taken
     WHERE excluded.at > commit_reports.at
        OR (excluded.at = commit_reports.at AND excluded.status <> commit_reports.status)";

pub(super) async fn queue(database: &dyn Database, new: &NewReport) -> StoreResult<()> {
    bounds::report(new)?;
    let mut tx = database.begin().await?;
    projects::exists(tx.as_mut(), new.project).await?;
    let values = vec![
        new.pipeline.to_string().into(),
        new.project.to_string().into(),
        new.commit.as_str().into(),
        word(new.status),
        at(new.at),
    ];
    tx.run(&database.dialect().sql(QUEUE), values).await?;
    Ok(tx.commit().await?)
}

/// Asked without a transaction: mostly there is nothing.
const LOOK: &str = "SELECT pipeline FROM commit_reports WHERE settled = 0 AND due_at <= {now} LIMIT 1";
const TAKE: &str = "
    WITH head AS MATERIALIZED (SELECT pipeline FROM commit_reports WHERE settled = 0 AND due_at <= {now}
        ORDER BY due_at LIMIT $3 {skip_locked})
    UPDATE commit_reports SET taken = 1, replaced = 0, due_at = {now} + $2, worker = $1, token = token + 1,
        tries = tries + 1
      FROM head WHERE commit_reports.pipeline = head.pipeline
    RETURNING commit_reports.pipeline, commit_reports.project, commit_reports.commit_id, commit_reports.status,
        commit_reports.at, commit_reports.tries, commit_reports.token";

/// The statements by which workers find reports.
pub(super) fn hot() -> Vec<(&'static str, String)> {
    [("look_for_report", LOOK), ("take_reports", TAKE), ("prune_reports", PRUNE)]
        .map(|(name, sql)| (name, sql.to_owned()))
        .into()
}

fn taken(row: &mut Row) -> StoreResult<TakenReport> {
    let (pipeline, project, commit) = (parsed(row)?, parsed(row)?, CommitId::new(row.text()?));
    let what = NewReport { project, pipeline, commit, status: row.word()?, at: time(row)? };
    let report = Report { what, tries: times(row)? };
    Ok(TakenReport { report, claim: ReportClaim { pipeline, token: row.count()? } })
}

pub(super) async fn take(
    database: &dyn Database,
    worker: &InstanceId,
    lease: Duration,
    limit: usize,
) -> StoreResult<Sifted<TakenReport>> {
    instance(worker)?;
    let (dialect, mut all) = (database.dialect(), Sifted::default());
    if database.run(Purpose::Read, &dialect.sql(LOOK), Vec::new()).await?.is_empty() {
        return Ok(all);
    }
    let mut tx = database.begin().await?;
    let values = vec![worker.as_str().into(), micros(lease), (page_limit(limit) as u64).into()];
    let rows = tx.run(&dialect.sql(TAKE), values).await?;
    tx.commit().await?;
    for row in rows {
        match taken(&mut row.of("report")) {
            Ok(taken) => all.found.push(taken),
            Err(error) => all.set_aside.push(format!("a report cannot be read: {error}")),
        }
    }
    Ok(all)
}

const OVER: &str = "
    UPDATE commit_reports SET settled = CASE WHEN replaced = 1 THEN 0 ELSE 1 END,
        settled_at = CASE WHEN replaced = 1 THEN NULL ELSE {now} END, due_at = {now}, taken = 0, replaced = 0,
        token = token + 1, detail = $3
     WHERE pipeline = $1 AND token = $2 AND taken = 1 RETURNING pipeline";
const AGAIN: &str = "
    UPDATE commit_reports SET due_at = {now} + CASE WHEN replaced = 1 THEN 0 ELSE $4 END, taken = 0, replaced = 0,
        token = token + 1, detail = $3
     WHERE pipeline = $1 AND token = $2 AND taken = 1 RETURNING pipeline";

pub(super) async fn settle(
    database: &dyn Database,
    claim: &ReportClaim,
    settlement: &ReportSettlement,
) -> StoreResult<()> {
    let mut values: Vec<Value> = vec![claim.pipeline.to_string().into(), claim.token.into()];
    let sql = match settlement {
        ReportSettlement::Sent => {
            values.push(Value::Text(None));
            OVER
        }
        ReportSettlement::GivenUp { detail } => {
            values.push(bounds::detail(detail).into());
            OVER
        }
        ReportSettlement::Again { detail, after } => {
            values.extend([bounds::detail(detail).into(), micros(*after)]);
            AGAIN
        }
    };
    let settled = Guarded::new(Statement::new(database.dialect().sql(sql), values));
    let lost = || StoreError::Conflict("somebody else has the report, or it is settled".to_owned());
    database.change(settled).await?.map(|_| ()).ok_or_else(lost)
}

pub(super) async fn one(database: &dyn Database, pipeline: PipelineId) -> StoreResult<Option<ReportRecord>> {
    let sql = "SELECT status, tries, settled, detail FROM commit_reports WHERE pipeline = $1";
    let rows = database.run(Purpose::Read, sql, vec![pipeline.to_string().into()]).await?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let mut row = row.of("report");
    let (status, tries) = (row.word()?, times(&mut row)?);
    let state = match (row.flag()?, row.maybe_text()?) {
        (true, None) => ReportState::Sent,
        (true, Some(detail)) => ReportState::GivenUp { detail },
        (false, failure) => ReportState::Waits { failure },
    };
    Ok(Some(ReportRecord { status, tries, state }))
}

pub(super) async fn events(database: &dyn Database) -> StoreResult<EventId> {
    let sql = "SELECT event FROM reported_events";
    let rows = database.run(Purpose::Read, sql, Vec::new()).await?;
    rows.into_iter().next().map_or(Ok(EventId(0)), |row| row.of("reported events").count().map(EventId))
}

pub(super) async fn set_events(database: &dyn Database, up_to: EventId) -> StoreResult<()> {
    let mut tx = database.begin().await?;
    tx.run("UPDATE reported_events SET event = $1 WHERE event < $1", vec![up_to.0.into()]).await?;
    Ok(tx.commit().await?)
}

const PRUNE: &str = "
    WITH head AS MATERIALIZED (SELECT pipeline FROM commit_reports
        WHERE settled = 1 AND settled_at < {now} - CAST($1 AS BIGINT) ORDER BY settled_at LIMIT $2 {skip_locked})
    DELETE FROM commit_reports WHERE pipeline IN (SELECT pipeline FROM head) RETURNING pipeline";

pub(super) async fn prune(database: &dyn Database, older_than: Duration, limit: usize) -> StoreResult<u64> {
    let mut tx = database.begin().await?;
    let values = vec![micros(older_than), (limit as u64).into()];
    let gone = tx.run(&database.dialect().sql(PRUNE), values).await?.len() as u64;
    tx.commit().await?;
    Ok(gone)
}
