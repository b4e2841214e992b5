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
use interrupts::Interrupts;

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
        Command::Runner(args) => commands::runner::run(&args),
        Command::Submit(args) => interruptible(commands::submit::run(&args)),
        Command::Pipelines(args) => runtime()?.block_on(commands::pipelines::run(&args)),
        Command::Show(args) => runtime()?.block_on(commands::show::run(&args)),
        Command::Logs(args) => runtime()?.block_on(commands::logs::run(&args)),
        Command::Cancel(args) => runtime()?.block_on(commands::cancel::run(&args)),
        Command::Retry(args) => runtime()?.block_on(commands::retry::run(&args)),
        Command::Var(args) => interruptible(commands::var::run(args.command)),
        Command::Runners(args) => runtime()?.block_on(commands::runners::run(&args)),
        Command::Gc(args) => runtime()?.block_on(commands::gc::run(&args)),
        Command::Keys(args) => runtime()?.block_on(commands::keys::run(args.command)),
        Command::Init(args) => commands::init::run(&args),
        Command::Lint(args) => commands::lint::run(&args),
        Command::Plan(args) => commands::plan::run(&args),
        Command::Schema => commands::schema::run(),
        Command::Doctor(args) => runtime()?.block_on(commands::doctor::run(&args)),
        Command::Completions { shell } => commands::completions::run(shell),
    }
}

/// A command that is dropped where it stands when somebody asks for the end, so that it leaves nothing behind: no file, no
/// child, no terminal that hides what is typed.
fn interruptible(command: impl Future<Output = Result<Exit>>) -> Result<Exit> {
    let runtime = runtime()?;
    let result = runtime.block_on(async {
        let interrupts = Interrupts::listen()?;
        tokio::select! {
            result = command => result,
            () = interrupts.reached(1) => Ok(Exit::Cancelled),
        }
    });
    // A thread that waits for somebody to type must not keep us.
    runtime.shutdown_background();
    result
}

/// A runtime on this thread alone: all that short commands need.
fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::internal("cannot start").because(error))
}
