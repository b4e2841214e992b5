//! API tokens.

use imt_core::directory::{Action, ApiToken, Deed, NewToken, SecretHash, TokenHolder};
use imt_core::id::{TokenId, UserId};
use imt_core::ports::{StoreError, StoreResult, directory_bounds as bounds};
use imt_core::time::Timestamp;

use super::page::{at, maybe_at, maybe_id, maybe_parsed, maybe_time, parsed, time};
use super::sessions::SEE_USER;
use super::users::{self, USER, user};
use super::{audit, projects};
use crate::database::{Database, Purpose};
use crate::guarded::{Guarded, Statement};
use crate::value::{Row, Value, json};

const TOKEN: &str = "
    api_tokens.id, api_tokens.user_id, api_tokens.name, api_tokens.scopes, api_tokens.project, api_tokens.created_at,
    api_tokens.expires_at, api_tokens.used_at";

fn token(row: &mut Row) -> StoreResult<ApiToken> {
    let (id, user, name, scopes) = (parsed(row)?, parsed(row)?, row.text()?, row.json()?);
    let (project, created_at) = (maybe_parsed(row)?, time(row)?);
    let (expires_at, used_at) = (maybe_time(row)?, maybe_time(row)?);
    Ok(ApiToken { id, user, name, scopes, project, created_at, expires_at, used_at })
}

const COUNT: &str = "SELECT COUNT(*) FROM api_tokens WHERE user_id = $1";
const ADD: &str = "
    INSERT INTO api_tokens (hash, id, user_id, name, scopes, project, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING id";

pub(super) async fn create(database: &dyn Database, new: &NewToken, by: &Deed) -> StoreResult<ApiToken> {
    bounds::token(new)?;
    bounds::deed(by)?;
    let mut tx = database.begin().await?;
    // Before the user, as with whoever makes him a member.
    if let Some(project) = new.project {
        projects::locked(tx.as_mut(), database, project).await?;
    }
    // Whoever disables the user, or makes another token for him, comes before or after.
    if users::locked(tx.as_mut(), database, new.user).await?.disabled_at.is_some() {
        return Err(StoreError::NotFound("user"));
    }
    let owner = Value::from(new.user.to_string());
    let values = vec![
        new.hash.to_hex().into(),
        new.id.to_string().into(),
        owner.clone(),
        new.name.as_str().into(),
        json(&new.scopes),
        maybe_id(new.project),
        at(by.at),
        maybe_at(new.expires_at),
    ];
    let has = tx.run(COUNT, vec![owner]).await?.into_iter().next().map(|row| row.of("token").count()).transpose()?;
    if tx.run(ADD, values).await?.is_empty() {
        return Err(StoreError::Conflict("there is such a token already".to_owned()));
    }
    if has.unwrap_or_default() >= bounds::MAX_TOKENS as u64 {
        return Err(StoreError::Conflict(format!("this user has {} tokens already", bounds::MAX_TOKENS)));
    }
    let NewToken { id, user, name, scopes, project, expires_at, .. } = new.clone();
    let action = Action::TokenMade { user, token: id, scopes: scopes.clone(), only: project };
    audit::write_and_commit(tx, None, &action, by).await?;
    Ok(ApiToken { id, user, name, scopes, project, created_at: by.at, expires_at, used_at: None })
}

fn find_statement() -> String {
    format!(
        "SELECT {TOKEN}, {USER} FROM api_tokens JOIN users ON users.id = api_tokens.user_id
          WHERE api_tokens.hash = $1 AND (api_tokens.expires_at IS NULL OR api_tokens.expires_at > $2)
            AND users.disabled_at IS NULL"
    )
}

/// The statement of each request that has a token.
pub(super) fn hot() -> Vec<(&'static str, String)> {
    vec![("token", find_statement())]
}

pub(super) async fn find(
    database: &dyn Database,
    hash: SecretHash,
    now: Timestamp,
) -> StoreResult<Option<TokenHolder>> {
    let rows = database.run(Purpose::Read, &find_statement(), vec![hash.to_hex().into(), at(now)]).await?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let mut row = row.of("token");
    Ok(Some(TokenHolder { token: token(&mut row)?, user: user(&mut row)? }))
}

const SEE: &str = "UPDATE api_tokens SET used_at = $2 WHERE hash = $1 AND (used_at IS NULL OR used_at < $2) AND {held}";

/// Records that a token was used.
pub(super) async fn see(database: &dyn Database, hash: SecretHash, user: UserId, now: Timestamp) -> StoreResult<()> {
    let guard = Statement::new(SEE_USER, vec![user.to_string().into(), at(now)]);
    let use_it = Statement::new(SEE, vec![hash.to_hex().into(), at(now)]);
    database.change(Guarded::new(guard).then([use_it])).await?;
    Ok(())
}

pub(super) async fn list(database: &dyn Database, user: UserId) -> StoreResult<Vec<ApiToken>> {
    let sql = format!("SELECT {TOKEN} FROM api_tokens WHERE user_id = $1 ORDER BY created_at DESC, id DESC");
    let rows = database.run(Purpose::Read, &sql, vec![user.to_string().into()]).await?;
    rows.into_iter().map(|row| token(&mut row.of("token"))).collect()
}

pub(super) async fn revoke(database: &dyn Database, user: UserId, id: TokenId, by: &Deed) -> StoreResult<bool> {
    bounds::deed(by)?;
    let mut tx = database.begin().await?;
    let revoke = "DELETE FROM api_tokens WHERE user_id = $1 AND id = $2 RETURNING id";
    if tx.run(revoke, vec![user.to_string().into(), id.to_string().into()]).await?.is_empty() {
        return Ok(false);
    }
    audit::write_and_commit(tx, None, &Action::TokenRevoked { user, token: id }, by).await?;
    Ok(true)
}
