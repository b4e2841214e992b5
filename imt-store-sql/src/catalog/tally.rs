//! How much there is to do, and what came of it of late: counted along indices that hold what is open, and what is over by its
//! time, so that it costs no more for all that was ever done.

use std::collections::BTreeMap;
use std::time::Duration;

use imt_core::ports::{Ended, Standing, StoreResult, Tally};
use serde::de::DeserializeOwned;

use crate::database::{Database, Purpose};
use crate::value::Value;

/// The two halves of what is open have an index each.
const PIPELINES: &str = "
    SELECT COUNT(*), 0, {now} - MIN(submitted_at) FROM pipelines WHERE holder IS NULL AND ended = 0
    UNION ALL
    SELECT COALESCE(SUM(CASE WHEN lease_until > {now} THEN 0 ELSE 1 END), 0),
        COALESCE(SUM(CASE WHEN lease_until > {now} THEN 1 ELSE 0 END), 0),
        {now} - MIN(CASE WHEN lease_until > {now} THEN NULL ELSE submitted_at END)
      FROM pipelines WHERE holder IS NOT NULL AND ended = 0";
/// The clock is read once: compared with each row anew, it would keep the index from being entered where the hour begins.
const PIPELINES_OVER: &str = "
    SELECT status, COUNT(*), {took} FROM pipelines
     WHERE ended = 1 AND ended_at > (SELECT {now} - CAST($1 AS BIGINT)) GROUP BY status";
/// Whoever began may have had a clock that was ahead; what never began has no time.
const TOOK: &str =
    "CAST(COALESCE(SUM(CASE WHEN ended_at > started_at THEN ended_at - started_at ELSE 0 END), 0) AS BIGINT)";
/// Each with the time of its attempts.
const JOBS_OVER: &str = "
    SELECT status, COUNT(*), CAST(SUM(took) AS BIGINT)
      FROM (SELECT jobs.status AS status,
                (SELECT {took} FROM attempts WHERE attempts.pipeline = jobs.pipeline AND attempts.job = jobs.job) AS took
              FROM pipelines JOIN jobs ON jobs.pipeline = pipelines.id
             WHERE pipelines.ended = 1 AND pipelines.ended_at > (SELECT {now} - CAST($1 AS BIGINT))) AS of_late
     GROUP BY status";
const DEPLOYMENTS: &str = "
    SELECT COALESCE(SUM(CASE WHEN lease_until > {now} THEN 0 ELSE 1 END), 0),
        COALESCE(SUM(CASE WHEN lease_until > {now} THEN 1 ELSE 0 END), 0),
        {now} - MIN(CASE WHEN lease_until > {now} THEN NULL ELSE submitted_at END)
      FROM deployments WHERE ended = 0";
const DEPLOYMENTS_OVER: &str = "
    SELECT status, COUNT(*), {took} FROM deployments
     WHERE ended = 1 AND ended_at > (SELECT {now} - CAST($1 AS BIGINT)) GROUP BY status";

pub(crate) async fn tally(database: &dyn Database, of_late: Duration) -> StoreResult<Tally> {
    Ok(Tally {
        pipelines: standing(database, (PIPELINES, PIPELINES_OVER), of_late).await?,
        jobs: ended(database, JOBS_OVER, of_late).await?,
        deployments: standing(database, (DEPLOYMENTS, DEPLOYMENTS_OVER), of_late).await?,
        connections: database.connections(),
    })
}

async fn standing<S: DeserializeOwned + Ord>(
    database: &dyn Database,
    (open, over): (&str, &str),
    of_late: Duration,
) -> StoreResult<Standing<S>> {
    let (mut waiting, mut driven, mut longest) = (0, 0, None);
    for row in database.run(Purpose::Read, &database.dialect().sql(open), Vec::new()).await? {
        let mut row = row.of("count");
        waiting += row.count()?;
        driven += row.count()?;
        // Whoever handed it in may have a clock that is ahead of the store's.
        let micros = row.maybe_int()?.map(|micros| u64::try_from(micros).unwrap_or_default());
        longest = longest.max(micros.map(Duration::from_micros));
    }
    Ok(Standing { waiting, waiting_for: longest, driven, ended: ended(database, over, of_late).await? })
}

async fn ended<S: DeserializeOwned + Ord>(
    database: &dyn Database,
    over: &str,
    of_late: Duration,
) -> StoreResult<BTreeMap<S, Ended>> {
    let span = u64::try_from(of_late.as_micros()).unwrap_or(u64::MAX).min(1 << 60);
    let values: Vec<Value> = vec![span.into()];
    let mut ended = BTreeMap::new();
    for row in database.run(Purpose::Read, &database.dialect().sql(&over.replace("{took}", TOOK)), values).await? {
        let mut row = row.of("count");
        ended.insert(row.word()?, Ended { count: row.count()?, took: Duration::from_micros(row.count()?) });
    }
    Ok(ended)
}
