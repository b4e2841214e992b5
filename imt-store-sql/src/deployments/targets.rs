//! What is remembered of targets. No secret is among it.

use imt_core::deploy::settings::TargetSettings;
use imt_core::id::ProjectName;
use imt_core::ports::{RememberedTarget, Sifted, StoreResult, bounds};
use imt_core::time::Timestamp;

use crate::database::{Database, Purpose, Transaction};
use crate::queue::ADD_PROJECT;
use crate::value::{Row, Value, json};

const REMEMBER: &str = "
    INSERT INTO targets (project, environment, settings, at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (project, environment) DO UPDATE SET settings = excluded.settings, at = excluded.at";

/// Remembers a target of a project that is there.
pub(super) async fn write(
    tx: &mut dyn Transaction,
    project: &ProjectName,
    environment: &str,
    settings: &TargetSettings,
    at: Timestamp,
) -> StoreResult<()> {
    let values: Vec<Value> = vec![project.as_str().into(), environment.into(), json(settings), at.as_micros().into()];
    tx.run(REMEMBER, values).await?;
    Ok(())
}

pub(super) async fn remember(
    database: &dyn Database,
    project: &ProjectName,
    environment: &str,
    settings: &TargetSettings,
    at: Timestamp,
) -> StoreResult<()> {
    bounds::target(project, environment, settings)?;
    let mut tx = database.begin().await?;
    tx.run(ADD_PROJECT, vec![project.as_str().into()]).await?;
    write(tx.as_mut(), project, environment, settings, at).await?;
    tx.commit().await?;
    Ok(())
}

pub(super) async fn target(
    database: &dyn Database,
    project: &ProjectName,
    environment: &str,
) -> StoreResult<Option<TargetSettings>> {
    let sql = "SELECT settings FROM targets WHERE project = $1 AND environment = $2";
    let rows = database.run(Purpose::Read, sql, vec![project.as_str().into(), environment.into()]).await?;
    rows.into_iter().next().map(|row| row.of("target").json()).transpose()
}

const TARGETS: &str = "SELECT environment, settings, at FROM targets WHERE project = $1 ORDER BY environment";

pub(super) async fn targets(database: &dyn Database, project: &ProjectName) -> StoreResult<Sifted<RememberedTarget>> {
    let mut all = Sifted::default();
    for row in database.run(Purpose::Read, TARGETS, vec![project.as_str().into()]).await? {
        match remembered(row.clone()) {
            Ok(target) => all.found.push(target),
            Err(error) => {
                let environment = row.of("target").text().unwrap_or_default();
                all.set_aside.push(format!("the target `{environment}` of {project} cannot be read: {error}"));
            }
        }
    }
    Ok(all)
}

fn remembered(row: Row) -> StoreResult<RememberedTarget> {
    let mut row = row.of("target");
    let (environment, settings) = (row.text()?, row.json()?);
    Ok(RememberedTarget { environment, settings, at: Timestamp::from_micros(row.count()?) })
}

pub(super) async fn forget(database: &dyn Database, project: &ProjectName, environment: &str) -> StoreResult<bool> {
    let forget = "DELETE FROM targets WHERE project = $1 AND environment = $2 RETURNING environment";
    let mut tx = database.begin().await?;
    let gone = tx.run(forget, vec![project.as_str().into(), environment.into()]).await?;
    tx.commit().await?;
    Ok(!gone.is_empty())
}
