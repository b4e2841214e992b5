//! The commands beside serving, which work while a server runs on the same store.

use std::io::Write as _;
use std::time::SystemTime;

use imt_core::directory::{Actor, Admission, Deed, Scopes, User, Via};
use imt_core::id::UserId;
use imt_core::ports::{StoreError, Users};
use imt_core::time::Timestamp;
use imt_server::{ProviderSettings, new_token};
use uuid::Uuid;

use super::config::{Config, TokenOrder, UserCommand};
use super::error::ProgramError;
use super::open;

/// How many users are read at a time.
const PIECE: usize = 200;

pub(super) fn say(text: &str) -> Result<(), ProgramError> {
    let said = std::io::stdout().write_all(text.as_bytes());
    said.map_err(|error| ProgramError::new("standard output cannot be written to").because(&error))
}

/// Says what the configuration comes to.
pub(super) fn check(config: &Config) -> Result<(), ProgramError> {
    let database = if config.database_url.is_some() { "PostgreSQL" } else { "SQLite, in the data directory" };
    let runners = config.runners.map_or_else(|| "one for each processor".to_owned(), |n| n.to_string());
    let sign_in = match config.providers.as_slice() {
        [] => "by the link that is printed at the start, for whoever works at this machine".to_owned(),
        all => {
            let shown = |provider: &ProviderSettings| format!("{} ({})", provider.name, provider.issuer);
            all.iter().map(shown).collect::<Vec<_>>().join(", ")
        }
    };
    say(&format!(
        "the configuration can be used\n  data directory: {}\n  database: {database}\n  listens on: {}\n  runners: {runners}\n  \
         sign-in: {sign_in}\n",
        config.data_dir.display(),
        config.listen,
    ))
}

/// Whoever works at the server's host.
fn deed() -> Deed {
    let at = Timestamp::from_system(SystemTime::now());
    Deed { actor: Actor::System, via: Via::CommandLine, request: None, remote: None, at }
}

/// Makes a token of a user, or of the one user.
pub(super) async fn create_token(config: &Config, order: &TokenOrder) -> Result<(), ProgramError> {
    let store = open::store(config).await?;
    let user = match &order.user {
        Some(named) => user(&*store, named).await?.id,
        None if config.is_single_user() => {
            let (identity, profile) = imt_server::local_user();
            let signed_in = store.sign_in(&identity, &profile, Admission::AsAdministrator, &deed()).await?;
            signed_in.admitted().ok_or_else(|| ProgramError::new("the local user is disabled"))?.id
        }
        None => {
            let error = ProgramError::usage("people sign in at a provider here, so a token is of one of them");
            return Err(error.help("say whose it is, by --user; `imt-server user list` shows all"));
        }
    };
    let made = new_token(&*store, user, &order.name, Scopes::all(), &deed()).await;
    let token = made.map_err(|error| ProgramError::new("no token can be made").because(&error))?;
    say(&format!("{}\n", token.expose()))
}

/// The one user that is meant.
async fn user(store: &dyn Users, named: &str) -> Result<User, ProgramError> {
    let help = "`imt-server user list` shows all, with their ids";
    if let Ok(id) = named.parse::<Uuid>() {
        return store.user(UserId::from_uuid(id)).await.map_err(|error| match error {
            StoreError::NotFound(_) => ProgramError::new(format!("there is no user {named}")).help(help),
            other => other.into(),
        });
    }
    let mut found = store.users_with_email(named).await?;
    match (found.pop(), found.len()) {
        (Some(user), 0) => Ok(user),
        (None, _) => {
            let message = format!("no user who is not disabled has the verified e-mail address `{named}`");
            Err(ProgramError::new(message).help(help))
        }
        (Some(_), _) => {
            let message = format!("several users have the e-mail address `{named}`, at different providers");
            Err(ProgramError::new(message).help(format!("name the one that is meant by its id: {help}")))
        }
    }
}

/// Does something about users.
pub(super) async fn users(config: &Config, command: &UserCommand) -> Result<(), ProgramError> {
    let store = open::store(config).await?;
    match command {
        UserCommand::List => list_users(&*store).await,
        UserCommand::Disable { user: named } => {
            let user = user(&*store, named).await?;
            store.disable_user(user.id, &deed()).await.map_err(refused)?;
            say(&format!("{} is disabled, without any session or token\n", user.label()))
        }
        UserCommand::Enable { user: named } => {
            let user = user(&*store, named).await?;
            store.enable_user(user.id, &deed()).await?;
            say(&format!("{} may sign in\n", user.label()))
        }
        UserCommand::Admin { user: named, revoke } => {
            let user = user(&*store, named).await?;
            store.set_administrator(user.id, !revoke, &deed()).await.map_err(refused)?;
            let is = if *revoke { "is no administrator" } else { "is an administrator" };
            say(&format!("{}, of {}, {is}\n", user.label(), user.identity.issuer))
        }
    }
}

/// The store does not leave a server without an administrator.
fn refused(error: StoreError) -> ProgramError {
    match error {
        StoreError::Conflict(detail) => {
            ProgramError::new(detail).help("make somebody else an administrator first: `imt-server user admin`")
        }
        other => other.into(),
    }
}

async fn list_users(store: &dyn Users) -> Result<(), ProgramError> {
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
    let email = user.profile.email.as_ref().map(|email| format!("  {}", email.address)).unwrap_or_default();
    format!(
        "{}  {}{email}  {}{admin}{disabled}\n",
        user.id,
        user.profile.name.as_deref().unwrap_or("-"),
        user.identity.issuer
    )
}

/// Opening brings the schema up to date.
pub(super) async fn migrate(config: &Config) -> Result<(), ProgramError> {
    open::store(config).await?;
    say("the schema is up to date\n")
}
