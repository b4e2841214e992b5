//! The `imt` command line: assembles the engine from its adapters and shows what it does.
//!
//! `args` is the grammar, `commands` one module per command, `error` and `exit` how it all ends.

mod args;
mod clock;
mod commands;
mod error;
mod exit;
mod output;
mod places;
mod planning;
mod project;
mod prompt;
mod records;
mod sources;
mod terminal;
#[cfg(test)]
mod testing;
mod variables;
mod view;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;

use args::{Cli, Command};
use error::{CliError, Result};
use exit::Exit;

fn main() -> ExitCode {
    // What our caller left open is none of the jobs' business. Only the program may decide this, not the library.
    close_fds::set_fds_cloexec(3, &[]);
    // Usage errors end here, with code 2 by clap's own rule.
    let cli = Cli::parse();
    let exit = dispatch(cli.command).unwrap_or_else(|error| {
        output::message(&error.render(terminal::Terminal::stderr().paint));
        error.exit
    });
    exit.into()
}

fn dispatch(command: Command) -> Result<Exit> {
    match command {
        Command::Run(args) => commands::run::run(&Arc::new(args)),
        Command::Submit(args) => runtime()?.block_on(commands::submit::run(args)),
        Command::Pipelines(args) => runtime()?.block_on(commands::pipelines::run(&args)),
        Command::Show(args) => runtime()?.block_on(commands::show::run(&args)),
        Command::Logs(args) => runtime()?.block_on(commands::logs::run(&args)),
        Command::Cancel(args) => runtime()?.block_on(commands::cancel::run(&args)),
        Command::Retry(args) => runtime()?.block_on(commands::retry::run(&args)),
        Command::Init(args) => commands::init::run(&args),
        Command::Lint(args) => commands::lint::run(&args),
        Command::Plan(args) => commands::plan::run(&args),
        Command::Schema => commands::schema::run(),
        Command::Doctor(args) => runtime()?.block_on(commands::doctor::run(&args)),
        Command::Completions { shell } => commands::completions::run(shell),
    }
}

/// A runtime on this thread alone: all that short commands need.
fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::internal("cannot start").because(error))
}
