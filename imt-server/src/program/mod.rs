//! The program `imt-server`: from what an operator says to a server that runs.
//!
//! Beside the library, which knows no file, no environment and no command line.

mod backup;
mod behind;
mod commands;
mod config;
mod descriptors;
mod equipment;
mod error;
mod health;
mod notify;
mod open;
mod providers;
mod runner;
mod serve;

use std::process::ExitCode;

use clap::Parser as _;

use config::{Args, Command, ConfigCommand, TokenCommand};
use error::ProgramError;

/// Runs the program, and says how it ended.
pub(crate) fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.tell();
            ExitCode::from(error.exit)
        }
    }
}

fn run(args: &Args) -> Result<(), ProgramError> {
    let config = config::read(args)?;
    if let Some(Command::Config { command: ConfigCommand::Check }) = &args.command {
        return commands::check(&config);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| ProgramError::new("the program cannot be started").because(&error))?;
    let result = runtime.block_on(async {
        match &args.command {
            None => serve::serve(config).await,
            Some(Command::Token { command: TokenCommand::Create(order) }) => {
                commands::create_token(&config, order).await
            }
            Some(Command::User { command }) => commands::users(&config, command).await,
            Some(Command::Db { .. }) => commands::migrate(&config).await,
            Some(Command::Backup(order)) => backup::backup(&config, order).await,
            Some(Command::Health) => health::ask(&config).await,
            Some(Command::Config { .. }) => Ok(()),
        }
    });
    // Threads that wait for something of the system are not waited for.
    runtime.shutdown_background();
    result
}
