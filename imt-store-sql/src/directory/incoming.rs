//! What comes in, once: deliveries, and pushes that were found by asking.
//!
//! All of it is kept under the project's lock, so that whatever tells of one push at the same moment comes one after the other.

use imt_core::directory::{DeliveryOutcome, Found, NewDelivery, OUT_OF_ORDER, Push, Received, SkipReason};
use imt_core::id::{DeliveryId, ProjectId};
use imt_core::ports::{StoreResult, directory_bounds as bounds};
use imt_core::time::Timestamp;

use super::page::{at, parsed};
use super::projects;
use crate::database::{Database, Transaction};
use crate::value::{Value, json};

/// A delivery that is known by its id, or else by what is signed of it; or else one that was made for a found push and has
/// stood for no other yet.
const BEFORE: &str = "
    SELECT id, CAST(0 AS BIGINT) AS is_found, 0 AS nth, position FROM webhook_deliveries WHERE project = $1 AND provider_id = $2
     UNION ALL
    SELECT id, CAST(0 AS BIGINT), 1, position FROM webhook_deliveries WHERE project = $1 AND event = $3 AND body_hash = $4
     UNION ALL
    SELECT id, CAST(1 AS BIGINT), 2, position FROM webhook_deliveries
     WHERE project = $1 AND branch = $5 AND commit_id = $6 AND provider_id IS NULL AND stood = 0
     ORDER BY nth, position LIMIT 1";
const OF_PUSH: &str = "
    SELECT id FROM webhook_deliveries WHERE project = $1 AND branch = $2 AND commit_id = $3 AND received_at >= $4 LIMIT 1";
const HEAD: &str = "SELECT commit_id, at FROM branch_heads WHERE project = $1 AND branch = $2";
const NOTE_HEAD: &str = "
    INSERT INTO branch_heads (project, branch, commit_id, at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (project, branch) DO UPDATE SET commit_id = excluded.commit_id, at = excluded.at
     WHERE branch_heads.at <= excluded.at";
const ADD: &str = "
    INSERT INTO webhook_deliveries (id, project, provider_id, event, branch, commit_id, received_at, settled, outcome,
        settled_at, due_at, body_hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, CASE WHEN $8 = 1 THEN {now} END, CASE WHEN $8 = 0 THEN {now} END, $10)";
/// With what is added just before.
const ADD_BODY: &str = "INSERT INTO delivery_bodies (delivery, body) VALUES ($1, $11)";

/// The look-ups that each delivery costs.
pub(super) fn hot() -> Vec<(&'static str, String)> {
    [("before", BEFORE), ("of_push", OF_PUSH), ("branch_head", HEAD)].map(|(name, sql)| (name, sql.to_owned())).into()
}

/// A row to add.
struct Added<'a> {
    id: DeliveryId,
    project: ProjectId,
    provider_id: Option<&'a str>,
    event: &'a str,
    push: Option<&'a Push>,
    at: Timestamp,
    outcome: Option<DeliveryOutcome>,
    /// And its hash.
    body: Option<(Vec<u8>, Vec<u8>)>,
}

async fn add(tx: &mut dyn Transaction, database: &dyn Database, new: Added<'_>) -> StoreResult<()> {
    let (body, hash) = new.body.unzip();
    let owned = |text: Option<&str>| Value::Text(text.map(str::to_owned));
    let mut values = vec![
        new.id.to_string().into(),
        new.project.to_string().into(),
        owned(new.provider_id),
        new.event.into(),
        owned(new.push.map(|push| push.branch.as_str())),
        owned(new.push.map(|push| push.commit.as_str())),
        at(new.at),
        new.outcome.is_some().into(),
        new.outcome.as_ref().map_or(Value::Text(None), json),
        Value::Bytes(hash),
    ];
    let dialect = database.dialect();
    let sql = match body {
        None => ADD.to_owned(),
        // Both in one turn: whoever sends is waiting, and so is whoever writes next.
        Some(body) => {
            values.push(body.into());
            if dialect.changes_in_queries {
                format!("WITH added AS ({ADD}) {ADD_BODY}")
            } else {
                format!("{ADD}; {ADD_BODY}")
            }
        }
    };
    tx.run(&dialect.sql(&sql), values).await?;
    Ok(())
}

fn push_values(project: ProjectId, push: &Push) -> Vec<Value> {
    vec![project.to_string().into(), push.branch.as_str().into(), push.commit.as_str().into()]
}

pub(super) async fn note_head(
    tx: &mut dyn Transaction,
    project: ProjectId,
    push: &Push,
    time: Timestamp,
) -> StoreResult<()> {
    let values = push_values(project, push).into_iter().chain([at(time)]).collect();
    tx.run(NOTE_HEAD, values).await?;
    Ok(())
}

/// What there was before a delivery came in.
enum Before {
    Nothing,
    /// It came in before.
    Known(DeliveryId),
    /// Its push was found.
    Found(DeliveryId),
}

async fn before(tx: &mut dyn Transaction, new: &NewDelivery, hash: &[u8]) -> StoreResult<Before> {
    let of_push = |part: fn(&Push) -> &str| Value::Text(new.push.as_ref().map(|push| part(push).to_owned()));
    let values = vec![
        new.project.to_string().into(),
        new.provider_id.as_str().into(),
        new.event.as_str().into(),
        hash.to_vec().into(),
        of_push(|push| &push.branch),
        of_push(|push| push.commit.as_str()),
    ];
    let Some(row) = tx.run(BEFORE, values).await?.into_iter().next() else { return Ok(Before::Nothing) };
    let mut row = row.of("delivery");
    let id = parsed(&mut row)?;
    Ok(if row.flag()? { Before::Found(id) } else { Before::Known(id) })
}

pub(super) async fn receive(database: &dyn Database, new: &NewDelivery) -> StoreResult<Received> {
    bounds::delivery(new)?;
    let mut tx = database.begin_promptly().await?;
    projects::locked(tx.as_mut(), database, new.project).await?;
    let hash = blake3::hash(&new.body).as_bytes().to_vec();
    let mut outcome = None;
    match (before(tx.as_mut(), new, &hash).await?, &new.push) {
        (Before::Known(id), _) => return Ok(Received { id, is_new: false }),
        (Before::Found(delivery), _) => {
            let stood = "UPDATE webhook_deliveries SET stood = 1 WHERE id = $1";
            tx.run(stood, vec![delivery.to_string().into()]).await?;
            outcome = Some(DeliveryOutcome::Skipped(SkipReason::FoundBefore { delivery }));
        }
        (Before::Nothing, Some(push)) => note_head(tx.as_mut(), new.project, push, new.received_at).await?,
        (Before::Nothing, None) => {}
    }
    let received = Received { id: DeliveryId::generate(), is_new: outcome.is_none() };
    let added = Added {
        id: received.id,
        project: new.project,
        provider_id: Some(&new.provider_id),
        event: &new.event,
        push: new.push.as_ref(),
        at: new.received_at,
        outcome,
        body: Some((new.body.to_vec(), hash)),
    };
    add(tx.as_mut(), database, added).await?;
    tx.commit().await?;
    Ok(received)
}

/// The newest commit that a branch is known to have had, and since when.
async fn head(tx: &mut dyn Transaction, project: ProjectId, branch: &str) -> StoreResult<Option<(String, Timestamp)>> {
    let values = vec![project.to_string().into(), branch.into()];
    let Some(row) = tx.run(HEAD, values).await?.into_iter().next() else { return Ok(None) };
    let mut row = row.of("head of a branch");
    Ok(Some((row.text()?, Timestamp::from_micros(row.count()?))))
}

/// Whether somebody has told of a push: by the head that its branch has, by what was pushed later, or by a delivery of its own.
async fn is_known(tx: &mut dyn Transaction, project: ProjectId, push: &Push, time: Timestamp) -> StoreResult<bool> {
    let head = head(tx, project, &push.branch).await?;
    if head.as_ref().is_some_and(|(commit, since)| commit == push.commit.as_str() || *since >= time) {
        return Ok(true);
    }
    let since = head.map_or(Timestamp::default(), |(_, since)| since.before(OUT_OF_ORDER));
    let values = push_values(project, push).into_iter().chain([at(since)]).collect();
    Ok(!tx.run(OF_PUSH, values).await?.is_empty())
}

pub(super) async fn found_push(
    database: &dyn Database,
    project: ProjectId,
    push: &Push,
    time: Timestamp,
) -> StoreResult<Found> {
    bounds::push(push)?;
    let mut tx = database.begin().await?;
    projects::locked(tx.as_mut(), database, project).await?;
    if is_known(tx.as_mut(), project, push, time).await? {
        return Ok(Found::Known);
    }
    note_head(tx.as_mut(), project, push, time).await?;
    let id = DeliveryId::generate();
    let (event, push) = ("push", Some(push));
    let added = Added { id, project, provider_id: None, event, push, at: time, outcome: None, body: None };
    add(tx.as_mut(), database, added).await?;
    tx.commit().await?;
    Ok(Found::Missed(id))
}
