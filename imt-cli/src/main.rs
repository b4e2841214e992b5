//! The `imt` command line: assembles the engine from its adapters and shows what it does.
//!
//! `args` is the grammar, `commands` one module per command, `error` and `exit` how it all ends.

mod args;
mod clock;
mod commands;
mod error;
mod executors;
mod exit;
mod interrupts;
mod output;
mod places;
mod planning;
mod process;
mod project;
mod prompt;
mod reach;
mod records;
mod remote;
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
use error::Result;
use exit::Exit;

fn main() -> ExitCode {
    // What our caller left open is none of the jobs' business. Only the program may decide this, not the library.
    close_fds::set_fds_cloexec(3, &[]);
    // Usage errors end here, with code 2 by clap's own rule.
    let cli = Cli::parse_from(args::command_first(std::env::args_os()));
    let exit = dispatch(cli.command).unwrap_or_else(|error| {
        output::message(&error.render(terminal::Terminal::stderr().paint));
        error.exit
    });
    exit.into()
}

fn dispatch(command: Command) -> Result<Exit> {
    match command {
        Command::Run(args) => commands::run::run(&Arc::new(args)),
        Command::Runner(args) => commands::runner::run(&args),
        Command::Submit(args) => process::interruptible(commands::submit::run(&args)),
        Command::Pipelines(args) => process::short(commands::pipelines::run(&args)),
        Command::Show(args) => process::short(commands::show::run(&args)),
        Command::Logs(args) => process::short(commands::logs::run(&args)),
        Command::Cancel(args) => process::short(commands::cancel::run(&args)),
        Command::Retry(args) => process::short(commands::retry::run(&args)),
        Command::Deployments(args) => process::short(commands::deployments::run(&args)),
        Command::Var(args) => process::interruptible(commands::var::run(args.command)),
        Command::Deploy(args) => commands::deploy::deploy(&args),
        Command::Rollback(args) => commands::deploy::rollback(&args),
        Command::Releases(args) => process::interruptible(commands::deploy::releases(&args)),
        Command::Drift(args) => process::interruptible(commands::deploy::drift(&args)),
        Command::Runners(args) => process::short(commands::runners::run(&args)),
        Command::Gc(args) => process::short(commands::gc::run(&args)),
        Command::Keys(args) => process::short(commands::keys::run(args.command)),
        Command::Init(args) => commands::init::run(&args),
        Command::Lint(args) => commands::lint::run(&args),
        Command::Plan(args) => commands::plan::run(&args),
        Command::Compose(args) => process::interruptible(commands::compose::run(args.command)),
        Command::Schema => commands::schema::run(),
        Command::SshHostKey(args) => process::short(commands::ssh_host_key::run(&args)),
        Command::Doctor(args) => process::short(commands::doctor::run(&args)),
        Command::Completions { shell } => commands::completions::run(shell),
    }
}
