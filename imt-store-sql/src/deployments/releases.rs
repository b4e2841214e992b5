//! Copies of releases; record and bundle are sealed.

use std::collections::BTreeSet;

use imt_core::deploy::release::ReleaseHead;
use imt_core::id::ReleaseId;
use imt_core::ports::{DeploymentClaim, KeptRelease, Sifted, StoreError, StoreResult, Target, bounds};
use imt_core::secret::SecretBytes;

use super::commit::lost;
use super::rows;
use crate::database::{Database, Purpose, Transaction};
use crate::dialect::{Dialect, placeholders};
use crate::keys::{Keys, open_one, sealing, unusable};
use crate::replaced::lock_project;
use crate::seal::{KeyRing, Place, Sealed};
use crate::value::{Row, Value, json};

/// What a part of a release's copy is called in messages.
pub(crate) fn called(part: &str, release: &str) -> String {
    format!("the {part} of release {release}")
}

/// The place of one of the sealed parts, `record` or `bundle`.
const fn place<'a>(part: &'a str, row: &'a [&'a str; 4]) -> Place<'a> {
    Place { table: "releases", column: part, row }
}

fn key_of<'a>(target: &'a Target, id: &'a str) -> [&'a str; 4] {
    [target.project.as_str(), &target.environment, &target.host, id]
}

const KEEP: &str = "
    INSERT INTO releases (project, environment, host, id, judged_at, head, record, record_key, bundle, bundle_key)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT (project, environment, host, id) DO UPDATE SET judged_at = excluded.judged_at, head = excluded.head,
        record = excluded.record, record_key = excluded.record_key, bundle = excluded.bundle, bundle_key = excluded.bundle_key";

pub(super) async fn keep(
    database: &dyn Database,
    keys: Option<&Keys>,
    claim: &DeploymentClaim,
    release: &KeptRelease,
    others: &BTreeSet<ReleaseId>,
) -> StoreResult<()> {
    bounds::kept_release(release)?;
    let target = match rows::load(database, claim.deployment).await {
        Err(StoreError::NotFound(_)) => return Err(lost(claim)),
        found => found?.target,
    };
    let (mut tx, id) = (database.begin().await?, release.head.id.to_string());
    let ring = sealing(tx.as_mut(), keys, &called("copy", &id)).await?;
    // Two deployments of one target would forget in one order and keep in another.
    lock_project(tx.as_mut(), database, &target.project).await?;
    holds(tx.as_mut(), database.dialect(), claim).await?;
    forget(tx.as_mut(), &target, others).await?;
    tx.run(KEEP, values(&ring, &target, &id, release)?).await?;
    tx.commit().await?;
    Ok(())
}

/// Locks the deployment's row, if the claim on it holds.
async fn holds(tx: &mut dyn Transaction, dialect: &Dialect, claim: &DeploymentClaim) -> StoreResult<()> {
    let held = "SELECT token FROM deployments WHERE id = $1 AND token = $2 AND holder IS NOT NULL {for_update}";
    let values = vec![claim.deployment.to_string().into(), claim.token.into()];
    if tx.run(&dialect.sql(held), values).await?.is_empty() { Err(lost(claim)) } else { Ok(()) }
}

/// Forgets all copies but these.
async fn forget(tx: &mut dyn Transaction, target: &Target, but: &BTreeSet<ReleaseId>) -> StoreResult<()> {
    let but: Vec<Value> = but.iter().map(|id| id.to_string().into()).collect();
    let others = if but.is_empty() { String::new() } else { format!("AND id NOT IN ({})", placeholders(4, but.len())) };
    let forget = format!("DELETE FROM releases WHERE project = $1 AND environment = $2 AND host = $3 {others}");
    tx.run(&forget, values_of(target).chain(but).collect()).await?;
    Ok(())
}

fn values_of(target: &Target) -> impl Iterator<Item = Value> + use<> {
    [target.project.as_str(), &target.environment, &target.host].map(Value::from).into_iter()
}

fn values(ring: &KeyRing, target: &Target, id: &str, release: &KeptRelease) -> StoreResult<Vec<Value>> {
    let row = key_of(target, id);
    let seal = |part: &str, value: &[u8]| {
        ring.seal(place(part, &row), value).map_err(|error| unusable(&called(part, id), &error))
    };
    let record = seal("record", release.record.as_bytes())?;
    let bundle = seal("bundle", release.bundle.expose())?;
    Ok(row
        .map(Value::from)
        .into_iter()
        .chain([
            release.head.judged_at.as_micros().into(),
            json(&release.head),
            record.bytes.into(),
            record.key.into(),
            bundle.bytes.into(),
            bundle.key.into(),
        ])
        .collect())
}

const HEADS: &str = "
    SELECT id, head FROM releases WHERE project = $1 AND environment = $2 AND host = $3 ORDER BY judged_at DESC, id DESC";

pub(super) async fn kept(database: &dyn Database, target: &Target) -> StoreResult<Sifted<ReleaseHead>> {
    let mut all = Sifted::default();
    for row in database.run(Purpose::Read, HEADS, values_of(target).collect()).await? {
        match head(row.clone()) {
            Ok(head) => all.found.push(head),
            Err(error) => {
                let id = row.of("release").text().unwrap_or_default();
                all.set_aside.push(format!("{} cannot be read: {error}", called("copy", &id)));
            }
        }
    }
    Ok(all)
}

/// The head of a release in a row that begins with its id.
fn head(row: Row) -> StoreResult<ReleaseHead> {
    let mut row = row.of("release");
    let (id, head) = (row.text()?, row.json::<ReleaseHead>()?);
    if head.id.to_string() == id {
        return Ok(head);
    }
    Err(unusable(&called("copy", &id), &format!("it is that of {}", head.id)))
}

const ONE: &str = "
    SELECT id, head, record, record_key, bundle, bundle_key FROM releases
     WHERE project = $1 AND environment = $2 AND host = $3 AND id = $4";

pub(super) async fn kept_one(
    database: &dyn Database,
    keys: Option<&Keys>,
    target: &Target,
    release: ReleaseId,
) -> StoreResult<Option<KeptRelease>> {
    let id = release.to_string();
    let values = values_of(target).chain([id.as_str().into()]).collect();
    let Some(row) = database.run(Purpose::Read, ONE, values).await?.into_iter().next() else { return Ok(None) };
    let (mut rest, head) = (row.clone().of("release"), head(row)?);
    let (_id, _head) = (rest.text()?, rest.text()?);
    let place_row = key_of(target, &id);
    let mut open = |part: &str| {
        let sealed = Sealed { bytes: rest.bytes()?, key: rest.text()? };
        open_one(keys, place(part, &place_row), &sealed).map_err(|error| unusable(&called(part, &id), &error))
    };
    let (record, bundle) = (open("record")?, open("bundle")?);
    let record = String::from_utf8(record).map_err(|_| unusable(&called("record", &id), &"it is not text"))?;
    Ok(Some(KeptRelease { head, record, bundle: SecretBytes::new(bundle) }))
}
