//! Runners, as they say of themselves.

use std::num::NonZeroU32;
use std::time::Duration;

use imt_core::id::InstanceId;
use imt_core::ports::{RunnerBeat, RunnerStatus, Sifted, StoreError, StoreResult, bounds};

use crate::database::{Database, Purpose};
use crate::value::{Row, Value, json};

/// A sign of life that comes later than this is of no use: the next one is due.
const BEAT_WITHIN: Duration = Duration::from_secs(5);
const BEAT: &str = "
    INSERT INTO runners (instance, host, version, labels, capacity, driving, draining, seen_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, {now})
    ON CONFLICT (instance) DO UPDATE SET host = excluded.host, version = excluded.version, labels = excluded.labels,
        capacity = excluded.capacity, driving = excluded.driving, draining = excluded.draining, seen_at = excluded.seen_at";

pub(crate) async fn beat(database: &dyn Database, runner: &RunnerBeat) -> StoreResult<()> {
    bounds::beat(runner)?;
    let values: Vec<Value> = vec![
        runner.instance.as_str().into(),
        runner.host.as_str().into(),
        runner.version.as_str().into(),
        json(&runner.labels),
        runner.capacity.get().into(),
        runner.driving.into(),
        runner.draining.into(),
    ];
    // As with a lease, nothing else may be in its way.
    database.run(Purpose::Lease(BEAT_WITHIN), &database.dialect().sql(BEAT), values).await?;
    Ok(())
}

pub(crate) async fn retire(database: &dyn Database, instance: &InstanceId) -> StoreResult<()> {
    let sql = "DELETE FROM runners WHERE instance = $1";
    database.run(Purpose::Lease(BEAT_WITHIN), sql, vec![instance.as_str().into()]).await?;
    Ok(())
}

const RUNNERS: &str = "
    SELECT instance, host, version, labels, capacity, driving, draining, {now} - seen_at FROM runners
    ORDER BY host, instance";

pub(crate) async fn runners(database: &dyn Database) -> StoreResult<Sifted<RunnerStatus>> {
    let mut all = Sifted::default();
    for row in database.run(Purpose::Read, &database.dialect().sql(RUNNERS), Vec::new()).await? {
        match runner(row.clone()) {
            Ok(runner) => all.found.push(runner),
            Err(error) => all.set_aside.push(format!("{} cannot be read: {error}", name(row))),
        }
    }
    Ok(all)
}

/// What to call a runner of which no more than this may be sound.
fn name(row: Row) -> String {
    row.of("runner").text().map_or_else(|_| "a runner".to_owned(), |instance| format!("runner {instance}"))
}

fn runner(row: Row) -> StoreResult<RunnerStatus> {
    let mut row = row.of("runner");
    let instance = InstanceId::new(row.text()?);
    let (host, version, labels) = (row.text()?, row.text()?, row.json()?);
    let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let none = || StoreError::Internal { message: "a runner has capacity 0".to_owned(), source: None };
    let beat = RunnerBeat {
        instance,
        host,
        version,
        labels,
        capacity: NonZeroU32::new(small(row.count()?)).ok_or_else(none)?,
        driving: small(row.count()?),
        draining: row.flag()?,
    };
    // Its clock may be set back between the two readings.
    let micros = u64::try_from(row.int()?).unwrap_or_default();
    Ok(RunnerStatus { beat, silent_for: Duration::from_micros(micros) })
}
