//! What a deployment is made of, sealed: it holds secrets.

use imt_core::deploy::settings::DeploymentSettings;
use imt_core::id::DeploymentId;
use imt_core::ports::{StoreError, StoreResult};
use imt_core::secret::Secret;

use crate::database::{Database, Purpose, Transaction};
use crate::keys::{Keys, open_one, unusable};
use crate::seal::{KeyRing, Place, Sealed};

const fn place<'a>(row: &'a [&'a str]) -> Place<'a> {
    Place { table: "deployment_settings", column: "value", row }
}

/// What the settings of a deployment are called in messages.
pub(crate) fn called(deployment: &str) -> String {
    format!("the settings of deployment {deployment}")
}

/// Adds the settings of a deployment that was just added.
pub(super) async fn add(
    tx: &mut dyn Transaction,
    ring: &KeyRing,
    deployment: DeploymentId,
    settings: &DeploymentSettings,
) -> StoreResult<()> {
    let id = deployment.to_string();
    let sealed = ring.seal(place(&[&id]), settings.to_json().expose().as_bytes());
    let sealed = sealed.map_err(|error| unusable(&called(&id), &error))?;
    let add = "INSERT INTO deployment_settings (deployment, value, key) VALUES ($1, $2, $3)";
    tx.run(add, vec![id.into(), sealed.bytes.into(), sealed.key.into()]).await?;
    Ok(())
}

const SETTINGS: &str = "
    SELECT value, key FROM deployments LEFT JOIN deployment_settings ON deployment = id WHERE id = $1 AND ended < 2";

pub(super) async fn settings(
    database: &dyn Database,
    keys: Option<&Keys>,
    deployment: DeploymentId,
) -> StoreResult<DeploymentSettings> {
    let id = deployment.to_string();
    let rows = database.run(Purpose::Read, SETTINGS, vec![id.as_str().into()]).await?;
    let mut row = rows.into_iter().next().ok_or(StoreError::NotFound("deployment"))?.of("deployment");
    let Some((bytes, key)) = row.maybe_bytes()?.zip(row.maybe_text()?) else {
        return Err(unusable(&called(&id), &"it was accepted by a version of IMT that kept none"));
    };
    let json = open_one(keys, place(&[&id]), &Sealed { key, bytes });
    let json = json.map_err(|error| unusable(&called(&id), &error))?;
    let json = String::from_utf8(json).map_err(|_| unusable(&called(&id), &"they are not text"))?;
    DeploymentSettings::read(&Secret::new(json)).map_err(|error| unusable(&called(&id), &error))
}
