//! Deliveries that are kept: taken, settled, listed, replayed, pruned.

use std::time::Duration;

use bytes::Bytes;
use imt_core::directory::{
    Action, Deed, Delivery, DeliveryClaim, DeliveryOutcome, DeliverySource, DeliveryState, Page, Position, Push,
    Settlement, TakenDelivery,
};
use imt_core::id::{CommitId, DeliveryId, InstanceId, ProjectId};
use imt_core::ports::{Sifted, StoreError, StoreResult, bounds::instance, directory_bounds as bounds};

use super::page::{and_one, page, page_limit, parsed, time, times};
use super::{audit, projects};
use crate::database::{Database, Purpose};
use crate::guarded::{Guarded, Statement};
use crate::leases::micros;
use crate::value::{Row, Value, json};

/// The columns of a delivery, but for its body.
const DELIVERY: &str = "
    webhook_deliveries.id, webhook_deliveries.position, webhook_deliveries.project, webhook_deliveries.provider_id,
    webhook_deliveries.event, webhook_deliveries.branch, webhook_deliveries.commit_id, webhook_deliveries.received_at,
    webhook_deliveries.settled, webhook_deliveries.failure, webhook_deliveries.outcome, webhook_deliveries.settled_at,
    webhook_deliveries.tries, webhook_deliveries.replays";

fn delivery(row: &mut Row) -> StoreResult<Delivery> {
    let (id, position, project) = (parsed(row)?, Position(row.count()?), parsed(row)?);
    let provider_id = row.maybe_text()?;
    let source = provider_id.map_or(DeliverySource::Found, |provider_id| DeliverySource::Webhook { provider_id });
    let event = row.text()?;
    let (branch, commit) = (row.maybe_text()?, row.maybe_text()?.map(CommitId::new));
    let push = branch.zip(commit).map(|(branch, commit)| Push { branch, commit });
    let received_at = time(row)?;
    let (is_settled, failure) = (row.flag()?, row.maybe_text()?);
    let state = if is_settled {
        DeliveryState::Settled { outcome: row.json()?, at: time(row)? }
    } else {
        let (_outcome, _at) = (row.maybe_text()?, row.maybe_count()?);
        DeliveryState::Open { failure }
    };
    let (tries, replays) = (times(row)?, times(row)?);
    Ok(Delivery { id, position, project, source, event, push, received_at, state, tries, replays })
}

/// The condition that a delivery is of none of so many projects, whose ids are the parameters from `first` on.
fn but_of(count: usize, first: usize) -> String {
    let ids: Vec<String> = (first..first + count).map(|nth| format!("${nth}")).collect();
    if ids.is_empty() { String::new() } else { format!("AND project NOT IN ({})", ids.join(", ")) }
}

/// Asked without a transaction: mostly there is nothing.
fn look_statement(but: usize) -> String {
    let but = but_of(but, 1);
    format!("SELECT id FROM webhook_deliveries WHERE settled = 0 AND due_at <= {{now}} {but} LIMIT 1")
}

/// `MATERIALIZED`, because a plan may look for the first ones more than once, and lock others each time.
fn take_statement(but: usize) -> String {
    let but = but_of(but, 4);
    format!(
        "WITH head AS MATERIALIZED (SELECT id FROM webhook_deliveries WHERE settled = 0 AND due_at <= {{now}} {but}
            ORDER BY position LIMIT $3 {{skip_locked}})
         UPDATE webhook_deliveries SET due_at = {{now}} + $2, worker = $1, token = token + 1, tries = tries + 1
           FROM head WHERE webhook_deliveries.id = head.id RETURNING {DELIVERY}, webhook_deliveries.token"
    )
}

/// The statements by which workers find deliveries.
pub(super) fn hot() -> Vec<(&'static str, String)> {
    vec![
        ("look_for_delivery", look_statement(0)),
        ("look_for_delivery_but", look_statement(2)),
        ("take_deliveries", take_statement(0)),
        ("take_deliveries_but", take_statement(2)),
        ("deliveries", list_statement()),
        ("prune_deliveries", PRUNE.to_owned()),
    ]
}

pub(super) async fn take(
    database: &dyn Database,
    worker: &InstanceId,
    lease: Duration,
    limit: usize,
    but: &[ProjectId],
) -> StoreResult<Sifted<TakenDelivery>> {
    instance(worker)?;
    let dialect = database.dialect();
    let mut all = Sifted::default();
    let but: Vec<Value> = but.iter().map(|project| project.to_string().into()).collect();
    if database.run(Purpose::Read, &dialect.sql(&look_statement(but.len())), but.clone()).await?.is_empty() {
        return Ok(all);
    }
    let take = take_statement(but.len());
    let mut values = vec![worker.as_str().into(), micros(lease), (page_limit(limit) as u64).into()];
    values.extend(but);
    let take = Statement::new(dialect.sql(&take), values);
    let taken = database.begin().await?.commit_with(vec![take]).await?;
    for row in taken.into_iter().flatten() {
        let mut row = row.of("delivery");
        let taken = delivery(&mut row).and_then(|delivery| {
            let claim = DeliveryClaim { delivery: delivery.id, token: row.count()? };
            Ok(TakenDelivery { delivery, claim })
        });
        match taken {
            Ok(taken) => all.found.push(taken),
            Err(error) => all.set_aside.push(format!("a delivery cannot be read: {error}")),
        }
    }
    all.found.sort_by_key(|taken| taken.delivery.position);
    Ok(all)
}

const RENEW: &str = "
    UPDATE webhook_deliveries SET due_at = {now} + $3 WHERE id = $1 AND token = $2 AND settled = 0 RETURNING id";

pub(super) async fn renew(database: &dyn Database, claim: &DeliveryClaim, lease: Duration) -> StoreResult<()> {
    change_as_claimed(database, RENEW, claim, vec![micros(lease)]).await
}

/// Changes a delivery if the claim, parameters 1 and 2, is the newest one.
async fn change_as_claimed(
    database: &dyn Database,
    sql: &str,
    claim: &DeliveryClaim,
    more: Vec<Value>,
) -> StoreResult<()> {
    let values = [claim.delivery.to_string().into(), claim.token.into()].into_iter().chain(more).collect();
    let changed = Guarded::new(Statement::new(database.dialect().sql(sql), values));
    let lost = || StoreError::Conflict("somebody else has the delivery, or it is settled".to_owned());
    database.change(changed).await?.map(|_| ()).ok_or_else(lost)
}

const OVER: &str = "
    UPDATE webhook_deliveries SET settled = 1, outcome = $3, settled_at = {now}, due_at = NULL
     WHERE id = $1 AND token = $2 AND settled = 0 RETURNING id";
const AGAIN: &str = "
    UPDATE webhook_deliveries SET failure = $3, due_at = {now} + $4, token = token + 1
     WHERE id = $1 AND token = $2 AND settled = 0 RETURNING id";

pub(super) async fn settle(database: &dyn Database, claim: &DeliveryClaim, settlement: &Settlement) -> StoreResult<()> {
    match settlement {
        Settlement::Over(outcome) => {
            let mut outcome = outcome.clone();
            if let DeliveryOutcome::Failed { detail } = &mut outcome {
                *detail = bounds::detail(detail);
            }
            change_as_claimed(database, OVER, claim, vec![json(&outcome)]).await
        }
        Settlement::Again { detail, after } => {
            change_as_claimed(database, AGAIN, claim, vec![bounds::detail(detail).into(), micros(*after)]).await
        }
    }
}

fn list_statement() -> String {
    format!(
        "SELECT {DELIVERY} FROM webhook_deliveries WHERE project = $1 AND position < $2 ORDER BY position DESC LIMIT $3"
    )
}

pub(super) async fn list(
    database: &dyn Database,
    project: ProjectId,
    before: Option<Position>,
    limit: usize,
) -> StoreResult<Page<Delivery, Position>> {
    let limit = page_limit(limit);
    let before = before.map_or(u64::MAX, |before| before.0);
    let values = vec![project.to_string().into(), before.into(), and_one(limit)];
    let rows = database.run(Purpose::Read, &list_statement(), values).await?;
    page(rows, limit, "delivery", delivery, |delivery| delivery.position)
}

pub(super) async fn one(database: &dyn Database, project: ProjectId, id: DeliveryId) -> StoreResult<(Delivery, Bytes)> {
    let sql = format!(
        "SELECT {DELIVERY}, delivery_bodies.body FROM webhook_deliveries
           LEFT JOIN delivery_bodies ON delivery_bodies.delivery = webhook_deliveries.id
          WHERE webhook_deliveries.id = $1 AND webhook_deliveries.project = $2"
    );
    let rows = database.run(Purpose::Read, &sql, vec![id.to_string().into(), project.to_string().into()]).await?;
    let mut row = rows.into_iter().next().ok_or(StoreError::NotFound("delivery"))?.of("delivery");
    Ok((delivery(&mut row)?, row.maybe_bytes()?.unwrap_or_default().into()))
}

const REPLAY: &str = "
    UPDATE webhook_deliveries SET settled = 0, outcome = NULL, failure = NULL, settled_at = NULL, due_at = {now},
        token = token + 1, tries = 0, replays = replays + 1
     WHERE id = $1 AND project = $2 AND settled = 1 RETURNING id";

pub(super) async fn replay(database: &dyn Database, project: ProjectId, id: DeliveryId, by: &Deed) -> StoreResult<()> {
    bounds::deed(by)?;
    let mut tx = database.begin().await?;
    let none = |error| match error {
        StoreError::NotFound(_) => StoreError::NotFound("delivery"),
        error => error,
    };
    projects::locked(tx.as_mut(), database, project).await.map_err(none)?;
    let key: Vec<Value> = vec![id.to_string().into(), project.to_string().into()];
    if tx.run(&database.dialect().sql(REPLAY), key.clone()).await?.is_empty() {
        let there = "SELECT id FROM webhook_deliveries WHERE id = $1 AND project = $2";
        let is_there = !tx.run(there, key).await?.is_empty();
        let open = || StoreError::Conflict("the delivery is still open".to_owned());
        return Err(if is_there { open() } else { StoreError::NotFound("delivery") });
    }
    audit::write_and_commit(tx, Some(project), &Action::DeliveryReplayed { delivery: id }, by).await
}

const PRUNE: &str = "
    WITH head AS MATERIALIZED (SELECT id FROM webhook_deliveries
        WHERE settled = 1 AND settled_at < {now} - CAST($1 AS BIGINT) ORDER BY settled_at LIMIT $2 {skip_locked})
    DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM head) RETURNING id";

pub(super) async fn prune(database: &dyn Database, older_than: Duration, limit: usize) -> StoreResult<u64> {
    let mut tx = database.begin().await?;
    let values = vec![micros(older_than), (limit as u64).into()];
    let gone = tx.run(&database.dialect().sql(PRUNE), values).await?.len() as u64;
    tx.commit().await?;
    Ok(gone)
}
