//! What comes in, once: deliveries, and pushes that were found by asking.
//!
//! All of it is kept under the project's lock, so that whatever tells of one push at the same moment comes one after the other.

use imt_core::directory::{DeliveryOutcome, Found, NewDelivery, OUT_OF_ORDER, Push, Received, SkipReason};
use imt_core::id::{DeliveryId, ProjectId};
use imt_core::ports::{StoreError, StoreResult, directory_bounds as bounds};
use imt_core::time::Timestamp;

use super::page::{at, parsed};
use super::projects;
use crate::database::{Database, Transaction};
use crate::dialect::Dialect;
use crate::guarded::Statement;
use crate::value::{Value, json};

/// A delivery that is known by its id, or else by what is signed of it; or else one that was made for a found push and has
/// stood for no other yet.
const BEFORE: &str = "
    SELECT id, CAST(0 AS BIGINT) AS is_found, 0 AS nth, position FROM webhook_deliveries
     WHERE project = {project} AND provider_id = {provider_id}
     UNION ALL
    SELECT id, CAST(0 AS BIGINT), 1, position FROM webhook_deliveries
     WHERE project = {project} AND event = {event} AND body_hash = {hash}
     UNION ALL
    SELECT id, CAST(1 AS BIGINT), 2, position FROM webhook_deliveries
     WHERE project = {project} AND branch = {branch} AND commit_id = {commit} AND provider_id IS NULL AND stood = 0
     ORDER BY nth, position LIMIT 1";

/// With the numbers of its parameters: project, id of the host, event, branch, commit, hash.
fn before_statement(numbers: [u8; 6]) -> String {
    let names = ["{project}", "{provider_id}", "{event}", "{branch}", "{commit}", "{hash}"];
    names.iter().zip(numbers).fold(BEFORE.to_owned(), |sql, (name, number)| sql.replace(name, &format!("${number}")))
}

const OF_PUSH: &str = "
    SELECT id FROM webhook_deliveries WHERE project = $1 AND branch = $2 AND commit_id = $3 AND received_at >= $4 LIMIT 1";
const HEAD: &str = "SELECT commit_id, at FROM branch_heads WHERE project = $1 AND branch = $2";
/// `{if}` is the condition.
const NOTE_HEAD: &str = "
    INSERT INTO branch_heads (project, branch, commit_id, at) SELECT $1, $2, $3, $4 WHERE {if}
    ON CONFLICT (project, branch) DO UPDATE SET commit_id = excluded.commit_id, at = excluded.at
     WHERE branch_heads.at <= excluded.at";
/// `{if}` is the condition.
const ADD: &str = "
    INSERT INTO webhook_deliveries (id, project, provider_id, event, branch, commit_id, received_at, settled, outcome,
        settled_at, due_at, body_hash)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, CASE WHEN $8 = 1 THEN {now} END, CASE WHEN $8 = 0 THEN {now} END, $10
     WHERE {if} RETURNING id";
const ADD_BODY: &str = "
    INSERT INTO delivery_bodies (delivery, body) SELECT $1, $2 WHERE EXISTS (SELECT 1 FROM webhook_deliveries WHERE id = $1)";
/// The look-ups that each delivery costs.
pub(super) fn hot() -> Vec<(&'static str, String)> {
    let before = before_statement([1, 2, 3, 4, 5, 6]);
    vec![("before", before), ("of_push", OF_PUSH.to_owned()), ("branch_head", HEAD.to_owned())]
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

impl<'a> Added<'a> {
    fn received(id: DeliveryId, new: &'a NewDelivery, hash: &[u8], outcome: Option<DeliveryOutcome>) -> Self {
        Self {
            id,
            project: new.project,
            provider_id: Some(&new.provider_id),
            event: &new.event,
            push: new.push.as_ref(),
            at: new.received_at,
            outcome,
            body: Some((new.body.to_vec(), hash.to_vec())),
        }
    }

    /// The statements that add it, on a condition with the same parameters; the first answers a row if it was.
    fn statements(self, dialect: &Dialect, condition: &str) -> Vec<Statement> {
        let (body, hash) = self.body.unzip();
        let owned = |text: Option<&str>| Value::Text(text.map(str::to_owned));
        let values = vec![
            self.id.to_string().into(),
            self.project.to_string().into(),
            owned(self.provider_id),
            self.event.into(),
            owned(self.push.map(|push| push.branch.as_str())),
            owned(self.push.map(|push| push.commit.as_str())),
            at(self.at),
            self.outcome.is_some().into(),
            self.outcome.as_ref().map_or(Value::Text(None), json),
            Value::Bytes(hash),
        ];
        let add = Statement::new(dialect.sql(ADD).replace("{if}", condition), values);
        let with_body = body.map(|body| Statement::new(ADD_BODY, vec![self.id.to_string().into(), body.into()]));
        [add].into_iter().chain(with_body).collect()
    }

    async fn add(self, tx: &mut dyn Transaction, database: &dyn Database) -> StoreResult<()> {
        for Statement { sql, values } in self.statements(database.dialect(), "1 = 1") {
            tx.run(&sql, values).await?;
        }
        Ok(())
    }
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
    tx.run(&NOTE_HEAD.replace("{if}", "1 = 1"), values).await?;
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
        of_push(|push| &push.branch),
        of_push(|push| push.commit.as_str()),
        hash.to_vec().into(),
    ];
    let Some(row) = tx.run(&before_statement([1, 2, 3, 4, 5, 6]), values).await?.into_iter().next() else {
        return Ok(Before::Nothing);
    };
    let mut row = row.of("delivery");
    let id = parsed(&mut row)?;
    Ok(if row.flag()? { Before::Found(id) } else { Before::Known(id) })
}

pub(super) async fn receive(database: &dyn Database, new: &NewDelivery) -> StoreResult<Received> {
    bounds::delivery(new)?;
    let hash = blake3::hash(&new.body).as_bytes().to_vec();
    match receive_first(database, new, &hash).await? {
        Some(id) => Ok(Received { id, is_new: true }),
        None => receive_again(database, new, &hash).await,
    }
}

/// Keeps a delivery if there was nothing before it, as nearly always: in one go, because whoever sends it is waiting, and so is
/// whoever writes next.
async fn receive_first(database: &dyn Database, new: &NewDelivery, hash: &[u8]) -> StoreResult<Option<DeliveryId>> {
    let dialect = database.dialect();
    let (id, project) = (DeliveryId::generate(), new.project.to_string());
    let lock = "SELECT id FROM directory_projects WHERE id = $1 {for_update}";
    let mut statements = vec![Statement::new(dialect.sql(lock), vec![project.into()])];
    let before = before_statement([2, 3, 4, 5, 6, 10]);
    let first = format!(
        "EXISTS (SELECT 1 FROM directory_projects WHERE id = $2) AND NOT EXISTS (SELECT 1 FROM ({before}) AS earlier)"
    );
    statements.extend(Added::received(id, new, hash, None).statements(dialect, &first));
    if let Some(push) = &new.push {
        let more = [at(new.received_at), id.to_string().into()];
        let values = push_values(new.project, push).into_iter().chain(more).collect();
        let if_added = "EXISTS (SELECT 1 FROM webhook_deliveries WHERE id = $5)";
        statements.push(Statement::new(NOTE_HEAD.replace("{if}", if_added), values));
    }
    let mut answers = database.begin_promptly().await?.commit_with(statements).await?.into_iter();
    if answers.next().unwrap_or_default().is_empty() {
        return Err(StoreError::NotFound("project"));
    }
    Ok((!answers.next().unwrap_or_default().is_empty()).then_some(id))
}

/// Keeps a delivery of which something was there.
async fn receive_again(database: &dyn Database, new: &NewDelivery, hash: &[u8]) -> StoreResult<Received> {
    let mut tx = database.begin_promptly().await?;
    projects::locked(tx.as_mut(), database, new.project).await?;
    let mut outcome = None;
    match (before(tx.as_mut(), new, hash).await?, &new.push) {
        (Before::Known(id), _) => return Ok(Received { id, is_new: false }),
        (Before::Found(delivery), _) => {
            let stood = "UPDATE webhook_deliveries SET stood = 1 WHERE id = $1";
            tx.run(stood, vec![delivery.to_string().into()]).await?;
            outcome = Some(DeliveryOutcome::Skipped(SkipReason::FoundBefore { delivery }));
        }
        // It is forgotten by now.
        (Before::Nothing, Some(push)) => note_head(tx.as_mut(), new.project, push, new.received_at).await?,
        (Before::Nothing, None) => {}
    }
    let received = Received { id: DeliveryId::generate(), is_new: outcome.is_none() };
    Added::received(received.id, new, hash, outcome).add(tx.as_mut(), database).await?;
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
    added.add(tx.as_mut(), database).await?;
    tx.commit().await?;
    Ok(Found::Missed(id))
}
