//! The commands beside serving, which work while a server runs on the same store.

use std::io::Write as _;
use std::time::SystemTime;

use imt_core::directory::{Actor, Admission, Deed, Scopes, User, Via};
use imt_core::ports::Users as _;
use imt_core::time::Timestamp;
use imt_server::new_token;

use super::config::{Config, TokenOrder};
use super::error::ProgramError;
use super::open;

/// How many users are read at a time.
const PIECE: usize = 200;

fn say(text: &str) -> Result<(), ProgramError> {
    let said = std::io::stdout().write_all(text.as_bytes());
    said.map_err(|error| ProgramError::new("standard output cannot be written to").because(&error))
}

/// Says what the configuration comes to.
pub(super) fn check(config: &Config) -> Result<(), ProgramError> {
    let database = if config.database_url.is_some() { "PostgreSQL" } else { "SQLite, in the data directory" };
    let runners = config.runners.map_or_else(|| "one for each processor".to_owned(), |n| n.to_string());
    say(&format!(
        "the configuration can be used\n  data directory: {}\n  database: {database}\n  listens on: {}\n  runners: {runners}\n",
        config.data_dir.display(),
        config.listen,
    ))
}

/// Whoever works at the server's host.
fn deed() -> Deed {
    let at = Timestamp::from_system(SystemTime::now());
    Deed { actor: Actor::System, via: Via::CommandLine, request: None, remote: None, at }
}

/// Makes a token of the one user.
pub(super) async fn create_token(config: &Config, order: &TokenOrder) -> Result<(), ProgramError> {
    let store = open::store(config).await?;
    let (identity, profile) = imt_server::local_user();
    let signed_in = store.sign_in(&identity, &profile, Admission::AsAdministrator, &deed()).await?;
    let user = signed_in.admitted().ok_or_else(|| ProgramError::new("the local user is disabled"))?;
    let made = new_token(&*store, user.id, &order.name, Scopes::all(), &deed()).await;
    let token = made.map_err(|error| ProgramError::new("no token can be made").because(&error))?;
    say(&format!("{}\n", token.expose()))
}

/// Lists the users.
pub(super) async fn list_users(config: &Config) -> Result<(), ProgramError> {
    let store = open::store(config).await?;
    let mut after = None;
    loop {
        let page = store.users(after, PIECE).await?;
        for user in &page.items {
            say(&line(user))?;
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

fn line(user: &User) -> String {
    let admin = if user.is_admin { "  administrator" } else { "" };
    let disabled = if user.disabled_at.is_some() { "  disabled" } else { "" };
    format!("{}  {}{admin}{disabled}\n", user.id, user.label())
}

/// Opening brings the schema up to date.
pub(super) async fn migrate(config: &Config) -> Result<(), ProgramError> {
    open::store(config).await?;
    say("the schema is up to date\n")
}
